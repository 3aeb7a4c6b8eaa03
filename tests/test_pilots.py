"""A pilot is asked as often a day as its agreement says, whoever of the workers is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from kps_soap.agreement_models import pilot_calls
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.faults import QuotaFull
from kps_soap.lookups import Lookups
from kps_soap.pilots import PilotCounts, Pilots, pilot_of

#: Half past midnight in Istanbul: the day before, in UTC.
NOW = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
PILOT = pilot_of("2026/117", "KisiSorgulaTCKimlikNoServis", "2011/01/01")


@pytest.fixture
def engine(any_engine: Engine) -> Engine:
    return any_engine


def call(number: int, *, at: datetime = NOW, pilot: str = PILOT) -> Entry:
    return Entry(f"r{number}", at, "direct", Event.QUERY, pilot=pilot)


def counted(engine: Engine, *entries: Entry, now: datetime = NOW) -> None:
    with engine.connect() as connection, writing(connection):
        PilotCounts(engine.dialect).note(connection, entries, now=now)


def rows(engine: Engine) -> dict[tuple[str, str], int]:
    with engine.connect() as connection:
        found = connection.execute(select(pilot_calls)).all()
    return {(row.pilot, row.day): row._mapping["count"] for row in found}


def with_pilots(engine: Engine, work: Callable[[Pilots], Awaitable[None]]) -> None:
    async def run() -> None:
        url = engine.url.render_as_string(hide_password=False)
        lookups = Lookups(url, seconds_max=5)
        try:
            await work(Pilots(lookups))
        finally:
            await lookups.close()

    asyncio.run(run())


def test_answered_calls_are_counted_by_pilot_and_day_of_istanbul(engine: Engine) -> None:
    refused = call(3)
    refused.event = Event.REFUSAL
    other = call(4, pilot="another")
    counted(engine, call(1), call(2), refused, other, call(5, pilot=""))
    counted(engine, call(6), call(7, at=NOW - timedelta(hours=1)))
    assert rows(engine) == {
        (PILOT, "2026-03-02"): 3,
        (PILOT, "2026-03-01"): 1,
        ("another", "2026-03-02"): 1,
    }


def test_old_counts_are_swept_once_an_hour(engine: Engine) -> None:
    counts = PilotCounts(engine.dialect)

    def note(now: datetime) -> None:
        with engine.connect() as connection, writing(connection):
            counts.note(connection, [call(1, at=now)], now=now)

    counted(engine, call(1, at=NOW - timedelta(days=2)), now=NOW - timedelta(days=2))
    note(NOW)
    assert [day for _, day in rows(engine)] == ["2026-03-02"]
    note(NOW + timedelta(days=1))
    # A day is kept for calls that began before midnight.
    assert sorted(day for _, day in rows(engine)) == ["2026-03-02", "2026-03-03"]


def test_the_call_after_the_last_is_refused_until_midnight(engine: Engine) -> None:
    async def work(pilots: Pilots) -> None:
        async def record(entry: Entry) -> None:
            counted(engine, entry)

        for number in range(3):
            await pilots.check(call(number), 3)
            await pilots.recorded_by(record)(call(number))
        with pytest.raises(QuotaFull) as raised:
            await pilots.check(call(9), 3)
        assert raised.value.code == 401
        assert raised.value.retry_after_s == 23 * 3600 + 1800
        # Another pilot, and another day, have counts of their own.
        await pilots.check(call(10, pilot="another"), 3)
        await pilots.check(call(11, at=NOW + timedelta(days=1)), 3)

    with_pilots(engine, work)


def test_calls_on_their_way_count_already(engine: Engine) -> None:
    async def work(pilots: Pilots) -> None:
        async def fail(_entry: Entry) -> None:
            raise QuotaFull("test")

        results = await asyncio.gather(
            *(pilots.check(call(number), 3) for number in range(5)), return_exceptions=True
        )
        assert [isinstance(one, QuotaFull) for one in results] == [False] * 3 + [True] * 2
        # One of them is refused further down the line: it was no call of the pilot.
        with pytest.raises(QuotaFull):
            await pilots.recorded_by(fail)(call(0))
        await pilots.check(call(6), 3)
        with pytest.raises(QuotaFull):
            await pilots.check(call(7), 3)

    with_pilots(engine, work)


def test_a_call_that_left_no_record_is_forgotten_after_a_minute(engine: Engine) -> None:
    async def work(pilots: Pilots) -> None:
        await pilots.check(call(1), 1)
        with pytest.raises(QuotaFull):
            await pilots.check(call(2, at=NOW + timedelta(seconds=59)), 1)
        await pilots.check(call(3, at=NOW + timedelta(seconds=61)), 1)

    with_pilots(engine, work)


def test_the_stage_behind_is_reached_by_calls_that_may_go_on(engine: Engine) -> None:
    async def work(pilots: Pilots) -> None:
        async def stage(exchange: Any, *_: Any) -> str:
            return str(exchange.entry.request_id)

        checked, terms = pilots.before(stage), SimpleNamespace(pilot_calls_max=1)

        async def go(entry: Entry) -> Any:
            return await checked(SimpleNamespace(entry=entry), None, None, terms)

        assert await go(call(1)) == "r1"
        with pytest.raises(QuotaFull):
            await go(call(2))
        assert await go(call(3, pilot="")) == "r3"

    with_pilots(engine, work)
