"""What seals and a witness add: cut ends, other ways of a chain, old copies, forged seals."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from evidence_samples import NOW, Evidence, entry, keyring, opened, sealed_alone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from seal_samples import certificates, seal_all, seal_key
from sqlalchemy import Column, Table, delete, insert, select, text, update

from kps_soap.audit import merkle, records
from kps_soap.audit.checkpoint_check import CheckpointCheck
from kps_soap.audit.checkpoints import Checkpoint, leaf_of
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.heads import SealedHead
from kps_soap.audit.sources import Batches, DatabaseAddress, DatabaseSource
from kps_soap.audit.verification import Options, verify, verify_source
from kps_soap.audit.witness import Courier, Folder, name_of
from kps_soap.database import writing
from kps_soap.models import (
    checkpoint_heads,
    checkpoints,
    evidence,
    evidence_chains,
    evidence_persons,
    field_lists,
    month_keys,
)

TABLES = (
    evidence,
    evidence_persons,
    evidence_chains,
    field_lists,
    month_keys,
    checkpoints,
    checkpoint_heads,
)
#: Columns that nobody signed and that may be empty.
UNSET = {"timestamp_token", "destroyed_us", "destroyed_by"}


def hand_over(evidence_of: Evidence, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    courier = Courier(evidence_of.engine, [Folder(folder)], now=lambda: NOW)
    while courier.step():
        pass


def filled(evidence_of: Evidence, witness: Path) -> list[str]:
    """Two chains under three seals, with a record that is not sealed yet."""
    first = evidence_of.write([entry(persons=[number, 99]) for number in range(1, 5)])
    seal_all(evidence_of, records_max=3)
    second = evidence_of.write([entry(persons=[7])])
    seal_all(evidence_of)
    hand_over(evidence_of, witness)
    third = evidence_of.write([])
    return [first, second, third]


@dataclass(frozen=True)
class Template:
    file: Path
    witness: Path
    chains: list[str]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("sealed")
    with opened(f"sqlite:///{folder / 'template.sqlite'}") as evidence_of:
        chains = filled(evidence_of, folder / "witness")
        with evidence_of.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Template(folder / "template.sqlite", folder / "witness", chains)


@pytest.fixture
def copied(template: Template, tmp_path: Path) -> Iterator[Evidence]:
    file = tmp_path / "evidence.sqlite"
    shutil.copy(template.file, file)
    with opened(f"sqlite:///{file}") as evidence_of:
        yield evidence_of


def looked(evidence_of: Evidence, **options: Any) -> Report:
    given_options = {"certificates": certificates(), **options}
    report = verify_source(DatabaseAddress(evidence_of.url), Options(**given_options))
    assert len(report.findings) == report.findings_total
    return report


def found(evidence_of: Evidence, **options: Any) -> set[tuple[Kind, str, int | None]]:
    return {(one.kind, one.place, one.sequence) for one in looked(evidence_of, **options).findings}


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


def where(table: Table, row: Any) -> list[Any]:
    return [key == row._mapping[key.name] for key in table.primary_key.columns]


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
    copied: Evidence, template: Template, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    shutil.copytree(template.witness, witness)
    (witness / name_of(2)).unlink()
    (witness / "notes.txt").write_text("x")
    assert looked(copied, witness=witness).ok
    with pytest.raises(OSError, match="absent"):
        looked(copied, witness=tmp_path / "absent")


# Anything changed, anything deleted


@pytest.mark.parametrize(
    "column",
    [column for table in TABLES for column in table.columns],
    ids=lambda column: f"{column.table.name}.{column.name}",
)
def test_a_change_of_any_column_is_named(
    copied: Evidence, template: Template, column: Column[Any]
) -> None:
    table = column.table
    assert isinstance(table, Table)
    for row in (copied.rows(table)[0], copied.rows(table)[-1]):
        before = row._mapping[column.name]
        after = other_than(before, column)
        copied.run(update(table).where(*where(table, row)).values({column.name: after}))
        assert found(copied, keyring=keyring(), witness=template.witness)
        changed = {**row._mapping, column.name: after}
        here = [key == changed[key.name] for key in table.primary_key.columns]
        copied.run(update(table).where(*here).values({column.name: before}))
    assert looked(copied, keyring=keyring(), witness=template.witness).ok


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
    copied: Evidence, template: Template, table: Table
) -> None:
    rows = copied.rows(table)
    assert rows
    for row in rows:
        copied.run(delete(table).where(*where(table, row)))
        assert found(copied, keyring=keyring(), witness=template.witness), row
        copied.run(insert(table).values(dict(row._mapping)))
    assert looked(copied, keyring=keyring(), witness=template.witness).ok


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
    template: Template,
    tmp_path_factory: pytest.TempPathFactory,
    column: Column[Any],
    choice: int,
    bit: int,
) -> None:
    table = column.table
    file = tmp_path_factory.mktemp("flip") / "evidence.sqlite"
    shutil.copy(template.file, file)
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


# Ends, ways, copies


def cut(evidence_of: Evidence, chain_id: str, last: int) -> None:
    """Take a chain's end away as if it had never been."""
    for table in (evidence, evidence_persons):
        columns = table.c
        gone = (columns.chain_id == chain_id) & (columns.sequence > last)
        evidence_of.run(delete(table).where(gone))
    with evidence_of.engine.connect() as connection:
        here = (evidence.c.chain_id == chain_id) & (evidence.c.sequence == last)
        whole = connection.execute(select(evidence.c.hash).where(here)).scalar_one()
    head = {"head_sequence": last, "head_hash": whole}
    evidence_of.run(
        update(evidence_chains).where(evidence_chains.c.chain_id == chain_id).values(head)
    )


