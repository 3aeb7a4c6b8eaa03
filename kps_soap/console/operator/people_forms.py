"""The forms about people: what was typed, as the values that the rules of people take.

Days that are none are told here, with everything that the rules find wrong; who may do what,
and what fits together, is theirs alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from kps_soap.console.operator.looking import Mistake, read_day, read_reason
from kps_soap.people.person import Changes, NewPerson
from kps_soap.people.roles import AT_THE_CENTRE, GIVEN_BY_ADMINISTRATORS, Role

#: The field of a role's box is this and the role.
ROLE: Final = "role_"


@dataclass(frozen=True, slots=True)
class Adding:
    """Somebody to add, and why."""

    new: NewPerson
    reason: str


@dataclass(frozen=True, slots=True)
class Editing:
    """What to change of somebody as the page showed them, and why."""

    changes: Changes
    row_version: int
    reason: str


def offered_roles(*, institution: str | None) -> tuple[Role, ...]:
    """The roles that a form offers: an institution's administrators give fewer.

    ``institution`` is the one whose people somebody keeps, None where it is everybody's.
    """
    if institution is None:
        return tuple(Role)
    return tuple(role for role in Role if role in GIVEN_BY_ADMINISTRATORS)


def roles_of_kind(*, centre: bool) -> tuple[Role, ...]:
    """The roles that somebody of the centre, or of an institution, can have."""
    return tuple(role for role in Role if (role in AT_THE_CENTRE) == centre)


def read_adding(
    form: Mapping[str, str], *, institution: str | None, today: date
) -> Adding | list[Mistake]:
    """A new person, or every mistake that shows before the rules are asked."""
    mistakes: list[Mistake] = []
    reason = read_reason(form, mistakes)
    valid_from = read_day(form, "valid_from", mistakes)
    valid_until = read_day(form, "valid_until", mistakes)
    if mistakes:
        return mistakes
    new = NewPerson(
        person_id=form.get("person_id", ""),
        institution=form.get("institution", "") if institution is None else institution,
        name=form.get("name", ""),
        unit=form.get("unit", ""),
        inquirer=form.get("inquirer", ""),
        roles=read_roles(form),
        valid_from=valid_from or today,
        valid_until=valid_until,
        temporary=form.get("temporary") == "1",
    )
    return Adding(new, reason)


def read_editing(form: Mapping[str, str], *, today: date) -> Editing | list[Mistake]:
    """The changed data of somebody, or every mistake that shows before the rules are asked."""
    mistakes: list[Mistake] = []
    reason = read_reason(form, mistakes)
    days = {
        name: read_day(form, name, mistakes)
        for name in ("valid_from", "valid_until", "deputy_until")
    }
    if mistakes:
        return mistakes
    changes = Changes(
        name=form.get("name", ""),
        unit=form.get("unit", ""),
        inquirer=form.get("inquirer", ""),
        roles=read_roles(form),
        valid_from=days["valid_from"] or today,
        valid_until=days["valid_until"],
        deputy_for=form.get("deputy_for", ""),
        deputy_until=days["deputy_until"],
    )
    return Editing(changes, read_row_version(form), reason)


def read_roles(form: Mapping[str, str]) -> frozenset[Role]:
    """The roles whose boxes are ticked."""
    return frozenset(role for role in Role if form.get(f"{ROLE}{role.value}") == "1")


def read_row_version(form: Mapping[str, str]) -> int:
    """The version of the row that the page showed; none that exists for any other text."""
    text = form.get("row_version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
