"""Pages that close a month of fees, and compute a closed one again.

Closing is asked twice: the page shows what will be frozen, and the form closes exactly that.  A
closed month is what its record says; nothing opens it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.audit.keys import MonthUnreadable
from kps_soap.audit.months import ISTANBUL
from kps_soap.audit.records import Unreadable
from kps_soap.billing import closing
from kps_soap.billing.closing import CannotClose, Difference, NotClosed, Verdict
from kps_soap.billing.statement import NoMonth
from kps_soap.configured import load_tariff
from kps_soap.console.forms import Changed
from kps_soap.console.operator import statements
from kps_soap.console.operator.statements import Summary
from kps_soap.console.visit import Visit
from kps_soap.entry import Entry, Event

CLOSE: Final = "/isletmen/ay-kapat"
VERIFY: Final = "/isletmen/ay-dogrula"
_STATEMENTS: Final = "/isletmen/hesap-ozetleri"


async def show_close(visit: Visit) -> Response:
    """What would be frozen: one institution's month, or everybody's that is not closed yet."""
    last = statements.months(visit.now.astimezone(ISTANBUL).date())[1]
    month, institution = visit.query.get("ay") or last, visit.query.get("kurum", "")
    try:
        found, over = await _open_ones(visit, month, institution), _is_over(visit, month)
    except NoMonth:
        return visit.refused("operator.month_unknown", status=422)
    if not over:
        return visit.refused("operator.month.running", status=409)
    return visit.render(
        "isletmen_ay_kapat.html",
        month=month,
        institution=institution,
        rows=found,
        total=sum(row.amount for row in found),
        names=names(visit),
        seen=_seen(found),
        back=f"/konsol{_STATEMENTS}?ay={quote(month)}",
    )


async def close(visit: Visit) -> Response:
    """Freeze what the page showed, each institution's month in a record of its own."""
    month, institution = visit.form.get("month", ""), visit.form.get("institution", "")
    try:
        found = await _open_ones(visit, month, institution)
        if not _is_over(visit, month):
            return visit.refused("operator.month.running", status=409)
    except NoMonth:
        return visit.refused("operator.month_unknown", status=422)
    if not found or _seen(found) != visit.form.get("seen", ""):
        raise Changed
    await visit.spend()
    record = _freezing(visit, month)

    def work() -> None:
        with visit.house.engine.connect() as connection, connection.begin():
            for row in found:
                closing.close(
                    connection,
                    visit.house.keyring,
                    row.institution,
                    month,
                    record=record,
                    by=visit.person.person_id,
                    request_id=visit.house.new_id(),
                    now=visit.now,
                )

    try:
        await visit.aside(work)
    except CannotClose:
        # It has ended and nobody had closed it: what is left is that the records disagree.
        return visit.refused("operator.month.contradicts", status=409)
    except (MonthUnreadable, Unreadable):
        return visit.refused("operator.month_unreadable", status=503)
    return visit.go(f"{_STATEMENTS}?ay={quote(month)}", "operator.month.closed")


def _freezing(visit: Visit, month: str) -> Callable[[Entry], None]:
    """Writes the record that freezes a month, unless somebody froze it a moment ago."""
    loop = asyncio.get_running_loop()

    def record(entry: Entry) -> None:
        made = replace(
            entry,
            door="console",
            channel="WEB",
            source_address=visit.source_address,
            client_software=visit.caller.agent[:120],
        )

        def first(at: Connection) -> None:
            # The record itself is written already, in this transaction.
            if statements.closed_by(at, entry.institution, month) - {entry.request_id}:
                raise Changed

        done: Any = visit.house.acts.do(made, first)
        asyncio.run_coroutine_threadsafe(done, loop).result()

    return record


async def verify(visit: Visit) -> Response:
    """Compute closed months again, on record, and name every line that differs."""
    month, institution = visit.form.get("month", ""), visit.form.get("institution", "")
    house = visit.house

    def look() -> list[Verdict]:
        tariff = load_tariff(house.settings, house.contracts)
        with house.engine.connect() as connection, connection.begin():
            rows = statements.summaries(connection, month, institution=institution)
            closed = [row.institution for row in rows if row.closed]
            return [
                closing.verify(connection, house.keyring, code, month, tariff=tariff)
                for code in (closed if not institution else [institution])
            ]

    entry = visit.entry(Event.STATEMENT, about=f"{month} computed again", institution=institution)
    try:
        statements.is_over(month, visit.now)
        await house.acts.do(entry, lambda _connection: None)
        verdicts = await visit.aside(look)
    except NoMonth:
        return visit.refused("operator.month_unknown", status=422)
    except NotClosed:
        return visit.refused("operator.month.not_closed", status=409)
    except (MonthUnreadable, Unreadable):
        return visit.refused("operator.month_unreadable", status=503)
    return visit.render(
        "isletmen_ay_dogrula.html",
        month=month,
        verdicts=verdicts,
        names=names(visit),
        difference=lambda one: difference_text(visit, one),
        back=f"/konsol{_STATEMENTS}?ay={quote(month)}",
    )


def difference_text(visit: Visit, one: Difference) -> str:
    """A line that differs, in the visitor's language."""
    values = dict(zip("abcdefgh", one.values, strict=False))
    return visit.t(f"operator.verify.{one.kind.value.replace(' ', '_')}", about=one.about, **values)


async def _open_ones(visit: Visit, month: str, institution: str) -> list[Summary]:
    """Whose month can be closed; raises ``NoMonth``."""

    def look(at: Connection) -> list[Summary]:
        found = statements.summaries(at, month, institution=institution)
        return [row for row in found if not row.closed]

    return await visit.read(look)


def _is_over(visit: Visit, month: str) -> bool:
    return statements.is_over(month, visit.now)


def _seen(rows: Sequence[Summary]) -> str:
    """What a form must still find: another sum, or one that was closed, makes another value."""
    return sha256(repr(rows).encode()).hexdigest()


def names(visit: Visit) -> dict[str, str]:
    """The institutions' names by code."""
    agreements = visit.house.book.current().agreements
    return {one.institution.code: one.institution.name for one in agreements}
