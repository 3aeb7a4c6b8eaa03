"""A signed message is taken once: by whichever worker, after a restart, at the same moment."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from audit.evidence_samples import NOW, Evidence, entry, opened, writing_to
from sqlalchemy import func, select

from kps_soap.audit.verification import verify
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.faults import ProofRefused
from kps_soap.lookups import Lookups
from kps_soap.signed_request_models import signed_requests
from kps_soap.signed_requests.presented import KEPT, Presented, PresentedOnRecord


def signed(text: str = "a", **changes: Any) -> Entry:
    """An answered question that its sender signed."""
    made = entry(event=Event.QUERY, signed_message=sha256(text.encode()).digest())
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def noted(evidence: Evidence) -> PresentedOnRecord:
    return PresentedOnRecord(evidence.engine.dialect)


def requests(evidence: Evidence) -> list[str]:
    return [row.request_id for row in evidence.rows() if row.event == "SORGU"]


def test_the_second_is_refused_by_another_worker_and_after_a_restart(database_url: str) -> None:
    first, other = signed(), signed("b")

    async def run() -> None:
        async with writing_to(evidence, besides=[noted(evidence)]) as writer:
            await writer.record(first)
            with pytest.raises(ProofRefused):
                await writer.record(signed())
            await writer.record(other)
        async with writing_to(evidence, besides=[noted(evidence)]) as writer:
            with pytest.raises(ProofRefused):
                await writer.record(signed())

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert requests(evidence) == [first.request_id, other.request_id]
        assert verify(evidence.url, evidence.keyring).ok


def test_of_equal_messages_in_one_group_exactly_one_is_written(database_url: str) -> None:
    twins, others = [signed() for _ in range(5)], [signed(signed_message=b"") for _ in range(5)]

    async def run() -> list[Any]:
        async with writing_to(evidence, besides=[noted(evidence)]) as writer:
            return await asyncio.gather(
                *(writer.record(one) for one in [*twins, *others]), return_exceptions=True
            )

    with opened(database_url) as evidence:
        told = asyncio.run(run())
        written = requests(evidence)
    assert told[5:] == [None] * 5
    refused = [one for one in told[:5] if one is not None]
    assert len(refused) == 4 and all(isinstance(one, ProofRefused) for one in refused)
    assert len(written) == 6


def test_the_same_message_of_another_institution_is_another(database_url: str) -> None:
    async def run() -> None:
        async with writing_to(evidence, besides=[noted(evidence)]) as writer:
            await writer.record(signed())
            await writer.record(signed(institution="BNK-0046"))

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert len(requests(evidence)) == 2


def test_a_look_beforehand_finds_what_is_on_record(database_url: str) -> None:
    first = signed()

    async def run() -> None:
        async with writing_to(evidence, besides=[noted(evidence)]) as writer:
            await writer.record(first)
        lookups = Lookups(database_url, seconds_max=5)
        try:
            presented = Presented(lookups)
            with pytest.raises(ProofRefused):
                await presented.refuse_known(first.institution, first.signed_message)
            await presented.refuse_known("BNK-0046", first.signed_message)
            await presented.refuse_known(first.institution, bytes(32))
        finally:
            await lookups.close()

    with opened(database_url) as evidence:
        asyncio.run(run())


def test_nothing_is_forgotten_to_make_room_and_a_clock_that_goes_back_finds_all(
    database_url: str,
) -> None:
    """Rows go by their age alone, a day after any Timestamp has ended."""
    many = [signed(str(number)) for number in range(300)]

    def note(*entries: Entry, now: Any) -> None:
        with evidence.engine.connect() as connection, writing(connection):
            PresentedOnRecord(evidence.engine.dialect).note(connection, entries, now=now)

    def held() -> int:
        with evidence.engine.connect() as connection:
            return int(
                connection.execute(select(func.count()).select_from(signed_requests)).scalar_one()
            )

    with opened(database_url) as evidence:
        note(*many, now=NOW)
        # An hour ahead, and back again: the first is still known.
        note(signed("ahead"), now=NOW + timedelta(hours=1))
        for moment in (NOW, NOW - timedelta(hours=1)):
            with pytest.raises(Exception, match="not all of the group"):
                note(many[0], now=moment)
        assert held() == 301
        note(signed("next day"), now=NOW + KEPT + timedelta(minutes=1))
        assert held() == 2
