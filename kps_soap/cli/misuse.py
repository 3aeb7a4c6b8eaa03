"""``kps misuse``: what looked like misuse, who looked into it, and who is protected.

The rules run by themselves while a gateway serves; ``check`` applies them at once.  Whatever is
changed here is changed on record.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy import Connection

from kps_soap import database, identity_number
from kps_soap.audit.keys import read_key_file
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.people_office import DAY, today
from kps_soap.cli.recorded import actor_option, do_on_record
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    printable,
    settings_of,
    show_json,
    show_rows,
    show_table,
    stop,
    typed_number,
)
from kps_soap.configured import agreement_keeper, utc_now
from kps_soap.contracts.catalogue import compile_all
from kps_soap.entry import Event
from kps_soap.misuse import findings, protected
from kps_soap.misuse.findings import Finding, FindingRefused
from kps_soap.misuse.rules import TEXTS, Rule
from kps_soap.misuse.usage import By, Usage, usage
from kps_soap.misuse.watching import examine
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.safeguards import alarms_of, load_thresholds
from kps_soap.settings import Settings

_COLUMNS: Final = (
    "finding", "found", "rule", "state", "act", "institution", "account", "inquirer", "summary",
)  # fmt: skip
_STATES: Final = (findings.NEW, findings.SETTLED)


@click.group()
def misuse() -> None:
    """What looked like misuse, and who is protected from curiosity."""


@misuse.command("list")
@home_option
@json_option
@click.option("--state", type=click.Choice(_STATES), help="Only new (YENI) or settled ones.")
@click.option("--rule", type=click.Choice([rule.value for rule in Rule]), help="Only this rule.")
@click.option("--institution", help="Only about this institution.")
@click.option("--most", type=click.IntRange(1, 10_000), default=200, show_default=True)
def list_findings(
    home: Path,
    as_json: bool,
    state: str | None,
    rule: str | None,
    institution: str | None,
    most: int,
) -> None:
    """Findings, the newest first."""

    def read(connection: Connection) -> list[Finding]:
        return findings.newest(
            connection, state=state, rule=rule, institution=institution, most=most
        )

    rows = [_row(one) for one in _read(settings_of(home), read)]
    show_rows(rows, _COLUMNS, as_json=as_json)


@misuse.command("show")
@home_option
@json_option
@click.argument("finding")
def show_finding(home: Path, as_json: bool, finding: str) -> None:
    """One finding, whole."""
    row = _row(_read(settings_of(home), lambda at: findings.find(at, finding)))
    if as_json:
        show_json(row)
        return
    name = TEXTS[Rule(row["rule"])]
    click.echo(f"{name.tr} ({name.en})")
    for key, value in row.items():
        if value not in ("", None):
            click.echo(f"{key}: {printable(value)}")


@misuse.command()
@home_option
@click.option("--reason", required=True, help="What came of it; it is kept in the evidence.")
@actor_option
@click.argument("finding")
def acknowledge(home: Path, reason: str, by: str, finding: str) -> None:
    """Note that somebody looked into FINDING."""
    settings = settings_of(home)
    about = _read(settings, lambda at: findings.find(at, finding))

    def work(connection: Connection) -> Finding:
        return findings.acknowledge(connection, finding, by=by, reason=reason, now=utc_now())

    try:
        do_on_record(
            settings,
            Event.FINDING_SETTLED,
            work,
            by=by,
            reason=reason,
            about=finding,
            institution=about.institution,
        )
    except FindingRefused as refused:
        stop(str(refused), NO)
    click.echo("Settled.")


@misuse.command("usage")
@home_option
@json_option
@click.option("--since", type=DAY, help="The first day; else six days before the last.")
@click.option("--until", type=DAY, help="The last day; else today.")
@click.option(
    "--by",
    type=click.Choice([one.value for one in By]),
    default=By.INSTITUTION.value,
    show_default=True,
)
@click.option("--institution", default="", help="Only this one.")
def show_usage(
    home: Path, as_json: bool, since: date | None, until: date | None, by: str, institution: str
) -> None:
    """Calls of some days: refused, not found, different persons, at night, by whom."""
    last = until or today()
    first = since or last - timedelta(days=6)
    if first > last:
        stop("The first day lies behind the last.", WRONG)
    settings = settings_of(home)
    try:
        limits = load_thresholds(settings)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    found = _read(
        settings,
        lambda at: usage(at, limits, since=first, until=last, by=By(by), institution=institution),
    )
    rows = [_usage_row(one, By(by)) for one in found]
    show_rows(rows, tuple(rows[0]) if rows else (), as_json=as_json)


def _usage_row(one: Usage, by: By) -> dict[str, Any]:
    names = dict(zip(("institution", by.value), one.key, strict=False))
    return names | {
        "calls": one.calls,
        "refused": one.refused,
        "failures": one.failures,
        "units": one.units,
        "criteria": one.criteria,
        "not_found_%": one.not_found_percent,
        "persons": one.persons,
        "late_%": one.late_percent,
    }


@misuse.command()
@home_option
def check(home: Path) -> None:
    """Apply the rules now, as a serving gateway does every minute; print what is new."""
    settings = settings_of(home)
    try:
        thresholds = load_thresholds(settings)
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            keeper = agreement_keeper(settings, engine, compile_all(), worker="kps misuse")
            new = examine(engine, alarms_of(settings, engine, keeper), thresholds)
            with engine.connect() as connection, connection.begin():
                found = [findings.find(connection, one) for one in new]
        finally:
            engine.dispose()
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    show_table([_row(one) for one in found], _COLUMNS)


@misuse.command()
@home_option
@click.option("--reason", required=True, help="Why; it is kept in the evidence.")
@actor_option
@click.argument("number")
def protect(home: Path, reason: str, by: str, number: str) -> None:
    """Put a person on the list: each look is an alarm, and none goes without a case number."""
    settings, digest, shown = _person(home, number)
    new = do_on_record(
        settings,
        Event.PERSON_PROTECTED,
        lambda connection: protected.protect(connection, digest, now=utc_now()),
        by=by,
        reason=reason,
        about=shown,
        persons=[int(number)],
    )
    click.echo("Protected." if new else "This person was protected already.")


@misuse.command()
@home_option
@click.option("--reason", required=True, help="Why; it is kept in the evidence.")
@actor_option
@click.argument("number")
def unprotect(home: Path, reason: str, by: str, number: str) -> None:
    """Take a person off the list."""
    settings, digest, shown = _person(home, number)
    gone = do_on_record(
        settings,
        Event.PERSON_UNPROTECTED,
        lambda connection: protected.unprotect(connection, digest),
        by=by,
        reason=reason,
        about=shown,
        persons=[int(number)],
    )
    if not gone:
        stop("This person was not on the list.", NO)
    click.echo("No longer protected.")


@misuse.command("protected")
@home_option
def count_protected(home: Path) -> None:
    """How many persons are protected; who they are cannot be read back."""
    count = _read(settings_of(home), protected.count)
    click.echo(f"{count} persons are protected.")


def _person(home: Path, typed: str) -> tuple[Settings, bytes, str]:
    settings = settings_of(home)
    number = typed_number(typed)
    if number is None:
        stop("This is no identity number: eleven digits, the last two check the others.", NO)
    try:
        key = read_key_file(settings.person_key_file)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    digest = identity_number.digest(number, key=key, context=protected.CONTEXT)
    return settings, digest, identity_number.mask(number)


def _read(settings: Settings, work: Any) -> Any:
    """What ``work`` reads from the gateway's database, or leave with a sentence."""
    try:
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            with engine.connect() as connection, connection.begin():
                return work(connection)
        finally:
            engine.dispose()
    except FindingRefused as refused:
        stop(str(refused), NO)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


def _row(one: Finding) -> dict[str, Any]:
    settled = one.settled_at
    return {
        "finding": one.finding_id,
        "found": _written(one.found_at),
        "rule": one.rule,
        "state": one.state,
        "act": one.act,
        "institution": one.institution,
        "agreement": one.agreement,
        "account": one.account,
        "inquirer": one.inquirer,
        "summary": one.summary,
        "measured": one.measured,
        "threshold": one.threshold,
        "record": one.record,
        "settled": None if settled is None else _written(settled),
        "settled_by": one.settled_by,
        "settled_reason": one.settled_reason,
    }


def _written(moment: Any) -> str:
    return str(moment.astimezone(ISTANBUL).isoformat(timespec="seconds"))
