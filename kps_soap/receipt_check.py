"""Checks a saved receipt without the gateway: with a certificate file, on any machine.

What can be saved: a signed answer of the direct door, an answer of ``AlindiServis``, the signed
receipt out of it, the file that ``kps receipt show`` writes, and an answer that nobody signed,
whose receipt then needs one of the others beside it.  With the seal's certificate the way from
the receipt to its checkpoint is checked too, and with an outside witness's copy of the
checkpoint that nobody has put another in its place.

Every "no" is a sentence that says what differs.  This room opens no file, no database and no
connection, and it believes nothing that a file says of itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from lxml import etree

from kps_soap.answers import (
    AnswerNotGenuine,
    body_digest,
    parse_answer,
    stated_receipt,
    verify_archived_answer,
    verify_receipt,
)
from kps_soap.audit.checkpoints import Certificates, Checkpoint, SealRefused
from kps_soap.audit.proofs import Proof, check_proof, checkpoint_from_json
from kps_soap.audit.receipt_files import FORMAT, read_record

_SERVICE: Final = "{urn:kps-soap:alindi-servis:1}"
_ANSWER: Final = f"{_SERVICE}DogrulaResponse"
_ITEMS: Final = f"{_SERVICE}DogrulaResult/{_SERVICE}SorguSonucu/{_SERVICE}AlindiKaydi"
_SIGNED_ANSWER: Final = (
    "{*}Header/{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
    "Security/{http://www.w3.org/2000/09/xmldsig#}Signature"
)

#: What to say of the reasons for which an answer is not genuine.
_REASONS: Final = {
    "signature value": "The signature is wrong: it was not made by this certificate's key, "
    "or what it covers was changed.",
    "certificate is not the pinned one": "It was signed by another holder: its certificate is not "
    "the one in the given file.",
    "digest": "The signature is the holder's, but a part that it covers was changed.",
    "receipt of another answer": "YanitOzeti differs: the receipt belongs to another answer.",
    "certificate outside its validity": "It was signed outside the validity of the certificate.",
    "not well-formed": "The file is no XML document and no receipt file.",
}

_SEALED: Final = (
    "The seal's certificate is needed to check under which seal it is; "
    "name it with --seal-certificate."
)
_UNSEALED: Final = "It is not sealed yet: ask AlindiServis for its proof in a few minutes."


class ReceiptRefused(Exception):
    """The receipt does not prove what it should; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Everything that somebody has kept, as bytes; only ``file`` must be there.

    ``proof`` goes with the receipt, ``question`` and ``answer`` are the messages as they were
    sent and received, ``witness`` is a copy of the checkpoint from elsewhere.
    """

    file: bytes
    proof: bytes | None = None
    question: bytes | None = None
    answer: bytes | None = None
    witness: bytes | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A receipt that was proven: its members by name, and what was found, in sentences."""

    receipt: Mapping[str, str]
    findings: tuple[str, ...]
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A receipt in a file.  ``signed`` says by what it is proven, empty where by nothing."""

    receipt: Mapping[str, str]
    signed: str
    evidence: Mapping[str, Any] | None = None

    @property
    def number(self) -> str:
        return self.receipt.get("AlindiNo", "")


def check_receipts(
    papers: Papers, certificates: Sequence[x509.Certificate], seals: Certificates | None = None
) -> list[Checked]:
    """Check every receipt of a file; ``certificates`` are those of the gateway's signing keys.

    Raises ``ReceiptRefused``.
    """
    try:
        found = _read(papers.file, tuple(certificates))
        beside = [] if papers.proof is None else _read(papers.proof, tuple(certificates))
    except AnswerNotGenuine as refusal:
        raise ReceiptRefused(_sentence(refusal)) from None
    if not found:
        raise ReceiptRefused("There is no receipt in the file.")
    if len(found) > 1 and (papers.question is not None or papers.answer is not None):
        raise ReceiptRefused(
            "The file holds several receipts; check one with its messages at a time."
        )
    return [_check(one, beside, papers, seals) for one in found]


def _sentence(refusal: AnswerNotGenuine) -> str:
    return _REASONS.get(refusal.reason, f"It is not genuine: {refusal.reason}.")


def _read(raw: bytes, certificates: tuple[x509.Certificate, ...]) -> list[_Found]:
    """The receipts in a file of any of the known kinds, each proven as far as it is signed."""
    if raw.lstrip()[:1] == b"{":
        return [_in_json(raw, certificates)]
    root = parse_answer(raw)
    if etree.QName(root).localname != "Envelope":
        return [_Found(verify_receipt(raw, certificates), "its own signature")]
    signed = root.find(_SIGNED_ANSWER) is not None
    payloads = root.findall(f"{{*}}Body/{_ANSWER}")
    if payloads:
        if signed:
            verify_archived_answer(raw, certificates)
        return _in_answer(payloads[0], certificates)
    if signed:
        receipt, said = verify_archived_answer(raw, certificates).receipt, "the answer's signature"
    else:
        receipt, said = stated_receipt(root), ""
        if receipt and receipt.get("YanitOzeti") != body_digest(raw):
            raise AnswerNotGenuine("receipt of another answer")
    return [_Found(receipt, said)] if receipt else []


def _in_json(raw: bytes, certificates: tuple[x509.Certificate, ...]) -> _Found:
    try:
        value = json.loads(raw)
        signed = value.get("signed")
        known = value["format"] == FORMAT and (signed is None or isinstance(signed, str))
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise ReceiptRefused("The file is no receipt file of this kind.")
    if signed is None:
        return _Found(_stated(value), "", value)
    return _Found(verify_receipt(signed.encode(), certificates), "its own signature", value)


def _stated(value: Mapping[str, Any]) -> Mapping[str, str]:
    """The receipt that a record without a signed receipt speaks of."""
    try:
        return read_record(value.get("record")).receipt()
    except SealRefused as refusal:
        raise ReceiptRefused(f"The proof is wrong: {refusal}.") from None


def _in_answer(payload: etree._Element, certificates: tuple[x509.Certificate, ...]) -> list[_Found]:
    """The receipts in an answer of ``AlindiServis``; where it knew none, the member is nil."""
    found = []
    for item in payload.iterfind(_ITEMS):
        signed, proof = _member(item, "ImzaliAlindiBelgesi"), _member(item, "MuhurKaniti")
        if signed:
            evidence = _in_json(proof, certificates).evidence if proof else None
            receipt = verify_receipt(signed, certificates)
            found.append(_Found(receipt, "its own signature", evidence))
    return found


def _member(item: etree._Element, name: str) -> bytes:
    try:
        return base64.b64decode(item.findtext(f"{_SERVICE}{name}") or "", validate=True)
    except binascii.Error:
        raise ReceiptRefused(f"{name} is no base64.") from None


def _check(
    found: _Found, beside: Sequence[_Found], papers: Papers, seals: Certificates | None
) -> Checked:
    found = _joined(found, [one for one in beside if one.number == found.number], papers)
    findings = _digests(found, papers)
    checkpoint, said = _sealed(found, seals)
    if not found.signed and checkpoint is None:
        raise ReceiptRefused(
            "Nobody has signed this receipt, and no seal over it was checked: "
            "ask AlindiServis for it and give its answer with --proof."
        )
    if papers.witness is not None:
        said.append(_witnessed(checkpoint, papers.witness))
    genuine = f"The receipt is genuine by {found.signed or 'its seal'}."
    return Checked(found.receipt, (genuine, *findings, *said), checkpoint)


def _joined(found: _Found, beside: Sequence[_Found], papers: Papers) -> _Found:
    """The receipt with what was given beside it, which must be about the same call."""
    if papers.proof is not None and not beside:
        raise ReceiptRefused("The proof is of another receipt: AlindiNo differs.")
    signed, evidence = found.signed, found.evidence
    for other in beside:
        # Who signs a receipt on request need not be who signed the answer.
        names = (found.receipt.keys() | other.receipt.keys()) - {"ImzaSahibi"}
        for name in sorted(names):
            if found.receipt.get(name, "") != other.receipt.get(name, ""):
                raise ReceiptRefused(f"{name} differs between the receipt and its proof.")
        signed, evidence = signed or other.signed, evidence or other.evidence
    return _Found(found.receipt, signed, evidence)


def _digests(found: _Found, papers: Papers) -> list[str]:
    findings = []
    if papers.question is not None:
        if hashlib.sha256(papers.question).hexdigest() != found.receipt.get("IstekOzeti"):
            raise ReceiptRefused(
                "IstekOzeti differs: the receipt is of another question. The bytes must be those "
                "that were sent, without the HTTP headers."
            )
        findings.append("IstekOzeti is that of the question.")
    if papers.answer is not None:
        try:
            digest = body_digest(papers.answer)
        except AnswerNotGenuine as refusal:
            raise ReceiptRefused(f"The answer cannot be read: {refusal.reason}.") from None
        if digest != found.receipt.get("YanitOzeti"):
            raise ReceiptRefused("YanitOzeti differs: the receipt is of another answer.")
        findings.append("YanitOzeti is that of the answer.")
    return findings


def _sealed(found: _Found, seals: Certificates | None) -> tuple[Checkpoint | None, list[str]]:
    """The checkpoint over the receipt's record; the record must say what the receipt says."""
    evidence = found.evidence
    if evidence is None:
        return None, ["No proof of its seal is with it."]
    try:
        record = read_record(evidence.get("record"))
        differing = record.differences(found.receipt)
        if differing:
            raise ReceiptRefused(f"{differing[0]} differs between the receipt and its record.")
        findings = ["The record says what the receipt says."]
        if evidence.get("proof") is None:
            return None, [*findings, _UNSEALED]
        proof = Proof.from_json(evidence["proof"])
        if seals is None:
            return None, [*findings, _SEALED]
        if (proof.chain_id, proof.sequence) != (record.chain_id, record.sequence):
            raise SealRefused("it is of another record")
        check_proof(proof, record.hash, seals)
    except SealRefused as refusal:
        raise ReceiptRefused(f"The proof is wrong: {refusal}.") from None
    checkpoint = proof.checkpoint
    return checkpoint, [*findings, f"It is sealed under checkpoint {checkpoint.number}."]


def _witnessed(checkpoint: Checkpoint | None, witness: bytes) -> str:
    try:
        copy = checkpoint_from_json(json.loads(witness))
    except (ValueError, RecursionError, SealRefused):
        raise ReceiptRefused("The witness's copy is no checkpoint.") from None
    if checkpoint is None:
        raise ReceiptRefused("Without a checked proof there is nothing to hold the copy against.")
    if copy.number != checkpoint.number:
        raise ReceiptRefused(
            f"The witness's copy is of checkpoint {copy.number}; "
            f"ask for its copy of checkpoint {checkpoint.number}."
        )
    if copy.digest != checkpoint.digest:
        raise ReceiptRefused("The witness saw another checkpoint of this number.")
    return "The witness saw the same checkpoint."
