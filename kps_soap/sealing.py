"""Seals the evidence while a worker serves, and once more when it stops.

Beside the event loop, in threads: one look a second whether it is time for a seal, and another
whether a witness or a timestamp authority has something to get.  Neither keeps an answer waiting,
and what fails is told to the log once and tried again.  Where no witness and no authority is
named, nothing outside is called.

How a seal is made is in ``audit``; this room only does it in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from kps_soap.audit.checkpoints import SealKey, SealRefused
from kps_soap.audit.seals import SealClocks, Sealer, SealPolicy
from kps_soap.audit.timestamps import Authority, Stamper, Trust
from kps_soap.audit.web import Web
from kps_soap.audit.witness import Courier, Folder, Target, WebTarget
from kps_soap.configured import utc_now
from kps_soap.database import FAILURES, open_database
from kps_soap.settings import Settings

log = logging.getLogger("kps.seals")

#: How long one call to a witness or an authority may take.
CALL_SECONDS_MAX: Final = 10
#: How long a stopping worker seals and delivers; what is left is done by the next one.
STOP_SECONDS_MAX: Final = 3.0

_LOOK_SECONDS: Final = 1.0
_BUSY_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Seals:
    """What makes seals, and what hands them on where somebody is to get them."""

    sealer: Sealer
    courier: Courier | None
    stamper: Stamper | None

    def hand_on(self) -> int:
        """Ask for a timestamp and deliver once; returns how many files were delivered.

        Raises what the database raises, and ``SealRefused``.
        """
        if self.stamper is not None:
            self.stamper.step()
        return 0 if self.courier is None else self.courier.step()


def seals_of(
    settings: Settings,
    engine: Engine,
    *,
    now: Callable[[], datetime] = utc_now,
    pause: Callable[[], None] = lambda: None,
    at_once: bool = False,
) -> Seals:
    """What the settings name; ``at_once`` waits for no pause after a failure.

    Raises ``SealRefused`` for a key or certificate of no use.
    """
    sealer = Sealer(
        engine,
        SealKey.load(settings.seal_key_file, settings.seal_certificate_file),
        policy=SealPolicy(settings.seal_records_max, settings.seal_seconds),
        clocks=SealClocks(now, time.monotonic, pause),
    )
    targets = _targets(settings)
    courier = Courier(engine, targets, now=now, at_once=at_once) if targets else None
    authority = _authority(settings)
    stamper = None
    if authority is not None:
        every = timedelta(seconds=settings.timestamp_seconds)
        stamper = Stamper(engine, authority, every=every, now=now, at_once=at_once)
    return Seals(sealer, courier, stamper)


def _targets(settings: Settings) -> list[Target]:
    targets: list[Target] = []
    if settings.witness_directory is not None:
        targets.append(Folder(settings.witness_directory))
    if settings.witness_url is not None:
        targets.append(WebTarget(Web(settings.witness_url, CALL_SECONDS_MAX)))
    return targets


def _authority(settings: Settings) -> Authority | None:
    if settings.timestamp_url is None or settings.timestamp_ca_file is None:
        return None
    trust = Trust.read(settings.timestamp_ca_file)
    return Authority(Web(settings.timestamp_url, CALL_SECONDS_MAX), trust)


class Sealing:
    """One worker's sealing, from its start to behind its chain's last record."""

    def __init__(self, settings: Settings) -> None:
        self._engine = open_database(settings.gateway_url, wait_seconds_max=10)
        self._seals = seals_of(settings, self._engine, pause=lambda: time.sleep(_BUSY_SECONDS))
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="kps-seals")
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._told: set[str] = set()

    def start(self) -> None:
        """Begin to look."""
        self._tasks = [asyncio.create_task(self._keep("seal", self._seals.sealer.step))]
        if self._seals.courier is not None or self._seals.stamper is not None:
            self._tasks.append(asyncio.create_task(self._keep("delivery", self._seals.hand_on)))

    async def close(self) -> None:
        """Seal what is left, deliver it, and stop; after ``STOP_SECONDS_MAX`` just stop.

        Call it when the last record of the worker's chain is written.
        """
        self._stopping.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await asyncio.gather(*self._tasks)
                await self._try("seal", self._seal_rest)
                if len(self._tasks) > 1:
                    await self._try("delivery", self._seals.hand_on)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _seal_rest(self) -> int:
        return self._seals.sealer.seal_all(seconds_max=STOP_SECONDS_MAX / 2)

    async def _keep(self, what: str, step: Callable[[], object]) -> None:
        while not self._stopping.is_set():
            await self._try(what, step)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._stopping.wait()

    async def _try(self, what: str, step: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, step)
        except SealRefused as refused:
            self._tell(what, str(refused))
        except FAILURES as failure:
            self._tell(what, type(failure).__name__)
        except Exception as surprise:
            # One that nobody foresaw must not end the sealing for good.
            self._tell(what, f"an unforeseen {type(surprise).__name__}")
        else:
            if what in self._told:
                self._told.discard(what)
                log.warning("%s works again", what)

    def _tell(self, what: str, why: str) -> None:
        if what not in self._told:
            self._told.add(what)
            log.error("%s does not work: %s", what, why)
