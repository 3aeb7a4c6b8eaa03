"""BilesikKutukSorgulaKimlikNoServis: three registers in one answer, in three dated versions."""

from typing import Any

import pytest
from register_samples import (
    BORN,
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
    new_blue_card,
    new_blue_card_temporary,
    old_blue_card,
    old_booklet,
    photo,
    temporary_identity,
)

from kps_soap.contracts.contract import CompiledContract
from kps_soap.faults import Outcome
from kps_soap.fields import Grant
from kps_soap.registry.records import PartialDate

NAME = "BilesikKutukSorgulaKimlikNoServis"
V2011, V2021, V2023 = (contract(NAME, date) for date in ("2011/01/01", "2021/04/01", "2023/02/01"))
ITEM = "SorgulaResult/SorguSonucu/BilesikKutukBilgileri"
CITIZEN = f"{ITEM}/TCVatandasiKisiKutukleri"
BLUE_CARD = f"{ITEM}/MaviKartliKisiKutukleri"
FOREIGNER = f"{ITEM}/YabanciKisiKutukleri"


def everything() -> dict[str, Any]:
    return {
        "citizen": citizen(),
        "blue_card_person": blue_card_person(),
        "foreigner": foreigner(),
        "old_booklet": old_booklet(),
        "identity_card": identity_card(),
        "identity_card_photo": photo(),
        "temporary_identity": temporary_identity(),
        "temporary_identity_photo": photo(),
        "old_blue_card": old_blue_card(),
        "new_blue_card": new_blue_card(),
        "new_blue_card_photo": photo(),
        "new_blue_card_temporary": new_blue_card_temporary(),
        "new_blue_card_temporary_photo": photo(),
    }


def criterion(number: int, born: PartialDate | None) -> str:
    date = ""
    if born is not None:
        date = (
            f"<DogumAy>{born.month or 0}</DogumAy><DogumGun>{born.day or 0}</DogumGun>"
            f"<DogumYil>{born.year}</DogumYil>"
        )
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    return f"<{name}>{date}<KimlikNo>{number}</KimlikNo></{name}>"


def query(
    chosen: CompiledContract,
    held: dict[str, Any] | FakeRegister,
    number: int = CITIZEN_NUMBER,
    *,
    born: PartialDate | None = BORN,
    grant: Grant | None = None,
) -> Told:
    register = held if isinstance(held, FakeRegister) else FakeRegister(held)
    said = born if chosen is not V2011 else None
    request = f"<kriterListesi>{criterion(number, said)}</kriterListesi>"
    return ask(chosen, request, register, grant=grant)


@pytest.mark.parametrize("chosen", [V2011, V2021, V2023])
def test_a_full_answer_is_valid_in_every_version(chosen: CompiledContract) -> None:
    told = query(chosen, everything())
    assert told.text(f"{CITIZEN}/KisiBilgisi/TemelBilgisi/Ad") == "İPEK NAZ"
    assert told.text(f"{CITIZEN}/NufusCuzdaniBilgisi/Seri") == "A01"
    assert told.text(f"{CITIZEN}/TCKKBilgisi/SeriNo") == "A01B23456"
    assert told.text(f"{CITIZEN}/TCKKFotografBilgisi/Fotograf")
    assert told.text(f"{CITIZEN}/GeciciKimlikBilgisi/BelgeNo") == "GKB-1"
    assert told.text(f"{BLUE_CARD}/KisiBilgisi/Ulke/Kod") == "9002"
    assert told.text(f"{BLUE_CARD}/MaviKartBilgisi/Birim") == "7"
    assert told.is_nil(f"{CITIZEN}/HataBilgisi")
    assert told.is_nil(f"{ITEM}/HataBilgisi")


