"""Retention: what is due goes, what is held stays, and the chain verifies as before."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from evidence_samples import FILE_KEY, NOW, Evidence, entry, opened, writing_to
from retention_samples import (
    DUE,
    NOT_DUE,
    destroy,
    lift,
    means,
    order,
    recording,
    surveyed,
)
from sqlalchemy import select, update

from kps_soap.audit import held, retention
from kps_soap.audit.findings import Kind
from kps_soap.audit.keys import FileKey, Keyring, MonthUnreadable
from kps_soap.audit.orders import OrderRefused, Scope
from kps_soap.audit.retention import BytesLeft, Due, due_since, next_due
from kps_soap.audit.search import Criteria, find, open_record
from kps_soap.audit.verification import verify
from kps_soap.audit.waiting import Clocks
from kps_soap.entry import Event
from kps_soap.models import (
    METADATA,
    evidence_persons,
    held_months,
    held_records,
    legal_orders,
    month_keys,
    receipt_blocks,
)
from kps_soap.models import (
    evidence as evidence_table,
)

RECORDS = 12
HELD = 20000000046
SECRET = "GİZLİ-SORGULAYAN-4711"


def filled(evidence: Evidence) -> str:
    """A chain of November 2026: the start, then records of three institutions."""
    return evidence.write(
        [
            entry(
                institution=f"B-{number % 3}",
                persons=[HELD if number == 5 else 20000000000 + number],
                inquirer=SECRET,
                answer=f"{SECRET} {number}".encode(),
            )
            for number in range(1, RECORDS + 1)
        ]
    )


def about(evidence: Evidence, criteria: Criteria) -> list[tuple[str, int]]:
    with evidence.engine.connect() as connection, connection.begin():
        page = find(connection, evidence.keyring, criteria, limit=100)
    return [(one.chain_id, one.sequence) for one in page.found]


def answer(evidence: Evidence, chain_id: str, sequence: int) -> bytes | None:
    with evidence.engine.connect() as connection, connection.begin():
        return open_record(connection, evidence.keyring, chain_id, sequence).answer


def destructions(evidence: Evidence) -> Sequence[Any]:
    columns = evidence_table.c
    query = select(columns.chain_id, columns.sequence, columns.detail, columns.account)
    with evidence.engine.connect() as connection:
        return connection.execute(query.where(columns.event == Event.DESTROYED.value)).all()


# Clocks


@pytest.mark.parametrize(
    ("month", "due"),
    [
        ("2026-11", datetime(2041, 11, 30, 21, tzinfo=UTC)),
        ("2026-12", datetime(2041, 12, 31, 21, tzinfo=UTC)),
        ("2028-02", datetime(2043, 2, 28, 21, tzinfo=UTC)),
    ],
)
def test_a_month_is_due_fifteen_years_after_its_end_in_istanbul(month: str, due: datetime) -> None:
    assert due_since(month, 15) == due
    assert due_since(month, 3) == due
    assert due_since(month, 20).year == due_since(month, 15).year + 5


def test_a_day_before_fifteen_years_nothing_is_deletable_and_a_day_after_the_month_is(
    database_url: str,
) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        before = evidence.rows()
        assert surveyed(evidence, NOT_DUE) == []
        assert destroy(evidence, NOT_DUE) == []
        assert destroy(evidence, NOT_DUE, years=1) == []
        assert destroy(evidence, DUE, years=16) == []
        assert evidence.rows() == before
        with evidence.engine.connect() as connection:
            assert next_due(connection, years=15) == ("2026-11", due_since("2026-11", 15))
        due = Due("2026-11", due_since("2026-11", 15), RECORDS + 1, RECORDS, 0, secret_there=True)
        assert surveyed(evidence, DUE) == [due]
        assert evidence.rows() == before
        assert destroy(evidence, DUE) == [due]
        assert destroy(evidence, DUE) == surveyed(evidence, DUE) == []


# What goes, and what stays


def test_a_destroyed_month_keeps_its_hashes_and_loses_everything_else(database_url: str) -> None:
    with opened(database_url) as evidence:
        chain_id = filled(evidence)
        evidence.write([entry(received_at=NOW.replace(month=12))])
        hashes = select(
            *[column for column in evidence_table.columns if not column.nullable]
        ).where(evidence_table.c.chain_id == chain_id)
        with evidence.engine.connect() as connection:
            before = connection.execute(hashes.order_by(evidence_table.c.sequence)).all()
        destroy(evidence)
        with evidence.engine.connect() as connection:
            assert connection.execute(hashes.order_by(evidence_table.c.sequence)).all() == before
        emptied = [row for row in evidence.rows() if row.chain_id == chain_id]
        nullable = [column.name for column in evidence_table.columns if column.nullable]
        assert {getattr(row, name) for row in emptied for name in nullable} == {None}
        assert {row.month for row in evidence.rows(evidence_persons)} == {"2026-12"}
        assert about(evidence, Criteria(person=HELD)) == []
        assert answer(evidence, chain_id, 5) is None
        for keys in (None, evidence.keyring):
            report = verify(evidence.url, keys)
            assert report.ok, report.findings
            # The second chain began in November too.
            assert report.destroyed == RECORDS + 2


def test_a_destruction_leaves_a_record_and_the_month_s_row_names_it(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        destroy(evidence)
        ((chain_id, sequence, detail, account),) = destructions(evidence)
        assert detail == f"2026-11 records={RECORDS + 1} persons={RECORDS} held=0"
        assert account == "arsivci"
        (november,) = [row for row in evidence.rows(month_keys) if row.month == "2026-11"]
        assert november.wrapped is None
        assert november.destroyed_us == round(DUE.timestamp() * 1_000_000)
        assert november.destroyed_by == f"{chain_id}:{sequence}"


def test_no_byte_of_a_destroyed_month_is_left_in_any_file_of_sqlite(tmp_path: Path) -> None:
    file = tmp_path / "evidence.sqlite"
    with opened(f"sqlite:///{file}") as evidence:
        filled(evidence)
        (key,) = evidence.rows(month_keys)
        gone = [SECRET.encode(), bytes(key.wrapped)]
        gone += [bytes(row.salt) for row in evidence.rows()]
        gone += [bytes(row.ciphertext)[:24] for row in evidence.rows()]
        gone += [bytes(row.person_digest) for row in evidence.rows(evidence_persons)]
        assert all(any(one in path.read_bytes() for path in tmp_path.iterdir()) for one in gone)
        destroy(evidence)
        for path in tmp_path.iterdir():
            content = path.read_bytes()
            assert [one for one in gone if one in content] == []


def test_no_byte_of_a_destroyed_month_is_left_in_its_partition(
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("new_postgresql")
    with opened(url) as evidence, evidence.engine.connect() as connection:
        empty(evidence)
        filled(evidence)
        gone = [SECRET.encode(), *(bytes(row.salt) for row in evidence.rows())]
        assert all(one in partition_bytes(connection) for one in gone)
        destroy(evidence)
        content = partition_bytes(connection)
        assert content
        assert [one for one in gone if one in content] == []


def empty(evidence: Evidence) -> None:
    for table in METADATA.tables.values():
        if table is not receipt_blocks:
            evidence.run(table.delete())


def partition_bytes(connection: Any) -> bytes:
    """The files of the month's partitions, their indexes and their long values."""
    connection.rollback()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.exec_driver_sql("CHECKPOINT")
    files = connection.exec_driver_sql(
        "SELECT pg_relation_filepath(c.oid) FROM pg_class c WHERE c.relname LIKE"
        " 'evidence%%2026_11%%' AND c.relkind IN ('r', 'i') UNION SELECT"
        " pg_relation_filepath(c.reltoastrelid) FROM pg_class c WHERE c.relname LIKE"
        " 'evidence%%2026_11' AND c.reltoastrelid <> 0"
    ).scalars()
    return b"".join(
        bytes(connection.exec_driver_sql(f"SELECT pg_read_binary_file('{file}')").scalar())
        for file in files.all()
    )


