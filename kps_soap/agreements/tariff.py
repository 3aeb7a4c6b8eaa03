"""The tariff: dated rates per service and dated exemptions, data and not code (§2.6).

The rows lie in ``conf/tariff.toml``.  A rate that names services wins over one that names none;
among rates of one kind exactly one may be in force on a day.  This module answers for a day; it
charges nobody and reads no clock.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from kps_soap.agreements.agreement import Catalogue
from kps_soap.agreements.problems import AgreementErrors, nearest, quoted
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sources import parsed_file
from kps_soap.agreements.vocabulary import EXEMPTIONS, PAYS
from kps_soap.fees import PER_QUERY, PER_RECORD, Fee

#: A lira a query: nothing that was ever charged comes near it.
HUNDREDTHS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """One row: what a query or a record costs from ``since`` to ``until``, both included.

    An empty ``services`` means all that no other row names.
    """

    since: date
    until: date | None
    services: frozenset[str]
    per: str
    hundredths: int
    source: str

    def in_force(self, on: date) -> bool:
        """Whether the row holds on a civil day of Europe/Istanbul."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Exemption:
    """One row: agreements with this exemption pay nothing on these days."""

    since: date
    until: date | None
    exemption: str


@dataclass(frozen=True, slots=True)
class Tariff:
    """The whole table."""

    rates: tuple[Rate, ...]
    exemptions: tuple[Exemption, ...]

    @classmethod
    def load(cls, path: Path, catalogue: Catalogue) -> "Tariff":
        """Read the table strictly; raises AgreementErrors with every error of the file."""
        top, findings = parsed_file(path)
        tables = top.tables("rates")
        services = {name for name, _ in catalogue}
        rates = [_rate(table, services) for table in tables]
        exemptions = [_exemption(table) for table in top.tables("exemptions", required=False)]
        top.finish()
        _check_overlaps(tables, rates)
        if problems := findings.problems():
            raise AgreementErrors(problems)
        return cls(tuple(rates), tuple(exemptions))

    def rate(self, service: str, on: date) -> Rate | None:
        """The rate of a service on a day; None where none is in force."""
        held = [row for row in self.rates if row.in_force(on)]
        named = (row for row in held if service in row.services)
        return next(named, next((row for row in held if not row.services), None))

    def fee(self, service: str, exemption: str, on: date) -> Fee | None:
        """How a call is charged under an agreement's exemption; None without a rate."""
        rate = self.rate(service, on)
        if rate is None:
            return None
        free = any(
            row.exemption == exemption
            and row.since <= on
            and (row.until is None or on <= row.until)
            for row in self.exemptions
        )
        return Fee(rate.per, rate.hundredths, exemption if free else "")


def _rate(table: Table, services: Collection[str]) -> Rate:
    since, until = table.day("since"), table.day("until", required=False)
    named = table.texts("services", required=False)
    for number, name in named.items():
        if name not in services:
            reason = f"{quoted(name)} is not a service of this gateway"
            table.problem_at("services", number, reason, nearest(name, services))
    rate = Rate(
        since=since or date.max,
        until=until,
        services=frozenset(named.values()),
        per=table.choice("per", (PER_QUERY, PER_RECORD)),
        hundredths=table.integer("hundredths_of_kurus", 0, HUNDREDTHS_MAX),
        source=table.text("source"),
    )
    table.finish()
    if since and until and until < since:
        table.problem("until", f"lies before since ({since})")
    return rate


def _exemption(table: Table) -> Exemption:
    free = tuple(word for word in EXEMPTIONS if word != PAYS)
    row = Exemption(
        since=table.day("since") or date.max,
        until=table.day("until", required=False),
        exemption=table.choice("exemption", free),
    )
    table.text("source")
    table.finish()
    return row


def _check_overlaps(tables: Sequence[Table], rates: Sequence[Rate]) -> None:
    """Two rates of one service on one day would make an amount a matter of taste."""
    for place, (table, rate) in enumerate(zip(tables, rates, strict=True)):
        for earlier in rates[:place]:
            same = rate.services & earlier.services or not (rate.services or earlier.services)
            if same and _meet(rate, earlier):
                day = max(rate.since, earlier.since)
                table.problem("since", f"on {day} another rate of the same services is in force")
                break


def _meet(one: Rate, other: Rate) -> bool:
    far = date.max - timedelta(days=1)
    return one.since <= (other.until or far) and other.since <= (one.until or far)
