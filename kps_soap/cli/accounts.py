"""``kps accounts`` and ``kps rosters``: secrets and person lists that live in no file."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from kps_soap import credentials, database, identity_number
from kps_soap import rosters as person_rosters
from kps_soap.audit.keys import read_key_file
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
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings


def _with_database(settings: Settings, work: Callable[[Engine], Any]) -> Any:
    engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
    try:
        return work(engine)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    finally:
        engine.dispose()


@click.group()
def accounts() -> None:
    """Accounts of institutions: open them, change a password, block and unblock."""


@accounts.command("list")
@home_option
@json_option
def list_accounts(home: Path, as_json: bool) -> None:
    """Every account and whether it is open (ACIK) or blocked (BLOKE)."""
    found = _with_database(settings_of(home), credentials.accounts)
    rows = [{"account": name, "state": state} for name, state in found]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, ("account", "state"))


@accounts.command()
@home_option
@click.argument("account")
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
def password(home: Path, account: str, ask: bool) -> None:
    """Open ACCOUNT, or give it a new password; a made password is printed once."""
    chosen = (
        click.prompt("Password", hide_input=True, confirmation_prompt=True)
        if ask
        else secrets.token_hex(18)
    )
    _with_database(
        settings_of(home),
        lambda engine: credentials.set_password(engine, account, chosen, now=utc_now()),
    )
    click.echo("The password is set." if ask else chosen)


@accounts.command()
@home_option
@click.argument("account")
def block(home: Path, account: str) -> None:
    """Block ACCOUNT; in effect on its next call."""
    _set_state(home, account, blocked=True)


@accounts.command()
@home_option
@click.argument("account")
def unblock(home: Path, account: str) -> None:
    """Lift the block of ACCOUNT."""
    _set_state(home, account, blocked=False)


def _set_state(home: Path, account: str, *, blocked: bool) -> None:
    _with_database(
        settings_of(home),
        lambda engine: credentials.set_state(engine, account, blocked=blocked, now=utc_now()),
    )
    click.echo("Blocked." if blocked else "Open again.")


@click.group()
def rosters() -> None:
    """Whose records an institution keeps; only keyed digests are stored."""


@rosters.command("replace")
@home_option
@click.argument("institution")
@click.argument("file", type=click.File(encoding="utf-8-sig", errors="replace"))
def replace_roster(home: Path, institution: str, file: Any) -> None:
    """Put the identity numbers in FILE, one a line, in place of INSTITUTION's roster."""
    settings = settings_of(home)
    numbers = _numbers_in(file)
    try:
        key = read_key_file(settings.person_key_file)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    digests = [identity_number.digest(one, key=key, context="roster") for one in numbers]
    size = _with_database(
        settings, lambda engine: person_rosters.replace(engine, institution, digests)
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
