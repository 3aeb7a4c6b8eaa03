"""Verify what records hold: plain columns, persons, ciphertext, as their digests say.

With the key file every ciphertext is opened too: it authenticates the record's place and its
plain columns, which nobody can forge who has the database alone.  Nothing that is opened is
kept or shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kps_soap.audit import records
from kps_soap.audit.chain import dictionary_named
from kps_soap.audit.findings import Kind
from kps_soap.audit.held_check import (
    ORDER_EVENTS,
    HeldRecords,
    missing_order,
    opened_orders,
    stated,
)
from kps_soap.audit.keys import Keyring, MonthSecret, MonthUnreadable, RecordKeys
from kps_soap.audit.orders import OrderKey
from kps_soap.audit.packing import dictionary_of, is_itself
from kps_soap.audit.records import PLAIN_END, PLAIN_START, Place, Unreadable
from kps_soap.audit.sources import Row, Source
from kps_soap.entry import Event
from kps_soap.models import PLAIN_COLUMNS

if TYPE_CHECKING:
    from kps_soap.audit.chain_check import Part, Seen

_EVENT: Final = PLAIN_START + PLAIN_COLUMNS.index("event")
_DETAIL: Final = PLAIN_START + PLAIN_COLUMNS.index("detail")
_RETURNED: Final = PLAIN_START + PLAIN_COLUMNS.index("returned_digest")

#: One answer in so many is unpacked: a library that packs wrongly does so again and again, and
#: measured, unpacking takes as long as everything else that is looked at of a record.
_UNPACKED_EACH: Final = 16

#: What values of a wrong type can raise.
_ODD: Final = (TypeError, ValueError, KeyError, AttributeError, OverflowError)

_NOBODY: Final[tuple[Any, ...]] = ()


class MonthRow(NamedTuple):
    """A row of ``month_keys``, believed in nothing."""

    month: Any
    file_key_id: Any
    created_us: Any
    wrapped: Any
    destroyed_us: Any
    destroyed_by: Any


def living_months(rows: Iterable[Row]) -> Iterator[MonthRow]:
    """Those rows of ``month_keys`` that say nothing of being destroyed, by their columns."""
    for row in (MonthRow._make(one[:6]) for one in rows):
        if row.wrapped is not None and row.destroyed_us is None and row.destroyed_by is None:
            yield row


class Known:
    """What contents are held against: months, lists of fields, dictionaries, and keys where there
    are any.

    What is written while a verification runs is not known at first: whatever is missed is looked
    for once more, with ``refresh``.
    """

    def __init__(self, keyring: Keyring | None) -> None:
        self._keyring = keyring
        self.field_lists: set[object] = set()
        self.dictionaries: dict[object, bytes] = {}
        self.destroyed_months: set[object] = set()
        self.half_destroyed: list[object] = []
        self._secrets: dict[str, MonthSecret] = {}
        self.orders: Mapping[object, bool] = {}
        self.order_keys: Mapping[str, OrderKey] = {}

    @property
    def with_keys(self) -> bool:
        """Is a key file at hand?"""
        return self._keyring is not None

    def refresh(self, source: Source) -> None:
        """Read months, lists and dictionaries; the source shows one moment."""
        self.field_lists = {row[0] for row in source.field_lists()}
        # What is not itself is named with its table.
        self.dictionaries = {
            digest: content
            for digest, content in source.dictionaries()
            if is_itself(content, digest)
        }
        rows = source.months()
        months = [MonthRow._make(row[:6]) for row in rows]
        gone = [one for one in months if one.wrapped is None and one.destroyed_us is not None]
        living = list(living_months(rows))
        self.destroyed_months = {one.month for one in gone}
        whole = self.destroyed_months | {one.month for one in living}
        self.half_destroyed = [one.month for one in months if one.month not in whole]
        orders = source.orders()
        self.orders = stated(orders)
        if self._keyring is not None:
            self._secrets = dict(_opened(self._keyring, living))
            self.order_keys = opened_orders(self._keyring, orders)

    def secret(self, month: object) -> RecordKeys | None:
        """What opens the records of a month; None where it is not to be had."""
        return self._secrets.get(month) if isinstance(month, str) else None


def _opened(keyring: Keyring, rows: Iterable[Any]) -> Iterator[tuple[str, MonthSecret]]:
    for row in rows:
        with suppress(MonthUnreadable, TypeError, ValueError):
            yield row.month, keyring.check(row)


class ContentCheck:
    """The contents of the records of one part of a chain."""

    def __init__(self, source: Source, part: Part, known: Known, seen: Seen) -> None:
        self._source = source
        self._known = known
        self._fresh = False
        self._chain_id = part.chain_id
        self._report = seen.report
        self._persons = _Persons(source, part)
        self._part = part
        self._held: HeldRecords | None = None

    def check(self, rows: Sequence[Row], believed: Sequence[bool]) -> None:
        """Check the contents of some records, of those whose links are believed."""
        for row, good in zip(rows, believed, strict=True):
            if isinstance(row[1], int):
                persons = self._persons.of(row[1])
                if good:
                    self._check(row, persons)

    def end(self) -> None:
        """Name the person rows that belong to no record."""
        for sequence in self._persons.rest():
            self._add(Kind.ADDED, sequence, "a person row without its record")

    def _add(self, kind: Kind, sequence: int | None, what: str) -> None:
        self._report.add(kind, self._chain_id, sequence, what)

    def _check(self, row: Row, persons: Sequence[tuple[Any, Any]]) -> None:
        sequence, month, salt = row[1], row[3], row[9]
        if salt is None and not persons and all(value is None for value in row[PLAIN_START:]):
            self._report.destroyed += 1
            if not self._is_known(lambda: month in self._known.destroyed_months):
                self._add(Kind.REMOVED, sequence, "emptied, but its month was not destroyed")
            return
        if not _is_whole(row, persons):
            for part in _changed_parts(row, persons):
                self._add(Kind.CHANGED, sequence, f"{part} changed")
            return
        returned, known = row[_RETURNED], self._known
        if (
            returned is not None
            and returned not in known.field_lists
            and not self._is_known(lambda: returned in known.field_lists)
        ):
            self._add(Kind.REMOVED, sequence, "its list of returned fields is missing")
        named = dictionary_named(row[_DETAIL]) if row[_EVENT] == Event.STARTED.value else ""
        if named and not self._is_known(lambda: named in known.dictionaries):
            self._add(Kind.REMOVED, sequence, "the dictionary of its chain is missing")
        if row[_EVENT] in ORDER_EVENTS and not self._is_known(lambda: not self._order_of(row)):
            self._add(Kind.REMOVED, sequence, self._order_of(row))
        if month in self._known.destroyed_months:
            self._check_held(row)
        elif self._known.with_keys:
            self._authenticate(row)

    def _is_known(self, look: Callable[[], bool]) -> bool:
        """Look, and once more after reading again what may have been written meanwhile."""
        if not look() and not self._fresh:
            self._fresh = True
            self._known.refresh(self._source)
        return look()

    def _authenticate(self, row: Row) -> None:
        sequence, month = row[1], row[3]
        if not self._is_known(lambda: self._known.secret(month) is not None):
            if month in self._known.destroyed_months:
                self._check_held(row)
            else:
                self._add(Kind.UNREADABLE, sequence, "the key of its month is missing")
            return
        secret = self._known.secret(month)
        if secret is not None:
            self._open(row, secret)

    def _order_of(self, row: Row) -> str:
        return missing_order(row, self._known.orders)

    def _check_held(self, row: Row) -> None:
        """A whole record of a destroyed month: an order must hold it."""
        sequence = row[1]
        if self._held is None:
            self._held = HeldRecords(self._source, self._chain_id, sequence, self._part.until)
        rows = self._held.rows_of(sequence)
        if not any(order_id in self._known.orders for _, order_id, _ in rows):
            what = "its month is destroyed and no order holds it; see: kps audit retain"
            self._add(Kind.LEFT, sequence, what)
        elif self._known.with_keys:
            try:
                for key in self._held.keys(rows, self._known.order_keys):
                    self._open(row, key)
            except (MonthUnreadable, *_ODD):
                self._add(Kind.UNREADABLE, sequence, "the order that holds it does not open it")

    def _open(self, row: Row, secret: RecordKeys) -> None:
        sequence, month = row[1], row[3]
        place = Place(self._chain_id, sequence, month, row[4])
        try:
            packed = records.decrypted(
                row[PLAIN_END], place=place, plain=row[6], persons=row[7], secret=secret,
                salt=row[9],
            )  # fmt: skip
        except Unreadable:
            self._add(Kind.CHANGED, sequence, "was not written with the key of its month")
            return
        name = dictionary_of(packed)
        if name is not None and not self._is_known(lambda: name.hex() in self._known.dictionaries):
            self._add(Kind.REMOVED, sequence, "the dictionary of its answer is missing")
            return
        try:
            if sequence % _UNPACKED_EACH == 0:
                records.messages_in(packed, self._dictionary)
        except Unreadable as reason:
            self._add(Kind.UNREADABLE, sequence, str(reason))

    def _dictionary(self, name: bytes) -> bytes | None:
        return self._known.dictionaries.get(name.hex())


def _is_whole(row: Row, persons: Sequence[tuple[Any, Any]]) -> bool:
    """Is everything what the record's digests commit to?  The quick look of ``_changed_parts``."""
    month, salt = row[3], row[9]
    about = []
    for digest, of_month in persons:
        if of_month != month:
            return False
        about.append(digest)
    try:
        columns = row[PLAIN_START:PLAIN_END]
        return bool(
            records.plain_digest(salt, columns, record_format=row[2]) == row[6]
            and records.persons_digest(salt, about) == row[7]
            and sha256(row[PLAIN_END]).digest() == row[8]
        )
    except _ODD:
        return False


