"""``kps rosters``: whose records an institution keeps, deposited on its behalf.

A file is taken whole or not at all: every wrong line of it is told at once.  Whatever is changed
is changed on record, and no number is kept or shown.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from kps_soap import database, identity_number, roster_deposits
from kps_soap.audit.keys import read_key_file
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.people_office import must_be_an_institution
from kps_soap.cli.recorded import actor_option, do_on_record, why_option
from kps_soap.cli.terminal import (
    NO,
    home_option,
    json_option,
    settings_of,
    show_rows,
    stop,
    typed_number,
)
from kps_soap.configured import utc_now
from kps_soap.entry import Event
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.roster_deposits import Action, RosterStatus

#: So many wrong lines are told; more are counted.
_WRONG_LINES_SHOWN: Final = 50
#: What may divide the number from other columns, of which nothing is read.
_DIVIDERS: Final = (";", ",", "\t")

_COLUMNS: Final = (
    "institution", "persons", "changed", "asked_today", "would_refuse_today", "refused_today",
    "asked_7_days", "would_refuse_7_days", "refused_7_days",
)  # fmt: skip

_file = click.argument("file", type=click.File(encoding="utf-8-sig", errors="replace"))


@click.group()
def rosters() -> None:
    """Whose records an institution keeps; only keyed digests are stored."""


@rosters.command("replace")
@home_option
@why_option
@actor_option
@click.argument("institution")
@click.option("--empty", is_flag=True, help="FILE holds nobody, and so shall the roster.")
@_file
def replace_roster(
    home: Path, reason: str, by: str, institution: str, empty: bool, file: Any
) -> None:
    """Put the identity numbers in FILE, the first column of each line, in the roster's place."""
    _deposit(home, institution, Action.REPLACE, file, by=by, reason=reason, may_be_empty=empty)


@rosters.command("add")
@home_option
@why_option
@actor_option
@click.argument("institution")
@_file
def add_to_roster(home: Path, reason: str, by: str, institution: str, file: Any) -> None:
    """Add the identity numbers in FILE to INSTITUTION's roster."""
    _deposit(home, institution, Action.ADD, file, by=by, reason=reason)


@rosters.command("remove")
@home_option
@why_option
@actor_option
@click.argument("institution")
@_file
def remove_from_roster(home: Path, reason: str, by: str, institution: str, file: Any) -> None:
    """Take the identity numbers in FILE off INSTITUTION's roster."""
    _deposit(home, institution, Action.REMOVE, file, by=by, reason=reason)


@rosters.command()
@home_option
@json_option
def status(home: Path, as_json: bool) -> None:
    """Each roster, and how many of the persons asked about were not on it, whatever the mode."""
    engine = database.open_database(settings_of(home).gateway_url, wait_seconds_max=10)
    try:
        with engine.connect() as connection, connection.begin():
            found = roster_deposits.status(connection, now=utc_now())
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    finally:
        engine.dispose()
    rows = [_row(one) for one in found]
    show_rows(rows, _COLUMNS, as_json=as_json)


def _row(one: RosterStatus) -> dict[str, Any]:
    return {
        "institution": one.institution,
        "persons": one.persons,
        "changed": _written(one.changed_at),
        "set_digest": one.set_digest,
        "asked_today": one.asked_today,
        "would_refuse_today": one.would_refuse_today,
        "refused_today": one.refused_today,
        "asked_7_days": one.asked_7_days,
        "would_refuse_7_days": one.would_refuse_7_days,
        "refused_7_days": one.refused_7_days,
    }


def _written(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(ISTANBUL).isoformat(timespec="seconds")


def _deposit(
    home: Path,
    institution: str,
    action: Action,
    file: Any,
    *,
    by: str,
    reason: str,
    may_be_empty: bool = False,
) -> None:
    settings = settings_of(home)
    must_be_an_institution(settings, institution)
    numbers = _numbers_in(file)
    if not numbers and not may_be_empty:
        # Whoever failed to fill a file must not empty a roster.
        stop("FILE holds no identity number; nothing was changed. To empty one: --empty", NO)
    try:
        key = read_key_file(settings.person_key_file)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    digests = {identity_number.digest(one, key=key, context="roster") for one in numbers}
    done = do_on_record(
        settings,
        Event.ROSTER_REPLACED,
        lambda connection: roster_deposits.deposit(
            connection, institution, action, digests, now=utc_now()
        ),
        by=by,
        reason=reason,
        about=f"{institution}: {_WORDS[action]}{len(digests)} persons",
        institution=institution,
    )
    click.echo(f"The roster of {institution} holds {done.persons} persons.")
    click.echo(f"{done.added} joined, {done.removed} left; digest {done.set_digest[:16]}.")


#: How a record says what was done; a replaced roster is the plain case.
_WORDS: Final = {Action.REPLACE: "", Action.ADD: "add ", Action.REMOVE: "remove "}


def _numbers_in(file: Any) -> list[int]:
    """The identity numbers of a file, in the first column; empty lines do not count.

    A first line without any digit is a heading.

    Leaves with every wrong line; nothing of a line is repeated, for it may be a number.
    """
    numbers: list[int] = []
    wrong: list[int] = []
    for count, line in enumerate(file, start=1):
        text = _first_column(line)
        if not text or (count == 1 and not any(map(str.isdecimal, text))):
            continue
        number = typed_number(text)
        if number is None:
            wrong.append(count)
        else:
            numbers.append(number)
    if wrong:
        shown = ", ".join(map(str, wrong[:_WRONG_LINES_SHOWN]))
        more = len(wrong) - _WRONG_LINES_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        one = len(wrong) == 1
        which = f"Line {shown} holds" if one else f"Lines {shown}{rest} hold"
        stop(f"{which} no identity number; nothing was changed.", NO)
    return numbers


def _first_column(line: str) -> str:
    for divider in _DIVIDERS:
        line = line.partition(divider)[0]
    return line.strip().strip('"').strip()
