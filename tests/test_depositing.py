"""A deposit that comes as a call is one transaction with its record, or is not made."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from kps_soap import identity_number
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.criteria import Asker
from kps_soap.depositing import Deposits
from kps_soap.faults import EvidenceUnavailable
from kps_soap.models import evidence, roster_entries

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
KEY = bytes(range(32))
ASKER = Asker("B-34-0417", "KRM-34-0417", "AYSE", "203.0.113.10", NOW, "2026/117", "ab")
FIRST, SECOND = (identity_number.make(stem) for stem in (123_456_789, 223_456_789))


@pytest.fixture
def engine(any_engine: Engine) -> Engine:
    return any_engine


def with_deposits(
    engine: Engine, work: Callable[[Deposits], Awaitable[None]], *, broken: bool = False
) -> None:
    @contextmanager
    def recording() -> Iterator[Recorder]:
        if broken:
            raise EvidenceUnavailable("test")
        with recorder(
            engine,
            Keyring(FileKey.of(KEY)),
            worker="deposits",
            clock=lambda: NOW,
            random_bytes=secrets.token_bytes,
        ) as run:
            yield run

    deposits = Deposits(
        engine,
        recording,
        lambda number: identity_number.digest(number, key=KEY, context="roster"),
        clock=lambda: NOW,
        new_id=lambda: secrets.token_hex(16),
        seconds_max=10,
    )

    async def run() -> None:
        try:
            await work(deposits)
        finally:
            deposits.close()

    asyncio.run(run())


def size(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(roster_entries)).scalar()


def test_a_deposit_is_on_record_without_its_persons(engine: Engine) -> None:
    async def work(deposits: Deposits) -> None:
        first = await deposits.deposit(ASKER, "EKLE", [FIRST, SECOND, FIRST])
        assert (first.added, first.persons) == (2, 2)
        second = await deposits.deposit(ASKER, "CIKAR", [SECOND])
        assert (second.removed, second.persons) == (1, 1)
        seen = await deposits.deposit(ASKER, "DURUM", [])
        assert (seen.added, seen.removed, seen.persons) == (0, 0, 1)
        assert seen.set_digest == second.set_digest

    with_deposits(engine, work)
    columns = (evidence.c.event, evidence.c.detail, evidence.c.institution, evidence.c.account)
    with engine.connect() as connection:
        rows = {tuple(row) for row in connection.execute(select(*columns)) if row.institution}
    assert rows == {
        ("LISTE_YUKLEME", "EKLE: 2 persons", "B-34-0417", "KRM-34-0417"),
        ("LISTE_YUKLEME", "CIKAR: 1 persons", "B-34-0417", "KRM-34-0417"),
    }
    assert size(engine) == 1


def test_a_deposit_that_cannot_be_recorded_is_not_made(engine: Engine) -> None:
    async def work(deposits: Deposits) -> None:
        with pytest.raises(EvidenceUnavailable):
            await deposits.deposit(ASKER, "EKLE", [FIRST])

    with_deposits(engine, work, broken=True)
    assert size(engine) == 0


def test_who_has_no_roster_is_told_so(engine: Engine) -> None:
    async def work(deposits: Deposits) -> None:
        seen = await deposits.deposit(ASKER, "DURUM", [])
        assert (seen.persons, seen.set_digest) == (0, "0" * 64)

    with_deposits(engine, work)


def test_a_database_that_is_away_is_no_surprise(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(deposits: Deposits) -> None:
        def away(*_: Any) -> None:
            raise OSError

        monkeypatch.setattr(deposits, "_change", away)
        with pytest.raises(EvidenceUnavailable) as raised:
            await deposits.deposit(ASKER, "EKLE", [FIRST])
        assert raised.value.detail == "deposit OSError"

    with_deposits(engine, work)
