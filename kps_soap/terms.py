"""The agreement stage of the line: every question that the agreement answers, in one order.

    account or mandate → agreement in force → token and proof → network → door → freshness of its
    profile → sunset of the version → service, version and stage → address right → inquirer
    → purpose → the person's own share → case number → calls per second

Each step is a function of ``agreements.scope`` that returns a value or raises a refusal; this
room only puts them in order, notes on the record what was decided under which agreement, and
hands on the ``Terms``.  It reads no file and asks no register.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Protocol

from kps_soap import faults
from kps_soap.addresses import household
from kps_soap.agreements import scope
from kps_soap.agreements.agreement import Agreement, Pilot, ServiceGrant
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.tariff import Tariff
from kps_soap.agreements.versions import Versions
from kps_soap.agreements.vocabulary import MANDATE, PILOT, STRONG
from kps_soap.authentication import ISTANBUL, Freshness, Vouched, check_freshness
from kps_soap.criteria import Granted
from kps_soap.entry import Entry, Event
from kps_soap.fees import Fee
from kps_soap.fields import Grant
from kps_soap.people.standing import Registered, check_mandate_network
from kps_soap.pilots import pilot_of
from kps_soap.quotas import CallRates
from kps_soap.signed_requests.structure import WITH_SIGNATURE

SYNTHETIC = "SENTETIK"
ROUTING = "routing"


def _whole(granted: ServiceGrant) -> ServiceGrant | None:
    """The share of somebody who is not registered: all that the agreement grants."""
    return granted


@dataclass(frozen=True, slots=True)
class Terms:
    """What the agreement in force says of this one call."""

    institution: str
    grant: Grant | None
    name_matching: str
    criteria_max: int
    persons_per_day_max: int = 0
    person_relation: str = "KAPALI"
    fee: Fee | None = None
    agreement: Agreement | None = field(default=None, compare=False, repr=False)
    on: date | None = field(default=None, compare=False)
    share: Callable[[ServiceGrant], ServiceGrant | None] = field(
        default=_whole, compare=False, repr=False
    )
    pilot_calls_max: int = 0

    def granted(self) -> Sequence[Granted]:
        """Everything that the agreement grants, by service and version, as far as it reaches."""
        if self.agreement is None:
            return ()
        shares = map(self.share, self._services_today(self.agreement))
        return [
            Granted(one.service, one.version, one.stage, tuple(sorted(one.purposes)), one.fields)
            for one in shares
            if one is not None
        ]

    def _services_today(self, agreement: Agreement) -> Sequence[ServiceGrant]:
        held = [one for _, one in sorted(agreement.services.items())]
        return held if self.on is None else [one.on(self.on) for one in held]


class Asked(Protocol):
    """What this stage sees of a request, and where it notes what it decided."""

    entry: Entry
    signature: str
    routing_signature: bool


@dataclass(frozen=True, slots=True)
class AgreementStage:
    """The stage for callers with an account.

    ``agreements`` gives the set in force at this moment; ``strict_window`` is the freshness of
    the profile STANDART (hardening §4.2, 20); ``register_kind`` is SENTETIK or GERCEK.
    """

    agreements: Callable[[], AgreementSet]
    versions: Versions
    rates: CallRates
    strict_window: Freshness
    register_kind: str
    tariff: Tariff | None = None

    def __call__(self, asked: Asked, vouched: Vouched, contract: Any) -> Terms:
        """Raises an ``AgreementRefused``, ``SecurityRefused`` or ``VersionWithdrawn``."""
        entry = asked.entry
        on = istanbul_date(entry.received_at)
        agreements = self.agreements()
        agreement = _in_force(agreements, asked, vouched, contract, on)
        access = agreement.access
        _check_password_used(vouched, contract)
        _check_token(agreement, vouched, entry.source_address)
        _check_signature(agreement, vouched, entry.client_certificate)
        _check_network(agreement, asked, vouched, contract.name, on)
        scope.check_door(agreement, entry.door)
        # Freshness is that of a message; somebody who is logged in has a session instead.
        if access.security != "KLASIK" and not vouched.institution:
            check_freshness(vouched.time, now=entry.received_at, window=self.strict_window)
        self.versions.check(contract.name, contract.version, on)
        granted = scope.grant_for(
            agreement, contract.name, contract.version, on=on, open_grant=contract.open_grant
        )
        if granted.synthetic_only and self.register_kind != SYNTHETIC:
            raise faults.ServiceNotGranted("stage TEST against a real register")
        scope.check_address_right(agreement, granted, agreements.address_rights, on=on)
        entry.inquirer, entry.bound_inquirer = _inquirers(agreement, vouched, on)
        scope.check_pilot(granted, entry.inquirer, on=on)
        pilot = granted.pilot if granted.stage == PILOT else None
        if pilot is not None:
            entry.pilot = pilot_of(agreement.number, contract.name, contract.version)
        entry.purpose = scope.purpose_for(agreement, granted, vouched.purpose)
        person = _registered(vouched, entry.inquirer)
        if person is not None and person.person.temporary:
            _check_temporary(entry, contract, granted, in_pilot=pilot is not None)
        if person is not None:
            granted = _own_share(asked, granted, person, on)
        entry.case_number = scope.case_number_for(
            agreement, vouched.case_number, demanded=not granted.open_to_accounts
        )
        self.rates.take(f"agreement {agreement.number}", agreement.limits.calls_per_second_max)
        entry.returned_fields = granted.grant.granted_leaves
        entry.withheld_digest = granted.grant.withheld_digest
        return Terms(
            institution=agreement.institution.code,
            grant=granted.grant,
            name_matching=access.name_matching,
            criteria_max=agreement.limits.criteria_per_call_max,
            persons_per_day_max=agreement.limits.persons_per_day_max,
            person_relation=access.person_relation,
            fee=self._fee(contract.name, agreement, on),
            agreement=agreement,
            on=on,
            share=_whole if person is None else person.own_share,
            pilot_calls_max=_calls_max(entry, pilot),
        )

    def _fee(self, service: str, agreement: Agreement, on: date) -> Fee | None:
        if self.tariff is None:
            return None
        return self.tariff.fee(service, agreement.fee_exemption, on)


@dataclass(frozen=True, slots=True)
class IssuerStage:
    """The stage of the token service: who may have a token at all.

        account → agreement in force → network → routing door → inquirer, where one is stated

    A token opens nothing by itself: each query under it walks the whole agreement stage again.
    So an inquirer may also come with the query, and calls are counted there, not here.  The
    window of freshness is the token service's own for every profile (design §3).
    """

    agreements: Callable[[], AgreementSet]

    def __call__(self, asked: Asked, vouched: Vouched, _contract: Any) -> Terms:
        """Raises an ``AgreementRefused``; the ``Terms`` hold no grant."""
        entry = asked.entry
        on = istanbul_date(entry.received_at)
        agreement = _in_force(self.agreements(), asked, vouched, None, on)
        if agreement.access.security == STRONG:
            raise faults.ServiceNotGranted("the agreement demands signed requests")
        _check_network(agreement, asked, vouched, "", on)
        scope.check_door(agreement, ROUTING)
        if vouched.inquirer:
            entry.inquirer = scope.inquirer_for(agreement, vouched.inquirer)
            _admit(agreement, vouched, (entry.inquirer,), on)
        return Terms(
            institution=agreement.institution.code,
            grant=None,
            name_matching=agreement.access.name_matching,
            criteria_max=0,
            agreement=agreement,
        )


def _in_force(
    agreements: AgreementSet, asked: Asked, vouched: Vouched, contract: Any, on: date
) -> Agreement:
    """The agreement in force; a refusal too is signed and recorded under the nearest one.

    It is the account's own, or that of the institution for which it acts or logs in.
    """
    entry = asked.entry
    entry.vouched_by, entry.message_id = vouched.how, vouched.message_id or ""
    institution = vouched.institution or (
        "" if vouched.standing is None else vouched.standing.institution
    )
    held = (
        agreements.of_institution(institution)
        if institution
        else agreements.for_account(vouched.account)
    )
    nearest = next((one for one in held if one.covers(on)), held[-1] if held else None)
    if nearest is not None:
        _note(asked, nearest)
    if institution:
        key = ("", "") if contract is None else (contract.name, contract.version)
        chosen = agreements.choose_of(institution, on, key)
    else:
        chosen = agreements.choose(vouched.account, on)
    _note(asked, chosen)
    return chosen


def _check_network(
    agreement: Agreement, asked: Asked, vouched: Vouched, service: str, on: date
) -> None:
    """Calls come from the institution's networks, or from those of the mandate.

    Raises ``ServiceNotGranted`` where a mandate does not hold (§5.17).
    """
    standing, entry = vouched.standing, asked.entry
    mandate = None if standing is None else standing.mandate_on(on, service)
    if mandate is None:
        scope.check_network(agreement, entry.source_address)
        return
    entry.on_behalf_of = f"{MANDATE} {mandate.number}"
    check_mandate_network(mandate, entry.source_address)


def _admit(agreement: Agreement, vouched: Vouched, inquirers: Sequence[str], on: date) -> None:
    """Raises ``InquirerNotAllowed`` for registered people who may not ask today (§2.9)."""
    if vouched.standing is not None:
        vouched.standing.admit(agreement, inquirers, on)
    elif agreement.access.registered_inquirers or vouched.institution:
        raise faults.InquirerNotAllowed("nobody looked for the registered person")


def _registered(vouched: Vouched, inquirer: str) -> Registered | None:
    """The person of an inquirer; somebody who is logged in is that very person.

    Raises ``InquirerNotAllowed``.
    """
    person = None if vouched.standing is None else vouched.standing.people.get(inquirer)
    if vouched.institution and (person is None or person.person.person_id != vouched.account):
        raise faults.InquirerNotAllowed("the one who is logged in is another person")
    return person


def _check_password_used(vouched: Vouched, contract: Any) -> None:
    """A password for one use opens its own change and nothing else (§5.15).

    Raises ``ServiceNotGranted``, with words of its own.
    """
    if not vouched.must_change or contract.event is Event.PASSWORD_SET:
        return
    refusal = faults.ServiceNotGranted("the password is one for a single use")
    refusal.turkish = "Parolanız tek kullanımlık; önce ParolaServis ile parolanızı belirleyin."
    refusal.english = "Your password is for a single use; choose your own by ParolaServis first."
    raise refusal


def _calls_max(entry: Entry, pilot: Pilot | None) -> int:
    """How many calls a day are counted under the entry's ``pilot``."""
    if pilot is not None:
        return pilot.calls_per_day_max
    return TEMPORARY_CALLS_MAX if entry.pilot else 0


