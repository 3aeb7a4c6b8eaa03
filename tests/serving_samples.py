"""An application that is served on a loopback port, and what its callers send."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kps_soap.connections import Bounds
from kps_soap.serving import (
    Listener,
    bind,
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
