"""Whatever is done to the evidence is named: changed, removed, moved, copied, added."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import NOW, OUTLINE, Evidence, entry, keyring, opened, sealed_alone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Table, delete, insert, select, update

from kps_soap.audit import findings as findings_module
from kps_soap.audit import partitions, records
from kps_soap.audit.chain import Chain
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.keys import FileKey, Keyring, MonthSecret
from kps_soap.audit.months import microseconds
from kps_soap.audit.packing import Dictionary
from kps_soap.audit.verification import verify
from kps_soap.database import writing
from kps_soap.entry import Event
from kps_soap.models import (
    dictionaries,
    evidence_chains,
    evidence_persons,
    field_lists,
    held_records,
    legal_orders,
    month_keys,
)
from kps_soap.models import evidence as evidence_table

#: The record that the tests change, in the middle of the second chain.
SEQUENCE = 4
RECORDS = 8

#: When the month of the samples may be destroyed.
LATER = NOW.replace(year=2042)

#: What only the key file can tell.
ONLY_WITH_KEYS = {"file_key_id", "created_us", "wrapped"}


@dataclass(frozen=True)
class Template:
    """A SQLite file with two chains, made once and copied for each test."""

    file: Path
    chain_id: str


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    file = tmp_path_factory.mktemp("evidence") / "template.sqlite"
    with opened(f"sqlite:///{file}") as evidence:
        chain_id = filled(evidence)
        with evidence.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Template(file, chain_id)


def filled(evidence: Evidence) -> str:
    evidence.write([entry(persons=[1, 2])])
    return evidence.write([entry(persons=[number, 99]) for number in range(1, RECORDS)])


@pytest.fixture
def copied(template: Template, tmp_path: Path) -> Any:
    """The evidence in a fresh copy of the template."""
    file = tmp_path / "evidence.sqlite"
    shutil.copy(template.file, file)
    with opened(f"sqlite:///{file}") as evidence:
        yield evidence


@contextmanager
def by_hand(evidence: Evidence) -> Iterator[sqlite3.Connection]:
    """The file as anybody can open it."""
    connection = sqlite3.connect(evidence.url.removeprefix("sqlite:///"))
    yield connection
    connection.commit()
    connection.close()


def other_than(value: Any) -> Any:
    """A value of the same type that differs as little as possible."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        # The last digit or letter becomes its neighbour.
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    return bytes(value)[:-1] + bytes([bytes(value)[-1] ^ 1])


def found(evidence: Evidence, keys: Keyring | None = None) -> set[tuple[Kind, str, int | None]]:
    report = verify(evidence.url, keys)
    assert len(report.findings) == report.findings_total
    return {(one.kind, one.place, one.sequence) for one in report.findings}


def change(evidence: Evidence, table: Table, row: Any, column: Column[Any], value: Any) -> None:
    here = [key == row._mapping[key.name] for key in table.primary_key.columns]
    if column.name == "month":
        with evidence.engine.connect() as connection, writing(connection):
            partitions.ensure(connection, value)
    evidence.run(update(table).where(*here).values({column.name: value}))


