"""One demo home and one running gateway for all tests of this directory."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from end_to_end.commands import Command, in_home
from end_to_end.questions import PERSON, person_query
from end_to_end.running import Served, make_home, serving


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo home as ``kps demo init`` makes it.  Tests that change one take a copy."""
    return make_home(tmp_path_factory.mktemp("demo") / "home")


@pytest.fixture(scope="session")
def gateway(demo_home: Path) -> Iterator[Served]:
    """The home, served by two workers.  A test leaves it as it was."""
    with serving(demo_home) as served:
        yield served


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KPS_HOME", raising=False)


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the demo home that the test may spoil; nobody serves it."""
    copy = tmp_path / "home"
    # A running gateway writes into the original's database; the copy gets a consistent one.
    shutil.copytree(demo_home, copy, ignore=shutil.ignore_patterns("gateway.db*", "serve.log"))
    source, target = sqlite3.connect(demo_home / "gateway.db"), sqlite3.connect(copy / "gateway.db")
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    return copy


@pytest.fixture
def here(home: Path) -> Command:
    return in_home(home)


@pytest.fixture
def served(gateway: Served) -> Command:
    """Commands in the home that is being served."""
    return in_home(gateway.home)


@pytest.fixture
def asked(gateway: Served) -> dict[str, str]:
    """A query that is on record, as its caller knows it."""
    reply = gateway.ask(PERSON, person_query(gateway.number(30)))
    receipt = reply.root.findtext(".//{*}AlindiNo")
    return {
        "receipt": receipt,
        "request": reply.headers["kps-istek-no"],
        "person": str(gateway.number(30)),
    }
