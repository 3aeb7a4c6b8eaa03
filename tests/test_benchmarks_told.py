"""What the benchmarks say of their figures, and that their steady sender is honest."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import grid, performance_page, plot
from benchmarks.__main__ import PARTS, _parts
from benchmarks.lines import Line, line_of, print_lines, told
from benchmarks.load import Load
from benchmarks.steady import highest, steady, sustained

CELL = grid.Cell("direct", "SQLite", "P-256", 8, 1, 1200.0, 4.0, 6.0, 9.0, 12.0, 800.0, 90.0, 0)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (Line("a", 3, must=2.5, goal=3), "goal"),
        (Line("a", 2.6, must=2.5, goal=3), "bar"),
        (Line("a", 2.4, must=2.5, goal=3), "MISSED"),
        (Line("a", 20, must=50, goal=20, less=True), "goal"),
        (Line("a", 51, must=50, goal=20, less=True), "MISSED"),
        (Line("a", 3971, goal=3971), "goal"),
        (Line("a", 1, goal=3971), "behind"),
        (Line("a", 1), ""),
    ],
)
def test_a_line_knows_whether_it_reached_its_bar_or_its_goal(line: Line, verdict: str) -> None:
    assert line.verdict == verdict
    assert line_of(json.loads(json.dumps(told(line)))) == line


def test_the_table_shows_bar_goal_and_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines([Line("p99", 12.345, "ms", must=50, goal=20, less=True, note="why")])
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.split() == ["p99", "12.35", "ms", "≤", "50", "≤", "20", "goal", "(why)"]


def test_only_parts_that_exist_can_be_asked_for() -> None:
    assert _parts(None) == list(PARTS)
    assert _parts("batch, tls") == ["batch", "tls"]
    with pytest.raises(SystemExit, match="No such part: speed"):
        _parts("speed")


def test_the_grid_names_what_cannot_be() -> None:
    assert grid.impossible("direct", "none", 1)
    assert grid.impossible("public", "P-256", 1)
    assert grid.impossible("token service", "none", 10)
    assert not grid.impossible("routing", "none", 100)
    assert not grid.impossible("direct", "RSA-2048", 100)


def test_the_plot_draws_every_door_of_every_database() -> None:
    cells = [
        {**{name: getattr(CELL, name) for name in CELL.__slots__}, "clients": count, **more}
        for count in (1, 8)
        for more in ({}, {"database": "PostgreSQL"}, {"door": "public", "signature": "none"})
    ]
    root = ElementTree.fromstring(plot.drawn(cells))
    words = {"".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"direct, P-256", "public, unsigned", "SQLite: p99, ms"} <= words
    lines = root.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert sum(bool(one.get("points")) for one in lines) == 6
    assert ElementTree.fromstring(plot.drawn([])) is not None


def test_a_section_of_the_page_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- load: begin -->\nold\n<!-- load: end -->\nz\n", encoding="utf-8")
    performance_page.put(page, "load", "new")
    text = page.read_text(encoding="utf-8")
    assert text == "a\n<!-- load: begin -->\nnew\n<!-- load: end -->\nz\n"
    with pytest.raises(SystemExit, match="no section bench"):
        performance_page.put(page, "bench", "new")


def test_the_page_of_figures_has_the_sections_that_are_written() -> None:
    text = performance_page.PAGE.read_text(encoding="utf-8")
    for section in ("bench", "load"):
        assert f"<!-- {section}: begin -->" in text
        assert f"<!-- {section}: end -->" in text


def test_the_sections_hold_machine_bars_and_arithmetic() -> None:
    machine = dict.fromkeys(
        ("day", "release", "processor", "cores", "memory", "system", "python", "openssl"), "?"
    )
    rate = Line(f"direct, P-256, SQLite{performance_page.RATE}", 1000)
    lines = [told(Line("p99", 12, "ms", must=50, goal=20, less=True)), told(rate)]
    text = performance_page.bench_section({"machine": machine, "lines": lines})
    assert "| p99 | 12 ms | ≤ 50 | ≤ 20 | goal |" in text
    assert "| direct, P-256, SQLite | 1,000 | 0.32 | 2 |" in text
    cell = {name: getattr(CELL, name) for name in CELL.__slots__}
    found = {"machine": machine, "persons": 10, "workers": 2, "seconds": 4, "cells": [cell]}
    assert "| direct | SQLite | P-256 | 1 | 8 | 1,200 | 4.0 |" in performance_page.load_section(
        found
    )


class _Slow(BaseHTTPRequestHandler):
    """Answers well, but the first of them late."""

    protocol_version = "HTTP/1.1"
    waited = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.waited.is_set():
            self.waited.set()
            time.sleep(0.3)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"good")

    def log_message(self, *_words: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """Holds as many callers as come at once; those of the library wait a second each."""

    request_queue_size = 256
    daemon_threads = True


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server of the standard library; gives its address."""
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_steady_sender_counts_what_waits_and_finds_the_highest_rate() -> None:
    _Slow.waited.clear()
    with answering(_Slow) as url:
        load = Load("x", url, lambda: ["one", "two"], {}, "good")
        found = steady(load, per_second=50, seconds=0.4)
        assert found.errors == 0
        assert found.most_ms >= 290
        wrong = steady(Load("x", url, lambda: ["one"], {}, "bad"), per_second=50, seconds=0.1)
        assert wrong.errors == 5
        # Nobody waits for a moment to come: more than at the steady rate above.
        assert highest(load, seconds=0.3) > 50


class _OneByOne:
    """Answers one at a time, in 10 ms, and says goodbye with some answers."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.answered = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        goodbye = b""
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while not goodbye:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split()[0]))
                async with self.turn:
                    await asyncio.sleep(0.01)
                self.answered += 1
                if self.answered % 7 == 0:
                    goodbye = b"Connection: close\r\n"
                writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: 4\r\n\r\ngood" % goodbye)


@contextmanager
def one_by_one() -> Iterator[tuple[str, _OneByOne]]:
    """A server with an event loop of its own; gives its address."""
    loop, serving = asyncio.new_event_loop(), _OneByOne()
    server = loop.run_until_complete(asyncio.start_server(serving, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", serving
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()


def test_a_sustained_rate_is_one_that_is_answered_in_time() -> None:
    with one_by_one() as (url, serving):
        load = Load("x", url, lambda: ["one", "two"], {}, "good")
        rate = sustained(load, seconds=0.5)
        # The server can do no more than 100, and whoever is told goodbye comes anew.
        assert 10 < rate < 100
        assert serving.answered > 50
        late = steady(load, per_second=200, seconds=0.5)
        assert late.errors == 0
        assert late.behind_s > 0.2


def test_no_rate_is_told_of_a_server_that_answers_something_else() -> None:
    with one_by_one() as (url, _), pytest.raises(SystemExit, match="does not answer as it"):
        sustained(Load("x", url, lambda: ["one"], {}, "bad"), seconds=0.2)
