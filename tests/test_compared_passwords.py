"""Who is calling: passwords are compared once, and then remembered by a keyed digest."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from kps_soap import faults
from kps_soap.authentication import (
    HASHER,
    Credential,
    Passwords,
    matches,
)

NAME, PASSWORD = "KRM-34-0417", "correct horse battery"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Comparison:
    """Compares like the slow one, but at once, unless it is held; the hash is the password."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, stored: str, password: str) -> bool:
        self.made.append((stored, password))
        assert self.go_on.wait(10)
        return stored == password


class Bench:
    """Passwords with everything that a test can turn."""

    def __init__(self, **options: Any) -> None:
        self.clock, self.comparison = Clock(), Comparison()
        given: dict[str, Any] = {
            "mac_key": b"k" * 32,
            "clock": self.clock,
            "cache_seconds": 300,
            "threads": 2,
            "compare": self.comparison,
        }
        self.passwords = Passwords(**(given | options))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return asyncio.run(work)
        finally:
            self.comparison.go_on.set()
            self.passwords.close()

    async def refusal(
        self, credential: Credential | None, password: str, *, name: str = NAME
    ) -> str | None:
        """The detail of the refusal, None where the password is taken."""
        try:
            await self.passwords.check(name, credential, password)
        except faults.CredentialsRefused as refusal:
            return refusal.detail
        return None

    async def held_up(self, count: int) -> None:
        """Wait until so many comparisons have begun."""
        while len(self.comparison.made) < count:
            await asyncio.sleep(0.001)


def account(password: str = PASSWORD, *, version: int = 1, is_open: bool = True) -> Credential:
    return Credential(NAME, password, version, is_open)


def test_the_real_comparison_tells_right_from_wrong_and_knows_no_broken_hash() -> None:
    stored = HASHER.hash("Ğüçlü parola 1")
    assert stored.startswith("$argon2id$")
    assert "m=19456,t=2,p=1" in stored
    assert matches(stored, "Ğüçlü parola 1")
    assert not matches(stored, "güçlü parola 1")
    assert not matches("no hash", "x")
    assert not matches("", "\ud800")


def test_a_right_password_is_compared_slowly_once_and_remembered_for_a_while() -> None:
    bench = Bench(cache_seconds=300)

    async def work() -> None:
        for seconds, comparisons in ((0, 1), (299.9, 1), (300, 2), (599, 2), (601, 3)):
            bench.clock.seconds = seconds
            assert await bench.refusal(account(), PASSWORD) is None
            assert bench.passwords.slow_comparisons == comparisons

    bench.run(work())


def test_a_cache_of_no_seconds_remembers_nothing() -> None:
    bench = Bench(cache_seconds=0)

    async def work() -> None:
        await bench.refusal(account(), PASSWORD)
        await bench.refusal(account(), PASSWORD)
        assert bench.passwords.slow_comparisons == 2

    bench.run(work())


def test_a_wrong_password_is_compared_slowly_every_time() -> None:
    bench = Bench()

    async def work() -> None:
        for _ in range(3):
            assert await bench.refusal(account(), "wrong") == "wrong password"
        assert bench.passwords.slow_comparisons == 3
        assert await bench.refusal(account(), PASSWORD) is None
        assert await bench.refusal(account(), "wrong") == "wrong password"
        assert bench.passwords.slow_comparisons == 5

    bench.run(work())


def test_an_unknown_account_costs_one_slow_comparison_like_a_wrong_password() -> None:
    bench = Bench()

    async def work() -> None:
        for made in (1, 2):
            assert await bench.refusal(None, PASSWORD) == "unknown account"
            assert bench.passwords.slow_comparisons == made
        ((stored, password), _) = bench.comparison.made
        assert stored.startswith("$argon2id$")
        assert password == PASSWORD

    bench.run(work())


def test_an_unknown_account_is_refused_even_with_the_password_of_the_process_itself() -> None:
    bench = Bench(compare=lambda _stored, _password: True)

    async def work() -> None:
        assert await bench.refusal(None, "x") == "unknown account"
        assert await bench.refusal(None, "x") == "unknown account"
        assert bench.passwords.slow_comparisons == 2

    bench.run(work())


def test_a_new_version_of_a_credential_is_compared_anew() -> None:
    bench = Bench()

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        assert await bench.refusal(account("another one", version=2), PASSWORD) == "wrong password"
        assert await bench.refusal(account("another one", version=2), "another one") is None
        assert bench.passwords.slow_comparisons == 3

    bench.run(work())


def test_what_is_remembered_for_one_account_says_nothing_of_another() -> None:
    bench = Bench()

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        other = Credential("KRM-35-0001", "other", 1, open=True)
        assert await bench.refusal(other, PASSWORD, name="KRM-35-0001") == "wrong password"

    bench.run(work())


def test_a_blocked_account_is_refused_with_the_right_password_too() -> None:
    bench = Bench()

    async def work() -> None:
        blocked = account(is_open=False)
        assert await bench.refusal(blocked, PASSWORD) == "account blocked"
        assert await bench.refusal(blocked, "wrong") == "wrong password"
        assert bench.passwords.slow_comparisons == 2

    bench.run(work())


