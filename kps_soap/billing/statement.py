"""An institution's month: what was asked, under which fee, and what it comes to.

A statement is a sum over records and nothing else, so that anybody who holds the records gets
the same one.  Its lines are by service, version and fee.  This module reads; it writes nothing,
and it takes no amount from anywhere but the records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, func, select

from kps_soap.audit.months import ISTANBUL, microseconds
from kps_soap.fees import EXEMPT, Fee
from kps_soap.models import evidence

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")

#: What a statement's text says it is, so that a later form can be told from this one.
FORMAT: Final = 1


class NoMonth(ValueError):
    """A text that names no month; the sentence says how one is written."""

    def __init__(self) -> None:
        super().__init__("Write a month like 2026-11.")


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of one service and version under one fee.  ``amount``: hundredths of a kuruş."""

    service: str
    version: str
    fee: str
    calls: int
    units: int
    records: int
    amount: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.service, self.version, self.fee

    @property
    def exempt(self) -> bool:
        return self.fee.startswith(f"{EXEMPT}:")

    @property
    def expected(self) -> int:
        """The amount that fee, units and records make; raises ``ValueError`` for no fee."""
        return Fee.parse(self.fee).amount(self.units, self.records)


@dataclass(frozen=True, slots=True)
class Statement:
    """One institution, one month of Europe/Istanbul, its lines in their order."""

    institution: str
    month: str
    lines: tuple[Line, ...]

    @property
    def units(self) -> int:
        return sum(line.units for line in self.lines)

    @property
    def records(self) -> int:
        return sum(line.records for line in self.lines)

    @property
    def amount(self) -> int:
        """Hundredths of a kuruş; nothing was rounded on the way."""
        return sum(line.amount for line in self.lines)

    @property
    def text(self) -> str:
        """The statement as it is frozen: JSON written the way of RFC 8785."""
        value = {
            "amount": self.amount,
            "format": FORMAT,
            "institution": self.institution,
            "lines": [asdict(line) for line in self.lines],
            "month": self.month,
            "records": self.records,
            "units": self.units,
        }
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @property
    def digest(self) -> str:
        """SHA-256 of ``text``, which names the statement."""
        return sha256(self.text.encode()).hexdigest()

    @classmethod
    def of_text(cls, text: str) -> Statement:
        """A frozen statement, read again; raises ``ValueError`` for anything else."""
        try:
            value = json.loads(text)
            lines = tuple([Line(**line) for line in value["lines"]])
            statement = cls(value["institution"], value["month"], lines)
        except (KeyError, TypeError, AttributeError):
            raise ValueError("no statement") from None
        if statement.text != text:
            raise ValueError("a statement whose sums are not those of its lines")
        return statement


@dataclass(frozen=True, slots=True)
class Span:
    """A month as moments: from ``first_us`` up to, and without, ``next_us``."""

    month: str
    first_us: int
    next_us: int

    @classmethod
    def of(cls, month: str) -> Span:
        """The month named ``2026-11``, of Europe/Istanbul; raises ``NoMonth``."""
        found = _MONTH.fullmatch(month)
        if found is None:
            raise NoMonth
        year, number = int(found[1]), int(found[2])
        first = datetime(year, number, 1, tzinfo=ISTANBUL)
        after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ISTANBUL)
        return cls(month, microseconds(first), microseconds(after))


def statement_of(connection: Connection, institution: str, month: str) -> Statement:
    """The month's statement, from the records.  Raises ``NoMonth``."""
    rows = connection.execute(_sums(Span.of(month)).where(_COLUMNS.institution == institution))
    return Statement(institution, month, _lines(row._mapping for row in rows))


def institutions(connection: Connection, month: str) -> Sequence[str]:
    """Who has anything to state in a month, in order.  Raises ``NoMonth``."""
    span = Span.of(month)
    query = (
        select(_COLUMNS.institution)
        .where(_COLUMNS.institution.is_not(None), *_billable(span))
        .distinct()
        .order_by(_COLUMNS.institution)
    )
    return list(connection.execute(query).scalars())


_COLUMNS: Final = evidence.c


def _billable(span: Span) -> tuple[Any, ...]:
    """Calls that reached the register; a refusal has no units."""
    return (
        _COLUMNS.received_us >= span.first_us,
        _COLUMNS.received_us < span.next_us,
        _COLUMNS.units > 0,
    )


def _sums(span: Span) -> Select[Any]:
    grouped = (_COLUMNS.service, _COLUMNS.version, _COLUMNS.fee)
    return (
        select(
            *grouped,
            func.count().label("calls"),
            func.sum(_COLUMNS.units).label("units"),
            func.sum(_COLUMNS.records).label("records"),
            func.sum(func.coalesce(_COLUMNS.amount, 0)).label("amount"),
        )
        .where(*_billable(span))
        .group_by(*grouped)
    )


def _lines(rows: Iterable[RowMapping]) -> tuple[Line, ...]:
    lines = [
        Line(
            service=row["service"] or "",
            version=row["version"] or "",
            fee=row["fee"] or "",
            calls=int(row["calls"]),
            units=int(row["units"]),
            records=int(row["records"] or 0),
            amount=int(row["amount"]),
        )
        for row in rows
    ]
    return tuple(sorted(lines, key=lambda line: line.key))
