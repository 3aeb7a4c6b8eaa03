"""Pages about people: who they are, add and change them, block, let go, give a password.

The same pages stand at two places: for the centre over everybody, and for an institution's
administrator over the own people.  Who may do what is decided by the rules of people alone; a
change is made for what the page showed, and the later of two is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.audit.months import ISTANBUL
from kps_soap.console.forms import Changed, Wrong
from kps_soap.console.operator import people_forms
from kps_soap.console.operator.looking import Mistake, read_day, read_reason
from kps_soap.console.operator.people_forms import Adding, Editing
from kps_soap.console.operator.people_words import (
    NotDone,
    acted,
    actor_of,
    institution_wrong,
    person_at,
    problems_of,
    status_of,
    wrongs,
)
from kps_soap.console.operator.share_pages import ask
from kps_soap.console.pages import Page
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import approvals, keeping, narrowings, passwords
from kps_soap.people.approvals import Kind
from kps_soap.people.person import BLOCKED, BY_CENTRE, LEFT, OPEN, Person
from kps_soap.people.problems import ChangedMeanwhile, PeopleError
from kps_soap.people.roles import Right

_MOST: Final = 50
_STATES: Final = (OPEN, BLOCKED, LEFT)

_Act = Callable[[Connection, Visit, Person], Any]


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The pages below one address.  ``own`` narrows them to the visitor's institution."""

    base: str
    own: bool

    def pages(self, needs: Right, menu: str, group: str) -> tuple[Page, ...]:
        """All of them; the list has an entry in the navigation."""
        return (
            Page(self.base, needs, self.show_list, menu=menu, group=group),
            Page(f"{self.base}/yeni", needs, self.show_new, self.add),
            Page(f"{self.base}/{{person}}/duzenle", needs, self.show_edit, self.edit),
            Page(f"{self.base}/{{person}}", needs, self.show_one, self.act),
        )

    async def show_list(self, visit: Visit) -> Response:
        """Some people by id, narrowed by words, institution and state."""
        query = visit.query
        institution = query.get("kurum") or None
        state = query.get("durum", "")

        def look(at: Connection) -> keeping.Page:
            return keeping.listing(
                at,
                now=visit.now,
                institution=visit.person.institution if self.own else institution,
                text=query.get("q", ""),
                state=state if state in _STATES else "",
                after=query.get("sonra", ""),
                most=_MOST,
            )

        found = await visit.read(look)
        return visit.render(
            "isletmen_kisiler.html",
            page=found,
            query=query,
            states=_STATES,
            own=self.own,
            base=f"/konsol{self.base}",
            seats=f"/konsol{self.base.replace('kisiler', 'kontenjanlar')}",
            following=self._following(visit, found.following),
        )

    def _following(self, visit: Visit, after: str) -> str:
        if not after:
            return ""
        kept = {name: visit.query.get(name, "") for name in ("q", "kurum", "durum")}
        pairs = [f"{name}={quote(value)}" for name, value in kept.items() if value]
        return "?" + "&".join([*pairs, f"sonra={quote(after)}"])

    async def show_new(self, visit: Visit) -> Response:
        """The empty form."""
        return self._new_page(visit, [])

    async def add(self, visit: Visit) -> Response:
        """Add somebody, on record."""
        wanted = people_forms.read_adding(
            visit.form,
            institution=visit.person.institution if self.own else None,
            today=visit.now.astimezone(ISTANBUL).date(),
        )
        if not isinstance(wanted, Adding):
            return self._new_page(visit, wrongs(visit, wanted))
        by, new = actor_of(visit), wanted.new
        try:
            await acted(
                visit,
                Event.PERSON_ADDED,
                lambda at: keeping.add(at, new, by=by, now=visit.now),
                errors=institution_wrong(visit, new.institution) if new.institution else (),
                about=new.person_id,
                reason=wanted.reason,
                institution=new.institution,
            )
        except NotDone as told:
            return self._new_page(visit, told.errors, told.status)
        return visit.go(self._place(new.person_id), "operator.people.added")

    def _new_page(self, visit: Visit, errors: list[Wrong], status: int = 422) -> Response:
        institution = visit.person.institution if self.own else None
        return visit.render(
            "isletmen_kisi_yeni.html",
            status=status if errors else 200,
            form=visit.form,
            errors=errors,
            roles=people_forms.offered_roles(institution=institution),
            own=self.own,
            base=f"/konsol{self.base}",
        )

    async def show_edit(self, visit: Visit) -> Response:
        """The form with somebody's data."""
        person = await self._person(visit)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        return self._edit_page(visit, person, _data_of(person), [])

    async def edit(self, visit: Visit) -> Response:
        """Change somebody's data, on record."""
        person = await self._person(visit)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        wanted = people_forms.read_editing(visit.form, today=visit.now.astimezone(ISTANBUL).date())
        if not isinstance(wanted, Editing):
            return self._edit_page(visit, person, visit.form, wrongs(visit, wanted))
        by = actor_of(visit)
        try:
            await visit.act(
                Event.PERSON_CHANGED,
                lambda at: keeping.change(
                    at,
                    person.person_id,
                    wanted.changes,
                    row_version=wanted.row_version,
                    by=by,
                    now=visit.now,
                ),
                about=person.person_id,
                reason=wanted.reason,
                institution=person.institution,
            )
        except ChangedMeanwhile:
            raise Changed from None
        except PeopleError as error:
            errors = problems_of(visit, error)
            return self._edit_page(visit, person, visit.form, errors, status_of(error))
        return visit.go(self._place(person.person_id), "operator.people.changed")

    def _edit_page(
        self,
        visit: Visit,
        person: Person,
        values: Any,
        errors: list[Wrong],
        status: int = 422,
    ) -> Response:
        offered = people_forms.roles_of_kind(centre=not person.institution)
        if self.own:
            given = people_forms.offered_roles(institution=person.institution)
            offered = tuple(role for role in offered if role in given or role in person.roles)
        return visit.render(
            "isletmen_kisi_duzenle.html",
            status=status if errors else 200,
            person=person,
            values=values,
            errors=errors,
            roles=offered,
            back=f"/konsol{self._place(person.person_id)}",
        )

    async def show_one(self, visit: Visit) -> Response:
        """One person with what can be done."""
        return await self._page(visit, [])

    async def act(self, visit: Visit) -> Response:
        """Block, open, let go, take back, or give a password for one log-in."""
        person = await self._person(visit)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)
        mistakes: list[Mistake] = []
        reason, what = read_reason(visit.form, mistakes), visit.form.get("what", "")
        read_day(visit.form, "on", mistakes)
        if what not in _ACTS and what not in _PASSWORDS and what != _ASK:
            mistakes.append(("what", "operator.wrong.choice"))
        if mistakes:
            return await self._page(visit, wrongs(visit, mistakes))
        try:
            if what in _PASSWORDS:
                return await self._new_password(visit, person, reason, what)
            if what == _ASK:
                await ask(visit, person, Kind.UNBLOCK_CENTRAL, {}, reason)
                return visit.go(self._place(person.person_id), "operator.people.ask_unblock_done")
            event, work = _ACTS[what]
            await visit.act(
                event,
                lambda at: work(at, visit, person),
                about=person.person_id,
                reason=reason,
                institution=person.institution,
            )
        except ChangedMeanwhile:
            raise Changed from None
        except PeopleError as error:
            return await self._page(visit, problems_of(visit, error), status_of(error))
        except NotDone as told:
            return await self._page(visit, told.errors, told.status)
        return visit.go(self._place(person.person_id), f"operator.people.{what}_done")

    async def _new_password(self, visit: Visit, person: Person, reason: str, what: str) -> Response:
        if people_forms.read_row_version(visit.form) != person.row_version:
            raise Changed
        password = passwords.one_time_password(visit.house.random_bytes)
        hashed = await visit.aside(lambda: passwords.new_hash(password))
        by, drop_code = actor_of(visit), what == "password_and_code"

        def work(at: Connection) -> None:
            passwords.set_initial(
                at, person.person_id, hashed, by=by, now=visit.now, drop_code=drop_code
            )

        await visit.act(
            Event.PERSON_PASSWORD,
            work,
            about=person.person_id,
            reason=reason,
            institution=person.institution,
        )
        return visit.render(
            "isletmen_kisi_parola.html",
            person=person,
            password=password,
            back=f"/konsol{self._place(person.person_id)}",
        )

    async def _page(self, visit: Visit, errors: list[Wrong], status: int = 422) -> Response:
        person = await self._person(visit)
        if person is None:
            return visit.refused("operator.person_unknown", status=404)

        def look(at: Connection) -> tuple[Any, ...]:
            special = narrowings.special_services(at, person.person_id)
            requests = approvals.about(at, person.person_id, now=visit.now)
            return narrowings.of(at, person.person_id), sorted(special), requests

        held, special, requests = await visit.read(look)
        today = visit.now.astimezone(ISTANBUL).date()
        return visit.render(
            "isletmen_kisi.html",
            status=status if errors else 200,
            person=person,
            narrowings=held,
            special=special,
            waiting=[one for one in requests if one.state == approvals.WAITING],
            asks=self.own and person.state == BLOCKED and person.shut_by == BY_CENTRE,
            stands=not person.stands_on(today),
            itself=person.person_id == visit.person.person_id,
            form=visit.form,
            errors=errors,
            place_of=f"/konsol{self._place(person.person_id)}",
            centre=not self.own,
        )

    async def _person(self, visit: Visit) -> Person | None:
        return await person_at(visit, own=self.own)

    def _place(self, person_id: str) -> str:
        return f"{self.base}/{quote(person_id, safe='@')}"


