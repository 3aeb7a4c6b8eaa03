"""Found records as CSV and JSON, written as they come, so that many take no memory.

CSV is RFC 4180 with a byte order mark, because spreadsheets take Turkish letters for others
without it; no cell can be taken for a formula.  JSON is one object with a list of records.  This
module looks nothing up and opens no file.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from kps_soap.audit.months import ISTANBUL
from kps_soap.audit.search import Found
from kps_soap.models import PLAIN_COLUMNS

BYTE_ORDER_MARK: Final = "\ufeff"

#: What a spreadsheet takes for the beginning of a formula, and what it skips in front of one.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

#: The columns of a list of records.
COLUMNS: Final = ("time", "record", *PLAIN_COLUMNS)


def harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def row_of(found: Found) -> dict[str, Any]:
    """A record as people and programs are shown it: its time in Istanbul, no empty columns."""
    time = found.received_at
    columns = {name: value for name, value in found.columns.items() if value is not None}
    return {
        "time": time and time.astimezone(ISTANBUL).isoformat(timespec="milliseconds"),
        "record": f"{found.chain_id}:{found.sequence}",
        **columns,
    }


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV; lines end as RFC 4180 says."""
    target = io.StringIO()
    writer = csv.writer(target)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return target.getvalue()


def as_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """The lines of a table, its heading first."""
    yield BYTE_ORDER_MARK + csv_text([columns])
    for row in rows:
        yield csv_text([[row.get(name) for name in columns]])


def as_json(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The parts of one JSON document ``{"records": [...]}``."""
    yield '{"records": ['
    between = "\n"
    for row in rows:
        yield between + json.dumps(row, ensure_ascii=False, default=str)
        between = ",\n"
    yield "\n]}\n"
