"""How long each dated version of a service is still served, and what replaces it (design D22).

The rows lie in ``conf/versions.toml``; a version without a row has no end.  Integrators need
years to move (C19), so an end is always announced together with a replacement.  This module
answers for a day and reads no clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kps_soap.agreements.agreement import Catalogue, ContractKey
from kps_soap.agreements.problems import AgreementErrors, nearest, quoted
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sources import parsed_file
from kps_soap.faults import VersionWithdrawn


@dataclass(frozen=True, slots=True)
class Sunset:
    """One row: ``last_day`` is the last day on which the version is answered."""

    service: str
    version: str
    last_day: date
    replacement: str


@dataclass(frozen=True, slots=True)
class Versions:
    """The whole table, by service and version."""

    sunsets: Mapping[ContractKey, Sunset]

    @classmethod
    def load(cls, path: Path, catalogue: Catalogue) -> "Versions":
        """Read the table strictly against what this gateway serves.

        Raises AgreementErrors with every error of the file.
        """
        top, findings = parsed_file(path)
        tables = top.tables("versions", required=False)
        rows = [_row(table, catalogue) for table in tables]
        top.finish()
        _check_rows(tables, rows)
        if problems := findings.problems():
            raise AgreementErrors(problems)
        return cls({(row.service, row.version): row for row in rows})

    def check(self, service: str, version: str, on: date) -> None:
        """Raises VersionWithdrawn, naming the replacement, after the last day (601)."""
        row = self.sunsets.get((service, version))
        if row is not None and on > row.last_day:
            detail = f"{service} {version} was withdrawn after {row.last_day}"
            raise VersionWithdrawn(detail, replacement=row.replacement)


def _row(table: Table, catalogue: Catalogue) -> Sunset:
    service, version = table.text("service"), table.text("version")
    last_day = table.day("sunset")
    replacement = table.text("replacement")
    table.finish()
    versions = [dated for name, dated in catalogue if name == service]
    if service and not versions:
        near = nearest(service, dict.fromkeys(name for name, _ in catalogue))
        table.problem("service", f"{quoted(service)} is not a service of this gateway", near)
    elif service:
        for key, value in (("version", version), ("replacement", replacement)):
            if value and value not in versions:
                reason = f"{service} has no version {quoted(value)}"
                table.problem(key, reason, nearest(value, versions))
    if version and version == replacement:
        table.problem("replacement", "a version cannot replace itself")
    return Sunset(service, version, last_day or date.max, replacement)


def _check_rows(tables: Sequence[Table], rows: Sequence[Sunset]) -> None:
    """One row a version, and no replacement that ends before what it replaces."""
    by_key: dict[ContractKey, Sunset] = {}
    for table, row in zip(tables, rows, strict=False):
        key = (row.service, row.version)
        if row.service and row.version and key in by_key:
            table.problem("version", f"{row.service} {row.version} has two rows")
        by_key.setdefault(key, row)
    for table, row in zip(tables, rows, strict=False):
        after = by_key.get((row.service, row.replacement))
        if after is not None and after is not row and after.last_day <= row.last_day:
            table.problem("replacement", f"{row.replacement} ends no later than {row.version}")
