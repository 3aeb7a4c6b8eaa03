"""What BilesikKutuk 2023 says of each golden persona, told from its purpose and not from code.

The governorate may see everything, so a missing section is a section that the person lacks.
"""

from typing import Any

import pytest

from end_to_end.questions import (
    ADDRESS,
    NOT_FOUND,
    address_query,
    combined_path,
    combined_query,
    on_behalf,
)
from end_to_end.running import Served

VERSION = "2023/02/01"
HEADERS = on_behalf(inquirer="V06-IKAMET-01", purpose="IKAMET_IZNI", case_number="2026/15")
BORN = {"day": 1, "month": 1, "year": 1980}

CITIZEN, FOREIGNER = ("TCKisiBilgisi",), ("YabanciKisiBilgisi",)
CARD = (*CITIZEN, "TCKKBilgisi")
CARD_AND_PHOTO = (*CARD, "TCKKFotoBilgisi")
BOOKLET = (*CITIZEN, "NufusCuzdaniBilgisi")

#: Who has other sections than an adult citizen with an identity card and a photo.
SECTIONS: dict[int, tuple[str, ...]] = {
    2: CARD,  # children have no photo
    3: CITIZEN,  # born today: no document yet
    4: BOOKLET,
    5: BOOKLET,
    32: (*CITIZEN, "TCKKGeciciKimlikBilgisi"),
    33: BOOKLET,
    36: CARD,
    37: CARD,
    38: CARD,
    41: FOREIGNER,
    43: FOREIGNER,
    44: FOREIGNER,
    45: FOREIGNER,
    46: FOREIGNER,
    47: (*CITIZEN, "MaviKartliKisiBilgisi", "MaviKartBilgisi"),
    48: (*CITIZEN, "MaviKartliKisiBilgisi", "YeniMaviKartBilgisi"),
    49: ("MaviKartliKisiBilgisi", "YeniMaviKartBilgisi"),
    50: CITIZEN,
    55: FOREIGNER,
    56: CITIZEN,
    62: CARD,
    63: (),
}
#: Everybody of these is found, with 303: no record of theirs is in use any more.
CLOSED = {5, 41, 46, 50, 55, 56}
ABSENT = 63


@pytest.fixture(scope="module")
def records(gateway: Served) -> list[dict[str, Any]]:
    """What the governorate is told about all personas, by index."""
    found: list[dict[str, Any]] = []
    for start in range(0, 64, 20):
        asked = gateway.demo["personas"][start : start + 20]
        reply = gateway.ask(
            combined_path(VERSION),
            combined_query(VERSION, [(one["identity_number"], birth_of(one)) for one in asked]),
            institution="V-06-0001",
            headers=HEADERS,
        )
        found += reply.records
    assert len(found) == 64
    return found


def birth_of(persona: dict[str, Any]) -> dict[str, int | None]:
    """The persona's birth date; any date for the one who is in no register."""
    birth: dict[str, int | None] = persona["birth"]
    return birth if birth["year"] else dict(BORN)


def parts_of(record: dict[str, Any]) -> tuple[str, ...]:
    filled = record["DoluBilesenler"]
    if not filled:
        return ()
    names = filled["CstBilesikKutukServisDoluBilesen"]
    return (names,) if isinstance(names, str) else tuple(names)


