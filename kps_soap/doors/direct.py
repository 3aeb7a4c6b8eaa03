"""The direct door: dated services over SOAP 1.1 and 1.2, UsernameToken over TLS, signed answers.

It reads strictly, believes the account whose password is right (or whose signature, see
``signed``), and signs whatever it says, faults included (zeep verifies before it looks for a
fault).  No header of an answer carries mustUnderstand, so that clients without any WS-Security
stack work.  It decides no permission and never tells which security check failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol
from urllib.parse import unquote

from lxml import etree

from kps_soap import faults
from kps_soap.authentication import (
    SECURITY,
    WSSE,
    CredentialStore,
    Freshness,
    Vouched,
    check_freshness,
    claimed_username,
    nobodys,
    read_token,
    username_at_place,
)
from kps_soap.doors.busy import BusyAnswers
from kps_soap.envelopes import (
    Element,
    Envelope,
    Reader,
    SoapVersion,
    open_envelope,
    read_media,
    text_of,
    xml_attribute,
    xml_text,
)
from kps_soap.gateway import Answer, Exchange
from kps_soap.logins import Logins
from kps_soap.signed_requests.structure import is_signed
from kps_soap.signing import (
    Signer,
    body_digest,
    canonical_in_body,
    receipt_header,
    signed_envelope,
)
from kps_soap.signing_keys import SigningKeyError

INQUIRER: Final = "{http://kps.nvi.gov.tr/2011/01/01/sorgulayan}Sorgulayan"
CONTEXT_NAMESPACE: Final = "urn:kps-soap:baglam:1"
CONTEXT: Final = f"{{{CONTEXT_NAMESPACE}}}SorguBaglami"
FAULT_NAMESPACE: Final = "urn:kps-soap:hata:1"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
UNDERSTOOD: Final = frozenset(
    {SECURITY, INQUIRER, CONTEXT}
    | {f"{{{ADDRESSING}}}{name}" for name in ("Action", "To", "MessageID", "ReplyTo", "From")}
)
STATEMENT_CHARACTERS_MAX: Final = 64


class SignedMessages(Protocol):
    """Whoever judges messages that are signed (``signed.SignedRequests``)."""

    async def vouch(self, exchange: Exchange) -> Vouched: ...

    async def attribute(self, exchange: Exchange) -> None: ...


@dataclass(frozen=True, slots=True)
class DirectDoor:
    """The direct family's words.

    ``signer`` gives the signing key for an agreement's choice (RSA or P256) at this moment;
    ``answer_seconds`` is the life of an answer's Timestamp; ``signed`` judges messages that
    are signed, and where it is missing they are refused.
    """

    reader: Reader
    credentials: CredentialStore
    logins: Logins
    window: Freshness
    signer: Callable[[str], Signer]
    clock: Callable[[], datetime]
    answer_seconds: int
    signed: SignedMessages | None = None
    institution_of: Callable[[str], str] = nobodys
    standing_headers: tuple[tuple[str, str], ...] = ()
    door: str = "direct"
    busy: BusyAnswers = field(default_factory=BusyAnswers, compare=False, repr=False)

    def read(self, exchange: Exchange) -> None:
        question = exchange.question
        if question.trouble is not None:
            raise question.trouble
        media = read_media(question.unverified_content_type, question.unverified_content_encoding)
        exchange.root = self.reader.read(question.unverified_body, media)
        exchange.envelope = open_envelope(exchange.root, understood=UNDERSTOOD)
        _check_action(
            exchange.envelope, question.unverified_action, media.action, exchange.contract
        )

    async def vouch(self, exchange: Exchange) -> Vouched:
        """Password over TLS, or a signature.  From here on the account stands on the record."""
        envelope: Envelope = exchange.envelope
        headers = envelope.unverified_headers
        if self.signed is not None and is_signed(headers.get(SECURITY)):
            return await self.signed.vouch(exchange)
        stated = username_at_place(headers.get(SECURITY))
        credential = await self._name_account(exchange, stated)
        token, time = read_token(headers.get(SECURITY))
        proven = await self.logins.check(exchange.entry, credential, token)
        check_freshness(time, now=exchange.question.received_at, window=self.window)
        purpose, case_number = context_of(headers.get(CONTEXT))
        return Vouched(
            account=token.unverified_username,
            payload=envelope.unverified_payload,
            action=exchange.contract.action,
            how="TLS_PASSWORD",
            inquirer=statement(headers.get(INQUIRER)),
            purpose=purpose,
            case_number=case_number,
            message_id=statement(headers.get(f"{{{ADDRESSING}}}MessageID")),
            time=time,
            must_change=proven.must_change,
        )

    def contract_of(self, exchange: Exchange, _vouched: Vouched) -> Any:
        """The address names it, and ``read`` has held the message to it."""
        return exchange.contract

    async def _name_account(self, exchange: Exchange, unverified_username: str | None) -> Any:
        """The account that the message names, if it exists: its request goes on record (D6)."""
        if unverified_username is None:
            return None
        exchange.account_sought = True
        credential = await self.credentials.find(unverified_username)
        if credential is not None:
            exchange.entry.account = credential.account
            exchange.entry.institution = self.institution_of(credential.account)
            exchange.on_record = True
        return credential

    async def attribute(self, exchange: Exchange) -> None:
        """A message refused before its account was known may still name one that exists."""
        if exchange.root is not None and not exchange.account_sought:
            await self._name_account(exchange, claimed_username(exchange.root))
            if self.signed is not None and not exchange.on_record:
                await self.signed.attribute(exchange)

    def normalise(self, _exchange: Exchange, vouched: Vouched) -> Element:
        """Published contracts are strict here: the message is what the caller wrote."""
        return vouched.payload

    def speak(self, exchange: Exchange, payload: bytes, tree: Element) -> Answer:
        canonical = etree.tostring(tree, method="c14n", exclusive=True)
        return self._signed(exchange, 200, payload, canonical)

    def refuse(self, exchange: Exchange, refusal: faults.Refusal) -> Answer:
        if isinstance(refusal, faults.Overloaded):
            kind = (_answer_version(exchange), exchange.signature)
            return self.busy.answer(
                exchange, kind, self.clock(), lambda: self._refusal(exchange, refusal)
            )
        return self._refusal(exchange, refusal)

    def _refusal(self, exchange: Exchange, refusal: faults.Refusal) -> Answer:
        version = _answer_version(exchange)
        exchange.entry.outcome = refusal.code
        payload = _fault(version, refusal, exchange.entry.request_id).encode()
        canonical = canonical_in_body(payload, soap_version=version)
        if refusal.retry_after_s is not None:
            exchange.headers.append(("Retry-After", str(refusal.retry_after_s)))
        if isinstance(refusal, faults.MethodRefused):
            exchange.headers.append(("Allow", "GET, POST"))
        status = 500 if refusal.http_status == 200 else refusal.http_status
        secret = isinstance(refusal, faults.SecurityRefused)
        try:
            return self._signed(exchange, status, payload, canonical, secret=secret)
        except faults.InternalFailure:
            return empty_answer(exchange, self.signer)

    def _signed(
        self,
        exchange: Exchange,
        status: int,
        payload: bytes,
        canonical: bytes,
        *,
        secret: bool = False,
    ) -> Answer:
        entry, version = exchange.entry, _answer_version(exchange)
        headers = [
            ("Content-Type", version.content_type),
            ("Cache-Control", "no-store"),
            ("Kps-Istek-No", entry.request_id),
            *exchange.headers,
            *self.standing_headers,
        ]
        # Only a number of the catalogue shows: refusals without one have no header.
        if not secret and (status == 200 or entry.outcome):
            headers.append(("Kps-Sonuc-Kodu", str(entry.outcome)))
        now = self.clock()
        digest = body_digest(version, canonical)
        entry.answer_digest = digest
        try:
            signer = self.signer(exchange.signature)
            receipt = [receipt_of(exchange, signer.holder)] if entry.receipt_number else []
            signed = signed_envelope(
                signer,
                soap_version=version,
                body_payload=payload,
                canonical_payload=canonical,
                headers=receipt,
                created=now,
                expires=now + timedelta(seconds=self.answer_seconds),
                body_digest_hex=digest,
            )
        except SigningKeyError:
            raise faults.InternalFailure("signing certificate not usable") from None
        entry.sent_digest = sha256(signed.content).hexdigest()
        return Answer(status, tuple(headers), signed.content, digest)


def receipt_of(exchange: Exchange, holder: str) -> bytes:
    """The canonical receipt element of an exchange (design §7); every door makes it so."""
    entry = exchange.entry
    return receipt_header(
        number=entry.receipt_number,
        time=entry.received_at,
        question_digest=entry.question_digest,
        answer_digest=entry.answer_digest,
        agreement_digest=entry.agreement_digest,
        withheld_digest=entry.withheld_digest,
        holder=holder,
    )


def empty_answer(exchange: Exchange, signer: Callable[[str], Signer]) -> Answer:
    """No unsigned fault in place of a signed one: an empty 503 says that it is worth coming back.

    Its receipt travels in HTTP headers, as that of any answer which nobody signs (design D7).
    """
    entry = exchange.entry
    entry.answer_digest = entry.sent_digest = sha256(b"").hexdigest()
    headers = [("Retry-After", "60"), ("Kps-Istek-No", entry.request_id)]
    if entry.receipt_number:
        receipt = receipt_of(exchange, signer(exchange.signature).holder)
        headers.append(("Kps-Alindi-No", entry.receipt_number))
        headers.append(("Kps-Alindi-Ozeti", sha256(receipt).hexdigest()))
    return Answer(503, tuple(headers), b"", entry.answer_digest)


def _check_action(
    envelope: Envelope, http_action: str | None, parameter: str | None, contract: Any
) -> None:
    """Every action that the message states must be that of the contract and of its Body.

    SOAPAction may be quoted, unquoted, empty or absent (clients §6).
    """
    addressed = envelope.unverified_headers.get(f"{{{ADDRESSING}}}Action")
    stated = [http_action, parameter, None if addressed is None else text_of(addressed)]
    for action in stated:
        if action and unquote(action.strip().strip('"')) not in ("", contract.action):
            raise faults.ActionRefused("action header")
    expected = f"{{{contract.namespace}}}{contract.operation}"
    if envelope.unverified_payload.tag != expected:
        raise faults.ActionRefused("request element")


def statement(element: Element | None) -> str | None:
    """A caller's short statement; whatever is too long to be one is cut, and so never matches."""
    if element is None:
        return None
    return text_of(element).strip()[: STATEMENT_CHARACTERS_MAX + 1] or None


