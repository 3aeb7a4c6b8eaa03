"""What one connection may take: the bounds that uvicorn's HTTP protocol lacks.

How long and how large the headers of a request may be, how far ahead a caller may send, how long
a goodbye may take, and when a crowded worker says it.  HTTP itself stays uvicorn's business; this
room knows nothing of SOAP, of sockets or of processes.
"""

from __future__ import annotations

import re
from asyncio import TimerHandle, Transport
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kps_soap.crowd import Seat, alone

#: How long a closing connection may take to say goodbye when the gateway stops.
GOODBYE_SECONDS: Final = 0.5

#: When the gateway stops: whoever has had an answer within this time may be sending the next
#: question already, and gets its answer; whoever has rested longer is let go at once.
REST_SECONDS: Final = 1.0

#: Whoever has come less than so many seconds ago is not told to come anew, whatever the numbers.
STAY_SECONDS: Final = 2.0

#: Of so many connections the longest idle one makes room for another.
_SAMPLE: Final = 256
_UPGRADE: Final = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


def _uncounted(_reason: str) -> None:
    """Where nobody counts."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may take: seconds and bytes of headers, seconds of rest.

    ``write_seconds_max``: how long a caller may leave what was written to it unread.
    ``connections_max``: how many there may be at one socket.  ``count`` hears why a connection
    was ended before there was a whole request: ``not_http``, ``headers_too_large``,
    ``headers_too_slow``.  ``seat`` is the worker's among those that share its callers.
    """

    header_seconds_max: int
    header_bytes_max: int
    idle_seconds_max: int
    count: Callable[[str], None] = _uncounted
    write_seconds_max: float = 30
    connections_max: int = 10_000
    seat: Seat = field(default_factory=alone)


class HeadersTooLarge(Exception):
    """Ends the parsing of a request whose headers came whole, but too large."""


class UnknownVersion(Exception):
    """Ends the parsing of a request that says no version of HTTP, or one from long ago."""


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
    _unread: TimerHandle | None = None
    _rested_since: float = 0.0
    _header_bytes = 0
    _in_headers = False
    _in_body = False
    _too_large = False
    _broken = False
    _told_to_go = False
    _since: float = 0.0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = PatientFlow(transport, self.pipeline)
        self._since = self._rested_since = self.loop.time()
        self._start_deadline()
        if len(self.connections) > self.bounds.connections_max:
            self._make_room()
        if self.stopping:
            self.loop.call_later(GOODBYE_SECONDS, self.shutdown)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        self._stop_unread()
        self.bounds.seat.go(told=self._told_to_go)
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
        if self._broken:
            return
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
        self._in_headers = False
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise UnknownVersion
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.bounds.header_bytes_max:
            # The parser stops, uvicorn answers 400 and closes.
            self._too_large = True
            raise HeadersTooLarge
        self._in_body = True
        super().on_headers_complete()
        if self.stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._in_body = False
        # Whoever is still sending could lose an answer that closes the connection.
        if self.cycle is not None and not self.cycle.response_started and self._is_one_too_many():
            self.cycle.keep_alive = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._rested_since = self.loop.time()
        super().on_response_complete()

    def _is_one_too_many(self) -> bool:
        """Should this caller come anew, to a worker with fewer?  Nobody who has just come."""
        rested = self.loop.time() - self._since >= STAY_SECONDS
        if self._told_to_go or not rested or not self.bounds.seat.has_too_many:
            return False
        self._told_to_go = True
        self.bounds.seat.tell_to_go()
        return True

    @property
    def rests(self) -> bool:
        """No request is on its way here as far as anybody can know, and none is being answered."""
        return (self.cycle is None or self.cycle.response_complete) and not self._in_headers

    @property
    def can_end(self) -> bool:
        """Nobody waits for an answer here."""
        return self._in_body or self.cycle is None or self.cycle.response_complete

    def _make_room(self) -> None:
        """One connection too many: one that rests ends for it, the longer the better.

        Whoever is still sending a request ends before this new one does; whoever waits for an
        answer never.  A sample is looked at: a flood must not pay for looking at them all.
        """
        connections: Any = self.connections
        sample = islice((one for one in connections if one is not self and one.can_end), _SAMPLE)
        longest = min(sample, key=lambda one: (one._in_body, one._rested_since), default=self)
        self.bounds.count("no_room")
        longest.transport.abort()

    def pause_writing(self) -> None:
        """The caller takes too little: it has a while to take more."""
        super().pause_writing()
        self._start_unread()

    def resume_writing(self) -> None:
        self._stop_unread()
        super().resume_writing()

    def look_at_goodbye(self) -> None:
        """A connection that was closed and does not end waits for a caller who reads nothing."""
        if self.transport.is_closing():
            self._start_unread()

    def _start_unread(self) -> None:
        if self._unread is None:
            self._unread = self.loop.call_later(self.bounds.write_seconds_max, self._never_read)

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _never_read(self) -> None:
        self._unread = None
        self.bounds.count("never_read")
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        self.bounds.count("headers_too_large" if self._too_large else "not_http")
        if self.can_end:
            super().send_400_response(msg)
            return
        # A 400 now would be taken for the answer to the request before; that one is answered,
        # and the connection ends behind it.
        self._broken = True
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close as soon as nothing is being answered; wait for no goodbye over TLS.

        A caller who has just had an answer may have sent the next question by now: it is
        answered, and told that this was the last one.
        """
        left = self._rested_since + REST_SECONDS - self.loop.time()
        if self.cycle is not None and self.cycle.response_complete and left > 0:
            self.loop.call_later(left, self._close_if_resting)
            return
        super().shutdown()
        self.loop.call_later(GOODBYE_SECONDS, self._leave)

    def _close_if_resting(self) -> None:
        # Whoever is in the middle of a question is answered; that answer closes the connection.
        if self.rests:
            self.transport.close()
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
