"""Refusals without a record of their own: counted, bounded, never lost."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from evidence_samples import NOW

from kps_soap.audit.aggregates import OTHER_SOURCES, RefusalCounts
from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable


def flushed(counts: RefusalCounts, *, fail_after: int | None = None) -> list[Entry]:
    entries: list[Entry] = []
    numbers = itertools.count()

    async def record(entry: Entry) -> None:
        if fail_after is not None and len(entries) >= fail_after:
            raise EvidenceUnavailable("gone")
        entries.append(entry)

    try:
        asyncio.run(counts.flush(record, new_request_id=lambda: str(next(numbers))))
    except EvidenceUnavailable:
        assert fail_after is not None
    return entries


def test_a_source_and_reason_leave_one_record_with_their_count() -> None:
    counts = RefusalCounts(sources_max=10)
    for second in range(3):
        counts.count("203.0.113.9", "direct", "NotWellFormed", NOW + timedelta(seconds=second))
    counts.count("203.0.113.9", "direct", "TooLarge", NOW)
    counts.count("203.0.113.9", "public", "TooLarge", NOW)
    entries = flushed(counts)
    assert {(one.door, one.refusal, one.count) for one in entries} == {
        ("direct", "NotWellFormed", 3),
        ("direct", "TooLarge", 1),
        ("public", "TooLarge", 1),
    }
    assert all(one.event is Event.AGGREGATE and one.received_at == NOW for one in entries)
    assert flushed(counts) == []


def test_more_sources_than_room_share_a_row() -> None:
    counts = RefusalCounts(sources_max=5)
    for number in range(1_000):
        counts.count(f"203.0.113.{number}", "direct", "NotWellFormed", NOW)
    entries = flushed(counts)
    assert len(entries) == 6
    assert sum(one.count for one in entries) == 1_000
    assert {one.count for one in entries if one.source_address == OTHER_SOURCES} == {995}


def test_what_could_not_be_written_is_counted_on() -> None:
    counts = RefusalCounts(sources_max=10)
    for source in "abc":
        counts.count(source, "direct", "TooLarge", NOW)
    written = flushed(counts, fail_after=1)
    counts.count("a", "direct", "TooLarge", NOW)
    rest = flushed(counts)
    assert len(written) == 1
    assert sum(one.count for one in written + rest) == 4


def test_a_failed_flush_says_so() -> None:
    counts = RefusalCounts(sources_max=10)
    counts.count("a", "direct", "TooLarge", NOW)

    async def record(entry: Entry) -> None:
        raise EvidenceUnavailable("gone")

    with pytest.raises(EvidenceUnavailable):
        asyncio.run(counts.flush(record, new_request_id=lambda: "1"))
