"""One synthetic register a session, for the tests that read one or damage a copy of it."""

from datetime import date
from pathlib import Path

import pytest

from kps_soap import places
from kps_soap.registry import codes, population
from kps_soap.registry.geography import Country

POPULATION_DATE = date(2026, 1, 1)
POPULATION_SEED = 1
POPULATION_SIZE = 1000


@pytest.fixture(scope="session")
def population_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register of 1,000 persons, never to be written to."""
    path = tmp_path_factory.mktemp("population") / "register.sqlite"
    population.make(
        f"sqlite:///{path}", persons=POPULATION_SIZE, seed=POPULATION_SEED, date=POPULATION_DATE
    )
    return path


@pytest.fixture(scope="session")
def golden() -> tuple[population.Persona, ...]:
    """The golden personas of that register."""
    return population.personas(POPULATION_SEED, POPULATION_DATE)


@pytest.fixture(scope="module")
def country() -> Country:
    """The country that synthetic people live in, as it is at first."""
    tables = codes.load(places.conf() / "codes.toml").tables
    return Country({code: line.text for code, line in tables[codes.PROVINCES].items()})
