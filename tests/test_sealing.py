"""A worker seals while it serves and once more when it stops, whoever is away outside."""

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from kps_soap import demo, sealing, settings
from kps_soap.audit.checkpoints import Certificates, SealRefused
from kps_soap.audit.keys import FileKey, Keyring, read_key_file
from kps_soap.audit.receipts import ReceiptNumbers
from kps_soap.audit.sources import DatabaseAddress
from kps_soap.audit.verification import Options, verify_source
from kps_soap.audit.waiting import Clocks
from kps_soap.audit.writer import EvidenceWriter
from kps_soap.database import open_database
from kps_soap.entry import Entry
from kps_soap.entry import Event as Kind
from kps_soap.sealing import Sealing, seals_of
from kps_soap.settings import Settings


@pytest.fixture(scope="module")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sealing") / "home"
    plan = demo.DemoPlan(home, 200, 1, date(2026, 1, 1), datetime.now(UTC))
    demo.make(plan, randomness=os.urandom)
    return home


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_home, tmp_path / "home"))


def chosen(home: Path, **values: object) -> Settings:
    return settings.read(home, {}, command_line=values)


@asynccontextmanager
async def serving(home: Path, **values: object) -> AsyncIterator[EvidenceWriter]:
    """The part of a worker that writes and seals, opened and closed in its order."""
    given = chosen(home, **values)
    engine = open_database(given.gateway_url, wait_seconds_max=5)
    sealer = Sealing(given)
    writer = EvidenceWriter(
        engine,
        Keyring(FileKey.of(read_key_file(given.evidence_key_file))),
        worker="0",
        receipts=ReceiptNumbers(block_size=100),
        clocks=Clocks(now=lambda: datetime.now(UTC), monotonic=time.monotonic),
        random_bytes=os.urandom,
        deadline_seconds=5,
        waiting_max=100,
    )
    await writer.start()
    sealer.start()
    try:
        yield writer
    finally:
        await writer.close()
        await sealer.close()
        engine.dispose()


async def record(writer: EvidenceWriter) -> None:
    await writer.record(Entry("1", datetime.now(UTC), "", Kind.SEARCH))


def rows(home: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        return connection.execute(query).fetchall()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


def report_of(home: Path) -> Any:
    given = chosen(home)
    certificates = Certificates.read(given.seal_certificate_file)
    options = Options(certificates=certificates, witness=given.witness_directory)
    return verify_source(DatabaseAddress(given.gateway_url), options)


def test_the_last_record_of_a_worker_is_sealed_when_it_stops(home: Path) -> None:
    async def live() -> None:
        async with serving(home) as writer:
            await record(writer)

    asyncio.run(live())
    assert rows(home, "SELECT number, records FROM checkpoints") == [(1, 3)]
    assert rows(home, "SELECT event FROM evidence ORDER BY sequence")[-1] == ("DURDURMA",)
    report = report_of(home)
    assert (report.ok, report.sealed) == (True, 3)


def test_a_worker_seals_while_it_serves(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_LOOK_SECONDS", 0.02)

    async def live() -> None:
        async with serving(home, seal_seconds=1) as writer:
            await record(writer)
            await until(lambda: rows(home, "SELECT 1 FROM checkpoints"))

    asyncio.run(live())
    assert len(rows(home, "SELECT 1 FROM checkpoints")) >= 2
    assert report_of(home).ok


def test_the_witness_gets_every_seal_the_last_one_too(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_LOOK_SECONDS", 0.02)
    folder = tmp_path / "witness"
    folder.mkdir()

    async def live() -> None:
        async with serving(home, seal_seconds=1, witness_directory=str(folder)) as writer:
            await record(writer)
            await until(lambda: list(folder.glob("*.json")))

    asyncio.run(live())
    count = len(rows(home, "SELECT 1 FROM checkpoints"))
    assert count >= 2
    assert len(list(folder.glob("*.json"))) == count


def test_a_witness_that_hangs_holds_up_neither_seals_nor_the_end(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "STOP_SECONDS_MAX", 0.5)
    monkeypatch.setattr(sealing, "_LOOK_SECONDS", 0.02)
    hanging, released = Event(), Event()

    def hang(*_: Any) -> int:
        hanging.set()
        released.wait(30)
        return 0

    monkeypatch.setattr("kps_soap.audit.witness.Courier.step", hang)

    async def live() -> None:
        values = {"seal_seconds": 1, "witness_url": "http://127.0.0.1:9/"}
        async with serving(home, **values) as writer:
            await record(writer)
            await until(hanging.is_set)
            await until(lambda: rows(home, "SELECT 1 FROM checkpoints"))
            await record(writer)

    try:
        asyncio.run(live())
    finally:
        released.set()
    assert report_of(home).ok


def test_trouble_is_told_once_and_so_is_its_end(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sealing, "_LOOK_SECONDS", 0.01)
    troubles: list[BaseException | None] = [
        SealRefused("not whole"),
        SealRefused("not whole"),
        OSError("x"),
        None,
        RuntimeError("quoted"),
        None,
    ]
    seen = []

    def step(_self: Any) -> None:
        trouble = troubles[min(len(seen), len(troubles) - 1)]
        seen.append(trouble)
        if trouble is not None:
            raise trouble

    monkeypatch.setattr("kps_soap.audit.seals.Sealer.step", step)

    async def live() -> None:
        async with serving(home):
            await until(lambda: len(seen) > len(troubles))

    asyncio.run(live())
    told = [one.getMessage() for one in caplog.records if one.name == "kps.seals"]
    assert told == [
        "seal does not work: not whole",
        "seal works again",
        "seal does not work: an unforeseen RuntimeError",
        "seal works again",
    ]


def test_nothing_outside_is_called_where_nothing_is_named(home: Path) -> None:
    file = home / "kps.toml"
    named = file.read_text(encoding="utf-8")
    file.write_text(named.replace('witness_directory = "witness"\n', ""), encoding="utf-8")
    given = chosen(home)
    engine = open_database(given.gateway_url, wait_seconds_max=5)
    seals = seals_of(given, engine)
    assert (seals.courier, seals.stamper) == (None, None)
    assert seals.hand_on() == 0
    engine.dispose()


def test_a_named_authority_and_a_named_witness_are_there(home: Path) -> None:
    values = {
        "timestamp_url": "http://127.0.0.1:9/",
        "timestamp_ca_file": "keys/ca.pem",
        "witness_url": "http://127.0.0.1:9/",
        "witness_directory": "witness",
    }
    given = chosen(home, **values)
    engine = open_database(given.gateway_url, wait_seconds_max=5)
    seals = seals_of(given, engine)
    assert seals.courier is not None
    assert seals.stamper is not None
    assert seals.hand_on() == 0
    engine.dispose()
    with pytest.raises(SealRefused):
        seals_of(chosen(home, **{**values, "timestamp_ca_file": "keys/absent"}), engine)
