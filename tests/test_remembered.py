"""What is remembered of accounts and people is forgotten by the change itself, whoever makes it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, update

from kps_soap import database
from kps_soap.credentials import StoredCredentials, set_password
from kps_soap.database import writing
from kps_soap.lookups import Lookups
from kps_soap.models import credentials, writer_probes
from kps_soap.people_models import (
    former_secrets,
    mandates,
    narrowings,
    people,
    special_shares,
    standing_changes,
)
from kps_soap.registry.reading import Reader
from kps_soap.remembered import Remembered

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
NAME, PASSWORD = "KRM-34-0417", "Ğüçlü parola 1"

#: A row of each table from which it is read who calls.
ROWS: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "credentials": (
        credentials,
        {"account": "A", "password_hash": "", "credential_version": 1, "state": "ACIK",
         "changed_us": 0},
    ),
    "former_secrets": (former_secrets, {"account": "A", "password_hash": "", "until_us": 0}),
    "people": (
        people,
        {
            **dict.fromkeys(("person_id", "institution", "name", "unit", "inquirer"), "A"),
            **dict.fromkeys(("roles", "state", "shut_by", "deputy_for", "sought_by"), ""),
            "valid_from": "2026-01-01",
            **dict.fromkeys(("changed_us", "row_version", "login_version", "must_change"), 0),
            **dict.fromkeys(("code_step", "failures", "failures_today", "locked_until_us"), 0),
        },
    ),
    "narrowings": (
        narrowings,
        dict.fromkeys(("person_id", "service", "version", "purposes", "fields"), "A"),
    ),
    "special_shares": (special_shares, {"person_id": "A", "service": "A", "approval": 1}),
    "mandates": (
        mandates,
        {"number": 1, **dict.fromkeys(("account", "vendor", "institution", "services"), "A"),
         "networks": "[]", "valid_from": "2026-01-01", "valid_until": "2026-01-02"},
    ),
}  # fmt: skip


class CountingReader:
    """A reader that counts what is read through it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.prepare = reader.prepare
        self.close = reader.close
        self.count = 0

    async def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Any]:
        self.count += 1
        return await self.reader.rows(sql, parameters)


