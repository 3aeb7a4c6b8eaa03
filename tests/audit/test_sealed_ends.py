"""What a witness adds: cut ends, other ways of a chain, old copies; and a witness gone wrong."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import Evidence, entry, keyring, opened, sealed_alone
from seal_samples import certificates, seal_all
from sealed_samples import TABLES, Template, cut, filled, found, hand_over, looked
from sqlalchemy import delete, insert, update

from kps_soap.audit import merkle, records
from kps_soap.audit.checkpoints import leaf_of
from kps_soap.audit.findings import Kind
from kps_soap.audit.verification import verify
from kps_soap.audit.witness import name_of
from kps_soap.models import (
    checkpoint_heads,
    checkpoints,
    evidence,
    evidence_chains,
    evidence_persons,
)

# Ends, ways, copies


def test_a_cut_tail_is_named_by_the_seals_alone(
    sealed_copy: Evidence, sealed_template: Template
) -> None:
    chain_id = sealed_template.chains[0]
    cut(sealed_copy, chain_id, 3)
    report = looked(sealed_copy, certificates=None)
    assert [str(one) for one in report.findings] == [
        f"{chain_id}:4 cut tail: the chain ends at 3, but was sealed up to 5"
    ]
    assert found(sealed_copy, chains_only=True) == {(Kind.CUT, chain_id, 4)}


def test_a_cut_tail_with_its_seals_is_named_by_the_witness(
    sealed_copy: Evidence, sealed_template: Template
) -> None:
    chain_id = sealed_template.chains[0]
    cut(sealed_copy, chain_id, 3)
    for table in (checkpoints, checkpoint_heads):
        sealed_copy.run(delete(table).where(table.c.number > 1))
    for name in sealed_template.chains[1:]:
        for table in (evidence, evidence_persons, evidence_chains):
            sealed_copy.run(delete(table).where(table.c.chain_id == name))
    # Nothing inside tells of it.
    assert looked(sealed_copy, keyring=keyring()).ok
    report = looked(sealed_copy, witness=sealed_template.witness)
    assert {str(one) for one in report.findings} == {
        "checkpoints:2 old copy: the witness knows checkpoints up to 3: an old copy, or a cut end",
        f"{chain_id}:4 cut tail: the chain ends at 3;"
        " checkpoint 2 of the witness sealed it up to 5",
        f"{sealed_template.chains[1]} removed: the chain is gone;"
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
    sealed_copy: Evidence, sealed_template: Template, tmp_path: Path, damage: str, kind: Kind
) -> None:
    witness = tmp_path / "witness"
    shutil.copytree(sealed_template.witness, witness)
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
    named = {one for one in found(sealed_copy, **options) if one[1] == name_of(2)}
    assert named == {(kind, name_of(2), None)}


def test_a_head_has_the_leaf_that_the_witness_shows(sealed_template: Template) -> None:
    """A file alone proves where its chains were, with these lines and the certificate."""
    import json

    content = json.loads((sealed_template.witness / name_of(2)).read_bytes())
    for head in content["heads"]:
        whole, root = (bytes.fromhex(head[name]) for name in ("head_hash", "segment_root"))
        leaf = leaf_of(head["chain"], head["first_sequence"], head["head_sequence"], whole, root)
        path = [bytes.fromhex(step) for step in head["path"]]
        sealed = merkle.root_by_path(leaf, head["position"], content["checkpoint"]["chains"], path)
        assert sealed.hex() == content["checkpoint"]["heads_root"]
