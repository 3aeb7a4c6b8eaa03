"""Signs answers: one template, one key operation, a few microseconds.

The layout is the one that verifies everywhere (stack §5.1): BinarySecurityToken, Timestamp
and Signature in a Security header, exclusive canonicalisation, a SecurityTokenReference.  Every
piece is written in its canonical form, so that the bytes digested are the bytes sent; a test
canonicalises every shape again and compares.

This room verifies nothing, parses nothing that a caller sent, decides nothing about who may
ask, and knows no other algorithms than RSA with SHA-256 and ECDSA P-256 with SHA-256.  It
never signs with a certificate outside its validity, and never hands out an unsigned answer
instead.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from kps_soap.envelopes import SoapVersion, xml_text
from kps_soap.signing_keys import (
    SigningKeyError,
    check_usage,
    ecdsa_signature,
    load_certificate,
    load_key,
    rsa_signature,
)

RECEIPT_NAMESPACE: Final = b"urn:kps-soap:alindi:1"

#: The ``wsu:Id`` of each signed part, the same in every answer.
TOKEN_ID: Final = b"Token"
TIMESTAMP_ID: Final = b"Zaman"
RECEIPT_ID: Final = b"Alindi"
BODY_ID: Final = b"Govde"

_OASIS = b"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_WSSE = _OASIS + b"wssecurity-secext-1.0.xsd"
_WSU = _OASIS + b"wssecurity-utility-1.0.xsd"
_X509V3 = _OASIS + b"x509-token-profile-1.0#X509v3"
_BASE64 = _OASIS + b"soap-message-security-1.0#Base64Binary"
_DS = b"http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE = b"http://www.w3.org/2001/10/xml-exc-c14n#"
_DIGEST = b"http://www.w3.org/2001/04/xmlenc#sha256"


class SignatureMethod(Enum):
    """The two signatures of an answer, by their XML identifiers (RFC 6931)."""

    RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


class SignedEnvelope(NamedTuple):
    """The bytes to send, and SHA-256 (hex) of the exclusively canonicalised Body in them."""

    content: bytes
    body_digest_hex: str


@dataclass(frozen=True, slots=True)
class Signer:
    """One signing key with its certificate, loaded once.  Times are aware UTC."""

    method: SignatureMethod
    certificate: x509.Certificate
    holder: str
    not_before: datetime
    not_after: datetime
    _sign: Callable[[bytes], bytes] = field(repr=False)
    _token: bytes = field(repr=False)
    _signed_info: bytes = field(repr=False)

    @classmethod
    def load(cls, key_path: Path, certificate_path: Path, *, now: datetime) -> Signer:
        """Read a PEM key and its PEM certificate (the first one, if the file holds a chain).

        Raises ``SigningKeyError`` when a file cannot be read, the key file is open to its
        group or to others, the pair does not belong together, the kind or size of the key is
        not one of ours, or the certificate may not sign or is outside its validity at ``now``
        (hardening §4.1, 13).
        """
        key = load_key(key_path)
        certificate = load_certificate(certificate_path)
        if key.public_key() != certificate.public_key():
            raise SigningKeyError("The signing key does not belong to the signing certificate.")
        check_usage(certificate)
        if isinstance(key, rsa.RSAPrivateKey):
            method, sign = SignatureMethod.RSA_SHA256, rsa_signature(key)
        else:
            method, sign = SignatureMethod.ECDSA_SHA256, ecdsa_signature(key)
        signer = cls(
            method=method,
            certificate=certificate,
            holder=certificate.subject.rfc4514_string(),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            _sign=sign,
            _token=_TOKEN % base64.b64encode(certificate.public_bytes(Encoding.DER)),
            _signed_info=_signed_info_opening(method),
        )
        signer.check_usable(now)
        return signer

    def usable(self, now: datetime) -> bool:
        """Whether the certificate is within its validity at ``now``."""
        return self.not_before <= now <= self.not_after

    def check_usable(self, now: datetime) -> None:
        """Raise ``SigningKeyError`` with the sentence for the operator unless usable."""
        if now < self.not_before:
            raise SigningKeyError("The signing certificate is not valid yet; check the clock.")
        if now > self.not_after:
            raise SigningKeyError("The signing certificate has expired; install a new one.")

    def signature(self, data: bytes) -> bytes:
        """The value of a ``SignatureValue`` over canonical bytes; see ``check_usable`` first."""
        return self._sign(data)

    def days_left(self, now: datetime) -> int:
        """Whole days until the certificate expires; negative once it has."""
        return (self.not_after - now).days


def _signed_info_opening(method: SignatureMethod) -> bytes:
    return (
        b'<ds:SignedInfo xmlns:ds="%b"><ds:CanonicalizationMethod Algorithm="%b">'
        b'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="%b"></ds:SignatureMethod>%b'
        % (_DS, _EXCLUSIVE, method.value.encode(), _reference(TIMESTAMP_ID))
    )


def _reference(element_id: bytes) -> bytes:
    """A reference up to where its digest goes."""
    return (
        b'<ds:Reference URI="#%b"><ds:Transforms><ds:Transform Algorithm="%b"></ds:Transform>'
        b'</ds:Transforms><ds:DigestMethod Algorithm="%b"></ds:DigestMethod><ds:DigestValue>'
        % (element_id, _EXCLUSIVE, _DIGEST)
    )


_OPENING: Final = {
    version: b'<s:Envelope xmlns:s="%b" xmlns:u="%b"><s:Header><o:Security xmlns:o="%b">'
    % (version.value.encode(), _WSU, _WSSE)
    for version in SoapVersion
}
_TOKEN: Final = (
    b'<o:BinarySecurityToken EncodingType="%b" ValueType="%b" u:Id="%b">%%b'
    b"</o:BinarySecurityToken>" % (_BASE64, _X509V3, TOKEN_ID)
)
_REFERENCE_END: Final = b"</ds:DigestValue></ds:Reference>"
_TO_RECEIPT: Final = _REFERENCE_END + _reference(RECEIPT_ID)
_TO_BODY: Final = _REFERENCE_END + _reference(BODY_ID)
_SIGNED_INFO_END: Final = _REFERENCE_END + b"</ds:SignedInfo>"
_TIMESTAMP_SENT: Final = b'<u:Timestamp u:Id="%b">' % TIMESTAMP_ID
_TIMESTAMP_CANONICAL: Final = b'<u:Timestamp xmlns:u="%b" u:Id="%b">' % (_WSU, TIMESTAMP_ID)
_SIGNATURE: Final = b'<ds:Signature xmlns:ds="%b">' % _DS
_KEY_INFO: Final = (
    b"</ds:SignatureValue><ds:KeyInfo><o:SecurityTokenReference>"
    b'<o:Reference URI="#%b" ValueType="%b"/></o:SecurityTokenReference></ds:KeyInfo>'
    b"</ds:Signature></o:Security>" % (TOKEN_ID, _X509V3)
)
_BODY_SENT: Final = b'</s:Header><s:Body u:Id="%b">' % BODY_ID
_END: Final = b"</s:Body></s:Envelope>"
_BODY_CANONICAL: Final = {
    version: b'<s:Body xmlns:s="%b" xmlns:u="%b" u:Id="%b">'
    % (version.value.encode(), _WSU, BODY_ID)
    for version in SoapVersion
}
_ENVELOPE_PREFIX: Final = {
    version: b' xmlns:s="%b"' % version.value.encode() for version in SoapVersion
}
_HEADER_ID: Final = re.compile(rb'<[^<>]* u:Id="([^"]+)"')


def signed_envelope(
    signer: Signer,
    *,
    soap_version: SoapVersion,
    body_payload: bytes,
    canonical_payload: bytes,
    headers: Sequence[bytes],
    created: datetime,
    expires: datetime,
    body_digest_hex: str | None = None,
    opening: bytes | None = None,
) -> SignedEnvelope:
    """Wrap a payload into a signed envelope: UTF-8, no white space, no XML declaration.

    ``body_payload`` is the one element of the Body as sent, ``canonical_payload`` its
    exclusive canonical form (``canonical_in_body`` makes it where the caller has none).
    ``headers`` are own header blocks in canonical form, each with its ``u:Id``
    (``receipt_header`` writes one); all are covered.  ``body_digest_hex`` saves a second
    digest where ``body_digest`` was already called for the receipt.  ``opening`` is another
    family's start, up to and with its Security tag: it declares ``s``, ``u`` and ``o`` as here.

    Raises ``SigningKeyError`` when the certificate is outside its validity at ``created``.
    """
    signer.check_usable(created)
    digest = (
        _body_sha256(soap_version, canonical_payload)
        if body_digest_hex is None
        else bytes.fromhex(body_digest_hex)
    )
    times = b"<u:Created>%b</u:Created><u:Expires>%b</u:Expires></u:Timestamp>" % (
        instant(created).encode(),
        instant(expires).encode(),
    )
    pieces = [signer._signed_info, _sha256_base64(_TIMESTAMP_CANONICAL + times)]
    for header in headers:
        pieces += (_reference_to(header), _sha256_base64(header))
    pieces += (_TO_BODY, base64.b64encode(digest), _SIGNED_INFO_END)
    signed_info = b"".join(pieces)
    content = b"".join(
        (
            opening or _OPENING[soap_version],
            signer._token,
            _TIMESTAMP_SENT,
            times,
            _SIGNATURE,
            signed_info,
            b"<ds:SignatureValue>",
            base64.b64encode(signer._sign(signed_info)),
            _KEY_INFO,
            *headers,
            _BODY_SENT,
            body_payload,
            _END,
        )
    )
    return SignedEnvelope(content, digest.hex())


def outline(signer: Signer) -> bytes:
    """What every envelope of this signer repeats, with nothing in it that is said or signed."""
    zero = datetime.fromtimestamp(0, UTC)
    receipt = receipt_header(
        number="", time=zero, question_digest="", answer_digest="", agreement_digest="",
        withheld_digest="", holder=signer.holder,
    )  # fmt: skip
    return b"".join(
        (
            *_OPENING.values(),
            signer._token,
            _TIMESTAMP_SENT,
            b"<u:Created></u:Created><u:Expires></u:Expires></u:Timestamp>",
            _SIGNATURE,
            signer._signed_info,
            _TO_RECEIPT,
            _TO_BODY,
            _SIGNED_INFO_END,
            b"<ds:SignatureValue>",
            _KEY_INFO,
            receipt,
            _BODY_SENT,
            _END,
        )
    )


def body_digest(soap_version: SoapVersion, canonical_payload: bytes) -> str:
    """SHA-256 (hex) of the canonical Body that will hold this payload: the ``YanitOzeti``.

    It is also the digest that the signature's reference to the Body carries (design D7).
    """
    return _body_sha256(soap_version, canonical_payload).hex()


def _body_sha256(soap_version: SoapVersion, canonical_payload: bytes) -> bytes:
    if canonical_payload.startswith(b"<s:"):
        # A fault uses the envelope's own prefix.  Canonicalised alone it declares the prefix
        # on its first tag; inside the Body, which has rendered it already, it does not.
        end = canonical_payload.index(b">")
        tag = canonical_payload[:end].replace(_ENVELOPE_PREFIX[soap_version], b"", 1)
        canonical_payload = tag + canonical_payload[end:]
    whole = b"%b%b</s:Body>" % (_BODY_CANONICAL[soap_version], canonical_payload)
    return hashlib.sha256(whole).digest()


def _sha256_base64(data: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(data).digest())


def _reference_to(header: bytes) -> bytes:
    if header.startswith(_RECEIPT_OPENING):
        return _TO_RECEIPT
    found = _HEADER_ID.match(header)
    if found is None:
        raise ValueError("a covered header block needs its u:Id")
    return _REFERENCE_END + _reference(found[1])


def instant(moment: datetime) -> str:
    """An aware time as WS-Security writes it: UTC, milliseconds, ``Z``."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone cannot be signed")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat("T", "milliseconds")[:-6] + "Z"


