"""The work of a verification, cut into tasks of about the same size, and one such task.

A task is a few short chains or a part of a long one, and may be done in another process: it opens
the source by itself and reads each part in one moment.  Parts of a chain end where a seal does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kps_soap.audit.chain_check import Part, PartCheck, Seen
from kps_soap.audit.content_check import Known
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.keys import Keyring
from kps_soap.audit.sources import Address, Source
from kps_soap.database import FAILURES

#: About so many records are one task.
TASK_RECORDS: Final = 20_000

#: A chain is cut into no more parts, whatever it says about its length.
_PARTS_MAX: Final = 10_000

_CHAIN_ID: Final = re.compile("[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Work:
    """What every task is done with."""

    address: Address
    keyring: Keyring | None
    chains_only: bool


def check_parts(work: Work, parts: Sequence[Part]) -> list[Seen]:
    """Check some parts of chains; one that cannot be read is a finding."""
    known = None if work.chains_only else Known(work.keyring)
    with work.address.open() as source:
        return [_check(work, source, part, known) for part in parts]


def _check(work: Work, source: Source, part: Part, known: Known | None) -> Seen:
    try:
        with source.snapshot():
            return PartCheck(source, part, known).run()
    except FAILURES:
        pass
    # Once more, and slower, in case that a text in it is no text.
    try:
        with work.address.open(tolerant=True) as lenient, lenient.snapshot():
            return PartCheck(lenient, part, known).run()
    except FAILURES as failure:
        seen = Seen(part, Report(chains=int(part.first is None)))
        what = f"the database cannot read this part ({type(failure).__name__})"
        seen.report.add(Kind.UNREADABLE, part.chain_id, part.first, what)
        return seen


def plan(source: Source, report: Report) -> list[list[Part]]:
    """All chains as tasks; names the chains that cannot be one."""
    tasks: list[list[Part]] = []
    short: list[Part] = []
    records = 0
    for chain_id in source.chain_ids():
        if not isinstance(chain_id, str):
            report.add(Kind.ADDED, "evidence", None, "rows whose chain has no name")
            continue
        if not _CHAIN_ID.fullmatch(chain_id):
            report.add(Kind.ADDED, ascii(chain_id), None, "rows of a chain that cannot be")
            continue
        row = source.chain(chain_id)
        head = row[3] if row is not None and isinstance(row[3], int) else 0
        if row is None or head > TASK_RECORDS:
            head = source.last_sequence(chain_id)
        if head > TASK_RECORDS:
            tasks += [[part] for part in _cut(source, chain_id, head)]
            continue
        short.append(Part(chain_id))
        # A chain costs some queries, however short it is.
        records += max(head, 0) + 100
        if records >= TASK_RECORDS:
            tasks.append(short)
            short, records = [], 0
    return [*tasks, short] if short else tasks


def _cut(source: Source, chain_id: str, head: int) -> list[Part]:
    """A long chain in parts, the first and the last of them open."""
    size = max(TASK_RECORDS, head // _PARTS_MAX)
    ends = list(_ends(source, chain_id, head, size))
    bounds = [None, *(end + 1 for end in ends), None]
    pairs = list(zip(bounds, bounds[1:], strict=False))
    return [
        Part(chain_id, first, until, index=index, of=len(pairs))
        for index, (first, until) in enumerate(pairs)
    ]


def _ends(source: Source, chain_id: str, head: int, size: int) -> Iterator[int]:
    """Where parts of at least ``size`` records end: with a segment, as long as there are some."""
    last = 0
    for rows in source.segments_of(chain_id, None, None):
        for row in rows:
            end = row[4]
            if isinstance(end, int) and last + size <= end <= head - size:
                yield end
                last = end
    while last + 2 * size <= head:
        last += size
        yield last
