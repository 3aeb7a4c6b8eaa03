"""Adding, changing, blocking people, and letting them go; and finding them again.

Every act is one change of the caller's transaction, so that it and its record are one.  Nobody
is ever deleted: who has left stays known as somebody who has left, and their inquirer is never
given to somebody else.  Passwords and codes are other modules'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from kps_soap import turkish
from kps_soap.audit.months import microseconds
from kps_soap.models import credentials
from kps_soap.people import checks, rows, seats
from kps_soap.people.person import (
    BLOCKED,
    BY_CENTRE,
    BY_INSTITUTION,
    LEFT,
    OPEN,
    Actor,
    Changes,
    NewPerson,
    Person,
    person_of,
)
from kps_soap.people.problems import (
    ChangedMeanwhile,
    PeopleError,
    Problem,
    not_allowed,
    require,
)
from kps_soap.people_models import people, special_shares

PAGE_MOST = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Some people by id; ``following`` is where the next page begins, empty at the end."""

    people: tuple[Person, ...]
    following: str


def find(connection: Connection, person_id: str, *, now: datetime) -> Person | None:
    """The person with an id."""
    row = connection.execute(select(people).where(people.c.person_id == person_id)).first()
    return None if row is None else person_of(row, now=now)


def find_by_inquirer(
    connection: Connection, institution: str, inquirer: str, *, now: datetime
) -> Person | None:
    """The person whom an institution's calls name so."""
    row = connection.execute(
        select(people).where(people.c.institution == institution, people.c.inquirer == inquirer)
    ).first()
    return None if row is None else person_of(row, now=now)


def listing(
    connection: Connection,
    *,
    now: datetime,
    institution: str | None = None,
    text: str = "",
    state: str = "",
    after: str = "",
    most: int = 50,
) -> Page:
    """A page of people by id, beginning behind ``after``.

    ``institution`` None is everybody's; ``text`` is looked for in id, name and unit, in whatever
    case, Turkish letters included.
    """
    wanted = select(people).where(people.c.person_id > after).order_by(people.c.person_id)
    if institution is not None:
        wanted = wanted.where(people.c.institution == institution)
    if state:
        wanted = wanted.where(people.c.state == state)
    if text.strip():
        wanted = wanted.where(people.c.sought_by.contains(turkish.fold(text), autoescape=True))
    most = max(1, min(most, PAGE_MOST))
    found = connection.execute(wanted.limit(most + 1)).all()
    shown = tuple(person_of(row, now=now) for row in found[:most])
    return Page(shown, shown[-1].person_id if len(found) > most else "")


def count(connection: Connection, *, institution: str | None = None) -> int:
    """How many people there are, whatever their state."""
    wanted = select(func.count()).select_from(people)
    if institution is not None:
        wanted = wanted.where(people.c.institution == institution)
    return connection.execute(wanted).scalar_one()


def add(connection: Connection, new: NewPerson, *, by: Actor, now: datetime) -> Person:
    """Add somebody, who has no password yet.

    Raises ``NotAllowed``, and ``PeopleError`` with everything that is wrong.
    """
    if not by.manages(new.institution):
        raise not_allowed(
            "Bu kuruma kişi eklemeye yetkiniz yok.", "You may not add people to this institution."
        )
    rows.refuse_roles(by, new.roles)
    person = _tidied(_person(new, now))
    problems = [
        *checks.wrong_id(person.person_id),
        *checks.wrong_data(person),
        *checks.wrong_temporary(person, since=max(person.valid_from, rows.today(now))),
    ]
    require([*problems, *_taken(connection, person), *_no_seat(connection, None, person)])
    values = {
        **rows.columns_of(person),
        **rows.NO_FAILURES,
        "person_id": person.person_id,
        "institution": person.institution,
        "state": OPEN,
        "shut_by": "",
        "changed_us": microseconds(now),
        "row_version": 1,
        "login_version": 1,
        "must_change": 0,
        "code_step": 0,
    }
    if not rows.try_insert(connection, people, values):
        # Somebody else took the id or the inquirer at the same instant.
        require(_taken(connection, person))
        raise ChangedMeanwhile
    return replace(person, row_version=1)


