"""Connections to a SQLite file that was replaced, taken away, or opened when it was read-only."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from kps_soap import database, sqlite_files
from kps_soap.database import FAILURES, writing


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "çok özel#.db"
    database.make_private(f"sqlite:///{path}")
    return path


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    opened = database.open_database(f"sqlite:///{file}", wait_seconds_max=1)
    with opened.connect() as connection, writing(connection):
        connection.execute(text("CREATE TABLE notes (note TEXT)"))
    yield opened
    opened.dispose()


def write(engine: Engine) -> None:
    with engine.connect() as connection, writing(connection):
        connection.execute(text("INSERT INTO notes VALUES ('x')"))


def test_connecting_makes_no_file(tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    engine = database.open_database(f"sqlite:///{missing}", wait_seconds_max=1)
    with pytest.raises(OperationalError), engine.connect():
        pass
    assert not missing.exists()


def test_a_file_that_is_away_is_not_replaced_by_an_empty_one(engine: Engine, file: Path) -> None:
    away = file.with_name("elsewhere.db")
    file.rename(away)
    with pytest.raises(OperationalError), engine.connect():
        pass
    assert not file.exists()
    away.rename(file)
    write(engine)


def test_a_connection_to_a_file_that_was_replaced_is_not_handed_out(
    engine: Engine, file: Path
) -> None:
    write(engine)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    with sqlite3.connect(copy) as other:
        other.execute("INSERT INTO notes VALUES ('of the copy')")
    other.close()
    copy.replace(file)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 2


@pytest.mark.parametrize("when", ["as it begins", "in the middle"])
def test_a_connection_that_was_opened_read_only_is_given_up_when_it_fails(
    engine: Engine, when: str
) -> None:
    with engine.connect() as connection:
        # What a connection is that was opened while its file system took no writes.
        connection.connection.cursor().execute("PRAGMA query_only=ON")
        if when == "in the middle":
            with pytest.raises(OperationalError):
                connection.execute(text("INSERT INTO notes VALUES ('x')"))
    if when == "as it begins":
        with pytest.raises(FAILURES):
            write(engine)
    write(engine)


@pytest.mark.parametrize(
    ("code", "broken"),
    [
        (sqlite3.SQLITE_READONLY_DBMOVED, True),
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_BUSY, False),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, False),
        (sqlite3.SQLITE_FULL, False),
    ],
)
def test_only_failures_of_the_file_break_a_connection(code: int, *, broken: bool) -> None:
    failure = sqlite3.OperationalError("of some kind")
    failure.sqlite_errorcode = code
    assert sqlite_files.is_broken(failure) is broken
    assert not sqlite_files.is_broken(ValueError())


def test_a_database_in_memory_has_no_file() -> None:
    engine = create_engine("sqlite://")
    sqlite_files.watch(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    assert sqlite_files.path_of(make_url("postgresql+psycopg://host/name")) is None
