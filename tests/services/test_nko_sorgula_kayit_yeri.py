"""NkoSorgulaKayitYeriServis: one person by place, or a line that is not too long."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from register_samples import CITIZEN_NUMBER, NOBODY, Told, ask, citizen, contract, grant_of

from kps_soap.faults import Outcome
from kps_soap.registry.population import Persona
from kps_soap.registry.records import Citizen, Registration
from kps_soap.registry.store import Register
from kps_soap.services.nko_sorgula_kayit_yeri import LINE_MAX

SERVICE = contract("NkoSorgulaKayitYeriServis", "1")
EXTRACT = "SorgulaResult/SorguSonucu/Nko"
PERSON = f"{EXTRACT}/Kisiler/NkoKisi"
ITEM = "NkoKayitYeriSorguKriteri"


def criterion(**members: Any) -> str:
    """A criterion of these members, in the schema's order."""
    said = {name: members[name] for name in sorted(members) if members[name] is not None}
    inner = "".join(f"<{name}>{str(value).lower()}</{name}>" for name, value in said.items())
    kind = members.get("NKOTipi")
    return inner.replace(f">{str(kind).lower()}<", f">{kind}<") if kind else inner


def request(*criteria: str) -> str:
    inner = "".join(f"<{ITEM}>{one}</{ITEM}>" for one in criteria)
    return f"<kriterListesi>{inner}</kriterListesi>"


def place_of(register: Register, persona: Persona) -> dict[str, int]:
    """The place at which a persona stands, as the members of a criterion."""
    person = asyncio.run(register.citizen(persona.identity_number))
    assert person is not None and person.registration is not None
    return members_of(person.registration)


def members_of(place: Registration) -> dict[str, int]:
    return {
        "AileSiraNo": place.family_no,
        "BireySiraNo": place.member_no,
        "CiltKod": place.volume.code,
        "IlceKod": place.district.code,
    }


def names(told: Told) -> list[str | None]:
    return told.texts(f"{PERSON}/TemelBilgisi/Ad")


