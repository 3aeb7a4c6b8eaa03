"""Verify the checkpoints: numbers, links, signatures, and the tree over all heads at each of them.

Every checkpoint is rebuilt from the segments stored with it, in the order in which they were
made.  That the segments are those of the records is for ``chain_check``, and what a witness
outside knows for ``witness_check``.  One that is wrong is named once; the next ones are held
against what is stored, so that one change is not told for every checkpoint behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from kps_soap.audit.checkpoints import (
    NO_DIGEST,
    Certificates,
    Checkpoint,
    SealRefused,
    Segment,
    check_digest,
)
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.heads import Heads, segment_of
from kps_soap.audit.sources import Batches, Row, Source

TABLE: Final = "checkpoints"
HEADS_TABLE: Final = "checkpoint_heads"

#: Where a checkpoint's timestamp stands in its row.
TIMESTAMP: Final = 10


class CheckpointCheck:
    """All checkpoints of a source, in their order."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source = source
        self._report = report
        self._base = source.base()
        self._heads = Heads()
        self._expected = self._base or 1
        self._digest: bytes | None = None if self._base else NO_DIGEST
        self._fits = True

    def run(self) -> Iterator[tuple[Checkpoint, Row]]:
        """Check every checkpoint; gives those that are one, with their rows, as it goes."""
        segments = _Grouped(self._source.segments())
        if self._base:
            self._heads = self._heads_of_base()
        for rows in self._source.checkpoints():
            for row in rows:
                checkpoint = self._read(row)
                if checkpoint is None:
                    continue
                self._link(checkpoint)
                for orphan in segments.before(checkpoint.number):
                    self._name_orphan(orphan)
                if checkpoint.number > self._base:
                    self._rebuild(checkpoint, segments.of(checkpoint.number))
                self._report.checkpoints += 1
                yield checkpoint, row
        for orphan in segments.rest():
            self._name_orphan(orphan)

    @property
    def last(self) -> int:
        """The number of the last checkpoint."""
        return self._expected - 1

    def _heads_of_base(self) -> Heads:
        try:
            return Heads.resting(self._base, NO_DIGEST, self._source.sealed_heads())
        except (SealRefused, OverflowError, TypeError, AttributeError):
            self._fits = False
            self._add(
                Kind.CHANGED, HEADS_TABLE, self._base, "the heads to begin from are not whole"
            )
            return Heads(self._base)

    def _add(self, kind: Kind, place: str, number: int | None, what: str) -> None:
        self._report.add(kind, place, number, what)

    def _read(self, row: Row) -> Checkpoint | None:
        """The checkpoint of a row, in its place among the numbers."""
        number = row[0]
        if not isinstance(number, int):
            self._add(Kind.CHANGED, TABLE, None, "a number that is none")
            return None
        expected = self._expected
        if number < expected:
            self._add(Kind.COPIED, TABLE, number, "two checkpoints with one number")
            return None
        if number > expected:
            gap = "a checkpoint is missing"
            what = gap if number == expected + 1 else f"missing up to {number - 1}"
            self._add(Kind.REMOVED, TABLE, expected, what)
            self._digest = None
        self._expected = number + 1
        try:
            checkpoint = Checkpoint.of_row(row)
            check_digest(checkpoint)
        except SealRefused as refused:
            self._add(Kind.CHANGED, TABLE, number, str(refused))
            self._digest, self._fits = None, False
            return None
        return checkpoint

    def _link(self, checkpoint: Checkpoint) -> None:
        if self._digest is not None and checkpoint.previous_digest != self._digest:
            what = "does not link to the checkpoint before it"
            self._add(Kind.UNLINKED, TABLE, checkpoint.number, what)
        self._digest = checkpoint.digest

    def _rebuild(self, checkpoint: Checkpoint, rows: Sequence[Row]) -> None:
        """Let the heads move as the stored segments say; is the tree the one that was signed?"""
        placed = self._segments(checkpoint.number, rows)
        try:
            self._heads.advance([segment for segment, _ in placed])
            fits = self._heads.root() == checkpoint.heads_root
            counts = (len(self._heads.chains), self._heads.records)
            fits = fits and counts == (checkpoint.chains, checkpoint.records)
        except (IndexError, OverflowError, TypeError, ValueError):
            fits = False
        if fits:
            for segment, path in placed:
                if self._heads.path(segment.position) != path:
                    self._changed(segment, "its path does not lead to the checkpoint")
        elif self._fits:
            what = "the stored heads are not those that were sealed"
            self._add(Kind.CHANGED, HEADS_TABLE, checkpoint.number, what)
        self._fits = fits

    def _segments(self, number: int, rows: Sequence[Row]) -> list[tuple[Segment, object]]:
        """The segments of a checkpoint, those that can be some; new chains in their order."""
        found: list[tuple[Segment, object]] = []
        new = 0
        for row in rows:
            try:
                segment = segment_of(row)
            except SealRefused as refused:
                self._add(Kind.CHANGED, HEADS_TABLE, number, str(refused))
                continue
            position, first = self._heads.expected(segment.chain_id, new)
            new += segment.chain_id not in self._heads.chains
            if segment.first_sequence > segment.head_sequence:
                self._changed(segment, "seals no record")
            if self._fits and (segment.position, segment.first_sequence) != (position, first):
                self._changed(segment, "does not follow on what was sealed before")
                segment = replace(segment, position=position, first_sequence=first)
            found.append((segment, row[7]))
        return found

    def _changed(self, segment: Segment, what: str) -> None:
        self._add(Kind.CHANGED, HEADS_TABLE, segment.number, f"chain {segment.chain_id} {what}")

    def _name_orphan(self, row: Row) -> None:
        number = row[0] if isinstance(row[0], int) else None
        self._add(Kind.ADDED, HEADS_TABLE, number, "a head without its checkpoint")


class _Grouped:
    """Rows of ``checkpoint_heads``, handed out by number."""

    def __init__(self, batches: Batches) -> None:
        self._rows = (row for rows in batches for row in rows)
        self._next = next(self._rows, None)

    def _take(self) -> Row | None:
        row, self._next = self._next, next(self._rows, None)
        return row

    def before(self, number: int) -> Iterator[Row]:
        """The rows of lower numbers, which nobody asked for."""
        while (row := self._next) is not None and isinstance(row[0], int | float):
            if row[0] >= number:
                return
            self._take()
            yield row

    def of(self, number: int) -> list[Row]:
        """The rows of this number."""
        found = []
        while self._next is not None and self._next[0] == number:
            found.append(self._next)
            self._take()
        return found

    def rest(self) -> Iterator[Row]:
        """Everything that is left."""
        while (row := self._next) is not None:
            self._take()
            yield row


def check_signatures(certificates: Certificates, checkpoints: Sequence[Checkpoint]) -> Report:
    """Name the checkpoints that no key of these certificates signed."""
    report = Report()
    for one in checkpoints:
        try:
            certificates.check(one)
        except SealRefused as refused:
            report.add(Kind.FORGED, TABLE, one.number, str(refused))
    return report
