"""What synthetic people are made of: figures, names, numbers, places, photos and dates."""

import struct
import zlib
from collections import Counter
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap import identity_number, places
from kps_soap.registry import (
    codes,
    demography,
    geography,
    names,
    photos,
)
from kps_soap.registry.calendar_days import interval, packed, years_after
from kps_soap.registry.geography import Country
from kps_soap.registry.lives import MAN, WOMAN
from kps_soap.registry.meanings import TABLE_OF, CodeBook
from kps_soap.registry.numbers import DENIED, Numbers
from kps_soap.registry.records import AddressKind
from kps_soap.turkish import fold, is_name


def test_a_table_of_rates_is_straight_between_its_points() -> None:
    points = [(1900.0, 1.0), (1910.0, 2.0)]
    assert [demography.between(points, at) for at in (1800, 1900, 1905, 1910, 2000)] == [
        1.0,
        1.0,
        1.5,
        2.0,
        2.0,
    ]


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_nobody_lives_less_than_nothing_or_beyond_all_measure(one: float, two: float) -> None:
    for sex in (MAN, WOMAN):
        for year in (1850, 1950, 2020):
            assert 0.0 <= demography.age_at_death(sex, year, one, two) <= 108.0


def test_given_names_are_written_as_the_register_stores_them() -> None:
    for name in (*names.MEN, *names.WOMEN, *names.SURNAMES):
        assert fold(name) == name
        assert is_name(name)
    for name in (*names.FOREIGN_MEN, *names.FOREIGN_WOMEN, *names.FOREIGN_SURNAMES):
        assert is_name(name, foreign=True)


def test_surnames_are_spread_like_real_ones_and_all_invented() -> None:
    random = Random("surnames").random
    drawn = Counter(names.surname(random) for _ in range(20_000))
    shares = [count / 20_000 for _, count in drawn.most_common(20)]
    assert 0.007 < shares[0] < 0.014
    assert 0.07 < sum(shares) < 0.11
    assert all(names.is_invented(name) for name in drawn)


def test_given_names_have_the_unusual_ones_too() -> None:
    random = Random("given").random
    drawn = [names.given_name(random, 1 + n % 2, 1990, None, ()) for n in range(20_000)]
    assert all(is_name(name) for name in drawn)
    share_of_two = sum(len(name.split()) == 2 for name in drawn) / len(drawn)
    assert 0.19 < share_of_two < 0.25
    assert sum(len(name) >= names.LONG_NAME_LENGTH for name in drawn) >= 3
    assert sum(len(name) == 1 for name in drawn) >= 3
    assert sum("Â" in name for name in drawn) >= 20
    assert sum(name.startswith("İ") for name in drawn) >= 40
    assert sum(name.startswith("I") for name in drawn) >= 40


def test_a_child_may_be_named_after_a_grandparent_and_not_after_a_sibling() -> None:
    assert names.given_name(lambda: 0.1, MAN, 1950, "SATILMIŞ", ()) == "SATILMIŞ"
    assert names.given_name(lambda: 0.1, MAN, 1950, "SATILMIŞ", ("SATILMIŞ",)) != "SATILMIŞ"


@pytest.mark.parametrize("text", ["YILMAZ", "KAYA", "ÖRNEK KAYA", "SAMPLESON", ""])
def test_natural_and_foreign_surnames_are_not_of_the_pool(text: str) -> None:
    assert not names.is_invented(text)


def test_foreign_surnames_are_of_the_pool_for_foreigners() -> None:
    assert names.is_invented("SAMPLESON", foreign=True)
    assert names.is_invented("ÖRNEKCAN-A SANALAY")
    assert names.is_invented("ÖRNEKCAN-SANALAY-B")


def test_numbers_are_valid_unique_and_not_in_a_row() -> None:
    numbers = Numbers(11, "gecerli")
    drawn = [numbers.citizen(index) for index in range(20_000)]
    assert len(set(drawn)) == len(drawn)
    assert all(identity_number.is_valid(number) for number in drawn)
    assert all(abs(one - two) > 10**6 for one, two in zip(drawn, drawn[1:], strict=False))
    first_digits = Counter(str(number)[0] for number in drawn)
    assert min(first_digits.values()) > 1500
    foreign = [numbers.foreigner(index) for index in range(5_000)]
    assert len(set(foreign)) == len(foreign)
    assert all(number >= 99_000_000_000 for number in foreign)


