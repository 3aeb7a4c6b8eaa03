"""Backup and restore: what comes back is what went."""

import base64
import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from backup_samples import content, members_of
from evidence_samples import NOW, PERSON, Evidence, entry
from export_samples import (
    CERTIFICATES,
    exported,
    imported,
    seal,
    sealed_in_turns,
)
from retention_samples import NOT_DUE, destroy, order
from sqlalchemy import delete, select, update

from kps_soap.audit import exporting
from kps_soap.audit.chain import Chain
from kps_soap.audit.export_format import ExportRefused
from kps_soap.audit.export_source import ExportAddress
from kps_soap.audit.importing import COUNTERS_SKIPPED
from kps_soap.audit.orders import Scope
from kps_soap.audit.search import Criteria, find, open_record
from kps_soap.audit.sources import DatabaseAddress
from kps_soap.audit.verification import Options, verify_source
from kps_soap.billing.statement import statement_of
from kps_soap.database import writing
from kps_soap.models import (
    dictionaries,
    evidence_chains,
    held_records,
    receipt_blocks,
)
from kps_soap.models import evidence as evidence_table


def verify(evidence: Evidence, **options: Any) -> Any:
    given = {"keyring": evidence.keyring, "certificates": CERTIFICATES, **options}
    return verify_source(DatabaseAddress(evidence.url), Options(**given))


# There and back


def test_what_comes_back_is_what_went(source: Evidence, target: Evidence, tmp_path: Path) -> None:
    sealed_in_turns(source)
    order(source, NOW, Scope(person=99))
    seal(source)
    before = content(source)
    done = exported(source, tmp_path / "all.zip")
    assert (done.base, done.last, done.chains) == (0, 4, 4)
    brought = imported(target, tmp_path / "all.zip")
    assert (brought.records, brought.chains) == (done.records, done.chains) == (source.count(), 4)
    assert brought.digest == done.digest
    assert content(target) == before
    assert content(source) == before
    one, other = verify(source), verify(target)
    assert one.ok
    assert other == one


