"""Takes callers from a listening socket that the workers share.

Whoever has more callers than another worker leaves a new one to that other for a moment, and takes
it then if it still waits.  What is spoken on a connection is not known here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from kps_soap.crowd import Seat

log = logging.getLogger("kps.serving")

#: So long a caller is left to a worker with fewer, in seconds: about as long as an answer takes.
PATIENCE_SECONDS: Final = 0.002

#: So many that still wait then are taken: nobody else wanted them.
_LEFT_MAX: Final = 8

#: When files or memory for another caller are lacking: how long until the next attempt, and how
#: often that is said, in seconds.
RETRY_SECONDS: Final = 0.1
SAID_SECONDS: Final = 60.0


class Talk(Protocol):
    """What talks with a caller; it has a transport from the moment when it is connected.

    From then on the seat is its own: it gives it back when it ends.
    """

    transport: Any


class Accepting:
    """What takes the callers of one socket; it begins at once.

    ``talk`` makes what talks with a caller; ``more`` is how TLS is spoken with it, as the event
    loop's ``connect_accepted_socket`` has it.
    """

    def __init__(
        self, listening: socket.socket, talk: Callable[[], Talk], seat: Seat, **more: Any
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._talk = talk
        self._seat = seat
        self._more = more
        self._coming: set[asyncio.Task[None]] = set()
        self._later: asyncio.TimerHandle | None = None
        self._said_at: float | None = None
        self._closed = False
        listening.setblocking(False)
        self._loop.add_reader(listening, self._look)

    def close(self) -> None:
        """Take nobody any more; who was let in already is not affected."""
        if not self._closed:
            self._closed = True
            if self._later is not None:
                self._later.cancel()
            self._loop.remove_reader(self._listening)

    def _look(self) -> None:
        if self._seat.others_have_fewer:
            self._rest(PATIENCE_SECONDS, self._go_on)
        else:
            self._take()

    def _rest(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listening)
        self._later = self._loop.call_later(seconds, then)

    def _go_on(self) -> None:
        try:
            self._loop.add_reader(self._listening, self._look)
        except OSError as failure:
            self._lacks(failure)
            return
        for _ in range(_LEFT_MAX):
            if not self._take():
                break

    def _take(self) -> bool:
        """Take the next caller; False where there is none, or no room for one."""
        try:
            caller, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False  # Another worker was quicker, or the caller left.
        except OSError as failure:
            self._lacks(failure)
            return False
        caller.setblocking(False)
        self._seat.come()
        task = self._loop.create_task(self._welcome(caller))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)
        return True

    def _lacks(self, failure: OSError) -> None:
        """No file or memory for another caller: others may have some."""
        now = self._loop.time()
        if self._said_at is None or now - self._said_at >= SAID_SECONDS:
            self._said_at = now
            log.error("no caller can be taken: %s", failure.strerror)
        self._seat.leave()
        self._rest(RETRY_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._seat.open()
        self._go_on()

    async def _welcome(self, caller: socket.socket) -> None:
        talk: Any = self._talk()
        try:
            with suppress(OSError):  # No handshake, or none in time.
                await self._loop.connect_accepted_socket(lambda: talk, caller, **self._more)
        finally:
            if talk.transport is None:
                self._seat.go()
                caller.close()
