"""Which doors this gateway serves, and at which addresses: doors and places, made once at start.

It puts together what the composition root has opened.  It opens nothing itself but the token
certificate, and it knows no request.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kps_soap import places
from kps_soap.audit.keys import read_key_file
from kps_soap.authentication import Freshness
from kps_soap.configured import limits_of, load_recipe, utc_now
from kps_soap.contracts.contract import CompiledContract, Convention
from kps_soap.contracts.wsdl import file_of, wsdl_of
from kps_soap.credentials import StoredCredentials
from kps_soap.doors import ashx, metadata, public_pages, wsdl
from kps_soap.doors.direct import DirectDoor, receipt_of
from kps_soap.doors.doorway import Place
from kps_soap.doors.issuer import IssuerDoor
from kps_soap.doors.public import PublicDoor
from kps_soap.doors.routing import RoutingDoor, routes_of
from kps_soap.doors.signed import SignedRequests
from kps_soap.envelopes import Reader
from kps_soap.gateway import Exchange
from kps_soap.line import STRICT_WINDOW
from kps_soap.logins import Logins
from kps_soap.lookups import Lookups
from kps_soap.settings import Settings
from kps_soap.signed_requests.presented import Presented
from kps_soap.signing import Signer
from kps_soap.tokens.issuing import TokenService
from kps_soap.tokens.proof import ProofKeys
from kps_soap.tokens.store import Tokens

#: How an assertion names the gateway that issued it.
ASSERTION_ISSUER: Final = "urn:kps-soap:anahtar"


@dataclass(frozen=True, slots=True)
class Opened:
    """What the composition root has opened and the doors need."""

    settings: Settings
    signers: Mapping[str, Signer]
    credentials: StoredCredentials
    logins: Logins
    lookups: Lookups
    standing_headers: tuple[tuple[str, str], ...]
    institution_of: Callable[[str], str]
    account_of_certificate: Callable[[str, datetime], str]

    def reader(self) -> Reader:
        return Reader(limits_of(self.settings))

    def window(self, *, timestamp_required: bool) -> Freshness:
        """The freshness of the profile KLASIK."""
        return Freshness(
            self.settings.clock_skew_seconds,
            self.settings.message_age_seconds_max,
            timestamp_required=timestamp_required,
        )

    def receipt(self, exchange: Exchange) -> bytes:
        """The receipt of an answer that is not signed; the RSA key would sign it on request."""
        return receipt_of(exchange, self.signers["RSA"].holder)


def served_places(opened: Opened, contracts: Sequence[CompiledContract]) -> Iterable[Place]:
    """Every address, with what is spoken and shown there."""
    public, direct = _public_door(opened), direct_door(opened)
    for compiled in contracts:
        yield _place(compiled, public, direct)
    yield from _routing_places(opened, contracts)


def _public_door(opened: Opened) -> PublicDoor:
    return PublicDoor(
        reader=opened.reader(),
        receipt=opened.receipt,
        standing_headers=opened.standing_headers,
    )


def direct_door(opened: Opened) -> DirectDoor:
    """The direct door; the console answers in its words too."""
    return DirectDoor(
        reader=opened.reader(),
        credentials=opened.credentials,
        logins=opened.logins,
        window=opened.window(timestamp_required=False),
        signer=opened.signers.__getitem__,
        clock=utc_now,
        answer_seconds=opened.settings.answer_validity_seconds,
        signed=_signed_requests(opened),
        institution_of=opened.institution_of,
        standing_headers=opened.standing_headers,
    )


def _signed_requests(opened: Opened) -> SignedRequests:
    return SignedRequests(
        credentials=opened.credentials,
        account_of=opened.account_of_certificate,
        institution_of=opened.institution_of,
        refuse_known=Presented(opened.lookups).refuse_known,
        window=STRICT_WINDOW,
    )


def _place(compiled: CompiledContract, public: PublicDoor, direct: DirectDoor) -> Place:
    """The address of a contract (design §3), with its documents made once."""
    contract = compiled.contract
    document = (places.wsdl() / file_of(contract)).read_bytes()
    if contract.convention is Convention.XML_SERIALIZER:
        path = f"/Service/{contract.name}.asmx"
        page = public_pages.contract_page(compiled, path, document)
        return Place(path, page, public, compiled)
    path = f"/kps/{contract.name}/{contract.version}"
    page = wsdl.contract_page(compiled, path, document, wsdl_of(contract, policy=True))
    return Place(path, page, direct, compiled)


def _routing_places(opened: Opened, contracts: Sequence[CompiledContract]) -> Iterator[Place]:
    """The token service, the router behind it, and their documents (design §3)."""
    settings = opened.settings
    recipe = load_recipe(settings)
    proof_keys = ProofKeys(read_key_file(settings.token_key_file))
    service = TokenService(
        recipe=recipe,
        signer=lambda: opened.signers["P256"],
        wrap=proof_keys.wrap,
        random_bytes=secrets.token_bytes,
        issuer=ASSERTION_ISSUER,
        token_seconds=settings.token_seconds,
    )
    page = metadata.issuer_page(metadata.issuer_document())
    yield Place(wsdl.ISSUER_PATH, page, _issuer_door(opened), service)
    router = RoutingDoor(
        reader=opened.reader(),
        routes=routes_of(contracts),
        tokens=Tokens(opened.lookups, proof_keys.unwrap, clock=utc_now),
        recipe=recipe,
        credentials=opened.credentials,
        window=opened.window(timestamp_required=True),
        signer=opened.signers.__getitem__,
        clock=utc_now,
        answer_seconds=settings.answer_validity_seconds,
        institution_of=opened.institution_of,
        standing_headers=opened.standing_headers,
    )
    yield Place(wsdl.ROUTING_PATH, ashx.routing_page(contracts), router)
    yield from metadata.metadata_places(opened.reader())
    yield from ashx.ashx_places(contracts)


def _issuer_door(opened: Opened) -> IssuerDoor:
    return IssuerDoor(
        reader=opened.reader(),
        credentials=opened.credentials,
        logins=opened.logins,
        window=opened.window(timestamp_required=True),
        clock=utc_now,
        answer_seconds=opened.settings.answer_validity_seconds,
        receipt=opened.receipt,
        institution_of=opened.institution_of,
        standing_headers=opened.standing_headers,
    )
