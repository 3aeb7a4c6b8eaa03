"""Sends bytes to a gateway and brings bytes back, over TLS that trusts one authority.

``Post`` waits in a thread and ``AsyncPost`` in an event loop.  Both follow no redirection, use no
proxy and no certificate bundle of the environment (either would change whom a password goes to),
ask for no compression, read no more than they were told, and log nothing: questions and answers
are about people.  requests and httpx are imported only where one of them is made.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kps_soap.answers import ANSWER_BYTES_MAX, AnswerNotGenuine, KpsError
from kps_soap.client.errors import ServiceUnavailable
from kps_soap.client.refusals import check_http

if TYPE_CHECKING:
    import requests

CHUNK_BYTES: Final = 65_536
SOAP12_MEDIA: Final = "application/soap+xml; charset=utf-8"
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "kps-soap"}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer, with the names that zeep looks for."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    encoding: str = "utf-8"


def checked_url(url: str) -> str:
    """An address that a password may be sent to: https, or this machine itself.

    Raises ``ValueError``, which does not repeat the address.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or parts.query or parts.fragment or not host:
        raise ValueError("An address has a host and a path, no user name, query or fragment.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError("Use https: over http everybody on the way could read the password.")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Post:
    """Blocking exchange, for any number of threads."""

    def __init__(self, ca_file: str | Path | None, timeout_s: float) -> None:
        self._session = new_session(ca_file)
        self._timeout_s = timeout_s

    def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> HttpAnswer:
        """POST; raises the error for whatever is no envelope (``check_http``)."""
        answer = self._exchange("POST", url, content, headers, bytes_max)
        check_http(answer.status_code, answer.headers, answer.content)
        return answer

    def get(self, url: str, *, bytes_max: int = ANSWER_BYTES_MAX) -> HttpAnswer:
        """GET a document, whatever its status."""
        return self._exchange("GET", url, None, {}, bytes_max)

    def close(self) -> None:
        """Close the connections; the next exchange opens new ones."""
        self._session.close()

    def _exchange(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        bytes_max: int,
    ) -> HttpAnswer:
        import requests

        try:
            with self._session.request(
                method,
                url,
                data=content,
                headers={**_HEADERS, **headers},
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                read = bytearray()
                for chunk in response.iter_content(CHUNK_BYTES):
                    read += _bounded(chunk, len(read), bytes_max)
                return HttpAnswer(response.status_code, response.headers, bytes(read))
        except requests.RequestException as error:
            raise _unreachable(error) from None


class AsyncPost:
    """The same for an event loop; needs httpx, and belongs to one loop."""

    def __init__(self, ca_file: str | Path | None, timeout_s: float) -> None:
        import httpx

        cafile = None if ca_file is None else str(ca_file)
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=cafile),
            trust_env=False,
            timeout=timeout_s,
            follow_redirects=False,
        )

    async def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> HttpAnswer:
        """POST; raises the error for whatever is no envelope (``check_http``)."""
        import httpx

        try:
            async with self._client.stream(
                "POST", url, content=content, headers={**_HEADERS, **headers}
            ) as response:
                read = bytearray()
                async for chunk in response.aiter_bytes(CHUNK_BYTES):
                    read += _bounded(chunk, len(read), bytes_max)
        except httpx.HTTPError as error:
            raise _unreachable(error) from None
        check_http(response.status_code, response.headers, bytes(read))
        return HttpAnswer(response.status_code, response.headers, bytes(read))

    async def aclose(self) -> None:
        """Close the connections; there are no new ones."""
        await self._client.aclose()


def new_session(ca_file: str | Path | None) -> requests.Session:
    """A session that trusts the authority in ``ca_file``, None for those of the machine.

    Raises ``OSError`` for a file that cannot be read or holds no certificate.
    """
    import requests

    if ca_file is not None:
        ssl.create_default_context(cafile=str(ca_file))
    session = requests.Session()
    session.trust_env = False
    session.verify = True if ca_file is None else str(ca_file)
    return session


def _bounded(chunk: bytes, read: int, bytes_max: int) -> bytes:
    if read + len(chunk) > bytes_max:
        raise AnswerNotGenuine("size")
    return chunk


def _unreachable(error: Exception) -> KpsError:
    """The library's own text is left out: it may name addresses and what was sent."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return AnswerNotGenuine("the server's TLS certificate is not of the given authority")
        cause = cause.__cause__ or cause.__context__
    return ServiceUnavailable(type(error).__name__, "The gateway cannot be reached.")
