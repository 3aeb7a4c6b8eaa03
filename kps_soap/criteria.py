"""What may be asked about a person, and what became of each criterion of a call.

``check`` reads one criterion after its XSD: the number's shape and checksum (domain.md §3.7),
the demanded birth date (design D20).  ``Enquiry`` is what a published operation gets in its
hands: it walks the criteria in order, asks the register through the operation's own question
and keeps one outcome a criterion.  This room raises nothing about a criterion, knows no XML
and decides no permission.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kps_soap import identity_number
from kps_soap.faults import PUBLISHED_CODE_OF_OUTCOME, PUBLISHED_NOTES, Outcome
from kps_soap.registry.records import PartialDate

if TYPE_CHECKING:
    from kps_soap.registry.store import Register

YEAR_MIN = 1800

Item = dict[str, Any]
Note = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CriteriaPolicy:
    """Which member names the person, and whether the contract demands the birth date (D2)."""

    number: str
    birth_date: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A criterion that may reach the register.  ``born`` is None where the contract asks none."""

    number: int
    born: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """A criterion that does not reach the register; ``number`` only if it is a valid one."""

    number: int | None
    outcome: Outcome


Checked = Subject | Blocked


class Found(Protocol):
    """What an operation's question returns: enough to compare the birth date."""

    @property
    def born(self) -> PartialDate: ...

    @property
    def closed(self) -> bool: ...


def note_of(outcome: Outcome) -> Note | None:
    """The published ``HataBilgisi`` of an outcome, None for success (design §4, c)."""
    code = PUBLISHED_CODE_OF_OUTCOME[outcome]
    return None if code is None else {"Aciklama": PUBLISHED_NOTES[code], "Kod": code}


def check(
    criterion: Mapping[str, Any] | None,
    policy: CriteriaPolicy,
    *,
    year_max: int,
    accept_disjoint: bool = False,
) -> Checked:
    """Judge one criterion.  ``accept_disjoint`` holds for a synthetic register only (§4.1)."""
    number = None if criterion is None else criterion.get(policy.number)
    if criterion is None or number is None:
        return Blocked(None, Outcome.MISSING)
    if not number_is_good(number, accept_disjoint=accept_disjoint):
        return Blocked(None, Outcome.BAD_NUMBER)
    if not policy.birth_date:
        return Subject(number)
    born = PartialDate(
        day=criterion.get("DogumGun") or None,
        month=criterion.get("DogumAy") or None,
        year=criterion.get("DogumYil") or None,
    )
    if born.year is None:
        return Blocked(number, Outcome.MISSING)
    if not date_is_possible(born, year_max=year_max):
        return Blocked(number, Outcome.BAD_DATE)
    return Subject(number, born)


def number_is_good(number: int, *, accept_disjoint: bool) -> bool:
    """Eleven digits with the right check digits, or a number that can never be a real one."""
    if identity_number.is_valid(number):
        return True
    return accept_disjoint and identity_number.is_disjoint(number)


def date_is_possible(date: PartialDate, *, year_max: int) -> bool:
    """Could this partial date be on a calendar?  Unknown parts are always possible."""
    if date.year is not None and not YEAR_MIN <= date.year <= year_max:
        return False
    if date.month is not None and not 1 <= date.month <= 12:
        return False
    if date.day is None:
        return True
    leap_year = 2000
    last = monthrange(date.year or leap_year, date.month)[1] if date.month else 31
    return 1 <= date.day <= last


class Enquiry:
    """One call's questions to the register, and what became of them.

    ``outcomes`` has one entry a criterion, in order; ``units`` counts the criteria that
    reached the register (design D19).
    """

    __slots__ = (
        "_accept_disjoint",
        "_checked",
        "name_matching",
        "outcomes",
        "persons",
        "register",
        "units",
        "wants",
    )

    def __init__(
        self,
        *,
        register: Register,
        checked: Sequence[Checked] = (),
        wants: Callable[[str], bool],
        name_matching: str = "TAM",
        accept_disjoint: bool = False,
    ) -> None:
        self.register = register
        self.wants = wants
        self.name_matching = name_matching
        self.outcomes: list[Outcome] = []
        self.persons: list[int] = [one.number for one in checked if one.number is not None]
        self.units = 0
        self._checked = checked
        self._accept_disjoint = accept_disjoint

    async def each(
        self,
        find: Callable[[Register, int, Callable[[str], bool]], Awaitable[Found | None]],
        item: Callable[[Any, int | None, Note | None], Item],
    ) -> list[Item]:
        """Answer every criterion in order: same count, same positions (K17.4).

        No record and a birth date that does not match take the same path (design D4).
        """
        items = []
        for one in self._checked:
            if isinstance(one, Blocked):
                outcome, found = one.outcome, None
            else:
                self.units += 1
                found = await find(self.register, one.number, self.wants)
                if found is None or (one.born is not None and found.born != one.born):
                    outcome, found = Outcome.NOT_FOUND, None
                else:
                    outcome = Outcome.CLOSED if found.closed else Outcome.OK
            self.outcomes.append(outcome)
            items.append(item(found, one.number, note_of(outcome)))
        return items

    async def verify(
        self,
        number: int,
        fetch: Callable[[Register, int], Awaitable[Any]],
        matches: Callable[[Any], bool],
    ) -> bool:
        """True where the person exists and everything said about the person is right.

        A number that cannot exist is answered False without asking the register.
        """
        if not number_is_good(number, accept_disjoint=self._accept_disjoint):
            self.outcomes.append(Outcome.BAD_NUMBER)
            return False
        self.persons.append(number)
        record = await fetch(self.register, number)
        right = record is not None and matches(record)
        self.outcomes.append(Outcome.OK if right else Outcome.NOT_FOUND)
        return right
