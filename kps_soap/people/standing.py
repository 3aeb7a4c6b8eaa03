"""Who stands behind a call at this moment: its inquirer as a person, and a vendor's mandate.

``Standings.look`` knows both, by name, before the agreement stage: a block, a leaver or an ended
mandate is in effect on the next call in every door, whatever token or session vouched for it.
What follows from it is decided by ``Standing``, in words that name no door.  An institution that
registers nobody is asked nothing here, unless its agreement demands it.

This room reads; it changes nothing, and never widens what an agreement grants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import Any, Final, Protocol

from sqlalchemy import bindparam, select

from kps_soap.addresses import parse_address
from kps_soap.agreements.agreement import Agreement, ServiceGrant
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.audit.months import EPOCH
from kps_soap.authentication import Vouched
from kps_soap.entry import Entry
from kps_soap.faults import InquirerNotAllowed, NetworkNotAllowed, ServiceNotGranted
from kps_soap.lookups import Lookups
from kps_soap.people.mandates import Mandate, mandate_of
from kps_soap.people.narrowings import Narrowing, narrowed, narrowing_of
from kps_soap.people.person import Person, person_of
from kps_soap.people_models import mandates, narrowings, people, special_shares
from kps_soap.remembered import Remembered

#: No secret is read here.
_SECRETS: Final = {"password_hash": None, "code_secret": None}
_PERSON: Final = tuple(
    column for name, column in people.columns.items() if name not in {*_SECRETS, "sought_by"}
)
_NAMES: Final = tuple(column.name for column in _PERSON)

_BY_INQUIRER: Final = select(*_PERSON).where(
    people.c.institution == bindparam("institution"), people.c.inquirer == bindparam("inquirer")
)
_BY_ID: Final = select(*_PERSON).where(people.c.person_id == bindparam("person_id"))
_NARROWINGS: Final = select(
    narrowings.c.service, narrowings.c.version, narrowings.c.purposes, narrowings.c.fields
).where(narrowings.c.person_id == bindparam("person_id"))
_SPECIAL: Final = select(special_shares.c.service).where(
    special_shares.c.person_id == bindparam("person_id")
)
_MANDATES: Final = (
    select(mandates).where(mandates.c.account == bindparam("account")).order_by(mandates.c.number)
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A person with their share of the agreement, and whom they may stand in for."""

    person: Person
    narrowings: tuple[Narrowing, ...] = ()
    special_services: frozenset[str] = frozenset()
    represented: Registered | None = None

    def why_not(self, on: date) -> str:
        """Why nobody may ask in this person's name on a day; empty where they may."""
        reason = self.person.stands_on(on)
        if reason or self.person.inquires:
            return reason
        return "has no role that asks"

    def own_share(self, granted: ServiceGrant) -> ServiceGrant | None:
        """What of a grant is this person's own."""
        return narrowed(granted, self.narrowings, special_services=self.special_services)

    def share(
        self, granted: ServiceGrant, on: date, purpose: str
    ) -> tuple[ServiceGrant | None, str]:
        """What of a grant reaches this person, and as whose deputy.

        What is one's own comes first; whom one stands in for is named only where it is needed.
        """
        own = self.own_share(granted)
        if own is not None and (own.open_to_accounts or purpose in own.purposes):
            return own, ""
        other = self.represented
        if other is not None and self.person.deputises_on(on) and not other.why_not(on):
            share = other.own_share(granted)
            if share is not None and purpose in share.purposes:
                return share, other.person.inquirer
        return own, ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found about a call: people by inquirer, and the mandate of its account.

    ``mandates`` are all that the account ever had: they name one institution.
    """

    people: Mapping[str, Registered] = field(default_factory=dict)
    mandates: tuple[Mandate, ...] = ()

    @property
    def institution(self) -> str:
        """For whom a vendor's account acts; empty for an account of an institution."""
        return self.mandates[0].institution if self.mandates else ""

    def mandate_on(self, on: date, service: str) -> Mandate | None:
        """The mandate under which a vendor's account calls a service on a day, if it is one's.

        Raises ``ServiceNotGranted`` where none holds, or not for this service.  An empty
        ``service`` is no service yet: a token is fetched.
        """
        if not self.mandates:
            return None
        held = [one for one in self.mandates if one.holds_on(on)]
        if not held:
            raise ServiceNotGranted("the account's mandate does not hold today")
        if service and held[0].services and service not in held[0].services:
            raise ServiceNotGranted(f"mandate {held[0].number} does not hold for this service")
        return held[0]

    def admit(self, agreement: Agreement, inquirers: Iterable[str], on: date) -> None:
        """Raises ``InquirerNotAllowed`` for a person who may not ask today.

        And for nobody's name where the agreement demands registered people.
        """
        for name in inquirers:
            found = self.people.get(name)
            if found is None and agreement.access.registered_inquirers:
                raise InquirerNotAllowed("the inquirer is no registered person")
            reason = "" if found is None else found.why_not(on)
            if reason:
                raise InquirerNotAllowed(f"the registered inquirer {reason}")


