"""Timestamps of an authority that is run with ``openssl ts``: asked for, checked, kept, shown."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import NOW, Evidence, entry, opened
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from seal_samples import OpensslAuthority, issued, seal_all, served
from sqlalchemy import update

from kps_soap.audit import timestamps
from kps_soap.audit.checkpoints import Checkpoint, SealRefused
from kps_soap.audit.findings import Kind
from kps_soap.audit.sources import DatabaseAddress
from kps_soap.audit.timestamps import (
    Authority,
    Stamper,
    TimestampRefused,
    Trust,
    check_token,
    reply_in,
)
from kps_soap.audit.verification import Options, verify_source
from kps_soap.audit.web import Web, WebFailed
from kps_soap.audit.witness import Courier, Folder, name_of
from kps_soap.certificates import write_certificate
from kps_soap.models import checkpoints

STATEMENT = b"a statement"


@pytest.fixture(scope="session")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    return OpensslAuthority(tmp_path_factory.mktemp("authority")).make()


@pytest.fixture(scope="session")
def trust(openssl: OpensslAuthority) -> Trust:
    return Trust.read(openssl.ca_file)


def query(statement: bytes = STATEMENT) -> Any:
    return TimestampRequestBuilder(statement, HashAlgorithm.SHA256).build()


@pytest.fixture(scope="session")
def reply(openssl: OpensslAuthority) -> bytes:
    return openssl.reply(query().as_bytes())


# Asking


def test_a_statement_is_stamped_and_openssl_agrees(openssl: OpensslAuthority, trust: Trust) -> None:
    with served(openssl.answer) as url:
        token = Authority(Web(url, 5), trust).stamp(STATEMENT)
    found = reply_in(token)
    assert openssl.verifies(found, STATEMENT)
    assert not openssl.verifies(found, b"another")
    assert abs(trust.check(found, STATEMENT) - datetime.now(UTC)) < timedelta(minutes=1)
    check_token(token, STATEMENT, trust)
    check_token(token, STATEMENT, None)


def test_certificates_in_any_order_are_read(openssl: OpensslAuthority, trust: Trust) -> None:
    """OpenSSL does not sort them, and the library reads no other order than DER's."""
    stamper, ca = (openssl.folder / name for name in ("stamper.pem", "ca.pem"))
    chain = openssl.folder / "chain.pem"
    before = chain.read_bytes()
    try:
        for order in ((ca, stamper), (stamper, ca)):
            chain.write_bytes(b"".join(file.read_bytes() for file in order))
            trust.check(openssl.reply(query().as_bytes()), STATEMENT)
    finally:
        chain.write_bytes(before)


def test_an_old_reply_with_another_nonce_is_refused(
    openssl: OpensslAuthority, trust: Trust, reply: bytes
) -> None:
    with served(lambda *_: (200, "application/timestamp-reply", reply)) as url:
        authority = Authority(Web(url, 5), trust)
        with pytest.raises(TimestampRefused, match="Nonce"):
            authority.stamp(STATEMENT)


def test_a_reply_about_something_else_is_refused(trust: Trust, reply: bytes) -> None:
    with pytest.raises(TimestampRefused, match="Mismatch"):
        trust.check(reply, b"another statement")
    token = timestamps.sha256(reply).digest() + reply
    for trusted in (trust, None):
        with pytest.raises(TimestampRefused):
            check_token(token, b"another statement", trusted)


