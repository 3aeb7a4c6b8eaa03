"""Tokens and counts of wrong passwords, written in a record's own transaction."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from evidence_samples import entry as evidence_entry
from evidence_samples import opened, writing_to
from sqlalchemy import Engine, select

from kps_soap import database, models
from kps_soap.audit.alongside import Alongside, LockPolicy
from kps_soap.audit.months import microseconds
from kps_soap.audit.verification import verify
from kps_soap.credentials import set_password, set_state
from kps_soap.database import writing
from kps_soap.entry import Entry, Event, IssuedToken, LoginNote

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ACCOUNT = "KRM-34-0417"
POLICY = LockPolicy(failures_max=3, lock_seconds=600, failures_per_day_max=5)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = database.open_database(database_url, wait_seconds_max=5)
    set_password(opened, ACCOUNT, "a long enough password", now=NOW)
    yield opened
    opened.dispose()


def token(number: int, *, not_after: datetime) -> IssuedToken:
    return IssuedToken(
        digest=number.to_bytes(32, "big"),
        assertion_id=f"_{number}",
        account=ACCOUNT,
        credential_version=1,
        institution="B-34-0417",
        inquirer="",
        agreement="2026/117",
        agreement_digest="0" * 64,
        source_address="203.0.113.10",
        issued_us=microseconds(NOW),
        not_after_us=microseconds(not_after),
        wrapped_key=b"w",
    )


def write(
    engine: Engine, *entries: Entry, now: datetime = NOW, kept: Alongside
) -> list[tuple[str, str]]:
    """Account and detail of the events of accounts that were shut."""
    with engine.connect() as connection, writing(connection):
        shut = kept.write(connection, entries, now=now)
    assert {one.event for one in shut} <= {Event.ACCOUNT_LOCKED}
    return [(one.account, one.detail) for one in shut]


def login(*, right: bool) -> Entry:
    return Entry("r", NOW, "direct", login=LoginNote(ACCOUNT, right=right))


def account_row(engine: Engine) -> tuple[int, int, int, str]:
    found = models.credentials.c
    query = select(found.failures, found.failures_today, found.locked_until_us, found.state)
    with engine.connect() as connection:
        return tuple(connection.execute(query).one())


def test_a_token_is_registered_with_the_record_that_tells_of_it(engine: Engine) -> None:
    issued = token(7, not_after=NOW + timedelta(hours=1))
    kept = Alongside(engine.dialect, POLICY)
    write(engine, Entry("r", NOW, "issuer", issued=issued), login(right=True), kept=kept)
    with engine.connect() as connection:
        (row,) = connection.execute(select(models.issued_tokens))
    assert row._asdict() == {name: getattr(issued, name) for name in issued.__slots__}


def test_tokens_that_ended_more_than_a_day_ago_are_swept_away_once_an_hour(engine: Engine) -> None:
    kept = Alongside(engine.dialect, POLICY)
    old, late = NOW - timedelta(hours=25), NOW - timedelta(hours=23)
    write(engine, Entry("r", NOW, "issuer", issued=token(1, not_after=late)), kept=kept)
    write(engine, Entry("r", NOW, "issuer", issued=token(2, not_after=old)), kept=kept)
    assert assertion_ids(engine) == {"_1", "_2"}
    soon = NOW + timedelta(minutes=61)
    write(engine, Entry("r", NOW, "issuer", issued=token(3, not_after=soon)), now=soon, kept=kept)
    assert assertion_ids(engine) == {"_3"}


def assertion_ids(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(select(models.issued_tokens.c.assertion_id)).scalars())


def test_too_many_wrong_passwords_in_a_row_lock_the_account_for_a_while(engine: Engine) -> None:
    kept = Alongside(engine.dialect, POLICY)
    assert write(engine, login(right=False), login(right=False), kept=kept) == []
    assert account_row(engine) == (2, 2, 0, "ACIK")
    assert write(engine, login(right=False), kept=kept) == [
        (ACCOUNT, "locked for 600 s: wrong passwords in a row (request r)")
    ]
    until = microseconds(NOW + timedelta(seconds=600))
    assert account_row(engine) == (0, 3, until, "ACIK")


def test_a_right_password_begins_the_row_anew_but_not_the_day(engine: Engine) -> None:
    kept = Alongside(engine.dialect, POLICY)
    write(engine, login(right=False), login(right=False), login(right=True), kept=kept)
    assert account_row(engine) == (0, 2, 0, "ACIK")


def test_too_many_wrong_passwords_in_one_day_block_the_account(engine: Engine) -> None:
    kept = Alongside(engine.dialect, POLICY)
    shut = []
    for _ in range(7):
        shut += write(engine, login(right=False), login(right=True), kept=kept)
    assert account_row(engine)[1::2] == (7, "BLOKE")
    assert shut == [(ACCOUNT, "blocked: 5 wrong passwords on one day (request r)")]


def test_a_wrong_password_of_an_account_that_is_gone_shuts_nothing(engine: Engine) -> None:
    kept = Alongside(engine.dialect, LockPolicy(1, 600, 1))
    gone = Entry("r", NOW, "direct", login=LoginNote("KRM-99", right=False))
    assert write(engine, gone, kept=kept) == []


def test_what_shuts_an_account_has_an_event_of_its_own_in_the_same_transaction(
    database_url: str,
) -> None:
    with opened(database_url) as evidence:
        set_password(evidence.engine, ACCOUNT, "a long enough password", now=NOW)

        async def fail() -> None:
            async with writing_to(evidence, locks=POLICY) as writer:
                for _ in range(3):
                    wrong = evidence_entry(login=LoginNote(ACCOUNT, right=False))
                    await writer.record(wrong)
                await writer.record(evidence_entry())

        asyncio.run(fail())
        rows = [row for row in evidence.rows() if row.event == Event.ACCOUNT_LOCKED]
        events = [row.event for row in evidence.rows()]
        assert verify(database_url, evidence.keyring).ok
    assert events == ["BASLATMA", *["SORGU"] * 3, "HESAP_KILIT", "SORGU", "DURDURMA"]
    (row,) = rows
    assert (row.account, row.door, row.request_id) == (ACCOUNT, "direct", None)
    assert row.source_address == "203.0.113.10"


def test_the_next_civil_day_of_istanbul_counts_from_one(engine: Engine) -> None:
    kept = Alongside(engine.dialect, POLICY)
    evening = datetime(2026, 11, 21, 20, 59, tzinfo=UTC)
    for moment in (evening, evening, evening + timedelta(minutes=2)):
        write(engine, login(right=False), login(right=True), now=moment, kept=kept)
    assert account_row(engine)[1] == 1


def test_no_limit_of_a_day_blocks_nobody(engine: Engine) -> None:
    kept = Alongside(engine.dialect, LockPolicy(1000, 600, 0))
    write(engine, *[login(right=False) for _ in range(40)], kept=kept)
    assert account_row(engine) == (40, 40, 0, "ACIK")


def test_an_operator_who_opens_an_account_ends_its_lock(engine: Engine) -> None:
    kept = Alongside(engine.dialect, POLICY)
    write(engine, *[login(right=False) for _ in range(3)], kept=kept)
    with engine.connect() as connection, writing(connection):
        set_state(connection, ACCOUNT, blocked=False, now=NOW)
    assert account_row(engine) == (0, 0, 0, "ACIK")
    write(engine, *[login(right=False) for _ in range(3)], kept=kept)
    set_password(engine, ACCOUNT, "another long password", now=NOW)
    assert account_row(engine) == (0, 0, 0, "ACIK")
