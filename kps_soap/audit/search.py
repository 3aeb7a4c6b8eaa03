"""Find and show records of the evidence; every look at it is a record too (K15.3).

``search`` and ``show`` write their own record first, with its mandatory reason, and look only
then: no evidence, no answer, for auditors as well.  A person is found by the digest that stands
for the number in each month; the number itself is in no column.  Results come newest first, in
pages; a page ends with the position after which the next one begins.

This module reads plain columns, and decrypts one record at a time.  It changes nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select

from kps_soap.audit import held
from kps_soap.audit.conditions import ORDER, Criteria, Position, behind, matching, position_of
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.audit.months import moment_of
from kps_soap.audit.packing import kept_in
from kps_soap.audit.records import Place, decrypted, messages_in
from kps_soap.entry import Entry, Event
from kps_soap.models import (
    PLAIN_COLUMNS,
    evidence,
    field_lists,
)

#: The most records of one page.
PAGE_MAX: Final = 1_000

_SHOWN_COLUMNS: Final = [
    evidence.c[name] for name in ("chain_id", "sequence", "month", *PLAIN_COLUMNS)
]


class ReasonMissing(Exception):
    """Nobody looks at the evidence without saying why."""


class NoSuchRecord(Exception):
    """There is no record at this place."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks, from where, when, and why."""

    name: str
    reason: str
    request_id: str
    at: datetime
    channel: str


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


def search_all(
    engine: Engine,
    keyring: Keyring,
    criteria: Criteria,
    *,
    asker: Asker,
    record: Callable[[Entry], None],
) -> Iterator[Found]:
    """Record the search once, then give every record that is found, newest first.

    Each page is read in a transaction of its own.  Raises as ``search`` does.
    """
    record(search_entry(criteria, asker))
    after: Position | None = None
    while True:
        with engine.connect() as connection, connection.begin():
            page = find(connection, keyring, criteria, limit=PAGE_MAX, after=after)
        yield from page.found
        if page.next is None:
            return
        after = page.next


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
    record(look_entry(asker, {"show": f"{chain_id}:{sequence}"}))
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
    entry = look_entry(asker, words)
    entry.persons = [] if criteria.person is None else [criteria.person]
    return entry


def look_entry(asker: Asker, words: Mapping[str, Any]) -> Entry:
    """The record of a look; ``words`` say at what.  Raises ``ReasonMissing``."""
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
    keys = () if criteria.person is None else held.person_keys(connection, keyring, criteria)
    query = select(*_SHOWN_COLUMNS).where(matching(criteria, keys))
    if after is not None:
        query = query.where(behind(after))
    query = query.order_by(*(column.desc() for column in ORDER)).limit(limit + 1)
    rows = connection.execute(query).all()
    found = tuple([_found(row) for row in rows[:limit]])
    return Page(found, position_of(rows[limit - 1]) if len(rows) > limit else None)


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
        packed = decrypted(
            row.ciphertext,
            place=Place(row.chain_id, row.sequence, row.month, row.previous_hash),
            plain=row.plain_digest,
            persons=row.persons_digest,
            secret=held.record_keys(connection, keyring, chain_id, sequence, row.month),
            salt=row.salt,
        )
        question, answer = messages_in(packed, kept_in(connection))
    paths = connection.execute(
        select(field_lists.c.paths).where(field_lists.c.digest == row.returned_digest)
    ).scalar()
    return Shown(_found(row), tuple(paths.split("\n")) if paths else (), question, answer)


def _found(row: Row[Any]) -> Found:
    columns = {name: row._mapping[name] for name in PLAIN_COLUMNS}
    moment = None if row.received_us is None else moment_of(row.received_us)
    return Found(row.chain_id, row.sequence, row.month, moment, columns)
