"""For integrators: ask the direct door with zeep, and believe only what the gateway signed.

``DirectDoor`` is a zeep plug-in that adds the account, the inquirer and the purpose to a
question and proves the answer; ``SignedResponse`` only proves answers; ``verify_answer``
proves raw bytes without zeep and hands out nothing but what was signed.

    client = zeep.Client(wsdl, transport=transport("ca.pem"), wsse=DirectDoor(
        "KRM-34-0417", "…", "imza.pem", inquirer="…", purpose="EMLAK_BEYAN"))
    result = check_note(client.service.ListeleCoklu([...]))

It signs no request, asks no token service, retries nothing, keeps no answer and logs nothing.
zeep is imported only where a transport is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from lxml import etree

from kps_soap.answers import (
    OASIS,
    SKEW,
    WSSE,
    WSU,
    AnswerNotGenuine,
    Freshness,
    VerifiedAnswer,
    load_certificates,
    verify_answer,
    verify_archived_answer,
    verify_tree,
)

__all__ = [
    "AnswerNotGenuine",
    "DirectDoor",
    "QueryRefused",
    "SignedResponse",
    "VerifiedAnswer",
    "check_note",
    "load_certificates",
    "transport",
    "verify_answer",
    "verify_archived_answer",
]

Element = etree._Element
Clock = Callable[[], datetime]

_CONTEXT: Final = "urn:kps-soap:baglam:1"
_INQUIRER: Final = "http://kps.nvi.gov.tr/2011/01/01/sorgulayan"
_PASSWORD_TEXT: Final = f"{OASIS}username-token-profile-1.0#PasswordText"
_QUESTION_LIFE: Final = timedelta(minutes=5)

#: The digest of the last question of this thread or task, until its answer is proven.
_question_digest: ContextVar[str | None] = ContextVar("kps_soap_question", default=None)


class QueryRefused(Exception):
    """The gateway answered with a note instead of a result; ``text`` is its sentence."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SignedResponse:
    """A zeep ``wsse`` plug-in that proves answers and leaves questions as they are."""

    def __init__(
        self, certificate_file: str | Path, *, skew: timedelta = SKEW, clock: Clock = _utc_now
    ) -> None:
        self._certificates = load_certificates(certificate_file)
        self._skew = skew
        self._clock = clock

    def apply(self, envelope: Element, headers: Any) -> tuple[Element, Any]:
        return envelope, headers

    def verify(self, envelope: Element) -> Element:
        """Raise ``AnswerNotGenuine`` unless this very tree was signed; zeep calls it."""
        self._prove(envelope, None)
        return envelope

    def _prove(self, envelope: Element, question_digest: str | None) -> None:
        verify_tree(
            envelope,
            self._certificates,
            freshness=Freshness(self._clock(), self._skew),
            question_digest=question_digest,
        )


class DirectDoor:
    """A zeep ``wsse`` plug-in for the direct door: who asks, why, and a proven answer.

    The answer's receipt must also name the digest of the question that this plug-in saw last
    in this thread or task, so in a ``Compose`` it goes last.  ``bind_question=False`` gives
    that up, for a transport that writes the message in its own way.
    """

    def __init__(
        self,
        username: str,
        password: str,
        certificate_file: str | Path,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        *,
        skew: timedelta = SKEW,
        clock: Clock = _utc_now,
        bind_question: bool = True,
    ) -> None:
        self._answers = SignedResponse(certificate_file, skew=skew, clock=clock)
        self._username = username
        self._password = password
        self._inquirer = inquirer
        self._context = {"AmacKodu": purpose, "IslemNo": case_number}
        self._clock = clock
        self._bind_question = bind_question

    def apply(self, envelope: Element, headers: Any) -> tuple[Element, Any]:
        """Add the Security header, ``Sorgulayan`` and ``SorguBaglami``; zeep calls it."""
        soap = etree.QName(envelope).namespace
        header = envelope.find(f"{{{soap}}}Header")
        if header is None:
            header = etree.Element(f"{{{soap}}}Header")
            envelope.insert(0, header)
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{soap}}}mustUnderstand", "1")
        self._add_credentials(security)
        if self._inquirer is not None:
            _add(header, _INQUIRER, "Sorgulayan").text = self._inquirer
        if any(self._context.values()):
            context = _add(header, _CONTEXT, "SorguBaglami")
            for name, value in self._context.items():
                if value:
                    etree.SubElement(context, f"{{{_CONTEXT}}}{name}").text = value
        if self._bind_question:
            # The same call with which zeep writes the message.
            sent = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
            _question_digest.set(hashlib.sha256(sent).hexdigest())
        return envelope, headers

    def verify(self, envelope: Element) -> Element:
        """Raise ``AnswerNotGenuine`` unless this tree was signed as the answer to us."""
        digest = _question_digest.get() if self._bind_question else None
        _question_digest.set(None)
        self._answers._prove(envelope, digest)
        return envelope

    def _add_credentials(self, security: Element) -> None:
        created = self._clock()
        timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
        for name, moment in (("Created", created), ("Expires", created + _QUESTION_LIFE)):
            text = moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
            etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = text
        token = etree.SubElement(security, f"{{{WSSE}}}UsernameToken")
        etree.SubElement(token, f"{{{WSSE}}}Username").text = self._username
        password = etree.SubElement(token, f"{{{WSSE}}}Password", Type=_PASSWORD_TEXT)
        password.text = self._password


def transport(ca_file: str | Path, *, timeout_s: float = 30.0) -> Any:
    """A zeep ``Transport`` that trusts only the authority in ``ca_file`` for TLS.

    Proxies and certificate bundles from the environment are not used, because they would
    replace that trust unnoticed; set ``transport.session.proxies`` where one is needed.
    """
    import requests
    import zeep

    session = requests.Session()
    session.trust_env = False
    session.verify = str(ca_file)
    make: Any = zeep.Transport
    return make(session=session, timeout=timeout_s, operation_timeout=timeout_s)


def check_note(result: Any) -> Any:
    """Return a zeep result, or raise ``QueryRefused`` when its ``HataBilgisi`` says no.

    Only the note on the whole call counts; notes on single records stay where they are.
    """
    note = _member(result, "HataBilgisi")
    code = None if note is None else _member(note, "Kod")
    if code is not None:
        raise QueryRefused(int(code), _member(note, "Aciklama") or "")
    return result


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _add(header: Element, namespace: str, name: str) -> Element:
    default: Any = {None: namespace}
    return etree.SubElement(header, f"{{{namespace}}}{name}", nsmap=default)
