"""Keys, records with receipts, and seals for the tests of receipts; all made up."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from audit.evidence_samples import NOW, Evidence, entry

from kps_soap.audit.checkpoints import Certificates, SealKey
from kps_soap.audit.receipts import ReceiptNumber
from kps_soap.audit.seals import SealClocks, Sealer, SealPolicy
from kps_soap.authentication import ISTANBUL
from kps_soap.certificates import DemoFiles, write_demo_files
from kps_soap.entry import Entry
from kps_soap.signing import Signer

INSTITUTION = "B-34-0417"
LATER = NOW + timedelta(hours=1)


@dataclass(frozen=True)
class Keys:
    """What a gateway signs and seals with."""

    files: DemoFiles
    rsa: Signer
    p256: Signer
    seal: SealKey

    @property
    def seals(self) -> Certificates:
        return Certificates.read(self.files.seal_certificate)


@cache
def keys(name: str = "ours") -> Keys:
    """The keys of one gateway; another name is another gateway's."""
    folder = Path(mkdtemp(prefix=f"keys-{name}-"))
    files = write_demo_files(folder / "keys", NOW.date(), randomness=os.urandom)
    return Keys(
        files,
        Signer.load(files.rsa_key, files.rsa_certificate, now=NOW),
        Signer.load(files.p256_key, files.p256_certificate, now=NOW),
        SealKey.load(files.seal_key, files.seal_certificate),
    )


def number(counter: int, institution: str = INSTITUTION, moment: datetime = NOW) -> str:
    return str(ReceiptNumber(moment.astimezone(ISTANBUL).date(), institution, counter))


def receipted(counter: int, **changes: Any) -> Entry:
    """An entry whose receipt has this counter."""
    institution = changes.get("institution", INSTITUTION) or "ACIK"
    moment = changes.get("received_at", NOW)
    given = {"receipt_number": number(counter, institution, moment), "received_at": moment}
    return entry(**{**given, "refusal": "", "outcome": 0, "detail": "", **changes})


def seal(evidence: Evidence, key: SealKey | None = None, *, now: datetime = LATER) -> None:
    """Put all records under a checkpoint."""
    made = Sealer(
        evidence.engine,
        key or keys().seal,
        policy=SealPolicy(records_max=10_000, seconds=0),
        clocks=SealClocks(now=lambda: now, monotonic=time.monotonic, pause=lambda: None),
    ).seal()
    assert made is not None


def write(evidence: Evidence, entries: Sequence[Entry]) -> str:
    """A chain of these records; returns its id."""
    return evidence.write(entries)
