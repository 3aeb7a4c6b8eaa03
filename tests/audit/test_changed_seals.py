"""Seals that are forged, skipped, doubled or missing, and a part that begins behind one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from evidence_samples import Evidence, entry, opened
from seal_samples import certificates, seal_all, seal_key
from sealed_samples import Template, found, looked, where
from sqlalchemy import delete, insert, text, update

from kps_soap.audit.checkpoint_check import CheckpointCheck
from kps_soap.audit.checkpoints import Checkpoint
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.heads import SealedHead
from kps_soap.audit.sources import Batches, DatabaseSource
from kps_soap.database import writing
from kps_soap.models import checkpoint_heads, checkpoints

# Seals


def row_of(evidence_of: Evidence, number: int) -> Any:
    return next(row for row in evidence_of.rows(checkpoints) if row.number == number)


def test_a_seal_of_another_key_is_named(sealed_copy: Evidence) -> None:
    old = Checkpoint.of_row(tuple(row_of(sealed_copy, 3)))
    forged = seal_key("other").signed(
        number=3,
        taken_us=old.taken_us,
        previous_digest=old.previous_digest,
        heads_root=old.heads_root,
        chains=old.chains,
        records=old.records,
    )
    values = {name: getattr(forged, name) for name in forged.__slots__}
    sealed_copy.run(update(checkpoints).where(checkpoints.c.number == 3).values(values))
    assert found(sealed_copy) == {(Kind.FORGED, "checkpoints", 3)}
    assert looked(sealed_copy, certificates=certificates("seal", "other")).ok
    # Without certificates nobody can tell.
    assert looked(sealed_copy, certificates=None).ok


def test_a_seal_that_skips_another_one_is_named(sealed_copy: Evidence) -> None:
    """The last two as one, signed with the right key: the number tells, and the link."""
    for table in (checkpoints, checkpoint_heads):
        sealed_copy.run(delete(table).where(table.c.number == 2))
    named = found(sealed_copy)
    assert (Kind.REMOVED, "checkpoints", 2) in named
    sealed_copy.run(update(checkpoints).where(checkpoints.c.number == 3).values(number=2))
    assert (Kind.CHANGED, "checkpoints", 2) in found(sealed_copy)


def test_heads_without_a_checkpoint_are_named(sealed_copy: Evidence) -> None:
    row = dict(sealed_copy.rows(checkpoint_heads)[0]._mapping)
    sealed_copy.run(insert(checkpoint_heads).values({**row, "number": 99}))
    sealed_copy.run(insert(checkpoint_heads).values({**row, "number": 0}))
    named = found(sealed_copy)
    assert (Kind.ADDED, "checkpoint_heads", 99) in named
    assert (Kind.ADDED, "checkpoint_heads", 0) in named


def test_a_head_that_seals_nothing_is_named(
    sealed_copy: Evidence, sealed_template: Template
) -> None:
    chain_id = sealed_template.chains[2]
    row = dict(sealed_copy.rows(checkpoint_heads)[-1]._mapping)
    empty = {"chain_id": chain_id, "position": 2, "first_sequence": 5, "head_sequence": 4}
    sealed_copy.run(insert(checkpoint_heads).values({**row, **empty}))
    kinds = {(kind, place) for kind, place, _ in found(sealed_copy)}
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


def test_numbers_that_are_none_and_numbers_twice_are_named(sealed_copy: Evidence) -> None:
    """A database that somebody stripped of its keys."""
    with sealed_copy.engine.connect() as connection, writing(connection):
        for table in ("checkpoints", "checkpoint_heads"):
            connection.execute(text(f"CREATE TABLE bare AS SELECT * FROM {table}"))
            connection.execute(text(f"DROP TABLE {table}"))
            connection.execute(text(f"ALTER TABLE bare RENAME TO {table}"))
        connection.execute(text("INSERT INTO checkpoints SELECT * FROM checkpoints WHERE number=2"))
        connection.execute(text("UPDATE checkpoints SET number='x' WHERE number = 3"))
        connection.execute(text("UPDATE checkpoint_heads SET number='y' WHERE number = 3"))
    named = found(sealed_copy)
    assert (Kind.COPIED, "checkpoints", 2) in named
    assert (Kind.CHANGED, "checkpoints", None) in named
    assert (Kind.ADDED, "checkpoint_heads", None) in named


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
    sealed_copy: Evidence, sealed_template: Template
) -> None:
    rows = [row for row in sealed_copy.rows(checkpoint_heads) if row.number == 2]
    (row,) = (one for one in rows if one.chain_id == sealed_template.chains[0])
    heads = {row.chain_id: SealedHead(0, row.head_sequence, row.head_hash)}
    assert checkpoint_findings(sealed_copy, heads) == set()
    for wrong in (
        SealedHead(0, row.head_sequence, b"x" * 32),
        SealedHead(0, row.head_sequence - 1, row.head_hash),
    ):
        found_with = checkpoint_findings(sealed_copy, {row.chain_id: wrong})
        assert found_with == {"changed checkpoint_heads:3"}
    # Positions that are none are named at once.
    odd = {row.chain_id: SealedHead(5, row.head_sequence, row.head_hash)}
    assert "changed checkpoint_heads:2" in checkpoint_findings(sealed_copy, odd)
    assert checkpoint_findings(sealed_copy, {row.chain_id: None}) >= {"changed checkpoint_heads:2"}


@pytest.mark.parametrize("value", [b"\xff\xfe", 1.5, -1, None])
@pytest.mark.parametrize("column", ["chain_id", "position", "first_sequence", "head_hash"])
def test_heads_with_odd_values_are_named(sealed_copy: Evidence, column: str, value: Any) -> None:
    with sealed_copy.engine.connect() as connection, writing(connection):
        connection.execute(text("CREATE TABLE bare AS SELECT * FROM checkpoint_heads"))
        connection.execute(text("DROP TABLE checkpoint_heads"))
        connection.execute(text("ALTER TABLE bare RENAME TO checkpoint_heads"))
        connection.execute(
            text(f"UPDATE checkpoint_heads SET {column} = :value WHERE number = 2"),
            {"value": value},
        )
    assert (Kind.CHANGED, "checkpoint_heads", 2) in found(sealed_copy)
