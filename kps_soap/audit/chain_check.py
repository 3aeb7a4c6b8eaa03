"""Verify one chain: every record in its place, whole, and linked to the one before it.

Rows are read as a stream in the caller's transaction, so a chain of any length takes the same
memory.  A record is believed only where its hash is that of its parts; everything is compared
with what was stored, whatever its type: SQLite keeps any value in any column.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, select

from kps_soap.audit import records
from kps_soap.audit.chain import worker_detail
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.audit.records import PLAIN_END, PLAIN_START, Place, Unreadable
from kps_soap.entry import Event
from kps_soap.models import PLAIN_COLUMNS, evidence, evidence_chains, evidence_persons

_ROWS_AT_A_TIME: Final = 500
_RECORDS_PER_STEP: Final = 1_000
_PLACES_TRIED_MAX: Final = 1_000

#: What values of a wrong type can raise.
_ODD: Final = (TypeError, ValueError, KeyError, AttributeError, OverflowError)

_EVENT: Final = PLAIN_START + PLAIN_COLUMNS.index("event")
_DETAIL: Final = PLAIN_START + PLAIN_COLUMNS.index("detail")
_RETURNED: Final = PLAIN_START + PLAIN_COLUMNS.index("returned_digest")

#: A row of ``evidence``, its values in the order of the table's columns.
Record = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before the chains are read."""

    destroyed_months: Collection[str]
    field_lists: Collection[str]
    keyring: Keyring | None


class ChainCheck:
    """One chain, from its first record to its last."""

    def __init__(self, connection: Connection, chain_id: str, known: Known) -> None:
        self._connection = connection
        self._chain_id = chain_id
        self._known = known
        self._report = Report()
        self._missing: list[int] = []
        self._persons = _Persons(connection, chain_id)

    def run(self, progress: Callable[[int], None]) -> Report:
        """Check every row of the chain; ``progress`` hears how many it was, now and then."""
        report = self._report
        report.chains = 1
        chains = select(evidence_chains).where(evidence_chains.c.chain_id == self._chain_id)
        head: Any = self._connection.execute(chains).one_or_none()
        if head is None:
            self._add(Kind.ADDED, None, "rows that belong to no chain")
        expected, previous = 1, records.NO_HASH
        for row in self._rows():
            report.records += 1
            if report.records % _RECORDS_PER_STEP == 0:
                progress(report.records)
            expected, previous = self._follow(row, expected, previous)
            if head is not None:
                self._hold_against_chain(head, row)
        if head is not None:
            self._hold_against_head(head, expected - 1)
        for sequence in self._persons.rest():
            self._add(Kind.ADDED, sequence, "a person row without its record")
        return report

    def _rows(self) -> Iterator[Record]:
        query = select(evidence).where(evidence.c.chain_id == self._chain_id)
        return _stream(self._connection, query.order_by(evidence.c.sequence))

    def _add(self, kind: Kind, sequence: int | None, what: str) -> None:
        self._report.add(kind, self._chain_id, sequence, what)

    def _follow(self, row: Record, expected: int, previous: bytes) -> tuple[int, bytes]:
        """Check one record; returns the sequence and the previous hash of the next one.

        An empty previous hash says that it is not known.
        """
        sequence = row[1]
        if not isinstance(sequence, int):
            self._add(Kind.CHANGED, None, "a sequence that is no number")
            return expected, b""
        persons = self._persons.of(sequence)
        if sequence < expected:
            self._add(Kind.COPIED, sequence, "two records with one sequence")
            return expected, previous
        gap = sequence > expected
        if gap:
            self._add_missing(expected, sequence - 1)
        if not self._is_itself(row):
            self._name_stranger(row)
            previous_now = b""
        else:
            if previous and not gap and row[4] != previous:
                self._add(Kind.UNLINKED, sequence, "does not link to the record before it")
            self._check_content(row, persons)
            previous_now = row[5]
        return sequence + 1, previous_now

    def _add_missing(self, first: int, last: int) -> None:
        room = _PLACES_TRIED_MAX - len(self._missing)
        self._missing += range(first, min(last, first + room - 1) + 1)
        what = "a record is missing" if first == last else f"missing up to {last}"
        self._add(Kind.REMOVED, first, what)

    def _is_itself(self, row: Record, sequence: int | None = None) -> bool:
        """Is the record's hash that of its parts, at its own or at another sequence?"""
        with suppress(*_ODD):
            place = Place(self._chain_id, sequence or row[1], row[3], row[4])
            whole = records.record_hash(place, row[6], row[7], row[8], record_format=row[2])
            return bool(whole == row[5])
        return False

    def _name_stranger(self, row: Record) -> None:
        """A record whose hash does not belong here: moved, copied, or changed?"""
        here = row[1]
        around = range(max(1, here - _PLACES_TRIED_MAX), here + _PLACES_TRIED_MAX)
        home = next((one for one in (*self._missing, *around) if self._is_itself(row, one)), None)
        if home is None:
            self._add(Kind.CHANGED, here, "the record is not what its hash says")
            return
        there = (evidence.c.chain_id == self._chain_id) & (evidence.c.sequence == home)
        found = self._connection.execute(select(evidence.c.hash).where(there)).scalar()
        if found == row[5]:
            self._add(Kind.COPIED, here, f"a copy of record {home}")
        else:
            self._add(Kind.MOVED, here, f"belongs at {home}")

    def _check_content(self, row: Record, persons: list[tuple[Any, Any]]) -> None:
        """Do plain columns, person rows and ciphertext fit the record's digests?"""
        sequence, month, salt = row[1], row[3], row[9]
        if salt is None and not persons and all(value is None for value in row[PLAIN_START:]):
            self._report.destroyed += 1
            if month not in self._known.destroyed_months:
                self._add(Kind.REMOVED, sequence, "emptied, but its month was not destroyed")
            return
        changed = list(_changed_parts(row, persons))
        for part in changed:
            self._add(Kind.CHANGED, sequence, f"{part} changed")
        if changed:
            return
        returned = row[_RETURNED]
        if returned is not None and returned not in self._known.field_lists:
            self._add(Kind.REMOVED, sequence, "its list of returned fields is missing")
        if self._known.keyring is not None:
            self._authenticate(row, self._known.keyring)

    def _authenticate(self, row: Record, keyring: Keyring) -> None:
        sequence, month = row[1], row[3]
        try:
            records.open_private(
                row[PLAIN_END],
                place=Place(self._chain_id, sequence, month, row[4]),
                plain=row[6],
                persons=row[7],
                secret=keyring.find(self._connection, month),
                salt=row[9],
            )
        except Unreadable:
            self._add(Kind.CHANGED, sequence, "was not written with the key of its month")
        except MonthUnreadable:
            self._add(Kind.UNREADABLE, sequence, "the key of its month is missing")

    def _hold_against_chain(self, head: Any, row: Record) -> None:
        """The chain's row repeats what its first and its last record say."""
        sequence = row[1]
        if sequence == head.head_sequence and row[5] != head.head_hash:
            self._add(Kind.CHANGED, sequence, "the chain's head has another hash")
        if sequence == 1 and row[PLAIN_START] is not None:
            said = (row[PLAIN_START], row[_EVENT], row[_DETAIL])
            if said != (head.opened_us, Event.STARTED.value, worker_detail(head.worker)):
                self._add(Kind.CHANGED, 1, "the chain's row disagrees with its first record")

    def _hold_against_head(self, head: Any, last: int) -> None:
        if not isinstance(head.head_sequence, int) or head.head_sequence < 1:
            self._add(Kind.CHANGED, None, "the chain's row has no head")
        elif last < head.head_sequence:
            self._add_missing(last + 1, head.head_sequence)
        elif last > head.head_sequence:
            what = f"records beyond the chain's head, up to {last}"
            self._add(Kind.ADDED, head.head_sequence + 1, what)


