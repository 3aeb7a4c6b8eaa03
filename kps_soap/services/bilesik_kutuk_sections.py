"""The sections of the combined register: which there are, and what one without data looks like.

A section that is nothing but a photo says "not allowed" to whoever may not have the photo, and
nobody looks whether there is one.  In 2024 an empty section has the elements that the captured
answer of that version shows, and a container no note of its own (wire C.2); before, it has
nothing but its note and the number.  How a record becomes a section's members is not decided
here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from kps_soap.faults import PUBLISHED_NOTES
from kps_soap.services import bilesik_kutuk_readers as readers
from kps_soap.services.bilesik_kutuk_readers import (
    BLUE_CARD,
    CITIZEN,
    FOREIGNER,
    ITEM,
    Reading,
)
from kps_soap.services.bilesik_kutuk_types import Version
from kps_soap.services.person_search import Wants
from kps_soap.services.shared_2011 import NO_RECORD, Item, Note

_NOT_READ: Final[Note] = {"Aciklama": PUBLISHED_NOTES[8], "Kod": 8}

#: A date, or a group of members, that is there without a value.
_NILS: Final[Item] = {}
_EMPTY_BIRTH: Final[Item] = {"DogumTarih": _NILS}
_EMPTY_OLD_CARD: Final[Item] = {"DogumTarih": _NILS, "VerilmeTarih": _NILS}
_EMPTY_PERSON: Final[Item] = {
    "DurumBilgisi": {"OlumTarih": _NILS},
    "TemelBilgisi": _EMPTY_BIRTH,
}
_EMPTY_FOREIGNER: Final[Item] = {
    "DurumBilgisi": _NILS,
    "OlumTarih": _NILS,
    "TemelBilgisi": _NILS,
}

Read = Callable[[Reading], Awaitable[Item | None]]


@dataclass(frozen=True, slots=True)
class Section:
    """One member of a container: its value of ``DoluBilesenler`` and how it is read.

    ``empty`` is what stands in it without data from 2024 on, beside the note and the number.
    """

    part: str
    container: str
    name: str
    read: Read
    from_2023: bool = False
    photo_only: bool = False
    empty: Item = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{ITEM}/{self.container}/{self.name}"

    @property
    def number_name(self) -> str:
        return "TCKimlikNo" if self.container == CITIZEN else "KimlikNo"

    def without_data(self, version: Version, number: int | None, wants: Wants) -> Item:
        """All members nil but the number that was asked and the note (wire B.5)."""
        blind = self.photo_only and not wants(f"{self.path}/Fotograf")
        found: Item = {
            "HataBilgisi": _NOT_READ if blind else NO_RECORD,
            self.number_name: number,
        }
        return found | self.empty if version.from_2024 else found


#: Every section, in the order of the values of ``DoluBilesenler`` (wire C.2).
_SECTIONS: Final = (
    Section("TCKisiBilgisi", CITIZEN, "KisiBilgisi", readers.citizen, empty=_EMPTY_PERSON),
    Section(
        "TCKKGeciciKimlikBilgisi",
        CITIZEN,
        "GeciciKimlikBilgisi",
        readers.temporary_identity,
        empty=_EMPTY_BIRTH,
    ),
    Section(
        "TCKKBilgisi",
        CITIZEN,
        "TCKKBilgisi",
        readers.identity_card,
        empty=_EMPTY_BIRTH | {"SurucuBelgeYuklendiMi": False},
    ),
    Section(
        "TCKKFotoBilgisi",
        CITIZEN,
        "TCKKFotografBilgisi",
        readers.identity_card_photo,
        photo_only=True,
    ),
    Section(
        "NufusCuzdaniBilgisi",
        CITIZEN,
        "NufusCuzdaniBilgisi",
        readers.old_booklet,
        empty=_EMPTY_OLD_CARD,
    ),
    Section(
        "MaviKartliKisiBilgisi",
        BLUE_CARD,
        "KisiBilgisi",
        readers.blue_card_person,
        empty=_EMPTY_PERSON,
    ),
    Section(
        "MaviKartBilgisi",
        BLUE_CARD,
        "MaviKartBilgisi",
        readers.old_blue_card,
        empty=_EMPTY_OLD_CARD,
    ),
    Section(
        "YabanciKisiBilgisi",
        FOREIGNER,
        "KisiBilgisi",
        readers.foreigner,
        empty=_EMPTY_FOREIGNER,
    ),
    Section(
        "YeniMaviKartGeciciKimlikBilgisi",
        BLUE_CARD,
        "YeniMaviKartGeciciKimlikBilgisi",
        readers.new_blue_card_temporary,
        from_2023=True,
        empty=_EMPTY_BIRTH,
    ),
    Section(
        "YeniMaviKartBilgisi",
        BLUE_CARD,
        "YeniMaviKartBilgisi",
        readers.new_blue_card,
        from_2023=True,
    ),
    Section(
        "YeniMaviKartFotoBilgisi",
        BLUE_CARD,
        "YeniMaviKartFotoBilgisi",
        readers.new_blue_card_photo,
        from_2023=True,
        photo_only=True,
    ),
)


@cache
def sections_of(version: Version) -> tuple[Section, ...]:
    """The sections that a dated version has."""
    return tuple(one for one in _SECTIONS if version.from_2023 or not one.from_2023)


def _container_note(version: Version, *, held: bool) -> Note | None:
    return None if held or version.from_2024 else NO_RECORD


def empty_record(version: Version, number: int | None, note: Note | None, wants: Wants) -> Item:
    """The record of a criterion for which nobody is shown: every section without data."""
    found: Item = {"HataBilgisi": note, "KimlikNo": number}
    for section in sections_of(version):
        container = found.setdefault(
            section.container, {"HataBilgisi": _container_note(version, held=False)}
        )
        container[section.name] = section.without_data(version, number, wants)
    return found


async def full_record(reading: Reading) -> Item:
    """The record of a person who is shown.  Sections that nobody may have are not read."""
    persons, number, wants = reading.persons, reading.number, reading.wants
    version = reading.version
    held = {
        CITIZEN: persons.citizen is not None,
        BLUE_CARD: persons.blue_card is not None,
        FOREIGNER: persons.foreigner is not None,
    }
    found: Item = {"KimlikNo": number}
    for section in sections_of(version):
        note = _container_note(version, held=held[section.container])
        container = found.setdefault(section.container, {"HataBilgisi": note})
        may_be_read = held[section.container] and wants(section.path)
        data = await section.read(reading) if may_be_read else None
        if data is None:
            data = section.without_data(version, number, wants)
        else:
            data[section.number_name] = number
        container[section.name] = data
    return found
