"""BilesikKutukSorgulaKimlikNoServis 2017 and 2024: what sets them apart from the other versions."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree
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
    old_booklet,
    photo,
    temporary_identity,
)

from kps_soap.contracts.contract import CompiledContract
from kps_soap.faults import Outcome
from kps_soap.fields import Grant
from kps_soap.registry.records import Coded, PartialDate

GOLDEN = Path(__file__).parent.parent / "golden" / "dated"
NAME = "BilesikKutukSorgulaKimlikNoServis"
V2017, V2023, V2024 = (contract(NAME, date) for date in ("2017/08/01", "2023/02/01", "2024/04/01"))
ITEM = "SorgulaResult/SorguSonucu/BilesikKutukBilgileri"
CITIZEN = f"{ITEM}/TCVatandasiKisiKutukleri"
BLUE_CARD = f"{ITEM}/MaviKartliKisiKutukleri"
FOREIGNER = f"{ITEM}/YabanciKisiKutukleri"
GUARDIAN = Coded(2, "Vasi")


def query(
    chosen: CompiledContract,
    held: dict[str, Any] | FakeRegister,
    number: int = CITIZEN_NUMBER,
    *,
    born: PartialDate = BORN,
    grant: Grant | None = None,
) -> Told:
    register = held if isinstance(held, FakeRegister) else FakeRegister(held)
    date = (
        f"<DogumAy>{born.month}</DogumAy><DogumGun>{born.day}</DogumGun>"
        f"<DogumYil>{born.year}</DogumYil>"
    )
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    request = (
        f"<kriterListesi><{name}>{'' if chosen is V2017 else date}<KimlikNo>{number}</KimlikNo>"
        f"</{name}></kriterListesi>"
    )
    return ask(chosen, request, register, grant=grant)


def members(told: Told, path: str) -> list[str]:
    """The local names of the members of the one element at a path."""
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    (found,) = told.tree.xpath(steps)
    return [etree.QName(child).localname for child in found]


# 2017


def test_2017_asks_for_a_number_and_names_no_filled_parts() -> None:
    told = query(V2017, {"citizen": citizen()})
    assert told.enquiry.outcomes == [Outcome.OK]
    assert members(told, ITEM) == [
        "HataBilgisi",
        "KimlikNo",
        "MaviKartliKisiKutukleri",
        "TCVatandasiKisiKutukleri",
        "YabanciKisiKutukleri",
    ]
    assert members(told, BLUE_CARD) == ["HataBilgisi", "KisiBilgisi", "MaviKartBilgisi"]


def test_2017_knows_ancestry_and_blood_group_and_not_yet_what_2021_brought() -> None:
    held = {
        "citizen": citizen(),
        "temporary_identity": temporary_identity(),
        "temporary_identity_photo": photo(),
        "identity_card": identity_card(),
        "identity_card_photo": photo(),
    }
    register = FakeRegister(held)
    told = query(V2017, register)
    assert told.text(f"{CITIZEN}/KisiBilgisi/BabaUstSoyBulunamadi") == "true"
    assert told.text(f"{CITIZEN}/KisiBilgisi/KayitYeriBilgisi/AileSiraNo") == "45"
    assert told.text(f"{CITIZEN}/KisiBilgisi/DurumBilgisi/Din/Aciklama") == "İslam"
    assert told.texts(f"{CITIZEN}/KisiBilgisi/OncekiYabanciKimlikNo") == []
    assert told.text(f"{CITIZEN}/GeciciKimlikBilgisi/KanGrubu/Aciklama") == "A Rh-"
    assert told.texts(f"{CITIZEN}/GeciciKimlikBilgisi/Fotograf") == []
    assert "temporary_identity_photo" not in register.asked
    assert told.text(f"{CITIZEN}/TCKKFotografBilgisi/Fotograf")
    assert members(told, f"{CITIZEN}/TCKKBilgisi") == [
        *("Ad", "AnneAd", "BabaAd", "Cinsiyet", "DogumTarih", "HataBilgisi", "KanGrubu"),
        *("SeriNo", "SonGecerlilikTarih", "Soyad", "TCKimlikNo", "VerenMakam"),
    ]


def test_2017_has_no_ground_of_stay() -> None:
    told = query(V2017, {"foreigner": foreigner()}, FOREIGNER_NUMBER)
    assert told.text(f"{FOREIGNER}/KisiBilgisi/Uyruk/Aciklama") == "Örnek Ülke"
    assert told.texts(f"{FOREIGNER}/KisiBilgisi/Statu") == []


# 2024


def test_the_golden_answer_of_2024_is_given_byte_by_byte() -> None:
    """The institution may see neither kinship nor the card's photo, as the captured one."""
    base = "BilesikKutukBilgileri"
    person = f"{base}/TCVatandasiKisiKutukleri/KisiBilgisi"
    shown = ("DogumYerKod", "DurumBilgisi", "OncekiYabanciKimlikNo", "TCKimlikNo")
    grant = grant_of(
        V2024,
        f"{base}/KimlikNo",
        f"{base}/MaviKartliKisiKutukleri",
        f"{base}/YabanciKisiKutukleri",
        *(f"{person}/{name}" for name in (*shown, "TemelBilgisi", "VeliVasiTur", "VeliVasiVar")),
        *(
            f"{base}/TCVatandasiKisiKutukleri/{name}"
            for name in ("GeciciKimlikBilgisi", "NufusCuzdaniBilgisi", "TCKKBilgisi")
        ),
    )
    booklet = old_booklet(issued=PartialDate(1, 2, 2001))
    told = query(V2024, {"citizen": citizen(), "old_booklet": booklet}, grant=grant)
    golden = (GOLDEN / "bilesik-kutuk-2024.xml").read_text(encoding="utf-8")
    assert told.payload.decode() == golden.replace("\n", "")


