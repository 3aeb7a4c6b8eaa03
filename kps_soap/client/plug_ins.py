"""The zeep plug-ins: one for each door, and one that only proves answers.

A plug-in adds to a question what its door asks for, and lets zeep see an answer only when it is
genuine and a result; everything else becomes an error of ``errors``.  They are duck-typed, so
zeep is not imported here.  A plug-in serves any number of threads and tasks at a time: what an
answer is held to is kept by thread or task between ``apply`` and ``verify``.

They keep no answer, retry nothing and log nothing.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urljoin
from uuid import UUID

from lxml import etree

from kps_soap.answers import (
    SKEW,
    AnswerNotGenuine,
    Freshness,
    check_related,
    check_unsigned,
    load_certificates,
    verify_tree,
)
from kps_soap.client.endorsing import Proof, endorse
from kps_soap.client.errors import TokenRefused
from kps_soap.client.header_blocks import (
    Asking,
    action_of,
    add_addressing,
    add_asking,
    add_credentials,
    add_security,
    header_of,
    set_message_id,
)
from kps_soap.client.posting import SOAP12_MEDIA, Post, checked_url
from kps_soap.client.refusals import HttpFacts, is_fault, refusal_in
from kps_soap.client.token_cache import TokenCache
from kps_soap.client.tokens import (
    KEY_BYTES,
    TOKEN_ANSWER_BYTES_MAX,
    Credentials,
    Token,
    read_token,
    token_request,
)

Element = etree._Element
Clock = Callable[[], datetime]
Randomness = Callable[[int], bytes]
#: Says in the Security header of an envelope who asks; the last are the headers of HTTP.
Vouch = Callable[[Element, Element, Any], None]

ROUTING_PATH: Final = "/Services/RoutingService.svc"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is held to: the question's digest, its message id and its token."""

    digest: str | None = None
    message_id: str = ""
    token: Token | None = None


#: The last question of this thread or task, until its answer has come.
_asked: ContextVar[Asked | None] = ContextVar("kps_soap_asked", default=None)


def utc_now() -> datetime:
    """The clock of the machine, for whoever hands in no other."""
    return datetime.now(UTC)


class SignedResponse:
    """A zeep ``wsse`` plug-in that proves answers and leaves questions as they are."""

    def __init__(
        self, certificate_file: str | Path, *, skew: timedelta = SKEW, clock: Clock = utc_now
    ) -> None:
        self._certificates = load_certificates(certificate_file)
        self._skew = skew
        self._clock = clock

    def apply(self, envelope: Element, headers: Any) -> tuple[Element, Any]:
        return envelope, headers

    def verify(self, envelope: Element) -> Element:
        """Raise ``AnswerNotGenuine`` unless this very tree was signed; zeep calls it."""
        self.prove(envelope, None)
        return envelope

    def prove(self, envelope: Element, question_digest: str | None) -> None:
        """The same, and its receipt names the question's digest, unless that is None."""
        verify_tree(
            envelope,
            self._certificates,
            freshness=Freshness(self._clock(), self._skew),
            question_digest=question_digest,
        )


class ProvingDoor:
    """What the plug-ins of the direct door share: everything but how they vouch for a question."""

    def __init__(
        self,
        certificate_file: str | Path,
        asking: Asking,
        vouch: Vouch,
        *,
        skew: timedelta,
        clock: Clock,
        bind_question: bool,
    ) -> None:
        self._answers = SignedResponse(certificate_file, skew=skew, clock=clock)
        self._asking = asking
        self._vouch = vouch
        self._clock = clock
        self._bind_question = bind_question

    def apply(self, envelope: Element, headers: Any) -> tuple[Element, Any]:
        """Add the Security header, ``Sorgulayan`` and ``SorguBaglami``; zeep calls it."""
        _asked.set(self.put(envelope, headers))
        return envelope, headers

    def verify(self, envelope: Element) -> Element:
        """Let a genuine result through; raise ``KpsError`` for everything else."""
        self.judge(envelope, _taken(), HttpFacts())
        return envelope

    def on_behalf(
        self,
        *,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        message_id: str | None = None,
    ) -> Self:
        """The same door for one question or one clerk; None leaves what is set already.

        ``message_id`` is a URI of your own for one question; the gateway's record has it too.
        """
        other = copy.copy(self)
        other._asking = self._asking.but(
            inquirer=inquirer, purpose=purpose, case_number=case_number, message_id=message_id
        )
        return other

    def put(self, envelope: Element, headers: Any) -> Asked:
        """Add this door's headers; returns what the answer is to be held to."""
        header = header_of(envelope)
        set_message_id(header, self._asking.message_id)
        security = add_security(header, self._clock())
        add_asking(header, self._asking)
        self._vouch(envelope, security, headers)
        return Asked(digest=_digest(envelope) if self._bind_question else None)

    def judge(self, envelope: Element, asked: Asked, http: HttpFacts) -> None:
        """Everything of this door is signed, faults too."""
        self._answers.prove(envelope, asked.digest)
        refusal = refusal_in(envelope, http, with_token=False)
        if refusal is not None:
            raise refusal


class DirectDoor(ProvingDoor):
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
        clock: Clock = utc_now,
        bind_question: bool = True,
    ) -> None:
        super().__init__(
            certificate_file,
            Asking(inquirer, purpose, case_number),
            lambda _envelope, security, _headers: add_credentials(security, username, password),
            skew=skew,
            clock=clock,
            bind_question=bind_question,
        )


