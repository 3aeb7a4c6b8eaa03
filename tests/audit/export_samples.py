"""Sealed evidence, its export, and databases to bring it into."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from evidence_samples import NOW, Evidence, entry

from kps_soap.audit import exporting, importing
from kps_soap.audit.checkpoints import Certificates, SealKey
from kps_soap.audit.export_source import ExportAddress
from kps_soap.audit.exporting import Exported
from kps_soap.audit.importing import Imported
from kps_soap.audit.seals import SealClocks, Sealer, SealPolicy
from kps_soap.audit.verification import Options

SEAL_KEY = ec.derive_private_key(4711, ec.SECP256R1())


def _certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mühür (örnek)")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(SEAL_KEY.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=9_000))
        .sign(SEAL_KEY, hashes.SHA256())
    )


CERTIFICATE = _certificate()
CERTIFICATES = Certificates([CERTIFICATE])


def seal(evidence: Evidence) -> None:
    """Seal everything that is there."""
    ticks = itertools.count()
    sealer = Sealer(
        evidence.engine,
        SealKey(SEAL_KEY, CERTIFICATE),
        policy=SealPolicy(10_000, 0),
        clocks=SealClocks(
            now=lambda: NOW + timedelta(seconds=next(ticks)),
            monotonic=lambda: float(next(ticks)),
            pause=lambda: None,
        ),
    )
    sealer.seal_all(seconds_max=1_000)


def sealed_in_turns(evidence: Evidence, *, turns: int = 3) -> list[str]:
    """A chain a turn, and a checkpoint behind each; the chains' ids."""
    chains = []
    for turn in range(turns):
        moment = NOW + timedelta(days=20 * turn)
        entries = [entry(received_at=moment, persons=[turn + 1, 99]) for _ in range(3)]
        chains.append(evidence.write(entries, now=moment))
        seal(evidence)
    return chains


def exported(
    evidence: Evidence,
    to: Path,
    *,
    first: int = 1,
    last: int | None = None,
    record: Callable[[Exported], None] = lambda _done: None,
) -> Exported:
    return exporting.export(
        evidence.engine, to, first=first, last=last, record=record, progress=lambda _count: None
    )


def imported(evidence: Evidence, file: Path, **options: Any) -> Imported:
    address = ExportAddress(file)
    given = Options(**{"keyring": evidence.keyring, "certificates": CERTIFICATES, **options})
    importing.verified(address, given, lambda _count: None)
    return importing.bring_in(evidence.engine, address, progress=lambda _count: None)
