"""What a worker process of a gateway runs: its log, its event loop, its opened gateway.

It ends when its parent does or when it is told to.  It knows nothing of the other workers, and
nothing of who starts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

from kps_soap.app import Running, gateway_name, open_gateway
from kps_soap.connections import Bounds
from kps_soap.crowd import Crowd, alone
from kps_soap.http_server import connections_allowed
from kps_soap.logs import start_logging
from kps_soap.metrics.line import Line
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.quotas import Buckets
from kps_soap.readiness import Vitals
from kps_soap.serving import Listener, run_loop, serve_here
from kps_soap.settings import Settings

__all__ = ["Worker", "start_log"]

#: How a worker ends that an operator's hand could have let start.
MENDABLE: Final = 2


class Worker:
    """What a worker process runs, one of ``count``.  It ends when its parent does.

    ``crowd`` and ``buckets`` are shared by all of them; without, this one goes by itself.
    """

    def __init__(
        self, settings: Settings, count: int, crowd: Crowd | None, buckets: Buckets | None
    ) -> None:
        self._settings = settings
        self._count = count
        self._crowd = crowd
        self._buckets = buckets

    def __call__(self, index: int, listeners: Sequence[Listener], ready: Connection) -> None:
        start_log(self._settings)
        try:
            run_loop(self._serve(index, listeners, ready))
        except OPERATOR_ERRORS as error:
            logging.getLogger("kps.serve").error("%s", sentence_of(error))
            sys.exit(MENDABLE)

    async def _serve(self, index: int, listeners: Sequence[Listener], ready: Connection) -> None:
        settings, stop_event = self._settings, asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2):
            loop.add_signal_handler(number, stop_event.set)
        parent = multiprocessing.parent_process()
        if parent is not None:
            loop.add_reader(parent.sentinel, stop_event.set)

        def on_ready() -> None:
            with contextlib.suppress(BrokenPipeError):
                ready.send(True)

        running: Running
        gateway = gateway_name(os.getpid() if parent is None else parent.pid or 0)
        name = {"worker": str(index), "gateway": gateway}
        async with open_gateway(
            settings, workers=self._count, buckets=self._buckets, **name
        ) as running:
            loop.add_signal_handler(signal.SIGHUP, running.vitals.book.look_at_files)
            if settings.drain_seconds:
                leaving = functools.partial(_leave, running.vitals, stop_event, settings)
                loop.add_signal_handler(signal.SIGTERM, leaving)
            line = Line(ready, running.gauges.report)
            await serve_here(
                running.application,
                listeners,
                Bounds(
                    settings.header_seconds_max,
                    settings.header_bytes_max,
                    settings.idle_seconds_max,
                    running.meter.http_trouble,
                    settings.write_seconds_max,
                    connections_allowed(settings.connections_max),
                    self._crowd.seat(index) if self._crowd else alone(),
                ),
                on_ready=on_ready,
                stop=stop_event,
            )
            line.close()


def _leave(vitals: Vitals, stop_event: asyncio.Event, settings: Settings) -> None:
    """Answer on for a while, and tell load balancers to send nobody any more."""
    vitals.leave()
    asyncio.get_running_loop().call_later(settings.drain_seconds, stop_event.set)


def start_log(settings: Settings) -> None:
    """The log of a process of the gateway, as the settings want it."""
    start_logging(settings.log_format, settings.log_level, clock=time.monotonic)
