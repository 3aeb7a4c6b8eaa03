"""What a checkpoint is, byte by byte, and who may sign one.

Format 1.  ``|`` joins bytes; integers are eight bytes, most significant first; ``H`` is SHA-256.

    segment      the records of one chain from a first to a last sequence
    segment_root RFC 6962 root over the record hashes of the segment, in order
    leaf         "kps-soap:segment:1" | chain id (16 ASCII) | first | last | hash of the last
                 record | segment_root
    heads_root   RFC 6962 root over one leaf for every chain that was ever sealed, in the order
                 of their first sealing (checkpoint, then chain id), so that a chain keeps its
                 position for ever; a chain without new records has first = last + 1 and the
                 root of the empty tree
    statement    "kps-soap:checkpoint:1" | number | taken (microseconds since 1970 UTC) |
                 previous digest | heads_root | count of leaves | count of all records sealed |
                 key id (16 ASCII)
    digest       H(statement)
    signature    ECDSA on P-256 with SHA-256 over the statement, DER
    key id       the first 16 hexadecimal digits of H(certificate, DER)

Numbers run from 1 without a gap; the first checkpoint's previous digest is 32 zero bytes.  A
segment begins behind the chain's last sealed record, so every record is in exactly one.

This module makes and checks single checkpoints.  It draws no randomness but a signature's own,
asks no clock, reads no database, and does not judge whether a certificate was valid when: its
holder answers for what the key signed, in fifteen years too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from kps_soap.audit import merkle

FORMAT: Final = 1
NO_DIGEST: Final = bytes(32)
KEY_ID_CHARACTERS: Final = 16

_SEGMENT_PREFIX: Final = b"kps-soap:segment:1"
_CHECKPOINT_PREFIX: Final = b"kps-soap:checkpoint:1"
_FILE_BYTES_MAX: Final = 1_000_000

#: What values of a wrong type or size can raise.
ODD: Final = (TypeError, ValueError, AttributeError, OverflowError)


class SealRefused(Exception):
    """A key, a certificate, a checkpoint or a proof that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One chain's part of a checkpoint: a row of ``checkpoint_heads`` but for its path.

    The members stand in the order of the table's columns.
    """

    number: int
    chain_id: str
    position: int
    first_sequence: int
    head_sequence: int
    head_hash: bytes
    segment_root: bytes

    def leaf(self) -> bytes:
        """The hash of its leaf."""
        return leaf_of(
            self.chain_id, self.first_sequence, self.head_sequence, self.head_hash,
            self.segment_root,
        )  # fmt: skip


def leaf_of(chain_id: str, first: int, last: int, head_hash: bytes, segment_root: bytes) -> bytes:
    """The hash of a chain's leaf; see the module."""
    ends = first.to_bytes(8, "big") + last.to_bytes(8, "big")
    return merkle.leaf_hash(_SEGMENT_PREFIX + chain_id.encode() + ends + head_hash + segment_root)


def resting_leaf(chain_id: str, last: int, head_hash: bytes) -> bytes:
    """The hash of the leaf of a chain without new records."""
    return leaf_of(chain_id, last + 1, last, head_hash, merkle.EMPTY_ROOT)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint: a row of ``checkpoints`` but for its timestamp.

    The members stand in the order of the table's columns.
    """

    number: int
    format: int
    taken_us: int
    previous_digest: bytes
    heads_root: bytes
    chains: int
    records: int
    key_id: str
    digest: bytes
    signature: bytes

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Checkpoint:
        """From a row of ``checkpoints``, believed in nothing yet.

        Raises ``SealRefused`` where a value has another type than a checkpoint's.
        """
        values: list[Any] = [bytes(one) if isinstance(one, memoryview) else one for one in row]
        for kind, value in zip(_KINDS, values, strict=False):
            if type(value) is not kind:
                raise SealRefused("a value of another type")
        return cls(*values[: len(_KINDS)])

    def statement(self) -> bytes:
        """What the signature is over.  Raises ``SealRefused`` for numbers that cannot be."""
        try:
            return statement_of(
                self.number, self.taken_us, self.previous_digest, self.heads_root, self.chains,
                self.records, self.key_id,
            )  # fmt: skip
        except ODD:
            raise SealRefused("a value that no checkpoint has") from None


_KINDS: Final = (int, int, int, bytes, bytes, int, int, str, bytes, bytes)


def statement_of(
    number: int,
    taken_us: int,
    previous_digest: bytes,
    heads_root: bytes,
    chains: int,
    records: int,
    key_id: str,
) -> bytes:
    """The bytes that a checkpoint's digest and signature cover."""
    if len(previous_digest) != 32 or len(heads_root) != 32 or len(key_id) != KEY_ID_CHARACTERS:
        raise ValueError
    start = number.to_bytes(8, "big") + taken_us.to_bytes(8, "big")
    counts = chains.to_bytes(8, "big") + records.to_bytes(8, "big")
    middle = previous_digest + heads_root
    return _CHECKPOINT_PREFIX + start + middle + counts + key_id.encode("ascii")