def _check_temporary(entry: Entry, contract: Any, granted: ServiceGrant, *, in_pilot: bool) -> None:
    """Who is registered for a while verifies what is known, so many times a day (§5.16).

    In a pilot the pilot's own count holds.  Raises ``ServiceNotGranted``.
    """
    if granted.open_to_accounts:
        return
    if contract.event is not Event.VERIFICATION:
        raise faults.ServiceNotGranted("a temporary user only verifies")
    if not in_pilot:
        entry.pilot = f"{TEMPORARY} {entry.institution} {entry.inquirer}"


def _own_share(asked: Asked, granted: ServiceGrant, person: Registered, on: date) -> ServiceGrant:
    """What of the agreement's grant reaches a person; whose deputy asks is noted (§5.14).

    Raises ``ServiceNotGranted`` or ``PurposeNotGranted``.
    """
    entry = asked.entry
    entry.unit = person.person.unit
    share, deputised = person.share(granted, on, entry.purpose)
    if share is None:
        raise faults.ServiceNotGranted("the service is not in the person's share")
    if not share.open_to_accounts and entry.purpose not in share.purposes:
        raise faults.PurposeNotGranted("the purpose is not in the person's share")
    if deputised:
        entry.on_behalf_of = f"{entry.on_behalf_of} {deputised}".strip()
    return share


