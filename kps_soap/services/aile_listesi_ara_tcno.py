"""AileListesiAraTCNoServis: a citizen and the family, by number (wire C.1, C.7).

The evidence is partial: the criterion and the action are those of a published client, the four
members of ``AileBilgisi`` those of a published proxy.  The rest is inferred.  ``KisiBilgisi`` is
the type of that name in the same namespace (wire C.4).  A wrapper's ``AileKisiListesi`` holds
status, place, number, basics and a kinship, for which this contract uses the published name of
the register extract, ``YakinlikKod``, because that wrapper renames the extract's in the same way.
Nobody published who is in the list: here it is the family of a family extract (husband or wife,
children: ``families``) without the person, who stands beside it.
"""

from __future__ import annotations

from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Enquiry
from kps_soap.registry.family_records import ExtractKind
from kps_soap.registry.records import Citizen
from kps_soap.services.families import Relative, relatives_of
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    NO_RECORD,
    Item,
    KisiBilgisi,
    KisiDurumBilgisi,
    KisiKayitYeriBilgisi,
    KisiTemelBilgisi,
    Note,
    Parametre,
    array_of,
    citizen_basics,
    citizen_record,
    citizen_status,
    coded,
    record,
    registration,
    result_of,
)
from kps_soap.spyne_import import Long, Service, rpc

NAME: Final = "AileListesiAraTCNoServis"
ITEM: Final = "AileBilgisi"

AileListesiAraTCNoSorguKriteri = record(
    NAMESPACE_2011, "AileListesiAraTCNoSorguKriteri", KimlikNo=Long
)
AileKisiBilgisi = record(
    NAMESPACE_2011,
    "AileKisiBilgisi",
    DurumBilgisi=KisiDurumBilgisi,
    HataBilgisi=Parametre,
    KayitYeriBilgisi=KisiKayitYeriBilgisi,
    TCKimlikNo=Long,
    TemelBilgisi=KisiTemelBilgisi,
    YakinlikKod=Parametre,
)
AileBilgisi = record(
    NAMESPACE_2011,
    ITEM,
    AileKisiListesi=array_of(AileKisiBilgisi, NAMESPACE_2011),
    HataBilgisi=Parametre,
    KisiBilgisi=KisiBilgisi,
    TCKimlikNo=Long,
)


async def _find(register: Any, number: int, _wants: Any) -> Citizen | None:
    found: Citizen | None = await register.citizen(number)
    return found


def _relative(relative: Relative) -> Item:
    """One ``AileKisiBilgisi``."""
    person = relative.person
    return {
        "DurumBilgisi": citizen_status(person),
        "KayitYeriBilgisi": registration(person.registration),
        "TCKimlikNo": person.number,
        "TemelBilgisi": citizen_basics(person),
        "YakinlikKod": coded(relative.kinship),
    }


async def _each_family(enquiry: Enquiry) -> list[Item]:
    """One ``AileBilgisi`` a criterion; the families are read when all criteria were compared."""
    found: list[tuple[Item, Citizen]] = []

    def item(person: Citizen | None, number: int | None, note: Note | None) -> Item:
        own = citizen_record(person, number, NO_RECORD if person is None else None)
        family: Item = {"HataBilgisi": note, "KisiBilgisi": own, "TCKimlikNo": number}
        if person is not None:
            found.append((family, person))
        return family

    items: list[Item] = await enquiry.each(_find, item)
    if enquiry.wants(f"{ITEM}/AileKisiListesi"):
        for family, person in found:
            _, *relatives = await relatives_of(
                enquiry.register,
                person,
                ExtractKind.FAMILY,
                former_spouses=False,
                marriages=False,
            )
            for relative in relatives:
                enquiry.shown(relative.person.number)
            enquiry.records += len(relatives)
            family["AileKisiListesi"] = [_relative(relative) for relative in relatives]
    return items


class AileListesiAraTCNoServis(Service):
    """The published port type."""

    @rpc(
        array_of(AileListesiAraTCNoSorguKriteri, NAMESPACE_2011),
        _returns=result_of(AileBilgisi, NAMESPACE_2011, "AileBilgisiSonucu"),
    )
    async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One family a criterion, in the order of the criteria."""
        return {"SorguSonucu": {ITEM: await _each_family(ctx.udc)}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="Sorgula",
        service=AileListesiAraTCNoServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/2011-01-01/{NAME}.xsd",),
        criteria=CriteriaPolicy(number="KimlikNo"),
        item=ITEM,
    ),
)
