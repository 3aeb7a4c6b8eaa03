"""The routing door: one address for every dated service, a token and a proof for each call.

Which contract a message is about stands in its ``wsa:Action``.  Its sender holds a token of the
token service and proves it with a signature over a fresh Timestamp (wire B.4); answers and
faults are the original's bytes (wire B.5, B.6).  A token is known by its digest and is never
decrypted here, so a token that was seen costs no key operation.

A token lives on, but not against its account: whether that is open, and has still the password
that the token was issued for, is read on every call.  What the agreement says of token, address
and proof is for the agreement stage.  This door decides no permission, and refusals of one stage
do the same counted work: one token and one account are looked up, one MAC is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Protocol
from urllib.parse import unquote

from lxml import etree

from kps_soap import faults
from kps_soap.authentication import (
    SECURITY,
    Credential,
    CredentialStore,
    Freshness,
    TokenBinding,
    Vouched,
    check_freshness,
    claimed_username,
    message_time,
    nobodys,
)
from kps_soap.contracts.contract import CompiledContract, Convention
from kps_soap.doors import endorsement
from kps_soap.doors.direct import (
    ADDRESSING,
    CONTEXT,
    INQUIRER,
    UNDERSTOOD,
    context_of,
    empty_answer,
    receipt_of,
    statement,
)
from kps_soap.doors.routing_bytes import (
    Reply,
    canonical_fault,
    digest_of,
    plain_reply,
    signed_reply,
)
from kps_soap.doors.routing_requests import Normalise, compile_normaliser
from kps_soap.doors.wcf_faults import (
    fault_action,
    fault_element,
    stated_message_id,
    status_of,
    wcf_refusal,
)
from kps_soap.entry import IssuedToken
from kps_soap.envelopes import (
    Element,
    Envelope,
    Reader,
    SoapVersion,
    open_envelope,
    read_media,
    text_of,
)
from kps_soap.gateway import Answer, Exchange
from kps_soap.signing import Signer
from kps_soap.signing_keys import SigningKeyError
from kps_soap.tokens.encrypted import Recipe
from kps_soap.tokens.encrypted import digest_of as token_digest_of
from kps_soap.tokens.store import LiveToken
from kps_soap.turkish import ascii_lower

ACTION: Final = f"{{{ADDRESSING}}}Action"
MESSAGE_ID: Final = f"{{{ADDRESSING}}}MessageID"
_HEADERS: Final = UNDERSTOOD | {f"{{{ADDRESSING}}}{name}" for name in ("FaultTo", "RelatesTo")}

#: Looked up where a message names no token or no account, so that it costs the same.
_NO_DIGEST: Final = bytes(32)
_NO_ACCOUNT: Final = "-"
_NO_KEY: Final = bytes(32)


class TokenStore(Protocol):
    """Where issued tokens are found again (``tokens.store.Tokens``)."""

    async def find(self, digest: bytes) -> LiveToken | None: ...


@dataclass(frozen=True, slots=True)
class Route:
    """One contract, as this door serves it."""

    contract: CompiledContract
    normalise: Normalise


def routes_of(contracts: Iterable[CompiledContract]) -> dict[str, Route]:
    """The contracts of this family by their action; two of one action are a mistake."""
    routes: dict[str, Route] = {}
    for one in contracts:
        if one.contract.convention is Convention.DATA_CONTRACT:
            if one.action in routes:
                raise ValueError(f"two contracts of the action {one.action}")
            routes[one.action] = Route(one, compile_normaliser(one))
    return routes


@dataclass(frozen=True, slots=True)
class RoutingDoor:
    """The routing family's words.

    ``recipe`` says how tokens of this gateway look; ``window`` is the freshness of the profile
    KLASIK, and demands a Timestamp; ``signer`` gives the signing key for an agreement's choice;
    ``answer_seconds`` is the life of an answer's Timestamp.
    """

    reader: Reader
    routes: dict[str, Route]
    tokens: TokenStore
    recipe: Recipe
    credentials: CredentialStore
    window: Freshness
    signer: Callable[[str], Signer]
    clock: Callable[[], datetime]
    answer_seconds: int
    institution_of: Callable[[str], str] = nobodys
    standing_headers: tuple[tuple[str, str], ...] = ()
    prover: endorsement.Prover = field(default_factory=endorsement.Prover)
    door: str = "routing"

    def read(self, exchange: Exchange) -> None:
        question = exchange.question
        if question.trouble is not None:
            raise question.trouble
        media = read_media(question.unverified_content_type, question.unverified_content_encoding)
        if media.version is not SoapVersion.V12:
            raise faults.MediaTypeRefused("media type of SOAP 1.1")
        root = exchange.root = self.reader.read(question.unverified_body, media)
        envelope = open_envelope(root, understood=_HEADERS)
        if envelope.version is not SoapVersion.V12:
            raise faults.VersionMismatch(
                "envelope of SOAP 1.1", unverified_namespace=envelope.version.value
            )
        exchange.envelope = envelope

    async def vouch(self, exchange: Exchange) -> Vouched:
        """Token and proof of possession.  From here on the token's account is on the record."""
        envelope: Envelope = exchange.envelope
        headers = envelope.unverified_headers
        parts = endorsement.parts_of(headers.get(SECURITY))
        live, trouble = await self._find(exchange, parts.token)
        account, key = _NO_ACCOUNT, _NO_KEY
        if live is not None:
            account, key = live.issued.account, live.proof_key
        credential = await self.credentials.find(account)
        proof = self.prover.prove(parts, envelope.root, key)
        now = exchange.question.received_at
        token = _token_in_force(live, trouble, credential, now)
        if proof.trouble:
            raise faults.ProofRefused(proof.trouble)
        if proof.unverified_assertion_id != token.assertion_id:
            raise faults.ProofRefused("signature names another token")
        time = message_time(parts.timestamp)
        check_freshness(time, now=now, window=self.window)
        exchange.entry.institution, exchange.entry.inquirer = token.institution, token.inquirer
        purpose, case_number = context_of(headers.get(CONTEXT))
        return Vouched(
            account=token.account,
            payload=envelope.unverified_payload,
            action=_action_of(exchange),
            how=proof.how,
            inquirer=statement(headers.get(INQUIRER)),
            purpose=purpose,
            case_number=case_number,
            message_id=statement(headers.get(MESSAGE_ID)),
            time=time,
            token=TokenBinding(
                token.assertion_id, token.institution, token.inquirer, token.source_address
            ),
        )

    async def _find(self, exchange: Exchange, element: Element) -> tuple[LiveToken | None, str]:
        """The token of a message, noted on its record if it was ever issued (design D6).

        None for an unknown one and for one that does not look as ours do, and then why.
        """
        trouble = "unknown token"
        try:
            digest = token_digest_of(element, self.recipe)
        except faults.TokenRefused as refusal:
            digest, trouble = _NO_DIGEST, refusal.detail
        try:
            live = await self.tokens.find(digest)
        except faults.TokenRefused as refusal:
            return None, refusal.detail
        if live is not None:
            exchange.entry.account = live.issued.account
            exchange.entry.institution = live.issued.institution
            exchange.entry.token = live.issued.assertion_id
            exchange.on_record = True
        return live, trouble

    def contract_of(self, exchange: Exchange, vouched: Vouched) -> Any:
        """The contract of the message's action; the caller is known by now (wire B.6)."""
        _check_http_action(exchange, vouched.action)
        route = self.routes.get(vouched.action)
        if route is None:
            raise faults.ActionUnknown("action", unverified_action=vouched.action)
        return route.contract

    async def attribute(self, exchange: Exchange) -> None:
        """A message refused before its token was looked up may still hold one that was issued."""
        if exchange.root is None or _is_whole(exchange.envelope):
            # It came as far as its token, and that is unknown.
            return
        token = exchange.root.find(f"{{*}}Header/{SECURITY}/{endorsement.TOKEN}")
        if token is not None:
            await self._find(exchange, token)
        elif stated := claimed_username(exchange.root):
            # A user name and password belong to the token service; here they name an account.
            credential = await self.credentials.find(stated)
            if credential is not None:
                exchange.entry.account = credential.account
                exchange.entry.institution = self.institution_of(credential.account)
                exchange.on_record = True

    def normalise(self, _exchange: Exchange, vouched: Vouched) -> Element:
        """The request as the original's serialiser would have read it (design D5)."""
        return self.routes[vouched.action].normalise(vouched.payload)

    def speak(self, exchange: Exchange, payload: bytes, tree: Element) -> Answer:
        canonical = etree.tostring(tree, method="c14n", exclusive=True)
        action = f"{exchange.contract.action}Response"
        return self._reply(exchange, 200, action, payload, canonical)

    def refuse(self, exchange: Exchange, refusal: faults.Refusal) -> Answer:
        """The original's fault.  Only a caller who is known gets a secured one (wire B.6).

        It is signed like an answer once the agreement that asks for signatures is known.
        """
        unsecured = isinstance(refusal, faults.SecurityRefused | faults.TransportRefused)
        if unsecured or not exchange.vouched:
            return wcf_refusal(
                exchange, refusal, receipt=self._receipt, standing_headers=self.standing_headers
            )
        exchange.entry.outcome = refusal.code
        if refusal.retry_after_s is not None:
            exchange.headers.append(("Retry-After", str(refusal.retry_after_s)))
        fault = fault_element(refusal).encode()
        try:
            status = status_of(refusal)
            return self._reply(
                exchange, status, fault_action(refusal), fault, canonical_fault(fault)
            )
        except faults.InternalFailure:
            return empty_answer(exchange, self.signer)

    def _reply(
        self, exchange: Exchange, status: int, action: str, payload: bytes, canonical: bytes
    ) -> Answer:
        entry, signed = exchange.entry, exchange.routing_signature
        digest = entry.answer_digest = digest_of(canonical, signed=signed)
        reply = Reply(
            action=action,
            message_id=stated_message_id(exchange),
            payload=payload,
            canonical=canonical,
            digest=digest,
            created=self.clock(),
            seconds=self.answer_seconds,
        )
        receipt = self._receipt(exchange) if entry.receipt_number else b""
        try:
            if signed:
                content = signed_reply(reply, receipt, self.signer(exchange.signature))
            else:
                content = plain_reply(reply, receipt)
        except SigningKeyError:
            raise faults.InternalFailure("signing certificate not usable") from None
        entry.sent_digest = sha256(content).hexdigest()
        return Answer(status, self._headers(exchange, status), content, digest)

    def _headers(self, exchange: Exchange, status: int) -> tuple[tuple[str, str], ...]:
        entry = exchange.entry
        headers = [
            ("Content-Type", SoapVersion.V12.content_type),
            ("Cache-Control", "no-store"),
            ("Kps-Istek-No", entry.request_id),
            *exchange.headers,
            *self.standing_headers,
        ]
        # Only a number of the catalogue shows: refusals without one have no header.
        if status == 200 or entry.outcome:
            headers.append(("Kps-Sonuc-Kodu", str(int(entry.outcome))))
        return tuple(headers)

    def _receipt(self, exchange: Exchange) -> bytes:
        return receipt_of(exchange, self.signer(exchange.signature).holder)


