"""A real gateway for tests: a demo home of its own, served by real processes on loopback."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from free_ports import free_ports

from end_to_end.questions import MEDIA, SOAP11, Reply, envelope, security
from kps_soap.cli import main

ROOT = Path(__file__).resolve().parents[2]
Document = tuple[int, dict[str, str], bytes]


def environment() -> dict[str, str]:
    """The environment without settings of the one who runs the tests."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("KPS_")}
    return mine | {"PYTHONPATH": str(ROOT)}


def kps(
    *arguments: str, stdin: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which has read the program already.

    The test judges its exit code; what it did not foresee is raised here.
    """
    mine: dict[str, str | None] = {name: None for name in os.environ if name.startswith("KPS_")}
    done = CliRunner().invoke(
        main, arguments, input=stdin, env=mine | variables, prog_name="kps", catch_exceptions=False
    )
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def program(
    *arguments: str, stdin: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator would: as a program of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kps_soap", *arguments],
        capture_output=True,
        text=True,
        env=environment() | variables,
        input=stdin,
        timeout=120,
        check=False,
    )


@dataclass
class Served:
    """A served demo home."""

    home: Path
    process: subprocess.Popen[str]
    demo: dict[str, Any]
    log_start: int

    @property
    def https(self) -> str:
        return str(self.demo["base_url"])

    @property
    def http(self) -> str:
        return str(self.demo["http_url"])

    @property
    def log(self) -> str:
        """What this run of the gateway has said so far."""
        said = (self.home / "serve.log").read_bytes()[self.log_start :]
        return said.decode("utf-8")

    def account(self, institution: str) -> dict[str, Any]:
        """The demo's account of an institution."""
        return next(one for one in self.demo["accounts"] if one["institution"] == institution)

    def persona(self, index: int) -> dict[str, Any]:
        """Golden persona ``index``."""
        return dict(self.demo["personas"][index])

    def number(self, index: int) -> int:
        """The identity number of golden persona ``index``."""
        return int(self.persona(index)["identity_number"])

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=self.demo["ca_file"])
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def ask(
        self,
        path: str,
        payload: str,
        *,
        institution: str = "B-34-0417",
        password: str | None = None,
        headers: str = "",
        soap: str = SOAP11,
        tls: bool = True,
    ) -> Reply:
        """Ask the direct door as an institution does."""
        token = security(self.account(institution), password)
        question = envelope(payload, token + headers, soap=soap)
        return self.post(path, question, tls=tls, names={"Content-Type": MEDIA[soap]})

    def post(
        self, path: str, question: bytes, *, tls: bool = True, names: Mapping[str, str]
    ) -> Reply:
        """POST raw bytes, whatever the status of the answer."""
        request = urllib.request.Request(
            (self.https if tls else self.http) + path, question, dict(names), method="POST"
        )
        return Reply(question, *self._open(request))

    def put(self, path: str) -> Reply:
        """PUT, which no address takes."""
        request = urllib.request.Request(self.https + path, b"x", method="PUT")
        return Reply(b"x", *self._open(request))

    def get(self, path: str, *, tls: bool = True, **names: str) -> Document:
        """GET a path."""
        headers = {name.replace("_", "-"): value for name, value in names.items()}
        return self._open(
            urllib.request.Request((self.https if tls else self.http) + path, headers=headers)
        )

    def health(self) -> tuple[int, dict[str, Any]]:
        """What ``/saglik`` says."""
        status, _, body = self.get("/saglik")
        return status, json.loads(body)

    def _open(self, request: urllib.request.Request) -> Document:
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            names = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, names, answer.read()


def make_home(
    home: Path, *, persons: int = 1000, date: str = "2026-01-01", patient: bool = True
) -> Path:
    """Make a demo home with ports of its own.

    ``patient``: a disk or a processor that stops for two seconds, as those of busy machines do,
    makes no answer a fault; tests of deadlines take the product's own.
    """
    https_port, http_port, metrics_port = free_ports(3)
    made = kps(
        "demo", "init", str(home), "--persons", str(persons), "--date", date,
        "--port", str(https_port), "--http-port", str(http_port),
        "--metrics-port", str(metrics_port),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    if patient:
        with (home / "kps.toml").open("a", encoding="utf-8") as file:
            file.write("evidence_seconds_max = 30\nregister_seconds_max = 30\n")
    return home


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
    served = Served(home, process, demo, start)
    try:
        wait_until_ready(served)
        yield served
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_ready(served: Served) -> None:
    """Wait for the sentence that the parent prints when every worker is ready."""
    wait_for(lambda: "Serving on" in served.log or served.process.poll() is not None)
    assert served.process.poll() is None, served.log


def wait_for(holds: Any, *, seconds: float = 60) -> None:
    """Look again and again until something holds; fails when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
