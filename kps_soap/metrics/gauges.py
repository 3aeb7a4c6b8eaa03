"""Reads the state of one worker when it is asked for: nothing is measured between two askings.

Only states that a worker already holds, two short reads of the gateway's database, and the free
space of the volumes.  What cannot be read is left out, so that a chart shows a gap and no lie.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from sqlalchemy import bindparam, func, literal_column, select

from kps_soap.audit.writer import EvidenceWriter
from kps_soap.authentication import Passwords
from kps_soap.doors.doorway import Doorway
from kps_soap.faults import EvidenceUnavailable
from kps_soap.lookups import Lookups
from kps_soap.metrics import table
from kps_soap.metrics.meter import Meter
from kps_soap.metrics.report import Report
from kps_soap.misuse import findings
from kps_soap.misuse.rules import Rule
from kps_soap.misuse_models import misuse_findings
from kps_soap.models import checkpoints, evidence_chains
from kps_soap.readiness import PARTS, Vitals
from kps_soap.settings import Settings

_DAY_SECONDS: Final = 86_400

# Written as it is, because prepared statements bring no values of their own.
_NOTHING: Final[Any] = literal_column("0")
_RECORDS: Final = select(func.coalesce(func.sum(evidence_chains.c.head_sequence), _NOTHING))
_NEWEST_SEAL: Final = select(checkpoints.c.taken_us, checkpoints.c.records).where(
    checkpoints.c.number == select(func.max(checkpoints.c.number)).scalar_subquery()
)
_FINDINGS_OPEN: Final = (
    select(misuse_findings.c.rule, func.count())
    .where(misuse_findings.c.state == bindparam("state"))
    .group_by(misuse_findings.c.rule)
)


class Gauges:
    """One worker's numbers, all of them.  ``lines_dropped`` tells the log's loss."""

    def __init__(
        self,
        settings: Settings,
        meter: Meter,
        *,
        vitals: Vitals,
        doorway: Doorway,
        passwords: Passwords,
        lookups: Lookups,
        lines_dropped: Callable[[], int],
    ) -> None:
        self._meter = meter
        self._vitals = vitals
        self._doorway = doorway
        self._passwords = passwords
        self._lookups = lookups
        self._lines_dropped = lines_dropped
        self._records = lookups.prepare(_RECORDS)
        self._newest_seal = lookups.prepare(_NEWEST_SEAL)
        self._findings_open = lookups.prepare(_FINDINGS_OPEN)
        self._file_certificates = file_certificates(settings)
        self._volumes = volumes(settings)

    async def report(self) -> Report:
        """Everything that this worker has to tell."""
        red = {trouble.part for trouble in await self._vitals.red()}
        return (
            self._meter.report()
            | {
                table.READY.name: [([], int(not red))],
                table.PART_READY.name: [([part], int(part not in red)) for part in PARTS],
            }
            | self._load(self._vitals.evidence)
            | self._agreements()
            | self._certificates()
            | self._disks()
            | await self._chains()
            | await self._findings()
        )

    def _load(self, evidence: EvidenceWriter) -> Report:
        return {
            table.IN_FLIGHT.name: [([], self._doorway.shares.in_flight)],
            table.IN_FLIGHT_MAX.name: [([], self._doorway.shares.places_max)],
            table.TURNED_AWAY.name: [([], self._doorway.turned_away)],
            table.EVIDENCE_WAITING.name: [([], evidence.waiting)],
            table.LAST_COMMIT_SECONDS.name: [([], round(evidence.last_commit_seconds, 3))],
            table.PASSWORDS_RUNNING.name: [([], self._passwords.running)],
            table.PASSWORD_COMPARISONS.name: [([], self._passwords.slow_comparisons)],
            table.LOG_LINES_DROPPED.name: [([], self._lines_dropped())],
        }

    def _agreements(self) -> Report:
        book = self._vitals.book
        told: Report = {
            table.AGREEMENTS.name: [([], len(book.current().agreements))],
            table.AGREEMENT_PROBLEMS.name: [([], len(book.problems))],
        }
        if book.since is not None:
            age = (self._vitals.clock() - book.since).total_seconds()
            told[table.AGREEMENT_SET_AGE_SECONDS.name] = [([], round(age, 3))]
        return told

    def _certificates(self) -> Report:
        ends = {
            f"signing_{'rsa' if name == 'RSA' else 'p256'}": signer.not_after
            for name, signer in self._vitals.signers.items()
        }
        now = self._vitals.clock()
        return {
            table.CERTIFICATE_DAYS.name: [
                ([name], round((end - now).total_seconds() / _DAY_SECONDS, 3))
                for name, end in {**ends, **self._file_certificates}.items()
            ]
        }

    def _disks(self) -> Report:
        free: list[Any] = []
        size: list[Any] = []
        for name, path in self._volumes.items():
            try:
                found = os.statvfs(path)
            except OSError:
                continue
            free.append(([name], found.f_bavail * found.f_frsize))
            size.append(([name], found.f_blocks * found.f_frsize))
        return {table.DISK_FREE_BYTES.name: free, table.DISK_SIZE_BYTES.name: size}

    async def _chains(self) -> Report:
        try:
            ((records,),) = await self._lookups.rows(self._records, {})
            newest = await self._lookups.rows(self._newest_seal, {})
        except EvidenceUnavailable:
            return {}
        sealed = newest[0][1] if newest else 0
        told: Report = {
            table.RECORDS.name: [([], int(records))],
            table.RECORDS_UNSEALED.name: [([], max(0, int(records) - sealed))],
        }
        if newest:
            age = self._vitals.clock().timestamp() - newest[0][0] / 1_000_000
            told[table.SEAL_AGE_SECONDS.name] = [([], round(age, 3))]
        return told

    async def _findings(self) -> Report:
        try:
            rows = await self._lookups.rows(self._findings_open, {"state": findings.NEW})
        except EvidenceUnavailable:
            return {}
        found = {str(rule): int(count) for rule, count in rows}
        told: list[Any] = [([rule.value], found.get(rule.value, 0)) for rule in Rule]
        return {table.FINDINGS_OPEN.name: told}


def file_certificates(settings: Settings) -> Mapping[str, datetime]:
    """When the certificates end that are read from files once, at the start.

    A file that holds none is left out: `kps check` says what is wrong with it.
    """
    files = {"token": settings.token_certificate_file, "seal": settings.seal_certificate_file}
    if settings.https_port:
        files["tls"] = settings.tls_certificate_file
    found = {}
    for name, path in files.items():
        try:
            found[name] = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        except (OSError, ValueError):
            continue
    return found


def volumes(settings: Settings) -> Mapping[str, Path]:
    """The directories whose free space matters: the home's, and those of SQLite databases."""
    found = {"home": settings.home}
    for name, url in (("gateway", settings.gateway_url), ("register", settings.register_url)):
        if url.startswith("sqlite:///"):
            found[name] = Path(url.removeprefix("sqlite:///")).parent
    return found
