"""A real gateway for tests: a demo home of its own, served by real processes on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
PERSON = "http://kps.nvi.gov.tr/2011/01/01"


def free_port() -> int:
    """A port on loopback that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """The environment without settings of the one who runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KPS_")}


def kps(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator would, and let the test judge its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "kps_soap", *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=cwd,
        timeout=180,
        check=False,
    )


@dataclass
class Served:
    """A served demo home."""

    home: Path
    process: subprocess.Popen[str]
    demo: dict[str, Any]
    log: Path
    log_start: int
    https: str
    http: str
    children: list[int] = field(default_factory=list)

    def account(self, institution: str) -> dict[str, Any]:
        """The demo's account of an institution."""
        return next(one for one in self.demo["accounts"] if one["institution"] == institution)

    def persona(self, index: int) -> dict[str, Any]:
        """Golden persona ``index``."""
        return dict(self.demo["personas"][index])

    def post(
        self, path: str, body: bytes, *, tls: bool = True, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """POST raw bytes; returns status, headers and body whatever the status is."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names.setdefault("Content-Type", "text/xml; charset=utf-8")
        request = urllib.request.Request(
            (self.https if tls else self.http) + path, body, names, method="POST"
        )
        return self.open(request)

    def get(self, path: str, *, tls: bool = True) -> tuple[int, dict[str, str], bytes]:
        """GET a path."""
        return self.open(urllib.request.Request((self.https if tls else self.http) + path))

    def open(self, request: urllib.request.Request) -> tuple[int, dict[str, str], bytes]:
        context = ssl.create_default_context(cafile=self.demo["ca_file"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, dict(refused.headers), refused.read()


def make_home(home: Path, *, persons: int = 1000, date: str = "2026-01-01") -> tuple[int, int]:
    """Make a demo home with ports of its own; returns them (https, http)."""
    https_port, http_port = free_port(), free_port()
    made = kps(
        "demo", "init", str(home), "--persons", str(persons), "--date", date,
        "--port", str(https_port), "--http-port", str(http_port),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return https_port, http_port


@contextmanager
def serving(home: Path, *, workers: int = 2, extra: Sequence[str] = ()) -> Iterator[Served]:
    """Serve a home until the block ends; the process is ended by its own id."""
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    log = home / "serve.log"
    start = log.stat().st_size if log.exists() else 0
    with log.open("a", encoding="utf-8") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "kps_soap", "serve", "--home", str(home),
             "--workers", str(workers), *extra],
            stderr=sink, stdout=sink, text=True, env=environment(),
        )  # fmt: skip
    served = Served(home, process, demo, log, start, demo["base_url"], demo["http_url"])
    try:
        wait_until_ready(served)
        yield served
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_ready(served: Served) -> None:
    """Wait for the sentence that the parent prints when every worker is ready."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if b"Serving on" in served.log.read_bytes()[served.log_start :]:
            return
        if served.process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(served.log.read_text(encoding="utf-8"))


def security(account: dict[str, Any], password: str | None = None) -> str:
    """A wsse:Security header with the account's UsernameToken."""
    return (
        f'<o:Security xmlns:o="{WSSE}"><o:UsernameToken><o:Username>{account["username"]}'
        f"</o:Username><o:Password>{password or account['password']}</o:Password>"
        "</o:UsernameToken></o:Security>"
    )


def person_query(number: int | str, headers: str, *, soap: str = SOAP11) -> bytes:
    """KisiSorgulaTCKimlikNo about one number."""
    return envelope(
        f'<ListeleCoklu xmlns="{PERSON}"><kriterListesi><KisiSorgulaTCKimlikNoSorguKriteri>'
        f"<TCKimlikNo>{number}</TCKimlikNo></KisiSorgulaTCKimlikNoSorguKriteri>"
        "</kriterListesi></ListeleCoklu>",
        headers,
        soap=soap,
    )


def envelope(payload: str, headers: str = "", *, soap: str = SOAP11) -> bytes:
    """A SOAP envelope around a payload."""
    return (
        f'<s:Envelope xmlns:s="{soap}"><s:Header>{headers}</s:Header>'
        f"<s:Body>{payload}</s:Body></s:Envelope>"
    ).encode()
