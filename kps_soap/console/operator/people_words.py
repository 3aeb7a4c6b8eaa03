"""What the rules of people said, for a page: who acts, what is wrong, and with which status."""

from __future__ import annotations

from kps_soap.console.forms import Wrong
from kps_soap.console.visit import Visit
from kps_soap.people.person import Actor
from kps_soap.people.problems import NotAllowed, PeopleError


def actor_of(visit: Visit) -> Actor:
    """Whoever is signed in, as the one who acts."""
    return Actor.of(visit.person.person)


def problems_of(visit: Visit, error: PeopleError) -> list[Wrong]:
    """Every problem in the visitor's language."""
    return [
        Wrong(one.field, one.english if visit.language == "en" else one.turkish)
        for one in error.problems
    ]


def status_of(error: PeopleError) -> int:
    """The HTTP status of an act that cannot be done."""
    return 403 if isinstance(error, NotAllowed) else 422
