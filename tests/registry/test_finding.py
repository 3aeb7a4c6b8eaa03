"""Searches by personal data, against SQLite and PostgreSQL alike."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from kps_soap.registry import codes, tables
from kps_soap.registry.finding import Namesake
from kps_soap.registry.records import Coded, PartialDate
from kps_soap.registry.store import Register

CONF = Path(__file__).parents[2] / "conf"
CITIZEN, NAMELESS, ELSEWHEN = 10000000214, 10000000382, 10000000450
FOREIGNER, TWICE = 99000000042, 99000000110
BORN = PartialDate(4, 3, 1985)


def _row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "given_name": "İPEK",
        "surname": "ŞABLON",
        "mother_name": "GÜLSÜM",
        "father_name": None,
        "born": BORN.packed,
        "birth_place": "ÖRNEKKÖY",
        "sex_code": 2,
        "status_code": 1,
        "protected": False,
        "real_person_number": None,
    } | more


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        tables.create_tables(connection)
        codes.write(connection, codes.load(CONF / "codes.toml"))
        info = {"kind": "SENTETIK", "date": "2026-01-01"}
        rows = [{"key": key, "value": value} for key, value in info.items()]
        connection.execute(insert(tables.register_info), rows)
        citizen = {"mother_ancestry_not_found": False, "father_ancestry_not_found": False}
        connection.execute(
            insert(tables.citizens),
            [
                _row(CITIZEN, **citizen),
                _row(NAMELESS, surname=None, **citizen),
                _row(ELSEWHEN, born=19850300, **citizen),
            ],
        )
        foreigner = {"acquired_citizen_number": None}
        connection.execute(
            insert(tables.foreigners),
            [
                _row(FOREIGNER, status_code=2, **foreigner | {"acquired_citizen_number": CITIZEN}),
                _row(TWICE, status_code=2, **foreigner | {"real_person_number": FOREIGNER}),
            ],
        )
        connection.execute(
            insert(tables.blue_card_persons), [_row(CITIZEN, acquired_citizen_number=None)]
        )
    yield database_url
    engine.dispose()


def born(url: str, *asked: Any) -> tuple[Sequence[Namesake], int]:
    """Who was found, and how many questions that took."""

    async def main() -> tuple[Sequence[Namesake], int]:
        register = await Register.open(url)
        try:
            return await register.finding.born(*asked), register.lookups
        finally:
            await register.close()

    return asyncio.run(main())


def test_a_birth_date_finds_everybody_in_all_three_registers(url: str) -> None:
    found, lookups = born(url, BORN)
    numbers = [one.number for one in found]
    assert numbers == [CITIZEN, NAMELESS, CITIZEN, FOREIGNER, TWICE]
    assert lookups == 3
    assert found[0] == Namesake(
        number=CITIZEN,
        given_name="İPEK",
        surname="ŞABLON",
        mother_name="GÜLSÜM",
        father_name=None,
        born=BORN,
        birth_place="ÖRNEKKÖY",
        status=Coded(1, "Açık"),
        closed=False,
        leads_to=None,
    )


def test_a_surname_narrows_the_search_and_costs_no_more(url: str) -> None:
    found, lookups = born(url, BORN, "ŞABLON")
    assert [one.number for one in found] == [CITIZEN, CITIZEN, FOREIGNER, TWICE]
    assert born(url, BORN, "SABLON") == ([], lookups) == ([], 3)


def test_a_date_with_unknown_parts_finds_exactly_such_dates(url: str) -> None:
    found, _ = born(url, PartialDate(None, 3, 1985))
    assert [one.number for one in found] == [ELSEWHEN]


def test_a_closed_record_tells_where_its_person_lives_on(url: str) -> None:
    found, _ = born(url, BORN)
    assert {one.number: one.leads_to for one in found if one.closed} == {
        FOREIGNER: CITIZEN,
        TWICE: FOREIGNER,
    }


@pytest.mark.parametrize("table", ["citizens", "foreigners", "blue_card_persons"])
@pytest.mark.parametrize("more", ["", " AND surname = 'X'"], ids=["day", "surname"])
def test_a_made_population_is_searched_by_an_index(
    population_file: Path, table: str, more: str
) -> None:
    connection = sqlite3.connect(f"file:{population_file}?mode=ro", uri=True)
    plan = connection.execute(
        f"EXPLAIN QUERY PLAN SELECT given_name FROM {table} WHERE born = 19850304{more}"
    ).fetchall()
    connection.close()
    assert any(f"{table}_by_birth_date" in str(step) for step in plan), plan