class House:
    """One worker's memory over a database, with the number of its reads."""

    def __init__(self, url: str) -> None:
        self.readers: list[CountingReader] = []
        self.lookups = Lookups(url, seconds_max=5, watch=self._watch)
        self.remembered = Remembered(self.lookups, ticks=lambda: self.now, things_max=3)
        self.now = 1_000
        self.answer: object = "first"
        self.asked = 0

    def _watch(self, reader: Reader) -> CountingReader:
        self.readers.append(CountingReader(reader))
        return self.readers[-1]

    @property
    def reads(self) -> int:
        return sum(one.count for one in self.readers)

    async def get(self, key: str = "key", *, since_ns: int = 0) -> object:
        async def read() -> object:
            self.asked += 1
            return self.answer

        return await self.remembered.get(key, read, since_ns=since_ns)

    async def next_round(self) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def in_house(url: str, work: Callable[[House], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        house = House(url)
        try:
            return await work(house)
        finally:
            await house.lookups.close()

    return asyncio.run(run())


@pytest.fixture
def any_engine(any_url: str) -> Iterator[Engine]:
    opened = database.open_database(any_url, wait_seconds_max=5)
    yield opened
    opened.dispose()


@contextmanager
def change(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, writing(connection):
        yield connection


def number(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(standing_changes.c.number)).scalar_one())


def test_what_nobody_changed_is_read_once(any_url: str) -> None:
    async def work(house: House) -> tuple[list[object], int]:
        found = []
        for _ in range(3):
            found.append(await house.get())
            house.answer = "second"
            await house.next_round()
        return found, house.asked

    assert in_house(any_url, work) == (["first"] * 3, 1)


@pytest.mark.parametrize("name", ROWS)
def test_every_change_of_who_calls_is_counted_by_the_database(
    any_engine: Engine, name: str
) -> None:
    table, row = ROWS[name]
    key = next(iter(row))
    numbers = [number(any_engine)]
    for statement in (
        insert(table).values(row),
        update(table).values({key: row[key]}),
        delete(table),
    ):
        with change(any_engine) as connection:
            connection.execute(statement)
        numbers.append(number(any_engine))
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 4


def test_a_change_is_seen_on_the_next_call(any_url: str, any_engine: Engine) -> None:
    table, row = ROWS["people"]

    async def work(house: House) -> list[object]:
        found = [await house.get()]
        house.answer = "second"
        with change(any_engine) as connection:
            connection.execute(insert(table).values(row))
        await house.next_round()
        return [*found, await house.get()]

    assert in_house(any_url, work) == ["first", "second"]


def test_a_change_that_was_rolled_back_was_none(any_url: str, any_engine: Engine) -> None:
    table, row = ROWS["people"]

    async def work(house: House) -> list[object]:
        found = [await house.get()]
        house.answer = "second"
        with pytest.raises(ZeroDivisionError), change(any_engine) as connection:
            connection.execute(insert(table).values(row))
            raise ZeroDivisionError
        await house.next_round()
        return [*found, await house.get()]

    assert in_house(any_url, work) == ["first", "first"]


def test_records_of_queries_change_nothing_of_it(any_engine: Engine) -> None:
    before = number(any_engine)
    with change(any_engine) as connection:
        connection.execute(insert(writer_probes).values(worker="w", probed_us=1))
    assert number(any_engine) == before


def test_the_number_is_read_once_in_a_round_of_the_loop(any_url: str) -> None:
    async def work(house: House) -> int:
        await house.get()
        await house.next_round()
        before = house.reads
        for _ in range(5):
            await house.get()
        return house.reads - before

    assert in_house(any_url, work) == 1


def test_the_number_is_read_once_for_a_call_however_long_it_takes(any_url: str) -> None:
    async def work(house: House) -> list[int]:
        reads = []
        # The first look is older than the second call, the second is as young as it is.
        for now, since in ((1_000, 900), (2_000, 900), (2_000, 1_500), (3_000, 2_000), (3_000, 0)):
            house.now = now
            await house.get(since_ns=since)
            await house.next_round()
            reads.append(house.reads)
        return [later - earlier for earlier, later in zip([0, *reads], reads, strict=False)]

    first, *more = in_house(any_url, work)
    assert first >= 1
    assert more == [0, 1, 0, 1]


def test_a_change_is_seen_by_a_call_that_began_behind_it(any_url: str, any_engine: Engine) -> None:
    table, row = ROWS["people"]

    async def work(house: House) -> list[object]:
        found = [await house.get(since_ns=900)]
        house.answer = "second"
        with change(any_engine) as connection:
            connection.execute(insert(table).values(row))
        await house.next_round()
        house.now = 2_000
        return [*found, await house.get(since_ns=900), await house.get(since_ns=1_001)]

    assert in_house(any_url, work) == ["first", "first", "second"]


def test_nothing_is_not_remembered(any_url: str) -> None:
    async def work(house: House) -> tuple[list[object], int]:
        house.answer = None
        return [await house.get(), await house.get()], house.asked

    assert in_house(any_url, work) == ([None, None], 2)


def test_what_was_read_before_somebody_saw_a_change_is_not_remembered(
    any_url: str, any_engine: Engine
) -> None:
    table, row = ROWS["people"]

    async def work(house: House) -> object:
        async def slow() -> object:
            with change(any_engine) as connection:
                connection.execute(insert(table).values(row))
            await house.next_round()
            # Another call sees the change while this one still reads.
            await house.get("another")
            return "old"

        await house.remembered.get("key", slow)
        await house.next_round()
        house.answer = "new"
        return await house.get()

    assert in_house(any_url, work) == "new"


def test_the_memory_is_bounded(any_url: str) -> None:
    async def work(house: House) -> list[bool]:
        for key in "abcd":
            await house.get(key)
        return [house.remembered.holds(key) for key in "abcd"]

    assert in_house(any_url, work) == [False, False, False, True]


def test_without_the_number_everything_is_read_anew(any_url: str, any_engine: Engine) -> None:
    with change(any_engine) as connection:
        connection.execute(delete(standing_changes))

    async def work(house: House) -> int:
        await house.get()
        await house.get()
        return house.asked

    assert in_house(any_url, work) == 2


def accounts(house: House) -> StoredCredentials:
    return StoredCredentials(house.lookups, lambda: NOW, house.remembered)


def test_an_account_that_nobody_changed_costs_no_reading(url: str, engine: Engine) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)

    async def work(house: House) -> tuple[bool, int]:
        store = accounts(house)
        first = await store.find(NAME)
        before = house.reads
        return first == await store.find(NAME), house.reads - before

    assert in_house(url, work) == (True, 0)


def test_a_wrong_password_costs_the_same_reading_whether_the_account_is_remembered_or_unknown(
    url: str, engine: Engine
) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)

    async def work(house: House) -> Sequence[int]:
        store, costs = accounts(house), []
        await store.find(NAME)
        for name in (NAME, "KRM-99-9999"):
            before = house.reads
            await store.find(name)
            await store.look(name)
            costs.append(house.reads - before)
        return costs

    remembered, unknown = in_house(url, work)
    assert remembered == unknown
