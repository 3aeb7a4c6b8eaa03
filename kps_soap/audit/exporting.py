"""Write the evidence that some checkpoints seal into a file (see ``export_format``).

The range is read in blocks, each in a transaction of its own, so neither memory nor a read lock
grows with it; what is sealed does not change meanwhile, but for what retention empties.  The file
appears whole or not at all, and only after the record that tells of it is durable.

This module reads; what it writes are a file and that record.
"""

import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, func, select

from kps_soap.audit import export_format as form
from kps_soap.audit.export_format import ExportRefused, Lines
from kps_soap.audit.heads import SealedHead
from kps_soap.audit.sources import LINK_COLUMNS, DatabaseSource, Row, Source
from kps_soap.models import (
    checkpoints,
    held_months,
    held_records,
    legal_orders,
    receipt_blocks,
)

_LINKS: Final = len(LINK_COLUMNS)
_RECORDS_A_MEMBER: Final = 4_000
_BYTES_A_MEMBER: Final = 16 * 1024 * 1024
_ROWS_A_MEMBER: Final = 5_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds; ``digest`` is SHA-256 of its manifest, in hex."""

    base: int
    last: int
    chains: int
    records: int
    digest: str


class _Archive:
    """The ZIP file, a member after the other; it keeps what the manifest says of them."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, lines: Iterable[bytes]) -> None:
        """One member; with no line it is left out, but for those that are always there."""
        digest, count, size = sha256(), 0, 0
        with self._open(name) as member:
            for line in lines:
                member.write(line)
                digest.update(line)
                count, size = count + 1, size + len(line)
        self.members[name] = {"bytes": size, "lines": count, "sha256": digest.hexdigest()}

    def finish(self, head: dict[str, Any]) -> str:
        """Write the manifest; returns its digest."""
        text = json.dumps({**head, "members": self.members}, sort_keys=True, indent=1) + "\n"
        if len(text) > form.LINE_BYTES_MAX:
            raise ExportRefused("There is too much for one file; name a shorter range.")
        with self._open(form.MANIFEST) as member:
            member.write(text.encode())
        return sha256(text.encode()).hexdigest()

    def _open(self, name: str) -> Any:
        return self._file.open(name, "w", force_zip64=True)


@dataclass(slots=True)
class _Moves:
    """The chains that the range moves, and all heads in front of it and at its end."""

    before: dict[str, SealedHead] = field(default_factory=dict)
    after: dict[str, SealedHead] = field(default_factory=dict)
    members: dict[str, list[int]] = field(default_factory=dict)

    def see(self, row: Row, base: int, member: int) -> None:
        number, chain_id, position, _, sequence, head_hash = row[:6]
        head = SealedHead(position, sequence, bytes(head_hash))
        self.after[chain_id] = head
        if number <= base:
            self.before[chain_id] = head
        elif self.members.setdefault(chain_id, [member])[-1] != member:
            self.members[chain_id].append(member)


