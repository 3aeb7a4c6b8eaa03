"""Puts a token into a question and proves that its sender holds the token's key (wire B.4).

The endorsing signature covers the Timestamp alone, as the published policy has it; the Body is
protected by TLS.  It asks for no token and judges none.
"""

from __future__ import annotations

import hmac
from enum import Enum
from typing import Final

from lxml import etree

from kps_soap.answers import WSSE
from kps_soap.client.header_blocks import TIMESTAMP_ID
from kps_soap.client.tokens import ASSERTION_ID, SAML11, Token
from kps_soap.client.xml_signatures import add_signature

Element = etree._Element

_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
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
    holder = add_signature(
        security,
        {TIMESTAMP_ID: timestamp},
        method=signature_method,
        hash_name=hash_name,
        digest_method=digest_method,
        sign=lambda signed: hmac.digest(token.key, signed, hash_name),
    )
    holder.set(_KIND, SAML11)
    identifier = etree.SubElement(holder, f"{{{WSSE}}}KeyIdentifier", ValueType=ASSERTION_ID)
    identifier.text = token.assertion_id
