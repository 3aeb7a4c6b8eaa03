"""The software that calls for an institution: vendor, product, version, since when (§5.5).

A register for people to look into: nothing is refused because of it.  An institution's own
technician keeps it, or the centre.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select, update

from kps_soap.people import checks, rows
from kps_soap.people.person import Actor, day_or_none
from kps_soap.people.problems import ChangedMeanwhile, PeopleError, Problem, not_allowed, require
from kps_soap.people.roles import Right
from kps_soap.people_models import systems as table


@dataclass(frozen=True, slots=True)
class System:
    """One system; ``until`` is its last day."""

    number: int
    institution: str
    vendor: str
    product: str
    version: str
    since: date
    until: date | None = None
    row_version: int = 1


def add(
    connection: Connection,
    institution: str,
    *,
    vendor: str,
    product: str,
    version: str,
    since: date,
    by: Actor,
) -> System:
    """Register a system.  Raises ``NotAllowed``, and ``PeopleError`` with all that is wrong."""
    _allowed(by, institution)
    texts = {"vendor": vendor, "product": product, "version": version}
    tidy = {name: checks.tidy(text) for name, text in texts.items()}
    require(_wrong(institution, tidy))
    values = {"institution": institution, "since": since.isoformat(), "row_version": 1, **tidy}
    number = rows.insert_numbered(connection, table, lambda: values)
    return System(number, institution, tidy["vendor"], tidy["product"], tidy["version"], since)


def _allowed(by: Actor, institution: str) -> None:
    centre = by.may(Right.MANAGE_ALL_PEOPLE) and not by.institution
    own = by.may(Right.MANAGE_OWN_SYSTEMS) and by.institution == institution
    if not centre and not own:
        raise not_allowed(
            "Bu kurumun sistemlerini yönetmeye yetkiniz yok.",
            "You may not keep the systems of this institution.",
        )


def _wrong(institution: str, texts: dict[str, str]) -> Iterator[Problem]:
    if not institution:
        yield Problem("institution", "Kurum kodu yazın.", "Name an institution.")
    for name, text in texts.items():
        if not 1 <= len(text) <= checks.NAME_MAX or not text.isprintable():
            yield Problem(
                name,
                f"1-{checks.NAME_MAX} karakter yazın.",
                f"Give 1 to {checks.NAME_MAX} characters.",
            )


def change(
    connection: Connection,
    number: int,
    *,
    version: str | None = None,
    until: date | None = None,
    row_version: int | None = None,
    by: Actor,
) -> System:
    """Note another version of a system, or its last day.

    Raises ``NotAllowed``, ``ChangedMeanwhile`` and ``PeopleError``.
    """
    row = connection.execute(
        select(table).where(table.c.number == number).with_for_update()
    ).first()
    if row is None:
        raise PeopleError([Problem("number", "Böyle bir sistem yok.", "There is no such system.")])
    _allowed(by, row.institution)
    if row_version is not None and row.row_version != row_version:
        raise ChangedMeanwhile
    values: dict[str, Any] = {"row_version": row.row_version + 1}
    if version is not None:
        values["version"] = checks.tidy(version)
        require(_wrong(row.institution, {"version": values["version"]}))
    if until is not None:
        if until.isoformat() < row.since:
            raise PeopleError(
                [
                    Problem(
                        "until",
                        "Bitiş tarihi başlangıçtan önce olamaz.",
                        "The last day lies before the first.",
                    )
                ]
            )
        values["until"] = until.isoformat()
    connection.execute(update(table).where(table.c.number == number).values(values))
    return next(one for one in listing(connection) if one.number == number)


def listing(connection: Connection, *, institution: str | None = None) -> tuple[System, ...]:
    """Systems by number."""
    wanted = select(table).order_by(table.c.number)
    if institution is not None:
        wanted = wanted.where(table.c.institution == institution)
    return tuple(_system(row) for row in connection.execute(wanted))


def _system(row: Row[Any]) -> System:
    return System(
        row.number,
        row.institution,
        row.vendor,
        row.product,
        row.version,
        date.fromisoformat(row.since),
        day_or_none(row.until),
        row.row_version,
    )
