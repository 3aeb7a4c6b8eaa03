"""Two PostgreSQL servers: a primary, and a standby that has every commit before it is told.

Streaming replication is PostgreSQL's own; the configuration is that of ``conf/deployment``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from multihost.machines import ADDRESSES, Network, run, wait_for

CONFIGURATION = Path(__file__).resolve().parents[2] / "conf" / "deployment"
PASSWORD = "only-for-this-test"
STANDBY = "kps_standby"


def programs() -> Path | None:
    """Where PostgreSQL's newest programs lie, None where it is not installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[-3])
    )
    return found[-1].parent if found else None


class Database:
    """One server on one machine."""

    def __init__(self, network: Network, name: str, stack: ExitStack) -> None:
        binaries = programs()
        assert binaries is not None
        self._binaries = binaries
        self._network = network
        self._account = pwd.getpwnam("postgres")
        self._name = name
        # A short path: a unix socket's may not exceed 107 bytes.
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))
        os.chown(self._home, self._account.pw_uid, self._account.pw_gid)
        self._data = self._home / "data"
        stack.callback(shutil.rmtree, self._home, ignore_errors=True)
        stack.callback(self._end)

    def make_primary(self) -> None:
        """An empty cluster that waits for its standby, with a role of the gateways' own."""
        self._run("initdb", "-D", str(self._data), "--no-sync", "--encoding=UTF8",
                  "--auth=peer", "--username=postgres")  # fmt: skip
        self._configure("include = 'kps.conf'\n")
        self._start()
        self.sql("CREATE ROLE kps LOGIN REPLICATION PASSWORD '" + PASSWORD + "'")
        for database in ("kps", "register"):
            self.sql(f"CREATE DATABASE {database} OWNER kps")

    def wait_for_standby(self) -> None:
        """From now on every commit waits for the standby, which is there."""
        shutil.copy(CONFIGURATION / "primary.conf", self._data / "primary.conf")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write("include = 'primary.conf'\n")
        self.sql("SELECT pg_reload_conf()")
        wait_for(
            lambda: "sync" in self.sql("SELECT sync_state FROM pg_stat_replication").split(),
            seconds=20,
            what="a synchronous standby",
        )

    def follow(self, primary: str) -> None:
        """Become the standby of a primary, from a copy of it."""
        source = (
            f"host={ADDRESSES[primary]} user=kps password={PASSWORD} application_name={STANDBY}"
        )
        self._run("pg_basebackup", "-D", str(self._data), "-d", source, "-R", "-X", "stream",
                  "--checkpoint=fast", "--no-sync")  # fmt: skip
        self._start()

    def promote(self) -> None:
        """Be the primary from now on."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "promote")

    def die(self) -> None:
        """End at once, as by a broken machine: nothing is finished, nobody is told."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the administrator on this machine."""
        return self._run("psql", "-h", str(self._home), "-d", database, "-AtX", "-v",
                         "ON_ERROR_STOP=1", "-c", statement)  # fmt: skip

    def _configure(self, text: str) -> None:
        shutil.copy(CONFIGURATION / "postgresql.conf", self._data / "kps.conf")
        shutil.copy(CONFIGURATION / "pg_hba.conf", self._data / "pg_hba.conf")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(text)

    def _start(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-o", f"-k {self._home}",
                  "-l", str(self._home / "log"), "start")  # fmt: skip

    def _end(self) -> None:
        if (self._data / "postmaster.pid").exists():
            with suppress(RuntimeError):
                self.die()

    def _run(self, program: str, *arguments: str) -> str:
        where = self._binaries / program
        return run(
            *self._network.command(
                self._name, "setpriv", f"--reuid={self._account.pw_uid}",
                f"--regid={self._account.pw_gid}", "--clear-groups",
                str(where if where.exists() else program), *arguments,
            ),
            cwd=self._home,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
