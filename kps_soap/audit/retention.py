"""Which months are due to be destroyed, and destroying them.

A month is due when so many years have passed since its end, never less than fifteen (§2.5).
``apply`` then does, month by month:

 1. keep the keys of what legal orders hold (see ``held``);
 2. write a record that says what is destroyed, and in its transaction destroy the month's secret;
 3. empty the plain columns, salts and ciphertexts of all other records and delete their person
    digests, a few hundred records in a transaction, so that answers go on meanwhile;
 4. give the bytes back: SQLite overwrites what it frees, PostgreSQL rewrites the partition.

The chain's own columns stay, so it verifies as before.  After a crash at any moment another call
goes on where it stopped: what is left of a destroyed month is due by itself, and so is what an
order held that has been lifted.

This module deletes nothing that is not due, and no hash; the day comes from its caller.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    bindparam,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import OperationalError

from kps_soap.audit import held, partitions
from kps_soap.audit.appending import Recorder
from kps_soap.audit.conditions import matching
from kps_soap.audit.keys import Keyring
from kps_soap.audit.months import ISTANBUL, first_moment, following, microseconds
from kps_soap.audit.orders import Kind, Order, in_force
from kps_soap.database import writing
from kps_soap.driver_statements import Inserter
from kps_soap.entry import Entry, Event
from kps_soap.models import (
    PARTITIONED,
    PLAIN_COLUMNS,
    duties,
    evidence,
    evidence_persons,
    held_months,
    held_records,
    legal_orders,
    month_keys,
)

#: No setting makes it less.
YEARS_LEAST: Final = 15

_EMPTY: Final = (
    update(evidence)
    .where(
        evidence.c.month == bindparam("of_month"),
        evidence.c.chain_id == bindparam("of_chain"),
        evidence.c.sequence == bindparam("of_sequence"),
    )
    .values(dict.fromkeys((*PLAIN_COLUMNS, "salt", "ciphertext")))
)
_FORGET: Final = delete(evidence_persons).where(
    evidence_persons.c.month == bindparam("of_month"),
    evidence_persons.c.chain_id == bindparam("of_chain"),
    evidence_persons.c.sequence == bindparam("of_sequence"),
)

#: The duty to write a month's partitions anew.
_REWRITE: Final = "rewrite "

#: How often the rewriting of a partition is tried while somebody reads it.
_REWRITES_MAX: Final = 30


@dataclass(frozen=True, slots=True)
class Due:
    """A month with something to destroy.  ``since`` is the moment from which it is due."""

    month: str
    since: datetime
    records: int
    persons: int
    held: int
    secret_there: bool


@dataclass(frozen=True, slots=True)
class Means:
    """What ``apply`` works with: the record's maker, time, numbers, randomness and patience."""

    recorder: Recorder
    request_id: Callable[[], str]
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    pause: Callable[[float], None]
    by: str


class BytesLeft(Exception):
    """What is destroyed lies in the database's files still; the sentence says why."""


class OrdersChanged(Exception):
    """An order was placed or lifted while a month was being prepared; ask again."""


def due_since(month: str, years: int) -> datetime:
    """From when on a month may be destroyed: ``years`` after its end, in Istanbul."""
    end = first_moment(following(month))
    return end.replace(year=end.year + max(years, YEARS_LEAST))


def survey(connection: Connection, keyring: Keyring, *, years: int, now: datetime) -> list[Due]:
    """Every month in which something is due, oldest first; nothing is changed.

    Raises ``MonthUnreadable`` where a month or an order does not open.
    """
    orders = in_force(connection, keyring, Kind.HOLD, now=now)
    found = []
    for row in connection.execute(select(month_keys).order_by(month_keys.c.month)).all():
        since = due_since(row.month, years)
        if now < since:
            continue
        due = _count(connection, keyring, orders, row, since)
        if due.secret_there or due.records:
            found.append(due)
    return found


def next_due(connection: Connection, *, years: int) -> tuple[str, datetime] | None:
    """The oldest month that is not destroyed, and when it is due; None where there is none."""
    living = select(func.min(month_keys.c.month)).where(month_keys.c.wrapped.is_not(None))
    month = connection.execute(living).scalar()
    return None if month is None else (month, due_since(month, years))


