"""Many people at once from a table (CSV): all of them, or none and every reason with its line.

The first line names the columns.  An institution's staff list becomes its inquirers this way.
This module opens no file and writes no record.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from kps_soap.agreements.problems import nearest
from kps_soap.people import keeping
from kps_soap.people.person import Actor, NewPerson
from kps_soap.people.problems import PeopleError, Problem, require
from kps_soap.people.roles import Role

NEEDED: Final = ("person_id", "name", "institution", "roles")
OPTIONAL: Final = ("unit", "inquirer", "valid_from", "valid_until")
LINES_MAX: Final = 10_000

#: A line of the table: its number and its fields.
Line = tuple[int, Mapping[str, str]]


def read(lines: Iterable[str]) -> list[Line]:
    """The table's lines; raises ``PeopleError`` where its columns or lines are not as they must.

    Commas or semicolons part the columns, as the first line does.
    """
    kept = list(lines)
    delimiter = ";" if kept and ";" in kept[0] else ","
    reader = csv.reader(kept, delimiter=delimiter, strict=True)
    try:
        table = [(reader.line_num, cells) for cells in reader]
    except csv.Error:
        raise PeopleError([_no_table(reader.line_num)]) from None
    header = [name.strip() for name in table[0][1]] if table else []
    require(_wrong_columns(header))
    found: list[Line] = []
    problems: list[Problem] = []
    for number, cells in table[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            problems.append(
                _on_line(
                    number,
                    Problem(
                        "line",
                        f"{len(header)} sütun bekleniyor, {len(cells)} var.",
                        f"{len(header)} columns are expected, there are {len(cells)}.",
                    ),
                )
            )
        found.append((number, dict(zip(header, map(str.strip, cells), strict=False))))
    if len(found) > LINES_MAX:
        problems.append(
            Problem("line", f"En çok {LINES_MAX} satır.", f"There are more than {LINES_MAX} lines.")
        )
    require(problems)
    return found


def _no_table(number: int) -> Problem:
    return Problem(
        "line",
        f"Satır {number}: tırnak işaretleri eksik; CSV okunamıyor.",
        f"Line {number}: the quotes are not right; this is no CSV.",
    )


def _wrong_columns(header: list[str]) -> Iterator[Problem]:
    known = (*NEEDED, *OPTIONAL)
    for name in NEEDED:
        if name not in header:
            yield Problem(name, f"{name} sütunu yok.", f"There is no column {name}.")
    for name in dict.fromkeys(header):
        if name not in known:
            near = nearest(name, known)
            meant = f" Did you mean {near}?" if near else ""
            yield Problem("line", f"Bilinmeyen sütun: {name}.", f"Unknown column {name}.{meant}")
        elif header.count(name) > 1:
            yield Problem(name, f"{name} iki kez.", f"The column {name} is there twice.")


def add_all(
    connection: Connection,
    lines: Iterable[Line],
    *,
    by: Actor,
    today: date,
    now: datetime,
    institutions: Collection[str] | None = None,
) -> int:
    """Add everybody of a table; says how many.

    ``institutions`` are those that somebody may belong to, None where the caller knows.

    Raises ``PeopleError`` with everything that is wrong, each with its line: then the caller's
    transaction must not be kept.
    """
    problems: list[Problem] = []
    added = 0
    for number, cells in lines:
        new, wrong = _new(cells, today)
        if institutions is not None:
            wrong += _unknown(new.institution, institutions)
        try:
            keeping.add(connection, new, by=by, now=now)
            added += 1
        except PeopleError as error:
            # Where a role is no word, that it is missing is no news.
            said = {one.field for one in wrong}
            wrong += [one for one in error.problems if one.field not in said]
        problems += [_on_line(number, one) for one in wrong]
    require(problems)
    return added


def _unknown(institution: str, known: Collection[str]) -> Iterator[Problem]:
    """Whether an institution is none that an agreement is with; empty is the centre."""
    if institution and institution not in known:
        near = nearest(institution, known)
        meant, asked = (f" {near} mi?", f" Did you mean {near}?") if near else ("", "")
        yield Problem(
            "institution",
            f"{institution} ile yürürlükte anlaşma yok.{meant}",
            f"No agreement in force is with {institution}.{asked}",
        )


def _new(cells: Mapping[str, str], today: date) -> tuple[NewPerson, list[Problem]]:
    """Somebody as a line says, and the words of it that say nothing."""
    problems: list[Problem] = []
    roles = set()
    for word in cells["roles"].split():
        if word in {role.value for role in Role}:
            roles.add(Role(word))
        else:
            near = nearest(word, [role.value for role in Role])
            meant = f" Did you mean {near}?" if near else ""
            problems.append(
                Problem("roles", f"Böyle bir rol yok: {word}.", f"There is no role {word}.{meant}")
            )
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_until"):
        text = cells.get(name, "")
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            problems.append(
                Problem(name, "Tarih 2026-12-31 biçiminde.", "This is no day such as 2026-12-31.")
            )
    new = NewPerson(
        person_id=cells["person_id"],
        name=cells["name"],
        institution=cells["institution"],
        roles=frozenset(roles),
        unit=cells.get("unit", ""),
        inquirer=cells.get("inquirer", ""),
        valid_from=days.get("valid_from") or today,
        valid_until=days.get("valid_until"),
    )
    return new, problems


def _on_line(number: int, problem: Problem) -> Problem:
    where = f", {problem.field}" if problem.field not in ("", "line") else ""
    return Problem(
        problem.field,
        f"Satır {number}{where}: {problem.turkish}",
        f"Line {number}{where}: {problem.english}",
    )
