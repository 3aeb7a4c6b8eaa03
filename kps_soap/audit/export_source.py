"""Read an exported file as a source of evidence (see ``export_format`` and ``sources``).

A member is read as a stream and believed only if it is the one of the manifest: its digest is
compared when its end is reached.  Nothing is unpacked, and no more than one block of records is
held.  Whether what is told is true is not decided here: ``verification`` does that.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

from kps_soap.audit import export_format as form
from kps_soap.audit.export_format import ExportRefused, Lines
from kps_soap.audit.heads import SealedHead
from kps_soap.audit.sources import Batches, Row

_BATCH: Final = 500
_BUFFER_BYTES: Final = 1024 * 1024
_MEMBER: Final = re.compile(
    r"(?P<kind>checkpoints|segments|(?:links|records|persons)/(?P<chain>[0-9a-f]{16}))"
    r"/(?P<first>[0-9]{12,19})\.jsonl",
    re.ASCII,
)
_ALWAYS: Final = frozenset(
    {
        form.CHAINS,
        form.SEALED_HEADS,
        form.FIELD_LISTS,
        form.MONTHS,
        form.ORDERS,
        form.HELD_RECORDS,
        form.HELD_MONTHS,
    }
)
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class ExportAddress:
    """An exported file."""

    path: Path

    @contextmanager
    def open(self, *, tolerant: bool = False) -> Iterator[ExportSource]:  # noqa: ARG002
        """Open it; raises ``ExportRefused`` and ``OSError``.  No text in it is ever odd."""
        try:
            with zipfile.ZipFile(self.path) as file:
                yield ExportSource(file)
        except _DAMAGED:
            raise ExportRefused("The export is damaged, or is no export.") from None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest says; ``members`` by name: bytes, lines, SHA-256 in hex."""

    base: int
    last: int
    next_counter: int
    members: Mapping[str, tuple[int, int, str]]
    digest: str


@dataclass(slots=True)
class _Chain:
    row: Row
    segments: list[int]
    firsts: list[int] = field(default_factory=list)


