"""What one connection may take."""

import asyncio
import logging
from dataclasses import replace

import pytest
from serving_samples import BOUNDS, Served, closed, request, serving_with

from kps_soap import connections
from kps_soap.connections import Bounds
from kps_soap.crowd import Crowd


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


# A crowded worker


def crowded() -> Bounds:
    """The bounds of a worker that has forty callers, beside one that is awake and has none."""
    # However long a test takes, nobody falls asleep.
    crowd = Crowd(2)
    mine, other = (crowd.seat(index, clock=lambda: 1.0) for index in range(2))
    other.open()
    for _ in range(40):
        mine.come()
    return replace(BOUNDS, seat=mine)


async def said_twice(served: Served) -> bytes:
    """What a caller hears who asks twice on one connection, as long as it is open."""
    reader, writer = await served.connect()
    said = b""
    for _ in range(2):
        writer.write(request("/", b"body"))
        try:
            said += await reader.readuntil(b"body")
        except asyncio.IncompleteReadError as ended:
            return said + ended.partial
    return said


def test_a_crowded_worker_says_goodbye_with_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STAY_SECONDS", 0.0)
    said = serving_with(said_twice, crowded())
    assert said.count(b"200 OK") == 1
    assert b"connection: close" in said


def test_who_has_just_come_is_not_told_to_come_anew() -> None:
    said = serving_with(said_twice, crowded())
    assert said.count(b"200 OK") == 2
    assert b"connection: close" not in said


def test_who_is_still_sending_is_not_told_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STAY_SECONDS", 0.0)

    async def work(served: Served) -> bytes:
        reader, writer = await served.connect()
        writer.write(request("/early", b"x" * 10)[:-5])
        said = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"x" * 5)
        return said

    assert b"connection: close" not in serving_with(work, crowded())
