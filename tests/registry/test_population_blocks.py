"""Blocks of families: closed, sound, made again alone, and like a population in their shares."""

from collections import Counter
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kps_soap import places
from kps_soap.registry import (
    blocks,
    codes,
    geography,
    turns,
)
from kps_soap.registry.geography import Country
from kps_soap.registry.households import Housing
from kps_soap.registry.kinship import Block
from kps_soap.registry.lives import MAN, WOMAN, Life
from kps_soap.registry.meanings import CodeBook, EventKind
from kps_soap.registry.numbers import Numbers

TODAY = date(2026, 1, 1)


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
