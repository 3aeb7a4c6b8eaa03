"""TcKimlikNoSorgulaAdresServis: the addresses of a citizen in the shape of 2011."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FOREIGNER_NUMBER,
    FakeRegister,
    Told,
    abroad,
    address,
    ask,
    citizen,
    contract,
    dwelling,
    foreigner,
    grant_of,
)

from kps_soap.faults import Outcome
from kps_soap.fields import Grant
from kps_soap.registry.records import Address, AddressKind

SERVICE = contract("TcKimlikNoSorgulaAdresServis", "2011/01/01")
ITEM = "SorgulaResult/SorguSonucu/KisiAdresBilgileri"
HOME = f"{ITEM}/YerlesimYeriAdresi"
OTHERS = f"{ITEM}/DigerAdresBilgileri/KisiAdresBilgisi"
SHAPES = ("BeldeAdresi", "IlIlceMerkezAdresi", "KoyAdresi", "YurtDisiAdresi")


def query(
    *addresses: Address, number: int = CITIZEN_NUMBER, grant: Grant | None = None, **held: Any
) -> Told:
    register = FakeRegister({"citizen": citizen(), "addresses": list(addresses)} | held)
    request = (
        "<kriterListesi><TCKimlikNoileAdresSorguKriteri>"
        f"<TCKimlikNo>{number}</TCKimlikNo></TCKimlikNoileAdresSorguKriteri></kriterListesi>"
    )
    return ask(SERVICE, request, register, grant=grant)


def test_a_residence_in_a_centre_is_shown_with_every_member() -> None:
    told = query(address(dwelling=dwelling(outer_door_no="5")))
    shown = {
        "AcikAdres": "ÖRNEK MAH. ÖRNEK SOKAK NO: 5/1 İÇ KAPI NO: 12",
        "AdresNo": "9000000001",
        "AdresTip/Kod": "1",
        "BeyanTarihi/Yil": "2020",
        "TasinmaTarihi/Ay": "5",
        "IlIlceMerkezAdresi/Il": "İSTANBUL",
        "IlIlceMerkezAdresi/IlKodu": "34",
        "IlIlceMerkezAdresi/Ilce": "ÖRNEKKÖY",
        "IlIlceMerkezAdresi/IlceKodu": "90001",
        "IlIlceMerkezAdresi/Mahalle": "ÖRNEK MAH.",
        "IlIlceMerkezAdresi/MahalleKod": "900011",
        "IlIlceMerkezAdresi/Csbm": "ÖRNEK SOKAK",
        "IlIlceMerkezAdresi/CsbmKodu": "900013",
        "IlIlceMerkezAdresi/DisKapiNo": "5",
        "IlIlceMerkezAdresi/IcKapiNo": "12",
    }
    assert {path: told.text(f"{HOME}/{path}") for path in shown} == shown
    assert told.is_nil(f"{HOME}/HataBilgisi")
    assert told.is_nil(f"{HOME}/TescilTarihi")
    assert told.texts(OTHERS) == []
    assert told.enquiry.outcomes == [Outcome.OK]


def test_everything_stands_in_the_one_namespace() -> None:
    payload = query(address()).payload.decode()
    assert payload.count("xmlns") == 2
    assert "<KisiAdresBilgileri><DigerAdresBilgileri/>" in payload


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
    village = told.texts(f"{HOME}/{filled}/KoyKod")
    assert village == ([] if filled == "IlIlceMerkezAdresi" else ["900012"])
    if village:
        assert told.is_nil(f"{HOME}/{filled}/Bucak")


def test_an_address_abroad_has_its_own_shape() -> None:
    told = query(abroad())
    assert told.text(f"{HOME}/YurtDisiAdresi/YabanciSehir") == "ÖRNEKŞEHİR"
    assert told.text(f"{HOME}/YurtDisiAdresi/YabanciUlke/Kod") == "9002"
    assert [shape for shape in SHAPES if not told.is_nil(f"{HOME}/{shape}")] == ["YurtDisiAdresi"]


@pytest.mark.parametrize("door", ["5/1", "5A", "", None, "٥", "1234567890"])
def test_a_door_that_is_no_whole_number_is_nil_and_stays_in_the_open_address(
    door: str | None,
) -> None:
    told = query(address(dwelling=dwelling(outer_door_no=door)))
    assert told.is_nil(f"{HOME}/IlIlceMerkezAdresi/DisKapiNo")
    assert "NO: 5/1" in (told.text(f"{HOME}/AcikAdres") or "")


def test_a_dwelling_without_street_and_place_is_shown_without_them() -> None:
    told = query(
        address(dwelling=dwelling(street=None, neighbourhood=None)),
        address(AddressKind.UNDEFINED, residence=False, dwelling=None),
    )
    assert told.is_nil(f"{HOME}/IlIlceMerkezAdresi/CsbmKodu")
    assert told.is_nil(f"{HOME}/IlIlceMerkezAdresi/Mahalle")
    assert told.is_nil(f"{OTHERS}/IlIlceMerkezAdresi")


def test_who_has_no_residence_gets_an_address_without_data() -> None:
    told = query(address(residence=False))
    assert told.text(f"{HOME}/HataBilgisi/Kod") == "2"
    for shape in SHAPES:
        assert told.text(f"{HOME}/{shape}/HataBilgisi/Kod") == "2"
    assert len(told.texts(OTHERS)) == 1


def test_citizens_alone_are_found() -> None:
    register = {"foreigner": foreigner()}
    told = query(address(), number=FOREIGNER_NUMBER, **register)
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]
    assert told.text(f"{ITEM}/HataBilgisi/Kod") == "2"
    assert told.text(f"{ITEM}/TCKimlikNo") == str(FOREIGNER_NUMBER)
    assert told.is_nil(f"{ITEM}/DigerAdresBilgileri")


def test_addresses_are_not_read_where_nothing_of_them_is_granted() -> None:
    register = FakeRegister({"citizen": citizen(), "addresses": [address()]})
    request = (
        "<kriterListesi><TCKimlikNoileAdresSorguKriteri>"
        f"<TCKimlikNo>{CITIZEN_NUMBER}</TCKimlikNo></TCKimlikNoileAdresSorguKriteri>"
        "</kriterListesi>"
    )
    grant = grant_of(SERVICE, "KisiAdresBilgileri/TCKimlikNo")
    told = ask(SERVICE, request, register, grant=grant)
    assert register.asked == ["citizen"]
    assert told.text(f"{HOME}/HataBilgisi/Kod") == "8"
    assert told.is_nil(f"{ITEM}/DigerAdresBilgileri")
