"""The synthetic population: the same for the same seed, exact in size, whole or not there."""

import asyncio
import os
import sqlite3
import struct
import subprocess
import sys
import zlib
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect

from kps_soap import identity_number, places
from kps_soap.faults import RegisterUnavailable
from kps_soap.registry import (
    blocks,
    codes,
    demography,
    geography,
    names,
    photos,
    population,
    turns,
)
from kps_soap.registry.calendar_days import interval, packed, years_after
from kps_soap.registry.checker import check
from kps_soap.registry.geography import Country
from kps_soap.registry.households import Housing
from kps_soap.registry.kinship import Block
from kps_soap.registry.lives import MAN, WOMAN, Life
from kps_soap.registry.loading import RegisterExists, content_digest
from kps_soap.registry.meanings import TABLE_OF, CodeBook, EventKind
from kps_soap.registry.numbers import DENIED, Numbers
from kps_soap.registry.records import AddressKind
from kps_soap.registry.store import Register
from kps_soap.turkish import fold, is_name

TODAY = date(2026, 1, 1)


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def _note(path: Path, key: str) -> str:
    with sqlite3.connect(path) as connection:
        (value,) = connection.execute(
            "SELECT value FROM register_info WHERE key = ?", (key,)
        ).fetchone()
    connection.close()
    return str(value)


