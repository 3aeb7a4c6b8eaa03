"""Call one address outside: put or post some bytes, under one deadline, with TLS verified.

Nothing else in this package opens a connection of its own accord, and nothing here is called
where no address is set.  No redirect is followed, no cookie kept, no answer of unbounded size
read; a failure says its kind and never an answer's text.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

_ANSWER_BYTES_MAX: Final = 1_000_000

_DONE: Final = frozenset({200, 201, 204})
_THERE_ALREADY: Final = frozenset({409, 412})


class WebFailed(Exception):
    """The other side cannot be reached, or did not do it; try again later."""


@dataclass(frozen=True, slots=True)
class Web:
    """An address that is called.  ``seconds_max`` bounds a whole call."""

    url: str
    seconds_max: float

    def put(self, name: str, content: bytes, *, sends: str) -> bool:
        """Put a resource below the address; False where there is one of this name already.

        Raises ``WebFailed``.
        """
        headers = {"Content-Type": sends, "If-None-Match": "*"}
        status, _ = self._call("PUT", self._below(name), content, headers)
        if status in _THERE_ALREADY:
            return False
        if status not in _DONE:
            raise WebFailed(f"status {status}")
        return True

    def get(self, name: str) -> bytes:
        """A resource below the address.  Raises ``WebFailed``."""
        status, answer = self._call("GET", self._below(name), None, {})
        if status != 200:
            raise WebFailed(f"status {status}")
        return answer

    def post(self, content: bytes, *, sends: str, wants: str) -> bytes:
        """Post to the address itself; the answer must have this media type.

        Raises ``WebFailed``.
        """
        path = urlsplit(self.url).path or "/"
        headers = {"Content-Type": sends, "Accept": wants}
        status, answer = self._call("POST", path, content, headers, wants=wants)
        if status != 200:
            raise WebFailed(f"status {status}")
        return answer

    def _below(self, name: str) -> str:
        return f"{urlsplit(self.url).path.rstrip('/')}/{quote(name)}"

    def _call(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str],
        *, wants: str = "",
    ) -> tuple[int, bytes]:  # fmt: skip
        connection = self._connection()
        # The time-out of a socket counts anew for every byte; this one does not.
        watch = threading.Timer(self.seconds_max, _hang_up, [connection])
        watch.daemon = True
        watch.start()
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            if wants and answer.status == 200 and answer.headers.get_content_type() != wants:
                raise WebFailed("an answer of another media type")
            found = answer.read(_ANSWER_BYTES_MAX + 1)
        except (OSError, http.client.HTTPException) as failure:
            raise WebFailed(type(failure).__name__) from None
        finally:
            watch.cancel()
            connection.close()
        if len(found) > _ANSWER_BYTES_MAX:
            raise WebFailed("an answer that is too long")
        return answer.status, found

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                host, parts.port, timeout=self.seconds_max, context=context
            )
        return http.client.HTTPConnection(host, parts.port, timeout=self.seconds_max)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    opened = connection.sock
    if opened is not None:
        with contextlib.suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)
