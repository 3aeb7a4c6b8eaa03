"""Freezing a month, and computing a frozen month again.

``close`` writes the statement into the evidence, as a record like any other: from then on the
month is what that record says.  ``verify`` computes the month from the records and names the
first line that differs, in words; it believes neither the frozen sums nor the records' amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, select

from kps_soap.agreements.tariff import Tariff
from kps_soap.agreements.vocabulary import PAYS
from kps_soap.audit.keys import Keyring
from kps_soap.audit.months import ISTANBUL, microseconds, moment_of
from kps_soap.audit.search import open_record
from kps_soap.billing.statement import Line, Span, Statement, statement_of
from kps_soap.entry import Entry, Event
from kps_soap.fees import Fee, liras
from kps_soap.models import evidence

_COLUMNS: Final = evidence.c


class CannotClose(Exception):
    """A month that cannot be closed; the sentence says why."""


class NotClosed(Exception):
    """A month that nobody has closed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A frozen month: its statement, and the record that froze it."""

    statement: Statement
    record: str
    closed_at: datetime


class Kind(StrEnum):
    """What can be wrong with a line of a month."""

    NOT_RECORDED = "not recorded"
    NOT_STATED = "not stated"
    SUMS = "sums"
    NO_FEE = "no fee"
    AMOUNT = "amount"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Difference:
    """One line that is not as it must be.  ``values`` are what its sentence names."""

    kind: Kind
    about: str
    values: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """It as a sentence."""
        return _SENTENCES[self.kind].format(*self.values, about=self.about)


_SENTENCES: Final = {
    Kind.NOT_RECORDED: "{about}: stated, but no record tells of it",
    Kind.NOT_STATED: "{about}: on record, but not stated",
    Kind.SUMS: "{about}: stated {} calls, {} units, {} records, {} TL, "
    "on record {} calls, {} units, {} records, {} TL",
    Kind.NO_FEE: "{about}: its records tell of no fee",
    Kind.AMOUNT: "{about}: {} TL charged, {} TL due",
    Kind.RATE: "{about}: the tariff of {} has another rate",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What computing a closed month again has shown.  ``found`` is empty if all agrees."""

    closed: Closed
    computed: Statement
    found: tuple[Difference, ...]

    @property
    def differences(self) -> tuple[str, ...]:
        """What was found, as sentences."""
        return tuple(one.text for one in self.found)


def close(
    connection: Connection,
    keyring: Keyring,
    institution: str,
    month: str,
    *,
    record: Callable[[Entry], None],
    by: str,
    request_id: str,
    now: datetime,
) -> Statement:
    """Freeze a month that has ended.  Raises ``CannotClose``, ``NoMonth`` and what recording does.

    ``record`` writes an entry durably; ``by`` is who closes.
    """
    if Span.of(month).next_us > microseconds(now):
        raise CannotClose(f"The month {month} has not ended yet; close it on its next first day.")
    if find_closed(connection, keyring, institution, month) is not None:
        raise CannotClose(f"The month {month} of {institution} is closed already.")
    statement = statement_of(connection, institution, month)
    wrong = next(_wrong_amounts(statement), None)
    if wrong is not None:
        raise CannotClose(f"The records contradict themselves: {wrong.text}; run: kps audit verify")
    record(
        Entry(
            request_id,
            now,
            "",
            Event.MONTH_CLOSED,
            channel="CLI",
            account=by,
            institution=institution,
            detail=f"{month} {statement.digest}",
            question=statement.text.encode(),
        )
    )
    return statement


