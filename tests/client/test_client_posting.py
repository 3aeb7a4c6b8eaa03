"""Bytes there and back: whom a client trusts, how much it reads, what it follows."""

import asyncio
import http.server
import logging
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kps_soap.answers import AnswerNotGenuine
from kps_soap.certificates import DemoFiles, write_demo_files
from kps_soap.client.errors import ServiceUnavailable
from kps_soap.client.posting import AsyncPost, HttpAnswer, Post, checked_url

ENVELOPE = b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """Certificates of today: a TLS library looks at the clock of the machine."""
    place = tmp_path_factory.mktemp("posting") / "keys"
    return write_demo_files(place, datetime.now(UTC).date(), randomness=_random)


def _random(count: int) -> bytes:
    return bytes(range(1, count + 1))


class Server:
    """Answers every request with the same thing, over TLS, and keeps what came."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.body = ENVELOPE
        self.more = {"Content-Type": "text/xml"}
        self.port = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/x"


@pytest.fixture
def server(tls: DemoFiles) -> Iterator[Server]:
    house = Server()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            house.headers.append(dict(self.headers.items()))
            self.send_response(house.status)
            for name, value in house.more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(house.body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Stay silent."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.tls_certificate, tls.tls_key)
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    # Refused handshakes are what some tests are about.
    running.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    house.port = running.server_port
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield house
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture(params=["waiting", "event loop"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def send(kind: str, ca_file: Path | None, url: str, **limits: Any) -> HttpAnswer:
    """One POST, by either class."""
    if kind == "waiting":
        post = Post(ca_file, 5.0)
        try:
            return post.post(url, b"soru", {"X-Soru": "1"}, **limits)
        finally:
            post.close()

    async def sending() -> HttpAnswer:
        post = AsyncPost(ca_file, 5.0)
        try:
            return await post.post(url, b"soru", {"X-Soru": "1"}, **limits)
        finally:
            await post.aclose()

    return asyncio.run(sending())


def test_the_given_authority_is_trusted_whatever_the_environment_says(
    kind: str, tls: DemoFiles, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.rsa_certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.rsa_certificate))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    answer = send(kind, tls.ca_certificate, server.url)
    assert (answer.status_code, answer.content) == (200, ENVELOPE)
    assert answer.headers["content-TYPE"] == "text/xml"
    (asked,) = server.headers
    assert asked["X-Soru"] == "1"
    assert asked["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("trusted", ["another authority", "those of the machine"])
def test_no_other_authority_is_trusted(
    kind: str, tls: DemoFiles, server: Server, trusted: str
) -> None:
    ca_file = tls.rsa_certificate if trusted == "another authority" else None
    with pytest.raises(AnswerNotGenuine) as refusal:
        send(kind, ca_file, server.url)
    assert "TLS certificate" in refusal.value.reason
    assert not server.headers


@pytest.mark.parametrize("content", [None, b"deneme"])
def test_an_authority_that_cannot_be_read_is_told_at_once(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    for kind in (Post, AsyncPost):
        with pytest.raises(OSError, match="No such file|PEM|NO_CERTIFICATE"):
            kind(file, 5.0)


def test_no_redirection_is_followed(kind: str, tls: DemoFiles, server: Server) -> None:
    server.status, server.more = 307, {"Location": server.url}
    with pytest.raises(AnswerNotGenuine) as refusal:
        send(kind, tls.ca_certificate, server.url)
    assert refusal.value.reason == "status 307, media type"
    assert len(server.headers) == 1


def test_no_more_is_read_than_was_allowed(kind: str, tls: DemoFiles, server: Server) -> None:
    assert send(kind, tls.ca_certificate, server.url, bytes_max=len(ENVELOPE)).content
    with pytest.raises(AnswerNotGenuine) as refusal:
        send(kind, tls.ca_certificate, server.url, bytes_max=len(ENVELOPE) - 1)
    assert refusal.value.reason == "size"


def test_an_answer_that_breaks_off_is_no_answer(kind: str, tls: DemoFiles, server: Server) -> None:
    server.more = {"Content-Type": "text/xml", "Content-Length": "9999"}
    with pytest.raises(ServiceUnavailable):
        send(kind, tls.ca_certificate, server.url)


def test_nothing_of_a_message_is_logged(
    kind: str, tls: DemoFiles, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    send(kind, tls.ca_certificate, server.url)
    assert "soru" not in caplog.text
    assert "Envelope" not in caplog.text


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://kps.example/", "https://kps.example"),
        ("https://kps.example:8443/a", "https://kps.example:8443/a"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(url: str, kept: str) -> None:
    assert checked_url(url) == kept
