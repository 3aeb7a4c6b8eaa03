"""``kps accounts`` and ``kps rosters``: secrets and person lists that live in no file.

Whatever they change, they change on record: who did it, to whom, and why.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from kps_soap import credentials, database, identity_number
from kps_soap import rosters as person_rosters
from kps_soap.audit.keys import read_key_file
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.recorded import actor_option, do_on_record, why_option
from kps_soap.cli.terminal import (
    NO,
    home_option,
    json_option,
    settings_of,
    show_json,
    show_table,
    stop,
    typed_number,
)
from kps_soap.configured import utc_now
from kps_soap.credentials import CredentialError
from kps_soap.entry import Event
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of


@click.group()
def accounts() -> None:
    """Accounts of institutions: open them, change a password, block and unblock."""


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
            "locked_until": one.locked_until
            and one.locked_until.astimezone(ISTANBUL).isoformat(timespec="seconds"),
        }
        for one in found
    ]
    if as_json:
        show_json(rows)
    else:
        shown = [{**row, "locked_until": row["locked_until"] or ""} for row in rows]
        show_table(shown, ("account", "state", "locked_until"))


@accounts.command()
@home_option
@why_option
@actor_option
@click.argument("account")
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
def password(home: Path, reason: str, by: str, account: str, ask: bool) -> None:
    """Open ACCOUNT, or give it a new password; a made password is printed once."""
    chosen = (
        click.prompt("Password", hide_input=True, confirmation_prompt=True)
        if ask
        else secrets.token_hex(18)
    )
    try:
        row = credentials.password_row(account, chosen, now=utc_now())
    except CredentialError as error:
        stop(str(error), NO)
    do_on_record(
        settings_of(home),
        Event.PASSWORD_SET,
        lambda connection: credentials.put_password(connection, account, row),
        by=by,
        reason=reason,
        about=account,
    )
    click.echo("The password is set." if ask else chosen)


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


@click.group()
def rosters() -> None:
    """Whose records an institution keeps; only keyed digests are stored."""


@rosters.command("replace")
@home_option
@why_option
@actor_option
@click.argument("institution")
@click.argument("file", type=click.File(encoding="utf-8-sig", errors="replace"))
def replace_roster(home: Path, reason: str, by: str, institution: str, file: Any) -> None:
    """Put the identity numbers in FILE, one a line, in place of INSTITUTION's roster."""
    settings = settings_of(home)
    numbers = _numbers_in(file)
    try:
        key = read_key_file(settings.person_key_file)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    digests = [identity_number.digest(one, key=key, context="roster") for one in numbers]
    size = do_on_record(
        settings,
        Event.ROSTER_REPLACED,
        lambda connection: person_rosters.replace(connection, institution, digests),
        by=by,
        reason=reason,
        about=f"{institution}: {len(set(digests))} persons",
        institution=institution,
    )
    click.echo(f"The roster of {institution} holds {size} persons.")


def _numbers_in(file: Any) -> list[int]:
    """The identity numbers of a file, one a line; empty lines do not count."""
    numbers = []
    for count, line in enumerate(file, start=1):
        text = line.strip()
        number = typed_number(text)
        if number is None and text:
            stop(f"Line {count} holds no identity number; nothing was changed.", NO)
        if number is not None:
            numbers.append(number)
    return numbers
