"""The faults of the original's token service and router, byte for byte (wire B.6).

One table from our refusals to the framework's codes and sentences, for both doors that speak
its words.  ``wcf_fault`` writes an envelope, ``transport_answer`` the empty answer to what is no
envelope at all, ``wcf_refusal`` picks one of them and adds the HTTP headers.

Every envelope written here is unsigned and without a Security header, and HTTP 500, whoever is to
blame, or 503 when the gateway is busy; ``fault_element`` is for a door that has more to say
around a fault.
Which check of a security stage failed is never told: neither here nor in a header.

An ASGI application cannot choose the reason phrase of a status line, so the sentence that the
original put there for a wrong media type is not sent; clients read the number only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from lxml import etree

from kps_soap import faults
from kps_soap.authentication import WSSE
from kps_soap.envelopes import SOAP12, Element, SoapVersion, text_of, xml_attribute, xml_text
from kps_soap.gateway import Answer, Exchange
from kps_soap.tokens.trust import TRUST, TrustRequestRefused

ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
MESSAGE_ID: Final = f"{{{ADDRESSING}}}MessageID"

#: What a fault of SOAP or of WS-Security says in ``a:Action``; one of WS-Addressing says less.
SOAP_FAULT: Final = f"{ADDRESSING}/soap/fault"
ADDRESSING_FAULT: Final = f"{ADDRESSING}/fault"
_DISPATCHER: Final = (
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
)

#: The framework's own sentences; those of the security stages are in ``faults``.
_ACTION_UNKNOWN: Final = (
    "The message with Action '{0}' cannot be processed at the receiver, due to a ContractFilter "
    "mismatch at the EndpointDispatcher. This may be because of either a contract mismatch "
    "(mismatched Actions between sender and receiver) or a binding/security mismatch between the "
    "sender and the receiver.  Check that sender and receiver have the same contract and the same "
    "binding (including security requirements, e.g. Message, Transport, None)."
)

#: An action is a URI; a caller gets no more than this of its own text back.
_ECHO_CHARACTERS_MAX: Final = 512


class _Code(NamedTuple):
    """The code of a fault: SOAP's value, the subcode with its namespace, and the action."""

    value: str
    namespace: str = ""
    subcode: str = ""
    action: str = SOAP_FAULT


def wcf_fault(refusal: faults.Refusal, message_id: str | None) -> bytes:
    """The envelope of a fault: no XML declaration, no white space (wire B.6).

    ``message_id`` is the request's, if it had one: then ``a:RelatesTo`` repeats it.
    """
    relates = "" if message_id is None else f"<a:RelatesTo>{xml_text(message_id)}</a:RelatesTo>"
    return (
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{ADDRESSING}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{fault_action(refusal)}</a:Action>{relates}'
        f"{_header_not_understood(refusal)}</s:Header><s:Body>{fault_element(refusal)}"
        "</s:Body></s:Envelope>"
    ).encode()


def fault_action(refusal: faults.Refusal) -> str:
    """The ``a:Action`` of a fault's envelope."""
    return _code_of(refusal).action


def fault_element(refusal: faults.Refusal) -> str:
    """The fault itself; it uses the prefixes ``s`` and ``a`` of the envelope around it."""
    code = _code_of(refusal)
    return (
        f"<s:Fault><s:Code><s:Value>s:{code.value}</s:Value>{_subcode(code)}</s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{xml_text(_sentence(refusal))}</s:Text></s:Reason>'
        "</s:Fault>"
    )


def status_of(refusal: faults.Refusal) -> int:
    """500, whoever is to blame; 503 where load balancers are to know that it is only busy."""
    return refusal.http_status if isinstance(refusal, faults.Overloaded) else 500


def _code_of(refusal: faults.Refusal) -> _Code:
    if isinstance(refusal, faults.SecurityRefused):
        return _Code("Sender", WSSE, refusal.subcode)
    if isinstance(refusal, TrustRequestRefused):
        return _Code("Sender", TRUST, "InvalidRequest")
    if isinstance(refusal, faults.ActionUnknown):
        return _Code("Sender", ADDRESSING, "ActionNotSupported", ADDRESSING_FAULT)
    if isinstance(refusal, faults.ActionRefused):
        # The media type's action and the message's own say different things.
        return _Code("Sender", ADDRESSING, "InvalidAddressingHeader", ADDRESSING_FAULT)
    if isinstance(refusal, faults.SchemaRefused):
        # The dispatcher's own code for a Body that it could not read.
        return _Code("Sender", _DISPATCHER, "DeserializationFailed", f"{_DISPATCHER}/fault")
    if isinstance(refusal, faults.VersionMismatch):
        return _Code("VersionMismatch")
    if isinstance(refusal, faults.NotUnderstood):
        return _Code("MustUnderstand")
    return _Code("Sender" if refusal.sender else "Receiver")


