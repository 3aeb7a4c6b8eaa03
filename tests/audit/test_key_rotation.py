"""A new key file: every secret is wrapped anew, no record is touched, nobody stops."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import FILE_KEY, NOW, PERSON, Evidence, entry, opened, until, writing_to
from retention_samples import order, recording
from sqlalchemy import select

from kps_soap.audit import key_files, rotation
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import (
    FileKey,
    KeyFileRefused,
    Keyring,
    MonthUnreadable,
    create_key_file,
)
from kps_soap.audit.orders import Kind, Scope, all_orders
from kps_soap.audit.rotation import Rotated, RotationRefused
from kps_soap.audit.search import Criteria, find
from kps_soap.audit.verification import verify
from kps_soap.entry import Event
from kps_soap.faults import EvidenceUnavailable
from kps_soap.models import evidence as evidence_table
from kps_soap.models import legal_orders, month_keys

OLD = FileKey.of(FILE_KEY).key_id
NEW_KEY = bytes(range(1, 33))
NEW = FileKey.of(NEW_KEY).key_id


class Killed(Exception):
    """Stands for a crash."""


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "evidence.key"
    path.parent.mkdir()
    create_key_file(path, FILE_KEY)
    return path


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    create_key_file(tmp_path / "new.key", NEW_KEY)
    return tmp_path / "new.key"


@pytest.fixture
def filled(database_url: str, key_file: Path) -> Iterator[Evidence]:
    """Records of two months, and an order."""
    with opened(database_url) as evidence:
        evidence.keyring = Keyring(KeyFiles(key_file))
        evidence.write([entry(), entry(received_at=NOW.replace(month=12))])
        order(evidence, NOW, Scope(person=PERSON))
        yield evidence


def rotate(evidence: Evidence, key_file: Path, new_file: Path) -> Rotated:
    with recording(evidence, NOW) as run:
        means = rotation.Means(run, "degisim-1", NOW, os.urandom, "guvenlik")
        return rotation.rotate(evidence.engine, KeyFiles(key_file), new_file, means)


def wrapped_by(evidence: Evidence) -> set[str]:
    rows = [*evidence.rows(month_keys), *evidence.rows(legal_orders)]
    return {row.file_key_id for row in rows}


def assert_all_opens(evidence: Evidence, keyring: Keyring) -> None:
    report = verify(evidence.url, keyring)
    assert report.ok, report.findings
    with evidence.engine.connect() as connection, connection.begin():
        assert find(connection, keyring, Criteria(person=PERSON), limit=9).found
        (placed,) = all_orders(connection, keyring, Kind.HOLD)
        assert placed.scope.person == PERSON


def names(key_file: Path) -> set[str]:
    return {path.name for path in key_file.parent.iterdir()}


def test_every_secret_is_wrapped_anew_and_no_record_changes(
    filled: Evidence, key_file: Path, new_file: Path
) -> None:
    before = filled.rows()
    secrets = {bytes(row.wrapped) for row in filled.rows(month_keys)}
    assert rotate(filled, key_file, new_file) == Rotated(OLD, NEW, 2, 1)
    assert filled.rows()[: len(before)] == before or set(before) <= set(filled.rows())
    assert wrapped_by(filled) == {NEW}
    assert not secrets & {bytes(row.wrapped) for row in filled.rows(month_keys)}
    assert KeyFiles(key_file).current().key_id == NEW
    assert names(key_file) == {"evidence.key", f"evidence.key.{OLD}"}
    assert {path.stat().st_mode & 0o777 for path in key_file.parent.iterdir()} == {0o600}
    assert_all_opens(filled, Keyring(FileKey.of(NEW_KEY)))


def test_a_rotation_leaves_a_record(filled: Evidence, key_file: Path, new_file: Path) -> None:
    rotate(filled, key_file, new_file)
    columns = evidence_table.c
    query = select(columns.detail, columns.account)
    with filled.engine.connect() as connection:
        told = connection.execute(query.where(columns.event == Event.KEY_ROTATED.value)).all()
    assert told == [(f"{OLD} {NEW} months=2 orders=1", "guvenlik")]


def test_a_new_key_is_made_where_there_is_none(filled: Evidence, key_file: Path) -> None:
    new_file = key_file.parent.parent / "made.key"
    rotated = rotate(filled, key_file, new_file)
    assert new_file.stat().st_mode & 0o777 == 0o600
    assert KeyFiles(key_file).current().key_id == rotated.after not in (OLD, NEW)


def test_a_second_call_finds_nothing_to_do(
    filled: Evidence, key_file: Path, new_file: Path
) -> None:
    rotate(filled, key_file, new_file)
    assert rotate(filled, key_file, new_file) == Rotated(NEW, NEW, 0, 0)


MOMENTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {}


def dying(name: str, module: Any, *, after: bool) -> Callable[[pytest.MonkeyPatch], None]:
    """A crash before or after a step."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        whole = getattr(module, name)

        def die(*arguments: Any, **named: Any) -> Any:
            if after:
                whole(*arguments, **named)
            raise Killed

        monkeypatch.setattr(module, name, die)

    return patch


