"""An agreement's persons and calls of a day: as many as it says, over all workers, and no more."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select

from kps_soap import asked_persons, identity_number
from kps_soap.asked_counts import AskedCounts
from kps_soap.asked_persons import AskedPersons, DayLimits, Used, usage
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable, QuotaFull
from kps_soap.lookups import Lookups
from kps_soap.misuse_models import asked_counts, asked_days
from kps_soap.misuse_models import asked_persons as persons_table

#: Half past midnight in Istanbul: the day before, in UTC.
NOW = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
DAY, DAY_BEFORE = "2026-03-02", "2026-03-01"
KEY = bytes(range(32))
AGREEMENT, OTHER = "2026/117", "2026/118"
PERSONS = [identity_number.make(123_456_789 + number) for number in range(40)]


def limits(persons: int = 5, calls: int = 0, agreement: str = AGREEMENT) -> DayLimits:
    return DayLimits(agreement, persons, calls, 20)


@dataclass
class Worker:
    """One worker: what is on its way, and a writer that puts records into the database."""

    engine: Engine
    name: str
    lookups: Lookups
    asked: AskedPersons = field(init=False)
    counts: AskedCounts = field(init=False)
    requests: int = 0

    def __post_init__(self) -> None:
        self.asked = AskedPersons(self.lookups, KEY)
        self.counts = AskedCounts(
            self.engine.dialect, KEY, worker=self.name, random_bytes=secrets.token_bytes
        )

    def entry(self, *persons: int, at: datetime = NOW, agreement: str = AGREEMENT) -> Entry:
        self.requests += 1
        name = f"{self.name}-{self.requests}"
        entry = Entry(name, at, "direct", Event.QUERY, agreement=agreement)
        entry.persons = list(persons)
        return entry

    async def write(self, entry: Entry) -> None:
        with self.engine.connect() as connection, writing(connection):
            assert self.counts.note(connection, [entry], now=entry.received_at) == []

    async def ask(self, entry: Entry, allowed: DayLimits) -> None:
        """A call from its criteria to its record; raises ``QuotaFull``."""
        try:
            await self.asked.check(entry, allowed, frozenset(entry.persons))
        except QuotaFull:
            entry.event = Event.REFUSAL
            raise
        finally:
            await self.asked.recorded_by(self.write)(entry)


Work = Callable[[Worker, Worker], Awaitable[None]]


def with_workers(engine: Engine, work: Work) -> None:
    async def run() -> None:
        url = engine.url.render_as_string(hide_password=False)
        lookups = [Lookups(url, seconds_max=5) for _ in range(2)]
        try:
            await work(Worker(engine, "a", lookups[0]), Worker(engine, "b", lookups[1]))
        finally:
            for one in lookups:
                await one.close()

    asyncio.run(run())


def used(engine: Engine, day: str = DAY) -> dict[str, Used]:
    with engine.connect() as connection:
        return usage(connection, day=day)


def test_a_person_counts_once_a_day_whichever_worker_is_asked(any_engine: Engine) -> None:
    async def work(one: Worker, other: Worker) -> None:
        await one.ask(one.entry(*PERSONS[:3]), limits())
        await other.ask(other.entry(*PERSONS[1:4]), limits())
        await one.ask(one.entry(PERSONS[0]), limits())

    with_workers(any_engine, work)
    assert used(any_engine) == {AGREEMENT: Used(4, 3)}
    assert used(any_engine, DAY_BEFORE) == {}


def test_the_person_after_the_last_is_refused_until_midnight(any_engine: Engine) -> None:
    async def work(one: Worker, other: Worker) -> None:
        await one.ask(one.entry(*PERSONS[:5]), limits())
        for worker in (one, other):
            with pytest.raises(QuotaFull) as raised:
                await worker.ask(worker.entry(PERSONS[0], PERSONS[6]), limits())
            assert raised.value.code == 401
            assert raised.value.retry_after_s == 23 * 3600 + 1800
        # Whoever was asked about may be asked about again; others have days of their own.
        await other.ask(other.entry(*PERSONS[:5]), limits())
        await other.ask(other.entry(PERSONS[6], agreement=OTHER), limits(agreement=OTHER))
        await one.ask(one.entry(PERSONS[6], at=NOW + timedelta(days=1)), limits())

    with_workers(any_engine, work)
    assert used(any_engine) == {AGREEMENT: Used(5, 2), OTHER: Used(1, 1)}


def test_a_call_that_asks_about_more_than_is_left_is_refused_whole(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        await one.ask(one.entry(*PERSONS[:4]), limits())
        with pytest.raises(QuotaFull):
            await one.ask(one.entry(*PERSONS[4:6]), limits())
        await one.ask(one.entry(PERSONS[4]), limits())

    with_workers(engine, work)
    assert used(engine) == {AGREEMENT: Used(5, 2)}


def test_calls_on_their_way_count_already_and_the_same_person_once(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        entries = [one.entry(person) for person in PERSONS[:8]]
        results = await asyncio.gather(
            *(one.asked.check(each, limits(), frozenset(each.persons)) for each in entries),
            return_exceptions=True,
        )
        refused = [isinstance(result, QuotaFull) for result in results]
        assert refused == [False] * 5 + [True] * 3
        again = one.entry(PERSONS[0])
        await one.asked.check(again, limits(), frozenset(again.persons))
        for entry in [*entries[:5], again]:
            await one.asked.recorded_by(one.write)(entry)
        with pytest.raises(QuotaFull):
            await one.ask(one.entry(PERSONS[9]), limits())

    with_workers(engine, work)
    assert used(engine) == {AGREEMENT: Used(5, 6)}


def test_many_at_once_never_go_beyond_the_limit(any_engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        results = await asyncio.gather(
            *(one.ask(one.entry(person), limits(20)) for person in PERSONS),
            return_exceptions=True,
        )
        refused = sum(isinstance(result, QuotaFull) for result in results)
        assert used(any_engine) == {AGREEMENT: Used(40 - refused, 40 - refused)}
        assert refused >= 20
        for person in PERSONS:
            with contextlib.suppress(QuotaFull):
                await one.ask(one.entry(person), limits(20))

    with_workers(any_engine, work)
    assert used(any_engine)[AGREEMENT].persons == 20


def test_a_call_that_left_no_record_is_forgotten_after_a_minute(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        await one.asked.check(one.entry(PERSONS[0]), limits(1), frozenset({PERSONS[0]}))
        late = one.entry(PERSONS[1], at=NOW + timedelta(seconds=59))
        with pytest.raises(QuotaFull):
            await one.asked.check(late, limits(1), frozenset(late.persons))
        later = one.entry(PERSONS[1], at=NOW + timedelta(seconds=61))
        await one.asked.check(later, limits(1), frozenset(later.persons))

    with_workers(engine, work)


def test_calls_of_a_day_are_counted_where_the_agreement_names_a_number(engine: Engine) -> None:
    async def work(one: Worker, other: Worker) -> None:
        for worker in (one, other):
            await worker.ask(worker.entry(PERSONS[0]), limits(calls=2))
        with pytest.raises(QuotaFull) as raised:
            await one.ask(one.entry(PERSONS[0]), limits(calls=2))
        assert raised.value.detail == "calls a day"

    with_workers(engine, work)


def test_a_count_far_from_its_limit_is_read_once_a_second(engine: Engine) -> None:
    reads = []

    async def work(one: Worker, _: Worker) -> None:
        rows = one.lookups.rows

        async def watched(sql: str, values: Any) -> Any:
            reads.append(values)
            return await rows(sql, values)

        one.lookups.rows = watched  # type: ignore[method-assign]
        allowed, full = limits(1_000_000), limits(5)
        for milliseconds in (0, 300, 900, 1100, 1200):
            at = NOW + timedelta(milliseconds=milliseconds)
            await one.ask(one.entry(PERSONS[0], at=at), allowed)
        assert len(reads) == 2
        # Near the limit, after midnight and when the clock was set back every call looks.
        await one.ask(one.entry(PERSONS[0], at=NOW + timedelta(milliseconds=1300)), full)
        await one.ask(one.entry(PERSONS[0], at=NOW + timedelta(days=1)), allowed)
        await one.ask(one.entry(PERSONS[0], at=NOW), allowed)
        assert len(reads) == 5
        few_calls = limits(1_000_000, calls=25)
        await one.ask(one.entry(PERSONS[0], at=NOW), few_calls)
        assert len(reads) == 6

    with_workers(engine, work)


def test_persons_that_an_answer_showed_besides_count_too(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        entry = one.entry(PERSONS[0])
        await one.asked.check(entry, limits(), frozenset(entry.persons))
        entry.persons += PERSONS[1:5]
        await one.asked.recorded_by(one.write)(entry)
        with pytest.raises(QuotaFull):
            await one.ask(one.entry(PERSONS[6]), limits())

    with_workers(engine, work)


def test_digests_are_of_their_day_and_agreement(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        await one.ask(one.entry(PERSONS[0]), limits())
        await one.ask(one.entry(PERSONS[0], agreement=OTHER), limits(agreement=OTHER))
        await one.ask(one.entry(PERSONS[0], at=NOW + timedelta(days=1)), limits())

    with_workers(engine, work)
    with engine.connect() as connection:
        digests = connection.execute(select(persons_table.c.person_digest)).scalars().all()
    assert len(set(digests)) == 3
    plain = identity_number.digest(PERSONS[0], key=KEY, context=f"asked {AGREEMENT}")
    assert plain not in digests


def test_old_days_are_swept_away_with_their_salts(any_engine: Engine) -> None:
    async def work(one: Worker, _other: Worker) -> None:
        for days in range(3):
            at = NOW + timedelta(days=days)
            for _ in range(2):
                await one.ask(one.entry(PERSONS[0], at=at), limits())
        assert sorted(one.counts._keys._known) == ["2026-03-03", "2026-03-04"]

    with_workers(any_engine, work)
    with any_engine.connect() as connection:
        for table in (asked_days, persons_table, asked_counts):
            days = connection.execute(select(table.c.day)).scalars()
            # A day is kept for calls that began before midnight.
            assert sorted(days) == ["2026-03-03", "2026-03-04"]


def test_a_salt_that_was_not_committed_is_not_remembered(any_engine: Engine) -> None:
    counts = AskedCounts(any_engine.dialect, KEY, worker="a", random_bytes=bytes)
    entry = Entry("r1", NOW, "direct", Event.QUERY, agreement=AGREEMENT, counts_for_day=True)
    entry.persons = [PERSONS[0]]

    def note(*, fail: bool) -> None:
        with any_engine.connect() as connection, writing(connection):
            counts.note(connection, [entry], now=NOW)
            if fail:
                raise TimeoutError

    with pytest.raises(TimeoutError):
        note(fail=True)
    assert used(any_engine) == {}
    note(fail=False)
    note(fail=False)
    assert used(any_engine) == {AGREEMENT: Used(1, 2)}
    with any_engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(asked_days)).scalar() == 1


def test_refused_calls_and_those_of_no_agreement_count_nothing(engine: Engine) -> None:
    counts = AskedCounts(engine.dialect, KEY, worker="a", random_bytes=bytes)
    refused = Entry("r1", NOW, "direct", Event.REFUSAL, agreement=AGREEMENT, counts_for_day=True)
    public = Entry("r2", NOW, "public", Event.VERIFICATION, agreement="acik-dogrulama.toml")
    with engine.connect() as connection, writing(connection):
        counts.note(connection, [refused, public], now=NOW)
    assert used(engine) == {}


def test_counts_that_cannot_be_read_let_nobody_through(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        async def broken(*_: Any) -> Any:
            raise EvidenceUnavailable("test")

        one.lookups.rows = broken  # type: ignore[assignment,method-assign]
        entry = one.entry(PERSONS[0])
        with pytest.raises(EvidenceUnavailable):
            await one.asked.check(entry, limits(), frozenset(entry.persons))

    with_workers(engine, work)


def test_the_stage_is_followed_by_the_quota_of_its_agreement(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        async def stage(exchange: Any, *_: Any) -> Any:
            return SimpleNamespace(persons=exchange.entry.persons)

        agreement = SimpleNamespace(
            number=AGREEMENT, limits=SimpleNamespace(calls_per_day_max=0, calls_per_second_max=5)
        )
        terms = SimpleNamespace(persons_per_day_max=1, agreement=agreement)
        checked = one.asked.after(stage)
        exchange = SimpleNamespace(entry=one.entry(*PERSONS[:2]), enquiry=None)
        with pytest.raises(QuotaFull):
            await checked(exchange, None, None, terms)
        # The record of the refusal tells whom it was about.
        assert exchange.enquiry.persons == PERSONS[:2]
        public = SimpleNamespace(entry=one.entry(*PERSONS[:2]), enquiry=None)
        open_terms = SimpleNamespace(persons_per_day_max=0, agreement=None)
        assert (await checked(public, None, None, open_terms)).persons == PERSONS[:2]
        assert not public.entry.counts_for_day

    with_workers(engine, work)


def test_a_salt_that_is_gone_means_that_nobody_was_asked_about(engine: Engine) -> None:
    async def work(one: Worker, _: Worker) -> None:
        await one.ask(one.entry(PERSONS[0]), limits(1))
        with engine.connect() as connection, writing(connection):
            connection.execute(delete(asked_days))
        with pytest.raises(QuotaFull):
            await one.ask(one.entry(PERSONS[0]), limits(1))

    with_workers(engine, work)


def test_the_seconds_to_wait_end_at_midnight_in_istanbul() -> None:
    assert asked_persons.seconds_to_midnight(NOW - timedelta(minutes=31)) == 60
    assert asked_persons.seconds_to_midnight(NOW - timedelta(minutes=30)) == 86_400
