"""Stop-watches around the stages of the line, put there by the composition root.

The line itself stays free of clocks: a timed stage is called like the stage.  A stage that
refuses is timed too.  Nothing here changes what a stage does, returns or raises.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Select

from kps_soap.doors.doorway import Place
from kps_soap.gateway import Answer, Exchange, Family, Gateway
from kps_soap.metrics.meter import Meter, Reads
from kps_soap.registry.reading import Reader, Watch
from kps_soap.registry.rows import Row

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def timed(
    meter: Meter, stage: str, work: Callable[Arguments, Result]
) -> Callable[Arguments, Result]:
    """A stage that is answered at once, under a stop-watch."""
    ticks, observe = meter.ticks, meter.stages[stage].observe

    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        started = ticks()
        try:
            return work(*args, **kwargs)
        finally:
            observe(ticks() - started)

    return run


def timed_wait(
    meter: Meter, stage: str, work: Callable[Arguments, Awaitable[Result]]
) -> Callable[Arguments, Coroutine[Any, Any, Result]]:
    """A stage that is awaited, under a stop-watch."""
    ticks, observe = meter.ticks, meter.stages[stage].observe

    async def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        started = ticks()
        try:
            return await work(*args, **kwargs)
        finally:
            observe(ticks() - started)

    return run


class TimedFamily:
    """A door's words under stop-watches; the first of them starts the exchange's clock."""

    def __init__(self, family: Family, meter: Meter) -> None:
        self.door = family.door
        self._read = timed(meter, "parse", family.read)
        self._ticks = meter.ticks
        self.vouch = timed_wait(meter, "authenticate", family.vouch)
        self.contract_of = family.contract_of
        self.attribute = family.attribute
        self.normalise = family.normalise
        self.speak = timed(meter, "sign", family.speak)
        self.refuse = timed(meter, "refuse", family.refuse)

    def read(self, exchange: Exchange) -> None:
        exchange.started_ns = self._ticks()
        self._read(exchange)


def timed_line(
    gateway: Gateway, meter: Meter, told: Callable[[Exchange, Answer, int], None]
) -> Gateway:
    """The line with its stages under stop-watches.

    ``told`` hears of every answer, with the nanoseconds that it took.
    """
    return replace(
        gateway,
        agree=timed(meter, "agreement", gateway.agree),
        criteria=timed_wait(meter, "criteria", gateway.criteria),
        record=timed_wait(meter, "record", gateway.record),
        told=lambda exchange, answer: told(exchange, answer, meter.told(exchange, answer)),
    )


def timed_places(places: Iterable[Place], meter: Meter) -> Iterator[Place]:
    """The places with their families under stop-watches, one for each family."""
    families: dict[int, TimedFamily] = {}
    for place in places:
        family = place.family
        if family is not None:
            measured = families.setdefault(id(family), TimedFamily(family, meter))
            yield replace(place, family=measured)
        else:
            yield place


class TimedReader:
    """Reads of one database, counted: how long, how many at once, how many failed."""

    def __init__(self, reader: Reader, reads: Reads, ticks: Callable[[], int]) -> None:
        self._reader = reader
        self._reads = reads
        self._ticks = ticks

    def prepare(self, statement: Select[Any]) -> str:
        return self._reader.prepare(statement)

    async def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        reads, started = self._reads, self._ticks()
        reads.in_flight += 1
        try:
            return await self._reader.rows(sql, parameters)
        except BaseException:
            reads.failures += 1
            raise
        finally:
            reads.in_flight -= 1
            reads.seconds.observe(self._ticks() - started)

    async def close(self) -> None:
        await self._reader.close()


def watching(meter: Meter, database: str) -> Watch:
    """Measures the reads from one of the databases of the table."""
    return lambda reader: TimedReader(reader, meter.reads[database], meter.ticks)