def test_untouched_evidence_is_whole_with_and_without_the_key_file(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        for keys in (None, keyring()):
            report = verify(evidence.url, keys)
            assert (report.ok, report.findings) == (True, [])
            assert (report.chains, report.records) == (2, 2 + RECORDS)
            assert report.with_keys == (keys is not None)


def test_an_empty_database_is_whole(database_url: str) -> None:
    with opened(database_url) as evidence:
        assert verify(evidence.url, keyring()).ok


@pytest.mark.parametrize("column", evidence_table.columns, ids=lambda column: column.name)
def test_a_change_of_any_column_of_a_record_is_named(
    copied: Evidence, template: Template, column: Column[Any]
) -> None:
    (row,) = [
        one
        for one in copied.rows()
        if (one.chain_id, one.sequence) == (template.chain_id, SEQUENCE)
    ]
    value = other_than(row._mapping[column.name])
    if column.name == "sequence":
        value = row.sequence + 1_000
    change(copied, evidence_table, row, column, value)
    named = found(copied)
    places = {(place, sequence) for _, place, sequence in named}
    assert (template.chain_id, SEQUENCE) in places
    if column.name not in ("chain_id", "sequence"):
        assert named == {(Kind.CHANGED, template.chain_id, SEQUENCE)}


@pytest.mark.parametrize("column", ["received_us", "event", "institution", "outcome", "amount"])
@pytest.mark.parametrize("value", [None, b"\xff", 2**62, "", 1.5])
def test_a_value_of_another_type_is_named_and_stops_nothing(
    copied: Evidence, template: Template, column: str, value: Any
) -> None:
    with by_hand(copied) as connection:
        connection.execute(
            f"UPDATE evidence SET {column} = ? WHERE chain_id = ? AND sequence = ?",
            (value, template.chain_id, SEQUENCE),
        )
    assert found(copied) == {(Kind.CHANGED, template.chain_id, SEQUENCE)}


@pytest.mark.parametrize("column", ["chain_id", "sequence", "month", "detail", "ciphertext"])
@pytest.mark.parametrize("value", [b"\xff\xfe", b"\x00", b"a\xc3"])
def test_text_that_is_no_text_is_named_and_stops_nothing(
    copied: Evidence, template: Template, column: str, value: bytes
) -> None:
    with by_hand(copied) as connection:
        connection.execute(
            f"UPDATE evidence SET {column} = CAST(? AS TEXT) WHERE chain_id = ? AND sequence = ?",
            (value, template.chain_id, SEQUENCE),
        )
    for keys in (None, keyring()):
        report = verify(copied.url, keys)
        assert not report.ok
        assert report.chains == 2


def test_a_chain_named_by_bytes_is_named(copied: Evidence, template: Template) -> None:
    with by_hand(copied) as connection:
        connection.execute(
            "UPDATE evidence SET chain_id = x'00ff' WHERE chain_id = ? AND sequence = ?",
            (template.chain_id, SEQUENCE),
        )
    named = found(copied)
    assert (Kind.ADDED, "evidence", None) in named
    assert (Kind.REMOVED, template.chain_id, SEQUENCE) in named


@pytest.mark.parametrize(
    "column",
    [
        column
        for table in (evidence_persons, evidence_chains, field_lists, dictionaries, month_keys)
        for column in table.columns
    ],
    ids=lambda column: f"{column.table.name}.{column.name}",
)
def test_a_change_of_any_column_beside_the_records_is_named(
    copied: Evidence, column: Column[Any]
) -> None:
    table = column.table
    assert isinstance(table, Table)
    row = copied.rows(table)[-1]
    value = other_than(row._mapping[column.name])
    change(copied, table, row, column, value)
    assert found(copied, keyring())
    assert column.name in ONLY_WITH_KEYS or table is month_keys or found(copied)


def test_every_change_is_named_in_both_databases(database_url: str) -> None:
    tables = (
        evidence_table,
        evidence_persons,
        evidence_chains,
        field_lists,
        dictionaries,
        month_keys,
    )
    with opened(database_url) as evidence:
        evidence.write([entry()])
        for table in tables:
            row = evidence.rows(table)[-1]
            for column in table.columns:
                value = row._mapping[column.name]
                other = other_than(value)
                if value is None and not isinstance(column.type.python_type(), int):
                    other = column.type.python_type()
                change(evidence, table, row, column, other)
                report = verify(evidence.url, keyring())
                assert not report.ok, f"{table.name}.{column.name}"
                changed = {**row._mapping, column.name: other}
                here = [key == changed[key.name] for key in table.primary_key.columns]
                evidence.run(update(table).where(*here).values({column.name: value}))
        assert verify(evidence.url, keyring()).ok


@pytest.mark.parametrize("sequence", [1, SEQUENCE, RECORDS])
def test_a_removed_record_is_named(copied: Evidence, template: Template, sequence: int) -> None:
    columns = evidence_table.c
    here = (columns.chain_id == template.chain_id) & (columns.sequence == sequence)
    copied.run(delete(evidence_table).where(here))
    named = found(copied, keyring())
    assert (Kind.REMOVED, template.chain_id, sequence) in named
    # Its person rows stand alone now.
    assert named - {(Kind.REMOVED, template.chain_id, sequence)} <= {
        (Kind.ADDED, template.chain_id, sequence)
    }


def test_several_removed_records_are_one_finding(copied: Evidence, template: Template) -> None:
    columns = evidence_table.c
    gone = (columns.chain_id == template.chain_id) & columns.sequence.between(3, 5)
    copied.run(delete(evidence_table).where(gone))
    copied.run(delete(evidence_persons).where(evidence_persons.c.sequence.between(3, 5)))
    assert found(copied) == {(Kind.REMOVED, template.chain_id, 3)}


def test_removed_person_rows_are_named(copied: Evidence, template: Template) -> None:
    columns = evidence_persons.c
    here = (columns.chain_id == template.chain_id) & (columns.sequence == SEQUENCE)
    copied.run(delete(evidence_persons).where(here))
    assert found(copied) == {(Kind.CHANGED, template.chain_id, SEQUENCE)}


def test_an_added_person_row_is_named(copied: Evidence, template: Template) -> None:
    row = {"chain_id": template.chain_id, "month": "2026-11", "person_digest": b"x" * 32}
    copied.run(insert(evidence_persons).values({**row, "sequence": SEQUENCE}))
    copied.run(insert(evidence_persons).values({**row, "sequence": 999}))
    assert found(copied) == {
        (Kind.CHANGED, template.chain_id, SEQUENCE),
        (Kind.ADDED, template.chain_id, 999),
    }


def test_a_removed_chain_row_is_named(copied: Evidence, template: Template) -> None:
    copied.run(delete(evidence_chains).where(evidence_chains.c.chain_id == template.chain_id))
    assert found(copied) == {(Kind.ADDED, template.chain_id, None)}


def test_a_chain_without_any_record_is_named(copied: Evidence, template: Template) -> None:
    copied.run(delete(evidence_table).where(evidence_table.c.chain_id == template.chain_id))
    copied.run(delete(evidence_persons).where(evidence_persons.c.chain_id == template.chain_id))
    assert found(copied) == {(Kind.REMOVED, template.chain_id, 1)}


def test_a_chain_row_with_an_impossible_head_is_named(copied: Evidence, template: Template) -> None:
    copied.run(update(evidence_chains).values(head_sequence=0))
    assert (Kind.CHANGED, template.chain_id, None) in found(copied)


def test_two_exchanged_records_are_named(copied: Evidence, template: Template) -> None:
    columns = evidence_table.c

    def move(start: int, end: int) -> None:
        here = (columns.chain_id == template.chain_id) & (columns.sequence == start)
        copied.run(update(evidence_table).where(here).values(sequence=end))

    move(3, 9_999)
    move(6, 3)
    move(9_999, 6)
    assert found(copied) == {
        (Kind.MOVED, template.chain_id, 3),
        (Kind.MOVED, template.chain_id, 6),
    }


def copy_of(evidence: Evidence, chain_id: str, original: int, /, **changes: Any) -> None:
    columns = evidence_table.c
    with evidence.engine.connect() as connection:
        here = (columns.chain_id == chain_id) & (columns.sequence == original)
        row = connection.execute(select(evidence_table).where(here)).one()
    evidence.run(insert(evidence_table).values({**row._mapping, **changes}))


def test_a_duplicated_record_is_named(copied: Evidence, template: Template) -> None:
    copy_of(copied, template.chain_id, SEQUENCE, sequence=RECORDS + 1)
    named = found(copied)
    assert (Kind.COPIED, template.chain_id, RECORDS + 1) in named
    assert (Kind.ADDED, template.chain_id, RECORDS + 1) in named


def test_two_records_with_one_sequence_are_named(copied: Evidence, template: Template) -> None:
    """A database that somebody stripped of its keys."""
    with by_hand(copied) as connection:
        connection.executescript(
            "CREATE TABLE bare AS SELECT * FROM evidence; DROP TABLE evidence;"
            "ALTER TABLE bare RENAME TO evidence;"
        )
        connection.execute(
            "INSERT INTO evidence SELECT * FROM evidence WHERE chain_id = ? AND sequence = ?",
            (template.chain_id, SEQUENCE),
        )
    assert (Kind.COPIED, template.chain_id, SEQUENCE) in found(copied)


def test_records_shifted_to_make_room_for_a_foreign_one_are_named(
    copied: Evidence, template: Template
) -> None:
    columns = evidence_table.c
    for sequence in range(RECORDS, SEQUENCE - 1, -1):
        here = (columns.chain_id == template.chain_id) & (columns.sequence == sequence)
        copied.run(update(evidence_table).where(here).values(sequence=sequence + 1))
    copy_of(copied, template.chain_id, 2, sequence=SEQUENCE, hash=b"x" * 32)
    named = found(copied)
    assert (Kind.CHANGED, template.chain_id, SEQUENCE) in named
    assert (Kind.MOVED, template.chain_id, SEQUENCE + 1) in named


class Forger:
    """Somebody with the whole database and these lines of code, but without the key file."""

    def __init__(self, evidence: Evidence, chain_id: str) -> None:
        self._evidence = evidence
        self._chain_id = chain_id
        self._secret = MonthSecret("2026-11", b"f" * 32)

    def row(self, sequence: int) -> Any:
        columns = evidence_table.c
        with self._evidence.engine.connect() as connection:
            return connection.execute(
                select(evidence_table).where(
                    columns.chain_id == self._chain_id, columns.sequence == sequence
                )
            ).one()

    def forged(self, sequence: int, previous_hash: bytes) -> records.Sealed:
        """A record that is whole in itself."""
        made = entry(
            institution="YABANCI", returned_fields=(), persons=[], question=b"", answer=b""
        )
        place = records.Place(self._chain_id, sequence, "2026-11", previous_hash)
        return sealed_alone(made, place, secret=self._secret, salt=os.urandom(16))

    def put(self, sealed: records.Sealed, sequence: int) -> None:
        columns = evidence_table.c
        here = (columns.chain_id == self._chain_id) & (columns.sequence == sequence)
        self._evidence.run(delete(evidence_table).where(here))
        persons = evidence_persons.c
        there = (persons.chain_id == self._chain_id) & (persons.sequence == sequence)
        self._evidence.run(delete(evidence_persons).where(there))
        row = dict(zip(records.ROW_COLUMNS, sealed.row, strict=True))
        self._evidence.run(insert(evidence_table).values(row))


def test_a_forged_record_breaks_the_link(copied: Evidence, template: Template) -> None:
    forger = Forger(copied, template.chain_id)
    forger.put(forger.forged(SEQUENCE, bytes(forger.row(SEQUENCE - 1).hash)), SEQUENCE)
    assert found(copied) == {(Kind.UNLINKED, template.chain_id, SEQUENCE + 1)}


def test_a_forged_record_behind_the_head_is_named(copied: Evidence, template: Template) -> None:
    forger = Forger(copied, template.chain_id)
    forger.put(forger.forged(RECORDS + 1, bytes(forger.row(RECORDS).hash)), RECORDS + 1)
    assert found(copied) == {(Kind.ADDED, template.chain_id, RECORDS + 1)}


def test_a_forged_end_with_its_head_is_named_with_the_key_file(
    copied: Evidence, template: Template
) -> None:
    """Who computes every hash anew still cannot write with the month's key."""
    forger = Forger(copied, template.chain_id)
    sealed = forger.forged(RECORDS, bytes(forger.row(RECORDS - 1).hash))
    forger.put(sealed, RECORDS)
    here = evidence_chains.c.chain_id == template.chain_id
    copied.run(update(evidence_chains).where(here).values(head_hash=sealed.hash))
    assert found(copied) == set()
    assert found(copied, keyring()) == {(Kind.CHANGED, template.chain_id, RECORDS)}


def test_another_key_file_is_not_the_right_one(copied: Evidence) -> None:
    named = found(copied, Keyring(FileKey.of(bytes(32))))
    assert {kind for kind, _, _ in named} == {Kind.UNREADABLE}
    assert (Kind.UNREADABLE, "month_keys", None) in named


def test_a_missing_list_of_fields_is_named(copied: Evidence, template: Template) -> None:
    copied.run(delete(field_lists))
    assert (Kind.REMOVED, template.chain_id, SEQUENCE) in found(copied)


def test_a_missing_dictionary_is_named(copied: Evidence, template: Template) -> None:
    copied.run(delete(dictionaries))
    assert (Kind.REMOVED, template.chain_id, 1) in found(copied)
    # Who can look into messages names every record that needs it.
    assert (Kind.REMOVED, template.chain_id, SEQUENCE) in found(copied, keyring())


def test_a_library_that_packs_wrongly_is_named(database_url: str) -> None:
    class Broken(Dictionary):
        def pack(self, answer: bytes) -> bytes:
            return super().pack(answer)[:-1]

    with opened(database_url) as evidence:
        chain_id = evidence.write([entry() for _ in range(40)], dictionary=Broken(OUTLINE))
        assert found(evidence) == set()
        named = {(Kind.UNREADABLE, chain_id, sequence) for sequence in (16, 32)}
        assert found(evidence, keyring()) == named


def test_a_missing_month_key_is_named(copied: Evidence, template: Template) -> None:
    copied.run(delete(month_keys))
    assert found(copied) == set()
    assert (Kind.UNREADABLE, template.chain_id, SEQUENCE) in found(copied, keyring())


def emptied() -> dict[str, None]:
    return {column.name: None for column in evidence_table.columns if column.nullable}


def destroyed_on_record(evidence: Evidence) -> None:
    """The row of November, as a destruction leaves it."""
    detail = "2026-11 records=1 persons=1 held=0"
    told = entry(event=Event.DESTROYED, received_at=LATER, detail=detail, persons=[])
    place = f"{evidence.write([told], now=LATER)}:2"
    gone = {"wrapped": None, "destroyed_us": microseconds(LATER), "destroyed_by": place}
    november = month_keys.c.month == "2026-11"
    evidence.run(update(month_keys).where(november).values(gone))


def order(evidence: Evidence) -> dict[str, object]:
    """The row of an order, with the record that placed it."""
    told = entry(event=Event.HOLD_PLACED, detail=f"0123abcd {sha256(b'').hexdigest()}")
    place = f"{evidence.write([replace(told, received_at=LATER)], now=LATER)}:2"
    created = {"created_us": microseconds(LATER), "placed_by": place}
    sealed = {"file_key_id": "0" * 16, "wrapped": b"", "sealed": b""}
    return {"order_id": "0123abcd", "kind": "SAKLAMA", **created, **sealed}


def test_a_destroyed_month_leaves_chains_that_verify(database_url: str) -> None:
    """Plain columns, person digests, ciphertext, salts and the month's key are gone (D7, §7)."""
    with opened(database_url) as evidence:
        filled(evidence)
        evidence.write([entry(received_at=NOW.replace(month=12))])
        gone = evidence_table.c.month == "2026-11"
        evidence.run(update(evidence_table).where(gone).values(emptied()))
        evidence.run(delete(evidence_persons).where(evidence_persons.c.month == "2026-11"))
        destroyed_on_record(evidence)
        report = verify(evidence.url, keyring())
        assert report.ok
        assert report.destroyed == 2 + RECORDS + 1


def test_a_record_that_is_held_survives_its_month(database_url: str) -> None:
    with opened(database_url) as evidence:
        chain_id = filled(evidence)
        columns = evidence_table.c
        held = (columns.chain_id == chain_id) & (columns.sequence == SEQUENCE)
        evidence.run(update(evidence_table).where(~held).values(emptied()))
        persons = evidence_persons.c
        kept = (persons.chain_id == chain_id) & (persons.sequence == SEQUENCE)
        evidence.run(delete(evidence_persons).where(~kept))
        destroyed_on_record(evidence)
        assert found(evidence) == {(Kind.LEFT, chain_id, SEQUENCE)}
        values = {"order_id": "0123abcd", "month": "2026-11", "wrapped": b""}
        place = {"chain_id": chain_id, "sequence": SEQUENCE}
        evidence.run(insert(held_records).values({**values, **place}))
        evidence.run(insert(legal_orders).values(order(evidence)))
        report = verify(evidence.url)
        assert report.ok, report.findings
        assert report.destroyed == 2 + RECORDS - 1


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"destroyed_by": "0123456789abcdef:1"}, "no record tells of it"),
        ({"destroyed_by": "nowhere"}, "no record tells of it"),
        ({"destroyed_by": None}, "no record tells of it"),
        ({"destroyed_us": microseconds(LATER) + 1}, "no record tells of it"),
    ],
    ids=str,
)
def test_a_destruction_of_which_no_record_tells_is_named(
    copied: Evidence, changed: dict[str, object], what: str
) -> None:
    destroyed_on_record(copied)
    assert about_months(copied) == []
    copied.run(update(month_keys).where(month_keys.c.month == "2026-11").values(changed))
    (found_there,) = about_months(copied)
    assert what in found_there


