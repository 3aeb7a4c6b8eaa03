"""What records to look for, and how a query is narrowed to them.

A person is found by the digest that stands for the number in each month; the number itself is in
no column.  This module writes conditions; it runs no query and opens no month.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, or_, select, tuple_

from kps_soap.audit.keys import PersonKey
from kps_soap.audit.months import microseconds, month_of
from kps_soap.entry import Event
from kps_soap.models import evidence, evidence_persons

#: Newest first, and no two records at one place.
ORDER: Final = (evidence.c.received_us, evidence.c.chain_id, evidence.c.sequence)

#: The criteria that are compared with the column of their own name.
_COMPARED: Final = (
    "institution",
    "account",
    "inquirer",
    "case_number",
    "service",
    "receipt_number",
    "request_id",
    "outcome",
    "refusal",
    "event",
    "token",
)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What to look for; all given criteria must hold.  ``until`` itself is not included."""

    person: int | None = None
    institution: str | None = None
    account: str | None = None
    inquirer: str | None = None
    case_number: str | None = None
    service: str | None = None
    receipt_number: str | None = None
    request_id: str | None = None
    outcome: int | None = None
    refusal: str | None = None
    event: Event | None = None
    token: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the results: everything older comes after it."""

    received_us: int
    chain_id: str
    sequence: int


def plain_conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    """All criteria but the person, as conditions on ``evidence``."""
    # Destroyed records have no time; they answer no search.
    conditions: list[ColumnElement[bool]] = [evidence.c.received_us.is_not(None)]
    for name in _COMPARED:
        value = getattr(criteria, name)
        if value is not None:
            wanted = value.value if isinstance(value, Event) else value
            same = evidence.c[name] == wanted
            if name == "inquirer":
                # The one whom the token names asked too, where the query named another.
                same = or_(same, evidence.c.bound_inquirer == wanted)
            conditions.append(same)
    # The months say the same again, in words that tell PostgreSQL where it need not look.
    if criteria.since is not None:
        conditions.append(evidence.c.received_us >= microseconds(criteria.since))
        conditions.append(evidence.c.month >= month_of(criteria.since))
    if criteria.until is not None:
        conditions.append(evidence.c.received_us < microseconds(criteria.until))
        conditions.append(evidence.c.month <= month_of(criteria.until))
    return conditions


def about(person: int, keys: Iterable[PersonKey]) -> ColumnElement[bool]:
    """Records about a person, in the months whose keys are given and in no other."""
    persons = evidence_persons.c
    digests = [key.person_digest(person) for key in keys]
    if not digests:
        return false()
    there = select(persons.chain_id, persons.sequence, persons.month)
    here = tuple_(evidence.c.chain_id, evidence.c.sequence, evidence.c.month)
    return here.in_(there.where(persons.person_digest.in_(digests)))


def matching(criteria: Criteria, keys: Iterable[PersonKey]) -> ColumnElement[bool]:
    """All criteria as one condition; ``keys`` are needed for a person only."""
    conditions = plain_conditions(criteria)
    if criteria.person is not None:
        conditions.append(about(criteria.person, keys))
    return and_(*conditions)


def behind(position: Position) -> ColumnElement[bool]:
    """Everything that comes after a position, newest first."""
    start = (position.received_us, position.chain_id, position.sequence)
    return tuple_(*ORDER) < start


def ahead_of(position: Position) -> ColumnElement[bool]:
    """Everything that comes after a position, oldest first."""
    start = (position.received_us, position.chain_id, position.sequence)
    return tuple_(*ORDER) > start


def position_of(row: Any) -> Position:
    """Where a row with the columns of ``ORDER`` stands."""
    return Position(row.received_us, row.chain_id, row.sequence)
