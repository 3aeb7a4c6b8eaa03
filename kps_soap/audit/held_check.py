"""Verify what is beside the records of destroyed months: why they are, and what orders hold.

 1. A destroyed month names the record that destroyed it, of the same moment and after its time.
 2. An order is what the records say that placed and lifted it; with the key file it opens.
 3. With the key file, what an order holds of a destroyed month opens under the order.

A record of a destroyed month that no order holds and that is not emptied is named too: its
destruction is under way or was cut short, or somebody took its key from the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.held import HeldKey
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.audit.months import microseconds
from kps_soap.audit.orders import LIFTED, PLACED, OrderKey, key_of
from kps_soap.audit.orders import Kind as OrderKind
from kps_soap.audit.records import PLAIN_START
from kps_soap.audit.retention import YEARS_LEAST, due_since
from kps_soap.audit.sources import Row, Source
from kps_soap.entry import Event
from kps_soap.models import PLAIN_COLUMNS, legal_orders

_RECEIVED: Final = PLAIN_START + PLAIN_COLUMNS.index("received_us")
_EVENT: Final = PLAIN_START + PLAIN_COLUMNS.index("event")
_DETAIL: Final = PLAIN_START + PLAIN_COLUMNS.index("detail")

#: What values of a wrong type can raise.
_ODD: Final = (TypeError, ValueError, KeyError, AttributeError, OverflowError)


class OrderRow(NamedTuple):
    """A row of ``legal_orders``, believed in nothing."""

    order_id: Any
    kind: Any
    file_key_id: Any
    created_us: Any
    wrapped: Any
    sealed: Any
    placed_by: Any
    lifted_us: Any
    lifted_by: Any


assert OrderRow._fields == tuple(legal_orders.columns.keys())  # noqa: S101 - the same columns


class _Gone(Exception):
    """A record that nothing can be held against: emptied, or in no part that is here."""


def check_destructions(source: Source, report: Report) -> None:
    """Name the destroyed months of which no record tells; the source shows one moment."""
    for month, _, _, wrapped, destroyed_us, destroyed_by, *_ in source.months():
        if wrapped is None and destroyed_us is not None:
            told = _told(source, destroyed_by)
            what = f"month {month} is destroyed, but no record tells of it"
            if told == (destroyed_us, Event.DESTROYED.value, str(month)):
                if destroyed_us >= _due_us(month):
                    continue
                what = f"month {month} was destroyed before its time"
            elif told is None:
                continue
            report.add(Kind.CHANGED, "month_keys", None, what)


def _due_us(month: Any) -> int:
    try:
        return microseconds(due_since(str(month), YEARS_LEAST))
    except _ODD:
        return 2**63


def _told(source: Source, place: Any) -> tuple[Any, Any, Any] | None:
    """Moment, event and first word of the detail of a record; None where it cannot be told."""
    try:
        row = _record(source, place)
        return row[_RECEIVED], row[_EVENT], str(row[_DETAIL]).split(" ")[0]
    except _Gone:
        return None
    except _ODD:
        return 0, "", ""


def _record(source: Source, place: Any) -> Row:
    """The record at ``chain:sequence``; raises ``_Gone``, and ``ValueError`` for no place."""
    chain_id, _, number = str(place).partition(":")
    sequence = int(number)
    for rows in source.records(chain_id, sequence, sequence + 1):
        if rows[0][_RECEIVED] is None:
            raise _Gone
        return rows[0]
    if source.partial():
        raise _Gone
    raise ValueError("no record")


def check_orders(source: Source, keyring: Keyring | None, report: Report) -> None:
    """Name the orders that are not what their records say; the source shows one moment."""
    for row in (OrderRow._make(one[: len(OrderRow._fields)]) for one in source.orders()):
        what = next(_wrong(source, keyring, row), None)
        if what is not None:
            report.add(Kind.CHANGED, "legal_orders", None, f"order {row.order_id!a} {what}")


def _wrong(source: Source, keyring: Keyring | None, row: OrderRow) -> Iterator[str]:
    try:
        kind = OrderKind(row.kind)
        if not _is_told(source, row.placed_by, row.created_us, PLACED[kind], _name(row)):
            yield "is not the one of the record that placed it"
        lifted = (row.lifted_us, row.lifted_by)
        if lifted != (None, None) and not _is_told(
            source, row.lifted_by, row.lifted_us, LIFTED[kind], row.order_id
        ):
            yield "is lifted, but no record tells of it"
        if row.wrapped is None and row.lifted_us is None:
            yield "has lost its secret"
        if keyring is not None and row.wrapped is not None:
            key_of(keyring, row).open(row.sealed)
    except MonthUnreadable:
        yield "does not open"
    except _ODD:
        yield "says something that cannot be"


def _name(row: OrderRow) -> str:
    """How the record that placed it names an order; one that is forgotten has its id alone."""
    return (
        row.order_id if row.sealed is None else f"{row.order_id} {sha256(row.sealed).hexdigest()}"
    )


def _is_told(source: Source, place: Any, moment_us: Any, event: Event, words: str) -> bool:
    try:
        row = _record(source, place)
    except _Gone:
        return True
    except _ODD:
        return False
    detail = str(row[_DETAIL])
    return (row[_RECEIVED], row[_EVENT]) == (moment_us, event.value) and (
        detail == words or detail.startswith(f"{words} ")
    )


def stated(rows: Iterable[Row]) -> dict[object, bool]:
    """Which orders there are, and whether each is lifted."""
    return {row[0]: row[7] is not None for row in rows}


def missing_order(row: Row, orders: Mapping[object, bool]) -> str:
    """What is wrong where a record tells of an order that is not among ``orders`` as it says."""
    event, order_id = row[_EVENT], str(row[_DETAIL]).split(" ")[0]
    if event in _PLACING and order_id not in orders:
        return "the order that it tells of is gone"
    if event in _LIFTING and not orders.get(order_id):
        return "the order that it lifted is not lifted"
    return ""


#: The events that tell of orders, as they are stored.
_PLACING: Final = frozenset(event.value for event in PLACED.values())
_LIFTING: Final = frozenset(event.value for event in LIFTED.values())
ORDER_EVENTS: Final = _PLACING | _LIFTING


def opened_orders(keyring: Keyring, rows: Iterable[Row]) -> dict[str, OrderKey]:
    """The secrets of the orders that open."""
    found = {}
    for row in (OrderRow._make(one[: len(OrderRow._fields)]) for one in rows):
        try:
            found[row.order_id] = key_of(keyring, row)
        except (MonthUnreadable, *_ODD):
            continue
    return found


class HeldRecords:
    """What orders hold of one part of a chain, read beside its records, from one of them on."""

    def __init__(self, source: Source, chain_id: str, first: int, until: int | None) -> None:
        self._chain_id = chain_id
        batches = source.held(chain_id, first, until)
        self._rows = (row for rows in batches for row in rows)
        self._next = next(self._rows, None)

    def rows_of(self, sequence: int) -> list[Row]:
        """The rows of a record; sequences must be asked in order."""
        found: list[Row] = []
        while self._next is not None and self._next[0] <= sequence:
            if self._next[0] == sequence:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found

    def keys(self, rows: Iterable[Row], orders: Mapping[str, OrderKey]) -> list[HeldKey]:
        """The keys that they keep; raises ``MonthUnreadable`` where one does not open."""
        found = []
        for sequence, order_id, wrapped in rows:
            order = orders.get(order_id)
            if order is None:
                raise MonthUnreadable("an order does not open")
            found.append(HeldKey(order.record_key(self._chain_id, sequence, wrapped)))
        return found