def key_id_of(certificate: x509.Certificate) -> str:
    """How a certificate's key is named in a checkpoint."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()[:KEY_ID_CHARACTERS]


class SealKey:
    """The key that signs checkpoints, with its certificate."""

    __slots__ = ("_key", "certificate", "key_id")

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate
        self.key_id = key_id_of(certificate)

    @classmethod
    def load(cls, key_file: Path, certificate_file: Path) -> SealKey:
        """Read a P-256 key (PEM, mode 0600) and the first certificate of a file (PEM).

        Raises ``SealRefused``.
        """
        key = _private_key(key_file)
        certificate = _certificates_in(certificate_file)[0]
        if key.public_key() != certificate.public_key():
            raise SealRefused(
                "The seal key does not belong to the first certificate of seal_certificate_file."
            )
        return cls(key, certificate)

    def signed(
        self,
        *,
        number: int,
        taken_us: int,
        previous_digest: bytes,
        heads_root: bytes,
        chains: int,
        records: int,
    ) -> Checkpoint:
        """A checkpoint with this key's signature."""
        statement = statement_of(
            number, taken_us, previous_digest, heads_root, chains, records, self.key_id
        )
        return Checkpoint(
            number=number,
            format=FORMAT,
            taken_us=taken_us,
            previous_digest=previous_digest,
            heads_root=heads_root,
            chains=chains,
            records=records,
            key_id=self.key_id,
            digest=sha256(statement).digest(),
            signature=self._key.sign(statement, ec.ECDSA(SHA256())),
        )


class Certificates:
    """The certificates of today's seal key and of those before it, by key id."""

    def __init__(self, certificates: Sequence[x509.Certificate]) -> None:
        self._ders = tuple(one.public_bytes(Encoding.DER) for one in certificates)
        self._keys: Mapping[str, Any] = {key_id_of(one): one.public_key() for one in certificates}

    @classmethod
    def read(cls, *files: Path) -> Certificates:
        """All certificates of some files (PEM).  Raises ``SealRefused``."""
        return cls([one for file in files for one in _certificates_in(file)])

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process gets the certificates and reads them anew.
        return _certificates_of, (self._ders,)

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._keys

    def check(self, checkpoint: Checkpoint) -> None:
        """Is the checkpoint whole, and signed by one of these keys?

        Raises ``SealRefused``.
        """
        check_digest(checkpoint)
        key = self._keys.get(checkpoint.key_id)
        if key is None:
            raise SealRefused("signed by a key whose certificate is not here")
        try:
            key.verify(checkpoint.signature, checkpoint.statement(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise SealRefused("the signature is not the key's") from None


def _certificates_of(ders: Sequence[bytes]) -> Certificates:
    return Certificates([x509.load_der_x509_certificate(der) for der in ders])


def check_digest(checkpoint: Checkpoint) -> None:
    """Is the digest that of the checkpoint's own values?  Raises ``SealRefused``."""
    if checkpoint.format != FORMAT:
        raise SealRefused("a format that nobody ever wrote")
    if sha256(checkpoint.statement()).digest() != checkpoint.digest:
        raise SealRefused("the checkpoint is not what its digest says")


def _private_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            pem = opened.read(_FILE_BYTES_MAX)
    except OSError as failure:
        raise SealRefused(f"{file}: cannot be read ({type(failure).__name__})") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SealRefused(f"{file}: others than its owner may use it; give it mode 0600")
    try:
        key = load_pem_private_key(pem, password=None)
    except (TypeError, ValueError):
        raise SealRefused(f"{file}: must hold an unencrypted private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SealRefused(f"{file}: the seal key must be one of ECDSA on P-256")
    return key


def _certificates_in(file: Path) -> list[x509.Certificate]:
    try:
        with file.open("rb") as opened:
            found = x509.load_pem_x509_certificates(opened.read(_FILE_BYTES_MAX))
    except OSError as failure:
        raise SealRefused(f"{file}: cannot be read ({type(failure).__name__})") from None
    except ValueError:
        raise SealRefused(f"{file}: holds no certificate in PEM") from None
    for one in found:
        key = one.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise SealRefused(f"{file}: a seal's certificate must hold a key on P-256")
    return found