def _person(new: NewPerson, now: datetime) -> Person:
    return Person(
        person_id=new.person_id,
        institution=new.institution,
        name=new.name,
        unit=new.unit,
        inquirer=new.inquirer or new.person_id,
        roles=new.roles,
        state=OPEN,
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        deputy_for="",
        deputy_until=None,
        must_change=False,
        has_password=False,
        enrolled=False,
        locked_until=None,
        changed_at=now,
        row_version=0,
        temporary=int(new.temporary),
    )


def _tidied(person: Person) -> Person:
    return replace(
        person,
        name=checks.tidy(person.name),
        unit=checks.tidy(person.unit),
        inquirer=checks.tidy(person.inquirer),
    )


def _taken(connection: Connection, person: Person) -> Iterator[Problem]:
    """Ids and inquirers are given once, and an id is no account's name."""
    account = select(credentials.c.account).where(credentials.c.account == person.person_id)
    if rows.row_of(connection, person.person_id) is not None or connection.execute(account).first():
        yield Problem("person_id", "Bu kullanıcı adı alınmış.", "This id is taken.")
    yield from _taken_inquirer(connection, person)


def _taken_inquirer(connection: Connection, person: Person) -> Iterator[Problem]:
    holder = connection.execute(
        select(people.c.person_id).where(
            people.c.institution == person.institution, people.c.inquirer == person.inquirer
        )
    ).scalar()
    if holder is not None and holder != person.person_id:
        yield Problem(
            "inquirer",
            "Bu sorgulayan başka birine verilmiş.",
            "This inquirer is somebody else's, or was.",
        )


def _no_seat(connection: Connection, before: Person | None, after: Person) -> Iterator[Problem]:
    joins = before is None or before.state == LEFT
    return seats.free_or_problem(
        connection,
        after.institution,
        after.unit,
        joins=joins,
        moves=joins or (before is not None and before.unit != after.unit),
    )


def change(
    connection: Connection,
    person_id: str,
    changes: Changes,
    *,
    row_version: int | None,
    by: Actor,
    now: datetime,
) -> Person:
    """Change somebody's data, roles, days or whom they stand in for.

    Raises ``NotAllowed``, ``ChangedMeanwhile``, and ``PeopleError`` with everything wrong.
    """
    row = rows.row_to_change(connection, person_id, row_version=row_version, by=by, now=now)
    before = person_of(row, now=now)
    after = _renewed(before, _tidied(replace(before, **changes.stated())))
    if before.state == LEFT:
        raise PeopleError([_has_left()])
    rows.refuse_roles(by, after.roles)
    other = find(connection, after.deputy_for, now=now) if after.deputy_for else None
    touched = (before.deputy_for, before.deputy_until) != (after.deputy_for, after.deputy_until)
    deputy = checks.wrong_deputy(after, other, today=rows.today(now)) if touched else ()
    require(
        [
            *checks.wrong_data(after),
            *_wrong_renewal(before, after, rows.today(now)),
            *deputy,
            *_taken_inquirer(connection, after),
            *_no_seat(connection, before, after),
        ]
    )
    return rows.write(
        connection,
        row,
        rows.columns_of(after),
        now=now,
        ends_sessions=before.roles != after.roles,
    )


def _renewed(before: Person, after: Person) -> Person:
    """With a later last day, or back again, somebody temporary is renewed."""
    if not before.temporary or before.valid_until is None:
        return after
    later = after.valid_until is None or after.valid_until > before.valid_until
    back = before.state == LEFT and after.state == OPEN
    return replace(after, temporary=before.temporary + 1) if later or back else after


def _wrong_renewal(before: Person, after: Person, today: date) -> Iterator[Problem]:
    """A renewal counts from today; what was agreed before is not judged again."""
    renewed = after.temporary > before.temporary
    return checks.wrong_temporary(after, since=today if renewed else None)


def _has_left() -> Problem:
    return Problem(
        "",
        "Ayrılmış biri değiştirilemez; önce yeniden başlatın.",
        "Somebody who has left cannot be changed; reactivate them first.",
    )


