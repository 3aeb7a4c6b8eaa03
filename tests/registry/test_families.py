"""The register's questions about families, against SQLite and PostgreSQL alike."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, insert, update
from sqlalchemy.engine import Connection

from kps_soap.registry import codes, tables
from kps_soap.registry.codes import CodeTables
from kps_soap.registry.families import Families
from kps_soap.registry.family_records import (
    ANY_SEX,
    Birthdays,
    CivilEvent,
    ExtractKind,
    Kinship,
    Marriage,
)
from kps_soap.registry.records import Coded, PartialDate
from kps_soap.registry.store import Register

CONF = Path(__file__).parents[2] / "conf"
FATHER, MOTHER, ELDER, YOUNGER, OTHER_WIFE = (
    10000000214,
    10000000382,
    10000000450,
    12345678950,
    98765432150,
)
DISTRICT, OTHER_DISTRICT = 90340, 90341
EVERYBODY = Birthdays(DISTRICT, 20200101, 20200131, 20200100, ANY_SEX)

Ask = Callable[[Callable[[Register], Awaitable[Any]]], Any]


def _person(number: int, born: int, member_no: int, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "given_name": "AYŞE",
        "surname": "ÖRNEK",
        "sex_code": 2,
        "status_code": 1,
        "protected": False,
        "mother_ancestry_not_found": False,
        "father_ancestry_not_found": False,
        "born": born,
        "registered": born + 1,
        "registry_district_code": DISTRICT,
        "volume_code": 7,
        "family_no": 12,
        "member_no": member_no,
        "father_number": None,
        "mother_number": None,
    } | more


def _fill_persons(connection: Connection) -> None:
    connection.execute(
        insert(tables.citizens),
        [
            _person(FATHER, 19800515, 1, sex_code=1),
            _person(MOTHER, 19820315, 2),
            _person(YOUNGER, 20200131, 4, father_number=FATHER, mother_number=MOTHER),
            _person(ELDER, 20200100, 3, sex_code=1, father_number=FATHER, mother_number=MOTHER),
            _person(OTHER_WIFE, 20200101, 1, registry_district_code=OTHER_DISTRICT),
        ],
    )


def _fill_history(connection: Connection) -> None:
    marriage = {"husband_number": FATHER, "registered": 20100102, "ended": None, "end_code": None}
    connection.execute(
        insert(tables.marriages),
        [
            marriage
            | {"marriage_no": 9, "wife_number": OTHER_WIFE, "married": 20010203}
            | {"ended": 20040506, "end_code": 4},
            marriage | {"marriage_no": 5, "wife_number": MOTHER, "married": 20100101},
        ],
    )
    event = {
        "kind_code": 1,
        "registered": 20200103,
        "registry_district_code": DISTRICT,
        "volume_code": 7,
        "family_no": 12,
        "member_no": 3,
        "description": None,
        "remark": None,
        "given_name": "ALİ",
        "surname": "ÖRNEK",
    }
    connection.execute(
        insert(tables.events),
        [
            event | {"record_no": 2**33, "number": ELDER, "happened": 20240000, "kind_code": 5},
            event
            | {"record_no": 7, "number": ELDER, "happened": 20200100, "remark": "GEÇ BİLDİRİM"},
            event | {"record_no": 8, "number": FATHER, "happened": None, "kind_code": 15},
        ],
    )


def _code_tables() -> CodeTables:
    return codes.load(CONF / "codes.toml")


@pytest.fixture
def filled_url(database_url: str) -> Iterator[str]:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        tables.create_tables(connection)
        codes.write(connection, _code_tables())
        info = {"kind": "SENTETIK", "date": "2026-01-01"}
        rows = [{"key": key, "value": value} for key, value in info.items()]
        connection.execute(insert(tables.register_info), rows)
        places = [
            {"code": code, "province_code": 34, "name": "ÖRNEKİLÇE"}
            for code in (DISTRICT, OTHER_DISTRICT)
        ]
        connection.execute(insert(tables.districts), places)
        _fill_persons(connection)
        _fill_history(connection)
    yield database_url
    engine.dispose()


def _asking(url: str) -> Ask:
    def ask(question: Callable[[Register], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            register = await Register.open(url)
            try:
                return await question(register)
            finally:
                await register.close()

        return asyncio.run(main())

    return ask


@pytest.fixture
def ask(filled_url: str) -> Ask:
    return _asking(filled_url)


def numbers(people: Iterable[Any]) -> list[int]:
    return [person.number for person in people]


def test_children_are_those_of_either_parent_the_eldest_first(ask: Ask) -> None:
    for parent in (FATHER, MOTHER):
        children = ask(lambda register, who=parent: register.families.children(who))  # type: ignore[misc]
        assert numbers(children) == [ELDER, YOUNGER]
    assert ask(lambda register: register.families.children(ELDER)) == []


def test_a_citizen_tells_when_he_was_entered(ask: Ask) -> None:
    (elder, _) = ask(lambda register: register.families.children(FATHER))
    assert elder.registered == PartialDate(1, 1, 2020)


def test_marriages_come_by_their_day_for_either_party(ask: Ask) -> None:
    first, second = ask(lambda register: register.families.marriages(FATHER))
    assert first == Marriage(
        marriage_no=9,
        husband_number=FATHER,
        wife_number=OTHER_WIFE,
        married=PartialDate(3, 2, 2001),
        registered=PartialDate(2, 1, 2010),
        ended=PartialDate(6, 5, 2004),
        end=Coded(4, "Boşanma"),
        ended_by_death=False,
    )
    assert first.dissolved
    assert (second.ended, second.end, second.dissolved) == (None, None, False)
    assert (second.spouse_of(FATHER), second.spouse_of(MOTHER)) == (MOTHER, FATHER)
    assert ask(lambda register: register.families.marriages(MOTHER)) == [second]


def test_a_marriage_that_death_ended_is_not_dissolved(filled_url: str) -> None:
    engine = create_engine(filled_url)
    with engine.begin() as connection:
        ended = update(tables.marriages).where(tables.marriages.c.marriage_no == 9)
        connection.execute(ended.values(end_code=2))
    engine.dispose()
    first, _ = _asking(filled_url)(lambda register: register.families.marriages(FATHER))
    assert first.ended_by_death
    assert not first.dissolved


def test_events_come_in_the_order_of_their_records_and_adoptions_are_marked(ask: Ask) -> None:
    birth, adoption = ask(lambda register: register.families.events(ELDER))
    assert birth == CivilEvent(
        record_no=7,
        number=ELDER,
        kind=Coded(1, "Doğum"),
        happened=PartialDate(None, 1, 2020),
        registered=PartialDate(3, 1, 2020),
        registry_district_code=DISTRICT,
        volume_code=7,
        family_no=12,
        member_no=3,
        description=None,
        remark="GEÇ BİLDİRİM",
        given_name="ALİ",
        surname="ÖRNEK",
        adoption=False,
        religious=False,
    )
    assert (adoption.record_no, adoption.adoption) == (2**33, True)
    (conversion,) = ask(lambda register: register.families.events(FATHER))
    assert (conversion.happened, conversion.religious, conversion.adoption) == (None, True, False)


def test_a_line_comes_by_its_members_and_no_longer_than_asked_for(ask: Ask) -> None:
    line = ask(lambda register: register.families.line(DISTRICT, 7, 12, most=10))
    assert numbers(line) == [FATHER, MOTHER, ELDER, YOUNGER]
    assert numbers(ask(lambda one: one.families.line(DISTRICT, 7, 12, most=2))) == [FATHER, MOTHER]
    assert ask(lambda one: one.families.line(DISTRICT, 7, 13, most=2)) == []
    assert numbers(ask(lambda one: one.families.at_place(DISTRICT, 7, 12, 3))) == [ELDER]
    assert ask(lambda one: one.families.at_place(DISTRICT, 7, 12, 99)) == []


def test_birthdays_of_a_district(ask: Ask) -> None:
    january = (20200101, 20200131)
    expected = {
        EVERYBODY: [ELDER, YOUNGER],
        Birthdays(DISTRICT, *january, 0, ANY_SEX): [YOUNGER],
        Birthdays(DISTRICT, 20191231, 20200130, 0, ANY_SEX): [],
        Birthdays(DISTRICT, 20200131, 20200131, 0, ANY_SEX): [YOUNGER],
        Birthdays(DISTRICT, *january, 20200100, 1): [ELDER],
        Birthdays(DISTRICT, *january, 20200100, 2): [YOUNGER],
        Birthdays(OTHER_DISTRICT, *january, 20200100, ANY_SEX): [OTHER_WIFE],
        Birthdays(90999, *january, 20200100, ANY_SEX): [],
    }

    async def question(register: Register) -> dict[Birthdays, list[int]]:
        born = register.families.born
        return {days: numbers(await born(days, after=0, most=10)) for days in expected}

    assert ask(question) == expected


def test_a_list_of_birthdays_goes_on_behind_a_number(ask: Ask) -> None:
    assert numbers(ask(lambda one: one.families.born(EVERYBODY, after=0, most=1))) == [ELDER]
    assert numbers(ask(lambda one: one.families.born(EVERYBODY, after=ELDER, most=1))) == [YOUNGER]
    assert ask(lambda one: one.families.born(EVERYBODY, after=YOUNGER, most=1)) == []


def test_names_of_kinship_and_extracts_come_from_memory(ask: Ask) -> None:
    async def question(register: Register) -> tuple[Families, int]:
        return register.families, register.lookups

    families, lookups = ask(question)
    assert lookups == 0
    assert all(families.kinship(one).text == one.value for one in Kinship)
    assert families.extract_kind(ExtractKind.FAMILY) == Coded(2, "Aile Kayıt Örneği")


def test_a_kinship_that_the_dictionary_lacks_is_none(filled_url: str) -> None:
    engine = create_engine(filled_url)
    with engine.begin() as connection:
        connection.execute(delete(tables.codes).where(tables.codes.c.table_name == "Yakinlik"))
    engine.dispose()

    async def question(register: Register) -> Coded | None:
        return register.families.kinship(Kinship.SON)

    assert _asking(filled_url)(question) is None


def test_every_question_is_counted(ask: Ask) -> None:
    async def question(register: Register) -> int:
        await register.families.children(FATHER)
        await register.families.events(FATHER)
        return register.lookups

    assert ask(question) == 2


PLANS = {
    "citizens_by_father": "WHERE father_number = 1",
    "citizens_by_mother": "WHERE mother_number = 1",
    "citizens_by_registry_place": (
        "WHERE registry_district_code = 1 AND volume_code = 1 AND family_no = 1"
    ),
    "citizens_by_district_and_birth": (
        "WHERE registry_district_code = 1 AND born BETWEEN 20200101 AND 20200131"
    ),
}


@pytest.mark.parametrize("index", sorted(PLANS))
def test_a_made_population_has_the_indices_of_these_questions(
    population_file: Path, index: str
) -> None:
    connection = sqlite3.connect(f"file:{population_file}?mode=ro", uri=True)
    plan = connection.execute(
        f"EXPLAIN QUERY PLAN SELECT given_name FROM citizens {PLANS[index]}"
    ).fetchall()
    connection.close()
    assert any(index in str(step) for step in plan), plan


def test_an_old_register_without_the_indices_answers_the_same(filled_url: str) -> None:
    engine = create_engine(filled_url)
    with engine.begin() as connection:
        for table in (tables.citizens, tables.marriages, tables.events):
            for index in table.indexes:
                index.drop(connection)
    engine.dispose()
    ask = _asking(filled_url)
    assert numbers(ask(lambda one: one.families.children(MOTHER))) == [ELDER, YOUNGER]
    assert numbers(ask(lambda one: one.families.born(EVERYBODY, after=0, most=9))) == [
        ELDER,
        YOUNGER,
    ]
    assert len(ask(lambda one: one.families.line(DISTRICT, 7, 12, most=9))) == 4