# Holds


@pytest.mark.parametrize(
    ("scope", "sequences"),
    [
        (Scope(person=HELD), {6}),
        (Scope(institution="B-1"), {2, 5, 8, 11}),
        (Scope(institution="B-1", person=HELD), set()),
        (Scope(since=NOW, until=NOW + timedelta(days=1)), set(range(1, RECORDS + 2))),
        (Scope(case_number="E-2026-17", institution="B-2"), {3, 6, 9, 12}),
        (Scope(person=HELD, since=NOW + timedelta(days=1)), set()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_held_opens_is_found_and_verifies_when_its_month_is_destroyed(
    database_url: str, scope: Scope, sequences: set[int]
) -> None:
    with opened(database_url) as evidence:
        chain_id = filled(evidence)
        order(evidence, NOT_DUE, scope)
        (due,) = destroy(evidence)
        assert (due.held, due.records) == (len(sequences), RECORDS + 1 - len(sequences))
        for sequence in range(2, RECORDS + 2):
            expected = f"{SECRET} {sequence - 1}".encode() if sequence in sequences else None
            assert answer(evidence, chain_id, sequence) == expected
        found = [one for one in about(evidence, Criteria(person=HELD)) if one[0] == chain_id]
        assert found == ([(chain_id, 6)] if 6 in sequences else [])
        report = verify(evidence.url, evidence.keyring)
        assert report.ok, report.findings
        assert surveyed(evidence, DUE) == destroy(evidence) == []


def test_lifting_the_last_hold_makes_its_records_due(database_url: str) -> None:
    with opened(database_url) as evidence:
        chain_id = filled(evidence)
        person = order(evidence, NOT_DUE, Scope(person=HELD))
        institution = order(evidence, NOT_DUE, Scope(institution="B-2"))
        destroy(evidence)
        assert answer(evidence, chain_id, 6) is not None
        lift(evidence, institution, DUE)
        (due,) = destroy(evidence)
        assert (due.records, due.held, due.secret_there) == (3, 1, False)
        assert answer(evidence, chain_id, 6) is not None
        assert answer(evidence, chain_id, 3) is None
        assert {row.order_id for row in evidence.rows(held_records)} == {person.order_id}
        lift(evidence, person, DUE)
        assert answer(evidence, chain_id, 6) is not None
        destroy(evidence)
        assert answer(evidence, chain_id, 6) is None
        assert evidence.count(held_records) == evidence.count(held_months) == 0
        assert len(destructions(evidence)) == 3
        assert verify(evidence.url, evidence.keyring).ok


def test_a_hold_placed_after_the_destruction_takes_over_what_another_one_kept(
    database_url: str,
) -> None:
    with opened(database_url) as evidence:
        chain_id = filled(evidence)
        first = order(evidence, NOT_DUE, Scope(institution="B-2"))
        destroy(evidence)
        order(evidence, DUE, Scope(person=HELD))
        lift(evidence, first, DUE)
        destroy(evidence)
        assert answer(evidence, chain_id, 6) == f"{SECRET} 5".encode()
        assert answer(evidence, chain_id, 3) is None
        assert about(evidence, Criteria(person=HELD))[-1] == (chain_id, 6)


def test_an_order_placed_while_a_month_is_prepared_is_obeyed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = held.keep
    with opened(database_url) as evidence:
        chain_id = filled(evidence)
        placed: list[Any] = []

        def keep_late(*arguments: Any, **named: Any) -> None:
            keep(*arguments, **named)
            if not placed:
                placed.append(order(evidence, DUE, Scope(person=HELD)))

        monkeypatch.setattr(held, "keep", keep_late)
        (due,) = destroy(evidence)
        assert due.held == 1
        assert answer(evidence, chain_id, 6) is not None


def test_what_a_lifted_order_said_is_forgotten_after_as_many_years(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        placed = order(evidence, NOW, Scope(person=HELD))
        lift(evidence, placed, NOW)
        with pytest.raises(OrderRefused):
            lift(evidence, placed, NOW)
        destroy(evidence, NOT_DUE)
        assert evidence.rows(legal_orders)[0].sealed is not None
        destroy(evidence, DUE + timedelta(days=40))
        assert evidence.rows(legal_orders)[0].sealed is None


# What can go wrong


@pytest.mark.parametrize("page", [1, 2])
def test_a_destruction_that_was_cut_short_goes_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    class Killed(Exception):
        """Stands for a crash in the middle."""

    pages = iter(range(1, 100))

    def die(_seconds: float) -> None:
        if next(pages) == page:
            raise Killed

    monkeypatch.setattr(held, "PAGE", 5)
    with opened(database_url) as evidence:
        chain_id = filled(evidence)
        order(evidence, NOT_DUE, Scope(person=HELD))
        with pytest.raises(Killed):
            destroy(evidence, pause=die)
        evidence.keyring = Keyring(FileKey.of(FILE_KEY))
        left = RECORDS - 5 * page
        (due,) = surveyed(evidence, DUE)
        assert (due.records, due.held, due.secret_there) == (left, 1, False)
        named = [one.kind for one in verify(evidence.url, evidence.keyring).findings]
        assert named == [Kind.LEFT] * left
        destroy(evidence)
        assert surveyed(evidence, DUE) == []
        assert answer(evidence, chain_id, 6) is not None
        assert verify(evidence.url, evidence.keyring).ok


def test_without_its_key_a_month_with_holds_is_not_touched(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        order(evidence, NOT_DUE, Scope(person=HELD))
        before = evidence.rows()
        evidence.keyring = Keyring(FileKey.of(bytes(32)))
        with pytest.raises(MonthUnreadable):
            list(
                retention.apply(
                    evidence.engine,
                    evidence.keyring,
                    years=15,
                    means=means(None, DUE),  # type: ignore[arg-type]
                )
            )
        assert evidence.rows() == before


def test_a_destroyed_month_takes_no_new_record(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        destroy(evidence)
        with pytest.raises(MonthUnreadable):
            evidence.write([entry()])


def test_answers_go_on_while_a_month_is_destroyed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "PAGE", 10)
    recorded = 0

    async def answer_until(done: threading.Event, evidence: Evidence) -> None:
        nonlocal recorded
        async with writing_to(evidence, clocks=clocks(), deadline_seconds=30) as writer:
            while not done.is_set() or recorded < 5:
                await writer.record(entry(received_at=DUE))
                recorded += 1

    def clocks() -> Any:
        return Clocks(now=lambda: DUE, monotonic=monotonic)

    with opened(database_url) as evidence, opened(database_url) as other:
        evidence.write([entry() for _ in range(200)])
        done = threading.Event()
        destroyer = threading.Thread(
            target=lambda: (destroy(other, pause=lambda _: done.wait(0.001)), done.set())
        )
        destroyer.start()
        asyncio.run(answer_until(done, evidence))
        destroyer.join()
        assert recorded >= 5
        assert verify(evidence.url, keys()).ok
        assert surveyed(evidence, DUE) == []


def keys() -> Keyring:
    return Keyring(FileKey.of(FILE_KEY))


def test_a_partition_that_is_read_is_rewritten_a_little_later(
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("new_postgresql")
    with opened(url) as evidence, evidence.engine.connect() as reader:
        empty(evidence)
        filled(evidence)
        reader.execute(select(evidence_table.c.hash).limit(1))
        pauses = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if seconds == 1.0:
                reader.rollback()

        destroy(evidence, pause=pause)
        assert pauses.count(1.0) == 1


def test_the_record_and_the_end_of_the_secret_are_one(database_url: str) -> None:
    class Refused(Exception):
        """Stands for a database that fails in the transaction."""

    with opened(database_url) as evidence:
        filled(evidence)
        with recording(evidence, DUE) as run, pytest.raises(Refused):

            def fail(connection: Any, _place: str) -> None:
                connection.execute(update(month_keys).values(wrapped=None))
                raise Refused

            run.together(entry(received_at=DUE), fail)
        assert all(row.wrapped is not None for row in evidence.rows(month_keys))
        assert verify(evidence.url, evidence.keyring).ok


def test_a_partition_that_is_read_for_ever_is_told(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_REWRITES_MAX", 2)
    url = request.getfixturevalue("new_postgresql")
    with opened(url) as evidence, evidence.engine.connect() as reader:
        empty(evidence)
        filled(evidence)
        reader.execute(select(evidence_table.c.hash).limit(1))
        with pytest.raises(BytesLeft, match="somebody reads 2026-11"):
            destroy(evidence)
        reader.rollback()
        assert verify(evidence.url).ok
        with evidence.engine.connect() as connection:
            assert SECRET.encode() in partition_bytes(connection)
            assert destroy(evidence) == []
            assert SECRET.encode() not in partition_bytes(connection)


def test_a_log_that_is_read_for_long_is_cut_off_a_little_later(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'evidence.sqlite'}"
    with opened(url) as evidence, evidence.engine.connect() as reader:
        filled(evidence)
        reader.execute(select(evidence_table.c.hash).limit(1))

        def pause(seconds: float) -> None:
            if seconds == 1.0:
                reader.rollback()

        destroy(evidence, pause=pause)
        assert (tmp_path / "evidence.sqlite-wal").stat().st_size < 200_000
        assert SECRET.encode() not in (tmp_path / "evidence.sqlite").read_bytes()


def test_records_that_lost_their_key_are_held_by_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold that comes after the month's secret has gone finds nothing that it could open."""

    class Killed(Exception):
        """Stands for a crash."""

    def die(_seconds: float) -> None:
        raise Killed

    monkeypatch.setattr(held, "PAGE", 5)
    with opened(database_url) as evidence:
        filled(evidence)
        with pytest.raises(Killed):
            destroy(evidence, pause=die)
        evidence.keyring = keys()
        order(evidence, DUE, Scope(institution="B-1"))
        destroy(evidence)
        assert evidence.count(held_records) == 0
        assert verify(evidence.url, evidence.keyring).ok


def test_a_destruction_whose_own_record_is_destroyed_still_verifies(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        placed = order(evidence, NOW, Scope(person=HELD))
        lift(evidence, placed, NOW)
        destroy(evidence)
        destroy(evidence, DUE.replace(year=2057, month=3))
        assert destructions(evidence)
        assert {row.month for row in evidence.rows(month_keys) if row.wrapped is None} == {
            "2026-11",
            "2041-12",
        }
        report = verify(evidence.url, evidence.keyring)
        assert report.ok, report.findings
