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

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg
from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from kps_soap import sqlite_files, writers_queue

if TYPE_CHECKING:
    from alembic.config import Config

#: The execution option that makes a SQLite transaction take the write lock when it begins: one
#: that reads first and then writes could fail in the middle.
WRITES: Final = "kps_writes"

#: The execution option that says how long whoever writes waits for the turn, at most.
_WAIT_SECONDS: Final = "kps_wait_seconds"

#: How often the log is gone through while others write, and how many pages are so few that the
#: writers may wait for them.
_PASSES_MAX: Final = 6
_FRAMES_LEFT: Final = 100

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
            execution_options={_WAIT_SECONDS: wait_seconds_max},
        )
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "connect", _prepare_sqlite)
        sqlite_files.watch(engine)
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
    # In a new file, a record with its messages lies in one page.  Measured, in turns: 76 µs of CPU
    # a record in groups of 50, 88 with pages of 4 KiB.  A file that has tables keeps its pages.
    cursor.execute("PRAGMA page_size=8192")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    # 40 MB of log before it is copied back: a group of 16 records of 6.5 KB then waits 85 µs a
    # record instead of 267, and costs 46 µs of CPU instead of 54.
    cursor.execute("PRAGMA wal_autocheckpoint=5000")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: a destroyed month must not lie on in free pages.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    cursor = connection.connection.cursor()
    try:
        cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    except sqlite3.Error as failure:
        if sqlite_files.is_broken(failure):
            connection.invalidate()
        raise
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
def writing(connection: Connection, *, patient: bool = False) -> Iterator[None]:
    """One transaction that writes: committed at the end, rolled back on an exception.

    Every writer to the gateway's database uses it.  On SQLite it waits in the queue of the lock
    file first and takes the write lock at once; ``patient`` is a thread that may wait for ever.
    A connection that only writes may have the option ``WRITES`` for good: setting it and taking
    it back costs a tenth of a small transaction.
    """
    options = connection.get_execution_options()
    seconds = None if patient else options.get(_WAIT_SECONDS)
    for_good = options.get(WRITES, False)
    if not for_good:
        connection.execution_options(**{WRITES: True})
    try:
        with _queued(connection.engine, seconds), connection.begin():
            yield
    finally:
        if not for_good:
            connection.execution_options(**{WRITES: False})


def _queued(engine: Engine, seconds_max: float | None) -> AbstractContextManager[None]:
    return writers_queue.turn(sqlite_files.path_of(engine.url), seconds_max=seconds_max)


def insert_into(dialect: Dialect, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insertion that can say what to do where a row with its key is there already.

    Both databases say it in the same words, which SQLAlchemy has for each of them alone.
    """
    made = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    return made(table)


def copy_log(engine: Engine) -> None:
    """Copy SQLite's write-ahead log back into the database while others go on writing.

    What is left of the log after some passes is copied in the writers' queue: SQLite begins the
    log anew only when all of it was copied.  Raises what the database raises.
    """
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        before = 0
        for _ in range(_PASSES_MAX):
            copied = _pass_over_log(cursor)
            if copied - before < _FRAMES_LEFT:
                break
            before = copied
        with _queued(engine, None):
            _pass_over_log(cursor)
    finally:
        # Not kept for others: the file may have been replaced by the next time.
        connection.invalidate()


def _pass_over_log(cursor: Any) -> int:
    """Copy what is in the log now; returns how much of it is copied, in pages."""
    _, _, copied = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(copied)


def file_identity(engine: Engine) -> tuple[int, int] | None:
    """Which file a SQLite database is; None on PostgreSQL.

    A file that was deleted or replaced goes on working for who has it open, and what is written
    into it is lost: a writer compares.  Raises ``FileNotFoundError``.
    """
    path = sqlite_files.path_of(engine.url)
    return None if path is None else sqlite_files.identity(path)


def upgrade(url: str) -> None:
    """Bring the database to the newest form of its tables; makes a SQLite file with mode 0600.

    Safe to run twice and by two processes at once.  Raises ``DatabaseUnavailable``.
    """
    # Alembic takes longer to import than most processes have use for it.
    from alembic import command

    make_private(url)
    engine = open_database(url, wait_seconds_max=30)
    try:
        with _queued(engine, None), engine.connect() as connection:
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
    from alembic.script import ScriptDirectory

    return revisions(url) == set(ScriptDirectory.from_config(_migrations()).get_heads())


def revisions(url: str) -> set[str]:
    """The names of the newest changes that the tables have seen; none of a database without any.

    A SQLite file that does not exist is not made.  Raises ``DatabaseUnavailable``.
    """
    from alembic.runtime.migration import MigrationContext

    path = sqlite_files.path_of(make_url(url))
    if path is not None and not path.exists():
        return set()
    engine = open_database(url, wait_seconds_max=5)
    try:
        with engine.connect() as connection:
            return set(MigrationContext.configure(connection).get_current_heads())
    except FAILURES as failure:
        raise DatabaseUnavailable(type(failure).__name__) from None
    finally:
        engine.dispose()


def _migrations() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "kps_soap:migrations")
    config.set_main_option("path_separator", "os")
    return config


def make_private(url: str) -> None:
    """SQLite's files hold evidence: nobody but their owner may read them."""
    path = sqlite_files.path_of(make_url(url))
    if path is not None and not path.exists():
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as failure:
            raise DatabaseUnavailable(type(failure).__name__) from None
