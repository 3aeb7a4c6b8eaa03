"""The public door: boolean verification in the words of the classic ASMX service (wire A).

It reads as leniently as the original (any member order, missing members, blanks, leading
zeros), then the request is held to its XSD like any other (design D5); it answers with the
original's exact bytes.  It authenticates nobody and gives no data but true and false; no stack
trace and no value of the request ever leaves through its faults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote

from lxml import etree

from kps_soap import faults
from kps_soap.authentication import Vouched
from kps_soap.doors import asmx_texts
from kps_soap.envelopes import (
    Element,
    Media,
    Reader,
    SoapVersion,
    open_envelope,
    read_media,
    xml_text,
)
from kps_soap.gateway import Answer, Exchange
from kps_soap.turkish import ascii_lower

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
NIL: Final = f"{{{XSI}}}nil"
DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8"?>'
_WHOLE = re.compile(r"([+-]?)0*([0-9]{1,20})")
_MARKUP = re.compile(
    r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^"'>]|"[^"]*"|'[^']*')*>""", re.DOTALL
)
_RANGES: Final[Mapping[str, int]] = {"long": 2**63, "int": 2**31}
_BOOLEANS: Final = {"1": "true", "true": "true", "0": "false", "false": "false"}
_DEFAULTS: Final = {"long": "0", "int": "0", "boolean": "false"}


def _envelope(version: SoapVersion, content: bytes) -> bytes:
    """The original's envelope: prefix soap for both versions, no white space (wire A.4)."""
    opening = (
        f'<soap:Envelope xmlns:soap="{version.value}" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}">'
        "<soap:Body>"
    )
    return DECLARATION + opening.encode("ascii") + content + b"</soap:Body></soap:Envelope>"


