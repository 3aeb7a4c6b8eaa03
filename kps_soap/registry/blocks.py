"""One block of the population, from the first founder to the last row (K4.3).

A plan cuts the population into blocks and gives each its own ranges of numbers, so that blocks
do not need each other: any one of them can be made again alone.  A block has exactly the size
that was planned.  This module refuses to write anything: it returns rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from random import Random as Generator
from typing import Final

from kps_soap.registry import blue_cards, citizens, documents, dwellings, foreigners, households
from kps_soap.registry.blue_cards import BlueCards, descendant
from kps_soap.registry.chronicle import (
    EVENT_COLUMNS,
    MARRIAGE_COLUMNS,
    RECORDS_A_PERSON,
    Chronicle,
)
from kps_soap.registry.documents import Documents
from kps_soap.registry.foreigners import Foreigners
from kps_soap.registry.geography import Country
from kps_soap.registry.households import Housing
from kps_soap.registry.kinship import Block, year_of, years
from kps_soap.registry.lives import MAN, NO_DAY, NO_DAY_NO_MONTH, WOMAN, Life, Turn
from kps_soap.registry.meanings import CodeBook, EventKind
from kps_soap.registry.numbers import Numbers
from kps_soap.registry.turns import draw_turns

Random = Callable[[], float]
Row = tuple[object, ...]
Sheets = dict[str, list[Row]]

#: The tables a population fills, with the columns in the order of the rows.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "citizens": citizens.CITIZEN_COLUMNS,
    "foreigners": foreigners.FOREIGNER_COLUMNS,
    "blue_card_persons": blue_cards.BLUE_PERSON_COLUMNS,
    "old_booklets": documents.BOOKLET_COLUMNS,
    "identity_cards": documents.CARD_COLUMNS,
    "temporary_identities": documents.TEMPORARY_COLUMNS,
    "old_blue_cards": blue_cards.OLD_BLUE_CARD_COLUMNS,
    "new_blue_cards": blue_cards.NEW_BLUE_CARD_COLUMNS,
    "new_blue_card_temporaries": blue_cards.BLUE_TEMPORARY_COLUMNS,
    "photos": documents.PHOTO_COLUMNS,
    "addresses": households.ADDRESS_COLUMNS,
    "dwellings": dwellings.DWELLING_COLUMNS,
    "events": EVENT_COLUMNS,
    "marriages": MARRIAGE_COLUMNS,
    "districts": ("code", "province_code", "name"),
    "neighbourhoods": ("code", "district_code", "name"),
    "volumes": ("district_code", "code", "name"),
}

BLOCK_SIZE: Final = 25_000
BLOCKS_MAX: Final = 500
#: Numbers set aside for block 0, the golden personas: of citizens, of foreigners.
RESERVED: Final = 256
FOREIGN_RESERVED: Final = 64
#: Persons a founding couple leads to, about; only where the search for the size begins.
_PERSONS_A_COUPLE: Final = 94
_PRIOR_COUPLES: Final = 20
_SIZE_TRIES: Final = 200
_SHARE_FOREIGN_PERMILLE: Final = 30
_FOREIGN_SPACE_PERMILLE: Final = 40
_SHARE_NATURALISED_PERMILLE: Final = 3
_SHARE_DESCENDANTS_PERMILLE: Final = 1
_NO_DAY_OLD, _NO_DAY, _NO_MONTH = 0.06, 0.002, 0.005
_OLD_COHORT: Final = 1960
#: Foreigners who are alone mostly share a home.
_SHARE_SHARED_ROOMS: Final = 0.6


@dataclass(frozen=True, slots=True)
class Setting:
    """What every block of one population shares; ``until`` is its date as an ordinal day."""

    seed: int
    until: int
    country: Country
    book: CodeBook
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Share:
    """A block of the plan: its number, how many persons, and how many come before it."""

    block: int
    persons: int
    before: int

    @property
    def foreign(self) -> int:
        """How many of the persons are foreigners."""
        return self.persons * _SHARE_FOREIGN_PERMILLE // 1000

    @property
    def foreign_before(self) -> int:
        """Where the block's own 99-numbers begin; fewer than one in twenty-five is one."""
        reserved = FOREIGN_RESERVED if self.block else 0
        return reserved + self.before * _FOREIGN_SPACE_PERMILLE // 1000

    @property
    def naturalised(self) -> int:
        """How many of the persons are citizens who were foreigners."""
        return self.persons * _SHARE_NATURALISED_PERMILLE // 1000

    @property
    def descendants(self) -> int:
        """How many of the persons are blue card holders who never were citizens."""
        return self.persons * _SHARE_DESCENDANTS_PERMILLE // 1000


