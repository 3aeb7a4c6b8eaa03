"""Writing a whole register into a database at once, and telling two of them apart by content.

A SQLite register is made under a temporary name without a journal and renamed when complete; a
PostgreSQL register is made in one transaction with COPY.  Either way an interrupted run leaves
no half register.  This module refuses to write where a register already is.
"""

# Tables and columns in statements are constants of this package; values are always bound.
# ruff: noqa: S608

import hashlib
import marshal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, func, inspect, select
from sqlalchemy.engine import URL, make_url

from kps_soap.registry import tables

Row = tuple[object, ...]
#: Rows by table name, each in the order of that table's columns in ``COLUMNS``.
Sheets = Mapping[str, Sequence[Row]]

_MODULUS: Final = 2**256
#: A serialisation that has been the same in every Python since 2.5.
_MARSHAL_VERSION: Final = 2
#: Tables whose rows are the operator's or the maker's notes, not content.
_NOT_CONTENT: Final = frozenset({"codes", "register_info"})
#: Cursors of a PostgreSQL server have names, and several may be open at a time.
_CURSORS: Final = count()
_SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA cache_size=-262144",
    "PRAGMA temp_store=MEMORY",
)


def columns(text: str) -> tuple[str, ...]:
    """Column names written one after the other."""
    return tuple(text.split())


class RegisterExists(Exception):
    """There is a register already; it is not overwritten."""


class ContentDigest:
    """A digest of rows that does not depend on their order."""

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Take in rows of a table."""
        sha256, read = hashlib.sha256, int.from_bytes
        dumps: Callable[[Any, int], bytes] = marshal.dumps
        total = self._sums.get(table, 0)
        for row in rows:
            total += read(sha256(dumps(row, _MARSHAL_VERSION)).digest(), "big")
        self._sums[table] = total % _MODULUS

    def hexdigest(self) -> str:
        """SHA-256 of the sums of all tables, in lower-case hex."""
        lines = (f"{table}:{total:064x}\n" for table, total in sorted(self._sums.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


class Loader:
    """Writes rows into an open connection and digests them on the way."""

    def __init__(self, connection: Connection, columns: Mapping[str, Sequence[str]]) -> None:
        self.connection = connection
        self.digest = ContentDigest()
        self._columns = columns
        is_sqlite = connection.dialect.name == "sqlite"
        self._put: Callable[[str, Sequence[Row]], None] = self._insert if is_sqlite else self._copy

    def write(self, sheets: Sheets) -> None:
        """Append rows; the content digest grows with them."""
        for table, rows in sheets.items():
            if rows:
                self._put(table, rows)
                self.digest.add(table, rows)

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        names = self._columns[table]
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
        cursor = _driver_connection(self.connection).cursor()
        cursor.executemany(statement, rows)
        cursor.close()

    def _copy(self, table: str, rows: Sequence[Row]) -> None:
        names = ", ".join(self._columns[table])
        cursor = _driver_connection(self.connection).cursor()
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.close()


@contextmanager
def fresh_register(url: str, columns: Mapping[str, Sequence[str]]) -> Iterator[Loader]:
    """A new register to be filled; it comes into being when the block ends without an error.

    Raises ``RegisterExists`` where there is one, and ``ValueError`` for a database this cannot
    make a register in.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        with (
            _sqlite_file(parsed.set(drivername="sqlite")) as temporary,
            _filled(temporary, columns) as loader,
        ):
            yield loader
    elif backend == "postgresql":
        with _filled(parsed.set(drivername="postgresql+psycopg"), columns) as loader:
            yield loader
    else:
        raise ValueError("a register is made in SQLite or PostgreSQL")


@contextmanager
def _sqlite_file(url: URL) -> Iterator[URL]:
    """A temporary file beside the wanted one, renamed to it at the end."""
    if not url.database or url.database == ":memory:":
        raise ValueError("a register needs a file")
    target = Path(url.database)
    if target.exists():
        raise RegisterExists("there is a register already")
    temporary = target.with_name(target.name + ".new")
    temporary.unlink(missing_ok=True)
    try:
        yield url.set(database=str(temporary))
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _filled(url: URL, columns: Mapping[str, Sequence[str]]) -> Iterator[Loader]:
    """Empty tables, then whatever the caller writes, then the indices, in one transaction."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                for pragma in _SQLITE_PRAGMAS:
                    connection.exec_driver_sql(pragma)
                connection.commit()
            with connection.begin():
                _create_tables(connection)
                yield Loader(connection, columns)
                tables.create_indexes(connection)
    finally:
        engine.dispose()


def _create_tables(connection: Connection) -> None:
    """Make the tables, or use those of a migration if they are empty."""
    if not inspect(connection).has_table(tables.register_info.name):
        tables.create_tables(connection, indexes=False)
        return
    for table in (tables.register_info, tables.citizens):
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise RegisterExists("there is a register already")


def content_digest(connection: Connection, columns: Mapping[str, Sequence[str]]) -> str:
    """The digest of what a register holds now, to be compared with that of its making."""
    digest = ContentDigest()
    for table, names in columns.items():
        if table in _NOT_CONTENT:
            continue
        for rows in driver_rows(connection, f"SELECT {', '.join(names)} FROM {table}"):
            digest.add(table, rows)
    return digest.hexdigest()


def driver_rows(connection: Connection, statement: str, size: int = 20_000) -> Iterator[list[Row]]:
    """Rows as plain tuples of whole numbers, texts and bytes, some thousands at a time."""
    is_sqlite = connection.dialect.name == "sqlite"
    driver = _driver_connection(connection)
    cursor = driver.cursor() if is_sqlite else driver.cursor(name=f"rows_{next(_CURSORS)}")
    try:
        cursor.execute(statement)
        while rows := cursor.fetchmany(size):
            yield rows if is_sqlite else [tuple(map(_plain, row)) for row in rows]
    finally:
        cursor.close()


def _plain(value: object) -> object:
    """A value as SQLite gives it: booleans are numbers, moments are texts."""
    if isinstance(value, bool):
        return int(value)
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _driver_connection(connection: Connection) -> Any:
    """The driver's own connection, whose bulk operations are several times faster."""
    return connection.connection.driver_connection
