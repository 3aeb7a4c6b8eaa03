"""What one connection may take: the bounds that uvicorn's HTTP protocol lacks.

How long and how large the headers of a request may be, how far ahead a caller may send, and how
long a goodbye may take.  HTTP itself stays uvicorn's business; this room knows nothing of SOAP,
of sockets or of processes.
"""

from __future__ import annotations

import re
from asyncio import TimerHandle, Transport
from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

#: How long a closing connection may take to say goodbye when the gateway stops.
GOODBYE_SECONDS: Final = 0.5
_UPGRADE: Final = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


def _uncounted(_reason: str) -> None:
    """Where nobody counts."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may take: seconds and bytes of headers, seconds of rest.

    ``count`` hears why a connection was ended before there was a whole request: ``not_http``,
    ``headers_too_large``, ``headers_too_slow``.
    """

    header_seconds_max: int
    header_bytes_max: int
    idle_seconds_max: int
    count: Callable[[str], None] = _uncounted


class HeadersTooLarge(Exception):
    """Ends the parsing of a request whose headers came whole, but too large."""


class PatientFlow(FlowControl):
    """Reads on only when no request waits behind the one being answered.

    uvicorn reads on after every answer, however many requests it has already taken in; a caller
    who sends thousands without reading one answer would fill the memory.
    """

    def __init__(self, transport: Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            super().pause_reading()

    def resume_reading(self) -> None:
        # A line that is closed cannot be read on, and must not be told to.
        if not self._waiting and not self._transport.is_closing():
            super().resume_reading()


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request headers are too slow or too large.

    The deadline runs from the first byte that comes while no request is being answered,
    whatever that byte is: uvicorn's own idle timer stops at any byte, so a blank line or
    the rest of a body that nobody wants would otherwise hold a connection for ever.
    """

    bounds: ClassVar[Bounds]
    #: Set when the server begins to stop, for connections that were on their way by then.
    stopping: ClassVar[bool] = False
    _answering: RequestResponseCycle | None = None
    _deadline: TimerHandle | None = None
    _header_bytes = 0
    _in_headers = False
    _in_body = False
    _too_large = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = PatientFlow(transport, self.pipeline)
        self._start_deadline()
        if self.stopping:
            self.loop.call_later(GOODBYE_SECONDS, self.shutdown)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        # uvicorn tells only the request that came last that nobody listens any more.
        left = [cycle for cycle, _ in self.pipeline]
        self.pipeline.clear()
        for cycle in [*left, *([self._answering] if self._answering else [])]:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A caller who has said all may still listen: the last answer goes out, then the end."""
        cycle = self.cycle
        over_tls = self.transport.get_extra_info("sslcontext") is not None
        if over_tls or cycle is None or cycle.response_complete or self._in_body:
            return None
        cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._start_deadline()
        began_in_body = self._in_body
        super().data_received(data if began_in_body else _without_upgrade(data))
        if self._in_headers and not began_in_body:
            self._header_bytes += len(data)
            if self._header_bytes > self.bounds.header_bytes_max:
                self.bounds.count("headers_too_large")
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0
        self._start_deadline()

    def on_headers_complete(self) -> None:
        self._stop_deadline()
        self._in_headers, self._in_body = False, True
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.bounds.header_bytes_max:
            # The parser stops, uvicorn answers 400 and closes.
            self._too_large = True
            raise HeadersTooLarge
        super().on_headers_complete()
        if self.stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self.bounds.count("headers_too_large" if self._too_large else "not_http")
        super().send_400_response(msg)

    def shutdown(self) -> None:
        """Close as soon as nothing is being answered; wait for no goodbye over TLS."""
        super().shutdown()
        self.loop.call_later(GOODBYE_SECONDS, self._leave)

    def _leave(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()
        else:
            self.loop.call_later(GOODBYE_SECONDS, self._leave)

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.bounds.header_seconds_max, self._too_slow)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        # A caller who sent nothing at all, or who only rests, is no trouble.
        if self._in_headers:
            self.bounds.count("headers_too_slow")
        self.transport.close()


def bounded_protocol(bounds: Bounds) -> type[BoundedProtocol]:
    """The protocol class with its bounds; uvicorn makes one instance a connection."""
    return type("BoundedProtocol", (BoundedProtocol,), {"bounds": bounds})


def _without_upgrade(data: bytes) -> bytes:
    """Headers in which nobody offers another protocol.

    The JDK's HTTP client offers HTTP/2 with its first request on a plain connection.  A server
    that stays with HTTP/1.1 ignores the offer (RFC 9110 §7.8), but uvicorn's parser takes the
    body for bytes of the other protocol, and loses it.
    """
    if b"pgrade" not in data and b"PGRADE" not in data:
        return data
    head, end, body = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nX-Ignored:", head) + end + body
