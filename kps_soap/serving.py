"""Runs the application: worker processes, their event loops, and how both end.

The parent keeps one worker process a core alive and forwards the signals; each worker runs one
event loop with one HTTP server a socket (design D10a).  It knows nothing of HTTP and of SOAP.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Final, Protocol

from kps_soap import forking
from kps_soap.connections import Bounds
from kps_soap.http_server import GRACE_SECONDS, Listener, Server, bind, server_of

__all__ = ["Listener", "Supervisor", "bind", "run_loop", "serve_here"]

log = logging.getLogger("kps.serving")

STARTUP_FAILED: Final = 3

#: How long a thread that wants the interpreter waits at most while another one has it, in
#: seconds.  The evidence's thread wants it after every statement, and requests wait for it.
SWITCH_SECONDS: Final = 0.000_5

#: So many new objects are there when Python looks through them for dead ones.  Requests on their
#: way are most of what 700, its own number, finds again and again.  Measured under load: 0.9 % of
#: the processor instead of 3.4, in looks of 2 ms and, rarely, of 10, which is no more than before.
NEW_OBJECTS_MAX: Final = 5_000


@contextlib.contextmanager
def without_pauses() -> Iterator[None]:
    """Keep the interpreter from making all requests wait, until the end of the context.

    Python looks through all objects for dead ones every now and then: measured, 100 ms with
    everything that a gateway has opened, in which nothing else goes on.  What is there at the
    beginning is left out of that.
    """
    gc.collect()
    gc.freeze()
    before, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(NEW_OBJECTS_MAX, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(before)
        gc.unfreeze()


async def serve_here(
    application: Any,
    listeners: Sequence[Listener],
    bounds: Bounds,
    *,
    on_ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Serve until ``stop`` is set, then let the requests in hand finish.

    A server that ends by itself ends the others too, with its exception.
    """
    servers = [server_of(application, listener, bounds) for listener in listeners]
    with without_pauses():
        await _serve(servers, listeners, on_ready, stop)


