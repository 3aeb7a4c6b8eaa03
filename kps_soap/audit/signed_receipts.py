"""A receipt with a signature of its own, for answers whose receipt travelled unsigned (design D7).

    <r:ImzaliAlindi xmlns:r="urn:kps-soap:alindi:1">
      <r:Alindi … u:Id="Alindi"> … </r:Alindi>          the receipt, as every door writes it
      <ds:Signature> … </ds:Signature>                  over the element before it, by its id
    </r:ImzaliAlindi>

There is no white space between the elements.  The receipt stands in its canonical form, so its
bytes are what is digested, and their SHA-256 is the ``Kps-Alindi-Ozeti`` of the public door, as
long as the signing certificate keeps its subject.  Exclusive canonicalisation, RSA or ECDSA with
SHA-256, the certificate beside the signature: any tool for XML signatures verifies it.

This module signs what it is told, and looks nothing up.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from kps_soap.audit.months import moment_of
from kps_soap.signing import RECEIPT_ID, RECEIPT_NAMESPACE, Signer, receipt_header

_DS: Final = b"http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE: Final = b"http://www.w3.org/2001/10/xml-exc-c14n#"
_DIGEST: Final = b"http://www.w3.org/2001/04/xmlenc#sha256"

_SIGNED_INFO: Final = (
    b'<ds:SignedInfo xmlns:ds="%b"><ds:CanonicalizationMethod Algorithm="%b">'
    b'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="%%b"></ds:SignatureMethod>'
    b'<ds:Reference URI="#%b"><ds:Transforms><ds:Transform Algorithm="%b"></ds:Transform>'
    b'</ds:Transforms><ds:DigestMethod Algorithm="%b"></ds:DigestMethod>'
    b"<ds:DigestValue>%%b</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    % (_DS, _EXCLUSIVE, RECEIPT_ID, _EXCLUSIVE, _DIGEST)
)
_DOCUMENT: Final = (
    b'<r:ImzaliAlindi xmlns:r="%b">%%b<ds:Signature xmlns:ds="%b">%%b'
    b"<ds:SignatureValue>%%b</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%%b"
    b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature></r:ImzaliAlindi>"
    % (RECEIPT_NAMESPACE, _DS)
)


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """The document, and SHA-256 (hex) of the receipt in it."""

    content: bytes
    receipt_digest: str


def receipt_of_record(plain: Mapping[str, Any], holder: str) -> bytes:
    """The canonical receipt of a record, from its plain columns by name; ``holder`` signs it."""
    return receipt_header(
        number=plain["receipt_number"],
        time=moment_of(plain["received_us"]),
        question_digest=plain["question_digest"] or "",
        answer_digest=plain["answer_digest"] or "",
        agreement_digest=plain["agreement_digest"] or "",
        withheld_digest=plain["withheld_digest"] or "",
        holder=holder,
    )


def sign_receipt(plain: Mapping[str, Any], signer: Signer, *, now: datetime) -> SignedReceipt:
    """The signed receipt of a record that has a receipt number.

    Raises ``SigningKeyError`` when the certificate is outside its validity at ``now``.
    """
    signer.check_usable(now)
    receipt = receipt_of_record(plain, signer.holder)
    digest = sha256(receipt)
    info = _SIGNED_INFO % (signer.method.value.encode(), base64.b64encode(digest.digest()))
    value = base64.b64encode(signer.signature(info))
    certificate = base64.b64encode(signer.certificate.public_bytes(Encoding.DER))
    return SignedReceipt(_DOCUMENT % (receipt, info, value, certificate), digest.hexdigest())
