"""Name the gaps of a chain, and what does not belong where it stands: moved, copied, changed.

A record's hash covers its place, so trying places tells where it came from.  Looked at are the
places from which records are missing and those nearby.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kps_soap.audit.chain_check import Seen, is_at, missing_words
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.sources import Row, Source

#: Places that are tried on either side, and missing ones that are tried at all.
_PLACES_TRIED_MAX: Final = 1_000


def name_gaps(chain_id: str, parts: Sequence[Seen], report: Report) -> list[tuple[int, int]]:
    """Name what is missing from a chain, a gap that spans parts once; returns the gaps."""
    gaps: list[tuple[int, int]] = []
    for first, last in (gap for part in parts for gap in part.missing):
        if gaps and gaps[-1][1] + 1 == first:
            gaps[-1] = gaps[-1][0], last
        else:
            gaps.append((first, last))
    for first, last in gaps:
        report.add(Kind.REMOVED, chain_id, first, missing_words(first, last))
    return gaps


def name_strangers(
    source: Source, chain_id: str, parts: Sequence[Seen], gaps: Sequence[tuple[int, int]],
    report: Report,
) -> None:  # fmt: skip
    """Name the strangers of all parts of a chain.  The source must show one moment."""
    missing = list(_some(gaps))
    for part in parts:
        for row in part.strangers:
            _name(source, chain_id, row, missing, report)


def _some(gaps: Sequence[tuple[int, int]]) -> Iterator[int]:
    left = _PLACES_TRIED_MAX
    for first, last in gaps:
        yield from range(first, min(last, first + left - 1) + 1)
        left -= min(left, last - first + 1)


def _name(source: Source, chain_id: str, row: Row, missing: Sequence[int], report: Report) -> None:
    here = row[1]
    around = range(max(1, here - _PLACES_TRIED_MAX), here + _PLACES_TRIED_MAX)
    home = next((one for one in (*missing, *around) if is_at(row, chain_id, one)), None)
    if home is None or (home == here and row[0] != chain_id):
        report.add(Kind.CHANGED, chain_id, here, "the record is not what its hash says")
    elif source.record_hash(chain_id, home) == row[5]:
        report.add(Kind.COPIED, chain_id, here, f"a copy of record {home}")
    else:
        report.add(Kind.MOVED, chain_id, here, f"belongs at {home}")
