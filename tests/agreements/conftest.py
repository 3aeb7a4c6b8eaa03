"""Offices that keep agreements in a gateway's database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from office_samples import Office


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    """A gateway's database and an empty directory for agreement files, in SQLite."""
    office = Office(url, tmp_path / "agreements")
    yield office
    office.close()


@pytest.fixture
def any_office(any_url: str, tmp_path: Path) -> Iterator[Office]:
    """The same, once in SQLite and once in PostgreSQL."""
    office = Office(any_url, tmp_path / "agreements")
    yield office
    office.close()
