"""What the rounds are made of: homes, gateways, a database server, and places to break them.

Everything is started here and ended by its own id.  Nothing here judges.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anomaly.invariants import Held
from anomaly.ledger import Caller
from end_to_end.running import environment, kps, make_home
from free_ports import free_ports
from sqlalchemy import create_engine, insert, select
from worker_processes import copied_from, workers_of

from kps_soap.models import METADATA

#: The largest values that an agreement can have: a load must not run into a quota.
_LIMITS = {"calls_per_second_max": 10_000, "persons_per_day_max": 1_000_000}

POSTGRESQL = sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parts[-2])
)


class CannotHere(Exception):
    """This machine lacks what the round needs; the text names it."""


def loaded_home(place: Path, *, persons: int = 200, settings: str = "") -> Path:
    """A demo home for loads: no quota in the way, evidence waited for one second."""
    return for_loads(make_home(place, persons=persons, patient=False), settings=settings)


def home_of_another_day(place: Path, clock: Path, *, persons: int = 200) -> Path:
    """The same, made by the clock that a file moves."""
    https_port, http_port, metrics_port = free_ports(3)
    made = shifted(
        clock, "demo", "init", str(place), "--persons", str(persons), "--date", "2026-01-01",
        "--port", str(https_port), "--http-port", str(http_port),
        "--metrics-port", str(metrics_port),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return for_loads(place)


def shifted(clock: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``kps`` with the clock that a file moves; it must end within a minute."""
    path = os.pathsep.join(str(Path(__file__).resolve().parents[up]) for up in (1, 2))
    return subprocess.run(
        [sys.executable, "-m", "anomaly.shifted", *arguments],
        capture_output=True,
        text=True,
        env=environment() | {"PYTHONPATH": path, "ANOMALY_CLOCK": str(clock)},
        check=False,
        timeout=60,
    )


def for_loads(home: Path, *, settings: str = "") -> Path:
    """No quota of a home's agreements in the way of a load, evidence waited for one second."""
    for path in (home / "agreements").glob("*.toml"):
        said = path.read_text(encoding="utf-8")
        for limit, most in _LIMITS.items():
            if path.name.startswith("acik") and limit != "calls_per_second_max":
                continue
            said = re.sub(rf"(?m)^{limit}\s*=.*$", f"{limit} = {most}", said)
        path.write_text(said, encoding="utf-8")
    with (home / "kps.toml").open("a", encoding="utf-8") as file:
        file.write(f"evidence_seconds_max = 1\n{settings}")
    return home


def set_setting(home: Path, name: str, line: str) -> None:
    """Put a line in the place of a setting's, or at the end."""
    file = home / "kps.toml"
    kept = re.sub(rf"(?m)^{name} = .*\n", "", file.read_text(encoding="utf-8"))
    file.write_text(f"{kept}{line}\n", encoding="utf-8")


