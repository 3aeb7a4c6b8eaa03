"""Pages of what the rules of misuse found: the list, one finding, and settling it with a reason."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.console.forms import Changed, Wrong
from kps_soap.console.operator.agreement_pages import address_of
from kps_soap.console.operator.alert_words import rule_text, summary_text
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.misuse import findings
from kps_soap.misuse.findings import AlreadySettled, Finding, FindingUnknown
from kps_soap.misuse.rules import Rule
from kps_soap.people.roles import Right

ADDRESS: Final = "/isletmen/uyarilar"
_MOST: Final = 200
_STATES: Final = (findings.NEW, findings.SETTLED)


async def show_list(visit: Visit) -> Response:
    """The findings, the newest first: those that nobody settled, unless others are asked for."""
    asked = visit.query.get("durum", findings.NEW)
    state = asked if asked in _STATES else None
    rule = visit.query.get("kural", "")
    known = rule if rule in {one.value for one in Rule} else None

    def look(at: Connection) -> tuple[list[Finding], dict[str, int]]:
        found = findings.newest(at, state=state, rule=known, most=_MOST)
        return found, findings.open_counts(at)

    found, counts = await visit.read(look)
    return visit.render(
        "isletmen_uyarilar.html",
        findings=found,
        counts=counts,
        state=state or "",
        rule=known or "",
        rules=[(one.value, rule_text(visit, one.value)) for one in Rule],
        rule_text=lambda name: rule_text(visit, name),
        most=_MOST,
    )


async def show_one(visit: Visit) -> Response:
    """One finding."""
    return await _page(visit)


async def settle(visit: Visit) -> Response:
    """Note what came of a finding, on record."""
    finding_id = visit.path["finding"]
    mistakes: list[Mistake] = []
    reason = read_reason(visit.form, mistakes)
    if mistakes:
        return await _page(visit, mistakes)

    def work(at: Connection) -> Finding:
        person = visit.person.person_id
        return findings.acknowledge(at, finding_id, by=person, reason=reason, now=visit.now)

    try:
        finding = await visit.read(lambda at: findings.find(at, finding_id))
        await visit.act(
            Event.FINDING_SETTLED,
            work,
            about=finding_id,
            reason=reason,
            institution=finding.institution,
        )
    except FindingUnknown:
        return visit.refused("operator.alert_unknown", status=404)
    except AlreadySettled:
        raise Changed from None
    return visit.go(ADDRESS, "operator.alert.settled_done")


async def _page(visit: Visit, mistakes: list[Mistake] | None = None) -> Response:
    finding_id = visit.path["finding"]
    try:
        finding = await visit.read(lambda at: findings.find(at, finding_id))
    except FindingUnknown:
        return visit.refused("operator.alert_unknown", status=404)
    return visit.render(
        "isletmen_uyari.html",
        status=422 if mistakes else 200,
        one=finding,
        rule=rule_text(visit, finding.rule),
        summary=summary_text(visit, finding.rule, finding.summary),
        is_new=finding.state == findings.NEW,
        may_settle=visit.person.may(Right.OPERATE),
        settle_address=f"/konsol/isletmen/uyari-onay/{finding_id}",
        address=address_of,
        form=visit.form,
        errors=[Wrong(field, visit.t(key)) for field, key in mistakes or ()],
    )
