"""How a register's database fails: gone, restarted, stuck; and that it is only read."""

import asyncio
import socket
from pathlib import Path

import pytest
from sqlalchemy import bindparam, create_engine, func, insert, literal_column, select
from sqlalchemy.engine import make_url

from kps_soap.faults import RegisterUnavailable
from kps_soap.registry import tables
from kps_soap.registry.reading import PostgresReader, reader_of

PROVINCES = select(tables.provinces.c.code)
SLEEP = select(func.pg_sleep(bindparam("seconds")))
BACKEND = select(func.pg_backend_pid())


def _filled(url: str) -> str:
    engine = create_engine(url)
    with engine.begin() as connection:
        tables.provinces.create(connection)
        connection.execute(insert(tables.provinces), [{"code": 34, "name": "İSTANBUL"}])
    engine.dispose()
    return url


def _postgres(url: str, *, deadline_s: float = 5.0, connections_max: int = 2) -> PostgresReader:
    return PostgresReader(make_url(url), deadline_s=deadline_s, connections_max=connections_max)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/register"])
def test_a_register_lies_in_a_file_or_in_postgresql(url: str) -> None:
    with pytest.raises(ValueError, match="SQLite file or in PostgreSQL"):
        reader_of(url, deadline_s=1, connections_max=1)


def test_the_connections_cannot_write(database_url: str) -> None:
    async def main() -> None:
        reader = reader_of(_filled(database_url), deadline_s=5, connections_max=1)
        assert await reader.rows(reader.prepare(PROVINCES), {}) == [(34,)]
        with pytest.raises(RegisterUnavailable):
            await reader.rows("DELETE FROM provinces", {})
        assert await reader.rows(reader.prepare(PROVINCES), {}) == [(34,)]
        await reader.close()
        await reader.close()

    asyncio.run(main())


def test_a_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"

    async def main() -> None:
        reader = reader_of(f"sqlite:///{path}", deadline_s=1, connections_max=1)
        with pytest.raises(RegisterUnavailable):
            await reader.rows("SELECT 1", {})
        _filled(f"sqlite:///{path}")
        assert await reader.rows(reader.prepare(PROVINCES), {}) == [(34,)]
        await reader.close()

    with pytest.raises(FileNotFoundError):
        path.stat()
    asyncio.run(main())


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    async def main() -> None:
        reader = _postgres(f"postgresql+psycopg://kps@/x?host={tmp_path}&port=1")
        with pytest.raises(RegisterUnavailable) as caught:
            await reader.rows("SELECT 1", {})
        assert caught.value.detail == "OperationalError"

    asyncio.run(main())


def _beside(url: str, port: int) -> str:
    """An address that names a server on this port first, and the real one behind it."""
    there = make_url(url).query["port"]
    return f"postgresql+psycopg://kps@/postgres?host=127.0.0.1:{port}&host=127.0.0.1:{there}"


def test_a_server_that_hangs_leaves_time_for_the_next_one(postgresql_url: str) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            reader = _postgres(_beside(postgresql_url, deaf.getsockname()[1]), deadline_s=2)
            assert await reader.rows("SELECT 1", {}) == [(1,)]
            # The next connections do not wait for it first.
            both = (reader.rows(reader.prepare(SLEEP), {"seconds": 0.2}) for _ in range(2))
            async with asyncio.timeout(1.5):
                await asyncio.gather(*both)
            await reader.close()

    asyncio.run(main())


def test_a_server_that_is_gone_is_passed_over(postgresql_url: str) -> None:
    async def main() -> None:
        reader = _postgres(_beside(postgresql_url, 1))
        assert await reader.rows("SELECT 1", {}) == [(1,)]
        await reader.close()

    asyncio.run(main())


def test_an_address_of_servers_that_are_all_gone_is_unavailable() -> None:
    async def main() -> None:
        address = "postgresql+psycopg://kps@/x?host=127.0.0.1:1&host=127.0.0.1:2"
        with pytest.raises(RegisterUnavailable):
            await _postgres(address).rows("SELECT 1", {})

    asyncio.run(main())


def test_the_server_ends_a_question_that_nobody_waits_for(postgresql_url: str) -> None:
    async def main() -> None:
        reader = _postgres(postgresql_url, deadline_s=2)
        for name in ("statement_timeout", "lock_timeout"):
            assert await reader.rows(f"SHOW {name}", {}) == [("3s",)]
        await reader.close()

    asyncio.run(main())


def test_a_held_connection_that_died_is_replaced_without_a_word(postgresql_url: str) -> None:
    async def main() -> None:
        reader, other = _postgres(postgresql_url), _postgres(postgresql_url)
        ((first,),) = await reader.rows(reader.prepare(BACKEND), {})
        terminate = select(func.pg_terminate_backend(bindparam("pid")))
        await other.rows(other.prepare(terminate), {"pid": first})
        ((second,),) = await reader.rows(reader.prepare(BACKEND), {})
        assert second != first
        await reader.close()
        await other.close()

    asyncio.run(main())


def test_a_question_that_takes_too_long_is_cut_off_and_the_next_one_works(
    postgresql_url: str,
) -> None:
    async def main() -> None:
        reader = _postgres(postgresql_url, deadline_s=0.2)
        assert await reader.rows("SELECT 1", {}) == [(1,)]
        with pytest.raises(RegisterUnavailable):
            await reader.rows(reader.prepare(SLEEP), {"seconds": 30})
        assert await reader.rows("SELECT 1", {}) == [(1,)]
        await reader.close()

    asyncio.run(main())


def test_a_question_that_finds_no_free_connection_in_time_is_refused(
    postgresql_url: str,
) -> None:
    async def main() -> None:
        reader = _postgres(postgresql_url, deadline_s=0.3, connections_max=1)
        sleep = reader.prepare(SLEEP)
        both = await asyncio.gather(
            *(reader.rows(sleep, {"seconds": 30}) for _ in range(2)), return_exceptions=True
        )
        assert [type(one) for one in both] == [RegisterUnavailable] * 2
        await reader.close()

    asyncio.run(main())


def test_a_question_that_is_given_up_leaves_the_reader_in_order(postgresql_url: str) -> None:
    async def main() -> None:
        reader = _postgres(postgresql_url, connections_max=1)
        task = asyncio.create_task(reader.rows(reader.prepare(SLEEP), {"seconds": 30}))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await reader.rows("SELECT 1", {}) == [(1,)]
        await reader.close()

    asyncio.run(main())


def test_questions_run_side_by_side_on_several_connections(postgresql_url: str) -> None:
    async def main() -> None:
        reader = _postgres(postgresql_url, connections_max=3)
        question = reader.prepare(select(func.pg_backend_pid(), literal_column("pg_sleep(0.05)")))
        answers = await asyncio.gather(*(reader.rows(question, {}) for _ in range(6)))
        assert len({rows[0][0] for rows in answers}) == 3
        await reader.close()

    asyncio.run(main())