def half(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash when the months are done and the orders are not."""
    whole, calls = rotation._wrap_table, iter(range(9))

    def die(*arguments: Any) -> int:
        if next(calls) == 1:
            raise Killed
        return whole(*arguments)

    monkeypatch.setattr(rotation, "_wrap_table", die)


def between_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash when the old key has its new name and the new one not yet its own."""
    killed = (_ for _ in ())
    monkeypatch.setattr(key_files, "sync_directory", lambda _directory: killed.throw(Killed))


@pytest.mark.parametrize(
    "crash",
    [
        dying("_wrap_all", rotation, after=False),
        half,
        dying("_wrap_all", rotation, after=True),
        dying("_tell", rotation, after=True),
        dying("promote", key_files, after=False),
        between_two_names,
        dying("promote", key_files, after=True),
    ],
    ids=["before", "half", "wrapped", "told", "not promoted", "linked", "promoted"],
)
def test_a_crash_leaves_everything_readable_and_the_same_call_goes_on(
    filled: Evidence,
    key_file: Path,
    new_file: Path,
    crash: Callable[[pytest.MonkeyPatch], None],
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        crash(patched)
        with pytest.raises(Killed):
            rotate(filled, key_file, new_file)
    assert_all_opens(filled, Keyring(KeyFiles(key_file)))
    filled.write([entry(received_at=NOW.replace(year=2027))])
    rotate(filled, key_file, new_file)
    assert wrapped_by(filled) == {NEW}
    assert names(key_file) == {"evidence.key", f"evidence.key.{OLD}"}
    assert_all_opens(filled, Keyring(FileKey.of(NEW_KEY)))


def test_many_secrets_are_wrapped_in_several_transactions(
    filled: Evidence, key_file: Path, new_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "SECRETS_A_TRANSACTION", 2)
    filled.write([entry(received_at=NOW.replace(month=month)) for month in range(1, 10)])
    assert rotate(filled, key_file, new_file).months == 11
    assert_all_opens(filled, Keyring(KeyFiles(key_file)))


def test_another_rotation_that_has_begun_must_end_first(
    filled: Evidence, key_file: Path, new_file: Path, tmp_path: Path
) -> None:
    create_key_file(tmp_path / "third.key", bytes(32))
    files = KeyFiles(key_file)
    key_files.install(files.following, bytes(32))
    with pytest.raises(RotationRefused, match="finish it first"):
        rotate(filled, key_file, new_file)
    for own in (key_file, files.following):
        with pytest.raises(RotationRefused, match="Name another file"):
            rotate(filled, key_file, own)
    assert rotate(filled, key_file, tmp_path / "third.key").months == 2


def test_a_secret_whose_key_is_nowhere_stops_the_rotation(
    filled: Evidence, key_file: Path, new_file: Path
) -> None:
    rotate(filled, key_file, new_file)
    key_file.unlink()
    create_key_file(key_file, FILE_KEY)
    create_key_file(key_file.parent.parent / "fourth.key", bytes(32))
    with pytest.raises((MonthUnreadable, EvidenceUnavailable)):
        rotate(filled, key_file, key_file.parent.parent / "fourth.key")
    assert wrapped_by(filled) == {NEW}


# The files


def test_a_key_file_that_cannot_be_read_is_refused(tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(KeyFileRefused):
        KeyFiles(tmp_path / "none.key")
    files = KeyFiles(key_file)
    key_file.unlink()
    for look in (files.current, files.wrapping, files.changed):
        with pytest.raises(MonthUnreadable):
            look()
    assert files.named("0" * 16) is None


def test_a_key_is_put_in_its_place_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    (tmp_path / "a.key.new").write_bytes(b"left behind by a crash")
    key_files.install(path, FILE_KEY)
    with pytest.raises(KeyFileRefused):
        key_files.install(path, NEW_KEY)
    assert FileKey.of(FILE_KEY).key_id == KeyFiles(path).current().key_id
    assert [one.name for one in tmp_path.iterdir()] == ["a.key"]


# Gateways at work


def test_a_writer_works_on_through_a_rotation(
    database_url: str, key_file: Path, new_file: Path
) -> None:
    async def work(evidence: Evidence) -> None:
        async with writing_to(evidence) as writer:
            await writer.record(entry())
            rotate(evidence, key_file, new_file)
            await writer.record(entry())
            await writer.record(entry(received_at=NOW.replace(month=12)))
            await until(lambda: writer.healthy)

    with opened(database_url) as evidence:
        evidence.keyring = Keyring(KeyFiles(key_file))
        asyncio.run(work(evidence))
        assert {row.file_key_id for row in evidence.rows(month_keys)} == {NEW}
        assert verify(evidence.url, Keyring(FileKey.of(NEW_KEY))).ok


def test_a_new_month_is_wrapped_with_the_key_that_is_to_follow(
    database_url: str, key_file: Path
) -> None:
    with opened(database_url) as evidence:
        evidence.keyring = Keyring(KeyFiles(key_file))
        evidence.write([entry()])
        key_files.install(KeyFiles(key_file).following, NEW_KEY)
        evidence.write([entry(received_at=NOW.replace(month=12))])
        found = {row.month: row.file_key_id for row in evidence.rows(month_keys)}
        assert found == {"2026-11": OLD, "2026-12": NEW}
        assert verify(evidence.url, Keyring(KeyFiles(key_file))).ok


def gone(key_file: Path) -> None:
    key_file.unlink()


def open_to_all(key_file: Path) -> None:
    key_file.chmod(0o644)


def another(key_file: Path) -> None:
    key_file.unlink()
    create_key_file(key_file, NEW_KEY)


def spoilt(key_file: Path) -> None:
    key_file.write_bytes(b"AAAA\n")


@pytest.mark.parametrize("trouble", [gone, open_to_all, another, spoilt])
def test_without_its_key_file_a_writer_writes_nothing_until_it_is_back(
    database_url: str, key_file: Path, trouble: Callable[[Path], None]
) -> None:
    async def work(evidence: Evidence) -> None:
        async with writing_to(evidence) as writer:
            await writer.record(entry())
            trouble(key_file)
            await until(lambda: not writer.healthy)
            count = evidence.count()
            with pytest.raises(EvidenceUnavailable):
                await writer.record(entry())
            assert evidence.count() == count
            key_file.unlink(missing_ok=True)
            create_key_file(key_file, FILE_KEY)
            await until(lambda: writer.healthy)
            await writer.record(entry())
            assert evidence.count() == count + 1

    with opened(database_url) as evidence:
        evidence.keyring = Keyring(KeyFiles(key_file))
        asyncio.run(work(evidence))
        assert verify(evidence.url, Keyring(KeyFiles(key_file))).ok
