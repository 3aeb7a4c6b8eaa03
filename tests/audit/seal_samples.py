"""A seal key, sealers, an authority for timestamps run with openssl, and witnesses, for tests."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from evidence_samples import NOW, Evidence, entry

from kps_soap.audit.checkpoints import Certificates, Checkpoint, SealKey
from kps_soap.audit.seals import SealClocks, Sealer, SealPolicy
from kps_soap.certificates import Issued, demo_authority, seal_certificate
from kps_soap.models import checkpoints


@cache
def issued(name: str) -> Issued:
    """A seal key with its certificate; another name is another key."""
    del name
    day = date(2026, 1, 1)
    return seal_certificate(demo_authority(day, randomness=os.urandom), day, randomness=os.urandom)


def seal_key(name: str = "seal") -> SealKey:
    one = issued(name)
    assert isinstance(one.key, ec.EllipticCurvePrivateKey)
    return SealKey(one.key, one.certificate)


def certificates(*names: str) -> Certificates:
    return Certificates([issued(name).certificate for name in names or ("seal",)])


@dataclass
class Clock:
    """Both clocks of a sealer, moved by hand."""

    now: datetime = NOW
    seconds: float = 0.0
    pauses: int = 0

    def clocks(self) -> SealClocks:
        return SealClocks(lambda: self.now, lambda: self.seconds, self.pause)

    def pause(self) -> None:
        self.pauses += 1


def sealer_of(
    evidence: Evidence,
    *,
    records_max: int = 10_000,
    seconds: float = 60,
    key: str = "seal",
    clock: Clock | None = None,
) -> Sealer:
    return Sealer(
        evidence.engine,
        seal_key(key),
        policy=SealPolicy(records_max, seconds),
        clocks=(clock or Clock()).clocks(),
    )


def seal_all(evidence: Evidence, **options: Any) -> int:
    """Seal everything with a sealer of its own; returns the last number."""
    return sealer_of(evidence, clock=_Running(), **options).seal_all(seconds_max=60)


class _Running(Clock):
    def clocks(self) -> SealClocks:
        return SealClocks(lambda: NOW, time.monotonic, lambda: None)


class Answering(BaseHTTPRequestHandler):
    """Hands every request to the server's ``answer``; keeps its log to itself."""

    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        status, kind, body = self.server.answer(self, content)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET = do_POST = handle_one

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(answer: Any) -> Iterator[str]:
    """A web server on loopback; ``answer(request, content)`` gives status, media type and body."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.answer = answer  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Shelf:
    """A witness for HTTP PUT that keeps what it gets and never replaces it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.kinds: dict[str, str] = {}
        self.broken = False

    def __call__(self, request: Any, content: bytes) -> tuple[int, str, bytes]:
        path = request.path
        if self.broken:
            return 503, "text/plain", b"later"
        if request.command == "GET":
            found = self.files.get(path)
            return (404, "text/plain", b"") if found is None else (200, "text/plain", found)
        if path in self.files and request.headers.get("If-None-Match") == "*":
            return 412, "text/plain", b""
        self.files[path] = content
        self.kinds[path] = request.headers["Content-Type"]
        return 201, "text/plain", b""


_TSA = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamper]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
signer_cert = stamper.pem
signer_key = stamper.key
certs = chain.pem
"""


@dataclass(frozen=True)
class OpensslAuthority:
    """A timestamp authority of one's own: ``openssl ts`` with its keys in a directory."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def reply(self, query: bytes) -> bytes:
        """What the authority says to a query (DER)."""
        (self.folder / "query.tsq").write_bytes(query)
        self._run("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa",
                  "-queryfile", "query.tsq", "-out", "reply.tsr")  # fmt: skip
        return (self.folder / "reply.tsr").read_bytes()

    def verifies(self, reply: bytes, statement: bytes) -> bool:
        """What ``openssl ts -verify`` says of a reply."""
        (self.folder / "a.tsr").write_bytes(reply)
        (self.folder / "a.bin").write_bytes(statement)
        command = ("ts", "-verify", "-data", "a.bin", "-in", "a.tsr", "-CAfile", "ca.pem")
        return self._run(*command, check=False) == 0

    def answer(self, request: Any, content: bytes) -> tuple[int, str, bytes]:
        """As a web server."""
        assert request.headers["Content-Type"] == "application/timestamp-query"
        return 200, "application/timestamp-reply", self.reply(content)

    def _run(self, *arguments: str, check: bool = True) -> int:
        done = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, check=check
        )
        return done.returncode

    def make(self) -> "OpensslAuthority":
        """Make its keys and certificates."""
        (self.folder / "tsa.cnf").write_text(_TSA)
        (self.folder / "serial").write_text("01\n")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650",
                  "-subj", "/CN=Test Authority", "-config", "tsa.cnf",
                  "-extensions", "ca")  # fmt: skip
        self._run("req", *key, "-keyout", "stamper.key", "-out", "stamper.csr",
                  "-subj", "/CN=Test Stamper", "-config", "tsa.cnf")  # fmt: skip
        self._run("x509", "-req", "-in", "stamper.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                  "-CAcreateserial", "-out", "stamper.pem", "-extfile", "tsa.cnf",
                  "-extensions", "stamper", "-days", "3650")  # fmt: skip
        stamper, ca = (self.folder / name for name in ("stamper.pem", "ca.pem"))
        (self.folder / "chain.pem").write_bytes(ca.read_bytes() + stamper.read_bytes())
        return self


def filled(evidence: Evidence, *lengths: int) -> list[str]:
    """Chains of so many records, their first record included."""
    return [evidence.write([entry() for _ in range(length - 1)]) for length in lengths]


def stored(evidence: Evidence, number: int) -> Checkpoint:
    (row,) = (one for one in evidence.rows(checkpoints) if one.number == number)
    return Checkpoint.of_row(tuple(row))
