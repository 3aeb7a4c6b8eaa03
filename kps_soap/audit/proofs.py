"""That a record is under a seal: a proof that anybody can check with the seal's certificate.

A proof holds some thirty hashes: the path from the record to the root of its segment, the path
from the segment's leaf to the checkpoint's root, and the signed checkpoint itself.  Checking it
needs no database and no key file.  What the record says is not in it: who checks a proof knows
the record's hash from elsewhere, or has computed it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from kps_soap.audit import merkle
from kps_soap.audit.checkpoints import (
    Certificates,
    Checkpoint,
    SealRefused,
    leaf_of,
)
from kps_soap.audit.heads import CHECKPOINT_COLUMNS
from kps_soap.models import checkpoint_heads, checkpoints, evidence

#: How a proof names its own form.
PROOF_FORMAT: Final = "kps-soap:proof:1"

#: What a checkpoint's members are called where people and other programs read them.
_DIGESTS: Final = ("previous_digest", "heads_root", "digest")
_NUMBERS: Final = ("number", "format", "taken_us", "chains", "records")

#: Paths longer than these belong to no tree that could ever be made.
_STEPS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Proof:
    """From one record to one signed checkpoint."""

    chain_id: str
    sequence: int
    first_sequence: int
    head_sequence: int
    head_hash: bytes
    segment_path: tuple[bytes, ...]
    position: int
    heads_path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def as_json(self) -> dict[str, Any]:
        """As a JSON object; hashes are lower-case hexadecimal, the signature is base64."""
        return {
            "format": PROOF_FORMAT,
            "chain": self.chain_id,
            "sequence": self.sequence,
            "first_sequence": self.first_sequence,
            "head_sequence": self.head_sequence,
            "head_hash": self.head_hash.hex(),
            "segment_path": [step.hex() for step in self.segment_path],
            "position": self.position,
            "heads_path": [step.hex() for step in self.heads_path],
            "checkpoint": checkpoint_as_json(self.checkpoint),
        }

    @classmethod
    def from_json(cls, value: object) -> Proof:
        """The proof in a JSON object, believed in nothing yet.  Raises ``SealRefused``."""
        given = _object(value)
        if given.get("format") != PROOF_FORMAT:
            raise SealRefused("this is no proof of this kind")
        return cls(
            chain_id=_text(given, "chain"),
            sequence=_whole(given, "sequence"),
            first_sequence=_whole(given, "first_sequence"),
            head_sequence=_whole(given, "head_sequence"),
            head_hash=_hash(given.get("head_hash")),
            segment_path=_path(given, "segment_path"),
            position=_whole(given, "position"),
            heads_path=_path(given, "heads_path"),
            checkpoint=checkpoint_from_json(given.get("checkpoint")),
        )


def checkpoint_as_json(checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint as a JSON object: numbers, hexadecimal hashes, a base64 signature."""
    return {
        **{name: getattr(checkpoint, name) for name in _NUMBERS},
        **{name: getattr(checkpoint, name).hex() for name in _DIGESTS},
        "key_id": checkpoint.key_id,
        "signature": base64.b64encode(checkpoint.signature).decode(),
    }


def checkpoint_from_json(value: object) -> Checkpoint:
    """The checkpoint in a JSON object, believed in nothing yet.  Raises ``SealRefused``."""
    given = _object(value)
    try:
        signature = base64.b64decode(_text(given, "signature"), validate=True)
    except binascii.Error:
        raise SealRefused("a signature that is no base64") from None
    values: dict[str, Any] = {name: _whole(given, name) for name in _NUMBERS}
    values |= {name: _hash(given.get(name)) for name in _DIGESTS}
    return Checkpoint(
        **values,
        key_id=_text(given, "key_id"),
        signature=signature,
    )


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise SealRefused("a JSON object is missing")
    return value


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise SealRefused(f"{name} must be text")
    return value


def _whole(given: Mapping[str, object], name: str) -> int:
    value = given.get(name)
    if type(value) is not int or not 0 <= value < 2**63:
        raise SealRefused(f"{name} must be a whole number")
    return value


def _hash(value: object) -> bytes:
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        found = b""
    if len(found) != merkle.HASH_BYTES:
        raise SealRefused("a hash must have 64 hexadecimal digits")
    return found


def _path(given: Mapping[str, object], name: str) -> tuple[bytes, ...]:
    steps = given.get(name)
    if not isinstance(steps, list) or len(steps) > _STEPS_MAX:
        raise SealRefused(f"{name} must be a list of hashes")
    return tuple(_hash(step) for step in steps)


def proof_of(connection: Connection, chain_id: str, sequence: int) -> Proof | None:
    """The proof of a stored record; None where it is not sealed yet, or not there.

    Reads the hashes of the record's whole segment: run it in a thread.  The caller's
    transaction must not change them meanwhile; nothing ever does.
    """
    columns = checkpoint_heads.c
    query = select(checkpoint_heads).where(
        columns.chain_id == chain_id, columns.head_sequence >= sequence
    )
    found = connection.execute(query.order_by(columns.head_sequence).limit(1)).one_or_none()
    if found is None or sequence < found.first_sequence:
        return None
    hashes = _hashes(connection, chain_id, found.first_sequence, found.head_sequence)
    signed = select(*CHECKPOINT_COLUMNS).where(checkpoints.c.number == found.number)
    row = connection.execute(signed).one_or_none()
    if row is None or len(hashes) != found.head_sequence - found.first_sequence + 1:
        return None
    path = bytes(found.path)
    return Proof(
        chain_id=chain_id,
        sequence=sequence,
        first_sequence=found.first_sequence,
        head_sequence=found.head_sequence,
        head_hash=bytes(found.head_hash),
        segment_path=tuple(_path_in(hashes, sequence - found.first_sequence)),
        position=found.position,
        heads_path=tuple(path[i : i + 32] for i in range(0, len(path), merkle.HASH_BYTES)),
        checkpoint=Checkpoint.of_row(tuple(row)),
    )


def _hashes(connection: Connection, chain_id: str, first: int, last: int) -> Sequence[bytes]:
    query = select(evidence.c.hash).where(
        evidence.c.chain_id == chain_id, evidence.c.sequence.between(first, last)
    )
    return [bytes(one) for one in connection.scalars(query.order_by(evidence.c.sequence))]


def _path_in(hashes: Sequence[bytes], index: int) -> list[bytes]:
    return merkle.Tree(map(merkle.leaf_hash, hashes)).path(index)


def check_proof(proof: Proof, record_hash: bytes, certificates: Certificates) -> None:
    """Is the record with this hash under this proof's seal?

    The checkpoint must be signed by one of the certificates.  Raises ``SealRefused``.
    """
    certificates.check(proof.checkpoint)
    if not proof.first_sequence <= proof.sequence <= proof.head_sequence:
        raise SealRefused("the record is outside the sealed segment")
    try:
        root = merkle.root_by_path(
            merkle.leaf_hash(record_hash),
            proof.sequence - proof.first_sequence,
            proof.head_sequence - proof.first_sequence + 1,
            proof.segment_path,
        )
        leaf = leaf_of(
            proof.chain_id, proof.first_sequence, proof.head_sequence, proof.head_hash, root
        )
        heads_root = merkle.root_by_path(
            leaf, proof.position, proof.checkpoint.chains, proof.heads_path
        )
    except (ValueError, OverflowError) as wrong:
        raise SealRefused(str(wrong)) from None
    if heads_root != proof.checkpoint.heads_root:
        raise SealRefused("the record is not the one that was sealed")
