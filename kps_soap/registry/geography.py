"""An invented country on the real map of provinces: districts, quarters, villages, streets.

The 81 provinces and their numbers are real and come from the code tables; everything below them
is invented, with codes from 90000 up and address numbers that begin with 9 (K4.1, K4.5).  The
country is the same for every seed.  Streets, buildings and units are not kept anywhere: a unit
is one number, and what it is called follows from that number.

This module refuses to know who lives where.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from typing import Final

from kps_soap.registry.records import AddressKind

Random = Callable[[], float]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DISTRICT_CODE_MIN: Final = 90_000
AREA_CODE_MIN: Final = 9_000_000
ADDRESS_NO_MIN: Final = 9_000_000_000
ADDRESS_NO_MAX: Final = 9_999_999_999
#: Provinces from the most to the least populous, roughly; the first counts extra.
_BY_SIZE: Final = tuple(
    map(
        int,
        _words(
            "34 6 35 16 7 42 1 63 27 41 33 21 31 45 38 55 10 9 46 59 54 65 20 48 47 26 44 61 25 "
            "72 2 52 58 23 3 67 43 60 17 39 64 32 19 4 66 51 80 22 68 37 73 30 13 49 81 50 28 14 "
            "40 56 70 53 71 12 15 5 11 76 78 18 77 36 24 8 57 74 29 79 75 62 69"
        ),
    )
)
_FIRST_WEIGHT: Final = 2900
_HEADS: Final = _words(
    "ÖRNEK KURGU SANAL NUMUNE TASLAK HAYAL YAPAY VARSAY SINAMA ÇIĞIR GÖLGE ÜLGÜ DENEME İZ"
)
_ENDS: Final = _words("PINAR OVA KENT DERE TEPE KÖY ÇAYIR YAYLA BAHÇE KAPI BURUN IRMAK")
_NATURE: Final = _words(
    "LALE NERGİS KARANFİL IHLAMUR ÇINAR SÖĞÜT MEŞE KİRAZ ZEYTİN GELİNCİK YASEMİN PAPATYA ŞELALE "
    "ÇAĞLAYAN IRMAK GÖL DENİZ YILDIZ GÜNEŞ MEHTAP BULUT RÜZGÂR ÇİĞDEM SÜMBÜL MENEKŞE ARDIÇ IŞIK "
    "ÇAM KAVAK İNCİR ÜZÜM ŞEFTALİ BADEM CEVİZ FINDIK KEKİK DEFNE MANOLYA LEYLAK ZAMBAK"
)
#: Kinds of streets with their shares in a hundred (K4.5).
_STREETS: Final = (
    (70, "SOKAK"),
    (85, "CADDE"),
    (93, "KÜME EVLERİ"),
    (97, "BULVAR"),
    (100, "MEYDAN"),
)
_BUILDINGS: Final = 60
_UNITS: Final = 24
UNITS_A_STREET: Final = _BUILDINGS * _UNITS
_FAR_STREETS: Final = 10
_TOWN_QUARTERS: Final = 2
_VILLAGES: Final = 4
#: How many blocks of a population can share out the units without talking to each other.
BLOCKS_MAX: Final = 512

_MIX: Final = 0x9E3779B1
_WORD: Final = 0xFFFFFFFF


def mixed(*values: int) -> int:
    """A well-spread whole number of 32 bits from whole numbers; the same on every platform."""
    state = 0x2545F491
    for value in values:
        state = ((state ^ value) * _MIX) & _WORD
        state ^= state >> 15
    state = (state * 0x85EBCA6B) & _WORD
    return state ^ (state >> 13)


@dataclass(frozen=True, slots=True)
class Area:
    """A quarter of a town or a village: what a register volume and a set of streets belong to."""

    kind: AddressKind
    district_code: int
    volume_code: int
    neighbourhood_code: int
    neighbourhood_name: str
    village_code: int | None
    village_name: str | None
    streets: int
    first_street: int


@dataclass(frozen=True, slots=True)
class Region:
    """All areas of one kind in one province; its units are numbered from ``first_unit``."""

    areas: tuple[Area, ...]
    starts: tuple[int, ...]
    first_unit: int
    units: int
    step: int


@dataclass(frozen=True, slots=True)
class Place:
    """One unit, named."""

    address_no: int
    area: Area
    street_code: int
    street_name: str
    building_no: int
    buildings: int
    unit_no: int
    units: int


@dataclass(frozen=True, slots=True)
class DistrictPlace:
    """An invented district."""

    code: int
    province_code: int
    name: str
    volumes: int


class Country:
    """Provinces, their districts, areas and units; ``provinces`` is number to name."""

    def __init__(self, provinces: Mapping[int, str]) -> None:
        self.provinces = dict(sorted(provinces.items()))
        self.districts: dict[int, DistrictPlace] = {}
        self.areas: list[Area] = []
        self._codes_by_province: dict[int, list[int]] = {}
        self._regions: dict[tuple[int, AddressKind], Region] = {}
        self._streets = 0
        for province in self.provinces:
            self._settle(province)
        weights = [_weight(province) for province in self.provinces]
        self._bounds = list(accumulate(weights))
        self._province_codes = list(self.provinces)
        if self._streets * UNITS_A_STREET > ADDRESS_NO_MAX - ADDRESS_NO_MIN:
            raise ValueError("the country has more units than there are address numbers")

    def _settle(self, province: int) -> None:
        """Found the districts of a province; each kind of areas numbers its streets in one go."""
        count = 4 + min(8, _weight(province) // 50 + mixed(province, 1) % 3)
        codes = [DISTRICT_CODE_MIN + province * 20 + order for order in range(count)]
        self._codes_by_province[province] = codes
        for order, code in enumerate(codes):
            head = _HEADS[(mixed(province, 7) + order) % len(_HEADS)]
            name = head + _ENDS[mixed(code) % len(_ENDS)]
            volumes = _quarters(code) + _TOWN_QUARTERS + _VILLAGES
            self.districts[code] = DistrictPlace(code, province, name, volumes)
        for kind in (AddressKind.CENTRE, AddressKind.TOWN, AddressKind.VILLAGE):
            areas = [
                self._area(kind, code, order) for code in codes for order in _orders(kind, code)
            ]
            self._regions[province, kind] = _number(areas)

    def _area(self, kind: AddressKind, district: int, order: int) -> Area:
        code = AREA_CODE_MIN + (district - DISTRICT_CODE_MIN) * 64 + order
        word = _NATURE[(mixed(district, 3) + order) % len(_NATURE)]
        name, village, village_code = f"{word} MAHALLESİ", None, None
        streets = _FAR_STREETS
        if kind is AddressKind.CENTRE:
            streets = 10 + mixed(code, 4) % 51
        elif kind is AddressKind.TOWN:
            village, village_code = _settlement(district), 94_000_000 + district
        else:
            village, village_code = _settlement(code), 95_000_000 + code
            name = "KÖY MERKEZİ"
        area = Area(
            kind, district, order + 1, code, name, village_code, village, streets, self._streets
        )
        self.areas.append(area)
        self._streets += streets
        return area

    def draw_district(self, random: Random) -> int:
        """A district's code; provinces as often as they are populous."""
        draw = random() * self._bounds[-1]
        province = self._province_codes[bisect_right(self._bounds, draw)]
        codes = self._codes_by_province[province]
        return codes[int(random() * len(codes))]

    def districts_of(self, province: int) -> list[int]:
        """The codes of a province's districts."""
        return self._codes_by_province[province]

    def province_of(self, district: int) -> int:
        """The province a district belongs to."""
        return self.districts[district].province_code

    def unit(self, province: int, kind: AddressKind, order: int, block: int) -> Place | None:
        """The ``order``-th candidate of a block in a region, or nothing if no unit stands there.

        Two blocks, or two orders of one block, never meet in the same unit.  Raises
        ``ValueError`` when a block asks for more units than the region has for it.
        """
        region = self._regions[province, kind]
        turn = order * BLOCKS_MAX + block
        if turn >= region.units:
            raise ValueError("a province has not so many dwellings")
        return _place(region, turn * region.step % region.units)


