"""The console's door: a query that somebody makes on a page, on the same line as any other (D8).

The page's form becomes the message that a client of the direct door would have sent, without its
Security header: the session vouches for the person instead.  What the line answers is written and
signed in the direct door's words, so that the evidence, the receipt and the signed extract are
those of a SOAP call.  This door decides no permission: the agreement must open the door
``console``, and the person's own rights are judged by the line at this very call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from lxml import etree

from kps_soap import faults
from kps_soap.authentication import MessageTime, Vouched
from kps_soap.console.house import SignedIn
from kps_soap.doors.direct import CONTEXT, CONTEXT_NAMESPACE, INQUIRER, UNDERSTOOD, DirectDoor
from kps_soap.envelopes import Element, SoapVersion, open_envelope, read_media
from kps_soap.gateway import Answer, Exchange
from kps_soap.signing import instant

CONTENT_TYPE: Final = "text/xml; charset=utf-8"
DOOR: Final = "console"
_LIFE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ConsoleDoor:
    """The words of one query: who asks, for what purpose, in which case."""

    words: DirectDoor
    person: SignedIn
    purpose: str
    case_number: str
    door: str = DOOR

    def read(self, exchange: Exchange) -> None:
        exchange.entry.channel = "WEB"
        question = exchange.question
        if question.trouble is not None:
            raise question.trouble
        media = read_media(question.unverified_content_type)
        exchange.root = self.words.reader.read(question.unverified_body, media)
        exchange.envelope = open_envelope(exchange.root, understood=UNDERSTOOD)

    async def vouch(self, exchange: Exchange) -> Vouched:
        """The session has vouched for the person; from here on the person is on record."""
        self._name_person(exchange)
        asked_at = exchange.question.received_at
        return Vouched(
            account=self.person.person_id,
            payload=exchange.envelope.unverified_payload,
            action=exchange.contract.action,
            how="OTURUM",
            inquirer=self.person.inquirer or self.person.person_id,
            purpose=self.purpose or None,
            case_number=self.case_number or None,
            time=MessageTime(instant(asked_at), instant(asked_at + _LIFE)),
            institution=self.person.institution,
        )

    def contract_of(self, exchange: Exchange, _vouched: Vouched) -> Any:
        """The page's form names it, and the message was made from it."""
        return exchange.contract

    async def attribute(self, exchange: Exchange) -> None:
        """Whatever became of the message, somebody who is signed in has sent it."""
        self._name_person(exchange)
        exchange.on_record = True

    def normalise(self, _exchange: Exchange, vouched: Vouched) -> Element:
        """The message is what the form said."""
        return vouched.payload

    def speak(self, exchange: Exchange, payload: bytes, tree: Element) -> Answer:
        return self.words.speak(exchange, payload, tree)

    def refuse(self, exchange: Exchange, refusal: faults.Refusal) -> Answer:
        return self.words.refuse(exchange, refusal)

    def _name_person(self, exchange: Exchange) -> None:
        entry = exchange.entry
        entry.account, entry.institution = self.person.person_id, self.person.institution
        entry.inquirer, entry.unit = self.person.inquirer, self.person.unit


def message_of(payload: Element, *, inquirer: str, purpose: str, case_number: str) -> bytes:
    """The message that says what the form says (wire B.3; ``SorguBaglami`` is our own header)."""
    space = SoapVersion.V11.value
    envelope = etree.Element(f"{{{space}}}Envelope", nsmap={"s": space})
    header = etree.SubElement(envelope, f"{{{space}}}Header")
    etree.SubElement(header, INQUIRER).text = inquirer
    context = etree.SubElement(header, CONTEXT)
    for name, value in (("AmacKodu", purpose), ("IslemNo", case_number)):
        if value:
            etree.SubElement(context, f"{{{CONTEXT_NAMESPACE}}}{name}").text = value
    etree.SubElement(envelope, f"{{{space}}}Body").append(payload)
    written: bytes = etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)
    return written
