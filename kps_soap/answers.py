"""Proves that an answer of the direct door is what the gateway signed, all of it, just now.

Verification hands out what was signed and nothing else: ``VerifiedAnswer`` is parsed from the
very bytes that were digested.  The steps are listed in ``_prove`` and taken in that order:
positions and algorithms are held to short lists before anything is canonicalised, and the
signature over SignedInfo is checked with a pinned certificate before any reference is
digested (hardening §4.1).

This module finds nothing by name or by id, follows no address, no chain of certificates and
no key that a message brings along, checks no revocation list, and imports nothing of the gateway.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

Element = etree._Element

#: How far two clocks may be apart, and how long an answer may claim to live.
SKEW: Final = timedelta(minutes=5)
LIFETIME_MAX: Final = timedelta(minutes=15)
ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024
REFERENCES_MAX: Final = 8

OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE: Final = f"{OASIS}wssecurity-secext-1.0.xsd"
WSU: Final = f"{OASIS}wssecurity-utility-1.0.xsd"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
_RECEIPT: Final = "{urn:kps-soap:alindi:1}Alindi"
_ID: Final = f"{{{WSU}}}Id"
#: Attributes, by local name, that some stack takes for an id: a signed id recurs in none.
_ID_NAMES: Final = frozenset({"Id", "ID", "id", "iD", "AssertionID"})
_EXCLUSIVE: Final = {"Algorithm": "http://www.w3.org/2001/10/xml-exc-c14n#"}
_DIGEST: Final = {"Algorithm": "http://www.w3.org/2001/04/xmlenc#sha256"}
_RSA: Final = {"Algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}
_ECDSA: Final = {"Algorithm": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
_X509V3: Final = f"{OASIS}x509-token-profile-1.0#X509v3"
_BASE64: Final = f"{OASIS}soap-message-security-1.0#Base64Binary"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)


class AnswerNotGenuine(Exception):
    """The answer is not what the gateway signed for this question: use nothing of it.

    ``reason`` says which check failed.  It is for a log, never for a screen or a caller.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The answer is unsigned, stale, changed or by an unknown signer; use nothing of it."
        )
        self.reason = reason


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


class Freshness(NamedTuple):
    """The moment at which an answer is judged, and how far its clock may be from ours."""

    now: datetime
    skew: timedelta


class _Parts(NamedTuple):
    """The parts of an envelope, by absolute position."""

    token: Element
    timestamp: Element
    signature: Element
    body: Element
    receipt: Element | None
    covered: dict[str, Element]


class _Signature(NamedTuple):
    """What an allowed signature says of itself; nothing in it is checked yet."""

    signed_info: Element
    method: dict[str, str]
    digests: dict[str, bytes]
    value: bytes


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
        _parsed(raw), certificates, freshness=Freshness(now, skew), question_digest=digest
    )


def verify_archived_answer(raw: bytes, certificates: Iterable[x509.Certificate]) -> VerifiedAnswer:
    """Prove an answer from an archive: everything but its freshness.

    The certificate must have been valid at the time in it.  Raises ``AnswerNotGenuine``.
    """
    return verify_tree(_parsed(raw), certificates, freshness=None, question_digest=None)


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


def _parsed(raw: bytes) -> Element:
    if len(raw) > ANSWER_BYTES_MAX:
        raise AnswerNotGenuine("size")
    try:
        return etree.fromstring(raw, _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise AnswerNotGenuine("not well-formed") from None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )


def _prove(
    root: Element,
    certificates: tuple[x509.Certificate, ...],
    freshness: Freshness | None,
    question_digest: str | None,
) -> VerifiedAnswer:
    # 1. Nothing in the document that a reader of values could trip over.
    ids = _clean_ids(root)
    # 2. Every part at its place, once; 3. algorithms and references from short lists.
    parts = _parts(root)
    signature = _signature(parts)
    # 4. References name exactly the parts that will be used, by ids that nothing else has.
    if sorted(signature.digests) != sorted(parts.covered):
        raise AnswerNotGenuine("coverage")
    if any(ids[element_id] != 1 for element_id in parts.covered):
        raise AnswerNotGenuine("id used twice")
    # 5. A pinned certificate that was valid; 6. its signature over SignedInfo.
    created = _created(parts.timestamp, freshness)
    certificate = _pinned(parts.token, certificates)
    moment = created if freshness is None else freshness.now
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise AnswerNotGenuine("certificate outside its validity")
    _check_signature(signature, certificate)
    # 7. The digests of the parts; 8. the receipt is of this Body and of this question.
    canonical = {name: _canonical(part) for name, part in parts.covered.items()}
    for name, digest in signature.digests.items():
        if hashlib.sha256(canonical[name]).digest() != digest:
            raise AnswerNotGenuine("digest")
    canonical_body = canonical[str(parts.body.get(_ID))]
    body = etree.fromstring(canonical_body, _parser())
    receipt: dict[str, str] = {}
    if parts.receipt is not None:
        receipt = _receipt(canonical[str(parts.receipt.get(_ID))])
        _check_receipt(receipt, canonical_body, question_digest)
    elif question_digest is not None and etree.QName(body[0]).localname != "Fault":
        raise AnswerNotGenuine("no receipt")
    return VerifiedAnswer(body, MappingProxyType(receipt), created, certificate)


def _clean_ids(root: Element) -> Counter[str]:
    """How often each id occurs, under any name of an id; refuses what is no element."""
    if root.getroottree().docinfo.internalDTD is not None:
        raise AnswerNotGenuine("document type")
    ids: Counter[str] = Counter()
    for node in root.iter():
        if not isinstance(node.tag, str):
            raise AnswerNotGenuine("comment, instruction or entity")
        for name, value in _attributes(node).items():
            if name.rpartition("}")[2] in _ID_NAMES:
                ids[value] += 1
    return ids


def _parts(root: Element) -> _Parts:
    soap = etree.QName(root).namespace
    if soap not in (_SOAP11, _SOAP12) or root.tag != f"{{{soap}}}Envelope":
        raise AnswerNotGenuine("envelope")
    header, body = _exactly(root, f"{{{soap}}}Header", f"{{{soap}}}Body")
    if len(body) != 1:
        raise AnswerNotGenuine("body")
    blocks = list(header)
    security = [block for block in blocks if block.tag == f"{{{WSSE}}}Security"]
    receipts = [block for block in blocks if block.tag == _RECEIPT]
    if len(security) != 1 or len(receipts) > 1:
        raise AnswerNotGenuine("headers")
    names = (f"{{{WSSE}}}BinarySecurityToken", f"{{{WSU}}}Timestamp", *_ds("Signature"))
    token, timestamp, signature = _exactly(security[0], *names)
    used = [timestamp, *(block for block in blocks if block is not security[0]), body]
    covered = {part.get(_ID, ""): part for part in used}
    if len(covered) != len(used) or "" in covered:
        raise AnswerNotGenuine("part without an id of its own")
    return _Parts(token, timestamp, signature, body, next(iter(receipts), None), covered)


def _signature(parts: _Parts) -> _Signature:
    names = _ds("SignedInfo", "SignatureValue", "KeyInfo")
    signed_info, value, key_info = _exactly(parts.signature, *names)
    canonicalization, method, *references = signed_info
    _check_leaf(canonicalization, "CanonicalizationMethod", _EXCLUSIVE)
    allowed = [choice for choice in (_RSA, _ECDSA) if _attributes(method) == choice]
    if not allowed or not 1 <= len(references) <= REFERENCES_MAX:
        raise AnswerNotGenuine("signature method or number of references")
    _check_leaf(method, "SignatureMethod", allowed[0])
    digests = dict(_reference(reference) for reference in references)
    if len(digests) != len(references):
        raise AnswerNotGenuine("part referenced twice")
    (holder,) = _exactly(key_info, f"{{{WSSE}}}SecurityTokenReference")
    (pointer,) = _exactly(holder, f"{{{WSSE}}}Reference")
    token_id = parts.token.get(_ID)
    if _attributes(pointer) != {"URI": f"#{token_id}", "ValueType": _X509V3}:
        raise AnswerNotGenuine("key info")
    return _Signature(signed_info, allowed[0], digests, _unbase64(value))


