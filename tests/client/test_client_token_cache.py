"""One token for all threads: fetched once, renewed in time, forgotten when it was refused."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from fake_kps import NOW

from kps_soap.client.errors import AuthenticationFailed
from kps_soap.client.token_cache import TokenCache
from kps_soap.client.tokens import Token


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Issuer:
    """Counts what it gives; waits for the gate, if there is one."""

    def __init__(self, clock: Clock, gate: threading.Event | None = None) -> None:
        self.clock, self.gate = clock, gate
        self.given = 0
        self.trouble: Exception | None = None

    def __call__(self) -> Token:
        self.given += 1
        if self.gate is not None:
            assert self.gate.wait(10)
        if self.trouble is not None:
            raise self.trouble
        return Token(f"_{self.given}", self.clock() + timedelta(minutes=59), b"k", b"<x/>")


def test_a_token_is_fetched_once_and_reused() -> None:
    issuer = Issuer(Clock())
    cache = TokenCache(issuer, issuer.clock)
    assert cache.live() is None
    assert {cache.get().assertion_id for _ in range(3)} == {"_1"}
    assert cache.live() is cache.get()


def test_another_token_is_fetched_when_its_time_has_come() -> None:
    issuer = Issuer(Clock())
    cache = TokenCache(issuer, issuer.clock)
    cache.get()
    issuer.clock.now += timedelta(minutes=59, microseconds=-1)
    assert cache.get().assertion_id == "_1"
    issuer.clock.now += timedelta(microseconds=1)
    assert cache.live() is None
    assert cache.get().assertion_id == "_2"


def test_a_token_that_is_over_at_once_is_used_once_and_not_fetched_in_a_loop() -> None:
    issuer = Issuer(Clock())
    cache = TokenCache(issuer, lambda: NOW + timedelta(hours=2))
    assert cache.get().assertion_id == "_1"
    assert issuer.given == 1


def test_a_forgotten_token_is_used_no_more_but_a_newer_one_is() -> None:
    issuer = Issuer(Clock())
    cache = TokenCache(issuer, issuer.clock)
    first = cache.get()
    cache.forget(first)
    second = cache.get()
    cache.forget(first)
    assert cache.get() is second
    assert issuer.given == 2


class Watched(TokenCache):
    """Counts who has looked for a live token; all of them look under the cache's lock."""

    looked = 0

    def live(self) -> Token | None:
        self.looked += 1
        return super().live()


def together(cache: Watched, gate: threading.Event, count: int) -> list[Callable[[], Token]]:
    """Ask in several threads, all of them before the first question is answered."""
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(cache.get) for _ in range(count)]
        while cache.looked < count:
            threading.Event().wait(0.001)
        gate.set()
    return [future.result for future in asked]


def test_threads_that_come_meanwhile_share_the_one_token() -> None:
    gate = threading.Event()
    issuer = Issuer(Clock(), gate)
    results = together(Watched(issuer, issuer.clock), gate, 8)
    assert {result().assertion_id for result in results} == {"_1"}
    assert issuer.given == 1


def test_threads_that_come_meanwhile_share_the_one_failure() -> None:
    # One wrong password, tried by eight threads, would lock the account.
    gate = threading.Event()
    issuer = Issuer(Clock(), gate)
    issuer.trouble = AuthenticationFailed("FailedAuthentication", "Olmadı.")
    for result in together(Watched(issuer, issuer.clock), gate, 8):
        with pytest.raises(AuthenticationFailed):
            result()
    assert issuer.given == 1


def test_a_failure_is_not_remembered() -> None:
    issuer = Issuer(Clock())
    cache = TokenCache(issuer, issuer.clock)
    issuer.trouble = AuthenticationFailed("FailedAuthentication", "Olmadı.")
    with pytest.raises(AuthenticationFailed):
        cache.get()
    issuer.trouble = None
    assert cache.get().assertion_id == "_2"
