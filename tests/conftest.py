"""Databases for the tests: an empty one each time, in SQLite and in a real PostgreSQL."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from free_ports import free_ports
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

#: Newest first, so that "15" does not beat "9".
_POSTGRESQL_HOMES = sorted(
    Path("/usr/lib/postgresql").glob("*/bin/initdb"),
    key=lambda path: float(path.parts[-3]),
    reverse=True,
)

_UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")

# How fast the machine is at this moment is nothing that a test judges.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")


#: Where files take long: begun first, so that no worker is left with one of them at the end.
_LONG = ("anomaly", "end_to_end")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first; otherwise the order stays."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        room = item.path.relative_to(here).parts[0]
        return _LONG.index(room) if room in _LONG else len(_LONG)

    items.sort(key=place)


def _unprivileged() -> pwd.struct_passwd | None:
    """The account to run PostgreSQL under, which refuses root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _UNPRIVILEGED_ACCOUNTS if name in known)


class _Cluster:
    """A temporary PostgreSQL that listens on a unix socket in a directory of its own."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._account = _unprivileged()
        # A short path: a unix socket's may not exceed 107 bytes.
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))
        (self._port,) = free_ports(1)

    def _run(self, program: str, *arguments: str) -> None:
        account = self._account
        command: list[str] = [str(self._binaries / program), *arguments]
        with (self._home / "output").open("ab") as output:
            finished = subprocess.run(
                command,
                check=False,
                stdout=output,
                stderr=output,
                cwd=self._home,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            )
        if finished.returncode:
            said = (self._home / "output").read_text(errors="replace")
            raise RuntimeError(f"{program} failed: {said}")

    def start(self) -> None:
        if self._account:
            os.chown(self._home, self._account.pw_uid, self._account.pw_gid)
        data = str(self._home / "data")
        self._run("initdb", "--no-sync", "--auth=trust", "--username=kps", "--encoding=UTF8", data)
        options = f"-p {self._port} -k {self._home} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(self._home / "log"), "start")

    def stop(self) -> None:
        if (self._home / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self._home / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, database: str) -> URL:
        return URL.create(
            "postgresql+psycopg",
            username="kps",
            database=database,
            query={"host": str(self._home), "port": str(self._port)},
        )


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a temporary PostgreSQL's maintenance database."""
    if not _POSTGRESQL_HOMES:
        pytest.skip("PostgreSQL's binaries (initdb, pg_ctl) are not installed")
    cluster = _Cluster(_POSTGRESQL_HOMES[0].parent)
    try:
        cluster.start()
        yield cluster.url("postgres").render_as_string(hide_password=False)
    finally:
        cluster.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, empty database, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.sqlite'}"
        return
    maintenance = make_url(request.getfixturevalue("postgresql_url"))
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield maintenance.set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    finally:
        engine.dispose()
