"""Serves the yardstick: ``python -m benchmarks.serve_stock REGISTER_URL PORT WORKERS``."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection

from benchmarks.stock_spyne import Inline, person_application, public_application
from kps_soap.connections import Bounds
from kps_soap.crowd import Crowd
from kps_soap.registry.store import Register
from kps_soap.serving import Listener, Supervisor, bind, run_loop, serve_here

BOUNDS = Bounds(header_seconds_max=10, header_bytes_max=16_384, idle_seconds_max=60)


class Worker:
    """One process of the yardstick, with a register connection of its own."""

    def __init__(self, register_url: str, crowd: Crowd) -> None:
        self._register_url = register_url
        self._crowd = crowd

    def __call__(self, index: int, listeners: Sequence[Listener], ready: Connection) -> None:
        run_loop(self._serve(index, listeners, ready))

    async def _serve(self, index: int, listeners: Sequence[Listener], ready: Connection) -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        register = await Register.open(self._register_url)
        application = Inline(
            {"/person": person_application(register), "/public": public_application(register)}
        )
        bounds = replace(BOUNDS, seat=self._crowd.seat(index))
        await serve_here(
            application, listeners, bounds, on_ready=lambda: ready.send(True), stop=stop
        )
        await register.close()


def main(register_url: str, port: str, workers: str) -> int:
    """Serve until SIGTERM."""
    listener = Listener(bind("127.0.0.1", int(port)))
    return Supervisor(
        Worker(register_url, Crowd(int(workers))), [listener], count=int(workers),
        on_ready=lambda: print("ready", flush=True),
    ).run()  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
