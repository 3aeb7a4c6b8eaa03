"""The key file, the months' secrets, and what must not open."""

import os
from pathlib import Path

import pytest
from evidence_samples import FILE_KEY, NOW, PERSON, keyring, opened
from sqlalchemy import select, update

from kps_soap.audit.keys import (
    FileKey,
    KeyFileRefused,
    Keyring,
    MonthSecret,
    MonthUnreadable,
    create_key_file,
    read_key_file,
)
from kps_soap.audit.months import day_of, microseconds, moment_of, month_of
from kps_soap.database import writing
from kps_soap.models import month_keys


def test_a_new_key_file_is_private_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "evidence.key"
    create_key_file(path, FILE_KEY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == FILE_KEY


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "evidence.key"
    create_key_file(path, FILE_KEY)
    with pytest.raises(KeyFileRefused, match="FileExistsError"):
        create_key_file(path, bytes(32))
    assert read_key_file(path) == FILE_KEY


def test_a_key_must_have_its_length(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match="32 bytes"):
        create_key_file(tmp_path / "evidence.key", b"short")


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (b"AAAA\n", 0o600, "32 bytes"),
        (b"not base64!\n", 0o600, "base64"),
        (b"", 0o600, "32 bytes"),
        (b"A" * 43 + b"=\n", 0o640, "0600"),
        (b"A" * 43 + b"=\n", 0o604, "0600"),
    ],
)
def test_a_bad_key_file_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, mode: int, reason: str
) -> None:
    path = tmp_path / "evidence.key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match=reason) as refused:
        read_key_file(path)
    assert str(tmp_path) not in str(refused.value)


def test_a_missing_key_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match="FileNotFoundError"):
        read_key_file(tmp_path / "none")
    with pytest.raises(KeyFileRefused, match="IsADirectoryError"):
        read_key_file(tmp_path)


def test_a_key_file_that_is_no_file_is_refused() -> None:
    with pytest.raises(KeyFileRefused, match="regular"):
        read_key_file(Path(os.devnull))


def test_a_month_s_secret_opens_only_for_its_month_its_time_and_its_key() -> None:
    key = FileKey.of(FILE_KEY)
    wrapped = key.wrap(b"s" * 32, month="2026-11", created_us=7, nonce=bytes(12))
    assert key.unwrap(wrapped, month="2026-11", created_us=7) == b"s" * 32
    for month, created_us, opener in (
        ("2026-12", 7, key),
        ("2026-11", 8, key),
        ("2026-11", 7, FileKey.of(bytes(32))),
    ):
        with pytest.raises(MonthUnreadable):
            opener.unwrap(wrapped, month=month, created_us=created_us)
    with pytest.raises(MonthUnreadable):
        key.unwrap(b"", month="2026-11", created_us=7)


def test_keys_and_secrets_do_not_show_themselves() -> None:
    assert FILE_KEY.hex() not in repr(FileKey.of(FILE_KEY))
    assert "object at" in repr(FileKey.of(FILE_KEY))


def test_a_person_has_another_digest_in_another_month() -> None:
    november, december = MonthSecret("2026-11", b"n" * 32), MonthSecret("2026-12", b"d" * 32)
    assert november.person_digest(PERSON) == november.person_digest(PERSON)
    assert november.person_digest(PERSON) != december.person_digest(PERSON)
    assert november.person_digest(PERSON) != november.person_digest(PERSON + 1)


def test_each_salt_has_its_own_key() -> None:
    secret = MonthSecret("2026-11", b"n" * 32)
    assert secret.record_key(bytes(16)) != secret.record_key(b"\1" + bytes(15))


def test_a_month_gets_one_secret_however_often_it_is_made(database_url: str) -> None:
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        for _ in range(2):
            with writing(connection):
                keyring().make(connection, "2026-11", created_us=1, random_bytes=os.urandom)
        with connection.begin():
            first = keyring().find(connection, "2026-11")
            second = keyring().find(connection, "2026-11")
        assert first.person_digest(PERSON) == second.person_digest(PERSON)
        assert len(evidence.rows(month_keys)) == 1


def test_an_unknown_a_destroyed_and_a_foreign_month_do_not_open(database_url: str) -> None:
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        with writing(connection):
            keyring().make(connection, "2026-11", created_us=1, random_bytes=os.urandom)
        with connection.begin(), pytest.raises(MonthUnreadable, match="no key"):
            keyring().find(connection, "2026-12")
        with connection.begin(), pytest.raises(MonthUnreadable, match="another key file"):
            Keyring(FileKey.of(bytes(32))).find(connection, "2026-11")
        evidence.run(update(month_keys).values(wrapped=None))
        with connection.begin(), pytest.raises(MonthUnreadable, match="destroyed"):
            keyring().find(connection, "2026-11")


def test_the_secret_itself_is_not_in_the_database(database_url: str) -> None:
    drawn: list[bytes] = []

    def random_bytes(count: int) -> bytes:
        drawn.append(os.urandom(count))
        return drawn[-1]

    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        with writing(connection):
            keyring().make(connection, "2026-11", created_us=1, random_bytes=random_bytes)
        stored = connection.execute(select(month_keys.c.wrapped)).scalar_one()
    assert drawn[0] not in bytes(stored)


def test_a_month_and_a_day_are_those_of_istanbul() -> None:
    last_second_in_utc = moment_of(microseconds(NOW.replace(day=30, hour=21, minute=0, second=0)))
    assert month_of(last_second_in_utc) == "2026-12"
    assert day_of(last_second_in_utc) == "2026-12-01"
    assert moment_of(microseconds(NOW)) == NOW
    before_1970 = NOW.replace(year=1969)
    assert moment_of(microseconds(before_1970)) == before_1970
    assert month_of(before_1970) == "1969-11"