def test_a_block_holds_on_the_next_call_although_the_password_is_remembered() -> None:
    bench = Bench()

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        assert await bench.refusal(account(is_open=False), PASSWORD) == "account blocked"
        assert await bench.refusal(account(), PASSWORD) is None

    bench.run(work())


def test_the_refusals_all_say_the_same_in_public() -> None:
    bench = Bench()
    said: set[tuple[str, str, str]] = set()

    async def work() -> None:
        for credential, password in ((None, "x"), (account(), "x"), (account(is_open=False), "x")):
            with pytest.raises(faults.CredentialsRefused) as caught:
                await bench.passwords.check(NAME, credential, password)
            refusal = caught.value
            said.add((refusal.turkish, refusal.english, refusal.subcode))
            assert PASSWORD not in refusal.detail

    bench.run(work())
    assert len(said) == 1


def test_equal_claims_at_the_same_moment_share_one_comparison() -> None:
    bench = Bench()

    async def work() -> list[str | None]:
        bench.comparison.go_on.clear()
        waiting = [asyncio.create_task(bench.refusal(account(), PASSWORD)) for _ in range(50)]
        await bench.held_up(1)
        bench.comparison.go_on.set()
        return await asyncio.gather(*waiting)

    assert bench.run(work()) == [None] * 50
    assert bench.passwords.slow_comparisons == 1


def test_a_caller_who_leaves_does_not_take_the_comparison_with_it() -> None:
    bench = Bench()

    async def work() -> str | None:
        bench.comparison.go_on.clear()
        leaving = asyncio.create_task(bench.refusal(account(), PASSWORD))
        staying = asyncio.create_task(bench.refusal(account(), PASSWORD))
        await bench.held_up(1)
        leaving.cancel()
        await asyncio.sleep(0)
        bench.comparison.go_on.set()
        return await staying

    assert bench.run(work()) is None
    assert bench.passwords.slow_comparisons == 1


def test_more_claims_than_may_wait_are_refused_at_once_and_the_others_are_served() -> None:
    bench = Bench(waiting_max=3, threads=1)

    async def work() -> list[str | None]:
        bench.comparison.go_on.clear()
        waiting = [
            asyncio.create_task(bench.refusal(account(), f"wrong {number}")) for number in range(3)
        ]
        await bench.held_up(1)
        with pytest.raises(faults.Overloaded) as caught:
            await bench.refusal(account(), "one too many")
        assert caught.value.retry_after_s == 1
        # Whoever asks what is being compared already, waits with the others.
        waiting.append(asyncio.create_task(bench.refusal(account(), "wrong 0")))
        await asyncio.sleep(0)
        bench.comparison.go_on.set()
        return await asyncio.gather(*waiting)

    assert bench.run(work()) == ["wrong password"] * 4
    assert bench.passwords.slow_comparisons == 3


def test_a_remembered_password_passes_while_the_comparisons_are_full() -> None:
    bench = Bench(waiting_max=1)

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        bench.comparison.go_on.clear()
        waiting = asyncio.create_task(bench.refusal(account(), "wrong"))
        await bench.held_up(2)
        assert await bench.refusal(account(), PASSWORD) is None
        bench.comparison.go_on.set()
        await waiting

    bench.run(work())


def test_a_comparison_that_takes_too_long_is_an_overload_and_no_wrong_password() -> None:
    bench = Bench(deadline_seconds=0.01)

    async def work() -> None:
        bench.comparison.go_on.clear()
        with pytest.raises(faults.Overloaded) as caught:
            await bench.refusal(account(), PASSWORD)
        assert caught.value.detail == "password comparison deadline"

    bench.run(work())


def test_the_cache_is_bounded_and_forgets_the_oldest_first() -> None:
    bench = Bench(cache_entries_max=2)

    async def work() -> None:
        for version in (1, 2, 3):
            assert await bench.refusal(account(version=version), PASSWORD) is None
        assert bench.passwords.slow_comparisons == 3
        assert await bench.refusal(account(version=3), PASSWORD) is None
        assert await bench.refusal(account(version=2), PASSWORD) is None
        assert bench.passwords.slow_comparisons == 3
        assert await bench.refusal(account(version=1), PASSWORD) is None
        assert bench.passwords.slow_comparisons == 4

    bench.run(work())


def test_nothing_that_is_kept_in_memory_is_the_password() -> None:
    bench = Bench(compare=matches)
    secret = "Ğüçlü parola 1"
    credential = Credential(NAME, HASHER.hash(secret), 1, open=True)

    async def work() -> None:
        assert await bench.refusal(credential, secret) is None
        assert await bench.refusal(credential, secret) is None
        assert bench.passwords.slow_comparisons == 1

    bench.run(work())
    kept = repr(vars(bench.passwords)).encode()
    assert secret.encode() not in kept
    assert b"parola" not in kept
