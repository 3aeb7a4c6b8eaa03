"""Pages about agreements: who has which, how each stands, what changed, suspend and resume.

A suspension demands a reason and is done for what the page showed: where somebody changed the
agreement meanwhile, nothing is done and the later one is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.agreements.agreement import Agreement
from kps_soap.agreements.keeping import CannotChange, Mover
from kps_soap.agreements.store import Version
from kps_soap.audit.months import ISTANBUL
from kps_soap.console.forms import Changed, Wrong
from kps_soap.console.operator import institutions, wording
from kps_soap.console.operator.alert_words import reasons_of
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.operator.paging import part_of
from kps_soap.console.visit import Visit
from kps_soap.people.roles import Right

ADDRESS: Final = "/isletmen/anlasmalar"
SUSPEND: Final = "/isletmen/askiya-al"
RESUME: Final = "/isletmen/askidan-kaldir"

_STEPS: Final = 50
#: So many of the newest steps are looked through for those that changed one agreement.
_STEPS_OF_ONE: Final = 30
#: How long a page waits until its own worker has taken a change.
LOOKS_MAX: Final = 40
LOOK_SECONDS: Final = 0.05
DOCUMENT_CHARACTERS_MAX: Final = 64


async def show_list(visit: Visit) -> Response:
    """Every agreement, narrowed by words."""
    wanted = visit.query.get("q", "")
    today = visit.now.astimezone(ISTANBUL).date()
    agreements = visit.house.book.current()
    found = await visit.aside(lambda: institutions.rows(agreements, today, wanted=wanted))
    return visit.render(
        "isletmen_anlasmalar.html",
        part=part_of(found, visit.query.get("sayfa", "")),
        wanted=wanted,
        standing=lambda one: wording.standing_text(visit.t, one),
        days=lambda count: wording.days_text(visit.t, count),
        address=address_of,
    )


async def show_one(visit: Visit) -> Response:
    """One agreement: its paper, access, services, and what ends when."""
    agreement = _agreement(visit)
    if agreement is None:
        return visit.refused("operator.agreement_unknown", status=404)
    today = visit.now.astimezone(ISTANBUL).date()
    agreements = visit.house.book.current()
    return visit.render(
        "isletmen_anlasma.html",
        agreement=agreement,
        grants=[(key, one.on(today)) for key, one in sorted(agreement.services.items())],
        standing=institutions.standing(agreement, today),
        standing_text=lambda one: wording.standing_text(visit.t, one),
        endings=institutions.endings(agreements, today, number=agreement.number),
        steps=await visit.read(
            lambda at: institutions.steps_of(at, agreement, limit=_STEPS_OF_ONE)
        ),
        told_reason=reasons_of(visit),
        ending=lambda one: wording.ending_text(visit.t, one),
        days=lambda count: wording.days_text(visit.t, count),
        may_operate=visit.person.may(Right.OPERATE),
        act_address=_address(RESUME if agreement.suspension else SUSPEND, agreement.number),
    )


async def show_suspend(visit: Visit) -> Response:
    """Ask for the reason of a suspension."""
    return _ask(visit, "operator.suspend")


async def suspend(visit: Visit) -> Response:
    """Shut an agreement until it is resumed."""
    return await _move(visit, "operator.suspend", visit.house.keeper.suspend)


async def show_resume(visit: Visit) -> Response:
    """Ask for the reason of a resumption."""
    return _ask(visit, "operator.resume")


async def resume(visit: Visit) -> Response:
    """Open a suspended agreement again."""
    return await _move(visit, "operator.resume", visit.house.keeper.resume)


def _ask(visit: Visit, words: str, errors: list[Mistake] | None = None) -> Response:
    agreement = _agreement(visit)
    if agreement is None:
        return visit.refused("operator.agreement_unknown", status=404)
    return visit.render(
        "isletmen_aski.html",
        status=422 if errors else 200,
        agreement=agreement,
        words=words,
        seen=institutions.seen(agreement),
        form=visit.form,
        errors=[Wrong(field, visit.t(key)) for field, key in errors or ()],
        back=address_of(agreement.number),
    )


async def _move(visit: Visit, words: str, change: Callable[[str, Mover], Version]) -> Response:
    agreement = _agreement(visit)
    if agreement is None:
        return visit.refused("operator.agreement_unknown", status=404)
    mistakes: list[Mistake] = []
    reason, document = read_reason(visit.form, mistakes), visit.form.get("document", "")
    if len(document) > DOCUMENT_CHARACTERS_MAX:
        mistakes.append(("document", "operator.wrong.long"))
    if mistakes:
        return _ask(visit, words, mistakes)
    await visit.spend()
    mover = Mover(visit.person.person_id, reason, document, channel="WEB")

    def work() -> None:
        with institutions.ONE_AT_A_TIME:
            newest = _newest(visit, agreement.number)
            if newest is None or institutions.seen(newest) != visit.form.get("row_version", ""):
                raise Changed
            change(agreement.number, mover)

    try:
        await visit.aside(work)
    except CannotChange:
        # Somebody was faster by less than it takes to look.
        raise Changed from None
    await _until_taken(visit, agreement)
    return visit.go(f"{ADDRESS}/{quote(agreement.number)}", f"{words}.done")


async def _until_taken(visit: Visit, before: Agreement) -> None:
    """Let this worker take the change first, so that the next page shows it; not for long."""
    for _ in range(LOOKS_MAX):
        taken = institutions.found(visit.house.book.current(), before.number)
        if taken is None or taken.suspension != before.suspension:
            return
        await asyncio.sleep(LOOK_SECONDS)


async def show_steps(visit: Visit) -> Response:
    """What was put in force, by whom and why, newest first."""
    found = await visit.read(lambda at: institutions.last_steps(at, limit=_STEPS))
    return visit.render("isletmen_degisiklikler.html", steps=found, told_reason=reasons_of(visit))


async def show_step(visit: Visit) -> Response:
    """What one step changed, in words."""
    number, rules = int(visit.path["number"]), visit.house.keeper.compiler.rules

    def look(at: Connection) -> institutions.Made | None:
        version, before = institutions.step(at, number)
        return None if version is None else institutions.made_by(at, rules, version, before)

    made = await visit.read(look)
    if made is None:
        return visit.refused("operator.step_unknown", status=404)
    return visit.render(
        "isletmen_degisiklik.html",
        made=made,
        told_reason=reasons_of(visit),
        agreements=[wording.told_agreement(visit.t, one) for one in made.changes],
        address=address_of,
    )


def address_of(number: str) -> str:
    """Where an agreement's page is."""
    return _address(ADDRESS, number)


def _address(place: str, number: str) -> str:
    return f"/konsol{place}/{quote(number)}"


def _agreement(visit: Visit) -> Agreement | None:
    """The agreement of the address, as this worker serves it."""
    return institutions.found(visit.house.book.current(), visit.path["number"])


def _newest(visit: Visit, number: str) -> Agreement | None:
    """The agreement as it is in force now, whatever this worker has taken yet."""
    version = visit.house.keeper.newest()
    if version is None:
        return None
    return institutions.found(visit.house.keeper.compiled(version), number)
