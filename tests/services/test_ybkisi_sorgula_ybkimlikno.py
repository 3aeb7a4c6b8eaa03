"""YbKisiSorgulaYbKimlikNoServis: a foreigner in one flat record, in two dated versions."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FOREIGNER_NUMBER,
    FakeRegister,
    Told,
    ask,
    citizen,
    contract,
    foreigner,
    grant_of,
)

from kps_soap.contracts.contract import CompiledContract
from kps_soap.faults import Outcome, SchemaRefused
from kps_soap.registry.records import UNKNOWN_DATE, Coded, PartialDate

NAME = "YbKisiSorgulaYbKimlikNoServis"
V2013, V2016 = (contract(NAME, date) for date in ("2013/06/01", "2016/01/01"))
ITEM = "ListeleCokluResult/SorguSonucu/YbKimlikNoIleYbKisiBilgisi"
SHARED = "http://kps.nvi.gov.tr/2011/01/01"
CRITERION = "YbKisiSorgulaYbKimlikNoSorguKriteri"

both = pytest.mark.parametrize("chosen", [V2013, V2016], ids=lambda one: str(one.version))


def criteria(namespace: str, *numbers: int) -> str:
    items = "".join(
        f'<{CRITERION} xmlns="{namespace}"><KimlikNo>{number}</KimlikNo></{CRITERION}>'
        for number in numbers
    )
    return f"<kriterListesi>{items}</kriterListesi>"


def query(
    chosen: CompiledContract,
    held: dict[str, Any] | FakeRegister,
    number: int = FOREIGNER_NUMBER,
    **how: Any,
) -> Told:
    register = held if isinstance(held, FakeRegister) else FakeRegister(held)
    namespace = SHARED if chosen is V2013 else chosen.namespace
    return ask(chosen, criteria(namespace, number), register, **how)


@both
def test_a_foreigner_is_shown_with_every_member(chosen: CompiledContract) -> None:
    held = foreigner(
        mother_number=99000000110,
        father_number=99000000178,
        birth_place_code=9001,
        permit_open_end_reason=Coded(3, "Geçici Koruma"),
    )
    told = query(chosen, {"foreigner": held})
    shown = {
        "Ad": "İPEK NAZ",
        "Soyad": "ŞABLONOĞLU",
        "AnneAd": "GÜLSÜM",
        "BabaAd": "KÂZIM",
        "AnneKimlikNo": "99000000110",
        "BabaKimlikNo": "99000000178",
        "EsKimlikNo": "99000000110",
        "BitisTarihiBelirsizOlmaNeden/Aciklama": "Geçici Koruma",
        "Cinsiyet/Kod": "2",
        "DogumTarih/Gun": "4",
        "DogumYer": "TİFLİS",
        "DogumYerKod": "9001",
        "Durum/Kod": "1",
        "IzinBaslangicTarih": "2024-01-15T09:30:00",
        "IzinBitisTarih": "2027-01-14T00:00:00",
        "IzinDuzenlenenIl/Aciklama": "İZMİR",
        "IzinNo": "İZN-17",
        "KaynakBirim/Aciklama": "Göç",
        "KazanilanTCKimlikNo": str(CITIZEN_NUMBER),
        "KimlikNo": str(FOREIGNER_NUMBER),
        "MedeniHal/Aciklama": "Evli",
        "Uyruk/Aciklama": "Örnek Ülke",
    }
    assert {path: told.text(f"{ITEM}/{path}") for path in shown} == shown
    assert told.is_nil(f"{ITEM}/HataBilgisi")
    assert told.enquiry.outcomes == [Outcome.OK]


@both
def test_the_answer_stands_in_the_namespace_of_its_version(chosen: CompiledContract) -> None:
    payload = query(chosen, {"foreigner": foreigner()}).payload.decode()
    assert payload.startswith(f'<ListeleCokluResponse xmlns="{chosen.namespace}">')
    assert f'<Uyruk xmlns:b="{SHARED}"><b:Aciklama>Örnek Ülke</b:Aciklama>' in payload


@both
def test_absent_dates_follow_those_of_a_foreigner_elsewhere(chosen: CompiledContract) -> None:
    told = query(chosen, {"foreigner": foreigner(born=UNKNOWN_DATE)})
    assert told.is_nil(f"{ITEM}/DogumTarih")
    assert not told.is_nil(f"{ITEM}/OlumTarih")
    assert told.is_nil(f"{ITEM}/OlumTarih/Yil")


@both
def test_a_deceased_foreigner_is_closed(chosen: CompiledContract) -> None:
    dead = foreigner(died=PartialDate(1, 2, 2020), status=Coded(3, "Ölüm"), closed=True)
    told = query(chosen, {"foreigner": dead})
    assert told.text(f"{ITEM}/OlumTarih/Yil") == "2020"
    assert told.enquiry.outcomes == [Outcome.CLOSED]


@both
def test_a_citizen_is_nobody_here_at_the_same_cost(chosen: CompiledContract) -> None:
    register = FakeRegister({"citizen": citizen()})
    told = query(chosen, register, CITIZEN_NUMBER)
    assert register.asked == ["foreigner"]
    assert told.text(f"{ITEM}/HataBilgisi/Kod") == "2"
    assert told.text(f"{ITEM}/KimlikNo") == str(CITIZEN_NUMBER)
    assert told.is_nil(f"{ITEM}/DogumTarih")
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


@pytest.mark.parametrize("namespace", [SHARED, V2016.namespace])
def test_2016_reads_its_criteria_in_both_namespaces_that_they_may_have(namespace: str) -> None:
    told = ask(
        V2016,
        criteria(namespace, 99000000110, FOREIGNER_NUMBER),
        FakeRegister({"foreigner": foreigner()}),
    )
    assert told.texts(f"{ITEM}/Ad") == [None, "İPEK NAZ"]


def test_2013_reads_its_criteria_in_the_namespace_of_2011_alone() -> None:
    with pytest.raises(SchemaRefused):
        ask(V2013, criteria(V2013.namespace, FOREIGNER_NUMBER), FakeRegister())


@both
def test_what_is_not_granted_is_nil(chosen: CompiledContract) -> None:
    grant = grant_of(chosen, "YbKimlikNoIleYbKisiBilgisi/Ad")
    told = query(chosen, {"foreigner": foreigner()}, grant=grant)
    assert told.text(f"{ITEM}/Ad") == "İPEK NAZ"
    for name in ("Soyad", "KimlikNo", "Uyruk", "OlumTarih", "IzinBitisTarih"):
        assert told.is_nil(f"{ITEM}/{name}")
