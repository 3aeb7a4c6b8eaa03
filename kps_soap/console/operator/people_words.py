"""What the rules of people said, for a page: who acts, what is wrong, and with which status.

Also whom or which institution a page is about, as far as the visitor may know of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from kps_soap.agreements.agreement import Agreement
from kps_soap.agreements.problems import nearest
from kps_soap.console.forms import Changed, Wrong
from kps_soap.console.operator.looking import Mistake
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import keeping
from kps_soap.people.person import Actor, Person
from kps_soap.people.problems import ChangedMeanwhile, NotAllowed, PeopleError

Done = TypeVar("Done")


def actor_of(visit: Visit) -> Actor:
    """Whoever is signed in, as the one who acts."""
    return Actor.of(visit.person.person)


def problems_of(visit: Visit, error: PeopleError) -> list[Wrong]:
    """Every problem in the visitor's language, each said once."""
    told = (
        Wrong(one.field, one.english if visit.language == "en" else one.turkish)
        for one in error.problems
    )
    return list(dict.fromkeys(told))


def status_of(error: PeopleError) -> int:
    """The HTTP status of an act that cannot be done."""
    return 403 if isinstance(error, NotAllowed) else 422


class NotDone(Exception):
    """An act that was not done: everything that is wrong, and the HTTP status of the page."""

    def __init__(self, errors: list[Wrong], status: int) -> None:
        super().__init__("not done")
        self.errors = errors
        self.status = status


async def acted(
    visit: Visit,
    event: Event,
    work: Callable[[Connection], Done],
    *,
    errors: Sequence[Wrong] = (),
    about: str,
    reason: str,
    institution: str,
) -> Done:
    """Do an act about people with its record; raises ``NotDone`` and ``Changed``.

    ``errors`` are what is wrong with the form already: then nothing is done, but the rules are
    asked all the same, so that everything is told at once.
    """

    def whole(at: Connection) -> Done:
        done = work(at)
        if errors:
            raise PeopleError(())
        return done

    try:
        return await visit.act(event, whole, about=about, reason=reason, institution=institution)
    except ChangedMeanwhile:
        raise Changed from None
    except PeopleError as error:
        told = {one.field for one in errors}
        more = [one for one in problems_of(visit, error) if one.field not in told]
        raise NotDone([*errors, *more], status_of(error)) from None


def wrongs(visit: Visit, mistakes: Iterable[Mistake]) -> list[Wrong]:
    """Mistakes of a form in the visitor's language."""
    return [Wrong(field, visit.t(key)) for field, key in mistakes]


async def person_at(visit: Visit, *, own: bool) -> Person | None:
    """The person of the address, if the visitor may know of them.

    ``own`` narrows everybody to the visitor's institution.
    """
    person_id = visit.path["person"]
    found = await visit.read(lambda at: keeping.find(at, person_id, now=visit.now))
    if found is not None and own and found.institution != visit.person.institution:
        return None
    return found


def agreements_of(visit: Visit, institution: str) -> list[Agreement]:
    """The agreements in force of an institution; none for a code that nobody has."""
    return list(visit.house.book.current().of_institution(institution))


def institution_wrong(visit: Visit, code: str) -> list[Wrong]:
    """What is wrong with the code of an institution; the nearest one is named."""
    known = {one.institution.code for one in visit.house.book.current().agreements}
    if code in known:
        return []
    if not code:
        return [Wrong("institution", visit.t("operator.wrong.institution_missing"))]
    near = nearest(code, known)
    key = "operator.wrong.institution_near" if near else "operator.wrong.institution"
    return [Wrong("institution", visit.t(key, near=near) if near else visit.t(key))]