def test_searches_and_statements_are_the_same_after_a_restore(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    (first, *_) = sealed_in_turns(source)
    exported(source, tmp_path / "all.zip")
    imported(target, tmp_path / "all.zip")

    def looked(evidence: Evidence) -> Any:
        with evidence.engine.connect() as connection, connection.begin():
            return (
                find(connection, evidence.keyring, Criteria(person=99), limit=100),
                find(connection, evidence.keyring, Criteria(institution="B-34-0417"), limit=5),
                open_record(connection, evidence.keyring, first, 2),
                statement_of(connection, "B-34-0417", "2026-11").text,
            )

    assert looked(target) == looked(source)
    assert looked(target)[0].found


def test_an_export_of_what_was_imported_is_the_same_file(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    sealed_in_turns(source)
    exported(source, tmp_path / "one.zip")
    imported(target, tmp_path / "one.zip")
    exported(target, tmp_path / "two.zip")
    one, two = members_of(tmp_path / "one.zip"), members_of(tmp_path / "two.zip")
    manifests = [json.loads(each.pop("manifest.json")) for each in (one, two)]
    assert one == two
    skipped = manifests[1].pop("next_counter") - manifests[0].pop("next_counter")
    assert skipped == COUNTERS_SKIPPED
    assert manifests[0] == manifests[1]


def test_an_import_puts_a_damaged_dictionary_right(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    sealed_in_turns(source)
    exported(source, tmp_path / "all.zip")
    imported(target, tmp_path / "all.zip")
    target.run(update(dictionaries).values(content=b"something else"))
    assert imported(target, tmp_path / "all.zip").records == 0
    assert content(target) == content(source)


def test_parts_follow_on_each_other(source: Evidence, target: Evidence, tmp_path: Path) -> None:
    sealed_in_turns(source, turns=5)
    long = source.write([entry(received_at=NOW)] * 2)
    seal(source)
    for first, last in ((1, 2), (3, 3), (4, 6)):
        file = tmp_path / f"{first}.zip"
        done = exported(source, file, first=first, last=last)
        assert (done.base, done.last) == (first - 1, last)
        report = verify_source(
            ExportAddress(file), Options(keyring=source.keyring, certificates=CERTIFICATES)
        )
        assert report.ok, report.findings
        assert report.records == done.records
        imported(target, file)
    assert content(target) == content(source)
    assert long in {row.chain_id for row in target.rows(evidence_chains)}


def test_a_chain_that_goes_on_behind_a_checkpoint_is_continued(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    chain = Chain(source.engine.dialect, source.keyring, worker="t", random_bytes=os.urandom)
    with source.engine.connect() as connection:
        chain.open(connection, now=NOW)
        for number in range(3):
            group = chain.prepare(connection, [entry(), entry()], now=NOW)
            with writing(connection):
                chain.append(connection, group)
            chain.confirm()
            seal(source)
            exported(source, tmp_path / f"{number}.zip", first=number + 1, last=number + 1)
    for number in range(3):
        imported(target, tmp_path / f"{number}.zip")
    assert content(target) == content(source)
    assert verify(target).ok


def test_many_blocks_and_long_chains_come_back(
    source: Evidence, target: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_RECORDS_A_MEMBER", 7)
    monkeypatch.setattr(exporting, "_ROWS_A_MEMBER", 2)
    source.write([entry() for _ in range(40)])
    seal(source)
    sealed_in_turns(source, turns=5)
    exported(source, tmp_path / "all.zip")
    names = members_of(tmp_path / "all.zip").keys()
    assert sum(name.startswith("records/") for name in names) >= 6
    assert sum(name.startswith("segments/") for name in names) >= 3
    assert sum(name.startswith("checkpoints/") for name in names) >= 3
    imported(target, tmp_path / "all.zip")
    assert content(target) == content(source)


def test_large_messages_end_a_block_early(
    source: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_BYTES_A_MEMBER", 1_000)
    source.write([entry(answer=os.urandom(1_000)) for _ in range(4)])
    seal(source)
    exported(source, tmp_path / "all.zip")
    names = members_of(tmp_path / "all.zip").keys()
    assert sum(name.startswith("records/") for name in names) == 4


def test_destroyed_months_and_held_records_come_back_as_they_are(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    chain_id = source.write([entry(), entry(persons=[7])])
    order(source, NOT_DUE, Scope(person=PERSON))
    destroy(source)
    seal(source)
    exported(source, tmp_path / "all.zip")
    imported(target, tmp_path / "all.zip")
    assert content(target) == content(source)
    assert verify(target).ok
    with target.engine.connect() as connection, connection.begin():
        assert open_record(connection, target.keyring, chain_id, 2).answer is not None
        assert open_record(connection, target.keyring, chain_id, 3).answer is None
    assert target.count(held_records) == 1


def test_the_lines_say_what_the_docstring_says(source: Evidence, tmp_path: Path) -> None:
    """An independent reading: sums and hashes from the file alone."""
    (chain_id, *_) = sealed_in_turns(source, turns=1)
    exported(source, tmp_path / "all.zip")
    members = members_of(tmp_path / "all.zip")
    records = [
        json.loads(line)
        for name, text in members.items()
        if name.startswith("records/")
        for line in text.splitlines()
    ]
    assert sum(one["amount"] for one in records if one["units"] > 0) == 3 * 600
    links = [
        json.loads(one) for one in members[f"links/{chain_id}/000000000001.jsonl"].splitlines()
    ]
    assert [one["previous_hash"] for one in links[1:]] == [one["hash"] for one in links[:-1]]
    first, content = links[0], records[0]
    place = chain_id.encode() + (1).to_bytes(8, "big") + first["month"].encode() + bytes(32)
    parts = b"".join(
        bytes.fromhex(first[name]) for name in ("plain_digest", "persons_digest", "cipher_digest")
    )
    assert sha256(b"kps-soap:evidence:2" + place + parts).hexdigest() == first["hash"]
    cipher = base64.b64decode(content["ciphertext"])
    assert sha256(cipher).hexdigest() == first["cipher_digest"]


# Numbers


def test_no_receipt_number_is_given_again_after_a_restore(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    sealed_in_turns(source, turns=1)
    source.run(update(receipt_blocks).values(next_counter=70_001))
    exported(source, tmp_path / "all.zip")
    for _ in range(2):
        imported(target, tmp_path / "all.zip")
        counter = select(receipt_blocks.c.next_counter)
        with target.engine.connect() as connection:
            assert connection.execute(counter).scalar_one() == 70_001 + COUNTERS_SKIPPED
    imported(source, tmp_path / "all.zip")
    with source.engine.connect() as connection:
        assert connection.execute(counter).scalar_one() == 70_001


# Exporting


def test_only_what_is_sealed_is_exported(source: Evidence, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="kps audit seal"):
        exported(source, tmp_path / "none.zip")
    sealed_in_turns(source, turns=2)
    source.write([entry()])
    done = exported(source, tmp_path / "all.zip")
    assert done.records == source.count() - 2
    for first, last in ((0, 1), (2, 1), (1, 3), (3, None)):
        with pytest.raises(ExportRefused, match="1 to 2"):
            exported(source, tmp_path / "bad.zip", first=first, last=last)
    assert [path.name for path in tmp_path.glob("*.zip")] == ["all.zip"]


def test_an_export_is_private_and_overwrites_nothing(source: Evidence, tmp_path: Path) -> None:
    sealed_in_turns(source, turns=1)
    file = tmp_path / "all.zip"
    exported(source, file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(ExportRefused, match="already"):
        exported(source, file)
    assert file.read_bytes() == before


def test_an_export_that_cannot_be_recorded_leaves_no_file(source: Evidence, tmp_path: Path) -> None:
    class NoRecord(Exception):
        """Stands for evidence that cannot be written."""

    def fail(_done: object) -> None:
        raise NoRecord

    sealed_in_turns(source, turns=1)
    with pytest.raises(NoRecord):
        exported(source, tmp_path / "all.zip", record=fail)
    assert not [path for path in tmp_path.iterdir() if "zip" in path.name]


def test_a_value_of_another_type_is_not_exported(source: Evidence, tmp_path: Path) -> None:
    sealed_in_turns(source, turns=1)
    source.run(update(evidence_table).values(door=b"\xff"))
    with pytest.raises(ExportRefused, match="another type"):
        exported(source, tmp_path / "all.zip")


def test_a_removed_record_is_named_in_the_export_too(source: Evidence, tmp_path: Path) -> None:
    (chain_id, *_) = sealed_in_turns(source)
    here = (evidence_table.c.chain_id == chain_id) & (evidence_table.c.sequence == 3)
    source.run(delete(evidence_table).where(here))
    exported(source, tmp_path / "all.zip")
    report = verify_source(ExportAddress(tmp_path / "all.zip"), Options())
    assert (chain_id, 3) in {(one.place, one.sequence) for one in report.findings}
