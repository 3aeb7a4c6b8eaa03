"""A constant rate of requests, whatever the answers take, and the highest rate there is.

A caller who waits for its answer before it asks again spares a slow server; so here a request is
due at its moment, and its latency counts from then on, waiting for a free connection included.
The highest sustained rate is found by the same sender, because it shares the processors with the
server: what another one reaches, which takes less of them, is more than there is beside this one.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop

from benchmarks.load import Load

CONNECTIONS = 128
#: Callers of whom each asks again as soon as it is answered, when the highest rate is looked for.
CALLERS = 32
#: A rate is kept up where the last answers are, in the middle, late by at most this share of the
#: time; the next one to be tried is this share of one that is not, so many times.
BEHIND_SHARE_MAX = 0.03
STEP = 0.95
STEPS_MAX = 20
#: What of all answers the last ones are.
LAST_SHARE = 0.05
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_GOODBYE = re.compile(rb"\r\nconnection:\s*close\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Steady:
    """Latencies in milliseconds at a rate that was sent; ``errors`` are answers that were not
    wanted, or did not come.
    """

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float
    errors: int
    #: How late the last answers were, in seconds: it grows where more comes than is answered.
    behind_s: float = 0.0


@dataclass(slots=True)
class _Sender:
    """Requests that are due, connections that are free, and what came back."""

    messages: Sequence[bytes]
    mark: bytes
    due: deque[float] = field(default_factory=deque)
    free: deque[_Line] = field(default_factory=deque)
    took: list[float] = field(default_factory=list)
    wrong: int = 0
    lost: int = 0
    turn: int = 0
    open_another: Callable[[], object] = lambda: None
    #: Whether whoever is answered asks again at once.
    again: bool = False

    def flush(self) -> None:
        # Who has been free for longest is next, as many callers are who know nothing of each other.
        while self.due and self.free:
            self.turn += 1
            self.free.popleft().ask(
                self.messages[self.turn % len(self.messages)], self.due.popleft()
            )


class _Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._read = bytearray()
        self._whole = 0
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._sender.free.append(self)
        self._sender.flush()

    def connection_lost(self, _failure: Exception | None) -> None:
        if self in self._sender.free:
            self._sender.free.remove(self)
            self._sender.open_another()
        elif self._due:
            self._sender.lost += 1
            self._sender.open_another()

    def ask(self, message: bytes, due: float) -> None:
        self._due = due
        assert self._transport is not None
        self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._whole:
            head = self._read.find(b"\r\n\r\n")
            if head < 0:
                return
            found = _LENGTH.search(self._read, 0, head + 2)
            self._whole = head + 4 + (int(found[1]) if found else 0)
        if len(self._read) < self._whole:
            return
        self._sender.took.append(self._loop.time() - self._due)
        if not self._read.startswith(b"HTTP/1.1 200") or self._sender.mark not in self._read:
            self._sender.wrong += 1
        goodbye = _GOODBYE.search(self._read, 0, self._whole) is not None
        self._read.clear()
        self._whole, self._due = 0, 0.0
        if goodbye:
            # A crowded worker's: the next question goes to one that has fewer callers.
            self._sender.open_another()
        else:
            self._sender.free.append(self)
        if self._sender.again:
            self._sender.due.append(self._loop.time())
        self._sender.flush()


def highest(load: Load, *, seconds: float) -> float:
    """Answers a second that callers get who ask again as soon as they are answered."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found, wrong = runner.run(_highest(load, seconds))
    if not found or wrong:
        raise SystemExit("The server does not answer as it should to who asks all the time.")
    return found


async def _highest(load: Load, seconds: float) -> tuple[float, int]:
    """Answers a second, and how many were not wanted or did not come."""
    async with _lines(load, CALLERS) as sender:
        sender.again = True
        loop = asyncio.get_running_loop()
        sender.due.extend([loop.time()] * CALLERS)
        sender.flush()
        # The first answers come while all of them ask at once.
        await asyncio.sleep(1.0)
        before, began = len(sender.took), loop.time()
        await asyncio.sleep(seconds)
        found = (len(sender.took) - before) / (loop.time() - began)
        sender.again = False
        wrong, patience = sender.wrong + sender.lost, loop.time() + 5
        # Whoever measures next begins with a server that has nothing to do.
        while len(sender.free) < CALLERS and loop.time() < patience:
            await asyncio.sleep(0.01)
    return found, wrong


def sustained(load: Load, *, seconds: float) -> float:
    """The highest constant rate that is kept up: found downwards from what waiting callers get.

    Waiting callers are served in larger groups, which cost less each, so their rate is higher than
    any that is sent whatever the answers take.
    """
    rate = highest(load, seconds=seconds)
    for _ in range(STEPS_MAX):
        found = steady(load, per_second=rate, seconds=seconds)
        if found.errors:
            raise SystemExit(f"{found.errors} answers at {rate:.0f} a second were not wanted.")
        if found.behind_s <= seconds * BEHIND_SHARE_MAX:
            return rate
        rate *= STEP
    raise SystemExit(f"Not even {rate:.0f} requests a second are kept up; is the server ill?")


def steady(load: Load, *, per_second: float, seconds: float) -> Steady:
    """Send so many requests a second for so long, then wait for the last answers."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_steady(load, per_second, seconds))


@asynccontextmanager
async def _lines(load: Load, count: int) -> AsyncIterator[_Sender]:
    """So many open connections; they are closed at the end."""
    loop = asyncio.get_running_loop()
    address = urlsplit(load.url)
    sender = _Sender(_messages(load, address.netloc, address.path), load.mark.encode())
    lines: list[asyncio.Transport] = []

    async def another() -> None:
        made = await loop.create_connection(lambda: _Line(sender), address.hostname, address.port)
        lines.append(made[0])

    for _ in range(count):
        await another()
    async with asyncio.TaskGroup() as opening:
        sender.open_another = lambda: opening.create_task(another())
        yield sender
        sender.open_another = lambda: None
    for line in lines:
        line.close()
    await asyncio.sleep(0)


async def _steady(load: Load, per_second: float, seconds: float) -> Steady:
    loop = asyncio.get_running_loop()
    async with _lines(load, CONNECTIONS) as sender:
        count, began = round(per_second * seconds), loop.time() + 0.1
        sent = 0
        while sent < count:
            now = loop.time()
            while sent < count and began + sent / per_second <= now:
                sender.due.append(began + sent / per_second)
                sent += 1
            sender.flush()
            # The event loop counts whole milliseconds; less would be no rest at all.
            await asyncio.sleep(max(0.001, began + sent / per_second - loop.time()))
        patience = loop.time() + 30
        while len(sender.took) + sender.lost < count and loop.time() < patience:
            await asyncio.sleep(0.01)
    last = sorted(sender.took[-max(1, round(count * LAST_SHARE)) :]) or [0.0]
    took = sorted(sender.took) or [0.0]
    missing = max(0, count - len(took))
    return Steady(
        per_second, _at(took, 50), _at(took, 95), _at(took, 99), took[-1] * 1000,
        sender.wrong + max(sender.lost, missing), last[len(last) // 2],
    )  # fmt: skip


def _messages(load: Load, host: str, path: str) -> list[bytes]:
    names = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{names}"
    return [
        f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for body in (text.encode() for text in load.bodies())
    ]


def _at(took: Sequence[float], percent: int) -> float:
    return took[min(len(took) - 1, len(took) * percent // 100)] * 1000
