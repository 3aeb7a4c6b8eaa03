"""Which keys a worker has in use: one record at its start, so that every change is on record.

Certificates are named by the SHA-256 of their DER, secret keys by a name that is derived from
them and tells nothing of them.  The record's detail is the digest of that list: where it differs
from the one before, somebody has changed a key.

This module opens no key for anything else, and it rotates none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kps_soap.audit.keys import FileKey, read_key_file
from kps_soap.entry import Entry, Event
from kps_soap.settings import Settings
from kps_soap.signing import Signer

#: The settings that name the files of secret keys.
_SECRET_FILES: Final = ("evidence_key_file", "person_key_file", "token_key_file")
_CERTIFICATE_FILES: Final = ("seal_certificate_file", "token_certificate_file")


def note_of_keys(
    settings: Settings, signers: Mapping[str, Signer], request_id: str, now: datetime
) -> Entry:
    """The record of the keys in use.

    Raises ``OSError``, ``ValueError`` and ``KeyFileRefused`` where one cannot be read.
    """
    listing = "\n".join(_listed(settings, signers)).encode()
    return Entry(
        request_id=request_id,
        received_at=now,
        door="",
        event=Event.KEYS_LOADED,
        channel="SERVICE",
        detail=f"sha256 {sha256(listing).hexdigest()}",
        question=listing,
    )


def _listed(settings: Settings, signers: Mapping[str, Signer]) -> Iterator[str]:
    """A line a key: for what it is used, and how it is named."""
    for name, signer in sorted(signers.items()):
        yield f"signing_{name}  {_fingerprint(signer.certificate)}"
    for setting in _CERTIFICATE_FILES:
        path: Path = getattr(settings, setting)
        yield f"{setting}  {_fingerprint(x509.load_pem_x509_certificate(path.read_bytes()))}"
    for setting in _SECRET_FILES:
        yield f"{setting}  {FileKey.of(read_key_file(getattr(settings, setting))).key_id}"


def _fingerprint(certificate: x509.Certificate) -> str:
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
