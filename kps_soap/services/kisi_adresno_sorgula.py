"""KisiAdresNoSorgulaServis: the number of a person's residence (wire C.1, C.7).

One criterion, one record: ``SorguSonucu`` is the record itself.  A client's request and the
members that it expects are all that is known of the contract.  A number of an address is an
address, so the line holds the contract to the address law.

``SeriNo`` is taken to be the serial of the person's identity document, as its name is on the
chip card's section (wire C.2), and as a document's number is asked of whoever shows one.  Where
it is said, it must be that of a document which the person holds now: the identity card, the old
booklet, or one of the two blue cards, an old document's series and number written together (as
CuzdanSorgulaTCKimlikNoServis writes them) or apart.  Any other serial has the answer of a person
who does not exist, at the same cost (design D4).  It narrows a question and never asks one by
itself: a serial without ``KimlikNo``, which that client allows, would find persons by a document,
and is a criterion that is missing its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kps_soap import turkish
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Subject
from kps_soap.registry.records import PartialDate
from kps_soap.services.person_search import Wants, find_persons
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    NO_RECORD,
    Item,
    Note,
    Parametre,
    record,
)
from kps_soap.spyne_import import Long, Service, Unicode, rpc

NAME: Final = "KisiAdresNoSorgulaServis"
ITEM: Final = "KisiAdresNoSorgula"

KisiAdresNoSorguKriteri = record(
    NAMESPACE_2011, "KisiAdresNoSorguKriteri", KimlikNo=Long, SeriNo=Unicode
)
KisiAdresNoSorgula = record(NAMESPACE_2011, ITEM, AdresNo=Long, HataBilgisi=Parametre)
KisiAdresNoSorgulaSonucu = record(
    NAMESPACE_2011,
    "KisiAdresNoSorgulaSonucu",
    HataBilgisi=Parametre,
    SorguSonucu=KisiAdresNoSorgula,
)


@dataclass(frozen=True, slots=True)
class Residence:
    """What is told of a person who is shown; ``note`` says why there is no number."""

    born: PartialDate
    closed: bool
    address_no: int | None
    note: Note | None


def _serial(text: str) -> str:
    """A serial as printed: small letters and blanks are forgiven."""
    return turkish.ascii_upper("".join(text.split()))


async def _serials(register: Any, number: int) -> set[str]:
    """The serials of all documents of a number; four questions to the register in every case."""
    card = await register.identity_card(number)
    new_blue_card = await register.new_blue_card(number)
    found = {held.serial_no for held in (card, new_blue_card) if held is not None}
    for held in (await register.old_booklet(number), await register.old_blue_card(number)):
        if held is not None:
            found.add(f"{held.series}{held.serial:06d}")
    return {_serial(one) for one in found}


async def _find(register: Any, subject: Subject, wants: Wants) -> Residence | None:
    """The person's residence, if the serial that was said is one of the person's."""
    persons = await find_persons(register, subject.number, wants)
    said = _serial(subject.criterion.get("SeriNo") or "")
    is_theirs = not said or said in await _serials(register, subject.number)
    if persons is None or not is_theirs:
        return None
    held = await register.addresses(subject.number) if wants(f"{ITEM}/AdresNo") else ()
    residence = next((one for one in held if one.residence), None)
    if residence is None:
        return Residence(persons.born, persons.closed, None, NO_RECORD)
    return Residence(persons.born, persons.closed, residence.address_no, None)


def _item(found: Residence | None, _number: int | None, note: Note | None) -> Item:
    if found is None:
        return {"HataBilgisi": note}
    return {"AdresNo": found.address_no, "HataBilgisi": found.note}


class KisiAdresNoSorgulaServis(Service):
    """The published port type."""

    @rpc(KisiAdresNoSorguKriteri, _returns=KisiAdresNoSorgulaSonucu)
    async def Sorgula(ctx: Any, kriter: Any) -> Item:  # noqa: N805
        """The one record of the one criterion."""
        (found,) = await ctx.udc.each_subject(_find, _item)
        return {"SorguSonucu": found}


CONTRACTS = (
    Contract(
        name=NAME,
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="Sorgula",
        service=KisiAdresNoSorgulaServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/2011-01-01/{NAME}.xsd",),
        criteria=CriteriaPolicy(number="KimlikNo"),
        item=ITEM,
        address=True,
    ),
)
