"""What the tests of people share: a gateway database in SQLite, and one in both kinds."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from kps_soap import database


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway database with its tables, which nobody writes to."""
    path = tmp_path_factory.mktemp("empty") / "gateway.sqlite"
    database.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def url(empty: Path, tmp_path: Path) -> str:
    """A gateway database with its tables."""
    path = tmp_path / "gateway.sqlite"
    shutil.copy(empty, path)
    return f"sqlite:///{path}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The same, opened."""
    opened = database.open_database(url, wait_seconds_max=5)
    yield opened
    opened.dispose()


@pytest.fixture
def both(database_url: str) -> Iterator[Engine]:
    """The same in SQLite and in PostgreSQL."""
    database.upgrade(database_url)
    opened = database.open_database(database_url, wait_seconds_max=5)
    yield opened
    opened.dispose()