def context_of(element: Element | None) -> tuple[str | None, str | None]:
    """Purpose and case number from our own ``SorguBaglami`` header (design §6)."""
    if element is None:
        return None, None
    allowed = (f"{{{CONTEXT_NAMESPACE}}}AmacKodu", f"{{{CONTEXT_NAMESPACE}}}IslemNo")
    found: dict[str, str | None] = {}
    for child in element:
        if child.tag not in allowed or child.tag in found:
            raise faults.ShapeRefused("SorguBaglami content")
        found[str(child.tag)] = statement(child)
    return found.get(allowed[0]), found.get(allowed[1])


def _answer_version(exchange: Exchange) -> SoapVersion:
    """Speak as the envelope spoke; if there is none to look at, as the media type promises.

    An envelope of an unknown version is answered in SOAP 1.1, as by any server of both.
    """
    if exchange.envelope is not None:
        version: SoapVersion = exchange.envelope.version
        return version
    root = exchange.root
    for known in SoapVersion:
        if root is not None and root.tag == f"{{{known.value}}}Envelope":
            return known
    is_envelope = root is not None and etree.QName(root).localname == "Envelope"
    if not is_envelope and "soap+xml" in exchange.question.unverified_content_type:
        return SoapVersion.V12
    return SoapVersion.V11