async def _serve(
    servers: Sequence[Server],
    listeners: Sequence[Listener],
    on_ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    running = [
        asyncio.create_task(server.serve(sockets=[listener.socket]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    while not any(task.done() for task in running):
        if all(server.started for server in servers):
            on_ready()
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            break
        await asyncio.sleep(0.01)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)


@dataclass(slots=True)
class _Worker:
    """A worker process; ``failed_at`` is when it ended before it was ready (monotonic)."""

    process: BaseProcess
    ready: Connection
    is_ready: bool = False
    failed_at: float | None = None


WorkerMain = Callable[[int, Sequence[Listener], Connection], None]


class Companion(Protocol):
    """Somebody who talks with the workers that are ready, over the line that they said so on."""

    def joined(self, index: int, line: Connection) -> None:
        """This worker is ready, and its line is free."""

    def left(self, index: int, *, replaced: bool) -> None:
        """This worker has ended; its line is closed when this returns."""


class Supervisor:
    """Keeps ``count`` worker processes alive until it is told to stop.

    ``main`` runs in each worker with its index, the listeners and a line on which it says that
    it is ready; from then on the line is the ``companion``'s, where there is one.  A worker that
    ends before its place was ever ready stops everything: it would end the same way again.
    Later it is started again, after ``pause_seconds`` if it did not get ready, while the others
    go on.  With ``passes_hangup`` SIGHUP is for the workers; else it ends this process.
    SIGUSR2 renews the workers one after the other: each finishes what it has in hand while the
    others serve, and the next one's turn comes when its successor is ready.  ``may_renew`` is
    asked before each: where it says no, those that serve go on as they are.  ``drain_seconds`` is
    how much longer the workers take for their end than their requests in hand.  ``on_end`` is told
    of each worker that has ended, before another one starts in its place.
    """

    def __init__(
        self,
        main: WorkerMain,
        listeners: Sequence[Listener],
        *,
        count: int,
        on_ready: Callable[[], None],
        pause_seconds: float = 1.0,
        companion: Companion | None = None,
        passes_hangup: bool = False,
        drain_seconds: int = 0,
        may_renew: Callable[[], bool] = lambda: True,
        on_end: Callable[[int], None] = lambda _index: None,
    ) -> None:
        self._main = main
        self._companion = companion
        self._passes_hangup = passes_hangup
        self._drain_seconds = drain_seconds
        self._may_renew = may_renew
        self._on_end = on_end
        self._listeners = listeners
        self._count = count
        self._on_ready = on_ready
        self._pause_seconds = pause_seconds
        self._workers: dict[int, _Worker] = {}
        self._stopping = False
        self._announced = False
        self._once_ready: set[int] = set()
        self._to_renew: list[int] = []
        self._renewing: BaseProcess | None = None
        self._wake_reader, self._wake_writer = os.pipe()

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; returns the exit code.  Only once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGUSR2, self._on_renewal)
        if self._passes_hangup:
            signal.signal(signal.SIGHUP, self._on_hangup)
        code = 0
        try:
            for index in range(self._count):
                self._start(index)
            while not self._stopping and code == 0:
                self._wait()
                code = self._look_after()
                self._renew()
        finally:
            self._stop_all()
        return code

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        os.write(self._wake_writer, b"x")

    def _on_renewal(self, _number: int, _frame: FrameType | None) -> None:
        self._to_renew = list(range(self._count))
        os.write(self._wake_writer, b"x")

    def _renew(self) -> None:
        """One worker at a time, and only while all others are ready."""
        if not self._to_renew or any(
            not worker.is_ready or worker.process is self._renewing
            for worker in self._workers.values()
        ):
            return
        if not self._may_renew():
            self._to_renew = []
            return
        index = self._to_renew.pop(0)
        process = self._renewing = self._workers[index].process
        log.info("worker %d is renewed", index)
        if process.pid is not None:
            os.kill(process.pid, signal.SIGUSR2)

    def _on_hangup(self, number: int, _frame: FrameType | None) -> None:
        """Pass it on to the workers that are ready: those look at their files again."""
        for worker in self._workers.values():
            if worker.is_ready and worker.process.pid is not None and worker.process.is_alive():
                os.kill(worker.process.pid, number)

    def _start(self, index: int) -> None:
        receiver, sender = Pipe()
        arguments = (index, self._listeners, sender)
        process = forking.start(self._main, arguments, f"kps-worker-{index}")
        sender.close()
        self._workers[index] = _Worker(process, receiver)

    def _wait(self) -> None:
        things: list[Any] = [self._wake_reader]
        for worker in self._workers.values():
            if worker.failed_at is not None:
                continue
            things.append(worker.process.sentinel)
            if not worker.is_ready:
                things.append(worker.ready)
        woken = wait(things, timeout=self._pause_seconds)
        if self._wake_reader in woken and not self._stopping:
            os.read(self._wake_reader, 1)

    def _look_after(self) -> int:
        """One round over the workers; returns the exit code that stops everything, or 0."""
        for index, worker in list(self._workers.items()):
            if not worker.is_ready and worker.ready.poll():
                with contextlib.suppress(EOFError):
                    worker.ready.recv()
                    worker.is_ready = True
                    self._once_ready.add(index)
                    if self._companion is not None:
                        self._companion.joined(index, worker.ready)
            if not worker.process.is_alive() and (code := self._replace(index, worker)):
                return code
        if not self._announced and all(worker.is_ready for worker in self._workers.values()):
            self._announced = True
            self._on_ready()
        return 0

    def _replace(self, index: int, worker: _Worker) -> int:
        """Start another worker in place of one that ended, now or after a pause."""
        ended_with, now = worker.process.exitcode, time.monotonic()
        self._on_end(index)
        if index not in self._once_ready:
            return ended_with or STARTUP_FAILED
        if worker.failed_at is None and worker.process is not self._renewing:
            log.warning("worker %d ended with code %s; starting another", index, ended_with)
        if worker.failed_at is None and not worker.is_ready:
            worker.failed_at = now
        if worker.failed_at is None or now - worker.failed_at >= self._pause_seconds:
            del self._workers[index]
            self._close(index, worker, replaced=True)
            self._start(index)
        return 0

    def _close(self, index: int, worker: _Worker, *, replaced: bool) -> None:
        """Be done with a worker that has ended, as far as its process tells.

        If what it was copied from is killed nobody can tell of its end: then it is told that
        nobody looks after it any more, and waited for, so that no two ever have one place.
        """
        if self._companion is not None:
            self._companion.left(index, replaced=replaced)
        process = worker.process.pid
        worker.process.join()
        worker.process.close()
        if not _heard_out(worker.ready, self._patience) and process is not None:
            # Its line is open, so it is alive and the number is its own.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            _heard_out(worker.ready, GRACE_SECONDS)
        worker.ready.close()

    @property
    def _patience(self) -> float:
        """How long a worker may take for its end, in seconds."""
        return self._drain_seconds + GRACE_SECONDS + 5

    def _stop_all(self) -> None:
        for worker in self._workers.values():
            if worker.process.is_alive():
                worker.process.terminate()
        deadline = time.monotonic() + self._patience
        for index, worker in self._workers.items():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            self._close(index, worker, replaced=False)


def _heard_out(line: Connection, seconds: float) -> bool:
    """Whether whoever has the other end of a line ends within so many seconds."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(OSError, EOFError):
        while line.poll(max(0.0, deadline - time.monotonic())):
            line.recv_bytes()
        return False
    return True


def run_loop(main: Awaitable[None]) -> None:
    """Run a coroutine on the fast event loop where there is one."""
    factory = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)  # type: ignore[arg-type]
