"""Five mistakes a day about one person, and no sixth (§5.1, vector h)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Engine, select

from kps_soap import database, identity_number, models
from kps_soap.audit.alongside import Alongside, LockPolicy
from kps_soap.audit.months import day_of
from kps_soap.criteria import CriteriaPolicy
from kps_soap.criteria_stage import CriteriaStage
from kps_soap.database import writing
from kps_soap.entry import Entry, Undone
from kps_soap.faults import AccessStopped, EvidenceUnavailable, Outcome
from kps_soap.lookups import Lookups
from kps_soap.mistakes import Mistakes
from kps_soap.terms import Terms

NOON = datetime(2026, 1, 1, 9, tzinfo=UTC)
LATE = datetime(2026, 1, 1, 20, 59, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 1, 1, 21, 1, tzinfo=UTC)
AYSE, FATMA = (identity_number.make(stem) for stem in (123_456_789, 223_456_789))
INSTITUTION, OTHER = "B-34-0417", "BNK-0046"
WRONG, RIGHT = Outcome.NOT_FOUND, Outcome.OK


def digest(number: int) -> bytes:
    return sha256(str(number).encode()).digest()


def opened(url: str) -> Engine:
    return database.open_database(url, wait_seconds_max=5)


@dataclass
class House:
    """One worker: its counts in memory, and a writer that puts records into the database."""

    engine: Engine
    mistakes: Mistakes
    lookups: Lookups
    requests: int = 0
    alongside: Alongside = field(init=False)

    def __post_init__(self) -> None:
        self.alongside = Alongside(self.engine.dialect, LockPolicy())

    async def write(self, entry: Entry) -> None:
        with self.engine.connect() as connection, writing(connection):
            self.alongside.write(connection, [entry], now=entry.received_at)

    async def begin(
        self, *numbers: int | None, at: datetime = NOON, institution: str = INSTITUTION
    ) -> Entry:
        """A call that has come as far as the criteria stage."""
        self.requests += 1
        entry = Entry(f"{id(self)}-{self.requests}", at, "direct", institution=institution)
        await self.mistakes.check(entry, institution, numbers, most=5)
        return entry

    async def end(self, entry: Entry, *outcomes: Outcome) -> None:
        entry.criterion_outcomes = [int(outcome) for outcome in outcomes]
        await self.mistakes.recorded_by(self.write)(entry)

    async def ask(self, *numbers: int, wrong: bool = True, **how: Any) -> None:
        entry = await self.begin(*numbers, **how)
        await self.end(entry, *[WRONG if wrong else RIGHT] * len(numbers))


Play = Callable[[House], Awaitable[None]]


async def run(engine: Engine, url: str, scene: Play) -> None:
    """Play a scene in a house."""
    lookups = Lookups(url, seconds_max=5)
    try:
        await scene(House(engine, Mistakes(lookups, digest), lookups))
    finally:
        await lookups.close()


@pytest.fixture
def play(engine: Engine, url: str) -> Callable[[Play], None]:
    return lambda scene: asyncio.run(run(engine, url, scene))


def counted(engine: Engine) -> dict[tuple[str, bytes, str], int]:
    table = models.mistakes.c
    query = select(table.institution, table.person_digest, table.day, table.count)
    with engine.connect() as connection:
        return {(row[0], bytes(row[1]), row[2]): row[3] for row in connection.execute(query)}


def test_the_sixth_call_about_a_person_is_refused_also_if_it_were_right(
    play: Callable[[Play], None],
) -> None:
    async def scene(house: House) -> None:
        for _ in range(5):
            await house.ask(AYSE)
        for _ in range(2):
            with pytest.raises(AccessStopped):
                await house.begin(AYSE)

    play(scene)


def test_another_person_another_institution_and_another_day_are_not_concerned(
    any_url: str,
) -> None:
    async def scene(house: House) -> None:
        for _ in range(5):
            await house.ask(AYSE, at=LATE)
        await house.ask(FATMA, at=LATE)
        await house.ask(AYSE, at=LATE, institution=OTHER)
        await house.ask(AYSE, at=AFTER_MIDNIGHT)

    engine = opened(any_url)
    asyncio.run(run(engine, any_url, scene))
    assert counted(engine) == {
        (INSTITUTION, digest(AYSE), "2026-01-01"): 5,
        (INSTITUTION, digest(FATMA), "2026-01-01"): 1,
        (OTHER, digest(AYSE), "2026-01-01"): 1,
        (INSTITUTION, digest(AYSE), "2026-01-02"): 1,
    }
    engine.dispose()


def test_being_right_costs_nothing(play: Callable[[Play], None], engine: Engine) -> None:
    async def scene(house: House) -> None:
        for _ in range(20):
            await house.ask(AYSE, wrong=False)

    play(scene)
    assert counted(engine) == {}


def test_what_never_reached_the_register_is_no_mistake(
    play: Callable[[Play], None], engine: Engine
) -> None:
    async def scene(house: House) -> None:
        entry = await house.begin(AYSE, None, FATMA)
        await house.end(entry, Outcome.BAD_DATE, Outcome.MISSING, Outcome.NOT_ON_ROSTER)

    play(scene)
    assert counted(engine) == {}


def test_guesses_in_one_call_count_one_by_one(play: Callable[[Play], None], engine: Engine) -> None:
    async def scene(house: House) -> None:
        with pytest.raises(AccessStopped):
            await house.begin(*[AYSE] * 6)
        house.mistakes = Mistakes(house.lookups, digest)
        entry = await house.begin(AYSE, FATMA, AYSE, AYSE)
        await house.end(entry, WRONG, WRONG, RIGHT, WRONG)
        with pytest.raises(AccessStopped):
            await house.begin(*[AYSE] * 4)

    play(scene)
    assert counted(engine)[INSTITUTION, digest(AYSE), "2026-01-01"] == 2


def test_guesses_sent_at_once_are_no_more_than_guesses_sent_one_by_one(
    play: Callable[[Play], None],
) -> None:
    async def scene(house: House) -> None:
        calls = [house.begin(AYSE) for _ in range(12)]
        begun = await asyncio.gather(*calls, return_exceptions=True)
        passed = [one for one in begun if isinstance(one, Entry)]
        assert len(passed) <= 5
        assert sum(isinstance(one, AccessStopped) for one in begun) == 12 - len(passed)

    play(scene)


def test_a_call_that_ended_no_longer_stands_in_the_way(play: Callable[[Play], None]) -> None:
    async def scene(house: House) -> None:
        for _ in range(10):
            entry = await house.begin(*[AYSE] * 5)
            await house.end(entry, *[RIGHT] * 5)

    play(scene)


def test_a_call_whose_record_fails_stands_in_nobodys_way_and_counts_nothing(
    play: Callable[[Play], None], engine: Engine
) -> None:
    async def fail(_entry: Entry) -> None:
        raise EvidenceUnavailable("test")

    async def scene(house: House) -> None:
        for _ in range(8):
            entry = await house.begin(AYSE)
            entry.criterion_outcomes = [int(WRONG)]
            with pytest.raises(EvidenceUnavailable):
                await house.mistakes.recorded_by(fail)(entry)

    play(scene)
    assert counted(engine) == {}


def test_a_call_that_was_given_up_is_forgotten_after_a_minute(play: Callable[[Play], None]) -> None:
    async def scene(house: House) -> None:
        await house.begin(*[AYSE] * 5)
        with pytest.raises(AccessStopped):
            await house.begin(AYSE, at=NOON + timedelta(seconds=59))
        await house.begin(AYSE, at=NOON + timedelta(seconds=121))

    play(scene)


def test_another_worker_knows_the_mistakes(
    play: Callable[[Play], None],
) -> None:
    async def scene(house: House) -> None:
        for _ in range(5):
            await house.ask(AYSE)
        with pytest.raises(AccessStopped):
            await House(house.engine, Mistakes(house.lookups, digest), house.lookups).ask(AYSE)

    play(scene)


@pytest.mark.parametrize("wrong", [True, False])
def test_guesses_at_two_workers_at_one_moment_are_no_more_than_five(
    play: Callable[[Play], None], engine: Engine, *, wrong: bool
) -> None:
    async def scene(house: House) -> None:
        other = House(house.engine, Mistakes(house.lookups, digest), house.lookups)
        for _ in range(4):
            await house.ask(AYSE)
        # Both have read four mistakes before either of them has written the fifth.
        first, second = await house.begin(AYSE), await other.begin(AYSE, FATMA)
        await house.end(first, WRONG)
        with pytest.raises(Undone) as stopped:
            await other.end(second, WRONG if wrong else RIGHT, WRONG)
        assert type(stopped.value.reasons[second.request_id]) is AccessStopped

    play(scene)
    # Nothing of the call that was stopped is counted.
    assert list(counted(engine).values()) == [5]


def test_of_guesses_in_one_transaction_the_last_are_stopped(
    play: Callable[[Play], None], engine: Engine
) -> None:
    async def scene(house: House) -> None:
        calls = [
            Entry(
                *(str(number), NOON, "direct"),
                institution=INSTITUTION,
                wrong_about=(digest(AYSE),),
                wrong_max=5,
            )
            for number in range(7)
        ]
        with (
            pytest.raises(Undone) as stopped,
            engine.connect() as connection,
            writing(connection),
        ):
            house.alongside.write(connection, calls, now=NOON)
        assert sorted(stopped.value.reasons) == ["5", "6"]

    play(scene)
    assert counted(engine) == {}


def test_mistakes_are_forgotten_after_the_day_that_follows(
    play: Callable[[Play], None], engine: Engine
) -> None:
    async def scene(house: House) -> None:
        for days in range(4):
            await house.ask(AYSE, at=NOON + timedelta(days=days))

    play(scene)
    assert [day for _, _, day in sorted(counted(engine))] == ["2026-01-03", "2026-01-04"]


def test_other_records_pass_untouched(play: Callable[[Play], None]) -> None:
    async def scene(house: House) -> None:
        entry = Entry("another", NOON, "public", criterion_outcomes=[int(WRONG)])
        await house.mistakes.recorded_by(house.write)(entry)
        assert entry.wrong_about == ()

    play(scene)


def test_a_day_is_that_of_istanbul() -> None:
    assert (day_of(LATE), day_of(AFTER_MIDNIGHT)) == ("2026-01-01", "2026-01-02")


# In the criteria stage


@dataclass
class FakeMistakes:
    asked: list[tuple[str, Sequence[int | None], int]] = field(default_factory=list)

    async def check(
        self, _entry: Entry, institution: str, numbers: Sequence[int | None], *, most: int
    ) -> None:
        self.asked.append((institution, list(numbers), most))


@dataclass
class Call:
    parameters: tuple[Any, ...]


@dataclass
class Contract:
    criteria: CriteriaPolicy


@dataclass
class Asked:
    entry: Entry = field(default_factory=lambda: Entry("r", NOON, "direct"))


@dataclass
class Register:
    kind: str = "GERCEK"


@pytest.mark.parametrize(("most", "asks"), [(5, True), (0, False)])
def test_only_a_contract_that_counts_mistakes_is_held_to_them(most: int, *, asks: bool) -> None:
    mistakes: Any = FakeMistakes()
    register: Any = Register()
    stage = CriteriaStage(register, Any, mistakes=mistakes)  # type: ignore[arg-type]
    policy = CriteriaPolicy("KimlikNo", wrong_per_day_max=most)
    criteria = [{"KimlikNo": AYSE}, {"KimlikNo": 1}, {"KimlikNo": FATMA}]
    terms = Terms(INSTITUTION, None, "TAM", 10)
    asyncio.run(stage(Asked(), Call((criteria,)), Contract(policy), terms))
    assert mistakes.asked == ([(INSTITUTION, [AYSE, None, FATMA], 5)] if asks else [])
