"""A worker's end of the line to its parent: asked for its numbers, it tells them.

The parent asks with one byte and never twice before it has the answer, so no answer can fill the
line and hold up the worker.  A report that cannot be made is an empty one; a parent that is gone
ends the listening.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

from kps_soap.metrics.report import Report, written

log = logging.getLogger("kps.metrics")

#: The whole of a question.
ASKED = b"?"


class Line:
    """Listens on a connection inside the running event loop."""

    def __init__(self, connection: Connection, report: Callable[[], Awaitable[Report]]) -> None:
        self._connection = connection
        self._report = report
        self._answering: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection.fileno(), self._asked)

    def close(self) -> None:
        """Stop listening; the connection stays open."""
        self._loop.remove_reader(self._connection.fileno())
        if self._answering is not None:
            self._answering.cancel()

    def _asked(self) -> None:
        try:
            self._connection.recv_bytes()
        except (EOFError, OSError):
            self._loop.remove_reader(self._connection.fileno())
            return
        self._answering = self._loop.create_task(self._answer())

    async def _answer(self) -> None:
        try:
            report = await self._report()
        except Exception as surprise:
            log.error("the numbers of this worker met an unforeseen %s", type(surprise).__name__)
            report = {}
        try:
            self._connection.send_bytes(written(report))
        except OSError:
            log.debug("nobody listens to the numbers of this worker any more")