def canonical_in_body(payload: bytes, *, soap_version: SoapVersion) -> bytes:
    """The exclusive canonical form of a payload of ours as a child of the Body.

    For payloads whose writer keeps no tree, above all faults: they use the prefixes ``s:``
    and ``u:`` of the envelope around them.  Costs a parse and a canonicalisation.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    body = etree.fromstring(b"%b%b</s:Body>" % (_BODY_CANONICAL[soap_version], payload), parser)
    canonical: bytes = etree.tostring(body, method="c14n", exclusive=True)
    return canonical[canonical.index(b">") + 1 : canonical.rindex(b"<")]


_RECEIPT_OPENING: Final = b'<r:Alindi xmlns:r="%b" xmlns:u="%b" u:Id="%b">' % (
    RECEIPT_NAMESPACE,
    _WSU,
    RECEIPT_ID,
)


def receipt_header(
    *,
    number: str,
    time: datetime,
    question_digest: str,
    answer_digest: str,
    agreement_digest: str,
    withheld_digest: str,
    holder: str,
) -> bytes:
    """The canonical ``Alindi`` header block, ready to be covered (design §7, D7).

    Digests are hex SHA-256: of the request as received, of the canonical Body, of the
    agreement in force, of the list of withheld fields (empty where there is none).
    ``holder`` is the signing certificate's subject.  None of its names occurs in the
    published interface (design D21).
    """
    members = (
        f"<r:AlindiNo>{xml_text(number)}</r:AlindiNo>"
        f"<r:Zaman>{instant(time)}</r:Zaman>"
        f"<r:IstekOzeti>{_digest_text(question_digest)}</r:IstekOzeti>"
        f"<r:YanitOzeti>{_digest_text(answer_digest)}</r:YanitOzeti>"
        f"<r:AnlasmaOzeti>{_digest_text(agreement_digest)}</r:AnlasmaOzeti>"
        f"<r:GizlenenOzeti>{_digest_text(withheld_digest)}</r:GizlenenOzeti>"
        f"<r:ImzaSahibi>{xml_text(holder)}</r:ImzaSahibi>"
        "</r:Alindi>"
    )
    return _RECEIPT_OPENING + members.encode()


def _digest_text(digest: str) -> str:
    # Letters and digits need no escaping; asking is ten times cheaper than escaping.
    return digest if digest.isalnum() else xml_text(digest)
