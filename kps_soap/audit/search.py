"""Find and show records of the evidence; every look at it is a record too (K15.3).

``search`` and ``show`` write their own record first, with its mandatory reason, and look only
then: no evidence, no answer, for auditors as well.  A person is found by the digest that stands
for the number in each month; the number itself is in no column.  Results come newest first, in
pages; a page ends with the position after which the next one begins.

This module reads plain columns, and decrypts one record at a time.  It changes nothing.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, select, tuple_

from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.audit.months import microseconds, moment_of, month_of
from kps_soap.audit.records import Place, open_private
from kps_soap.entry import Entry, Event
from kps_soap.models import (
    PLAIN_COLUMNS,
    evidence,
    evidence_persons,
    field_lists,
    month_keys,
)

#: The most records of one page.
PAGE_MAX: Final = 1_000

_SHOWN_COLUMNS: Final = [
    evidence.c[name] for name in ("chain_id", "sequence", "month", *PLAIN_COLUMNS)
]
_ORDER: Final = (evidence.c.received_us, evidence.c.chain_id, evidence.c.sequence)

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
)


class ReasonMissing(Exception):
    """Nobody looks at the evidence without saying why."""


class NoSuchRecord(Exception):
    """There is no record at this place."""


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
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks, from where, when, and why."""

    name: str
    reason: str
    request_id: str
    at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the results: everything older comes after it."""

    received_us: int
    chain_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Found:
    """A record's place and plain columns.  ``received_at`` is None where they were destroyed."""

    chain_id: str
    sequence: int
    month: str
    received_at: datetime | None
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some results, and where the next ones begin; None when there are no more."""

    found: tuple[Found, ...]
    next: Position | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One record in full.  ``question`` and ``answer`` are None where they were destroyed."""

    found: Found
    returned_fields: tuple[str, ...]
    question: bytes | None
    answer: bytes | None


def search(
    engine: Engine,
    keyring: Keyring,
    criteria: Criteria,
    *,
    asker: Asker,
    record: Callable[[Entry], None],
    limit: int,
    after: Position | None = None,
) -> Page:
    """Record the search, then find a page of records.

    Raises ``ReasonMissing``, ``EvidenceUnavailable``, and ``MonthUnreadable`` where a person is
    asked about and a month's key is not to be had: an incomplete answer would look complete.
    """
    record(search_entry(criteria, asker))
    with engine.connect() as connection, connection.begin():
        return find(connection, keyring, criteria, limit=limit, after=after)


def show(
    engine: Engine,
    keyring: Keyring,
    chain_id: str,
    sequence: int,
    *,
    asker: Asker,
    record: Callable[[Entry], None],
) -> Shown:
    """Record the look, then decrypt one record.

    Raises ``ReasonMissing``, ``EvidenceUnavailable``, ``NoSuchRecord``, ``MonthUnreadable``, and
    ``Unreadable`` where the record was tampered with.
    """
    record(_entry(asker, {"show": f"{chain_id}:{sequence}"}))
    with engine.connect() as connection, connection.begin():
        return open_record(connection, keyring, chain_id, sequence)


def search_entry(criteria: Criteria, asker: Asker) -> Entry:
    """The record that a search leaves.

    What was looked for and why is in the encrypted part; a person looked for is found again by
    digest, so that "who asked about this person" names the auditors too.
    """
    given = {name: value for name, value in asdict(criteria).items() if value is not None}
    words = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in given.items()
    }
    entry = _entry(asker, words)
    entry.persons = [] if criteria.person is None else [criteria.person]
    return entry


def _entry(asker: Asker, words: Mapping[str, Any]) -> Entry:
    reason = asker.reason.strip()
    if not reason:
        raise ReasonMissing("say why the evidence is looked at")
    question = json.dumps({"reason": reason, **words}, ensure_ascii=False)
    return Entry(
        asker.request_id,
        asker.at,
        "",
        Event.SEARCH,
        channel=asker.channel,
        account=asker.name,
        question=question.encode("utf-8", "replace"),
    )


def find(
    connection: Connection,
    keyring: Keyring,
    criteria: Criteria,
    *,
    limit: int,
    after: Position | None = None,
) -> Page:
    """A page of records.  The caller has recorded the search (``search_entry``)."""
    limit = min(limit, PAGE_MAX)
    query = select(*_SHOWN_COLUMNS).where(*_conditions(criteria))
    if criteria.person is not None:
        query = _of_person(query, connection, keyring, criteria)
    if after is not None:
        start = (after.received_us, after.chain_id, after.sequence)
        query = query.where(tuple_(*_ORDER) < start)
    query = query.order_by(*(column.desc() for column in _ORDER)).limit(limit + 1)
    rows = connection.execute(query).all()
    found = tuple([_found(row) for row in rows[:limit]])
    if len(rows) <= limit:
        return Page(found, None)
    last = rows[limit - 1]
    return Page(found, Position(last.received_us, last.chain_id, last.sequence))


def _conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    # Destroyed records have no time; they answer no search.
    conditions: list[ColumnElement[bool]] = [evidence.c.received_us.is_not(None)]
    for name in _COMPARED:
        value = getattr(criteria, name)
        if value is not None:
            wanted = value.value if isinstance(value, Event) else value
            conditions.append(evidence.c[name] == wanted)
    if criteria.since is not None:
        conditions.append(evidence.c.received_us >= microseconds(criteria.since))
    if criteria.until is not None:
        conditions.append(evidence.c.received_us < microseconds(criteria.until))
    return conditions


def _of_person(
    query: Select[Any], connection: Connection, keyring: Keyring, criteria: Criteria
) -> Select[Any]:
    """Narrow a query to the records about a person, in the months that can matter."""
    months = select(month_keys.c.month).where(month_keys.c.destroyed_us.is_(None))
    if criteria.since is not None:
        months = months.where(month_keys.c.month >= month_of(criteria.since))
    if criteria.until is not None:
        months = months.where(month_keys.c.month <= month_of(criteria.until))
    number = criteria.person or 0
    digests = [
        keyring.find(connection, month).person_digest(number)
        for month in connection.execute(months).scalars().all()
    ]
    persons = evidence_persons.c
    same = (persons.chain_id == evidence.c.chain_id) & (persons.sequence == evidence.c.sequence)
    return query.join(evidence_persons, same).where(persons.person_digest.in_(digests))


def open_record(connection: Connection, keyring: Keyring, chain_id: str, sequence: int) -> Shown:
    """One record, decrypted.  The caller has recorded the look."""
    here = (evidence.c.chain_id == chain_id) & (evidence.c.sequence == sequence)
    row = connection.execute(select(evidence).where(here)).one_or_none()
    if row is None:
        raise NoSuchRecord("there is no record at this place")
    question = answer = None
    if row.ciphertext is not None:
        if row.salt is None:
            raise MonthUnreadable("the record's salt is gone")
        question, answer = open_private(
            row.ciphertext,
            place=Place(row.chain_id, row.sequence, row.month, row.previous_hash),
            plain=row.plain_digest,
            persons=row.persons_digest,
            secret=keyring.find(connection, row.month),
            salt=row.salt,
        )
    paths = connection.execute(
        select(field_lists.c.paths).where(field_lists.c.digest == row.returned_digest)
    ).scalar()
    return Shown(_found(row), tuple(paths.split("\n")) if paths else (), question, answer)


def _found(row: Row[Any]) -> Found:
    columns = {name: row._mapping[name] for name in PLAIN_COLUMNS}
    moment = None if row.received_us is None else moment_of(row.received_us)
    return Found(row.chain_id, row.sequence, row.month, moment, columns)
