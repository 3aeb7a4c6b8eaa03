"""The register's questions, against SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import create_engine, delete, insert
from sqlalchemy.engine import Connection

from kps_soap.faults import RegisterUnavailable
from kps_soap.registry import codes, tables
from kps_soap.registry.records import (
    UNKNOWN_DATE,
    AbroadAddress,
    BlueCardPerson,
    Citizen,
    Coded,
    Foreigner,
    IdentityCard,
    NewBlueCard,
    NewBlueCardTemporary,
    OldBlueCard,
    OldBooklet,
    PartialDate,
    Photo,
    PhotoKind,
    Registration,
    TemporaryIdentity,
)
from kps_soap.registry.store import Register

Answer = TypeVar("Answer")

ADULT, DECEASED, BARE, NOBODY = 10000000214, 10000000382, 10000000450, 12345678950
REFUGEE, NATURALISED = 99000000042, 99000000110
BLUE = 98765432150
MEN, WOMEN = Coded(1, "Erkek"), Coded(2, "Kadın")
OPEN, CLOSED, DECEASED_STATUS = Coded(1, "Açık"), Coded(2, "Kapalı"), Coded(3, "Ölüm")
ISTANBUL, DISTRICT = Coded(34, "İSTANBUL"), Coded(90340, "ÖRNEKİLÇE")
GERMANY = Coded(276, "Almanya")

NAMES = {
    "given_name": "AYŞE NUR",
    "surname": "ÖRNEKOĞLU",
    "mother_name": "ŞULE",
    "father_name": "KÂZIM",
}


def _person(number: int, **more: Any) -> dict[str, Any]:
    return {"number": number, **NAMES, "sex_code": 2, "status_code": 1, "protected": False} | more


def _fill_places(connection: Connection) -> None:
    districts = [
        {"code": 90341, "province_code": 34, "name": "DENEMEİLÇE"},
        {"code": 90340, "province_code": 34, "name": "ÖRNEKİLÇE"},
    ]
    connection.execute(insert(tables.districts), districts)
    connection.execute(
        insert(tables.neighbourhoods),
        [{"code": 90001, "district_code": 90340, "name": "ÖRNEK MAH."}],
    )
    connection.execute(
        insert(tables.volumes), [{"district_code": 90340, "code": 7, "name": "ÖRNEK MAH."}]
    )


def _fill_persons(connection: Connection) -> None:
    connection.execute(
        insert(tables.citizens),
        [
            _person(
                ADULT,
                mother_number=DECEASED,
                born=19800229,
                birth_place="İSTANBUL",
                birth_place_code=34,
                civil_status_code=2,
                religion_code=1,
                registered=19800310,
                registry_district_code=90340,
                volume_code=7,
                family_no=12,
                member_no=3,
                former_surname="ŞABLONGİL",
                former_foreigner_number=NATURALISED,
                guardianship_code=2,
                mother_ancestry_not_found=False,
                father_ancestry_not_found=True,
                protected=True,
            )
        ],
    )
    connection.execute(
        insert(tables.citizens),
        [_person(DECEASED, status_code=3, born=19300000, died=20100512)],
    )
    connection.execute(insert(tables.citizens), [_person(BARE, surname=None, volume_code=1)])
    connection.execute(
        insert(tables.foreigners),
        [
            _person(
                REFUGEE,
                nationality_code=760,
                standing_code=7,
                permit_no="K-1",
                permit_start=datetime(2024, 5, 1, 9, 30),
                permit_end=None,
                permit_open_end_reason_code=3,
                permit_province_code=34,
                source_unit_code=1,
            )
        ],
    )
    connection.execute(
        insert(tables.foreigners),
        [_person(NATURALISED, status_code=2, born=19800229, acquired_citizen_number=ADULT)],
    )
    connection.execute(
        insert(tables.blue_card_persons),
        [_person(BLUE, sex_code=1, born=19750007, country_code=276, real_person_number=ADULT)],
    )


def _fill_documents(connection: Connection) -> None:
    card = {
        "number": ADULT,
        **NAMES,
        "sex_code": 2,
        "born": 19800229,
        "licence_loaded": False,
    }
    connection.execute(
        insert(tables.identity_cards),
        [
            card | {"sequence": 1, "serial_no": "A01A00001", "cancelled": True},
            card | {"sequence": 2, "serial_no": "A01A00002", "cancelled": False},
            card | {"sequence": 3, "serial_no": "A01A00003", "cancelled": False},
            card | {"sequence": 4, "serial_no": "A01A00004", "cancelled": True},
        ],
    )
    booklet = {"series": "A01", "serial": 123456, "record_no": 2**33, "issue_reason_code": 5}
    connection.execute(
        insert(tables.old_booklets),
        [{"number": ADULT, **NAMES, **booklet, "issuing_district_code": 90340, "issued": 20010304}],
    )
    paper = {"number": ADULT, **NAMES, "sex_code": 2, "document_no": "G1", "blood_group_code": 3}
    connection.execute(insert(tables.temporary_identities), [paper])
    blue = {"number": BLUE, **NAMES, "sex_code": 1, "nationality_code": 276}
    series = {"series": "M01", "serial": 1, "record_no": 5, "issue_reason_code": 2, "unit_code": 9}
    connection.execute(insert(tables.old_blue_cards), [blue | series])
    connection.execute(insert(tables.new_blue_cards), [blue | {"serial_no": "B02B00001"}])
    connection.execute(
        insert(tables.new_blue_card_temporaries), [blue | {"document_no": "M1", "issued": 20250101}]
    )
    photos = [(ADULT, PhotoKind.IDENTITY_CARD), (ADULT, PhotoKind.TEMPORARY_IDENTITY)]
    photos += [(BLUE, PhotoKind.NEW_BLUE_CARD), (BLUE, PhotoKind.NEW_BLUE_CARD_TEMPORARY)]
    connection.execute(
        insert(tables.photos),
        [{"number": who, "kind": kind, "image": _image(kind)} for who, kind in photos],
    )


def _image(kind: PhotoKind) -> bytes:
    return b"\x89PNG\x00" + bytes([kind])


def _fill_addresses(connection: Connection) -> None:
    dwelling = {
        "address_no": 9000000001,
        "text": "ÖRNEK MAH. KURGU SOKAK NO: 5 İÇ KAPI NO: 2 ÖRNEKİLÇE/İSTANBUL",
        "district_code": 90340,
        "neighbourhood_code": 90001,
        "street_code": 900010,
        "street_name": "KURGU SOKAK",
        "building_code": 2**40,
        "outer_door_no": "5",
        "inner_door_no": "2",
        "unit_kind_code": 1,
        "floors_above_road": 4,
    }
    connection.execute(insert(tables.dwellings), [dwelling])
    address = {"number": ADULT, "residence": False, "archived": False, "kind_code": 1}
    home = {"sequence": 5, "residence": True, "address_no": 9000000001, "declared": 20240102}
    rows = [
        address | {"sequence": 2, "address_no": 9000000001},
        address | home | {"declared_by_number": ADULT, "move_reason_code": 1, "moved": 20240100},
        address | {"sequence": 1, "archived": True, "address_no": 9000000001},
        address | {"sequence": 3, "address_no": 9999999999},
    ]
    for row in rows:
        connection.execute(insert(tables.addresses), [row])
    abroad = {
        "number": BLUE,
        "sequence": 0,
        "residence": True,
        "archived": False,
        "kind_code": 4,
        "mission_code": 1,
        "abroad_country_code": 276,
        "abroad_city": "BERLIN",
        "abroad_text": "BEISPIELSTRASSE 1",
        "correction_decided": datetime(2020, 2, 3),
    }
    connection.execute(insert(tables.addresses), [abroad])


@pytest.fixture
def filled_url(database_url: str) -> Iterator[str]:
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            tables.create_tables(connection, indexes=False)
            tables.create_indexes(connection)
            codes.write(connection, codes.load(Path(__file__).parents[2] / "conf" / "codes.toml"))
            info = {"kind": "SENTETIK", "date": "2026-01-01"}
            connection.execute(
                insert(tables.register_info),
                [{"key": key, "value": value} for key, value in info.items()],
            )
            _fill_places(connection)
            _fill_persons(connection)
            _fill_documents(connection)
            _fill_addresses(connection)
        yield database_url
    finally:
        engine.dispose()


@pytest.fixture
def ask(filled_url: str) -> Callable[[Callable[[Register], Awaitable[Any]]], Any]:
    """Open the register, put a question, close it."""

    def _ask(question: Callable[[Register], Awaitable[Answer]]) -> Answer:
        async def main() -> Answer:
            register = await Register.open(filled_url)
            try:
                return await question(register)
            finally:
                await register.close()

        return asyncio.run(main())

    return _ask


Ask = Callable[[Callable[[Register], Awaitable[Any]]], Any]


def test_a_citizen_comes_with_texts_place_and_partial_dates(ask: Ask) -> None:
    assert ask(lambda register: register.citizen(ADULT)) == Citizen(
        number=ADULT,
        given_name="AYŞE NUR",
        surname="ÖRNEKOĞLU",
        mother_name="ŞULE",
        father_name="KÂZIM",
        mother_number=DECEASED,
        father_number=None,
        spouse_number=None,
        mother_ancestry_not_found=False,
        father_ancestry_not_found=True,
        sex=WOMEN,
        born=PartialDate(29, 2, 1980),
        birth_place="İSTANBUL",
        birth_place_code=34,
        status=OPEN,
        civil_status=Coded(2, "Evli"),
        religion=Coded(1, "İslam"),
        died=None,
        registration=Registration(ISTANBUL, DISTRICT, Coded(7, "ÖRNEK MAH."), 12, 3),
        former_surname="ŞABLONGİL",
        former_foreigner_number=NATURALISED,
        real_person_number=None,
        guardianship=Coded(2, "Vasi"),
        protected=True,
        closed=False,
        registered=PartialDate(10, 3, 1980),
    )


def test_truth_values_are_truth_values_in_every_database(ask: Ask) -> None:
    citizen = ask(lambda register: register.citizen(ADULT))
    assert citizen.protected is True
    assert citizen.mother_ancestry_not_found is False


def test_a_deceased_person_is_closed_and_an_unknown_day_stays_unknown(ask: Ask) -> None:
    citizen = ask(lambda register: register.citizen(DECEASED))
    assert citizen.status == DECEASED_STATUS
    assert citizen.closed
    assert citizen.born == PartialDate(None, None, 1930)
    assert citizen.died == PartialDate(12, 5, 2010)


def test_what_a_citizen_does_not_have_is_none(ask: Ask) -> None:
    citizen = ask(lambda register: register.citizen(BARE))
    assert citizen.born == UNKNOWN_DATE
    assert citizen.born.is_unknown
    absent = ["surname", "civil_status", "religion", "died", "registration", "guardianship"]
    assert [getattr(citizen, name) for name in absent] == [None] * len(absent)


def test_a_foreigner_keeps_the_minutes_of_a_permit(ask: Ask) -> None:
    foreigner = ask(lambda register: register.foreigner(REFUGEE))
    assert isinstance(foreigner, Foreigner)
    assert foreigner.born == UNKNOWN_DATE
    assert foreigner.nationality == Coded(760, "Suriye")
    assert foreigner.standing == Coded(7, "Geçici Koruma")
    assert foreigner.permit_start == datetime(2024, 5, 1, 9, 30)
    assert foreigner.permit_end is None
    assert foreigner.permit_open_end_reason == Coded(3, "Geçici Koruma")
    assert foreigner.permit_province == ISTANBUL
    assert foreigner.source_unit == Coded(1, "Göç İdaresi Başkanlığı")
    assert not foreigner.closed


def test_a_naturalised_foreigner_is_closed_and_names_the_new_number(ask: Ask) -> None:
    foreigner = ask(lambda register: register.foreigner(NATURALISED))
    assert foreigner.closed
    assert foreigner.status == CLOSED
    assert foreigner.acquired_citizen_number == ADULT


def test_a_blue_card_person_names_the_country_and_the_real_person(ask: Ask) -> None:
    person = ask(lambda register: register.blue_card_person(BLUE))
    assert isinstance(person, BlueCardPerson)
    assert (person.sex, person.country, person.real_person_number) == (MEN, GERMANY, ADULT)
    assert person.born == PartialDate(7, None, 1975)


def test_the_identity_card_is_the_newest_that_is_not_cancelled(ask: Ask) -> None:
    card = ask(lambda register: register.identity_card(ADULT))
    assert isinstance(card, IdentityCard)
    assert card.serial_no == "A01A00003"
    assert card.licence_loaded is False
    assert card.expires is None


def test_documents_come_with_their_own_codes(ask: Ask) -> None:
    async def question(register: Register) -> tuple[Any, ...]:
        return (
            await register.old_booklet(ADULT),
            await register.temporary_identity(ADULT),
            await register.old_blue_card(BLUE),
            await register.new_blue_card(BLUE),
            await register.new_blue_card_temporary(BLUE),
        )

    booklet, paper, old_card, new_card, new_paper = ask(question)
    assert isinstance(booklet, OldBooklet)
    assert booklet.issue_reason == Coded(5, "Değiştirme")
    assert booklet.issuing_district == DISTRICT
    assert booklet.issued == PartialDate(4, 3, 2001)
    assert booklet.record_no == 2**33
    assert isinstance(paper, TemporaryIdentity)
    assert paper.blood_group == Coded(3, "A Rh (+)")
    assert isinstance(old_card, OldBlueCard)
    assert old_card.issue_reason == Coded(2, "Yenileme")
    assert old_card.unit_code == 9
    assert isinstance(new_card, NewBlueCard)
    assert new_card.nationality == GERMANY
    assert isinstance(new_paper, NewBlueCardTemporary)
    assert new_paper.issued == PartialDate(1, 1, 2025)


def test_every_document_has_its_own_photo(ask: Ask) -> None:
    async def question(register: Register) -> tuple[Any, ...]:
        return (
            await register.identity_card_photo(ADULT),
            await register.temporary_identity_photo(ADULT),
            await register.new_blue_card_photo(BLUE),
            await register.new_blue_card_temporary_photo(BLUE),
            await register.new_blue_card_photo(ADULT),
        )

    *photos, nothing = ask(question)
    numbers = [ADULT, ADULT, BLUE, BLUE]
    expected = [
        Photo(number, _image(kind)) for number, kind in zip(numbers, PhotoKind, strict=True)
    ]
    assert photos == expected
    assert nothing is None


def test_the_residence_comes_first_and_history_does_not_come(ask: Ask) -> None:
    home, second, lost = ask(lambda register: register.addresses(ADULT))
    assert home.residence is True
    assert home.kind == Coded(1, "İl/İlçe Merkezi")
    assert home.text.startswith("ÖRNEK MAH. KURGU SOKAK")
    assert home.declared == PartialDate(2, 1, 2024)
    assert home.moved == PartialDate(None, 1, 2024)
    assert home.move_reason == Coded(1, "İş")
    assert home.abroad is None
    assert home.dwelling.province == ISTANBUL
    assert home.dwelling.district == DISTRICT
    assert home.dwelling.neighbourhood == Coded(90001, "ÖRNEK MAH.")
    assert home.dwelling.street == Coded(900010, "KURGU SOKAK")
    assert home.dwelling.building_code == 2**40
    assert home.dwelling.outer_door_no == "5"
    assert home.dwelling.unit_kind == Coded(1, "Mesken")
    assert home.dwelling.floors_above_road == 4
    assert second.residence is False
    assert second.dwelling == home.dwelling
    assert lost.dwelling is None
    assert lost.abroad is None


def test_an_address_abroad_has_no_dwelling(ask: Ask) -> None:
    (address,) = ask(lambda register: register.addresses(BLUE))
    assert address.dwelling is None
    assert address.abroad == AbroadAddress(
        mission=Coded(1, "Berlin Büyükelçiliği"),
        country=GERMANY,
        city="BERLIN",
        text="BEISPIELSTRASSE 1",
        correction_declared=None,
        correction_decided=datetime(2020, 2, 3),
        correction_reason=None,
    )


def test_nobody_has_nothing_and_every_question_counts(ask: Ask) -> None:
    async def question(register: Register) -> tuple[list[Any], int]:
        answers = [
            await register.citizen(NOBODY),
            await register.foreigner(NOBODY),
            await register.blue_card_person(NOBODY),
            await register.old_booklet(NOBODY),
            await register.identity_card(NOBODY),
            await register.identity_card_photo(NOBODY),
            await register.addresses(NOBODY),
        ]
        return answers, register.lookups

    answers, lookups = ask(question)
    assert answers == [None] * 6 + [[]]
    assert lookups == 7


def test_a_kind_of_document_is_found_by_its_text_whatever_its_number(ask: Ask) -> None:
    async def question(register: Register) -> tuple[Any, ...]:
        known = await register.document_kind("Nüfus Cüzdanı")
        return known, await register.document_kind("Pasaport"), register.lookups

    assert ask(question) == (Coded(1, "Nüfus Cüzdanı"), None, 0)


def test_provinces_and_districts_come_from_memory_in_order(ask: Ask) -> None:
    async def question(register: Register) -> tuple[Any, ...]:
        return (
            await register.provinces(),
            await register.districts(34),
            await register.districts(1),
            await register.districts(82),
            register.lookups,
        )

    provinces, districts, empty, nowhere, lookups = ask(question)
    assert len(provinces) == 81
    assert provinces[33] == ISTANBUL
    assert districts == [DISTRICT, Coded(90341, "DENEMEİLÇE")]
    assert empty == []
    assert nowhere is None
    assert lookups == 0


def test_a_register_knows_its_kind_and_its_day(ask: Ask) -> None:
    async def question(register: Register) -> tuple[str, date]:
        return register.kind, register.data_date

    assert ask(question) == ("SENTETIK", date(2026, 1, 1))


def test_a_code_without_a_text_is_given_with_an_empty_one(filled_url: str, ask: Ask) -> None:
    engine = create_engine(filled_url)
    try:
        with engine.begin() as connection:
            connection.execute(delete(tables.codes))
            connection.execute(delete(tables.volumes))
    finally:
        engine.dispose()
    citizen = ask(lambda register: register.citizen(ADULT))
    assert citizen.sex == Coded(2, "")
    assert citizen.registration.volume == Coded(7, "")


@pytest.mark.parametrize(
    "info", [{}, {"kind": "DENEME", "date": "2026-01-01"}, {"date": "2026-01-01"}]
)
def test_a_register_without_a_mark_is_not_opened(
    filled_url: str, ask: Ask, info: dict[str, str]
) -> None:
    engine = create_engine(filled_url)
    try:
        with engine.begin() as connection:
            connection.execute(delete(tables.register_info))
            for key, value in info.items():
                connection.execute(insert(tables.register_info), [{"key": key, "value": value}])
    finally:
        engine.dispose()
    with pytest.raises(RegisterUnavailable):
        ask(lambda register: register.citizen(ADULT))


def test_an_empty_database_is_unavailable_and_says_only_what_kind_of_error(
    database_url: str,
) -> None:
    with pytest.raises(RegisterUnavailable) as caught:
        asyncio.run(Register.open(database_url))
    assert caught.value.detail in {"OperationalError", "UndefinedTable"}
    assert caught.value.__cause__ is None