#: How often a day somebody asks who is registered for a while (§5.16).
TEMPORARY_CALLS_MAX: Final = 200
TEMPORARY: Final = "GECICI"

#: The security profiles in which a proof of possession counts (design D13).
_PROFILES_OF: Final[Mapping[str, frozenset[str]]] = {
    "TOKEN_HMAC_SHA1": frozenset({"KLASIK"}),
    "TOKEN_HMAC_SHA256": frozenset({"KLASIK", "STANDART"}),
}


def _check_token(agreement: Agreement, vouched: Vouched, source_address: str) -> None:
    """Hold a call with a token to what the token binds; raises a ``SecurityRefused``."""
    token, access = vouched.token, agreement.access
    if token is None:
        return
    if token.institution != agreement.institution.code:
        raise faults.TokenRefused("token of another institution")
    if token.source_address != source_address and not access.token_address_free:
        raise faults.TokenRefused("token from another address")
    if access.security not in _PROFILES_OF.get(vouched.how, ()):
        raise faults.ProofRefused("proof too weak for the agreement's profile")


def _check_signature(agreement: Agreement, vouched: Vouched, certificate: str) -> None:
    """Who must sign has signed, and with a certificate of today's agreement.

    People who are logged in sign nothing: they have a session.  Raises ``ProofRefused``.
    """
    demanded = agreement.access.security == STRONG
    signed = vouched.how == WITH_SIGNATURE
    if demanded and not signed and not vouched.institution:
        raise faults.ProofRefused("the agreement demands signed requests")
    if signed and not (demanded and certificate in agreement.access.certificates):
        raise faults.ProofRefused("certificate of no agreement in force")


