"""How what the registers hold of a person becomes the members of the combined register's sections.

One function a section; each returns the members with data, or None where the person has no such
record.  A photo that is not granted is not read at all (T-F6).  The dates follow the published
sample: an absent date of an old document or of a citizen is an element with nil parts, elsewhere
it is nil (wire B.5).  What a section without data looks like is not decided here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from kps_soap.registry.records import (
    BlueCardPerson,
    Citizen,
    Foreigner,
    IdentityCard,
    NewBlueCard,
    NewBlueCardTemporary,
    OldBlueCard,
    OldBooklet,
    TemporaryIdentity,
)
from kps_soap.services.bilesik_kutuk_types import Version
from kps_soap.services.person_search import Persons, Wants
from kps_soap.services.shared_2011 import (
    Item,
    basics,
    citizen_basics,
    citizen_status,
    coded,
    date_or_blank,
    date_or_nil,
    registration,
)

ITEM: Final = "BilesikKutukBilgileri"
CITIZEN: Final = "TCVatandasiKisiKutukleri"
BLUE_CARD: Final = "MaviKartliKisiKutukleri"
FOREIGNER: Final = "YabanciKisiKutukleri"


@dataclass(frozen=True, slots=True)
class Reading:
    """One person's sections being read: what is known so far, and what may be read."""

    register: Any
    number: int
    persons: Persons
    wants: Wants
    version: Version

    async def photo(self, section: str, ask: Callable[[int], Awaitable[Any]]) -> bytes | None:
        """The photo of a section; not read, and so None, where nobody may have it."""
        if not self.wants(f"{section}/Fotograf"):
            return None
        found = await ask(self.number)
        return None if found is None else found.image


def _guardianship(person: Citizen | BlueCardPerson | Foreigner) -> Item:
    """Whether the person has a guardian, and of what kind (from 2024)."""
    return {
        "VeliVasiTur": coded(person.guardianship),
        "VeliVasiVar": person.guardianship is not None,
    }


def _named(document: Any) -> Item:
    return {
        "Ad": document.given_name,
        "AnneAd": document.mother_name,
        "BabaAd": document.father_name,
        "Soyad": document.surname,
    }


async def citizen(reading: Reading) -> Item | None:
    person: Citizen | None = reading.persons.citizen
    if person is None:
        return None
    found: Item = {
        "AnneTCKimlikNo": person.mother_number,
        "BabaTCKimlikNo": person.father_number,
        "DogumYerKod": person.birth_place_code,
        "DurumBilgisi": citizen_status(person),
        "EsTCKimlikNo": person.spouse_number,
        "TemelBilgisi": citizen_basics(person),
    }
    if reading.version.from_2017:
        found["AnneUstSoyBulunamadi"] = person.mother_ancestry_not_found
        found["BabaUstSoyBulunamadi"] = person.father_ancestry_not_found
    if reading.version.from_2021:
        found["OncekiYabanciKimlikNo"] = person.former_foreigner_number
    if reading.version.from_2024:
        del found["DurumBilgisi"]["Din"]
        return found | _guardianship(person)
    return found | {"KayitYeriBilgisi": registration(person.registration)}


async def temporary_identity(reading: Reading) -> Item | None:
    held: TemporaryIdentity | None = await reading.register.temporary_identity(reading.number)
    if held is None:
        return None
    found = _named(held) | {
        "BelgeNo": held.document_no,
        "Cinsiyet": coded(held.sex),
        "DogumTarih": date_or_blank(held.born),
        "DuzenlenmeTarih": date_or_nil(held.issued),
        "DuzenleyenIlce": coded(held.issuing_district),
        "OncekiSoyad": held.former_surname,
        "SonGecerlilikTarih": date_or_nil(held.expires),
    }
    if reading.version.from_2017:
        found["KanGrubu"] = coded(held.blood_group)
    if reading.version.from_2021:
        ask = reading.register.temporary_identity_photo
        found["Fotograf"] = await reading.photo(f"{ITEM}/{CITIZEN}/GeciciKimlikBilgisi", ask)
    return found


async def identity_card(reading: Reading) -> Item | None:
    held: IdentityCard | None = await reading.register.identity_card(reading.number)
    if held is None:
        return None
    found = _named(held) | {
        "Cinsiyet": coded(held.sex),
        "DogumTarih": date_or_blank(held.born),
        "SeriNo": held.serial_no,
        "SonGecerlilikTarih": date_or_nil(held.expires),
        "VerenMakam": held.authority,
    }
    if reading.version.from_2017:
        found["KanGrubu"] = coded(held.blood_group)
    if reading.version.from_2021:
        found["SurucuBelgeYuklendiMi"] = held.licence_loaded
        found["SurucuBelgeYuklenmeTarih"] = date_or_nil(held.licence_loaded_on)
    if not reading.version.from_2017:
        found["BasvuruNeden"] = coded(held.application_reason)
        found["DogumYer"] = held.birth_place
        found["KayitNo"] = held.record_no
        found["TeslimEdenBirim"] = coded(held.delivering_unit)
        found["TeslimTarih"] = date_or_nil(held.delivered)
    return found


async def identity_card_photo(reading: Reading) -> Item | None:
    section = f"{ITEM}/{CITIZEN}/TCKKFotografBilgisi"
    image = await reading.photo(section, reading.register.identity_card_photo)
    return None if image is None else {"Fotograf": image}


