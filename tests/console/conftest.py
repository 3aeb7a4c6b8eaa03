"""One opened house for the tests of the console; each test brings browsers of its own."""

from collections.abc import Iterator

import pytest
from house_samples import CLERK, Browser, ConsoleHouse, console_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHouse]:
    with console_house(tmp_path_factory.mktemp("konsol")) as opened:
        yield opened


@pytest.fixture
def stranger(house: ConsoleHouse) -> Browser:
    return house.stranger()


@pytest.fixture(scope="session")
def clerk(house: ConsoleHouse) -> Browser:
    """The clerk of the strict governorate, signed in; tests that end the session sign in anew."""
    return house.browser(CLERK)
