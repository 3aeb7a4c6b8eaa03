"""KisiSorgulaTCKimlikNoServis: a citizen by number (wire C.4)."""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy
from kps_soap.registry.records import Citizen
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    Item,
    KisiDurumBilgisi,
    KisiKayitYeriBilgisi,
    KisiTemelBilgisi,
    Note,
    Parametre,
    array_of,
    citizen_basics,
    citizen_status,
    record,
    registration,
    result_of,
)
from kps_soap.spyne_import import Int, Long, Service, rpc

KisiSorgulaTCKimlikNoSorguKriteri = record(
    NAMESPACE_2011, "KisiSorgulaTCKimlikNoSorguKriteri", TCKimlikNo=Long
)
KisiBilgisi = record(
    NAMESPACE_2011,
    "KisiBilgisi",
    AnneTCKimlikNo=Long,
    BabaTCKimlikNo=Long,
    DogumYerKod=Int,
    DurumBilgisi=KisiDurumBilgisi,
    EsTCKimlikNo=Long,
    HataBilgisi=Parametre,
    KayitYeriBilgisi=KisiKayitYeriBilgisi,
    TCKimlikNo=Long,
    TemelBilgisi=KisiTemelBilgisi,
)


async def _find(register: Any, number: int, wants: Any) -> Citizen | None:
    found: Citizen | None = await register.citizen(number)
    return found


def _item(person: Citizen | None, number: int | None, note: Note | None) -> Item:
    """One ``KisiBilgisi``; the number is repeated whatever became of it."""
    if person is None:
        return {"HataBilgisi": note, "TCKimlikNo": number}
    return {
        "AnneTCKimlikNo": person.mother_number,
        "BabaTCKimlikNo": person.father_number,
        "DogumYerKod": person.birth_place_code,
        "DurumBilgisi": citizen_status(person),
        "EsTCKimlikNo": person.spouse_number,
        "HataBilgisi": note,
        "KayitYeriBilgisi": registration(person.registration),
        "TCKimlikNo": number,
        "TemelBilgisi": citizen_basics(person),
    }


class KisiSorgulaTCKimlikNoServis(Service):
    """The published port type."""

    @rpc(
        array_of(KisiSorgulaTCKimlikNoSorguKriteri, NAMESPACE_2011),
        _returns=result_of(KisiBilgisi, NAMESPACE_2011, "KisiBilgisiSonucu"),
    )
    async def ListeleCoklu(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One record a criterion, in the order of the criteria."""
        return {"SorguSonucu": {"KisiBilgisi": await ctx.udc.each(_find, _item)}}


CONTRACTS = (
    Contract(
        name="KisiSorgulaTCKimlikNoServis",
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="ListeleCoklu",
        service=KisiSorgulaTCKimlikNoServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=("KisiSorgulaTCKimlikNoServis/2011-01-01/KisiSorgulaTCKimlikNoServis.xsd",),
        criteria=CriteriaPolicy(number="TCKimlikNo"),
        item="KisiBilgisi",
    ),
)
