"""Looks for misuse in time: each worker writes down what it saw, one of them applies the rules.

Beside the event loop, in a thread of its own: what a worker has seen is written every ten
seconds, and once a minute whichever worker comes first applies the rules for all that share the
database.  What fails is told to the log once and tried again, and keeps no answer waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, select

from kps_soap.asked_counts import DayKeys
from kps_soap.audit import duties
from kps_soap.database import FAILURES, writing
from kps_soap.faults import EvidenceUnavailable
from kps_soap.misuse import tallies
from kps_soap.misuse.alarms import Alarms
from kps_soap.misuse.observing import Batch, Observer
from kps_soap.misuse.rules import Rule, suspicions
from kps_soap.misuse.thresholds import Thresholds
from kps_soap.people_models import people

log = logging.getLogger("kps.misuse")

DUTY: Final = "misuse"

_FLUSH_SECONDS: Final = 10.0
_STOP_SECONDS_MAX: Final = 2.0
_MINUTE: Final = timedelta(minutes=1)
#: Batches that wait for a database that is away; older ones are given up.
_BATCHES_MAX: Final = 60


def examine(engine: Engine, alarms: Alarms, thresholds: Thresholds) -> list[str]:
    """Apply the rules now; returns the ids of the new findings.

    Raises ``EvidenceUnavailable``, and what the database raises.
    """
    limit = thresholds[Rule.SHARED_SUBJECT].numbers["inquirers_max"]
    with engine.connect() as connection, connection.begin():
        seen = tallies.seen(connection, now=alarms.clock(), inquirers_min=limit + 1)
    found = alarms.raise_all(suspicions(seen, thresholds))
    alarms.act(thresholds)
    return found


def surnames(connection: Connection) -> Mapping[tuple[str, str], str]:
    """The surname of each registered inquirer: the last word of the name, as it is written."""
    columns = people.c
    query = select(columns.institution, columns.inquirer, columns.person_id, columns.name)
    return {
        (institution, inquirer or person_id): name.split()[-1]
        for institution, inquirer, person_id, name in connection.execute(query)
        if institution and name.strip()
    }


@dataclass(slots=True)
class _Turn:
    """What the thread brings back to the loop."""

    surnames: Mapping[tuple[str, str], str] | None = None


class Watching:
    """One worker's part in it.  ``worker`` names it among all that share the database.

    ``besides`` is what else is done once a minute by whoever applies the rules.
    """

    def __init__(
        self,
        engine: Engine,
        observer: Observer,
        alarms: Alarms,
        *,
        thresholds: Thresholds,
        keys: DayKeys,
        worker: str,
        clock: Callable[[], datetime],
        besides: Callable[[], object] = lambda: None,
    ) -> None:
        self._besides = besides
        self._engine = engine
        self._observer = observer
        self._alarms = alarms
        self._thresholds = thresholds
        self._keys = keys
        self._worker = worker
        self._clock = clock
        self._batches: list[Batch] = []
        self._minute = -1
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kps-misuse")
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._told = False

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Write what is left, and stop; after ``_STOP_SECONDS_MAX`` just stop."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS_MAX):
                if self._task is not None:
                    await self._task
                await self.turn()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def turn(self) -> None:
        """Write what was seen, and apply the rules where it is time; failures are told."""
        batch = self._observer.drain()
        if batch.tallies:
            self._batches = [*self._batches, batch][-_BATCHES_MAX:]
        try:
            loop = asyncio.get_running_loop()
            turn = await loop.run_in_executor(self._thread, self._work)
        except (*FAILURES, EvidenceUnavailable) as failure:
            self._tell(type(failure).__name__)
        except Exception as surprise:
            # One that nobody foresaw must not end the looking for good.
            self._tell(f"an unforeseen {type(surprise).__name__}")
        else:
            if turn.surnames is not None:
                self._observer.know_surnames(turn.surnames)
            if self._told:
                self._told = False
                log.warning("misuse is looked for again")

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            await self.turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH_SECONDS):
                    await self._stopping.wait()

    def _tell(self, why: str) -> None:
        if not self._told:
            self._told = True
            log.error("misuse is not looked for: %s", why)

    # In the thread.

    def _work(self) -> _Turn:
        self._write()
        now = self._clock()
        minute = int(now.timestamp() // _MINUTE.seconds)
        if minute == self._minute:
            return _Turn()
        with self._engine.connect() as connection, connection.begin():
            found = surnames(connection)
        claim = duties.claim(self._engine, DUTY, target=minute, now=now, lease=_MINUTE)
        if claim is not None:
            self._look(now)
            duties.settle(self._engine, DUTY, number=minute, not_before=now)
        self._minute = minute
        return _Turn(found)

    def _write(self) -> None:
        while self._batches:
            with self._engine.connect() as connection, writing(connection):
                tallies.write(
                    connection, self._batches[0], worker=self._worker, key_of=self._keys.of
                )
            del self._batches[0]

    def _look(self, now: datetime) -> None:
        examine(self._engine, self._alarms, self._thresholds)
        self._besides()
        with self._engine.connect() as connection, writing(connection):
            tallies.sweep(connection, now=now)
