"""``kps serve``: the gateway, as many workers as cores."""

from __future__ import annotations

import functools
import logging
import os
import socket
import sys
import time
from pathlib import Path

import click

from kps_soap.cli.terminal import NO, WRONG, home_option, settings_of, stop
from kps_soap.crowd import Crowd
from kps_soap.forking import prepare
from kps_soap.inspection import inspect, problems
from kps_soap.logs import JSON
from kps_soap.metrics.exposition import Exposition
from kps_soap.metrics.gathering import Gathering
from kps_soap.metrics.page import PageServer
from kps_soap.quotas import SharedBuckets
from kps_soap.renewal import obstacles
from kps_soap.serving import Listener, Supervisor, bind
from kps_soap.settings import Settings
from kps_soap.terms import SYNTHETIC
from kps_soap.worker import Worker, start_log

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
    start_log(settings)
    prepare(["kps_soap.warmed"])
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
    crowd, buckets = shared(count)
    code = Supervisor(
        Worker(settings, count, crowd, buckets),
        listeners,
        count=count,
        on_ready=lambda: _announce(settings, count),
        companion=gathering,
        # Whoever closes the terminal of a gateway wants it to end.
        passes_hangup=not sys.stderr.isatty(),
        drain_seconds=settings.drain_seconds,
        may_renew=functools.partial(_may_renew, settings),
        on_end=crowd.forget if crowd else lambda _index: None,
    ).run()
    if code:
        stop("A worker could not start; see the lines above.", NO)


def _may_renew(settings: Settings) -> bool:
    """Whether a new worker would come up; says why not."""
    found = list(obstacles(settings))
    for obstacle in found:
        _say(settings, f"Workers are not renewed: {obstacle}", logging.ERROR)
    return not found


def shared(count: int) -> tuple[Crowd, SharedBuckets] | tuple[None, None]:
    """What so many workers count callers and calls in; None where they can share no memory."""
    try:
        return Crowd(count), SharedBuckets(count)
    except OSError as trouble:
        logging.getLogger("kps.serve").warning(
            "Workers share no memory (%s): each takes its own callers, and has its own share of "
            "an agreement's calls a second. Give the gateway a directory for temporary files.",
            trouble.strerror,
        )
        return None, None


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
