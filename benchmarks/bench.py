"""What every part of the bench shares: a folder, the options, the homes made so far.

A home is made once and kept as long as the folder.  No measurement is known here.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from benchmarks.asked import Asked
from benchmarks.load import Load, Measured, drive
from benchmarks.served import kps, make_home
from benchmarks.temporary_postgresql import temporary_postgresql
from benchmarks.waits import copy_accounts
from kps_soap import database


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.  Persons and requests are whole numbers, ``seconds`` a run's length,
    ``rounds`` how often a run is made; ``sizes`` are the registers whose prices are compared.
    """

    persons: int = 10_000
    sizes: tuple[int, ...] = (10_000, 1_000_000)
    requests: int = 100_000
    seconds: int = 4
    rounds: int = 3
    connections: int = 32
    workers: int = 2
    agreements: int = 3_000
    records: int = 40_000


@dataclass(slots=True)
class Bench:
    """One run of the bench inside a folder."""

    folder: Path
    sizes: Sizes
    stack: ExitStack
    measured: dict[str, Measured] = field(default_factory=dict)
    _postgresql: str | None = None

    def home(self, persons: int | None = None) -> Asked:
        """The demo home with so many persons."""
        count = persons or self.sizes.persons
        known = (self.folder / f"home-{count}" / "demo.json").exists()
        began = time.monotonic()
        if not known:
            said(f"making a home with {count:,} persons ...")
        home = make_home(self.folder, count, name=f"home-{count}")
        if not known and count > 100_000:
            took = time.monotonic() - began
            said(f"made in {took:.0f} s, {count / took:,.0f} persons a second")
        return Asked(home)

    def postgresql(self) -> dict[str, str] | None:
        """Settings that put the first home's register and evidence into a PostgreSQL of the
        bench's own; None where none is installed.
        """
        if self._postgresql is None:
            self._postgresql = self.stack.enter_context(temporary_postgresql())
            if self._postgresql:
                self._fill(self.home(), self._postgresql)
        url = self._postgresql
        return {"KPS_GATEWAY_URL": url, "KPS_REGISTER_URL": url} if url else None

    def _fill(self, asked: Asked, url: str) -> None:
        said("filling a PostgreSQL ...")
        database.upgrade(url)
        copy_accounts(asked.home, url)
        kps("population", "make", url, "--persons", str(self.sizes.persons))

    def drive(
        self, load: Load, processes: Sequence[int], *, connections: int = 0, seconds: int = 0
    ) -> Measured:
        """One run of wrk; a load of nobody's wanted answers stops the bench."""
        found = drive(
            load,
            folder=self.folder,
            seconds=seconds or self.sizes.seconds,
            connections=connections or self.sizes.connections,
            processes=processes,
        )
        if found.errors > found.requests / 100:
            raise SystemExit(f"{load.name}: {found.errors} of {found.requests} answers are wrong")
        return found

    def medians(
        self,
        loads: Sequence[tuple[Load, Sequence[int]]],
        *,
        connections: int = 0,
        seconds: int = 0,
    ) -> list[Measured]:
        """The median run of each load, by its rate; the loads take turns."""
        for load, _ in loads:
            self.drive(load, (), connections=connections or 8, seconds=1)
        results: list[list[Measured]] = [[] for _ in loads]
        for _ in range(self.sizes.rounds):
            for (load, processes), found in zip(loads, results, strict=True):
                found.append(self.drive(load, processes, connections=connections, seconds=seconds))
        medians = [sorted(one, key=lambda run: run.per_second)[len(one) // 2] for one in results]
        self.measured |= {one.name: one for one in medians}
        return medians


def said(text: str) -> None:
    """A line of progress for whoever waits."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def openssl_signatures(cores: int, *, seconds: int = 2) -> dict[str, float]:
    """Signatures a second of all cores by ``openssl speed``, the median of three; empty without
    openssl.
    """
    if shutil.which("openssl") is None:
        return {}
    rates: dict[str, list[float]] = {"rsa": [], "p256": []}
    for _ in range(3):
        output = subprocess.run(
            ["openssl", "speed", "-multi", str(cores), "-seconds", str(seconds), "rsa2048",
             "ecdsap256"], capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        for line in output.splitlines():
            words = line.split()
            if line.startswith("rsa") and "2048" in line:
                rates["rsa"].append(float(words[-2]))
            elif "nistp256" in line:
                rates["p256"].append(float(words[-2]))
    return {name: statistics.median(found) for name, found in rates.items() if found}


def key_costs() -> dict[str, float]:
    """CPU µs of a signature with the library that the gateway signs with, the least of some runs,
    so that what is left of a request is never made smaller by a busy machine.
    """
    rsa_key = rsa.generate_private_key(65537, 2048)
    p256_key = ec.generate_private_key(ec.SECP256R1())
    signs: dict[str, Callable[[], bytes]] = {
        "rsa": lambda: rsa_key.sign(b"message", padding.PKCS1v15(), hashes.SHA256()),
        "p256": lambda: p256_key.sign(b"message", ec.ECDSA(hashes.SHA256())),
    }
    return {name: min(_cost(sign) for _ in range(5)) for name, sign in signs.items()}


def _cost(work: Callable[[], object], calls: int = 200) -> float:
    began = time.process_time_ns()
    for _ in range(calls):
        work()
    return (time.process_time_ns() - began) / calls / 1000
