"""An account with two secrets for some days: both hold, then the former one ends."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from people_samples import NOW, done
from sqlalchemy import Engine

from kps_soap import credentials
from kps_soap.authentication import Credential, Passwords
from kps_soap.credentials import CredentialError, StoredCredentials
from kps_soap.faults import CredentialsRefused
from kps_soap.lookups import Lookups
from kps_soap.password_hashes import HASHER, hash_beside, matches

NAME, FIRST, SECOND, THIRD = (
    "KRM-34-0417",
    "birinci parola 1",
    "ikinci parola 22",
    "üçüncü parola 3",
)


def rotate(engine: Engine, password: str, *, days: int = 7, now: datetime = NOW) -> datetime:
    former = credentials.present_hash(engine, NAME)
    row = credentials.password_row(NAME, password, now=now, beside=former)
    return done(
        engine,
        lambda one: credentials.change_password(one, NAME, row, former=former, days=days, now=now),
    )


def found(url: str, now: datetime = NOW) -> Credential:
    async def read() -> Credential | None:
        lookups = Lookups(url, seconds_max=5)
        try:
            return await StoredCredentials(lookups, lambda: now).find(NAME)
        finally:
            await lookups.close()

    credential = asyncio.run(read())
    assert credential is not None
    return credential


def right(credential: Credential, *passwords: str) -> list[bool]:
    return [matches(credential.password_hash, one) for one in passwords]


def test_both_secrets_hold_and_the_former_one_ends_to_the_second(engine: Engine, url: str) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    before = found(url)
    until = rotate(engine, SECOND)
    assert until == NOW + timedelta(days=7)
    held = found(url, until - timedelta(microseconds=1))
    assert right(held, FIRST, SECOND, "yanlış parola 99") == [True, True, False]
    # Tokens go on while both hold, and those of the former secret end with it.
    assert held.version == before.version
    ended = found(url, until)
    assert right(ended, FIRST, SECOND) == [False, True]
    assert ended.version != held.version


def test_a_remembered_secret_is_forgotten_when_it_ends(engine: Engine, url: str) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    until = rotate(engine, SECOND)

    async def run() -> list[str]:
        passwords = Passwords(mac_key=b"m" * 32, clock=lambda: 0.0, cache_seconds=3600, threads=1)
        lookups = Lookups(url, seconds_max=5)
        said = []
        try:
            for now in (NOW, until):
                credential = await StoredCredentials(lookups, lambda now=now: now).find(NAME)  # type: ignore[misc]
                for password in (FIRST, SECOND):
                    try:
                        await passwords.check(NAME, credential, password)
                        said.append("open")
                    except CredentialsRefused:
                        said.append("refused")
        finally:
            await lookups.close()
            passwords.close()
        return said

    assert asyncio.run(run()) == ["open", "open", "refused", "open"]


def test_two_secrets_cost_one_computation(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kps_soap import password_hashes

    credentials.set_password(engine, NAME, FIRST, now=NOW)
    rotate(engine, SECOND)
    stored = found(url).password_hash
    first, second = stored.split(" ")
    assert first.rsplit("$", 1)[0] == second.rsplit("$", 1)[0]
    made: list[bytes] = []
    slow: Callable[..., bytes] = password_hashes.hash_secret

    def counted(secret: bytes, *args: object, **more: object) -> bytes:
        made.append(secret)
        return slow(secret, *args, **more)

    monkeypatch.setattr(password_hashes, "hash_secret", counted)
    assert matches(stored, "yanlış parola 99") is False
    assert len(made) == 1


def test_a_third_secret_ends_the_first_at_once(engine: Engine, url: str) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    rotate(engine, SECOND)
    version = found(url).version
    rotate(engine, THIRD)
    credential = found(url)
    assert right(credential, FIRST, SECOND, THIRD) == [False, True, True]
    # More than the end of the first would have added.
    assert credential.version == version + 2


def test_a_password_without_overlap_ends_both(engine: Engine, url: str) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    until = rotate(engine, SECOND)
    ended = found(url, until).version
    credentials.set_password(engine, NAME, THIRD, now=NOW)
    credential = found(url)
    assert right(credential, FIRST, SECOND, THIRD) == [False, False, True]
    assert credential.version > ended
    (state,) = credentials.accounts(engine, now=NOW)
    assert state.former_until is None


def test_a_block_ends_the_former_secret_for_good(engine: Engine, url: str) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    until = rotate(engine, SECOND)
    ended = found(url, until).version
    for blocked in (True, False):
        done(
            engine,
            lambda one, blocked=blocked: credentials.set_state(  # type: ignore[misc]
                one, NAME, blocked=blocked, now=NOW
            ),
        )
    credential = found(url)
    assert right(credential, FIRST, SECOND) == [False, True]
    assert credential.version > ended


def test_an_operator_sees_until_when_a_former_secret_holds(engine: Engine) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    until = rotate(engine, SECOND, days=1)
    (state,) = credentials.accounts(engine, now=NOW)
    assert state.former_until == until == NOW + timedelta(days=1)
    (state,) = credentials.accounts(engine, now=until)
    assert state.former_until is None


@pytest.mark.parametrize("days", [0, 8, -1])
def test_two_secrets_hold_for_seven_days_at_most(engine: Engine, url: str, days: int) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    with pytest.raises(CredentialError, match="1 to 7 days"):
        rotate(engine, SECOND, days=days)
    assert right(found(url), FIRST, SECOND) == [True, False]


def test_a_blocked_or_unknown_account_keeps_no_former_secret(engine: Engine) -> None:
    with pytest.raises(CredentialError, match="Only an open account"):
        rotate(engine, SECOND)
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    done(engine, lambda one: credentials.set_state(one, NAME, blocked=True, now=NOW))
    with pytest.raises(CredentialError, match="Only an open account"):
        rotate(engine, SECOND)


def test_an_account_that_changed_meanwhile_is_told(engine: Engine, url: str) -> None:
    credentials.set_password(engine, NAME, FIRST, now=NOW)
    former = credentials.present_hash(engine, NAME)
    row = credentials.password_row(NAME, SECOND, now=NOW, beside=former)
    credentials.set_password(engine, NAME, THIRD, now=NOW)
    with pytest.raises(CredentialError, match="meanwhile"):
        done(
            engine,
            lambda one: credentials.change_password(one, NAME, row, former=former, days=7, now=NOW),
        )
    assert right(found(url), SECOND, THIRD) == [False, True]


def test_what_is_no_hash_matches_nothing() -> None:
    made = HASHER.hash(FIRST)
    assert not matches(f"nonsense {made}", FIRST)
    assert not matches("", FIRST)
    assert hash_beside(made, FIRST) == made
