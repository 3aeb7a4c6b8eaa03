"""The assertion inside a token: SAML 1.1, holder of key, signed by the gateway (wire B.2, B.3).

It names account, institution, inquirer and agreement digest, and until when it is good; the
confirmation data hold the proof key, for the whole of it is encrypted to the gateway.  One
template, like the answers' signature: every piece is written in its canonical form, so that the
bytes digested are the bytes signed (a test canonicalises them again, and signxml verifies them).

It is kept short, for it comes back with every query: one statement, and a signature that names
no certificate, because only the gateway reads an assertion, and knows its own.  This module
decides nothing, asks no clock, and reads no assertion; tokens are known by their digest.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from kps_soap.envelopes import xml_attribute, xml_text
from kps_soap.signing import Signer, instant
from kps_soap.tokens.trust import TRUST

SAML: Final = "urn:oasis:names:tc:SAML:1.0:assertion"
HOLDER_OF_KEY: Final = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
ATTRIBUTES: Final = "urn:kps-soap:anahtar:1"

_SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"


@dataclass(frozen=True, slots=True)
class Statement:
    """What an assertion says.

    ``issued_at`` and ``not_after`` are aware times of whole milliseconds; from ``not_after`` on
    it is no longer good.  ``inquirer`` is empty where the caller named none.  ``issuer`` names
    the gateway, which issues to itself: it is the audience too.
    """

    assertion_id: str
    issuer: str
    issued_at: datetime
    not_after: datetime
    account: str
    institution: str
    inquirer: str
    agreement: str
    agreement_digest: str
    proof_key: bytes = field(repr=False)


def signed_assertion(statement: Statement, signer: Signer) -> bytes:
    """The signed assertion, UTF-8, in canonical form but for the signature's own declarations.

    Raises ``SigningKeyError`` when the signer's certificate is outside its validity.
    """
    signer.check_usable(statement.issued_at)
    content = _content(statement).encode()
    digest = base64.b64encode(sha256(content + _END).digest()).decode()
    signed_info = (
        f'<ds:SignedInfo xmlns:ds="{_SIGNATURE}">'
        f'<ds:CanonicalizationMethod Algorithm="{_EXCLUSIVE}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{signer.method.value}"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{statement.assertion_id}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{_SIGNATURE}enveloped-signature"></ds:Transform>'
        f'<ds:Transform Algorithm="{_EXCLUSIVE}"></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    ).encode()
    return b"".join(
        (
            content,
            _SIGNATURE_START,
            signed_info,
            b"<ds:SignatureValue>",
            base64.b64encode(signer.signature(signed_info)),
            b"</ds:SignatureValue></ds:Signature>",
            _END,
        )
    )


_SIGNATURE_START: Final = f'<ds:Signature xmlns:ds="{_SIGNATURE}">'.encode()
_END: Final = b"</saml:Assertion>"


def _content(statement: Statement) -> str:
    """The assertion without signature and end tag; attributes in canonical order."""
    issued_at, not_after = instant(statement.issued_at), instant(statement.not_after)
    return (
        f'<saml:Assertion xmlns:saml="{SAML}" AssertionID="{statement.assertion_id}"'
        f' IssueInstant="{issued_at}" Issuer="{xml_attribute(statement.issuer)}"'
        ' MajorVersion="1" MinorVersion="1">'
        f'<saml:Conditions NotBefore="{issued_at}" NotOnOrAfter="{not_after}">'
        "<saml:AudienceRestrictionCondition>"
        f"<saml:Audience>{xml_text(statement.issuer)}</saml:Audience>"
        "</saml:AudienceRestrictionCondition></saml:Conditions>"
        f"<saml:AttributeStatement>{_subject(statement)}{_attributes(statement)}"
        "</saml:AttributeStatement>"
    )


def _subject(statement: Statement) -> str:
    secret = base64.b64encode(statement.proof_key).decode()
    return (
        f"<saml:Subject><saml:NameIdentifier>{xml_text(statement.account)}</saml:NameIdentifier>"
        "<saml:SubjectConfirmation>"
        f"<saml:ConfirmationMethod>{HOLDER_OF_KEY}</saml:ConfirmationMethod>"
        f'<ds:KeyInfo xmlns:ds="{_SIGNATURE}"><trust:BinarySecret xmlns:trust="{TRUST}">'
        f"{secret}</trust:BinarySecret></ds:KeyInfo></saml:SubjectConfirmation></saml:Subject>"
    )


def _attributes(statement: Statement) -> str:
    said = {
        "Kurum": statement.institution,
        "Sorgulayan": statement.inquirer,
        "AnlasmaNo": statement.agreement,
        "AnlasmaOzeti": statement.agreement_digest,
    }
    return "".join(
        f'<saml:Attribute AttributeName="{name}" AttributeNamespace="{ATTRIBUTES}">'
        f"<saml:AttributeValue>{xml_text(value)}</saml:AttributeValue></saml:Attribute>"
        for name, value in said.items()
        if value
    )