def about_months(evidence: Evidence) -> list[str]:
    return [one.what for one in verify(evidence.url).findings if one.place == "month_keys"]


def test_a_destruction_before_its_time_is_named(
    copied: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "LATER", LATER.replace(year=2041, month=11))
    destroyed_on_record(copied)
    (found_there,) = about_months(copied)
    assert "before its time" in found_there


def test_emptying_a_record_without_destroying_its_month_is_named(
    copied: Evidence, template: Template
) -> None:
    columns = evidence_table.c
    here = (columns.chain_id == template.chain_id) & (columns.sequence == SEQUENCE)
    copied.run(update(evidence_table).where(here).values(emptied()))
    copied.run(delete(evidence_persons).where(evidence_persons.c.sequence == SEQUENCE))
    assert found(copied) == {(Kind.REMOVED, template.chain_id, SEQUENCE)}


def test_more_findings_than_fit_are_counted(
    copied: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings_module, "FINDINGS_MAX", 3)
    copied.run(update(evidence_table).values(duration_us=7))
    report = verify(copied.url)
    assert len(report.findings) == 3
    assert report.findings_total == 2 + RECORDS


def test_a_finding_names_its_place_and_no_value(copied: Evidence, template: Template) -> None:
    columns = evidence_table.c
    here = (columns.chain_id == template.chain_id) & (columns.sequence == SEQUENCE)
    copied.run(update(evidence_table).where(here).values(institution="B-99-0001"))
    (finding,) = verify(copied.url).findings
    assert str(finding) == f"{template.chain_id}:{SEQUENCE} changed: plain columns changed"
    copied.run(delete(evidence_chains))
    texts = [str(one) for one in verify(copied.url).findings]
    assert f"{template.chain_id} inserted: rows that belong to no chain" in texts


