"""How often a day a service in stage PILOT is asked: as often as its agreement says (§5.6).

Counts lie in the gateway's own database, so that all workers and gateways know them.  A call
counts in the transaction of its record, when it was answered; calls of this worker that are on
their way count already, so calls sent at once are no more than calls sent one after the other.
Whoever may ask at all is for the agreement stage to say; days are civil days of Istanbul.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Dialect, bindparam, delete, select

from kps_soap.agreement_models import pilot_calls
from kps_soap.audit.months import day_of, seconds_to_midnight
from kps_soap.database import insert_into
from kps_soap.driver_statements import Prepared
from kps_soap.entry import Entry, Event
from kps_soap.faults import QuotaFull
from kps_soap.lookups import Lookups

Record = Callable[[Entry], Awaitable[None]]
Stage = Callable[..., Awaitable[Any]]

_COUNT: Final = select(pilot_calls.c.count).where(
    pilot_calls.c.pilot == bindparam("pilot"), pilot_calls.c.day == bindparam("day")
)
_FORGET: Final = delete(pilot_calls).where(pilot_calls.c.day < bindparam("first_kept"))
_SWEEP_EVERY: Final = timedelta(hours=1)

#: A call that left no record by then was given up: its task was cancelled.
_ON_ITS_WAY_MAX: Final = timedelta(seconds=60)


def pilot_of(agreement: str, service: str, version: str) -> str:
    """The name under which the calls of a pilot are counted."""
    return f"{agreement} {service} {version}"


class Pilots:
    """Lets calls of a pilot through, and counts those on their way in this worker."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._count = lookups.prepare(_COUNT)
        self._on_their_way: defaultdict[str, dict[str, datetime]] = defaultdict(dict)

    def before(self, stage: Stage) -> Stage:
        """``stage``, with the count of its pilot looked at first."""

        async def checked(exchange: Any, call: Any, contract: Any, terms: Any) -> Any:
            if exchange.entry.pilot:
                await self.check(exchange.entry, terms.pilot_calls_max)
            return await stage(exchange, call, contract, terms)

        return checked

    async def check(self, entry: Entry, most: int) -> None:
        """Let a call through while its pilot may be asked today.

        Raises ``QuotaFull`` (401) until midnight, and ``EvidenceUnavailable`` where the count
        cannot be read.
        """
        waiting = self._on_their_way[entry.pilot]
        self._give_up_before(waiting, entry.received_at - _ON_ITS_WAY_MAX)
        # Before the read: whoever leaves meanwhile is in the count that is read.
        before = len(waiting)
        waiting[entry.request_id] = entry.received_at
        values = {"pilot": entry.pilot, "day": day_of(entry.received_at)}
        rows = await self._lookups.rows(self._count, values)
        if (rows[0][0] if rows else 0) + before >= most:
            self._leave(entry)
            seconds = seconds_to_midnight(entry.received_at)
            raise QuotaFull("calls a day of a PILOT", retry_after_s=seconds)

    def recorded_by(self, record: Record) -> Record:
        """``record``, after which a call is no longer on its way."""

        async def recorded(entry: Entry) -> None:
            try:
                await record(entry)
            finally:
                if entry.pilot:
                    self._leave(entry)

        return recorded

    def _leave(self, entry: Entry) -> None:
        waiting = self._on_their_way.get(entry.pilot, {})
        waiting.pop(entry.request_id, None)
        if not waiting:
            self._on_their_way.pop(entry.pilot, None)

    def _give_up_before(self, waiting: dict[str, datetime], moment: datetime) -> None:
        for request_id in [one for one, since in waiting.items() if since < moment]:
            del waiting[request_id]


class PilotCounts:
    """Counts answered calls within the transaction of their records."""

    def __init__(self, dialect: Dialect) -> None:
        self._add = Prepared(dialect, _adding(dialect))
        self._forget = Prepared(dialect, _FORGET)
        self._forgotten_at: datetime | None = None

    def note(self, connection: Connection, entries: Sequence[Entry], *, now: datetime) -> None:
        """Count what these entries answered; raises what the database raises."""
        made = Counter(
            (entry.pilot, day_of(entry.received_at))
            for entry in entries
            if entry.pilot and entry.event is not Event.REFUSAL
        )
        if not made:
            return
        # In one order everywhere, so that two gateways never wait for each other's rows.
        for (pilot, day), more in sorted(made.items()):
            self._add(connection, {"counted": pilot, "today": day, "more": more})
        if self._forgotten_at is None or now - self._forgotten_at >= _SWEEP_EVERY:
            self._forgotten_at = now
            self._forget(connection, {"first_kept": day_of(now - timedelta(days=1))})


def _adding(dialect: Dialect) -> Any:
    columns = pilot_calls.c
    more: Any = bindparam("more")
    first = {"pilot": bindparam("counted"), "day": bindparam("today"), "count": more}
    return (
        insert_into(dialect, pilot_calls)
        .values(first)
        .on_conflict_do_update(
            index_elements=[columns.pilot, columns.day], set_={"count": columns.count + more}
        )
    )
