"""What a group of records writes: the same rows on both databases, in few statements or many."""

from typing import Any

import pytest
from evidence_samples import Evidence, opened
from sqlalchemy import Connection, insert, select

from kps_soap.audit import partitions
from kps_soap.audit.group_rows import GroupRows
from kps_soap.database import writing
from kps_soap.models import evidence_chains, evidence_persons

CHAIN = "c" * 16


def head(start: int, end: int) -> dict[str, Any]:
    return {
        "chain": CHAIN,
        "from_sequence": start,
        "from_hash": bytes([start]) * 32,
        "to_sequence": end,
        "to_hash": bytes([end]) * 32,
    }


def begin(connection: Connection) -> None:
    row = {"chain_id": CHAIN, "worker": "0", "opened_us": 0}
    first = {"head_sequence": 0, "head_hash": bytes(32)}
    connection.execute(insert(evidence_chains).values({**row, **first}))


def written(evidence: Evidence) -> tuple[list[tuple[Any, ...]], list[int]]:
    with evidence.engine.connect() as connection:
        persons = [tuple(row) for row in connection.execute(select(evidence_persons))]
        heads = connection.execute(select(evidence_chains.c.head_sequence)).scalars()
        return sorted((chain, at, bytes(digest), month) for chain, at, digest, month in persons), [
            *heads
        ]


def test_persons_of_several_records_and_months_are_written_with_the_head(
    database_url: str,
) -> None:
    persons = [
        (CHAIN, sequence, bytes([sequence, number]) * 16, f"2026-{month:02d}")
        for sequence, month in ((1, 11), (2, 12), (3, 12))
        for number in range(sequence)
    ]
    with opened(database_url) as evidence:
        rows = GroupRows(evidence.engine.dialect)
        with evidence.engine.connect() as connection:
            with writing(connection):
                begin(connection)
                partitions.ensure(connection, "2026-11")
                partitions.ensure(connection, "2026-12")
                assert rows.write(connection, [], [], persons[:3], head(0, 2))
                assert rows.write(connection, [], [], persons[3:], head(2, 3))
            with writing(connection):
                assert rows.write(connection, [], [], [], head(3, 4))
        assert written(evidence) == (sorted(persons), [4])


def test_a_head_that_somebody_else_moved_is_left_where_it_is(database_url: str) -> None:
    with opened(database_url) as evidence:
        rows = GroupRows(evidence.engine.dialect)
        with evidence.engine.connect() as connection, writing(connection):
            begin(connection)
            assert not rows.write(connection, [], [], [], head(1, 2))
        assert written(evidence) == ([], [0])


def test_on_a_server_a_group_s_persons_and_head_cost_one_wait(database_url: str) -> None:
    persons = [(CHAIN, number, bytes([number]) * 32, "2026-11") for number in range(1, 51)]
    statements: list[str] = []
    with opened(database_url) as evidence:
        if evidence.engine.dialect.name == "sqlite":
            pytest.skip("SQLite has no arrays")
        rows = GroupRows(evidence.engine.dialect)
        with evidence.engine.connect() as connection, writing(connection):
            begin(connection)
            partitions.ensure(connection, "2026-11")
            driver: Any = connection.connection.driver_connection
            usual: Any = driver.cursor_factory

            class Counting(usual):  # type: ignore[misc]
                def execute(self, query: str, *arguments: Any, **options: Any) -> Any:
                    statements.append(query)
                    return super().execute(query, *arguments, **options)

            driver.cursor_factory = Counting
            assert rows.write(connection, [], [], persons, head(0, 50))
            driver.cursor_factory = usual
        assert len(written(evidence)[0]) == 50
    assert len(statements) == 1
