"""Statements that the database's driver runs itself: prepared once, run with every request.

SQLAlchemy writes their text and leads their transactions.  This room opens no database, begins
no transaction, and never shows a value: failures are the driver's, ``database.FAILURES``.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, compress
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    Connection,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    insert,
)
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import Dialect

_SQLITE: Final[Any] = make_url("sqlite://").get_dialect()
_POSTGRESQL: Final[Any] = make_url("postgresql+psycopg://").get_dialect()

#: The two dialects, writing their parameters by position.
_POSITIONAL: Final[Mapping[str, Dialect]] = {
    "sqlite": _SQLITE(paramstyle="qmark"),
    "postgresql": _POSTGRESQL(paramstyle="format"),
}

#: The types of columns, by the names that PostgreSQL's driver has for them in a COPY.
_COPIED_AS: Final[Mapping[type, str]] = {
    BigInteger: "int8",
    Integer: "int4",
    LargeBinary: "bytea",
    SmallInteger: "int2",
    String: "text",
    Text: "text",
}

#: As many as SQLite's driver keeps compiled for a connection.
_TEXTS_MAX: Final = 128

#: So many rows a statement writes; 16 of 53 columns stay below 999 values, which SQLite takes.
_ROWS_TOGETHER: Final = (16, 8, 4, 2, 1)


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


def for_driver(dialect: str, statement: ClauseElement) -> tuple[str, tuple[str, ...]]:
    """A statement's text as the driver of a dialect runs it, and its values' names in order.

    For who streams rows through a cursor of the driver's own; the statement brings no values.
    """
    compiled: Any = statement.compile(dialect=_POSITIONAL[dialect])
    return str(compiled), tuple(compiled.positiontup)


class Inserter:
    """Writes rows of one table, in the way that costs the driver least.

    PostgreSQL: by a binary COPY.  Measured, groups of 50 records of 53 columns cost this process
    16 µs a record instead of 40 for prepared statements in one pipeline.

    SQLite: a column that is absent in all rows is left out, because the driver takes three times
    as long to bind an absent value as it takes for text, and bytes as ``bytearray``, for the
    same reason: 5 µs of 20 a record.  A statement writes up to 16 rows: that takes a sixth less
    than one each, and only with each statement the driver may have to wait for the interpreter.
    """

    def __init__(self, dialect: Dialect, table: Table, *, skip_known: bool = False) -> None:
        self._table = table
        self._dialect = _POSITIONAL[dialect.name]
        # The same words in SQLite and in PostgreSQL, whose COPY has none for it.
        self._ending = " ON CONFLICT DO NOTHING" if skip_known else ""
        self._names = tuple(table.columns.keys())
        self._copied = None
        if dialect.name == "postgresql" and not skip_known:
            names = ", ".join(map(dialect.identifier_preparer.quote, self._names))
            self._copied = f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)"
            self._types = [_COPIED_AS[type(column.type)] for column in table.columns]
        self._texts: dict[tuple[tuple[bool, ...], int], str] = {}

    def __call__(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows; a row is a tuple in the order of the table's columns."""
        if not rows:
            return
        cursor: Any = connection.connection.cursor()
        if self._copied is not None:
            with cursor.copy(self._copied) as copy:
                copy.set_types(self._types)
                for row in rows:
                    copy.write_row(row)
        else:
            self._insert(cursor, rows)
        cursor.close()

    def _insert(self, cursor: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        columns = list(zip(*rows, strict=True))
        # Comparing each value with None takes far longer than finding one that is something.
        some = tuple([any(column) or column.count(None) < len(rows) for column in columns])
        there = [
            map(bytearray, column) if type(column[0]) is bytes and None not in column else column
            for column in compress(columns, some)
        ]
        values = list(zip(*there, strict=True))
        if self._dialect.name != "sqlite":
            cursor.executemany(self._text(some, 1), values)
            return
        for size in _ROWS_TOGETHER:
            while len(values) >= size:
                part, values = chain.from_iterable(values[:size]), values[size:]
                cursor.execute(self._text(some, size), tuple(part))

    def _text(self, some: tuple[bool, ...], size: int) -> str:
        """The statement for so many rows with these columns."""
        text = self._texts.get((some, size))
        if text is None:
            names = list(compress(self._names, some))
            one = str(insert(self._table).compile(dialect=self._dialect, column_keys=names))
            start, row = one.split(" VALUES ")
            if size > 1:
                # A failure ends the transaction: SQLite need not keep a copy of every page that
                # it touches to take back this statement alone.
                start = start.replace("INSERT", "INSERT OR FAIL", 1)
            if len(self._texts) >= _TEXTS_MAX:
                self._texts.clear()
            text = f"{start} VALUES {', '.join([row] * size)}{self._ending}"
            self._texts[some, size] = text
        return text
