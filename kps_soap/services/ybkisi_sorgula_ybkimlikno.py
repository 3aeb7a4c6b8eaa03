"""YbKisiSorgulaYbKimlikNoServis: a foreigner by number, in one flat record (wire C.1, C.7).

Known are a client's request of 2013, whose criterion stands in the namespace of 2011, and the
members of the record from generated classes that do not say of which version they are.  Of 2016 a
client's criterion and the names that it reads are known, and they are the same: both versions
have one record here, each in its own namespace.  The criteria of 2016 are read in its own
namespace and in that of 2011, because nobody has shown which it is.
"""

from __future__ import annotations

from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy
from kps_soap.registry.records import Foreigner
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    Item,
    Note,
    Parametre,
    TarihBilgisi,
    array_of,
    basics,
    coded,
    date_or_blank,
    date_or_nil,
    record,
    result_of,
)
from kps_soap.spyne_import import DateTime, Int, Long, Service, Unicode, rpc

NAME: Final = "YbKisiSorgulaYbKimlikNoServis"
ITEM: Final = "YbKimlikNoIleYbKisiBilgisi"

_MEMBERS: Final[dict[str, Any]] = {
    "Ad": Unicode,
    "AnneAd": Unicode,
    "AnneKimlikNo": Long,
    "BabaAd": Unicode,
    "BabaKimlikNo": Long,
    "BitisTarihiBelirsizOlmaNeden": Parametre,
    "Cinsiyet": Parametre,
    "DogumTarih": TarihBilgisi,
    "DogumYer": Unicode,
    "DogumYerKod": Int,
    "Durum": Parametre,
    "EsKimlikNo": Long,
    "HataBilgisi": Parametre,
    "IzinBaslangicTarih": DateTime,
    "IzinBitisTarih": DateTime,
    "IzinDuzenlenenIl": Parametre,
    "IzinNo": Unicode,
    "KaynakBirim": Parametre,
    "KazanilanTCKimlikNo": Long,
    "KimlikNo": Long,
    "MedeniHal": Parametre,
    "OlumTarih": TarihBilgisi,
    "Soyad": Unicode,
    "Uyruk": Parametre,
}


async def _find(register: Any, number: int, _wants: Any) -> Foreigner | None:
    found: Foreigner | None = await register.foreigner(number)
    return found


def _item(person: Foreigner | None, number: int | None, note: Note | None) -> Item:
    """One record; the number is repeated whatever became of it."""
    if person is None:
        return {"HataBilgisi": note, "KimlikNo": number}
    return basics(person) | {
        "AnneKimlikNo": person.mother_number,
        "BabaKimlikNo": person.father_number,
        "BitisTarihiBelirsizOlmaNeden": coded(person.permit_open_end_reason),
        "DogumTarih": date_or_nil(person.born),
        "DogumYerKod": person.birth_place_code,
        "Durum": coded(person.status),
        "EsKimlikNo": person.spouse_number,
        "HataBilgisi": note,
        "IzinBaslangicTarih": person.permit_start,
        "IzinBitisTarih": person.permit_end,
        "IzinDuzenlenenIl": coded(person.permit_province),
        "IzinNo": person.permit_no,
        "KaynakBirim": coded(person.source_unit),
        "KazanilanTCKimlikNo": person.acquired_citizen_number,
        "KimlikNo": number,
        "MedeniHal": coded(person.civil_status),
        "OlumTarih": date_or_blank(person.died),
        "Uyruk": coded(person.nationality),
    }


def _contract(date: str, criteria_namespace: str) -> Contract:
    """One dated version; ``criteria_namespace`` is that of ``kriterListesi``'s items."""
    namespace = f"http://kps.nvi.gov.tr/{date}"
    criterion = record(criteria_namespace, "YbKisiSorgulaYbKimlikNoSorguKriteri", KimlikNo=Long)
    item = record(namespace, ITEM, **_MEMBERS)

    class YbKisiSorgulaYbKimlikNoServis(Service):
        """The published port type."""

        @rpc(
            array_of(criterion, criteria_namespace),
            _returns=result_of(item, namespace, "YbKimlikNoIleYbKisiBilgisiSonucu"),
        )
        async def ListeleCoklu(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
            """One record a criterion, in the order of the criteria."""
            return {"SorguSonucu": {ITEM: await ctx.udc.each(_find, _item)}}

    folder = f"{NAME}/{date.replace('/', '-')}"
    return Contract(
        name=NAME,
        version=date,
        namespace=namespace,
        operation="ListeleCoklu",
        service=YbKisiSorgulaYbKimlikNoServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{folder}/{NAME}.xsd", f"{folder}/kps-2011-01-01.xsd"),
        criteria=CriteriaPolicy(number="KimlikNo"),
        item=ITEM,
        request_twins={NAMESPACE_2011: namespace} if criteria_namespace == namespace else {},
    )


CONTRACTS = (
    _contract("2013/06/01", NAMESPACE_2011),
    _contract("2016/01/01", "http://kps.nvi.gov.tr/2016/01/01"),
)