def block(
    connection: Connection,
    person_id: str,
    *,
    by: Actor,
    now: datetime,
    row_version: int | None = None,
) -> Person:
    """Block somebody, in effect on the next call and page.

    A block of the centre beats the institution's own.  Raises as ``change``.
    """
    row = rows.row_to_change(connection, person_id, row_version=row_version, by=by, now=now)
    shut_by = BY_INSTITUTION if by.institution else BY_CENTRE
    if row.state == LEFT:
        raise PeopleError([_has_left()])
    if row.state == BLOCKED and (by.institution or row.shut_by == BY_CENTRE):
        raise PeopleError([Problem("", "Zaten bloke.", "Is blocked already.")])
    return rows.write(connection, row, {"state": BLOCKED, "shut_by": shut_by}, now=now)


def unblock(
    connection: Connection,
    person_id: str,
    *,
    by: Actor,
    now: datetime,
    row_version: int | None = None,
) -> Person:
    """Lift a block, or a lock of wrong passwords; only the centre lifts its own block."""
    row = rows.row_to_change(connection, person_id, row_version=row_version, by=by, now=now)
    if row.state == LEFT:
        raise PeopleError([_has_left()])
    if row.state == OPEN and row.locked_until_us <= microseconds(now):
        raise PeopleError([Problem("", "Bloke değil.", "Is not blocked.")])
    if row.shut_by == BY_CENTRE and by.institution:
        raise not_allowed(
            "Merkezin koyduğu blokeyi yalnız merkez kaldırır.",
            "Only the centre lifts a block of the centre.",
        )
    values = {"state": OPEN, "shut_by": "", **rows.NO_FAILURES}
    return rows.write(connection, row, values, now=now)


def leave(
    connection: Connection,
    person_id: str,
    *,
    on: date,
    by: Actor,
    now: datetime,
    row_version: int | None = None,
) -> Person:
    """Let somebody go: at once if the day is today or past, else with that day as the last.

    Who has left has no password, no code and no share of special categories any more; the
    narrowings stay, so that nobody comes back with more than they had.
    """
    row = rows.row_to_change(connection, person_id, row_version=row_version, by=by, now=now)
    if row.state == LEFT:
        raise PeopleError([Problem("", "Zaten ayrılmış.", "Has left already.")])
    if on > rows.today(now):
        values: dict[str, Any] = {"valid_until": on.isoformat()}
        return rows.write(connection, row, values, now=now, ends_sessions=False)
    connection.execute(delete(special_shares).where(special_shares.c.person_id == person_id))
    return rows.write(
        connection,
        row,
        {
            "state": LEFT,
            "valid_until": on.isoformat(),
            "deputy_for": "",
            "deputy_until": None,
            **_NO_SECRETS,
        },
        now=now,
    )


_NO_SECRETS: dict[str, Any] = {
    "password_hash": None,
    "must_change": 0,
    "code_secret": None,
    **rows.NO_FAILURES,
}


def reactivate(
    connection: Connection,
    person_id: str,
    *,
    by: Actor,
    now: datetime,
    row_version: int | None = None,
    valid_until: date | None = None,
) -> Person:
    """Take somebody back from today on, without a password; a seat must be free.

    Only the centre takes back whom it had blocked.
    """
    row: Row[Any] = rows.row_to_change(
        connection, person_id, row_version=row_version, by=by, now=now
    )
    if row.state != LEFT:
        raise PeopleError([Problem("", "Ayrılmış değil.", "Has not left.")])
    if row.shut_by == BY_CENTRE and by.institution:
        raise not_allowed(
            "Merkezin bloke ettiği birini yalnız merkez yeniden başlatır.",
            "Only the centre takes back somebody whom it had blocked.",
        )
    before = person_of(row, now=now)
    today = rows.today(now)
    after = replace(before, state=OPEN, valid_from=today, valid_until=valid_until)
    after = _renewed(before, after)
    wrong = [*checks.wrong_data(after), *_wrong_renewal(before, after, today)]
    require([*wrong, *_no_seat(connection, before, after)])
    values = {**rows.columns_of(after), **_NO_SECRETS, "state": OPEN, "shut_by": ""}
    return rows.write(connection, row, values, now=now)
