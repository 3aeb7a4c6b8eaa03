"""The envelopes that the routing door sends, byte for byte (wire B.5).

No XML declaration, no white space, the prefixes ``s``, ``a``, ``u`` and ``o`` as the original
declares them: clients without an XML parser read them so.  An answer carries a fresh Timestamp
and, where there is one, the receipt; it is signed only where the agreement asks for that.

This module decides nothing: what is in an envelope, and whether it is signed, it is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from lxml import etree

from kps_soap.authentication import WSSE, WSU
from kps_soap.envelopes import SOAP12, SoapVersion, xml_text
from kps_soap.signing import Signer, body_digest, instant, signed_envelope

ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"

_BODY: Final = f'<s:Body xmlns:s="{SOAP12}">'.encode("ascii")
_BODY_END: Final = b"</s:Body>"
_FAULT_BODY: Final = f'<s:Body xmlns:s="{SOAP12}" xmlns:a="{ADDRESSING}">'.encode("ascii")
_START: Final = (
    f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{ADDRESSING}" xmlns:u="{WSU}"><s:Header>'
    '<a:Action s:mustUnderstand="1">'
)
_SECURITY: Final = f'<o:Security s:mustUnderstand="1" xmlns:o="{WSSE}">'
_TIMESTAMP: Final = '<u:Timestamp u:Id="_0"><u:Created>'
_EXPIRES: Final = "</u:Created><u:Expires>"
_SECURITY_END: Final = "</u:Expires></u:Timestamp></o:Security>"
_TO_BODY: Final = b"</s:Header><s:Body>"
_END: Final = b"</s:Body></s:Envelope>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer says around its payload.

    ``action`` is a URI of ours; ``message_id`` is the request's, as it was sent.  ``digest`` is
    the SHA-256 (hex) of the canonical Body, made with ``digest_of``.
    """

    action: str
    message_id: str | None
    payload: bytes
    canonical: bytes
    digest: str
    created: datetime
    seconds: int


def digest_of(canonical: bytes, *, signed: bool) -> str:
    """SHA-256 (hex) of the exclusively canonicalised Body: the ``YanitOzeti`` (design D7).

    ``canonical`` is the payload's own canonical form.  A signed Body has an id, so that the two
    digests of one payload differ.
    """
    if signed:
        return body_digest(SoapVersion.V12, canonical)
    return sha256(_BODY + canonical + _BODY_END).hexdigest()


def canonical_fault(fault: bytes) -> bytes:
    """The canonical form of a fault inside the Body; it uses the envelope's prefixes."""
    body = etree.fromstring(_FAULT_BODY + fault + _BODY_END)
    canonical: bytes = etree.tostring(body[0], method="c14n", exclusive=True)
    # Inside the Body, which has rendered it already, the fault does not declare the prefix.
    return canonical.replace(f' xmlns:s="{SOAP12}"'.encode("ascii"), b"", 1)


def plain_reply(reply: Reply, receipt: bytes) -> bytes:
    """An unsigned answer; ``receipt`` is the receipt's element or empty."""
    expires = reply.created + timedelta(seconds=reply.seconds)
    start = (
        f"{_opening(reply)}{_TIMESTAMP}{instant(reply.created)}{_EXPIRES}{instant(expires)}"
        f"{_SECURITY_END}"
    )
    return b"".join((start.encode(), receipt, _TO_BODY, reply.payload, _END))


def signed_reply(reply: Reply, receipt: bytes, signer: Signer) -> bytes:
    """The same with Timestamp, receipt and Body under the gateway's signature.

    Raises ``SigningKeyError`` when the certificate is outside its validity.
    """
    return signed_envelope(
        signer,
        soap_version=SoapVersion.V12,
        body_payload=reply.payload,
        canonical_payload=reply.canonical,
        headers=(receipt,) if receipt else (),
        created=reply.created,
        expires=reply.created + timedelta(seconds=reply.seconds),
        body_digest_hex=reply.digest,
        opening=_opening(reply).encode(),
    ).content


def _opening(reply: Reply) -> str:
    """Up to and with the start tag of the Security header."""
    relates = ""
    if reply.message_id is not None:
        relates = f"<a:RelatesTo>{xml_text(reply.message_id)}</a:RelatesTo>"
    return f"{_START}{reply.action}</a:Action>{relates}{_SECURITY}"
