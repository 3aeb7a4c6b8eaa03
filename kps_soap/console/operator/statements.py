"""Months of fees for a page: who has anything to state, and one institution's lines.

Amounts are those of the records and of nothing else; ``billing.statement`` adds them up.  This
module lists and lays out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from kps_soap.audit.months import microseconds
from kps_soap.billing.statement import Line, Span
from kps_soap.entry import Event
from kps_soap.fees import PER_RECORD, Fee, liras
from kps_soap.models import evidence

#: How many months back a page offers.
MONTHS: Final = 24

_COLUMNS: Final = evidence.c


@dataclass(frozen=True, slots=True)
class Summary:
    """What a month comes to for one institution.  ``amount``: hundredths of a kuruş.

    ``closed`` tells that the month is frozen.
    """

    institution: str
    calls: int
    units: int
    records: int
    amount: int
    closed: bool


@dataclass(frozen=True, slots=True)
class FeeWords:
    """How a line is charged: the key of the texts and its values."""

    key: str
    values: dict[str, Any]


def months(today: date) -> list[str]:
    """The months that a page offers, the running one first."""
    count = today.year * 12 + today.month - 1
    return [f"{one // 12:04d}-{one % 12 + 1:02d}" for one in range(count, count - MONTHS, -1)]


def summaries(connection: Connection, month: str, *, institution: str = "") -> list[Summary]:
    """Every institution with anything to state in a month, or that one.  Raises ``NoMonth``."""
    span = Span.of(month)
    conditions = [
        _COLUMNS.received_us >= span.first_us,
        _COLUMNS.received_us < span.next_us,
        _COLUMNS.units > 0,
        _COLUMNS.institution.is_not(None),
    ]
    if institution:
        conditions.append(_COLUMNS.institution == institution)
    query = (
        select(
            _COLUMNS.institution,
            func.count().label("calls"),
            func.sum(_COLUMNS.units).label("units"),
            func.sum(func.coalesce(_COLUMNS.records, 0)).label("records"),
            func.sum(func.coalesce(_COLUMNS.amount, 0)).label("amount"),
        )
        .where(*conditions)
        .group_by(_COLUMNS.institution)
        .order_by(_COLUMNS.institution)
    )
    frozen = _closed(connection, month, span)
    return [
        Summary(
            row.institution,
            int(row.calls),
            int(row.units),
            int(row.records),
            int(row.amount),
            row.institution in frozen,
        )
        for row in connection.execute(query)
    ]


def _closed(connection: Connection, month: str, span: Span) -> set[str]:
    """Who has a record that froze the month; it was written after the month's end."""
    query = select(_COLUMNS.institution).where(
        _COLUMNS.event == Event.MONTH_CLOSED.value,
        _COLUMNS.received_us >= span.next_us,
        _COLUMNS.detail.startswith(f"{month} ", autoescape=True),
    )
    return {str(code) for code in connection.execute(query).scalars()}


def closed_by(connection: Connection, institution: str, month: str) -> set[str]:
    """The requests that froze an institution's month; more than one where two were as fast."""
    query = select(_COLUMNS.request_id).where(
        _COLUMNS.event == Event.MONTH_CLOSED.value,
        _COLUMNS.institution == institution,
        _COLUMNS.detail.startswith(f"{month} ", autoescape=True),
    )
    return {str(one) for one in connection.execute(query).scalars()}


def fee_words(line: Line) -> FeeWords:
    """How a line of a statement is charged."""
    try:
        fee = Fee.parse(line.fee)
    except ValueError:
        return FeeWords("operator.fee.none", {})
    if fee.exemption:
        return FeeWords("operator.fee.exempt", {"why": fee.exemption})
    key = "operator.fee.record" if fee.per == PER_RECORD else "operator.fee.query"
    return FeeWords(key, {"amount": liras(fee.hundredths)})


def is_over(month: str, now: datetime) -> bool:
    """Whether a month has ended.  Raises ``NoMonth``."""
    return Span.of(month).next_us <= microseconds(now)
