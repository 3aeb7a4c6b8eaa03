"""Where a verification reads evidence from: a database, or an export of one.

A source hands over what is stored, exactly as it is stored and whatever its type, as plain
tuples whose values stand in the order of their table's columns.  Streams come in lists of some
hundred tuples, in ascending order; ``until`` is not included, and None means "to the end" or
"from the lowest".  A source believes nothing and checks nothing.

``DatabaseSource`` reads with the driver alone, in cursors on the server's side: a chain of any
length takes the same memory, and a tuple costs a few microseconds.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
)

from kps_soap.audit.heads import SealedHead
from kps_soap.audit.records import ROW_COLUMNS
from kps_soap.database import open_database
from kps_soap.driver_statements import for_driver
from kps_soap.models import (
    checkpoint_heads,
    checkpoints,
    dictionaries,
    evidence,
    evidence_chains,
    evidence_persons,
    field_lists,
    held_records,
    legal_orders,
    month_keys,
)

#: The columns of ``evidence`` that make the chain: they stand first in a row.
LINK_COLUMNS: Final = ROW_COLUMNS[: ROW_COLUMNS.index("cipher_digest") + 1]

_LINKS_AT_A_TIME: Final = 2_000
_ROWS_AT_A_TIME: Final = 200

#: A sequence that no record has.
_NO_SEQUENCE: Final = 2**63 - 1

Row = tuple[Any, ...]
Batches = Iterator[Sequence[Row]]


class Source(Protocol):
    """What a verification asks for."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside is of one moment."""

    def base(self) -> int:
        """The checkpoint behind which this begins; 0 where everything is there."""

    def partial(self) -> bool:
        """May this end before the newest checkpoint, because it is a part only?"""

    def sealed_heads(self) -> Mapping[str, SealedHead]:
        """Every chain as the base checkpoint left it; nothing where the base is 0."""

    def chain_ids(self) -> Iterator[object]:
        """Every chain that any table speaks of, ascending, each once."""

    def chain(self, chain_id: str) -> Row | None:
        """The chain's row of ``evidence_chains``."""

    def last_sequence(self, chain_id: str) -> int:
        """The greatest whole sequence of its records; 0 where there is none."""

    def record_hash(self, chain_id: str, sequence: int) -> object:
        """The stored hash of a record; None where there is none."""

    def links(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """``LINK_COLUMNS`` of the records of a chain, by sequence."""

    def records(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """Whole rows of ``evidence``, by sequence."""

    def persons(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """Sequence, digest and month of person rows, by sequence and digest."""

    def segments_of(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """Rows of ``checkpoint_heads`` of a chain that begin in this range, by their last."""

    def checkpoints(self) -> Batches:
        """Rows of ``checkpoints``, by number."""

    def segments(self) -> Batches:
        """Rows of ``checkpoint_heads``, by number and position."""

    def field_lists(self) -> Sequence[Row]:
        """Rows of ``field_lists``."""

    def dictionaries(self) -> Sequence[Row]:
        """Rows of ``dictionaries``."""

    def months(self) -> Sequence[Row]:
        """Rows of ``month_keys``."""

    def orders(self) -> Sequence[Row]:
        """Rows of ``legal_orders``."""

    def held(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """Sequence, order and wrapped key of held records, by sequence and order."""


class Address(Protocol):
    """Where a source is; it travels to other processes."""

    def open(self, *, tolerant: bool = False) -> AbstractContextManager[Source]:
        """Open the source; ``tolerant`` hands over text that is no text as well."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A gateway's database."""

    url: str

    @contextmanager
    def open(self, *, tolerant: bool = False) -> Iterator[DatabaseSource]:
        """Connect; raises what the database raises."""
        engine = open_database(self.url, wait_seconds_max=60)
        try:
            with engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execution_options(isolation_level="REPEATABLE READ")
                yield DatabaseSource(connection, tolerant=tolerant)
        finally:
            engine.dispose()


class DatabaseSource:
    """The evidence in a gateway's database, over one connection."""

    def __init__(self, connection: Connection, *, tolerant: bool = False) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        self._names = itertools.count()
        driver: Any = connection.connection.driver_connection
        if self._sqlite:
            # Text that is no UTF-8 is then named and does not stop the reading.
            driver.text_factory = _lenient if tolerant else str

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See ``Source``."""
        with self._connection.begin():
            yield

    def base(self) -> int:
        """See ``Source``: a database begins at the beginning."""
        return 0

    def partial(self) -> bool:
        """See ``Source``: a database holds everything."""
        return False

    def sealed_heads(self) -> Mapping[str, SealedHead]:
        """See ``Source``."""
        return {}

    def chain_ids(self) -> Iterator[object]:
        """See ``Source``.  From one to the next by the index: a million records are one step."""
        tables = (evidence_chains, evidence, evidence_persons, checkpoint_heads)
        last: str | None = None
        while True:
            nexts = [self._next(table.c.chain_id, last) for table in tables]
            texts = [one for one in nexts if isinstance(one, str)]
            if not texts:
                break
            last = min(texts, key=_raw)
            yield last
        # SQLite keeps other types in a column of texts, and sorts them behind these.
        yield from {one for one in nexts if one is not None}

    def _next(self, column: Column[str], last: str | None) -> object:
        query = select(func.min(column))
        if last is not None and _raw(last).decode(errors="replace") == last:
            query = query.where(column > last)
        elif last is not None:
            query = query.where(column > cast(literal(_raw(last)), Text))
        return self._connection.execute(query).scalar()

    def chain(self, chain_id: str) -> Row | None:
        """See ``Source``."""
        return self._one("chain", {"chain": chain_id})

    def last_sequence(self, chain_id: str) -> int:
        """See ``Source``."""
        row = self._one("last", {"chain": chain_id, "until": _NO_SEQUENCE})
        return row[0] if row is not None and isinstance(row[0], int) else 0

    def record_hash(self, chain_id: str, sequence: int) -> object:
        """See ``Source``."""
        row = self._one("hash", {"chain": chain_id, "here": sequence})
        return None if row is None else row[0]

    def links(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        return self._in_range("links", chain_id, first, until, _LINKS_AT_A_TIME)

    def records(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        return self._in_range("records", chain_id, first, until, _ROWS_AT_A_TIME)

    def persons(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        return self._in_range("persons", chain_id, first, until, _LINKS_AT_A_TIME)

    def segments_of(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        return self._in_range("segments_of", chain_id, first, until, _LINKS_AT_A_TIME)

    def checkpoints(self) -> Batches:
        """See ``Source``."""
        return self._stream("checkpoints", {}, _LINKS_AT_A_TIME)

    def segments(self) -> Batches:
        """See ``Source``."""
        return self._stream("segments", {}, _LINKS_AT_A_TIME)

    def field_lists(self) -> Sequence[Row]:
        """See ``Source``."""
        return [row for rows in self._stream("lists", {}, _LINKS_AT_A_TIME) for row in rows]

    def dictionaries(self) -> Sequence[Row]:
        """See ``Source``."""
        return [row for rows in self._stream("dictionaries", {}, 1) for row in rows]

    def months(self) -> Sequence[Row]:
        """See ``Source``."""
        return [row for rows in self._stream("months", {}, _LINKS_AT_A_TIME) for row in rows]

    def orders(self) -> Sequence[Row]:
        """See ``Source``."""
        return [row for rows in self._stream("orders", {}, _LINKS_AT_A_TIME) for row in rows]

    def held(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        return self._in_range("held", chain_id, first, until, _LINKS_AT_A_TIME)

    def _in_range(
        self, what: str, chain_id: str, first: int | None, until: int | None, size: int
    ) -> Batches:
        values = {"chain": chain_id, "first": first, "until": until}
        return self._stream(what, values, size, low=first is not None, high=until is not None)

    def _one(self, what: str, values: Mapping[str, Any]) -> Row | None:
        for rows in self._stream(what, values, 1):
            return rows[0]
        return None

    def _stream(
        self, what: str, values: Mapping[str, Any], size: int, *,
        low: bool = False, high: bool = False,
    ) -> Batches:  # fmt: skip
        text, names = _prepared(self._connection.dialect.name, what, low, high)
        given = tuple([values[name] for name in names])
        driver: Any = self._connection.connection.driver_connection
        if self._sqlite:
            cursor = driver.execute(text, given)
        else:
            cursor = driver.cursor(f"kps_{next(self._names)}")
            cursor.execute(text, given, binary=True)
        try:
            while rows := cursor.fetchmany(size):
                yield rows
        finally:
            _close(cursor)


@cache
def _prepared(dialect: str, what: str, low: bool, high: bool) -> tuple[str, tuple[str, ...]]:
    """A query's text for the driver, and the names of its values in their order."""
    query = _queries(sqlite=dialect == "sqlite")[what]
    bounded = {"links": _BY, "records": _BY, "persons": evidence_persons.c.sequence,
               "segments_of": checkpoint_heads.c.first_sequence,
               "held": held_records.c.sequence}  # fmt: skip
    if what in bounded:
        column = bounded[what]
        if column is _BY:
            column = _BY_INDEX.c.sequence if dialect == "sqlite" else evidence.c.sequence
        if low and what == "segments_of":
            # The same again, in words for the index.
            query = query.where(checkpoint_heads.c.head_sequence >= bindparam("first"))
        query = query.where(column >= bindparam("first")) if low else query
        query = query.where(column < bindparam("until")) if high else query
    return for_driver(dialect, query)


_CHAIN: Final[Any] = bindparam("chain")
_BY_INDEX: Final = evidence.alias("by_index")
_BY: Final = object()


def _queries(*, sqlite: bool) -> Mapping[str, Select[Any]]:
    persons, heads, kept = evidence_persons.c, checkpoint_heads.c, held_records.c
    last = select(evidence.c.sequence).where(
        evidence.c.chain_id == _CHAIN, evidence.c.sequence < bindparam("until")
    )
    here = (evidence.c.chain_id == _CHAIN) & (evidence.c.sequence == bindparam("here"))
    return {
        "chain": select(evidence_chains).where(evidence_chains.c.chain_id == _CHAIN),
        "last": last.order_by(evidence.c.sequence.desc()),
        "hash": select(evidence.c.hash).where(here),
        "links": _records(LINK_COLUMNS, sqlite=sqlite),
        "records": _records(ROW_COLUMNS, sqlite=sqlite),
        "persons": select(persons.sequence, persons.person_digest, persons.month)
        .where(persons.chain_id == _CHAIN)
        .order_by(persons.sequence, persons.person_digest),
        "segments_of": select(checkpoint_heads)
        .where(heads.chain_id == _CHAIN)
        .order_by(heads.head_sequence, heads.number),
        "checkpoints": select(checkpoints).order_by(checkpoints.c.number),
        "segments": select(checkpoint_heads).order_by(heads.number, heads.position),
        "dictionaries": select(dictionaries).order_by(dictionaries.c.digest),
        "lists": select(field_lists).order_by(field_lists.c.digest),
        "months": select(month_keys).order_by(month_keys.c.month),
        "orders": select(legal_orders).order_by(legal_orders.c.order_id),
        "held": select(kept.sequence, kept.order_id, kept.wrapped)
        .where(kept.chain_id == _CHAIN)
        .order_by(kept.sequence, kept.order_id),
    }


def _records(names: Sequence[str], *, sqlite: bool) -> Select[Any]:
    query = select(*[evidence.c[name] for name in names])
    if not sqlite:
        return query.where(evidence.c.chain_id == _CHAIN).order_by(evidence.c.sequence)
    # From the index alone SQLite would take the first two columns of a record.
    same = literal_column("by_index.rowid") == literal_column("evidence.rowid")
    query = query.select_from(_BY_INDEX.join(evidence, same))
    return query.where(_BY_INDEX.c.chain_id == _CHAIN).order_by(_BY_INDEX.c.sequence)


def _close(cursor: Any) -> None:
    try:
        cursor.close()
    except sqlite3.Error:
        # A cursor over a broken page says so once more when it is closed.
        return


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
