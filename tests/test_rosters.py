"""Person relation: which persons stand on an institution's roster, by keyed digest."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from kps_soap import database, identity_number, rosters
from kps_soap.database import writing
from kps_soap.lookups import Lookups
from kps_soap.models import roster_entries
from kps_soap.rosters import Rosters

KEY = b"k" * 32
FIRST, SECOND, THIRD = (
    identity_number.make_disjoint(stem) for stem in (123_456_789, 223_456_789, 323_456_789)
)
MUNICIPALITY, BANK = "B-34-0417", "B-35-0001"


def digest(number: int) -> bytes:
    return identity_number.digest(number, key=KEY, context="roster")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A gateway database with its tables."""
    made = f"sqlite:///{tmp_path / 'gateway.sqlite'}"
    database.upgrade(made)
    return made


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = database.open_database(url, wait_seconds_max=5)
    yield opened
    opened.dispose()


def missing(url: str, institution: str, numbers: Sequence[int]) -> frozenset[int]:
    async def ask() -> frozenset[int]:
        lookups = Lookups(url, seconds_max=5)
        try:
            return await Rosters(lookups, digest).missing(institution, numbers)
        finally:
            await lookups.close()

    return asyncio.run(ask())


def replace(engine: Engine, institution: str, digests: Sequence[bytes]) -> int:
    with engine.connect() as connection, writing(connection):
        return rosters.replace(connection, institution, digests)


def test_whoever_is_not_on_the_roster_is_missing(engine: Engine, url: str) -> None:
    assert replace(engine, MUNICIPALITY, [digest(FIRST), digest(SECOND)]) == 2
    assert missing(url, MUNICIPALITY, [FIRST, THIRD, SECOND, THIRD]) == {THIRD}
    assert missing(url, MUNICIPALITY, [FIRST, SECOND]) == frozenset()
    assert missing(url, MUNICIPALITY, []) == frozenset()


def test_a_roster_is_of_one_institution_alone(engine: Engine, url: str) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST)])
    replace(engine, BANK, [digest(SECOND)])
    assert missing(url, BANK, [FIRST, SECOND]) == {FIRST}
    assert missing(url, MUNICIPALITY, [FIRST, SECOND]) == {SECOND}
    assert missing(url, "", [FIRST, SECOND]) == {FIRST, SECOND}


def test_a_new_roster_takes_the_place_of_the_old_one(engine: Engine, url: str) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST), digest(SECOND)])
    replace(engine, BANK, [digest(FIRST)])
    assert replace(engine, MUNICIPALITY, [digest(THIRD)]) == 1
    assert missing(url, MUNICIPALITY, [FIRST, SECOND, THIRD]) == {FIRST, SECOND}
    assert missing(url, BANK, [FIRST]) == frozenset()


def test_a_person_named_twice_stands_on_the_roster_once(engine: Engine) -> None:
    assert replace(engine, MUNICIPALITY, [digest(FIRST), digest(FIRST)]) == 1


def test_an_empty_roster_is_a_roster_on_which_nobody_stands(engine: Engine, url: str) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST)])
    assert replace(engine, MUNICIPALITY, []) == 0
    assert missing(url, MUNICIPALITY, [FIRST]) == {FIRST}


def test_a_roster_holds_no_number_that_could_be_read(engine: Engine) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST)])
    with engine.connect() as connection:
        (row,) = connection.execute(select(roster_entries)).all()
    assert len(row.person_digest) == 32
    assert str(FIRST) not in repr(row)
    assert digest(FIRST) != identity_number.digest(FIRST, key=b"x" * 32, context="roster")


def test_a_roster_is_alike_in_both_databases(database_url: str) -> None:
    database.upgrade(database_url)
    engine = database.open_database(database_url, wait_seconds_max=5)
    replace(engine, BANK, [digest(THIRD)])
    for numbers in ([FIRST, SECOND], [SECOND, THIRD]):
        replace(engine, MUNICIPALITY, [digest(number) for number in numbers])
    assert missing(database_url, MUNICIPALITY, [FIRST, SECOND, THIRD]) == {FIRST}
    assert missing(database_url, BANK, [FIRST, SECOND, THIRD]) == {FIRST, SECOND}
    engine.dispose()