def _reference(reference: Element) -> tuple[str, bytes]:
    """The id and the digest of one reference whose algorithms are the only allowed ones."""
    uri = reference.get("URI", "")
    if [reference.tag] != _ds("Reference") or len(reference.attrib) != 1 or uri[:1] != "#":
        raise AnswerNotGenuine("reference")
    names = _ds("Transforms", "DigestMethod", "DigestValue")
    transforms, method, value = _exactly(reference, *names)
    (transform,) = _exactly(transforms, *_ds("Transform"))
    _check_leaf(transform, "Transform", _EXCLUSIVE)
    _check_leaf(method, "DigestMethod", _DIGEST)
    return uri[1:], _unbase64(value)


def _ds(*names: str) -> list[str]:
    return [f"{{{_DS}}}{name}" for name in names]


def _exactly(parent: Element, *names: str) -> list[Element]:
    children = list(parent)
    if [child.tag for child in children] != list(names):
        raise AnswerNotGenuine(f"content of {etree.QName(parent).localname}")
    return children


def _attributes(element: Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def _check_leaf(element: Element, name: str, attributes: Mapping[str, str]) -> None:
    empty = not len(element) and not element.text
    if [element.tag] != _ds(name) or _attributes(element) != attributes or not empty:
        raise AnswerNotGenuine(f"algorithm of {name}")


def _unbase64(element: Element) -> bytes:
    """Strict: one value has one spelling, so no other spelling passes."""
    text = element.text or ""
    value = base64.b64decode(text, validate=True)
    if len(element) or not value or base64.b64encode(value).decode("ascii") != text:
        raise AnswerNotGenuine("base64")
    return value


def _pinned(token: Element, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    if token.get("ValueType") != _X509V3 or token.get("EncodingType") != _BASE64:
        raise AnswerNotGenuine("security token")
    fingerprint = hashlib.sha256(_unbase64(token)).digest()
    for certificate in certificates:
        if hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest() == fingerprint:
            return certificate
    raise AnswerNotGenuine("certificate is not the pinned one")


def _method_of(certificate: x509.Certificate) -> dict[str, str]:
    key = certificate.public_key()
    usages = [use.value for use in certificate.extensions if isinstance(use.value, x509.KeyUsage)]
    if any(usage.digital_signature for usage in usages):
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            return _RSA
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return _ECDSA
    raise ValueError("This certificate may not sign answers: key usage, kind or size of key.")


def _check_signature(signature: _Signature, certificate: x509.Certificate) -> None:
    if _method_of(certificate) != signature.method:
        raise AnswerNotGenuine("method does not suit the certificate")
    key, value, data = certificate.public_key(), signature.value, _canonical(signature.signed_info)
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(value, data, padding.PKCS1v15(), SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey) and len(value) == 64:
        r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    else:
        raise AnswerNotGenuine("length of the signature value")


def _canonical(element: Element) -> bytes:
    canonical: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return canonical


def _created(timestamp: Element, freshness: Freshness | None) -> datetime:
    texts = _exactly(timestamp, f"{{{WSU}}}Created", f"{{{WSU}}}Expires")
    created, expires = (_instant(text) for text in texts)
    if not created < expires <= created + LIFETIME_MAX:
        raise AnswerNotGenuine("timestamp")
    if freshness is not None:
        now, skew = freshness.now, freshness.skew
        if not created - skew <= now < expires + skew:
            raise AnswerNotGenuine("stale or from the future")
    return created


def _instant(element: Element) -> datetime:
    text = element.text or ""
    if len(element) or not _INSTANT.fullmatch(text):
        raise AnswerNotGenuine("time")
    return datetime.fromisoformat(text)


def _receipt(canonical: bytes) -> dict[str, str]:
    members = list(etree.fromstring(canonical, _parser()))
    receipt = {etree.QName(member).localname: member.text or "" for member in members}
    if len(receipt) != len(members) or any(len(member) for member in members):
        raise AnswerNotGenuine("receipt")
    return receipt


def _check_receipt(receipt: Mapping[str, str], body: bytes, question_digest: str | None) -> None:
    if receipt.get("YanitOzeti") != hashlib.sha256(body).hexdigest():
        raise AnswerNotGenuine("receipt of another answer")
    if question_digest is not None and receipt.get("IstekOzeti") != question_digest:
        raise AnswerNotGenuine("answer to another question")
