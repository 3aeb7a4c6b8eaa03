"""The golden personas: what each index promises is what the register holds."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kps_soap import identity_number
from kps_soap.registry import population
from kps_soap.registry.numbers import DENIED
from kps_soap.registry.persona_kinds import KINDS
from kps_soap.registry.records import AddressKind, PartialDate
from kps_soap.registry.store import Register

Golden = tuple[population.Persona, ...]
#: A question of the register by name, and the number it is about.
Ask = Callable[[str, int], Any]

TODAY = date(2026, 1, 1)


@contextmanager
def _opened(path: Path) -> Iterator[Ask]:
    """Puts questions to a register, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    register = loop.run_until_complete(Register.open(f"sqlite:///{path}"))

    try:
        yield lambda question, number: loop.run_until_complete(getattr(register, question)(number))
    finally:
        loop.run_until_complete(register.close())
        loop.close()


@pytest.fixture(scope="module")
def ask(population_file: Path) -> Iterator[Ask]:
    """Puts questions to the session's register."""
    with _opened(population_file) as asked:
        yield asked


@pytest.fixture
def citizen(ask: Ask, golden: Golden) -> Callable[[int], Any]:
    """The citizen's record of a persona."""
    return lambda index: ask("citizen", golden[index].identity_number)


@pytest.fixture
def foreigner(ask: Ask, golden: Golden) -> Callable[[int], Any]:
    """The foreigner's record of a persona."""
    return lambda index: ask("foreigner", golden[index].identity_number)


@pytest.fixture
def addresses(ask: Ask, golden: Golden) -> Callable[[int], Any]:
    """The addresses of a persona."""
    return lambda index: ask("addresses", golden[index].identity_number)


def test_there_are_sixty_four_in_the_order_of_their_kinds(golden: Golden) -> None:
    assert [persona.index for persona in golden] == list(range(64))
    assert [(persona.kind, persona.about) for persona in golden] == list(KINDS)
    assert len({persona.kind for persona in golden}) == 64
    assert len({persona.identity_number for persona in golden}) == 64


def test_they_are_what_making_a_register_returns(tmp_path: Path, golden: Golden) -> None:
    made = population.make(f"sqlite:///{tmp_path / 'r.sqlite'}", persons=200, seed=1, date=TODAY)
    assert made == golden


def test_the_register_holds_them_whatever_its_size(
    ask: Ask, tmp_path: Path, golden: Golden
) -> None:
    small = tmp_path / "small.sqlite"
    population.make(f"sqlite:///{small}", persons=200, seed=1, date=TODAY)
    with _opened(small) as ask_small:
        for persona in golden[:41]:
            number = persona.identity_number
            record = ask_small("citizen", number)
            assert record.given_name == persona.given_name
            assert record.surname == persona.surname
            assert record.born == persona.born
            assert record == ask("citizen", number)


def test_documents_are_named_as_the_register_holds_them(ask: Ask, golden: Golden) -> None:
    for persona in golden:
        number = persona.identity_number
        booklet = ask("old_booklet", number)
        card = ask("identity_card", number)
        assert (card.serial_no if card else None) == persona.card_serial
        held = (booklet.series, booklet.serial) if booklet else None
        named = persona.booklet
        assert held == ((named.series, named.number) if named else None)


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_numbers_are_valid_and_not_denied(seed: int) -> None:
    for persona in population.personas(seed, TODAY):
        assert identity_number.is_valid(persona.identity_number)
        assert persona.identity_number not in DENIED


def test_numbers_of_the_other_mode_can_belong_to_nobody() -> None:
    for persona in population.personas(1, TODAY, numbers="ayrik"):
        assert identity_number.is_disjoint(persona.identity_number)


def test_names_do_not_depend_on_the_seed_but_numbers_do(golden: Golden) -> None:
    others = population.personas(2, TODAY)
    assert others[0].identity_number != golden[0].identity_number
    for index in (0, 1, 2, 14, 20, 52, 58):
        assert others[index].given_name == golden[index].given_name
        assert others[index].surname == golden[index].surname


@pytest.mark.parametrize("day", [date(2020, 1, 1), date(2024, 2, 29), date(2031, 7, 15)])
def test_ages_are_counted_from_the_date(day: date) -> None:
    people = population.personas(1, day)
    assert people[3].born == PartialDate(day.day, day.month, day.year)
    year = people[4].born.year
    assert year is not None
    assert day.year - year in (105, 106)
    assert (people[13].born.day, people[13].born.month) == (29, 2)