def _ask(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def country() -> Country:
    tables = codes.load(places.conf() / "codes.toml").tables
    return Country({code: line.text for code, line in tables[codes.PROVINCES].items()})


# The register as a whole


@pytest.mark.parametrize("persons", [200, 263, 501])
def test_a_register_has_exactly_the_persons_asked_for(persons: int, tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    population.make(_url(path), persons=persons, seed=3, date=TODAY)
    ((count,),) = _ask(
        path,
        "SELECT count(*) FROM (SELECT number FROM citizens UNION SELECT number FROM foreigners"
        " UNION SELECT number FROM blue_card_persons)",
    )
    assert count == persons
    assert check(_url(path)) == []


def test_two_runs_give_one_content_whatever_the_hash_seed(tmp_path: Path) -> None:
    script = (
        "import sys, datetime; from kps_soap.registry import population;"
        "population.make(sys.argv[1], persons=300, seed=9, date=datetime.date(2026, 1, 1))"
    )
    digests = set()
    for hash_seed in ("0", "4242"):
        path = tmp_path / f"{hash_seed}.sqlite"
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        subprocess.run(
            [sys.executable, "-c", script, _url(path)], check=True, env=environment, timeout=60
        )
        digests.add(_note(path, "content_digest"))
    assert len(digests) == 1


def test_another_seed_or_date_gives_other_people(tmp_path: Path) -> None:
    digests = set()
    for order, (seed, day) in enumerate([(1, TODAY), (2, TODAY), (1, date(2026, 1, 2))]):
        path = tmp_path / f"{order}.sqlite"
        population.make(_url(path), persons=200, seed=seed, date=day)
        digests.add(_note(path, "content_digest"))
    assert len(digests) == 3


def test_both_databases_hold_the_same_sound_content(database_url: str, tmp_path: Path) -> None:
    population.make(database_url, persons=250, seed=5, date=TODAY)
    assert check(database_url) == []
    engine = create_engine(database_url)
    with engine.connect() as connection:
        digest = content_digest(connection, blocks.COLUMNS)
    engine.dispose()
    path = tmp_path / "same.sqlite"
    population.make(_url(path), persons=250, seed=5, date=TODAY)
    assert digest == _note(path, "content_digest")
    with pytest.raises(RegisterExists):
        population.make(database_url, persons=200, seed=5, date=TODAY)


def test_the_register_says_what_it_is(population_file: Path) -> None:
    assert _note(population_file, "kind") == "SENTETIK"
    assert _note(population_file, "seed") == "1"
    assert _note(population_file, "size") == "1000"
    assert _note(population_file, "date") == "2026-01-01"
    assert _note(population_file, "numbers") == "gecerli"


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(made: int, persons: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        population.make(
            _url(tmp_path / "r.sqlite"), persons=300, seed=1, date=TODAY, progress=interrupt
        )
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_killed_goes_on_and_gives_the_same_register(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 200)
    monkeypatch.setattr(population, "BLOCKS_A_SAVE", 2)
    heard: list[int] = []

    def killed(made: int, _persons: int) -> None:
        heard.append(made)
        if len(heard) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        population.make(database_url, persons=1200, seed=1, date=TODAY, progress=killed)
    with pytest.raises(RegisterUnavailable):
        asyncio.run(Register.open(database_url))
    again: list[int] = []
    population.make(
        database_url, persons=1200, seed=1, date=TODAY, progress=lambda made, _: again.append(made)
    )
    assert again[0] == heard[2]
    whole = tmp_path / "whole.sqlite"
    population.make(_url(whole), persons=1200, seed=1, date=TODAY)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert content_digest(connection, blocks.COLUMNS) == _note(whole, "content_digest")
        assert not inspect(connection).has_table("register_making")
    engine.dispose()
    assert check(database_url) == []


def test_what_another_run_left_is_thrown_away(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 200)
    monkeypatch.setattr(population, "BLOCKS_A_SAVE", 1)

    def killed(made: int, _persons: int) -> None:
        if made > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        population.make(database_url, persons=900, seed=1, date=TODAY, progress=killed)
    population.make(database_url, persons=600, seed=2, date=TODAY)
    assert check(database_url) == []


def test_progress_ends_with_everybody(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    population.make(
        _url(tmp_path / "r.sqlite"),
        persons=250,
        seed=1,
        date=TODAY,
        progress=lambda made, persons: heard.append((made, persons)),
    )
    assert heard[-1] == (250, 250)
    assert heard == sorted(heard)


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("mine")
    with pytest.raises(RegisterExists):
        population.make(_url(path), persons=200, seed=1, date=TODAY)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("url", "persons", "day", "numbers"),
    [
        ("sqlite:///{}/r", 199, TODAY, "gecerli"),
        ("sqlite:///{}/r", 50_000_001, TODAY, "gecerli"),
        ("sqlite:///{}/r", 200, date(2019, 12, 31), "gecerli"),
        ("sqlite:///{}/r", 200, date(2036, 1, 1), "gecerli"),
        ("sqlite:///{}/r", 200, TODAY, "gercek"),
        ("sqlite://", 200, TODAY, "gecerli"),
        ("mysql://nowhere/r", 200, TODAY, "gecerli"),
    ],
)
def test_what_cannot_be_made_is_refused(
    url: str, persons: int, day: date, numbers: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError):
        population.make(url.format(tmp_path), persons=persons, seed=1, date=day, numbers=numbers)
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_the_other_mode_are_never_a_real_persons(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    population.make(_url(path), persons=300, seed=1, date=TODAY, numbers="ayrik")
    assert check(_url(path)) == []
    for (number,) in _ask(path, "SELECT number FROM citizens UNION SELECT number FROM foreigners"):
        assert isinstance(number, int)
        assert identity_number.is_disjoint(number)


def test_persons_are_of_all_kinds(population_file: Path) -> None:
    counted = {
        table: _ask(population_file, f"SELECT count(*) FROM {table}")[0][0]
        for table in (*blocks.COLUMNS, "provinces", "codes")
    }
    assert all(counted[table] for table in counted if table != "new_blue_card_temporaries")
    assert counted["provinces"] == 81
    assert int(str(counted["foreigners"])) >= 30


def test_events_of_the_usual_kinds_happen(population_file: Path) -> None:
    book = CodeBook.of_tables(codes.load(places.conf() / "codes.toml"))
    happened = Counter(
        book.text["OlayTipi"][int(str(kind))]
        for (kind,) in _ask(population_file, "SELECT kind_code FROM events")
    )
    for text in ("Doğum", "Ölüm", "Evlenme", "Boşanma", "Tanıma", "Evlat Edinme", "Çıkma İzni"):
        assert happened[text] > 0


# Blocks


@pytest.mark.parametrize("persons", [0, 1, 900, 24_000, 60_000, 1_000_001, 49_999_000])
def test_a_plan_shares_out_everybody_once(persons: int) -> None:
    shares = blocks.plan(persons)
    assert sum(share.persons for share in shares) == persons
    assert len(shares) <= blocks.BLOCKS_MAX < geography.BLOCKS_MAX
    for one, after in zip(shares, shares[1:], strict=False):
        assert after.before == one.before + one.persons
        used = one.foreign + one.descendants
        assert one.foreign_before + used <= after.foreign_before
        assert after.block == one.block + 1


def test_a_block_can_be_made_again_alone(country: Country) -> None:
    setting = blocks.Setting(
        seed=4,
        until=TODAY.toordinal(),
        country=country,
        book=CodeBook.of_tables(codes.load(places.conf() / "codes.toml")),
        numbers=Numbers(4, "gecerli"),
    )
    share = blocks.Share(block=2, persons=300, before=9000)
    once, again = blocks.make_block(setting, share), blocks.make_block(setting, share)
    assert once == again
    other = blocks.make_block(setting, blocks.Share(block=3, persons=300, before=9300))
    for table, column in (("dwellings", 0), ("citizens", 0), ("events", 0), ("foreigners", 0)):
        mine = {row[column] for row in once[table]}
        assert not mine & {row[column] for row in other[table]}


def test_a_size_that_no_family_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        blocks.people(lambda: 0.0, TODAY.toordinal(), 1)


@settings(max_examples=6, deadline=None)
@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=20, max_value=400))
def test_a_closed_block_is_a_sound_kinship(seed: int, size: int) -> None:
    until = TODAY.toordinal()
    lives = blocks.people(Random(str(seed)).random, until, size)
    assert len(lives) == size
    known = set(map(id, lives))
    for life in lives:
        assert life.born <= until
        assert not life.died or life.born <= life.died <= until
        for parent in (life.mother, life.father):
            assert parent is None or id(parent) in known
        _has_sound_parents(life)
        for union in life.unions:
            assert union.start > life.born + 14 * 365
            assert not life.died or union.start <= life.died
            assert not union.end or union.start <= union.end <= until


def _has_sound_parents(life: Life) -> None:
    mother, father = life.mother, life.father
    if mother is not None:
        assert mother.sex == WOMAN
        assert 13 * 365 < life.born - mother.born < 52 * 365
        assert not mother.died or life.born <= mother.died
    if father is not None:
        assert father.sex == MAN
        assert 15 * 365 < life.born - father.born < 80 * 365


def test_a_block_grows_to_the_shares_of_a_population() -> None:
    until = TODAY.toordinal()
    lives = Block(Random("shape").random, until).run(120)
    living = [life for life in lives if not life.died]
    assert 0.57 < len(living) / len(lives) < 0.67
    mothers = [life.born - life.mother.born for life in lives if life.mother is not None]
    assert 22 * 365 < sum(mothers) / len(mothers) < 32 * 365
    twins = [life for life in lives if life.twin]
    assert len(twins) % 2 == 0


@pytest.mark.parametrize(
    ("draw", "leaving", "kind"),
    [
        (0.001, 0.9, EventKind.NAME_CHANGE),
        (0.009, 0.9, EventKind.SURNAME_CHANGE),
        (0.012, 0.9, EventKind.CORRECTION),
        (0.0195, 0.9, EventKind.RELIGION_CHANGE),
        (0.0203, 0.9, EventKind.GUARDIANSHIP),
        (0.9, 0.001, EventKind.CITIZENSHIP_LOSS),
        (0.9, 0.013, EventKind.ABSENCE),
        (0.9, 0.9, None),
    ],
)
def test_a_grown_up_life_may_take_a_turn(
    draw: float, leaving: float, kind: EventKind | None
) -> None:
    until = TODAY.toordinal()
    life = Life(sex=MAN, born=until - 40 * 366)
    # Only the draw of a surname asks for a second day.
    days = [0.5, 0.5] if kind is EventKind.SURNAME_CHANGE else [0.5]
    turns.draw_turns(iter([draw, *days, leaving, 0.5]).__next__, [life], until)
    assert [turn.kind for turn in life.turns] == ([kind] if kind else [])
    assert all(life.born + 18 * 365 < turn.day < until for turn in life.turns)


def test_who_has_just_come_of_age_or_has_children_gives_nobody_a_new_surname() -> None:
    until = TODAY.toordinal()
    young = Life(sex=MAN, born=until - 18 * 366)
    turns.draw_turns(lambda: 0.009, [young], until)
    father = Life(sex=MAN, born=until - 40 * 366)
    father.children.append(Life(sex=MAN, born=father.born + 17 * 365, father=father))
    turns.draw_turns(iter([0.009, 0.5, 0.9]).__next__, [father], until)
    assert young.turns == father.turns == []


def test_some_dwellings_are_crowded_and_nobody_else_shares_one(country: Country) -> None:
    until = TODAY.toordinal()
    book = CodeBook.of_tables(codes.load(places.conf() / "codes.toml"))
    lives = [Life(sex=MAN, born=until - 15_000 - n, number=n) for n in range(1600)]
    for life in lives:
        life.birth_district_code = country.districts_of(34)[0]
    housing = Housing(Random("crowd").random, country, book, 1, until)
    housing.settle(lives)
    inhabitants = Counter(home.address_no for home in housing.homes if home.address_no)
    (_, crowd), (_, next_one) = inhabitants.most_common(2)
    assert crowd > 10
    assert next_one == 1


# Figures, names, numbers, places, photos


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


def test_another_number_in_the_code_tables_is_another_number_in_the_rows(tmp_path: Path) -> None:
    shipped = (places.conf() / "codes.toml").read_text(encoding="utf-8")
    changed = tmp_path / "codes.toml"
    changed.write_text(shipped.replace('5 = { text = "Dul"', '55 = { text = "Dul"'))
    path = tmp_path / "r.sqlite"
    population.make(_url(path), persons=300, seed=1, date=TODAY, codes_file=changed)
    assert _ask(path, "SELECT 1 FROM citizens WHERE civil_status_code = 55")
    assert not _ask(path, "SELECT 1 FROM citizens WHERE civil_status_code = 5")
    assert check(_url(path)) == []


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
