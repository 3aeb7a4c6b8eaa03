"""One demo home and one running gateway for all tests of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
