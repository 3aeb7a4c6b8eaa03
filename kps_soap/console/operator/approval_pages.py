"""The page of what waits for a second pair of eyes: allow it, or decide against it.

Below it stands what became of the requests before.  Asked is on the page of whom it concerns.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.console.forms import Wrong
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.operator.people_words import actor_of, problems_of, status_of
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import approvals
from kps_soap.people.approvals import Approval
from kps_soap.people.problems import PeopleError


async def show_list(visit: Visit) -> Response:
    """What waits, the oldest first; an institution's own where somebody belongs to one."""
    return await _page(visit, [])


async def decide(visit: Visit) -> Response:
    """Allow what was asked, and do it; or decide against it."""
    form = visit.form
    mistakes: list[Mistake] = []
    reason, what = read_reason(form, mistakes), form.get("what", "")
    text = form.get("number", "")
    if what not in ("approve", "refuse") or not (text.isascii() and text.isdecimal()):
        mistakes.append(("what", "operator.wrong.choice"))
    if mistakes:
        return await _page(visit, [Wrong("", visit.t(key)) for _, key in mistakes])
    number, by = int(text[:18]), actor_of(visit)

    def work(at: Connection) -> Approval:
        decision = approvals.approve if what == "approve" else approvals.refuse
        return decision(at, number, by=by, reason=reason, now=visit.now)

    try:
        await visit.act(Event.APPROVAL_DECIDED, work, about=f"{number}: {what}", reason=reason)
    except PeopleError as error:
        return await _page(visit, problems_of(visit, error), status_of(error))
    return visit.go("/isletmen/onaylar", f"operator.approval.{what}_done")


async def _page(visit: Visit, errors: Sequence[Wrong], status: int = 422) -> Response:
    institution = visit.person.institution or None

    def look(at: Connection) -> tuple[tuple[Approval, ...], tuple[Approval, ...]]:
        waiting = approvals.pending(at, now=visit.now, institution=institution)
        return waiting, approvals.newest(at, now=visit.now, institution=institution)

    waiting, decided = await visit.read(look)
    return visit.render(
        "isletmen_onaylar.html",
        status=status if errors else 200,
        approvals=waiting,
        decided=decided,
        errors=errors,
    )