@dataclass(frozen=True, slots=True)
class PublicDoor:
    """The public family's words.  ``receipt`` makes the canonical receipt element (design D7)."""

    reader: Reader
    receipt: Callable[[Exchange], bytes]
    standing_headers: tuple[tuple[str, str], ...] = ()
    door: str = "public"

    def read(self, exchange: Exchange) -> None:
        question = exchange.question
        if question.trouble is not None:
            raise question.trouble
        media = _media(exchange)
        root = exchange.root = self.reader.read(question.unverified_body, media)
        if etree.QName(root).localname != "Envelope":
            raise asmx_texts.missing_envelope()
        try:
            exchange.envelope = open_envelope(root, understood=())
        except faults.BodyMissing:
            if _stated_action(exchange, media) is None and _has_body(root):
                raise asmx_texts.missing_action() from None
            raise

    async def vouch(self, exchange: Exchange) -> Vouched:
        """Route to the operation as the original does; whoever reaches it is on record (D6)."""
        question, contract = exchange.question, exchange.contract
        payload = exchange.envelope.unverified_payload
        known = payload.tag == f"{{{contract.namespace}}}{contract.operation}"
        media = _media(exchange)
        action = _stated_action(exchange, media)
        if action is None:
            if not known:
                raise asmx_texts.missing_action()
        elif action != contract.action:
            if _routes_on_header(exchange, media):
                raise asmx_texts.unknown_soap_action(action)
            raise asmx_texts.unknown_action_parameter(action)
        exchange.on_record = True
        if not known:
            name = etree.QName(payload)
            place = _place_before(question.unverified_body, exchange.root, payload)
            raise asmx_texts.unexpected_element(place, name.localname, name.namespace or "")
        return Vouched(account="", payload=payload, action=contract.action, how="PUBLIC")

    def contract_of(self, exchange: Exchange, _vouched: Vouched) -> Any:
        """The address names it, and ``vouch`` has routed the message to it."""
        return exchange.contract

    async def attribute(self, exchange: Exchange) -> None:
        """Nobody has an account here; what reached no operation is only counted."""

    def normalise(self, exchange: Exchange, vouched: Vouched) -> Element:
        """The request as the original's reader sees it: by name, first one wins, in order."""
        contract = exchange.contract
        given: dict[str, Element] = {}
        for child in vouched.payload.iterchildren("*"):
            given.setdefault(str(child.tag), child)
        default: Any = {None: contract.namespace}
        request = etree.Element(vouched.payload.tag, nsmap=default)
        names = [f"{{{contract.namespace}}}{member.name}" for member in contract.members]
        if not any(name in given for name in names):
            # A client that lost its arguments is told so; false would be an answer (clients §6).
            raise self._unreadable(exchange, vouched.payload, contract.operation)
        for name, member in zip(names, contract.members, strict=True):
            self._copy(exchange, request, name, member, given.get(name))
        return request

    def _copy(
        self, exchange: Exchange, request: Element, name: str, member: Any, child: Element | None
    ) -> None:
        nil = child is not None and child.get(NIL, "").strip() in ("true", "1")
        if member.kind == "string" and (child is None or nil):
            return
        if member.nillable and (child is None or nil):
            etree.SubElement(request, name).set(NIL, "true")
        elif child is None:
            etree.SubElement(request, name).text = _DEFAULTS[member.kind]
        else:
            # Nil where nothing can be nil is an empty text to the original, and unreadable.
            value = None if len(child) or nil else _lexical(member.kind, child.text or "")
            if value is None:
                raise self._unreadable(exchange, child, member.name)
            etree.SubElement(request, name).text = value

    def _unreadable(
        self, exchange: Exchange, child: Element, member: str
    ) -> asmx_texts.ValueUnreadable:
        place = _place_after(exchange.question.unverified_body, exchange.root, child)
        return asmx_texts.unreadable_value(place, member=member)

    def speak(self, exchange: Exchange, payload: bytes, tree: Element) -> Answer:
        version: SoapVersion = exchange.envelope.version
        canonical = etree.tostring(tree, method="c14n", exclusive=True)
        body = _envelope(version, payload)
        start = f'<soap:Body xmlns:soap="{version.value}">'.encode("ascii")
        digest = sha256(start + canonical + b"</soap:Body>").hexdigest()
        exchange.entry.answer_digest = digest
        receipt = (("Kps-Alindi-Ozeti", sha256(self.receipt(exchange)).hexdigest()),)
        outcome = int(exchange.entry.outcome)
        return self._answer(exchange, 200, version, body, digest, outcome, receipt)

    def refuse(self, exchange: Exchange, refusal: faults.Refusal) -> Answer:
        version = _fault_version(exchange, refusal)
        body = _envelope(version, _fault(version, refusal))
        (soap_body,) = etree.fromstring(body)
        canonical = etree.tostring(soap_body, method="c14n", exclusive=True)
        digest = sha256(canonical).hexdigest()
        exchange.entry.answer_digest = digest
        status = 500 if refusal.http_status == 200 else refusal.http_status
        extra: list[tuple[str, str]] = []
        if refusal.retry_after_s is not None:
            extra.append(("Retry-After", str(refusal.retry_after_s)))
        if isinstance(refusal, faults.MethodRefused):
            extra.append(("Allow", "GET, POST"))
        if exchange.entry.receipt_number:
            extra.append(("Kps-Alindi-Ozeti", sha256(self.receipt(exchange)).hexdigest()))
        # The refusal's own number: what the entry holds may still be the answer's, which a
        # fault must not give away.
        return self._answer(exchange, status, version, body, digest, refusal.code, tuple(extra))

    def _answer(
        self,
        exchange: Exchange,
        status: int,
        version: SoapVersion,
        body: bytes,
        digest: str,
        outcome: int,
        extra: tuple[tuple[str, str], ...],
    ) -> Answer:
        entry = exchange.entry
        entry.sent_digest = sha256(body).hexdigest()
        headers: tuple[tuple[str, str], ...] = (
            ("Content-Type", version.content_type),
            ("Cache-Control", "private, max-age=0"),
            ("Kps-Istek-No", entry.request_id),
            *([("Kps-Sonuc-Kodu", str(outcome))] if status == 200 or outcome else []),
            *extra,
            *self.standing_headers,
        )
        if entry.receipt_number:
            headers += (("Kps-Alindi-No", entry.receipt_number),)
        return Answer(status, headers, body, digest)


def _media(exchange: Exchange) -> Media:
    question = exchange.question
    return read_media(question.unverified_content_type, question.unverified_content_encoding)


def _routes_on_header(exchange: Exchange, media: Media) -> bool:
    """Whether the SOAPAction header decides: it is there, and the media type is SOAP 1.1's."""
    return media.version is SoapVersion.V11 and exchange.question.unverified_action is not None


