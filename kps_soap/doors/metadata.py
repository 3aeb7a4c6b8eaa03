"""The token service's description: its WSDL on GET, the same as WS-MetadataExchange on POST.

Tools that find this address in a policy ask here how to get a token (WS-Transfer Get, or
GetMetadata, in SOAP 1.2).  The message is read within the limits of every other and gets one
answer, the same for everybody: no account is looked up, no password is read, no record is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from kps_soap import faults, places
from kps_soap.contracts.wsdl import ISSUER_FILE, ISSUER_NAMESPACE
from kps_soap.contracts.wsdl_policy import MEX
from kps_soap.contracts.wsdl_writer import WSDL
from kps_soap.doors import wsdl
from kps_soap.doors.doorway import Page, Place, Posted, sentence
from kps_soap.doors.wcf_faults import ADDRESSING, MESSAGE_ID, wcf_fault
from kps_soap.envelopes import (
    SOAP12,
    Element,
    Envelope,
    Reader,
    SoapVersion,
    open_envelope,
    read_media,
    text_of,
    xml_text,
)
from kps_soap.gateway import Answer

ISSUER_SERVICE_PATH: Final = "/Services/Issuer.svc"

#: The two ways to ask, with the action of each one's answer.
_TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ANSWERED_BY: Final = {
    f"{_TRANSFER}/Get": f"{_TRANSFER}/GetResponse",
    f"{MEX}/GetMetadata/Request": f"{MEX}/GetMetadata/Response",
}
_GET_METADATA: Final = f"{{{MEX}}}GetMetadata"
_ACTION: Final = f"{{{ADDRESSING}}}Action"
_UNDERSTOOD: Final = frozenset(
    f"{{{ADDRESSING}}}{name}" for name in ("Action", "To", "MessageID", "ReplyTo", "From")
)


@dataclass(frozen=True, slots=True)
class MetadataExchange:
    """Answers with one document, which holds placeholders for the addresses."""

    reader: Reader
    document: bytes

    def answer_get(self, posted: Posted) -> Answer:
        """The metadata, or the fault that the token service would speak.  Never raises."""
        message_id: str | None = None
        try:
            envelope = self._open(posted)
            message_id = _stated(envelope, MESSAGE_ID)
            action = _answer_action(envelope)
        except faults.TransportRefused as refusal:
            return Answer(refusal.http_status, (("Cache-Control", "no-store"),), b"")
        except faults.Refusal as refusal:
            return _spoken(500, wcf_fault(refusal, message_id))
        return _spoken(200, self._metadata(action, message_id, posted.base_url))

    def _open(self, posted: Posted) -> Envelope:
        media = read_media(posted.unverified_content_type, posted.unverified_content_encoding)
        if media.version is not SoapVersion.V12:
            raise faults.MediaTypeRefused("not SOAP 1.2")
        root = self.reader.read(posted.unverified_body, media)
        _fill_empty_body(root)
        envelope = open_envelope(root, understood=_UNDERSTOOD)
        if envelope.version is not SoapVersion.V12:
            raise faults.VersionMismatch("SOAP 1.1 in SOAP 1.2's media type")
        if envelope.unverified_payload.tag != _GET_METADATA:
            raise faults.ShapeRefused("not a question for metadata")
        return envelope

    def _metadata(self, action: str, message_id: str | None, base_url: str) -> bytes:
        relates = "" if message_id is None else f"<a:RelatesTo>{xml_text(message_id)}</a:RelatesTo>"
        head = (
            f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{ADDRESSING}"><s:Header>'
            f'<a:Action s:mustUnderstand="1">{action}</a:Action>{relates}</s:Header><s:Body>'
            f'<Metadata xmlns="{MEX}"><MetadataSection Dialect="{WSDL}" '
            f'Identifier="{ISSUER_NAMESPACE}">'
        )
        tail = "</MetadataSection></Metadata></s:Body></s:Envelope>"
        inner = wsdl.filled_at(self.document, base_url)
        return head.encode() + inner + tail.encode()


def _fill_empty_body(root: Element) -> None:
    """WS-Transfer's Get has nothing in its Body; there the other way to ask stands in."""
    body = root[-1] if len(root) else None
    if body is not None and body.tag == f"{{{SOAP12}}}Body" and not len(body):
        etree.SubElement(body, _GET_METADATA)


def _stated(envelope: Envelope, header: str) -> str | None:
    element = envelope.unverified_headers.get(header)
    return None if element is None else text_of(element).strip() or None


def _answer_action(envelope: Envelope) -> str:
    """The action of the answer.  Raises ActionUnknown for any other question, or none."""
    stated = _stated(envelope, _ACTION) or ""
    if stated not in ANSWERED_BY:
        raise faults.ActionUnknown("metadata", unverified_action=stated)
    return ANSWERED_BY[stated]


def _spoken(status: int, content: bytes) -> Answer:
    headers = (("Content-Type", SoapVersion.V12.content_type), ("Cache-Control", "no-store"))
    return Answer(status, headers, content)


def issuer_document() -> bytes:
    """The token service's WSDL, as it lies with the product."""
    return (places.wsdl() / ISSUER_FILE).read_bytes()


def issuer_page(document: bytes, *, always: bool = False) -> Page:
    """What a GET gets at the token service: its WSDL with ``?wsdl``, or where that is.

    ``always``: the WSDL whatever is asked, as at ``mex``.
    """

    def page(query: Mapping[str, str], base_url: str) -> Answer:
        if always or "wsdl" in query or "singlewsdl" in query:
            return wsdl.serve_at(document, base_url)
        return sentence(
            200,
            "KPS kimlik doğrulama servisi (WS-Trust 1.3); iletiler POST ile gönderilir. / "
            "The token service (WS-Trust 1.3); send messages with POST.\n"
            f"{base_url}{wsdl.ISSUER_PATH}\n"
            f"WSDL: {base_url}{ISSUER_SERVICE_PATH}?wsdl",
        )

    return page


def metadata_places(reader: Reader) -> tuple[Place, ...]:
    """``/Services/Issuer.svc`` and ``/Services/Issuer.svc/mex``."""
    document = issuer_document()
    # Inside an envelope a document has no declaration of its own.
    _, _, bare = document.partition(b"?>\n")
    exchange = MetadataExchange(reader, bare.strip())
    return (
        Place(ISSUER_SERVICE_PATH, issuer_page(document)),
        Place(wsdl.METADATA_PATH, issuer_page(document, always=True), post=exchange.answer_get),
    )
