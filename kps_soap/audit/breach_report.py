"""What a breach laid open: the report for an account, an inquirer or an institution and a time.

Who has to report a breach (KVKK Art. 12/5) needs to know how many persons are affected, who they
are, which of their fields were handed out, by which service and to which address.  All of it
follows from the records: every person whom an answered call was about counts as affected, also
where a batch found nothing about one of them, because too many is the safe side.  Refused calls
handed out nothing and are only counted.

The same person has another digest in every month, so persons are told apart by their numbers,
which are read from the messages.  Persons whose numbers no message of that month holds are
counted by their digests (``unnamed``): each of them once a month, so rather too often.

The report is made first, then recorded, then handed over: without its record nobody sees it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, and_, select, tuple_

from kps_soap.audit import held
from kps_soap.audit.conditions import (
    ORDER,
    Criteria,
    Position,
    ahead_of,
    plain_conditions,
    position_of,
)
from kps_soap.audit.keys import Keyring, MonthUnreadable, PersonKey
from kps_soap.audit.months import moment_of
from kps_soap.audit.named_persons import numbers_of
from kps_soap.audit.packing import kept_in
from kps_soap.audit.records import Place, decrypted, messages_in
from kps_soap.audit.search import Asker, look_entry
from kps_soap.entry import Entry, Event
from kps_soap.models import evidence, evidence_persons, field_lists

#: How many records are read in one transaction; each may hold two long messages.
PAGE: Final = 200

_QUESTIONS: Final = tuple(
    event.value
    for event in (
        *(Event.QUERY, Event.REPETITION, Event.VERIFICATION, Event.INFORMATION),
        Event.REFUSAL,
    )
)


@dataclass(frozen=True, slots=True)
class Affected:
    """What was asked about; at least one of the first three, and a span of time.

    ``until`` itself is not included.
    """

    account: str | None
    institution: str | None
    inquirer: str | None
    since: datetime
    until: datetime

    @property
    def criteria(self) -> Criteria:
        """The same as a search says it."""
        return Criteria(
            account=self.account,
            institution=self.institution,
            inquirer=self.inquirer,
            since=self.since,
            until=self.until,
        )


@dataclass(frozen=True, slots=True, order=True)
class ServiceLine:
    """What one version of a service handed out: answered calls, persons, and calls by field."""

    service: str
    version: str
    calls: int
    persons: int
    fields: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, order=True)
class SourceLine:
    """Who got answers, and at which address; empty where it was not known."""

    account: str
    inquirer: str
    source_address: str
    calls: int
    persons: int


@dataclass(frozen=True, slots=True, order=True)
class PersonLine:
    """One affected person: how many answered calls, from when to when, by which services."""

    number: int
    calls: int
    first: datetime
    last: datetime
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BreachReport:
    """What was answered about whom.  ``unnamed`` persons are not in ``people``."""

    about: Affected
    made_at: datetime
    answered: int
    refused: int
    unnamed: int
    services: tuple[ServiceLine, ...]
    sources: tuple[SourceLine, ...]
    people: tuple[PersonLine, ...]

    @property
    def persons(self) -> int:
        """How many persons are affected."""
        return len(self.people) + self.unnamed


class _Digest(NamedTuple):
    """What stands for a person in one month."""

    month: str
    digest: bytes


@dataclass(slots=True)
class _Calls:
    """Answered calls of one service, of one source, or about one person."""

    times: int = 0
    first_us: int = 0
    last_us: int = 0
    persons: set[_Digest] = field(default_factory=set)
    lists: Counter[str] = field(default_factory=Counter)
    services: set[str] = field(default_factory=set)

    def count(self, row: Any) -> None:
        self.times += 1
        self.first_us = min(self.first_us or row.received_us, row.received_us)
        self.last_us = max(self.last_us, row.received_us)


def report(
    engine: Engine,
    keyring: Keyring,
    about: Affected,
    *,
    asker: Asker,
    record: Callable[[Entry], None],
    shows_persons: str = "no",
) -> BreachReport:
    """Make and record the report; ``shows_persons`` says in the record who will be seen in it.

    Raises ``ReasonMissing``, ``EvidenceUnavailable``, ``MonthUnreadable`` where a month's key is
    not to be had, and ``Unreadable`` where a record was tampered with: an incomplete report would
    look complete.
    """
    words = {
        "report": "breach",
        "account": about.account,
        "institution": about.institution,
        "inquirer": about.inquirer,
        "since": about.since.isoformat(),
        "until": about.until.isoformat(),
        "persons": shows_persons,
    }
    # Said before anything is looked for: nobody looks without a reason.
    look_entry(asker, words)
    sums = _Sums()
    for page in _pages(engine, about):
        with engine.connect() as connection, connection.begin():
            sums.add(connection, keyring, page)
    with engine.connect() as connection, connection.begin():
        made = sums.report(connection, about, asker.at)
    record(look_entry(asker, {**words, "affected": made.persons, "answered": made.answered}))
    return made


def _pages(engine: Engine, about: Affected) -> Iterator[Sequence[Any]]:
    """The questions of that span without their messages, oldest first.

    Each page is read in a transaction of its own, so that nobody waits for a long report.
    """
    criteria = about.criteria
    wanted = and_(*plain_conditions(criteria), evidence.c.event.in_(_QUESTIONS))
    columns = [column for column in evidence.c if column.name != "ciphertext"]
    after: Position | None = None
    while True:
        query = select(*columns).where(wanted)
        if after is not None:
            query = query.where(ahead_of(after))
        with engine.connect() as connection, connection.begin():
            rows = connection.execute(query.order_by(*ORDER).limit(PAGE)).all()
        yield rows
        if len(rows) < PAGE:
            return
        after = position_of(rows[-1])


class _Sums:
    """Everything that is counted, page by page."""

    def __init__(self) -> None:
        self._answered = self._refused = 0
        self._services: defaultdict[tuple[str, str], _Calls] = defaultdict(_Calls)
        self._sources: defaultdict[tuple[str, str, str], _Calls] = defaultdict(_Calls)
        self._persons: defaultdict[_Digest, _Calls] = defaultdict(_Calls)
        self._numbers: dict[_Digest, int] = {}
        self._keys: dict[str, PersonKey] = {}
        self._dictionaries: dict[bytes, bytes] = {}

    def add(self, connection: Connection, keyring: Keyring, rows: Sequence[Any]) -> None:
        """Count a page of records."""
        answered = [row for row in rows if row.refusal is None]
        self._answered += len(answered)
        self._refused += sum(row.count for row in rows if row.refusal is not None)
        persons = _persons_of(connection, answered)
        for row in answered:
            about = persons[row.chain_id, row.sequence]
            self._count(row, about)
            if any(one not in self._numbers for one in about):
                self._name(connection, keyring, row, about)

    def _count(self, row: Any, about: Sequence[_Digest]) -> None:
        service, version = row.service or "", row.version or ""
        source = (row.account or "", row.inquirer or "", row.source_address or "")
        for calls in (self._services[service, version], self._sources[source]):
            calls.count(row)
            calls.persons.update(about)
        if row.returned_digest is not None:
            self._services[service, version].lists[row.returned_digest] += 1
        for one in about:
            calls = self._persons[one]
            calls.count(row)
            calls.services.add(service)

    def _name(
        self, connection: Connection, keyring: Keyring, row: Any, about: Sequence[_Digest]
    ) -> None:
        """Read the record's messages for the numbers that are not known yet."""
        message = select(evidence.c.ciphertext).where(
            evidence.c.chain_id == row.chain_id,
            evidence.c.sequence == row.sequence,
            evidence.c.month == row.month,
        )
        if row.salt is None:
            raise MonthUnreadable("the record's salt is gone")
        packed = decrypted(
            connection.execute(message).scalar_one(),
            place=Place(row.chain_id, row.sequence, row.month, row.previous_hash),
            plain=row.plain_digest,
            persons=row.persons_digest,
            secret=held.record_keys(connection, keyring, row.chain_id, row.sequence, row.month),
            salt=row.salt,
        )
        messages = messages_in(packed, kept_in(connection, self._dictionaries))
        unknown = [one.digest for one in about if one not in self._numbers]
        key = self._key(connection, keyring, row.month)
        for digest, number in numbers_of(unknown, messages, key):
            self._numbers[_Digest(row.month, digest)] = number

    def _key(self, connection: Connection, keyring: Keyring, month: str) -> PersonKey:
        """The key of a month's person digests, opened once."""
        if month not in self._keys:
            found = held.month_persons(connection, keyring, month)
            if not found:
                raise MonthUnreadable("destroyed")
            self._keys[month] = found[0]
        return self._keys[month]

    def report(self, connection: Connection, about: Affected, now: datetime) -> BreachReport:
        """What was counted, as it is told."""
        people = self._people()
        return BreachReport(
            about=about,
            made_at=now,
            answered=self._answered,
            refused=self._refused,
            unnamed=len(self._persons.keys() - self._numbers.keys()),
            services=tuple(
                ServiceLine(*name, calls.times, self._several(calls), _fields(connection, calls))
                for name, calls in sorted(self._services.items())
            ),
            sources=tuple(
                SourceLine(*name, calls.times, self._several(calls))
                for name, calls in sorted(self._sources.items())
            ),
            people=tuple(people),
        )

    def _several(self, calls: _Calls) -> int:
        """How many persons these calls were about."""
        return len({self._numbers.get(one, one) for one in calls.persons})

    def _people(self) -> Iterator[PersonLine]:
        """Everybody whose number is known, in the order of the numbers."""
        months: defaultdict[int, list[_Calls]] = defaultdict(list)
        for digest, number in self._numbers.items():
            months[number].append(self._persons[digest])
        for number, calls in sorted(months.items()):
            yield PersonLine(
                number,
                sum(one.times for one in calls),
                moment_of(min(one.first_us for one in calls)),
                moment_of(max(one.last_us for one in calls)),
                tuple(sorted({name for one in calls for name in one.services})),
            )


def _persons_of(
    connection: Connection, rows: Sequence[Any]
) -> defaultdict[tuple[str, int], list[_Digest]]:
    """The person digests of these records, by their places."""
    found: defaultdict[tuple[str, int], list[_Digest]] = defaultdict(list)
    persons = evidence_persons.c
    query = select(evidence_persons).where(
        tuple_(persons.chain_id, persons.sequence).in_(
            [(row.chain_id, row.sequence) for row in rows]
        ),
        persons.month.in_({row.month for row in rows}),
    )
    for one in connection.execute(query) if rows else ():
        found[one.chain_id, one.sequence].append(_Digest(one.month, bytes(one.person_digest)))
    return found


def _fields(connection: Connection, calls: _Calls) -> tuple[tuple[str, int], ...]:
    """How many answers held each field."""
    counts: Counter[str] = Counter()
    for digest, times in calls.lists.items():
        paths = connection.execute(
            select(field_lists.c.paths).where(field_lists.c.digest == digest)
        ).scalar()
        for path in paths.split("\n") if paths else ():
            counts[path] += times
    return tuple(sorted(counts.items()))
