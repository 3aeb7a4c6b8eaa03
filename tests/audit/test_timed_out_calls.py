"""A call whose record could not be written in time: what the evidence says of it afterwards.

It got a fault and no data, and has no record of its own.  That it was there is counted, and the
count is written as soon as anything can be: source, door, reason, how often, since when.
"""

import asyncio

import pytest
from evidence_samples import NOW, entry, locked, opened, until, writing_to

from kps_soap.audit.aggregates import RefusalCounts
from kps_soap.audit.verification import verify
from kps_soap.entry import Event
from kps_soap.faults import EvidenceUnavailable


def test_a_withdrawn_record_stays_away_and_its_call_is_counted(database_url: str) -> None:
    late, written = entry(), entry()

    async def run() -> None:
        counts = RefusalCounts(sources_max=10)
        async with writing_to(evidence, deadline_seconds=0.3) as writer:
            with locked(database_url):
                for _ in range(2):
                    with pytest.raises(EvidenceUnavailable) as caught:
                        await writer.record(late)
                    # What the line does with every answer that has no record.
                    counts.count(late.source_address, late.door, caught.value.name, NOW)
                with pytest.raises(EvidenceUnavailable):
                    await counts.flush(writer.record, new_request_id=lambda: "not yet")
            await until(lambda: writer.healthy)
            await counts.flush(writer.record, new_request_id=lambda: "later")
            await writer.record(written)

    with opened(database_url, wait_seconds_max=0.2) as evidence:
        asyncio.run(run())
        rows = {row.request_id: row for row in evidence.rows()}
        assert verify(database_url, evidence.keyring).ok
    assert late.request_id not in rows
    assert written.request_id in rows
    counted = rows["later"]
    assert (counted.event, counted.refusal) == (Event.AGGREGATE, "EvidenceUnavailable")
    assert (counted.count, counted.door, counted.source_address) == (2, "direct", "203.0.113.10")


def test_a_call_that_gave_up_before_its_turn_is_not_written_afterwards(database_url: str) -> None:
    entries = [entry() for _ in range(5)]

    async def run() -> None:
        async with writing_to(evidence, deadline_seconds=0.3) as writer:
            with locked(database_url):
                waiting = [asyncio.create_task(writer.record(one)) for one in entries]
                done = await asyncio.gather(*waiting, return_exceptions=True)
                assert {type(one) for one in done} == {EvidenceUnavailable}
            await until(lambda: writer.healthy)

    with opened(database_url, wait_seconds_max=0.2) as evidence:
        asyncio.run(run())
        events = [row.event for row in evidence.rows()]
    assert events == ["BASLATMA", "DURDURMA"]
