"""A database that is broken, read-only or shut: nothing is acknowledged, and nothing needs help."""

import asyncio
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from evidence_samples import NOW, Evidence, entry, keyring, opened, until, writing_to
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from kps_soap import database
from kps_soap.audit.verification import verify
from kps_soap.audit.waiting import Clocks
from kps_soap.audit.writer import EvidenceWriter
from kps_soap.entry import Event
from kps_soap.faults import EvidenceUnavailable

Trouble = Callable[[Evidence], object]


async def through(evidence: Evidence, trouble: Trouble) -> None:
    """Write, lose the database, be refused, and write again."""
    async with writing_to(evidence) as writer:
        await writer.record(entry())
        with trouble(evidence):  # type: ignore[attr-defined]
            await until(lambda: not writer.healthy)
            await refused(writer)
        await until(lambda: writer.healthy)
        await writer.record(entry())


async def refused(writer: EvidenceWriter) -> None:
    with pytest.raises(EvidenceUnavailable):
        await writer.record(entry())


def queries(evidence: Evidence) -> int:
    return sum(row.event == Event.QUERY.value for row in evidence.rows())


# SQLite: a broken page


def pages_of(path: Path, table: str) -> list[int]:
    """The pages of a table's tree, as offsets into the file."""
    connection = sqlite3.connect(path)
    try:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (root,) = connection.execute(query, (table,)).fetchone()
    finally:
        connection.close()
    return [(root - 1) * size]


@contextmanager
def broken_page(evidence: Evidence, table: str) -> Iterator[None]:
    """The first page of a table is noise, on the disk and for every new connection."""
    path = Path(evidence.url.removeprefix("sqlite:///"))
    (offset,) = pages_of(path, table)
    with path.open("r+b") as file:
        file.seek(offset)
        before = file.read(4096)
        file.seek(offset)
        file.write(b"\xa5" * 4096)
    try:
        yield
    finally:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(before)


@pytest.mark.parametrize("table", ["evidence", "evidence_chains", "month_keys"])
def test_a_broken_page_refuses_until_it_is_whole_again(tmp_path: Path, table: str) -> None:
    async def run() -> None:
        with broken_page(evidence, table):
            async with writing_to(evidence) as writer:
                assert not writer.healthy
                await refused(writer)
        async with writing_to(evidence) as writer:
            await until(lambda: writer.healthy)
            await writer.record(entry())

    with opened(f"sqlite:///{tmp_path / 'evidence.sqlite'}") as evidence:
        evidence.write([entry()])
        evidence.engine.dispose()
        evidence.keyring = keyring()
        asyncio.run(run())
        assert queries(evidence) == 2
        assert verify(evidence.url, evidence.keyring).ok


def test_a_page_that_breaks_under_a_running_writer_heals_under_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with writing_to(evidence) as writer:
            await writer.record(entry())
            with evidence.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            with broken_page(evidence, "evidence_chains"):
                # What it has in memory is still right; a new connection sees the noise.
                writer._disconnect()
                await refused(writer)
                await until(lambda: not writer.healthy)
            await until(lambda: writer.healthy)
            await writer.record(entry())

    with opened(f"sqlite:///{tmp_path / 'evidence.sqlite'}") as evidence:
        asyncio.run(run())
        assert queries(evidence) == 2
        assert verify(evidence.url, evidence.keyring).ok


def test_a_broken_page_is_named_by_the_verification(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'evidence.sqlite'}") as evidence:
        evidence.write([entry()])
        with evidence.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        evidence.engine.dispose()
        with broken_page(evidence, "evidence"):
            report = verify(evidence.url)
            assert not report.ok
            assert any("cannot read" in one.what for one in report.findings)
        assert verify(evidence.url).ok


# PostgreSQL: read-only, shut


@pytest.fixture
def maintained(postgresql_url: str) -> Iterator[tuple[Evidence, Callable[[str], None]]]:
    """A database of its own, and a way to do something to it from outside."""
    name = f"troubled_{uuid.uuid4().hex}"
    maintenance = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")

    def do(statement: str) -> None:
        with maintenance.connect() as connection:
            connection.execute(text(statement.format(name=name)))

    do("CREATE DATABASE {name}")
    url = make_url(postgresql_url).set(database=name).render_as_string(hide_password=False)
    database.upgrade(url)
    with opened(url) as evidence:
        yield evidence, do
    do("DROP DATABASE {name} WITH (FORCE)")
    maintenance.dispose()


END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "ALTER DATABASE {name} SET default_transaction_read_only = on",
            "ALTER DATABASE {name} RESET default_transaction_read_only",
        ),
        (
            "ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
            "ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true",
        ),
    ],
    ids=["read-only", "shut"],
)
def test_a_server_that_takes_nothing_refuses_until_it_does_again(
    maintained: tuple[Evidence, Callable[[str], None]], before: str, after: str
) -> None:
    evidence, do = maintained

    @contextmanager
    def trouble(_evidence: Evidence) -> Iterator[None]:
        do(before)
        do(END_ALL)
        try:
            yield
        finally:
            do(after)
            do(END_ALL)

    asyncio.run(through(evidence, trouble))
    assert queries(evidence) == 2
    assert verify(evidence.url, evidence.keyring).ok


# The clock


def test_a_clock_that_steps_back_over_a_month_loses_and_mixes_nothing(database_url: str) -> None:
    moments = [NOW, NOW + timedelta(days=40), NOW - timedelta(days=40), NOW]

    async def run() -> None:
        now = iter([NOW, *moments])
        last = NOW

        def clock() -> object:
            nonlocal last
            last = next(now, last)  # type: ignore[assignment]
            return last

        async with writing_to(
            evidence,
            clocks=Clocks(now=clock, monotonic=asyncio.get_running_loop().time),  # type: ignore[arg-type]
        ) as writer:
            for moment in moments:
                await writer.record(entry(received_at=moment))

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert queries(evidence) == 4
        sequences = [row.sequence for row in evidence.rows()]
        assert sequences == list(range(1, len(sequences) + 1))
        report = verify(evidence.url, evidence.keyring)
        assert report.ok, report.findings
