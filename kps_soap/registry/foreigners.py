"""Foreigners with 99-numbers: permits, protection, families, and those who became citizens.

Three in a hundred persons (K4.3).  A naturalised foreigner's record is closed and points to the
citizen, who points back (K3.5 R7).  This module refuses to give a foreigner a natural surname:
those are invented like the others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from kps_soap.registry import names
from kps_soap.registry.calendar_days import packed
from kps_soap.registry.citizens import PERSON_COLUMNS, birth_place
from kps_soap.registry.geography import Country
from kps_soap.registry.kinship import years
from kps_soap.registry.lives import MAN, WOMAN, Life, Union
from kps_soap.registry.loading import columns
from kps_soap.registry.meanings import (
    CivilStatus,
    CodeBook,
    OpenEnd,
    SourceUnit,
    Standing,
    Status,
)
from kps_soap.registry.meanings import Country as CountryName

Random = Callable[[], float]
Row = tuple[object, ...]

FOREIGNER_COLUMNS: Final = (
    *PERSON_COLUMNS,
    *columns(
        "nationality_code standing_code permit_no permit_start permit_end "
        "permit_open_end_reason_code permit_province_code source_unit_code "
        "acquired_citizen_number"
    ),
)
_STANDINGS: Final = (
    (0.45, Standing.TEMPORARY_PROTECTION),
    (0.70, Standing.SHORT_STAY),
    (0.76, Standing.LONG_STAY),
    (0.83, Standing.FAMILY),
    (0.90, Standing.STUDENT),
    (0.95, Standing.WORK),
    (0.985, Standing.INTERNATIONAL_PROTECTION),
    (0.995, Standing.STATELESS),
    (1.0, Standing.OTHER),
)
_OPEN_ENDED: Final = {
    Standing.LONG_STAY: OpenEnd.LONG_STAY,
    Standing.INTERNATIONAL_PROTECTION: OpenEnd.INTERNATIONAL_PROTECTION,
    Standing.TEMPORARY_PROTECTION: OpenEnd.TEMPORARY_PROTECTION,
    Standing.STATELESS: OpenEnd.STATELESS,
}
_SHARE_DECEASED, _SHARE_DUPLICATE = 0.05, 0.002
_SHARE_FAMILY = 0.3


@dataclass(slots=True, eq=False)
class Guest:
    """A foreigner in the making: a life, and what only foreigners have."""

    life: Life
    standing: Standing = Standing.SHORT_STAY
    nationality_code: int = 0
    province_code: int = 34
    since: int = 0
    spouse: "Guest | None" = None
    mother: "Guest | None" = None
    father: "Guest | None" = None
    acquired: Life | None = None
    real: "Guest | None" = None


@dataclass(slots=True)
class Foreigners:
    """The foreigners of one block."""

    random: Random
    country: Country
    book: CodeBook
    until: int
    guests: list[Guest] = field(default_factory=list)

    def arrive(self, count: int, naturalised: list[Life]) -> None:
        """Make ``count`` foreigners, among them the former selves of new citizens."""
        for citizen in naturalised:
            self.guests.append(self.former_self(citizen))
        while len(self.guests) < count:
            family = self._family() if self.random() < _SHARE_FAMILY else [self.single()]
            # A family that is too large for what is left would lose somebody's spouse.
            if len(family) <= count - len(self.guests):
                self.guests.extend(family)

    def single(self) -> Guest:
        """One foreigner of working age, without family in the register."""
        random = self.random
        sex = MAN if random() < 0.55 else WOMAN
        born = self.until - years(18 + 55 * random() * random() + 4 * random())
        return self._guest(sex, born)

    def _guest(self, sex: int, born: int) -> Guest:
        random = self.random
        life = Life(sex=sex, born=born)
        life.given_name = names.foreign_name(random, sex)
        life.surname = names.foreign_surname(random)
        life.mother_name = names.foreign_name(random, WOMAN)
        life.father_name = names.foreign_name(random, MAN)
        guest = Guest(life)
        draw = random()
        guest.standing = next(standing for share, standing in _STANDINGS if draw < share)
        guest.nationality_code = self._nationality(guest.standing)
        life.birth_district_code = self.country.draw_district(random)
        guest.province_code = self.country.province_of(life.birth_district_code)
        guest.since = max(born, self.until - years(0.1 + 12 * random()))
        if random() < _SHARE_DECEASED and self.until - guest.since > 400:
            self.bury(guest)
        return guest

    def bury(self, guest: Guest) -> None:
        """Let a foreigner die after coming here."""
        life = guest.life
        life.died = guest.since + 1 + int(self.random() * (self.until - guest.since - 1))
        life.status = Status.DECEASED

    def _nationality(self, standing: Standing) -> int:
        number = self.book.number
        if standing is Standing.STATELESS:
            return number[CountryName.STATELESS]
        if standing is Standing.TEMPORARY_PROTECTION:
            return number[CountryName.SYRIA]
        none = {
            number[one] for one in (CountryName.TURKEY, CountryName.STATELESS, CountryName.UNKNOWN)
        }
        codes = [code for code in self.book.all_of("Uyruk") if code not in none]
        return codes[int(self.random() * len(codes))]

    def _family(self) -> list[Guest]:
        """A couple and up to three children, all here on the same ground."""
        random = self.random
        husband = self._guest(MAN, self.until - years(28 + 25 * random()))
        wife = self._guest(WOMAN, husband.life.born + years(6 * random()))
        if husband.life.died or wife.life.died:
            return [husband]
        husband.spouse, wife.spouse = wife, husband
        union = Union(husband.life, wife.life, start=max(husband.since, wife.since))
        union.district_code = husband.life.birth_district_code
        husband.life.union = wife.life.union = union
        husband.life.civil_status = wife.life.civil_status = CivilStatus.MARRIED
        family = [husband, wife]
        born = wife.life.born + years(20 + 3 * random())
        for _ in range(int(4 * random())):
            if born > self.until:
                break
            child = self._guest(MAN if random() < 0.5 else WOMAN, born)
            child.life.died, child.life.status = 0, Status.OPEN
            child.mother, child.father = wife, husband
            child.life.mother_name = wife.life.given_name
            child.life.father_name = husband.life.given_name
            family.append(child)
            born += years(1.5 + 3 * random())
        for member in family:
            member.standing, member.nationality_code = husband.standing, husband.nationality_code
            member.life.surname = husband.life.surname
            member.life.birth_district_code = husband.life.birth_district_code
            member.province_code = husband.province_code
        return family

    def former_self(self, citizen: Life) -> Guest:
        """The closed record of somebody who became a citizen, born the same day."""
        guest = self._guest(citizen.sex, citizen.born)
        guest.life.died, guest.life.status = 0, Status.CLOSED
        guest.life.date_known = citizen.date_known
        guest.acquired = citizen
        citizen.birth_country_code = guest.nationality_code
        day = citizen.turns[0].day
        guest.since = max(citizen.born, day - years(5 + 5 * self.random()))
        return guest

    def merge_duplicates(self) -> None:
        """Now and then a person was entered twice: the second record points to the first (R8)."""
        for first, second in zip(self.guests, self.guests[1:], strict=False):
            alone = not (second.spouse or second.mother or second.acquired or first.real)
            usable = first.life.status is Status.OPEN and second.life.status is Status.OPEN
            if alone and usable and self.random() < _SHARE_DUPLICATE:
                duplicate(second, first)

    def household_lives(self) -> list[Life]:
        """The lives of the foreigners who live here, with their kin wired for the households."""
        for guest in self.guests:
            life = guest.life
            life.mother = guest.mother.life if guest.mother else None
            life.father = guest.father.life if guest.father else None
        return sorted(
            (guest.life for guest in self.guests if guest.life.status is Status.OPEN),
            key=lambda life: life.born,
        )

    def rows(self) -> list[Row]:
        """The rows of all foreigners, in the order of ``FOREIGNER_COLUMNS``."""
        return [self._row(guest) for guest in self.guests]

    def _row(self, guest: Guest) -> Row:
        life, number = guest.life, self.book.number
        return (
            life.number,
            life.given_name,
            life.surname,
            life.mother_name,
            life.father_name,
            guest.mother.life.number if guest.mother else None,
            guest.father.life.number if guest.father else None,
            guest.spouse.life.number if guest.spouse else None,
            life.sex,
            packed(life.born),
            *self._birth_place(guest),
            number[life.status],
            number[life.civil_status],
            packed(life.died) if life.died else None,
            guest.real.life.number if guest.real else None,
            None,
            0,
            guest.nationality_code,
            number[guest.standing],
            *self._permit(guest),
            guest.acquired.number if guest.acquired else None,
        )

    def _birth_place(self, guest: Guest) -> tuple[str, int]:
        """The country of nationality, as registries write it."""
        guest.life.birth_country_code = guest.nationality_code
        return birth_place(guest.life, self.country, self.book)

    def _permit(self, guest: Guest) -> Row:
        """Number, first and last moment, why there is no last one, province, source."""
        random, number = self.random, self.book.number
        start = max(guest.since, self.until - years(2 * random()))
        if guest.life.status is not Status.OPEN:
            start = guest.since
        reason = _OPEN_ENDED.get(guest.standing)
        end = start + years(1 + 2 * random())
        source = SourceUnit.LABOUR if guest.standing is Standing.WORK else SourceUnit.MIGRATION
        return (
            f"S{100_000_000 + int(random() * 899_999_999)}",
            _moment(start),
            None if reason else _moment(end),
            number[reason] if reason else None,
            guest.province_code,
            number[source],
        )


def duplicate(second: Guest, first: Guest) -> None:
    """Close a record that tells of the same person as another one."""
    one, other = second.life, first.life
    one.given_name, one.surname, one.sex = other.given_name, other.surname, other.sex
    one.mother_name, one.father_name, one.born = other.mother_name, other.father_name, other.born
    second.nationality_code, second.standing = first.nationality_code, first.standing
    second.since = max(second.since, one.born)
    one.status = Status.CLOSED
    second.real = first


def _moment(day: int) -> str:
    """Midnight of a day, as both databases read a date and time."""
    return f"{date.fromordinal(day).isoformat()} 00:00:00.000000"
