"""An account's own change of its password is one transaction with its record, or is not made."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from kps_soap import credentials
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.criteria import Asker
from kps_soap.database import writing
from kps_soap.faults import EvidenceUnavailable
from kps_soap.models import credentials as table
from kps_soap.models import evidence
from kps_soap.password_changes import BY_PASSWORD, Changed, PasswordChanges
from kps_soap.password_hashes import matches

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
ACCOUNT = "KRM-34-0417"
OLD, NEW, KNOWN = "eski uzun bir parola 1", "yeni uzun bir parola 2", "sizmis uzun parola 3"
ASKER = Asker(
    "B-34-0417", ACCOUNT, "AYSE", "203.0.113.10", NOW, "2026/117", "ab", vouched_by=BY_PASSWORD
)


@pytest.fixture
def engine(any_engine: Engine) -> Engine:
    credentials.set_password(any_engine, ACCOUNT, OLD, now=NOW - timedelta(days=9))
    return any_engine


def change(
    engine: Engine,
    password: str,
    *,
    keep_days: int = 0,
    asker: Asker = ASKER,
    now: datetime = NOW,
    broken: bool = False,
) -> Changed:
    @contextmanager
    def recording() -> Iterator[Recorder]:
        if broken:
            raise EvidenceUnavailable("test")
        with recorder(
            engine,
            Keyring(FileKey.of(bytes(32))),
            worker="passwords",
            clock=lambda: now,
            random_bytes=secrets.token_bytes,
        ) as run:
            yield run

    changes = PasswordChanges(
        engine,
        recording,
        breached=lambda one: one == KNOWN,
        clock=lambda: now,
        new_id=lambda: secrets.token_hex(16),
        seconds_max=30,
    )

    async def run() -> Changed:
        try:
            return await changes.change(asker, password, keep_days=keep_days)
        finally:
            changes.close()

    return asyncio.run(run())


def stored(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(table).where(table.c.account == ACCOUNT)).one()


def records(engine: Engine) -> list[str]:
    query = select(evidence.c.detail).where(evidence.c.event == "HESAP_PAROLA")
    with engine.connect() as connection:
        return [str(one) for one in connection.execute(query).scalars()]


def test_another_password_takes_the_place_of_the_present_one(engine: Engine) -> None:
    before = stored(engine)
    assert change(engine, NEW) == Changed()
    after = stored(engine)
    assert matches(after.password_hash, NEW)
    assert not matches(after.password_hash, OLD)
    assert after.credential_version > before.credential_version
    assert after.password_us > before.password_us
    assert records(engine) == [f"{ACCOUNT}: by itself, the former one holds 0 days more"]


def test_the_present_one_may_hold_for_some_days_more(engine: Engine) -> None:
    assert change(engine, NEW, keep_days=7).former_until == NOW + timedelta(days=7)
    (state,) = credentials.accounts(engine, now=NOW)
    assert state.former_until == NOW + timedelta(days=7)
    # Until then whoever has the former one chooses no third.
    third = "ucuncu uzun bir parola 4"
    (said,) = change(engine, third, now=NOW + timedelta(days=6)).wrong
    assert "hâlâ geçerliyken" in said
    assert change(engine, third, now=NOW + timedelta(days=8)).wrong == ()


def test_every_rule_that_is_broken_is_told_and_nothing_has_changed(engine: Engine) -> None:
    before = stored(engine)
    wrong = change(engine, "kisa", keep_days=8).wrong
    assert [one.split()[0] for one in wrong] == ["Parola", "Parola", "Eski"]
    assert "sızdırılmış" in change(engine, KNOWN).wrong[0]
    assert "aynı olamaz" in change(engine, OLD).wrong[0]
    assert "içermez" in change(engine, f"{ACCOUNT} ve sonrasi").wrong[0]
    assert stored(engine) == before
    assert records(engine) == []


@pytest.mark.parametrize("how", ["TOKEN_HMAC_SHA256", "OTURUM", "X509", ""])
def test_who_did_not_send_the_password_changes_none(engine: Engine, how: str) -> None:
    (said,) = change(engine, NEW, asker=replace(ASKER, vouched_by=how)).wrong
    assert "doğrudan kapıda" in said
    assert records(engine) == []


def test_what_cannot_be_recorded_is_not_done(engine: Engine) -> None:
    before = stored(engine)
    with pytest.raises(EvidenceUnavailable):
        change(engine, NEW, broken=True)
    assert stored(engine) == before


def test_of_two_at_once_the_later_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    row = credentials.password_row

    def meanwhile(account: str, password: str, **given: Any) -> Any:
        made = row(account, password, **given)
        with engine.connect() as connection, writing(connection):
            other = row(account, "baska birinin parolasi 5", now=NOW)
            credentials.put_password(connection, account, other)
        return made

    monkeypatch.setattr(credentials, "password_row", meanwhile)
    for keep_days in (0, 3):
        (said,) = change(engine, NEW, keep_days=keep_days).wrong
        assert "bu sırada değişti" in said
    assert records(engine) == []


def test_a_password_for_one_use_gives_way_to_the_next_at_once(engine: Engine) -> None:
    once = credentials.password_row(ACCOUNT, OLD, now=NOW, once=True)
    with engine.connect() as connection, writing(connection):
        credentials.put_password(connection, ACCOUNT, once)
    (said,) = change(engine, NEW, keep_days=1).wrong
    assert "Tek kullanımlık" in said
    assert stored(engine).must_change == 1
    assert change(engine, NEW) == Changed()
    assert stored(engine).must_change == 0
