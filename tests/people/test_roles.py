"""Roles and rights: closed lists, and nobody with more than their roles give."""

from datetime import date

import pytest
from people_samples import BANK, CENTRE, LOCAL, TOWN

from kps_soap.people.person import Actor, Person
from kps_soap.people.roles import (
    APART,
    AT_THE_CENTRE,
    GIVEN_BY_ADMINISTRATORS,
    MACHINES,
    Right,
    Role,
    rights_of,
)


def test_every_right_is_somebodys_and_several_roles_add_up() -> None:
    assert rights_of(Role) == frozenset(Right)
    assert rights_of({Role.USER, Role.TECHNICIAN}) == {
        Right.QUERY,
        Right.OWN_HISTORY,
        Right.MANAGE_OWN_SYSTEMS,
    }
    assert rights_of(()) == frozenset()


def test_machines_have_no_right_at_all() -> None:
    assert rights_of(MACHINES) == frozenset()


def test_only_an_auditor_sees_evidence_and_does_nothing_else() -> None:
    holders = [role for role in Role if Right.SEE_EVIDENCE in rights_of({role})]
    assert holders == [Role.AUDITOR]
    assert rights_of({Role.AUDITOR}).isdisjoint(
        {Right.OPERATE, Right.MANAGE_ALL_PEOPLE, Right.QUERY, Right.APPROVE}
    )


def test_an_administrator_gives_neither_the_own_role_nor_one_of_the_centre() -> None:
    assert frozenset({Role.ADMINISTRATOR, *AT_THE_CENTRE}).isdisjoint(GIVEN_BY_ADMINISTRATORS)
    assert frozenset({Role.ADMINISTRATOR, Role.TECHNICIAN}) in APART


@pytest.mark.parametrize(
    ("actor", "institution", "may"),
    [
        (CENTRE, TOWN, True),
        (CENTRE, "", True),
        (LOCAL, TOWN, True),
        (LOCAL, BANK, False),
        (LOCAL, "", False),
        (Actor("x", "", rights_of({Role.ADMINISTRATOR})), "", False),
        (Actor("x", TOWN, rights_of({Role.CENTRE})), BANK, False),
        (Actor("x", TOWN, rights_of({Role.USER})), TOWN, False),
    ],
)
def test_people_are_kept_by_the_centre_and_by_their_own_administrator(
    actor: Actor, institution: str, may: bool
) -> None:
    assert actor.manages(institution) is may


def person(**changes: object) -> Person:
    given: dict[str, object] = {
        "person_id": "a.b",
        "institution": TOWN,
        "name": "A B",
        "unit": "",
        "inquirer": "A",
        "roles": frozenset({Role.USER}),
        "state": "ACIK",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 3, 31),
        "deputy_for": "c.d",
        "deputy_until": date(2026, 2, 28),
        "must_change": False,
        "has_password": False,
        "enrolled": False,
        "locked_until": None,
        "changed_at": None,
        "row_version": 1,
    }
    return Person(**(given | changes))  # type: ignore[arg-type]


def test_a_person_stands_from_the_first_day_to_the_last_both_included() -> None:
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [person().stands_on(day) for day in days] == [
        "is valid from 2026-01-01",
        "",
        "",
        "was valid until 2026-03-31",
    ]
    assert person(state="BLOKE").stands_on(days[1]) == "is blocked"
    assert person(state="AYRILDI").stands_on(days[1]) == "has left"


def test_a_deputy_stands_in_until_the_last_day() -> None:
    assert person().deputises_on(date(2026, 2, 28)) == "c.d"
    assert person().deputises_on(date(2026, 3, 1)) == ""
    assert person(deputy_until=None).deputises_on(date(2026, 2, 1)) == ""


def test_who_logs_in_and_who_asks_follows_from_roles() -> None:
    assert (person().logs_in, person().inquires) == (True, True)
    machine = person(roles=frozenset({Role.SYSTEM}))
    assert (machine.logs_in, machine.inquires) == (False, True)
    boss = person(roles=frozenset({Role.ADMINISTRATOR}))
    assert (boss.logs_in, boss.inquires) == (True, False)
    assert Actor.of(boss) == Actor("a.b", TOWN, boss.rights)
