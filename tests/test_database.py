"""Opening and upgrading the gateway's own database."""

import logging
import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, inspect, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from kps_soap import database
from kps_soap.models import field_lists, legal_orders, receipt_blocks


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


def with_tables(url: str) -> Any:
    database.upgrade(url)
    return database.open_database(url, wait_seconds_max=0.2)


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


def count(connection: Connection) -> int:
    with connection.begin():
        return len(connection.execute(select(field_lists)).all())


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


def test_many_rows_go_in_at_once(database_url: str) -> None:
    engine = with_tables(database_url)
    insert_rows = database.Inserter(engine.dialect, field_lists, skip_known=True)
    rows = [(f"{number:064d}", "x") for number in range(203)]
    with engine.connect() as connection:
        with database.writing(connection):
            insert_rows(connection, [])
            insert_rows(connection, rows)
            insert_rows(connection, rows[:7])
        assert count(connection) == 203
        with pytest.raises(database.FAILURES), database.writing(connection):
            database.Inserter(engine.dialect, field_lists)(connection, rows[:1])
    engine.dispose()


def test_groups_of_any_size_go_in_whole(database_url: str) -> None:
    engine = with_tables(database_url)
    insert_rows = database.Inserter(engine.dialect, legal_orders)
    written: list[tuple[object, ...]] = []
    with engine.connect() as connection:
        for size in (1, 2, 3, 7, 15, 16, 17, 31, 50):
            # Zero and empty are something; a column may be absent in all rows, or in some.
            rows = [
                (f"{size}-{at}", "", "k", 0, b"", b"s" if at else None, "c:1", None, None)
                for at in range(size)
            ]
            with database.writing(connection):
                insert_rows(connection, rows)
            written += rows
        kept = connection.execute(select(legal_orders)).all()
        assert sorted(map(tuple, kept)) == sorted(written)
    engine.dispose()


def test_a_group_with_a_row_that_is_there_leaves_nothing(database_url: str) -> None:
    engine = with_tables(database_url)
    insert_rows = database.Inserter(engine.dialect, field_lists)
    rows = [(f"{number:064}", "A/B") for number in range(20)]
    with engine.connect() as connection:
        with pytest.raises(database.FAILURES), database.writing(connection):
            insert_rows(connection, [*rows, rows[3]])
        with pytest.raises(database.FAILURES), database.writing(connection):
            insert_rows(connection, [*rows[:10], rows[3], *rows[10:]])
        assert connection.execute(select(field_lists)).all() == []
    engine.dispose()


def test_a_prepared_statement_takes_its_values_by_name(database_url: str) -> None:
    engine = with_tables(database_url)
    statement = database.Prepared(
        engine.dialect,
        update(receipt_blocks)
        .where(receipt_blocks.c.series == bindparam("which"))
        .values(next_counter=bindparam("to")),
    )
    with engine.connect() as connection:
        with database.writing(connection):
            assert statement(connection, {"to": 7, "which": "ALINDI"}).rowcount == 1
        assert connection.execute(select(receipt_blocks.c.next_counter)).scalar_one() == 7
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
