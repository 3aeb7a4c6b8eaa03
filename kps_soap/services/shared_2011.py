"""The types of http://kps.nvi.gov.tr/2011/01/01 that every dated contract shares (wire C.0).

Also how a record's values become members of those types, and what a section without data looks
like.  It declares no service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kps_soap.faults import PUBLISHED_NOTES
from kps_soap.registry.records import (
    BlueCardPerson,
    Citizen,
    Coded,
    Foreigner,
    PartialDate,
    Registration,
)
from kps_soap.spyne_import import ComplexModel, Int, Long, Unicode

NAMESPACE_2011: Final = "http://kps.nvi.gov.tr/2011/01/01"

Item = dict[str, Any]
Note = Mapping[str, Any]


def record(namespace: str, name: str, /, **members: Any) -> Any:
    """A complex type as the original's serialiser lays it out: members in the byte order of
    their names, every one optional and nillable (wire C.0)."""
    ordered = {member: members[member] for member in sorted(members)}
    return ComplexModel.produce(namespace=namespace, type_name=name, members=ordered)


def array_of(item: Any, namespace: str) -> Any:
    """``ArrayOf…``: any number of items, each of which may be nil."""
    name = item.get_type_name()
    members = {name: item.customize(min_occurs=0, max_occurs="unbounded", nillable=True)}
    return ComplexModel.produce(namespace=namespace, type_name=f"ArrayOf{name}", members=members)


def result_of(item: Any, namespace: str, name: str) -> Any:
    """``…Sonucu``: the records, or the note that says why there are none."""
    found = array_of(item, namespace)
    return record(namespace, name, HataBilgisi=Parametre, SorguSonucu=found)


Parametre = record(NAMESPACE_2011, "Parametre", Aciklama=Unicode, Kod=Int)
TarihBilgisi = record(NAMESPACE_2011, "TarihBilgisi", Ay=Int, Gun=Int, Yil=Int)

_BASICS: Final[dict[str, Any]] = {
    "Ad": Unicode,
    "AnneAd": Unicode,
    "BabaAd": Unicode,
    "Cinsiyet": Parametre,
    "DogumYer": Unicode,
    "Soyad": Unicode,
}
_STATUS: Final[dict[str, Any]] = {"Durum": Parametre, "MedeniHal": Parametre}
_PLACE: Final[dict[str, Any]] = {
    "AileSiraNo": Int,
    "BireySiraNo": Int,
    "Cilt": Parametre,
    "Il": Parametre,
    "Ilce": Parametre,
}

KisiTemelBilgisi = record(NAMESPACE_2011, "KisiTemelBilgisi", DogumTarih=TarihBilgisi, **_BASICS)
TCKisiTemelBilgisi = record(
    NAMESPACE_2011, "TCKisiTemelBilgisi", DogumTarih=TarihBilgisi, **_BASICS
)
MaviKartKisiTemelBilgisi = record(
    NAMESPACE_2011, "MaviKartKisiTemelBilgisi", DogumTarih=TarihBilgisi, **_BASICS
)
YabanciKisiTemelBilgisi = record(NAMESPACE_2011, "YabanciKisiTemelBilgisi", **_BASICS)

KisiDurumBilgisi = record(
    NAMESPACE_2011, "KisiDurumBilgisi", Din=Parametre, OlumTarih=TarihBilgisi, **_STATUS
)
TCKisiDurumBilgisi = record(
    NAMESPACE_2011, "TCKisiDurumBilgisi", Din=Parametre, OlumTarih=TarihBilgisi, **_STATUS
)
MaviKartKisiDurumBilgisi = record(
    NAMESPACE_2011, "MaviKartKisiDurumBilgisi", OlumTarih=TarihBilgisi, **_STATUS
)
YabanciKisiDurumBilgisi = record(NAMESPACE_2011, "YabanciKisiDurumBilgisi", **_STATUS)

KisiKayitYeriBilgisi = record(NAMESPACE_2011, "KisiKayitYeriBilgisi", **_PLACE)
TCKisiKayitYeriBilgisi = record(NAMESPACE_2011, "TCKisiKayitYeriBilgisi", **_PLACE)


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

#: What a section says that holds no data (wire C.8).
NO_RECORD: Final[Note] = {"Aciklama": PUBLISHED_NOTES[2], "Kod": 2}

#: A date of which nothing is known, in a record that is there: three nil members (wire B.5).
_UNKNOWN_DATE: Final[Item] = {}


def coded(value: Coded | None) -> Item | None:
    """A ``Parametre``."""
    return None if value is None else {"Aciklama": value.text, "Kod": value.code}


def date_or_nil(value: PartialDate | None) -> Item | None:
    """A ``TarihBilgisi``; nil where the date is absent."""
    if value is None or value.is_unknown:
        return None
    return {"Ay": value.month, "Gun": value.day, "Yil": value.year}


def date_or_blank(value: PartialDate | None) -> Item:
    """A ``TarihBilgisi``; three nil members where the date is absent (wire B.5)."""
    if value is None:
        return _UNKNOWN_DATE
    return {"Ay": value.month, "Gun": value.day, "Yil": value.year}


def basics(person: Citizen | BlueCardPerson | Foreigner) -> Item:
    """``TemelBilgisi`` without the birth date, which foreigners have one level up."""
    return {
        "Ad": person.given_name,
        "AnneAd": person.mother_name,
        "BabaAd": person.father_name,
        "Cinsiyet": coded(person.sex),
        "DogumYer": person.birth_place,
        "Soyad": person.surname,
    }


def citizen_basics(person: Citizen | BlueCardPerson) -> Item:
    """``TemelBilgisi`` of citizens and blue card holders."""
    found = basics(person)
    found["DogumTarih"] = date_or_blank(person.born)
    return found


def citizen_status(person: Citizen) -> Item:
    """``DurumBilgisi`` of a citizen.  ``Din`` is a special category: the filter withholds it."""
    return {
        "Din": coded(person.religion),
        "Durum": coded(person.status),
        "MedeniHal": coded(person.civil_status),
        "OlumTarih": date_or_blank(person.died),
    }


def registration(place: Registration | None) -> Item | None:
    """``KayitYeriBilgisi``."""
    if place is None:
        return None
    return {
        "AileSiraNo": place.family_no,
        "BireySiraNo": place.member_no,
        "Cilt": coded(place.volume),
        "Il": coded(place.province),
        "Ilce": coded(place.district),
    }


def listed_citizen(person: Citizen) -> Item:
    """The members that a citizen's record has in a list too."""
    return {
        "AnneTCKimlikNo": person.mother_number,
        "BabaTCKimlikNo": person.father_number,
        "DurumBilgisi": citizen_status(person),
        "EsTCKimlikNo": person.spouse_number,
        "KayitYeriBilgisi": registration(person.registration),
        "TCKimlikNo": person.number,
        "TemelBilgisi": citizen_basics(person),
    }


def citizen_record(person: Citizen | None, number: int | None, note: Note | None) -> Item:
    """One ``KisiBilgisi``; the number is repeated whatever became of it."""
    if person is None:
        return {"HataBilgisi": note, "TCKimlikNo": number}
    return {**listed_citizen(person), "DogumYerKod": person.birth_place_code, "HataBilgisi": note}
