"""Records that an order holds: their keys, kept aside before the secret of their month goes.

A record's key, and the key of the person digests of its month, lie under the secret of each order
that holds it.  So a held record can be read, found and verified when its month is destroyed, and
nothing else of that month can.  This module keeps keys aside and finds them again; which records
are held, and when a month goes, ``retention`` decides.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, select

from kps_soap.audit.conditions import (
    ORDER,
    Criteria,
    Position,
    ahead_of,
    matching,
    position_of,
)
from kps_soap.audit.keys import (
    NONCE_BYTES,
    Keyring,
    MonthUnreadable,
    PersonKey,
    RecordKeys,
)
from kps_soap.audit.months import month_of, span_us
from kps_soap.audit.orders import Order, OrderKey, key_of
from kps_soap.database import writing
from kps_soap.driver_statements import Inserter
from kps_soap.models import (
    evidence,
    held_months,
    held_records,
    legal_orders,
    month_keys,
)

#: How many records are held in one transaction.
PAGE: Final = 500


@dataclass(frozen=True, slots=True, repr=False)
class HeldKey:
    """The key of one held record (see ``keys.RecordKeys``)."""

    key: bytes

    def record_key(self, salt: bytes) -> tuple[bytes, bytes]:
        """Key and nonce."""
        return self.key, salt[:NONCE_BYTES]


def record_keys(
    connection: Connection, keyring: Keyring, chain_id: str, sequence: int, month: str
) -> RecordKeys:
    """What opens a record: its month's secret, else an order that holds it.

    Raises ``MonthUnreadable`` where neither is to be had.
    """
    try:
        return keyring.find(connection, month)
    except MonthUnreadable:
        kept = kept_key(connection, keyring, chain_id, sequence)
        if kept is None:
            raise
        return kept


def kept_key(
    connection: Connection, keyring: Keyring, chain_id: str, sequence: int
) -> HeldKey | None:
    """The key of a record that an order holds, lifted or not; None where none holds it."""
    query = (
        select(legal_orders, held_records.c.wrapped.label("held_key"))
        .join(held_records, held_records.c.order_id == legal_orders.c.order_id)
        .where(held_records.c.chain_id == chain_id, held_records.c.sequence == sequence)
        .order_by(legal_orders.c.order_id)
    )
    for row in connection.execute(query):
        return HeldKey(key_of(keyring, row).record_key(chain_id, sequence, row.held_key))
    return None


def person_keys(connection: Connection, keyring: Keyring, criteria: Criteria) -> list[PersonKey]:
    """The keys of the person digests of all months in which a search must look.

    Raises ``MonthUnreadable`` where one that is not destroyed is not to be had: an incomplete
    answer would look complete.
    """
    living = select(month_keys.c.month).where(month_keys.c.destroyed_us.is_(None))
    keys = [
        keyring.find(connection, month).persons
        for month in connection.execute(_spanned(living, month_keys.c.month, criteria)).scalars()
    ]
    query = select(legal_orders, held_months.c.month, held_months.c.wrapped.label("held_key")).join(
        held_months, held_months.c.order_id == legal_orders.c.order_id
    )
    kept: dict[str, PersonKey] = {}
    for row in connection.execute(_spanned(query, held_months.c.month, criteria)):
        if row.month not in kept:
            kept[row.month] = key_of(keyring, row).person_key(row.month, row.held_key)
    known = {key.month for key in keys}
    return keys + [key for month, key in kept.items() if month not in known]


def _spanned(query: Any, month: ColumnElement[str], criteria: Criteria) -> Any:
    if criteria.since is not None:
        query = query.where(month >= month_of(criteria.since))
    if criteria.until is not None:
        query = query.where(month <= month_of(criteria.until))
    return query


def month_persons(connection: Connection, keyring: Keyring, month: str) -> list[PersonKey]:
    """The key of a month's person digests, from its secret or from an order; at most one."""
    try:
        return [keyring.find(connection, month).persons]
    except MonthUnreadable:
        query = (
            select(legal_orders, held_months.c.wrapped.label("held_key"))
            .join(held_months, held_months.c.order_id == legal_orders.c.order_id)
            .where(held_months.c.month == month)
            .limit(1)
        )
        return [
            key_of(keyring, row).person_key(month, row.held_key)
            for row in connection.execute(query)
        ]


def is_held(orders: Iterable[Order]) -> ColumnElement[bool]:
    """Records of ``evidence`` that one of these orders holds."""
    return exists().where(
        held_records.c.chain_id == evidence.c.chain_id,
        held_records.c.sequence == evidence.c.sequence,
        held_records.c.order_id.in_([order.order_id for order in orders]),
    )


def pages(
    connection: Connection, month: str, condition: ColumnElement[bool]
) -> Iterator[Sequence[Any]]:
    """Places and salts of a month's records that are not emptied, oldest first, in pages.

    Each page is read in a transaction of its own, so the caller may write between two of them.
    """
    columns = (*ORDER, evidence.c.salt)
    after: Position | None = None
    while True:
        query = select(*columns).where(in_month(month), condition)
        if after is not None:
            query = query.where(ahead_of(after))
        with connection.begin():
            rows = connection.execute(query.order_by(*ORDER).limit(PAGE)).all()
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = position_of(rows[-1])


def in_month(month: str) -> ColumnElement[bool]:
    """The records of a month that are not emptied, in words that an index answers."""
    first_us, next_us = span_us(month)
    return and_(
        evidence.c.received_us >= first_us,
        evidence.c.received_us < next_us,
        evidence.c.month == month,
    )


def keep(
    connection: Connection,
    keyring: Keyring,
    orders: Iterable[Order],
    month: str,
    *,
    random_bytes: Callable[[int], bytes],
) -> None:
    """Keep the keys of a month's records aside for each order that is about them.

    What an order holds already is passed over, so it may be called again.  Of a destroyed month
    only what another order holds can still be kept.  Raises ``MonthUnreadable``.
    """
    for order in orders:
        with connection.begin():
            persons = month_persons(connection, keyring, month)
            row = connection.execute(_ORDER_ROW, {"order": order.order_id}).one()
        order_key = key_of(keyring, row)
        condition = and_(matching(order.scope.criteria, persons), ~is_held([order]))
        for page in pages(connection, month, condition):
            with writing(connection):
                held = list(_kept_rows(connection, keyring, order_key, month, page, random_bytes))
                Inserter(connection.dialect, held_records, skip_known=True)(connection, held)
                if held and persons:
                    kept = order_key.hold_month(persons[0], random_bytes(NONCE_BYTES))
                    months = Inserter(connection.dialect, held_months, skip_known=True)
                    months(connection, [(order.order_id, month, kept)])


_ORDER_ROW: Final = select(legal_orders).where(legal_orders.c.order_id == bindparam("order"))


def _kept_rows(
    connection: Connection,
    keyring: Keyring,
    order_key: OrderKey,
    month: str,
    page: Iterable[Any],
    random_bytes: Callable[[int], bytes],
) -> Iterator[tuple[Any, ...]]:
    for row in page:
        try:
            keys: RecordKeys = record_keys(connection, keyring, row.chain_id, row.sequence, month)
        except MonthUnreadable:
            # Its month is destroyed and nobody held it: it only waits to be emptied.
            continue
        key, _ = keys.record_key(row.salt)
        nonce = random_bytes(NONCE_BYTES)
        kept = order_key.hold_record(row.chain_id, row.sequence, key, nonce)
        yield row.chain_id, row.sequence, order_key.order_id, month, kept
