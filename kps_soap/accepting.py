"""Takes callers from a listening socket that the workers share, one at a time.

An event loop's own server takes all that wait, so the first worker to look has them all.  Here
whoever has more callers than another leaves one to that other for a moment, and takes it then if
it still waits.  What is spoken on a connection is not known here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any, Final

from kps_soap.crowd import Seat

log = logging.getLogger("kps.serving")

#: So long a caller is left to a worker with fewer, in seconds: about as long as an answer takes.
PATIENCE_SECONDS: Final = 0.002

#: When files or memory for another caller are lacking: how long until the next attempt.
RETRY_SECONDS: Final = 1.0


class Accepting:
    """What takes the callers of one socket; it begins at once.

    ``protocol`` makes what talks with a caller; ``more`` is how TLS is spoken with it, as the
    event loop's ``connect_accepted_socket`` has it.
    """

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        seat: Seat,
        **more: Any,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._protocol = protocol
        self._seat = seat
        self._more = more
        self._coming: set[asyncio.Task[None]] = set()
        self._later: asyncio.TimerHandle | None = None
        self._closed = False
        listening.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Take nobody any more; who was let in already is not affected."""
        if not self._closed:
            self._closed = True
            if self._later is not None:
                self._later.cancel()
            self._loop.remove_reader(self._listening)

    def _listen(self) -> None:
        self._loop.add_reader(self._listening, self._look)

    def _look(self) -> None:
        if self._seat.others_have_fewer:
            self._rest(PATIENCE_SECONDS)
        else:
            self._take()

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._later = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._listen()
        self._take()

    def _take(self) -> None:
        try:
            caller, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # Another worker was quicker, or the caller left.
        except OSError as failure:
            log.error("no caller can be taken: %s", failure.strerror)
            self._rest(RETRY_SECONDS)
            return
        caller.setblocking(False)
        self._seat.come()
        task = self._loop.create_task(self._welcome(caller))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)

    async def _welcome(self, caller: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, caller, **self._more)
        except OSError:
            # No handshake, or none in time: nobody talked with the caller yet.
            self._seat.go()
            caller.close()