def _fault(version: SoapVersion, refusal: faults.Refusal, request_id: str) -> str:
    code, subcode = _codes(version, refusal)
    detail = _detail(refusal, request_id)
    if version is SoapVersion.V11:
        declared = f' xmlns:o="{WSSE}"' if subcode else ""
        return (
            f"<s:Fault><faultcode{declared}>{subcode or code}</faultcode>"
            f'<faultstring xml:lang="tr">{xml_text(refusal.turkish)}</faultstring>'
            f"{detail and f'<detail>{detail}</detail>'}</s:Fault>"
        )
    inner = f'<s:Subcode><s:Value xmlns:o="{WSSE}">{subcode}</s:Value></s:Subcode>'
    return (
        f"<s:Fault><s:Code><s:Value>{code}</s:Value>{inner if subcode else ''}</s:Code>"
        f'<s:Reason><s:Text xml:lang="tr">{xml_text(refusal.turkish)}</s:Text>'
        f'<s:Text xml:lang="en">{xml_text(refusal.english)}</s:Text></s:Reason>'
        f"{detail and f'<s:Detail>{detail}</s:Detail>'}</s:Fault>"
    )


def _codes(version: SoapVersion, refusal: faults.Refusal) -> tuple[str, str]:
    """The fault code, and the WS-Security subcode of a security refusal."""
    if isinstance(refusal, faults.VersionMismatch):
        return "s:VersionMismatch", ""
    if isinstance(refusal, faults.NotUnderstood):
        return "s:MustUnderstand", ""
    names = ("Client", "Server") if version is SoapVersion.V11 else ("Sender", "Receiver")
    subcode = f"o:{refusal.subcode}" if isinstance(refusal, faults.SecurityRefused) else ""
    return f"s:{names[0] if refusal.sender else names[1]}", subcode


def _detail(refusal: faults.Refusal, request_id: str) -> str:
    """Our number and the request's, except where they would tell which check failed.

    SOAP 1.1 §4.4 keeps detail for errors of the Body, so transport, envelope and security
    refusals have none; nor has the fault that everybody gets who comes at a busy moment.
    """
    plain = (
        faults.TransportRefused,
        faults.EnvelopeRefused,
        faults.SecurityRefused,
        faults.Overloaded,
    )
    if isinstance(refusal, plain):
        return ""
    return (
        f'<h:KapiHatasi xmlns:h="{xml_attribute(FAULT_NAMESPACE)}">'
        f"<h:HataNo>{refusal.code}</h:HataNo><h:IstekNo>{xml_text(request_id)}</h:IstekNo>"
        "</h:KapiHatasi>"
    )
