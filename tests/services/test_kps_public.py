"""KPSPublic: four data are one person's, or the answer is false."""

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FOREIGNER_NUMBER,
    NOBODY,
    FakeRegister,
    ask,
    citizen,
    contract,
)

from kps_soap.faults import Outcome
from kps_soap.registry.records import Citizen, PartialDate

SERVICE = contract("KPSPublic", "WS")


def verify(
    person: Citizen | None = None,
    *,
    number: int = CITIZEN_NUMBER,
    name: str | None = "İPEK NAZ",
    surname: str | None = "ŞABLONOĞLU",
    year: int = 1985,
    level: str = "TAM",
) -> str | None:
    register = FakeRegister({"citizen": person or citizen()})
    ad = "" if name is None else f"<Ad>{name}</Ad>"
    soyad = "" if surname is None else f"<Soyad>{surname}</Soyad>"
    request = f"<TCKimlikNo>{number}</TCKimlikNo>{ad}{soyad}<DogumYili>{year}</DogumYili>"
    return ask(SERVICE, request, register, name_matching=level).text("TCKimlikNoDogrulaResult")


def test_the_right_four_data_are_true() -> None:
    assert verify() == "true"


@pytest.mark.parametrize("name", ["ipek naz", "  İpek   Naz ", "i̇pek naz"])
def test_case_and_blanks_of_a_name_are_forgiven_as_turkish_has_them(name: str) -> None:
    assert verify(name=name) == "true"


@pytest.mark.parametrize("name", ["İPEK", "IPEK NAZ", "NAZ İPEK", "", None, "İPEK NAZ X"])
def test_every_given_name_must_be_there(name: str | None) -> None:
    assert verify(name=name) == "false"


@pytest.mark.parametrize("surname", ["SABLONOGLU", "", None, "ŞABLON"])
def test_another_surname_is_false(surname: str | None) -> None:
    assert verify(surname=surname) == "false"


@pytest.mark.parametrize("year", [1984, 1986, 0, -1985])
def test_another_year_is_false(year: int) -> None:
    assert verify(year=year) == "false"


@pytest.mark.parametrize("number", [NOBODY, FOREIGNER_NUMBER, 10000000215, 0, -1])
def test_another_number_is_false(number: int) -> None:
    assert verify(number=number) == "false"


def test_an_impossible_number_is_not_looked_up() -> None:
    register = FakeRegister()
    told = ask(SERVICE, "<TCKimlikNo>12345678901</TCKimlikNo><DogumYili>1</DogumYili>", register)
    assert register.asked == []
    assert told.enquiry.outcomes == [Outcome.BAD_NUMBER]


def test_a_circumflex_is_forgiven_where_the_agreement_says_so() -> None:
    person = citizen(given_name="KÂZIM")
    assert verify(person, name="KAZIM") == "false"
    assert verify(person, name="KAZIM", level="DUZELTMELI") == "true"


def test_who_has_no_surname_is_verified_without_one() -> None:
    person = citizen(surname=None)
    assert verify(person, surname=None) == "true"
    assert verify(person, surname=" ") == "true"
    assert verify(person, surname="ŞABLONOĞLU") == "false"


def test_an_unknown_birth_year_matches_nothing() -> None:
    assert verify(citizen(born=PartialDate(None, None, None)), year=0) == "false"


def test_a_closed_record_still_verifies() -> None:
    assert verify(citizen(closed=True)) == "true"