def _count(
    connection: Connection, keyring: Keyring, orders: Sequence[Order], row: Any, since: datetime
) -> Due:
    """A row of ``month_keys``: what would go, and what stays because an order is about it."""
    if row.wrapped is None:
        kept = held.is_held(orders)
    elif orders:
        keys = held.month_persons(connection, keyring, row.month)
        kept = or_(*(matching(order.scope.criteria, keys) for order in orders))
    else:
        kept = false()
    return _counted(connection, kept, row.month, since, secret_there=row.wrapped is not None)


def _counted(
    connection: Connection,
    kept: ColumnElement[bool],
    month: str,
    since: datetime,
    *,
    secret_there: bool,
) -> Due:
    there = held.in_month(month)
    here = (evidence.c.chain_id, evidence.c.sequence)
    persons = evidence_persons.c
    of_kept = tuple_(persons.chain_id, persons.sequence).in_(select(*here).where(there, kept))
    rows = select(func.count()).select_from(evidence_persons).where(persons.month == month)
    held_count = _number(connection, and_(there, kept))
    return Due(
        month,
        since,
        _number(connection, there) - held_count,
        int(connection.execute(rows.where(not_(of_kept))).scalar_one()),
        held_count,
        secret_there,
    )


def _number(connection: Connection, condition: Any) -> int:
    query = select(func.count()).select_from(evidence).where(condition)
    return int(connection.execute(query).scalar_one())


def apply(engine: Engine, keyring: Keyring, *, years: int, means: Means) -> Iterator[Due]:
    """Destroy what is due, month by month; gives each month when it is done.

    Raises ``MonthUnreadable``, ``EvidenceUnavailable``, ``BytesLeft`` and what the database
    raises; whatever was done by then is done, and another call goes on.
    """
    now = means.clock()
    with engine.connect() as connection:
        with connection.begin():
            months = survey(connection, keyring, years=years, now=now)
        for due in months:
            yield _destroy(connection, keyring, due, means, years)
        _forget_old_orders(connection, years, now)
        _give_bytes_back(engine, connection, means)


def _destroy(connection: Connection, keyring: Keyring, due: Due, means: Means, years: int) -> Due:
    """One month; where an order came in between, its records are kept as well."""
    while True:
        now = means.clock()
        with connection.begin():
            orders = in_force(connection, keyring, Kind.HOLD, now=now)
        held.keep(connection, keyring, orders, due.month, random_bytes=means.random_bytes)
        with connection.begin():
            there = _counted(
                connection,
                held.is_held(orders),
                due.month,
                due.since,
                secret_there=due.secret_there,
            )
        if now < due_since(due.month, years):
            raise ValueError("a month that is not due")
        try:
            _record_destruction(means, there, orders, now)
            break
        except OrdersChanged:
            continue
    keyring.forget(due.month)
    _note_rewrite(connection, due.month)
    for page in held.pages(connection, due.month, not_(held.is_held(orders))):
        _empty(connection, due.month, page)
        means.pause(0.02)
    _let_go(connection, due.month, orders)
    return there


def _record_destruction(means: Means, due: Due, orders: Sequence[Order], now: datetime) -> None:
    """The record, and in its transaction the end of the month's secret."""
    expected = {order.order_id for order in orders}

    def work(connection: Connection, place: str) -> None:
        if connection.dialect.name == "postgresql":
            # An order that is being placed is waited for, and none comes until this is done.
            connection.execute(text("LOCK TABLE legal_orders IN SHARE MODE"))
        query = select(legal_orders.c.order_id).where(
            legal_orders.c.kind == Kind.HOLD.value, legal_orders.c.lifted_us.is_(None)
        )
        if set(connection.execute(query).scalars()) != expected:
            raise OrdersChanged
        living = (month_keys.c.month == due.month) & month_keys.c.wrapped.is_not(None)
        values = {"wrapped": None, "destroyed_us": microseconds(now), "destroyed_by": place}
        connection.execute(update(month_keys).where(living).values(values))

    detail = f"{due.month} records={due.records} persons={due.persons} held={due.held}"
    means.recorder.together(
        Entry(
            means.request_id(),
            now,
            "",
            Event.DESTROYED,
            channel="CLI",
            account=means.by,
            detail=detail,
            count=due.records,
        ),
        work,
    )


