"""Which log-ins count towards a lock, and that guesses at once are no more than one by one."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from kps_soap.authentication import Credential, Passwords, UsernameToken
from kps_soap.entry import Entry, LoginNote
from kps_soap.faults import Overloaded, Refusal
from kps_soap.logins import LoginLimits, Logins

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ACCOUNT = "KRM-34-0417"
INSIDE, OUTSIDE = "203.0.113.10", "198.51.100.1"
OPEN = Credential(ACCOUNT, "hash", 1, open=True)


@dataclass
class Store:
    """What the credential store holds; ``after`` is what it holds from the second look on."""

    held: Credential | None = OPEN
    after: Credential | None = None
    looks: int = 0

    async def find(self, _account: str) -> Credential | None:
        self.looks += 1
        return self.after if self.after is not None and self.looks > 1 else self.held

    async def look(self, account: str) -> Credential | None:
        return await self.find(account)


@dataclass
class House:
    """Log-ins with everything at hand; the right password is ``right``."""

    store: Store = field(default_factory=Store)
    limits: LoginLimits = field(default_factory=LoginLimits)
    now: float = 0.0
    compared: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.passwords = Passwords(
            mac_key=b"k" * 32,
            clock=lambda: self.now,
            cache_seconds=60,
            threads=4,
            waiting_max=1000,
            compare=self._matches,
        )
        self.logins = Logins(
            self.passwords,
            lambda account, source: (account, source) == (ACCOUNT, INSIDE),
            self.store,
            clock=lambda: self.now,
            limits=self.limits,
        )

    def _matches(self, _stored: str, password: str) -> bool:
        self.compared.append(password)
        return password == "right"

    async def attempt(self, password: str, *, address: str = INSIDE) -> tuple[Entry, str]:
        """One log-in as a door makes it: the entry, and the refusal's detail or nothing."""
        entry = Entry("r", NOW, "direct", source_address=address)
        credential = await self.store.find(ACCOUNT)
        self.store.looks = 0
        try:
            await self.logins.check(entry, credential, UsernameToken(ACCOUNT, password, None))
        except Refusal as refusal:
            return entry, refusal.detail
        return entry, ""

    def log_in(self, password: str, *, address: str = INSIDE) -> tuple[LoginNote | None, str]:
        entry, refused = asyncio.run(self.attempt(password, address=address))
        return entry.login, refused

    def at_once(self, *passwords: str) -> list[str]:
        async def all_of_them() -> list[tuple[Entry, str]]:
            return await asyncio.gather(*(self.attempt(one) for one in passwords))

        return [refused for _, refused in asyncio.run(all_of_them())]


def test_a_wrong_password_counts() -> None:
    assert House().log_in("wrong") == (LoginNote(ACCOUNT, right=False), "wrong password")


def test_a_right_password_is_noted_only_where_there_is_a_row_to_end() -> None:
    assert House().log_in("right") == (None, "")
    failing = House(Store(replace(OPEN, failures=2)))
    assert failing.log_in("right") == (LoginNote(ACCOUNT, right=True), "")
    assert failing.log_in("right") == (LoginNote(ACCOUNT, right=True), "")


def test_nobody_locks_an_institution_out_from_elsewhere() -> None:
    house = House(limits=LoginLimits(in_a_row_max=5))
    told = [house.log_in("wrong", address=OUTSIDE) for _ in range(20)]
    assert told == [(None, "wrong password")] * 5 + [(None, "account shut")] * 15
    assert house.log_in("right", address=OUTSIDE) == (None, "account shut")
    assert house.log_in("right") == (None, "")


@pytest.mark.parametrize("password", ["wrong", "right"])
def test_a_shut_account_counts_nothing_and_lets_nobody_in(password: str) -> None:
    note, refused = House(Store(replace(OPEN, open=False))).log_in(password)
    assert note is None
    assert refused


def test_an_unknown_account_counts_nothing_and_looks_the_same_number_of_times() -> None:
    unknown, known = House(Store(None)), House()
    assert unknown.log_in("right") == (None, "unknown account")
    known.log_in("wrong")
    assert unknown.store.looks == known.store.looks == 1


def test_guesses_at_once_are_no_more_than_guesses_one_after_the_other() -> None:
    house = House(limits=LoginLimits(in_a_row_max=5))
    refused = house.at_once(*[f"guess {number}" for number in range(30)], "right")
    assert refused.count("wrong password") + refused.count("account shut") == 31
    assert refused[-1] == "account shut"
    assert house.log_in("right") == (None, "account shut")


def test_a_workers_own_lock_ends_with_its_time_and_with_a_right_password() -> None:
    house = House(limits=LoginLimits(in_a_row_max=2, seconds=900))
    for password in ("wrong", "right", "wrong", "wrong"):
        house.log_in(password)
    house.store.held = replace(OPEN, version=2)
    assert house.log_in("right") == (None, "account shut")
    house.now = 901.0
    assert house.log_in("right") == (None, "")


def test_a_remembered_right_password_ends_a_row_of_wrong_ones_too() -> None:
    house = House(limits=LoginLimits(in_a_row_max=2, seconds=900))
    for _ in range(10):
        assert house.log_in("right") == (None, "")
        assert house.log_in("wrong")[1] == "wrong password"
    assert house.log_in("wrong")[1] == "wrong password"
    assert house.log_in("right") == (None, "account shut")


def test_an_account_that_is_shut_while_its_password_is_compared_lets_nobody_in() -> None:
    shut = replace(OPEN, open=False)
    note, refused = House(Store(OPEN, after=shut)).log_in("right")
    assert note is None
    assert refused == "account shut while its password was compared"


def test_one_source_address_may_be_wrong_so_often_and_no_more() -> None:
    house = House(Store(None), limits=LoginLimits(per_source_max=3))
    told = [house.log_in("wrong", address=OUTSIDE)[1] for _ in range(4)]
    assert told[:3] == ["unknown account"] * 3
    assert told[3] == "too many wrong passwords from this source address"
    assert len(house.compared) == 3
    assert house.log_in("wrong", address="2001:db8::1")[1] == "unknown account"
    house.now = 901.0
    assert house.log_in("wrong", address=OUTSIDE)[1] == "unknown account"


def test_a_known_password_needs_no_turn() -> None:
    house = House(limits=LoginLimits(per_source_max=1))
    house.log_in("right")
    house.log_in("wrong")
    assert house.log_in("right")[1] == ""
    assert house.compared == ["right", "wrong"]


def test_many_calls_with_the_right_password_are_compared_once() -> None:
    house = House()
    assert house.at_once(*["right"] * 50) == [""] * 50
    assert house.compared == ["right"]


def test_the_memory_of_failures_is_bounded() -> None:
    house = House(Store(None), limits=LoginLimits(per_source_max=1, remembered_max=2))
    for address in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        house.log_in("wrong", address=address)
    assert house.log_in("wrong", address="198.51.100.1")[1] == "unknown account"
    assert "source" in house.log_in("wrong", address="198.51.100.3")[1]


def test_whoever_waits_too_long_for_a_turn_is_told_to_come_back() -> None:
    house = House(limits=LoginLimits(turn_seconds_max=0.01))

    async def waiting() -> None:
        async with house.logins._turn(ACCOUNT):
            entry = Entry("r", NOW, "direct", source_address=INSIDE)
            with pytest.raises(Overloaded):
                await house.logins.check(entry, OPEN, UsernameToken(ACCOUNT, "right", None))

    asyncio.run(waiting())
    assert house.log_in("right") == (None, "")
    assert not house.logins._turns
