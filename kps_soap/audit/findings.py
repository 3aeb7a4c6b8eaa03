"""What a verification of the evidence says: kinds of findings, findings, the report.

A finding names a record by its place and says what happened to it, never what is in it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: More findings than these are counted and not listed.
FINDINGS_MAX: Final = 1_000


class Kind(StrEnum):
    """What happened to a record."""

    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "reordered"
    COPIED = "duplicated"
    ADDED = "inserted"
    UNLINKED = "unlinked"
    UNREADABLE = "unreadable"
    CUT = "cut tail"
    FORKED = "forked"
    RESTORED = "old copy"
    FORGED = "forged"
    LEFT = "left over"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    ``place`` is a chain or a table; ``sequence`` is None where it concerns no single record.
    """

    kind: Kind
    place: str
    sequence: int | None
    what: str

    def __str__(self) -> str:
        where = self.place if self.sequence is None else f"{self.place}:{self.sequence}"
        return f"{where} {self.kind.value}: {self.what}"


@dataclass(slots=True)
class Report:
    """What a verification saw.

    ``destroyed`` counts records emptied with their month, ``sealed`` those under a checkpoint,
    ``timestamps`` the replies of an authority that hold, ``witnessed`` is the last number that
    the witness knows.
    """

    chains: int = 0
    records: int = 0
    destroyed: int = 0
    checkpoints: int = 0
    sealed: int = 0
    timestamps: int = 0
    witnessed: int = 0
    with_keys: bool = False
    with_certificates: bool = False
    findings: list[Finding] = field(default_factory=list)
    findings_total: int = 0

    @property
    def ok(self) -> bool:
        """Is everything as it was written?"""
        return self.findings_total == 0

    def add(self, kind: Kind, place: str, sequence: int | None, what: str) -> None:
        """Note a finding; past ``FINDINGS_MAX`` it is only counted."""
        self.findings_total += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(kind, place, sequence, what))

    def include(self, part: "Report") -> None:
        """Add what another report saw."""
        self.chains += part.chains
        self.records += part.records
        self.destroyed += part.destroyed
        self.checkpoints += part.checkpoints
        self.sealed += part.sealed
        self.timestamps += part.timestamps
        self.findings += part.findings[: FINDINGS_MAX - len(self.findings)]
        self.findings_total += part.findings_total
