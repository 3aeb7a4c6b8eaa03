"""One fake gateway a test, and the demo's signing keys."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fake_kps import FakeKps, served

from kps_soap.certificates import DemoFiles, write_demo_files


@pytest.fixture
def kps() -> Iterator[FakeKps]:
    with served(FakeKps()) as running:
        yield running


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    place: Path = tmp_path_factory.mktemp("kps-client") / "keys"
    return write_demo_files(place, date(2026, 1, 1), randomness=os.urandom)
