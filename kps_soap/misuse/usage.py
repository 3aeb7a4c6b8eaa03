"""Who used what, and how: calls of some days added up from the evidence's plain columns (§5.12).

    for each institution, service, inquirer or unit: calls, refused ones, units, criteria that
    matched nobody, different persons, calls at night or at the weekend, and failures of ours

It counts and judges nothing, and knows no person but by digests, which a month has for itself:
somebody asked about in two months is two there.  This room writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, func, select

from kps_soap.audit.months import ISTANBUL, microseconds
from kps_soap.entry import Event
from kps_soap.faults import Outcome
from kps_soap.misuse.rules import Rule
from kps_soap.misuse.thresholds import Thresholds
from kps_soap.models import evidence, evidence_persons

#: Refusals in which the gateway failed, not the caller (501, 502).
_FAILURES: Final = frozenset({501, 502})
_CALLS: Final = tuple(
    event.value
    for event in (
        *(Event.QUERY, Event.REPETITION, Event.DICTIONARY, Event.VERIFICATION, Event.REFUSAL),
        *(Event.INFORMATION, Event.RECEIPT, Event.ROSTER_REPLACED),
    )
)
_HOUR_US: Final = 3_600_000_000
_SATURDAY: Final = 5


class By(StrEnum):
    """What calls are added up by."""

    INSTITUTION = "institution"
    SERVICE = "service"
    INQUIRER = "inquirer"
    UNIT = "unit"


#: Within an institution an inquirer, a service or a unit has a name.
_KEYS: Final[Mapping[By, tuple[str, ...]]] = {
    By.INSTITUTION: ("institution",),
    By.SERVICE: ("institution", "service"),
    By.INQUIRER: ("institution", "inquirer"),
    By.UNIT: ("institution", "unit"),
}


@dataclass(slots=True)
class Usage:
    """What one of them did.  ``late`` are calls at night or at the weekend."""

    key: tuple[str, ...]
    calls: int = 0
    refused: int = 0
    failures: int = 0
    units: int = 0
    criteria: int = 0
    not_found: int = 0
    persons: int = 0
    late: int = 0

    @property
    def not_found_percent(self) -> int:
        """Of all criteria, how many matched nobody."""
        return round(100 * self.not_found / self.criteria) if self.criteria else 0

    @property
    def late_percent(self) -> int:
        """Of all calls, how many came at night or at the weekend."""
        return round(100 * self.late / self.calls) if self.calls else 0


def usage(
    connection: Connection,
    thresholds: Thresholds,
    *,
    since: date,
    until: date,
    by: By,
    institution: str = "",
) -> list[Usage]:
    """The usage of whole civil days of Istanbul, both included; the busiest first.

    What a night is says the file of the rules (``MESAI_DISI``).
    """
    first, behind = _midnight_us(since), _midnight_us(until + timedelta(days=1))
    columns = evidence.c
    here = [
        columns.received_us >= first,
        columns.received_us < behind,
        columns.event.in_(_CALLS),
        columns.service.is_not(None),
        columns.institution == institution if institution else columns.institution.is_not(None),
    ]
    names = [columns[name] for name in _KEYS[by]]
    hour = (columns.received_us // _HOUR_US).label("hour")
    told = select(
        *names, hour, columns.event, columns.outcome, columns.criterion_outcomes, columns.units
    ).where(*here)
    rows = told.subquery().c
    keys = [rows[name] for name in _KEYS[by]]
    groups = (*keys, rows.hour, rows.event, rows.outcome, rows.criterion_outcomes)
    counted = connection.execute(
        select(*groups, func.count().label("calls"), func.sum(rows.units).label("units")).group_by(
            *groups
        )
    )
    found = _added_up(counted, len(keys), thresholds)
    _count_persons(connection, found, names, here)
    return sorted(found.values(), key=lambda one: (-one.calls, one.key))


def _midnight_us(day: date) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=ISTANBUL))


def _added_up(
    rows: Iterable[Any], width: int, thresholds: Thresholds
) -> dict[tuple[str, ...], Usage]:
    found: dict[tuple[str, ...], Usage] = {}
    for row in rows:
        key = tuple(part or "" for part in row[:width])
        one = found.setdefault(key, Usage(key))
        calls = int(row.calls)
        one.calls += calls
        one.units += int(row.units or 0)
        if row.event == Event.REFUSAL.value:
            one.refused += calls
            one.failures += calls * (row.outcome in _FAILURES)
        outcomes = (row.criterion_outcomes or "").split(",") if row.criterion_outcomes else []
        one.criteria += calls * len(outcomes)
        one.not_found += calls * outcomes.count(str(int(Outcome.NOT_FOUND)))
        one.late += calls * _is_late(int(row.hour), thresholds)
    return found


def _is_late(hour: int, thresholds: Thresholds) -> bool:
    """Whether an hour since 1970 is one at which an office is closed."""
    limit = thresholds[Rule.OFF_HOURS]
    here = datetime.fromtimestamp(hour * 3600, tz=ISTANBUL)
    if limit.weekends and here.weekday() >= _SATURDAY:
        return True
    begins, ends = limit.numbers["night_begins"], limit.numbers["night_ends"]
    if begins <= ends:
        return begins <= here.hour < ends
    return here.hour >= begins or here.hour < ends


def _count_persons(
    connection: Connection,
    found: Mapping[tuple[str, ...], Usage],
    names: list[Any],
    here: list[Any],
) -> None:
    columns, persons = evidence.c, evidence_persons.c
    joined = evidence.join(
        evidence_persons,
        (persons.chain_id == columns.chain_id)
        & (persons.sequence == columns.sequence)
        & (persons.month == columns.month),
    )
    different = func.count(persons.person_digest.distinct())
    counted = select(*names, different).select_from(joined).where(*here).group_by(*names)
    for row in connection.execute(counted):
        one = found.get(tuple(part or "" for part in row[:-1]))
        if one is not None:
            one.persons = int(row[-1])
