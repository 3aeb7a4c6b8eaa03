"""Hold the evidence against what a witness outside has kept (see ``witness``).

Named is everything that a file of the witness knows and the evidence does not: a checkpoint that
is missing or another one, an end that was cut, a chain that goes another way, a timestamp that is
gone.  A file is believed only where a seal certificate says so; without one, where its own digest
does.  What the witness lacks is no finding: it may have been away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kps_soap.audit import merkle
from kps_soap.audit.checkpoint_check import TABLE, TIMESTAMP
from kps_soap.audit.checkpoints import (
    ODD,
    Certificates,
    Checkpoint,
    SealRefused,
    check_digest,
    leaf_of,
)
from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.proofs import checkpoint_from_json
from kps_soap.audit.sources import Row, Source
from kps_soap.audit.witness import FORMAT, NAME, name_of

_FILE_BYTES_MAX: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class _Known:
    """The farthest that the witness saw of a chain, in a checkpoint that is not the evidence's."""

    number: int
    sequence: int
    hash: bytes


class WitnessCheck:
    """The files of one witness.  Raises ``OSError`` where the directory cannot be read."""

    def __init__(self, folder: Path, certificates: Certificates | None, report: Report) -> None:
        self._folder = folder
        self._certificates = certificates
        self._report = report
        self._numbers: set[int] = set()
        self._stamped: set[int] = set()
        with os.scandir(folder) as entries:
            for entry in entries:
                found = NAME.fullmatch(entry.name)
                if found is not None:
                    numbers = self._numbers if found[2] == "json" else self._stamped
                    numbers.add(int(found[1]))
        self._chains: dict[str, _Known] = {}

    def compare(self, checkpoint: Checkpoint, row: Row) -> None:
        """Hold one checkpoint of the evidence against the witness's file of its number."""
        number = checkpoint.number
        if number in self._stamped and row[TIMESTAMP] is None:
            self._add(Kind.REMOVED, TABLE, number, "its timestamp, which the witness has")
        if number not in self._numbers:
            return
        self._numbers.discard(number)
        for known, heads in self._read(number):
            self._report.witnessed = max(self._report.witnessed, number)
            if known.digest != checkpoint.digest:
                what = "the witness has another checkpoint of this number"
                self._add(Kind.FORKED, TABLE, number, what)
                self._remember(known, heads)

    def end(self, last: int, *, partial: bool) -> None:
        """The checkpoints that the witness has and the evidence, which ends at ``last``, has not.

        Of ``partial`` evidence only those before its end.
        """
        beyond = 0
        for number in sorted(self._numbers):
            if partial and number > last:
                break
            for known, heads in self._read(number):
                self._remember(known, heads)
                beyond = number
        if beyond > last:
            what = f"the witness knows checkpoints up to {beyond}: an old copy, or a cut end"
            self._add(Kind.RESTORED, TABLE, last + 1, what)
        self._report.witnessed = max(self._report.witnessed, beyond)

    def hold_chains(self, source: Source) -> None:
        """Are the records there up to where the witness saw them?  One moment of the source."""
        for chain_id, known in sorted(self._chains.items()):
            stored = source.record_hash(chain_id, known.sequence)
            if stored == known.hash:
                continue
            sealed = f"checkpoint {known.number} of the witness sealed it"
            if stored is not None:
                what = f"not the record that checkpoint {known.number} of the witness sealed"
                self._add(Kind.FORKED, chain_id, known.sequence, what)
                continue
            last = source.last_sequence(chain_id)
            if last:
                what = f"the chain ends at {last}; {sealed} up to {known.sequence}"
                self._add(Kind.CUT, chain_id, last + 1, what)
            else:
                what = f"the chain is gone; {sealed} up to {known.sequence}"
                self._add(Kind.REMOVED, chain_id, None, what)

    def _add(self, kind: Kind, place: str, number: int | None, what: str) -> None:
        self._report.add(kind, place, number, what)

    def _remember(self, known: Checkpoint, heads: Mapping[str, tuple[int, bytes]]) -> None:
        for chain_id, (sequence, whole) in heads.items():
            before = self._chains.get(chain_id)
            if before is None or sequence > before.sequence:
                self._chains[chain_id] = _Known(known.number, sequence, whole)

    def _read(self, number: int) -> Iterator[tuple[Checkpoint, Mapping[str, tuple[int, bytes]]]]:
        """The file of a number, if it is to be believed."""
        name = name_of(number)
        try:
            with (self._folder / name).open("rb") as file:
                content = json.loads(file.read(_FILE_BYTES_MAX))
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise SealRefused("not a file of this kind")
            checkpoint = checkpoint_from_json(content.get("checkpoint"))
            if checkpoint.number != number:
                raise SealRefused("a checkpoint of another number")
            check_digest(checkpoint)
            heads = _heads(content.get("heads"), checkpoint)
        except (OSError, ValueError, RecursionError, SealRefused) as failure:
            why = str(failure) if isinstance(failure, SealRefused) else type(failure).__name__
            self._add(Kind.UNREADABLE, name, None, f"the witness's file cannot be used: {why}")
            return
        try:
            if self._certificates is not None:
                self._certificates.check(checkpoint)
        except SealRefused as refused:
            self._add(Kind.FORGED, name, None, f"the witness's file: {refused}")
            return
        yield checkpoint, heads


def _heads(value: Any, checkpoint: Checkpoint) -> Mapping[str, tuple[int, bytes]]:
    """Last sequence and hash of each chain of a file, each proven to be under its signature."""
    found: dict[str, tuple[int, bytes]] = {}
    for one in value if isinstance(value, list) else ():
        try:
            whole, root = bytes.fromhex(one["head_hash"]), bytes.fromhex(one["segment_root"])
            last = one["head_sequence"]
            leaf = leaf_of(one["chain"], one["first_sequence"], last, whole, root)
            path = [bytes.fromhex(step) for step in one["path"]]
            sealed = merkle.root_by_path(leaf, one["position"], checkpoint.chains, path)
        except (KeyError, *ODD):
            raise SealRefused("a head that is none") from None
        if sealed != checkpoint.heads_root:
            raise SealRefused("a head that was not sealed")
        found[one["chain"]] = last, whole
    return found
