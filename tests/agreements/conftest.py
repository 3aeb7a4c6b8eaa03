"""Databases with the gateway's tables, made once and handed out as they were made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from office_samples import Office

from kps_soap import database


@pytest.fixture(scope="session")
def upgraded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("upgraded") / "gateway.sqlite"
    database.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def office(upgraded_sqlite: Path, tmp_path: Path) -> Iterator[Office]:
    """A gateway's database and an empty directory for agreement files, in SQLite."""
    file = tmp_path / "gateway.sqlite"
    shutil.copy(upgraded_sqlite, file)
    office = Office(f"sqlite:///{file}", tmp_path / "agreements")
    yield office
    office.close()


@pytest.fixture
def any_office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """The same, once in SQLite and once in PostgreSQL."""
    database.upgrade(database_url)
    office = Office(database_url, tmp_path / "agreements")
    yield office
    office.close()
