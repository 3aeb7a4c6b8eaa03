"""Opening and upgrading the gateway's own database."""

import logging
import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from database_samples import count, with_tables
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from kps_soap import database
from kps_soap.models import field_lists, receipt_blocks


def test_an_upgrade_makes_the_tables_and_can_be_run_again(database_url: str) -> None:
    assert not database.is_at_head(database_url)
    database.upgrade(database_url)
    assert database.is_at_head(database_url)
    database.upgrade(database_url)
    assert database.is_at_head(database_url)


def test_asking_for_the_head_makes_no_file(tmp_path: Path) -> None:
    assert not database.is_at_head(f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert not database.is_at_head("sqlite://")
    assert list(tmp_path.iterdir()) == []


def test_a_new_sqlite_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    database.upgrade(f"sqlite:///{path}")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_record_with_its_messages_fits_a_page_of_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    database.upgrade(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA page_size").fetchone() == (8192,)


def test_a_file_that_has_tables_keeps_its_pages_and_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA page_size=4096")
        connection.execute("CREATE TABLE before (a)")
        connection.execute("INSERT INTO before VALUES (7)")
    database.upgrade(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA page_size").fetchone() == (4096,)
        assert connection.execute("SELECT a FROM before").fetchone() == (7,)


def test_two_upgrades_at_once_are_one(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    upgrades = [context.Process(target=database.upgrade, args=(database_url,)) for _ in range(2)]
    for process in upgrades:
        process.start()
    for process in upgrades:
        process.join()
    assert [process.exitcode for process in upgrades] == [0, 0]
    assert database.is_at_head(database_url)


def test_a_downgrade_leaves_nothing(database_url: str) -> None:
    from alembic import command

    database.upgrade(database_url)
    engine = database.open_database(database_url, wait_seconds_max=5)
    with engine.connect() as connection:
        config = database._migrations()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()
    assert not database.is_at_head(database_url)


@pytest.mark.parametrize("act", [database.upgrade, database.is_at_head])
@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{home}",
        "postgresql+psycopg://kps:geheim@/none?host={home}&port=1",
    ],
)
def test_a_database_that_cannot_be_opened_is_refused_without_its_address(
    tmp_path: Path, act: Any, url: str
) -> None:
    with pytest.raises(database.DatabaseUnavailable) as refused:
        act(url.format(home=tmp_path))
    assert str(tmp_path) not in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(database.DatabaseUnavailable, match="FileNotFoundError"):
        database.upgrade(f"sqlite:///{tmp_path / 'no' / 'such' / 'place.sqlite'}")


def test_sqlite_commits_reach_the_disk(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.sqlite'}"
    database.upgrade(url)
    engine = database.open_database(url, wait_seconds_max=1.5)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 1500,
    }


def test_postgresql_commits_reach_the_disk_and_nothing_waits_for_ever(
    postgresql_url: str,
) -> None:
    engine = database.open_database(postgresql_url, wait_seconds_max=0.3)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("synchronous_commit", "statement_timeout", "lock_timeout")
        }
        with pytest.raises(SQLAlchemyError):
            connection.execute(text("SELECT pg_sleep(60)"))
    engine.dispose()
    assert found == {
        "synchronous_commit": "on",
        "statement_timeout": "300ms",
        "lock_timeout": "300ms",
    }


def test_a_writing_transaction_is_kept_or_undone_as_a_whole(database_url: str) -> None:
    engine = with_tables(database_url)
    row = {"digest": "a", "paths": "x"}
    with engine.connect() as connection:
        with pytest.raises(ZeroDivisionError), database.writing(connection):
            connection.execute(insert(field_lists).values(row))
            raise ZeroDivisionError
        assert count(connection) == 0
        with database.writing(connection):
            connection.execute(insert(field_lists).values(row))
        assert count(connection) == 1
    engine.dispose()


def test_a_writer_of_sqlite_takes_the_lock_when_it_begins(tmp_path: Path) -> None:
    engine = with_tables(f"sqlite:///{tmp_path / 'gateway.sqlite'}")
    other = sqlite3.connect(tmp_path / "gateway.sqlite", timeout=0)
    with engine.connect() as connection:
        with database.writing(connection), pytest.raises(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        with connection.begin():
            # Who only reads keeps nobody from writing.
            assert connection.execute(select(receipt_blocks)).all()
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
    other.close()
    engine.dispose()


def test_a_database_in_memory_needs_no_queue() -> None:
    engine = database.open_database("sqlite://", wait_seconds_max=1)
    assert database.file_identity(engine) is None
    with engine.connect() as connection:
        with database.writing(connection):
            connection.execute(text("CREATE TABLE a (b)"))
        assert inspect(connection).get_table_names() == ["a"]
    engine.dispose()


def test_a_replaced_file_has_another_identity(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    engine = with_tables(f"sqlite:///{path}")
    before = database.file_identity(engine)
    path.rename(tmp_path / "kept.sqlite")
    with pytest.raises(FileNotFoundError):
        database.file_identity(engine)
    database.upgrade(f"sqlite:///{path}")
    assert database.file_identity(engine) != before
    engine.dispose()


def test_failures_and_logs_hold_no_parameters(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = with_tables(database_url)
    query = text("SELECT * FROM no_such_table WHERE a = :secret")
    with (
        engine.connect() as connection,
        caplog.at_level(logging.DEBUG),
        pytest.raises(SQLAlchemyError) as failed,
    ):
        connection.execute(query, {"secret": "geheim"})
    assert "geheim" not in str(failed.value)
    assert "geheim" not in caplog.text
    assert "parameters hidden" in str(failed.value)
    assert make_url(database_url).database not in caplog.text
    engine.dispose()
