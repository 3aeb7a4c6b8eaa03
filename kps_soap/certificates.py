"""Makes the demo's certificate authority and certificates, and says which expire soon.

Everything it issues calls itself synthetic, in the subject and in a policy notice, so that
nobody mistakes it for a certificate to rely on (design D15).  It never issues for production,
never overwrites a file, revokes nothing, keeps no list of what it issued, and takes its date
and the randomness of its serial numbers from the caller; only the key material comes from the
cryptographic library itself.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Randomness = Callable[[int], bytes]

#: Days before expiry at which an operator is warned (design §8).
WARNING_DAYS: Final = (60, 30, 14, 7, 1)
AUTHORITY_DAYS: Final = 3_650
#: What TLS clients still accept for a server certificate.
CERTIFICATE_DAYS: Final = 825
#: The names under which a demo gateway is always reached.
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")

_ORGANIZATION: Final = "kps-soap SENTETİK DEMO"
_NOTICE: Final = (
    "SENTETİK VERİ: yalnızca deneme içindir, hiçbir kimlik ya da kurumu kanıtlamaz. "
    "SYNTHETIC: for trials only, proves no identity and no institution."
)
#: anyPolicy: the notice is what matters, and every old stack can read this identifier.
_POLICY: Final = x509.ObjectIdentifier("2.5.29.32.0")


class SigningKind(Enum):
    """The two kinds of answer-signing keys (design §8)."""

    RSA = "RSA"
    P256 = "P256"


@dataclass(frozen=True, slots=True)
class Issued:
    """A private key and the certificate that goes with it."""

    key: PrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where a demo home keeps its certificates (PEM) and keys (PEM, PKCS 8, mode 0600)."""

    ca_certificate: Path
    ca_key: Path
    tls_certificate: Path
    tls_key: Path
    rsa_certificate: Path
    rsa_key: Path
    p256_certificate: Path
    p256_key: Path
    seal_certificate: Path
    seal_key: Path
    token_certificate: Path
    token_key: Path


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """A certificate that needs an operator.  ``threshold_days`` is 0 once it has expired."""

    name: str
    not_after: datetime
    days_left: int
    threshold_days: int


def demo_authority(day: date, *, randomness: Randomness) -> Issued:
    """A self-signed P-256 authority, valid from the day before ``day`` for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Demo Kök Sertifikası")
    builder = _builder(name, name, key, day, AUTHORITY_DAYS, randomness).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    builder = builder.add_extension(_usage(certificate_sign=True), critical=True)
    return Issued(key, builder.sign(key, SHA256()))


def tls_certificate(
    authority: Issued, day: date, *, names: Sequence[str] = (), randomness: Randomness
) -> Issued:
    """A P-256 server certificate for the local names and ``names`` (host names or addresses).

    Raises ``ValueError`` for a host name that is not ASCII: TLS wants it in its xn-- form.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = list(dict.fromkeys((*LOCAL_NAMES, *names)))
    builder = _leaf(authority, _name("localhost"), key, day, randomness)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_general_name(name) for name in alternatives]),
        critical=False,
    ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Issued(key, _signed(builder, authority))


def signing_certificate(
    authority: Issued, day: date, *, kind: SigningKind, randomness: Randomness
) -> Issued:
    """A certificate that signs answers: RSA of 2048 bits, or P-256."""
    key: PrivateKey = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if kind is SigningKind.RSA
        else ec.generate_private_key(ec.SECP256R1())
    )
    builder = _leaf(authority, _name(f"Demo Yanıt İmzası {kind.value}"), key, day, randomness)
    return Issued(key, _signed(builder, authority))


def seal_certificate(authority: Issued, day: date, *, randomness: Randomness) -> Issued:
    """A certificate of P-256 whose key seals the evidence, and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _leaf(authority, _name("Demo Kanıt Mührü"), key, day, randomness)
    return Issued(key, _signed(builder, authority))


def token_certificate(day: date, *, randomness: Randomness) -> Issued:
    """A self-signed certificate of RSA-2048 to which tokens are encrypted (wire B.3).

    Old clients paste its issuer's name into a message as it is, so the name has letters of
    ASCII only, and none that XML would escape.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "TR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "kps-soap SENTETIK DEMO"),
            x509.NameAttribute(NameOID.COMMON_NAME, "KPS-SOAP DEMO TOKEN"),
        ]
    )
    builder = _builder(name, name, key, day, AUTHORITY_DAYS, randomness)
    usage = _usage(certificate_sign=False, key_encipherment=True)
    builder = builder.add_extension(usage, critical=True)
    return Issued(key, builder.sign(key, SHA256()))


