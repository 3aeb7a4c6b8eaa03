"""A gateway's database, made once and handed out as it was made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from misuse_samples import House
from sqlalchemy import Engine

from kps_soap import database


@pytest.fixture(scope="session")
def upgraded_gateway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("upgraded") / "gateway.sqlite"
    database.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def engine(upgraded_gateway: Path, tmp_path: Path) -> Iterator[Engine]:
    """A database in SQLite."""
    file = tmp_path / "gateway.sqlite"
    shutil.copy(upgraded_gateway, file)
    opened = database.open_database(f"sqlite:///{file}", wait_seconds_max=5)
    yield opened
    opened.dispose()


@pytest.fixture
def any_engine(database_url: str) -> Iterator[Engine]:
    """The same, once in SQLite and once in PostgreSQL."""
    database.upgrade(database_url)
    opened = database.open_database(database_url, wait_seconds_max=5)
    yield opened
    opened.dispose()


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine)


@pytest.fixture
def any_house(any_engine: Engine) -> House:
    return House(any_engine)
