"""The parts of an answer: each at its place, once, with algorithms from short lists.

It reads shape only and computes no digest; nothing is found by name or by id.  Whatever is not
as it must be raises ``AnswerNotGenuine`` with a reason for a log.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

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
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
RECEIPT: Final = "{urn:kps-soap:alindi:1}Alindi"
_ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
#: What a router adds for the way there and back.  It is not signed, and so nothing that counts
#: is ever read from it: an answer belongs to a question by the digest in its receipt.
_ON_THE_WAY: Final = frozenset(f"{{{_ADDRESSING}}}{name}" for name in ("Action", "RelatesTo"))
ID: Final = f"{{{WSU}}}Id"
#: Attributes, by local name, that some stack takes for an id: a signed id recurs in none.
_ID_NAMES: Final = frozenset({"Id", "ID", "id", "iD", "AssertionID"})
_EXCLUSIVE: Final = {"Algorithm": "http://www.w3.org/2001/10/xml-exc-c14n#"}
_DIGEST: Final = {"Algorithm": "http://www.w3.org/2001/04/xmlenc#sha256"}
RSA: Final = {"Algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}
ECDSA: Final = {"Algorithm": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
X509V3: Final = f"{OASIS}x509-token-profile-1.0#X509v3"
BASE64: Final = f"{OASIS}soap-message-security-1.0#Base64Binary"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)


class KpsError(Exception):
    """Whatever a client of this gateway may have to catch: the base of all its errors."""


class AnswerNotGenuine(KpsError):
    """The answer is not what the gateway signed for this question: use nothing of it.

    ``reason`` says which check failed.  It is for a log, never for a screen or a caller.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The answer is unsigned, stale, changed or by an unknown signer; use nothing of it."
        )
        self.reason = reason


class Freshness(NamedTuple):
    """The moment at which an answer is judged, and how far its clock may be from ours."""

    now: datetime
    skew: timedelta


class Parts(NamedTuple):
    """The parts of an envelope, by absolute position."""

    token: Element
    timestamp: Element
    signature: Element
    body: Element
    receipt: Element | None
    covered: dict[str, Element]


class Signature(NamedTuple):
    """What an allowed signature says of itself; nothing in it is checked yet."""

    signed_info: Element
    method: dict[str, str]
    digests: dict[str, bytes]
    value: bytes


def parse_answer(raw: bytes, bytes_max: int = ANSWER_BYTES_MAX) -> Element:
    """The root of a document; raises ``AnswerNotGenuine`` for what is too large or no XML."""
    if len(raw) > bytes_max:
        raise AnswerNotGenuine("size")
    try:
        return etree.fromstring(raw, parser())
    except (etree.XMLSyntaxError, ValueError):
        raise AnswerNotGenuine("not well-formed") from None


def parser() -> etree.XMLParser:
    """A parser that fetches nothing and resolves no entity."""
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )


def clean_ids(root: Element) -> Counter[str]:
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


def parts_of(root: Element) -> Parts:
    """The parts of a signed envelope, of which every one that anybody reads has an id."""
    soap = etree.QName(root).namespace
    if soap not in (SOAP11, SOAP12) or root.tag != f"{{{soap}}}Envelope":
        raise AnswerNotGenuine("envelope")
    header, body = exactly(root, f"{{{soap}}}Header", f"{{{soap}}}Body")
    if len(body) != 1:
        raise AnswerNotGenuine("body")
    blocks = list(header)
    security = [block for block in blocks if block.tag == f"{{{WSSE}}}Security"]
    receipts = [block for block in blocks if block.tag == RECEIPT]
    if len(security) != 1 or len(receipts) > 1:
        raise AnswerNotGenuine("headers")
    names = (f"{{{WSSE}}}BinarySecurityToken", f"{{{WSU}}}Timestamp", *_ds("Signature"))
    token, timestamp, signature = exactly(security[0], *names)
    others = [block for block in blocks if block is not security[0] and not _on_the_way(block)]
    used = [timestamp, *others, body]
    covered = {part.get(ID, ""): part for part in used}
    if len(covered) != len(used) or "" in covered:
        raise AnswerNotGenuine("part without an id of its own")
    return Parts(token, timestamp, signature, body, next(iter(receipts), None), covered)


