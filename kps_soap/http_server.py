"""The HTTP server of a worker: uvicorn's, with the deadlines and the ending that it lacks.

Sockets are bound here, before there are any workers.  HTTP itself stays uvicorn's business, what
one connection may take is that of ``connections``; this room knows nothing of SOAP.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn

from kps_soap.accepting import Accepting
from kps_soap.connections import Bounds, bounded_protocol

GRACE_SECONDS: Final = 10
BACKLOG: Final = 2048

#: How long a server that stops waits for the handshakes of callers whom it has let in already.
HANDSHAKE_SECONDS: Final = 0.3

#: More than this at a socket is for whoever asks for it.
CONNECTIONS_USUAL: Final = 10_000

#: What is spoken under TLS 1.2: a key of its own for every connection, and no cipher that needs a
#: MAC beside it (RFC 9325 §4.2).  Under TLS 1.3 there is nothing else.
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"

#: Open files that are kept for everything but connections: databases, keys, logs, pipes.
_FILES_KEPT: Final = 96


@dataclass(frozen=True, slots=True)
class Listener:
    """One bound socket, and how it speaks."""

    socket: socket.socket
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError when the address cannot be taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(True)
    return bound


class Server(uvicorn.Server):
    """A uvicorn server whose signals are its worker's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; unlike uvicorn's own, a TLS handshake has the deadline of the headers."""
        protocol: Any = self.config.http_protocol_class
        more: dict[str, Any] = {}
        if self.config.ssl is not None:
            seconds = protocol.bounds.header_seconds_max
            more = {"ssl_handshake_timeout": seconds, "ssl_shutdown_timeout": seconds}
        await self.lifespan.startup()

        def connection() -> Any:
            return protocol(
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )

        self._accepting = [
            Accepting(one, connection, protocol.bounds.seat, ssl=self.config.ssl, **more)
            for one in sockets or []
        ]
        protocol.bounds.seat.open()
        self.servers = []
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; every tenth time the connections that do not end are looked at."""
        protocol: Any = self.config.http_protocol_class
        protocol.bounds.seat.stay_awake()
        if counter % 10 == 0:
            for one in list(self.server_state.connections):
                one.look_at_goodbye()  # type: ignore[union-attr]
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; a connection that is being made now would otherwise be served on and on.

        Whoever was let in before, and is still shaking hands, is waited for.
        """
        protocol: Any = self.config.http_protocol_class
        protocol.stopping = True
        protocol.bounds.seat.leave()
        for accepting in self._accepting:
            accepting.close()
        if self.config.ssl is not None:
            await asyncio.sleep(HANDSHAKE_SECONDS)
        await super().shutdown(sockets)


def connections_allowed(wanted: int) -> int:
    """How many connections a socket of this process may hold: what is wanted, or what fits.

    ``wanted`` is 0 for as many as fit under the limit of open files.  There are two sockets at
    most, and each may fill up; the limit is raised as far as the system lets it first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    fitting = max(16, (min(soft, 1_000_000) - _FILES_KEPT) // 2)
    return min(wanted, fitting) if wanted else min(fitting, CONNECTIONS_USUAL)


def server_of(application: Any, listener: Listener, bounds: Bounds) -> Server:
    """A server for one socket; its TLS certificate is read now."""
    config = uvicorn.Config(
        application,
        http=bounded_protocol(bounds),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=bounds.idle_seconds_max,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
        ssl_certfile=listener.tls_certificate_file,
        ssl_keyfile=listener.tls_key_file,
        ssl_ciphers=CIPHERS,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        config.ssl.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    return Server(config)
