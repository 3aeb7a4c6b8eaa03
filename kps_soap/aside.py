"""Slow work on the gateway's own database, beside the event loop: one thread, one thing at a time.

Whoever asks for it waits for himself and no longer than he is told to; what comes too late is
left behind.  This room knows no table and decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from kps_soap.database import FAILURES
from kps_soap.faults import EvidenceUnavailable

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class Aside:
    """One thread.  ``what`` names the work in a refusal; ``seconds_max`` bounds each piece."""

    def __init__(self, what: str, *, thread: str, seconds_max: float) -> None:
        self._what = what
        self._seconds_max = seconds_max
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=thread)

    async def run(self, work: Callable[[*Arguments], Result], *args: *Arguments) -> Result:
        """What ``work`` returns for these arguments, in their order.

        Raises ``EvidenceUnavailable`` where the database fails or the time is over, and whatever
        else ``work`` raises.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds_max):
                return await loop.run_in_executor(self._thread, work, *args)
        except FAILURES as trouble:
            raise EvidenceUnavailable(f"{self._what} {type(trouble).__name__}") from None

    def close(self) -> None:
        """Let go of the thread; what waits for it is given up."""
        self._thread.shutdown(wait=False, cancel_futures=True)
