"""NkoSorgulaKayitYeriServis: a register extract by place in the family register (K3.3, K3.11).

The published systems have a service of this name, of which nothing but the name and the shape of
its answer is known; so the contract is ours, in a namespace of ours, and answers with the
published ``Nko`` (wire C.5).

With ``BireySiraNo`` a criterion names one person, whose extract is that of the service by
number.  Without it a criterion names a line (``AileSiraNo``): everybody who stands in it today,
by ``BireySiraNo``, with no kinship and no ``NkoTuru``, for nobody was asked about.  A line may
have hundreds of members and nobody gets data in bulk (K7.3), so a longer one than
``LINE_MAX`` is no answer but "several" (302), and its members must be asked for one by one.

Whoever is found, and every member of a line, must be one whose records the institution keeps,
where its agreement says so (K7.4): the roster is asked in any case, so that the work tells nobody
whether there is a record (design D4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Enquiry, Subject
from kps_soap.faults import Outcome
from kps_soap.registry.records import Citizen
from kps_soap.services.nko_extract import EXTRACT_MEMBERS, Nko, Sheet, each_extract
from kps_soap.services.shared_2011 import Item, array_of, record, result_of
from kps_soap.spyne_import import Int, Service, rpc

NAME: Final = "NkoSorgulaKayitYeriServis"
NAMESPACE: Final = "urn:kps-soap:nko-kayit-yeri:1"

#: As many persons as an ordinary agreement lets a call ask about by number.
LINE_MAX: Final = 100
_NOBODY: Final = 0

NkoKayitYeriSorguKriteri = record(
    NAMESPACE,
    "NkoKayitYeriSorguKriteri",
    AileSiraNo=Int,
    BireySiraNo=Int,
    CiltKod=Int,
    IlceKod=Int,
    **EXTRACT_MEMBERS,
)


async def _people(register: Any, criterion: Any) -> Sequence[Citizen]:
    """Who stands at the place today; one more than may be shown tells that there are too many."""
    place = (criterion["IlceKod"], criterion["CiltKod"], criterion["AileSiraNo"])
    member = criterion["BireySiraNo"]
    found: Sequence[Citizen]
    if member is None:
        found = await register.families.line(*place, most=LINE_MAX + 1)
    else:
        found = await register.families.at_place(*place, member)
    return found


def _is_too_many(people: Sequence[Citizen], criterion: Any) -> bool:
    return len(people) > (LINE_MAX if criterion["BireySiraNo"] is None else 1)


class NkoSorgulaKayitYeriServis(Service):
    """The port type."""

    @rpc(
        array_of(NkoKayitYeriSorguKriteri, NAMESPACE),
        _returns=result_of(Nko, NAMESPACE, "NkoSonucu"),
    )
    async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One extract a criterion, in the order of the criteria."""
        enquiry: Enquiry = ctx.udc

        async def find(register: Any, subject: Subject, _wants: Any) -> Sheet | Outcome | None:
            criterion = subject.criterion
            people = await _people(register, criterion)
            too_many = _is_too_many(people, criterion)
            numbers = [] if too_many else [person.number for person in people]
            unrelated = await enquiry.unrelated(numbers or [_NOBODY])
            if too_many:
                return Outcome.SEVERAL
            if not people:
                return None
            if unrelated:
                # As if nobody stood there: who is no person of theirs is not told of either.
                return Outcome.NOT_FOUND
            if criterion["BireySiraNo"] is None:
                return Sheet(criterion, line=people)
            return Sheet(criterion, people[0])

        return {"SorguSonucu": {"Nko": await each_extract(enquiry, find)}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="1",
        namespace=NAMESPACE,
        operation="Sorgula",
        service=NkoSorgulaKayitYeriServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(
            f"{NAME}/1/{NAME}.xsd",
            f"{NAME}/1/kps-2021-04-01.xsd",
            f"{NAME}/1/kps-2011-01-01.xsd",
        ),
        criteria=CriteriaPolicy(demanded=("IlceKod", "CiltKod", "AileSiraNo")),
        item="Nko",
    ),
)
