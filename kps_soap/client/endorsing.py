"""Puts a token into a question and proves that its sender holds the token's key (wire B.4).

The endorsing signature covers the Timestamp alone, as the published policy has it; the Body is
protected by TLS.  It asks for no token and judges none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import Enum
from typing import Any, Final

from lxml import etree

from kps_soap.answers import WSSE, canonical
from kps_soap.client.header_blocks import TIMESTAMP_ID
from kps_soap.client.tokens import ASSERTION_ID, SAML11, Token

Element = etree._Element

_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_KIND: Final = "{http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd}TokenType"


class Proof(Enum):
    """The HMAC of an endorsing signature: its hash, and its two names on the wire."""

    SHA256 = (
        "sha256",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    )
    #: Weak: SHA-1 is for a gateway that knows nothing better (design D13).
    SHA1 = ("sha1", f"{_DS}hmac-sha1", f"{_DS}sha1")

    @classmethod
    def named(cls, name: str) -> Proof:
        """``sha256`` or ``sha1``; anything else is a ValueError."""
        for proof in cls:
            if proof.value[0] == name:
                return proof
        raise ValueError("hmac is sha256 or sha1")


def endorse(security: Element, token: Token, proof: Proof) -> None:
    """Add the token as received, and the signature over the Timestamp before it."""
    hash_name, signature_method, digest_method = proof.value
    timestamp = security[0]
    security.append(token.element())
    # The type stubs do not know a namespace without a prefix.
    default: Any = {None: _DS}
    signature = etree.SubElement(security, f"{{{_DS}}}Signature", nsmap=default)
    signed_info = _add(signature, "SignedInfo")
    _add(signed_info, "CanonicalizationMethod", Algorithm=_EXCLUSIVE)
    _add(signed_info, "SignatureMethod", Algorithm=signature_method)
    reference = _add(signed_info, "Reference", URI=f"#{TIMESTAMP_ID}")
    _add(_add(reference, "Transforms"), "Transform", Algorithm=_EXCLUSIVE)
    _add(reference, "DigestMethod", Algorithm=digest_method)
    digest = hashlib.new(hash_name, canonical(timestamp)).digest()
    _add(reference, "DigestValue").text = _base64(digest)
    value = hmac.digest(token.key, canonical(signed_info), hash_name)
    _add(signature, "SignatureValue").text = _base64(value)
    holder = etree.SubElement(
        _add(signature, "KeyInfo"), f"{{{WSSE}}}SecurityTokenReference", {_KIND: SAML11}
    )
    identifier = etree.SubElement(holder, f"{{{WSSE}}}KeyIdentifier", ValueType=ASSERTION_ID)
    identifier.text = token.assertion_id


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{_DS}}}{name}", attributes)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