def test_a_cut_tail_is_named_by_the_seals_alone(copied: Evidence, template: Template) -> None:
    chain_id = template.chains[0]
    cut(copied, chain_id, 3)
    report = looked(copied, certificates=None)
    assert [str(one) for one in report.findings] == [
        f"{chain_id}:4 cut tail: the chain ends at 3, but was sealed up to 5"
    ]
    assert found(copied, chains_only=True) == {(Kind.CUT, chain_id, 4)}


def test_a_cut_tail_with_its_seals_is_named_by_the_witness(
    copied: Evidence, template: Template
) -> None:
    chain_id = template.chains[0]
    cut(copied, chain_id, 3)
    for table in (checkpoints, checkpoint_heads):
        copied.run(delete(table).where(table.c.number > 1))
    for name in template.chains[1:]:
        for table in (evidence, evidence_persons, evidence_chains):
            copied.run(delete(table).where(table.c.chain_id == name))
    # Nothing inside tells of it.
    assert looked(copied, keyring=keyring()).ok
    report = looked(copied, witness=template.witness)
    assert {str(one) for one in report.findings} == {
        "checkpoints:2 old copy: the witness knows checkpoints up to 3: an old copy, or a cut end",
        f"{chain_id}:4 cut tail: the chain ends at 3;"
        " checkpoint 2 of the witness sealed it up to 5",
        f"{template.chains[1]} removed: the chain is gone;"
        " checkpoint 3 of the witness sealed it up to 2",
    }


def test_yesterdays_copy_is_named_by_the_witness(database_url: str, tmp_path: Path) -> None:
    """Restored as it was, and restored and then gone on with."""
    witness = tmp_path / "witness"
    with opened(database_url) as evidence_of:
        filled(evidence_of, witness)
        yesterday = {table: evidence_of.rows(table) for table in TABLES}
        lost = evidence_of.write([entry(), entry()])
        seal_all(evidence_of)
        hand_over(evidence_of, witness)
        assert looked(evidence_of, witness=witness).ok
        for table, rows in yesterday.items():
            evidence_of.run(delete(table))
            evidence_of.run(insert(table).values([dict(row._mapping) for row in rows]))
        assert looked(evidence_of, keyring=keyring()).ok
        named = found(evidence_of, witness=witness)
        assert (Kind.RESTORED, "checkpoints", 4) in named
        assert (Kind.REMOVED, lost, None) in named
        evidence_of.write([entry()])
        seal_all(evidence_of)
        assert looked(evidence_of, keyring=keyring()).ok
        named = found(evidence_of, witness=witness)
        assert (Kind.FORKED, "checkpoints", 4) in named
        assert (Kind.REMOVED, lost, None) in named