def test_the_plain_couple_has_two_children(citizen: Callable[[int], Any], golden: Golden) -> None:
    man, woman, child, newborn = (citizen(index) for index in range(4))
    assert not man.closed
    assert man.spouse_number == woman.number
    assert woman.spouse_number == man.number
    for one in (child, newborn):
        assert (one.father_number, one.mother_number) == (man.number, woman.number)
        assert (one.father_name, one.mother_name) == (man.given_name, woman.given_name)
        assert one.surname == man.surname
    assert man.mother_number and man.father_number and man.registration and man.birth_place
    assert man.registration.province.code in range(1, 82)
    assert newborn.born == PartialDate(1, 1, 2026)


def test_the_plain_man_has_a_card_and_a_complete_address(
    ask: Ask, addresses: Callable[[int], Any], golden: Golden
) -> None:
    number = golden[0].identity_number
    card = ask("identity_card", number)
    assert card is not None
    assert card.expires is not None
    assert card.expires.packed > 20260101
    (home,) = addresses(0)
    assert home.residence
    assert home.kind.code == AddressKind.CENTRE
    assert home.dwelling.neighbourhood and home.dwelling.street and home.dwelling.outer_door_no
    assert str(home.address_no).startswith("9")
    assert len(str(home.address_no)) == 10
    assert {one.address_no for one in addresses(2)} == {home.address_no}


def test_the_deceased_is_closed_and_leaves_a_widow(
    citizen: Callable[[int], Any], addresses: Callable[[int], Any]
) -> None:
    dead, widow = citizen(5), citizen(6)
    assert dead.closed and dead.died is not None and dead.status.code == 3
    assert addresses(5) == []
    assert widow.civil_status.text == "Dul"
    assert widow.spouse_number is None
    assert widow.surname == dead.surname


def test_marriages_show_in_names(citizen: Callable[[int], Any]) -> None:
    assert citizen(7).civil_status.text == "Boşanmış"
    assert citizen(8).former_surname == "ÜLGÜKAYA"
    assert citizen(8).surname == "ÇIĞIRŞEN"
    assert citizen(9).surname == "HAYALİSOY ŞABLONER"
    assert citizen(10).surname is None


def test_dates_lack_what_they_should_lack(golden: Golden) -> None:
    assert golden[11].born.day is None and golden[11].born.month is not None
    assert golden[12].born.month is None and golden[12].born.year is not None


def test_names_are_hard_in_the_way_they_should_be(golden: Golden) -> None:
    assert golden[14].given_name.startswith("İ")
    assert golden[15].given_name.startswith("I")
    assert set("ŞĞÇ") <= set(golden[16].given_name + (golden[16].surname or ""))
    assert "Â" in golden[17].given_name
    assert len(golden[18].given_name.split()) == 2
    assert len(golden[19].given_name.split()) == 3
    assert len(golden[20].given_name) > 40
    assert "-" in golden[21].given_name
    assert "'" in golden[22].given_name


@pytest.mark.parametrize(
    ("index", "kind"),
    [(23, AddressKind.VILLAGE), (24, AddressKind.TOWN), (25, AddressKind.ABROAD)],
)
def test_every_variant_of_an_address_occurs(
    index: int, kind: AddressKind, addresses: Callable[[int], Any]
) -> None:
    (home,) = addresses(index)
    assert home.kind.code == kind
    assert (home.abroad is None) == (kind is not AddressKind.ABROAD)
    assert (home.dwelling is None) == (kind is AddressKind.ABROAD)


def test_residences_are_missing_many_crowded_or_new(
    population_file: Path, addresses: Callable[[int], Any], golden: Golden
) -> None:
    assert addresses(26) == []
    assert [one.residence for one in addresses(27)] == [True, False, False]
    with sqlite3.connect(population_file) as connection:
        (crowd,) = connection.execute(
            "SELECT count(*) FROM addresses WHERE residence AND address_no ="
            " (SELECT address_no FROM addresses WHERE number = ?)",
            (golden[28].identity_number,),
        ).fetchone()
        (archived,) = connection.execute(
            "SELECT count(*) FROM addresses WHERE archived AND number = ?",
            (golden[29].identity_number,),
        ).fetchone()
    connection.close()
    assert crowd > 40
    assert archived == 1
    yesterday = TODAY - timedelta(days=1)
    assert addresses(29)[0].moved == PartialDate(yesterday.day, yesterday.month, yesterday.year)