def test_progress_is_told_on_the_way(copied: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kps_soap.audit.part_tasks.TASK_RECORDS", 2)
    seen: list[int] = []
    assert verify(copied.url, progress=seen.append).ok
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen[-1] == 2 + RECORDS


def test_reports_add_up() -> None:
    whole, part = Report(chains=1, records=2), Report(chains=1, records=3, destroyed=1)
    part.add(Kind.CHANGED, "a", 1, "x")
    whole.include(part)
    assert (whole.chains, whole.records, whole.destroyed, whole.ok) == (2, 5, 1, False)
    assert whole.findings == part.findings


def test_evidence_can_be_verified_while_it_is_written(database_url: str) -> None:
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        chain = Chain(connection.dialect, evidence.keyring, worker="t", random_bytes=os.urandom)
        chain.open(connection, now=NOW)
        for _ in range(3):
            with writing(connection):
                chain.append(connection, chain.prepare(connection, [entry()], now=NOW))
                # Nothing of an open transaction is seen, and it holds up nobody.
                assert verify(evidence.url, keyring()).ok
            chain.confirm()


STORED = [
    (table, column)
    for table in (evidence_table, evidence_persons, evidence_chains, field_lists, dictionaries)
    for column in table.columns
]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stored=st.sampled_from(STORED), choice=st.integers(0), bit=st.integers(0))
def test_any_flipped_bit_of_any_stored_value_is_named(
    template: Template, tmp_path_factory: pytest.TempPathFactory, stored: Any, choice: int, bit: int
) -> None:
    table, column = stored
    file = tmp_path_factory.mktemp("flip") / "evidence.sqlite"
    shutil.copy(template.file, file)
    with opened(f"sqlite:///{file}") as evidence:
        rows = [row for row in evidence.rows(table) if row._mapping[column.name] not in (None, "")]
        assume(rows)
        row = rows[choice % len(rows)]
        value = row._mapping[column.name]
        kind = "BLOB" if isinstance(value, bytes) else "TEXT"
        if isinstance(value, int):
            flipped: Any = value ^ (1 << bit % 40)
            kind = "INTEGER"
        else:
            raw = bytearray(value if isinstance(value, bytes) else value.encode())
            raw[bit // 8 % len(raw)] ^= 1 << bit % 8
            flipped = bytes(raw)
        keys = [key.name for key in table.primary_key.columns]
        here = " AND ".join(f"{name} = ?" for name in keys)
        with by_hand(evidence) as connection:
            connection.execute(
                f"UPDATE {table.name} SET {column.name} = CAST(? AS {kind}) WHERE {here}",
                (flipped, *(row._mapping[name] for name in keys)),
            )
            assert connection.total_changes == 1
        assert not verify(evidence.url, keyring()).ok