class Insider:
    """Somebody with the database and the key file: records of his own are whole in every way."""

    def __init__(self, evidence_of: Evidence, chain_id: str) -> None:
        self._evidence = evidence_of
        self._chain_id = chain_id

    def rewrite(self, first: int) -> None:
        """The chain from a record on, anew."""
        columns = evidence.c
        rows = [row for row in self._evidence.rows() if row.chain_id == self._chain_id]
        previous = rows[first - 2].hash
        with self._evidence.engine.connect() as connection, connection.begin():
            secret = keyring().find(connection, "2026-11")
        for old in rows[first - 1 :]:
            made = entry(institution="BASKA", returned_fields=(), persons=[])
            place = records.Place(self._chain_id, old.sequence, "2026-11", previous)
            sealed = sealed_alone(made, place, secret=secret, salt=bytes(16))
            here = (columns.chain_id == self._chain_id) & (columns.sequence == old.sequence)
            values = dict(zip(records.ROW_COLUMNS, sealed.row, strict=True))
            self._evidence.run(update(evidence).where(here).values(values))
            persons = evidence_persons.c
            there = (persons.chain_id == self._chain_id) & (persons.sequence == old.sequence)
            self._evidence.run(delete(evidence_persons).where(there))
            previous = sealed.hash
        head = evidence_chains.c.chain_id == self._chain_id
        self._evidence.run(update(evidence_chains).where(head).values(head_hash=previous))


