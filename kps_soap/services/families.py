"""Who belongs to a person's family, read from the register in the order of an extract.

    the person → husband or wife → children → father → mother → brothers and sisters

How far it goes is an ``ExtractKind``, and each kind holds all that the one before it holds.  A
husband or wife is the one of the last marriage, unless a divorce or an annulment ended it: a
widow's husband stays on her sheet.  All others are former ones, who come only on demand, at the
place of their marriage in time.  Children and siblings are those of either parent, the eldest
first, wherever they are registered today.  Only citizens stand in a family register, so a parent
or spouse who is none is left out.

An adopted child is a son or a daughter like any other, and never told from them: of adoptions
nobody may be told without a court's order (Civil Code Art. 314).  This module reads nothing
before the criteria were compared, because nobody calls it then, and declares no service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kps_soap.registry.family_records import ExtractKind, Kinship, Marriage
from kps_soap.registry.records import Citizen, Coded

_CHILD_OF_SEX: Final = {1: Kinship.SON, 2: Kinship.DAUGHTER}


@dataclass(frozen=True, slots=True)
class Relative:
    """A person of an extract, and what the person is to the one asked about.

    ``kinship`` is None where nobody was asked about, or for a child of unknown sex.  A spouse's
    ``marriage`` is that with the person asked about, everybody else's is the last one.
    """

    person: Citizen
    kinship: Coded | None
    marriage: Marriage | None


async def relatives_of(
    register: Any, person: Citizen, kind: ExtractKind, *, former_spouses: bool, marriages: bool
) -> Sequence[Relative]:
    """The person and the family, in order, each of them once.

    Without ``marriages`` those of children, parents and siblings are not read.
    """
    sheet = _Sheet(register, marriages=marriages)
    own: Sequence[Marriage] = ()
    if marriages or kind >= ExtractKind.FAMILY:
        own = await register.families.marriages(person.number)
    sheet.add(person, Kinship.SELF, own[-1] if own else None)
    if kind >= ExtractKind.FAMILY:
        for marriage in own if former_spouses else _standing(own):
            spouse = await register.citizen(marriage.spouse_of(person.number))
            sheet.add(spouse, Kinship.SPOUSE, marriage)
        await sheet.add_all(await register.families.children(person.number), None)
    if kind >= ExtractKind.WITH_PARENTS:
        for number, kinship in (
            (person.father_number, Kinship.FATHER),
            (person.mother_number, Kinship.MOTHER),
        ):
            parent = None if number is None else await register.citizen(number)
            await sheet.add_all([] if parent is None else [parent], kinship)
    if kind >= ExtractKind.WITH_SIBLINGS:
        siblings: dict[int, Citizen] = {}
        for number in (person.father_number, person.mother_number):
            if number is not None:
                for child in await register.families.children(number):
                    siblings[child.number] = child
        await sheet.add_all(sorted(siblings.values(), key=_by_birth), Kinship.SIBLING)
    return tuple(sheet.relatives)


async def line_of(
    register: Any, people: Iterable[Citizen], *, marriages: bool
) -> Sequence[Relative]:
    """Everybody of a line of the register: nobody was asked about, so nobody is anything to one."""
    return [
        Relative(person, None, await last_marriage(register, person.number) if marriages else None)
        for person in people
    ]


async def last_marriage(register: Any, number: int) -> Marriage | None:
    """A person's last marriage, lasting or not."""
    found: Sequence[Marriage] = await register.families.marriages(number)
    return found[-1] if found else None


def _standing(marriages: Sequence[Marriage]) -> Sequence[Marriage]:
    """The marriage that makes a husband or a wife of today, if there is one."""
    return [marriage for marriage in marriages[-1:] if not marriage.dissolved]


def _by_birth(person: Citizen) -> tuple[int, int]:
    return person.born.packed, person.number


class _Sheet:
    """The relatives as they are found."""

    def __init__(self, register: Any, *, marriages: bool) -> None:
        self.relatives: list[Relative] = []
        self._register = register
        self._marriages = marriages
        self._numbers: set[int] = set()

    def add(
        self, person: Citizen | None, kinship: Kinship | None, marriage: Marriage | None
    ) -> None:
        """One more person, unless the sheet has the person already or there is none."""
        if person is None or person.number in self._numbers:
            return
        self._numbers.add(person.number)
        shown = kinship or _CHILD_OF_SEX.get(person.sex.code)
        name = None if shown is None else self._register.families.kinship(shown)
        self.relatives.append(Relative(person, name, marriage))

    async def add_all(self, people: Iterable[Citizen], kinship: Kinship | None) -> None:
        """More people with their own marriages; None makes them sons and daughters."""
        for person in people:
            if person.number not in self._numbers:
                marriage = None
                if self._marriages:
                    marriage = await last_marriage(self._register, person.number)
                self.add(person, kinship, marriage)