def find_closed(
    connection: Connection, keyring: Keyring, institution: str, month: str
) -> Closed | None:
    """The frozen statement of a month, None where nobody closed it."""
    query = (
        select(_COLUMNS.chain_id, _COLUMNS.sequence, _COLUMNS.received_us, _COLUMNS.detail)
        .where(
            _COLUMNS.institution == institution,
            _COLUMNS.event == Event.MONTH_CLOSED.value,
            _COLUMNS.detail.startswith(f"{month} ", autoescape=True),
        )
        .order_by(_COLUMNS.received_us, _COLUMNS.chain_id, _COLUMNS.sequence)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    shown = open_record(connection, keyring, row.chain_id, row.sequence)
    statement = Statement.of_text((shown.question or b"").decode())
    if row.detail != f"{month} {statement.digest}":
        raise ValueError("a frozen statement that is not the one its record names")
    return Closed(statement, f"{row.chain_id}:{row.sequence}", moment_of(row.received_us))


def verify(
    connection: Connection,
    keyring: Keyring,
    institution: str,
    month: str,
    *,
    tariff: Tariff | None,
) -> Verdict:
    """Compute a closed month again and compare; raises ``NotClosed`` and ``NoMonth``.

    With a ``tariff``, each line's rate is also held against it on the first and the last day on
    which the line was charged.
    """
    closed = find_closed(connection, keyring, institution, month)
    if closed is None:
        raise NotClosed(f"The month {month} of {institution} is not closed.")
    return compare(connection, closed, tariff=tariff)


def compare(connection: Connection, closed: Closed, *, tariff: Tariff | None) -> Verdict:
    """Compute the month of a statement again and compare, as ``verify`` does."""
    statement = closed.statement
    computed = statement_of(connection, statement.institution, statement.month)
    differences = [*_differences(statement, computed), *_wrong_amounts(computed)]
    if tariff is not None:
        differences += _wrong_rates(connection, computed, tariff)
    return Verdict(closed, computed, tuple(differences))


def _differences(frozen: Statement, computed: Statement) -> Iterator[Difference]:
    then = {line.key: line for line in frozen.lines}
    now = {line.key: line for line in computed.lines}
    for key in sorted(then.keys() | now.keys()):
        if key not in now:
            yield Difference(Kind.NOT_RECORDED, _name(then[key]))
        elif key not in then:
            yield Difference(Kind.NOT_STATED, _name(now[key]))
        elif then[key] != now[key]:
            both = (*_sums(then[key]), *_sums(now[key]))
            yield Difference(Kind.SUMS, _name(now[key]), both)


def _wrong_amounts(statement: Statement) -> Iterator[Difference]:
    """Lines whose amounts do not follow from their units, records and fee."""
    for line in statement.lines:
        try:
            expected = line.expected
        except ValueError:
            yield Difference(Kind.NO_FEE, _name(line))
            continue
        if expected != line.amount:
            yield Difference(Kind.AMOUNT, _name(line), (liras(line.amount), liras(expected)))


def _wrong_rates(
    connection: Connection, statement: Statement, tariff: Tariff
) -> Iterator[Difference]:
    span = Span.of(statement.month)
    for line in statement.lines:
        query = select(_COLUMNS.received_us).where(
            _COLUMNS.institution == statement.institution,
            _COLUMNS.received_us >= span.first_us,
            _COLUMNS.received_us < span.next_us,
            _COLUMNS.service == line.service,
            _COLUMNS.version == line.version,
            _COLUMNS.fee == line.fee,
            _COLUMNS.units > 0,
        )
        ends = (_COLUMNS.received_us, _COLUMNS.received_us.desc())
        for moment_us in [
            connection.execute(query.order_by(end).limit(1)).scalar() for end in ends
        ]:
            if moment_us is not None and not _is_right(line, moment_of(moment_us), tariff):
                day = moment_of(moment_us).astimezone(ISTANBUL).date()
                yield Difference(Kind.RATE, _name(line), (str(day),))
                break


def _is_right(line: Line, moment: datetime, tariff: Tariff) -> bool:
    """Is the line's fee the tariff's on that day?  An exemption hides the rate behind it."""
    day = moment.astimezone(ISTANBUL).date()
    try:
        charged = Fee.parse(line.fee)
    except ValueError:
        return False
    due = tariff.fee(line.service, charged.exemption or PAYS, day)
    return due is not None and due.text == charged.text


def _name(line: Line) -> str:
    return f"{line.service} {line.version} {line.fee or '(no fee)'}"


def _sums(line: Line) -> tuple[str, ...]:
    return str(line.calls), str(line.units), str(line.records), liras(line.amount)