def test_the_members_of_2011_are_those_of_2011() -> None:
    told = query(V2011, everything())
    assert told.text(f"{CITIZEN}/TCKKBilgisi/BasvuruNeden/Aciklama") == "Yenileme"
    assert told.text(f"{CITIZEN}/TCKKBilgisi/TeslimTarih/Yil") == "2020"
    assert told.texts(f"{CITIZEN}/GeciciKimlikBilgisi/Fotograf") == []
    assert told.texts(f"{CITIZEN}/KisiBilgisi/AnneUstSoyBulunamadi") == []
    assert told.texts(f"{ITEM}/DoluBilesenler") == []
    assert told.texts(f"{BLUE_CARD}/YeniMaviKartBilgisi") == []


def test_the_members_of_2021_are_those_of_2021() -> None:
    told = query(V2021, everything())
    assert told.text(f"{CITIZEN}/KisiBilgisi/BabaUstSoyBulunamadi") == "true"
    assert told.text(f"{CITIZEN}/TCKKBilgisi/SurucuBelgeYuklendiMi") == "true"
    assert told.text(f"{CITIZEN}/TCKKBilgisi/KanGrubu/Aciklama") == "A Rh+"
    assert told.text(f"{CITIZEN}/GeciciKimlikBilgisi/Fotograf")
    assert told.texts(f"{BLUE_CARD}/YeniMaviKartBilgisi") == []


def test_2023_knows_the_new_blue_card() -> None:
    told = query(V2023, everything())
    assert told.text(f"{BLUE_CARD}/YeniMaviKartBilgisi/SeriNo") == "M01B23456"
    assert told.text(f"{BLUE_CARD}/YeniMaviKartFotoBilgisi/Fotograf")
    assert told.text(f"{BLUE_CARD}/YeniMaviKartGeciciKimlikBilgisi/BelgeNo") == "MGK-1"
    assert told.text(f"{BLUE_CARD}/YeniMaviKartGeciciKimlikBilgisi/Fotograf")


def test_the_filled_parts_are_named_in_the_order_of_the_enumeration() -> None:
    held = everything() | {"temporary_identity": None, "new_blue_card_photo": None}
    told = query(V2023, held)
    assert told.texts(f"{ITEM}/DoluBilesenler/CstBilesikKutukServisDoluBilesen") == [
        "TCKisiBilgisi",
        "TCKKBilgisi",
        "TCKKFotoBilgisi",
        "NufusCuzdaniBilgisi",
        "MaviKartliKisiBilgisi",
        "MaviKartBilgisi",
        "YeniMaviKartGeciciKimlikBilgisi",
        "YeniMaviKartBilgisi",
    ]


def test_a_section_without_data_repeats_the_number_and_says_so() -> None:
    told = query(V2023, {"citizen": citizen()})
    for path in (
        f"{CITIZEN}/NufusCuzdaniBilgisi",
        f"{CITIZEN}/TCKKFotografBilgisi",
        f"{BLUE_CARD}/KisiBilgisi",
        f"{BLUE_CARD}/YeniMaviKartFotoBilgisi",
        f"{FOREIGNER}/KisiBilgisi",
    ):
        assert told.text(f"{path}/HataBilgisi/Kod") == "2"
        number = "TCKimlikNo" if path.startswith(CITIZEN) else "KimlikNo"
        assert told.text(f"{path}/{number}") == str(CITIZEN_NUMBER)
    assert told.text(f"{FOREIGNER}/HataBilgisi/Kod") == "2"
    assert told.is_nil(f"{FOREIGNER}/KisiBilgisi/TemelBilgisi")


@pytest.mark.parametrize("chosen", [V2011, V2021, V2023])
def test_a_person_without_any_document_is_shown_all_the_same(chosen: CompiledContract) -> None:
    held = {"citizen": citizen(registration=None), "blue_card_person": blue_card_person()}
    told = query(chosen, held)
    assert told.is_nil(f"{CITIZEN}/KisiBilgisi/KayitYeriBilgisi")
    assert told.text(f"{CITIZEN}/GeciciKimlikBilgisi/HataBilgisi/Kod") == "2"
    assert told.text(f"{CITIZEN}/TCKKFotografBilgisi/HataBilgisi/Kod") == "2"
    assert told.text(f"{BLUE_CARD}/MaviKartBilgisi/HataBilgisi/Kod") == "2"
    assert set(told.texts(f"{BLUE_CARD}/YeniMaviKartGeciciKimlikBilgisi/HataBilgisi/Kod")) <= {"2"}


