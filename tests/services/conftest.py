"""One synthetic register a session, to ask the contracts about the golden personas."""

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest

from kps_soap.registry import population
from kps_soap.registry.store import Register

POPULATION_DATE = date(2026, 1, 1)
POPULATION_SEED = 1
POPULATION_SIZE = 200


@pytest.fixture(scope="session")
def persona_register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    """The register of the personas, open; SQLite answers inline, in any event loop."""
    path = tmp_path_factory.mktemp("personas") / "register.sqlite"
    population.make(
        f"sqlite:///{path}", persons=POPULATION_SIZE, seed=POPULATION_SEED, date=POPULATION_DATE
    )
    register = asyncio.run(Register.open(f"sqlite:///{path}"))
    yield register
    asyncio.run(register.close())


@pytest.fixture(scope="session")
def personas() -> tuple[population.Persona, ...]:
    """The golden personas of that register, by index."""
    return population.personas(POPULATION_SEED, POPULATION_DATE)