class IssuedToken:
    """A zeep ``wsse`` plug-in for the routing door: a token of the token service, reused.

    It asks ``sts_url`` for a token when a question needs one and keeps it until shortly before
    its end.  It adds the WS-Addressing headers that are missing (or works beside
    ``zeep.wsa.WsAddressingPlugin``), the Timestamp, the token as received and the proof of its
    key.  A token that is refused is thrown away, so the next question gets another one.

    ``address`` is the routing door's; without it, ``/Services/RoutingService.svc`` at the host of
    ``sts_url``.  ``ca_file`` is the authority of their TLS certificates, None for those that the
    machine trusts.  With ``certificate_file`` every answer must carry the gateway's signature
    (``routing_signature`` in the agreement), and ``bind_question`` is what it is at
    ``DirectDoor``; without it an answer is held to its Timestamp and to our message id, and TLS
    protects the rest.

    ``hmac="sha1"`` proves the token's key with HMAC-SHA1.  It is weak; use it only for a gateway
    that refuses the default.  ``entropy=True`` makes the key of random bytes of both sides.
    Raises ``ValueError`` for an address without https or an unknown ``hmac``.
    """

    def __init__(
        self,
        sts_url: str,
        username: str,
        password: str,
        *,
        ca_file: str | Path | None,
        address: str | None = None,
        certificate_file: str | Path | None = None,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        hmac: str = "sha256",
        entropy: bool = False,
        timeout_s: float = 30.0,
        skew: timedelta = SKEW,
        clock: Clock = utc_now,
        random_bytes: Randomness = os.urandom,
        bind_question: bool = True,
    ) -> None:
        issuer = checked_url(sts_url)
        address = checked_url(address or urljoin(issuer, ROUTING_PATH))
        self._credentials = Credentials(username, password, issuer, address, inquirer)
        self._answers = None
        if certificate_file is not None:
            self._answers = SignedResponse(certificate_file, skew=skew, clock=clock)
        self._asking = Asking(inquirer, purpose, case_number)
        self._proof = Proof.named(hmac)
        self._entropy = entropy
        self._skew = skew
        self._clock = clock
        self._random_bytes = random_bytes
        self._bind_question = bind_question
        self._post = Post(ca_file, timeout_s)
        self._tokens = TokenCache(self._fetch, clock)

    async def prepare(self) -> None:
        """Have a live token ready, so that the next ``apply`` in an event loop does not wait."""
        if self._tokens.live() is None:
            await asyncio.to_thread(self._tokens.get)

    def close(self) -> None:
        """Close the connection to the token service."""
        self._post.close()

    def apply(self, envelope: Element, headers: Any) -> tuple[Element, Any]:
        """Add addressing, token, proof and whoever asks; may wait for a token.  zeep calls it."""
        _asked.set(self.put(envelope, headers))
        return envelope, headers

    def verify(self, envelope: Element) -> Element:
        """Let a genuine result through; raise ``KpsError`` for everything else."""
        self.judge(envelope, _taken(), HttpFacts())
        return envelope

    def on_behalf(
        self,
        *,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        message_id: str | None = None,
    ) -> Self:
        """As ``DirectDoor.on_behalf``; token and connection are shared.

        The token goes on naming the inquirer that it was issued for.
        """
        other = copy.copy(self)
        other._asking = self._asking.but(
            inquirer=inquirer, purpose=purpose, case_number=case_number, message_id=message_id
        )
        return other

    def put(self, envelope: Element, headers: Any) -> Asked:
        """Add this door's headers; returns what the answer is to be held to."""
        token = self._tokens.get()
        header = header_of(envelope)
        set_message_id(header, self._asking.message_id)
        message_id = add_addressing(
            header, action_of(headers), self._new_id(), self._credentials.applies_to
        )
        endorse(add_security(header, self._clock()), token, self._proof)
        add_asking(header, self._asking)
        bound = self._bind_question and self._answers is not None
        return Asked(_digest(envelope) if bound else None, message_id, token)

    def judge(self, envelope: Element, asked: Asked, http: HttpFacts) -> None:
        """A fault is believed unsigned: it holds no data.  A result is proven or held to TLS."""
        if not is_fault(envelope):
            self._check_result(envelope, asked)
        refusal = refusal_in(envelope, http, with_token=True)
        if isinstance(refusal, TokenRefused) and asked.token is not None:
            self._tokens.forget(asked.token)
        if refusal is not None:
            raise refusal

    def _check_result(self, envelope: Element, asked: Asked) -> None:
        if not asked.message_id:
            raise AnswerNotGenuine("answer without a question")
        if self._answers is None:
            check_unsigned(envelope, Freshness(self._clock(), self._skew), asked.message_id)
        else:
            self._answers.prove(envelope, asked.digest)
            check_related(envelope, asked.message_id)

    def _fetch(self) -> Token:
        """One round trip to the token service."""
        now = self._clock()
        request = token_request(
            self._credentials,
            now=now,
            message_id=self._new_id(),
            entropy=self._random_bytes(KEY_BYTES) if self._entropy else b"",
        )
        answer = self._post.post(
            self._credentials.issuer,
            request.content,
            {"Content-Type": SOAP12_MEDIA},
            bytes_max=TOKEN_ANSWER_BYTES_MAX,
        )
        return read_token(
            answer.content,
            request,
            http=HttpFacts(answer.status_code, answer.headers),
            asked_at=now,
            freshness=Freshness(self._clock(), self._skew),
        )

    def _new_id(self) -> str:
        return new_message_id(self._random_bytes)


def new_message_id(random_bytes: Randomness) -> str:
    """A message id that nobody else has."""
    return f"urn:uuid:{UUID(bytes=random_bytes(16), version=4)}"


def _taken() -> Asked:
    """The question of this thread or task, which is answered only once."""
    asked = _asked.get()
    _asked.set(None)
    return asked or Asked()


def _digest(envelope: Element) -> str:
    """The digest of the message as it will be sent: the same call with which zeep writes it."""
    sent = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return hashlib.sha256(sent).hexdigest()
