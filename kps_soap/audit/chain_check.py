"""Verify a part of one chain: every record in its place, whole, and linked to the one before it.

A chain is checked in one piece or in several at once: a part begins behind a record whose hash is
read first, so that parts may be checked in any order and by several processes.  Rows are read as
a stream, so a part of any length takes the same memory.  A record is believed only where its hash
is that of its parts; everything is compared with what was stored, whatever its type: SQLite keeps
any value in any column.

What a stranger among the records is, moved, copied or changed, is told by ``strangers``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from kps_soap.audit import merkle
from kps_soap.audit.chain import dictionary_named, worker_detail
from kps_soap.audit.content_check import ContentCheck, Known
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.records import NO_HASH, PLAIN_START, RECORD_PREFIXES
from kps_soap.audit.sources import Row, Source
from kps_soap.entry import Event
from kps_soap.models import PLAIN_COLUMNS

#: More strangers and more gaps than these are named without looking for where they belong.
STRANGERS_MAX: Final = 1_000

#: What values of a wrong type can raise.
ODD: Final = (TypeError, ValueError, KeyError, AttributeError, OverflowError)

_EVENT: Final = PLAIN_START + PLAIN_COLUMNS.index("event")
_DETAIL: Final = PLAIN_START + PLAIN_COLUMNS.index("detail")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a chain: the records from ``first`` on and before ``until``.

    None means from the lowest, and to the end.  It is the part number ``index`` ``of`` so many.
    """

    chain_id: str
    first: int | None = None
    until: int | None = None
    index: int = 0
    of: int = 1


@dataclass(slots=True)
class Seen:
    """What a check of a part saw.

    ``strangers`` are the links of rows that belong elsewhere, ``missing`` the gaps: both are
    named when all parts of the chain are seen.
    """

    part: Part
    report: Report = field(default_factory=Report)
    strangers: list[Row] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)


class PartCheck:
    """One part of a chain, from its first record to its last.

    ``known`` is what the contents are held against; None checks the links alone.
    """

    def __init__(self, source: Source, part: Part, known: Known | None) -> None:
        self._source = source
        self._part = part
        self._chain_id = part.chain_id
        self._seen = Seen(part)
        self._segments = _Segments(source, part, self._add)
        self._content = None if known is None else ContentCheck(source, part, known, self._seen)
        self._expected, self._previous = self._start()
        self._below = self._expected
        self._head: Row | None = None

    def run(self) -> Seen:
        """Check every row of the part."""
        report, part = self._seen.report, self._part
        self._head = self._source.chain(self._chain_id)
        walk = self._walk_links if self._content is None else self._walk_records
        for rows in walk():
            report.records += len(rows)
        self._segments.end()
        report.sealed = self._segments.records
        if self._content is not None:
            self._content.end()
        if part.first is None:
            report.chains = 1
            if self._head is None:
                self._name_headless()
        if part.until is not None:
            self._missing_before(part.until)
        elif self._head is not None:
            self._hold_against_head(self._head)
        return self._seen

    def _start(self) -> tuple[int, bytes]:
        """The first sequence to expect, and the hash before it; empty where it is not known."""
        first = self._part.first
        if first is None:
            head = self._source.sealed_heads().get(self._chain_id)
            return (1, NO_HASH) if head is None else (head.sequence + 1, head.hash)
        before = self._source.record_hash(self._chain_id, first - 1)
        return first, before if isinstance(before, bytes) else b""

    def _walk_links(self) -> Iterator[Sequence[Row]]:
        part = self._part
        for rows in self._source.links(part.chain_id, part.first, part.until):
            self._follow_all(rows)
            yield rows

    def _walk_records(self) -> Iterator[Sequence[Row]]:
        part, content = self._part, self._content
        for rows in self._source.records(part.chain_id, part.first, part.until):
            believed = self._follow_all(rows)
            if content is not None:
                content.check(rows, believed)
            if self._head is not None:
                self._hold_against_first(self._head, rows)
            yield rows

    def _follow_all(self, rows: Sequence[Row]) -> list[bool]:
        """Check the links of some rows; returns which of them are what their hashes say."""
        mine, expected, previous = self._chain_id, self._expected, self._previous
        start, add, believed = mine.encode(errors="surrogateescape"), self._segments.add, []
        for row in rows:
            chain_id, sequence, form, month, before, whole, plain, persons, cipher = row[:9]
            try:
                fits = (
                    sequence == expected
                    and before == previous
                    and chain_id == mine
                    and sha256(
                        RECORD_PREFIXES[form] + start + sequence.to_bytes(8, "big")
                        + month.encode() + before + plain + persons + cipher
                    ).digest() == whole
                )  # fmt: skip
            except ODD:
                fits = False
            if fits:
                expected, previous = expected + 1, whole
                add(sequence, whole)
                believed.append(True)
            else:
                self._expected, self._previous = expected, previous
                believed.append(self._follow_odd(row))
                expected, previous = self._expected, self._previous
        self._expected, self._previous = expected, previous
        return believed

    def _follow_odd(self, row: Row) -> bool:
        """A row that does not simply follow: say why, and go on behind it."""
        sequence = row[1]
        if not isinstance(sequence, int):
            self._add(Kind.CHANGED, None, "a sequence that is no number")
            return False
        if sequence < self._expected:
            self._add(Kind.COPIED, sequence, "two records with one sequence")
            return False
        gap = sequence > self._expected
        self._missing_before(sequence)
        itself = is_at(row, self._chain_id, sequence) and row[0] == self._chain_id
        if not itself:
            self._note_stranger(row)
            self._previous = b""
        else:
            if self._previous and not gap and row[4] != self._previous:
                self._add(Kind.UNLINKED, sequence, "does not link to the record before it")
            self._previous = row[5]
        self._segments.add(sequence, row[5] if itself else None)
        self._expected = sequence + 1
        return itself

    def _add(self, kind: Kind, sequence: int | None, what: str) -> None:
        self._seen.report.add(kind, self._chain_id, sequence, what)

    def _missing_before(self, sequence: int) -> None:
        first, last = self._expected, sequence - 1
        if first > last:
            return
        if len(self._seen.missing) < STRANGERS_MAX:
            self._seen.missing.append((first, last))
        else:
            self._add(Kind.REMOVED, first, missing_words(first, last))
        self._expected = sequence

    def _note_stranger(self, row: Row) -> None:
        if len(self._seen.strangers) < STRANGERS_MAX:
            self._seen.strangers.append(tuple(row[:9]))
        else:
            self._add(Kind.CHANGED, row[1], "the record is not what its hash says")

    def _hold_against_first(self, head: Row, rows: Sequence[Row]) -> None:
        """The chain's row repeats what its first record says."""
        row = rows[0]
        if row[1] == 1 and row[PLAIN_START] is not None:
            _, worker, opened_us, _, _ = head
            detail = worker_detail(worker, dictionary_named(row[_DETAIL]))
            said = (row[PLAIN_START], row[_EVENT], row[_DETAIL])
            if said != (opened_us, Event.STARTED.value, detail):
                self._add(Kind.CHANGED, 1, "the chain's row disagrees with its first record")

    def _hold_against_head(self, head: Row) -> None:
        """The chain ends where its row and its last seal say."""
        sequence, whole = head[3:5]
        last = self._expected - 1
        if not isinstance(sequence, int) or sequence < 1:
            self._add(Kind.CHANGED, None, "the chain's row has no head")
        elif last < sequence:
            self._missing_before(sequence + 1)
        elif last > sequence:
            what = f"records beyond the chain's head, up to {last}"
            self._add(Kind.ADDED, sequence + 1, what)
        elif last >= self._below and self._previous and whole != self._previous:
            self._add(Kind.CHANGED, last, "the chain's head has another hash")
        sealed = self._segments.last
        if isinstance(sequence, int) and sequence < sealed:
            what = f"the chain ends at {sequence}, but was sealed up to {sealed}"
            self._add(Kind.CUT, sequence + 1, what)

    def _name_headless(self) -> None:
        if self._expected > self._below or not self._segments.last:
            self._add(Kind.ADDED, None, "rows that belong to no chain")
        else:
            what = f"the chain is gone; it was sealed up to {self._segments.last}"
            self._add(Kind.REMOVED, None, what)


