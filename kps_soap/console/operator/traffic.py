"""What passed in the last minutes, as the evidence tells it: calls, refusals, latencies.

All workers of all gateways that share the database are in it, because all of them write their
records there.  Only so many of the newest records are looked at, so that the page stays cheap
under any load; what the figures cover is told with them.  Latencies are those of histogram
bounds: "at most".  This module reads plain columns of no person.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, case, func, select

from kps_soap.audit.months import ISTANBUL, microseconds, moment_of, month_of
from kps_soap.entry import Event
from kps_soap.models import evidence

#: How many of the newest records are looked at.
RECORDS_MAX: Final = 20_000

#: Upper bounds of the latencies that are told apart, in milliseconds.
BOUNDS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)

#: The events that are somebody's request; refusals without a record of their own are counted.
CALLS: Final = tuple(
    event.value
    for event in (
        *(Event.QUERY, Event.VERIFICATION, Event.DICTIONARY, Event.INFORMATION, Event.RECEIPT),
        *(Event.TOKEN, Event.REFUSAL, Event.AGGREGATE),
    )
)

_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Minute:
    """The requests of one minute; ``begins`` is of Europe/Istanbul."""

    begins: datetime
    answered: int
    refused: int

    @property
    def calls(self) -> int:
        return self.answered + self.refused


@dataclass(frozen=True, slots=True)
class ServiceTraffic:
    """One service, version and door.

    ``p50``, ``p95`` and ``p99`` are milliseconds: so many of the calls took at most as long.
    None where a call took longer than every bound, or none was timed.
    """

    service: str
    version: str
    door: str
    answered: int
    refused: int
    p50: int | None
    p95: int | None
    p99: int | None

    @property
    def calls(self) -> int:
        return self.answered + self.refused


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How often one reason refused, in which doors."""

    reason: str
    doors: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What passed from ``since`` to ``until`` (Europe/Istanbul).

    ``whole`` is False where more passed than is looked at; ``since`` is then that of the oldest
    record that was.
    """

    since: datetime
    until: datetime
    whole: bool
    minutes: tuple[Minute, ...]
    services: tuple[ServiceTraffic, ...]
    refusals: tuple[RefusalCount, ...]

    @property
    def answered(self) -> int:
        return sum(one.answered for one in self.minutes)

    @property
    def refused(self) -> int:
        return sum(one.refused for one in self.minutes)

    @property
    def busiest(self) -> int:
        """The calls of the busiest minute."""
        return max((one.calls for one in self.minutes), default=0)


@dataclass(slots=True)
class _Sums:
    answered: int = 0
    refused: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))


def traffic(
    connection: Connection, now: datetime, *, minutes: int, records_max: int = RECORDS_MAX
) -> Traffic:
    """The last ``minutes`` before ``now``."""
    since = now - timedelta(minutes=minutes)
    newest = _newest(since, now, records_max)
    oldest, seen = connection.execute(
        select(func.min(newest.c.received_us), func.count()).select_from(newest)
    ).one()
    whole = seen < records_max
    begin = since if whole else moment_of(int(oldest))
    rows = connection.execute(_grouped(newest)).all()
    return Traffic(
        begin.astimezone(ISTANBUL),
        now.astimezone(ISTANBUL),
        whole,
        tuple(_minutes(rows, begin, now)),
        tuple(_services(rows)),
        tuple(_refusals(rows)),
    )


def _newest(since: datetime, now: datetime, records_max: int) -> Any:
    columns = evidence.c
    names = ("received_us", "service", "version", "door", "refusal", "event", "count")
    query = (
        select(*(columns[name] for name in names), columns.duration_us)
        .where(
            columns.received_us >= microseconds(since),
            columns.received_us <= microseconds(now),
            # Tells PostgreSQL where it need not look.
            columns.month >= month_of(since),
            columns.event.in_(CALLS),
        )
        .order_by(columns.received_us.desc())
        .limit(records_max)
    )
    return query.subquery()


def _grouped(newest: Any) -> Select[Any]:
    columns = newest.c
    took = func.coalesce(columns.duration_us, -1)
    bounds = [(took <= bound * 1_000, place) for place, bound in enumerate(BOUNDS_MS)]
    # A call that was not timed is in no bucket.
    bucket = case((took < 0, -1), *bounds, else_=len(BOUNDS_MS)).label("bucket")
    minute = (columns.received_us - columns.received_us % _MINUTE_US).label("minute_us")
    named = (columns.service, columns.version, columns.door, columns.refusal)
    calls = func.coalesce(columns.count, 1).label("calls")
    # Told apart first and then grouped: PostgreSQL takes an expression with values of its own,
    # written twice, for two expressions.
    told = select(minute, bucket, *named, calls).subquery().c
    keys = (told.minute_us, told.service, told.version, told.door, told.refusal, told.bucket)
    return select(*keys, func.sum(told.calls).label("calls")).group_by(*keys)


def _minutes(rows: Iterable[Row[Any]], since: datetime, now: datetime) -> Iterable[Minute]:
    """Every minute, those without a call included."""
    answered: Counter[int] = Counter()
    refused: Counter[int] = Counter()
    for row in rows:
        (refused if row.refusal else answered)[row.minute_us] += int(row.calls)
    begin_us = microseconds(since)
    for minute_us in range(begin_us - begin_us % _MINUTE_US, microseconds(now) + 1, _MINUTE_US):
        begins = moment_of(minute_us).astimezone(ISTANBUL)
        yield Minute(begins, answered[minute_us], refused[minute_us])


def _services(rows: Iterable[Row[Any]]) -> list[ServiceTraffic]:
    """The busiest first; requests that came to no service are not here."""
    sums: defaultdict[tuple[str, str, str], _Sums] = defaultdict(_Sums)
    for row in rows:
        if not row.service:
            continue
        one, calls = sums[row.service, row.version or "", row.door or ""], int(row.calls)
        if row.refusal:
            one.refused += calls
        else:
            one.answered += calls
        if row.bucket >= 0:
            one.buckets[row.bucket] += calls
    found = [
        ServiceTraffic(
            *key,
            one.answered,
            one.refused,
            *(quantile(one.buckets, share) for share in (0.5, 0.95, 0.99)),
        )
        for key, one in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.calls, one.service, one.version, one.door))


def quantile(buckets: Sequence[int], share: float) -> int | None:
    """The bound below which this share of the calls lies; None where there is none."""
    total = sum(buckets)
    if not total:
        return None
    place = bisect_left(list(accumulate(buckets)), share * total)
    return BOUNDS_MS[place] if place < len(BOUNDS_MS) else None


def _refusals(rows: Iterable[Row[Any]]) -> list[RefusalCount]:
    """The most frequent first."""
    counts: Counter[str] = Counter()
    doors: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.refusal:
            counts[row.refusal] += int(row.calls)
            doors[row.refusal].add(row.door or "")
    found = [
        RefusalCount(reason, tuple(sorted(doors[reason] - {""})), count)
        for reason, count in counts.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.reason))