def test_a_chain_that_an_insider_wrote_anew_is_not_the_sealed_one(
    database_url: str, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    with opened(database_url) as evidence_of:
        chain_id, *_ = filled(evidence_of, witness)
        Insider(evidence_of, chain_id).rewrite(4)
        copies = verify(database_url, keyring())
        assert {one.kind for one in copies.findings} == {Kind.FORKED}
        assert found(evidence_of, keyring=keyring()) == {(Kind.FORKED, chain_id, 4)}
        # He seals it anew with another key, and even with the right one.
        for key, kinds in (("other", {Kind.FORGED, Kind.FORKED}), ("seal", {Kind.FORKED})):
            for table in (checkpoints, checkpoint_heads):
                evidence_of.run(delete(table).where(table.c.number > 1))
            seal_all(evidence_of, key=key)
            named = found(evidence_of, keyring=keyring(), witness=witness)
            assert {kind for kind, _, _ in named} >= {Kind.FORKED}
            assert {kind for kind, _, _ in named} <= kinds | {Kind.RESTORED}
            assert (Kind.FORKED, chain_id, 5) in named


# Seals


def row_of(evidence_of: Evidence, number: int) -> Any:
    return next(row for row in evidence_of.rows(checkpoints) if row.number == number)


def test_a_seal_of_another_key_is_named(copied: Evidence) -> None:
    old = Checkpoint.of_row(tuple(row_of(copied, 3)))
    forged = seal_key("other").signed(
        number=3,
        taken_us=old.taken_us,
        previous_digest=old.previous_digest,
        heads_root=old.heads_root,
        chains=old.chains,
        records=old.records,
    )
    values = {name: getattr(forged, name) for name in forged.__slots__}
    copied.run(update(checkpoints).where(checkpoints.c.number == 3).values(values))
    assert found(copied) == {(Kind.FORGED, "checkpoints", 3)}
    assert looked(copied, certificates=certificates("seal", "other")).ok
    # Without certificates nobody can tell.
    assert looked(copied, certificates=None).ok


def test_a_seal_that_skips_another_one_is_named(copied: Evidence) -> None:
    """The last two as one, signed with the right key: the number tells, and the link."""
    for table in (checkpoints, checkpoint_heads):
        copied.run(delete(table).where(table.c.number == 2))
    named = found(copied)
    assert (Kind.REMOVED, "checkpoints", 2) in named
    copied.run(update(checkpoints).where(checkpoints.c.number == 3).values(number=2))
    assert (Kind.CHANGED, "checkpoints", 2) in found(copied)


def test_heads_without_a_checkpoint_are_named(copied: Evidence) -> None:
    row = dict(copied.rows(checkpoint_heads)[0]._mapping)
    copied.run(insert(checkpoint_heads).values({**row, "number": 99}))
    copied.run(insert(checkpoint_heads).values({**row, "number": 0}))
    named = found(copied)
    assert (Kind.ADDED, "checkpoint_heads", 99) in named
    assert (Kind.ADDED, "checkpoint_heads", 0) in named


def test_a_head_that_seals_nothing_is_named(copied: Evidence, template: Template) -> None:
    chain_id = template.chains[2]
    row = dict(copied.rows(checkpoint_heads)[-1]._mapping)
    empty = {"chain_id": chain_id, "position": 2, "first_sequence": 5, "head_sequence": 4}
    copied.run(insert(checkpoint_heads).values({**row, **empty}))
    kinds = {(kind, place) for kind, place, _ in found(copied)}
    assert (Kind.CHANGED, "checkpoint_heads") in kinds


def test_one_change_is_not_told_for_every_seal_behind_it(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        for _ in range(6):
            evidence_of.write([entry()])
            seal_all(evidence_of)
        first = evidence_of.rows(checkpoint_heads)[0]
        here = where(checkpoint_heads, first)
        evidence_of.run(update(checkpoint_heads).where(*here).values(segment_root=b"r" * 32))
        named = found(evidence_of)
        assert named == {
            (Kind.CHANGED, "checkpoint_heads", 1),
            (Kind.FORKED, first.chain_id, 1),
        }


def test_numbers_that_are_none_and_numbers_twice_are_named(copied: Evidence) -> None:
    """A database that somebody stripped of its keys."""
    with copied.engine.connect() as connection, writing(connection):
        for table in ("checkpoints", "checkpoint_heads"):
            connection.execute(text(f"CREATE TABLE bare AS SELECT * FROM {table}"))
            connection.execute(text(f"DROP TABLE {table}"))
            connection.execute(text(f"ALTER TABLE bare RENAME TO {table}"))
        connection.execute(text("INSERT INTO checkpoints SELECT * FROM checkpoints WHERE number=2"))
        connection.execute(text("UPDATE checkpoints SET number='x' WHERE number = 3"))
        connection.execute(text("UPDATE checkpoint_heads SET number='y' WHERE number = 3"))
    named = found(copied)
    assert (Kind.COPIED, "checkpoints", 2) in named
    assert (Kind.CHANGED, "checkpoints", None) in named
    assert (Kind.ADDED, "checkpoint_heads", None) in named


# A witness that cannot be believed


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("no json", Kind.UNREADABLE),
        ("another format", Kind.UNREADABLE),
        ("another number", Kind.UNREADABLE),
        ("changed", Kind.UNREADABLE),
        ("changed head", Kind.UNREADABLE),
        ("odd head", Kind.UNREADABLE),
        ("a directory", Kind.UNREADABLE),
        ("deep", Kind.UNREADABLE),
        ("other key", Kind.FORGED),
    ],
)
def test_a_file_of_the_witness_that_is_not_to_be_believed_is_named(
    copied: Evidence, template: Template, tmp_path: Path, damage: str, kind: Kind
) -> None:
    witness = tmp_path / "witness"
    shutil.copytree(template.witness, witness)
    file = witness / name_of(2)
    content = file.read_text()
    options: dict[str, Any] = {"witness": witness}
    match damage:
        case "no json":
            file.write_text("{")
        case "another format":
            file.write_text(content.replace("kps-soap:witness:1", "kps-soap:witness:9"))
        case "another number":
            file.write_text((witness / name_of(1)).read_text())
        case "changed":
            file.write_text(content.replace('"records": 5', '"records": 6'))
        case "changed head":
            file.write_text(content.replace('"head_sequence": 5', '"head_sequence": 9'))
        case "odd head":
            file.write_text(content.replace('"head_sequence": 5', '"head_sequence": null'))
        case "a directory":
            file.unlink()
            file.mkdir()
        case "deep":
            file.write_text("[" * 100_000)
        case "other key":
            options["certificates"] = certificates("other")
    named = {one for one in found(copied, **options) if one[1] == name_of(2)}
    assert named == {(kind, name_of(2), None)}


