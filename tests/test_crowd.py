"""Workers know how many callers the others have."""

import asyncio
import errno
import os
import selectors
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from kps_soap.accepting import Accepting
from kps_soap.certificates import write_demo_files
from kps_soap.cli.serve import shared
from kps_soap.crowd import ABSENT, Crowd, Seat, alone
from kps_soap.http_server import bind

T = TypeVar("T")


class Clock:
    """Seconds that a test moves on."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def seats(*counts: int, clock: Clock | None = None) -> list[Seat]:
    """The places of workers with so many callers; one that is ``ABSENT`` takes none."""
    crowd, time = Crowd(len(counts)), clock or Clock()
    made = [crowd.seat(index, time) for index in range(len(counts))]
    for seat, count in zip(made, counts, strict=True):
        for _ in range(max(0, count)):
            seat.come()
        if count != ABSENT:
            seat.open()
    return made


def test_a_new_caller_is_better_left_to_whoever_has_fewer() -> None:
    first, second, third = seats(3, 2, 3)
    assert first.others_have_fewer and third.others_have_fewer
    assert not second.others_have_fewer
    second.come()
    assert not any(seat.others_have_fewer for seat in (first, second, third))


def test_nobody_is_left_to_a_worker_that_takes_no_callers() -> None:
    first, second = seats(3, ABSENT)
    assert not first.others_have_fewer
    second.open()
    assert first.others_have_fewer
    second.leave()
    assert not first.others_have_fewer


@pytest.mark.parametrize(
    ("counts", "too_many"),
    [
        ((31, 1), True),
        ((3, 0), True),
        ((64, 63, 0), True),
        ((16, 16), False),
        ((2, 1), False),
        ((22, 18), False),
        ((500, ABSENT), False),
        ((500,), False),
        # A quarter more than a fair share is out of reach where one of many has nobody.
        ((37, 37, 37, 37, 37, 37, 37, 0), True),
        ((500, 500, 500, 500, 0), True),
        ((401, 401, 401, 401, 396), False),
        ((2, 2, 0), False),
    ],
)
def test_who_has_too_many(counts: tuple[int, ...], *, too_many: bool) -> None:
    assert seats(*counts)[0].has_too_many is too_many


@pytest.mark.parametrize(
    ("before", "behind"), [((32, 0), 17), ((43, 43, 0), 29), ((128, 128, 128, 0), 97)]
)
def test_no_more_are_told_to_go_than_make_it_even(before: tuple[int, ...], behind: int) -> None:
    crowd = seats(*before)
    told = [0] * len(crowd)
    for at, seat in enumerate(crowd):
        # All of them ask at once: nobody whom one told to go has come to another yet.
        while seat.has_too_many:
            seat.tell_to_go()
            told[at] += 1
    staying = [count - gone for count, gone in zip(before, told, strict=True)]
    assert staying == [behind] * (len(before) - 1) + [0]
    for seat, gone in zip(crowd, told, strict=True):
        for _ in range(gone):
            seat.go(told=True)
            crowd[-1].come()
    assert not any(seat.has_too_many for seat in crowd)


def test_a_worker_that_hangs_is_left_nobody_and_drives_nobody_away() -> None:
    clock = Clock()
    awake, hanging = seats(32, 0, clock=clock)
    assert awake.others_have_fewer and awake.has_too_many
    clock.now += 1.5
    awake.stay_awake()
    assert not awake.others_have_fewer and not awake.has_too_many
    hanging.stay_awake()
    assert awake.others_have_fewer and awake.has_too_many


def test_without_memory_to_share_each_worker_goes_by_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_place(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    assert None not in shared(2)
    monkeypatch.setattr("kps_soap.crowd.RawArray", no_place)
    assert shared(2) == (None, None)
    assert "Workers share no memory (No such file or directory): each" in caplog.text


def test_whoever_has_no_others_beside_has_never_too_many() -> None:
    seat = alone()
    seat.open()
    for _ in range(1000):
        seat.come()
    assert not seat.has_too_many and not seat.others_have_fewer


def test_who_was_killed_is_left_no_caller_and_counts_for_nobody() -> None:
    crowd = Crowd(2)
    first, second = crowd.seat(0), crowd.seat(1)
    first.open()
    second.open()
    first.come()
    assert first.others_have_fewer
    crowd.forget(1)
    assert not first.others_have_fewer


def test_a_successor_begins_with_nobody() -> None:
    crowd = Crowd(2)
    first, second = crowd.seat(0), crowd.seat(1)
    first.open()
    second.open()
    for _ in range(9):
        first.come()
    successor = crowd.seat(0)
    assert not second.others_have_fewer and not second.has_too_many
    successor.open()
    second.come()
    assert second.others_have_fewer


# Taking callers


def run_loop(
    main: Coroutine[Any, Any, T],
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> T:
    """Run in the event loop that workers have, or in another one."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main)


class Patient(selectors.DefaultSelector):
    """What a loop waits with when time passes only while nothing else is to be done.

    So however slow the machine is, nobody's patience ends before what can happen has happened.
    """

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout is None:
            return ready or super().select(timeout)
        self.passed += timeout
        return ready


