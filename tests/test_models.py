"""The tables: what the evidence must hold, and that tables and migrations are one."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from kps_soap import database, models


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


def test_plain_columns_stand_together_and_can_all_be_emptied() -> None:
    names = models.evidence.columns.keys()
    start = names.index(models.PLAIN_COLUMNS[0])
    assert tuple(names[start : start + len(models.PLAIN_COLUMNS)]) == models.PLAIN_COLUMNS
    assert all(models.evidence.c[name].nullable for name in models.PLAIN_COLUMNS)
    assert names[-1] == "ciphertext"
