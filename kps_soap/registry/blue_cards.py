"""Blue card holders: former citizens, who keep their numbers, and descendants with 99-numbers.

Each holds an old or a new blue card, a few a temporary document beside the new one (K4.5, K3.5
R6).  This module refuses to make a holder of somebody who was never a citizen or a citizen's
child.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kps_soap.registry import names
from kps_soap.registry.calendar_days import packed, packed_as_known, years_after
from kps_soap.registry.citizens import PERSON_COLUMNS, birth_place, person_values
from kps_soap.registry.documents import AUTHORITY, CARD_YEARS
from kps_soap.registry.geography import Country, mixed
from kps_soap.registry.kinship import year_of, years
from kps_soap.registry.lives import MAN, WOMAN, Life
from kps_soap.registry.loading import columns
from kps_soap.registry.meanings import BlueCardReason, CivilStatus, CodeBook, Status
from kps_soap.registry.meanings import Country as CountryName
from kps_soap.registry.numbers import Numbers
from kps_soap.registry.photos import tile
from kps_soap.registry.records import PhotoKind

Random = Callable[[], float]
Row = tuple[object, ...]

BLUE_PERSON_COLUMNS: Final = (*PERSON_COLUMNS, "country_code", "acquired_citizen_number")
OLD_BLUE_CARD_COLUMNS: Final = columns(
    "number given_name surname former_surname mother_name father_name sex_code born "
    "birth_place birth_place_code civil_status_code nationality_code series serial "
    "record_no unit_code issue_reason_code issued"
)
NEW_BLUE_CARD_COLUMNS: Final = columns(
    "number given_name surname mother_name father_name sex_code born nationality_code "
    "serial_no expires authority"
)
BLUE_TEMPORARY_COLUMNS: Final = columns(
    "number given_name surname mother_name father_name sex_code born nationality_code "
    "document_no issued issuing_district_code expires"
)
_RECORDS_FROM = 3_000_000_000
_SHARE_OLD, _SHARE_TEMPORARY = 0.5, 0.06


@dataclass(slots=True)
class BlueCards:
    """The blue card holders of one block, as rows."""

    random: Random
    numbers: Numbers
    country: Country
    book: CodeBook
    until: int
    persons: list[Row] = field(default_factory=list)
    old_cards: list[Row] = field(default_factory=list)
    new_cards: list[Row] = field(default_factory=list)
    temporaries: list[Row] = field(default_factory=list)
    photos: list[Row] = field(default_factory=list)

    def register(self, life: Life, index: int, since: int) -> None:
        """Enter a holder and issue a card; ``since`` is the day from which one could be had."""
        country_code = life.birth_country_code or self.holder_country()
        open_code = self.book.number[Status.OPEN]
        values = person_values(life, self.country, self.book, open_code)
        self.persons.append((*values, country_code, None))
        draw = self.random()
        script = life.script
        kind = script.document if script is not None and script.document else None
        if kind is None:
            kind = "OLD_BLUE" if draw < _SHARE_OLD else "NEW_BLUE"
        issued = since + int(self.random() * max(1, self.until - since))
        if kind == "OLD_BLUE":
            self._old_card(life, index, country_code, issued)
        else:
            self._new_card(life, index, country_code, issued)

    def holder_country(self) -> int:
        """The country a holder is a citizen of."""
        special = {self.book.number[one] for one in CountryName if one is not CountryName.GERMANY}
        if self.random() < 0.6:
            return self.book.number[CountryName.GERMANY]
        others = [code for code in self.book.all_of("Uyruk") if code not in special]
        return others[int(self.random() * len(others))]

    def _old_card(self, life: Life, index: int, country_code: int, issued: int) -> None:
        """A paper card: the series and number of an old booklet."""
        series, serial = self.numbers.booklet(index)
        self.old_cards.append(
            (
                life.number,
                life.given_name,
                life.surname,
                life.former_surname,
                *_parents(life),
                life.sex,
                packed_as_known(life.born, life.date_known),
                *birth_place(life, self.country, self.book),
                self.book.number[life.civil_status],
                country_code,
                series,
                serial,
                _RECORDS_FROM + index,
                life.birth_district_code,
                self.book.number[BlueCardReason.FIRST],
                packed(issued),
            )
        )

    def _new_card(self, life: Life, index: int, country_code: int, issued: int) -> None:
        """A chip card of ten years, with its photo, a few with a temporary document."""
        issued = max(issued, years_after(self.until, -CARD_YEARS) + 1)
        shown = (
            life.number,
            life.given_name,
            life.surname,
            *_parents(life),
            life.sex,
            packed_as_known(life.born, life.date_known),
            country_code,
        )
        expires = packed(years_after(issued, CARD_YEARS))
        serial = self.numbers.card_serial(index * 4 + 3)
        self.new_cards.append((*shown, serial, expires, AUTHORITY))
        self._photo(life.number, PhotoKind.NEW_BLUE_CARD)
        if self.random() < _SHARE_TEMPORARY:
            self.temporaries.append(
                (
                    *shown,
                    f"M{_RECORDS_FROM + index}",
                    packed(issued),
                    life.birth_district_code,
                    packed(issued + 30),
                )
            )
            self._photo(life.number, PhotoKind.NEW_BLUE_CARD_TEMPORARY)

    def _photo(self, number: int, kind: PhotoKind) -> None:
        self.photos.append((number, int(kind), tile(mixed(number, kind))))


def descendant(random: Random, parent: Life | None, until: int, country_code: int) -> Life:
    """A child of a former citizen, born abroad, who never was a citizen.

    Without a parent who is old enough the ancestor is known by name only.
    """
    sex = MAN if random() < 0.5 else WOMAN
    born = until - years(1 + 30 * random())
    if parent is not None:
        youngest = parent.born + years(19)
        oldest = min(until - 30, parent.born + years(44))
        born = youngest + int(random() * max(1, oldest - youngest))
    life = Life(sex=sex, born=born)
    life.surname = names.surname(random)
    life.birth_country_code = country_code
    if parent is not None:
        life.mother, life.father = (None, parent) if parent.sex == MAN else (parent, None)
        life.surname = parent.surname
    if life.mother is None:
        life.mother_name = names.one_name(random, WOMAN, year_of(born) - 25)
    if life.father is None:
        life.father_name = names.one_name(random, MAN, year_of(born) - 25)
    life.given_name = names.given_name(random, sex, year_of(born), None, ())
    life.civil_status = CivilStatus.SINGLE
    return life


def _parents(life: Life) -> tuple[str | None, str | None]:
    """The parents' names as documents show them."""
    mother = life.mother.given_name if life.mother is not None else life.mother_name
    father = life.father.given_name if life.father is not None else life.father_name
    return mother, father