def _inquirers(agreement: Agreement, vouched: Vouched, on: date) -> tuple[str, str]:
    """Who asks, and whom the token names where that is somebody else (design §4).

    Both must be registered in the agreement of today, and may ask as people of today.
    """
    bound = "" if vouched.token is None else vouched.token.inquirer
    if bound:
        scope.inquirer_for(agreement, bound)
    inquirer = scope.inquirer_for(agreement, vouched.inquirer or bound)
    _admit(agreement, vouched, (inquirer, *([bound] if bound else ())), on)
    return inquirer, "" if bound == inquirer else bound


def _note(asked: Asked, agreement: Agreement) -> None:
    asked.signature = agreement.access.answer_signature
    asked.routing_signature = agreement.access.routing_signature
    asked.entry.institution = agreement.institution.code
    asked.entry.agreement = agreement.number
    asked.entry.agreement_digest = agreement.digest


@dataclass(frozen=True, slots=True)
class PublicStage:
    """The stage for the public door: its own file, its own rate by source address."""

    agreements: Callable[[], AgreementSet]
    rates: CallRates
    register_kind: str = SYNTHETIC

    def __call__(self, asked: Asked, _vouched: Vouched, contract: Any) -> Terms:
        """Raises ``ServiceNotGranted`` where the file is absent, closed or silent."""
        public, entry = self.agreements().public, asked.entry
        entry.vouched_by = "PUBLIC"
        if public is None:
            raise faults.ServiceNotGranted("no public agreement file")
        entry.agreement, entry.agreement_digest = public.file, public.digest
        scope.check_public(
            public,
            contract.name,
            contract.version,
            on=istanbul_date(entry.received_at),
            synthetic=self.register_kind == SYNTHETIC,
        )
        self.rates.take(f"public {household(entry.source_address)}", public.calls_per_second_max)
        return Terms("", None, public.name_matching, 1)


def istanbul_date(moment: datetime) -> date:
    """The civil date in Europe/Istanbul: agreements and sunsets switch at its midnight."""
    return moment.astimezone(ISTANBUL).date()
