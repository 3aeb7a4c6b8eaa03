"""KimlikDogrulaServis: matched or not matched, and nothing of the person (§5.1, H16b)."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FOREIGNER_NUMBER,
    NOBODY,
    FakeRegister,
    Told,
    ask,
    blue_card_person,
    citizen,
    contract,
    foreigner,
    grant_of,
    identity_card,
    old_booklet,
)

from kps_soap.contracts.schemas import read_schema
from kps_soap.faults import Outcome
from kps_soap.registry.population import Persona
from kps_soap.registry.records import Coded, PartialDate
from kps_soap.registry.store import Register

SERVICE = contract("KimlikDogrulaServis", "1")
ITEM = "DogrulaResult/SorguSonucu/KimlikDogrulama"
MATCH, NO_MATCH = "ESLESTI", "ESLESMEDI"
#: What the agreements of the demo grant to most: no hint which datum differed.
PLAIN = ("KimlikDogrulama/Sonuc", "KimlikDogrulama/Durum")
RIGHT: dict[str, Any] = {
    "Ad": "İPEK NAZ",
    "AnneAd": None,
    "BabaAd": None,
    "CuzdanNo": None,
    "CuzdanSeri": None,
    "DogumAy": 3,
    "DogumAyYok": None,
    "DogumGun": 4,
    "DogumGunYok": None,
    "DogumYer": None,
    "DogumYil": 1985,
    "EslesmeDuzeyi": None,
    "KimlikNo": CITIZEN_NUMBER,
    "Soyad": "ŞABLONOĞLU",
    "SoyadYok": None,
    "TCKKSeriNo": None,
}


def criterion(**changes: Any) -> str:
    members = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in (RIGHT | changes).items()
        if value is not None
    )
    return f"<KimlikDogrulaKriteri>{members}</KimlikDogrulaKriteri>"


def register(**held: Any) -> FakeRegister:
    everything = {
        "citizen": citizen(),
        "identity_card": identity_card(),
        "old_booklet": old_booklet(),
    }
    return FakeRegister(everything | held)


def verify(held: FakeRegister | Register | None = None, *, how: Any = None, **said: Any) -> Told:
    granted = {"grant": grant_of(SERVICE, *PLAIN)} | (how or {})
    request = f"<kriterListesi>{criterion(**said)}</kriterListesi>"
    return ask(SERVICE, request, register() if held is None else held, **granted)


def verdict(held: FakeRegister | Register | None = None, **said: Any) -> str | None:
    return verify(held, **said).text(f"{ITEM}/Sonuc")


def fields(told: Told) -> dict[str | None, str | None]:
    names = told.texts(f"{ITEM}/AlanSonuclari/AlanSonucu/Alan")
    return dict(zip(names, told.texts(f"{ITEM}/AlanSonuclari/AlanSonucu/Sonuc"), strict=True))


def test_what_is_right_matches_and_says_whether_the_person_lives() -> None:
    told = verify()
    assert told.text(f"{ITEM}/Sonuc") == MATCH
    assert told.text(f"{ITEM}/Durum/Kod") == "1"
    assert told.is_nil(f"{ITEM}/HataBilgisi")
    assert told.is_nil(f"{ITEM}/AlanSonuclari")
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.enquiry.units == 1


@pytest.mark.parametrize("spelt", ["ipek naz", " İpek  Naz ", "i̇pek naz"])
def test_small_letters_and_blanks_are_forgiven_at_tam(spelt: str) -> None:
    assert verdict(Ad=spelt, Soyad="şablonoğlu") == MATCH


def test_the_dotted_and_the_dotless_i_are_two_letters() -> None:
    held = register(citizen=citizen(surname="IŞIK"))
    assert verdict(held, Soyad="ışık") == MATCH
    assert verdict(held, Soyad="işik") == NO_MATCH


WRONG: list[dict[str, Any]] = [
    {"Ad": "İPEK"},
    {"DogumYil": 1986},
    {"DogumGun": 5},
    {"DogumGun": 0},
    {"DogumAy": None},
    {"DogumGunYok": "true"},
    {"DogumGun": None, "DogumGunYok": "true"},
    {"Soyad": "ŞABLON"},
    {"Soyad": None},
    {"Soyad": None, "SoyadYok": "true"},
    {"SoyadYok": "true"},
    {"AnneAd": "AYŞE"},
    {"BabaAd": "KAZIM"},
    {"DogumYer": "BAŞKAKÖY"},
    {"TCKKSeriNo": "A01B23457"},
    {"CuzdanSeri": "A01", "CuzdanNo": 123457},
    {"CuzdanSeri": "A01"},
    {"CuzdanNo": 123456},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_one_wrong_datum_does_not_match(wrong: dict[str, Any]) -> None:
    told = verify(**wrong)
    assert told.text(f"{ITEM}/Sonuc") == NO_MATCH
    assert told.is_nil(f"{ITEM}/Durum")
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


@pytest.mark.parametrize(
    "more",
    [
        {"AnneAd": "gülsüm", "BabaAd": "kâzım", "DogumYer": "örnekköy"},
        {"TCKKSeriNo": " a01b23456 "},
        {"CuzdanSeri": "a01", "CuzdanNo": 123456},
        {"CuzdanSeri": "A01", "CuzdanNo": 123456, "TCKKSeriNo": "A01B23456"},
        {"AnneAd": " ", "TCKKSeriNo": "", "CuzdanNo": 0},
    ],
    ids=str,
)
def test_whatever_else_is_said_must_be_right_too(more: dict[str, Any]) -> None:
    assert verdict(**more) == MATCH


def test_a_mismatch_a_number_of_nobody_and_an_impossible_datum_are_the_same_bytes() -> None:
    answers = {verify(**wrong).payload for wrong in WRONG}
    answers.add(verify(KimlikNo=NOBODY).payload)
    answers.add(verify(FakeRegister()).payload)
    answers.add(verify(KimlikNo=10000000147).payload)
    answers.add(verify(DogumAy=13).payload)
    assert len(answers) == 1


def test_nobody_costs_the_same_questions_as_somebody() -> None:
    documents = {"TCKKSeriNo": "X", "CuzdanSeri": "A01", "CuzdanNo": 1}
    for said, asked in (
        ({}, ["blue_card_person", "citizen"]),
        (documents, ["blue_card_person", "citizen", "old_booklet", "identity_card"]),
    ):
        for held in (register(), FakeRegister()):
            verify(held, **said)
            assert held.asked == asked


def test_the_answers_schema_has_no_element_of_a_person() -> None:
    root = read_schema(SERVICE.contract.schema_files[0])
    names = {
        one.get("name")
        for kind in ("KimlikDogrulama", "AlanSonucu", "KimlikDogrulamaSonucu")
        for one in root.xpath(f"*[@name='{kind}']//*[local-name()='element']")
    }
    assert names == {
        *("AlanSonuclari", "Durum", "HataBilgisi", "Sonuc"),
        *("Alan", "SorguSonucu"),
    }


def test_less_than_two_data_beside_the_number_are_refused() -> None:
    for missing in ({"Ad": None}, {"Ad": " "}, {"DogumYil": 0}, {"KimlikNo": None}):
        told = verify(**missing)
        assert told.text(f"{ITEM}/HataBilgisi/Kod") == "10"
        assert told.is_nil(f"{ITEM}/Sonuc")
        assert told.enquiry.outcomes == [Outcome.MISSING]
        assert told.enquiry.units == 0


def test_unknown_parts_are_said_by_a_flag_or_by_silence() -> None:
    held = register(citizen=citizen(born=PartialDate(None, 3, 1985)))
    assert verdict(held, DogumGun=None) == MATCH
    assert verdict(held, DogumGun=0, DogumGunYok="true") == MATCH
    assert verdict(held) == NO_MATCH


def test_the_request_may_ask_for_a_stricter_level_than_the_agreements_and_for_no_laxer() -> None:
    held = register(citizen=citizen(given_name="KÂZIM"))
    lax = {"name_matching": "DUZELTMELI"}
    assert verdict(held, Ad="KAZIM", how=lax) == MATCH
    assert verdict(held, Ad="KAZIM", how=lax, EslesmeDuzeyi="DUZELTMELI") == MATCH
    assert verdict(held, Ad="KAZIM", how=lax, EslesmeDuzeyi="TAM") == NO_MATCH
    assert verdict(held, Ad="KAZIM", EslesmeDuzeyi="DUZELTMELI") == NO_MATCH
    assert verdict(held, Ad="KÂZIM", EslesmeDuzeyi="TAM") == MATCH


def test_the_dead_match_and_are_told_to_be_dead() -> None:
    told = verify(register(citizen=citizen(status=Coded(3, "Ölüm"), closed=True)))
    assert told.text(f"{ITEM}/Sonuc") == MATCH
    assert told.text(f"{ITEM}/Durum/Aciklama") == "Ölüm"
    assert told.enquiry.outcomes == [Outcome.CLOSED]
    hidden = verify(how={"grant": grant_of(SERVICE, "KimlikDogrulama/Sonuc")})
    assert hidden.is_nil(f"{ITEM}/Durum")


def test_foreigners_and_blue_card_holders_are_verified() -> None:
    held = FakeRegister({"foreigner": foreigner()})
    assert verdict(held, KimlikNo=FOREIGNER_NUMBER) == MATCH
    closed = citizen(status=Coded(2, "Kapalı"), closed=True)
    told = verify(register(citizen=closed, blue_card_person=blue_card_person()))
    assert told.text(f"{ITEM}/Durum/Kod") == "1"
    assert told.enquiry.outcomes == [Outcome.OK]


# The result of each datum


EVERYTHING = {"grant": grant_of(SERVICE)}


def test_the_result_of_each_datum_is_told_to_whom_it_is_granted() -> None:
    told = verify(how=EVERYTHING, Soyad="YOK", AnneAd="gülsüm", TCKKSeriNo="X")
    assert told.text(f"{ITEM}/Sonuc") == NO_MATCH
    assert fields(told) == {
        "AD": MATCH,
        "SOYAD": NO_MATCH,
        "DOGUM_TARIHI": MATCH,
        "ANNE_AD": MATCH,
        "TCKK": NO_MATCH,
    }


def test_of_nobody_every_datum_is_wrong() -> None:
    told = verify(FakeRegister(), how=EVERYTHING, BabaAd="KÂZIM", CuzdanNo=1, DogumYer="X")
    names = ("AD", "SOYAD", "DOGUM_TARIHI", "BABA_AD", "DOGUM_YERI", "CUZDAN")
    assert fields(told) == dict.fromkeys(names, NO_MATCH)


def test_of_two_records_the_one_that_agrees_most_is_told() -> None:
    other = blue_card_person(given_name="BAŞKA", surname="BİRİ")
    held = register(blue_card_person=other)
    assert verdict(held) == MATCH
    told = verify(held, how=EVERYTHING, DogumYil=1990)
    assert fields(told) == {"AD": MATCH, "SOYAD": MATCH, "DOGUM_TARIHI": NO_MATCH}


def test_results_of_one_criterion_do_not_show_in_the_next() -> None:
    two = criterion() + criterion(KimlikNo=10000000147) + criterion(Ad=None)
    told = ask(SERVICE, f"<kriterListesi>{two}</kriterListesi>", register(), **EVERYTHING)
    assert told.texts(f"{ITEM}/Sonuc") == [MATCH, NO_MATCH, None]
    assert len(told.texts(f"{ITEM}/AlanSonuclari/AlanSonucu")) == 3


# The golden personas


def said_of(persona: Persona, **more: Any) -> dict[str, Any]:
    return {
        "Ad": persona.given_name,
        "DogumAy": persona.born.month,
        "DogumGun": persona.born.day,
        "DogumYil": persona.born.year,
        "KimlikNo": persona.identity_number,
        "Soyad": persona.surname,
        "SoyadYok": "true" if persona.surname is None else None,
        "TCKKSeriNo": persona.card_serial,
        **more,
    }


@pytest.mark.parametrize("index", [0, 5, 8, 9, 10, 11, 12, 14, 15, 17, 20, 43, 46, 47, 49, 52, 56])
def test_a_persona_matches_by_what_the_demo_file_says(
    index: int, persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    assert verdict(persona_register, **said_of(personas[index])) == MATCH


def test_the_persona_without_a_surname_needs_the_flag(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    assert verdict(persona_register, **said_of(personas[10], SoyadYok="true")) == MATCH
    assert verdict(persona_register, **said_of(personas[10], SoyadYok="false")) == NO_MATCH


def test_one_of_a_personas_given_names_is_another_name(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    for index in (18, 19):
        first = personas[index].given_name.split()[0]
        assert verdict(persona_register, **said_of(personas[index], Ad=first)) == NO_MATCH


def test_the_absent_persona_and_a_wrong_year_are_the_same_bytes(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    absent = said_of(personas[0], KimlikNo=personas[63].identity_number)
    wrong = said_of(personas[0], DogumYil=personas[0].born.year - 1)
    one, other = (verify(persona_register, **said) for said in (absent, wrong))
    assert one.payload == other.payload