def _empty(connection: Connection, month: str, page: Sequence[Any]) -> None:
    places = [
        {"of_month": month, "of_chain": row.chain_id, "of_sequence": row.sequence} for row in page
    ]
    with writing(connection):
        connection.execute(_EMPTY, places)
        connection.execute(_FORGET, places)


def _let_go(connection: Connection, month: str, orders: Sequence[Order]) -> None:
    """The keys that lifted orders kept."""
    counting = [order.order_id for order in orders]
    with writing(connection):
        for table in (held_records, held_months):
            lifted = table.c.order_id.not_in(counting)
            connection.execute(delete(table).where(table.c.month == month, lifted))


def _forget_old_orders(connection: Connection, years: int, now: datetime) -> None:
    """What an order said is forgotten as long after its end as a record is."""
    local = now.astimezone(ISTANBUL)
    # The first of the month: a 29 February has no day fifteen years before.
    limit = local.replace(day=1, year=local.year - max(years, YEARS_LEAST))
    holding = select(held_records.c.order_id)
    old = and_(
        legal_orders.c.lifted_us < microseconds(limit), legal_orders.c.order_id.not_in(holding)
    )
    with writing(connection):
        connection.execute(update(legal_orders).where(old).values(wrapped=None, sealed=None))


def _note_rewrite(connection: Connection, month: str) -> None:
    """PostgreSQL: remember that the month's files are to be written anew, whatever happens."""
    if connection.dialect.name == "postgresql":
        row = (f"{_REWRITE}{month}", 0, 0)
        with writing(connection):
            Inserter(connection.dialect, duties, skip_known=True)(connection, [row])


def _give_bytes_back(engine: Engine, connection: Connection, means: Means) -> None:
    """SQLite: the log's copies go too.  PostgreSQL: the months' files are written anew."""
    if connection.dialect.name == "sqlite":
        _shorten_log(connection, means)
        return
    with connection.begin():
        noted = select(duties.c.duty).where(duties.c.duty.startswith(_REWRITE))
        months = [duty.removeprefix(_REWRITE) for duty in connection.execute(noted).scalars()]
    left = [month for month in months if not _rewritten(engine, month, means)]
    for month in set(months) - set(left):
        with writing(connection):
            done = duties.c.duty == f"{_REWRITE}{month}"
            connection.execute(delete(duties).where(done))
    if left:
        raise BytesLeft(
            f"Destroyed, but somebody reads {', '.join(left)} all the time, so the bytes are still"
            " in the files; later, again: kps audit retain --apply"
        )


def _rewritten(engine: Engine, month: str, means: Means) -> bool:
    """Write the partitions of a month anew; False where somebody does not let go of them."""
    with engine.connect() as alone:
        alone.execution_options(isolation_level="AUTOCOMMIT")
        alone.exec_driver_sql("SET statement_timeout = 0")
        # Short, because whoever wants to read the month queues behind the one that waits.
        alone.exec_driver_sql("SET lock_timeout = '500ms'")
        try:
            return all(
                _rewrite(alone, partitions.name_of(table, month), means) for table in PARTITIONED
            )
        finally:
            alone.invalidate()


def _shorten_log(connection: Connection, means: Means) -> None:
    """Copy SQLite's log back and cut it off; while somebody reads for long, it stays a while."""
    cursor = connection.connection.cursor()
    # Whoever writes waits while this waits for readers.
    cursor.execute("PRAGMA busy_timeout=200")
    for _ in range(_REWRITES_MAX):
        if not cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            break
        means.pause(1.0)
    cursor.close()
    # The next transaction waits as long as every other one again.
    connection.invalidate()


def _rewrite(connection: Connection, name: str, means: Means) -> bool:
    for _ in range(_REWRITES_MAX):
        try:
            connection.exec_driver_sql(f"VACUUM (FULL) {name}")
            return True
        except OperationalError:
            means.pause(1.0)
    return False
