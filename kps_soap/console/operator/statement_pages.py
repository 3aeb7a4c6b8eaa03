"""Pages of fees: what a month comes to for whom, and one institution's statement to print.

Whoever belongs to an institution sees that one and no other.  A statement that is shown leaves
its record, as one made by command does.
"""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.audit.months import ISTANBUL
from kps_soap.billing.statement import Line, NoMonth, Statement, statement_of
from kps_soap.console.operator import statements
from kps_soap.console.operator.month_pages import names
from kps_soap.console.operator.paging import part_of
from kps_soap.console.operator.statements import Summary
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people.roles import Right


async def show_month(visit: Visit) -> Response:
    """Who has anything to state in a month."""
    offered = statements.months(visit.now.astimezone(ISTANBUL).date())
    month = visit.query.get("ay") or offered[0]

    def look(at: Connection) -> list[Summary]:
        return statements.summaries(at, month, institution=visit.person.institution)

    try:
        found = await visit.read(look)
        over = statements.is_over(month, visit.now)
    except NoMonth:
        return visit.refused("operator.month_unknown", status=422)
    return visit.render(
        "isletmen_hesap_ozetleri.html",
        month=month,
        months=offered,
        part=part_of(found, visit.query.get("sayfa", "")),
        over=over,
        names=names(visit),
        may_close=over and visit.person.may(Right.OPERATE),
        some_open=not all(row.closed for row in found),
        some_closed=any(row.closed for row in found),
        total=sum(row.amount for row in found),
    )


async def show_statement(visit: Visit) -> Response:
    """One institution's month, on record."""
    month = visit.form.get("month", "")
    institution = visit.person.institution or visit.form.get("institution", "")

    def look(at: Connection) -> Statement:
        return statement_of(at, institution, month)

    try:
        found = await visit.read(look)
        over = statements.is_over(month, visit.now)
    except NoMonth:
        return visit.refused("operator.month_unknown", status=422)
    entry = visit.entry(Event.STATEMENT, about=month, institution=institution)
    await visit.house.acts.do(entry, lambda _connection: None)
    return visit.render(
        "isletmen_hesap_ozeti.html",
        statement=found,
        name=names(visit).get(institution, ""),
        over=over,
        fee=lambda line: _fee(visit, line),
        calls=sum(line.calls for line in found.lines),
    )


def _fee(visit: Visit, line: Line) -> str:
    words = statements.fee_words(line)
    return visit.t(words.key, **words.values)