class ExportSource:
    """The evidence in an exported file."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.manifest = _manifest_of(file)
        self._firsts: dict[str, list[int]] = {"checkpoints": [], "segments": []}
        self._chains: dict[str, _Chain] = {}
        self._read_chains()
        self._order_members()

    def _read_chains(self) -> None:
        for line in self._lines(form.CHAINS):
            said = form.decoded(line)
            segments, first = said.pop("segments", None), said.pop("first_sequence", None)
            row = form.CHAIN_LINES.row_of(said)
            if not _whole_numbers(segments) or not _whole_numbers([first]):
                raise ExportRefused("The export holds a chain that says something else.")
            self._chains[str(row[0])] = _Chain(row, list(segments))

    def _order_members(self) -> None:
        """Which blocks there are, in ascending order."""
        for name in sorted(self.manifest.members):
            found = _MEMBER.fullmatch(name)
            if found is None:
                continue
            first, chain_id = int(found["first"]), found["chain"]
            if chain_id is None:
                self._firsts[found["kind"]].append(first)
            elif chain_id not in self._chains:
                raise ExportRefused("The export holds records of a chain that it does not name.")
            elif name.startswith("links/"):
                self._chains[chain_id].firsts.append(first)
        for firsts in (*self._firsts.values(), *(one.firsts for one in self._chains.values())):
            firsts.sort()

    # The source.

    def snapshot(self) -> nullcontext[None]:
        """See ``Source``: a file is of one moment."""
        return nullcontext()

    def base(self) -> int:
        """See ``Source``."""
        return self.manifest.base

    def sealed_heads(self) -> Mapping[str, SealedHead]:
        """See ``Source``."""
        rows = map(form.HEAD_LINES.row, self._lines(form.SEALED_HEADS))
        return {row[0]: SealedHead(*row[1:]) for row in rows}

    def chain_ids(self) -> Iterator[object]:
        """See ``Source``."""
        yield from sorted(self._chains)

    def chain(self, chain_id: str) -> Row | None:
        """See ``Source``."""
        found = self._chains.get(chain_id)
        return None if found is None else found.row

    def last_sequence(self, chain_id: str) -> int:
        """See ``Source``."""
        found = self._chains.get(chain_id)
        last = 0
        if found is not None and found.firsts:
            for row in self._block("links", form.LINK_LINES, chain_id, found.firsts[-1]):
                last = max(last, _sequence(row))
        return last

    def record_hash(self, chain_id: str, sequence: int) -> object:
        """See ``Source``."""
        for rows in self.links(chain_id, sequence, sequence + 1):
            return rows[0][5]
        head = self.sealed_heads().get(chain_id)
        return head.hash if head is not None and head.sequence == sequence else None

    def links(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        rows = self._in_range("links", form.LINK_LINES, chain_id, first, until)
        return _batches((chain_id, *row) for row in rows)

    def records(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        links = self._in_range("links", form.LINK_LINES, chain_id, first, until)
        contents = self._in_range("records", form.RECORD_LINES, chain_id, first, until)
        return _batches(_joined(chain_id, links, contents))

    def persons(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        return _batches(self._in_range("persons", form.PERSON_LINES, chain_id, first, until))

    def segments_of(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        found = self._chains.get(chain_id)
        rows = (
            row
            for member in ([] if found is None else found.segments)
            for row in self._block("segments", form.SEGMENT_LINES, "", member)
            if row[1] == chain_id
        )
        return _batches(row for row in rows if _within(row[3], first, until))

    def checkpoints(self) -> Batches:
        """See ``Source``."""
        return _batches(
            row
            for first in self._firsts["checkpoints"]
            for row in self._block("checkpoints", form.CHECKPOINT_LINES, "", first)
        )

    def segments(self) -> Batches:
        """See ``Source``; also holds against them what the chains say of their segments."""
        return _batches(self._all_segments())

    def _all_segments(self) -> Iterator[Row]:
        for first in self._firsts["segments"]:
            for row in self._block("segments", form.SEGMENT_LINES, "", first):
                chain = self._chains.get(str(row[1]))
                if chain is None or first not in chain.segments:
                    raise ExportRefused("The export's chains do not name all of their segments.")
                yield row

    def field_lists(self) -> Sequence[Row]:
        """See ``Source``."""
        return list(map(form.FIELD_LIST_LINES.row, self._lines(form.FIELD_LISTS)))

    def dictionaries(self) -> Sequence[Row]:
        """See ``Source``; an export of version 1 has none."""
        if form.DICTIONARIES not in self.manifest.members:
            return []
        return list(map(form.DICTIONARY_LINES.row, self._lines(form.DICTIONARIES)))

    def months(self) -> Sequence[Row]:
        """See ``Source``."""
        return list(map(form.MONTH_LINES.row, self._lines(form.MONTHS)))

    def orders(self) -> Sequence[Row]:
        """See ``Source``."""
        return list(map(form.ORDER_LINES.row, self._lines(form.ORDERS)))

    def partial(self) -> bool:
        """See ``Source``: an export is a part."""
        return True

    def held(self, chain_id: str, first: int | None, until: int | None) -> Batches:
        """See ``Source``."""
        rows = (row for row in self.held_records() if row[0] == chain_id)
        kept = ((row[1], row[2], row[4]) for row in rows if _within(row[1], first, until))
        return _batches(kept)

    def held_records(self) -> Iterator[Row]:
        """Rows of ``held_records``, by their primary key."""
        return map(form.HELD_RECORD_LINES.row, self._lines(form.HELD_RECORDS))

    def held_months(self) -> Iterator[Row]:
        """Rows of ``held_months``."""
        return map(form.HELD_MONTH_LINES.row, self._lines(form.HELD_MONTHS))

    # Members.

    def _in_range(
        self, kind: str, lines: Lines, chain_id: str, first: int | None, until: int | None
    ) -> Iterator[Row]:
        found = self._chains.get(chain_id)
        firsts = [] if found is None else found.firsts
        start = 0 if first is None else max(0, bisect_right(firsts, first) - 1)
        for place in firsts[start:]:
            if until is not None and place >= until:
                return
            for row in self._block(kind, lines, chain_id, place):
                if _within(row[0], first, until):
                    yield row

    def _block(self, kind: str, lines: Lines, chain_id: str, first: int) -> Iterator[Row]:
        directory = f"{kind}/{chain_id}" if chain_id else kind
        return map(lines.row, self._lines(form.numbered(directory, first)))

    def _lines(self, name: str) -> Iterator[bytes]:
        """The lines of a member; at its end it must have been the manifest's."""
        said = self.manifest.members.get(name)
        if said is None:
            raise ExportRefused("The export lacks a member that it speaks of.")
        digest, size = sha256(), 0
        try:
            # Lines are long, and a member by itself would look for their ends in small steps.
            unbuffered: Any = self._file.open(name)
            with BufferedReader(unbuffered, _BUFFER_BYTES) as member:
                while line := member.readline(form.LINE_BYTES_MAX):
                    digest.update(line)
                    size += len(line)
                    if not line.endswith(b"\n"):
                        raise ExportRefused("The export holds a line without an end.")
                    yield line
        except (KeyError, *_DAMAGED):
            raise ExportRefused("The export is damaged: a member cannot be read.") from None
        if (size, digest.hexdigest()) != (said[0], said[2]):
            raise ExportRefused("A member of the export is not the one of its manifest.")


