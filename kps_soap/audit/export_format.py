"""The file into which evidence is exported, byte by byte (version 2).

An export holds the checkpoints ``base + 1`` to ``last`` and every record that they seal.  It is a
ZIP file (deflate, ZIP64 where needed; all members dated 1980-01-01) of text members in UTF-8.  A
``.jsonl`` member is a list of lines that each end in LF and hold one JSON object; an absent name
is a NULL.  Whole numbers are JSON numbers, texts JSON strings; bytes are lower-case hex, only
``ciphertext`` is base64 (RFC 4648 §4).  Moments are microseconds since 1970-01-01 UTC.

    manifest.json        one JSON object: format ("kps-soap evidence"), version (2), base, last,
                         next_counter (of receipt numbers), members: for each other member its
                         bytes, lines and sha256 of what it holds before it is compressed
    chains.jsonl         a line a chain that moved: chain_id, worker, opened_us, head_sequence and
                         head_hash as ``last`` sealed them, first_sequence of what is here, and
                         segments: the names (numbers) of the members that tell of its segments
    sealed_heads.jsonl   a line a chain that ``base`` or one before it sealed: chain_id, position,
                         head_sequence, head_hash; empty where base is 0
    checkpoints/N.jsonl  rows of the table ``checkpoints`` by number; first of all that of
                         ``base``, where base is not 0
    segments/N.jsonl     rows of ``checkpoint_heads`` by number and position, from checkpoint N on
    links/C/N.jsonl      of the records of chain C from sequence N on: sequence, format, month,
                         previous_hash, hash, plain_digest, persons_digest, cipher_digest
    records/C/N.jsonl    of the same records: sequence, salt, the plain columns, ciphertext; of a
                         destroyed record the sequence alone
    persons/C/N.jsonl    of the same records: sequence, person_digest, month, by sequence and digest
    field_lists.jsonl    rows of ``field_lists``: digest, paths
    dictionaries.jsonl   rows of ``dictionaries``: digest, content
    months.jsonl         rows of ``month_keys``, with the secrets wrapped as they are
    orders.jsonl         rows of ``legal_orders``
    held_records.jsonl   rows of ``held_records``
    held_months.jsonl    rows of ``held_months``

``N`` has twelve digits or more.  Whoever reads needs nothing but this text and that of
``records`` (what the hashes cover), ``packing`` (how messages lie in a ciphertext) and
``checkpoints`` (what is signed).  A sum of fees is the sum of ``amount`` over the lines of all
``records/`` members with ``units`` above 0.

Version 1 has no ``dictionaries.jsonl``, and no record in it needs one; it is read as before.

This module turns rows into lines and back; a value of another type than its column's, an unknown
name or a line without end is refused, on both ways.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import LargeBinary, String, Table, Text

from kps_soap.audit.records import ROW_COLUMNS
from kps_soap.audit.sources import LINK_COLUMNS, Row
from kps_soap.models import (
    checkpoint_heads,
    checkpoints,
    dictionaries,
    evidence,
    evidence_chains,
    evidence_persons,
    field_lists,
    held_months,
    held_records,
    legal_orders,
    month_keys,
)

FORMAT: Final = "kps-soap evidence"
VERSION: Final = 2
KNOWN_VERSIONS: Final = (1, 2)

MANIFEST: Final = "manifest.json"
CHAINS: Final = "chains.jsonl"
SEALED_HEADS: Final = "sealed_heads.jsonl"
FIELD_LISTS: Final = "field_lists.jsonl"
DICTIONARIES: Final = "dictionaries.jsonl"
MONTHS: Final = "months.jsonl"
ORDERS: Final = "orders.jsonl"
HELD_RECORDS: Final = "held_records.jsonl"
HELD_MONTHS: Final = "held_months.jsonl"

#: No line of an honest export is longer: a record's message has its own, far lower limit.
LINE_BYTES_MAX: Final = 64 * 1024 * 1024


class ExportRefused(Exception):
    """An export that cannot be made, read or imported; the sentence says why."""


def numbered(directory: str, number: int) -> str:
    """The name of a member whose content begins at a number."""
    return f"{directory}/{number:012d}.jsonl"


def of_chain(directory: str, chain_id: str, sequence: int) -> str:
    """The name of a member of a chain."""
    return numbered(f"{directory}/{chain_id}", sequence)


def _from_hex(text: str) -> bytes:
    found = bytes.fromhex(text)
    if found.hex() != text:
        raise ValueError("hex that is not written as it should be")
    return found


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _to_base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


class Lines:
    """Rows of some columns of a table as lines, and back."""

    def __init__(self, table: Table, names: Sequence[str] = ()) -> None:
        self.names = tuple(names) or tuple(table.columns.keys())
        kinds = [table.columns[name].type for name in self.names]
        self._types = [
            bytes
            if isinstance(kind, LargeBinary)
            else str
            if isinstance(kind, (String, Text))
            else int
            for kind in kinds
        ]
        # A ciphertext is long, and hex would be half as long again.
        self._to: list[Callable[[bytes], str]] = [
            _to_base64 if name == "ciphertext" else bytes.hex for name in self.names
        ]
        self._from: list[Callable[[str], bytes]] = [
            _from_base64 if name == "ciphertext" else _from_hex for name in self.names
        ]
        self._places = {name: place for place, name in enumerate(self.names)}

    def line(self, row: Sequence[Any]) -> bytes:
        """A row as a line; raises ``ExportRefused`` for a value of another type."""
        written: dict[str, Any] = {}
        for place, value in enumerate(row):
            if value is None:
                continue
            kind = self._types[place]
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ExportRefused(
                    "A value in the database has another type than its column;"
                    " run: kps audit verify"
                )
            shown = self._to[place](value) if isinstance(value, bytes) else value
            written[self.names[place]] = shown
        return encoded(written)

    def row(self, line: bytes) -> Row:
        """A line as a row; raises ``ExportRefused``."""
        return self.row_of(decoded(line))

    def row_of(self, written: dict[str, Any]) -> Row:
        """The row of a line that was decoded already; raises ``ExportRefused``."""
        found: list[Any] = [None] * len(self.names)
        try:
            for name, value in written.items():
                place = self._places[name]
                kind = self._types[place]
                if kind is bytes:
                    value = self._from[place](value)
                if type(value) is not kind:
                    raise ExportRefused("The export holds a value of another type.")
                found[place] = value
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise ExportRefused("The export holds a line that says something else.") from None
        return tuple(found)


def encoded(value: Any) -> bytes:
    """One line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        raise ExportRefused("A text in the database is no text; run: kps audit verify") from None


