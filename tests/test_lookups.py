"""Short reads of the gateway's own database, in the loop, within a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Integer, String, bindparam, column, create_engine, func, select, table, text

from kps_soap.faults import EvidenceUnavailable
from kps_soap.lookups import Lookups


def with_lookups(
    url: str, work: Callable[[Lookups], Awaitable[Any]], *, seconds_max: float = 5
) -> Any:
    async def run() -> Any:
        lookups = Lookups(url, seconds_max=seconds_max)
        try:
            return await work(lookups)
        finally:
            await lookups.close()

    return asyncio.run(run())


def made(url: str) -> str:
    """A database that exists and holds one table with one row."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (name VARCHAR(10), weight INTEGER)"))
        connection.execute(text("INSERT INTO things VALUES ('a', 1), ('b', 2)"))
    engine.dispose()
    return url


NOTHING: dict[str, Any] = {}


def test_a_statement_is_written_once_and_answered_with_its_rows(database_url: str) -> None:
    things = table("things", column("name", String), column("weight", Integer))
    heavier = select(things.c.name).where(things.c.weight >= bindparam("least"))

    async def work(lookups: Lookups) -> list[list[Any]]:
        sql = lookups.prepare(heavier.order_by(things.c.name))
        return [list(await lookups.rows(sql, {"least": least})) for least in (1, 2, 3)]

    assert with_lookups(made(database_url), work) == [[("a",), ("b",)], [("b",)], []]


def test_many_reads_at_once_are_all_answered(database_url: str) -> None:
    async def work(lookups: Lookups) -> int:
        sql = lookups.prepare(select(bindparam("a")))
        answers = await asyncio.gather(*(lookups.rows(sql, {"a": n}) for n in range(50)))
        return sum(int(rows[0][0]) for rows in answers)

    assert with_lookups(made(database_url), work) == sum(range(50))


def test_a_database_that_cannot_be_read_is_no_evidence_and_no_word_of_it_is_told(
    tmp_path: Path,
) -> None:
    async def work(lookups: Lookups) -> None:
        sql = lookups.prepare(select(bindparam("a")))
        with pytest.raises(EvidenceUnavailable) as caught:
            await lookups.rows(sql, {"a": "a secret value"})
        assert caught.value.detail.startswith("lookup ")
        assert "secret" not in caught.value.detail
        assert tmp_path.name not in caught.value.detail
        assert caught.value.__cause__ is None

    with_lookups(f"sqlite:///{tmp_path}/absent.sqlite", work)
    assert not (tmp_path / "absent.sqlite").exists()


def test_a_wrong_statement_is_told_as_the_class_of_its_error_alone(database_url: str) -> None:
    async def work(lookups: Lookups) -> None:
        with pytest.raises(EvidenceUnavailable) as caught:
            await lookups.rows("SELECT no_such_column FROM no_such_table", NOTHING)
        assert "no_such" not in caught.value.detail
        assert await lookups.rows("SELECT 1", NOTHING)

    with_lookups(made(database_url), work)


def test_nothing_can_be_written_through_a_lookup(database_url: str) -> None:
    async def work(lookups: Lookups) -> None:
        with pytest.raises(EvidenceUnavailable):
            await lookups.rows("DELETE FROM things RETURNING name", NOTHING)
        rows = await lookups.rows("SELECT count(*) FROM things", NOTHING)
        assert rows[0][0] == 2

    with_lookups(made(database_url), work)


def test_a_read_that_takes_too_long_is_given_up(postgresql_url: str) -> None:
    async def work(lookups: Lookups) -> None:
        sql = lookups.prepare(select(func.pg_sleep(bindparam("seconds"))))
        with pytest.raises(EvidenceUnavailable):
            await lookups.rows(sql, {"seconds": 60})

    with_lookups(postgresql_url, work, seconds_max=0.2)
