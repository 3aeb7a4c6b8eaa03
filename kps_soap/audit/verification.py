"""Find what was changed, removed, moved, copied or added in the evidence.

For each chain, in one consistent snapshot, streaming:

 1. sequences are dense from 1 to the head, and the head's hash is the last record's;
 2. each record's hash is that of its place and parts, and repeats the hash before it;
 3. plain columns, person rows and ciphertext are those that the record's digests commit to,
    or all of them are gone and their month was destroyed;
 4. the chain's row says what its first record says; no row belongs to no chain;
 5. with the key file: the months' keys open, and every ciphertext authenticates its record's
    place and plain columns, which nobody can forge who has the database alone.

Without the key file 1 to 4 hold.  What no chain can show by itself, the loss of a whole chain or
of an end together with its head, is for sealed checkpoints to show.

The verifier repairs nothing, stops at nothing, and names records, never what is in them.
It can run beside writers; in SQLite the write-ahead log grows while one long chain is read.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Column, Connection, Text, cast, func, literal, select

from kps_soap.audit.chain_check import ChainCheck, Known
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.database import FAILURES, open_database
from kps_soap.models import evidence, evidence_chains, evidence_persons, field_lists, month_keys

_CHAIN_ID: Final = re.compile("[0-9a-f]{16}", re.ASCII)


def verify(
    url: str,
    keyring: Keyring | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Verify all chains; ``progress`` is called with the number of records seen so far.

    Raises what the database raises where it cannot be read at all.
    """
    report = Report(with_keys=keyring is not None)
    engine = open_database(url, wait_seconds_max=60)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with _tolerant(connection), connection.begin():
                destroyed = _destroyed_months(connection, keyring, report)
                known = Known(destroyed, _field_lists(connection, report), keyring)
            for chain_id in _chain_ids(connection, report):
                before = report.records
                report.include(_check(connection, chain_id, known, _onward(progress, before)))
    finally:
        engine.dispose()
    return report


def _onward(progress: Callable[[int], None] | None, before: int) -> Callable[[int], None]:
    """Progress within one chain, told as progress of the whole."""
    return lambda seen: progress(before + seen) if progress is not None else None


def _check(
    connection: Connection, chain_id: str, known: Known, progress: Callable[[int], None]
) -> Report:
    """Check one chain; once more, and slower, where a text in it is no text."""
    try:
        with connection.begin():
            return ChainCheck(connection, chain_id, known).run(progress)
    except FAILURES:
        with _tolerant(connection), connection.begin():
            return ChainCheck(connection, chain_id, known).run(progress)


@contextmanager
def _tolerant(connection: Connection) -> Iterator[None]:
    """Let SQLite hand over text that is no UTF-8, so that it is named and does not stop us."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        if connection.dialect.name == "sqlite":
            driver.text_factory = str


def _destroyed_months(connection: Connection, keyring: Keyring | None, report: Report) -> set[str]:
    """Which months were destroyed; with keys, does every other one open?"""
    destroyed: set[str] = set()
    for row in connection.execute(select(month_keys)):
        if row.wrapped is None and row.destroyed_us is not None:
            destroyed.add(row.month)
        elif row.wrapped is None or row.destroyed_us is not None or row.destroyed_by is not None:
            report.add(Kind.CHANGED, "month_keys", None, f"month {row.month} is half destroyed")
        elif keyring is not None:
            try:
                keyring.check(row)
            except (MonthUnreadable, TypeError, ValueError):
                what = f"the key of month {row.month} does not open"
                report.add(Kind.UNREADABLE, "month_keys", None, what)
    return destroyed


def _field_lists(connection: Connection, report: Report) -> set[str]:
    """The names of all lists of returned fields."""
    names: set[str] = set()
    for row in connection.execute(select(field_lists)):
        names.add(row.digest)
        paths = str(row.paths).encode("utf-8", "surrogateescape")
        if sha256(paths).hexdigest() != row.digest:
            report.add(
                Kind.CHANGED, "field_lists", None, "a list of fields is not what its name is"
            )
    return names


def _chain_ids(connection: Connection, report: Report) -> Iterator[str]:
    """Every chain that any table speaks of, in order.

    From one to the next by the index: a million records of a chain cost one step.
    """
    columns = (evidence_chains.c.chain_id, evidence.c.chain_id, evidence_persons.c.chain_id)
    last: str | None = None
    while True:
        with _tolerant(connection), connection.begin():
            nexts = [_next(connection, column, last) for column in columns]
        texts = [one for one in nexts if isinstance(one, str)]
        if not texts:
            break
        last = min(texts, key=_raw)
        if _CHAIN_ID.fullmatch(last):
            yield last
        else:
            report.add(Kind.ADDED, ascii(last), None, "rows of a chain that cannot be")
    # SQLite keeps other types in a column of texts, and sorts them behind these.
    if any(one is not None for one in nexts):
        report.add(Kind.ADDED, "evidence", None, "rows whose chain has no name")


def _next(connection: Connection, column: Column[str], last: str | None) -> object:
    query = select(func.min(column))
    if last is not None and _raw(last).decode(errors="replace") == last:
        query = query.where(column > last)
    elif last is not None:
        query = query.where(column > cast(literal(_raw(last)), Text))
    return connection.execute(query).scalar()


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