def decoded(line: bytes) -> dict[str, Any]:
    """The object of one line; raises ``ExportRefused``."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not line.endswith(b"\n"):
        raise ExportRefused("The export holds a line that is no JSON object.")
    return value


#: What lies in each kind of member.
LINK_LINES: Final = Lines(evidence, [name for name in LINK_COLUMNS if name != "chain_id"])
RECORD_LINES: Final = Lines(evidence, ("sequence", *ROW_COLUMNS[len(LINK_COLUMNS) :]))
PERSON_LINES: Final = Lines(evidence_persons, ("sequence", "person_digest", "month"))
CHAIN_LINES: Final = Lines(evidence_chains)
HEAD_LINES: Final = Lines(checkpoint_heads, ("chain_id", "position", "head_sequence", "head_hash"))
CHECKPOINT_LINES: Final = Lines(checkpoints)
SEGMENT_LINES: Final = Lines(checkpoint_heads)
FIELD_LIST_LINES: Final = Lines(field_lists)
DICTIONARY_LINES: Final = Lines(dictionaries)
MONTH_LINES: Final = Lines(month_keys)
ORDER_LINES: Final = Lines(legal_orders)
HELD_RECORD_LINES: Final = Lines(held_records)
HELD_MONTH_LINES: Final = Lines(held_months)
