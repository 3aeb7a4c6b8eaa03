"""What the tests of the doors share: a running public door, a router; each test finds it as new."""

import os
from collections.abc import Iterator, Mapping

import pytest
from routed import NOW, Router, agreements, router
from served import House, house_with, served

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
