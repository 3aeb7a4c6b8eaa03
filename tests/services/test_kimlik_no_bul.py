"""KimlikNoBulServis: exactly one person, or nothing that tells why."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from register_samples import FakeRegister, Told, ask, contract, grant_of

from kps_soap.faults import Outcome
from kps_soap.registry.finding import Namesake
from kps_soap.registry.population import Persona
from kps_soap.registry.records import Coded, PartialDate
from kps_soap.registry.store import Register

SERVICE = contract("KimlikNoBulServis", "1")
FOUND = "BulResult/SorguSonucu/BulunanKimlik"
NUMBER, OTHER = 10000000214, 10000000382
BORN = PartialDate(4, 3, 1985)
RIGHT: dict[str, Any] = {
    "Ad": "ipek  naz",
    "AnneAd": "Gülsüm",
    "BabaAd": None,
    "DogumAy": 3,
    "DogumGun": 4,
    "DogumYer": None,
    "DogumYil": 1985,
    "Soyad": "şablonoğlu",
    "SoyadYok": None,
}


def person(number: int = NUMBER, **changes: Any) -> Namesake:
    members: dict[str, Any] = {
        "number": number,
        "given_name": "İPEK NAZ",
        "surname": "ŞABLONOĞLU",
        "mother_name": "GÜLSÜM",
        "father_name": "KÂZIM",
        "born": BORN,
        "birth_place": "ÖRNEKKÖY",
        "status": Coded(1, "Açık"),
        "closed": False,
        "leads_to": None,
    }
    return Namesake(**members | changes)


@dataclass
class FakeFinding:
    """Everybody of one day, and what was searched for."""

    people: tuple[Namesake, ...]
    asked: list[tuple[PartialDate, str | None]] = field(default_factory=list)

    async def born(self, born: PartialDate, surname: str | None = None) -> list[Namesake]:
        self.asked.append((born, surname))
        there = (one for one in self.people if one.born == born)
        return [one for one in there if surname in (None, one.surname)]


def request(**changes: Any) -> str:
    members = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in (RIGHT | changes).items()
        if value is not None
    )
    return f"<kriterListesi><KimlikNoBulKriteri>{members}</KimlikNoBulKriteri></kriterListesi>"


def search(*people: Namesake, how: Any = None, **said: Any) -> Told:
    return search_in(FakeFinding(people), how=how, **said)


def search_in(finding: FakeFinding, *, how: Any = None, **said: Any) -> Told:
    register = FakeRegister()
    register.finding = finding  # type: ignore[attr-defined]
    return ask(SERVICE, request(**said), register, **(how or {}))


def unrelated(*strangers: int) -> Callable[[Sequence[int]], Awaitable[frozenset[int]]]:
    async def stage(numbers: Sequence[int]) -> frozenset[int]:
        return frozenset(numbers) & frozenset(strangers)

    return stage


def test_the_one_person_is_shown_by_number_and_status() -> None:
    told = search(person(), person(OTHER, mother_name="AYŞE"))
    assert told.text(f"{FOUND}/KimlikNo") == str(NUMBER)
    assert told.text(f"{FOUND}/Durum/Kod") == "1"
    assert told.is_nil(f"{FOUND}/HataBilgisi")
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.enquiry.units == 1


def test_whoever_is_shown_is_found_by_who_asks_who_saw_my_data() -> None:
    assert search(person()).enquiry.persons == [NUMBER]
    assert search(person(), person(OTHER)).enquiry.persons == []
    assert search().enquiry.persons == []


def test_nobody_several_and_a_stranger_are_the_same_bytes() -> None:
    nobody, several = search(), search(person(), person(OTHER))
    stranger = search(person(), how={"unrelated": unrelated(NUMBER)})
    assert nobody.payload == several.payload == stranger.payload
    assert nobody.text(f"{FOUND}/HataBilgisi/Kod") == "2"
    assert nobody.is_nil(f"{FOUND}/KimlikNo")
    assert [told.enquiry.outcomes for told in (nobody, several, stranger)] == [
        [Outcome.NOT_FOUND],
        [Outcome.SEVERAL],
        [Outcome.NOT_FOUND],
    ]
    assert [told.enquiry.units for told in (nobody, several, stranger)] == [1, 1, 1]
    assert stranger.enquiry.persons == []


def test_the_roster_is_looked_at_whoever_was_found() -> None:
    looked: list[int] = []

    async def unrelated_to_nobody(numbers: Sequence[int]) -> frozenset[int]:
        looked.extend(numbers)
        return frozenset()

    for people in ((person(),), (person(), person(OTHER)), ()):
        search(*people, how={"unrelated": unrelated_to_nobody})
    assert looked == [NUMBER, 0, 0]


def test_a_person_whose_records_the_institution_keeps_is_shown() -> None:
    told = search(person(), how={"unrelated": unrelated(OTHER)})
    assert told.text(f"{FOUND}/KimlikNo") == str(NUMBER)


@pytest.mark.parametrize(
    "missing",
    [
        {"Ad": None},
        {"Ad": " "},
        {"Soyad": None},
        {"Soyad": None, "SoyadYok": "false"},
        {"DogumGun": None},
        {"DogumGun": 0},
        {"DogumAy": 0},
        {"DogumYil": 0},
        {"AnneAd": None},
        {"AnneAd": "", "BabaAd": " "},
    ],
    ids=str,
)
def test_less_than_the_least_is_refused_and_searches_nothing(missing: dict[str, Any]) -> None:
    finding = FakeFinding((person(),))
    told = search_in(finding, **missing)
    assert told.text(f"{FOUND}/HataBilgisi/Kod") == "10"
    assert told.enquiry.outcomes == [Outcome.MISSING]
    assert told.enquiry.units == 0
    assert finding.asked == []


def test_an_impossible_date_searches_nothing() -> None:
    finding = FakeFinding((person(),))
    told = search_in(finding, DogumGun=31, DogumAy=2)
    assert told.enquiry.outcomes == [Outcome.BAD_DATE]
    assert finding.asked == []


@pytest.mark.parametrize(
    "enough",
    [
        {},
        {"AnneAd": None, "BabaAd": "KÂZIM"},
        {"AnneAd": None, "DogumYer": "örnekköy"},
        {"BabaAd": "kâzım", "DogumYer": "ÖRNEKKÖY"},
    ],
    ids=str,
)
def test_a_parent_or_the_birth_place_is_enough(enough: dict[str, Any]) -> None:
    assert search(person(), **enough).text(f"{FOUND}/KimlikNo") == str(NUMBER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Ad": "İPEK"},
        {"Soyad": "ŞABLON"},
        {"AnneAd": "AYŞE"},
        {"BabaAd": "AHMET"},
        {"DogumYer": "BAŞKAKÖY"},
        {"DogumYil": 1986},
        {"SoyadYok": "true"},
        {"SoyadYok": "true", "Soyad": None},
    ],
    ids=str,
)
def test_everything_that_is_said_must_be_right(wrong: dict[str, Any]) -> None:
    assert search(person(), **wrong).enquiry.outcomes == [Outcome.NOT_FOUND]


def test_what_the_register_does_not_know_matches_nothing_that_is_said() -> None:
    fatherless = person(father_name=None)
    assert search(fatherless).enquiry.outcomes == [Outcome.OK]
    assert search(fatherless, BabaAd="KÂZIM").enquiry.outcomes == [Outcome.NOT_FOUND]


def test_who_has_no_surname_is_found_by_saying_so() -> None:
    nameless = person(surname=None)
    told = search(nameless, person(OTHER), Soyad=None, SoyadYok="true")
    assert told.text(f"{FOUND}/KimlikNo") == str(NUMBER)


def test_the_database_searches_the_surname_only_where_spelling_is_exact() -> None:
    exact, loose = FakeFinding((person(),)), FakeFinding((person(surname="ŞABLON-OĞLU"),))
    search_in(exact)
    assert exact.asked == [(BORN, "ŞABLONOĞLU")]
    told = search_in(loose, Soyad="şablon oğlu", how={"name_matching": "DUZELTMELI"})
    assert loose.asked == [(BORN, None)]
    assert told.enquiry.outcomes == [Outcome.OK]


def test_the_dead_are_found_and_told_to_be_dead() -> None:
    told = search(person(status=Coded(3, "Ölüm"), closed=True))
    assert told.text(f"{FOUND}/KimlikNo") == str(NUMBER)
    assert told.text(f"{FOUND}/Durum/Kod") == "3"
    assert told.enquiry.outcomes == [Outcome.CLOSED]


def test_a_record_that_leads_to_another_number_is_nobody() -> None:
    former = person(OTHER, closed=True, leads_to=NUMBER)
    assert search(person(), former).text(f"{FOUND}/KimlikNo") == str(NUMBER)
    assert search(former).enquiry.outcomes == [Outcome.NOT_FOUND]


def test_two_records_of_one_number_are_one_person() -> None:
    closed = person(status=Coded(2, "Kapalı"), closed=True)
    told = search(closed, person())
    assert told.text(f"{FOUND}/Durum/Kod") == "1"
    assert told.enquiry.outcomes == [Outcome.OK]


def test_the_status_is_shown_to_whom_it_is_granted() -> None:
    told = search(person(), how={"grant": grant_of(SERVICE, "BulunanKimlik/KimlikNo")})
    assert told.is_nil(f"{FOUND}/Durum")
    assert told.text(f"{FOUND}/KimlikNo") == str(NUMBER)


# The golden personas


def said_of(persona: Persona, **more: Any) -> dict[str, Any]:
    return {
        "Ad": persona.given_name,
        "DogumAy": persona.born.month,
        "DogumGun": persona.born.day,
        "DogumYil": persona.born.year,
        "Soyad": persona.surname,
        "SoyadYok": "true" if persona.surname is None else None,
        "AnneAd": None,
        **more,
    }


@pytest.fixture
def record(
    persona_register: Register, personas: tuple[Persona, ...]
) -> Callable[[int], dict[str, Any]]:
    """Everything said of a persona, parents and birth place included."""

    def said(index: int) -> dict[str, Any]:
        persona = personas[index]
        people = asyncio.run(persona_register.finding.born(persona.born))
        one = next(found for found in people if found.number == persona.identity_number)
        names = {"AnneAd": one.mother_name, "BabaAd": one.father_name, "DogumYer": one.birth_place}
        return said_of(persona, **names)

    return said


@pytest.mark.parametrize("index", [0, 5, 8, 9, 10, 13, 17, 20, 22, 42, 43, 46, 47, 49, 50, 57, 61])
def test_a_persona_is_found_by_what_the_register_holds(
    index: int,
    record: Callable[[int], dict[str, Any]],
    persona_register: Register,
    personas: tuple[Persona, ...],
) -> None:
    told = ask(SERVICE, request(**record(index)), persona_register)
    assert told.text(f"{FOUND}/KimlikNo") == str(personas[index].identity_number)
    assert told.enquiry.outcomes[0] in (Outcome.OK, Outcome.CLOSED)


@pytest.mark.parametrize(
    ("index", "outcome"),
    [
        (41, Outcome.NOT_FOUND),
        (11, Outcome.MISSING),
        (12, Outcome.MISSING),
    ],
)
def test_a_persona_who_is_not_one_person_alone_is_not_found(
    index: int,
    outcome: Outcome,
    record: Callable[[int], dict[str, Any]],
    persona_register: Register,
) -> None:
    told = ask(SERVICE, request(**record(index)), persona_register)
    assert told.enquiry.outcomes == [outcome]
    assert told.is_nil(f"{FOUND}/KimlikNo")


@pytest.mark.parametrize("index", [58, 59, 60])
def test_three_personas_of_one_name_parents_and_date_are_several(
    index: int, record: Callable[[int], dict[str, Any]], persona_register: Register
) -> None:
    told = ask(SERVICE, request(**record(index) | {"DogumYer": None}), persona_register)
    assert told.enquiry.outcomes == [Outcome.SEVERAL]
    assert told.is_nil(f"{FOUND}/KimlikNo")


def test_a_persona_entered_twice_is_found_by_the_record_that_lives_on(
    record: Callable[[int], dict[str, Any]],
    persona_register: Register,
    personas: tuple[Persona, ...],
) -> None:
    told = ask(SERVICE, request(**record(55)), persona_register)
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.text(f"{FOUND}/KimlikNo") != str(personas[55].identity_number)


def test_every_search_costs_the_same_questions(
    record: Callable[[int], dict[str, Any]], persona_register: Register
) -> None:
    costs = set()
    for said in (record(0), record(58), record(43), record(0) | {"Ad": "YOK"}):
        before = persona_register.lookups
        ask(SERVICE, request(**said), persona_register)
        costs.add(persona_register.lookups - before)
    assert costs == {3}
