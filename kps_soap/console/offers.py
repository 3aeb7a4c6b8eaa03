"""What somebody may ask on a page: the agreement in force, less what the person's share leaves out.

What is open to every account (receipts, what the gateway knows of the asker) is there without an
entry in the file.

It only says what is worth showing.  Whether a query is answered is judged again by the line, at
that very call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from kps_soap.agreements import scope
from kps_soap.agreements.agreement import Agreement, ServiceGrant
from kps_soap.agreements.vocabulary import ANSWERING_STAGES, PILOT
from kps_soap.console.query_door import DOOR
from kps_soap.console.query_forms import can_be_asked
from kps_soap.console.visit import Visit
from kps_soap.contracts.contract import CompiledContract
from kps_soap.entry import Event
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
        for contract in house.contracts:
            held = _held(agreement, contract, on)
            if held is None or not can_be_asked(contract):
                continue
            granted = narrowings.narrowed(held, share, special_services=special)
            if person.person.temporary and not _is_for_temporary(contract):
                continue
            if granted is not None and _answers(granted, person.inquirer):
                found.append(Offer(contract, granted, agreement))
    found.sort(key=lambda one: one.contract.version, reverse=True)
    return tuple(sorted(found, key=lambda one: one.contract.name))


def _held(agreement: Agreement, contract: CompiledContract, on: date) -> ServiceGrant | None:
    """What the agreement holds of a contract on a day, whatever its stage."""
    listed = agreement.services.get((contract.name, contract.version))
    if listed is not None:
        return listed.on(on)
    if contract.open_grant is None:
        return None
    return scope.grant_for(
        agreement, contract.name, contract.version, on=on, open_grant=contract.open_grant
    )


def _is_for_temporary(contract: CompiledContract) -> bool:
    """Who is here for a while verifies, and nothing else (§5.16)."""
    return contract.event is Event.VERIFICATION or contract.open_grant is not None


def _answers(granted: ServiceGrant, inquirer: str) -> bool:
    """A stage that answers, and a pilot only for whom it names."""
    if granted.stage not in ANSWERING_STAGES:
        return False
    pilot = granted.pilot if granted.stage == PILOT else None
    return pilot is None or inquirer in pilot.inquirers


def newest_of(offers: Sequence[Offer], service: str) -> Offer | None:
    """The offer of a service in its newest version."""
    return next((one for one in offers if one.contract.name == service), None)


def offer_of(offers: Sequence[Offer], service: str, version: str) -> Offer | None:
    """The offer of one version of a service."""
    for one in offers:
        if (one.contract.name, one.contract.version) == (service, version):
            return one
    return None
