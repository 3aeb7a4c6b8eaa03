"""Rows and statements that the driver takes as they are."""

import pytest
from database_samples import count, with_tables
from sqlalchemy import bindparam, select, update

from kps_soap import database
from kps_soap.driver_statements import Inserter, Prepared
from kps_soap.models import field_lists, legal_orders, receipt_blocks


def test_many_rows_go_in_at_once(database_url: str) -> None:
    engine = with_tables(database_url)
    insert_rows = Inserter(engine.dialect, field_lists, skip_known=True)
    rows = [(f"{number:064d}", "x") for number in range(203)]
    with engine.connect() as connection:
        with database.writing(connection):
            insert_rows(connection, [])
            insert_rows(connection, rows)
            insert_rows(connection, rows[:7])
        assert count(connection) == 203
        with pytest.raises(database.FAILURES), database.writing(connection):
            Inserter(engine.dialect, field_lists)(connection, rows[:1])
    engine.dispose()


def test_groups_of_any_size_go_in_whole(database_url: str) -> None:
    engine = with_tables(database_url)
    insert_rows = Inserter(engine.dialect, legal_orders)
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
    insert_rows = Inserter(engine.dialect, field_lists)
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
    statement = Prepared(
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