def _manifest_of(file: zipfile.ZipFile) -> Manifest:
    try:
        with file.open(form.MANIFEST) as member:
            text = member.read(form.LINE_BYTES_MAX)
    except KeyError:
        raise ExportRefused("The file is no export of evidence.") from None
    said = form.decoded(text)
    version = said.get("version")
    if (
        said.get("format") != form.FORMAT
        or type(version) is not int
        or version not in form.KNOWN_VERSIONS
    ):
        raise ExportRefused("The export is of a format that this release does not know.")
    numbers = [said.get(name) for name in ("base", "last", "next_counter")]
    members = said.get("members")
    if not _whole_numbers(numbers) or not isinstance(members, dict):
        raise ExportRefused("The export's manifest says something else.")
    names = [one.filename for one in file.infolist()]
    if len(names) != len(set(names)) or set(names) != {form.MANIFEST, *members}:
        raise ExportRefused("The export holds other members than its manifest names.")
    if not members.keys() >= _ALWAYS or (form.DICTIONARIES in members) != (version > 1):
        raise ExportRefused("The export lacks a member that every one of its version has.")
    known = {name: _member_of(said) for name, said in members.items()}
    base, last, counter = (int(number or 0) for number in numbers)
    return Manifest(base, last, counter, known, sha256(text).hexdigest())


def _member_of(said: object) -> tuple[int, int, str]:
    if isinstance(said, dict):
        size, lines, digest = said.get("bytes"), said.get("lines"), said.get("sha256")
        if isinstance(size, int) and isinstance(lines, int) and isinstance(digest, str):
            return size, lines, digest
    raise ExportRefused("The export's manifest says something else.")


def _whole_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(one) is int and one >= 0 for one in values)


def _sequence(row: Row) -> int:
    if row[0] is None:
        raise ExportRefused("The export holds a record without a place.")
    return int(row[0])


def _within(number: Any, first: int | None, until: int | None) -> bool:
    if number is None:
        raise ExportRefused("The export holds a row without a place.")
    return (first is None or number >= first) and (until is None or number < until)


def _joined(chain_id: str, links: Iterator[Row], contents: Iterator[Row]) -> Iterator[Row]:
    """Whole rows of ``evidence`` from their two halves."""
    missing = object()
    for link in links:
        content = next(contents, missing)
        if not isinstance(content, tuple) or content[0] != link[0]:
            raise ExportRefused("The export's records are not those of its links.")
        yield (chain_id, *link, *content[1:])
    if next(contents, missing) is not missing:
        raise ExportRefused("The export's records are not those of its links.")


def _batches(rows: Iterator[Row]) -> Batches:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
