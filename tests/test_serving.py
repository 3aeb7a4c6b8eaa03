"""Sockets, servers, and how both end."""

import asyncio
import gc
import random
import socket
import ssl
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from serving_samples import (
    BOUNDS,
    Application,
    Served,
    closed,
    request,
    serving_with,
)

from kps_soap import connections, http_server, serving
from kps_soap.certificates import write_demo_files
from kps_soap.http_server import CONNECTIONS_USUAL, connections_allowed
from kps_soap.serving import (
    Listener,
    bind,
    run_loop,
    serve_here,
)


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


def test_while_it_serves_the_interpreter_looks_through_new_objects_alone() -> None:
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    with serving.without_pauses():
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] == serving.NEW_OBJECTS_MAX
        assert sys.getswitchinterval() == pytest.approx(serving.SWITCH_SECONDS)
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == pytest.approx(interval)
    assert gc.get_threshold() == thresholds
