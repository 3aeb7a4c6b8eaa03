"""Reading and writing the row of a person, for all who change one.

A change names the version of the row that it was made from: of two at once, the later one is
told.  Who may change whom is judged here, because every act asks it: one's own institution,
never oneself, and nobody with a role that one could not give.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from kps_soap import turkish
from kps_soap.audit.months import ISTANBUL, microseconds
from kps_soap.people.person import Actor, Person, person_of
from kps_soap.people.problems import ChangedMeanwhile, NotAllowed, not_allowed, unknown_person
from kps_soap.people.roles import GIVEN_BY_ADMINISTRATORS, Right, Role
from kps_soap.people_models import people

#: What a lock and its counts are before any wrong password.
NO_FAILURES: Final = {"failures": 0, "failures_today": 0, "locked_until_us": 0}

#: How often a number is taken anew because somebody else was faster.
_TURNS_MAX: Final = 5


def today(now: datetime) -> date:
    """The civil day in Istanbul."""
    return now.astimezone(ISTANBUL).date()


def row_of(connection: Connection, person_id: str) -> Row[Any] | None:
    """The row of an id, locked until the caller's transaction ends where it is one."""
    statement = select(people).where(people.c.person_id == person_id)
    return connection.execute(statement.with_for_update()).first()


def row_to_change(
    connection: Connection, person_id: str, *, row_version: int | None, by: Actor, now: datetime
) -> Row[Any]:
    """The row of somebody whom the actor may change.

    Raises ``PeopleError`` for nobody (and for somebody of another institution, whom the actor
    may not know of), ``NotAllowed`` and ``ChangedMeanwhile``.
    """
    row = row_of(connection, person_id)
    if row is None or not by.manages(row.institution):
        raise unknown_person()
    if by.person_id == person_id:
        raise not_allowed("Kimse kendi yetkisini değiştiremez.", "Nobody changes their own rights.")
    if not person_of(row, now=now).roles <= grantable(by):
        raise not_allowed(
            "Bu roldeki birini yalnız merkez değiştirir.",
            "Only the centre changes somebody with this role.",
        )
    if row_version is not None and row.row_version != row_version:
        raise ChangedMeanwhile
    return row


def grantable(by: Actor) -> frozenset[Role]:
    """The roles that an actor may give and take."""
    if by.may(Right.MANAGE_ALL_PEOPLE):
        return frozenset(Role)
    return GIVEN_BY_ADMINISTRATORS if by.may(Right.MANAGE_OWN_PEOPLE) else frozenset()


def write(
    connection: Connection,
    row: Row[Any],
    values: dict[str, Any],
    *,
    now: datetime,
    ends_sessions: bool = True,
) -> Person:
    """Store a change of a row, and return the person as they now are.

    Raises ``ChangedMeanwhile`` where the row is no longer what was read.
    """
    kept = {
        **values,
        "changed_us": microseconds(now),
        "row_version": row.row_version + 1,
        "login_version": row.login_version + bool(ends_sessions),
    }
    unchanged = people.c.row_version == row.row_version
    statement = update(people).where(people.c.person_id == row.person_id, unchanged).values(kept)
    try:
        with connection.begin_nested():
            changed = connection.execute(statement)
    except IntegrityError:
        # Somebody else took the inquirer at the same instant.
        raise ChangedMeanwhile from None
    if changed.rowcount != 1:
        raise ChangedMeanwhile
    found = row_of(connection, row.person_id)
    assert found is not None  # noqa: S101 - it was changed a moment ago, in this transaction
    return person_of(found, now=now)


def try_insert(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row; False, and nothing done, where another one has its key."""
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(values))
    except IntegrityError:
        return False
    return True


def insert_numbered(
    connection: Connection, table: Table, checked: Callable[[], dict[str, Any]]
) -> int:
    """Insert a row under the next number, and return it.

    ``checked`` judges and gives the other columns; it is asked again where somebody else took
    the number at the same instant, so that both never pass a check that only one of them may.
    Raises what it raises, and ``ChangedMeanwhile`` if others are always faster.
    """
    highest = select(func.coalesce(func.max(table.c.number), 0))
    for _ in range(_TURNS_MAX):
        number: int = connection.execute(highest).scalar_one() + 1
        if try_insert(connection, table, {"number": number, **checked()}):
            return number
    raise ChangedMeanwhile


def columns_of(person: Person) -> dict[str, Any]:
    """The columns that hold what was typed of a person."""
    return {
        "name": person.name,
        "unit": person.unit,
        "inquirer": person.inquirer,
        "roles": " ".join(sorted(person.roles)),
        "valid_from": person.valid_from.isoformat(),
        "valid_until": person.valid_until and person.valid_until.isoformat(),
        "deputy_for": person.deputy_for,
        "deputy_until": person.deputy_until and person.deputy_until.isoformat(),
        "temporary": person.temporary,
        "sought_by": turkish.fold(f"{person.person_id} {person.name} {person.unit}"),
    }


def refuse_roles(by: Actor, roles: frozenset[Role]) -> None:
    """Raises ``NotAllowed`` for roles that are not the actor's to give."""
    beyond = sorted(roles - grantable(by))
    if beyond:
        names = ", ".join(beyond)
        raise NotAllowed(
            not_allowed(
                f"Bu rolü vermeye yetkiniz yok: {names}.", f"You may not give this role: {names}."
            ).problems
        )
