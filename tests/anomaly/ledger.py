"""The caller who keeps books: constant rate, whole answers only, a line on disk for each step.

``S id t`` is written before a question leaves, ``A id kind request digest t`` after its answer
came whole; both are on the disk within a twentieth of a second.  The file lies on another file
system than the gateway's where the round fills that one.  What has an ``A`` line is acknowledged.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from end_to_end.questions import PERSON, SOAP11, envelope, person_query, security

ADDRESSING = "http://www.w3.org/2005/08/addressing"
_SYNC_SECONDS = 0.05

#: Longer than any deadline of the gateway's: whoever waits longer counts as hung.
PATIENCE_SECONDS = 10.0


class Book:
    """The ledger's file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="ascii")
        self._dirty = False

    def write(self, *words: object) -> None:
        self._file.write(" ".join(map(str, words)) + "\n")
        self._dirty = True

    async def keep(self) -> None:
        """Bring the lines to the disk, again and again, until cancelled."""
        while True:
            await asyncio.sleep(_SYNC_SECONDS)
            await asyncio.to_thread(self.sync)

    def sync(self) -> None:
        if self._dirty:
            self._dirty = False
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._dirty = True
        self.sync()
        self._file.close()


@dataclass(frozen=True)
class Reply:
    """One answer that came whole.

    ``late`` is counted from when the question was due, ``took`` from when it was sent.
    """

    message: str
    kind: str
    status: int
    request: str
    digest: str
    at: float
    late: float
    headers: Mapping[str, str]
    body: bytes = b""
    took: float = 0.0


@dataclass
class Tally:
    """What became of the questions of one load."""

    planned: int = 0
    sent: int = 0
    broken: int = 0
    waiting_max: int = 0
    replies: list[Reply] = field(default_factory=list)
    broken_at: list[float] = field(default_factory=list)
    unanswered: dict[str, bytes] = field(default_factory=dict)
    seen: object = None

    @property
    def kinds(self) -> Counter[str]:
        return Counter(reply.kind for reply in self.replies)

    def late(self, kind: str, part: float, *, since: float = 0.0, until: float = 1e18) -> float:
        """A quantile of the waits of one kind, in seconds; 0 where there are none."""
        found = sorted(
            reply.late for reply in self.replies if reply.kind == kind and since <= reply.at < until
        )
        return found[min(len(found) - 1, int(len(found) * part))] if found else 0.0

    def took(self, kind: str, part: float) -> float:
        """A quantile of the answers' own times, in seconds; 0 where there are none."""
        found = sorted(reply.took for reply in self.replies if reply.kind == kind)
        return found[min(len(found) - 1, int(len(found) * part))] if found else 0.0

    def first_ok_after(self, moment: float) -> float:
        """Seconds until the first answer after a moment; infinite where none came."""
        after = [r.at - moment for r in self.replies if r.kind == "ok" and r.at > moment]
        return min(after, default=float("inf"))

    def ok_share(self, since: float, until: float = 1e18) -> float:
        """Which part of what ended in a span was answered."""
        ended = [reply.kind for reply in self.replies if since <= reply.at < until]
        broken = sum(1 for at in self.broken_at if since <= at < until)
        total = len(ended) + broken
        return ended.count("ok") / total if total else 0.0


@dataclass(frozen=True)
class Caller:
    """Who asks, where, and about whom."""

    host: str
    port: int
    account: Mapping[str, Any]
    numbers: Sequence[int]
    tls: ssl.SSLContext | None = None
    path: str = PERSON

    def question(self, message: str, turn: int) -> bytes:
        head = f'<a:MessageID xmlns:a="{ADDRESSING}">{message}</a:MessageID>'
        payload = person_query(self.numbers[turn % len(self.numbers)])
        body = envelope(payload, security(self.account) + head, soap=SOAP11)
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Content-Type: text/xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