def test_a_place_names_one_person_whose_extract_is_that_by_number(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    said = criterion(**place_of(persona_register, personas[0]), NKOTipi="AileKayitOrnek")
    told = ask(SERVICE, request(said), persona_register)
    assert names(told) == ["MEHMET", "AYŞE", "ZEYNEP", "EYMEN"]
    assert told.text(f"{EXTRACT}/NkoTuru/Kod") == "2"
    assert told.texts(f"{PERSON}/YakinlikKod/Aciklama") == ["Kendisi", "Eşi", "Kızı", "Oğlu"]
    assert told.enquiry.persons == [personas[index].identity_number for index in range(4)]
    assert (told.enquiry.units, told.enquiry.records) == (1, 4)
    assert told.is_nil(f"{EXTRACT}/Olaylar")


def test_the_closed_record_of_a_dead_person_is_found_at_its_place(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    said = criterion(**place_of(persona_register, personas[5]), Vukuatli=True)
    told = ask(SERVICE, request(said), persona_register)
    assert told.enquiry.outcomes == [Outcome.CLOSED]
    kinds = told.texts(f"{EXTRACT}/Olaylar/NkoOlay/OlayTipi/Aciklama")
    assert kinds == ["Doğum", "Evlenme", "Ölüm"]


def test_a_line_is_everybody_in_it_and_nobodys_kin(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    place = place_of(persona_register, personas[37]) | {"BireySiraNo": None}
    told = ask(SERVICE, request(criterion(**place, NKOTipi="AileKayitOrnek")), persona_register)
    assert names(told) == ["TUNCAY", "KEREM"]
    assert told.texts(f"{PERSON}/KayitYeriBilgisi/BireySiraNo") == ["1", "2"]
    assert told.texts(f"{PERSON}/YakinlikKod/Kod") == []
    assert told.is_nil(f"{EXTRACT}/NkoTuru")
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.enquiry.records == 2


def test_a_line_shows_the_marriages_of_its_members_where_they_are_granted(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    place = place_of(persona_register, personas[6]) | {"BireySiraNo": None}
    married = f"{PERSON}/KisiOlayTarihBilgisi/EvlenmeTarih/Yil"
    said = request(criterion(**place, Vukuatli=True))
    told = ask(SERVICE, said, persona_register)
    assert names(told) == ["HASAN", "EMİNE"]
    assert told.texts(married) == ["1974", "1974"]
    before = persona_register.lookups
    bare = ask(SERVICE, said, persona_register, grant=grant_of(SERVICE, "Nko/Kisiler/TCKimlikNo"))
    assert persona_register.lookups - before == 1
    assert len(bare.texts(f"{PERSON}/TCKimlikNo")) == 2


@pytest.mark.parametrize("missing", ["AileSiraNo", "CiltKod", "IlceKod"])
def test_a_place_without_one_of_its_parts_is_no_criterion(
    persona_register: Register, personas: Sequence[Persona], missing: str
) -> None:
    place = place_of(persona_register, personas[0]) | {missing: None}
    told = ask(SERVICE, request(criterion(**place)), persona_register)
    assert told.enquiry.outcomes == [Outcome.MISSING]
    assert told.text(f"{EXTRACT}/HataBilgisi/Kod") == "10"
    assert told.enquiry.units == 0


def test_a_place_where_nobody_stands_is_not_found(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    place = place_of(persona_register, personas[0])
    said = request(
        criterion(**place | {"BireySiraNo": 9999}),
        criterion(**place | {"BireySiraNo": None, "AileSiraNo": 99999}),
        criterion(**place | {"IlceKod": -(2**31)}),
        criterion(**place),
    )
    told = ask(SERVICE, said, persona_register)
    assert told.enquiry.outcomes == [*[Outcome.NOT_FOUND] * 3, Outcome.OK]
    assert told.texts(f"{EXTRACT}/HataBilgisi/Kod") == ["2", "2", "2"]
    assert told.enquiry.units == 4


# Lines that no small population has


class Line:
    """A register of one line; what was asked of it is remembered."""

    def __init__(self, people: Sequence[Citizen]) -> None:
        self.families = self
        self._people = people
        self.asked: list[str] = []

    async def line(self, *_place: int, most: int) -> Sequence[Citizen]:
        self.asked.append("line")
        return self._people[:most]

    async def at_place(self, *_place: int) -> Sequence[Citizen]:
        self.asked.append("at_place")
        return self._people

    async def marriages(self, _number: int) -> Sequence[Any]:
        return ()

    def kinship(self, _kinship: Any) -> None:
        return None

    def extract_kind(self, _kind: Any) -> None:
        return None


def members(count: int) -> list[Citizen]:
    return [citizen(number=CITIZEN_NUMBER + place) for place in range(count)]


PLACE: dict[str, Any] = {"AileSiraNo": 1, "CiltKod": 2, "IlceKod": 90001}


def ask_line(count: int, **how: Any) -> Told:
    register: Any = Line(members(count))
    return ask(SERVICE, request(criterion(**PLACE)), register, **how)


def test_the_longest_line_is_shown_and_a_longer_one_must_be_asked_for_by_member() -> None:
    told = ask_line(LINE_MAX)
    assert len(names(told)) == LINE_MAX
    assert told.enquiry.records == LINE_MAX
    longer = ask_line(LINE_MAX + 1)
    assert longer.enquiry.outcomes == [Outcome.SEVERAL]
    assert longer.text(f"{EXTRACT}/HataBilgisi/Kod") == "2"
    assert longer.is_nil(f"{EXTRACT}/Kisiler")
    assert longer.enquiry.persons == []


def test_a_place_at_which_two_stand_shows_neither() -> None:
    register: Any = Line(members(2))
    told = ask(SERVICE, request(criterion(**PLACE, BireySiraNo=1)), register)
    assert told.enquiry.outcomes == [Outcome.SEVERAL]
    assert told.is_nil(f"{EXTRACT}/Kisiler")


class Roster:
    """Does not hold one number, and remembers what was asked."""

    def __init__(self, missing: int = NOBODY) -> None:
        self._missing = missing
        self.asked: list[list[int]] = []

    async def __call__(self, numbers: Sequence[int]) -> frozenset[int]:
        self.asked.append(list(numbers))
        return frozenset(numbers) & {self._missing}


def test_a_line_with_a_member_whose_records_the_institution_does_not_keep_is_not_shown() -> None:
    told = ask_line(3, unrelated=Roster(CITIZEN_NUMBER + 2))
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]
    assert told.text(f"{EXTRACT}/HataBilgisi/Kod") == "2"
    assert told.enquiry.persons == []
    assert ask_line(2, unrelated=Roster(CITIZEN_NUMBER + 2)).enquiry.outcomes == [Outcome.OK]


@pytest.mark.parametrize("count", [0, 1, LINE_MAX + 1])
def test_the_roster_is_asked_whatever_was_found(count: int) -> None:
    roster = Roster()
    told = ask_line(count, unrelated=roster)
    assert roster.asked == ([[CITIZEN_NUMBER]] if count == 1 else [[0]])
    assert told.enquiry.register.asked == ["line"]  # type: ignore[attr-defined]
