"""Homes and servers of a measurement: made in a folder, served on loopback, ended by their ids."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import children_of

#: The largest values that an agreement can have.
_LIMITS = {
    "calls_per_second_max": 10_000,
    "persons_per_day_max": 1_000_000,
    "criteria_per_call_max": 256,
}
START_SECONDS = 180
#: From so many persons on a register is made by itself, of a day that is always the same.
LARGE, LARGE_DAY = 100_000, "2026-01-01"


@dataclass(frozen=True, slots=True)
class Server:
    """Where something is served, and its worker processes."""

    url: str
    processes: Sequence[int]


def make_home(folder: Path, persons: int, port: int = 0, *, name: str = "home") -> Path:
    """A demo home whose agreements allow as many calls as can be made; kept if it is there.

    A large register is made first and by itself: that is what goes on where it was ended.
    """
    home, unfinished = folder / name, folder / f"{name}.unfinished"
    if (home / "demo.json").exists():
        return home
    folder.mkdir(exist_ok=True, parents=True)
    shutil.rmtree(unfinished, ignore_errors=True)
    ports = ("--http-port", str(port)) if port else ()
    if persons < LARGE:
        kps("demo", "init", str(unfinished), "--persons", str(persons), *ports)
    else:
        register = folder / f"register-{persons}.db"
        if not register.exists():
            kps("population", "make", f"sqlite:///{register}", "--persons", str(persons),
                "--date", LARGE_DAY)  # fmt: skip
        kps("demo", "init", str(unfinished), "--persons", "500", "--date", LARGE_DAY, *ports)
        register.replace(unfinished / "register.db")
    _loosen(unfinished / "agreements")
    unfinished.rename(home)
    return home


def _loosen(agreements: Path) -> None:
    """Let everybody ask as much as an agreement can say."""
    for path in agreements.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        for limit, most in _LIMITS.items():
            if path.name.startswith("acik") and limit != "calls_per_second_max":
                continue
            text = re.sub(rf"^{limit}\s*=.*$", f"{limit} = {most}", text, flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")


@contextmanager
def gateway(
    home: Path, *, workers: int, environment: Mapping[str, str] | None = None, tls: bool = False
) -> Iterator[Server]:
    """The product, served as its operators serve it."""
    port = free_port()
    command = [sys.executable, "-m", "kps_soap", "serve", "--home", str(home),
               "--port", str(port if tls else 0), "--http-port", str(0 if tls else port),
               "--metrics-port", "0", "--workers", str(workers)]  # fmt: skip
    scheme = "https" if tls else "http"
    with running(command, port, environment) as process:
        yield Server(f"{scheme}://127.0.0.1:{port}", children_of(process))


@contextmanager
def yardstick(register_url: str, *, workers: int) -> Iterator[Server]:
    """Stock Spyne on the same HTTP server, over the same register."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.serve_stock", register_url, str(port),
               str(workers)]  # fmt: skip
    with running(command, port, None) as process:
        yield Server(f"http://127.0.0.1:{port}", children_of(process))


@contextmanager
def running(
    command: Sequence[str], port: int, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """A server process that answers on its port; ended by its own id."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            stderr=said,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        try:
            if not wait_for(port, process):
                said.seek(0)
                raise SystemExit(f"a server did not start: {said.read()[-2000:].decode()}")
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server is there; False after some minutes or when it ends."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/saglik", timeout=1).close()
        except urllib.error.HTTPError:
            return True
        except (http.client.HTTPException, ConnectionResetError):
            # A port that speaks TLS answers a plain request by hanging up.
            return True
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def kps(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a command of the product, and stop here if it fails."""
    subprocess.run(
        [sys.executable, "-m", "kps_soap", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )


def free_port() -> int:
    """A port on loopback that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
