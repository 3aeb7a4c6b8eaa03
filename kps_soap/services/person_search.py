"""Finds a person of any kind by number, at the same cost whether there is one or not.

Which registers are asked depends on the number alone, and nothing else of a person is read
before the criteria have been compared: "no record" and "criteria do not match" cost the same
questions (design D4).  It declares no service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from kps_soap import identity_number
from kps_soap.registry.records import (
    UNKNOWN_DATE,
    BlueCardPerson,
    Citizen,
    Foreigner,
    PartialDate,
)
from kps_soap.services.shared_2011 import Item, Note

Wants = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Persons:
    """The records of one number.  A former citizen with a blue card has two (K3.5 R6)."""

    citizen: Citizen | None = None
    foreigner: Foreigner | None = None
    blue_card: BlueCardPerson | None = None

    @property
    def _all(self) -> tuple[Citizen | Foreigner | BlueCardPerson, ...]:
        found = (self.citizen, self.foreigner, self.blue_card)
        return tuple(person for person in found if person is not None)

    @property
    def born(self) -> PartialDate:
        return next((person.born for person in self._all), UNKNOWN_DATE)

    @property
    def closed(self) -> bool:
        """Whether no record of this number is in use any more."""
        return all(person.closed for person in self._all)


async def find_persons(register: Any, number: int, wants: Wants) -> Persons | None:
    """Whoever has this number; two questions to the register in every case."""
    blue_card = await register.blue_card_person(number)
    citizen = foreigner = None
    if identity_number.classify(number) is identity_number.Kind.FOREIGNER:
        foreigner = await register.foreigner(number)
    else:
        citizen = await register.citizen(number)
    if citizen is None and foreigner is None and blue_card is None:
        return None
    return Persons(citizen, foreigner, blue_card)


async def find_citizen(register: Any, number: int, _wants: Wants) -> Persons | None:
    """The citizen with this number, for the services that know citizens alone."""
    citizen = await register.citizen(number)
    return None if citizen is None else Persons(citizen)


async def each_person(
    enquiry: Any,
    absent: Callable[[int | None, Note | None], Item],
    complete: Callable[[Any, int, Persons, Wants], Awaitable[Item]],
    find: Callable[[Any, int, Wants], Awaitable[Persons | None]] = find_persons,
) -> list[Item]:
    """One record a criterion: ``absent`` where nobody is shown, else what ``complete`` makes.

    ``complete`` may read more of the register; it is called after the criteria were compared.
    """
    shown: list[tuple[Item, int, Persons]] = []

    def item(found: Persons | None, number: int | None, note: Note | None) -> Item:
        if found is None or number is None:
            return absent(number, note)
        record: Item = {"HataBilgisi": note}
        shown.append((record, number, found))
        return record

    items: list[Item] = await enquiry.each(find, item)
    for record, number, persons in shown:
        record.update(await complete(enquiry.register, number, persons, enquiry.wants))
    return items
