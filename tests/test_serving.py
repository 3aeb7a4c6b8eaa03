"""Sockets, the bounds of a connection, and worker processes that are kept alive."""

import asyncio
import gc
import logging
import os
import random
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import replace
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from serving_workers import Worker
from worker_processes import copied_from, is_alive

from kps_soap import connections, http_server, serving
from kps_soap.certificates import write_demo_files
from kps_soap.connections import Bounds
from kps_soap.http_server import CONNECTIONS_USUAL, connections_allowed
from kps_soap.serving import (
    STARTUP_FAILED,
    Listener,
    Supervisor,
    bind,
    run_loop,
    serve_here,
)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Application:
    """Answers with what it was sent; ``/early`` without reading, ``/late`` after a while."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        body = b""
        while scope["path"] != "/early":
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        if scope["path"] == "/late":
            await asyncio.sleep(0.4)
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


class Served:
    """A served application and the way to it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.application = Application()
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, **options)
        self._writers.append(writer)
        return reader, writer

    async def rest(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """Send some pieces, and read until the server closes the connection."""
        reader, writer = await self.connect()
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
        except ConnectionError:
            return b""
        return await closed(reader)

    def silent_connection(self, tls: ssl.SSLContext) -> ssl.SSLSocket:
        """A connection over TLS whose caller sends one request and never reads or closes."""
        plain = socket.create_connection(("127.0.0.1", self._port))
        secured = tls.wrap_socket(plain, server_hostname="localhost")
        secured.sendall(request("/"))
        return secured

    async def leave(self) -> None:
        for writer in self._writers:
            writer.close()


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the server closes; a reset is an end too."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


#: Short enough for a test; the idle time is long, so that it is never the reason of a closing.
BOUNDS = Bounds(header_seconds_max=0.2, header_bytes_max=1_000, idle_seconds_max=60)  # type: ignore[arg-type]


def serving_with(
    work: Callable[[Served], Awaitable[Any]],
    bounds: Bounds = BOUNDS,
    **listener: Any,
) -> Any:
    """Serve on a loopback port while some work is done with it."""

    async def run() -> Any:
        bound = bind("127.0.0.1", 0)
        served = Served(bound.getsockname()[1])
        ready, stop = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(
            serve_here(
                served.application,
                [Listener(bound, **listener)],
                bounds,
                on_ready=ready.set,
                stop=stop,
            )
        )
        async with asyncio.timeout(20):
            await ready.wait()
            try:
                return await work(served)
            finally:
                await served.leave()
                stop.set()
                await running

    return asyncio.run(run())


def request(path: str = "/", body: bytes = b"", *headers: bytes) -> bytes:
    lines = [b"POST %b HTTP/1.1" % path.encode(), b"Host: kapi.example", *headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


# The bounds of a connection


def test_a_connection_on_which_nothing_comes_is_closed() -> None:
    assert serving_with(lambda served: served.rest()) == b""


def test_headers_that_come_letter_by_letter_are_cut_off() -> None:
    async def work(served: Served) -> None:
        letters = [bytes([letter]) for letter in request()[:40]]
        assert await served.rest(*letters, pause=0.02) == b""
        assert served.application.paths == []

    serving_with(work)


def test_headers_without_an_end_are_cut_off_by_their_size() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(b"POST / HTTP/1.1\r\nX: " + b"x" * 2_000)
        assert await closed(reader) == b""
        assert (
            await served.rest(b"POST / HTTP/1.1\r\n", *[b"X: " + b"x" * 200 + b"\r\n"] * 9) == b""
        )
        assert served.application.paths == []

    serving_with(work, Bounds(header_seconds_max=60, header_bytes_max=1_000, idle_seconds_max=60))


def test_a_caller_who_sends_far_ahead_is_answered_in_order_and_read_no_further() -> None:
    async def work(served: Served) -> None:
        count = 200
        reader, writer = await served.connect()
        writer.write(b"".join(request("/", b"%06d" % number) for number in range(count)))
        answers = b""
        async with asyncio.timeout(10):
            while answers.count(b"HTTP/1.1 200") < count or not answers.endswith(
                b"%06d" % (count - 1)
            ):
                answers += await reader.read(65_536)
        places = [answers.index(b"%06d" % number) for number in range(count)]
        assert places == sorted(places)

    serving_with(work)


def test_a_caller_who_sends_ahead_and_leaves_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(served: Served) -> None:
        _, writer = await served.connect()
        writer.write(b"".join([request("/late", b"body")] * 3))
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.sleep(0.6)
        assert served.application.paths == ["/late"]

    serving_with(work)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_caller_who_has_said_all_still_gets_the_answer() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/late", b"body"))
        writer.write_eof()
        async with asyncio.timeout(5):
            assert (await reader.read()).endswith(b"body")
        reader, writer = await served.connect()
        writer.write(request("/", b"body")[:-2])
        writer.write_eof()
        assert await closed(reader) == b""

    serving_with(work)


def test_nothing_more_is_read_while_requests_wait_behind_another() -> None:
    class Line:
        """A transport that keeps what it was told."""

        def __init__(self) -> None:
            self.told: list[str] = []
            self.closing = False

        def is_closing(self) -> bool:
            return self.closing

        def pause_reading(self) -> None:
            self.told.append("pause")

        def resume_reading(self) -> None:
            self.told.append("resume")

    line, waiting = Line(), ["a request", "another"]
    flow = connections.PatientFlow(line, waiting)  # type: ignore[arg-type]
    flow.pause_reading()
    flow.resume_reading()
    waiting.clear()
    flow.resume_reading()
    assert line.told == ["pause", "resume"]
    line.closing = True
    flow.pause_reading()
    flow.resume_reading()
    assert line.told == ["pause", "resume"]


def test_headers_that_come_whole_but_too_large_are_refused_and_reach_nobody() -> None:
    async def work(served: Served) -> None:
        large = request("/", b"body", b"X: " + b"x" * 2_000)
        answer = await served.rest(large)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"xxx" not in answer
        assert (await served.rest(request("/" + "p" * 1_000))).startswith(b"HTTP/1.1 400 ")
        assert served.application.paths == []

    serving_with(work, Bounds(header_seconds_max=60, header_bytes_max=1_000, idle_seconds_max=60))


@pytest.mark.parametrize(("extra", "taken"), [(0, True), (1, False)])
def test_headers_at_the_bound_are_taken_and_one_byte_more_is_not(
    extra: int, *, taken: bool
) -> None:
    # "/", Host and its value, Content-Length and "0", X and its value.
    rest = len("/") + len("Hostkapi.example") + len("Content-Length0") + len("X")
    large = request("/", b"", b"X: " + b"x" * (1_000 - rest + extra), b"Connection: close")
    fitting = Bounds(60, 1_000 + len("Connectionclose"), 60)

    async def work(served: Served) -> bytes:
        first, _, _ = (await served.rest(large)).partition(b"\r\n")
        return first

    # What comes in one piece with all its line ends is larger than the sum of its parts.
    status = serving_with(work, fitting)
    assert status == (b"HTTP/1.1 200 OK" if taken else b"HTTP/1.1 400 Bad Request")


def test_a_body_is_not_counted_among_the_headers() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        body = b"b" * 200_000
        for _ in range(3):
            writer.write(request("/", body))
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(len(body)) == body

    serving_with(work)


def test_a_slow_body_and_a_slow_answer_are_no_business_of_the_header_deadline() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        message = request("/late", b"12345678")
        writer.write(message[:-4])
        await asyncio.sleep(0.4)
        writer.write(message[-4:])
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(8) == b"12345678"

    serving_with(work)


def test_the_next_request_on_a_connection_has_a_deadline_of_its_own() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/first"))
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.4)
        writer.write(request("/second"))
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        writer.write(request("/third")[:10])
        assert await closed(reader) == b""
        assert served.application.paths == ["/first", "/second"]

    serving_with(work)


def test_large_headers_of_a_later_request_are_refused_too() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/first"))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"POST /second HTTP/1.1\r\nX: " + b"x" * 2_000)
        assert await closed(reader) == b""
        assert served.application.paths == ["/first"]

    serving_with(work, Bounds(header_seconds_max=60, header_bytes_max=1_000, idle_seconds_max=60))


@pytest.mark.parametrize("idle", [b"\r\n", b"\n", b"\r\n\r\n"])
def test_a_blank_line_after_an_answer_does_not_hold_the_connection(idle: bytes) -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/first"))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(idle)
        assert await closed(reader) == b""

    serving_with(work)


def test_the_rest_of_a_body_that_nobody_wants_does_not_hold_the_connection() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/early", b"b" * 1_000)[:-900])
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        ending = asyncio.create_task(closed(reader))
        while not ending.done():
            writer.write(b"b")
            await asyncio.sleep(0.02)
        assert await ending == b""

    serving_with(work)


def test_an_idle_connection_is_closed_after_its_own_time() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/first"))
        await reader.readuntil(b"\r\n\r\n")
        assert await closed(reader) == b""

    serving_with(work, Bounds(header_seconds_max=60, header_bytes_max=1_000, idle_seconds_max=0))


def test_requests_that_come_in_one_piece_are_answered_one_after_the_other() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/late", b"one") + request("/", b"two") + request("/", b"three"))
        for body in (b"one", b"two", b"three"):
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(len(body)) == body

    serving_with(work)


@pytest.mark.parametrize(
    "offer",
    [
        (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ"),
        (b"UPGRADE : websocket", b"connection: upgrade"),
    ],
)
def test_an_offer_of_another_protocol_is_ignored_and_the_body_is_read(
    offer: tuple[bytes, ...],
) -> None:
    body = b"<a>\r\nUpgrade: in the body</a>"

    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/", body, *offer))
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(body)) == body

    serving_with(work)


def test_what_is_no_http_is_refused_and_closed() -> None:
    async def work(served: Served) -> None:
        assert (await served.rest(b"\x16\x03\x01 hello\r\n\r\n")).startswith(b"HTTP/1.1 400 ")

    serving_with(work)


def test_connections_that_come_to_no_question_are_counted_by_what_was_wrong() -> None:
    counted: list[str] = []
    bounds = Bounds(0.2, 1_000, 60, counted.append)  # type: ignore[arg-type]

    async def work(served: Served) -> None:
        await served.rest(b"\x16\x03\x01 hello\r\n\r\n")
        await served.rest(request("/" + "p" * 1_000))
        await served.rest(b"POST / HTTP/1.1\r\n", *[b"X: " + b"x" * 400 + b"\r\n"] * 5)
        await served.rest(request()[:20])
        # Who says nothing, and who has said all, is no trouble.
        await served.rest()
        assert b"200 OK" in await served.rest(request("/", b"", b"Connection: close"))

    serving_with(work, bounds)
    large = "headers_too_large"
    assert counted == ["not_http", large, large, "headers_too_slow"]


def test_no_answer_names_the_server_software() -> None:
    async def work(served: Served) -> None:
        reader, writer = await served.connect()
        writer.write(request("/"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"server:" not in head
        assert b"uvicorn" not in head

    serving_with(work)


# Sockets and servers


def test_a_port_that_is_taken_is_an_error_and_leaves_no_socket_open() -> None:
    taken = bind("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", taken.getsockname()[1])
    finally:
        taken.close()


def test_an_address_with_colons_is_of_version_6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine knows no IPv6")
    bound = bind("::1", 0)
    assert bound.family is socket.AF_INET6
    assert bound.get_inheritable()
    bound.close()


def test_tls_is_spoken_from_version_1_2_on(tmp_path: Path) -> None:
    files = write_demo_files(tmp_path, date.today(), randomness=random.Random(1).randbytes)
    client = ssl.create_default_context(cafile=str(files.ca_certificate))

    async def work(served: Served) -> None:
        reader, writer = await served.connect(ssl=client, server_hostname="localhost")
        assert writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
        writer.write(request("/", b"secret"))
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(6) == b"secret"
        client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        client.maximum_version = ssl.TLSVersion.TLSv1_1
        client.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await served.connect(ssl=client, server_hostname="localhost")

    with pytest.warns(DeprecationWarning):
        serving_with(
            work,
            tls_certificate_file=files.tls_certificate,
            tls_key_file=files.tls_key,
        )


def test_requests_in_hand_are_finished_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "GOODBYE_SECONDS", 0.05)
    answers: list[bytes] = []

    async def run() -> None:
        bound, stop = bind("127.0.0.1", 0), asyncio.Event()
        served = Served(bound.getsockname()[1])
        ready = asyncio.Event()
        running = asyncio.create_task(
            serve_here(served.application, [Listener(bound)], BOUNDS, on_ready=ready.set, stop=stop)
        )
        await ready.wait()
        reader, writer = await served.connect()
        writer.write(request("/late", b"body"))
        while not served.application.paths:
            await asyncio.sleep(0.01)
        stop.set()
        answers.append(await closed(reader))
        await running
        await served.leave()

    # On the fast event loop, as a worker does.
    run_loop(run())
    assert answers[0].endswith(b"\r\n\r\nbody")


def test_a_caller_who_says_no_goodbye_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only a connection that is cut ends before the patience of this test does.
    monkeypatch.setattr(http_server, "GRACE_SECONDS", 3_600)
    monkeypatch.setattr(connections, "GOODBYE_SECONDS", 0.05)
    files = write_demo_files(tmp_path, date.today(), randomness=random.Random(1).randbytes)
    client = ssl.create_default_context(cafile=str(files.ca_certificate))
    silent: list[ssl.SSLSocket] = []

    async def work(served: Served) -> None:
        silent.append(await asyncio.to_thread(served.silent_connection, client))

    serving_with(work, tls_certificate_file=files.tls_certificate, tls_key_file=files.tls_key)
    silent[0].close()


def test_where_there_is_no_fast_event_loop_the_standard_one_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loops: list[str] = []

    async def look() -> None:
        loops.append(type(asyncio.get_running_loop()).__module__.partition(".")[0])

    run_loop(look())
    monkeypatch.setattr(sys, "platform", "win32")
    run_loop(look())
    assert loops == ["uvloop", "asyncio"]


def test_a_server_that_cannot_start_ends_the_others_and_is_told() -> None:
    said: list[str] = []

    async def run() -> None:
        good, broken = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
        broken.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            await serve_here(
                Application(),
                [Listener(good), Listener(broken)],
                BOUNDS,
                on_ready=lambda: said.append("ready"),
                stop=asyncio.Event(),
            )
        while good.fileno() != -1:
            await asyncio.sleep(0.01)

    asyncio.run(run())
    assert said == []


def test_a_handshake_that_does_not_come_to_an_end_is_cut_off(tmp_path: Path) -> None:
    files = write_demo_files(tmp_path, date.today(), randomness=random.Random(1).randbytes)

    async def work(served: Served) -> bytes:
        return await served.rest(b"\x16\x03\x01")

    assert (
        serving_with(work, tls_certificate_file=files.tls_certificate, tls_key_file=files.tls_key)
        == b""
    )


@pytest.mark.parametrize("leaves", ["answers", "a rest of one"])
def test_a_caller_who_reads_no_answers_is_cut_off(leaves: str) -> None:
    counted: list[str] = []
    bounds = replace(BOUNDS, write_seconds_max=0.2, idle_seconds_max=1, count=counted.append)

    async def work(served: Served) -> None:
        reader, writer = await served.connect(limit=1)
        writer.transport.pause_reading()
        body = b"x" * (4_000_000 if leaves == "answers" else 65_000)
        for _ in range(2 if leaves == "answers" else 1):
            writer.write(request("/", body))
        while "never_read" not in counted and leaves == "answers":
            await asyncio.sleep(0.02)
        writer.transport.resume_reading()
        await closed(reader)

    serving_with(work, bounds)
    assert counted == (["never_read"] if leaves == "answers" else [])


def test_one_connection_too_many_ends_the_one_that_has_rested_longest() -> None:
    counted: list[str] = []
    bounds = replace(BOUNDS, header_seconds_max=10, connections_max=2, count=counted.append)

    async def work(served: Served) -> None:
        resting, _ = await served.connect()
        asked, writer = await served.connect()
        writer.write(request("/late", b"12345678"))
        while not served.application.paths:
            await asyncio.sleep(0.01)
        for _ in range(2):
            another, more = await served.connect()
            more.write(request("/", b"new"))
            await another.readuntil(b"new")
            assert await closed(resting) == b""
            resting = another
        # Whoever waits for an answer is never the one.
        await asked.readuntil(b"12345678")

    serving_with(work, bounds)
    assert counted == ["no_room", "no_room"]


def test_as_many_connections_are_held_as_files_may_be_open() -> None:
    fitting = connections_allowed(0)
    assert 16 <= fitting <= CONNECTIONS_USUAL
    assert connections_allowed(20) == 20
    assert connections_allowed(10**9) >= fitting


def test_a_question_that_comes_while_it_stops_is_answered_as_the_last_one() -> None:
    said: list[bytes] = []

    async def run() -> None:
        bound, stop = bind("127.0.0.1", 0), asyncio.Event()
        served, ready = Served(bound.getsockname()[1]), asyncio.Event()
        running = asyncio.create_task(
            serve_here(served.application, [Listener(bound)], BOUNDS, on_ready=ready.set, stop=stop)
        )
        await ready.wait()
        reader, writer = await served.connect()
        writer.write(request("/first", b"body"))
        await reader.readuntil(b"body")
        stop.set()
        await asyncio.sleep(0.3)
        writer.write(request("/second", b"body"))
        said.append(await closed(reader))
        await running
        await served.leave()
        assert served.application.paths == ["/first", "/second"]

    run_loop(run())
    assert b"connection: close" in said[0] and said[0].endswith(b"body")


# Workers


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The handlers as they were, and an end to whatever hangs."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
    before = {number: signal.getsignal(number) for number in numbers}
    watchdog = threading.Timer(30, os.kill, (os.getpid(), signal.SIGTERM))
    watchdog.daemon = True
    watchdog.start()
    yield
    watchdog.cancel()
    for number, handler in before.items():
        signal.signal(number, handler)


class FakeCompanion:
    """Keeps what it is told of the workers; whoever left must still have had a line."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def joined(self, index: int, line: Connection) -> None:
        assert not line.closed
        self.told.append(f"{index} joined")

    def left(self, index: int, *, replaced: bool) -> None:
        self.told.append(f"{index} left{' for another' if replaced else ''}")


class Supervised:
    """A supervisor of workers that keep a diary."""

    def __init__(self, diary: Path, *turns: list[str], stop_at: int = 0) -> None:
        self._diary = diary
        self.announced = 0
        self.companion = FakeCompanion()
        self.supervisor = Supervisor(
            Worker(diary, turns, stop_at),
            [],
            count=len(turns),
            on_ready=self._on_ready,
            pause_seconds=0.05,
            companion=self.companion,
            passes_hangup=True,
        )
        self.when_ready: Callable[[], None] = lambda: None

    def _on_ready(self) -> None:
        self.announced += 1
        self.when_ready()

    def run(self) -> int:
        return self.supervisor.run()

    def starts(self, index: int) -> int:
        return len(list(self._diary.glob(f"{index}-*")))

    def process(self, index: int, turn: int = 0) -> int:
        return int((self._diary / f"{index}-{turn}").read_text())

    def all_ended(self) -> bool:
        """Is no process of the diary alive any more?"""
        processes = [int(entry.read_text()) for entry in self._diary.iterdir()]
        return not any(Path(f"/proc/{process}").exists() for process in processes)

    def all_going(self) -> bool:
        """Do all processes of the diary end without being told any more?

        One whose line is closed is at its very end, and whoever inherits it fetches it later.
        """
        processes = [int(entry.read_text()) for entry in self._diary.iterdir()]
        moments = 500
        while any(map(is_alive, processes)) and moments:
            moments -= 1
            time.sleep(0.01)
        return moments > 0


def tell(number: signal.Signals) -> Callable[[], None]:
    """Send this process a signal."""
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_workers_and_the_supervisor_without_an_error(
    tmp_path: Path, number: signal.Signals
) -> None:
    supervised = Supervised(tmp_path, ["ready"], ["ready"])
    supervised.when_ready = tell(number)
    assert supervised.run() == 0
    assert supervised.announced == 1
    assert (supervised.starts(0), supervised.starts(1)) == (1, 1)
    assert supervised.all_ended()


def test_a_hang_up_is_passed_on_to_the_workers(tmp_path: Path) -> None:
    """These have no use for it and end; the gateway's own look at their files."""
    supervised = Supervised(tmp_path, ["ready"], stop_at=2)
    supervised.when_ready = tell(signal.SIGHUP)
    assert supervised.run() == 0
    assert supervised.starts(0) == 2
    assert supervised.all_ended()


def test_workers_are_renewed_one_after_the_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="kps.serving")
    # The second worker's second start is the third of its diary, and tells the parent to stop.
    supervised = Supervised(tmp_path, ["ready"], ["ready"], stop_at=3)
    (tmp_path / "1-before").write_text("0")
    supervised.when_ready = tell(signal.SIGUSR2)
    assert supervised.run() == 0
    assert (supervised.starts(0), supervised.starts(1)) == (2, 3)
    assert supervised.announced == 1
    said = [record.getMessage() for record in caplog.records if record.name == "kps.serving"]
    assert said[:2] == ["worker 0 is renewed", "worker 1 is renewed"]


def test_workers_are_left_as_they_are_where_new_ones_would_not_come_up(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path, ["ready"])
    asked: list[int] = []

    def no() -> bool:
        asked.append(supervised.starts(0))
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    supervised.supervisor._may_renew = no
    supervised.when_ready = tell(signal.SIGUSR2)
    assert supervised.run() == 0
    assert asked == [1]
    assert supervised.starts(0) == 1


def test_a_killed_worker_is_started_again_and_nothing_is_announced_twice(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path, ["ready"], stop_at=2)
    supervised.when_ready = lambda: os.kill(supervised.process(0), signal.SIGKILL)
    assert supervised.run() == 0
    assert supervised.starts(0) == 2
    assert supervised.announced == 1
    assert supervised.all_ended()
    told = supervised.companion.told
    assert told[:2] == ["0 joined", "0 left for another"]
    assert told[-1] == "0 left"
    assert told.count("0 left for another") == 1


@pytest.mark.parametrize(
    ("turn", "code"), [("exit", 7), ("clean-exit", STARTUP_FAILED), ("kill", -signal.SIGKILL)]
)
def test_a_worker_that_cannot_start_stops_everything_with_its_code(
    tmp_path: Path, turn: str, code: int
) -> None:
    supervised = Supervised(tmp_path, ["ready"], [turn])
    assert supervised.run() == code
    assert supervised.announced == 0
    assert supervised.starts(1) == 1
    assert supervised.all_ended()


def test_a_worker_that_cannot_start_again_is_tried_again_while_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    turns = ["ready-exit", "exit", "kill", "ready"]
    supervised = Supervised(tmp_path, turns, ["ready"], stop_at=4)
    assert supervised.run() == 0
    assert supervised.starts(0) == 4
    assert supervised.starts(1) == 1
    assert supervised.announced <= 1
    assert supervised.all_ended()
    ends = [record.getMessage() for record in caplog.records if record.name == "kps.serving"]
    assert ends == [
        "worker 0 ended with code 0; starting another",
        "worker 0 ended with code 7; starting another",
        "worker 0 ended with code -9; starting another",
    ]


def test_a_worker_that_does_not_listen_is_killed_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", -4.8)
    supervised = Supervised(tmp_path, ["stubborn"])
    supervised.when_ready = tell(signal.SIGTERM)
    assert supervised.run() == 0
    assert supervised.all_ended()


def kill_the_middle() -> None:
    """SIGKILL for the process that the workers are copies of."""
    (middle,) = copied_from(os.getpid())
    os.kill(middle, signal.SIGKILL)


@pytest.mark.parametrize("first", ["ready", "deaf"])
def test_if_what_workers_are_copies_of_is_killed_there_are_never_two_in_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Each is told, or killed in the end, before there is another one."""
    if first == "deaf":
        monkeypatch.setattr(serving, "GRACE_SECONDS", -4.8)
    supervised = Supervised(tmp_path, [first, "ready"], stop_at=2)
    alive: list[bool] = []
    start = supervised.supervisor._start

    def look_and_start(index: int) -> None:
        alive.append(not supervised.all_going())
        start(index)

    supervised.supervisor._start = look_and_start  # type: ignore[method-assign]
    supervised.when_ready = kill_the_middle
    assert supervised.run() == 0
    assert supervised.starts(0) == 2
    assert alive == [False, False]
    assert supervised.all_going()


def test_workers_end_with_everything_if_what_they_are_copies_of_is_killed_before(
    tmp_path: Path,
) -> None:
    supervised = Supervised(tmp_path, ["ready"], ["ready"])

    def kill_and_stop() -> None:
        kill_the_middle()
        os.kill(os.getpid(), signal.SIGTERM)

    supervised.when_ready = kill_and_stop
    assert supervised.run() == 0
    assert (supervised.starts(0), supervised.starts(1)) == (1, 1)
    assert supervised.all_going()


def test_while_it_serves_the_interpreter_looks_through_new_objects_alone() -> None:
    interval = sys.getswitchinterval()
    with serving.without_pauses():
        assert gc.get_freeze_count() > 10_000
        assert sys.getswitchinterval() == pytest.approx(serving.SWITCH_SECONDS)
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == pytest.approx(interval)