def write_demo_files(
    folder: Path, day: date, *, names: Sequence[str] = (), randomness: Randomness
) -> DemoFiles:
    """Make the demo's authority and its five certificates, and write all twelve files.

    Raises ``FileExistsError`` rather than replace a key that may be in use.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = demo_authority(day, randomness=randomness)
    issued = {
        "ca": authority,
        "tls": tls_certificate(authority, day, names=names, randomness=randomness),
        "rsa": signing_certificate(authority, day, kind=SigningKind.RSA, randomness=randomness),
        "p256": signing_certificate(authority, day, kind=SigningKind.P256, randomness=randomness),
        "seal": seal_certificate(authority, day, randomness=randomness),
        "token": token_certificate(day, randomness=randomness),
    }
    paths = dict(_write_all(folder, issued))
    return DemoFiles(**paths)


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key that only its owner can read, from its first byte on."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_new(path, pem, mode=0o600)


def write_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Write a certificate as PEM; anyone may read it."""
    _write_new(path, certificate.public_bytes(Encoding.PEM), mode=0o644)


def expiry_warnings(
    certificates: Mapping[str, x509.Certificate], now: datetime
) -> list[ExpiryWarning]:
    """Who must be told what today: certificates with 60, 30, 14, 7 or 1 days left, or none.

    ``certificates`` by the name that the operator knows them by.  The soonest comes first.
    The caller remembers which thresholds it has announced.
    """
    warnings = []
    for name, certificate in certificates.items():
        not_after = certificate.not_valid_after_utc
        left = not_after - now
        passed = [days for days in WARNING_DAYS if left <= timedelta(days=days)]
        if passed:
            threshold = 0 if left < timedelta(0) else min(passed)
            warnings.append(ExpiryWarning(name, not_after, left.days, threshold))
    return sorted(warnings, key=lambda warning: (warning.not_after, warning.name))


class ExpiryNotices:
    """Remembers which thresholds were announced: each certificate's is told once.

    A clock that is set back takes an announcement back with it.
    """

    def __init__(self, certificates: Mapping[str, x509.Certificate]) -> None:
        self._certificates = certificates
        self._told: dict[str, int] = {}

    def due(self, now: datetime) -> list[str]:
        """A sentence for every certificate that passed a threshold since the last look."""
        warnings = expiry_warnings(self._certificates, now)
        due = [one for one in warnings if self._told.get(one.name) != one.threshold_days]
        self._told = {one.name: one.threshold_days for one in warnings}
        return [_notice(one) for one in due]


def _notice(warning: ExpiryWarning) -> str:
    ends = f"{warning.not_after:%Y-%m-%d %H:%M} UTC"
    if not warning.threshold_days:
        return f"the {warning.name} certificate has expired at {ends}"
    days = "a day" if warning.threshold_days == 1 else f"{warning.threshold_days} days"
    return f"the {warning.name} certificate expires within {days}, at {ends}"


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "TR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    day: date,
    days: int,
    randomness: Randomness,
) -> x509.CertificateBuilder:
    # A day early: midnight UTC of "today" in Türkiye may still lie three hours ahead.
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    policy = x509.PolicyInformation(_POLICY, [x509.UserNotice(None, _NOTICE)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(_serial(randomness))
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.CertificatePolicies([policy]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _leaf(
    authority: Issued, subject: x509.Name, key: PrivateKey, day: date, randomness: Randomness
) -> x509.CertificateBuilder:
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(subject, issuer.subject, key, day, CERTIFICATE_DAYS, randomness)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificate_sign=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )


def _signed(builder: x509.CertificateBuilder, authority: Issued) -> x509.Certificate:
    return builder.sign(authority.key, SHA256())


def _usage(*, certificate_sign: bool, key_encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not (certificate_sign or key_encipherment),
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificate_sign,
        crl_sign=certificate_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _serial(randomness: Randomness) -> int:
    # RFC 5280 §4.1.2.2: positive, at most 20 octets; the lowest bit keeps it from being zero.
    return int.from_bytes(randomness(20), "big") >> 1 | 1


def _write_all(folder: Path, issued: Mapping[str, Issued]) -> Iterator[tuple[str, Path]]:
    for name, pair in issued.items():
        # Beside the token's certificate, ``token.key`` is the key that wraps proof keys.
        stem = "token-rsa" if name == "token" else name
        key, certificate = folder / f"{stem}.key", folder / f"{name}.pem"
        write_key(key, pair.key)
        write_certificate(certificate, pair.certificate)
        yield f"{name}_key", key
        yield f"{name}_certificate", certificate


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
