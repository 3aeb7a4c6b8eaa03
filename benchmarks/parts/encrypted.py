"""What TLS adds: connections that last, and a handshake for every call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from benchmarks.bench import Bench, said
from benchmarks.lines import Line
from benchmarks.parts.throughput import P256, print_measured
from benchmarks.served import gateway


def measure(bench: Bench) -> Iterator[Line]:
    """P-256 queries over TLS, with a certificate of either kind of key."""
    asked = bench.home()
    for kind in ("RSA-2048", "P-256"):
        environment = _certificate(bench.folder, kind)
        with gateway(
            asked.home, workers=bench.sizes.workers, environment=environment, tls=True
        ) as ours:
            said(f"driving the direct door over TLS, {kind} certificate ...")
            kept = asked.direct(f"TLS kept, {kind} certificate", ours.url, p256=True)
            fresh = replace(
                kept,
                name=f"TLS anew, {kind} certificate",
                headers={**kept.headers, "Connection": "close"},
            )
            found = bench.medians([(kept, ours.processes), (fresh, ours.processes)])
        print_measured(bench, found)
        for one in found:
            yield Line(
                f"{one.name}: requests a second, {P256}", one.per_second,
                note=f"p50 {one.p50_ms:.1f} ms, {one.cpu_us:.0f} µs of server CPU",
            )  # fmt: skip


def _certificate(folder: Path, kind: str) -> dict[str, str]:
    """Settings that name a key of this kind and a certificate of its own."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = (
        rsa.generate_private_key(65537, 2048)
        if kind == "RSA-2048"
        else ec.generate_private_key(ec.SECP256R1())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = {"certificate": folder / f"tls-{kind}.pem", "key": folder / f"tls-{kind}.key"}
    paths["certificate"].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths["key"].touch(mode=0o600)
    paths["key"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {f"KPS_TLS_{name.upper()}_FILE": str(path) for name, path in paths.items()}
