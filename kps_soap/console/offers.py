"""What somebody may ask on a page: the agreement in force, less what the person's share leaves out.

It only says what is worth showing.  Whether a query is answered is judged again by the line, at
that very call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from kps_soap.agreements import scope
from kps_soap.agreements.agreement import Agreement, ServiceGrant
from kps_soap.agreements.vocabulary import ANSWERING_STAGES, PILOT
from kps_soap.console.query_door import DOOR
from kps_soap.console.query_forms import can_be_asked
from kps_soap.console.visit import Visit
from kps_soap.contracts.contract import CompiledContract
from kps_soap.people import narrowings
from kps_soap.terms import istanbul_date


@dataclass(frozen=True, slots=True)
class Offer:
    """One version of one service that somebody may ask."""

    contract: CompiledContract
    granted: ServiceGrant
    agreement: Agreement

    @property
    def case_demanded(self) -> bool:
        """Whether a query must say for which case it is."""
        return self.agreement.access.case_number_required and not self.granted.open_to_accounts

    @property
    def purposes(self) -> tuple[str, ...]:
        """What it may be asked for; nothing where it is open to every account."""
        return tuple(sorted(self.granted.purposes))


def offers_for(visit: Visit, connection: Connection) -> tuple[Offer, ...]:
    """Everything that the person may ask today: newest version of a service first."""
    person, house = visit.person, visit.house
    on = istanbul_date(visit.now)
    share = narrowings.of(connection, person.person_id)
    special = narrowings.special_services(connection, person.person_id)
    found = []
    for agreement in house.book.current().of_institution(person.institution):
        if DOOR not in agreement.access.doors or scope.not_in_force(agreement, on):
            continue
        for (service, version), held in agreement.services.items():
            contract = house.contract(service, version)
            granted = narrowings.narrowed(held.on(on), share, special_services=special)
            if contract is None or not can_be_asked(contract):
                continue
            if granted is None or not _answers(granted, person.inquirer):
                continue
            found.append(Offer(contract, granted, agreement))
    found.sort(key=lambda one: one.contract.version, reverse=True)
    return tuple(sorted(found, key=lambda one: one.contract.name))


def _answers(granted: ServiceGrant, inquirer: str) -> bool:
    """A stage that answers, and a pilot only for whom it names."""
    if granted.stage not in ANSWERING_STAGES:
        return False
    pilot = granted.pilot if granted.stage == PILOT else None
    return pilot is None or inquirer in pilot.inquirers


def offer_of(offers: Sequence[Offer], service: str, version: str) -> Offer | None:
    """The offer of one version of a service."""
    for one in offers:
        if (one.contract.name, one.contract.version) == (service, version):
            return one
    return None
