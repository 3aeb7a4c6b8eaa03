"""Writing a whole register into a database at once, and telling two of them apart by content.

A SQLite register is made under a temporary name and renamed when complete; a PostgreSQL register
is filled with COPY.  What was saved on the way is found again by a run of the same recipe, which
goes on behind it; until the last save it is no register, for it bears no mark.  This module
refuses to write where a register already is.
"""

# Tables and columns in statements are constants of this package; values are always bound.
# ruff: noqa: S608

import hashlib
import json
import marshal
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, create_engine, delete, func, inspect, select, text
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
#: What a run has saved so far: whose it is, how many parts, and the sums of its digest.
_MAKING: Final = "register_making"
#: A journal, so that a run that is killed can go on; new pages, which are most, need none.
_SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode=TRUNCATE",
    "PRAGMA synchronous=OFF",
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA cache_size=-262144",
    # The indices are sorted in files: in memory, ten million persons take 1.5 GB.
    "PRAGMA temp_store=FILE",
)


def columns(text: str) -> tuple[str, ...]:
    """Column names written one after the other."""
    return tuple(text.split())


class RegisterExists(Exception):
    """There is a register already; it is not overwritten."""


class ContentDigest:
    """A digest of rows that does not depend on their order."""

    def __init__(self, sums: Mapping[str, int] | None = None) -> None:
        self._sums: dict[str, int] = dict(sums or {})

    @property
    def sums(self) -> Mapping[str, int]:
        """What a digest goes on from."""
        return self._sums

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
    """Writes rows into an open connection and digests them on the way.

    ``done`` is how many parts an earlier run of the same recipe has saved.
    """

    def __init__(
        self, connection: Connection, columns: Mapping[str, Sequence[str]], recipe: str
    ) -> None:
        self.connection = connection
        self._recipe = recipe
        self.done, sums = _saved(connection, recipe)
        self.digest = ContentDigest(sums)
        self._columns = columns
        is_sqlite = connection.dialect.name == "sqlite"
        self._put: Callable[[str, Sequence[Row]], None] = self._insert if is_sqlite else self._copy

    def write(self, sheets: Sheets) -> None:
        """Append rows; the content digest grows with them."""
        for table, rows in sheets.items():
            if rows:
                self._put(table, rows)
                self.digest.add(table, rows)

    def save(self, done: int) -> None:
        """Keep what was written, so many parts, whatever happens to this run."""
        self.connection.exec_driver_sql(f"DELETE FROM {_MAKING}")
        sums = json.dumps({table: str(total) for table, total in self.digest.sums.items()})
        self.connection.execute(
            text(f"INSERT INTO {_MAKING} VALUES (:recipe, :done, :sums)"),
            {"recipe": self._recipe, "done": done, "sums": sums},
        )
        self.connection.commit()
        self.done = done

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
def fresh_register(
    url: str, columns: Mapping[str, Sequence[str]], recipe: str = ""
) -> Iterator[Loader]:
    """A new register to be filled; it comes into being when the block ends without an error.

    ``recipe`` names all that decides about its content; what another recipe left is thrown away.
    Raises ``RegisterExists`` where there is one, and ``ValueError`` for a database this cannot
    make a register in.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        with (
            _sqlite_file(parsed.set(drivername="sqlite")) as temporary,
            _filled(temporary, columns, recipe) as loader,
        ):
            yield loader
    elif backend == "postgresql":
        with _filled(parsed.set(drivername="postgresql+psycopg"), columns, recipe) as loader:
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
    if not _is_unfinished(temporary):
        temporary.unlink(missing_ok=True)
    try:
        yield url.set(database=str(temporary))
        temporary.rename(target)
    finally:
        if not _is_unfinished(temporary):
            temporary.unlink(missing_ok=True)
        # It is closed by now: its journal holds nothing.
        temporary.with_name(temporary.name + "-journal").unlink(missing_ok=True)


def _is_unfinished(path: Path) -> bool:
    """Whether a run has saved something here that another one can go on from."""
    if not path.exists():
        return False
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT 1 FROM {_MAKING}").fetchone() is not None
    return False


@contextmanager
def _filled(url: URL, columns: Mapping[str, Sequence[str]], recipe: str) -> Iterator[Loader]:
    """Empty tables or those of an earlier run, then what the caller writes, then the indices."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                for pragma in _SQLITE_PRAGMAS:
                    connection.exec_driver_sql(pragma)
                connection.commit()
                # The driver would end a transaction before it makes a table.
                connection.exec_driver_sql("BEGIN")
            _create_tables(connection)
            yield Loader(connection, columns, recipe)
            tables.create_indexes(connection)
            connection.exec_driver_sql(f"DROP TABLE {_MAKING}")
            connection.commit()
    finally:
        engine.dispose()


def _create_tables(connection: Connection) -> None:
    """Make the tables, or use those of a migration or an earlier run that hold no register."""
    if not inspect(connection).has_table(tables.register_info.name):
        tables.create_tables(connection, indexes=False)
    elif _is_held(connection, tables.register_info) or (
        not inspect(connection).has_table(_MAKING) and _is_held(connection, tables.citizens)
    ):
        raise RegisterExists("there is a register already")
    connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS {_MAKING} (recipe TEXT, done INTEGER, sums TEXT)"
    )


def _is_held(connection: Connection, table: Table) -> bool:
    return bool(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _saved(connection: Connection, recipe: str) -> tuple[int, dict[str, int]]:
    """How many parts of this recipe are there, and their digest; of another, nothing is left."""
    found = connection.exec_driver_sql(f"SELECT recipe, done, sums FROM {_MAKING}").fetchone()
    if found is None:
        return 0, {}
    if found[0] != recipe:
        for table in tables.metadata.sorted_tables:
            connection.execute(delete(table))
        return 0, {}
    return int(found[1]), {table: int(total) for table, total in json.loads(found[2]).items()}


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