def _subcode(code: _Code) -> str:
    """The prefix ``a`` is declared anew where the envelope's is another namespace (wire B.6)."""
    if not code.subcode:
        return ""
    declared = "" if code.namespace == ADDRESSING else f' xmlns:a="{code.namespace}"'
    return f"<s:Subcode><s:Value{declared}>a:{code.subcode}</s:Value></s:Subcode>"


def _sentence(refusal: faults.Refusal) -> str:
    if isinstance(refusal, faults.ActionUnknown):
        return _ACTION_UNKNOWN.replace("{0}", refusal.unverified_action[:_ECHO_CHARACTERS_MAX])
    return refusal.english


def _header_not_understood(refusal: faults.Refusal) -> str:
    """The block that names the header which nobody understood (SOAP 1.2 §5.4.8)."""
    if not isinstance(refusal, faults.NotUnderstood):
        return ""
    namespace, name = refusal.unverified_header
    if not namespace or len(namespace) + len(name) > _ECHO_CHARACTERS_MAX:
        return ""
    qualified = f'qname="n:{xml_attribute(name)}" xmlns:n="{xml_attribute(namespace)}"'
    return f"<s:NotUnderstood {qualified}/>"


def fault_digest(body: bytes) -> str:
    """SHA-256 (hex) of the exclusively canonicalised Body of one of these faults (design D7)."""
    (soap_body,) = etree.fromstring(body).iterchildren(f"{{{SOAP12}}}Body")
    return sha256(etree.tostring(soap_body, method="c14n", exclusive=True)).hexdigest()


def stated_message_id(exchange: Exchange) -> str | None:
    """The request's ``a:MessageID``, unverified, without the blanks around it; None if none."""
    element: Element | None = None
    if exchange.envelope is not None:
        element = exchange.envelope.unverified_headers.get(MESSAGE_ID)
    elif exchange.root is not None:
        # A message that broke a rule of SOAP or a limit has one all the same.
        element = exchange.root.find(f"{{*}}Header/{MESSAGE_ID}")
    if element is None or len(element):
        return None
    return text_of(element).strip() or None


def transport_answer(
    refusal: faults.Refusal,
    *,
    request_id: str,
    standing_headers: Sequence[tuple[str, str]] = (),
) -> Answer:
    """A status without a body: 400 for what is no XML, 415 for another media type (wire B.6)."""
    headers = [("Cache-Control", "no-store"), ("Kps-Istek-No", request_id)]
    if isinstance(refusal, faults.MethodRefused):
        headers.append(("Allow", "POST"))
    headers += standing_headers
    return Answer(refusal.http_status, tuple(headers), b"", sha256(b"").hexdigest())


def wcf_refusal(
    exchange: Exchange,
    refusal: faults.Refusal,
    *,
    receipt: Callable[[Exchange], bytes],
    standing_headers: Sequence[tuple[str, str]] = (),
) -> Answer:
    """The whole answer to a refused request, with what evidence keeps of it.

    ``receipt`` makes the canonical receipt element, of which the digest goes into a header
    (design D7).  A security fault has neither receipt nor house number: they would tell how far
    the request had come (design §4, Refusals).
    """
    entry = exchange.entry
    if isinstance(refusal, faults.SecurityRefused):
        # What the issuer's agreement refuses is told as one of these, and has a number by now.
        entry.receipt_number = ""
    if isinstance(refusal, faults.TransportRefused):
        answer = transport_answer(
            refusal, request_id=entry.request_id, standing_headers=standing_headers
        )
        entry.answer_digest = entry.sent_digest = answer.body_digest
        return answer
    body = wcf_fault(refusal, stated_message_id(exchange))
    digest = entry.answer_digest = fault_digest(body)
    entry.sent_digest = sha256(body).hexdigest()
    headers = [
        ("Content-Type", SoapVersion.V12.content_type),
        ("Cache-Control", "no-store"),
        ("Kps-Istek-No", entry.request_id),
    ]
    if refusal.retry_after_s is not None:
        headers.append(("Retry-After", str(refusal.retry_after_s)))
    if not isinstance(refusal, faults.SecurityRefused):
        if refusal.code:
            headers.append(("Kps-Sonuc-Kodu", str(refusal.code)))
        if entry.receipt_number:
            ozet = sha256(receipt(exchange)).hexdigest()
            headers += [("Kps-Alindi-No", entry.receipt_number), ("Kps-Alindi-Ozeti", ozet)]
    headers += standing_headers
    return Answer(status_of(refusal), tuple(headers), body, digest)
