"""Pages of the software that calls for institutions: register it, note a version, or its end.

The same pages stand at two places: for the centre over everybody's, and for an institution's
technician over the own.  A change is made for what the page showed, and the later of two is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.audit.months import ISTANBUL
from kps_soap.console.forms import Wrong
from kps_soap.console.operator.looking import Mistake, read_day, read_reason
from kps_soap.console.operator.paging import part_of
from kps_soap.console.operator.people_forms import read_row_version
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
from kps_soap.people import systems
from kps_soap.people.roles import Right
from kps_soap.people.systems import System


@dataclass(frozen=True, slots=True)
class SystemPages:
    """The pages below one address.  ``own`` narrows them to the visitor's institution."""

    base: str
    own: bool

    def pages(self, needs: Right, menu: str, group: str) -> tuple[Page, ...]:
        """All of them; the list has an entry in the navigation."""
        return (
            Page(self.base, needs, self.show_list, menu=menu, group=group),
            Page(f"{self.base}/yeni", needs, self.show_new, self.add),
            Page(f"{self.base}/{{number:int}}", needs, self.show_one, self.change),
        )

    async def show_list(self, visit: Visit) -> Response:
        """The systems by number; those of one institution where it is named."""
        wanted = visit.person.institution if self.own else visit.query.get("kurum", "")
        found = await visit.read(lambda at: systems.listing(at, institution=wanted or None))
        return visit.render(
            "isletmen_sistemler.html",
            part=part_of(found, visit.query.get("sayfa", "")),
            wanted=wanted,
            own=self.own,
            base=f"/konsol{self.base}",
        )

    async def show_new(self, visit: Visit) -> Response:
        """The empty form."""
        return self._new_page(visit)

    async def add(self, visit: Visit) -> Response:
        """Register a system, on record."""
        form, mistakes = visit.form, list[Mistake]()
        institution = visit.person.institution if self.own else form.get("institution", "")
        reason, since = read_reason(form, mistakes), read_day(form, "since", mistakes)
        errors = wrongs(visit, mistakes)
        if not self.own:
            errors = [*institution_wrong(visit, institution), *errors]
        said = {name: form.get(name, "") for name in ("vendor", "product", "version")}
        by, day = actor_of(visit), since or visit.now.astimezone(ISTANBUL).date()
        try:
            await acted(
                visit,
                Event.SYSTEM,
                lambda at: systems.add(at, institution, **said, since=day, by=by),
                errors=errors,
                about=f"{institution}: {' '.join(said.values())}"[:500],
                reason=reason,
                institution=institution,
            )
        except NotDone as told:
            return self._new_page(visit, told.errors, told.status)
        return visit.go(self.base, "operator.system.added")

    def _new_page(self, visit: Visit, errors: Sequence[Wrong] = (), status: int = 422) -> Response:
        return visit.render(
            "isletmen_sistem_yeni.html",
            status=status if errors else 200,
            form=visit.form,
            own=self.own,
            base=f"/konsol{self.base}",
            errors=errors,
        )

    async def show_one(self, visit: Visit) -> Response:
        """One system with the form for its version and its end."""
        found = await self._found(visit)
        if found is None:
            return visit.refused("operator.system.unknown", status=404)
        return self._page(visit, found, {"version": found.version})

    async def change(self, visit: Visit) -> Response:
        """Note another version of a system, or its last day, on record."""
        found = await self._found(visit)
        if found is None:
            return visit.refused("operator.system.unknown", status=404)
        form, mistakes = visit.form, list[Mistake]()
        reason, until = read_reason(form, mistakes), read_day(form, "until", mistakes)
        by = actor_of(visit)
        try:
            await acted(
                visit,
                Event.SYSTEM,
                lambda at: systems.change(
                    at,
                    found.number,
                    version=form.get("version", ""),
                    until=until,
                    row_version=read_row_version(form),
                    by=by,
                ),
                errors=wrongs(visit, mistakes),
                about=f"system {found.number}",
                reason=reason,
                institution=found.institution,
            )
        except NotDone as told:
            return self._page(visit, found, form, told.errors, told.status)
        return visit.go(f"{self.base}/{found.number}", "operator.system.changed")

    def _page(
        self,
        visit: Visit,
        found: System,
        values: Mapping[str, str],
        errors: Sequence[Wrong] = (),
        status: int = 422,
    ) -> Response:
        return visit.render(
            "isletmen_sistem.html",
            status=status if errors else 200,
            system=found,
            values=values,
            back=f"/konsol{self.base}",
            errors=errors,
        )

    async def _found(self, visit: Visit) -> System | None:
        """The system of the address, if the visitor may know of it."""
        number = int(visit.path["number"])
        institution = visit.person.institution if self.own else None

        def look(at: Connection) -> System | None:
            found = systems.listing(at, institution=institution)
            return next((one for one in found if one.number == number), None)

        return await visit.read(look)