def _quarters(district: int) -> int:
    """How many quarters a district's centre has."""
    return 5 + mixed(district, 2) % 36


def _orders(kind: AddressKind, district: int) -> range:
    """Which of a district's areas are of a kind: quarters first, then the town, then villages."""
    quarters = _quarters(district)
    town = quarters + _TOWN_QUARTERS
    if kind is AddressKind.CENTRE:
        return range(quarters)
    return range(quarters, town) if kind is AddressKind.TOWN else range(town, town + _VILLAGES)


def _settlement(code: int) -> str:
    """The name of a town or village."""
    return _NATURE[mixed(code, 6) % len(_NATURE)] + _ENDS[mixed(code, 5) % len(_ENDS)]


def _number(areas: list[Area]) -> Region:
    """Units in the order of the streets; ``step`` scatters those handed out one by one."""
    first = areas[0].first_street
    units = sum(area.streets for area in areas) * UNITS_A_STREET
    step = units * 618 // 1000 | 1
    while gcd(step, units) != 1:
        step += 2
    starts = tuple(area.first_street for area in areas)
    return Region(tuple(areas), starts, first * UNITS_A_STREET, units, step)


def _place(region: Region, unit: int) -> Place | None:
    """What stands at a unit's number, if the street is long and the house is high enough."""
    unit += region.first_unit
    street, rest = divmod(unit, UNITS_A_STREET)
    building, flat = divmod(rest, _UNITS)
    buildings = 1 + mixed(street, 8) % _BUILDINGS
    if building >= buildings:
        return None
    units = 1 + mixed(street, building, 9) % _UNITS
    if flat >= units:
        return None
    return Place(
        address_no=ADDRESS_NO_MIN + unit,
        area=region.areas[bisect_right(region.starts, street) - 1],
        street_code=90_000_000 + street,
        street_name=_street_name(street),
        building_no=building + 1,
        buildings=buildings,
        unit_no=flat + 1,
        units=units,
    )


def _street_name(code: int) -> str:
    """A street's name, its kind being one of the five (K3.5 R5)."""
    draw = mixed(code, 10)
    share = draw % 100
    kind = next(kind for bound, kind in _STREETS if share < bound)
    if kind == "SOKAK" and draw >> 8 & 1:
        return f"{1000 + code % 9000}. SOKAK"
    return f"{_NATURE[(draw >> 9) % len(_NATURE)]} {kind}"


def _weight(province: int) -> int:
    """How populous a province is, for the draw."""
    rank = _BY_SIZE.index(province) if province in _BY_SIZE else len(_BY_SIZE)
    return _FIRST_WEIGHT if rank == 0 else 4800 // (rank + 6)