@dataclass
class Gateway:
    """A served home; ``before`` is what stands before the command, such as a limit.

    One that does not tell has its log where only it can see it.
    """

    home: Path
    before: Sequence[str] = ()
    module: str = "kps_soap"
    workers: int = 2
    variables: Mapping[str, str] = field(default_factory=dict)
    tells: bool = True
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.demo = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))
        self.log_file = self.home / "serve.log"
        self._context = ssl.create_default_context(cafile=self.demo["ca_file"])
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        )

    def start(self) -> None:
        """Start it, and wait until all its workers are ready."""
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        command = [*self.before, sys.executable, "-m", self.module, "serve", "--home",
                   str(self.home), "--workers", str(self.workers)]  # fmt: skip
        path = os.pathsep.join(str(Path(__file__).resolve().parents[up]) for up in (1, 2))
        with self.log_file.open("ab") as sink:
            self.process = subprocess.Popen(
                command,
                stdout=sink,
                stderr=sink,
                env=environment() | {"PYTHONPATH": path} | self.variables,
            )
        deadline = time.monotonic() + 60
        while not self._serves():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the gateway did not start:\n{self.log[-2000:]}")
            time.sleep(0.05)

    def _serves(self) -> bool:
        if self.tells:
            return "Serving on" in self.log
        return {self.health()[0] for _ in range(6)} == {200}

    @property
    def log(self) -> str:
        """What this run has said so far."""
        return self.log_file.read_bytes()[self._log_start :].decode("utf-8", "replace")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def workers_alive(self) -> list[int]:
        """The workers: children of the parent, or of the process that they are copies of."""
        return sorted(workers_of(self.pid))

    def everybody(self) -> list[int]:
        """The parent, the process that workers are copies of, and the workers."""
        return [self.pid, *copied_from(self.pid), *self.workers_alive()]

    def held(self) -> Held:
        return Held.by([self.pid, *self.workers_alive()])

    async def renewed(self, workers: int, *, seconds: float = 60.0) -> None:
        """Wait until so many workers were renewed, by its own word, and all are ready."""
        deadline = time.monotonic() + seconds
        while self.log.count("is renewed") < workers and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await self.until(200, seconds=seconds, parts=10)
        await asyncio.sleep(2.0)

    def stop(self) -> None:
        """End it as an operator does."""
        process = self.process
        if process is not None:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    def caller(self, institution: str = "B-34-0417", *, tls: bool = False) -> Caller:
        base = self.demo["base_url" if tls else "http_url"]
        host, _, port = base.rpartition("/")[2].partition(":")
        account = next(one for one in self.demo["accounts"] if one["institution"] == institution)
        numbers = [one["identity_number"] for one in self.demo["personas"][:8]]
        context = self._context if tls else None
        return Caller(host, int(port), account, numbers, context)

    def health(self, path: str = "/saglik", *, seconds: float = 5.0) -> tuple[int, dict[str, Any]]:
        """What ``/saglik`` says; status 0 where nothing answers."""
        try:
            with self._opener.open(self.demo["http_url"] + path, timeout=seconds) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read() or b"{}")
        except OSError:
            return 0, {}

    async def until(self, status: int, *, seconds: float, parts: int = 6) -> float:
        """Seconds until ``/saglik`` says a status several times in a row; infinite if never."""
        start, row = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            row = row + 1 if (await asyncio.to_thread(self.health))[0] == status else 0
            if row == parts:
                return time.monotonic() - start
            await asyncio.sleep(0.05)
        return float("inf")


@contextmanager
def serving(gateway: Gateway) -> Iterator[Gateway]:
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def url_of(home: Path) -> str:
    """The address of a home's gateway database."""
    said = re.search(r'(?m)^gateway_url = "(.*)"', (home / "kps.toml").read_text(encoding="utf-8"))
    address = said.group(1) if said else "sqlite:///gateway.db"
    if address.startswith("sqlite:///") and not address.startswith("sqlite:////"):
        return f"sqlite:///{home / address.removeprefix('sqlite:///')}"
    return address


def verify(home: Path, *before: str) -> str:
    """What ``kps audit verify`` finds wrong; empty where all is well."""
    command = [*before, sys.executable, "-m", "kps_soap", "audit", "verify", "--home", str(home)]
    said = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    return "" if said.returncode == 0 else f"I3: {said.stdout[-300:]} {said.stderr[-300:]}"


_LOOKER = """
import sqlite3, sys
from contextlib import closing
for line in sys.stdin:
    with closing(sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM evidence WHERE request_id = ?"
        print(connection.execute(query, (line.strip(),)).fetchone()[0], flush=True)
"""


