"""Pages about what a person may do: the share of the agreement, and special categories.

A share can only narrow.  Special categories of personal data need four eyes: one asks here,
another decides on the page of what waits.  Like the pages of people these stand at two places,
for the centre and for an institution's administrator, and who may change whom is decided by the
rules of people alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.console.forms import Wrong
from kps_soap.console.operator import shares
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.operator.people_forms import read_row_version
from kps_soap.console.operator.people_words import (
    NotDone,
    acted,
    actor_of,
    agreements_of,
    person_at,
    wrongs,
)
from kps_soap.console.operator.shares import Granted
from kps_soap.console.pages import Page
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import approvals, narrowings
from kps_soap.people.approvals import Approval, Kind
from kps_soap.people.narrowings import Narrowing
from kps_soap.people.person import LEFT, Person
from kps_soap.people.roles import Right

#: Boxes of one form; a form with more is not read.
_BOXES_MAX: Final = 380
_OWN: Final = "operator.people.itself"


@dataclass(frozen=True, slots=True)
class SharePages:
    """The pages below the address of a person.  ``own`` narrows to the visitor's institution."""

    base: str
    own: bool

    def pages(self, needs: Right) -> tuple[Page, ...]:
        """All of them; the way to each is the person's page."""
        place = f"{self.base}/{{person}}"
        return (
            Page(f"{place}/pay", needs, self.show_share, self.share),
            Page(f"{place}/pay/{{service}}", needs, self.show_service, self.narrow),
            Page(f"{place}/ozel", needs, self.show_special, self.special),
        )

    # The share as a whole.

    async def show_share(self, visit: Visit) -> Response:
        """Which services are the person's."""
        return await self._share_page(visit)

    async def share(self, visit: Visit) -> Response:
        """Let the person have the ticked services only, or all that the agreement grants."""
        person = await person_at(visit, own=self.own)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        mistakes: list[Mistake] = []
        reason, what = read_reason(visit.form, mistakes), visit.form.get("what", "")
        services = shares.granted_services(agreements_of(visit, person.institution))
        boxes = [shares.box("s", name) for name in services]
        if what not in ("some", "all"):
            mistakes.append(("what", "operator.wrong.choice"))
        elif what == "some" and not any(visit.form.get(one) for one in boxes):
            mistakes.append(("services", "operator.share.none_ticked"))
        if mistakes:
            return await self._share_page(visit, wrongs(visit, mistakes))

        def wanted(held: Sequence[Narrowing]) -> list[Narrowing]:
            if what == "all":
                return []
            return shares.with_services(services, held, person.person_id, visit.form)

        return await self._narrowed(visit, person, wanted, reason, what)

    async def _narrowed(
        self, visit: Visit, person: Person, wanted: Any, reason: str, about: str
    ) -> Response:
        """Put a share in place of the one that the page showed, on record."""
        agreements, by = agreements_of(visit, person.institution), actor_of(visit)

        def work(at: Connection) -> None:
            narrowings.replace(
                at,
                person.person_id,
                wanted(narrowings.of(at, person.person_id)),
                agreements=agreements,
                row_version=read_row_version(visit.form),
                by=by,
                now=visit.now,
            )

        try:
            await acted(
                visit,
                Event.PERSON_NARROWED,
                work,
                about=f"{person.person_id}: {about}",
                reason=reason,
                institution=person.institution,
            )
        except NotDone as told:
            return await self._share_page(visit, told.errors, told.status)
        return visit.go(f"{self._place(person)}/pay", "operator.share.saved")

    async def _share_page(
        self, visit: Visit, errors: Sequence[Wrong] = (), status: int = 422
    ) -> Response:
        person = await person_at(visit, own=self.own)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        held = await visit.read(lambda at: narrowings.of(at, person.person_id))
        services = shares.granted_services(agreements_of(visit, person.institution))
        return visit.render(
            "isletmen_pay.html",
            status=status if errors else 200,
            **self._who(visit, person),
            rows=shares.share_rows(services, held),
            whole=not held,
            form=visit.form,
            errors=errors,
        )

    # One service of it.

    async def show_service(self, visit: Visit) -> Response:
        """The purposes and fields of one service, with what of them is the person's."""
        person = await person_at(visit, own=self.own)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        version = visit.query.get("surum", "")
        held = await visit.read(lambda at: narrowings.of(at, person.person_id))
        granted = self._granted(visit, person, version)
        if granted is None:
            return visit.refused("operator.share.service_unknown", status=404)
        mine = shares.held_for(held, granted.service, version)
        return self._service_page(visit, person, version, shares.ticked(mine, granted), held)

    async def narrow(self, visit: Visit) -> Response:
        """Narrow one service to the ticked purposes and fields."""
        person = await person_at(visit, own=self.own)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        version = visit.form.get("version", "")
        granted = self._granted(visit, person, version)
        if granted is None:
            return visit.refused("operator.share.service_unknown", status=404)
        mistakes: list[Mistake] = []
        reason = read_reason(visit.form, mistakes)
        purposes = shares.chosen(visit.form, "p", granted.purposes)
        fields = shares.chosen(visit.form, "f", granted.leaves)
        if granted.purposes and not purposes:
            mistakes.append(("purposes", "operator.share.no_purpose"))
        if granted.leaves and not fields:
            mistakes.append(("fields", "operator.share.no_field"))
        if mistakes:
            held = await visit.read(lambda at: narrowings.of(at, person.person_id))
            errors = wrongs(visit, mistakes)
            return self._service_page(visit, person, version, visit.form, held, errors)
        new = Narrowing(
            person.person_id,
            granted.service,
            version,
            frozenset(shares.all_or(purposes, granted.purposes)),
            shares.all_or(fields, granted.leaves),
        )
        services = shares.granted_services(agreements_of(visit, person.institution))

        def wanted(held: Sequence[Narrowing]) -> list[Narrowing]:
            return shares.with_one(services, held, new)

        about = f"{granted.service} {version}".strip()
        return await self._narrowed(visit, person, wanted, reason, about)

    def _granted(self, visit: Visit, person: Person, version: str) -> Granted | None:
        """The service of the address, or one version of it, as the institution has it."""
        services = shares.granted_services(agreements_of(visit, person.institution))
        found = services.get(visit.path["service"])
        if found is None or version not in ("", *found.versions):
            return None
        return found.of_version(version)

    def _service_page(
        self,
        visit: Visit,
        person: Person,
        version: str,
        values: Mapping[str, str],
        held: Sequence[Narrowing],
        errors: Sequence[Wrong] = (),
    ) -> Response:
        granted = self._granted(visit, person, version)
        every = self._granted(visit, person, "")
        if granted is None or every is None:
            return visit.refused("operator.share.service_unknown", status=404)
        sections = groupby(granted.leaves, lambda leaf: leaf.rpartition("/")[0])
        return visit.render(
            "isletmen_pay_servis.html",
            status=422 if errors else 200,
            **self._who(visit, person),
            granted=granted,
            version=version,
            versions=every.versions,
            named={one.version for one in held if one.service == granted.service},
            too_many=len(granted.leaves) + len(granted.purposes) > _BOXES_MAX,
            sections=[(name, list(leaves)) for name, leaves in sections],
            box=shares.box,
            values=values,
            form=visit.form,
            errors=errors,
        )

    # Special categories.

    async def show_special(self, visit: Visit) -> Response:
        """Of which services the person may see special categories, and what was asked."""
        return await self._special_page(visit)

    async def special(self, visit: Visit) -> Response:
        """Ask for the special categories of a service, or take them away."""
        person = await person_at(visit, own=self.own)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        if person.person_id == visit.person.person_id:
            return visit.refused(_OWN, status=403)
        mistakes: list[Mistake] = []
        reason, what = read_reason(visit.form, mistakes), visit.form.get("what", "")
        service = visit.form.get("service", "")
        rows = shares.special_rows(*await self._special_of(visit, person))
        offered = {row.granted.service for row in rows if row.allowed == (what == "withdraw")}
        if service not in offered:
            mistakes.append(("service", "operator.special.which"))
        if what not in ("ask", "withdraw"):
            mistakes.append(("what", "operator.wrong.choice"))
        if mistakes:
            return await self._special_page(visit, wrongs(visit, mistakes))
        try:
            if what == "ask":
                await ask(visit, person, Kind.SPECIAL_FIELDS, {"service": service}, reason)
            else:
                await self._withdraw(visit, person, service, reason)
        except NotDone as told:
            return await self._special_page(visit, told.errors, told.status)
        return visit.go(f"{self._place(person)}/ozel", f"operator.special.{what}_done")

    async def _withdraw(self, visit: Visit, person: Person, service: str, reason: str) -> None:
        by = actor_of(visit)
        await acted(
            visit,
            Event.PERSON_NARROWED,
            lambda at: narrowings.withdraw_special(
                at, person.person_id, service, by=by, now=visit.now
            ),
            about=f"{person.person_id}: {service}, special categories withdrawn",
            reason=reason,
            institution=person.institution,
        )

    async def _special_of(
        self, visit: Visit, person: Person
    ) -> tuple[dict[str, Granted], frozenset[str], tuple[Approval, ...]]:
        services = shares.granted_services(agreements_of(visit, person.institution))

        def look(at: Connection) -> tuple[frozenset[str], tuple[Approval, ...]]:
            allowed = narrowings.special_services(at, person.person_id)
            return allowed, approvals.about(at, person.person_id, now=visit.now)

        return services, *await visit.read(look)

    async def _special_page(
        self, visit: Visit, errors: Sequence[Wrong] = (), status: int = 422
    ) -> Response:
        person = await person_at(visit, own=self.own)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        services, allowed, requests = await self._special_of(visit, person)
        return visit.render(
            "isletmen_ozel.html",
            status=status if errors else 200,
            **self._who(visit, person),
            rows=shares.special_rows(services, allowed, requests),
            decided=shares.decided,
            requests=requests,
            form=visit.form,
            errors=errors,
        )

    # What all of them show.

    def _who(self, visit: Visit, person: Person) -> dict[str, Any]:
        may = person.person_id != visit.person.person_id and person.state != LEFT
        place = f"/konsol{self._place(person)}"
        return {"person": person, "may_change": may, "place_of": place}

    def _place(self, person: Person) -> str:
        return f"{self.base}/{quote(person.person_id, safe='@')}"


async def ask(
    visit: Visit, person: Person, kind: Kind, what: Mapping[str, str], reason: str
) -> Approval:
    """Ask for something that another must allow, on record; raises ``NotDone``."""
    by = actor_of(visit)
    return await acted(
        visit,
        Event.APPROVAL_ASKED,
        lambda at: approvals.ask(
            at, kind, person.person_id, what, by=by, reason=reason, now=visit.now
        ),
        about=" ".join([f"{person.person_id}: {kind.value}", *what.values()]),
        reason=reason,
        institution=person.institution,
    )
