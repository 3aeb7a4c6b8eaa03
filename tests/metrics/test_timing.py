"""Stop-watches around stages: they measure, and change nothing."""

import asyncio
from typing import Any

import pytest
from exchange_samples import ANSWER, Ticks, exchange_of

from kps_soap.doors.doorway import Place
from kps_soap.faults import RegisterUnavailable, SchemaRefused
from kps_soap.gateway import Answer, Exchange, Gateway, Question
from kps_soap.metrics import table, timing
from kps_soap.metrics.meter import Meter


class Stepping:
    """A clock that goes on by a millisecond each time it is read."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 1_000_000
        return self.now


def measured(meter: Meter, stage: str) -> tuple[int, int]:
    """How often a stage was timed, and its nanoseconds together."""
    *counts, total = meter.stages[stage].value
    return sum(counts), total


class FakeFamily:
    """A door whose words say that they were there."""

    door = "direct"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def read(self, exchange: Exchange) -> None:
        self.calls.append(f"read {exchange.started_ns}")

    async def vouch(self, exchange: Exchange) -> str:
        self.calls.append("vouch")
        return "vouched"

    def contract_of(self, exchange: Exchange, vouched: Any) -> str:
        return "contract"

    async def attribute(self, exchange: Exchange) -> None:
        self.calls.append("attribute")

    def normalise(self, exchange: Exchange, vouched: Any) -> str:
        return "element"

    def speak(self, exchange: Exchange, payload: bytes, tree: Any) -> Answer:
        raise SchemaRefused("speak")

    def refuse(self, exchange: Exchange, refusal: Any) -> Answer:
        return ANSWER


def test_a_timed_door_says_the_same_and_starts_the_requests_clock() -> None:
    meter, family, exchange = Meter(Stepping()), FakeFamily(), exchange_of()
    door = timing.TimedFamily(family, meter)
    door.read(exchange)
    assert exchange.started_ns == 1_000_000
    assert family.calls == ["read 1000000"]
    assert asyncio.run(door.vouch(exchange)) == "vouched"
    asyncio.run(door.attribute(exchange))
    assert door.door == "direct"
    assert door.contract_of(exchange, "vouched") == "contract"
    assert door.normalise(exchange, "vouched") == "element"
    assert door.refuse(exchange, SchemaRefused("x")) is ANSWER
    with pytest.raises(SchemaRefused, match="SchemaRefused"):
        door.speak(exchange, b"", None)
    for stage in ("parse", "authenticate", "sign", "refuse"):
        assert measured(meter, stage) == (1, 1_000_000), stage


def test_places_of_one_door_share_its_stop_watches_and_pages_have_none() -> None:
    meter, family = Meter(Ticks()), FakeFamily()

    def page(_query: Any, _base: str) -> Answer:
        return ANSWER

    places = [Place("/a", page, family, "A"), Place("/b", page, family, "B"), Place("/c", page)]
    first, second, third = timing.timed_places(places, meter)
    assert isinstance(first.family, timing.TimedFamily)
    assert first.family is second.family
    assert (first.path, first.contract, second.contract) == ("/a", "A", "B")
    assert third == places[2]


def test_the_line_is_timed_stage_by_stage_and_told_with_its_duration() -> None:
    ticks = Ticks()
    meter, heard = Meter(ticks), []

    async def waits(*_: Any) -> str:
        ticks.now += 2_000_000
        return "done"

    async def number(*_: Any) -> str:
        return "1"

    line: Any = Gateway(
        agree=lambda *_: "terms",  # type: ignore[arg-type,return-value]
        criteria=waits,  # type: ignore[arg-type]
        receipt_number=number,
        record=waits,  # type: ignore[arg-type]
        count_refusal=lambda *_: None,
        elapsed_us=lambda _: 0,
    )
    line.told(exchange_of(), ANSWER)
    timed = timing.timed_line(line, meter, lambda *told: heard.append(told))
    exchange = exchange_of()
    assert timed.agree(exchange, None, None) == "terms"
    assert asyncio.run(timed.criteria(exchange, None, None, None)) == "done"  # type: ignore[arg-type,comparison-overlap]
    asyncio.run(timed.record(exchange.entry))  # type: ignore[arg-type]
    timed.told(exchange, ANSWER)
    assert measured(meter, "agreement") == (1, 0)
    assert measured(meter, "criteria") == (1, 2_000_000)
    assert measured(meter, "record") == (1, 2_000_000)
    assert heard == [(exchange, ANSWER, ticks.now - 900_000_000)]
    assert len(meter.report()[table.REQUESTS.name]) == 1


class FakeReader:
    """Gives a row, or fails; notes how many reads were under way meanwhile."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.away = False
        self.seen: list[int] = []
        self.closed = False

    def prepare(self, statement: Any) -> str:
        return f"prepared {statement}"

    async def rows(self, sql: str, parameters: Any) -> list[Any]:
        self.seen.append(self._meter.reads["register"].in_flight)
        if self.away:
            raise RegisterUnavailable("away")
        return [(sql, parameters)]

    async def close(self) -> None:
        self.closed = True


def test_reads_are_timed_counted_while_they_run_and_counted_when_they_fail() -> None:
    meter = Meter(Stepping())
    fake = FakeReader(meter)

    async def run() -> None:
        reader = timing.watching(meter, "register")(fake)
        statement: Any = "question"
        assert reader.prepare(statement) == "prepared question"
        assert await reader.rows("sql", {"a": 1}) == [("sql", {"a": 1})]
        fake.away = True
        with pytest.raises(RegisterUnavailable):
            await reader.rows("sql", {})
        await reader.close()

    asyncio.run(run())
    reads = meter.reads["register"]
    assert (reads.failures, reads.in_flight, fake.seen) == (1, 0, [1, 1])
    assert fake.closed
    assert measured(meter, "register") == (2, 2_000_000)
    assert meter.reads["gateway"].failures == 0


def test_a_question_needs_no_door_to_be_asked() -> None:
    # The clock of an exchange is nobody's business until somebody measures.
    exchange = exchange_of()
    assert isinstance(exchange.question, Question)
    assert Exchange(exchange.question, exchange.entry, contract=None).started_ns == 0