def missing_words(first: int, last: int) -> str:
    """How a gap is told."""
    return "a record is missing" if first == last else f"missing up to {last}"


def is_at(row: Row, chain_id: str, sequence: int) -> bool:
    """Is a record's hash that of its parts at this place?"""
    with suppress(*ODD):
        _, _, form, month, before, whole, plain, persons, cipher = row[:9]
        place = chain_id.encode() + sequence.to_bytes(8, "big") + month.encode() + before
        parts = RECORD_PREFIXES[form] + place + plain + persons + cipher
        return bool(sha256(parts).digest() == whole)
    return False


class _Segments:
    """The sealed segments that begin in a part, held against its records as they pass.

    A segment with a record that is missing or not itself is not judged: that is named already.
    """

    def __init__(
        self, source: Source, part: Part, add: Callable[[Kind, int | None, str], None]
    ) -> None:
        rows = source.segments_of(part.chain_id, part.first, part.until)
        self._rows = (row for batch in rows for row in batch)
        self._add = add
        self._root = merkle.Root()
        self._row: Row | None = None
        self._hash = b""
        self.last = 0
        self.records = 0
        self._turn()

    def _turn(self) -> None:
        """Go on to the next segment that can be one; the others are named elsewhere."""
        self._root, self._row = merkle.Root(), None
        for row in self._rows:
            first, last = row[3:5]
            if isinstance(first, int) and isinstance(last, int) and self.last < first <= last:
                self._row, self.last = row, last
                return

    def add(self, sequence: int, whole: bytes | None) -> None:
        """The next record of the part; None for one that is not itself."""
        row = self._row
        while row is not None and sequence > row[4]:
            self._turn()
            row = self._row
        if row is None or sequence < row[3] or whole is None:
            return
        self._root.add(whole)
        self._hash = whole
        if sequence == row[4]:
            self._judge(row)
            self._turn()

    def end(self) -> None:
        """Nothing follows; afterwards ``last`` is the last sealed sequence."""
        while self._row is not None:
            self._turn()

    def _judge(self, row: Row) -> None:
        number, _, _, first, last, head_hash, segment_root = row[:7]
        if self._root.size != last - first + 1:
            return
        self.records += self._root.size
        if self._root.value() != segment_root or self._hash != head_hash:
            what = f"the records up to {last} are not those that checkpoint {number} sealed"
            self._add(Kind.FORKED, first, what)
