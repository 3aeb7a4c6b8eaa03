"""How often an institution was wrong about a person today: some guesses, and no more (§5.1).

A verification that says yes or no can be asked until it says yes.  So a contract may say how
often a day one institution may be wrong about one person; after that the whole call is refused
(402), whether the next guess would have been right or not, and whether there is such a person.

Counts lie in the gateway's own database, by keyed digest of the number and civil day in
Istanbul, so that all workers and gateways know them.  They grow in the transaction of the record
that tells of the mistake, which is not written where other workers were faster: then the answer
does not leave.  Calls of this worker that are on their way count as mistakes until their record is
written, so guesses sent at once are no more than guesses sent one after the other.  This module
keeps no number, and it does not judge what is a mistake: the outcome of a criterion does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Dialect, bindparam, delete, select

from kps_soap.audit.months import day_of
from kps_soap.database import insert_into
from kps_soap.driver_statements import Prepared
from kps_soap.entry import Entry, Undone
from kps_soap.faults import AccessStopped, Outcome
from kps_soap.lookups import Lookups
from kps_soap.models import mistakes

Record = Callable[[Entry], Awaitable[None]]

#: A call that left no record by then was given up: its task was cancelled.
_ON_ITS_WAY_MAX: Final = timedelta(seconds=60)

_FORGET: Final = delete(mistakes).where(mistakes.c.day < bindparam("first_kept"))
_SWEEP_EVERY: Final = timedelta(hours=1)

#: Institution, keyed digest of a person, civil day.
_Key = tuple[str, bytes, str]

_COUNT: Final = select(mistakes.c.count).where(
    mistakes.c.institution == bindparam("institution"),
    mistakes.c.person_digest == bindparam("digest"),
    mistakes.c.day == bindparam("day"),
)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call on its way: the persons of its criteria, by position (None for no person)."""

    institution: str
    since: datetime
    most: int
    persons: tuple[bytes | None, ...]


class Mistakes:
    """Counts mistakes; ``digest`` is the keyed digest of an identity number."""

    def __init__(self, lookups: Lookups, digest: Callable[[int], bytes]) -> None:
        self._lookups = lookups
        self._count = lookups.prepare(_COUNT)
        self._digest = digest
        self._on_their_way: dict[str, _Call] = {}

    async def check(
        self, entry: Entry, institution: str, numbers: Sequence[int | None], *, most: int
    ) -> None:
        """Let a call through that can make no more than ``most`` mistakes about anybody today.

        ``numbers`` are those that its criteria ask about, by position.  Raises
        ``AccessStopped``, and ``EvidenceUnavailable`` where the counts cannot be read.
        """
        persons = tuple(None if number is None else self._digest(number) for number in numbers)
        self._give_up_before(entry.received_at - _ON_ITS_WAY_MAX)
        self._on_their_way[entry.request_id] = _Call(institution, entry.received_at, most, persons)
        for person in {one for one in persons if one is not None}:
            if await self._made(institution, person, day_of(entry.received_at)) > most:
                raise AccessStopped("wrong about one person too often today")

    def recorded_by(self, record: Record) -> Record:
        """``record``, with the mistakes of each call told to it, and the call then done."""

        async def recorded(entry: Entry) -> None:
            call = self._on_their_way.get(entry.request_id)
            if call is not None:
                entry.wrong_about, entry.right_about = _judged(call, entry)
                entry.wrong_max = call.most
            try:
                await record(entry)
            finally:
                self._on_their_way.pop(entry.request_id, None)

        return recorded

    async def _made(self, institution: str, person: bytes, day: str) -> int:
        """Mistakes of today, those that calls on their way may still make included."""
        values = {"institution": institution, "digest": person, "day": day}
        rows = await self._lookups.rows(self._count, values)
        possible = sum(
            call.persons.count(person)
            for call in self._on_their_way.values()
            if call.institution == institution
        )
        return (rows[0][0] if rows else 0) + possible

    def _give_up_before(self, moment: datetime) -> None:
        given_up = [key for key, call in self._on_their_way.items() if call.since < moment]
        for key in given_up:
            del self._on_their_way[key]


