"""Receipts without the answer they came with: the signed document, and digests to compare.

``verify_receipt`` proves the document that the gateway signs on request: one receipt, and one
signature over it.  The certificate in it is believed only where it is a pinned one.  When it was
signed it does not say, so the certificate's dates are not judged.

``stated_receipt`` reads the receipt of an answer that nobody signed: it proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from lxml import etree

from kps_soap.answers.proof import check_signature, members_of_receipt, pinned
from kps_soap.answers.structure import (
    DS,
    ID,
    RECEIPT,
    SOAP11,
    SOAP12,
    AnswerNotGenuine,
    Element,
    Signature,
    canonical,
    clean_ids,
    exactly,
    parse_answer,
    signed_info_of,
    unbase64,
)

#: The element around a receipt and its signature.
SIGNED_RECEIPT: Final = "{urn:kps-soap:alindi:1}ImzaliAlindi"


def verify_receipt(raw: bytes, certificates: Iterable[x509.Certificate]) -> Mapping[str, str]:
    """The members of the receipt in a signed document, by name.  Raises ``AnswerNotGenuine``."""
    root = parse_answer(raw)
    try:
        return _proven(root, tuple(certificates))
    except InvalidSignature:
        raise AnswerNotGenuine("signature value") from None
    except (etree.LxmlError, ValueError, TypeError) as error:
        raise AnswerNotGenuine(f"unreadable: {type(error).__name__}") from None


def _proven(root: Element, certificates: tuple[x509.Certificate, ...]) -> Mapping[str, str]:
    ids = clean_ids(root)
    if root.tag != SIGNED_RECEIPT:
        raise AnswerNotGenuine("no signed receipt")
    receipt, signature = exactly(root, RECEIPT, f"{{{DS}}}Signature")
    names = ("SignedInfo", "SignatureValue", "KeyInfo")
    info, value, key_info = exactly(signature, *(f"{{{DS}}}{name}" for name in names))
    method, digests = signed_info_of(info)
    name = receipt.get(ID, "")
    if list(digests) != [name] or ids[name] != 1:
        raise AnswerNotGenuine("coverage")
    (data,) = exactly(key_info, f"{{{DS}}}X509Data")
    (token,) = exactly(data, f"{{{DS}}}X509Certificate")
    check_signature(Signature(info, method, digests, unbase64(value)), pinned(token, certificates))
    written = canonical(receipt)
    if hashlib.sha256(written).digest() != digests[name]:
        raise AnswerNotGenuine("digest")
    return MappingProxyType(members_of_receipt(written))


def stated_receipt(root: Element) -> Mapping[str, str]:
    """The receipt in the header of an answer, believed in nothing; empty where there is none.

    Raises ``AnswerNotGenuine`` for what is no answer, or has several receipts.
    """
    clean_ids(root)
    found = root.findall(f"{{*}}Header/{RECEIPT}")
    if len(found) > 1:
        raise AnswerNotGenuine("headers")
    return MappingProxyType(members_of_receipt(canonical(found[0])) if found else {})


def body_digest(raw: bytes) -> str:
    """SHA-256 (hex) of an answer's exclusively canonicalised Body: its ``YanitOzeti``.

    An empty answer has the digest of nothing.  Raises ``AnswerNotGenuine``.
    """
    if not raw:
        return hashlib.sha256(b"").hexdigest()
    root = parse_answer(raw)
    bodies = [child for child in root if child.tag in (f"{{{SOAP11}}}Body", f"{{{SOAP12}}}Body")]
    if len(bodies) != 1:
        raise AnswerNotGenuine("body")
    return hashlib.sha256(canonical(bodies[0])).hexdigest()
