"""Pages of seats: how many people an institution and each of its units may have.

The centre sets them; an institution's administrator looks.  A limit is set for what the page
showed, and the later of two is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.console.forms import Wrong
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.operator.people_words import (
    NotDone,
    acted,
    actor_of,
    institution_wrong,
    wrongs,
)
from kps_soap.console.pages import Page
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import seats
from kps_soap.people.roles import Right


@dataclass(frozen=True, slots=True)
class SeatPages:
    """The page at one address.  ``own`` shows the visitor's institution, to look at only."""

    address: str
    own: bool

    def pages(self, needs: Right, menu: str, group: str) -> tuple[Page, ...]:
        """The page, with an entry in the navigation."""
        act = None if self.own else self.set_limit
        return (Page(self.address, needs, self.show, act, menu=menu, group=group),)

    async def show(self, visit: Visit) -> Response:
        """The limits of an institution; the form holds the one that was chosen."""
        values = {
            "institution": visit.person.institution if self.own else visit.query.get("kurum", ""),
            "unit": visit.query.get("birim", ""),
        }
        errors = []
        if not self.own and "kurum" in visit.query:
            errors = institution_wrong(visit, values["institution"])
        return await self._page(visit, values, errors)

    async def set_limit(self, visit: Visit) -> Response:
        """Limit an institution or a unit of it, on record."""
        form, mistakes = visit.form, list[Mistake]()
        institution, unit = form.get("institution", ""), form.get("unit", "")
        reason, most = read_reason(form, mistakes), _count(form.get("most", ""))
        if most is None:
            mistakes.append(("most", "operator.wrong.count"))
        seen, by = _count(form.get("seen", "")), actor_of(visit)
        try:
            await acted(
                visit,
                Event.SEATS_SET,
                lambda at: seats.set_seats(at, institution, unit, most or 0, by=by, seen=seen),
                errors=[*institution_wrong(visit, institution), *wrongs(visit, mistakes)],
                about=f"{institution} {unit}: {most}",
                reason=reason,
                institution=institution,
            )
        except NotDone as told:
            return await self._page(visit, form, told.errors, told.status)
        return visit.go(f"{self.address}?kurum={quote(institution)}", "operator.seats.saved")

    async def _page(
        self,
        visit: Visit,
        values: Mapping[str, str],
        errors: Sequence[Wrong] = (),
        status: int = 422,
    ) -> Response:
        institution = values.get("institution", "")

        def look(at: Connection) -> tuple[seats.Seat, ...]:
            return seats.seats(at, institution) if institution else ()

        found = await visit.read(look)
        chosen = next((one for one in found if one.unit == values.get("unit", "")), None)
        shown = {"most": "" if chosen is None else str(chosen.most), **values}
        names = {
            one.institution.code: one.institution.name
            for one in visit.house.book.current().agreements
        }
        return visit.render(
            "isletmen_kontenjan.html",
            status=status if errors else 200,
            values=shown,
            seen=values.get("seen", shown["most"]),
            institution=institution if institution in names else "",
            name=names.get(institution, ""),
            seats=found,
            own=self.own,
            address=f"/konsol{self.address}",
            errors=errors,
        )


def _count(text: str) -> int | None:
    """A whole number; None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
