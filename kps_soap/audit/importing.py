"""Bring exported evidence into a database: an empty one, or one that holds what comes before.

The export is verified as a whole before anything is written (``verification``), and each member
again while it is read.  What is written is what the export holds, row by row, so the chains are
the same, and so is what ``verification`` and searches say of them.  What the database holds
already must be equal where it can be compared, and stays as it is: an import that was cut short
goes on when it is called again.

It refuses an export that does not verify, one that does not follow on what is there, and one
whose months have another secret here.  It changes and deletes no row.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from kps_soap.audit import partitions
from kps_soap.audit.export_format import ExportRefused
from kps_soap.audit.export_source import ExportAddress, ExportSource
from kps_soap.audit.findings import Report
from kps_soap.audit.packing import put_dictionaries
from kps_soap.audit.records import NO_HASH
from kps_soap.audit.sources import Row
from kps_soap.audit.verification import Options, verify_source
from kps_soap.database import writing
from kps_soap.driver_statements import Inserter
from kps_soap.models import (
    checkpoint_heads,
    checkpoints,
    evidence,
    evidence_chains,
    evidence_persons,
    field_lists,
    held_months,
    held_records,
    legal_orders,
    month_keys,
    receipt_blocks,
)

#: Numbers of receipts that were given after the export was made are not known here; none of them
#: may be given again.
COUNTERS_SKIPPED: Final = 10_000_000

_CHAIN: Final = select(evidence_chains).where(evidence_chains.c.chain_id == bindparam("chain"))
_HASH: Final = select(evidence.c.hash).where(
    evidence.c.chain_id == bindparam("chain"), evidence.c.sequence == bindparam("here")
)
_MOVE: Final = update(evidence_chains).where(
    evidence_chains.c.chain_id == bindparam("chain"),
    evidence_chains.c.head_sequence == bindparam("from"),
)
_MONTH_KEY: Final = select(month_keys).where(month_keys.c.month == bindparam("which"))
_CHECKPOINT: Final = select(checkpoints.c.digest).where(checkpoints.c.number == bindparam("which"))

_ROWS_A_TRANSACTION: Final = 500

#: Where they stand in a row of ``checkpoints`` and of ``evidence``.
_DIGEST: Final = checkpoints.columns.keys().index("digest")
_MONTH: Final = evidence.columns.keys().index("month")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought; ``digest`` is SHA-256 of the export's manifest, in hex."""

    base: int
    last: int
    chains: int
    records: int
    digest: str


