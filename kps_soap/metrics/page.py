"""Serves ``/metrics`` in the parent process, on a socket of its own, for a scraper nearby.

Plain HTTP, one request a connection, a few at a time, and a deadline for each: the page is for
this machine, and whoever hangs on it holds up nothing else.  It serves nothing but that page,
says nothing of what it was asked for, and logs no request.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any, ClassVar, Final

log = logging.getLogger("kps.metrics")

PATH: Final = "/metrics"
_AT_A_TIME: Final = 4
_SECONDS: Final = 5

#: Gives content type and body for an Accept header.
Page = Callable[[str], tuple[str, bytes]]


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    page: ClassVar[Page]
    timeout = _SECONDS
    server_version, sys_version = "kps", ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._send(404, "text/plain; charset=utf-8", b"Nothing is here but /metrics.\n")
            return
        try:
            kind, body = type(self).page(self.headers.get("Accept", ""))
        except Exception as surprise:
            log.error("the metrics met an unforeseen %s", type(surprise).__name__)
            self._send(500, "text/plain; charset=utf-8", b"The metrics cannot be told.\n")
            return
        self._send(200, kind, body)

    do_HEAD = do_GET  # noqa: N815 - the name that the library calls

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, *_: Any) -> None:
        """Without the words of whoever asked."""
        self.command = self.command or ""
        self._send(code, "text/plain; charset=utf-8", b"GET /metrics\n")

    def log_message(self, *_: Any) -> None:
        """Nobody's request is logged."""


class _Server(ThreadingMixIn, HTTPServer):
    """A few threads; one connection more is closed at once."""

    daemon_threads = True

    def __init__(self, bound: socket.socket, handler: type[_Handler]) -> None:
        super().__init__(bound.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound
        self._places = threading.BoundedSemaphore(_AT_A_TIME)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, *_: Any) -> None:
        """A scraper that went away is no news."""


class PageServer:
    """Serves a page on a listening socket until it is closed."""

    def __init__(self, bound: socket.socket, page: Page) -> None:
        handler = type("_PageHandler", (_Handler,), {"page": staticmethod(page)})
        self._server = _Server(bound, handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="kps-metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and close the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
