"""One numbered unit as a row of the dwellings table: what stands there and how it is written.

Everything about a building follows from its street and number, so that two units of one house
agree about it.  This module draws nothing and knows no inhabitant.
"""

from kps_soap.registry.geography import Country, Place, mixed
from kps_soap.registry.loading import columns
from kps_soap.registry.meanings import CodeBook, Dwelling
from kps_soap.registry.records import AddressKind

DWELLING_COLUMNS = columns(
    "address_no text district_code neighbourhood_code village_name village_code "
    "village_record_no street_code street_name building_code building_no "
    "building_status_code building_kind_code building_use_code numbering_kind_code "
    "lot_block lot_sheet lot_parcel block_name estate_name outer_door_no inner_door_no "
    "floor_no unit_status_code unit_kind_code deed_unit_no floors_below_road "
    "floors_above_road"
)
BUILDING_CODE_MIN = 900_000_000
_UNITS_A_FLOOR = 2
_ESTATE_NAMES = ("ÖRNEK", "KURGU", "SANAL", "NUMUNE", "GÖLGE", "ŞABLON")


def dwelling_row(place: Place, country: Country, book: CodeBook) -> tuple[object, ...]:
    """The row of a unit, in the order of ``DWELLING_COLUMNS``."""
    area = place.area
    house = mixed(place.street_code, place.building_no)
    several = place.units > 1
    outer = f"{place.building_no}/A" if house % 23 == 0 else str(place.building_no)
    estate = f"{_ESTATE_NAMES[house % 6]} SİTESİ" if place.units > 12 and house % 4 == 0 else None
    lives_in_village = area.kind is not AddressKind.CENTRE
    return (
        place.address_no,
        _written(place, country, outer, estate),
        area.district_code,
        area.neighbourhood_code,
        area.village_name,
        area.village_code,
        area.village_code + 1_000_000 if lives_in_village and area.village_code else None,
        place.street_code,
        place.street_name,
        BUILDING_CODE_MIN + (place.street_code - 90_000_000) * 60 + place.building_no,
        place.building_no,
        _one_of(book, "BinaDurum", 0),
        _one_of(book, "BinaYapiTipi", house % 10),
        _one_of(book, "YapiKullanimAmac", 2 if house % 9 == 0 else 0),
        _one_of(book, "BinaNumaratajTipi", 0),
        str(1 + house % 900),
        f"{chr(65 + house % 26)}{1 + house % 40}",
        str(1 + house % 90),
        f"{chr(65 + house % 4)} BLOK" if estate else None,
        estate,
        outer,
        str(place.unit_no) if several else None,
        str((place.unit_no - 1) // _UNITS_A_FLOOR) if several else None,
        _one_of(book, "BagimsizBolumDurum", 0),
        book.number[Dwelling.HOME],
        str(place.unit_no),
        house % 2,
        1 + (place.units - 1) // _UNITS_A_FLOOR,
    )


def _one_of(book: CodeBook, table: str, draw: int) -> int:
    """A number of a code table; the first one for every draw the table has no line for."""
    numbers = book.all_of(table)
    return numbers[draw] if draw < len(numbers) else numbers[0]


def _written(place: Place, country: Country, outer: str, estate: str | None) -> str:
    """The open address on one line, postal code and all (K3.5 R4)."""
    area = place.area
    district = country.districts[area.district_code]
    parts = [
        f"{area.village_name} KÖYÜ" if area.kind is AddressKind.VILLAGE else area.village_name,
        area.neighbourhood_name,
        place.street_name,
        estate,
        f"NO: {outer}",
        f"İÇ KAPI NO: {place.unit_no}" if place.units > 1 else None,
        f"{district.province_code:02d}{area.neighbourhood_code % 1000:03d}",
        f"{district.name} / {country.provinces[district.province_code]}",
    ]
    return " ".join(part for part in parts if part)
