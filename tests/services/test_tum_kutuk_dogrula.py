"""TumKutukDogrulaServis: a verdict, read as its five published clients read it."""

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
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
)

from kps_soap.faults import Outcome
from kps_soap.registry.population import Persona
from kps_soap.registry.records import Coded, PartialDate
from kps_soap.registry.store import Register

GOLDEN = Path(__file__).parent.parent / "golden" / "dated"
SERVICE = contract("TumKutukDogrulaServis", "2025/08/01")
ITEM = "TumKutukDogrulaBilgileri"
RECORD = f"SorgulaResult/SorguSonucu/{ITEM}"
CITIZENS, BLUE_CARDS, FOREIGNERS = (
    "TCVatandasiKisiKutukleri",
    "MaviKartliKisiKutukleri",
    "YabanciKisiKutukleri",
)
RIGHT: dict[str, Any] = {
    "Ad": "İpek  Naz",
    "DogumAy": "03",
    "DogumGun": "04",
    "DogumYil": 1985,
    "KimlikNo": CITIZEN_NUMBER,
    "Soyad": "şablonoğlu",
    "TCKKSeriNo": None,
}
CLOSED = {"status": Coded(2, "Kapalı"), "closed": True}


def criterion(**changes: Any) -> str:
    members = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in (RIGHT | changes).items()
        if value is not None
    )
    return f"<TumKutukDogrulamaSorguKriteri>{members}</TumKutukDogrulamaSorguKriteri>"


def register(**held: Any) -> FakeRegister:
    return FakeRegister({"citizen": citizen(), "identity_card": identity_card()} | held)


def verify(held: FakeRegister | None = None, *, how: Any = None, **said: Any) -> Told:
    request = f"<kriterListesi>{criterion(**said)}</kriterListesi>"
    return ask(SERVICE, request, held or register(), **(how or {}))


# How published clients read an answer (wire C.7)


def every_code(told: Told) -> list[int]:
    """All that looks like a ``Kod``, whatever its prefix: 1 is a yes, else 2 and 3 are a no."""
    found = re.findall(r"<(?:[\w.-]+:)?Kod\b[^>]*>([^<]*)</", told.payload.decode())
    return [int(code) for code in found]


def first_status(told: Told) -> tuple[str, str, str] | None:
    """Container, code and text of the first ``Durum`` in the order of the first filled part."""
    parts = told.tree.xpath(
        "//*[local-name()='DoluBilesenler']/*[contains(local-name(), 'DogrulaServisDoluBilesen')]"
    )
    preferred = parts[0].text if parts else ""
    order = {
        "YabanciKisiBilgisi": (FOREIGNERS, CITIZENS, BLUE_CARDS),
        "TCKisiBilgisi": (CITIZENS, FOREIGNERS, BLUE_CARDS),
        "MaviKartliKisiBilgisi": (BLUE_CARDS, CITIZENS, FOREIGNERS),
        "": (CITIZENS, BLUE_CARDS, FOREIGNERS),
    }[preferred]
    for container in order:
        persons = told.tree.xpath(
            f"//*[local-name()='{container}' and not(@*[local-name()='nil']='true')]"
            "/*[local-name()='KisiBilgisi']"
        )
        status = persons[0].xpath(".//*[local-name()='Durum']/*") if persons else ()
        if status:
            return container, status[1].text, status[0].text
    return None


def notes_with_text(told: Told) -> list[str]:
    """One client takes any ``HataBilgisi`` with text of its own for an error."""
    notes = told.tree.xpath("//*[local-name()='HataBilgisi']")
    return [note.text for note in notes if note.text]


def is_yes(told: Told) -> bool:
    """What all of them make of an answer; they must agree."""
    status = first_status(told)
    assert status is not None
    by_place, by_any_code = status[1] == "1", 1 in every_code(told)
    assert by_place is by_any_code
    assert by_any_code or {2, 3} & set(every_code(told))
    assert notes_with_text(told) == []
    return by_place


def test_everything_right_is_a_yes_in_the_citizens_container() -> None:
    told = verify()
    assert is_yes(told)
    assert first_status(told) == (CITIZENS, "1", "Açık")
    assert every_code(told) == [1]
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.enquiry.units == 1


def test_the_answers_are_given_byte_by_byte() -> None:
    for told, name in ((verify(), "yes"), (verify(KimlikNo=NOBODY), "no")):
        golden = (GOLDEN / f"tum-kutuk-dogrula-{name}.xml").read_text(encoding="utf-8")
        assert told.payload.decode() == golden.replace("\n", "")


