"""A month of fees from an exported file, where there is no gateway and no database.

The calls that are charged, and the records that froze a month, are put into a passing database
of their own, so that a statement is computed and compared by the very same steps as at home.
Each of them must be what its hash says; that nothing is missing among them the seals show
(``kps audit verify --export``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table

from kps_soap.audit import records
from kps_soap.audit.export_format import ExportRefused
from kps_soap.audit.export_source import ExportAddress, ExportSource
from kps_soap.audit.records import PLAIN_END, PLAIN_START, Place
from kps_soap.audit.sources import Row
from kps_soap.billing.statement import Span
from kps_soap.database import make_private, open_database, writing
from kps_soap.driver_statements import Inserter
from kps_soap.entry import Event
from kps_soap.models import (
    METADATA,
    PLAIN_COLUMNS,
    dictionaries,
    evidence,
    field_lists,
    held_months,
    held_records,
    legal_orders,
    month_keys,
)

_TABLES: Final[tuple[Table, ...]] = (
    evidence,
    field_lists,
    dictionaries,
    month_keys,
    legal_orders,
    held_records,
    held_months,
)
_ODD: Final = (TypeError, ValueError, KeyError, AttributeError, OverflowError)


def _place(name: str) -> int:
    return PLAIN_START + PLAIN_COLUMNS.index(name)


_RECEIVED: Final = _place("received_us")
_EVENT: Final = _place("event")
_UNITS: Final = _place("units")


@contextmanager
def opened(address: ExportAddress, month: str) -> Iterator[Connection]:
    """The records of an export that a month's fees follow from, in a transaction.

    Raises ``NoMonth``, ``ExportRefused`` and ``OSError``.
    """
    span = Span.of(month)
    with tempfile.TemporaryDirectory(prefix="kps-") as directory:
        url = f"sqlite:///{Path(directory) / 'month.db'}"
        make_private(url)
        engine = open_database(url, wait_seconds_max=10)
        try:
            METADATA.create_all(engine, tables=_TABLES)
            with engine.connect() as connection, address.open() as source:
                _fill(connection, source, span)
                with connection.begin():
                    yield connection
        finally:
            engine.dispose()


def _fill(connection: Connection, source: ExportSource, span: Span) -> None:
    dialect = connection.dialect
    with writing(connection):
        for table, rows in (
            (dictionaries, source.dictionaries()),
            (month_keys, source.months()),
            (legal_orders, source.orders()),
            (held_records, list(source.held_records())),
            (held_months, list(source.held_months())),
        ):
            Inserter(dialect, table)(connection, rows)
    add = Inserter(dialect, evidence)
    for chain_id in source.chain_ids():
        for batch in source.records(str(chain_id), None, None):
            wanted = [row for row in batch if _counts(row, span)]
            for row in wanted:
                _check(row)
            with writing(connection):
                add(connection, wanted)


def _counts(row: Row, span: Span) -> bool:
    """A call of the month that has units, or the end of some month."""
    if row[_EVENT] == Event.MONTH_CLOSED.value:
        return True
    received_us, units = row[_RECEIVED], row[_UNITS]
    if received_us is None or units is None:
        return False
    return bool(span.first_us <= received_us < span.next_us and units > 0)


def _check(row: Row) -> None:
    """A record must be what its hash says."""
    try:
        chain_id, sequence, form, month, previous, whole, plain, persons, cipher, salt = row[:10]
        place = Place(chain_id, sequence, month, previous)
        columns: Any = row[PLAIN_START:PLAIN_END]
        good = (
            records.plain_digest(salt, columns, record_format=form) == plain
            and records.record_hash(place, plain, persons, cipher, record_format=form) == whole
        )
    except _ODD:
        good = False
    if not good:
        raise ExportRefused(
            "A record is not what its hash says; run: kps audit verify --export FILE"
        )
