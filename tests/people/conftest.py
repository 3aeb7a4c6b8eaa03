"""What the tests of people share: a gateway database in SQLite, and one in both kinds."""

import pytest
from sqlalchemy import Engine


@pytest.fixture
def both(any_engine: Engine) -> Engine:
    """A gateway database in SQLite and in PostgreSQL."""
    return any_engine