def _judged(call: _Call, entry: Entry) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """About whom the call was wrong, and about whom right; a refused call has no outcomes."""
    pairs = zip(call.persons, entry.criterion_outcomes, strict=False)
    outcomes = [(person, outcome) for person, outcome in pairs if person is not None]
    wrong = tuple(person for person, outcome in outcomes if outcome == Outcome.NOT_FOUND)
    return wrong, tuple(person for person, outcome in outcomes if outcome != Outcome.NOT_FOUND)


class MistakeCounts:
    """Counts mistakes within the transaction of their records, and holds the limit there.

    Workers that are asked at the same moment see each other's counts in the database alone.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._add = Prepared(dialect, _adding(dialect))
        self._made = Prepared(dialect, _COUNT)
        self._forget = Prepared(dialect, _FORGET)
        self._forgotten_at: datetime | None = None

    def note(self, connection: Connection, entries: Sequence[Entry], *, now: datetime) -> None:
        """Raises ``Undone`` where a guess was one too many, and what the database raises."""
        guesses = [entry for entry in entries if entry.wrong_about or entry.right_about]
        if not guesses:
            return
        made = Counter(key for entry in guesses for key in _keys(entry, entry.wrong_about))
        # In one order everywhere, so that two gateways never wait for each other's rows.
        before = {
            key: self._counted(connection, key, more) - more for key, more in sorted(made.items())
        }
        for entry in guesses:
            for key in _keys(entry, entry.right_about):
                if key not in before:
                    before[key] = self._known(connection, key)
        undone = [entry.request_id for entry in guesses if not _is_within(entry, before)]
        if undone:
            stopped = "wrong about one person too often today"
            raise Undone({request: AccessStopped(stopped) for request in undone})
        if self._forgotten_at is None or now - self._forgotten_at >= _SWEEP_EVERY:
            self._forgotten_at = now
            # A day is kept for requests that came before midnight and end after it.
            self._forget(connection, {"first_kept": day_of(now - timedelta(days=1))})

    def _counted(self, connection: Connection, key: _Key, more: int) -> int:
        institution, person, day = key
        values = {"wrong_institution": institution, "wrong_about": person, "today": day}
        (count,) = self._add(connection, {**values, "more": more}).fetchone()
        return int(count)

    def _known(self, connection: Connection, key: _Key) -> int:
        institution, person, day = key
        values = {"institution": institution, "digest": person, "day": day}
        row = self._made(connection, values).fetchone()
        return 0 if row is None else int(row[0])


def _keys(entry: Entry, persons: Sequence[bytes]) -> list[_Key]:
    return [(entry.institution, person, day_of(entry.received_at)) for person in persons]


def _is_within(entry: Entry, made: dict[_Key, int]) -> bool:
    """Whether all guesses of a call are allowed; its mistakes are added to ``made``."""
    guessed = Counter(_keys(entry, (*entry.wrong_about, *entry.right_about)))
    allowed = all(made[key] + count <= entry.wrong_max for key, count in guessed.items())
    for key in _keys(entry, entry.wrong_about):
        made[key] += 1
    return allowed


def _adding(dialect: Dialect) -> Any:
    columns = mistakes.c
    more: Any = bindparam("more")
    first = {
        "institution": bindparam("wrong_institution"),
        "person_digest": bindparam("wrong_about"),
        "day": bindparam("today"),
        "count": more,
    }
    return (
        insert_into(dialect, mistakes)
        .values(first)
        .on_conflict_do_update(
            index_elements=[columns.institution, columns.person_digest, columns.day],
            set_={"count": columns.count + more},
        )
        .returning(columns.count)
    )
