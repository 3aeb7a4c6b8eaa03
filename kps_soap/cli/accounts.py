"""``kps accounts``: secrets that live in no file.

Whatever they change, they change on record: who did it, to whom, and why.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kps_soap import credentials, database
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.recorded import actor_option, do_on_record, why_option
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    settings_of,
    show_json,
    show_table,
    stop,
)
from kps_soap.configured import utc_now
from kps_soap.credentials import CredentialError
from kps_soap.entry import Event
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings


@click.group()
def accounts() -> None:
    """Accounts and people of institutions: passwords, blocks, roles, shares, mandates."""


@accounts.command("list")
@home_option
@json_option
def list_accounts(home: Path, as_json: bool) -> None:
    """Every account: open (ACIK) or blocked (BLOKE), and until when wrong passwords lock it."""
    engine = database.open_database(settings_of(home).gateway_url, wait_seconds_max=10)
    try:
        found = credentials.accounts(engine, now=utc_now())
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    finally:
        engine.dispose()
    rows = [
        {
            "account": one.account,
            "state": one.state,
            "locked_until": _moment(one.locked_until),
            "former_password_until": _moment(one.former_until),
            "password_chosen": _moment(one.password_at),
        }
        for one in found
    ]
    if as_json:
        show_json(rows)
    else:
        columns = (
            *("account", "state", "locked_until", "former_password_until", "password_chosen"),
        )
        show_table([{name: row[name] or "" for name in columns} for row in rows], columns)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(ISTANBUL).isoformat(timespec="seconds")


@accounts.command()
@home_option
@why_option
@actor_option
@click.argument("account")
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
@click.option("--one-time", is_flag=True, help="Good for ParolaServis only: it must be changed.")
@click.option("--keep-old", type=int, help="For how many days (1 to 7) the present one holds too.")
def password(
    home: Path,
    reason: str,
    by: str,
    account: str,
    ask: bool,
    one_time: bool,
    keep_old: int | None,
) -> None:
    """Open ACCOUNT, or give it a new password; a made password is printed once."""
    if one_time and keep_old is not None:
        stop("Give --one-time or --keep-old: with both the old one would open more.", WRONG)
    settings = settings_of(home)
    chosen = (
        click.prompt("Password", hide_input=True, confirmation_prompt=True)
        if ask
        else secrets.token_hex(18)
    )
    try:
        former = "" if keep_old is None else _present_hash(settings, account)
        row = credentials.password_row(account, chosen, now=utc_now(), beside=former, once=one_time)
    except CredentialError as error:
        stop(str(error), NO)

    def work(connection: Any) -> None:
        if keep_old is None:
            credentials.put_password(connection, account, row)
        else:
            credentials.change_password(
                connection, account, row, former=former, days=keep_old, now=utc_now()
            )

    do_on_record(settings, Event.PASSWORD_SET, work, by=by, reason=reason, about=account)
    click.echo("The password is set." if ask else chosen)


def _present_hash(settings: Settings, account: str) -> str:
    try:
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            return credentials.present_hash(engine, account)
        finally:
            engine.dispose()
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


@accounts.command()
@home_option
@why_option
@actor_option
@click.argument("account")
def block(home: Path, reason: str, by: str, account: str) -> None:
    """Block ACCOUNT; in effect on its next call."""
    _set_state(home, account, blocked=True, by=by, reason=reason)


@accounts.command()
@home_option
@why_option
@actor_option
@click.argument("account")
def unblock(home: Path, reason: str, by: str, account: str) -> None:
    """Lift the block of ACCOUNT."""
    _set_state(home, account, blocked=False, by=by, reason=reason)


def _set_state(home: Path, account: str, *, blocked: bool, by: str, reason: str) -> None:
    do_on_record(
        settings_of(home),
        Event.ACCOUNT_BLOCKED if blocked else Event.ACCOUNT_OPENED,
        lambda connection: credentials.set_state(
            connection, account, blocked=blocked, now=utc_now()
        ),
        by=by,
        reason=reason,
        about=account,
    )
    click.echo("Blocked." if blocked else "Open again.")
