"""Adding, changing, blocking people, and letting them go."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from people_samples import (
    BANK,
    CENTRE,
    CLERK,
    LOCAL,
    NOW,
    TODAY,
    TOWN,
    added,
    done,
    found,
)
from sqlalchemy import Connection, Engine, insert

from kps_soap import credentials
from kps_soap.people import keeping, passwords, rows, seats, signing_in
from kps_soap.people.person import Actor, Changes, Person
from kps_soap.people.problems import ChangedMeanwhile, NotAllowed, PeopleError
from kps_soap.people.roles import Role
from kps_soap.people_models import special_shares

PASSWORD = "Ğüçlü parola 1"


def act(
    engine: Engine, what: Callable[..., Person], person_id: str = CLERK.person_id, **given: Any
) -> Person:
    given = {"by": CENTRE, "now": NOW, **given}
    return done(engine, lambda connection: what(connection, person_id, **given))


def change(engine: Engine, changes: Changes, **given: Any) -> Person:
    given = {"by": CENTRE, "now": NOW, "row_version": None, **given}
    return done(
        engine, lambda connection: keeping.change(connection, CLERK.person_id, changes, **given)
    )


def fields_of(error: PeopleError) -> list[str]:
    return [one.field for one in error.problems]


def test_who_is_added_stands_and_has_no_password(both: Engine) -> None:
    person = added(both)
    assert person == found(both)
    assert (person.state, person.row_version, person.has_password) == ("ACIK", 1, False)
    assert person.roles == {Role.USER}
    with both.connect() as connection:
        assert keeping.find_by_inquirer(connection, TOWN, "MEHMET", now=NOW) == person
        assert keeping.find_by_inquirer(connection, BANK, "MEHMET", now=NOW) is None
        assert keeping.find(connection, "nobody", now=NOW) is None
        assert keeping.count(connection) == keeping.count(connection, institution=TOWN) == 1


def test_a_name_is_brought_into_one_form(engine: Engine) -> None:
    person = added(engine, name="  Mehmet   Demir ", unit=" Emlak ", inquirer="")
    assert (person.name, person.unit, person.inquirer) == ("Mehmet Demir", "Emlak", "mehmet.demir")


def test_everything_that_is_wrong_is_told_at_once(engine: Engine) -> None:
    wrong = {
        "person_id": "M D",
        "name": "",
        "unit": "u" * 65,
        "inquirer": "i" * 65,
        "roles": frozenset({Role.ADMINISTRATOR, Role.TECHNICIAN, Role.SYSTEM}),
        "valid_until": date(2025, 1, 1),
    }
    with pytest.raises(PeopleError) as told:
        added(engine, **wrong)
    assert fields_of(told.value) == [
        *("person_id", "name", "unit", "inquirer", "roles", "roles", "valid_until"),
    ]
    assert all(one.turkish and one.english for one in told.value.problems)
    assert str(told.value).count("\n") == 6
    with engine.connect() as connection:
        assert keeping.count(connection) == 0


@pytest.mark.parametrize(
    ("institution", "roles"),
    [
        (TOWN, {Role.CENTRE}),
        (TOWN, {Role.AUDITOR}),
        ("", {Role.USER}),
        ("", {Role.CENTRE, Role.AUDITOR}),
        (TOWN, set()),
    ],
)
def test_roles_belong_to_the_centre_or_to_an_institution(
    engine: Engine, institution: str, roles: set[Role]
) -> None:
    with pytest.raises(PeopleError) as told:
        added(engine, institution=institution, roles=frozenset(roles))
    assert set(fields_of(told.value)) == {"roles"}


def test_an_id_and_an_inquirer_are_given_once(engine: Engine) -> None:
    added(engine)
    with pytest.raises(PeopleError) as told:
        added(engine)
    assert fields_of(told.value) == ["person_id"]
    with pytest.raises(PeopleError) as told:
        added(engine, person_id="another.one")
    assert fields_of(told.value) == ["inquirer"]
    added(engine, person_id="another.one", institution=BANK)


def test_an_id_is_no_account(engine: Engine) -> None:
    credentials.set_password(engine, "mehmet.demir", PASSWORD, now=NOW)
    with pytest.raises(PeopleError, match="taken"):
        added(engine)


def test_an_administrator_adds_people_of_the_own_institution_only(engine: Engine) -> None:
    def add(**changes: Any) -> Person:
        new = replace(CLERK, **changes)
        return done(engine, lambda connection: keeping.add(connection, new, by=LOCAL, now=NOW))

    assert add().institution == TOWN
    with pytest.raises(NotAllowed):
        add(person_id="b.b", institution=BANK)
    with pytest.raises(NotAllowed, match="IDARI"):
        add(person_id="c.c", roles=frozenset({Role.ADMINISTRATOR}))


def test_a_change_leaves_the_rest_as_it_is(both: Engine) -> None:
    before = added(both)
    after = change(both, Changes(unit="Yazı İşleri", valid_until=date(2026, 12, 31)))
    assert after == replace(
        before,
        unit="Yazı İşleri",
        valid_until=date(2026, 12, 31),
        row_version=2,
        changed_at=after.changed_at,
    )
    assert change(both, Changes(valid_until=None)).valid_until is None
    with both.connect() as connection:
        assert keeping.listing(connection, now=NOW, text="YAZI işleri").people
        assert not keeping.listing(connection, now=NOW, text="Emlak").people


def test_of_two_edits_at_once_the_later_one_is_told(both: Engine) -> None:
    read = added(both).row_version
    change(both, Changes(unit="A"), row_version=read)
    with pytest.raises(ChangedMeanwhile):
        change(both, Changes(unit="B"), row_version=read)
    assert found(both).unit == "A"


def test_a_row_that_moved_after_it_was_read_is_not_written(engine: Engine) -> None:
    added(engine)
    with engine.connect() as connection:
        read = rows.row_of(connection, CLERK.person_id)
    assert read is not None
    change(engine, Changes(unit="A"))
    with pytest.raises(ChangedMeanwhile):
        done(engine, lambda one: rows.write(one, read, {"unit": "B"}, now=NOW))


def test_nobody_changes_their_own_rights(engine: Engine) -> None:
    added(engine, roles=frozenset({Role.ADMINISTRATOR}))
    myself = replace(LOCAL, person_id=CLERK.person_id)
    for by in (myself, Actor.operator(CLERK.person_id)):
        with pytest.raises(NotAllowed, match="own rights"):
            change(engine, Changes(roles=frozenset({Role.USER})), by=by)
        for what in (keeping.block, keeping.unblock, keeping.reactivate):
            with pytest.raises(NotAllowed, match="own rights"):
                act(engine, what, by=by)


def test_an_administrator_touches_no_other_administrator(engine: Engine) -> None:
    added(engine, roles=frozenset({Role.ADMINISTRATOR}))
    with pytest.raises(NotAllowed, match="Only the centre"):
        act(engine, keeping.block, by=LOCAL)
    with pytest.raises(NotAllowed):
        change(engine, Changes(roles=frozenset({Role.USER})), by=LOCAL)


def test_people_of_others_look_like_nobody(engine: Engine) -> None:
    added(engine, institution=BANK)
    with pytest.raises(PeopleError, match="nobody with this id") as told:
        act(engine, keeping.block, by=LOCAL)
    with pytest.raises(PeopleError) as unknown:
        act(engine, keeping.block, "no.one", by=LOCAL)
    assert told.value.problems == unknown.value.problems


def test_another_role_ends_sessions_and_another_unit_does_not(engine: Engine) -> None:
    added(engine)

    def version() -> int | None:
        with engine.connect() as connection:
            return signing_in.login_version(connection, CLERK.person_id, now=NOW)

    first = version()
    change(engine, Changes(unit="B"))
    assert version() == first
    change(engine, Changes(roles=frozenset({Role.TECHNICIAN})))
    assert version() != first
    act(engine, keeping.block)
    assert version() is None


def test_the_block_of_the_centre_beats_the_own(engine: Engine) -> None:
    added(engine)
    assert act(engine, keeping.block, by=LOCAL).shut_by == "KURUM"
    with pytest.raises(PeopleError, match="already"):
        act(engine, keeping.block, by=LOCAL)
    assert act(engine, keeping.block).shut_by == "MERKEZ"
    with pytest.raises(PeopleError, match="already"):
        act(engine, keeping.block)
    with pytest.raises(NotAllowed, match="Only the centre lifts"):
        act(engine, keeping.unblock, by=LOCAL)
    assert act(engine, keeping.unblock).state == "ACIK"
    with pytest.raises(PeopleError, match="not blocked"):
        act(engine, keeping.unblock)
    act(engine, keeping.block, by=LOCAL)
    assert act(engine, keeping.unblock, by=LOCAL).shut_by == ""


def test_who_leaves_today_keeps_nothing_but_the_name(both: Engine) -> None:
    added(both)
    made = passwords.new_hash(PASSWORD)
    done(
        both,
        lambda connection: passwords.set_initial(
            connection, CLERK.person_id, made, by=CENTRE, now=NOW
        ),
    )
    done(
        both,
        lambda connection: connection.execute(
            insert(special_shares).values(person_id=CLERK.person_id, service="S", approval=1)
        ),
    )
    gone = act(both, keeping.leave, on=TODAY)
    assert (gone.state, gone.valid_until, gone.has_password) == ("AYRILDI", TODAY, False)
    with both.connect() as connection:
        assert connection.execute(special_shares.select()).all() == []
    for what in (keeping.block, keeping.unblock):
        with pytest.raises(PeopleError, match="left"):
            act(both, what)
    with pytest.raises(PeopleError, match="left"):
        act(both, keeping.leave, on=TODAY)
    with pytest.raises(PeopleError, match="left"):
        change(both, Changes(unit="B"))
    with pytest.raises(PeopleError, match="somebody else's"):
        added(both, person_id="another.one")


def test_who_leaves_later_works_until_that_day(engine: Engine) -> None:
    added(engine)
    last = TODAY + timedelta(days=5)
    person = act(engine, keeping.leave, on=last)
    assert (person.state, person.valid_until) == ("ACIK", last)
    assert not person.stands_on(last)
    assert person.stands_on(last + timedelta(days=1))


def test_who_comes_back_begins_today_without_a_password(engine: Engine) -> None:
    added(engine)
    with pytest.raises(PeopleError, match="Has not left"):
        act(engine, keeping.reactivate)
    act(engine, keeping.leave, on=TODAY)
    with pytest.raises(PeopleError, match="last day"):
        act(engine, keeping.reactivate, valid_until=TODAY - timedelta(days=1))
    person = act(engine, keeping.reactivate, by=LOCAL)
    assert (person.state, person.valid_from, person.valid_until) == ("ACIK", TODAY, None)
    assert not person.has_password


def test_only_the_centre_takes_back_whom_it_had_blocked(engine: Engine) -> None:
    added(engine)
    act(engine, keeping.block)
    act(engine, keeping.leave, on=TODAY)
    with pytest.raises(NotAllowed, match="Only the centre"):
        act(engine, keeping.reactivate, by=LOCAL)
    assert act(engine, keeping.reactivate).shut_by == ""


def test_a_deputy_stands_in_for_a_colleague_until_a_day(engine: Engine) -> None:
    added(engine)
    added(engine, person_id="ali.veli", inquirer="ALI")
    added(engine, person_id="bankaci", inquirer="B", institution=BANK)
    until = TODAY + timedelta(days=9)
    person = change(engine, Changes(deputy_for="ali.veli", deputy_until=until))
    assert person.deputises_on(until) == "ali.veli"
    for other in ("bankaci", CLERK.person_id, "no.one"):
        with pytest.raises(PeopleError) as told:
            change(engine, Changes(deputy_for=other, deputy_until=until))
        assert fields_of(told.value) == ["deputy_for"]
    with pytest.raises(PeopleError) as told:
        change(engine, Changes(deputy_for="ali.veli", deputy_until=TODAY - timedelta(days=1)))
    assert fields_of(told.value) == ["deputy_until"]
    with pytest.raises(PeopleError) as told:
        change(engine, Changes(deputy_for=""))
    assert fields_of(told.value) == ["deputy_for"]
    assert change(engine, Changes(deputy_for="", deputy_until=None)).deputy_for == ""


def test_a_unit_and_an_institution_have_so_many_seats(both: Engine) -> None:
    for unit, most in (("Emlak", 1), ("", 2)):
        done(
            both,
            lambda connection, unit=unit, most=most: seats.set_seats(  # type: ignore[misc]
                connection, TOWN, unit, most, by=CENTRE
            ),
        )
    added(both)
    with pytest.raises(PeopleError, match="in this unit"):
        added(both, person_id="b.b", inquirer="B")
    added(both, person_id="b.b", inquirer="B", unit="Yazı")
    with pytest.raises(PeopleError, match="in this institution"):
        added(both, person_id="c.c", inquirer="C", unit="Yazı")
    with both.connect() as connection:
        assert seats.seats(connection, TOWN) == (seats.Seat("", 2, 2), seats.Seat("Emlak", 1, 1))
    act(both, keeping.leave, on=TODAY)
    added(both, person_id="c.c", inquirer="C")
    with pytest.raises(PeopleError, match="no free seat"):
        act(both, keeping.reactivate)


def test_who_moves_needs_a_seat_in_the_other_unit(engine: Engine) -> None:
    added(engine)
    done(engine, lambda connection: seats.set_seats(connection, TOWN, "Yazı", 0, by=CENTRE))
    with pytest.raises(PeopleError, match="in this unit"):
        change(engine, Changes(unit="Yazı"))
    change(engine, Changes(name="Mehmet Ali Demir"))


def test_seats_are_the_centres_to_set(engine: Engine) -> None:
    def set_to(connection: Connection) -> None:
        seats.set_seats(connection, TOWN, "", 5, by=LOCAL)

    with pytest.raises(NotAllowed):
        done(engine, set_to)
    with pytest.raises(PeopleError) as told:
        done(engine, lambda connection: seats.set_seats(connection, "", "", -1, by=CENTRE))
    assert fields_of(told.value) == ["institution", "most"]


def test_people_are_listed_page_by_page_and_found_in_turkish(both: Engine) -> None:
    for number in range(5):
        added(both, person_id=f"kisi{number}", inquirer=f"K{number}", name=f"Işıl İnce {number}")
    added(both, institution=BANK)
    with both.connect() as connection:
        first = keeping.listing(connection, now=NOW, institution=TOWN, most=3)
        assert [one.person_id for one in first.people] == ["kisi0", "kisi1", "kisi2"]
        second = keeping.listing(
            connection, now=NOW, institution=TOWN, most=3, after=first.following
        )
        assert [one.person_id for one in second.people] == ["kisi3", "kisi4"]
        assert second.following == ""
        assert len(keeping.listing(connection, now=NOW, text="işil").people) == 0
        assert len(keeping.listing(connection, now=NOW, text="ışıl ince").people) == 5
        assert not keeping.listing(connection, now=NOW, text="%").people
        assert not keeping.listing(connection, now=NOW, state="BLOKE").people


def test_a_thousand_inquirers_of_an_institution_are_no_work(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        for number in range(1000):
            new = replace(CLERK, person_id=f"kisi{number:04}", inquirer=f"K{number:04}")
            keeping.add(connection, new, by=CENTRE, now=NOW)

    done(engine, work)
    with engine.connect() as connection:
        assert keeping.count(connection, institution=TOWN) == 1000
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM people WHERE institution = 'a' AND inquirer = 'b'"
        ).all()
        assert "ix_people_institution_inquirer" in plan[0].detail
        found_by = keeping.find_by_inquirer(connection, TOWN, "K0777", now=NOW)
    assert found_by is not None