def test_a_head_has_the_leaf_that_the_witness_shows(template: Template) -> None:
    """A file alone proves where its chains were, with these lines and the certificate."""
    import json

    content = json.loads((template.witness / name_of(2)).read_bytes())
    for head in content["heads"]:
        whole, root = (bytes.fromhex(head[name]) for name in ("head_hash", "segment_root"))
        leaf = leaf_of(head["chain"], head["first_sequence"], head["head_sequence"], whole, root)
        path = [bytes.fromhex(step) for step in head["path"]]
        sealed = merkle.root_by_path(leaf, head["position"], content["checkpoint"]["chains"], path)
        assert sealed.hex() == content["checkpoint"]["heads_root"]


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
    copied: Evidence, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.audit.part_tasks.TASK_RECORDS", 2)
    monkeypatch.setattr("kps_soap.audit.part_tasks._PARTS_MAX", 50)
    chain_id = template.chains[0]
    here = evidence_chains.c.chain_id == chain_id
    copied.run(update(evidence_chains).where(here).values(head_sequence=2**62))
    last = (evidence.c.chain_id == chain_id) & (evidence.c.sequence == 5)
    copied.run(update(evidence).where(last).values(sequence=2**61))
    named = found(copied)
    assert (Kind.REMOVED, chain_id, 5) in named
    assert (Kind.MOVED, chain_id, 2**61) in named


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_the_database_cannot_read_is_named(
    copied: Evidence, template: Template, table: Table
) -> None:
    """A broken page: nothing of it is known, and the rest is verified all the same."""
    file = Path(copied.url.removeprefix("sqlite:///"))
    with copied.engine.connect() as connection:
        page_size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        root = connection.exec_driver_sql(
            f"SELECT rootpage FROM sqlite_master WHERE name = '{table.name}'"
        ).scalar_one()
    copied.engine.dispose()
    content = bytearray(file.read_bytes())
    start = (root - 1) * page_size
    content[start : start + page_size] = b"\xff" * page_size
    file.write_bytes(content)
    named = found(copied)
    assert Kind.UNREADABLE in {kind for kind, _, _ in named}
    if table is evidence:
        assert {place for _, place, _ in named} == set(template.chains)


def test_a_database_that_is_none_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "bare.sqlite").write_bytes(b"")
    with pytest.raises(sqlite3.OperationalError):
        verify(f"sqlite:///{tmp_path / 'bare.sqlite'}")


# A part that begins behind a checkpoint


class _From(DatabaseSource):
    """A database as an export would show it that begins behind a checkpoint."""

    number = 2
    heads: Mapping[str, SealedHead] = MappingProxyType({})

    def base(self) -> int:
        return self.number

    def sealed_heads(self) -> Mapping[str, SealedHead]:
        return self.heads

    def checkpoints(self) -> Batches:
        for rows in super().checkpoints():
            yield [row for row in rows if row[0] >= self.number]

    def segments(self) -> Batches:
        for rows in super().segments():
            yield [row for row in rows if row[0] > self.number]


def checkpoint_findings(evidence_of: Evidence, heads: Mapping[str, Any]) -> set[str]:
    report = Report()
    with evidence_of.engine.connect() as connection:
        source = _From(connection)
        source.heads = heads
        with source.snapshot():
            check = CheckpointCheck(source, report)
            numbers = [checkpoint.number for checkpoint, _ in check.run()]
    assert numbers == [2, 3]
    assert check.last == 3
    return {f"{one.kind.value} {one.place}:{one.sequence}" for one in report.findings}


def test_a_part_is_checked_from_the_heads_that_it_begins_with(
    copied: Evidence, template: Template
) -> None:
    rows = [row for row in copied.rows(checkpoint_heads) if row.number == 2]
    (row,) = (one for one in rows if one.chain_id == template.chains[0])
    heads = {row.chain_id: SealedHead(0, row.head_sequence, row.head_hash)}
    assert checkpoint_findings(copied, heads) == set()
    for wrong in (
        SealedHead(0, row.head_sequence, b"x" * 32),
        SealedHead(0, row.head_sequence - 1, row.head_hash),
    ):
        found_with = checkpoint_findings(copied, {row.chain_id: wrong})
        assert found_with == {"changed checkpoint_heads:3"}
    # Positions that are none are named at once.
    odd = {row.chain_id: SealedHead(5, row.head_sequence, row.head_hash)}
    assert "changed checkpoint_heads:2" in checkpoint_findings(copied, odd)
    assert checkpoint_findings(copied, {row.chain_id: None}) >= {"changed checkpoint_heads:2"}


@pytest.mark.parametrize("value", [b"\xff\xfe", 1.5, -1, None])
@pytest.mark.parametrize("column", ["chain_id", "position", "first_sequence", "head_hash"])
def test_heads_with_odd_values_are_named(copied: Evidence, column: str, value: Any) -> None:
    with copied.engine.connect() as connection, writing(connection):
        connection.execute(text("CREATE TABLE bare AS SELECT * FROM checkpoint_heads"))
        connection.execute(text("DROP TABLE checkpoint_heads"))
        connection.execute(text("ALTER TABLE bare RENAME TO checkpoint_heads"))
        connection.execute(
            text(f"UPDATE checkpoint_heads SET {column} = :value WHERE number = 2"),
            {"value": value},
        )
    assert (Kind.CHANGED, "checkpoint_heads", 2) in found(copied)