def _changed_parts(row: Record, persons: list[tuple[Any, Any]]) -> Iterator[str]:
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
    """The person rows of one chain, read beside its records."""

    def __init__(self, connection: Connection, chain_id: str) -> None:
        columns = evidence_persons.c
        query = select(columns.sequence, columns.person_digest, columns.month)
        query = query.where(columns.chain_id == chain_id)
        self._rows = iter(
            _stream(connection, query.order_by(columns.sequence, columns.person_digest))
        )
        self._orphans: list[Any] = []
        self._next = next(self._rows, None)

    def of(self, sequence: int) -> list[tuple[Any, Any]]:
        """Digest and month of each person of a record; sequences must be asked in order."""
        found = []
        while self._next is not None and _not_after(self._next[0], sequence):
            if self._next[0] == sequence:
                found.append((self._next[1], self._next[2]))
            else:
                self._orphans.append(self._next[0])
            self._next = next(self._rows, None)
        return found

    def rest(self) -> Iterator[int | None]:
        """The sequences of the rows that belong to no record that was asked for."""
        left = [self._next[0]] if self._next is not None else []
        for sequence in (*self._orphans, *left, *(row[0] for row in self._rows)):
            yield sequence if isinstance(sequence, int) else None


def _not_after(found: object, sequence: int) -> bool:
    return isinstance(found, int) and found <= sequence


def _stream(connection: Connection, query: Any) -> Iterator[Record]:
    """Rows as they come, some hundred at a time, in a cursor on the server's side."""
    options = {"stream_results": True, "max_row_buffer": _ROWS_AT_A_TIME}
    result = connection.execute(query, execution_options=options)
    for part in result.partitions(_ROWS_AT_A_TIME):
        yield from part
