"""What is done in the console, with its record: both in one transaction, or neither.

One chain of evidence a worker, led by one thread, so that acts come one after the other and the
event loop never waits for a disk.  A chain whose database failed is let go, and the next act
begins another.  This module knows no act; each page brings its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import TypeVar

from sqlalchemy import Connection

from kps_soap.audit.appending import Recorder
from kps_soap.entry import Entry
from kps_soap.faults import EvidenceUnavailable

Done = TypeVar("Done")


class Acts:
    """The acts of one worker's console.  ``recording`` opens a chain of evidence."""

    def __init__(self, recording: Callable[[], AbstractContextManager[Recorder]]) -> None:
        self._recording = recording
        self._opened: AbstractContextManager[Recorder] | None = None
        self._recorder: Recorder | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kps-konsol")

    async def do(self, entry: Entry, work: Callable[[Connection], Done]) -> Done:
        """Do the work and write its entry, durably and together.

        Raises ``EvidenceUnavailable``, and whatever the work raises; then neither is done.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._do, entry, work)

    async def close(self) -> None:
        """End the chain, if an act began one."""
        loop = asyncio.get_running_loop()
        with suppress(EvidenceUnavailable):
            await loop.run_in_executor(self._thread, self._let_go)
        self._thread.shutdown(wait=False)

    def _do(self, entry: Entry, work: Callable[[Connection], Done]) -> Done:
        if self._recorder is None:
            self._opened = self._recording()
            self._recorder = self._opened.__enter__()
        try:
            return self._recorder.act(entry, work)
        except EvidenceUnavailable:
            with suppress(EvidenceUnavailable):
                self._let_go()
            raise

    def _let_go(self) -> None:
        opened, self._opened, self._recorder = self._opened, None, None
        if opened is not None:
            opened.__exit__(None, None, None)
