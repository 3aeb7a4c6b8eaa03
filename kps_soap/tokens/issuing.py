"""The contract ``IWSTrust13``: one request for a token in, one encrypted token out.

It is to the line what a compiled contract is: the stages call it by the same names.  It makes
the token from what the earlier stages vouched for and decided (the ``Asker``), with one P-256
signature and one RSA public-key operation; everything else was prepared at start.  It judges no
password, no agreement and no network, and neither stores nor speaks: the door does.

There is no XSD here: the request was read by ``trust.read_request``, which says why, and the
answer is parsed again before it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple
from uuid import UUID

from lxml import etree

from kps_soap.agreements.vocabulary import CLASSIC
from kps_soap.audit.months import microseconds
from kps_soap.authentication import ISTANBUL, WSU
from kps_soap.entry import Event, IssuedToken
from kps_soap.envelopes import SOAP12, Element
from kps_soap.faults import InternalFailure
from kps_soap.signing import Signer, instant
from kps_soap.signing_keys import SigningKeyError
from kps_soap.tokens.encrypted import Recipe, encrypt
from kps_soap.tokens.proof import new_proof
from kps_soap.tokens.saml import Statement, signed_assertion
from kps_soap.tokens.trust import (
    TRUST,
    Response,
    TokenRequest,
    write_response,
)

if TYPE_CHECKING:
    from kps_soap.agreements.agreement import Agreement
    from kps_soap.criteria import Asker, Enquiry

_ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
_GUID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Demand:
    """A request for a token with what the door knows besides: whose password, and until when."""

    request: TokenRequest
    credential_version: int
    agreement_ends: datetime


class Issued(NamedTuple):
    """A token that was made: what is registered, and what the answer says."""

    token: IssuedToken
    response: Response


class Written(NamedTuple):
    """The answer's element, with the token that it holds: both leave together or not at all."""

    content: bytes
    token: IssuedToken


@dataclass(frozen=True, slots=True)
class TokenService:
    """Makes tokens.  One event loop uses it; it holds no state of a request.

    ``signer`` gives the P-256 signer of this moment, ``wrap`` the wrapped form of a proof key
    under a token's digest, ``random_bytes`` randomness; ``issuer`` names this gateway in an
    assertion.  ``token_seconds`` is how long a token is good, at most.
    """

    name: ClassVar[str] = "IWSTrust13"
    version: ClassVar[str] = "200512"
    operation: ClassVar[str] = "Issue"
    namespace: ClassVar[str] = TRUST
    action: ClassVar[str] = f"{TRUST}/RST/Issue"
    answer_action: ClassVar[str] = f"{TRUST}/RSTRC/IssueFinal"
    event: ClassVar[Event] = Event.TOKEN
    has_notes: ClassVar[bool] = False
    address: ClassVar[bool] = False
    criteria: ClassVar[None] = None
    fields: ClassVar[None] = None
    item: ClassVar[str] = ""

    recipe: Recipe
    signer: Callable[[], Signer]
    wrap: Callable[[bytes, bytes], bytes] = field(repr=False)
    random_bytes: Callable[[int], bytes]
    issuer: str
    token_seconds: int

    def validate_request(self, demand: Demand) -> None:
        """Nothing is left to hold: ``trust.read_request`` has let valid requests through only."""

    def open(self, demand: Demand) -> Demand:
        """The demand is the call."""
        return demand

    async def run(self, call: Demand, enquiry: Enquiry) -> Issued:
        """Make the token.  Raises ``InternalFailure`` where the gateway's key may not sign."""
        if enquiry.asker is None:
            raise InternalFailure("nobody asks for the token")
        return self._issue(call, enquiry.asker)

    def _issue(self, call: Demand, asker: Asker) -> Issued:
        # The original writes three digits of a second; the token ends when its text says so.
        issued_at = _whole_milliseconds(asker.asked_at)
        not_after = min(issued_at + timedelta(seconds=self.token_seconds), call.agreement_ends)
        proof = new_proof(call.request.entropy, self.random_bytes)
        statement = Statement(
            assertion_id=f"_{UUID(bytes=self.random_bytes(_GUID_BYTES), version=4)}",
            issuer=self.issuer,
            issued_at=issued_at,
            not_after=not_after,
            account=asker.account,
            institution=asker.institution,
            inquirer=asker.inquirer,
            agreement=asker.agreement,
            agreement_digest=asker.agreement_digest,
            proof_key=proof.key,
        )
        try:
            assertion = signed_assertion(statement, self.signer())
        except SigningKeyError:
            raise InternalFailure("signing certificate not usable") from None
        sealed = encrypt(assertion, self.recipe, self.random_bytes)
        token = IssuedToken(
            digest=sealed.digest,
            assertion_id=statement.assertion_id,
            account=asker.account,
            credential_version=call.credential_version,
            institution=asker.institution,
            inquirer=asker.inquirer,
            agreement=asker.agreement,
            agreement_digest=asker.agreement_digest,
            source_address=asker.source_address,
            issued_us=microseconds(issued_at),
            not_after_us=microseconds(not_after),
            wrapped_key=self.wrap(proof.key, sealed.digest),
        )
        response = Response(
            created=instant(issued_at),
            expires=instant(not_after),
            assertion_id=statement.assertion_id,
            token=sealed.xml,
            secret=proof.shown,
            computed=proof.computed,
        )
        return Issued(token, response)

    def filter(self, result: Issued, _grant: Any) -> Issued:
        """A token holds nothing of the register: there is nothing to withhold."""
        return result

    def write(self, call: Demand, result: Issued) -> Written:
        """The answer's element (wire B.3), and the token in it."""
        return Written(write_response(call.request, result.response), result.token)

    def validate_answer(self, written: Written) -> Element:
        """The Body with the answer in it, parsed; raises ``InternalFailure``."""
        try:
            body = etree.fromstring(_BODY_START + written.content + _BODY_END, _PARSER)
        except etree.XMLSyntaxError:
            raise InternalFailure("an answer that is not well-formed") from None
        if [child.tag for child in body] != [_ANSWER]:
            raise InternalFailure("an answer of another shape")
        return body


_BODY_START: Final = f'<s:Body xmlns:s="{SOAP12}" xmlns:a="{_ADDRESSING}" xmlns:u="{WSU}">'.encode()
_BODY_END: Final = b"</s:Body>"
_ANSWER: Final = f"{{{TRUST}}}RequestSecurityTokenResponseCollection"
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def end_of(agreement: Agreement) -> datetime:
    """The instant from which on an agreement no longer holds: its last day's end in Istanbul."""
    last, until = agreement.document.valid_until, agreement.access.security_until
    if agreement.access.security == CLASSIC and until is not None:
        last = min(last, until)
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=ISTANBUL)


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
