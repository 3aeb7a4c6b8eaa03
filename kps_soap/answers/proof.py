"""Proves a signed answer, step by step, in the order of ``_prove``.

The signature over SignedInfo is checked with a pinned certificate before any reference is
digested (hardening §4.1).  It follows no address, no chain of certificates and no key that a
message brings along, and checks no revocation list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from kps_soap.answers.structure import (
    BASE64,
    ECDSA,
    ID,
    RSA,
    SKEW,
    X509V3,
    AnswerNotGenuine,
    Element,
    Freshness,
    Signature,
    canonical,
    clean_ids,
    created_of,
    parse_answer,
    parser,
    parts_of,
    signature_of,
    unbase64,
)


@dataclass(frozen=True, slots=True)
class VerifiedAnswer:
    """What was signed, parsed from the very bytes that were digested, and nothing else.

    ``receipt`` holds the members of ``Alindi`` by name; it is empty where there was none.
    """

    body: Element
    receipt: Mapping[str, str]
    created: datetime
    certificate: x509.Certificate

    @property
    def payload(self) -> Element:
        """The one element in the Body: an answer or a fault."""
        return self.body[0]


def load_certificates(path: str | Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file: one, or two while the gateway changes its key.

    Raises ``OSError`` when the file cannot be read, ``ValueError`` when it holds none, or one
    that may not sign answers (key usage, kind or size of its key).
    """
    certificates = tuple(x509.load_pem_x509_certificates(Path(path).read_bytes()))
    for certificate in certificates:
        _method_of(certificate)
    return certificates


def verify_answer(
    raw: bytes,
    certificates: Iterable[x509.Certificate],
    *,
    now: datetime,
    question: bytes | None,
    skew: timedelta = SKEW,
) -> VerifiedAnswer:
    """Prove an answer as received; ``certificates`` come from ``load_certificates``.

    ``question`` are the bytes that were sent: the receipt must name their digest, and only a
    fault may lack one; None skips that, for a caller who did not keep them.  ``now`` is
    aware.  Raises ``AnswerNotGenuine``.
    """
    digest = None if question is None else hashlib.sha256(question).hexdigest()
    return verify_tree(
        parse_answer(raw), certificates, freshness=Freshness(now, skew), question_digest=digest
    )


def verify_archived_answer(raw: bytes, certificates: Iterable[x509.Certificate]) -> VerifiedAnswer:
    """Prove an answer from an archive: everything but its freshness.

    The certificate must have been valid at the time in it.  Raises ``AnswerNotGenuine``.
    """
    return verify_tree(parse_answer(raw), certificates, freshness=None, question_digest=None)


def verify_tree(
    root: Element,
    certificates: Iterable[x509.Certificate],
    *,
    freshness: Freshness | None,
    question_digest: str | None,
) -> VerifiedAnswer:
    """Prove a parsed envelope.  Whatever is wrong with it, it raises ``AnswerNotGenuine``."""
    if freshness is not None and freshness.now.tzinfo is None:
        raise ValueError("The time to judge by needs its zone.")
    try:
        return _prove(root, tuple(certificates), freshness, question_digest)
    except InvalidSignature:
        raise AnswerNotGenuine("signature value") from None
    except (etree.LxmlError, ValueError, TypeError) as error:
        raise AnswerNotGenuine(f"unreadable: {type(error).__name__}") from None


def _prove(
    root: Element,
    certificates: tuple[x509.Certificate, ...],
    freshness: Freshness | None,
    question_digest: str | None,
) -> VerifiedAnswer:
    # 1. Nothing in the document that a reader of values could trip over.
    ids = clean_ids(root)
    # 2. Every part at its place, once; 3. algorithms and references from short lists.
    parts = parts_of(root)
    signature = signature_of(parts)
    # 4. References name exactly the parts that will be used, by ids that nothing else has.
    if sorted(signature.digests) != sorted(parts.covered):
        raise AnswerNotGenuine("coverage")
    if any(ids[element_id] != 1 for element_id in parts.covered):
        raise AnswerNotGenuine("id used twice")
    # 5. A pinned certificate that was valid; 6. its signature over SignedInfo.
    created = created_of(parts.timestamp, freshness)
    certificate = _pinned(parts.token, certificates)
    moment = created if freshness is None else freshness.now
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise AnswerNotGenuine("certificate outside its validity")
    check_signature(signature, certificate)
    # 7. The digests of the parts; 8. the receipt is of this Body and of this question.
    written = {name: canonical(part) for name, part in parts.covered.items()}
    for name, digest in signature.digests.items():
        if hashlib.sha256(written[name]).digest() != digest:
            raise AnswerNotGenuine("digest")
    canonical_body = written[str(parts.body.get(ID))]
    body = etree.fromstring(canonical_body, parser())
    receipt: dict[str, str] = {}
    if parts.receipt is not None:
        receipt = members_of_receipt(written[str(parts.receipt.get(ID))])
        _check_receipt(receipt, canonical_body, question_digest)
    elif question_digest is not None and etree.QName(body[0]).localname != "Fault":
        raise AnswerNotGenuine("no receipt")
    return VerifiedAnswer(body, MappingProxyType(receipt), created, certificate)


def _pinned(token: Element, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    if token.get("ValueType") != X509V3 or token.get("EncodingType") != BASE64:
        raise AnswerNotGenuine("security token")
    return pinned(token, certificates)


def pinned(token: Element, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    """The pinned certificate that an element holds; raises ``AnswerNotGenuine`` for another."""
    fingerprint = hashlib.sha256(unbase64(token)).digest()
    for certificate in certificates:
        if hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest() == fingerprint:
            return certificate
    raise AnswerNotGenuine("certificate is not the pinned one")


def _method_of(certificate: x509.Certificate) -> dict[str, str]:
    key = certificate.public_key()
    usages = [use.value for use in certificate.extensions if isinstance(use.value, x509.KeyUsage)]
    if any(usage.digital_signature for usage in usages):
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            return RSA
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return ECDSA
    raise ValueError("This certificate may not sign answers: key usage, kind or size of key.")


def check_signature(signature: Signature, certificate: x509.Certificate) -> None:
    """Raise ``InvalidSignature``, or ``AnswerNotGenuine`` for a method that the key has not."""
    if _method_of(certificate) != signature.method:
        raise AnswerNotGenuine("method does not suit the certificate")
    key, value, data = certificate.public_key(), signature.value, canonical(signature.signed_info)
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(value, data, padding.PKCS1v15(), SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey) and len(value) == 64:
        r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    else:
        raise AnswerNotGenuine("length of the signature value")


def members_of_receipt(written: bytes) -> dict[str, str]:
    """The members of a canonical receipt by name; raises ``AnswerNotGenuine``."""
    members = list(etree.fromstring(written, parser()))
    receipt = {etree.QName(member).localname: member.text or "" for member in members}
    if len(receipt) != len(members) or any(len(member) for member in members):
        raise AnswerNotGenuine("receipt")
    return receipt


def _check_receipt(receipt: Mapping[str, str], body: bytes, question_digest: str | None) -> None:
    if receipt.get("YanitOzeti") != hashlib.sha256(body).hexdigest():
        raise AnswerNotGenuine("receipt of another answer")
    if question_digest is not None and receipt.get("IstekOzeti") != question_digest:
        raise AnswerNotGenuine("answer to another question")
