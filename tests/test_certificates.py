"""The demo's certificates: strict clients accept them, people see what they are."""

import hashlib
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from kps_soap.certificates import (
    WARNING_DAYS,
    DemoFiles,
    Issued,
    SigningKind,
    demo_authority,
    expiry_warnings,
    signing_certificate,
    tls_certificate,
    write_certificate,
    write_demo_files,
    write_key,
)
from kps_soap.signing import Signer

DAY = date(2026, 1, 1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def counted() -> Callable[[int], bytes]:
    """Randomness that is the same in every run."""
    calls = iter(range(1_000))
    return lambda size: hashlib.sha256(b"%d" % next(calls)).digest()[:size]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    folder = tmp_path_factory.mktemp("home") / "keys"
    return write_demo_files(folder, DAY, names=["kps.example"], randomness=counted())


def paths(files: DemoFiles, kind: str) -> list[Path]:
    return [getattr(files, name) for name in DemoFiles.__slots__ if name.endswith(kind)]


def certificate_in(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def all_certificates(files: DemoFiles) -> list[x509.Certificate]:
    return [certificate_in(path) for path in paths(files, "certificate")]


# Files


def test_keys_are_readable_by_their_owner_only(files: DemoFiles) -> None:
    for path in paths(files, "key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE(files.ca_key.parent.stat().st_mode) == 0o700


def test_each_key_belongs_to_its_certificate(files: DemoFiles) -> None:
    for key, certificate in zip(paths(files, "key"), paths(files, "certificate"), strict=True):
        private = load_pem_private_key(key.read_bytes(), None)
        assert private.public_key() == certificate_in(certificate).public_key()


def test_a_key_in_use_is_never_replaced(files: DemoFiles) -> None:
    before = files.rsa_key.read_bytes()
    with pytest.raises(FileExistsError):
        write_demo_files(files.ca_key.parent, DAY, randomness=counted())
    assert files.rsa_key.read_bytes() == before


def test_a_key_and_a_certificate_can_be_written_alone(tmp_path: Path) -> None:
    authority = demo_authority(DAY, randomness=counted())
    write_key(tmp_path / "a.key", authority.key)
    write_certificate(tmp_path / "a.pem", authority.certificate)
    assert certificate_in(tmp_path / "a.pem") == authority.certificate


# What the certificates say


def test_every_certificate_says_that_it_is_synthetic(files: DemoFiles) -> None:
    for certificate in all_certificates(files):
        (organization,) = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        assert "SENTETİK DEMO" in str(organization.value).replace("SENTETIK", "SENTETİK")
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
        (notice,) = policies[0].policy_qualifiers or ()
        assert isinstance(notice, x509.UserNotice)
        text = notice.explicit_text or ""
        assert "SENTETİK" in text
        assert "SYNTHETIC" in text
        # RFC 5280 §4.2.1.4 allows no more.
        assert len(text) <= 200


def test_the_date_and_the_serial_numbers_are_handed_in(tmp_path: Path) -> None:
    one = write_demo_files(tmp_path / "1", DAY, randomness=counted())
    two = write_demo_files(tmp_path / "2", DAY, randomness=counted())
    for first, second in zip(all_certificates(one), all_certificates(two), strict=True):
        assert first.serial_number == second.serial_number
        assert first.not_valid_before_utc == second.not_valid_before_utc
    serials = {certificate.serial_number for certificate in all_certificates(one)}
    assert len(serials) == 6


@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_a_serial_number_is_positive_and_fits_twenty_octets(byte: bytes) -> None:
    made = demo_authority(DAY, randomness=lambda size: byte * size).certificate
    assert 0 < made.serial_number < 1 << 159


def test_certificates_are_valid_on_the_whole_day_in_every_zone(files: DemoFiles) -> None:
    for certificate in all_certificates(files):
        assert certificate.not_valid_before_utc == datetime(2025, 12, 31, tzinfo=UTC)
        assert certificate.not_valid_after_utc > NOON + timedelta(days=800)


def test_signing_certificates_load_as_signers(files: DemoFiles) -> None:
    for key, certificate in (
        (files.rsa_key, files.rsa_certificate),
        (files.p256_key, files.p256_certificate),
    ):
        signer = Signer.load(key, certificate, now=NOON)
        assert signer.days_left(NOON) == 823
        assert "SENTETİK DEMO" in signer.holder


def test_the_kinds_of_keys_are_those_of_the_design(files: DemoFiles) -> None:
    key = certificate_in(files.rsa_certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    for path in (
        files.ca_certificate,
        files.tls_certificate,
        files.p256_certificate,
        files.seal_certificate,
    ):
        curve = certificate_in(path).public_key()
        assert isinstance(curve, ec.EllipticCurvePublicKey)
        assert isinstance(curve.curve, ec.SECP256R1)


def test_a_leaf_cannot_issue_and_the_authority_cannot_answer(files: DemoFiles) -> None:
    authority, *leaves, token = all_certificates(files)
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature
    for leaf in leaves:
        leaf.verify_directly_issued_by(authority)
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.digital_signature
        assert not usage.key_cert_sign
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_tokens_certificate_can_encrypt_only_and_its_issuer_can_be_pasted_anywhere(
    files: DemoFiles,
) -> None:
    token = all_certificates(files)[-1]
    usage = token.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_encipherment
    assert not usage.digital_signature
    assert not usage.key_cert_sign
    name = token.issuer.rfc4514_string()
    assert name.isascii()
    assert not set(name) & set("&<>'\"")


# TLS


def handshake(files: DemoFiles, name: str, authority: Path) -> None:
    """Both ends of a TLS connection, in memory; raises what the client would see."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(files.tls_certificate, files.tls_key)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.load_verify_locations(authority)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    waiting = [client, server]
    for end in [client, server] * 5:
        if end in waiting:
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
    assert not waiting


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "kps.example"])
def test_a_strict_client_accepts_the_server_under_each_of_its_names(
    tmp_path: Path, name: str
) -> None:
    today = datetime.now(UTC).date()
    files = write_demo_files(
        tmp_path / "keys", today, names=["kps.example", "localhost"], randomness=counted()
    )
    handshake(files, name, files.ca_certificate)


def test_a_client_refuses_other_names_and_other_authorities(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    files = write_demo_files(tmp_path / "1", today, randomness=counted())
    other = write_demo_files(tmp_path / "2", today, randomness=counted())
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, "kps.example", files.ca_certificate)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, "localhost", other.ca_certificate)


def test_a_host_name_outside_ascii_is_refused() -> None:
    authority = demo_authority(DAY, randomness=counted())
    with pytest.raises(ValueError, match="(?i)ascii|a-label"):
        tls_certificate(authority, DAY, names=["şehir.example"], randomness=counted())


# Expiry


@pytest.fixture(scope="module")
def issued() -> Issued:
    authority = demo_authority(DAY, randomness=counted())
    return signing_certificate(authority, DAY, kind=SigningKind.P256, randomness=counted())


@pytest.mark.parametrize(
    ("left", "threshold", "days"),
    [
        (timedelta(days=60), 60, 60),
        (timedelta(days=59, hours=23), 60, 59),
        (timedelta(days=30, seconds=1), 60, 30),
        (timedelta(days=30), 30, 30),
        (timedelta(days=14), 14, 14),
        (timedelta(days=8), 14, 8),
        (timedelta(days=7), 7, 7),
        (timedelta(days=1), 1, 1),
        (timedelta(seconds=1), 1, 0),
        (timedelta(0), 1, 0),
        (timedelta(seconds=-1), 0, -1),
        (timedelta(days=-400), 0, -400),
    ],
)
def test_an_operator_is_warned_at_each_threshold(
    issued: Issued, left: timedelta, threshold: int, days: int
) -> None:
    now = issued.certificate.not_valid_after_utc - left
    (warning,) = expiry_warnings({"imza": issued.certificate}, now)
    assert (warning.name, warning.threshold_days, warning.days_left) == ("imza", threshold, days)


def test_nobody_is_warned_earlier(issued: Issued) -> None:
    early = issued.certificate.not_valid_after_utc - timedelta(days=60, seconds=1)
    assert expiry_warnings({"imza": issued.certificate}, early) == []


def test_what_expires_first_is_told_first(files: DemoFiles) -> None:
    known = {
        "kök": certificate_in(files.ca_certificate),
        "tls": certificate_in(files.tls_certificate),
    }
    much_later = datetime(2036, 1, 1, tzinfo=UTC)
    assert [warning.name for warning in expiry_warnings(known, much_later)] == ["tls", "kök"]


def test_the_thresholds_are_those_of_the_design() -> None:
    assert WARNING_DAYS == (60, 30, 14, 7, 1)