class ExportDoesNotVerify(ExportRefused):
    """An export with findings; ``report`` has them."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(
            f"The export does not verify: {report.findings[0]}"
            + (f", and {report.findings_total - 1} more" if report.findings_total > 1 else "")
        )


def verified(address: ExportAddress, options: Options, progress: Callable[[int], None]) -> Report:
    """Verify the whole export; raises ``ExportDoesNotVerify``, ``ExportRefused``, ``OSError``."""
    report = verify_source(address, options, progress)
    if not report.ok:
        raise ExportDoesNotVerify(report)
    return report


def bring_in(
    engine: Engine, address: ExportAddress, *, progress: Callable[[int], None]
) -> Imported:
    """Write a verified export into the database.

    The caller has verified it (``verified``).  Raises ``ExportRefused`` where it does not follow
    on what is there, and what the database and the file raise; whatever was written by then
    stays, and the same call goes on.
    """
    with ExitStack() as stack:
        source = stack.enter_context(address.open())
        connection = stack.enter_context(engine.connect())
        run = _Import(connection, source)
        run.check()
        run.bring_months()
        chains = records = 0
        for chain_id in source.chain_ids():
            chains += 1
            for count in run.bring_chain(str(chain_id)):
                records += count
                progress(records)
        run.bring_tables(skip_counters=records > 0)
        manifest = source.manifest
    return Imported(manifest.base, manifest.last, chains, records, manifest.digest)


class _Import:
    """One export on its way into one database."""

    def __init__(self, connection: Connection, source: ExportSource) -> None:
        self._connection = connection
        self._source = source
        dialect = connection.dialect
        self._insert_records = Inserter(dialect, evidence)
        self._insert_persons = Inserter(dialect, evidence_persons)
        #: Months that retention has destroyed here, and that the export still tells of.
        self._destroyed: set[str] = set()

    def check(self) -> None:
        """Look whether the export fits, before anything is written."""
        base = self._source.base()
        with self._connection.begin():
            for row in (row for rows in self._source.checkpoints() for row in rows):
                there = self._connection.execute(_CHECKPOINT, {"which": row[0]}).scalar()
                if row[0] == base and there is None:
                    raise ExportRefused(
                        f"The export follows on checkpoint {base}, which is not here; import what"
                        " comes before it first."
                    )
                if there is not None and bytes(there) != row[_DIGEST]:
                    raise ExportRefused(f"Another checkpoint has the number {row[0]} here.")
            for month, key_id, created_us, wrapped, *_ in self._source.months():
                here = self._connection.execute(_MONTH_KEY, {"which": month}).one_or_none()
                if here is not None and not _is_same(here, key_id, created_us, wrapped):
                    raise ExportRefused(
                        f"Month {month} has a secret of its own here; import into a database that"
                        " holds nothing of it."
                    )
                if here is not None and here.wrapped is None and wrapped is not None:
                    self._destroyed.add(month)

    def bring_months(self) -> None:
        """The months' secrets, as they are wrapped, places for their records, what these name."""
        for row in self._source.months():
            with writing(self._connection):
                partitions.ensure(self._connection, row[0])
        self._bring(month_keys, iter(self._source.months()))
        self._bring(field_lists, iter(self._source.field_lists()))
        with writing(self._connection):
            put_dictionaries(self._connection, self._source.dictionaries())

    def bring_chain(self, chain_id: str) -> Iterator[int]:
        """The records of a chain that are not here, block by block; gives how many each holds."""
        told = self._source.chain(chain_id)
        if told is None:
            raise ExportRefused("The export lacks a chain that it speaks of.")
        head = self._head(chain_id, told)
        if head >= told[3]:
            if self._hash(chain_id, told[3]) != told[4]:
                raise ExportRefused(f"Chain {chain_id} goes another way here.")
            return
        expected, before = head + 1, self._hash(chain_id, head)
        for rows in self._source.records(chain_id, head + 1, told[3] + 1):
            for row in rows:
                if row[1] != expected or row[4] != before:
                    raise ExportRefused(
                        f"The export does not follow on record {expected - 1} of chain {chain_id}."
                    )
                expected, before = expected + 1, row[5]
            self._write_block(told, rows)
            yield len(rows)
        if (expected - 1, before) != (told[3], told[4]):
            raise ExportRefused(f"The export lacks the end of chain {chain_id}.")

    def _head(self, chain_id: str, told: Row) -> int:
        """Where the chain ends here; 0 where it is not here."""
        with self._connection.begin():
            row = self._connection.execute(_CHAIN, {"chain": chain_id}).one_or_none()
        if row is None:
            if chain_id in self._source.sealed_heads():
                raise ExportRefused(f"The beginning of chain {chain_id} is not here.")
            return 0
        if (row.worker, row.opened_us) != (told[1], told[2]):
            raise ExportRefused(f"Another chain has the name {chain_id} here.")
        return int(row.head_sequence)

    def _hash(self, chain_id: str, sequence: int) -> bytes:
        if sequence == 0:
            return NO_HASH
        with self._connection.begin():
            there = self._connection.execute(_HASH, {"chain": chain_id, "here": sequence}).scalar()
        return bytes(there or b"")

    def _write_block(self, told: Row, rows: Sequence[Row]) -> None:
        chain_id, first, last = told[0], rows[0], rows[-1]
        if any(row[_MONTH] in self._destroyed and row[-1] is not None for row in rows):
            raise ExportRefused("The export holds records of a month that was destroyed here.")
        persons = [
            (chain_id, *row)
            for batch in self._source.persons(chain_id, first[1], last[1] + 1)
            for row in batch
        ]
        head = {"head_sequence": last[1], "head_hash": last[5]}
        with writing(self._connection):
            self._insert_records(self._connection, rows)
            self._insert_persons(self._connection, persons)
            if first[1] == 1:
                row = {"chain_id": chain_id, "worker": told[1], "opened_us": told[2], **head}
                self._connection.execute(insert(evidence_chains).values(row))
                return
            values = {"chain": chain_id, "from": first[1] - 1}
            if self._connection.execute(_MOVE.values(head), values).rowcount != 1:
                raise ExportRefused("Somebody else writes into this chain.")

    def bring_tables(self, *, skip_counters: bool) -> None:
        """Orders and what they hold; then the checkpoints, last of all.

        A checkpoint that is here says that everything before it is here.
        """
        source = self._source
        self._bring(legal_orders, iter(source.orders()))
        self._bring(held_records, source.held_records())
        self._bring(held_months, source.held_months())
        if skip_counters:
            counter = source.manifest.next_counter + COUNTERS_SKIPPED
            behind = receipt_blocks.c.next_counter < counter
            move = update(receipt_blocks).where(behind).values(next_counter=counter)
            with writing(self._connection):
                self._connection.execute(move)
        self._bring(checkpoint_heads, (row for rows in source.segments() for row in rows))
        self._bring(checkpoints, (row for rows in source.checkpoints() for row in rows))

    def _bring(self, table: Any, rows: Iterator[Row]) -> None:
        add = Inserter(self._connection.dialect, table, skip_known=True)
        while block := list(islice(rows, _ROWS_A_TRANSACTION)):
            with writing(self._connection):
                add(self._connection, block)


def _is_same(here: Any, key_id: str, created_us: int, wrapped: bytes | None) -> bool:
    """Is a month's secret here the one that is told of, perhaps wrapped anew or destroyed?"""
    if here.created_us != created_us:
        return False
    wrapped_anew = here.file_key_id != key_id
    return wrapped_anew or None in (here.wrapped, wrapped) or bytes(here.wrapped) == wrapped
