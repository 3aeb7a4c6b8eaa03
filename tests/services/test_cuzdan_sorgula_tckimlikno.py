"""CuzdanSorgulaTCKimlikNoServis: booklets and cards in one record."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FOREIGNER_NUMBER,
    NOBODY,
    FakeRegister,
    Told,
    ask,
    citizen,
    contract,
    identity_card,
    old_booklet,
)

from kps_soap.faults import Outcome
from kps_soap.registry.records import PartialDate

SERVICE = contract("CuzdanSorgulaTCKimlikNoServis", "2014/09/01")
ITEM = "ListeleCokluResult/SorguSonucu/CuzdanBilgisi"
SHARED = "http://kps.nvi.gov.tr/2011/01/01"


def holder(**changes: Any) -> dict[str, Any]:
    held: dict[str, Any] = {
        "citizen": citizen(),
        "old_booklet": old_booklet(serial=1234),
        "identity_card": identity_card(),
    }
    return held | changes


def query(
    held: dict[str, Any] | FakeRegister, kind: str | None = "Cuzdan", number: int = CITIZEN_NUMBER
) -> Told:
    register = held if isinstance(held, FakeRegister) else FakeRegister(held)
    said = "" if kind is None else f"<CuzdanTur>{kind}</CuzdanTur>"
    name = "CuzdanSorgulaTCKimlikNoSorguKriteri"
    criterion = f"<{name}>{said}<TCKimlikNo>{number}</TCKimlikNo></{name}>"
    return ask(SERVICE, f"<kriterListesi>{criterion}</kriterListesi>", register)


@pytest.mark.parametrize("kind", ["Cuzdan", " cuzdan", "CUZDAN", "", None])
def test_a_booklet_is_shown_with_every_member(kind: str | None) -> None:
    told = query(holder(), kind)
    shown = {
        "Ad": "İPEK NAZ",
        "AnneAd": "GÜLSÜM",
        "BabaAd": "KÂZIM",
        "Soyad": "ŞABLONOĞLU",
        "CuzdanTur/Aciklama": "Nüfus Cüzdanı",
        "CuzdanTur/Kod": "7",
        "CuzdanVerilmeNeden/Aciklama": "Değiştirme",
        "DogumTarih/Yil": "1985",
        "DogumYer": "ÖRNEKKÖY",
        "KayitNo": "4711",
        "SeriNo": "A01001234",
        "TCKimlikNo": str(CITIZEN_NUMBER),
        "VerildigiIlce/Aciklama": "ÖRNEKKÖY",
    }
    assert {path: told.text(f"{ITEM}/{path}") for path in shown} == shown
    assert told.is_nil(f"{ITEM}/HataBilgisi")
    assert told.is_nil(f"{ITEM}/TCKKVerilmeNeden")
    assert told.enquiry.outcomes == [Outcome.OK]


def test_nested_types_have_the_prefix_that_clients_look_for() -> None:
    payload = query(holder()).payload.decode()
    assert f'<VerildigiIlce xmlns:b="{SHARED}"><b:Aciklama>ÖRNEKKÖY</b:Aciklama>' in payload
    assert (
        f'<VerilmeTarih xmlns:b="{SHARED}"><b:Ay i:nil="true"/><b:Gun i:nil="true"/>'
        '<b:Yil i:nil="true"/></VerilmeTarih>'
    ) in payload
    assert "<SeriNo>A01001234</SeriNo>" in payload


def test_a_card_is_shown_where_it_is_asked_for() -> None:
    told = query(holder(), "TCKK")
    assert told.text(f"{ITEM}/SeriNo") == "A01B23456"
    assert told.text(f"{ITEM}/CuzdanTur/Aciklama") == "T.C. Kimlik Kartı"
    assert told.text(f"{ITEM}/TCKKVerilmeNeden/Aciklama") == "Yenileme"
    assert told.text(f"{ITEM}/KayitNo") == "4712"
    assert told.text(f"{ITEM}/VerilmeTarih/Yil") == "2020"
    assert told.is_nil(f"{ITEM}/CuzdanVerilmeNeden")
    assert told.is_nil(f"{ITEM}/VerildigiIlce")


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        ({}, "Cuzdan"),
        (holder(old_booklet=None), "Cuzdan"),
        (holder(identity_card=None), "TCKK"),
        (holder(), "Pasaport"),
        (holder(citizen=None), "Cuzdan"),
    ],
)
def test_no_citizen_no_document_and_no_such_kind_are_one_answer(
    held: dict[str, Any], kind: str
) -> None:
    register = FakeRegister(held)
    told = query(register, kind)
    assert told.payload == query({}, "Cuzdan").payload
    assert len(register.asked) == 2
    assert told.text(f"{ITEM}/HataBilgisi/Kod") == "2"
    assert told.text(f"{ITEM}/TCKimlikNo") == str(CITIZEN_NUMBER)
    assert told.is_nil(f"{ITEM}/VerilmeTarih")
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


def test_the_number_alone_is_the_criterion() -> None:
    held = holder(citizen=citizen(born=PartialDate(None, None, None)))
    assert query(held).enquiry.outcomes == [Outcome.OK]


def test_answers_keep_count_and_order() -> None:
    register = FakeRegister(holder())
    name = "CuzdanSorgulaTCKimlikNoSorguKriteri"
    request = "".join(
        f"<{name}><TCKimlikNo>{number}</TCKimlikNo></{name}>"
        for number in (NOBODY, CITIZEN_NUMBER, FOREIGNER_NUMBER)
    )
    told = ask(SERVICE, f"<kriterListesi>{request}</kriterListesi>", register)
    assert told.texts(f"{ITEM}/SeriNo") == [None, "A01001234", None]


def test_a_closed_record_is_closed() -> None:
    assert query(holder(citizen=citizen(closed=True))).enquiry.outcomes == [Outcome.CLOSED]