class PatientLoop(asyncio.SelectorEventLoop):
    """An event loop with a time of its own, for what is said of a worker's patience."""

    def __init__(self) -> None:
        self._waits = Patient()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.passed


class Guest(asyncio.Protocol):
    """Holds its connection and gives its seat back."""

    transport: asyncio.BaseTransport | None = None

    def __init__(self, seat: Seat, guests: list[asyncio.BaseTransport]) -> None:
        self._seat = seat
        self._guests = guests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._guests.append(transport)

    def connection_lost(self, _failure: Exception | None) -> None:
        self._seat.go()


class House:
    """One socket, and whoever takes its callers."""

    def __init__(self, listening: socket.socket, *takers: Seat) -> None:
        self.address = listening.getsockname()
        self.guests: list[list[asyncio.BaseTransport]] = [[] for _ in takers]
        # Each worker has the socket under a number of its own.
        self._listening = [listening.dup() for _ in takers]
        self._takers = [
            Accepting(one, self._protocol(seat, guests), seat)
            for one, seat, guests in zip(self._listening, takers, self.guests, strict=True)
        ]
        self._callers: list[socket.socket] = []

    @staticmethod
    def _protocol(seat: Seat, guests: list[asyncio.BaseTransport]) -> Callable[[], Guest]:
        return lambda: Guest(seat, guests)

    async def call(self, count: int, *, together: int) -> None:
        """So many come, and are waited for until they are in."""
        before = sum(map(len, self.guests))
        self._callers += [socket.create_connection(self.address) for _ in range(count)]
        async with asyncio.timeout(10):
            while sum(map(len, self.guests)) < before + together:
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        for taker in self._takers:
            taker.close()
            taker.close()
        for listening in self._listening:
            listening.close()
        for guest in [one for some in self.guests for one in some]:
            guest.abort()  # type: ignore[attr-defined]
        for caller in self._callers:
            caller.close()
        await asyncio.sleep(0.01)


def taking(work: Callable[[House], Awaitable[Any]], *takers: Seat) -> Any:
    """Do some work with a socket whose callers are taken; returns what the work does."""

    async def run() -> Any:
        with bind("127.0.0.1", 0) as listening:
            house = House(listening, *takers)
            try:
                return await work(house)
            finally:
                await house.close()

    return run_loop(run(), PatientLoop)


def test_callers_that_come_at_once_are_shared_evenly() -> None:
    takers = seats(0, 0, 0)

    async def work(house: House) -> list[int]:
        await house.call(96, together=96)
        return [len(guests) for guests in house.guests]

    assert taking(work, *takers) == [32, 32, 32]
    assert not any(seat.others_have_fewer for seat in takers)


def test_new_callers_go_to_the_worker_that_was_replaced() -> None:
    async def work(house: House) -> list[int]:
        await house.call(20, together=20)
        return [len(guests) for guests in house.guests]

    assert taking(work, *seats(20, 0)) == [0, 20]


def test_a_caller_is_taken_all_the_same_where_the_other_does_not_come() -> None:
    async def work(house: House) -> list[int]:
        await house.call(5, together=5)
        return [len(guests) for guests in house.guests]

    # Only the first of the two takes anybody; the other one is busy.
    assert taking(work, seats(7, 0)[0]) == [5]


def test_a_handshake_that_fails_gives_the_seat_back(tmp_path: Path) -> None:
    made = write_demo_files(tmp_path, date(2026, 1, 1), randomness=os.urandom)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.tls_certificate, made.tls_key)
    first, second = seats(0, 0)
    guests: list[asyncio.BaseTransport] = []

    async def run() -> None:
        with bind("127.0.0.1", 0) as listening:
            taker = Accepting(listening, lambda: Guest(first, guests), first, ssl=tls)
            with socket.create_connection(listening.getsockname()) as caller:
                async with asyncio.timeout(10):
                    while not first.others_have_fewer:
                        await asyncio.sleep(0.001)
                    caller.sendall(b"no handshake\r\n\r\n")
                    while first.others_have_fewer:
                        await asyncio.sleep(0.001)
            taker.close()

    run_loop(run())
    assert guests == []
    assert not second.others_have_fewer


class Exhausted(socket.socket):
    """A socket whose first caller cannot be taken, because files are lacking."""

    failed = False

    def accept(self) -> tuple[socket.socket, Any]:
        if not self.failed:
            self.failed = True
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_where_files_are_lacking_it_is_said_and_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat, other = seats(0, 1)

    async def run() -> int:
        with bind("127.0.0.1", 0) as bound:
            listening = Exhausted(fileno=bound.detach())
            guests: list[asyncio.BaseTransport] = []
            taker = Accepting(listening, lambda: Guest(seat, guests), seat)
            with socket.create_connection(listening.getsockname()):
                async with asyncio.timeout(10):
                    while not listening.failed:
                        await asyncio.sleep(0.001)
                    # Others take callers meanwhile, and none is left to this one.
                    assert not other.others_have_fewer
                    while not guests:
                        await asyncio.sleep(0.01)
            taker.close()
            listening.close()
            await asyncio.sleep(0.01)
            return len(guests)

    assert run_loop(run()) == 1
    assert "no caller can be taken: Too many open files" in caplog.text
