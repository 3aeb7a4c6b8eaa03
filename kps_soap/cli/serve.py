"""``kps serve``: the gateway, as many workers as cores."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import click

from kps_soap.app import Running, open_gateway
from kps_soap.cli.terminal import NO, WRONG, home_option, settings_of, stop
from kps_soap.connections import Bounds
from kps_soap.inspection import inspect, problems
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.serving import Listener, Supervisor, bind, run_loop, serve_here
from kps_soap.settings import Settings
from kps_soap.terms import SYNTHETIC

SYNTHETIC_BANNER = "The register is SYNTHETIC: every person in it is invented."


@click.command()
@home_option
@click.option("--host", help="The address for https.")
@click.option("--port", type=int, help="The port for https; 0 for none.")
@click.option("--http-port", type=int, help="The port for plain http on loopback; 0 for none.")
@click.option("--workers", type=int, help="Worker processes; 0 for one a core.")
def serve(
    home: Path, host: str | None, port: int | None, http_port: int | None, workers: int | None
) -> None:
    """Serve the gateway of a home until SIGTERM or SIGINT."""
    settings = settings_of(
        home, https_host=host, https_port=port, http_port=http_port, workers=workers
    )
    _log_to_stderr()
    findings = inspect(settings)
    for problem in problems(findings):
        click.echo(problem, err=True)
    if not all(one.ok for one in findings):
        stop("Not started. Put the above right and try again; `kps check` looks again.", WRONG)
    if any(one.name == "register" and SYNTHETIC in one.text for one in findings):
        click.echo(SYNTHETIC_BANNER, err=True)
    listeners = _listeners(settings)
    count = settings.workers or len(os.sched_getaffinity(0))
    code = Supervisor(
        _Worker(settings, count),
        listeners,
        count=count,
        on_ready=lambda: _announce(settings, count),
    ).run()
    if code:
        stop("A worker could not start; see the lines above.", NO)


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
    click.echo(f"Serving on {' and '.join(places)} with {workers}.", err=True)


class _Worker:
    """What a worker process runs.  It ends when its parent does."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._count = count

    def __call__(self, index: int, listeners: Sequence[Listener], ready: Connection) -> None:
        _log_to_stderr()
        try:
            run_loop(self._serve(index, listeners, ready))
        except OPERATOR_ERRORS as error:
            logging.getLogger("kps.serve").error("%s", sentence_of(error))
            sys.exit(WRONG)

    async def _serve(self, index: int, listeners: Sequence[Listener], ready: Connection) -> None:
        settings, stop_event = self._settings, asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop_event.set)
        parent = multiprocessing.parent_process()
        if parent is not None:
            loop.add_reader(parent.sentinel, stop_event.set)

        def on_ready() -> None:
            with contextlib.suppress(BrokenPipeError):
                ready.send(True)

        running: Running
        async with open_gateway(settings, worker=str(index), workers=self._count) as running:
            await serve_here(
                running.application,
                listeners,
                Bounds(
                    settings.header_seconds_max,
                    settings.header_bytes_max,
                    settings.idle_seconds_max,
                ),
                on_ready=on_ready,
                stop=stop_event,
            )


def _log_to_stderr() -> None:
    """One line an event; libraries that could print a request are held at WARNING or above."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(process)d %(name)s %(message)s",
        force=True,
    )
    for name in ("uvicorn", "uvicorn.error", "spyne", "signxml", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)
