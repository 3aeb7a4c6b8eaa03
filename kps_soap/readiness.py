"""What a worker tells about itself, and what it does once a second.

``/saglik`` answers load balancers and people: live, ready, and why not.  The watch looks for new
agreement files and writes the minute's counts of refused requests.  No answer here holds a
caller's data, a path or a secret.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.book import AgreementBook
from kps_soap.audit.aggregates import RefusalCounts
from kps_soap.audit.writer import EvidenceWriter
from kps_soap.entry import Entry, Event
from kps_soap.faults import Refusal
from kps_soap.registry.store import Register
from kps_soap.signing import Signer

log = logging.getLogger("kps.readiness")

#: The first valid number of the number space; no synthetic person has it (domain §4.1, S5).
PROBE_NUMBER: Final = 10000000146

#: Where the pages lie that are no doors.
PAGES: Final = "/saglik"

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Vitals:
    """The parts of a worker that can fail, and the clock."""

    book: AgreementBook
    register: Register
    evidence: EvidenceWriter
    refusals: RefusalCounts
    signers: Mapping[str, Signer]
    clock: Callable[[], datetime]

    async def troubles(self) -> list[str]:
        """Why this worker should get no traffic; empty when it is ready."""
        now, found = self.clock(), []
        if not self.evidence.healthy:
            found.append("evidence cannot be written")
        try:
            await self.register.citizen(PROBE_NUMBER)
        except Refusal:
            found.append("the register does not answer")
        found += [
            f"the {name} signing certificate is outside its validity"
            for name, signer in self.signers.items()
            if not signer.usable(now)
        ]
        return found

    async def flush_refusals(self) -> None:
        """Leave the counts of refused requests; raises ``EvidenceUnavailable``."""
        await self.refusals.flush(self.evidence.record, new_request_id=new_request_id)


def new_request_id() -> str:
    """A number that the gateway gives a request: 48 bits of milliseconds, 80 random bits.

    The time comes first, so that the evidence's index grows at its end (RFC 9562, version 7).
    """
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class Front:
    """The ASGI application: ``/saglik`` and the like by Starlette, the doors straight through.

    A query spends no time in routing and middleware that it does not need.
    """

    def __init__(self, pages: Starlette, doorway: Any) -> None:
        self._pages = pages
        self._doorway = doorway

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        own = scope["type"] != "http" or scope["path"].startswith(PAGES)
        await (self._pages if own else self._doorway)(scope, receive, send)


def application(vitals: Vitals, doorway: Any) -> Front:
    """Pages and doors under one roof."""

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
    return Front(pages, doorway)


async def watch(vitals: Vitals, *, seconds: float) -> None:
    """Run until cancelled: new agreements, the minute's counts of refused requests.

    A note that could not be written is tried again in the next round.
    """
    flush_at = vitals.clock() + MINUTE
    unwritten: deque[Entry] = deque()
    while True:
        await asyncio.sleep(seconds)
        try:
            # Thousands of files take seconds to judge; the loop goes on answering meanwhile.
            loaded = await asyncio.to_thread(vitals.book.poll)
            if loaded is not None:
                unwritten.append(note_of_set(loaded, vitals.clock()))
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


def note_of_set(loaded: AgreementSet, now: datetime) -> Entry:
    """Every load leaves an event with each file's SHA-256 (design §6)."""
    listing = "\n".join(f"{digest}  {name}" for name, digest in sorted(loaded.files.items()))
    return Entry(
        request_id=new_request_id(),
        received_at=now,
        door="",
        event=Event.AGREEMENTS_LOADED,
        channel="SERVICE",
        agreement_digest=loaded.digest,
        question=listing.encode(),
    )