def test_a_reply_of_another_authority_is_refused(
    reply: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = OpensslAuthority(tmp_path_factory.mktemp("other")).make()
    with pytest.raises(TimestampRefused, match="certificates"):
        Trust.read(other.ca_file).check(reply, STATEMENT)


def test_a_refusal_of_the_authority_is_one(openssl: OpensslAuthority, trust: Trust) -> None:
    # It takes SHA-256 only.
    asked = TimestampRequestBuilder(STATEMENT, HashAlgorithm.SHA512).build()
    with pytest.raises(TimestampRefused):
        trust.check(openssl.reply(asked.as_bytes()), STATEMENT)


def test_any_flipped_bit_of_a_stored_token_is_seen(trust: Trust, reply: bytes) -> None:
    token = timestamps.sha256(reply).digest() + reply
    draw = random.Random(1)
    for _ in range(300):
        place = draw.randrange(len(token))
        flipped = bytearray(token)
        flipped[place] ^= 1 << draw.randrange(8)
        for trusted in (trust, None):
            with pytest.raises(TimestampRefused):
                check_token(bytes(flipped), STATEMENT, trusted)


@pytest.mark.parametrize(
    "wrong", [b"", b"\x30", b"\x30\x82", b"x" * 500, b"\x30\x84\xff\xff\xff\xff"]
)
def test_bytes_that_are_no_reply_are_refused(trust: Trust, wrong: bytes) -> None:
    token = timestamps.sha256(wrong).digest() + wrong
    for trusted in (trust, None):
        with pytest.raises(TimestampRefused):
            check_token(token, STATEMENT, trusted)
    with pytest.raises(TimestampRefused):
        check_token("text", STATEMENT, trust)


def test_cut_off_replies_are_refused(trust: Trust, reply: bytes) -> None:
    for length in range(0, len(reply), 7):
        with pytest.raises(TimestampRefused):
            trust.check(reply[:length], STATEMENT)


def test_an_authoritys_certificates_must_be_some(tmp_path: Path) -> None:
    with pytest.raises(SealRefused, match="cannot be read"):
        Trust.read(tmp_path / "absent.pem")
    (tmp_path / "x.pem").write_bytes(b"x")
    with pytest.raises(SealRefused, match="no certificate"):
        Trust.read(tmp_path / "x.pem")
    write_certificate(tmp_path / "y.pem", issued("seal").certificate)
    Trust.read(tmp_path / "y.pem")


# Stamping in time


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Counting:
    """An authority that is counted, and can be switched off."""

    def __init__(self, openssl: OpensslAuthority) -> None:
        self.openssl = openssl
        self.count = 0
        self.away = False

    def __call__(self, request: Any, content: bytes) -> tuple[int, str, bytes]:
        self.count += 1
        if self.away:
            return 503, "text/plain", b""
        return self.openssl.answer(request, content)


def sealed(evidence: Evidence) -> None:
    evidence.write([entry()])
    seal_all(evidence)


def stamped(evidence: Evidence) -> list[int]:
    return [row.number for row in evidence.rows(checkpoints) if row.timestamp_token is not None]


def test_the_newest_checkpoint_is_stamped_once_a_period(
    database_url: str, openssl: OpensslAuthority, trust: Trust
) -> None:
    counting, clock = Counting(openssl), Clock()
    with served(counting) as url, opened(database_url) as evidence:
        authority = Authority(Web(url, 5), trust)
        every = timedelta(hours=1)
        one, two = (Stamper(evidence.engine, authority, every=every, now=clock) for _ in range(2))
        assert not one.step()
        sealed(evidence)
        sealed(evidence)
        assert one.step()
        assert not two.step()
        sealed(evidence)
        clock.now += timedelta(minutes=59)
        assert not two.step()
        clock.now += timedelta(minutes=2)
        assert two.step()
        assert not one.step()
        clock.now += timedelta(hours=9)
        assert not one.step()
        assert stamped(evidence) == [2, 3]
        assert counting.count == 2
        report = verify_source(DatabaseAddress(database_url), Options(timestamps=trust))
        assert (report.ok, report.timestamps) == (True, 2)


def test_an_authority_that_is_away_is_told_once_and_asked_again(
    database_url: str, openssl: OpensslAuthority, trust: Trust, caplog: pytest.LogCaptureFixture
) -> None:
    counting, clock = Counting(openssl), Clock()
    counting.away = True
    with served(counting) as url, opened(database_url) as evidence:
        stamper = Stamper(
            evidence.engine, Authority(Web(url, 5), trust), every=timedelta(hours=1), now=clock
        )
        sealed(evidence)
        for _ in range(3):
            assert not stamper.step()
            assert not stamper.step()
            clock.now += timedelta(seconds=61)
        assert counting.count == 3
        counting.away = False
        assert stamper.step()
    told = [record.getMessage() for record in caplog.records]
    assert told == ["no timestamp of checkpoint 1: status 503", "timestamps are given again"]


def test_nothing_is_stamped_that_is_not_whole(
    database_url: str, openssl: OpensslAuthority, trust: Trust
) -> None:
    counting = Counting(openssl)
    with served(counting) as url, opened(database_url) as evidence:
        sealed(evidence)
        evidence.run(update(checkpoints).values(records=99))
        stamper = Stamper(
            evidence.engine, Authority(Web(url, 5), trust), every=timedelta(hours=1), now=Clock()
        )
        with pytest.raises(SealRefused):
            stamper.step()
    assert counting.count == 0


def test_a_reply_is_handed_to_the_witness_as_it_came(
    database_url: str, openssl: OpensslAuthority, trust: Trust, tmp_path: Path
) -> None:
    folder = tmp_path / "witness"
    folder.mkdir()
    with served(openssl.answer) as url, opened(database_url) as evidence:
        sealed(evidence)
        courier = Courier(evidence.engine, [Folder(folder)], now=Clock())
        assert courier.step() == 1
        authority = Authority(Web(url, 5), trust)
        assert Stamper(evidence.engine, authority, every=timedelta(hours=1), now=Clock()).step()
        assert courier.step() == 1
        (row,) = evidence.rows(checkpoints)
        statement = Checkpoint.of_row(tuple(row)).statement()
        assert openssl.verifies((folder / name_of(1, "tsr")).read_bytes(), statement)
        options = Options(timestamps=trust, witness=folder)
        assert verify_source(DatabaseAddress(database_url), options).ok
        evidence.run(update(checkpoints).values(timestamp_token=None))
        (finding,) = verify_source(DatabaseAddress(database_url), options).findings
        assert (finding.kind, finding.place, finding.sequence) == (Kind.REMOVED, "checkpoints", 1)
        assert "timestamp" in finding.what


def test_a_changed_timestamp_is_named_with_and_without_the_authoritys_certificates(
    database_url: str, openssl: OpensslAuthority, trust: Trust
) -> None:
    with served(openssl.answer) as url, opened(database_url) as evidence:
        sealed(evidence)
        authority = Authority(Web(url, 5), trust)
        Stamper(evidence.engine, authority, every=timedelta(hours=1), now=Clock()).step()
        (row,) = evidence.rows(checkpoints)
        token = row.timestamp_token
        for place in (0, 31, 32, len(token) // 2, len(token) - 1):
            changed = token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]
            evidence.run(update(checkpoints).values(timestamp_token=changed))
            for trusted in (trust, None):
                found = verify_source(DatabaseAddress(database_url), Options(timestamps=trusted))
                assert [(one.kind, one.sequence) for one in found.findings] == [(Kind.CHANGED, 1)]


def test_another_media_type_is_no_reply(trust: Trust) -> None:
    with served(lambda *_: (200, "text/html", b"sign in")) as url, pytest.raises(WebFailed):
        Authority(Web(url, 5), trust).stamp(STATEMENT)