def _on_the_way(block: Element) -> bool:
    """A header of the router that nobody signed: text without an id."""
    ids = [name for name in _attributes(block) if name.rpartition("}")[2] in _ID_NAMES]
    return block.tag in _ON_THE_WAY and not ids and not len(block)


def signature_of(parts: Parts) -> Signature:
    """The signature, if its algorithms and references are the only allowed ones."""
    names = _ds("SignedInfo", "SignatureValue", "KeyInfo")
    signed_info, value, key_info = exactly(parts.signature, *names)
    method, digests = signed_info_of(signed_info)
    (holder,) = exactly(key_info, f"{{{WSSE}}}SecurityTokenReference")
    (pointer,) = exactly(holder, f"{{{WSSE}}}Reference")
    token_id = parts.token.get(ID)
    if _attributes(pointer) != {"URI": f"#{token_id}", "ValueType": X509V3}:
        raise AnswerNotGenuine("key info")
    return Signature(signed_info, method, digests, unbase64(value))


def signed_info_of(signed_info: Element) -> tuple[dict[str, str], dict[str, bytes]]:
    """The method of a signature, and the digest of each part by its id, if all are allowed."""
    canonicalization, method, *references = signed_info
    _check_leaf(canonicalization, "CanonicalizationMethod", _EXCLUSIVE)
    allowed = [choice for choice in (RSA, ECDSA) if _attributes(method) == choice]
    if not allowed or not 1 <= len(references) <= REFERENCES_MAX:
        raise AnswerNotGenuine("signature method or number of references")
    _check_leaf(method, "SignatureMethod", allowed[0])
    digests = dict(_reference(reference) for reference in references)
    if len(digests) != len(references):
        raise AnswerNotGenuine("part referenced twice")
    return allowed[0], digests


def _reference(reference: Element) -> tuple[str, bytes]:
    """The id and the digest of one reference whose algorithms are the only allowed ones."""
    uri = reference.get("URI", "")
    if [reference.tag] != _ds("Reference") or len(reference.attrib) != 1 or uri[:1] != "#":
        raise AnswerNotGenuine("reference")
    names = _ds("Transforms", "DigestMethod", "DigestValue")
    transforms, method, value = exactly(reference, *names)
    (transform,) = exactly(transforms, *_ds("Transform"))
    _check_leaf(transform, "Transform", _EXCLUSIVE)
    _check_leaf(method, "DigestMethod", _DIGEST)
    return uri[1:], unbase64(value)


def _ds(*names: str) -> list[str]:
    return [f"{{{DS}}}{name}" for name in names]


def exactly(parent: Element, *names: str) -> list[Element]:
    """The children, which must have these names in this order; else ``AnswerNotGenuine``."""
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


def unbase64(element: Element) -> bytes:
    """Strict: one value has one spelling, so no other spelling passes.

    Raises ``AnswerNotGenuine`` or ``ValueError``.
    """
    text = element.text or ""
    value = base64.b64decode(text, validate=True)
    if len(element) or not value or base64.b64encode(value).decode("ascii") != text:
        raise AnswerNotGenuine("base64")
    return value


def canonical(element: Element) -> bytes:
    """The exclusive canonical form of an element, without comments."""
    written: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return written


def created_of(timestamp: Element, freshness: Freshness | None) -> datetime:
    """When an answer was made; it must be fresh, unless it comes from an archive (None)."""
    texts = exactly(timestamp, f"{{{WSU}}}Created", f"{{{WSU}}}Expires")
    created, expires = (instant_of(text) for text in texts)
    if not created < expires <= created + LIFETIME_MAX:
        raise AnswerNotGenuine("timestamp")
    if freshness is not None:
        now, skew = freshness.now, freshness.skew
        if not created - skew <= now < expires + skew:
            raise AnswerNotGenuine("stale or from the future")
    return created


def instant_of(element: Element) -> datetime:
    """A time with Z; raises ``AnswerNotGenuine`` for any other spelling."""
    text = element.text or ""
    if len(element) or not _INSTANT.fullmatch(text):
        raise AnswerNotGenuine("time")
    return datetime.fromisoformat(text)
