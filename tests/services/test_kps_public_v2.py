"""KPSPublicV2: a person and a document, with flags for what does not exist."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    NOBODY,
    FakeRegister,
    ask,
    citizen,
    contract,
    identity_card,
    old_booklet,
)

from kps_soap.registry.records import PartialDate

SERVICE = contract("KPSPublicV2", "WS")
RIGHT: dict[str, Any] = {
    "TCKimlikNo": CITIZEN_NUMBER,
    "Ad": "İPEK NAZ",
    "Soyad": "ŞABLONOĞLU",
    "SoyadYok": "false",
    "DogumGun": 4,
    "DogumGunYok": "false",
    "DogumAy": 3,
    "DogumAyYok": "false",
    "DogumYil": 1985,
    "CuzdanSeri": None,
    "CuzdanNo": None,
    "TCKKSeriNo": "A01B23456",
}
NIL = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'


def request(said: dict[str, Any]) -> str:
    parts = []
    for name, value in said.items():
        if value is not None:
            parts.append(f"<{name}>{value}</{name}>")
        elif name in ("DogumGun", "DogumAy", "CuzdanNo"):
            parts.append(f"<{name} {NIL}/>")
    return "".join(parts)


def register(**changes: Any) -> FakeRegister:
    held: dict[str, Any] = {
        "citizen": citizen(),
        "old_booklet": old_booklet(),
        "identity_card": identity_card(),
    }
    return FakeRegister(held | changes)


def verify(held: FakeRegister | None = None, **said: Any) -> bool:
    told = ask(SERVICE, request(RIGHT | said), held or register())
    return told.text("KisiVeCuzdanDogrulaResult") == "true"


def test_a_person_with_the_right_card_is_true() -> None:
    assert verify()
    assert verify(TCKKSeriNo=" a01b23456 ")


def test_a_person_with_the_right_booklet_is_true() -> None:
    assert verify(TCKKSeriNo=None, CuzdanSeri="a01", CuzdanNo=123456)


def test_every_document_that_is_named_must_be_the_persons() -> None:
    assert verify(CuzdanSeri="A01", CuzdanNo=123456)
    assert not verify(CuzdanSeri="A01", CuzdanNo=123457)
    assert not verify(CuzdanSeri="A01", CuzdanNo=123456, TCKKSeriNo="A01B23457")


def test_without_a_document_the_answer_is_false() -> None:
    assert not verify(TCKKSeriNo=None)
    assert not verify(TCKKSeriNo=" ", CuzdanSeri="", CuzdanNo=0)


@pytest.mark.parametrize(
    "half", [{"CuzdanSeri": "A01"}, {"CuzdanNo": 123456}, {"CuzdanSeri": "A01", "CuzdanNo": 0}]
)
def test_half_a_booklet_is_no_document(half: dict[str, Any]) -> None:
    assert not verify(TCKKSeriNo=None, **half)
    assert not verify(**half)


def test_a_document_that_the_person_does_not_have_is_false() -> None:
    assert not verify(register(identity_card=None))
    assert not verify(register(old_booklet=None), TCKKSeriNo=None, CuzdanSeri="A", CuzdanNo=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Ad": "İPEK"},
        {"Soyad": "ŞABLON"},
        {"Soyad": None},
        {"DogumGun": 5},
        {"DogumAy": 4},
        {"DogumYil": 1986},
        {"TCKimlikNo": NOBODY},
        {"SoyadYok": "true"},
        {"SoyadYok": "true", "Soyad": None},
        {"DogumGunYok": "true"},
        {"DogumGunYok": "true", "DogumGun": None},
        {"DogumAyYok": "true", "DogumAy": 0},
        {"DogumGun": None},
        {"DogumAy": 0},
    ],
)
def test_one_wrong_datum_makes_it_false(wrong: dict[str, Any]) -> None:
    assert not verify(**wrong)


def test_an_unknown_day_matches_only_what_the_register_does_not_know() -> None:
    held = register(citizen=citizen(born=PartialDate(None, 3, 1985)))
    assert verify(held, DogumGun=None)
    assert verify(held, DogumGun=0)
    assert verify(held, DogumGun=None, DogumGunYok="true")
    assert not verify(held)
    assert not verify(held, DogumGun=4, DogumGunYok="true")


def test_who_has_no_surname_needs_the_flag() -> None:
    held = register(citizen=citizen(surname=None))
    assert verify(held, Soyad=None, SoyadYok="true")
    assert not verify(held, Soyad=None)
    assert not verify(held, SoyadYok="true")


def test_the_register_is_asked_the_same_questions_for_every_number() -> None:
    found, missing = register(), register(citizen=None)
    verify(found, CuzdanSeri="A01", CuzdanNo=1)
    verify(missing, CuzdanSeri="A01", CuzdanNo=1)
    assert found.asked == missing.asked == ["citizen", "old_booklet", "identity_card"]
    only_card = register()
    verify(only_card)
    assert only_card.asked == ["citizen", "identity_card"]