def plan(persons: int) -> list[Share]:
    """Blocks of nearly equal size for ``persons``, after the block of the personas."""
    size = max(BLOCK_SIZE, -(-persons // BLOCKS_MAX))
    count = max(1, round(persons / size)) if persons else 0
    shares = []
    for place in range(count):
        first, end = persons * place // count, persons * (place + 1) // count
        shares.append(Share(block=place + 1, persons=end - first, before=RESERVED + first))
    return shares


def make_block(setting: Setting, share: Share) -> Sheets:
    """All rows of one block, made of chance alone."""
    random = Generator(f"{setting.seed}/{share.block}/{setting.until}").random  # noqa: S311
    kin = share.persons - share.foreign - share.naturalised - share.descendants
    lives = people(random, setting.until, kin)
    draw_turns(random, lives, setting.until)
    newcomers = [_newcomer(random, setting.until) for _ in range(share.naturalised)]
    _forget_dates(random, lives)
    guests = Foreigners(random, setting.country, setting.book, setting.until)
    guests.arrive(share.foreign, newcomers)
    guests.merge_duplicates()
    workshop = Workshop(setting, share, random)
    workshop.enter(lives + newcomers, guests)
    return workshop.rows(workshop.descendants(share.descendants))


class Workshop:
    """Turns the people of a block into rows: numbers, chronicle, homes, documents, in order."""

    def __init__(self, setting: Setting, share: Share, random: Random) -> None:
        self.setting = setting
        self.share = share
        self.random = random
        self.lives: list[Life] = []
        self.guests = Foreigners(random, setting.country, setting.book, setting.until)
        country, book, until = setting.country, setting.book, setting.until
        self.chronicle = Chronicle(
            random, country, book, share.block, share.before * RECORDS_A_PERSON + 1, until
        )
        self.housing = Housing(random, country, book, share.block, until)
        self.documents = Documents(random, setting.numbers, country, book, until)
        self.cards = BlueCards(random, setting.numbers, country, book, until)

    def enter(self, lives: list[Life], guests: Foreigners) -> None:
        """Number everybody and let everything happen that happened."""
        numbers, self.lives, self.guests = self.setting.numbers, lives, guests
        for index, life in enumerate(lives, start=self.share.before):
            life.number = numbers.citizen(index)
        for order, guest in enumerate(guests.guests):
            guest.life.number = numbers.foreigner(self.share.foreign_before + order)
            if guest.acquired is not None:
                guest.acquired.former_foreigner_number = guest.life.number
        self.chronicle.run(lives)

    def descendants(self, count: int) -> list[Life]:
        """Blue card holders who never were citizens, children of emigrants where possible."""
        random, until = self.random, self.setting.until
        grown = years(21)
        parents = [life for life in self.lives if life.has_emigrated and until - life.born > grown]
        return [
            descendant(
                random,
                parents[order % len(parents)] if parents else None,
                until,
                self.cards.holder_country(),
            )
            for order in range(count)
        ]

    def rows(self, descendants: list[Life]) -> Sheets:
        """Give everybody a home and documents; all rows of the block."""
        before, numbers = self.share.before, self.setting.numbers
        first = self.share.foreign_before + len(self.guests.guests)
        for order, life in enumerate(descendants):
            life.number = numbers.foreigner(first + order)
        self.housing.settle(sorted(self.lives, key=_birth))
        self.housing.settle(self.guests.household_lives(), sharing=_SHARE_SHARED_ROOMS)
        self.housing.settle_abroad(descendants)
        for index, life in enumerate(self.lives, start=before):
            self.documents.issue(life, index)
            if life.has_emigrated:
                self.cards.register(life, index, life.closed_on)
        for index, life in enumerate(descendants, start=before + len(self.lives)):
            self.cards.register(life, index, life.born + 30)
        return self._sheets()

    def _sheets(self) -> Sheets:
        country, book = self.setting.country, self.setting.book
        return {
            "citizens": [citizens.citizen_row(life, country, book) for life in self.lives],
            "foreigners": self.guests.rows(),
            "blue_card_persons": self.cards.persons,
            "old_booklets": self.documents.booklets,
            "identity_cards": self.documents.cards,
            "temporary_identities": self.documents.temporaries,
            "old_blue_cards": self.cards.old_cards,
            "new_blue_cards": self.cards.new_cards,
            "new_blue_card_temporaries": self.cards.temporaries,
            "photos": self.documents.photos + self.cards.photos,
            "addresses": self.housing.addresses,
            "dwellings": self.housing.dwellings,
            "events": self.chronicle.events,
            "marriages": self.chronicle.marriages,
        }


def country_rows(country: Country) -> Sheets:
    """Districts, neighbourhoods and register volumes: the same in every population."""
    districts = country.districts.values()
    return {
        "districts": [(one.code, one.province_code, one.name) for one in districts],
        "neighbourhoods": [
            (area.neighbourhood_code, area.district_code, area.neighbourhood_name)
            for area in country.areas
        ],
        "volumes": [
            (area.district_code, area.volume_code, area.village_name or area.neighbourhood_name)
            for area in country.areas
        ],
    }


def people(random: Random, until: int, size: int) -> list[Life]:
    """Exactly ``size`` people of one closed block, in the order of birth.

    The simulation is run until it is large enough but not far too large; the surplus is taken
    among those who never married and have no children, so that whole families stay whole.
    Raises ``ValueError`` if no size fits, which needs a block of a handful of people.
    """
    if not size:
        return []
    spare = 0.12 + 3.0 / sqrt(size)
    born, founded = float(_PERSONS_A_COUPLE * _PRIOR_COUPLES), _PRIOR_COUPLES
    for _ in range(_SIZE_TRIES):
        couples = max(1, round(size * (1 + spare / 2) * founded / born))
        lives = Block(random, until).run(couples)
        surplus = len(lives) - size
        if 0 <= surplus <= size * spare and prune(random, lives, surplus):
            return [life for life in lives if life.sex]
        born, founded = born + len(lives), founded + couples
        spare *= 1.02
    raise ValueError("no block of this size can be made")


def prune(random: Random, lives: list[Life], surplus: int) -> bool:
    """Take ``surplus`` childless, never married people out; their sex becomes 0.

    False, and nothing changed, if there are not so many.
    """
    free = [life for life in lives if not life.unions and not life.children]
    if len(free) < surplus:
        return False
    for _ in range(surplus):
        place = int(random() * len(free))
        life, free[place] = free[place], free[-1]
        free.pop()
        life.sex = 0
        for parent in (*_natural_parents(life), life.mother, life.father):
            if parent is not None and life in parent.children:
                parent.children.remove(life)
    return True


def _natural_parents(life: Life) -> tuple[Life | None, ...]:
    """Adoption has moved a child to other parents' lists; these are looked through too."""
    return tuple(parent for turn in life.turns for parent in (turn.father, turn.mother))


def _newcomer(random: Random, until: int) -> Life:
    """A citizen by naturalisation, whose former self is among the foreigners."""
    born = until - years(24 + 45 * random())
    day = born + years(20) + int(random() * (until - born - years(21)))
    life = Life(sex=MAN if random() < 0.5 else WOMAN, born=born)
    life.turns.append(Turn(day, EventKind.NATURALISATION))
    return life


def _forget_dates(random: Random, lives: list[Life]) -> None:
    """Leave birth days and months unknown where registries did not know them."""
    for life in lives:
        draw = random()
        if draw < _NO_MONTH:
            life.date_known = NO_DAY_NO_MONTH
        elif draw < _NO_MONTH + (_NO_DAY_OLD if year_of(life.born) < _OLD_COHORT else _NO_DAY):
            life.date_known = NO_DAY


def _birth(life: Life) -> int:
    return life.born
