"""What the tests of the doors share: a running public door, a router; each test finds it as new."""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from routed import NOW, Router, agreements, register, router
from served import House, house_with, served
from signed_house import Strong, holder, strong, strong_agreements
from signed_samples import PINNED

from kps_soap.certificates import write_demo_files
from kps_soap.signing import Signer


@pytest.fixture(scope="session")
def running_house() -> Iterator[House]:
    with served(house_with()) as house:
        yield house


@pytest.fixture
def house(running_house: House) -> House:
    running_house.reset()
    return running_house


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Signer]:
    """Both signing keys, by the agreement's word for them."""
    files = write_demo_files(
        tmp_path_factory.mktemp("signers") / "keys", NOW.date(), randomness=os.urandom
    )
    return {
        "RSA": Signer.load(files.rsa_key, files.rsa_certificate, now=NOW),
        "P256": Signer.load(files.p256_key, files.p256_certificate, now=NOW),
    }


@pytest.fixture
def routed(signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory) -> Router:
    """A routing door under an agreement of the profile KLASIK."""
    return router(agreements(tmp_path_factory.mktemp("agreements")), signers)


@pytest.fixture(scope="session")
def strong_house(signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory) -> Strong:
    """A direct door under an agreement of the profile GUCLU."""
    pinned = [holder(kind).digest for kind in PINNED]
    return strong(strong_agreements(tmp_path_factory.mktemp("strong"), *pinned), signers)


@pytest.fixture
def guarded(strong_house: Strong) -> Strong:
    """The house as new: nothing on record, nothing presented, nobody asked about."""
    house = strong_house.house
    for kept in (house.records, house.counted, strong_house.canonicalised):
        kept.clear()
    strong_house.presented.held.clear()
    strong_house.presented.blind = False
    register().asked.clear()
    return strong_house


class Canary:
    """A file that nobody may read and a port to which nobody may connect."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_text("canary", encoding="utf-8")
        os.utime(file, (0, 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    def untouched(self) -> bool:
        """Nobody connected, and the file was not read since it was made."""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return self.file.stat().st_atime == 0
        return False

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="session")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    made = Canary(tmp_path_factory.mktemp("canary") / "canary.txt")
    yield made
    made.close()
