"""KPSPublicYabanciDogrula: the verification of a foreigner."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FOREIGNER_NUMBER,
    FakeRegister,
    ask,
    citizen,
    contract,
    foreigner,
)

from kps_soap.registry.records import PartialDate

SERVICE = contract("KPSPublicYabanciDogrula", "WS")
NIL = '<{} xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
RIGHT: dict[str, Any] = {
    "KimlikNo": FOREIGNER_NUMBER,
    "Ad": "İPEK NAZ",
    "Soyad": "ŞABLONOĞLU",
    "DogumGun": "04",
    "DogumAy": "03",
    "DogumYil": 1985,
}


def verify(held: dict[str, Any] | None = None, **said: Any) -> bool:
    parts = [
        NIL.format(name) if value is None else f"<{name}>{value}</{name}>"
        for name, value in (RIGHT | said).items()
    ]
    register = FakeRegister({"foreigner": foreigner()} if held is None else held)
    told = ask(SERVICE, "".join(parts), register)
    return told.text("YabanciKimlikNoDogrulaResult") == "true"


def test_a_foreigner_with_padded_day_and_month_is_true() -> None:
    assert verify()


@pytest.mark.parametrize(
    "wrong",
    [
        {"Ad": "İPEK"},
        {"Soyad": "X"},
        {"DogumGun": 5},
        {"DogumAy": 0},
        {"DogumGun": None},
        {"DogumYil": 1984},
    ],
)
def test_one_wrong_datum_makes_it_false(wrong: dict[str, Any]) -> None:
    assert not verify(**wrong)


def test_unknown_parts_match_what_the_register_does_not_know() -> None:
    held = {"foreigner": foreigner(born=PartialDate(None, None, 1985))}
    assert verify(held, DogumGun=None, DogumAy=0)
    assert not verify(held)


def test_a_citizen_is_nobody_here() -> None:
    held = {"citizen": citizen(), "foreigner": None}
    assert not verify(held, KimlikNo=CITIZEN_NUMBER)
