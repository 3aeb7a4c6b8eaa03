"""The zeep plug-in for an agreement with ``security = "GUCLU"``: each question is signed.

The key is the institution's own; the agreement pins its certificate.  What is signed is what the
gateway reads: Timestamp, Body, Action, MessageID, and To, ``Sorgulayan`` and ``SorguBaglami`` where
they are there (hardening §4).  Answers are proven as at the door with a password.  It sends
nothing, and keeps the key in memory only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from kps_soap.answers import OASIS, SKEW, WSSE, WSU
from kps_soap.client.header_blocks import (
    ASKING_BLOCKS,
    TIMESTAMP_ID,
    Asking,
    action_of,
    add_addressing,
    header_of,
)
from kps_soap.client.plug_ins import Clock, ProvingDoor, Randomness, new_message_id, utc_now
from kps_soap.client.refusals import ADDRESSING
from kps_soap.client.xml_signatures import add_signature, base64_text

Element = etree._Element

RSA_BITS_MIN: Final = 2048
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_X509V3: Final = f"{OASIS}x509-token-profile-1.0#X509v3"
_BASE64: Final = f"{OASIS}soap-message-security-1.0#Base64Binary"
_ID: Final = f"{{{WSU}}}Id"
_CERTIFICATE_ID: Final = "_1"
_SIGNED_BLOCKS: Final = (
    *(f"{{{ADDRESSING}}}{name}" for name in ("Action", "MessageID", "To")),
    *ASKING_BLOCKS,
)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, repr=False)
class RequestKey:
    """A key that signs questions, and its certificate (DER)."""

    key: PrivateKey
    certificate: bytes

    @classmethod
    def load(
        cls,
        key_file: str | Path,
        certificate_file: str | Path,
        *,
        key_password: bytes | None = None,
    ) -> Self:
        """Read both from PEM files.

        Raises ``OSError`` for a file that cannot be read, and ``ValueError`` for what is no key
        of RSA (2048 bits and more) or of the curves P-256 and P-384, or not the certificate's.
        """
        key = serialization.load_pem_private_key(Path(key_file).read_bytes(), key_password)
        certificate = x509.load_pem_x509_certificate(Path(certificate_file).read_bytes())
        match key:
            case rsa.RSAPrivateKey() if key.key_size >= RSA_BITS_MIN:
                pass
            case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1() | ec.SECP384R1()):
                pass
            case _:
                raise ValueError(
                    "the key is RSA of 2048 bits and more, or of the curve P-256 or P-384"
                )
        if key.public_key() != certificate.public_key():
            raise ValueError("the key is not that of the certificate")
        return cls(key, certificate.public_bytes(serialization.Encoding.DER))

    @property
    def method(self) -> str:
        """The name of the signatures that it makes (RFC 6931 §2.3)."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return f"{_MORE}rsa-sha256"
        return f"{_MORE}ecdsa-sha{self.key.key_size}"

    def sign(self, message: bytes) -> bytes:
        """The signature as XML Signature wants it: of an elliptic curve, both numbers side by
        side (RFC 4050 §3.3).
        """
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        bits = self.key.key_size
        digest = hashes.SHA256() if bits == 256 else hashes.SHA384()
        numbers = decode_dss_signature(self.key.sign(message, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(bits // 8, "big") for number in numbers)


class SignedDoor(ProvingDoor):
    """A zeep ``wsse`` plug-in for the direct door under an agreement with ``security = "GUCLU"``.

    ``key`` signs; ``certificate_file`` holds the gateway's signing certificates (PEM).  Each
    question gets a MessageID of its own unless ``on_behalf`` names one: a retry goes out with
    the same ``message_id`` and a new signature, and is charged once.  A plug-in that changes the
    envelope goes in front of this one.
    """

    def __init__(
        self,
        key: RequestKey,
        certificate_file: str | Path,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        *,
        skew: timedelta = SKEW,
        clock: Clock = utc_now,
        random_bytes: Randomness = os.urandom,
        bind_question: bool = True,
    ) -> None:
        def vouch(envelope: Element, security: Element, headers: Any) -> None:
            add_addressing(header_of(envelope), action_of(headers), new_message_id(random_bytes))
            sign(envelope, security, key)

        super().__init__(
            certificate_file,
            Asking(inquirer, purpose, case_number),
            vouch,
            skew=skew,
            clock=clock,
            bind_question=bind_question,
        )


def sign(envelope: Element, security: Element, key: RequestKey) -> None:
    """Put certificate and signature into a Security header that holds a Timestamp so far."""
    header, timestamp = header_of(envelope), security[0]
    body = envelope[-1]
    blocks = [block for block in header if block.tag in _SIGNED_BLOCKS]
    parts = {TIMESTAMP_ID: timestamp}
    for number, part in enumerate((body, *blocks), 2):
        # A name that a stack gave already may be given twice: ours are all different.
        part.set(_ID, f"_{number}")
        parts[f"_{number}"] = part
    token = etree.Element(f"{{{WSSE}}}BinarySecurityToken", ValueType=_X509V3, EncodingType=_BASE64)
    token.set(_ID, _CERTIFICATE_ID)
    token.text = base64_text(key.certificate)
    security.insert(0, token)
    holder = add_signature(
        security,
        parts,
        method=key.method,
        hash_name="sha256",
        digest_method=_SHA256,
        sign=key.sign,
    )
    etree.SubElement(holder, f"{{{WSSE}}}Reference", URI=f"#{_CERTIFICATE_ID}", ValueType=_X509V3)
