"""The header blocks of a question: who asks and why, its time, its address.

Everything here adds to an envelope that somebody else wrote.  It sends nothing, keeps nothing,
and computes no signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lxml import etree

from kps_soap.answers import OASIS, WSSE, WSU
from kps_soap.client.refusals import ADDRESSING

Element = etree._Element

QUESTION_LIFE: Final = timedelta(minutes=5)
PASSWORD_TEXT: Final = f"{OASIS}username-token-profile-1.0#PasswordText"
TIMESTAMP_ID: Final = "_0"
_CONTEXT: Final = "urn:kps-soap:baglam:1"
_INQUIRER: Final = "http://kps.nvi.gov.tr/2011/01/01/sorgulayan"
#: The header blocks by which ``add_asking`` says on whose behalf and why.
ASKING_BLOCKS: Final = (f"{{{_INQUIRER}}}Sorgulayan", f"{{{_CONTEXT}}}SorguBaglami")


@dataclass(frozen=True, slots=True)
class Asking:
    """On whose behalf and why a question is asked.

    ``message_id`` is a URI of the caller's own; the gateway's record of the question has it.
    """

    inquirer: str | None = None
    purpose: str | None = None
    case_number: str | None = None
    message_id: str | None = None

    def but(
        self,
        *,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        message_id: str | None = None,
    ) -> Asking:
        """The same, with whatever is given here instead; None changes nothing."""
        return Asking(
            self.inquirer if inquirer is None else inquirer,
            self.purpose if purpose is None else purpose,
            self.case_number if case_number is None else case_number,
            self.message_id if message_id is None else message_id,
        )


def header_of(envelope: Element) -> Element:
    """The Header, made in front of the Body where there is none."""
    soap = etree.QName(envelope).namespace
    header = envelope.find(f"{{{soap}}}Header")
    if header is None:
        header = etree.Element(f"{{{soap}}}Header")
        envelope.insert(0, header)
    return header


def add_security(header: Element, created: datetime) -> Element:
    """A Security header that must be understood, with a Timestamp; ``created`` is aware."""
    soap = etree.QName(header).namespace
    security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"o": WSSE, "u": WSU})
    security.set(f"{{{soap}}}mustUnderstand", "1")
    timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
    timestamp.set(f"{{{WSU}}}Id", TIMESTAMP_ID)
    for name, moment in (("Created", created), ("Expires", created + QUESTION_LIFE)):
        etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = instant(moment)
    return security


def instant(moment: datetime) -> str:
    """An aware time as the wire has it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def add_credentials(security: Element, username: str, password: str) -> None:
    """A UsernameToken with the password in clear: TLS is what hides it (wire B.2)."""
    token = etree.SubElement(security, f"{{{WSSE}}}UsernameToken")
    etree.SubElement(token, f"{{{WSSE}}}Username").text = username
    holder = etree.SubElement(token, f"{{{WSSE}}}Password", Type=PASSWORD_TEXT)
    holder.text = password


def add_inquirer(header: Element, inquirer: str | None) -> None:
    """The published ``Sorgulayan``, where somebody is named."""
    if inquirer is not None:
        _add(header, _INQUIRER, "Sorgulayan").text = inquirer


def add_asking(header: Element, asking: Asking) -> None:
    """``Sorgulayan`` and ``SorguBaglami``; what says nothing is left out."""
    add_inquirer(header, asking.inquirer)
    members = (("AmacKodu", asking.purpose), ("IslemNo", asking.case_number))
    said = [(name, value) for name, value in members if value]
    if said:
        context = _add(header, _CONTEXT, "SorguBaglami")
        for name, value in said:
            etree.SubElement(context, f"{{{_CONTEXT}}}{name}").text = value


def add_addressing(
    header: Element, action: str, message_id: str, address: str | None = None
) -> str:
    """Add the WS-Addressing headers that are missing; return the message id that counts.

    What is there already stays: zeep writes these headers too where a WSDL asks for them.
    Without ``address`` no ``To`` is added.
    """
    soap = etree.QName(header).namespace
    for name, value in (("Action", action), ("MessageID", message_id), ("To", address)):
        if value is not None and header.find(f"{{{ADDRESSING}}}{name}") is None:
            block = etree.SubElement(header, f"{{{ADDRESSING}}}{name}", nsmap={"a": ADDRESSING})
            block.text = value
            if name != "MessageID":
                block.set(f"{{{soap}}}mustUnderstand", "1")
    return header.findtext(f"{{{ADDRESSING}}}MessageID") or ""


def set_message_id(header: Element, message_id: str | None) -> None:
    """Give the question the caller's own message id, in place of one that zeep made."""
    if message_id is not None:
        for block in header.findall(f"{{{ADDRESSING}}}MessageID"):
            header.remove(block)
        block = etree.SubElement(header, f"{{{ADDRESSING}}}MessageID", nsmap={"a": ADDRESSING})
        block.text = message_id


def action_of(http_headers: Mapping[str, Any]) -> str:
    """The action that zeep writes into the media type (SOAP 1.2) or a header of its own (1.1).

    Empty where there is none.
    """
    _, _, rest = str(http_headers.get("Content-Type", "")).partition('action="')
    return rest.partition('"')[0] or str(http_headers.get("SOAPAction", "")).strip('"')


def _add(header: Element, namespace: str, name: str) -> Element:
    # The type stubs do not know a namespace without a prefix.
    default: Any = {None: namespace}
    return etree.SubElement(header, f"{{{namespace}}}{name}", nsmap=default)
