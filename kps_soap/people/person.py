"""One person as the gateway knows them, and whoever acts upon people.

Values only: what a person may do on a day follows from state and dates here, and from nothing
else.  No secret is part of a ``Person``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from kps_soap.audit.months import moment_of
from kps_soap.people.roles import INQUIRERS, MACHINES, Right, Role, rights_of

OPEN: Final = "ACIK"
BLOCKED: Final = "BLOKE"
LEFT: Final = "AYRILDI"

#: Who blocked somebody: the centre's block beats the institution's own (domain §5.14).
BY_CENTRE: Final = "MERKEZ"
BY_INSTITUTION: Final = "KURUM"


class Unchanged(Enum):
    """The mark of what an edit leaves as it is; ``None`` is a value of its own."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a name here.  ``institution`` is empty at the centre.

    ``locked_until`` is None unless wrong passwords lock the log-in now.  ``row_version`` is for
    edits of the same row at once; ``shut_by`` says who blocked, where somebody did.
    ``password_at`` is when the present password was chosen.  ``temporary`` is 0 for who stays, 1
    for who is here for a while (§5.16), and 2 for whom that was renewed once.
    """

    person_id: str
    institution: str
    name: str
    unit: str
    inquirer: str
    roles: frozenset[Role]
    state: str
    valid_from: date
    valid_until: date | None
    deputy_for: str
    deputy_until: date | None
    must_change: bool
    has_password: bool
    enrolled: bool
    locked_until: datetime | None
    changed_at: datetime
    row_version: int
    shut_by: str = ""
    password_at: datetime | None = None
    temporary: int = 0

    @property
    def rights(self) -> frozenset[Right]:
        """What the roles allow; whether the person stands at all is ``stands_on``."""
        return rights_of(self.roles)

    @property
    def logs_in(self) -> bool:
        """Whether this is somebody with a log-in, not a machine."""
        return not self.roles <= MACHINES

    @property
    def inquires(self) -> bool:
        """Whether the name may stand in a call."""
        return not INQUIRERS.isdisjoint(self.roles)

    def stands_on(self, day: date) -> str:
        """Why this person may do nothing on a civil day of Istanbul; empty if they may."""
        if self.state == LEFT:
            return "has left"
        if self.state == BLOCKED:
            return "is blocked"
        if day < self.valid_from:
            return f"is valid from {self.valid_from}"
        if self.valid_until is not None and day > self.valid_until:
            return f"was valid until {self.valid_until}"
        return ""

    def deputises_on(self, day: date) -> str:
        """The id of the person whom this one stands in for on a day, or an empty string."""
        until = self.deputy_until
        return self.deputy_for if until is not None and day <= until else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody to be added; without ``inquirer`` calls state the id."""

    person_id: str
    name: str
    roles: frozenset[Role]
    valid_from: date
    institution: str = ""
    unit: str = ""
    inquirer: str = ""
    valid_until: date | None = None
    temporary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an edit changes; the rest stays as it is."""

    name: str | Unchanged = UNCHANGED
    unit: str | Unchanged = UNCHANGED
    inquirer: str | Unchanged = UNCHANGED
    roles: frozenset[Role] | Unchanged = UNCHANGED
    valid_from: date | Unchanged = UNCHANGED
    valid_until: date | None | Unchanged = UNCHANGED
    deputy_for: str | Unchanged = UNCHANGED
    deputy_until: date | None | Unchanged = UNCHANGED

    def stated(self) -> dict[str, Any]:
        """The fields that change, by name."""
        every = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in every.items() if value is not UNCHANGED}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person of the console, or an operator at the command line."""

    person_id: str
    institution: str
    rights: frozenset[Right]

    @classmethod
    def of(cls, person: Person) -> Actor:
        """A person who is logged in."""
        return cls(person.person_id, person.institution, person.rights)

    @classmethod
    def operator(cls, name: str) -> Actor:
        """Whoever runs commands on the gateway's own machine."""
        return cls(name, "", rights_of({Role.CENTRE}))

    def may(self, right: Right) -> bool:
        """Whether one right is among the actor's."""
        return right in self.rights

    def manages(self, institution: str) -> bool:
        """Whether the people of an institution, or of the centre, are the actor's to keep."""
        if self.may(Right.MANAGE_ALL_PEOPLE) and not self.institution:
            return True
        own = self.institution == institution != ""
        return own and self.may(Right.MANAGE_OWN_PEOPLE)


def person_of(row: Any, *, now: datetime) -> Person:
    """A row of ``people_models.people`` as a person."""
    locked = row.locked_until_us
    return Person(
        person_id=row.person_id,
        institution=row.institution,
        name=row.name,
        unit=row.unit,
        inquirer=row.inquirer,
        roles=frozenset(map(Role, row.roles.split())),
        state=row.state,
        valid_from=date.fromisoformat(row.valid_from),
        valid_until=day_or_none(row.valid_until),
        deputy_for=row.deputy_for,
        deputy_until=day_or_none(row.deputy_until),
        must_change=bool(row.must_change),
        has_password=row.password_hash is not None,
        enrolled=row.code_secret is not None,
        locked_until=moment_of(locked) if moment_of(locked) > now else None,
        changed_at=moment_of(row.changed_us),
        row_version=row.row_version,
        shut_by=row.shut_by,
        password_at=moment_of(row.password_us) if row.password_us else None,
        temporary=row.temporary,
    )


def day_or_none(text: str | None) -> date | None:
    """A stored day."""
    return None if text is None else date.fromisoformat(text)