def _changed_parts(row: Row, persons: Sequence[tuple[Any, Any]]) -> Iterator[str]:
    """Names the parts of a record that its digests do not commit to."""
    salt, month = row[9], row[3]
    try:
        columns = row[PLAIN_START:PLAIN_END]
        plain = records.plain_digest(salt, columns, record_format=row[2])
    except _ODD:
        plain = b""
    if plain != row[6]:
        yield "plain columns"
    try:
        that = records.persons_digest(salt, [digest for digest, _ in persons])
    except _ODD:
        that = b""
    if that != row[7] or any(of_month != month for _, of_month in persons):
        yield "person rows"
    try:
        cipher = sha256(row[PLAIN_END]).digest()
    except _ODD:
        cipher = b""
    if cipher != row[8]:
        yield "ciphertext"


class _Persons:
    """The person rows of one part of a chain, read beside its records."""

    def __init__(self, source: Source, part: Part) -> None:
        batches = source.persons(part.chain_id, part.first, part.until)
        self._rows = (row for rows in batches for row in rows)
        self._orphans: list[Any] = []
        self._next = next(self._rows, None)

    def of(self, sequence: int) -> Sequence[tuple[Any, Any]]:
        """Digest and month of each person of a record; sequences must be asked in order."""
        row = self._next
        if row is None or row[0] != sequence:
            if row is None or not _before(row[0], sequence):
                return _NOBODY
            self._skip(sequence)
        found = []
        while (row := self._next) is not None and row[0] == sequence:
            found.append((row[1], row[2]))
            self._next = next(self._rows, None)
        return found

    def _skip(self, sequence: int) -> None:
        while self._next is not None and _before(self._next[0], sequence):
            self._orphans.append(self._next[0])
            self._next = next(self._rows, None)

    def rest(self) -> Iterator[int | None]:
        """The sequences of the rows that belong to no record that was asked for."""
        left = [self._next[0]] if self._next is not None else []
        for sequence in (*self._orphans, *left, *(row[0] for row in self._rows)):
            yield sequence if isinstance(sequence, int) else None


def _before(found: object, sequence: int) -> bool:
    return isinstance(found, int | float) and found < sequence
