"""Copies SQLite's write-ahead log back into the database beside the writer, in a thread.

SQLite does that in the commit that makes the log long enough.  Measured, some 2,000 records
apart, a group then waits 60 ms and more, most of it for the disk, and all that come meanwhile
wait behind it.  This thread copies what is in the log while commits go on.

It falls behind or fails without harm: SQLite's own copying steps in, as in every other process
that writes.  This module decides nothing about what is durable; on PostgreSQL it does nothing.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine

from kps_soap.database import FAILURES, copy_log
from kps_soap.entry import Entry

log = logging.getLogger("kps.evidence")

#: The log is copied back after so many bytes; seldom enough that a page that changes often is
#: copied once for many changes, and often enough that the disk is not busy with it for long.
_BYTES_BETWEEN: Final = 12_000_000

#: What a record writes into the log besides its messages, which count as long as they were before
#: they were packed: a row, and a page of some indexes.
_BYTES_BESIDES: Final = 10_000


class LogCopier:
    """One writer's copier.  ``wrote`` and ``stop`` belong to the writer's thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wanted = threading.Event()
        self._ending = False
        self._bytes = 0
        self._thread: threading.Thread | None = None

    def wrote(self, entries: Sequence[Entry]) -> None:
        """The records of these entries are durable; begins to copy when that is much."""
        if self._engine.dialect.name != "sqlite":
            return
        for entry in entries:
            self._bytes += len(entry.question) + len(entry.answer) + _BYTES_BESIDES
        if self._bytes >= _BYTES_BETWEEN:
            self._bytes = 0
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kps-log", daemon=True)
                self._thread.start()
            self._wanted.set()

    def stop(self) -> None:
        """End the thread; what it has begun goes on to its end."""
        if self._thread is not None:
            self._ending = True
            self._wanted.set()
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._ending:
                return
            try:
                copy_log(self._engine)
            except FAILURES as failure:
                log.debug("the log was not copied back: %s", type(failure).__name__)