WRONG = [
    {"Ad": "İPEK"},
    {"Soyad": "ŞABLON"},
    {"Soyad": None},
    {"Soyad": " "},
    {"DogumGun": 5},
    {"DogumGun": 0},
    {"DogumAy": None},
    {"DogumYil": 1986},
    {"TCKKSeriNo": "A01B23457"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_one_wrong_datum_is_a_no_everywhere(wrong: dict[str, Any]) -> None:
    told = verify(**wrong)
    assert not is_yes(told)
    assert every_code(told) == [2, 2, 2]
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


def test_a_wrong_datum_and_a_number_of_nobody_are_the_same_bytes() -> None:
    answers = {verify(**wrong).payload for wrong in WRONG}
    answers.add(verify(FakeRegister()).payload)
    assert len(answers) == 1
    assert b"PEK" not in answers.pop()


def test_both_cost_the_same_questions() -> None:
    for said in ({}, {"TCKKSeriNo": "A01B23457"}):
        found, missing = register(), FakeRegister()
        verify(found, **said)
        verify(missing, **said)
        assert found.asked == missing.asked
        assert found.asked == ["blue_card_person", "citizen", *["identity_card"] * len(said)]


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        ({"KimlikNo": 10000000147}, Outcome.BAD_NUMBER),
        ({"DogumAy": 13}, Outcome.BAD_DATE),
    ],
)
def test_an_impossible_datum_is_a_no_that_asks_nobody(
    bad: dict[str, Any], outcome: Outcome
) -> None:
    held = register()
    told = verify(held, **bad)
    assert not is_yes(told)
    assert told.enquiry.outcomes == [outcome]
    assert told.enquiry.units == 0
    assert held.asked == []


@pytest.mark.parametrize("missing", ["Ad", "DogumYil", "KimlikNo"])
def test_an_incomplete_criterion_gets_a_note_and_no_verdict(missing: str) -> None:
    told = verify(**{missing: None})
    assert first_status(told) is None
    assert every_code(told) == [10]
    assert told.text(f"{RECORD}/HataBilgisi/Aciklama") == "Sorgu kriteri boş geçilemez."
    assert told.enquiry.outcomes == [Outcome.MISSING]


def test_a_card_number_must_be_right_where_it_is_said() -> None:
    assert is_yes(verify(TCKKSeriNo=" a01b23456 "))
    assert is_yes(verify(TCKKSeriNo=" "))
    assert not is_yes(verify(register(identity_card=None), TCKKSeriNo="A01B23456"))


def test_unknown_parts_of_a_date_match_only_what_the_register_does_not_know() -> None:
    held = register(citizen=citizen(born=PartialDate(None, None, 1985)))
    assert is_yes(verify(held, DogumGun=0, DogumAy=0))
    assert is_yes(verify(held, DogumGun=None, DogumAy=None))
    assert not is_yes(verify(held))


def test_who_has_no_surname_is_said_without_one() -> None:
    held = register(citizen=citizen(surname=None))
    assert is_yes(verify(held, Soyad=""))
    assert not is_yes(verify(held))


def test_the_dead_are_neither_open_nor_unknown() -> None:
    died = PartialDate(1, 2, 2020)
    dead = citizen(status=Coded(3, "Ölüm"), died=died, closed=True)
    told = verify(register(citizen=dead))
    assert not is_yes(told)
    assert first_status(told) == (CITIZENS, "3", "Ölüm")
    assert told.is_nil(f"{RECORD}/{CITIZENS}/KisiBilgisi/DurumBilgisi/OlumTarih")
    assert told.enquiry.outcomes == [Outcome.CLOSED]


@pytest.mark.parametrize("code", [2, 4, 17])
def test_a_closed_record_is_no_yes_whatever_its_number(code: int) -> None:
    told = verify(register(citizen=citizen(status=Coded(code, "Kapalı"), closed=True)))
    assert first_status(told) == (CITIZENS, "2", "Kapalı")
    assert told.enquiry.outcomes == [Outcome.CLOSED]


def test_foreigners_are_told_in_their_container_and_their_nationality_is_not() -> None:
    held = FakeRegister({"foreigner": foreigner()})
    told = verify(held, KimlikNo=FOREIGNER_NUMBER)
    assert first_status(told) == (FOREIGNERS, "1", "Açık")
    person = f"{RECORD}/{FOREIGNERS}/KisiBilgisi"
    assert told.text(f"{person}/KimlikNo") == str(FOREIGNER_NUMBER)
    assert told.is_nil(f"{person}/TemelBilgisi/Uyruk")
    assert told.is_nil(f"{RECORD}/{CITIZENS}")


