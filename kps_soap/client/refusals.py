"""Turns what a gateway refuses with into one of the errors of ``errors``.

It reads SOAP 1.1 and 1.2 faults, the note on a whole call (wire C.0), and HTTP answers that are
no envelope.  Everything is found by its absolute position.  It proves nothing: whoever calls it
has proven the answer before, where there is anything to prove.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from kps_soap.answers import WSSE, AnswerNotGenuine
from kps_soap.client.errors import (
    ActionNotSupported,
    AuthenticationFailed,
    GatewayFault,
    KpsError,
    MessageRefused,
    QueryRefused,
    SecurityFault,
    ServiceUnavailable,
    TokenRefused,
)

Element = etree._Element

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_DETAIL: Final = "{urn:kps-soap:hata:1}"
_SUBCODES_MAX: Final = 4
_MEDIA_TYPES: Final = ("text/xml", "application/soap+xml")
#: 1 to 4 digits: our own numbers.  Up to 6: seconds.
_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HttpFacts:
    """What the HTTP answer around an envelope said.  ``headers`` look names up in any case."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def house_number(self) -> int | None:
        """``Kps-Sonuc-Kodu``: our own number of the outcome."""
        return _number(self.headers.get("Kps-Sonuc-Kodu"))

    @property
    def retry_after_s(self) -> int | None:
        """``Retry-After``, if it is a number of seconds."""
        return _number(self.headers.get("Retry-After"))


def refusal_in(root: Element, http: HttpFacts, *, with_token: bool) -> KpsError | None:
    """The fault or the note in an envelope, as an error; None for a result.

    ``with_token``: the question carried a token, so a failed authentication is the token's.
    """
    payload = payload_of(root)
    if payload is None:
        return None
    if payload.tag in (f"{{{SOAP11}}}Fault", f"{{{SOAP12}}}Fault"):
        return _error_of(payload, http, with_token=with_token)
    return _note_in(payload, http)


def is_fault(root: Element) -> bool:
    """Whether the one thing in the Body is a fault of the envelope's own SOAP version."""
    payload = payload_of(root)
    return payload is not None and payload.tag == f"{{{etree.QName(root).namespace}}}Fault"


def payload_of(root: Element) -> Element | None:
    """The first element in the Body."""
    body = root.find(f"{{{etree.QName(root).namespace}}}Body")
    return None if body is None else next(body.iterchildren("{*}*"), None)


def check_http(status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Raise the error for an HTTP answer that is no envelope; a fault's envelope is one.

    A redirection is never followed and never trusted: it could lead a password elsewhere.
    """
    media = (headers.get("Content-Type") or "").partition(";")[0].strip()
    facts = HttpFacts(status, headers)
    if 200 <= status < 400 and (status != 200 or media not in _MEDIA_TYPES):
        raise AnswerNotGenuine(f"status {status}, media type")
    if status != 200 and (media not in _MEDIA_TYPES or not content):
        raise http_refusal(facts)


def http_refusal(http: HttpFacts) -> GatewayFault:
    """The error for a status of 400 or more without a fault."""
    code = f"HTTP {http.status}"
    number, wait = http.house_number, http.retry_after_s
    if http.status >= 500 or http.status in (408, 429):
        text = "The gateway cannot answer now."
        return ServiceUnavailable(code, text, number, retry_after_s=wait)
    if http.status == 404:
        return ActionNotSupported(code, "There is no such service at this gateway.", number)
    return MessageRefused(code, "The gateway did not read the message.", number)


def _note_in(payload: Element, http: HttpFacts) -> QueryRefused | None:
    """``XResponse/XResult/HataBilgisi``, unless it is nil or says nothing."""
    result = next(payload.iterchildren("{*}*"), None)
    note = None if result is None else result.find("{*}HataBilgisi")
    if note is None or note.get(_NIL) in ("true", "1"):
        return None
    code = _number(note.findtext("{*}Kod"))
    if code is None:
        return None
    text = note.findtext("{*}Aciklama") or ""
    return QueryRefused(code, text, http.house_number, retry_after_s=http.retry_after_s)


def _error_of(fault: Element, http: HttpFacts, *, with_token: bool) -> KpsError:
    codes, text = _read11(fault) if fault.tag == f"{{{SOAP11}}}Fault" else _read12(fault)
    namespace, name = codes[-1] if codes else ("", "")
    # A refusal without a number of the catalogue says 0.
    number = http.house_number or _number(fault.findtext(f".//{_DETAIL}HataNo")) or None
    if namespace == WSSE:
        if name != "FailedAuthentication":
            return SecurityFault(name, text, number)
        return (TokenRefused if with_token else AuthenticationFailed)(name, text, number)
    if (namespace, name) == (ADDRESSING, "ActionNotSupported"):
        return ActionNotSupported(name, text, number)
    if codes and codes[0] in ((SOAP12, "Receiver"), (SOAP11, "Server")):
        return ServiceUnavailable(name, text, number, retry_after_s=http.retry_after_s)
    return MessageRefused(name, text, number)


def _read11(fault: Element) -> tuple[list[tuple[str, str]], str]:
    return _codes([fault.find("faultcode")]), fault.findtext("faultstring") or ""


def _read12(fault: Element) -> tuple[list[tuple[str, str]], str]:
    """The codes from the outermost in, and all reasons, each once."""
    soap = f"{{{SOAP12}}}"
    values: list[Element | None] = []
    code = fault.find(f"{soap}Code")
    while code is not None and len(values) < _SUBCODES_MAX:
        values.append(code.find(f"{soap}Value"))
        code = code.find(f"{soap}Subcode")
    reasons = [reason.text or "" for reason in fault.findall(f"{soap}Reason/{soap}Text")]
    return _codes(values), " / ".join(dict.fromkeys(reasons))


def _codes(values: list[Element | None]) -> list[tuple[str, str]]:
    """Namespace and local name of QNames, by the prefixes in scope where they stand."""
    found = []
    for value in values:
        prefix, colon, name = (
            ((value.text if value is not None else "") or "").strip().partition(":")
        )
        if value is not None and (name or prefix):
            scope = value.nsmap.get(prefix if colon else None) or ""
            found.append((scope, name if colon else prefix))
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text.strip()) else None