def test_a_temporary_document_without_a_photo_has_none() -> None:
    told = query(V2023, everything() | {"temporary_identity_photo": None})
    assert told.is_nil(f"{CITIZEN}/GeciciKimlikBilgisi/Fotograf")
    assert told.is_nil(f"{CITIZEN}/GeciciKimlikBilgisi/HataBilgisi")


def test_absent_dates_follow_the_published_sample() -> None:
    told = query(V2023, everything())
    three_nils = (
        f"{CITIZEN}/KisiBilgisi/DurumBilgisi/OlumTarih",
        f"{CITIZEN}/NufusCuzdaniBilgisi/VerilmeTarih",
        f"{CITIZEN}/TCKKBilgisi/DogumTarih",
        f"{BLUE_CARD}/MaviKartBilgisi/DogumTarih",
        f"{BLUE_CARD}/MaviKartBilgisi/VerilmeTarih",
    )
    for path in three_nils:
        assert not told.is_nil(path)
        assert all(told.is_nil(f"{path}/{part}") for part in ("Ay", "Gun", "Yil"))
    for path in (
        f"{CITIZEN}/GeciciKimlikBilgisi/DuzenlenmeTarih",
        f"{CITIZEN}/TCKKBilgisi/SurucuBelgeYuklenmeTarih",
        f"{BLUE_CARD}/YeniMaviKartBilgisi/DogumTarih",
        f"{BLUE_CARD}/YeniMaviKartGeciciKimlikBilgisi/SonGecerlilikTarih",
    ):
        assert told.is_nil(path)


@pytest.mark.parametrize("chosen", [V2011, V2023])
def test_a_foreigner_is_shown_with_permit_and_nationality(chosen: CompiledContract) -> None:
    told = query(chosen, everything(), FOREIGNER_NUMBER)
    person = f"{FOREIGNER}/KisiBilgisi"
    assert told.text(f"{person}/IzinBaslangicTarih") == "2024-01-15T09:30:00"
    assert told.text(f"{person}/Uyruk/Aciklama") == "Örnek Ülke"
    assert told.text(f"{person}/KazanilanTCKimlikNo") == str(CITIZEN_NUMBER)
    assert told.text(f"{person}/DogumTarih/Yil") == "1985"
    assert told.text(f"{person}/TemelBilgisi/DogumYer") == "TİFLİS"
    statu = told.texts(f"{person}/Statu/Aciklama")
    assert statu == ([] if chosen is V2011 else ["Çalışma İzni"])


def test_a_foreigners_unknown_birth_date_is_nil() -> None:
    held = {"foreigner": foreigner(born=PartialDate(None, None, None))}
    told = query(V2011, held, FOREIGNER_NUMBER)
    assert told.is_nil(f"{FOREIGNER}/KisiBilgisi/DogumTarih")


def test_no_record_and_wrong_birth_date_are_one_answer_at_one_cost() -> None:
    missing = FakeRegister()
    wrong = FakeRegister({"citizen": citizen(number=NOBODY)})
    told_missing = query(V2023, missing, NOBODY)
    told_wrong = query(V2023, wrong, NOBODY, born=PartialDate(5, 3, 1985))
    assert told_missing.result == told_wrong.result
    assert told_missing.text(f"{ITEM}/HataBilgisi/Kod") == "2"
    assert told_missing.text(f"{CITIZEN}/KisiBilgisi/HataBilgisi/Kod") == "2"
    assert missing.asked == wrong.asked == ["blue_card_person", "citizen"]
    assert told_wrong.enquiry.outcomes == [Outcome.NOT_FOUND]


