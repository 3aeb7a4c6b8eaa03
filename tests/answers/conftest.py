"""Keys and certificates, made once a session."""

import os
from datetime import date

import pytest
from answer_samples import NOW

from kps_soap.certificates import DemoFiles, write_demo_files
from kps_soap.signing import Signer


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    place = tmp_path_factory.mktemp("answers") / "keys"
    return write_demo_files(place, date(2026, 1, 1), randomness=os.urandom)


@pytest.fixture(scope="session")
def signers(files: DemoFiles) -> dict[str, Signer]:
    return {
        "rsa": Signer.load(files.rsa_key, files.rsa_certificate, now=NOW),
        "p256": Signer.load(files.p256_key, files.p256_certificate, now=NOW),
    }


@pytest.fixture(scope="session")
def signer(signers: dict[str, Signer]) -> Signer:
    return signers["p256"]