def test_a_blue_card_holder_is_told_by_the_record_that_is_in_use() -> None:
    held = register(citizen=citizen(**CLOSED), blue_card_person=blue_card_person())
    told = verify(held)
    assert first_status(told) == (BLUE_CARDS, "1", "Açık")
    assert is_yes(told)


def test_a_register_that_is_not_granted_is_no_register_at_all() -> None:
    granted = grant_of(SERVICE, f"{ITEM}/{CITIZENS}/KisiBilgisi/DurumBilgisi/Durum")
    held = FakeRegister({"foreigner": foreigner()})
    found = verify(held, how={"grant": granted}, KimlikNo=FOREIGNER_NUMBER)
    missing = verify(FakeRegister(), how={"grant": granted}, KimlikNo=FOREIGNER_NUMBER)
    assert found.payload == missing.payload
    assert not is_yes(found)
    assert found.enquiry.outcomes == [Outcome.NOT_FOUND]
    parts = f"{RECORD}/DoluBilesenler/CstTumKutukDogrulaServisDoluBilesen"
    assert found.texts(parts) == ["TCKisiBilgisi"]


def test_only_what_is_granted_is_repeated() -> None:
    granted = grant_of(SERVICE, f"{ITEM}/{CITIZENS}/KisiBilgisi/DurumBilgisi/Durum")
    told = verify(how={"grant": granted})
    assert is_yes(told)
    assert told.is_nil(f"{RECORD}/{CITIZENS}/KisiBilgisi/TemelBilgisi")
    assert told.is_nil(f"{RECORD}/KimlikNo")


def test_names_are_matched_at_the_agreements_level() -> None:
    held = register(citizen=citizen(given_name="KÂZIM"))
    assert not is_yes(verify(held, Ad="KAZIM"))
    assert is_yes(verify(held, Ad="KAZIM", how={"name_matching": "DUZELTMELI"}))


def test_criteria_are_answered_in_their_order() -> None:
    both = criterion(KimlikNo=NOBODY) + criterion()
    told = ask(SERVICE, f"<kriterListesi>{both}</kriterListesi>", register())
    first, second = told.tree.xpath(f"//*[local-name()='{ITEM}']")
    assert "<c:Kod>1" not in etree.tostring(first, encoding="unicode")
    assert "<c:Kod>1" in etree.tostring(second, encoding="unicode")


# The golden personas

YES = {CITIZENS: (0, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 36, 42, 57)}
VERDICTS: dict[int, tuple[str, str]] = {
    **{index: (container, "1") for container, indices in YES.items() for index in indices},
    5: (CITIZENS, "3"),
    41: (FOREIGNERS, "2"),
    43: (FOREIGNERS, "1"),
    46: (FOREIGNERS, "3"),
    47: (BLUE_CARDS, "1"),
    48: (BLUE_CARDS, "1"),
    49: (BLUE_CARDS, "1"),
    50: (CITIZENS, "2"),
    55: (FOREIGNERS, "2"),
    56: (CITIZENS, "2"),
}


def ask_about(persona: Persona, persona_register: Register, **said: Any) -> Told:
    right = {
        "Ad": persona.given_name,
        "DogumAy": persona.born.month or 0,
        "DogumGun": persona.born.day or 0,
        "DogumYil": persona.born.year,
        "KimlikNo": persona.identity_number,
        "Soyad": persona.surname or "",
        "TCKKSeriNo": persona.card_serial,
    }
    request = f"<kriterListesi>{criterion(**(right | said))}</kriterListesi>"
    return ask(SERVICE, request, persona_register)


@pytest.mark.parametrize("index", sorted(VERDICTS))
def test_a_persona_is_verified(
    index: int, persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    found = first_status(ask_about(personas[index], persona_register))
    assert found is not None
    assert found[:2] == VERDICTS[index]


def test_a_persona_under_a_former_name_or_nobodys_number_is_not(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    for index in (51, 52):
        told = ask_about(personas[index], persona_register, Ad=personas[0].given_name, Soyad="X")
        assert not is_yes(told)
    absent = personas[63].identity_number
    told = ask_about(personas[0], persona_register, KimlikNo=absent, TCKKSeriNo=None)
    assert not is_yes(told)