def test_documents_are_in_the_state_they_should_be(ask: Ask, golden: Golden) -> None:
    def card(index: int) -> Any:
        number = golden[index].identity_number
        return ask("identity_card", number)

    assert card(30).expires.packed > 20260101
    assert card(31).expires.packed < 20260101
    assert card(32) is None and card(33) is None
    number = golden[32].identity_number
    assert ask("temporary_identity", number) is not None
    assert golden[33].booklet is not None
    assert card(34).licence_loaded and card(34).licence_loaded_on is not None
    number = golden[35].identity_number
    photo = ask("identity_card_photo", number)
    assert photo is not None
    assert photo.image.startswith(b"\x89PNG")


def test_children_have_the_parents_the_law_gives_them(citizen: Callable[[int], Any]) -> None:
    adopted, acknowledged, alone = citizen(36), citizen(37), citizen(38)
    assert adopted.surname == "YAPAYGİL"
    assert adopted.mother_number and adopted.father_number
    assert acknowledged.surname == "SANALGAN"
    assert acknowledged.father_number is not None
    assert alone.father_number is None and alone.father_name is None
    assert alone.father_ancestry_not_found and alone.surname == "KURGUAY"
    one, other = citizen(39), citizen(40)
    assert one.born == other.born and one.mother_number == other.mother_number


def test_a_naturalised_person_has_two_records_that_point_at_each_other(
    citizen: Callable[[int], Any], foreigner: Callable[[int], Any]
) -> None:
    before, now = foreigner(41), citizen(42)
    assert before.closed and before.acquired_citizen_number == now.number
    assert now.former_foreigner_number == before.number and not now.closed
    assert before.born == now.born


def test_foreigners_are_here_on_different_grounds(foreigner: Callable[[int], Any]) -> None:
    assert foreigner(43).standing.text == "Kısa Dönem İkamet"
    assert foreigner(43).permit_end is not None
    assert foreigner(44).standing.text == "Geçici Koruma"
    assert foreigner(44).permit_open_end_reason is not None
    assert foreigner(45).nationality.text == "Vatansız"
    assert foreigner(46).died is not None and foreigner(46).closed
    duplicate = foreigner(55)
    assert duplicate.closed and duplicate.real_person_number is not None


def test_blue_card_holders_kept_their_numbers_or_have_one_of_99(
    ask: Ask, citizen: Callable[[int], Any], golden: Golden
) -> None:
    def holder(index: int) -> Any:
        number = golden[index].identity_number
        return ask("blue_card_person", number)

    old, new, heir = holder(47), holder(48), holder(49)
    assert citizen(47).closed and citizen(48).closed and citizen(49) is None
    assert not old.closed and not new.closed and not heir.closed
    assert heir.number >= 99_000_000_000 and heir.father_number == old.number
    number = old.number
    assert ask("old_blue_card", number) is not None
    number = new.number
    assert ask("new_blue_card", number) is not None
    assert holder(56) is None and citizen(56).closed


def test_changes_show_only_what_holds_today(citizen: Callable[[int], Any]) -> None:
    assert citizen(50).closed and citizen(50).died is None
    assert citizen(51).given_name == "KAAN"
    assert (citizen(52).surname, citizen(52).former_surname) == ("ÜLGÜCAN", "SINAMAER")
    assert citizen(53).sex.text == "Kadın"
    assert citizen(54).religion.text == "Belirtilmemiş"
    assert citizen(57).protected


def test_namesakes_differ_in_their_parents_or_not_at_all(citizen: Callable[[int], Any]) -> None:
    def shown(index: int) -> tuple[Any, ...]:
        one = citizen(index)
        return (one.given_name, one.surname, one.born, one.mother_name, one.father_name)

    assert shown(58) == shown(59) == shown(60)
    assert shown(61)[:3] == shown(58)[:3]
    assert shown(61)[3:] != shown(58)[3:]


def test_a_mother_may_be_unknown_while_the_father_is_known(citizen: Callable[[int], Any]) -> None:
    child = citizen(62)
    assert child.mother_ancestry_not_found and child.mother_number is None
    assert not child.father_ancestry_not_found and child.father_number is not None


def test_the_last_number_belongs_to_nobody(
    citizen: Callable[[int], Any], foreigner: Callable[[int], Any], golden: Golden
) -> None:
    assert golden[63].born.is_unknown
    assert citizen(63) is None
    assert foreigner(63) is None
