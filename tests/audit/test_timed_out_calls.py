"""A call whose record could not be written in time: what the evidence says of it afterwards.

It got a fault and no data, and has no record of its own.  That it was there is counted, and the
count is written as soon as anything can be: source, door, reason, how often, since when.
"""

import asyncio
from collections.abc import Awaitable

import pytest
from evidence_samples import NOW, Ahead, entry, locked, opened, until, writing_to

from kps_soap.audit.aggregates import RefusalCounts
from kps_soap.audit.verification import verify
from kps_soap.audit.waiting import Clocks
from kps_soap.entry import Event
from kps_soap.faults import EvidenceUnavailable

SECONDS_MAX = 8


async def given_up(ahead: Ahead, *calls: Awaitable[object]) -> None:
    """Let these calls wait behind a lock until the deadline of all of them has passed."""
    waiting = [asyncio.ensure_future(call) for call in calls]
    await asyncio.sleep(0.01)
    ahead.put_forward(2 * SECONDS_MAX)
    for one in waiting:
        with pytest.raises(EvidenceUnavailable) as caught:
            await one
        assert caught.value.detail == "deadline"


def test_a_withdrawn_record_stays_away_and_its_call_is_counted(database_url: str) -> None:
    late, written, ahead = entry(), entry(), Ahead()
    clocks = Clocks(now=lambda: NOW, monotonic=ahead)

    async def run() -> None:
        counts = RefusalCounts(sources_max=10)
        async with writing_to(evidence, deadline_seconds=SECONDS_MAX, clocks=clocks) as writer:
            with locked(database_url):
                for _ in range(2):
                    await given_up(ahead, writer.record(late))
                    # What the line does with every answer that has no record.
                    name = EvidenceUnavailable.__name__
                    counts.count(late.source_address, late.door, name, NOW)
                await given_up(ahead, counts.flush(writer.record, new_request_id=lambda: "not yet"))
            await until(lambda: writer.healthy)
            await counts.flush(writer.record, new_request_id=lambda: "later")
            await writer.record(written)

    with opened(database_url, lock_seconds_max=60) as evidence:
        asyncio.run(run())
        rows = {row.request_id: row for row in evidence.rows()}
        assert verify(database_url, evidence.keyring).ok
    assert late.request_id not in rows
    assert written.request_id in rows
    counted = rows["later"]
    assert (counted.event, counted.refusal) == (Event.AGGREGATE, "EvidenceUnavailable")
    assert (counted.count, counted.door, counted.source_address) == (2, "direct", "203.0.113.10")


def test_a_call_that_gave_up_before_its_turn_is_not_written_afterwards(database_url: str) -> None:
    entries, ahead = [entry() for _ in range(5)], Ahead()
    clocks = Clocks(now=lambda: NOW, monotonic=ahead)

    async def run() -> None:
        async with writing_to(evidence, deadline_seconds=SECONDS_MAX, clocks=clocks) as writer:
            with locked(database_url):
                await given_up(ahead, *(writer.record(one) for one in entries))
            await until(lambda: writer.healthy)

    with opened(database_url, lock_seconds_max=60) as evidence:
        asyncio.run(run())
        events = [row.event for row in evidence.rows()]
    assert events == ["BASLATMA", "DURDURMA"]
