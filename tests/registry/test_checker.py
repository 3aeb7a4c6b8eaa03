"""The checker finds nothing in a sound register, and names every planted damage."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from kps_soap.registry import checker, population
from kps_soap.registry.rules import Violation

#: A name of the damage, the statements that do it, the invariants it breaks; ``{14}`` is the
#: number of persona 14.  The content digest (I21) notices every change of content and is added
#: by the test.
DAMAGES: list[tuple[str, list[str], set[str]]] = [
    (
        "odd number",
        ["UPDATE citizens SET number = number + 1 WHERE number = {14}"],
        {"I1", "I13", "I15", "I18"},
    ),
    ("denied number", ["UPDATE foreigners SET number = 99999999990 WHERE number = {46}"], {"I1"}),
    ("number twice", ["UPDATE foreigners SET number = {5} WHERE number = {46}"], {"I2", "I16"}),
    (
        "foreigner and blue card",
        [
            "UPDATE blue_card_persons SET number = {46} WHERE number = {49}",
            "DELETE FROM addresses WHERE number = {49}",
            "UPDATE old_blue_cards SET number = {46} WHERE number = {49}",
            "UPDATE new_blue_cards SET number = {46} WHERE number = {49}",
            "UPDATE new_blue_card_temporaries SET number = {46} WHERE number = {49}",
        ],
        {"I2"},
    ),
    (
        "blue card holder still a citizen",
        ["UPDATE citizens SET status_code = 1 WHERE number = {47}"],
        {"I2", "I18"},
    ),
    ("mother gone", ["UPDATE citizens SET mother_number = {63} WHERE number = {38}"], {"I3"}),
    (
        "flag against number",
        ["UPDATE citizens SET mother_ancestry_not_found = 1 WHERE number = {2}"],
        {"I3"},
    ),
    (
        "flag missing",
        ["UPDATE citizens SET father_ancestry_not_found = 0 WHERE number = {38}"],
        {"I3"},
    ),
    ("mother is a man", ["UPDATE citizens SET sex_code = 1 WHERE number = {1}"], {"I3", "I12"}),
    ("mother's name", ["UPDATE citizens SET mother_name = 'EMİNE' WHERE number = {2}"], {"I3"}),
    ("mother too young", ["UPDATE citizens SET born = 20080101 WHERE number = {1}"], {"I4"}),
    ("father too old", ["UPDATE citizens SET born = 19200101 WHERE number = {0}"], {"I4", "I5"}),
    (
        "born outside marriage",
        ["UPDATE marriages SET married = 20200101 WHERE husband_number = {0}"],
        {"I5"},
    ),
    (
        "born late after the end",
        ["UPDATE marriages SET ended = 20130101, end_code = 4 WHERE husband_number = {0}"],
        {"I5", "I7", "I8"},
    ),
    (
        "married twice at a time",
        [
            "UPDATE marriages SET ended = 20120101 WHERE marriage_no ="
            " (SELECT min(marriage_no) FROM marriages WHERE wife_number = {7})"
        ],
        {"I6"},
    ),
    (
        "spouse does not point back",
        ["UPDATE citizens SET spouse_number = NULL WHERE number = {1}"],
        {"I7"},
    ),
    (
        "spouse without marriage",
        [
            "UPDATE citizens SET spouse_number = {15} WHERE number = {14}",
            "UPDATE citizens SET spouse_number = {14} WHERE number = {15}",
        ],
        {"I7"},
    ),
    (
        "single but widowed",
        ["UPDATE citizens SET civil_status_code = 5 WHERE number = {14}"],
        {"I8", "I18"},
    ),
    (
        "widow but married",
        ["UPDATE citizens SET civil_status_code = 2 WHERE number = {6}"],
        {"I8", "I18"},
    ),
    ("dead and open", ["UPDATE citizens SET died = 20250101 WHERE number = {26}"], {"I9", "I18"}),
    (
        "deceased without a date",
        ["UPDATE citizens SET died = NULL WHERE number = {5}"],
        {"I8", "I9", "I18"},
    ),
    ("died before birth", ["UPDATE foreigners SET died = 18000101 WHERE number = {46}"], {"I9"}),
    (
        "card of a dead person",
        [
            "INSERT INTO identity_cards SELECT {5}, sequence, given_name, surname, mother_name,"
            " father_name, cancelled, sex_code, 19470920, 'A00A00001', expires, authority,"
            " blood_group_code, licence_loaded, licence_loaded_on, birth_place,"
            " application_reason_code, record_no, delivering_unit_code, delivered"
            " FROM identity_cards WHERE number = {14}"
        ],
        {"I9"},
    ),
    (
        "marriage outlasts death",
        ["UPDATE marriages SET ended = 20250601 WHERE husband_number = {5}"],
        {"I8", "I9"},
    ),
    (
        "same place twice",
        [
            "UPDATE citizens SET family_no = (SELECT family_no FROM citizens WHERE number = {15}),"
            " volume_code = (SELECT volume_code FROM citizens WHERE number = {15}),"
            " registry_district_code ="
            " (SELECT registry_district_code FROM citizens WHERE number = {15}),"
            " member_no = (SELECT member_no FROM citizens WHERE number = {15}) WHERE number = {14}"
        ],
        {"I10", "I18"},
    ),
    ("gap in a line", ["UPDATE citizens SET member_no = 77 WHERE number = {14}"], {"I10", "I18"}),
    (
        "no such volume",
        ["UPDATE citizens SET volume_code = 999 WHERE number = {14}"],
        {"I10", "I18"},
    ),
    (
        "younger before elder",
        [
            "UPDATE citizens SET born = 20150101 WHERE number = {3}",
            "UPDATE events SET happened = 20150101 WHERE number = {3}",
        ],
        {"I11"},
    ),
    (
        "child's surname",
        ["UPDATE citizens SET surname = 'ÖRNEKGİL' WHERE number = {2}"],
        {"I12", "I18"},
    ),
    (
        "fatherless child's surname",
        ["UPDATE citizens SET surname = 'ÖRNEKGİL' WHERE number = {38}"],
        {"I12", "I18"},
    ),
    (
        "wife's surname",
        ["UPDATE citizens SET surname = 'ÖRNEKGİL' WHERE number = {8}"],
        {"I12", "I18"},
    ),
    (
        "two residences",
        ["UPDATE addresses SET residence = 1 WHERE number = {27} AND sequence = 2"],
        {"I13"},
    ),
    (
        "the dead have an address",
        ["UPDATE addresses SET number = {5} WHERE number = {14}"],
        {"I13"},
    ),
    (
        "others but no residence",
        ["DELETE FROM addresses WHERE number = {27} AND sequence = 1"],
        {"I13"},
    ),
    (
        "too many without residence",
        [
            "DELETE FROM addresses WHERE sequence = 1 AND number IN (SELECT number FROM citizens"
            " WHERE number NOT IN (SELECT number FROM addresses WHERE sequence > 1) LIMIT 120)"
        ],
        {"I13"},
    ),
    (
        "address number of another kind",
        [
            "UPDATE addresses SET address_no = 1234567890 WHERE address_no ="
            " (SELECT address_no FROM addresses WHERE number = {14} AND sequence = 1)",
            "UPDATE dwellings SET address_no = 1234567890 WHERE address_no NOT IN"
            " (SELECT address_no FROM addresses WHERE address_no IS NOT NULL)",
        ],
        {"I14"},
    ),
    (
        "no such district",
        [
            "UPDATE districts SET province_code = 99 WHERE code ="
            " (SELECT min(district_code) FROM dwellings)"
        ],
        {"I14"},
    ),
    (
        "neighbourhood elsewhere",
        [
            "UPDATE dwellings SET neighbourhood_code = (SELECT max(code) FROM neighbourhoods)"
            " WHERE address_no = (SELECT min(address_no) FROM dwellings)"
        ],
        {"I14"},
    ),
    (
        "no door",
        ["UPDATE dwellings SET outer_door_no = NULL WHERE village_code IS NOT NULL"],
        {"I14"},
    ),
    (
        "village without village",
        ["UPDATE addresses SET kind_code = 1 WHERE number = {23}"],
        {"I14"},
    ),
    ("abroad at home", ["UPDATE addresses SET kind_code = 4 WHERE number = {14}"], {"I14"}),
    (
        "declared before moving",
        ["UPDATE addresses SET declared = 19000101 WHERE number = {14}"],
        {"I14"},
    ),
    (
        "card of nine years",
        ["UPDATE identity_cards SET expires = expires - 10000 WHERE number = {30}"],
        {"I15"},
    ),
    (
        "card before birth",
        ["UPDATE identity_cards SET delivered = 19000101, expires = 19100101 WHERE number = {30}"],
        {"I15"},
    ),
    (
        "licence without a date",
        ["UPDATE identity_cards SET licence_loaded_on = NULL WHERE number = {34}"],
        {"I15"},
    ),
    (
        "lost card in force",
        [
            "UPDATE identity_cards SET cancelled = 0 WHERE sequence = 1 AND number ="
            " (SELECT min(i.number) FROM identity_cards i JOIN citizens c ON c.number = i.number"
            " WHERE i.sequence = 2 AND c.status_code = 1)"
        ],
        {"I15"},
    ),
    (
        "booklet after death",
        ["UPDATE old_booklets SET issued = 20240101 WHERE number = {5}"],
        {"I15"},
    ),
    (
        "temporary ends first",
        ["UPDATE temporary_identities SET expires = 20000101 WHERE number = {32}"],
        {"I15"},
    ),
    (
        "serial twice",
        [
            "UPDATE identity_cards SET serial_no ="
            " (SELECT serial_no FROM identity_cards WHERE number = {30}) WHERE number = {34}"
        ],
        {"I15"},
    ),
    (
        "booklet twice",
        [
            "UPDATE old_booklets SET (series, serial) ="
            " (SELECT series, serial FROM old_booklets WHERE number = {4}) WHERE number = {33}"
        ],
        {"I15"},
    ),
    ("document of nobody", ["UPDATE old_booklets SET number = {63} WHERE number = {33}"], {"I15"}),
    ("foreigner without 99", ["UPDATE foreigners SET number = {63} WHERE number = {46}"], {"I16"}),
    (
        "new number does not point back",
        ["UPDATE citizens SET former_foreigner_number = NULL WHERE number = {42}"],
        {"I17"},
    ),
    (
        "former number does not point back",
        ["UPDATE foreigners SET acquired_citizen_number = NULL WHERE number = {41}"],
        {"I17"},
    ),
    (
        "duplicate of nobody",
        ["UPDATE foreigners SET real_person_number = 99000000042 WHERE number = {55}"],
        {"I17"},
    ),
    ("event gone", ["DELETE FROM events WHERE number = {51} AND kind_code = 12"], {"I18"}),
    (
        "event of another day",
        ["UPDATE events SET happened = 18500101 WHERE number = {51} AND kind_code = 12"],
        {"I18"},
    ),
    (
        "event entered too early",
        ["UPDATE events SET registered = 19000101 WHERE number = {51} AND kind_code = 12"],
        {"I18"},
    ),
    (
        "event of nobody",
        [
            "UPDATE events SET number = {63}, family_no = family_no WHERE number = {51}"
            " AND kind_code = 12"
        ],
        {"I18"},
    ),
    (
        "event after death",
        [
            "UPDATE events SET happened = 20250101, registered = 20250101"
            " WHERE number = {5} AND kind_code = 3"
        ],
        {"I9", "I18"},
    ),
    ("small letters", ["UPDATE citizens SET birth_place = 'Ankara' WHERE number = {14}"], {"I19"}),
    (
        "letters of another alphabet",
        ["UPDATE identity_cards SET given_name = 'ИВАН' WHERE number = {14}"],
        {"I19"},
    ),
    (
        "letters in an address",
        ["UPDATE dwellings SET text = 'CADDE №5' WHERE village_code IS NOT NULL"],
        {"I19"},
    ),
    ("another size", ["UPDATE register_info SET value = '1300' WHERE key = 'size'"], {"I20"}),
    (
        "natural surname",
        ["UPDATE identity_cards SET surname = 'YILMAZ' WHERE number = {14}"],
        {"I22"},
    ),
    ("a photo replaced", ["UPDATE photos SET image = x'00' WHERE number = {35}"], set()),
]


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_sound_register_has_no_violation(population_file: Path) -> None:
    heard: list[tuple[int, int]] = []
    found = checker.check(_url(population_file), lambda done, total: heard.append((done, total)))
    assert found == []
    assert heard[-1][0] == heard[-1][1] == len(heard)


@pytest.mark.parametrize(
    ("statements", "broken"),
    [pytest.param(statements, broken, id=name) for name, statements, broken in DAMAGES],
)
def test_every_planted_damage_is_named(
    statements: list[str],
    broken: set[str],
    population_file: Path,
    golden: tuple[population.Persona, ...],
    tmp_path: Path,
) -> None:
    copy = tmp_path / "damaged.sqlite"
    shutil.copy(population_file, copy)
    numbers = [persona.identity_number for persona in golden]
    with sqlite3.connect(copy) as connection:
        changed = sum(
            connection.execute(statement.format(*numbers)).rowcount for statement in statements
        )
    connection.close()
    assert changed
    found = checker.check(_url(copy))
    unread = broken == {"I20"}
    assert {one.invariant for one in found} == broken | (set() if unread else {"I21"})
    assert all(one.count > 0 for one in found)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE citizens SET status_code = 3", "the share of the living is off"),
        ("UPDATE citizens SET born = 20200101", "the share of the young is off"),
        ("UPDATE citizens SET born = 19400101", "the share of the old is off"),
        ("UPDATE addresses SET address_no = 9000000000", "the size of households is off"),
        (
            "UPDATE addresses SET address_no = 9000000000 + rowless.place FROM (SELECT number AS n,"
            " row_number() OVER () AS place FROM addresses) AS rowless WHERE n = number",
            "the size of households is off",
        ),
    ],
)
def test_a_population_out_of_shape_is_named(
    statement: str, sentence: str, population_file: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "damaged.sqlite"
    shutil.copy(population_file, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute(statement)
    connection.close()
    assert ("I20", sentence) in {(one.invariant, one.sentence) for one in checker.check(_url(copy))}


def test_every_invariant_is_broken_by_some_damage() -> None:
    broken = set().union(*(invariants for _, _, invariants in DAMAGES)) | {"I21"}
    assert broken == {f"I{number}" for number in range(1, 23)}


def test_a_violation_names_nobody(
    population_file: Path, golden: tuple[population.Persona, ...], tmp_path: Path
) -> None:
    copy = tmp_path / "damaged.sqlite"
    shutil.copy(population_file, copy)
    number = golden[2].identity_number
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE citizens SET surname = 'x' WHERE number = ?", (number,))
    connection.close()
    for violation in checker.check(_url(copy)):
        assert isinstance(violation, Violation)
        assert str(number) not in violation.sentence
        assert golden[2].given_name not in violation.sentence


def test_a_register_that_does_not_exist_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no register"):
        checker.check(_url(tmp_path / "nothing.sqlite"))
    assert list(tmp_path.iterdir()) == []


def test_a_register_of_real_persons_is_not_judged(population_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "real.sqlite"
    shutil.copy(population_file, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE register_info SET value = 'GERCEK' WHERE key = 'kind'")
    connection.close()
    with pytest.raises(ValueError, match="synthetic"):
        checker.check(_url(copy))


def test_the_numbers_must_be_of_the_mode_that_the_register_notes(
    population_file: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "mode.sqlite"
    shutil.copy(population_file, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE register_info SET value = 'ayrik' WHERE key = 'numbers'")
    connection.close()
    assert "I1" in {violation.invariant for violation in checker.check(_url(copy))}
