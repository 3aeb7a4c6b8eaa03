"""What one worker bears of people who try to sign in: how often from where, how many at once.

Locks of persons are on record and shared by all workers; these bounds are a worker's own, in
memory, and hold whoever tries many names.  They know no person.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from kps_soap.addresses import household
from kps_soap.faults import Overloaded
from kps_soap.recent_failures import RecentFailures

T = TypeVar("T")


class Attempts:
    """Failures by source.  ``clock`` is monotonic, in seconds; ``most`` within ``seconds``."""

    def __init__(self, *, clock: Callable[[], float], most: int, seconds: float) -> None:
        self._failures = RecentFailures(clock=clock, most=most, seconds=seconds)

    def seconds_to_wait(self, source_address: str) -> int:
        """0 where somebody may try; else how long until the next try."""
        return math.ceil(self._failures.seconds_left(household(source_address)))

    def failed(self, source_address: str) -> None:
        """Count one."""
        self._failures.add(household(source_address))


class Turns:
    """Slow comparisons of passwords: ``at_once`` run, ``waiting_max`` more may wait."""

    def __init__(self, at_once: int, *, waiting_max: int = 32) -> None:
        self._most = at_once + waiting_max
        self._present = 0
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="kps-konsol-argon2")

    async def run(self, work: Callable[[], T]) -> T:
        """Do it when its turn comes; raises ``Overloaded`` where too many wait."""
        if self._present >= self._most:
            raise Overloaded("password comparisons of the console")
        self._present += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._present -= 1

    def close(self) -> None:
        """Let go of the threads; what waits is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)
