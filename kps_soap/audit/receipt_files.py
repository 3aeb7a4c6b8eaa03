"""A receipt as a file that proves itself: signed, with its record and the way to its seal.

A JSON object, UTF-8:

    format  "kps-soap:receipt:1"
    signed  the signed receipt, an XML document as text (see ``signed_receipts``)
    record  what the record's hash is computed from (see ``records``): format, chain, sequence,
            month, previous_hash, salt, plain (every plain column by name), persons_digest,
            cipher_digest; hashes and the salt in hexadecimal
    proof   from the record's hash to a signed checkpoint (see ``proofs``); null until it is sealed

Without ``signed`` it is what goes with a receipt that is signed elsewhere.  Who it is given to
learns what the gateway noted about the institution's own call; of persons there are keyed
digests of keyed digests only, and neither question nor answer.

``read_record`` believes nothing: it computes.  This module reads no database and no file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kps_soap.audit import records
from kps_soap.audit.checkpoints import SealRefused
from kps_soap.audit.months import moment_of
from kps_soap.audit.proofs import Proof
from kps_soap.models import PLAIN_COLUMNS
from kps_soap.signing import instant

FORMAT: Final = "kps-soap:receipt:1"

#: The members of a receipt, and the plain column that each repeats.
_REPEATED: Final = {
    "AlindiNo": "receipt_number",
    "IstekOzeti": "question_digest",
    "YanitOzeti": "answer_digest",
    "AnlasmaOzeti": "agreement_digest",
    "GizlenenOzeti": "withheld_digest",
}
_ODD: Final = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record as its file shows it, and the hash that follows from what it shows."""

    chain_id: str
    sequence: int
    plain: Mapping[str, Any]
    hash: bytes

    def receipt(self) -> dict[str, str]:
        """The members of a receipt that the record repeats, by name."""
        said = {name: self.plain[column] or "" for name, column in _REPEATED.items()}
        return {**said, "Zaman": instant(moment_of(self.plain["received_us"]))}

    def differences(self, receipt: Mapping[str, str]) -> list[str]:
        """The members of a receipt (by name) that are not what the record says."""
        return [name for name, value in self.receipt().items() if receipt.get(name, "") != value]


def record_as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a record's hash is computed from, of a row of ``evidence``."""
    return {
        "format": row["format"],
        "chain": row["chain_id"],
        "sequence": row["sequence"],
        "month": row["month"],
        "previous_hash": bytes(row["previous_hash"]).hex(),
        "salt": bytes(row["salt"]).hex(),
        "plain": {name: row[name] for name in PLAIN_COLUMNS},
        "persons_digest": bytes(row["persons_digest"]).hex(),
        "cipher_digest": bytes(row["cipher_digest"]).hex(),
    }


def receipt_file(
    row: Mapping[str, Any], proof: Proof | None, *, signed: bytes | None = None
) -> bytes:
    """The file's bytes.  ``row`` is a row of ``evidence`` by column."""
    value: dict[str, Any] = {"format": FORMAT}
    if signed is not None:
        value["signed"] = signed.decode("utf-8")
    value["record"] = record_as_json(row)
    value["proof"] = None if proof is None else proof.as_json()
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8")


def read_record(value: object) -> OpenedRecord:
    """The record in a file's ``record``.  Raises ``SealRefused`` where that is none."""
    try:
        given: Any = value
        # A file of an older form lacks the newer columns.
        plain = {name: given["plain"].get(name) for name in PLAIN_COLUMNS}
        if not all(one is None or type(one) in (int, str) for one in plain.values()):
            raise ValueError
        place = records.Place(
            _of_length(given["chain"], 16),
            given["sequence"],
            _of_length(given["month"], 7),
            _digest(given["previous_hash"]),
        )
        salt = bytes.fromhex(_of_length(given["salt"], 2 * records.SALT_BYTES))
        record_format = given["format"]
        hashed = records.record_hash(
            place,
            records.plain_digest(salt, tuple(plain.values()), record_format=record_format),
            _digest(given["persons_digest"]),
            _digest(given["cipher_digest"]),
            record_format=record_format,
        )
        opened = OpenedRecord(place.chain_id, place.sequence, plain, hashed)
        opened.receipt()
    except _ODD:
        raise SealRefused("the record in the file is no record") from None
    return opened


def _of_length(text: str, length: int) -> str:
    # The hash joins its parts without marks between them, so their lengths may not vary.
    if len(text.encode("ascii")) != length:
        raise ValueError
    return text


def _digest(text: str) -> bytes:
    return bytes.fromhex(_of_length(text, 64))
