"""``kps agreements diff``, ``drift``, ``expiries``, ``history``, ``explain``: they only look."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from kps_soap.agreements import expiries as ends
from kps_soap.agreements import leases, store, wording
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.changes import changes_between
from kps_soap.agreements.drift import fields_left_out
from kps_soap.agreements.explaining import (
    Case,
    Explained,
    explain_possible,
    explain_record,
)
from kps_soap.agreements.recorded_calls import calls_about
from kps_soap.agreements.watching import digest_of
from kps_soap.audit import search as searching
from kps_soap.audit.conditions import Criteria
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.agreement_office import Office, in_force, opened
from kps_soap.cli.looking import asker, by_option, person_number, reason_option
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    settings_of,
    show_json,
    stop,
)
from kps_soap.configured import keyring_of, recorder_of, utc_now
from kps_soap.terms import istanbul_date

#: Records of one explanation; who needs more narrows the time.
EXPLAINED_MAX = 20


@click.command()
@home_option
@json_option
@click.option("--since", help="Compare with this stored set (a digest), not with the one in force.")
@click.argument("other", required=False)
def diff(home: Path, as_json: bool, since: str | None, other: str | None) -> None:
    """What an edit grants and withdraws, in words: from the set in force to the files.

    OTHER is another directory, or the digest of a stored set.
    """
    with opened(settings_of(home)) as office:
        before = _before(office, since)
        after = _other(office, other)
        changes = changes_between(before, after)
        if as_json:
            show_json([asdict(one) for one in changes])
            return
        click.echo(f"from set {before.digest}")
        click.echo(f"to set   {after.digest}")
        for line in wording.change_lines(changes):
            click.echo(line)
        for number in sorted(_suspended(office)):
            click.echo(f"{number} is suspended by command and stays so until it is resumed.")


def _before(office: Office, since: str | None) -> AgreementSet:
    if since is not None:
        return _stored(office, since)
    version = office.keeper.newest()
    if version is None:
        stop("No set is in force yet; run: kps agreements load", NO)
    return _stored(office, version.digest)


def _suspended(office: Office) -> set[str]:
    version = office.keeper.newest()
    return set() if version is None else {one.agreement for one in version.suspended}


def _other(office: Office, other: str | None) -> AgreementSet:
    """The files of the home, of another directory, or of a stored set."""
    today = istanbul_date(utc_now())
    directory = office.settings.agreements_directory if other is None else Path(other)
    if other is None or directory.is_dir():
        return office.keeper.compiler.directory(directory, today=today)
    return _stored(office, other)


def _stored(office: Office, digest: str) -> AgreementSet:
    with office.engine.connect() as connection:
        whole = store.find_set(connection, digest)
    contents = office.keeper.contents(whole)
    return office.keeper.compiler.compile(
        contents, today=istanbul_date(utc_now()), shown_in=office.settings.agreements_directory
    )


@click.command()
@home_option
@json_option
def drift(home: Path, as_json: bool) -> None:
    """Directory, set in force and living workers side by side.  Exit code 1 where they differ.

    Also names contract fields that are newer than an agreement's signature and so withheld.
    """
    with opened(settings_of(home)) as office:
        version, now = office.keeper.newest(), utc_now()
        held = digest_of(office.settings.agreements_directory)
        with office.engine.connect() as connection:
            living = leases.living(connection, now)
        current = in_force(office)
        left_out = [] if current is None else fields_left_out(current)
    stored = "" if version is None else version.digest
    same = held == stored and all(
        version is not None and lease.number == version.number for lease in living
    )
    if as_json:
        show_json(
            {
                "same": same,
                "directory": held,
                "in_force": stored,
                "version": 0 if version is None else version.number,
                "workers": [asdict(lease) for lease in living],
                "fields_left_out": [asdict(one) for one in left_out],
            }
        )
    else:
        click.echo(f"directory  {held or 'holds no set'}")
        click.echo(f"in force   {stored or 'nothing yet'}")
        if version is not None:
            click.echo(wording.version_line(version))
        for line in wording.lease_lines(living, version, now):
            click.echo(line)
        for one in left_out:
            click.echo(one.text)
        click.echo("All are the same." if same else "They differ; see: kps agreements diff")
    if not same:
        raise SystemExit(NO)


@click.command()
@home_option
@json_option
@click.option(
    "--days",
    type=click.IntRange(0, 3660),
    default=ends.THRESHOLDS[0],
    show_default=True,
    help="What ends or begins within so many days.",
)
def expiries(home: Path, as_json: bool, days: int) -> None:
    """What of the agreements in force ends or begins soon: agreements, renewals, pilots, stages."""
    today = istanbul_date(utc_now())
    with opened(settings_of(home)) as office:
        current = in_force(office)
        if current is None:
            stop("No set is in force yet; run: kps agreements load", NO)
        found = ends.near(current, today, days=days)
    if as_json:
        show_json([_expiry_row(one, today) for one in found])
        return
    for line in ends.lines(found, today):
        click.echo(line)
    if not found:
        click.echo(f"Nothing ends or begins within {days} days.")


def _expiry_row(one: ends.Expiry, today: Any) -> dict[str, Any]:
    return {
        "agreement": one.agreement.number,
        "institution": one.agreement.institution.code,
        "subject": one.subject,
        "day": one.day.isoformat(),
        "days_left": one.days_left(today),
        "threshold": one.threshold(today),
        "service": one.service,
        "version": one.version,
        "text": one.text,
    }


@click.command()
@home_option
@json_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
def history(home: Path, as_json: bool, limit: int) -> None:
    """What was in force and since when, newest first: who changed it, why, by which document."""
    with opened(settings_of(home)) as office, office.engine.connect() as connection:
        found = store.versions(connection, limit=limit)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    for version in found:
        click.echo(wording.version_line(version))
    if not found:
        click.echo("No set is in force yet.")


@click.command()
@home_option
@json_option
@reason_option
@by_option
@click.option("--institution", required=True, help="Its code, such as B-34-0417.")
@click.option("--service", required=True)
@click.option("--version", help="The service's version; all without it.")
@click.option("--person", required=True, help="Identity number of the person asked about.")
@click.option("--at", required=True, help="A day, or a time (Europe/Istanbul).")
@click.option(
    "--within",
    type=click.IntRange(0, 1440),
    default=5,
    show_default=True,
    help="Minutes around a time.",
)
@click.option("--purpose", help="The purpose; for calls that nobody made.")
def explain(
    home: Path,
    as_json: bool,
    reason: str,
    by: str,
    institution: str,
    service: str,
    version: str | None,
    person: str,
    at: str,
    within: int,
    purpose: str | None,
) -> None:
    """Why was this allowed or refused then: the records, the words of that day, rule and article.

    The search of the evidence is itself a record.
    """
    number = person_number(person)
    since, until = _span(at, within)
    criteria = Criteria(
        person=number,
        institution=institution,
        service=service,
        since=since,
        until=until,
    )
    who = asker(by, reason)
    with opened(settings_of(home)) as office:
        found = _records(office, criteria, who, version)
        with office.engine.connect() as connection:
            explained = [explain_record(connection, office.keeper, one) for one in found]
            if not explained:
                middle = since + (until - since) / 2
                case = Case(service, version or "", istanbul_date(middle), purpose=purpose or "")
                explained = _possible(connection, office, institution, middle, case)
    _show(explained, as_json=as_json)


def _records(
    office: Office, criteria: Criteria, who: searching.Asker, version: str | None
) -> list[searching.Found]:
    """The search, recorded first; then the calls."""
    keyring = keyring_of(office.settings)
    try:
        entry = searching.search_entry(criteria, who)
    except searching.ReasonMissing as error:
        stop(str(error), NO)
    with recorder_of(
        office.settings, office.engine, worker="kps agreements", keyring=keyring
    ) as run:
        run.record(entry)
    with office.engine.connect() as connection, connection.begin():
        found = calls_about(connection, keyring, criteria, limit=EXPLAINED_MAX)
    return [one for one in found if version in (None, one.columns["version"])]


def _possible(
    connection: Any, office: Office, institution: str, at: datetime, case: Case
) -> list[Explained]:
    """What would have become of the call, for each version where none is named."""
    versions = (
        [case.version]
        if case.version
        else sorted(
            dated for name, dated in office.keeper.compiler.rules.catalogue if name == case.service
        )
    )
    if not versions:
        stop(f"{case.service} is not a service of this gateway.", WRONG)
    cases = [Case(case.service, dated, case.on, purpose=case.purpose) for dated in versions]
    return [
        one
        for asked in cases
        for one in explain_possible(connection, office.keeper, institution, at, asked)
    ]


def _show(explained: list[Explained], *, as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(one), "allowed": one.allowed, "agrees": one.agrees} for one in explained]
        show_json(rows)
        return
    for one in explained:
        for line in wording.explained_lines(one):
            click.echo(line)


def _span(text: str, minutes: int) -> tuple[datetime, datetime]:
    """The whole day of a date, or the minutes around a time, of Europe/Istanbul."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        stop("Write a time like 2026-11-21 or 2026-11-21T14:30 (Europe/Istanbul).", WRONG)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ISTANBUL)
    if len(text) <= len("2026-11-21"):
        return moment, moment + timedelta(days=1)
    around = timedelta(minutes=minutes, seconds=1)
    return moment - around, moment + around


COMMANDS = (diff, drift, expiries, history, explain)
