"""A house whose gateway looks for misuse."""

import pytest
from misuse_samples import House
from sqlalchemy import Engine


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine)


@pytest.fixture
def any_house(any_engine: Engine) -> House:
    return House(any_engine)
