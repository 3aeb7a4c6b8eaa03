"""How often an institution was wrong about a person today: some guesses, and no more (§5.1).

A verification that says yes or no can be asked until it says yes.  So a contract may say how
often a day one institution may be wrong about one person; after that the whole call is refused
(402), whether the next guess would have been right or not, and whether there is such a person.

Counts lie in the gateway's own database, by keyed digest of the number and civil day in
Istanbul, so that all workers and gateways know them.  They grow in the transaction of the record
that tells of the mistake; calls on their way count as mistakes until their record is written,
so guesses sent at once are no more than guesses sent one after the other.  This module keeps no
number, and it does not judge what is a mistake: the outcome of a criterion does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select

from kps_soap.authentication import ISTANBUL
from kps_soap.entry import Entry
from kps_soap.faults import AccessStopped, Outcome
from kps_soap.lookups import Lookups
from kps_soap.models import mistakes

Record = Callable[[Entry], Awaitable[None]]

#: A call that left no record by then was given up: its task was cancelled.
_ON_ITS_WAY_MAX: Final = timedelta(seconds=60)

_COUNT = select(mistakes.c.count).where(
    mistakes.c.institution == bindparam("institution"),
    mistakes.c.person_digest == bindparam("digest"),
    mistakes.c.day == bindparam("day"),
)


def day_of(moment: datetime) -> str:
    """The civil day in Istanbul to which a moment belongs (ISO 8601)."""
    return moment.astimezone(ISTANBUL).date().isoformat()


@dataclass(frozen=True, slots=True)
class _Call:
    """A call on its way: the persons of its criteria, by position (None for no person)."""

    institution: str
    since: datetime
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
        self._on_their_way[entry.request_id] = _Call(institution, entry.received_at, persons)
        for person in {one for one in persons if one is not None}:
            if await self._made(institution, person, day_of(entry.received_at)) > most:
                raise AccessStopped("wrong about one person too often today")

    def recorded_by(self, record: Record) -> Record:
        """``record``, with the mistakes of each call told to it, and the call then done."""

        async def recorded(entry: Entry) -> None:
            call = self._on_their_way.get(entry.request_id)
            if call is not None:
                entry.wrong_about = _wrong_about(call, entry)
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


def _wrong_about(call: _Call, entry: Entry) -> tuple[bytes, ...]:
    """Whose criteria did not match; a refused call has no outcomes."""
    outcomes = zip(call.persons, entry.criterion_outcomes, strict=False)
    return tuple(
        person
        for person, outcome in outcomes
        if person is not None and outcome == Outcome.NOT_FOUND
    )
