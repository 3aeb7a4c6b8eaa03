"""Many people at once: all of them, or none and every reason with its line."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from people_samples import CENTRE, LOCAL, NOW, TODAY, TOWN, added, done
from sqlalchemy import Engine

from kps_soap.people import importing, keeping
from kps_soap.people.person import Actor
from kps_soap.people.problems import PeopleError

HEADER = "person_id,name,institution,roles,unit,inquirer,valid_from,valid_until\n"
GOOD = (
    HEADER + f"ali.veli,Ali Veli,{TOWN},ALT_KULLANICI,Emlak,ALI,2026-01-01,2026-12-31\n\n"
    f'"b.b","Bilge, B.",{TOWN},ALT_KULLANICI TEKNIK,,,,\n'
)


def brought(engine: Engine, table: str, by: Actor = CENTRE) -> int:
    lines = importing.read(table.splitlines(keepends=True))
    return done(engine, lambda one: importing.add_all(one, lines, by=by, today=TODAY, now=NOW))


@contextmanager
def refused(*sentences: str) -> Iterator[None]:
    with pytest.raises(PeopleError) as told:
        yield
    assert str(told.value).splitlines() == list(sentences)
    assert len(told.value.problems) == len(sentences)


@pytest.mark.parametrize("table", [GOOD, GOOD.replace("Bilge, B.", "Bilge B.").replace(",", ";")])
def test_everybody_of_a_table_is_added(engine: Engine, table: str) -> None:
    assert brought(engine, table, LOCAL) == 2
    with engine.connect() as connection:
        first, second = keeping.listing(connection, now=NOW).people
    assert (first.inquirer, first.unit, str(first.valid_until)) == ("ALI", "Emlak", "2026-12-31")
    assert (second.inquirer, second.valid_from, len(second.roles)) == ("b.b", TODAY, 2)


def test_one_wrong_line_adds_nobody_and_every_wrong_one_is_told(engine: Engine) -> None:
    added(engine)
    table = (
        GOOD + f"mehmet.demir,M D,{TOWN},ALT_KULLANICI,,MEHMET,,\n"
        f"A B,,{TOWN},ALT_KULLANICI,,,,\n"
        f"c.c,C,{TOWN},ALT_KULANICI YOK,,,31.12.2026,\n"
        f"ali.veli,Ali,{TOWN},ALT_KULLANICI,,,,\n"
    )
    with refused(
        "Line 5, person_id: This id is taken.",
        "Line 6, person_id: An id has 3 to 64 characters: small letters a-z, digits, dot, "
        "hyphen, underscore, @.",
        "Line 6, name: A name has 1 to 120 characters.",
        "Line 7, roles: There is no role ALT_KULANICI. Did you mean ALT_KULLANICI?",
        "Line 7, roles: There is no role YOK.",
        "Line 7, valid_from: This is no day such as 2026-12-31.",
        "Line 8, person_id: This id is taken.",
    ):
        brought(engine, table)
    with engine.connect() as connection:
        assert keeping.count(connection) == 1


def test_wrong_columns_are_told_before_anything_else() -> None:
    with refused(
        "There is no column institution.",
        "There is no column roles.",
        "The column name is there twice.",
        "Unknown column role. Did you mean roles?",
    ):
        importing.read(["person_id,name,role,name\n"])
    with refused("Line 2: 4 columns are expected, there are 2."):
        importing.read(["person_id,name,institution,roles\n", "a,b\n"])
    with refused(*(f"There is no column {name}." for name in importing.NEEDED)):
        importing.read([])
    with refused("Line 2: the quotes are not right; this is no CSV."):
        importing.read(["person_id,name,institution,roles\n", 'a,"b,c,d\n'])


def test_a_table_has_so_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LINES_MAX", 1)
    with refused("There are more than 1 lines."):
        importing.read(GOOD.splitlines(keepends=True))


def test_a_line_tells_everything_that_is_wrong_with_it_at_once(engine: Engine) -> None:
    table = f"person_id,name,institution,roles,valid_from\nA B,,{TOWN},MEMUR,yarın\n"
    with refused(
        "Line 2, roles: There is no role MEMUR.",
        "Line 2, valid_from: This is no day such as 2026-12-31.",
        "Line 2, person_id: An id has 3 to 64 characters: small letters a-z, digits, dot, "
        "hyphen, underscore, @.",
        "Line 2, name: A name has 1 to 120 characters.",
    ):
        brought(engine, table)


def test_an_institution_without_an_agreement_is_told_with_its_line(engine: Engine) -> None:
    lines = importing.read(["person_id,name,institution,roles\n", "a.a,A,B-34-0471,YOK\n"])
    with refused(
        "Line 2, roles: There is no role YOK.",
        f"Line 2, institution: No agreement in force is with B-34-0471. Did you mean {TOWN}?",
    ):
        done(
            engine,
            lambda one: importing.add_all(
                one, lines, by=CENTRE, today=TODAY, now=NOW, institutions={TOWN}
            ),
        )
