"""What a worker tells about itself, and what it does once a second.

``/saglik`` answers load balancers and people: live, ready, and why not.  Ready means tried: each
key makes a test signature, the database takes a write that is rolled back, the register is asked.
What was found holds for a second, so that asking costs nothing.  The watch looks for new
agreement files and writes the minute's counts of refused requests.  No answer here holds a
caller's data, a path or a secret.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.book import AgreementBook
from kps_soap.audit.aggregates import RefusalCounts
from kps_soap.audit.writer import EvidenceWriter
from kps_soap.certificates import ExpiryNotices
from kps_soap.entry import Entry, Event
from kps_soap.faults import Refusal
from kps_soap.probes import signs
from kps_soap.registry.store import Register
from kps_soap.signing import Signer

log = logging.getLogger("kps.readiness")

#: The first valid number of the number space; no synthetic person has it (domain §4.1, S5).
PROBE_NUMBER: Final = 10000000146

#: Where the pages lie that are no doors.
PAGES: Final = "/saglik"
CONSOLE: Final = "/konsol/"

MINUTE: Final = timedelta(minutes=1)


#: A clock that differs from time by more than this in one look was put by somebody.
CLOCK_STEP_SECONDS: Final = 1.0

#: How long what was found is told again.
FOUND_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part of the worker that fails, by a name from ``PARTS``, and a sentence for people."""

    part: str
    sentence: str


#: The parts that are tried, by the names that monitoring knows them by.
PARTS: Final = (
    *("evidence", "database", "agreements", "register", "signing_rsa", "signing_p256"),
    "tls",
)
_SIGNING_PART: Final = {"RSA": "signing_rsa", "P256": "signing_p256"}


@dataclass(slots=True)
class _Memory:
    """The last look, until when it holds (monotonic), and the look that is under way."""

    found: list[Trouble] = field(default_factory=list)
    until: float = 0.0
    look: asyncio.Task[list[Trouble]] | None = None
    leaving: bool = False


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Vitals:
    """The parts of a worker that can fail, and the clocks.

    ``writes`` says whether the gateway's database takes a write now, within its own deadline.
    ``tls`` is the certificate that callers are shown, where this worker speaks TLS itself.
    """

    book: AgreementBook
    register: Register
    evidence: EvidenceWriter
    refusals: RefusalCounts
    signers: Mapping[str, Signer]
    clock: Callable[[], datetime]

    writes: Callable[[], Awaitable[bool]] = _always
    monotonic: Callable[[], float] = time.monotonic
    tls: x509.Certificate | None = None
    _memory: _Memory = field(default_factory=_Memory, init=False, compare=False, repr=False)

    async def troubles(self) -> list[str]:
        """Why this worker should get no traffic, in sentences; empty when it is ready."""
        if self._memory.leaving:
            return ["the gateway is about to stop"]
        return [trouble.sentence for trouble in await self.red()]

    def leave(self) -> None:
        """From now on this worker is not ready; what comes all the same is answered."""
        self._memory.leaving = True

    async def red(self) -> list[Trouble]:
        """The parts that fail.  Looked at once a second at most, however many ask."""
        memory = self._memory
        if memory.look is None:
            if self.monotonic() < memory.until:
                return memory.found
            memory.look = asyncio.create_task(self._remembered())
        return await asyncio.shield(memory.look)

    async def _remembered(self) -> list[Trouble]:
        memory = self._memory
        try:
            memory.found = await self._look()
            memory.until = self.monotonic() + FOUND_SECONDS
            return memory.found
        finally:
            memory.look = None

    async def _look(self) -> list[Trouble]:
        found = []
        if not self.evidence.healthy:
            found.append(Trouble("evidence", "evidence cannot be written"))
        if not await self.writes():
            found.append(Trouble("database", "the gateway's database does not take a write"))
        try:
            self.book.in_force()
        except Refusal:
            found.append(Trouble("agreements", "nobody can say which agreements are in force"))
        try:
            await self.register.citizen(PROBE_NUMBER)
        except Refusal:
            found.append(Trouble("register", "the register does not answer"))
        now = self.clock()
        for name, signer in self.signers.items():
            part = _SIGNING_PART[name]
            if not signer.usable(now):
                sentence = f"the {name} signing certificate is outside its validity"
                found.append(Trouble(part, sentence))
            elif not signs(signer):
                found.append(Trouble(part, f"the {name} key makes no valid signature"))
        tls = self.tls
        if tls is not None and not tls.not_valid_before_utc <= now <= tls.not_valid_after_utc:
            found.append(Trouble("tls", "the TLS certificate is outside its validity"))
        return found

    def certificates(self) -> dict[str, x509.Certificate]:
        """What this worker shows and signs with, by the names that an operator knows."""
        shown = {name: signer.certificate for name, signer in self.signers.items()}
        return shown if self.tls is None else shown | {"TLS": self.tls}

    async def flush_refusals(self) -> None:
        """Leave the counts of refused requests; raises ``EvidenceUnavailable``."""
        await self.refusals.flush(self.evidence.record, new_request_id=new_request_id)