def _block(at: Connection, visit: Visit, person: Person) -> Person:
    return keeping.block(at, person.person_id, **_given(visit))


def _unblock(at: Connection, visit: Visit, person: Person) -> Person:
    return keeping.unblock(at, person.person_id, **_given(visit))


def _leave(at: Connection, visit: Visit, person: Person) -> Person:
    today = visit.now.astimezone(ISTANBUL).date()
    on = read_day(visit.form, "on", []) or today
    return keeping.leave(at, person.person_id, on=on, **_given(visit))


def _reactivate(at: Connection, visit: Visit, person: Person) -> Person:
    until = read_day(visit.form, "on", [])
    return keeping.reactivate(at, person.person_id, valid_until=until, **_given(visit))


def _given(visit: Visit) -> dict[str, Any]:
    version = people_forms.read_row_version(visit.form)
    return {"by": actor_of(visit), "now": visit.now, "row_version": version}


_ACTS: Final[dict[str, tuple[Event, _Act]]] = {
    "block": (Event.PERSON_BLOCKED, _block),
    "unblock": (Event.PERSON_OPENED, _unblock),
    "leave": (Event.PERSON_LEFT, _leave),
    "reactivate": (Event.PERSON_OPENED, _reactivate),
}
_PASSWORDS: Final = ("password", "password_and_code")
#: An institution asks the centre to lift a block of its own.
_ASK: Final = "ask_unblock"


def _data_of(person: Person) -> dict[str, str]:
    """Somebody's data as the form would send them."""
    days = {
        name: "" if day is None else day.isoformat()
        for name, day in (
            ("valid_from", person.valid_from),
            ("valid_until", person.valid_until),
            ("deputy_until", person.deputy_until),
        )
    }
    return {
        "name": person.name,
        "unit": person.unit,
        "inquirer": person.inquirer,
        "deputy_for": person.deputy_for,
        **days,
        **{f"{people_forms.ROLE}{role.value}": "1" for role in person.roles},
    }