def _stated_action(exchange: Exchange, media: Media) -> str | None:
    """The action that decides; None where the original would look at the request element.

    An empty SOAPAction header is an action, and an unknown one; an empty action parameter is
    none (wire A.5).
    """
    header = exchange.question.unverified_action
    if _routes_on_header(exchange, media) and header is not None:
        return unquote(header.strip().strip('"'))
    return unquote(media.action) if media.action else None


def _has_body(root: Element) -> bool:
    return any(etree.QName(child).localname == "Body" for child in root.iterchildren("*"))


def _lexical(kind: str, text: str) -> str | None:
    """The XSD form of what the original's parser accepts; None where it would fail."""
    if kind == "string":
        return text
    text = text.strip(" \t\r\n")
    if kind == "boolean":
        return _BOOLEANS.get(text)
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return None
    value, bound = int(whole[1] + whole[2]), _RANGES[kind]
    return str(value) if -bound <= value < bound else None


def _fault_version(exchange: Exchange, refusal: faults.Refusal) -> SoapVersion:
    """The version to speak in: the envelope's, else what the media type promises.

    A server of both versions answers an unknown envelope in SOAP 1.1 (wire A.5).
    """
    root = exchange.root
    for version in SoapVersion:
        if root is not None and root.tag == f"{{{version.value}}}Envelope":
            return version
    if isinstance(refusal, faults.VersionMismatch):
        return SoapVersion.V11
    promised = "soap+xml" in ascii_lower(exchange.question.unverified_content_type)
    return SoapVersion.V12 if promised else SoapVersion.V11


def _fault_code(version: SoapVersion, refusal: faults.Refusal) -> str:
    if isinstance(refusal, faults.VersionMismatch):
        return "VersionMismatch"
    if isinstance(refusal, faults.NotUnderstood):
        return "MustUnderstand"
    caller = refusal.sender and not isinstance(refusal, faults.AgreementRefused)
    if version is SoapVersion.V11:
        return "Client" if caller else "Server"
    return "Sender" if caller else "Receiver"


def _fault(version: SoapVersion, refusal: faults.Refusal) -> bytes:
    """A fault as the original writes it; one about a header has no detail (SOAP 1.1 §4.4)."""
    text = xml_text(asmx_texts.sentence(refusal))
    code = _fault_code(version, refusal)
    detailed = not isinstance(refusal, faults.NotUnderstood)
    if version is SoapVersion.V11:
        detail = "<detail />" if detailed else ""
        return (
            f"<soap:Fault><faultcode>soap:{code}</faultcode>"
            f"<faultstring>{text}</faultstring>{detail}</soap:Fault>"
        ).encode()
    detail = "<soap:Detail />" if detailed else ""
    return (
        f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason>'
        f"{detail}</soap:Fault>"
    ).encode()


def _place_before(body: bytes, root: Element, element: Element) -> tuple[int, int]:
    text = _decoded(body)
    return _line_and_column(text[: _span(text, root, element)[0]])


def _place_after(body: bytes, root: Element, element: Element) -> tuple[int, int]:
    text = _decoded(body)
    return _line_and_column(text[: _span(text, root, element)[1]])


def _decoded(body: bytes) -> str:
    """The message as characters, without its byte order mark; it has been parsed before."""
    utf16 = body[:2] in (b"\xff\xfe", b"\xfe\xff")
    return body.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")


def _span(text: str, root: Element, element: Element) -> tuple[int, int]:
    """Where an element starts and what follows its end, as offsets into the text.

    The tree keeps no columns, so the tags are walked a second time, on the way to a fault only.
    The parser has passed the text, so quotes and brackets can be relied on.
    """
    index = next(i for i, one in enumerate(root.iter("*")) if one is element)
    last_opened, open_elements, start = -1, [], 0
    for markup in _MARKUP.finditer(text):
        tag = markup[0]
        if tag.startswith(("<!", "<?")):
            continue
        if not tag.startswith("</"):
            last_opened += 1
            open_elements.append(last_opened)
            start = markup.start() if last_opened == index else start
        if (tag.startswith("</") or tag.endswith("/>")) and open_elements.pop() == index:
            return start, markup.end()
    raise faults.InternalFailure("an element is not in its own message")


def _line_and_column(before: str) -> tuple[int, int]:
    """Both from 1; a column is a UTF-16 unit, and any line end counts, as in the original."""
    lines = re.split("\r\n|\r|\n", before)
    return len(lines), len(lines[-1].encode("utf-16-le")) // 2 + 1
