"""How many people a unit of an institution may have (T-2.3.d).

Whoever has left takes no seat.  The empty unit is the whole institution; a unit without a row
has no limit of its own.  Only the centre sets limits: they are part of what was agreed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from kps_soap.people import checks, rows
from kps_soap.people.person import LEFT, UNCHANGED, Actor, Unchanged
from kps_soap.people.problems import ChangedMeanwhile, Problem, not_allowed, require
from kps_soap.people.roles import Right
from kps_soap.people_models import people
from kps_soap.people_models import seats as table

_MOST: int = 100_000


@dataclass(frozen=True, slots=True)
class Seat:
    """One limit, and how much of it is taken."""

    unit: str
    most: int
    taken: int


def set_seats(
    connection: Connection,
    institution: str,
    unit: str,
    most: int,
    *,
    by: Actor,
    seen: int | None | Unchanged = UNCHANGED,
) -> None:
    """Limit a unit (or, empty, the institution) to ``most`` people; those who are there stay.

    ``seen`` is the limit that the one who acts has seen, None for no limit.  Raises
    ``NotAllowed`` for all but the centre, ``ChangedMeanwhile``, and ``PeopleError``.
    """
    if not by.may(Right.MANAGE_ALL_PEOPLE) or by.institution:
        raise not_allowed(
            "Kontenjanı yalnız merkez belirler.", "Only the centre sets how many there may be."
        )
    unit = checks.tidy(unit)
    require(_wrong(institution, unit, most))
    key = (table.c.institution == institution) & (table.c.unit == unit)
    held = connection.execute(select(table.c.most).where(key).with_for_update()).scalar()
    if seen is not UNCHANGED and seen != held:
        raise ChangedMeanwhile
    if held is not None:
        connection.execute(update(table).where(key).values(most=most))
    elif not rows.try_insert(
        connection, table, {"institution": institution, "unit": unit, "most": most}
    ):
        raise ChangedMeanwhile


def _wrong(institution: str, unit: str, most: int) -> Iterator[Problem]:
    if not institution:
        yield Problem("institution", "Kurum kodu yazın.", "Name an institution.")
    if len(unit) > checks.TEXT_MAX or not unit.isprintable():
        yield Problem(
            "unit",
            f"Birim en çok {checks.TEXT_MAX} karakterdir.",
            f"A unit has at most {checks.TEXT_MAX} characters.",
        )
    if not 0 <= most <= _MOST:
        yield Problem(
            "most", f"0 ile {_MOST} arasında bir sayı yazın.", f"Give a number from 0 to {_MOST}."
        )


def seats(connection: Connection, institution: str) -> tuple[Seat, ...]:
    """The limits of an institution with what is taken of each, its own first."""
    found = connection.execute(
        select(table.c.unit, table.c.most)
        .where(table.c.institution == institution)
        .order_by(table.c.unit)
    ).all()
    return tuple(Seat(unit, most, _taken(connection, institution, unit)) for unit, most in found)


def free_or_problem(
    connection: Connection, institution: str, unit: str, *, joins: bool, moves: bool
) -> Iterator[Problem]:
    """What stands against one more in an institution (``joins``) or in a unit (``moves``).

    The rows are locked, so that two who are added at once never share a seat.
    """
    wanted = [""] * joins + [unit] * bool(moves and unit)
    for one in wanted:
        row = connection.execute(
            select(table.c.most)
            .where(table.c.institution == institution, table.c.unit == one)
            .with_for_update()
        ).first()
        if row is not None and _taken(connection, institution, one) >= row.most:
            yield Problem(
                "unit",
                f"Kontenjan dolu: en çok {row.most} kişi tanımlanabilir.",
                f"There is no free seat: at most {row.most} people"
                f"{' in this unit' if one else ' in this institution'}.",
            )


def _taken(connection: Connection, institution: str, unit: str) -> int:
    statement = select(func.count()).where(
        people.c.institution == institution, people.c.state != LEFT
    )
    if unit:
        statement = statement.where(people.c.unit == unit)
    return connection.execute(statement).scalar_one()
