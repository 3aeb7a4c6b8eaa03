"""Which log-ins count towards a lock."""

import asyncio
from datetime import UTC, datetime

import pytest

from kps_soap.authentication import Credential, Passwords, UsernameToken
from kps_soap.entry import Entry, LoginNote
from kps_soap.faults import CredentialsRefused
from kps_soap.logins import Logins

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ACCOUNT = "KRM-34-0417"
INSIDE = "203.0.113.10"


def note_of(
    password: str, credential: Credential | None, *, address: str = INSIDE
) -> LoginNote | None:
    """What a log-in leaves; the right password is ``right``."""
    passwords = Passwords(
        mac_key=b"k" * 32,
        clock=lambda: 0.0,
        cache_seconds=60,
        threads=1,
        compare=lambda _stored, given: given == "right",
    )
    logins = Logins(passwords, lambda account, source: (account, source) == (ACCOUNT, INSIDE))
    entry = Entry("r", NOW, "direct", source_address=address)
    try:
        asyncio.run(logins.check(entry, credential, UsernameToken(ACCOUNT, password, None)))
    except CredentialsRefused:
        assert (password, credential and credential.open) != ("right", True)
    else:
        assert password == "right"
    finally:
        passwords.close()
    return entry.login


def held(*, is_open: bool = True, failures: int = 0) -> Credential:
    return Credential(ACCOUNT, "hash", 1, is_open, failures)


def test_a_wrong_password_counts() -> None:
    assert note_of("wrong", held()) == LoginNote(ACCOUNT, right=False)


def test_a_right_password_is_noted_only_where_there_is_a_row_to_end() -> None:
    assert note_of("right", held()) is None
    assert note_of("right", held(failures=2)) == LoginNote(ACCOUNT, right=True)


def test_nobody_locks_an_institution_out_from_elsewhere() -> None:
    assert note_of("wrong", held(), address="198.51.100.1") is None


@pytest.mark.parametrize("password", ["wrong", "right"])
def test_a_shut_account_counts_nothing_and_lets_nobody_in(password: str) -> None:
    assert note_of(password, held(is_open=False)) is None


def test_an_unknown_account_counts_nothing() -> None:
    assert note_of("wrong", None) is None