def citizen(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = record["TCVatandasiKisiKutukleri"]["KisiBilgisi"]
    return found


def foreigner(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = record["YabanciKisiKutukleri"]["KisiBilgisi"]
    return found


def test_every_persona_has_exactly_the_expected_sections(records: list[dict[str, Any]]) -> None:
    for index, record in enumerate(records):
        assert parts_of(record) == SECTIONS.get(index, CARD_AND_PHOTO), index
        assert record["HataBilgisi"] == (NOT_FOUND if index == ABSENT else None), index


def test_names_and_birth_dates_are_those_of_the_demo_file(
    gateway: Served, records: list[dict[str, Any]]
) -> None:
    for persona, record in zip(gateway.demo["personas"][:ABSENT], records, strict=False):
        person = next(
            record[container]["KisiBilgisi"]
            for container in (
                "TCVatandasiKisiKutukleri",
                "YabanciKisiKutukleri",
                "MaviKartliKisiKutukleri",
            )
            if record[container]["HataBilgisi"] is None
        )
        basic = person["TemelBilgisi"]
        assert record["KimlikNo"] == str(persona["identity_number"])
        assert (basic["Ad"], basic["Soyad"]) == (persona["given_name"], persona["surname"])
        stated = person.get("DogumTarih") or basic["DogumTarih"]
        parts = {"day": stated["Gun"], "month": stated["Ay"], "year": stated["Yil"]}
        assert parts == {name: value and str(value) for name, value in persona["birth"].items()}


def test_closed_records_are_found_and_say_303(gateway: Served) -> None:
    for index in sorted(CLOSED | {0, 47, 48, 49, ABSENT}):
        persona = gateway.persona(index)
        reply = gateway.ask(
            combined_path(VERSION),
            combined_query(VERSION, [(persona["identity_number"], birth_of(persona))]),
        )
        expected = "303" if index in CLOSED else "301" if index == ABSENT else "0"
        assert reply.headers["kps-sonuc-kodu"] == expected, index


def test_families_point_to_each_other(gateway: Served, records: list[dict[str, Any]]) -> None:
    number = {index: str(gateway.number(index)) for index in range(64)}
    assert citizen(records[0])["EsTCKimlikNo"] == number[1]
    assert citizen(records[1])["EsTCKimlikNo"] == number[0]
    for child in (2, 3):
        assert citizen(records[child])["AnneTCKimlikNo"] == number[1]
        assert citizen(records[child])["BabaTCKimlikNo"] == number[0]
    twins = [citizen(records[index]) for index in (39, 40)]
    assert twins[0]["AnneTCKimlikNo"] == twins[1]["AnneTCKimlikNo"] is not None
    assert citizen(records[38])["BabaTCKimlikNo"] is None
    assert citizen(records[62])["AnneTCKimlikNo"] is None
    assert citizen(records[62])["AnneUstSoyBulunamadi"] == "true"
    assert citizen(records[62])["BabaTCKimlikNo"] is not None
    heir = records[49]["MaviKartliKisiKutukleri"]["KisiBilgisi"]
    assert number[47] in (heir["AnneTCKimlikNo"], heir["BabaTCKimlikNo"])


def test_former_numbers_lead_on(gateway: Served, records: list[dict[str, Any]]) -> None:
    assert foreigner(records[41])["KazanilanTCKimlikNo"] == str(gateway.number(42))
    assert citizen(records[42])["OncekiYabanciKimlikNo"] == str(gateway.number(41))
    survivor = foreigner(records[55])["GercekKisiKimlikNo"]
    assert survivor not in (None, str(gateway.number(55)))
    reply = gateway.ask(
        combined_path(VERSION), combined_query(VERSION, [(survivor, birth_of(gateway.persona(55)))])
    )
    assert reply.headers["kps-sonuc-kodu"] == "0"


def test_deaths_marriages_and_unusual_names_show(records: list[dict[str, Any]]) -> None:
    for index in (5, 46):
        person = citizen(records[index]) if index == 5 else foreigner(records[index])
        status = person["DurumBilgisi"]
        assert status["Durum"]["Kod"] == "3"
        died = person.get("OlumTarih") or status["OlumTarih"]
        assert died["Yil"] is not None
    assert citizen(records[6])["EsTCKimlikNo"] is None
    assert citizen(records[10])["TemelBilgisi"]["Soyad"] is None
    assert " " in citizen(records[9])["TemelBilgisi"]["Soyad"]
    assert citizen(records[17])["TemelBilgisi"]["Ad"] == "KÂZIM"
    assert len(citizen(records[20])["TemelBilgisi"]["Ad"]) > 40
    assert citizen(records[22])["TemelBilgisi"]["Ad"] == "RA'NA"
    alive = citizen(records[4])
    assert alive["DurumBilgisi"]["Durum"]["Kod"] == "1"
    assert alive["DurumBilgisi"]["OlumTarih"] == {"Ay": None, "Gun": None, "Yil": None}


def test_documents_are_of_the_expected_kind(records: list[dict[str, Any]]) -> None:
    def card(index: int) -> dict[str, Any]:
        found: dict[str, Any] = records[index]["TCVatandasiKisiKutukleri"]["TCKKBilgisi"]
        return found

    assert int(card(30)["SonGecerlilikTarih"]["Yil"]) >= 2026
    assert int(card(31)["SonGecerlilikTarih"]["Yil"]) <= 2026
    assert card(34)["SurucuBelgeYuklendiMi"] == "true"
    photo = records[35]["TCVatandasiKisiKutukleri"]["TCKKFotografBilgisi"]["Fotograf"]
    assert photo.startswith("iVBOR")
    assert foreigner(records[45])["Uyruk"]["Aciklama"] == "Vatansız"
    assert foreigner(records[44])["IzinBitisTarih"] is None
    assert foreigner(records[44])["BitisTarihiBelirsizOlmaNeden"]["Kod"] is not None
    assert foreigner(records[43])["IzinBitisTarih"] is not None


def test_addresses_have_the_shape_of_their_kind(gateway: Served) -> None:
    personas = [gateway.persona(index) for index in (0, 23, 24, 25, 26, 27, 63)]
    reply = gateway.ask(
        ADDRESS,
        address_query([(one["identity_number"], birth_of(one)) for one in personas]),
    )
    centre, village, town, abroad, nowhere, several, absent = reply.records
    shapes = ("IlIlceMerkezAdresi", "KoyAdresi", "BeldeAdresi", "YurtDisiAdresi")
    for record, shape in zip((centre, village, town, abroad), shapes, strict=True):
        residence = record["YerlesimYeriAdresi"]
        assert residence[shape], shape
        assert [residence[other] for other in shapes if other != shape] == [None] * 3
    assert nowhere["YerlesimYeriAdresi"]["HataBilgisi"] == NOT_FOUND
    assert nowhere["HataBilgisi"] is None
    assert len(several["DigerAdresBilgileri"]["KimlikNoileKisiAdresBilgisi"]) == 2
    assert absent["HataBilgisi"] == NOT_FOUND
    assert reply.headers["kps-sonuc-kodu"] == "301"
