"""How many different persons, and calls, an agreement has had today: as many as it says (K7.3).

A person counts once a day and agreement, whichever service or worker was asked, and whether the
register knew the person or not; persons that an answer showed besides count too, once it was
given.  Counts lie in the gateway's own database and grow in the transaction of the record, so
they are exact across all workers and gateways to within one batch of records; calls of this
worker that are on their way count already.  Who was asked about before may be asked about again
when the quota is full.  Days are civil days of Istanbul.

Persons stand there by a digest whose key is made from the gateway's and a salt of the day.  The
salt is swept away with the day, so what is left of old digests anywhere is no search key.  A
count is not read while it is so far below its limit that it cannot be reached within a second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from kps_soap.asked_counts import SALT, day_key, digest_of
from kps_soap.audit.months import day_of, seconds_to_midnight
from kps_soap.entry import Entry
from kps_soap.faults import QuotaFull
from kps_soap.lookups import Lookups
from kps_soap.misuse_models import asked_counts, asked_persons

Record = Callable[[Entry], Awaitable[None]]
Stage = Callable[..., Awaitable[Any]]

#: A call that left no record by then was given up: its task was cancelled.
_ON_ITS_WAY_MAX: Final = timedelta(seconds=60)
#: How often a call looks again because others left while it looked.
_LOOKS_MAX: Final = 5

#: How long a count that was read may be used while it is far from its limit, in seconds.
_READ_HOLDS_SECONDS: Final = 1.0
#: More persons than an answer shows, and more than any gateway looks up in a second.
_PERSONS_PER_CALL_MAX: Final = 256
_PERSONS_PER_SECOND_MAX: Final = 100_000

_TOTALS: Final = select(
    func.coalesce(func.sum(asked_counts.c.persons), bindparam("none")),
    func.coalesce(func.sum(asked_counts.c.calls), bindparam("none")),
).where(asked_counts.c.agreement == bindparam("agreement"), asked_counts.c.day == bindparam("day"))
_ASKED: Final = select(asked_persons.c.day).where(
    asked_persons.c.day == bindparam("day"),
    asked_persons.c.person_digest == bindparam("digest"),
)


@dataclass(frozen=True, slots=True)
class DayLimits:
    """What an agreement allows on one day; ``calls_max`` is 0 where it names no number.

    ``calls_per_second_max`` bounds how fast its counts can grow.
    """

    agreement: str
    persons_max: int
    calls_max: int
    calls_per_second_max: int


@dataclass(frozen=True, slots=True)
class Used:
    """What was used up of a day."""

    persons: int
    calls: int


@dataclass(frozen=True, slots=True)
class _Call:
    """A call on its way, and whom it may be the first today to ask about."""

    since: datetime
    persons: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Read:
    """A count as it was read."""

    day: str
    at: datetime
    used: Used


class AskedPersons:
    """Lets calls through that their agreement's day still has room for.

    ``key`` is the gateway's key for digests of persons.
    """

    def __init__(self, lookups: Lookups, key: bytes) -> None:
        self._lookups = lookups
        self._salt = lookups.prepare(SALT)
        self._totals = lookups.prepare(_TOTALS)
        self._asked = lookups.prepare(_ASKED)
        self._key = key
        self._day_key = ("", b"")
        self._on_their_way: defaultdict[str, dict[str, _Call]] = defaultdict(dict)
        self._reads: dict[str, _Read] = {}

    def after(self, stage: Stage) -> Stage:
        """``stage``, the criteria stage, with the quotas of the day behind it."""

        async def checked(exchange: Any, call: Any, contract: Any, terms: Any) -> Any:
            enquiry = await stage(exchange, call, contract, terms)
            if terms.persons_per_day_max:
                # Known already, so that the record of a refusal tells whom it was about.
                exchange.enquiry = enquiry
                await self.check(exchange.entry, _limits(terms), frozenset(enquiry.persons))
            return enquiry

        return checked

    async def check(self, entry: Entry, limits: DayLimits, persons: frozenset[int]) -> None:
        """Let a call through that asks about these persons.

        Raises ``QuotaFull`` (401) until midnight, and ``EvidenceUnavailable`` where the counts
        cannot be read.
        """
        entry.counts_for_day = True
        waiting = self._on_their_way[limits.agreement]
        _give_up_before(waiting, entry.received_at - _ON_ITS_WAY_MAX)
        waiting[entry.request_id] = _Call(entry.received_at, persons)
        if self._far_from_full(entry, limits, waiting):
            return
        what = ""
        for _ in range(_LOOKS_MAX):
            # Before the read: whoever leaves meanwhile is in the count that is read.
            before = self._before(entry, limits)
            what = await self._look(entry, limits, before, persons)
            if not what:
                return
            if self._before(entry, limits) == before:
                break
            # Somebody left meanwhile, and may have been counted twice.
        self._leave(entry, limits.agreement)
        raise QuotaFull(what, retry_after_s=seconds_to_midnight(entry.received_at))

    def _before(self, entry: Entry, limits: DayLimits) -> list[_Call]:
        """The calls on their way that came before this one."""
        waiting = self._on_their_way[limits.agreement].items()
        return [call for _, call in takewhile(lambda one: one[0] != entry.request_id, waiting)]

    async def _look(
        self, entry: Entry, limits: DayLimits, before: Sequence[_Call], persons: frozenset[int]
    ) -> str:
        """What is used up, or nothing."""
        used = await self._read(entry, limits.agreement)
        if limits.calls_max and used.calls + len(before) >= limits.calls_max:
            return "calls a day"
        expected = persons.union(*(call.persons for call in before))
        if used.persons + len(expected) <= limits.persons_max:
            return ""
        day = day_of(entry.received_at)
        new = frozenset([one for one in persons if not await self._known(one, limits, day)])
        if new:
            expected = new.union(*(call.persons for call in before))
            first = [one for one in expected if not await self._known(one, limits, day)]
            # Read anew: whoever was known by now is in this count, and was not in the first one.
            used = await self._read(entry, limits.agreement)
            return "persons a day" if used.persons + len(first) > limits.persons_max else ""
        self._on_their_way[limits.agreement][entry.request_id] = _Call(entry.received_at, new)
        return ""

    def recorded_by(self, record: Record) -> Record:
        """``record``, after which a call is no longer on its way."""

        async def recorded(entry: Entry) -> None:
            try:
                await record(entry)
            finally:
                if entry.counts_for_day:
                    self._leave(entry, entry.agreement)

        return recorded

    def _far_from_full(self, entry: Entry, limits: DayLimits, waiting: Mapping[str, _Call]) -> bool:
        """Whether no limit can be reached before the next look."""
        read = self._reads.get(limits.agreement)
        if read is None or read.day != day_of(entry.received_at):
            return False
        age = (entry.received_at - read.at).total_seconds()
        if not 0 <= age <= _READ_HOLDS_SECONDS:
            return False
        # A second more, for the batches that are being written.
        calls = (age + 1.0) * limits.calls_per_second_max
        if limits.calls_max and read.used.calls + calls + len(waiting) >= limits.calls_max:
            return False
        rate = limits.calls_per_second_max * _PERSONS_PER_CALL_MAX
        grown = (age + 1.0) * min(rate, _PERSONS_PER_SECOND_MAX)
        expected = sum([len(call.persons) for call in waiting.values()])
        return read.used.persons + grown + expected <= limits.persons_max

    async def _read(self, entry: Entry, agreement: str) -> Used:
        day = day_of(entry.received_at)
        values = {"agreement": agreement, "day": day, "none": 0}
        ((persons, calls),) = await self._lookups.rows(self._totals, values)
        used = Used(int(persons), int(calls))
        self._reads[agreement] = _Read(day, entry.received_at, used)
        return used

    async def _known(self, number: int, limits: DayLimits, day: str) -> bool:
        """Whether the person was asked about under this agreement on that day."""
        if self._day_key[0] != day:
            rows = await self._lookups.rows(self._salt, {"day": day})
            if not rows:
                return False
            self._day_key = (day, day_key(self._key, bytes(rows[0][0])))
        digest = digest_of(number, limits.agreement, self._day_key[1])
        return bool(await self._lookups.rows(self._asked, {"day": day, "digest": digest}))

    def _leave(self, entry: Entry, agreement: str) -> None:
        waiting = self._on_their_way.get(agreement, {})
        waiting.pop(entry.request_id, None)
        if not waiting:
            self._on_their_way.pop(agreement, None)


def _give_up_before(waiting: dict[str, _Call], moment: datetime) -> None:
    # They stand in the order in which they came.
    while waiting:
        request_id, call = next(iter(waiting.items()))
        if call.since >= moment:
            return
        del waiting[request_id]


def _limits(terms: Any) -> DayLimits:
    limits = terms.agreement.limits
    return DayLimits(
        terms.agreement.number,
        terms.persons_per_day_max,
        limits.calls_per_day_max,
        limits.calls_per_second_max,
    )


def usage(connection: Connection, *, day: str) -> dict[str, Used]:
    """What was used up on a day, by agreement number."""
    columns = asked_counts.c
    rows = connection.execute(
        select(columns.agreement, func.sum(columns.persons), func.sum(columns.calls))
        .where(columns.day == day)
        .group_by(columns.agreement)
    )
    return {agreement: Used(int(persons), int(calls)) for agreement, persons, calls in rows}
