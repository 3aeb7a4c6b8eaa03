"""``kps serve``: the gateway, as many workers as cores."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import click

from kps_soap.app import Running, gateway_name, open_gateway
from kps_soap.cli.terminal import NO, WRONG, home_option, settings_of, stop
from kps_soap.connections import Bounds
from kps_soap.http_server import connections_allowed
from kps_soap.inspection import inspect, problems
from kps_soap.logs import JSON, start_logging
from kps_soap.metrics.exposition import Exposition
from kps_soap.metrics.gathering import Gathering
from kps_soap.metrics.line import Line
from kps_soap.metrics.page import PageServer
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.readiness import Vitals
from kps_soap.serving import Listener, Supervisor, bind, run_loop, serve_here
from kps_soap.settings import Settings
from kps_soap.terms import SYNTHETIC

SYNTHETIC_BANNER = "The register is SYNTHETIC: every person in it is invented."


@click.command()
@home_option
@click.option("--host", help="The address for https.")
@click.option(
    "--listen-on-all-addresses", is_flag=True, help="Let --host be 0.0.0.0 or ::, every address."
)
@click.option("--port", type=int, help="The port for https; 0 for none.")
@click.option("--http-port", type=int, help="The port for plain http on loopback; 0 for none.")
@click.option("--metrics-port", type=int, help="The port for /metrics; 0 for none.")
@click.option("--workers", type=int, help="Worker processes; 0 for one a core.")
def serve(
    home: Path,
    host: str | None,
    port: int | None,
    *,
    listen_on_all_addresses: bool,
    **more: int | None,
) -> None:
    """Serve the gateway of a home until SIGTERM or SIGINT."""
    everywhere = "yes" if listen_on_all_addresses else None
    settings = settings_of(
        home, https_host=host, https_port=port, listen_on_all_addresses=everywhere, **more
    )
    _start_log(settings)
    findings = inspect(settings)
    for problem in problems(findings):
        _say(settings, problem, logging.ERROR)
    if any(not one.ok and one.blocks for one in findings):
        stop("Not started. Put the above right and try again; `kps check` looks again.", WRONG)
    if any(one.name == "register" and SYNTHETIC in one.text for one in findings):
        _say(settings, SYNTHETIC_BANNER, logging.WARNING)
    listeners = _listeners(settings)
    count = settings.workers or len(os.sched_getaffinity(0))
    gathering = _metrics(settings, count)
    code = Supervisor(
        _Worker(settings, count),
        listeners,
        count=count,
        on_ready=lambda: _announce(settings, count),
        companion=gathering,
        # Whoever closes the terminal of a gateway wants it to end.
        passes_hangup=not sys.stderr.isatty(),
        drain_seconds=settings.drain_seconds,
    ).run()
    if code:
        stop("A worker could not start; see the lines above.", NO)


def _metrics(settings: Settings, count: int) -> Gathering:
    """Who asks the workers for their numbers, and the page that shows them, if there is one."""
    gathering = Gathering(count)
    if settings.metrics_port:
        bound = _bound("metrics", settings.metrics_host, settings.metrics_port)
        exposition = Exposition(gathering.gather, workers=count, started=time.time())
        PageServer(bound, exposition.page)
    return gathering


def _listeners(settings: Settings) -> list[Listener]:
    found = []
    if settings.https_port:
        found.append(
            Listener(
                _bound("https", settings.https_host, settings.https_port),
                settings.tls_certificate_file,
                settings.tls_key_file,
            )
        )
    if settings.http_port:
        found.append(Listener(_bound("http", settings.http_host, settings.http_port)))
    return found


def _bound(name: str, host: str, port: int) -> socket.socket:
    try:
        return bind(host, port)
    except OSError as error:
        place = f"{_in_url(host)}:{port}"
        stop(
            f"Cannot listen on {place}: {error.strerror}. Stop what is there, or set another "
            f"{name}_host or {name}_port.",
            WRONG,
        )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _announce(settings: Settings, count: int) -> None:
    places = []
    if settings.https_port:
        places.append(f"https://{_in_url(settings.https_host)}:{settings.https_port}")
    if settings.http_port:
        places.append(f"http://{_in_url(settings.http_host)}:{settings.http_port}")
    workers = "1 worker" if count == 1 else f"{count} workers"
    metrics = ""
    if settings.metrics_port:
        where = f"{_in_url(settings.metrics_host)}:{settings.metrics_port}"
        metrics = f"; metrics on http://{where}/metrics"
    sentence = f"Serving on {' and '.join(places)} with {workers}{metrics}."
    _say(settings, sentence, logging.INFO)


def _say(settings: Settings, sentence: str, level: int) -> None:
    """Tell the operator, in the log's form where programs read it."""
    if settings.log_format == JSON:
        logging.getLogger("kps.serve").log(level, "%s", sentence)
    else:
        click.echo(sentence, err=True)


class _Worker:
    """What a worker process runs.  It ends when its parent does."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._count = count

    def __call__(self, index: int, listeners: Sequence[Listener], ready: Connection) -> None:
        _start_log(self._settings)
        try:
            run_loop(self._serve(index, listeners, ready))
        except OPERATOR_ERRORS as error:
            logging.getLogger("kps.serve").error("%s", sentence_of(error))
            sys.exit(WRONG)

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
        async with open_gateway(settings, workers=self._count, **name) as running:
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
                ),
                on_ready=on_ready,
                stop=stop_event,
            )
            line.close()


def _leave(vitals: Vitals, stop_event: asyncio.Event, settings: Settings) -> None:
    """Answer on for a while, and tell load balancers to send nobody any more."""
    vitals.leave()
    asyncio.get_running_loop().call_later(settings.drain_seconds, stop_event.set)


def _start_log(settings: Settings) -> None:
    start_logging(settings.log_format, settings.log_level, clock=time.monotonic)