async def old_booklet(reading: Reading) -> Item | None:
    held: OldBooklet | None = await reading.register.old_booklet(reading.number)
    if held is None:
        return None
    return _named(held) | {
        "CuzdanKayitNo": held.record_no,
        "CuzdanVerilmeNeden": coded(held.issue_reason),
        "DogumTarih": date_or_blank(held.born),
        "DogumYer": held.birth_place,
        "No": held.serial,
        "Seri": held.series,
        "VerildigiIlce": coded(held.issuing_district),
        "VerilmeTarih": date_or_blank(held.issued),
    }


async def blue_card_person(reading: Reading) -> Item | None:
    person: BlueCardPerson | None = reading.persons.blue_card
    if person is None:
        return None
    found: Item = {
        "AnneTCKimlikNo": person.mother_number,
        "BabaTCKimlikNo": person.father_number,
        "DogumYerKod": person.birth_place_code,
        "DurumBilgisi": {
            "Durum": coded(person.status),
            "MedeniHal": coded(person.civil_status),
            "OlumTarih": date_or_blank(person.died),
        },
        "EsTCKimlikNo": person.spouse_number,
        "GercekKisiKimlikNo": person.real_person_number,
        "KazanilanTCKimlikNo": person.acquired_citizen_number,
        "TemelBilgisi": citizen_basics(person),
        "Ulke": coded(person.country),
    }
    return found | _guardianship(person) if reading.version.from_2024 else found


async def old_blue_card(reading: Reading) -> Item | None:
    held: OldBlueCard | None = await reading.register.old_blue_card(reading.number)
    if held is None:
        return None
    return _named(held) | {
        "Birim": held.unit_code,
        "Cinsiyet": coded(held.sex),
        "DogumTarih": date_or_blank(held.born),
        "DogumYer": held.birth_place,
        "DogumYerKod": held.birth_place_code,
        "KartKayitNo": held.record_no,
        "MedeniHal": coded(held.civil_status),
        "No": held.serial,
        "OncekiSoyad": held.former_surname,
        "Seri": held.series,
        "Uyruk": coded(held.nationality),
        "VerilisNeden": coded(held.issue_reason),
        "VerilmeTarih": date_or_blank(held.issued),
    }


async def new_blue_card(reading: Reading) -> Item | None:
    held: NewBlueCard | None = await reading.register.new_blue_card(reading.number)
    if held is None:
        return None
    return _named(held) | {
        "Cinsiyet": coded(held.sex),
        "DogumTarih": date_or_nil(held.born),
        "SeriNo": held.serial_no,
        "SonGecerlilikTarih": date_or_nil(held.expires),
        "Uyruk": coded(held.nationality),
        "VerenMakam": held.authority,
    }


async def new_blue_card_photo(reading: Reading) -> Item | None:
    section = f"{ITEM}/{BLUE_CARD}/YeniMaviKartFotoBilgisi"
    image = await reading.photo(section, reading.register.new_blue_card_photo)
    return None if image is None else {"Fotograf": image}


async def new_blue_card_temporary(reading: Reading) -> Item | None:
    ask = reading.register.new_blue_card_temporary
    held: NewBlueCardTemporary | None = await ask(reading.number)
    if held is None:
        return None
    section = f"{ITEM}/{BLUE_CARD}/YeniMaviKartGeciciKimlikBilgisi"
    return _named(held) | {
        "BelgeNo": held.document_no,
        "Cinsiyet": coded(held.sex),
        "DogumTarih": date_or_nil(held.born),
        "DuzenlenmeTarih": date_or_nil(held.issued),
        "DuzenleyenIlce": coded(held.issuing_district),
        "Fotograf": await reading.photo(section, reading.register.new_blue_card_temporary_photo),
        "SonGecerlilikTarih": date_or_nil(held.expires),
        "Uyruk": coded(held.nationality),
    }


async def foreigner(reading: Reading) -> Item | None:
    person: Foreigner | None = reading.persons.foreigner
    if person is None:
        return None
    found = {
        "AnneKimlikNo": person.mother_number,
        "BabaKimlikNo": person.father_number,
        "BitisTarihiBelirsizOlmaNeden": coded(person.permit_open_end_reason),
        "DogumTarih": date_or_nil(person.born),
        "DogumYerKod": person.birth_place_code,
        "DurumBilgisi": {
            "Durum": coded(person.status),
            "MedeniHal": coded(person.civil_status),
        },
        "EsKimlikNo": person.spouse_number,
        "GercekKisiKimlikNo": person.real_person_number,
        "IzinBaslangicTarih": person.permit_start,
        "IzinBitisTarih": person.permit_end,
        "IzinDuzenlenenIl": coded(person.permit_province),
        "IzinNo": person.permit_no,
        "KaynakBirim": coded(person.source_unit),
        "KazanilanTCKimlikNo": person.acquired_citizen_number,
        "OlumTarih": date_or_blank(person.died),
        "TemelBilgisi": basics(person),
        "Uyruk": coded(person.nationality),
    }
    if reading.version.from_2021:
        found["Statu"] = coded(person.standing)
    return found | _guardianship(person) if reading.version.from_2024 else found
