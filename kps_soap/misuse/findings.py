"""What was found: rows that somebody looks into and settles, saying why.

A finding is about one rule, subject and day, and is there once.  It holds names of institutions,
accounts and inquirers and counts, never a person's number.  The evidence has an event for each of
them, and one for whoever settles it; this module writes rows, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from kps_soap.audit.months import microseconds, moment_of
from kps_soap.misuse.rules import Rule, Suspicion
from kps_soap.misuse_models import misuse_findings

NEW: Final = "YENI"
SETTLED: Final = "ONAYLI"

_ABOUT_CHARACTERS_MAX: Final = 255


class FindingRefused(Exception):
    """Something that cannot be done with a finding; the text says why."""


class FindingUnknown(FindingRefused):
    """There is no such finding."""


class AlreadySettled(FindingRefused):
    """Somebody was faster."""


class ReasonMissing(FindingRefused):
    """Nobody settles a finding without saying why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row.  ``record`` is ``chain:sequence`` of its event where it is known."""

    finding_id: str
    found_at: datetime
    day: str
    rule: str
    institution: str
    agreement: str
    account: str
    inquirer: str
    summary: str
    measured: int
    threshold: int
    record: str
    state: str
    act: str
    settled_at: datetime | None
    settled_by: str
    settled_reason: str


def put(
    connection: Connection,
    finding_id: str,
    one: Suspicion,
    *,
    now: datetime,
    day: str,
    record: str = "",
) -> None:
    """Write a new finding."""
    row: Mapping[str, Any] = {
        "finding_id": finding_id,
        "found_us": microseconds(now),
        "day": day,
        "rule": one.rule.value,
        "about": one.about[:_ABOUT_CHARACTERS_MAX],
        "institution": one.institution,
        "agreement": one.agreement,
        "account": one.account,
        "inquirer": one.inquirer,
        "summary": one.summary,
        "measured": one.measured,
        "threshold": one.threshold,
        "record": record,
        "state": NEW,
        "act": "",
        "settled_us": 0,
        "settled_by": "",
        "settled_reason": "",
    }
    connection.execute(insert(misuse_findings).values(row))


def known(connection: Connection, day: str) -> set[tuple[str, str]]:
    """What was found on a day already: rules and subjects."""
    columns = misuse_findings.c
    query = select(columns.rule, columns.about).where(columns.day == day)
    return {(rule, about) for rule, about in connection.execute(query)}


def is_known(one: Suspicion, found: set[tuple[str, str]]) -> bool:
    """Whether a suspicion is among what was found."""
    return (one.rule.value, one.about[:_ABOUT_CHARACTERS_MAX]) in found


def newest(
    connection: Connection,
    *,
    state: str | None = None,
    institution: str | None = None,
    rule: str | None = None,
    most: int = 200,
) -> list[Finding]:
    """Findings, the newest first."""
    columns = misuse_findings.c
    query = select(misuse_findings).order_by(columns.found_us.desc(), columns.finding_id)
    for column, value in (
        (columns.state, state),
        (columns.institution, institution),
        (columns.rule, rule),
    ):
        if value is not None:
            query = query.where(column == value)
    return [_finding(row) for row in connection.execute(query.limit(most))]


def find(connection: Connection, finding_id: str) -> Finding:
    """One finding; raises ``FindingUnknown``."""
    query = select(misuse_findings).where(misuse_findings.c.finding_id == finding_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise FindingUnknown("There is no such finding; see: kps misuse list")
    return _finding(row)


def open_counts(connection: Connection) -> dict[str, int]:
    """How many findings of each rule nobody has looked into."""
    columns = misuse_findings.c
    query = select(columns.rule, func.count()).where(columns.state == NEW).group_by(columns.rule)
    found = {rule: int(count) for rule, count in connection.execute(query)}
    return {rule.value: found.get(rule.value, 0) for rule in Rule}


def acknowledge(
    connection: Connection, finding_id: str, *, by: str, reason: str, now: datetime
) -> Finding:
    """Note that somebody looked into a finding, and what came of it.

    Raises ``FindingUnknown``, ``AlreadySettled`` or ``ReasonMissing``.
    """
    if not reason.strip():
        raise ReasonMissing("Say what came of it: the reason is kept in the evidence.")
    find(connection, finding_id)
    columns = misuse_findings.c
    settled = connection.execute(
        update(misuse_findings)
        .where(columns.finding_id == finding_id, columns.state == NEW)
        .values(
            state=SETTLED,
            settled_us=microseconds(now),
            settled_by=by,
            settled_reason=reason.strip(),
        )
    )
    found = find(connection, finding_id)
    if settled.rowcount != 1:
        raise AlreadySettled(f"{found.settled_by} has settled this finding already.")
    return found


def note_act(connection: Connection, finding_id: str, act: str) -> None:
    """Note what the gateway did by itself about a finding."""
    mine = misuse_findings.c.finding_id == finding_id
    connection.execute(update(misuse_findings).where(mine).values(act=act))


def _finding(row: Row[Any]) -> Finding:
    settled = None if not row.settled_us else _moment(row.settled_us)
    return Finding(
        row.finding_id,
        _moment(row.found_us),
        row.day,
        row.rule,
        row.institution,
        row.agreement,
        row.account,
        row.inquirer,
        row.summary,
        row.measured,
        row.threshold,
        row.record,
        row.state,
        row.act,
        settled,
        row.settled_by,
        row.settled_reason,
    )


def _moment(us: int) -> datetime:
    return moment_of(us)
