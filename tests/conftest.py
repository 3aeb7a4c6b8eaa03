"""Databases for the tests: an empty one each time, in SQLite and in a real PostgreSQL."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from free_ports import free_ports
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from kps_soap import database

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


#: Where tests take long: begun first, so that no worker is left with one of them at the end.
_LONG = (
    *("anomaly", "end_to_end", "audit", "registry"),
    *("test_app.py", "test_serving.py", "test_connections.py", "test_supervisor.py"),
)


#: What has a target of its own, and is left out where it is not named: it needs browsers,
#: compilers and registries, or takes as long as an operator's week without the thinking.
_WHEN_NAMED = ("browser", "docs", "interop", "multihost")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is only run by name: the directory's own, or that of a file in it."""
    here = Path(__file__).resolve().parent
    for room in (here / name for name in _WHEN_NAMED):
        if collection_path.is_relative_to(room):
            words = [Path(word.partition("::")[0]) for word in config.invocation_params.args]
            named = any(room in (word.absolute(), *word.absolute().parents) for word in words)
            return None if named else True
    return None


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
        # What is written survives killed processes; no test cuts the power.
        options = (
            f"-p {self._port} -k {self._home} -c listen_addresses=127.0.0.1"
            " -c fsync=off -c full_page_writes=off"
        )
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
    with _created(request.getfixturevalue("postgresql_url")) as url:
        yield url


@contextmanager
def _created(postgresql_url: str, *, like: str = "template1") -> Iterator[str]:
    """A database in PostgreSQL that is made like another one, and gone afterwards."""
    maintenance = make_url(postgresql_url)
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
        yield maintenance.set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    finally:
        engine.dispose()


# The gateway's tables are made once in each kind of database, and handed out as they were made.


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway database in SQLite, which nobody writes to."""
    file = tmp_path_factory.mktemp("upgraded") / "gateway.sqlite"
    database.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def upgraded_postgresql(postgresql_url: str) -> Iterator[str]:
    """The name of a gateway database in PostgreSQL, which nobody writes to."""
    with _created(postgresql_url) as url:
        database.upgrade(url)
        yield make_url(url).database or ""


@pytest.fixture(scope="module")
def new_postgresql(postgresql_url: str, upgraded_postgresql: str) -> Iterator[str]:
    """The address of a gateway database in PostgreSQL for all tests of a module."""
    with _created(postgresql_url, like=upgraded_postgresql) as url:
        yield url


@pytest.fixture
def url(upgraded_file: Path, tmp_path: Path) -> str:
    """The address of a gateway database in SQLite, its tables empty."""
    file = tmp_path / "gateway.sqlite"
    shutil.copy(upgraded_file, file)
    return f"sqlite:///{file}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The same, opened."""
    opened = database.open_database(url, wait_seconds_max=5)
    yield opened
    opened.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a gateway database, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("url")
        return
    like = request.getfixturevalue("upgraded_postgresql")
    with _created(request.getfixturevalue("postgresql_url"), like=like) as url:
        yield url


@pytest.fixture
def any_engine(any_url: str) -> Iterator[Engine]:
    """The same, opened."""
    opened = database.open_database(any_url, wait_seconds_max=5)
    yield opened
    opened.dispose()
