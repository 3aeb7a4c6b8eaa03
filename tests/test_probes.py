"""A key that signs, a database that takes a write, and neither leaving anything behind."""

import asyncio
import os
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import create_engine, func, select

from kps_soap import database, probes
from kps_soap.certificates import (
    SigningKind,
    demo_authority,
    signing_certificate,
    write_certificate,
    write_key,
)
from kps_soap.models import writer_probes
from kps_soap.signing import Signer

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def signer(folder: Path, kind: SigningKind) -> Signer:
    day = date(2026, 1, 1)
    authority = demo_authority(day, randomness=os.urandom)
    pair = signing_certificate(authority, day, kind=kind, randomness=os.urandom)
    key, certificate = folder / f"{kind.value}.key", folder / f"{kind.value}.crt"
    write_key(key, pair.key)
    write_certificate(certificate, pair.certificate)
    return Signer.load(key, certificate, now=NOW)


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[SigningKind, Signer]:
    folder = tmp_path_factory.mktemp("keys")
    return {kind: signer(folder, kind) for kind in SigningKind}


@pytest.mark.parametrize("kind", SigningKind)
def test_a_key_signs_what_its_certificate_verifies(
    kind: SigningKind, signers: dict[SigningKind, Signer]
) -> None:
    assert probes.signs(signers[kind])


def _breaks(_data: bytes) -> bytes:
    raise ValueError("the key is away")


@pytest.mark.parametrize("kind", SigningKind)
@pytest.mark.parametrize("sign", [lambda _: b"", lambda _: b"\x01" * 64, _breaks])
def test_a_key_that_signs_wrongly_or_not_at_all_is_found(
    kind: SigningKind, sign: Any, signers: dict[SigningKind, Signer]
) -> None:
    assert not probes.signs(replace(signers[kind], _sign=sign))


def test_a_key_of_another_kind_is_no_signing_key(signers: dict[SigningKind, Signer]) -> None:
    class Certificate:
        def public_key(self) -> object:
            return ed25519.Ed25519PrivateKey.generate().public_key()

    strange: Any = replace(signers[SigningKind.RSA], certificate=Certificate())  # type: ignore[arg-type]
    assert not probes.signs(strange)


def probe_of(url: str, *, seconds_max: float = 10) -> tuple[probes.WriteProbe, Any]:
    engine = database.open_database(url, wait_seconds_max=10)
    made = probes.WriteProbe(engine, worker="0", clock=lambda: NOW, seconds_max=seconds_max)
    return made, engine


def rows(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(writer_probes)).scalar_one()
    engine.dispose()
    return int(count)


def test_a_write_is_tried_and_leaves_nothing(any_url: str) -> None:
    probe, engine = probe_of(any_url)

    async def run() -> list[bool]:
        return [await probe(), await probe()]

    assert asyncio.run(run()) == [True, True]
    assert rows(any_url) == 0
    engine.dispose()


def test_a_database_without_its_tables_takes_no_write(database_url: str) -> None:
    probe, engine = probe_of(database_url)
    assert asyncio.run(probe()) is False
    engine.dispose()


def test_a_database_that_hangs_is_red_in_time_and_is_not_tried_twice() -> None:
    go_on, tries = threading.Event(), []

    class Hanging:
        def connect(self) -> None:
            tries.append(1)
            go_on.wait(10)
            raise OSError

    engine: Any = Hanging()
    probe = probes.WriteProbe(engine, worker="0", clock=lambda: NOW, seconds_max=0.05)

    async def run() -> None:
        assert await probe() is False
        assert await probe() is False
        assert tries == [1]
        go_on.set()
        async with asyncio.timeout(10):
            while len(tries) < 2:
                await asyncio.sleep(0.01)
                assert await probe() is False

    asyncio.run(run())
