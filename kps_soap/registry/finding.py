"""The register's questions that begin with a person's data instead of a number.

Part of ``store``: the statements are written down once when the register is opened and run over
the same held connections.  All three registers of persons are asked, whatever the first one
answers.  Birth date and surname narrow a search in the database (one index holds both); the
other data are for the asker to compare, because names are compared by the rules of Turkish.
This module refuses to compare, to search without a birth date, and to say who is meant.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, select

from kps_soap.registry import tables
from kps_soap.registry.reading import Question
from kps_soap.registry.records import OPEN_STATUS_CODE, Coded, PartialDate
from kps_soap.registry.rows import Dictionaries, Row, Shape, shape_of

Ask = Callable[[str, Mapping[str, Any]], Awaitable[list[Row]]]

_BORN: Final = bindparam("born", type_=tables.citizens.c.born.type)
_SURNAME: Final = bindparam("surname", type_=tables.citizens.c.surname.type)
_REGISTERS: Final = (tables.citizens, tables.blue_card_persons, tables.foreigners)


@dataclass(frozen=True, slots=True)
class Namesake:
    """What a search by personal data compares, and whom it finds.

    ``leads_to`` is the number under which a closed record's person lives on: somebody who was
    entered twice (K3.5 R8) or who has become a citizen (R7).
    """

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    born: PartialDate
    birth_place: str | None
    status: Coded
    closed: bool
    leads_to: int | None


class Finding:
    """Searches by personal data.  Every one raises ``RegisterUnavailable`` like the store's."""

    def __init__(
        self, prepare: Callable[[Select[Any]], str], ask: Ask, dictionaries: Dictionaries
    ) -> None:
        """Made by the store, which counts what ``ask`` asks."""
        self._ask = ask
        self._of_surname: list[Question[Namesake]] = []
        self._of_day: list[Question[Namesake]] = []
        for table in _REGISTERS:
            shape = _shape(table, dictionaries)
            of_day = select(*shape.columns).where(table.c.born == _BORN).order_by(table.c.number)
            of_surname = of_day.where(table.c.surname == _SURNAME)
            self._of_day.append(Question(prepare(of_day), shape.build))
            self._of_surname.append(Question(prepare(of_surname), shape.build))

    async def born(self, born: PartialDate, surname: str | None = None) -> Sequence[Namesake]:
        """Everybody with exactly this birth date, unknown parts included.

        With a ``surname``, spelt as registers store it (domain K3.9), only those who bear it;
        without one, whoever was born then, also those who have no surname.
        """
        asked: dict[str, Any] = {"born": born.packed}
        questions = self._of_day
        if surname is not None:
            asked["surname"], questions = surname, self._of_surname
        found: list[Namesake] = []
        for question in questions:
            found += [question.build(row) for row in await self._ask(question.sql, asked)]
        return found


def _shape(table: Table, dictionaries: Dictionaries) -> Shape[Namesake]:
    names = [field.name for field in fields(Namesake)]
    status, leads_to = names.index("status"), names.index("leads_to")
    return shape_of(
        Namesake,
        table,
        dictionaries,
        special={
            "closed": (table.c.status_code, lambda row: row[status] != OPEN_STATUS_CODE),
            "leads_to": (_leads_to(table), lambda row: row[leads_to]),
        },
    )


def _leads_to(table: Table) -> ColumnElement[Any]:
    """Citizens' records lead to another one only where somebody was entered twice."""
    real: ColumnElement[Any] = table.c.real_person_number
    if "acquired_citizen_number" not in table.c:
        return real
    return func.coalesce(real, table.c.acquired_citizen_number)
