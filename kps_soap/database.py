"""Open the gateway's own database, SQLite or PostgreSQL, so that a commit is durable.

SQLite: write-ahead log, ``synchronous=FULL`` (a commit has reached the disk), foreign keys on,
and a busy time-out.  Several worker processes share one file; SQLite's own waiting for the
write lock is a sleep that is tried again, which lets one worker starve another, so writers first
queue on a lock file beside the database.  Measured with four writers on two cores: of a hundred
records the slowest waits 33 ms instead of 100 to 350, at the same number of records a second.
PostgreSQL: ``synchronous_commit=on``, and time-outs for connecting, for locks and for
statements, so that nothing waits for ever.

``upgrade`` and ``is_at_head`` run the migrations that lie inside the package.  This room knows no
table, and it never echoes a statement or a parameter: they hold personal data.  PostgreSQL's own
error texts can quote a row all the same, so of a failure only the kind is ever to be shown.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import ClauseElement, Connection, Engine, Table, create_engine, event, insert
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import SQLAlchemyError

#: The execution option that makes a SQLite transaction take the write lock when it begins: one
#: that reads first and then writes could fail in the middle.
WRITES: Final = "kps_writes"

_SQLITE: Final[Any] = make_url("sqlite://").get_dialect()
_POSTGRESQL: Final[Any] = make_url("postgresql+psycopg://").get_dialect()

#: The two dialects, writing their parameters by position.
_POSITIONAL: Final[Mapping[str, Dialect]] = {
    "sqlite": _SQLITE(paramstyle="qmark"),
    "postgresql": _POSTGRESQL(paramstyle="format"),
}

#: What a database, its driver, its connection or its disk can raise.
FAILURES: Final = (SQLAlchemyError, sqlite3.Error, psycopg.Error, OSError)


class DatabaseUnavailable(Exception):
    """The database cannot be opened; the text names the kind of error, never an address."""


def open_database(url: str, *, wait_seconds_max: float) -> Engine:
    """An engine for the gateway's own database.

    ``wait_seconds_max`` bounds each wait for a connection, a lock or a statement.  Nothing is
    connected yet.  Statements and parameters are never shown (design D14).
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = create_engine(
            address,
            hide_parameters=True,
            connect_args={"timeout": wait_seconds_max},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        address,
        hide_parameters=True,
        connect_args=_postgresql_arguments(wait_seconds_max),
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Transactions begin where ``_begin_sqlite`` says, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    # 40 MB of log before it is copied back: a group of 16 records of 6.5 KB then waits 85 µs a
    # record instead of 267, and costs 46 µs of CPU instead of 54.
    cursor.execute("PRAGMA wal_autocheckpoint=10000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    cursor = connection.connection.cursor()
    cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    cursor.close()


def _postgresql_arguments(wait_seconds_max: float) -> dict[str, Any]:
    milliseconds = max(1, round(wait_seconds_max * 1000))
    return {
        # libpq takes one second for two.
        "connect_timeout": max(2, round(wait_seconds_max)),
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": milliseconds,
        "options": (
            f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
            f" -c idle_in_transaction_session_timeout={2 * milliseconds}"
            " -c synchronous_commit=on -c timezone=UTC"
        ),
    }


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """One transaction that writes: committed at the end, rolled back on an exception.

    Every writer to the gateway's database uses it.  On SQLite it waits in the queue of the lock
    file first and takes the write lock at once.
    """
    connection.execution_options(**{WRITES: True})
    try:
        with _writers_queue(connection.engine), connection.begin():
            yield
    finally:
        connection.execution_options(**{WRITES: False})


@contextmanager
def _writers_queue(engine: Engine) -> Iterator[None]:
    path = _sqlite_file(engine.url.database) if engine.dialect.name == "sqlite" else None
    if path is None:
        yield
        return
    descriptor = os.open(f"{path}-queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def file_identity(engine: Engine) -> tuple[int, int] | None:
    """Which file a SQLite database is; None on PostgreSQL.

    A file that was deleted or replaced goes on working for who has it open, and what is written
    into it is lost: a writer compares.  Raises ``FileNotFoundError``.
    """
    path = _sqlite_file(engine.url.database) if engine.dialect.name == "sqlite" else None
    if path is None:
        return None
    status = path.stat()
    return status.st_dev, status.st_ino


def _sqlite_file(database: str | None) -> Path | None:
    """The file of a SQLite database; None for one in memory."""
    return Path(database) if database and database != ":memory:" else None


class Prepared:
    """A statement of SQLAlchemy's that is run by the driver itself, many times.

    SQLAlchemy writes the statement once and leads the transaction; running it through
    SQLAlchemy costs some 50 µs each time, and a request waits for several of them.  Values go
    to the driver as they are, so they must be str, int, bytes or None.  Failures are the
    driver's: catch ``FAILURES``.
    """

    def __init__(self, dialect: Dialect, statement: ClauseElement) -> None:
        compiled: Any = statement.compile(dialect=_POSITIONAL[dialect.name])
        self._text = str(compiled)
        self._names: Sequence[str] = compiled.positiontup
        # Values that the statement itself brings, such as the 1 of a count that goes up.
        self._own = {name: value for name, value in compiled.params.items() if value is not None}

    def __call__(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Run it in the connection's transaction; returns the driver's cursor."""
        cursor = connection.connection.cursor()
        given = {**self._own, **values} if self._own else values
        cursor.execute(self._text, tuple([given[name] for name in self._names]))
        return cursor


class Inserter:
    """Writes rows of one table (see ``Prepared``).

    The driver gets all rows at once.  On PostgreSQL it then sends them without waiting for each
    answer; measured, one statement of many rows costs it twice as much.
    """

    def __init__(self, dialect: Dialect, table: Table, *, skip_known: bool = False) -> None:
        statement = insert(table).compile(dialect=_POSITIONAL[dialect.name])
        # The same words in SQLite and in PostgreSQL.
        self._text = f"{statement} ON CONFLICT DO NOTHING" if skip_known else str(statement)

    def __call__(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows; a row is a tuple in the order of the table's columns."""
        if not rows:
            return
        cursor = connection.connection.cursor()
        if len(rows) == 1:
            cursor.execute(self._text, rows[0])
        else:
            cursor.executemany(self._text, rows)
        cursor.close()


def upgrade(url: str) -> None:
    """Bring the database to the newest form of its tables; makes a SQLite file with mode 0600.

    Safe to run twice and by two processes at once.  Raises ``DatabaseUnavailable``.
    """
    _make_private(url)
    engine = open_database(url, wait_seconds_max=30)
    try:
        with _writers_queue(engine), engine.connect() as connection:
            config = _migrations()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except FAILURES as failure:
        raise DatabaseUnavailable(type(failure).__name__) from None
    finally:
        engine.dispose()


def is_at_head(url: str) -> bool:
    """Has the database exactly the tables that this release knows?

    A SQLite file that does not exist is not made.  Raises ``DatabaseUnavailable``.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        path = _sqlite_file(address.database)
        if path is None or not path.exists():
            return False
    engine = open_database(url, wait_seconds_max=5)
    try:
        with engine.connect() as connection:
            heads = MigrationContext.configure(connection).get_current_heads()
    except FAILURES as failure:
        raise DatabaseUnavailable(type(failure).__name__) from None
    finally:
        engine.dispose()
    return set(heads) == set(ScriptDirectory.from_config(_migrations()).get_heads())


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", "kps_soap:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _make_private(url: str) -> None:
    """SQLite's files hold evidence: nobody but their owner may read them."""
    address = make_url(url)
    path = _sqlite_file(address.database) if address.get_backend_name() == "sqlite" else None
    if path is not None and not path.exists():
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as failure:
            raise DatabaseUnavailable(type(failure).__name__) from None