def check_mandate_network(mandate: Mandate, address: str) -> None:
    """Raises ``NetworkNotAllowed`` for an address that the mandate does not name (206)."""
    source = parse_address(address)
    if source is None or not any(source in network for network in mandate.networks):
        raise NetworkNotAllowed("the source address is in none of the mandate's networks")


class Asked(Protocol):
    """What this room sees of a request."""

    entry: Entry
    started_ns: int


class Standings:
    """Looks people and mandates up, once a call; ``agreements`` gives the set in force.

    ``remembered`` spares the reading of those whom nobody has changed.
    """

    def __init__(
        self, lookups: Lookups, agreements: Callable[[], AgreementSet], remembered: Remembered
    ) -> None:
        self._lookups = lookups
        self._agreements = agreements
        self._remembered = remembered
        self._by_inquirer = lookups.prepare(_BY_INQUIRER)
        self._by_id = lookups.prepare(_BY_ID)
        self._narrowings = lookups.prepare(_NARROWINGS)
        self._special = lookups.prepare(_SPECIAL)
        self._mandates = lookups.prepare(_MANDATES)

    async def admit(self, asked: Asked, vouched: Vouched) -> Vouched:
        """The stage of the line; the public door knows no people.

        Raises ``EvidenceUnavailable``, and what ``agreements`` raises.
        """
        if asked.entry.door == "public":
            return vouched
        return await self.look(vouched, self._agreements(), since_ns=asked.started_ns)

    async def look(
        self, vouched: Vouched, agreements: AgreementSet, *, since_ns: int = 0
    ) -> Vouched:
        """The same call with its ``standing``.

        An account that an agreement names has no mandate: it is its institution's own.
        ``since_ns`` is as in ``Remembered.get``.  Raises ``EvidenceUnavailable`` where nothing can
        be read.
        """
        institution = vouched.institution or agreements.institution_of(vouched.account)
        held: tuple[Mandate, ...] = ()
        if not institution:
            held = await self._held(vouched.account, since_ns)
            institution = held[0].institution if held else ""
        found = {}
        if institution:
            for name in _names(vouched, agreements.of_institution(institution)):
                person = await self._known(institution, name, since_ns)
                if person is not None:
                    found[name] = person
        return replace(vouched, standing=Standing(found, held))

    async def _held(self, account: str, since_ns: int) -> tuple[Mandate, ...]:
        async def read() -> tuple[Mandate, ...]:
            rows = await self._lookups.rows(self._mandates, {"account": account})
            return tuple(mandate_of(tuple(row)) for row in rows)

        return await self._remembered.get(("mandates", account), read, since_ns=since_ns)

    async def _known(self, institution: str, inquirer: str, since_ns: int) -> Registered | None:
        """A registered person; that a name is nobody's is remembered too."""

        async def read() -> tuple[Registered | None]:
            return (await self._person(institution, inquirer),)

        key = ("person", institution, inquirer)
        (person,) = await self._remembered.get(key, read, since_ns=since_ns)
        return person

    async def _person(self, institution: str, inquirer: str) -> Registered | None:
        values = {"institution": institution, "inquirer": inquirer}
        rows = await self._lookups.rows(self._by_inquirer, values)
        if not rows:
            return None
        person = _person(rows[0])
        represented = None
        if person.deputy_for:
            others = await self._lookups.rows(self._by_id, {"person_id": person.deputy_for})
            if others and (other := _person(others[0])).institution == institution:
                represented = await self._registered(other, None)
        return await self._registered(person, represented)

    async def _registered(self, person: Person, represented: Registered | None) -> Registered:
        mine = {"person_id": person.person_id}
        shares = await self._lookups.rows(self._narrowings, mine)
        special = await self._lookups.rows(self._special, mine)
        return Registered(
            person,
            tuple(narrowing_of(person.person_id, *row) for row in shares),
            frozenset(row[0] for row in special),
            represented,
        )


def _person(row: Sequence[Any]) -> Person:
    columns = dict(zip(_NAMES, row, strict=True))
    # Neither secrets nor locks of a log-in matter to a call.
    return person_of(SimpleNamespace(**_SECRETS, **columns | {"locked_until_us": 0}), now=EPOCH)


def _names(vouched: Vouched, agreements: Iterable[Agreement]) -> set[str]:
    """Every inquirer that the call may turn out to have."""
    bound = "" if vouched.token is None else vouched.token.inquirer
    stated = (vouched.inquirer or "").strip()
    names = {stated, bound} - {""}
    if stated or bound:
        return names
    return {one.access.default_inquirer for one in agreements} - {""}
