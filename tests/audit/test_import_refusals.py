"""Restoring: what was changed, or does not fit, does not get in."""

import json
import os
import zipfile
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from backup_samples import Members, content, members_of
from evidence_samples import FILE_KEY, NOW, Evidence, entry, opened
from export_samples import (
    CERTIFICATES,
    exported,
    imported,
    seal,
    sealed_in_turns,
)
from retention_samples import DUE, destroy, order
from sqlalchemy import delete, update

from kps_soap.audit import export_format, exporting, importing
from kps_soap.audit.chain import Chain
from kps_soap.audit.checkpoints import Certificates
from kps_soap.audit.export_format import ExportRefused
from kps_soap.audit.export_source import ExportAddress
from kps_soap.audit.importing import ExportDoesNotVerify
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.audit.orders import Scope
from kps_soap.audit.verification import Options, verify_source
from kps_soap.database import writing
from kps_soap.models import (
    checkpoints,
    evidence_chains,
    evidence_persons,
    month_keys,
)
from kps_soap.models import evidence as evidence_table


def written(file: Path, members: Members) -> Path:
    """An export with other members, and a manifest that fits them."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {
        name: {
            "bytes": len(text),
            "lines": text.count(b"\n"),
            "sha256": sha256(text).hexdigest(),
        }
        for name, text in members.items()
        if name != "manifest.json"
    }
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            if name != "manifest.json":
                archive.writestr(name, text)
        archive.writestr("manifest.json", json.dumps(manifest) + "\n")
    return file


# Importing: what is refused


@pytest.fixture
def export_file(source: Evidence, tmp_path: Path) -> Path:
    sealed_in_turns(source)
    order(source, NOW, Scope(person=99))
    seal(source)
    exported(source, tmp_path / "all.zip")
    return tmp_path / "all.zip"


def changed_lines(directory: str, change: Callable[[Any], None]) -> Callable[[Members], None]:
    """Change the second line of the first member of a kind."""

    def apply(members: Members) -> None:
        name = next(one for one in sorted(members) if one.startswith(directory))
        lines = members[name].splitlines(keepends=True)
        place = min(1, len(lines) - 1)
        value = json.loads(lines[place])
        change(value)
        lines[place] = json.dumps(value).encode() + b"\n"
        members[name] = b"".join(lines)

    return apply


def without(directory: str) -> Callable[[Members], None]:
    def apply(members: Members) -> None:
        del members[next(one for one in sorted(members) if one.startswith(directory))]

    return apply


def set_to(name: str, value: Any) -> Callable[[Any], None]:
    return lambda row: row.update({name: value})


@pytest.mark.parametrize(
    "change",
    [
        changed_lines("records/", set_to("institution", "B-99-9999")),
        changed_lines("records/", set_to("amount", 1)),
        changed_lines("records/", set_to("ciphertext", "AAAA")),
        changed_lines("records/", set_to("salt", "00" * 16)),
        changed_lines("persons/", set_to("person_digest", "00" * 32)),
        changed_lines("links/", set_to("hash", "00" * 32)),
        changed_lines("links/", set_to("month", "2026-10")),
        changed_lines("links/", set_to("sequence", 9)),
        changed_lines("checkpoints/", set_to("taken_us", 5)),
        changed_lines("checkpoints/", set_to("signature", "00")),
        changed_lines("segments/", set_to("head_hash", "00" * 32)),
        changed_lines("chains", set_to("worker", "somebody")),
        changed_lines("chains", lambda row: row.update(head_sequence=row["head_sequence"] - 1)),
        changed_lines("chains", set_to("segments", [])),
        changed_lines("chains", set_to("segments", "all")),
        changed_lines("field_lists", set_to("paths", "Ad")),
        changed_lines("dictionaries", set_to("content", "00" * 40)),
        changed_lines("dictionaries", set_to("digest", "00" * 32)),
        changed_lines("dictionaries", set_to("content", None)),
        changed_lines("months", set_to("wrapped", "00" * 60)),
        changed_lines("months", set_to("destroyed_us", 5)),
        changed_lines("orders", set_to("sealed", "00" * 60)),
        changed_lines("orders", set_to("lifted_us", 5)),
        changed_lines("records/", set_to("nosuch", 1)),
        changed_lines("records/", set_to("units", "2")),
        changed_lines("records/", set_to("salt", "0G")),
        changed_lines("records/", lambda row: row.pop("sequence")),
        without("links/"),
        without("records/"),
        without("persons/"),
        without("checkpoints/"),
        without("segments/"),
        without("orders"),
        without("dictionaries"),
        lambda members: members.update({"chains.jsonl": b""}),
        lambda members: members.update({"months.jsonl": b"[]\n"}),
        lambda members: members.update({"months.jsonl": b"{}"}),
        lambda members: members.update({"orders.jsonl": b""}),
    ],
)
def test_whatever_was_changed_in_an_export_it_is_refused_and_nothing_is_written(
    export_file: Path, tmp_path: Path, change: Callable[[Members], None]
) -> None:
    members = members_of(export_file)
    change(members)
    with opened(f"sqlite:///{tmp_path / 'target.sqlite'}") as target:
        with pytest.raises(ExportRefused):
            imported(target, written(tmp_path / "changed.zip", members))
        assert {name: rows for name, rows in content(target).items() if rows} == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b"no archive"),
        lambda file: file.write_bytes(file.read_bytes()[:-100]),
        lambda file: file.write_bytes(
            file.read_bytes()[:200] + b"\0" * 50 + file.read_bytes()[250:]
        ),
        lambda file: zipfile.ZipFile(file, "a").writestr("more", b""),
        lambda file: zipfile.ZipFile(file, "w").writestr("manifest.json", b"{}\n"),
        lambda file: zipfile.ZipFile(file, "w").writestr("other", b""),
    ],
    ids=["no zip", "cut", "overwritten", "a member more", "empty manifest", "no manifest"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_file_is_refused(
    export_file: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(export_file)
    with (
        opened(f"sqlite:///{tmp_path / 'target.sqlite'}") as target,
        pytest.raises(ExportRefused),
    ):
        imported(target, export_file)


@pytest.mark.parametrize("version", [0, 3, "2", None, [2]])
def test_another_version_is_refused(export_file: Path, tmp_path: Path, version: object) -> None:
    members = members_of(export_file)
    manifest = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps({**manifest, "version": version}).encode()
    with (
        pytest.raises(ExportRefused, match="format"),
        ExportAddress(written(tmp_path / "other.zip", members)).open(),
    ):
        pass


def test_an_export_of_the_first_version_comes_in_as_it_did(
    target: Evidence, tmp_path: Path
) -> None:
    """It knew no dictionaries, and no record in it needs one."""
    with opened(f"sqlite:///{tmp_path / 'source.sqlite'}") as source:
        source.write([entry(), entry()], dictionary=None)
        seal(source)
        exported(source, tmp_path / "export.zip")
        before = content(source)
    members = members_of(tmp_path / "export.zip")
    del members["dictionaries.jsonl"]
    manifest = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps({**manifest, "version": 1}).encode()
    imported(target, written(tmp_path / "first.zip", members))
    assert content(target) == before


def test_an_export_signed_by_somebody_else_is_refused(export_file: Path, tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'target.sqlite'}") as target:
        with pytest.raises(ExportDoesNotVerify) as refused:
            imported(target, export_file, certificates=Certificates([]))
        assert refused.value.report.findings_total == 4


def test_an_export_whose_keys_do_not_open_here_is_refused(
    export_file: Path, tmp_path: Path
) -> None:
    with (
        opened(f"sqlite:///{tmp_path / 'target.sqlite'}") as target,
        pytest.raises(ExportDoesNotVerify, match="does not open"),
    ):
        imported(target, export_file, keyring=Keyring(FileKey.of(bytes(32))))


# Importing: what must fit


def test_a_part_without_what_comes_before_it_is_refused(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    sealed_in_turns(source)
    exported(source, tmp_path / "later.zip", first=3)
    with pytest.raises(ExportRefused, match="checkpoint 2, which is not here"):
        imported(target, tmp_path / "later.zip")
    assert target.count() == 0


def test_other_evidence_in_the_database_is_not_mixed_with_an_export(
    export_file: Path, target: Evidence
) -> None:
    target.write([entry()])
    before = content(target)
    with pytest.raises(ExportRefused, match="has a secret of its own"):
        imported(target, export_file)
    assert content(target) == before


def test_other_checkpoints_in_the_database_are_not_mixed_with_an_export(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    sealed_in_turns(source, turns=1)
    target.write([entry(received_at=NOW.replace(year=2027))], now=NOW.replace(year=2027))
    seal(target)
    exported(source, tmp_path / "all.zip")
    with pytest.raises(ExportRefused, match="Another checkpoint has the number 1"):
        imported(target, tmp_path / "all.zip")


def test_a_chain_that_went_another_way_is_refused(export_file: Path, target: Evidence) -> None:
    imported(target, export_file)
    target.run(delete(checkpoints))
    last = max(target.rows(), key=lambda row: (row.chain_id, row.sequence))
    here = (evidence_table.c.chain_id == last.chain_id) & (
        evidence_table.c.sequence == last.sequence
    )
    target.run(update(evidence_table).where(here).values(hash=bytes(32)))
    with pytest.raises(ExportRefused, match="another way"):
        imported(target, export_file)
    target.run(update(evidence_chains).values(worker="else"))
    with pytest.raises(ExportRefused, match="Another chain"):
        imported(target, export_file)


def test_an_import_that_was_cut_short_goes_on(
    export_file: Path, source: Evidence, target: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        """Stands for a crash."""

    whole, calls = importing._Import._write_block, iter(range(9))

    def die(*arguments: Any) -> None:
        whole(*arguments)
        if next(calls) == 1:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(importing._Import, "_write_block", die)
        with pytest.raises(Killed):
            imported(target, export_file)
    assert 0 < target.count() < source.count()
    imported(target, export_file)
    before = content(target)
    assert before == content(source)
    assert imported(target, export_file).records == 0
    assert content(target) == before


def test_a_month_that_was_destroyed_here_does_not_come_back(
    export_file: Path, source: Evidence, target: Evidence
) -> None:
    imported(target, export_file)
    destroy(target, DUE + timedelta(days=60))
    target.run(delete(checkpoints))
    (first, *_) = [row.chain_id for row in source.rows(evidence_chains)]
    for table in (evidence_chains, evidence_table, evidence_persons):
        target.run(delete(table).where(table.c.chain_id == first))
    with pytest.raises(ExportRefused, match="destroyed here"):
        imported(target, export_file)


def test_an_export_is_verified_without_any_home(export_file: Path) -> None:
    for keyring in (None, Keyring(FileKey.of(FILE_KEY))):
        report = verify_source(
            ExportAddress(export_file), Options(keyring=keyring, certificates=CERTIFICATES)
        )
        assert report.ok, report.findings
        assert report.sealed == report.records > 0
    chains = verify_source(ExportAddress(export_file), Options(chains_only=True, jobs=2))
    assert chains.ok
    assert chains.records == report.records


def test_the_docstring_names_every_member(export_file: Path) -> None:
    kinds = {name.split("/")[0] for name in members_of(export_file)}
    assert all(kind in (export_format.__doc__ or "") for kind in kinds)


# Reading


def test_a_long_chain_is_verified_in_parts(
    source: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_RECORDS_A_MEMBER", 7)
    monkeypatch.setattr("kps_soap.audit.part_tasks.TASK_RECORDS", 10)
    chain_id = source.write([entry() for _ in range(60)])
    seal(source)
    exported(source, tmp_path / "all.zip")
    address = ExportAddress(tmp_path / "all.zip")
    report = verify_source(address, Options(keyring=source.keyring, certificates=CERTIFICATES))
    assert (report.ok, report.records) == (True, 61), report.findings
    with address.open() as opened_export:
        assert opened_export.last_sequence(chain_id) == 61
        assert opened_export.last_sequence("0" * 16) == 0
        (row,) = [row for row in source.rows() if row.sequence == 30]
        assert opened_export.record_hash(chain_id, 30) == row.hash
        assert opened_export.record_hash(chain_id, 62) is None
        sequences = [row[1] for rows in opened_export.records(chain_id, 20, 40) for row in rows]
        assert sequences == list(range(20, 40))


def test_a_part_knows_the_hash_in_front_of_it(source: Evidence, tmp_path: Path) -> None:
    chains = sealed_in_turns(source, turns=2)
    exported(source, tmp_path / "part.zip", first=2)
    with ExportAddress(tmp_path / "part.zip").open() as part:
        head = part.sealed_heads()[chains[0]]
        assert part.record_hash(chains[0], head.sequence) == head.hash
        assert part.chain(chains[0]) is None
        assert [*part.chain_ids()] == [chains[1]]


@pytest.mark.parametrize(
    "manifest",
    [
        {"members": []},
        {"members": {"chains.jsonl": 1}},
        {"members": {"chains.jsonl": {"bytes": "1"}}},
        {"base": -1},
        {"last": "4"},
        {"next_counter": None},
        {"base": True},
    ],
    ids=str,
)
def test_a_manifest_that_says_something_else_is_refused(
    export_file: Path, tmp_path: Path, manifest: dict[str, Any]
) -> None:
    members = members_of(export_file)
    said = json.loads(members.pop("manifest.json"))
    for name in manifest.get("members") or ():
        said["members"][name] = manifest["members"][name]
    changed = {**said, **manifest} if not manifest.get("members") else said
    file = tmp_path / "changed.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
        archive.writestr("manifest.json", json.dumps(changed) + "\n")
    with pytest.raises(ExportRefused), ExportAddress(file).open():
        pass


def test_a_member_of_another_digest_is_refused(export_file: Path, tmp_path: Path) -> None:
    members = members_of(export_file)
    file = tmp_path / "changed.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text + b"{}\n" if name == "orders.jsonl" else text)
    with ExportAddress(file).open() as changed, pytest.raises(ExportRefused):
        changed.orders()


def test_a_member_of_a_chain_that_is_not_named_is_refused(
    export_file: Path, tmp_path: Path
) -> None:
    members = members_of(export_file)
    members[f"links/{'0' * 16}/000000000001.jsonl"] = b""
    with (
        pytest.raises(ExportRefused, match="does not name"),
        ExportAddress(written(tmp_path / "changed.zip", members)).open(),
    ):
        pass


def test_a_sealed_chain_that_is_gone_cannot_be_exported(source: Evidence, tmp_path: Path) -> None:
    sealed_in_turns(source)
    source.run(delete(evidence_chains))
    with pytest.raises(ExportRefused, match="chain is gone"):
        exported(source, tmp_path / "all.zip")


def test_more_than_one_manifest_can_tell_of_is_refused(
    source: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_in_turns(source)
    monkeypatch.setattr(export_format, "LINE_BYTES_MAX", 500)
    with pytest.raises(ExportRefused, match="shorter range"):
        exported(source, tmp_path / "all.zip")


def test_a_text_that_is_no_text_is_no_line() -> None:
    with pytest.raises(ExportRefused, match="no text"):
        export_format.encoded({"door": "\ud800"})


def test_a_rotated_key_does_not_make_another_month(export_file: Path, target: Evidence) -> None:
    imported(target, export_file)
    target.run(update(month_keys).values(file_key_id="0" * 16, wrapped=b"anew"))
    assert imported(target, export_file).records == 0
    target.run(update(month_keys).values(created_us=5))
    with pytest.raises(ExportRefused, match="secret of its own"):
        imported(target, export_file)


def test_a_chain_whose_beginning_is_missing_is_not_continued(
    source: Evidence, target: Evidence, tmp_path: Path
) -> None:
    chain = Chain(source.engine.dialect, source.keyring, worker="t", random_bytes=os.urandom)
    with source.engine.connect() as connection:
        chain.open(connection, now=NOW)
        for number in (1, 2):
            group = chain.prepare(connection, [entry(), entry()], now=NOW)
            with writing(connection):
                chain.append(connection, group)
            chain.confirm()
            seal(source)
            exported(source, tmp_path / f"{number}.zip", first=number, last=number)
    imported(target, tmp_path / "1.zip")
    target.run(delete(evidence_chains))
    with pytest.raises(ExportRefused, match="beginning of chain"):
        imported(target, tmp_path / "2.zip")
    imported_row = {"head_sequence": 2, "head_hash": bytes(32)}
    row = source.rows(evidence_chains)[0]._mapping
    target.run(evidence_chains.insert().values({**row, **imported_row}))
    with pytest.raises(ExportRefused, match="does not follow"):
        imported(target, tmp_path / "2.zip")
