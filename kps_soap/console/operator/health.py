"""How the gateway is: its parts, keys, database, chains and seals, and who runs which agreements.

Parts, certificates and volumes are what one worker finds; leases and seals come from the
database, for all workers.  This module shows what was found; ``kps check`` and
``kps audit verify`` look deeper.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from kps_soap.agreements import leases, store
from kps_soap.agreements.leases import Lease
from kps_soap.audit import backlog
from kps_soap.audit.checkpoints import SealRefused
from kps_soap.audit.months import moment_of
from kps_soap.models import checkpoints, evidence, evidence_chains
from kps_soap.readiness import PARTS, Trouble

#: Days at which a certificate is shown as a warning, and as bad.
DAYS_WARNING: Final = 30
DAYS_BAD: Final = 7

#: The share of a volume that should be free at least.
FREE_LEAST: Final = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """A part of this worker, and whether it passed its test."""

    name: str
    good: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """How long a certificate holds; ``level`` colours it."""

    name: str
    days: int
    level: str


@dataclass(frozen=True, slots=True)
class Volume:
    """Free space, in bytes."""

    name: str
    free: int
    size: int

    @property
    def scarce(self) -> bool:
        return self.size > 0 and self.free < self.size * FREE_LEAST


@dataclass(frozen=True, slots=True)
class Seals:
    """The chains and their seals.

    ``broken`` counts chains that do not end where they say; ``unsealed_since`` is None where no
    record waits.  ``trouble`` tells that the seals do not fit the chains.
    """

    chains: int
    records: int
    broken: int
    seals: int
    sealed_at: datetime | None
    unsealed_since: datetime | None
    trouble: bool


@dataclass(frozen=True, slots=True)
class WorkerLease:
    """A living worker of any gateway, and whether it runs the version in force."""

    lease: Lease
    current: bool


_TIPS: Final = select(evidence_chains.c.head_hash, evidence.c.hash).outerjoin(
    evidence,
    (evidence.c.chain_id == evidence_chains.c.chain_id)
    & (evidence.c.sequence == evidence_chains.c.head_sequence),
)


def parts(red: Iterable[Trouble]) -> list[Part]:
    """Every part by the name that monitoring knows it by."""
    failing = {trouble.part for trouble in red}
    return [Part(name, name not in failing) for name in PARTS]


def certificates(ends: Mapping[str, datetime], now: datetime) -> list[Certificate]:
    """Certificates by name with their ends, the one that ends first in front."""
    found = [
        Certificate(name, (end - now).days, _level((end - now).days)) for name, end in ends.items()
    ]
    return sorted(found, key=lambda one: (one.days, one.name))


def _level(days: int) -> str:
    if days < DAYS_BAD:
        return "kotu"
    return "uyari" if days < DAYS_WARNING else "iyi"


def volumes(paths: Mapping[str, Path]) -> list[Volume]:
    """Where the home and SQLite databases lie; what cannot be looked at is left out."""
    found = []
    for name, path in sorted(paths.items()):
        try:
            seen = os.statvfs(path)
        except OSError:
            continue
        found.append(Volume(name, seen.f_bavail * seen.f_frsize, seen.f_blocks * seen.f_frsize))
    return found


def seals(connection: Connection) -> Seals:
    """The chains' ends and the newest seal."""
    tips = connection.execute(_TIPS).all()
    newest = connection.execute(
        select(checkpoints.c.number, checkpoints.c.taken_us)
        .order_by(checkpoints.c.number.desc())
        .limit(1)
    ).one_or_none()
    records = connection.execute(select(func.sum(evidence_chains.c.head_sequence))).scalar()
    trouble, since = False, None
    try:
        since = backlog.unsealed_since(connection, backlog.sealed_heads(connection))
    except SealRefused:
        trouble = True
    return Seals(
        chains=len(tips),
        records=int(records or 0),
        broken=sum(1 for tip in tips if tip.hash != tip.head_hash),
        seals=0 if newest is None else newest.number,
        sealed_at=None if newest is None else moment_of(newest.taken_us),
        unsealed_since=since,
        trouble=trouble,
    )


def workers(connection: Connection, now: datetime) -> Sequence[WorkerLease]:
    """The workers that live, of all gateways that share the database."""
    version = store.newest(connection)
    number = 0 if version is None else version.number
    return [WorkerLease(one, one.number == number) for one in leases.living(connection, now)]