def export(
    engine: Engine,
    to: Path,
    *,
    first: int,
    last: int | None,
    record: Callable[[Exported], None],
    progress: Callable[[int], None],
) -> Exported:
    """Export the checkpoints ``first`` to ``last`` (None: the newest) with what they seal.

    ``record`` writes down that it happened, before the file gets its name.  Raises
    ``ExportRefused``, what ``record`` raises, ``OSError`` and what the database raises.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            newest = connection.execute(select(func.max(checkpoints.c.number))).scalar()
        if newest is None:
            raise ExportRefused("Nothing is sealed yet; run: kps audit seal")
        last = newest if last is None else last
        if not 1 <= first <= last <= newest:
            raise ExportRefused(f"There are checkpoints 1 to {newest}; name a range of these.")
        with _new_file(to) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                done = _write(connection, _Archive(archive), first - 1, last, progress)
            record(done)
    return done


@contextmanager
def _new_file(to: Path) -> Iterator[Any]:
    """A file that only its owner may read, and that gets its name when all went well."""
    if to.exists():
        raise ExportRefused("There is a file of this name already; choose another.")
    new = to.with_name(f".{to.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.rename(to)
    finally:
        new.unlink(missing_ok=True)


def _write(
    connection: Connection,
    archive: _Archive,
    base: int,
    last: int,
    progress: Callable[[int], None],
) -> Exported:
    source = DatabaseSource(connection)
    with source.snapshot():
        _write_checkpoints(source, archive, base, last)
        moves = _write_segments(source, archive, base, last)
    heads = sorted(moves.before.items())
    archive.add(
        form.SEALED_HEADS,
        (
            form.HEAD_LINES.line((name, head.position, head.sequence, head.hash))
            for name, head in heads
        ),
    )
    archive.add(form.CHAINS, list(_chain_lines(source, moves)))
    count = 0
    for chain_id in sorted(moves.members):
        first = moves.before[chain_id].sequence + 1 if chain_id in moves.before else 1
        for records in _write_chain(
            source, archive, chain_id, first, moves.after[chain_id].sequence + 1
        ):
            count += records
            progress(count)
    # Last of all: a month that retention destroys meanwhile is then told as destroyed.
    with source.snapshot():
        counter = _write_tables(connection, source, archive)
    head = {
        "format": form.FORMAT,
        "version": form.VERSION,
        "base": base,
        "last": last,
        "next_counter": counter,
    }
    return Exported(base, last, len(moves.members), count, archive.finish(head))


def _write_checkpoints(source: Source, archive: _Archive, base: int, last: int) -> None:
    rows = (row for batch in source.checkpoints() for row in batch)
    wanted = (row for row in rows if max(base, 1) <= row[0] <= last)
    for block in _blocks(wanted):
        archive.add(
            form.numbered("checkpoints", block[0][0]), map(form.CHECKPOINT_LINES.line, block)
        )


def _write_segments(source: Source, archive: _Archive, base: int, last: int) -> _Moves:
    """The segments of the range; all earlier ones are read too, for they tell of the heads."""
    moves, block = _Moves(), list[Row]()

    def finish() -> None:
        archive.add(form.numbered("segments", block[0][0]), map(form.SEGMENT_LINES.line, block))
        block.clear()

    for row in (row for batch in source.segments() for row in batch):
        number = row[0]
        if number > last:
            break
        if len(block) >= _ROWS_A_MEMBER and block[-1][0] != number:
            finish()
        if number > base:
            block.append(row)
        moves.see(row, base, block[0][0] if block else 0)
    if block:
        finish()
    return moves


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if len(block) >= _ROWS_A_MEMBER:
            yield block
            block = []
    if block:
        yield block


def _chain_lines(source: Source, moves: _Moves) -> Iterator[bytes]:
    """The rows of the chains, their heads as the last checkpoint sealed them."""
    for chain_id, members in sorted(moves.members.items()):
        with source.snapshot():
            row = source.chain(chain_id)
        if row is None:
            raise ExportRefused("A sealed chain is gone; run: kps audit verify")
        head = moves.after[chain_id]
        line = form.CHAIN_LINES.line((*row[:3], head.sequence, head.hash))
        first = moves.before[chain_id].sequence + 1 if chain_id in moves.before else 1
        yield form.encoded({**json.loads(line), "first_sequence": first, "segments": members})


def _write_chain(
    source: Source, archive: _Archive, chain_id: str, first: int, until: int
) -> Iterator[int]:
    """The records of a chain, block by block; gives how many each block holds."""
    while first < until:
        with source.snapshot():
            block = _records(source, chain_id, first, until)
            if not block:
                return
            end = block[-1][1] + 1
            persons = [row for rows in source.persons(chain_id, first, end) for row in rows]
        name = form.of_chain
        links = (form.LINK_LINES.line(row[1:_LINKS]) for row in block)
        contents = (form.RECORD_LINES.line((row[1], *row[_LINKS:])) for row in block)
        archive.add(name("links", chain_id, first), links)
        archive.add(name("records", chain_id, first), contents)
        archive.add(name("persons", chain_id, first), map(form.PERSON_LINES.line, persons))
        yield len(block)
        first = end


def _records(source: Source, chain_id: str, first: int, until: int) -> list[Row]:
    found: list[Row] = []
    size = 0
    for rows in source.records(chain_id, first, until):
        for row in rows:
            if not isinstance(row[1], int):
                raise ExportRefused("A record has no place; run: kps audit verify")
            found.append(row)
            size += len(row[-1] or b"")
            if len(found) >= _RECORDS_A_MEMBER or size >= _BYTES_A_MEMBER:
                return found
    return found


def _write_tables(connection: Connection, source: Source, archive: _Archive) -> int:
    archive.add(form.FIELD_LISTS, map(form.FIELD_LIST_LINES.line, source.field_lists()))
    archive.add(form.DICTIONARIES, map(form.DICTIONARY_LINES.line, source.dictionaries()))
    archive.add(form.MONTHS, map(form.MONTH_LINES.line, source.months()))
    for name, table, lines in (
        (form.ORDERS, legal_orders, form.ORDER_LINES),
        (form.HELD_RECORDS, held_records, form.HELD_RECORD_LINES),
        (form.HELD_MONTHS, held_months, form.HELD_MONTH_LINES),
    ):
        archive.add(name, _table_lines(connection, table, lines))
    counter = select(func.max(receipt_blocks.c.next_counter))
    return int(connection.execute(counter).scalar() or 1)


def _table_lines(connection: Connection, table: Table, lines: Lines) -> Iterator[bytes]:
    query = select(table).order_by(*table.primary_key.columns)
    options = {"stream_results": True, "max_row_buffer": 500}
    for row in connection.execute(query, execution_options=options):
        yield lines.line(tuple(row))