def _is_whole(envelope: Envelope | None) -> bool:
    """Whether a message has all the parts of a Security header, each once."""
    if envelope is None:
        return False
    try:
        endorsement.parts_of(envelope.unverified_headers.get(SECURITY))
    except faults.SecurityMissing:
        return False
    return True


def _token_in_force(
    live: LiveToken | None, trouble: str, credential: Credential | None, now: datetime
) -> IssuedToken:
    """The token, if its time has not ended and its account is as it was; or ``TokenRefused``."""
    if live is None:
        raise faults.TokenRefused(trouble)
    if now >= live.not_after:
        raise faults.TokenRefused("token expired")
    # Somebody's wrong passwords take no token from those who have one; an operator's block does.
    if credential is None or not (credential.open or credential.locked):
        raise faults.TokenRefused("account blocked")
    if credential.version != live.issued.credential_version:
        raise faults.TokenRefused("password changed since the token was issued")
    return live.issued


def _action_of(exchange: Exchange) -> str:
    """The ``wsa:Action``; where a stack leaves it out, the media type's (wire B.4)."""
    element = exchange.envelope.unverified_headers.get(ACTION)
    addressed = "" if element is None else text_of(element).strip()
    return addressed or _http_action(exchange)


def _http_action(exchange: Exchange) -> str:
    question = exchange.question
    if "action" not in ascii_lower(question.unverified_content_type):
        return ""
    media = read_media(question.unverified_content_type, question.unverified_content_encoding)
    return unquote((media.action or "").strip().strip('"'))


def _check_http_action(exchange: Exchange, action: str) -> None:
    """The media type's action, where one is stated, must be the message's own.

    So the original does.  A SOAPAction header beside SOAP 1.2 it does not read, and some clients
    send one (wire B.4), so nothing here depends on it either.
    """
    stated = _http_action(exchange)
    if stated and stated != action:
        raise faults.ActionRefused("action of the media type")
