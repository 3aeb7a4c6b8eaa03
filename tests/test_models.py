"""The tables: what the evidence must hold, and that tables and migrations are one."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from kps_soap import database, models
from kps_soap.audit import partitions
from kps_soap.database import writing


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database.upgrade(database_url)
    engine = database.open_database(database_url, wait_seconds_max=5)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_migrations_make_exactly_these_tables(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    assert compare_metadata(context, models.METADATA) == []


def test_the_migrations_make_exactly_these_indexes(connection: Connection) -> None:
    inspector = inspect(connection)
    for table in models.METADATA.tables.values():
        found = {
            (index["name"], tuple(index["column_names"]))
            for index in inspector.get_indexes(table.name)
        }
        assert found == {
            (index.name, tuple(column.name for column in index.columns)) for index in table.indexes
        }


def test_the_migrations_make_exactly_these_primary_keys(connection: Connection) -> None:
    """Alembic's comparison does not look at them."""
    inspector = inspect(connection)
    for table in models.METADATA.tables.values():
        columns = [column.name for column in table.primary_key.columns]
        if connection.dialect.name == "postgresql" and table.name in models.PARTITIONED:
            columns.append("month")
        assert inspector.get_pk_constraint(table.name)["constrained_columns"] == columns


def test_postgresql_keeps_records_in_a_partition_a_month(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        pytest.skip("SQLite has no partitions")
    partitioned = connection.exec_driver_sql(
        "SELECT relname, pg_get_partkeydef(oid) FROM pg_class WHERE relkind = 'p' ORDER BY relname"
    ).all()
    assert partitioned == [(name, "LIST (month)") for name in sorted(models.PARTITIONED)]


def test_partitions_are_all_that_postgresql_has_besides_these_tables(
    connection: Connection,
) -> None:
    if connection.dialect.name != "postgresql":
        pytest.skip("SQLite has no partitions")
    connection.rollback()
    for month in ("2026-11", "2026-12"):
        with writing(connection):
            partitions.ensure(connection, month)
    known = {*models.METADATA.tables, "alembic_version"}
    months = {f"{name}_2026_{number}" for name in models.PARTITIONED for number in (11, 12)}
    assert set(inspect(connection).get_table_names()) == known | months
    context = MigrationContext.configure(
        connection,
        opts={"include_name": lambda name, kind, _: kind != "table" or name not in months},
    )
    assert compare_metadata(context, models.METADATA) == []


def test_plain_columns_stand_together_and_can_all_be_emptied() -> None:
    names = models.evidence.columns.keys()
    start = names.index(models.PLAIN_COLUMNS[0])
    assert tuple(names[start : start + len(models.PLAIN_COLUMNS)]) == models.PLAIN_COLUMNS
    assert all(models.evidence.c[name].nullable for name in models.PLAIN_COLUMNS)
    assert names[-1] == "ciphertext"
