"""KimlikNoSorgulaAdresServis: the residence, the others, and the one shape that is filled."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FakeRegister,
    Told,
    abroad,
    address,
    ask,
    citizen,
    contract,
    dwelling,
    grant_of,
)

from kps_soap.fields import Grant
from kps_soap.registry.records import Address, AddressKind

SERVICE = contract("KimlikNoSorgulaAdresServis", "2021/04/01")
ITEM = "SorgulaResult/SorguSonucu/KimlikNoileKisiAdresBilgileri"
HOME = f"{ITEM}/YerlesimYeriAdresi"
OTHERS = f"{ITEM}/DigerAdresBilgileri/KimlikNoileKisiAdresBilgisi"
SHAPES = ("BeldeAdresi", "IlIlceMerkezAdresi", "KoyAdresi", "YurtDisiAdresi")
REQUEST = (
    "<kriterListesi><KimlikNoileAdresSorguKriteri><DogumAy>3</DogumAy><DogumGun>4</DogumGun>"
    f"<DogumYil>1985</DogumYil><KimlikNo>{CITIZEN_NUMBER}</KimlikNo>"
    "</KimlikNoileAdresSorguKriteri></kriterListesi>"
)


def query(*addresses: Address, grant: Grant | None = None, **held: Any) -> Told:
    register = FakeRegister({"citizen": citizen(), "addresses": list(addresses)} | held)
    return ask(SERVICE, REQUEST, register, grant=grant)


def test_a_residence_in_a_centre_is_shown_with_every_member() -> None:
    told = query(address())
    shown = {
        "AcikAdres": "ÖRNEK MAH. ÖRNEK SOKAK NO: 5/1 İÇ KAPI NO: 12",
        "AdresNo": "9000000001",
        "AdresTip/Kod": "1",
        "BeyandaBulunanKimlikNo": "98765432150",
        "BeyanTarihi/Yil": "2020",
        "TasinmaTarihi/Ay": "5",
        "TasinmaNeden/Aciklama": "Evlilik",
        "IlIlceMerkezAdresi/Il": "İSTANBUL",
        "IlIlceMerkezAdresi/IlKodu": "34",
        "IlIlceMerkezAdresi/Ilce": "ÖRNEKKÖY",
        "IlIlceMerkezAdresi/IlceKodu": "90001",
        "IlIlceMerkezAdresi/Mahalle": "ÖRNEK MAH.",
        "IlIlceMerkezAdresi/MahalleKodu": "900011",
        "IlIlceMerkezAdresi/Csbm": "ÖRNEK SOKAK",
        "IlIlceMerkezAdresi/CsbmKodu": "900013",
        "IlIlceMerkezAdresi/BinaKodu": "900014",
        "IlIlceMerkezAdresi/BinaNo": "5",
        "IlIlceMerkezAdresi/BinaAda": "101",
        "IlIlceMerkezAdresi/BinaPafta": "P2",
        "IlIlceMerkezAdresi/BinaParsel": "7",
        "IlIlceMerkezAdresi/BinaBlokAdi": "A BLOK",
        "IlIlceMerkezAdresi/BinaSiteAdi": "ÖRNEK SİTESİ",
        "IlIlceMerkezAdresi/BinaDurum/Aciklama": "Kullanılıyor",
        "IlIlceMerkezAdresi/BinaYapiTipi/Aciklama": "Betonarme",
        "IlIlceMerkezAdresi/YapiKullanimAmac/Aciklama": "Mesken",
        "IlIlceMerkezAdresi/BinaNumaratajTipi/Aciklama": "Ana",
        "IlIlceMerkezAdresi/DisKapiNo": "5/1",
        "IlIlceMerkezAdresi/IcKapiNo": "12",
        "IlIlceMerkezAdresi/KatNo": "3",
        "IlIlceMerkezAdresi/BagimsizBolumDurum/Aciklama": "Dolu",
        "IlIlceMerkezAdresi/BagimsizBolumTipi/Aciklama": "Daire",
        "IlIlceMerkezAdresi/TapuBagimsizBolumNo": "12",
        "IlIlceMerkezAdresi/YolAltiKatSayisi": "1",
        "IlIlceMerkezAdresi/YolUstuKatSayisi": "6",
    }
    assert {path: told.text(f"{HOME}/{path}") for path in shown} == shown
    assert told.is_nil(f"{HOME}/HataBilgisi")
    assert told.is_nil(f"{HOME}/TescilTarihi")
    assert told.texts(OTHERS) == []


@pytest.mark.parametrize(
    ("kind", "filled"),
    [
        (AddressKind.CENTRE, "IlIlceMerkezAdresi"),
        (AddressKind.TOWN, "BeldeAdresi"),
        (AddressKind.VILLAGE, "KoyAdresi"),
        (AddressKind.UNDEFINED, "IlIlceMerkezAdresi"),
    ],
)
def test_exactly_the_shape_of_the_kind_is_filled(kind: AddressKind, filled: str) -> None:
    told = query(address(kind))
    assert [shape for shape in SHAPES if not told.is_nil(f"{HOME}/{shape}")] == [filled]
    village = told.texts(f"{HOME}/{filled}/Koy")
    assert village == ([] if filled == "IlIlceMerkezAdresi" else ["ÖRNEKKÖY"])


def test_an_address_abroad_has_its_own_shape() -> None:
    told = query(abroad())
    place = f"{HOME}/YurtDisiAdresi"
    assert told.text(f"{place}/YabanciSehir") == "ÖRNEKŞEHİR"
    assert told.text(f"{place}/DisTemsDuzeltmeBeyanTarih") == "2023-05-06T00:00:00"
    assert told.text(f"{place}/YabanciUlke/Kod") == "9002"
    assert [shape for shape in SHAPES if not told.is_nil(f"{HOME}/{shape}")] == ["YurtDisiAdresi"]


def test_other_addresses_keep_their_order() -> None:
    told = query(address(), address(residence=False, address_no=1), abroad(residence=False))
    assert told.texts(f"{OTHERS}/AdresNo") == ["1", "9000000001"]


def test_who_has_no_residence_gets_an_address_without_data() -> None:
    told = query(address(residence=False))
    assert told.text(f"{HOME}/HataBilgisi/Kod") == "2"
    for shape in SHAPES:
        assert told.text(f"{HOME}/{shape}/HataBilgisi/Kod") == "2"
    assert told.is_nil(f"{HOME}/AcikAdres")
    assert len(told.texts(OTHERS)) == 1


def test_who_is_not_found_gets_no_addresses_at_all() -> None:
    told = query(citizen=None)
    assert told.text(f"{ITEM}/HataBilgisi/Kod") == "2"
    assert told.text(f"{ITEM}/KimlikNo") == str(CITIZEN_NUMBER)
    assert told.is_nil(f"{ITEM}/DigerAdresBilgileri")
    assert told.text(f"{HOME}/HataBilgisi/Kod") == "2"


def test_an_address_without_street_and_place_is_still_an_address() -> None:
    told = query(
        address(dwelling=dwelling(street=None, neighbourhood=None)),
        address(AddressKind.UNDEFINED, residence=False, dwelling=None),
    )
    assert told.is_nil(f"{HOME}/IlIlceMerkezAdresi/CsbmKodu")
    assert told.is_nil(f"{HOME}/IlIlceMerkezAdresi/Mahalle")
    assert told.is_nil(f"{OTHERS}/IlIlceMerkezAdresi")


def test_addresses_are_not_read_where_nothing_of_them_is_granted() -> None:
    register = FakeRegister({"citizen": citizen(), "addresses": [address()]})
    grant = grant_of(SERVICE, "KimlikNoileKisiAdresBilgileri/KimlikNo")
    told = ask(SERVICE, REQUEST, register, grant=grant)
    assert register.asked == ["blue_card_person", "citizen"]
    assert told.text(f"{HOME}/HataBilgisi/Kod") == "8"
    assert told.is_nil(f"{ITEM}/DigerAdresBilgileri")


def test_one_member_of_every_other_address_can_be_granted() -> None:
    path = "KimlikNoileKisiAdresBilgileri/DigerAdresBilgileri/AdresNo"
    told = query(address(), address(residence=False, address_no=7), grant=grant_of(SERVICE, path))
    assert told.texts(f"{OTHERS}/AdresNo") == ["7"]
    assert told.is_nil(f"{OTHERS}/AcikAdres")
