"""Find what was changed, removed, moved, copied or added in the evidence.

 1. Sequences are dense from 1 to the head, and the head's hash is the last record's.
 2. Each record's hash is that of its place and parts, and repeats the hash before it.
 3. Plain columns, person rows and ciphertext are those that the record's digests commit to,
    or all of them are gone and their month was destroyed, on record and after its time.
 4. The chain's row says what its first record says; no row belongs to no chain.
 5. With the key file: the months' keys open, and every ciphertext authenticates its record's
    place and plain columns, which nobody can forge who has the database alone; the dictionary
    that its answer needs is there, and one answer in sixteen is unpacked.
 6. Checkpoints are dense and linked, and their trees are those of the records; no chain ends
    before its last seal.
 7. With the seal's certificates: every checkpoint is signed.
 8. With a witness: everything that it was handed is still there.
 9. With a timestamp authority's certificates: every timestamp holds.

Without any key 1 to 4 and 6 hold.  ``chains_only`` leaves out 3 to 5.  What neither seal nor
witness has seen yet, the end of a chain together with its head, nothing can show.

Long chains are cut into parts, and parts are checked by several processes, each in one moment
of its own.  The verifier repairs nothing, stops at nothing, and names records, never what is in
them.  It can run beside writers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy.exc import OperationalError, ProgrammingError

from kps_soap.audit.chain_check import Part, Seen
from kps_soap.audit.checkpoint_check import TABLE, TIMESTAMP, CheckpointCheck, check_signatures
from kps_soap.audit.checkpoints import Certificates, Checkpoint
from kps_soap.audit.content_check import Known, living_months
from kps_soap.audit.crew import Crew
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.held_check import check_destructions, check_orders
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.audit.packing import is_itself
from kps_soap.audit.part_tasks import Work, check_parts, plan
from kps_soap.audit.sources import Address, DatabaseAddress, Row, Source
from kps_soap.audit.strangers import name_gaps, name_strangers
from kps_soap.audit.timestamps import TimestampRefused, Trust, check_token
from kps_soap.audit.witness_check import WitnessCheck
from kps_soap.database import FAILURES

_SIGNATURES_AT_A_TIME: Final = 1_000

Progress = Callable[[int], None]

#: A database that is away, that is none, or that lacks tables.
_OF_THE_WHOLE: Final = (
    OSError,
    OperationalError,
    ProgrammingError,
    psycopg.OperationalError,
    psycopg.ProgrammingError,
    sqlite3.OperationalError,
)


@dataclass(frozen=True, slots=True)
class Options:
    """What a verification is given beside the evidence; ``jobs`` is how many processes work."""

    keyring: Keyring | None = None
    certificates: Certificates | None = None
    witness: Path | None = None
    timestamps: Trust | None = None
    chains_only: bool = False
    jobs: int = 1


def verify(url: str, keyring: Keyring | None = None, progress: Progress | None = None) -> Report:
    """Verify a database with nothing beside it but, perhaps, its keys; see ``verify_source``."""
    return verify_source(DatabaseAddress(url), Options(keyring=keyring), progress)


def verify_source(address: Address, options: Options, progress: Progress | None = None) -> Report:
    """Verify all evidence of a source.

    ``progress`` is called with the number of records seen so far.  Raises what the source raises
    where it cannot be read at all, and ``OSError`` where the witness cannot.
    """
    report = Report(
        with_keys=options.keyring is not None and not options.chains_only,
        with_certificates=options.certificates is not None,
    )
    witness = None
    if options.witness is not None:
        witness = WitnessCheck(options.witness, options.certificates, report)
    with address.open(tolerant=True) as source, Crew(options.jobs) as crew:
        tasks: list[list[Part]] = []
        with _readable(report, "month_keys"), source.snapshot():
            if not options.chains_only:
                _check_months(source, options.keyring, report)
                _check_lists(source, report)
                _check_dictionaries(source, report)
                check_destructions(source, report)
                check_orders(source, options.keyring, report)
        with _readable(report, TABLE), source.snapshot():
            for part in crew.run(_checkpoints(source, options, witness, report)):
                report.include(part)
        with _readable(report, "evidence_chains"), source.snapshot():
            tasks = plan(source, report)
        keyring = None if options.chains_only else options.keyring
        work = Work(address, keyring, chains_only=options.chains_only)
        for seen in _by_chain(_parts(crew, work, tasks, progress)):
            _sum_up(source, seen, report)
        if witness is not None:
            with _readable(report, "evidence"), source.snapshot():
                witness.hold_chains(source)
    return report


@contextmanager
def _readable(report: Report, place: str) -> Iterator[None]:
    """Name what a broken page keeps from being read; raise what is wrong with the whole."""
    try:
        yield
    except FAILURES as failure:
        if isinstance(failure, _OF_THE_WHOLE):
            raise
        what = f"the database cannot read this ({type(failure).__name__})"
        report.add(Kind.UNREADABLE, place, None, what)


def _check_months(source: Source, keyring: Keyring | None, report: Report) -> None:
    """Months are whole or destroyed; with keys, every living one opens."""
    known = Known(keyring)
    known.refresh(source)
    for month in known.half_destroyed:
        report.add(Kind.CHANGED, "month_keys", None, f"month {month} is half destroyed")
    if keyring is None:
        return
    for row in living_months(source.months()):
        try:
            keyring.check(row)
        except (MonthUnreadable, TypeError, ValueError):
            what = f"the key of month {row.month} does not open"
            report.add(Kind.UNREADABLE, "month_keys", None, what)


def _check_lists(source: Source, report: Report) -> None:
    for digest, paths in source.field_lists():
        raw = str(paths).encode("utf-8", "surrogateescape")
        if sha256(raw).hexdigest() != digest:
            what = "a list of fields is not what its name is"
            report.add(Kind.CHANGED, "field_lists", None, what)


def _check_dictionaries(source: Source, report: Report) -> None:
    for digest, content in source.dictionaries():
        if not is_itself(content, digest):
            what = "a dictionary is not what its name is"
            report.add(Kind.CHANGED, "dictionaries", None, what)


def _checkpoints(
    source: Source, options: Options, witness: WitnessCheck | None, report: Report
) -> Iterator[partial[Report]]:
    """Check the checkpoints in their order; what is left to do are their signatures."""
    check = CheckpointCheck(source, report)
    unsigned: list[Checkpoint] = []
    for checkpoint, row in check.run():
        _check_timestamp(checkpoint, row, options.timestamps, report)
        if witness is not None:
            witness.compare(checkpoint, row)
        unsigned.append(checkpoint)
        if options.certificates is not None and len(unsigned) >= _SIGNATURES_AT_A_TIME:
            yield partial(check_signatures, options.certificates, unsigned)
            unsigned = []
    if witness is not None:
        witness.end(check.last, partial=source.partial())
    if options.certificates is not None and unsigned:
        yield partial(check_signatures, options.certificates, unsigned)


def _check_timestamp(checkpoint: Checkpoint, row: Row, trust: Trust | None, report: Report) -> None:
    token = row[TIMESTAMP]
    if token is None:
        return
    try:
        check_token(token, checkpoint.statement(), trust)
        report.timestamps += 1
    except TimestampRefused as refused:
        report.add(Kind.CHANGED, TABLE, checkpoint.number, f"its timestamp: {refused}")


def _parts(
    crew: Crew, work: Work, tasks: Sequence[Sequence[Part]], progress: Progress | None
) -> Iterator[Seen]:
    """All parts, checked, in any order."""
    done = 0

    def more(seen: int) -> None:
        if progress is not None:
            progress(done + seen)

    mine = [partial(check_parts, work, task) for task in tasks]
    for parts in crew.run(mine):
        done += sum(part.report.records for part in parts)
        more(0)
        yield from parts


def _by_chain(parts: Iterator[Seen]) -> Iterator[list[Seen]]:
    """Parts of a chain together, in the order in which chains are complete."""
    waiting: dict[str, list[Seen]] = {}
    for seen in parts:
        together = waiting.setdefault(seen.part.chain_id, [])
        together.append(seen)
        if len(together) == seen.part.of:
            del waiting[seen.part.chain_id]
            yield sorted(together, key=lambda one: one.part.index)


def _sum_up(source: Source, parts: Sequence[Seen], report: Report) -> None:
    """Add what the parts of a chain saw, its findings in the order of its records."""
    whole = Report()
    for seen in parts:
        whole.include(seen.report)
    chain_id = parts[0].part.chain_id
    gaps = name_gaps(chain_id, parts, whole)
    if any(seen.strangers for seen in parts):
        with _readable(whole, chain_id), source.snapshot():
            name_strangers(source, chain_id, parts, gaps, whole)
    ordered = sorted(whole.findings, key=lambda one: (one.sequence is None, one.sequence or 0))
    report.include(replace(whole, findings=ordered))