class Line:
    """One connection, opened when it is needed and kept while it lasts."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, message: bytes) -> tuple[int, dict[str, str], bytes]:
        """One question; raises OSError, EOFError or ValueError where no whole answer comes."""
        caller = self._caller
        if self._streams is not None and self._streams[0].at_eof():
            # Any client looks whether a resting connection was closed before it uses it again.
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(caller.host, caller.port, ssl=caller.tls)
        reader, writer = self._streams
        try:
            writer.write(message)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *rest = head.rstrip().split("\r\n")
            pairs = (line.partition(":") for line in rest)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        except BaseException:
            self.close()
            raise
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(first.split()[1]), headers, body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def kind_of(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """``ok`` holds data and a receipt; ``busy`` and ``trouble`` are worth another try."""
    if status == 200:
        return "ok" if b"AlindiNo" in body and b"<SorguSonucu" in body else "odd"
    if "retry-after" not in headers:
        return "fault" if b"Fault" in body else "odd"
    return "busy" if status == 503 else "trouble"


class Load:
    """Questions at a constant rate, whatever becomes of those before (open loop).

    ``lines`` bounds the connections; whoever finds none free waits, and the wait counts.
    ``seen`` hears of every answer at once, before its line is written; ``fresh`` takes a new
    connection for each question.
    """

    def __init__(
        self,
        caller: Caller,
        book: Book,
        *,
        rate: float,
        prefix: str,
        lines: int = 16,
        seen: Callable[[Reply], Awaitable[None]] | None = None,
        fresh: bool = False,
    ) -> None:
        self._fresh = fresh
        self._caller = caller
        self._book = book
        self._rate = rate
        self._prefix = prefix
        self._seen = seen
        self.lines = lines
        self._free = [Line(caller) for _ in range(lines)]
        self._places = asyncio.Semaphore(lines)
        self._running: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self.tally = Tally(seen=seen)

    async def run(self, seconds: float) -> Tally:
        """Ask for so long, then wait for what is on its way."""
        start = time.monotonic()
        keeper = asyncio.create_task(self._book.keep())
        planned = int(self._rate * seconds)
        for turn in range(planned):
            due = start + turn / self._rate
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            if self._stop.is_set():
                break
            self.tally.planned += 1
            task = asyncio.create_task(self._ask(turn, due))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            self.tally.waiting_max = max(self.tally.waiting_max, len(self._running))
        if self._running:
            await asyncio.wait(self._running, timeout=PATIENCE_SECONDS * 3)
        keeper.cancel()
        self._book.sync()
        for line in self._free:
            line.close()
        return self.tally

    async def flat_out(self, seconds: float) -> Tally:
        """Every caller asks as soon as it has its answer (closed loop); no rate is kept."""
        keeper = asyncio.create_task(self._book.keep())
        turns, end = itertools.count(), time.monotonic() + seconds

        async def caller() -> None:
            while time.monotonic() < end and not self._stop.is_set():
                self.tally.planned += 1
                await self._ask(next(turns), time.monotonic())

        await asyncio.gather(*(caller() for _ in range(self.lines)))
        keeper.cancel()
        self._book.sync()
        for line in self._free:
            line.close()
        return self.tally

    def stop(self) -> None:
        """Plan no more; what is on its way is waited for."""
        self._stop.set()

    async def _ask(self, turn: int, due: float) -> None:
        message = f"urn:uuid:{self._prefix}-{turn}"
        async with self._places:
            line = self._free.pop()
            question = self._caller.question(message, turn)
            self._book.write("S", message, f"{time.time():.6f}")
            self.tally.sent += 1
            sent = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    status, headers, body = await line.ask(question)
            except (OSError, EOFError, ValueError, TimeoutError):
                self.tally.broken += 1
                self.tally.broken_at.append(time.monotonic())
                self.tally.unanswered[message] = question
                return
            finally:
                if self._fresh:
                    line.close()
                self._free.append(line)
        await self._enter(message, (due, sent), (status, headers, body))

    async def _enter(
        self,
        message: str,
        since: tuple[float, float],
        answer: tuple[int, dict[str, str], bytes],
    ) -> None:
        status, headers, body = answer
        now = time.monotonic()
        kind, request = kind_of(*answer), headers.get("kps-istek-no", "-")
        digest = hashlib.sha256(body).hexdigest()
        kept = b"" if kind == "ok" else body
        late, took = now - since[0], now - since[1]
        reply = Reply(message, kind, status, request, digest, now, late, headers, kept, took)
        if self._seen is not None:
            await self._seen(reply)
        self._book.write("A", message, kind, request, digest, f"{time.time():.6f}")
        self.tally.replies.append(reply)


async def ask_again(caller: Caller, book: Book, unanswered: Mapping[str, bytes]) -> Counter[str]:
    """The same questions under the same MessageIDs, by whoever never heard their answers."""
    line, kinds = Line(caller), Counter[str]()
    for message, question in unanswered.items():
        book.write("S", message, f"{time.time():.6f}")
        answer = await line.ask(question)
        kind, digest = kind_of(*answer), hashlib.sha256(answer[2]).hexdigest()
        request = answer[1].get("kps-istek-no", "-")
        book.write("A", message, kind, request, digest, f"{time.time():.6f}")
        kinds[kind] += 1
    line.close()
    book.sync()
    return kinds
