"""The sections of the combined register: what is read for each, and how a record becomes one.

A section with a photo in it is the place where most care is needed: a photo that is not granted
is not read at all (T-F6).  The dates follow the published sample: an absent date of an old
document or of a citizen is an element with nil parts, elsewhere it is nil (wire B.5).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from kps_soap.faults import PUBLISHED_NOTES
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
    NO_RECORD,
    Item,
    Note,
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

_NOT_READ: Final[Note] = {"Aciklama": PUBLISHED_NOTES[8], "Kod": 8}


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


Read = Callable[[Reading], Awaitable[Item | None]]


@dataclass(frozen=True, slots=True)
class Section:
    """One member of a container: its value of ``DoluBilesenler`` and how it is read."""

    part: str
    container: str
    name: str
    read: Read
    from_2023: bool = False
    photo_only: bool = False

    @property
    def path(self) -> str:
        return f"{ITEM}/{self.container}/{self.name}"

    @property
    def number_name(self) -> str:
        return "TCKimlikNo" if self.container == CITIZEN else "KimlikNo"

    def without_data(self, number: int | None, wants: Wants) -> Item:
        """All members nil but the number that was asked and the note (wire B.5).

        A section that is nothing but a photo says "not allowed" for everyone where the photo
        may not be had: nobody looks whether there is one.
        """
        blind = self.photo_only and not wants(f"{self.path}/Fotograf")
        return {"HataBilgisi": _NOT_READ if blind else NO_RECORD, self.number_name: number}


def _named(document: Any) -> Item:
    return {
        "Ad": document.given_name,
        "AnneAd": document.mother_name,
        "BabaAd": document.father_name,
        "Soyad": document.surname,
    }


async def _citizen(reading: Reading) -> Item | None:
    person: Citizen | None = reading.persons.citizen
    if person is None:
        return None
    found = {
        "AnneTCKimlikNo": person.mother_number,
        "BabaTCKimlikNo": person.father_number,
        "DogumYerKod": person.birth_place_code,
        "DurumBilgisi": citizen_status(person),
        "EsTCKimlikNo": person.spouse_number,
        "KayitYeriBilgisi": registration(person.registration),
        "TemelBilgisi": citizen_basics(person),
    }
    if reading.version.from_2021:
        found["AnneUstSoyBulunamadi"] = person.mother_ancestry_not_found
        found["BabaUstSoyBulunamadi"] = person.father_ancestry_not_found
        found["OncekiYabanciKimlikNo"] = person.former_foreigner_number
    return found


async def _temporary_identity(reading: Reading) -> Item | None:
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
    if reading.version.from_2021:
        found["KanGrubu"] = coded(held.blood_group)
        ask = reading.register.temporary_identity_photo
        found["Fotograf"] = await reading.photo(f"{ITEM}/{CITIZEN}/GeciciKimlikBilgisi", ask)
    return found


async def _identity_card(reading: Reading) -> Item | None:
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
    if reading.version.from_2021:
        found["KanGrubu"] = coded(held.blood_group)
        found["SurucuBelgeYuklendiMi"] = held.licence_loaded
        found["SurucuBelgeYuklenmeTarih"] = date_or_nil(held.licence_loaded_on)
    else:
        found["BasvuruNeden"] = coded(held.application_reason)
        found["DogumYer"] = held.birth_place
        found["KayitNo"] = held.record_no
        found["TeslimEdenBirim"] = coded(held.delivering_unit)
        found["TeslimTarih"] = date_or_nil(held.delivered)
    return found


async def _identity_card_photo(reading: Reading) -> Item | None:
    section = f"{ITEM}/{CITIZEN}/TCKKFotografBilgisi"
    image = await reading.photo(section, reading.register.identity_card_photo)
    return None if image is None else {"Fotograf": image}


async def _old_booklet(reading: Reading) -> Item | None:
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


async def _blue_card_person(reading: Reading) -> Item | None:
    person: BlueCardPerson | None = reading.persons.blue_card
    if person is None:
        return None
    return {
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


async def _old_blue_card(reading: Reading) -> Item | None:
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


async def _new_blue_card(reading: Reading) -> Item | None:
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


async def _new_blue_card_photo(reading: Reading) -> Item | None:
    section = f"{ITEM}/{BLUE_CARD}/YeniMaviKartFotoBilgisi"
    image = await reading.photo(section, reading.register.new_blue_card_photo)
    return None if image is None else {"Fotograf": image}


async def _new_blue_card_temporary(reading: Reading) -> Item | None:
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


async def _foreigner(reading: Reading) -> Item | None:
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
    return found


#: Every section, in the order of the values of ``DoluBilesenler`` (wire C.2).
_SECTIONS: Final = (
    Section("TCKisiBilgisi", CITIZEN, "KisiBilgisi", _citizen),
    Section("TCKKGeciciKimlikBilgisi", CITIZEN, "GeciciKimlikBilgisi", _temporary_identity),
    Section("TCKKBilgisi", CITIZEN, "TCKKBilgisi", _identity_card),
    Section(
        "TCKKFotoBilgisi",
        CITIZEN,
        "TCKKFotografBilgisi",
        _identity_card_photo,
        photo_only=True,
    ),
    Section("NufusCuzdaniBilgisi", CITIZEN, "NufusCuzdaniBilgisi", _old_booklet),
    Section("MaviKartliKisiBilgisi", BLUE_CARD, "KisiBilgisi", _blue_card_person),
    Section("MaviKartBilgisi", BLUE_CARD, "MaviKartBilgisi", _old_blue_card),
    Section("YabanciKisiBilgisi", FOREIGNER, "KisiBilgisi", _foreigner),
    Section(
        "YeniMaviKartGeciciKimlikBilgisi",
        BLUE_CARD,
        "YeniMaviKartGeciciKimlikBilgisi",
        _new_blue_card_temporary,
        from_2023=True,
    ),
    Section(
        "YeniMaviKartBilgisi", BLUE_CARD, "YeniMaviKartBilgisi", _new_blue_card, from_2023=True
    ),
    Section(
        "YeniMaviKartFotoBilgisi",
        BLUE_CARD,
        "YeniMaviKartFotoBilgisi",
        _new_blue_card_photo,
        from_2023=True,
        photo_only=True,
    ),
)


def sections_of(version: Version) -> tuple[Section, ...]:
    """The sections that a dated version has."""
    return tuple(one for one in _SECTIONS if version.from_2023 or not one.from_2023)


def empty_record(
    sections: tuple[Section, ...], number: int | None, note: Note | None, wants: Wants
) -> Item:
    """The record of a criterion for which nobody is shown: every section without data."""
    found: Item = {"HataBilgisi": note, "KimlikNo": number}
    for section in sections:
        container = found.setdefault(section.container, {"HataBilgisi": NO_RECORD})
        container[section.name] = section.without_data(number, wants)
    return found


async def full_record(sections: tuple[Section, ...], reading: Reading) -> Item:
    """The record of a person who is shown.  Sections that nobody may have are not read."""
    persons, number, wants = reading.persons, reading.number, reading.wants
    held = {
        CITIZEN: persons.citizen is not None,
        BLUE_CARD: persons.blue_card is not None,
        FOREIGNER: persons.foreigner is not None,
    }
    found: Item = {"KimlikNo": number}
    for section in sections:
        note = None if held[section.container] else NO_RECORD
        container = found.setdefault(section.container, {"HataBilgisi": note})
        may_be_read = held[section.container] and wants(section.path)
        data = await section.read(reading) if may_be_read else None
        if data is None:
            data = section.without_data(number, wants)
        else:
            data[section.number_name] = number
        container[section.name] = data
    return found
