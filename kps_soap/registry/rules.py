"""What an invariant of the register is, and what it is to break one (K4.6).

A ``Rule`` counts offenders with one statement that both databases understand.  A ``Violation``
says which invariant, in what way, how often: never who.  This module knows no single rule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from kps_soap.registry.lives import MAN, WOMAN
from kps_soap.registry.meanings import CivilStatus, CodeBook, EventKind, Status
from kps_soap.turkish import ascii_lower

_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold; ``count`` is how many rows break it."""

    invariant: str
    sentence: str
    count: int


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant, what breaks it, and a statement whose only value counts the offenders."""

    invariant: str
    sentence: str
    statement: str


@dataclass(frozen=True, slots=True)
class Register:
    """A register under examination: an open connection and its own notes about itself."""

    connection: Connection
    book: CodeBook
    notes: Mapping[str, str]

    @property
    def packed_date(self) -> int:
        """The register's date as the tables keep dates."""
        return int(self.notes["date"].replace("-", ""))

    def parameters(self) -> dict[str, int]:
        """Today's numbers of the meanings that statements name, and the register's date."""
        named: dict[str, int] = {"man": MAN, "woman": WOMAN, "today": self.packed_date}
        for member, code in self.book.number.items():
            if isinstance(member, EventKind | Status | CivilStatus):
                named[_word(member.name)] = code
        named["deceased"] = self.book.number[Status.DECEASED]
        return named

    def count(self, statement: str) -> int:
        """The single number a statement yields."""
        wanted = set(_PARAMETER.findall(statement))
        values = {name: code for name, code in self.parameters().items() if name in wanted}
        return int(self.connection.execute(text(statement), values).scalar_one())


def _word(name: str) -> str:
    """A member's name as it stands in statements."""
    return ascii_lower(name)


def apply(rule: Rule, register: Register) -> list[Violation]:
    """Nothing if a rule holds, else the one violation."""
    count = register.count(rule.statement)
    return [Violation(rule.invariant, rule.sentence, count)] if count else []