def test_2024_tells_whether_there_is_a_guardian() -> None:
    for held, number, path in (
        ({"citizen": citizen(guardianship=GUARDIAN)}, CITIZEN_NUMBER, CITIZEN),
        ({"blue_card_person": blue_card_person(guardianship=GUARDIAN)}, CITIZEN_NUMBER, BLUE_CARD),
        ({"foreigner": foreigner(guardianship=GUARDIAN)}, FOREIGNER_NUMBER, FOREIGNER),
    ):
        told = query(V2024, held, number)
        assert told.text(f"{path}/KisiBilgisi/VeliVasiVar") == "true"
        assert told.text(f"{path}/KisiBilgisi/VeliVasiTur/Aciklama") == "Vasi"
        assert members(told, f"{path}/KisiBilgisi")[-2:] == ["VeliVasiTur", "VeliVasiVar"]


def test_2024_without_a_guardian_says_so() -> None:
    told = query(V2024, {"foreigner": foreigner()}, FOREIGNER_NUMBER)
    assert told.text(f"{FOREIGNER}/KisiBilgisi/VeliVasiVar") == "false"
    assert told.is_nil(f"{FOREIGNER}/KisiBilgisi/VeliVasiTur")
    assert told.text(f"{FOREIGNER}/KisiBilgisi/Statu/Aciklama") == "Çalışma İzni"


def test_2024_has_neither_religion_nor_registry_place_whatever_is_granted() -> None:
    told = query(V2024, {"citizen": citizen()})
    person = f"{CITIZEN}/KisiBilgisi"
    assert told.texts(f"{person}/KayitYeriBilgisi") == []
    assert members(told, f"{person}/DurumBilgisi") == ["Durum", "MedeniHal", "OlumTarih"]
    assert V2024.fields is not None
    assert not [path for path in V2024.fields.special if "Din" in path]


def test_the_person_types_of_2024_are_in_its_own_namespace() -> None:
    told = query(V2024, {"citizen": citizen()})
    own, shared = V2024.namespace, "http://kps.nvi.gov.tr/2011/01/01"
    for name in ("Durum", "OlumTarih", "Ad", "DogumTarih"):
        assert told.tree.find(f".//{{{own}}}KisiBilgisi//{{{own}}}{name}") is not None
        assert told.tree.find(f".//{{{shared}}}{name}") is None


def test_containers_of_2024_have_no_note_of_their_own() -> None:
    for held in ({"citizen": citizen()}, {}):
        told = query(V2024, held)
        for container in (CITIZEN, BLUE_CARD, FOREIGNER):
            assert told.is_nil(f"{container}/HataBilgisi")
        assert told.text(f"{FOREIGNER}/KisiBilgisi/HataBilgisi/Kod") == "2"


@pytest.mark.parametrize("chosen", [V2017, V2024])
def test_nobody_and_somebody_else_are_one_answer_at_one_cost(chosen: CompiledContract) -> None:
    nobody, other = FakeRegister(), FakeRegister({"citizen": citizen(number=NOBODY)})
    first = query(chosen, nobody, NOBODY)
    if chosen is V2017:
        assert first.enquiry.outcomes == [Outcome.NOT_FOUND]
        return
    second = query(chosen, other, NOBODY, born=PartialDate(5, 3, 1985))
    assert first.payload == second.payload
    assert nobody.asked == other.asked
    assert first.text(f"{ITEM}/HataBilgisi/Kod") == "2"
    assert first.is_nil(f"{CITIZEN}/KisiBilgisi/VeliVasiVar")


def test_what_is_withheld_of_an_empty_section_is_nil_like_what_is_withheld_of_a_full_one() -> None:
    path = "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/TCKKBilgisi"
    grant = grant_of(V2024, f"{path}/SeriNo")
    card = f"{CITIZEN}/TCKKBilgisi"
    for held in ({"citizen": citizen()}, {"citizen": citizen(), "identity_card": identity_card()}):
        told = query(V2024, held, grant=grant)
        assert told.is_nil(f"{card}/SurucuBelgeYuklendiMi")
        assert told.is_nil(f"{card}/DogumTarih")
    assert told.text(f"{card}/SeriNo") == "A01B23456"


def test_2023_keeps_its_empty_sections_bare() -> None:
    told = query(V2023, {"citizen": citizen()})
    assert told.is_nil(f"{CITIZEN}/TCKKBilgisi/SurucuBelgeYuklendiMi")
    assert told.is_nil(f"{BLUE_CARD}/KisiBilgisi/DurumBilgisi")
    assert told.text(f"{BLUE_CARD}/HataBilgisi/Kod") == "2"