def test_a_denied_number_is_replaced_by_one_that_nobody_else_gets() -> None:
    numbers = Numbers(1, "gecerli")
    denied = next(index for index in _indices_of(numbers, 10_000_000_146 // 100 - 100_000_000))
    given_out = numbers.citizen(denied)
    assert given_out not in DENIED
    assert identity_number.is_valid(given_out)


def _indices_of(numbers: Numbers, place: int) -> list[int]:
    """Which index the permutation of citizens puts at a place."""
    permutation = numbers._citizens
    inverse = pow(permutation._step, -1, permutation.size)
    return [(place - permutation._start) * inverse % permutation.size]


def test_there_are_not_more_numbers_than_there_are() -> None:
    with pytest.raises(ValueError, match="identity numbers"):
        Numbers(1, "gecerli").foreigner(10_000_000)


def test_document_numbers_have_the_published_shapes() -> None:
    numbers = Numbers(1, "gecerli")
    serials = [numbers.card_serial(index) for index in range(2_000)]
    assert len(set(serials)) == len(serials)
    for serial in serials:
        assert len(serial) == 9
        assert serial[0].isalpha() and serial[1:3].isdigit()
        assert serial[3].isalpha() and serial[4:].isdigit()
    series, number = numbers.booklet(7)
    assert len(series) == 3 and 0 <= number < 1_000_000


def test_the_country_has_real_provinces_and_invented_districts(country: Country) -> None:
    assert list(country.provinces) == list(range(1, 82))
    for province in country.provinces:
        districts = country.districts_of(province)
        assert 4 <= len(districts) <= 12
        assert len({country.districts[code].name for code in districts}) == len(districts)
        assert all(country.province_of(code) == province for code in districts)
    assert min(country.districts) >= 90_000
    codes_of_areas = {area.neighbourhood_code for area in country.areas}
    assert len(codes_of_areas) == len(country.areas)


def test_no_two_units_share_an_address_number(country: Country) -> None:
    seen: dict[int, geography.Place] = {}
    for block in (0, 1, 511):
        for kind in (AddressKind.CENTRE, AddressKind.TOWN, AddressKind.VILLAGE):
            for order in range(300):
                place = country.unit(69, kind, order, block)
                if place is None:
                    continue
                assert place.address_no not in seen
                assert 9_000_000_000 <= place.address_no <= 9_999_999_999
                assert place.area.kind is kind
                seen[place.address_no] = place
    spots = {(one.street_code, one.building_no, one.unit_no) for one in seen.values()}
    assert len(spots) == len(seen) > 300


def test_a_province_does_not_have_endless_dwellings(country: Country) -> None:
    with pytest.raises(ValueError, match="dwellings"):
        country.unit(69, AddressKind.VILLAGE, 10**9, 0)


def test_a_country_cannot_outgrow_the_address_numbers() -> None:
    with pytest.raises(ValueError, match="address numbers"):
        Country({code: str(code) for code in range(1, 200)})


def test_every_meaning_has_its_text_in_the_shipped_code_tables() -> None:
    tables = codes.load(places.conf() / "codes.toml")
    book = CodeBook.of_tables(tables)
    for meaning, table in TABLE_OF.items():
        for member in meaning:
            assert tables.code_of(table, member.value) == book.number[member]


_GLYPHS = {
    "S": ("01111", "10000", "10000", "01110", "00001", "00001", "11110"),
    "E": ("11111", "10000", "10000", "11110", "10000", "10000", "11111"),
    "N": ("10001", "11001", "10101", "10101", "10011", "10001", "10001"),
    "T": ("11111", "00100", "00100", "00100", "00100", "00100", "00100"),
    "İ": ("00100", "00000", "00100", "00100", "00100", "00100", "00100"),
    "K": ("10001", "10010", "10100", "11000", "10100", "10010", "10001"),
}


def _drawing() -> bytes:
    """The rows of the tile, one bit a point, each behind the filter byte 0."""
    points = [[0] * photos.WIDTH for _ in range(photos.HEIGHT)]
    for place, letter in enumerate("SENTETİK"):
        for row, line in enumerate(_GLYPHS[letter]):
            for column, point in enumerate(line):
                points[58 + row][8 + place * 10 + column] = int(point)
    rows = bytearray()
    for line_of_points in points:
        bits = "".join(map(str, line_of_points))
        rows.append(0)
        rows += int(bits, 2).to_bytes(photos.WIDTH // 8, "big")
    return bytes(rows)


def test_a_photo_is_a_small_png_that_says_what_it_is() -> None:
    image = photos.tile(123_456_789)
    assert len(image) <= 2048
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = {}
    rest = image[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, content = rest[4:8], rest[8 : 8 + length]
        (checksum,) = struct.unpack(">I", rest[8 + length : 12 + length])
        assert checksum == zlib.crc32(kind + content)
        chunks[kind] = content
        rest = rest[12 + length :]
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (96, 128)
    assert zlib.decompress(chunks[b"IDAT"]) == _drawing()
    assert photos.tile(1) != photos.tile(2)


def test_dates_with_unknown_parts_are_intervals() -> None:
    day = date(2024, 2, 29).toordinal()
    assert packed(day) == 20240229
    assert interval(20240229) == (day, day)
    assert interval(20240200) == (date(2024, 2, 1).toordinal(), day)
    assert interval(20240000) == (
        date(2024, 1, 1).toordinal(),
        date(2024, 12, 31).toordinal(),
    )
    assert interval(20230229) is None
    assert years_after(day, 1) == date(2025, 2, 28).toordinal()
    assert years_after(day, 4) == date(2028, 2, 29).toordinal()