class MountedHome:
    """A mount namespace of its own that a process keeps open: disks that are full for us alone."""

    def __init__(self) -> None:
        probe = subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True,
            check=False,
        )
        if probe.returncode:
            raise CannotHere("unshare -m with the right to mount")
        self._holder = subprocess.Popen(["unshare", "-m", "sleep", "3600"])
        time.sleep(0.2)

    @property
    def before(self) -> list[str]:
        """What a command begins with that sees the mounts."""
        return ["nsenter", "-t", str(self._holder.pid), "-m"]

    def looker(self, database: Path) -> subprocess.Popen[str]:
        """A process inside: a request's number on a line in, 1 out where its record is there."""
        return subprocess.Popen(
            [*self.before, sys.executable, "-c", _LOOKER, str(database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.before, *command], capture_output=True, text=True, check=False, timeout=120
        )

    def disk(self, place: Path, *, megabytes: int, inodes: int = 0) -> None:
        """A small file system at a place, with what lay there before."""
        kept = place.with_name(f"{place.name}.kept")
        shutil.copytree(place, kept, dirs_exist_ok=True)
        options = f"size={megabytes}m" + (f",nr_inodes={inodes}" if inodes else "")
        said = self.run("mount", "-t", "tmpfs", "-o", options, "none", str(place))
        assert said.returncode == 0, said.stderr
        copied = self.run("cp", "-a", f"{kept}/.", str(place))
        assert copied.returncode == 0, copied.stderr

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()


@contextmanager
def mounted() -> Iterator[MountedHome]:
    house = MountedHome()
    try:
        yield house
    finally:
        house.close()


def _unprivileged() -> pwd.struct_passwd | None:
    """The account to run PostgreSQL under, which refuses root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in ("postgres", "nobody") if name in known)


class Cluster:
    """A temporary PostgreSQL on a unix socket, which can be stopped, killed and held."""

    def __init__(self) -> None:
        if not POSTGRESQL:
            raise CannotHere("PostgreSQL's initdb and pg_ctl")
        self._binaries = POSTGRESQL[-1]
        self._account = _unprivileged()
        # A short path: a unix socket's may not exceed 107 bytes.
        self.home = Path(tempfile.mkdtemp(prefix="pg-"))
        (self.port,) = free_ports(1)
        if self._account:
            os.chown(self.home, self._account.pw_uid, self._account.pw_gid)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=kps", "--encoding=UTF8")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://kps@/postgres?host={self.home}&port={self.port}"

    @property
    def pid(self) -> int:
        """The server's own process."""
        return int((self.home / "data" / "postmaster.pid").read_text().split()[0])

    def start(self, *, connections_max: int = 100) -> None:
        options = (
            f"-p {self.port} -k {self.home} -c listen_addresses="
            f" -c max_connections={connections_max}"
        )
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.home / "log"), "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-m", mode, "-w", "stop")

    def processes(self) -> list[int]:
        """The server and all its backends."""
        server = self.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return [server, *map(int, children)]

    def backends(self) -> list[int]:
        """The processes that serve connections."""
        found = []
        for process in self.processes()[1:]:
            try:
                if b"kps postgres" in Path(f"/proc/{process}/cmdline").read_bytes():
                    found.append(process)
            except OSError:
                continue
        return found

    def close(self) -> None:
        if (self.home / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        account = self._account
        with (self.home / "output").open("ab") as output:
            subprocess.run(
                [str(self._binaries / program), "-D", str(self.home / "data"), *arguments],
                check=True,
                stdout=output,
                stderr=output,
                cwd=self.home,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            )


@contextmanager
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    try:
        yield made
    finally:
        made.close()


def move_to(home: Path, url: str) -> None:
    """Let a home that was made with SQLite keep its gateway database at another address."""
    source = create_engine(url_of(home))
    upgraded = kps("db", "upgrade", "--home", str(home), KPS_GATEWAY_URL=url)
    assert upgraded.returncode == 0, upgraded.stderr
    target = create_engine(url)
    with source.connect() as there, target.begin() as here:
        for table in METADATA.sorted_tables:
            rows = [dict(row) for row in there.execute(select(table)).mappings()]
            if rows:
                here.execute(table.delete())
                here.execute(insert(table), rows)
    source.dispose()
    target.dispose()
    set_setting(home, "gateway_url", f'gateway_url = "{url}"')
