"""A demo home opened in this process, and the same home behind a real socket.

Both answer a ``Message`` with a ``Told``; the one in this process also says what went on record.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from end_to_end.running import Served, make_home, serving
from lxml import etree

from benchmarks.routing import token_of
from corpus.world import MAIN, Message, World
from kps_soap import settings
from kps_soap.app import Running, open_gateway
from kps_soap.entry import Entry


@dataclass(frozen=True)
class Told:
    """An answer: status, headers in small letters, body; and who was answered, if anybody saw."""

    status: int
    headers: dict[str, str]
    body: bytes
    entry: Entry | None = None
    counted: str = ""

    @property
    def code(self) -> str:
        """The local name of the fault's innermost code; empty where there is no fault."""
        if not self.body.startswith((b"<?xml", b"<s:", b"<soap:")):
            return ""
        root = etree.fromstring(self.body)
        found = root.find("{*}Body/{*}Fault")
        if found is None:
            return ""
        for path in ("faultcode", "{*}Code/{*}Subcode/{*}Value", "{*}Code/{*}Value"):
            value = found.findtext(path)
            if value:
                return str(value.partition(":")[2])
        return "?"

    @property
    def refusal(self) -> str:
        """What the gateway itself calls it."""
        return self.counted or ("" if self.entry is None else self.entry.refusal)


def open_limits(home: Path) -> None:
    """Let the corpus ask as fast as it can: its subject is not how often."""
    for file in (home / "agreements").glob("*.toml"):
        lines = file.read_text(encoding="utf-8").splitlines()
        lines = [
            f"{name} = 10000" if (name := line.partition(" =")[0]) in _FAST else line
            for line in lines
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


_FAST = ("calls_per_second_max", "persons_per_day_max")


def make_fast_home(home: Path) -> Path:
    make_home(home, persons=200)
    open_limits(home)
    return home


#: A directory in memory: thousands of durable commits are none of the corpus's business.
_MEMORY = Path("/dev/shm")


@contextmanager
def fast_home(folder: Path) -> Iterator[Path]:
    """A demo home for many questions, in memory where there is such a place."""
    if not os.access(_MEMORY, os.W_OK):
        yield make_fast_home(folder / "home")
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY, prefix="kps-corpus-") as place:
        yield make_fast_home(Path(place) / "home")


@dataclass
class Inside:
    """The gateway in this process, called as an ASGI server calls it."""

    runner: asyncio.Runner
    running: Running
    entries: list[Entry] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    world: World = field(init=False)

    def watch(self) -> None:
        """From now on keep what goes on record or is counted."""
        gateway = self.running.doorway.gateway

        async def record(entry: Entry) -> None:
            await gateway.record(entry)
            self.entries.append(entry)

        def count(source: str, door: str, refusal: str, at: Any) -> None:
            gateway.count_refusal(source, door, refusal, at)
            self.counted.append(refusal)

        self.running.doorway.gateway = replace(gateway, record=record, count_refusal=count)

    def send(self, message: Message) -> Told:
        self.entries.clear()
        self.counted.clear()
        status, headers, body = self.runner.run(self._call(message))
        entry = self.entries[-1] if self.entries else None
        return Told(status, headers, body, entry, self.counted[-1] if self.counted else "")

    async def _call(self, message: Message) -> tuple[int, dict[str, str], bytes]:
        path, _, query = message.target.partition("?")
        content = message.content
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (*message.headers, ("Content-Length", str(len(content))))
        ]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "method": message.method, "scheme": "http", "path": unquote(path),
            "raw_path": path.encode("latin-1"), "query_string": query.encode("latin-1"),
            "root_path": "", "headers": headers, "client": ("127.0.0.1", 4711),
            "server": ("127.0.0.1", 8080), "state": {},
        }  # fmt: skip
        sent: list[Any] = []
        pending = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> Any:
            return pending.pop() if pending else {"type": "http.disconnect"}

        async def send(event: Any) -> None:
            sent.append(event)

        await self.running.application(scope, receive, send)
        start = sent[0]
        body = b"".join(one.get("body", b"") for one in sent[1:])
        names = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        return start["status"], names, body


@contextmanager
def inside(home: Path) -> Iterator[Inside]:
    """Open a home in this process."""
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opened = runner.run(_opened(stack, home))
        try:
            house = Inside(runner, opened)
            house.watch()
            house.world = _world(demo, lambda message: house.send(message).body)
            yield house
        finally:
            runner.run(stack.aclose())


async def _opened(stack: AsyncExitStack, home: Path) -> Running:
    chosen = settings.read(home, {})
    return await stack.enter_async_context(open_gateway(chosen))


def _world(demo: dict[str, Any], send: Any) -> World:
    without: Any = None
    asking = World(demo, without)
    answer: bytes = send(asking.good("issuer"))
    return World(demo, token_of(answer.decode()))


@dataclass
class Outside:
    """The served home, asked over plain HTTP on loopback, a connection a case."""

    served: Served
    world: World = field(init=False)
    kept: http.client.HTTPConnection | None = None

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.served.http.removeprefix("http://").partition(":")
        return host, int(port)

    def send(self, message: Message) -> Told:
        """The message as it is, its length before it, the connection closed behind it."""
        content = message.content
        lines = [f"{message.method} {message.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in message.headers]
        lines += [f"Content-Length: {len(content)}", "Connection: close", "", ""]
        raw = "\r\n".join(lines).encode("latin-1") + content
        with socket.create_connection(self.address, timeout=20) as connection:
            connection.sendall(raw)
            return answer_on(connection, message.method)

    def baseline(self) -> Told:
        """The good public message, on a connection that is kept: it must have survived."""
        message = self.world.good("public")
        if self.kept is None:
            self.kept = http.client.HTTPConnection(*self.address, timeout=20)
        self.kept.request("POST", message.target, message.content, dict(message.headers))
        answer = self.kept.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Told(answer.status, names, answer.read())


def answer_on(connection: socket.socket | ssl.SSLSocket, method: str = "POST") -> Told:
    """Read one answer from a connection."""
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Told(response.status, names, response.read())
    finally:
        response.close()


@contextmanager
def outside(home: Path) -> Iterator[Outside]:
    """Serve a home by real processes."""
    with serving(home, workers=1) as served:
        house = Outside(served)
        house.world = _world(served.demo, lambda message: house.send(message).body)
        try:
            yield house
        finally:
            if house.kept is not None:
                house.kept.close()


__all__ = [
    "MAIN",
    "Inside",
    "Outside",
    "Told",
    "answer_on",
    "fast_home",
    "inside",
    "make_fast_home",
    "outside",
]
