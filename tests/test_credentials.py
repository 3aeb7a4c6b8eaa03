"""The credential store: what operators do to accounts, and what a call reads of them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from kps_soap import credentials as store_of_credentials
from kps_soap import database
from kps_soap.authentication import Credential, matches
from kps_soap.credentials import (
    AccountState,
    CredentialError,
    StoredCredentials,
    accounts,
    set_password,
)
from kps_soap.database import writing
from kps_soap.faults import EvidenceUnavailable
from kps_soap.lookups import Lookups
from kps_soap.models import credentials

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 9, tzinfo=UTC)
NAME, PASSWORD = "KRM-34-0417", "Ğüçlü parola 1"


def found(url: str, *names: str) -> list[Credential | None]:
    """What calls that name these accounts read, one after the other."""

    async def read() -> list[Credential | None]:
        lookups = Lookups(url, seconds_max=5)
        store = StoredCredentials(lookups, lambda: NOW)
        try:
            return [await store.find(name) for name in names]
        finally:
            await lookups.close()

    return asyncio.run(read())


def set_state(engine: Engine, account: str, *, blocked: bool, now: datetime) -> None:
    with engine.connect() as connection, writing(connection):
        store_of_credentials.set_state(connection, account, blocked=blocked, now=now)


def test_an_account_is_opened_with_its_first_password(engine: Engine, url: str) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    (credential,) = found(url, NAME)
    assert credential is not None
    assert (credential.account, credential.version, credential.open) == (NAME, 1, True)
    assert matches(credential.password_hash, PASSWORD)
    assert PASSWORD not in credential.password_hash


def test_an_unknown_account_is_not_found_and_no_other_is_given_for_it(
    engine: Engine, url: str
) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    strange = ["KRM-34-041", "KRM-34-04177", "krm-34-0417", "KRM%", "' OR 1=1 --", "", "Ğ😀"]
    assert found(url, *strange) == [None] * len(strange)


def test_a_new_password_is_a_new_version_and_the_old_one_is_gone(engine: Engine, url: str) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    set_password(engine, NAME, "another password", now=LATER)
    (credential,) = found(url, NAME)
    assert credential is not None
    assert credential.version == 2
    assert matches(credential.password_hash, "another password")
    assert not matches(credential.password_hash, PASSWORD)
    with engine.connect() as connection:
        (changed,) = connection.execute(select(credentials.c.changed_us)).scalars()
    assert changed == round(LATER.timestamp() * 1_000_000)


def test_a_block_and_its_end_hold_on_the_next_read(engine: Engine, url: str) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)

    async def read() -> list[bool]:
        lookups = Lookups(url, seconds_max=5)
        store, seen = StoredCredentials(lookups, lambda: NOW), []
        for blocked in (None, True, False):
            if blocked is not None:
                set_state(engine, NAME, blocked=blocked, now=LATER)
            credential = await store.find(NAME)
            assert credential is not None
            seen.append(credential.open)
        await lookups.close()
        return seen

    assert asyncio.run(read()) == [True, False, True]


def test_a_new_password_does_not_open_a_blocked_account(engine: Engine, url: str) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    set_state(engine, NAME, blocked=True, now=NOW)
    set_password(engine, NAME, "another password", now=LATER)
    (credential,) = found(url, NAME)
    assert credential is not None
    assert (credential.version, credential.open) == (3, False)


def test_an_account_that_nobody_opened_cannot_be_blocked(engine: Engine) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    with pytest.raises(CredentialError, match="kps accounts list"):
        set_state(engine, "KRM-99", blocked=True, now=NOW)
    assert accounts(engine, now=NOW) == [AccountState(NAME, "ACIK", None)]


def test_accounts_are_listed_by_name_with_their_state_and_never_with_a_hash(
    engine: Engine,
) -> None:
    assert accounts(engine, now=NOW) == []
    for name in ("b", "A", "c"):
        set_password(engine, name, PASSWORD, now=NOW)
    set_state(engine, "c", blocked=True, now=NOW)
    states = sorted((one.account, one.state) for one in accounts(engine, now=NOW))
    assert states == [("A", "ACIK"), ("b", "ACIK"), ("c", "BLOKE")]


@pytest.mark.parametrize(
    "name", ["", " ", " KRM", "KRM ", "K R M", "KRM\n", "K\x00", "Kurum-Ş", "K" * 65]
)
def test_a_name_that_no_message_could_carry_is_refused(name: str) -> None:
    with pytest.raises(CredentialError, match="account name"):
        set_password(
            database.open_database("sqlite://", wait_seconds_max=1), name, PASSWORD, now=NOW
        )


@pytest.mark.parametrize("password", ["", "x" * 13, "x" * 257])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    engine = database.open_database("sqlite://", wait_seconds_max=1)
    with pytest.raises(CredentialError, match="14 to 256 characters"):
        set_password(engine, NAME, password, now=NOW)


@pytest.mark.parametrize("wrong", ["\x00", "\t", "\n", "\x7f", "\ud800", "\u2028", "\ufffe"])
def test_a_password_that_no_message_could_carry_is_refused(wrong: str) -> None:
    engine = database.open_database("sqlite://", wait_seconds_max=1)
    with pytest.raises(CredentialError, match="printable") as caught:
        set_password(engine, NAME, f"a good beginning {wrong}", now=NOW)
    assert "beginning" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "password"), [("K", "x" * 14), ("K" * 64, "x" * 256), ("!~", "ş" * 14)]
)
def test_names_and_passwords_at_the_bounds_are_taken(
    engine: Engine, url: str, name: str, password: str
) -> None:
    set_password(engine, name, password, now=NOW)
    assert found(url, name) != [None]


def test_an_account_lives_alike_in_both_databases(any_url: str) -> None:
    engine = database.open_database(any_url, wait_seconds_max=5)
    set_password(engine, NAME, PASSWORD, now=NOW)
    set_state(engine, NAME, blocked=True, now=NOW)
    set_password(engine, NAME, "another password", now=LATER)
    with pytest.raises(CredentialError):
        set_state(engine, "KRM-99", blocked=True, now=NOW)
    nobody, blocked = found(any_url, "KRM-99", NAME)
    assert nobody is None
    assert blocked is not None
    assert (blocked.account, blocked.version, blocked.open) == (NAME, 3, False)
    assert matches(blocked.password_hash, "another password")
    assert accounts(engine, now=NOW) == [AccountState(NAME, "BLOKE", None)]
    engine.dispose()


def test_without_its_database_no_account_can_be_found(tmp_path: Path) -> None:
    with pytest.raises(EvidenceUnavailable) as caught:
        found(f"sqlite:///{tmp_path}/absent.sqlite", NAME)
    assert NAME not in caught.value.detail
    assert "absent" not in caught.value.detail


def test_a_lock_is_told_from_a_block_and_ends_by_itself(engine: Engine, url: str) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    moment = round(NOW.timestamp() * 1_000_000)
    for until, state, expected in (
        (moment + 1, "ACIK", (False, True)),
        (moment, "ACIK", (True, False)),
        (moment + 1, "BLOKE", (False, False)),
    ):
        with engine.begin() as connection:
            connection.execute(update(credentials).values(locked_until_us=until, state=state))
        (credential,) = found(url, NAME)
        assert credential is not None
        assert (credential.open, credential.locked) == expected


def test_the_list_of_accounts_says_until_when_one_is_locked(engine: Engine) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    until = round(LATER.timestamp() * 1_000_000)
    with engine.begin() as connection:
        connection.execute(update(credentials).values(locked_until_us=until))
    assert accounts(engine, now=NOW) == [AccountState(NAME, "ACIK", LATER)]
    assert accounts(engine, now=LATER) == [AccountState(NAME, "ACIK", None)]


def test_a_block_ends_every_token_for_good(engine: Engine, url: str) -> None:
    set_password(engine, NAME, PASSWORD, now=NOW)
    versions = []
    for blocked in (True, False, True):
        set_state(engine, NAME, blocked=blocked, now=LATER)
        (credential,) = found(url, NAME)
        assert credential is not None
        versions.append(credential.version)
    assert versions == [2, 2, 3]
