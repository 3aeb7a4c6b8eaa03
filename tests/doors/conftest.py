"""One running public door for all tests of the doors; each test finds it as new."""

from collections.abc import Iterator

import pytest
from served import House, house_with, served


@pytest.fixture(scope="session")
def running_house() -> Iterator[House]:
    with served(house_with()) as house:
        yield house


@pytest.fixture
def house(running_house: House) -> House:
    running_house.reset()
    return running_house