def new_request_id() -> str:
    """A number that the gateway gives a request: 48 bits of milliseconds, 80 random bits.

    The time comes first, so that the evidence's index grows at its end (RFC 9562, version 7).
    """
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


class Front:
    """The ASGI application: ``/saglik`` and the like by Starlette, the doors straight through.

    A query spends no time in routing and middleware that it does not need.  ``console`` is None
    where no console is served.
    """

    def __init__(self, pages: Starlette, doorway: Any, console: Any = None) -> None:
        self._pages = pages
        self._doorway = doorway
        self.console = console

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith(PAGES):
            await self._pages(scope, receive, send)
        elif self.console is not None and f"{scope['path']}/".startswith(CONSOLE):
            await self.console(scope, receive, send)
        else:
            await self._doorway(scope, receive, send)


def application(vitals: Vitals, doorway: Any, console: Any = None) -> Front:
    """Pages, console and doors under one roof."""

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"live": True})

    async def ready(_request: Request) -> JSONResponse:
        troubles = await vitals.troubles()
        return JSONResponse(
            {
                "ready": not troubles,
                "troubles": troubles,
                "agreement_set": vitals.book.current().digest,
                "agreement_problems": len(vitals.book.problems),
                "data": vitals.register.kind,
            },
            status_code=503 if troubles else 200,
            headers={"Cache-Control": "no-store"},
        )

    pages = Starlette(
        routes=[
            Route(PAGES, ready),
            Route(f"{PAGES}/canli", live),
            Route(f"{PAGES}/hazir", ready),
        ]
    )
    return Front(pages, doorway, console)


@dataclass(slots=True)
class ClockSteps:
    """Notices that somebody has put the clock: it went on by more or less than time did."""

    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    _seen: tuple[datetime, float] | None = None

    def look(self) -> float:
        """By how many seconds the clock was put since the last look; 0 where it was not."""
        now, seen = (self.clock(), self.monotonic()), self._seen
        self._seen = now
        if seen is None:
            return 0.0
        moved = (now[0] - seen[0]).total_seconds() - (now[1] - seen[1])
        return moved if abs(moved) > CLOCK_STEP_SECONDS else 0.0


async def watch(vitals: Vitals, *, seconds: float) -> None:
    """Run until cancelled: a look at the agreements in force, the minute's counts of refusals.

    A note that could not be written is tried again in the next round.  A clock that was put is
    told in the log: callers' times are judged by it.  So is a certificate that nears its end.
    """
    flush_at = vitals.clock() + MINUTE
    steps = ClockSteps(vitals.clock, vitals.monotonic)
    notices = ExpiryNotices(vitals.certificates())
    unwritten: deque[Entry] = deque()
    while True:
        await asyncio.sleep(seconds)
        if moved := steps.look():
            log.warning("the clock was put by %+.0f s", moved)
        for sentence in notices.due(vitals.clock()):
            log.warning("%s", sentence)
        try:
            # Thousands of files take seconds to judge; the loop goes on answering meanwhile.
            loaded = await asyncio.to_thread(vitals.book.poll)
            if loaded is not None:
                unwritten.append(note_of_taking(loaded, vitals.clock()))
            while unwritten:
                await vitals.evidence.record(unwritten[0])
                unwritten.popleft()
            if vitals.clock() >= flush_at:
                flush_at = vitals.clock() + MINUTE
                await vitals.flush_refusals()
        except Refusal as refusal:
            log.warning("a note for the evidence could not be written: %s", refusal.name)
        except Exception as surprise:
            log.error("the watch met an unforeseen %s", type(surprise).__name__)


def note_of_taking(taken: AgreementSet, now: datetime) -> Entry:
    """This worker runs another set from now on; the load's own record names every file."""
    return Entry(
        request_id=new_request_id(),
        received_at=now,
        door="",
        event=Event.AGREEMENTS_TAKEN,
        channel="SERVICE",
        agreement_digest=taken.digest,
    )
