"""What seals add: anything changed, deleted or unreadable is named, however one looks."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import NOW, Evidence, entry, keyring, opened
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from seal_samples import seal_all
from sealed_samples import TABLES, Template, cut, filled, found, looked, where
from sqlalchemy import Column, Table, delete, insert, text, update

from kps_soap.audit.findings import Kind
from kps_soap.audit.verification import verify
from kps_soap.audit.witness import name_of
from kps_soap.database import writing
from kps_soap.models import checkpoint_heads, checkpoints, evidence, evidence_chains, month_keys


def other_than(value: Any, column: Column[Any]) -> Any:
    if column.name == "month":
        return "2026-12" if value == "2026-11" else "2026-11"
    if value is None:
        return 1 if column.type.python_type is int else column.type.python_type()
    if isinstance(value, int):
        return value + (1_000 if column.primary_key else 1)
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    return bytes(value)[:-1] + bytes([bytes(value)[-1] ^ 1]) if value else b"x"


# Nothing is wrong


def test_untouched_evidence_is_whole_in_every_way_of_looking(
    database_url: str, tmp_path: Path
) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, tmp_path / "witness")
        for options in (
            {},
            {"keyring": keyring()},
            {"chains_only": True},
            {"witness": tmp_path / "witness", "keyring": keyring()},
            {"certificates": None, "witness": tmp_path / "witness"},
        ):
            report = looked(evidence_of, **options)
            assert (report.ok, report.findings) == (True, [])
            assert (report.chains, report.records, report.sealed) == (3, 8, 7)
            assert report.checkpoints == 3
            assert report.witnessed == (3 if "witness" in options else 0)
        assert looked(evidence_of).with_certificates


def test_a_witness_that_lacks_files_is_no_finding(
    sealed_copy: Evidence, sealed_template: Template, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    shutil.copytree(sealed_template.witness, witness)
    (witness / name_of(2)).unlink()
    (witness / "notes.txt").write_text("x")
    assert looked(sealed_copy, witness=witness).ok
    with pytest.raises(OSError, match="absent"):
        looked(sealed_copy, witness=tmp_path / "absent")


# Anything changed, anything deleted


@pytest.mark.parametrize(
    "column",
    [column for table in TABLES for column in table.columns],
    ids=lambda column: f"{column.table.name}.{column.name}",
)
def test_a_change_of_any_column_is_named(
    sealed_copy: Evidence, sealed_template: Template, column: Column[Any]
) -> None:
    table = column.table
    assert isinstance(table, Table)
    for row in (sealed_copy.rows(table)[0], sealed_copy.rows(table)[-1]):
        before = row._mapping[column.name]
        after = other_than(before, column)
        sealed_copy.run(update(table).where(*where(table, row)).values({column.name: after}))
        assert found(sealed_copy, keyring=keyring(), witness=sealed_template.witness)
        changed = {**row._mapping, column.name: after}
        here = [key == changed[key.name] for key in table.primary_key.columns]
        sealed_copy.run(update(table).where(*here).values({column.name: before}))
    assert looked(sealed_copy, keyring=keyring(), witness=sealed_template.witness).ok


def test_any_change_and_any_missing_row_is_named_in_both_databases(
    database_url: str, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    with opened(database_url) as evidence_of:
        filled(evidence_of, witness)
        # A month to move a record to; on PostgreSQL it has to be there.
        evidence_of.write([entry(received_at=NOW.replace(month=12))])
        for table in TABLES:
            row = evidence_of.rows(table)[0]
            for column in table.columns:
                before = row._mapping[column.name]
                after = other_than(before, column)
                if column is month_keys.c.month:
                    after = "2026-10"
                here = where(table, row)
                evidence_of.run(update(table).where(*here).values({column.name: after}))
                assert found(evidence_of, keyring=keyring(), witness=witness), column
                changed = {**row._mapping, column.name: after}
                there = [key == changed[key.name] for key in table.primary_key.columns]
                evidence_of.run(update(table).where(*there).values({column.name: before}))
            evidence_of.run(delete(table).where(*where(table, row)))
            assert found(evidence_of, keyring=keyring(), witness=witness), table
            evidence_of.run(insert(table).values(dict(row._mapping)))
        assert looked(evidence_of, keyring=keyring(), witness=witness).ok


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_any_row_that_is_missing_is_named(
    sealed_copy: Evidence, sealed_template: Template, table: Table
) -> None:
    rows = sealed_copy.rows(table)
    assert rows
    for row in rows:
        sealed_copy.run(delete(table).where(*where(table, row)))
        assert found(sealed_copy, keyring=keyring(), witness=sealed_template.witness), row
        sealed_copy.run(insert(table).values(dict(row._mapping)))
    assert looked(sealed_copy, keyring=keyring(), witness=sealed_template.witness).ok


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    column=st.sampled_from(
        [column for table in (checkpoints, checkpoint_heads) for column in table.columns]
    ),
    choice=st.integers(0),
    bit=st.integers(0),
)
def test_any_flipped_bit_of_a_checkpoint_is_named(
    sealed_template: Template,
    tmp_path_factory: pytest.TempPathFactory,
    column: Column[Any],
    choice: int,
    bit: int,
) -> None:
    table = column.table
    file = tmp_path_factory.mktemp("flip") / "evidence.sqlite"
    shutil.copy(sealed_template.file, file)
    with opened(f"sqlite:///{file}") as evidence_of:
        rows = [
            row for row in evidence_of.rows(table) if row._mapping[column.name] not in (None, b"")
        ]
        assume(rows)
        row = rows[choice % len(rows)]
        value = row._mapping[column.name]
        kind = "INTEGER" if isinstance(value, int) else "BLOB"
        if isinstance(value, int):
            flipped: Any = value ^ (1 << bit % 40)
        else:
            raw = bytearray(value if isinstance(value, bytes) else value.encode())
            raw[bit // 8 % len(raw)] ^= 1 << bit % 8
            flipped = bytes(raw)
            kind = "BLOB" if isinstance(value, bytes) else "TEXT"
        # The number of another checkpoint cannot be had twice.
        assume(column.name != "number" or flipped not in (1, 2, 3))
        keys = [key.name for key in table.primary_key.columns]
        here = " AND ".join(f"{name} = :{name}" for name in keys)
        with evidence_of.engine.connect() as connection, writing(connection):
            connection.execute(
                text(f"UPDATE {table.name} SET {column.name} = CAST(:new AS {kind}) WHERE {here}"),
                {"new": flipped, **{name: row._mapping[name] for name in keys}},
            )
        assert found(evidence_of)


# Several at once


@pytest.mark.parametrize("damage", [None, "hash", "missing", "moved", "cut"])
def test_parts_and_processes_see_the_same(
    database_url: str, damage: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database_url) as evidence_of:
        chain_id = evidence_of.write([entry() for _ in range(40)])
        seal_all(evidence_of, records_max=7)
        evidence_of.write([entry() for _ in range(5)])
        columns = evidence.c

        def at(sequence: int) -> Any:
            return (columns.chain_id == chain_id) & (columns.sequence == sequence)

        match damage:
            case "hash":
                evidence_of.run(update(evidence).where(at(15)).values(hash=b"h" * 32))
            case "missing":
                for sequence in (14, 15, 16):
                    evidence_of.run(delete(evidence).where(at(sequence)))
            case "moved":
                evidence_of.run(update(evidence).where(at(3)).values(sequence=99))
                evidence_of.run(update(evidence).where(at(30)).values(sequence=3))
                evidence_of.run(update(evidence).where(at(99)).values(sequence=30))
            case "cut":
                cut(evidence_of, chain_id, 20)
        whole = looked(evidence_of, keyring=keyring())
        monkeypatch.setattr("kps_soap.audit.part_tasks.TASK_RECORDS", 5)
        for jobs in (1, 2):
            parts = looked(evidence_of, keyring=keyring(), jobs=jobs)
            assert {str(one) for one in parts.findings} == {str(one) for one in whole.findings}
            assert parts.records == whole.records
            assert parts.chains == whole.chains
            assert parts.ok is (damage is None)


def test_an_impossible_length_makes_no_impossible_work(
    sealed_copy: Evidence, sealed_template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.audit.part_tasks.TASK_RECORDS", 2)
    monkeypatch.setattr("kps_soap.audit.part_tasks._PARTS_MAX", 50)
    chain_id = sealed_template.chains[0]
    here = evidence_chains.c.chain_id == chain_id
    sealed_copy.run(update(evidence_chains).where(here).values(head_sequence=2**62))
    last = (evidence.c.chain_id == chain_id) & (evidence.c.sequence == 5)
    sealed_copy.run(update(evidence).where(last).values(sequence=2**61))
    named = found(sealed_copy)
    assert (Kind.REMOVED, chain_id, 5) in named
    assert (Kind.MOVED, chain_id, 2**61) in named


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_the_database_cannot_read_is_named(
    sealed_copy: Evidence, sealed_template: Template, table: Table
) -> None:
    """A broken page: nothing of it is known, and the rest is verified all the same."""
    file = Path(sealed_copy.url.removeprefix("sqlite:///"))
    with sealed_copy.engine.connect() as connection:
        page_size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        root = connection.exec_driver_sql(
            f"SELECT rootpage FROM sqlite_master WHERE name = '{table.name}'"
        ).scalar_one()
    sealed_copy.engine.dispose()
    content = bytearray(file.read_bytes())
    start = (root - 1) * page_size
    content[start : start + page_size] = b"\xff" * page_size
    file.write_bytes(content)
    named = found(sealed_copy)
    assert Kind.UNREADABLE in {kind for kind, _, _ in named}
    if table is evidence:
        assert {place for _, place, _ in named} == set(sealed_template.chains)


def test_a_database_that_is_none_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "bare.sqlite").write_bytes(b"")
    with pytest.raises(sqlite3.OperationalError):
        verify(f"sqlite:///{tmp_path / 'bare.sqlite'}")
