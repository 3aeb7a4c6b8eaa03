"""The door of the token service: WS-Trust 1.3 over SOAP 1.2, UsernameToken over TLS (wire B.2).

It reads every shape of request that published clients send, believes the account whose password
is right, and answers with the original's bytes (wire B.3).  The token itself is made by
``tokens.issuing``; it is registered in the transaction of the request's record, so a token that
left is always known, and one that is not on record never leaves.

Who may not have a token learns no more than that: a wrong password, a blocked account, another
network, an agreement that ended are one fault, and the first three cost one slow comparison
each, whether the password was right or not.  This door decides no permission and signs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from lxml import etree

from kps_soap import faults
from kps_soap.authentication import (
    SECURITY,
    WSSE,
    WSU,
    Credential,
    CredentialStore,
    Freshness,
    UsernameToken,
    Vouched,
    check_freshness,
    claimed_username,
    nobodys,
    read_token,
    username_at_place,
)
from kps_soap.doors.direct import ADDRESSING, CONTEXT, INQUIRER, STATEMENT_CHARACTERS_MAX
from kps_soap.doors.wcf_faults import stated_message_id, wcf_refusal
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
from kps_soap.gateway import Answer, Exchange
from kps_soap.logins import Logins
from kps_soap.signing import instant
from kps_soap.tokens.issuing import Demand, TokenService, Written, end_of
from kps_soap.tokens.trust import read_request

ACTION: Final = f"{{{ADDRESSING}}}Action"
#: Header blocks that clients send along; those of WS-Addressing beside the action are not used.
UNDERSTOOD: Final = frozenset(
    {SECURITY, INQUIRER, CONTEXT, ACTION}
    | {
        f"{{{ADDRESSING}}}{name}"
        for name in ("To", "MessageID", "ReplyTo", "From", "FaultTo", "RelatesTo")
    }
)


@dataclass(frozen=True, slots=True)
class Entitled(Vouched):
    """A caller whose password was right; ``credential_version`` is that of the password."""

    credential_version: int = 0


@dataclass(frozen=True, slots=True)
class IssuerDoor:
    """The token service's words.

    ``receipt`` makes the canonical receipt element, of which the digest goes into a header
    (design D7); ``answer_seconds`` is the life of an answer's Timestamp; ``window`` is that of
    the profile KLASIK, and demands a Timestamp.
    """

    reader: Reader
    credentials: CredentialStore
    logins: Logins
    window: Freshness
    clock: Callable[[], datetime]
    answer_seconds: int
    receipt: Callable[[Exchange], bytes]
    institution_of: Callable[[str], str] = nobodys
    standing_headers: tuple[tuple[str, str], ...] = ()
    door: str = "issuer"

    def read(self, exchange: Exchange) -> None:
        question = exchange.question
        if question.trouble is not None:
            raise question.trouble
        media = read_media(question.unverified_content_type, question.unverified_content_encoding)
        if media.version is not SoapVersion.V12:
            raise faults.MediaTypeRefused("media type of SOAP 1.1")
        exchange.root = self.reader.read(question.unverified_body, media)
        envelope = open_envelope(exchange.root, understood=UNDERSTOOD)
        if envelope.version is not SoapVersion.V12:
            raise faults.VersionMismatch(
                "envelope of SOAP 1.1", unverified_namespace=envelope.version.value
            )
        exchange.envelope = envelope

    async def vouch(self, exchange: Exchange) -> Entitled:
        """Password over TLS.  From here on the account stands on the record."""
        envelope: Envelope = exchange.envelope
        headers = envelope.unverified_headers
        stated = username_at_place(headers.get(SECURITY))
        credential = await self._name_account(exchange, stated)
        token, time = read_token(headers.get(SECURITY))
        version = await self._check_password(exchange, credential, token)
        check_freshness(time, now=exchange.question.received_at, window=self.window)
        inquirer = headers.get(INQUIRER)
        return Entitled(
            account=token.unverified_username,
            payload=envelope.unverified_payload,
            action=_stated_action(exchange) or exchange.contract.action,
            how="TLS_PASSWORD",
            inquirer=None if inquirer is None else _statement(inquirer),
            message_id=stated_message_id(exchange),
            time=time,
            credential_version=version,
        )

    async def _check_password(
        self, exchange: Exchange, credential: Credential | None, token: UsernameToken
    ) -> int:
        """The version of the credential whose password was given; raises a refusal.

        A password that was right minutes ago is known again without a slow comparison.  Where
        the account is shut, or no agreement of its lets this address call, that would tell a
        right password from a wrong one; so there a comparison with nobody's password is made.
        """
        entry = exchange.entry
        shut: faults.Refusal | None = None
        if credential is not None and not credential.open:
            shut = faults.CredentialsRefused("account blocked")
        elif credential is not None and not self.logins.counts(
            credential.account, entry.source_address
        ):
            shut = faults.NetworkNotAllowed("no agreement of the account has the source address")
        compared = credential if shut is None else None
        try:
            # Nobody's password is never right, so whoever gets on has a credential.
            proven = await self.logins.check(entry, compared, token)
        except faults.CredentialsRefused as wrong:
            raise shut or wrong from None
        if proven.must_change:
            raise faults.CredentialsRefused("a password for one use: no token before another")
        return proven.version

    async def _name_account(
        self, exchange: Exchange, unverified_username: str | None
    ) -> Credential | None:
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

    def contract_of(self, exchange: Exchange, vouched: Entitled) -> Any:
        """The one contract here, if the message asks for it or does not say."""
        if vouched.action != exchange.contract.action:
            raise faults.ActionUnknown("action", unverified_action=vouched.action)
        return exchange.contract

    async def attribute(self, exchange: Exchange) -> None:
        """A message refused before its account was known may still name one that exists."""
        if exchange.root is not None and not exchange.account_sought:
            await self._name_account(exchange, claimed_username(exchange.root))

    def normalise(self, exchange: Exchange, vouched: Entitled) -> Demand:
        """What is asked for, whatever shape it came in; raises ``TrustRequestRefused``."""
        terms = exchange.terms
        if terms is None or terms.agreement is None:
            raise faults.InternalFailure("no agreement for a token")
        return Demand(
            request=read_request(vouched.payload),
            credential_version=vouched.credential_version,
            agreement_ends=end_of(terms.agreement),
        )

    def speak(self, exchange: Exchange, payload: Any, tree: Element) -> Answer:
        """The answer around a ``Written`` token; ``tree`` is the Body with it."""
        written: Written = payload
        entry = exchange.entry
        digest = sha256(etree.tostring(tree, method="c14n", exclusive=True)).hexdigest()
        body = self._envelope(exchange, written.content)
        entry.answer_digest, entry.sent_digest = digest, sha256(body).hexdigest()
        entry.token, entry.issued = written.token.assertion_id, written.token
        headers = (
            ("Content-Type", SoapVersion.V12.content_type),
            ("Cache-Control", "no-store"),
            ("Kps-Istek-No", entry.request_id),
            ("Kps-Sonuc-Kodu", str(int(entry.outcome))),
            ("Kps-Alindi-No", entry.receipt_number),
            ("Kps-Alindi-Ozeti", sha256(self.receipt(exchange)).hexdigest()),
            *self.standing_headers,
        )
        return Answer(200, headers, body, digest)

    def _envelope(self, exchange: Exchange, payload: bytes) -> bytes:
        """No XML declaration, no white space, an unsigned Timestamp (wire B.3)."""
        created = self.clock()
        expires = created + timedelta(seconds=self.answer_seconds)
        message_id = stated_message_id(exchange)
        relates = "" if message_id is None else f"<a:RelatesTo>{xml_text(message_id)}</a:RelatesTo>"
        head = (
            f"{_OPENING}{TokenService.answer_action}</a:Action>{relates}{_SECURITY_OPENING}"
            f"<u:Created>{instant(created)}</u:Created><u:Expires>{instant(expires)}</u:Expires>"
            "</u:Timestamp></o:Security></s:Header><s:Body>"
        )
        return head.encode() + payload + b"</s:Body></s:Envelope>"

    def refuse(self, exchange: Exchange, refusal: faults.Refusal) -> Answer:
        """The original's fault; what the agreement refuses looks like a wrong password."""
        exchange.entry.token, exchange.entry.issued = "", None
        if isinstance(refusal, faults.AgreementRefused):
            refusal = faults.CredentialsRefused(refusal.detail)
        return wcf_refusal(
            exchange, refusal, receipt=self.receipt, standing_headers=self.standing_headers
        )


_OPENING: Final = (
    f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{ADDRESSING}" xmlns:u="{WSU}"><s:Header>'
    '<a:Action s:mustUnderstand="1">'
)
_SECURITY_OPENING: Final = (
    f'<o:Security s:mustUnderstand="1" xmlns:o="{WSSE}"><u:Timestamp u:Id="_0">'
)


def _stated_action(exchange: Exchange) -> str:
    """The header's action, else the media type's parameter; empty where neither says one.

    JAX-WS says it in both places, hand-written clients in the header only (wire B.2).
    """
    question = exchange.question
    element = exchange.envelope.unverified_headers.get(ACTION)
    header = "" if element is None else text_of(element).strip()
    if header:
        return header
    media = read_media(question.unverified_content_type, question.unverified_content_encoding)
    return (media.action or "").strip()


def _statement(element: Element) -> str | None:
    """A caller's short statement; whatever is too long to be one is cut, and so never matches."""
    return text_of(element).strip()[: STATEMENT_CHARACTERS_MAX + 1] or None
