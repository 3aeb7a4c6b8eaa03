"""Refused requests that leave no record of their own: counted, one record a source and reason.

Garbage and unknown names could otherwise fill the evidence faster than honest work does (design
D6).  Memory is bounded: past ``sources_max`` rows, further sources share one row a reason, named
``diğer``.  What a flush could not write is counted on, not lost.

This module counts; what a refusal is was decided before.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable

#: The source that stands for all sources that had no room of their own.
OTHER_SOURCES: Final = "diğer"

_REASON_CHARACTERS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class _Kind:
    source_address: str
    door: str
    reason: str


@dataclass(slots=True)
class _Count:
    first_at: datetime
    count: int


class RefusalCounts:
    """One worker's counts since the last flush.

    Reasons are names of refusals, of which there are few; sources are anybody's.
    """

    def __init__(self, *, sources_max: int) -> None:
        self._sources_max = sources_max
        self._counts: dict[_Kind, _Count] = {}

    def count(self, source_address: str, door: str, reason: str, at: datetime) -> None:
        """Count one refused request."""
        self._add(_Kind(source_address, door, reason[:_REASON_CHARACTERS_MAX]), at, 1)

    def _add(self, kind: _Kind, at: datetime, count: int) -> None:
        row = self._counts.get(kind)
        if row is None and len(self._counts) >= self._sources_max:
            kind = _Kind(OTHER_SOURCES, kind.door, kind.reason)
            row = self._counts.get(kind)
        if row is None:
            self._counts[kind] = _Count(at, count)
        else:
            row.count += count

    async def flush(
        self,
        record: Callable[[Entry], Awaitable[None]],
        *,
        new_request_id: Callable[[], str],
    ) -> None:
        """Leave one TOPLU_RET record a row and start again from nothing.

        A row's time is that of its first request.  Raises ``EvidenceUnavailable`` where a record
        could not be written; the counts not written then go on.
        """
        counts, self._counts = self._counts, {}
        while counts:
            kind, row = counts.popitem()
            entry = Entry(
                new_request_id(),
                row.first_at,
                kind.door,
                Event.AGGREGATE,
                source_address=kind.source_address,
                refusal=kind.reason,
                count=row.count,
            )
            try:
                await record(entry)
            except EvidenceUnavailable:
                counts[kind] = row
                for left, that in counts.items():
                    self._add(left, that.first_at, that.count)
                raise
