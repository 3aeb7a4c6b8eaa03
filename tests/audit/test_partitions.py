"""A partition a month on PostgreSQL: made in time, by whoever comes first, and pruned."""

import threading
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from evidence_samples import NOW, Evidence, entry, opened
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from kps_soap import database, models
from kps_soap.audit import partitions
from kps_soap.audit.conditions import Criteria, matching
from kps_soap.audit.months import first_moment, following, month_of, months_from, span_us
from kps_soap.audit.verification import verify
from kps_soap.database import writing


def names(evidence: Evidence) -> set[str]:
    query = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
    with evidence.engine.connect() as connection:
        return set(connection.exec_driver_sql(query).scalars())


@pytest.fixture
def postgresql(request: pytest.FixtureRequest) -> str:
    """A fresh database, not the shared one: other tests leave partitions there."""
    maintenance = request.getfixturevalue("postgresql_url")
    return str(fresh(maintenance))


def fresh(maintenance: str) -> str:
    name = f"parted_{uuid.uuid4().hex}"
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(maintenance).set(database=name).render_as_string(hide_password=False)


def test_the_first_record_of_a_month_makes_its_partitions(postgresql: str) -> None:
    database.upgrade(postgresql)
    with opened(postgresql) as evidence:
        assert names(evidence) == set()
        evidence.write([entry(), entry(received_at=NOW + timedelta(days=30))])
        assert names(evidence) == {
            f"{table}_2026_{month}" for table in models.PARTITIONED for month in (11, 12)
        }
        counted = "SELECT tableoid::regclass::text, count(*) FROM evidence GROUP BY 1 ORDER BY 1"
        with evidence.engine.connect() as connection:
            assert connection.exec_driver_sql(counted).all() == [
                ("evidence_2026_11", 2),
                ("evidence_2026_12", 1),
            ]


def test_an_upgrade_makes_partitions_a_year_ahead_and_may_be_repeated(postgresql: str) -> None:
    database.upgrade(postgresql)
    for _ in range(2):
        partitions.make_ahead(postgresql, NOW)
    with opened(postgresql) as evidence:
        months = months_from("2026-11", 13)
        assert months[-1] == "2027-11"
        assert names(evidence) == {
            partitions.name_of(table, month) for table in models.PARTITIONED for month in months
        }


def test_two_makers_of_a_partition_are_one(postgresql: str) -> None:
    database.upgrade(postgresql)
    failures: list[Exception] = []

    def make() -> None:
        with opened(postgresql) as evidence, evidence.engine.connect() as connection:
            try:
                for month in months_from("2030-01", 6):
                    with writing(connection):
                        partitions.ensure(connection, month)
            except Exception as failure:
                failures.append(failure)

    makers = [threading.Thread(target=make) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert failures == []
    with opened(postgresql) as evidence:
        assert len(names(evidence)) == 12


def test_a_partition_is_made_while_another_month_is_being_written(postgresql: str) -> None:
    database.upgrade(postgresql)
    with opened(postgresql) as evidence, opened(postgresql, lock_seconds_max=2) as other:
        evidence.write([entry()])
        (row,) = [row for row in evidence.rows() if row.sequence == 2]
        values = {**row._mapping, "sequence": 3}
        with evidence.engine.connect() as writer:
            writer.execute(models.evidence.insert().values(values))
            with other.engine.connect() as connection, writing(connection):
                partitions.ensure(connection, "2031-01")
            writer.rollback()
        assert "evidence_2031_01" in names(evidence)


def test_a_search_in_a_span_visits_its_months_only(postgresql: str) -> None:
    database.upgrade(postgresql)
    with opened(postgresql) as evidence:
        evidence.write([entry(received_at=NOW.replace(month=month)) for month in range(1, 13)])
        span = Criteria(since=first_moment("2026-05"), until=first_moment("2026-06"))
        query = select(models.evidence.c.hash).where(matching(span, ()))
        with evidence.engine.connect() as connection:
            plan: Any = "\n".join(
                connection.exec_driver_sql(f"EXPLAIN {literal(query, connection)}").scalars()
            )
        assert "evidence_2026_05" in plan
        assert "evidence_2026_08" not in plan


def literal(query: Any, connection: Any) -> str:
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    return str(compiled)


def test_the_migration_keeps_every_record_and_goes_back(database_url: str) -> None:
    moments = [NOW, NOW + timedelta(days=30), NOW + timedelta(days=60)]
    with opened(database_url) as evidence:
        entries = [entry(received_at=moment, persons=[7, 8]) for moment in moments]
        evidence.write(entries, dictionary=None)
        before = evidence.rows(), evidence.rows(models.evidence_persons)
    try:
        for turn in (lambda config: command.downgrade(config, "0004"), to_head):
            migrate(database_url, turn)
            with opened(database_url) as evidence:
                assert (evidence.rows(), evidence.rows(models.evidence_persons)) == before
        with opened(database_url) as evidence:
            assert verify(evidence.url, evidence.keyring).ok
            evidence.write([entry(received_at=NOW + timedelta(days=90))])
    finally:
        migrate(database_url, to_head)


def test_a_migration_back_never_takes_what_messages_need(database_url: str) -> None:
    with opened(database_url) as evidence:
        evidence.write([entry()])
        with pytest.raises(ValueError, match="records need the dictionaries"):
            migrate(database_url, lambda config: command.downgrade(config, "0016"))
        migrate(database_url, to_head)
        assert verify(evidence.url, evidence.keyring).ok


def to_head(config: Any) -> None:
    command.upgrade(config, "head")


def migrate(url: str, turn: Any) -> None:
    engine = database.open_database(url, wait_seconds_max=5)
    try:
        with engine.connect() as connection:
            config = database._migrations()
            config.attributes["connection"] = connection
            turn(config)
    finally:
        engine.dispose()


@pytest.mark.parametrize("month", ["", "2026-1", "2026-11; DROP TABLE evidence", "２０２６-11"])
def test_a_month_that_is_none_names_no_partition(month: str) -> None:
    with pytest.raises(ValueError, match="no month"):
        partitions.name_of("evidence", month)


def test_months_follow_each_other_and_have_an_exact_span() -> None:
    assert following("2026-12") == "2027-01"
    assert months_from("2026-11", 3) == ["2026-11", "2026-12", "2027-01"]
    first, after = span_us("2026-11")
    assert month_of(first_moment("2026-11")) == "2026-11"
    assert (after - first) == 30 * 86_400 * 1_000_000


def test_a_role_that_may_make_no_partitions_is_told_the_last_one_that_is_there(
    postgresql: str,
) -> None:
    database.upgrade(postgresql)
    with opened(postgresql) as evidence, evidence.engine.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE clerk")
        try:
            # What a superuser may does not say what the role of a gateway may.
            assert partitions.last_without_right(connection) is None
            connection.exec_driver_sql("SET LOCAL ROLE clerk")
            assert partitions.last_without_right(connection) == ""
            connection.exec_driver_sql("RESET ROLE")
            for month in ("2026-11", "2027-01"):
                partitions.ensure(connection, month)
            connection.exec_driver_sql("SET LOCAL ROLE clerk")
            assert partitions.last_without_right(connection) == "2027-01"
        finally:
            # A role belongs to the whole cluster.
            connection.rollback()


def test_sqlite_needs_no_right_to_make_partitions(tmp_path: Path) -> None:
    with (
        opened(f"sqlite:///{tmp_path / 'evidence.sqlite'}") as evidence,
        evidence.engine.connect() as connection,
    ):
        assert partitions.last_without_right(connection) is None