def test_a_foreigners_number_asks_as_many_questions() -> None:
    register = FakeRegister()
    query(V2023, register, 99000000110)
    assert register.asked == ["blue_card_person", "foreigner"]


def test_a_photo_that_is_not_granted_is_not_read() -> None:
    register = FakeRegister(everything())
    grant = grant_of(V2023, "BilesikKutukBilgileri")
    told = query(V2023, register, grant=grant)
    assert not [question for question in register.asked if question.endswith("photo")]
    assert told.text(f"{CITIZEN}/TCKKFotografBilgisi/HataBilgisi/Kod") == "8"
    assert told.is_nil(f"{CITIZEN}/GeciciKimlikBilgisi/Fotograf")
    assert told.text(f"{CITIZEN}/GeciciKimlikBilgisi/BelgeNo") == "GKB-1"


def test_a_photo_section_says_the_same_for_everyone_without_its_grant() -> None:
    grant = grant_of(V2023, "BilesikKutukBilgileri")
    path = f"{CITIZEN}/TCKKFotografBilgisi/HataBilgisi/Kod"
    for held in (everything(), {"citizen": citizen()}, {}):
        assert query(V2023, held, grant=grant).text(path) == "8"


def test_sections_that_nobody_may_have_are_not_read() -> None:
    register = FakeRegister(everything())
    paths = "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/NufusCuzdaniBilgisi"
    told = query(V2023, register, grant=grant_of(V2023, paths))
    assert register.asked == ["blue_card_person", "citizen", "old_booklet"]
    assert told.text(f"{CITIZEN}/KisiBilgisi/HataBilgisi/Kod") == "8"
    assert told.text(f"{CITIZEN}/NufusCuzdaniBilgisi/No") == "123456"


def test_a_citizen_under_a_blue_card_grant_is_found_and_empty() -> None:
    paths = "BilesikKutukBilgileri/MaviKartliKisiKutukleri"
    told = query(V2023, {"citizen": citizen()}, grant=grant_of(V2023, paths))
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.is_nil(f"{ITEM}/HataBilgisi")
    assert told.texts(f"{ITEM}/DoluBilesenler/CstBilesikKutukServisDoluBilesen") == []
    assert told.text(f"{BLUE_CARD}/KisiBilgisi/HataBilgisi/Kod") == "2"


def test_a_former_citizen_with_a_blue_card_is_closed_only_if_both_records_are() -> None:
    held = {"citizen": citizen(closed=True), "blue_card_person": blue_card_person()}
    assert query(V2023, held).enquiry.outcomes == [Outcome.OK]
    held["blue_card_person"] = blue_card_person(closed=True)
    assert query(V2023, held).enquiry.outcomes == [Outcome.CLOSED]


def test_documents_of_a_register_without_the_person_are_not_read() -> None:
    register = FakeRegister({"blue_card_person": blue_card_person()})
    told = query(V2023, register)
    assert "old_booklet" not in register.asked
    assert told.text(f"{BLUE_CARD}/KisiBilgisi/TemelBilgisi/Ad") == "İPEK NAZ"
    assert told.text(f"{CITIZEN}/KisiBilgisi/HataBilgisi/Kod") == "2"


def test_from_2021_the_birth_year_is_demanded() -> None:
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    request = (
        f"<kriterListesi><{name}><KimlikNo>{CITIZEN_NUMBER}</KimlikNo></{name}></kriterListesi>"
    )
    told = ask(V2021, request, FakeRegister(everything()))
    assert told.enquiry.outcomes == [Outcome.MISSING]
    assert told.text(f"{ITEM}/HataBilgisi/Kod") == "10"
    told = ask(V2011, request, FakeRegister(everything()))
    assert told.enquiry.outcomes == [Outcome.OK]
