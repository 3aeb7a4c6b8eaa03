"""Pages of mandates: which vendors' accounts act for whom, give one, end one.

A mandate reaches only what the institution's agreement grants; its account gets a password like
every other.  Only the centre gives mandates, and a mandate is ended for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.audit.months import ISTANBUL
from kps_soap.console.forms import Wrong
from kps_soap.console.operator import shares
from kps_soap.console.operator.looking import Mistake, read_day, read_reason
from kps_soap.console.operator.paging import part_of
from kps_soap.console.operator.people_words import (
    NotDone,
    acted,
    actor_of,
    agreements_of,
    institution_wrong,
    wrongs,
)
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import mandates
from kps_soap.people.mandates import Mandate, NewMandate

ADDRESS: Final = "/isletmen/vekaletler"


async def show_list(visit: Visit) -> Response:
    """Every mandate, the newest first; those of one institution where it is named."""
    institution = visit.query.get("kurum") or None
    found = await visit.read(lambda at: mandates.listing(at, institution=institution))
    return visit.render(
        "isletmen_vekaletler.html",
        part=part_of(found[::-1], visit.query.get("sayfa", "")),
        wanted=institution or "",
        stands=lambda one: _stands(visit, one),
        address=f"/konsol{ADDRESS}",
    )


async def show_new(visit: Visit) -> Response:
    """Ask for the institution first: what may be chosen follows from its agreement."""
    code = visit.query.get("kurum")
    errors = [] if code is None else institution_wrong(visit, code)
    return _new_page(visit, {"institution": code or ""}, errors)


async def give(visit: Visit) -> Response:
    """Give a mandate, on record."""
    form, mistakes = visit.form, list[Mistake]()
    institution = form.get("institution", "")
    services = shares.granted_services(agreements_of(visit, institution))
    reason = read_reason(form, mistakes)
    since = read_day(form, "valid_from", mistakes) or _today(visit)
    until = read_day(form, "valid_until", mistakes)
    if not form.get("valid_until"):
        mistakes.append(("valid_until", "operator.wrong.day_missing"))
    new = NewMandate(
        account=form.get("account", ""),
        vendor=form.get("vendor", ""),
        institution=institution,
        valid_from=since,
        valid_until=until or since,
        networks=tuple(form.get("networks", "").split()),
        services=frozenset(shares.chosen(form, "s", tuple(services))),
    )
    by, agreed = actor_of(visit), visit.house.book.current().accounts()
    try:
        made = await acted(
            visit,
            Event.MANDATE,
            lambda at: mandates.add(at, new, agreed=agreed, by=by),
            errors=[*institution_wrong(visit, institution), *wrongs(visit, mistakes)],
            about=f"{new.account} for {institution} until {until}",
            reason=reason,
            institution=institution,
        )
    except NotDone as told:
        return _new_page(visit, form, told.errors, told.status)
    return visit.go(f"{ADDRESS}/{made.number}", "operator.mandate.given")


def _new_page(
    visit: Visit, values: Mapping[str, str], errors: Sequence[Wrong] = (), status: int = 422
) -> Response:
    code = values.get("institution", "")
    held = agreements_of(visit, code)
    return visit.render(
        "isletmen_vekalet_yeni.html",
        status=status if errors else 200,
        institution=code if held else "",
        name=held[-1].institution.name if held else "",
        services=list(shares.granted_services(held)),
        box=shares.box,
        values=values,
        back=f"/konsol{ADDRESS}",
        errors=errors,
    )


async def show_one(visit: Visit) -> Response:
    """One mandate, and the way to end it."""
    return await _page(visit)


async def end(visit: Visit) -> Response:
    """End a mandate from today on: the next call under it is refused."""
    number, mistakes = int(visit.path["number"]), list[Mistake]()
    reason, found = read_reason(visit.form, mistakes), await _found(visit, number)
    if found is None:
        return visit.refused("operator.mandate.unknown", status=404)
    by = actor_of(visit)
    try:
        await acted(
            visit,
            Event.MANDATE,
            lambda at: mandates.end(at, number, by=by, now=visit.now),
            errors=wrongs(visit, mistakes),
            about=f"mandate {number} ended",
            reason=reason,
            institution=found.institution,
        )
    except NotDone as told:
        return await _page(visit, told.errors, told.status)
    return visit.go(f"{ADDRESS}/{number}", "operator.mandate.ended")


async def _page(visit: Visit, errors: Sequence[Wrong] = (), status: int = 422) -> Response:
    found = await _found(visit, int(visit.path["number"]))
    if found is None:
        return visit.refused("operator.mandate.unknown", status=404)
    over = found.last_day < _today(visit)
    return visit.render(
        "isletmen_vekalet.html",
        status=status if errors else 200,
        mandate=found,
        stands=_stands(visit, found),
        over=over,
        back=f"/konsol{ADDRESS}",
        form=visit.form,
        errors=errors,
    )


async def _found(visit: Visit, number: int) -> Mandate | None:
    def look(at: Connection) -> Mandate | None:
        return next((one for one in mandates.listing(at) if one.number == number), None)

    return await visit.read(look)


def _stands(visit: Visit, one: Mandate) -> tuple[str, str]:
    """Colour and words of how a mandate stands today."""
    today = _today(visit)
    if one.holds_on(today):
        return "iyi", visit.t("operator.mandate.holds")
    if one.last_day < today:
        key = "operator.mandate.over" if one.ended is None else "operator.mandate.was_ended"
        return "notr", visit.t(key)
    return "uyari", visit.t("operator.mandate.later")


def _today(visit: Visit) -> date:
    return visit.now.astimezone(ISTANBUL).date()
