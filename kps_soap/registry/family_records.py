"""What the register tells of families: marriages, events, and how people are related.

The texts of kinship are the dictionary's own; their numbers are an operator's to change (K3.6).
Like the other records these refuse to speak the wire's language.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from kps_soap.registry.records import Coded, PartialDate

#: The code that asks for both sexes.
ANY_SEX: Final = 0


class Kinship(StrEnum):
    """``Yakinlik``: what a person of an extract is to the one asked about, by its text."""

    SELF = "Kendisi"
    SPOUSE = "Eşi"
    SON = "Oğlu"
    DAUGHTER = "Kızı"
    FATHER = "Babası"
    MOTHER = "Annesi"
    SIBLING = "Kardeşi"


class ExtractKind(IntEnum):
    """``NkoTur``: how far an extract reaches; each holds all that the one before it holds.

    The numbers are published (wire C.5), so an operator does not change them.
    """

    PERSON = 1
    FAMILY = 2
    WITH_PARENTS = 3
    WITH_SIBLINGS = 4


@dataclass(frozen=True, slots=True)
class Marriage:
    """One marriage; ``ended`` and ``end`` (an ``OlayTipi``) are absent while it lasts."""

    marriage_no: int
    husband_number: int
    wife_number: int
    married: PartialDate
    registered: PartialDate
    ended: PartialDate | None
    end: Coded | None
    ended_by_death: bool

    @property
    def dissolved(self) -> bool:
        """Whether it ended while both lived: by divorce or annulment."""
        return self.end is not None and not self.ended_by_death

    def spouse_of(self, number: int) -> int:
        """The other one's number."""
        return self.wife_number if number == self.husband_number else self.husband_number


@dataclass(frozen=True, slots=True)
class CivilEvent:
    """What happened to a person (``NkoOlay``).

    The registry place is the person's own after the event; the names are those that the event
    gave, absent where it gave none.  ``adoption`` marks an adoption and its end, of which the
    law lets nobody be told without a court's order (Civil Code Art. 314), ``religious`` a change
    of religion, which tells of a special category (Law 6698 Art. 6).
    """

    record_no: int
    number: int
    kind: Coded
    happened: PartialDate | None
    registered: PartialDate | None
    registry_district_code: int | None
    volume_code: int | None
    family_no: int | None
    member_no: int | None
    description: str | None
    remark: str | None
    given_name: str | None
    surname: str | None
    adoption: bool
    religious: bool


@dataclass(frozen=True, slots=True)
class Birthdays:
    """Births from ``first`` to ``last``, both packed days of which all parts are known.

    ``whole_month`` is the packed month (``yyyymm00``) that lies in them from its first day to
    its last, 0 where none does: then those of whom only that month is known are meant too.
    ``sex`` is a code of Cinsiyet, ``ANY_SEX`` for everybody.
    """

    district_code: int
    first: int
    last: int
    whole_month: int
    sex: int
