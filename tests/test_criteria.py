"""What may be asked about a person, and what became of each criterion."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kps_soap import identity_number
from kps_soap.criteria import (
    Blocked,
    Checked,
    CriteriaPolicy,
    Enquiry,
    Subject,
    check,
    date_is_possible,
    note_of,
    number_is_good,
)
from kps_soap.faults import Outcome, RegisterUnavailable
from kps_soap.registry.records import UNKNOWN_DATE, PartialDate

#: Valid by the rule, of nobody; and the numbers next to it that can never be anybody's.
VALID = identity_number.make(123_456_789)
DISJOINT = identity_number.make_disjoint(123_456_789)
OTHER = identity_number.make_disjoint(123_456_780)
THIRD = identity_number.make_disjoint(223_456_780)

BY_NUMBER = CriteriaPolicy("TCKimlikNo")
BY_BIRTH = CriteriaPolicy("KimlikNo", birth_date=True)


def born(day: int | None, month: int | None, year: int | None) -> dict[str, Any]:
    return {"KimlikNo": VALID, "DogumGun": day, "DogumAy": month, "DogumYil": year}


def judged(criterion: dict[str, Any] | None, policy: CriteriaPolicy = BY_BIRTH) -> Checked:
    return check(criterion, policy, year_max=2026)


# One criterion


def test_a_number_alone_is_enough_where_the_contract_asks_no_birth_date() -> None:
    assert judged({"TCKimlikNo": VALID}, BY_NUMBER) == Subject(VALID)
    assert judged({"TCKimlikNo": VALID, "DogumYil": 0}, BY_NUMBER) == Subject(VALID)


@pytest.mark.parametrize("criterion", [None, {}, {"TCKimlikNo": None}, {"KimlikNo": VALID}])
def test_a_criterion_without_its_number_is_missing(criterion: dict[str, Any] | None) -> None:
    assert judged(criterion, BY_NUMBER) == Blocked(None, Outcome.MISSING)


@pytest.mark.parametrize(
    "number",
    [0, -1, -VALID, 1, VALID // 10, VALID * 10, VALID + 2, DISJOINT, 2**63 - 1, -(2**63)],
)
def test_a_number_that_cannot_be_one_is_blocked_and_stays_off_the_record(number: int) -> None:
    assert judged({"TCKimlikNo": number}, BY_NUMBER) == Blocked(None, Outcome.BAD_NUMBER)


def test_a_number_that_can_never_be_a_real_one_is_good_in_a_synthetic_register_only() -> None:
    criterion = {"TCKimlikNo": DISJOINT}
    assert check(criterion, BY_NUMBER, year_max=2026, accept_disjoint=True) == Subject(DISJOINT)
    assert check(criterion, BY_NUMBER, year_max=2026) == Blocked(None, Outcome.BAD_NUMBER)
    assert not number_is_good(DISJOINT + 2, accept_disjoint=True)


def test_a_birth_date_is_read_with_its_unknown_parts() -> None:
    assert judged(born(5, 7, 1980)) == Subject(VALID, PartialDate(5, 7, 1980))
    assert judged(born(None, 7, 1980)) == Subject(VALID, PartialDate(None, 7, 1980))
    assert judged(born(None, None, 1980)) == Subject(VALID, PartialDate(None, None, 1980))


def test_zero_nil_and_absent_are_one_value() -> None:
    absent = {"KimlikNo": VALID, "DogumYil": 1980}
    assert judged(born(0, 0, 1980)) == judged(born(None, None, 1980)) == judged(absent)


@pytest.mark.parametrize("year", [None, 0])
def test_the_year_is_demanded_and_the_number_stays_known(year: int | None) -> None:
    assert judged(born(5, 7, year)) == Blocked(VALID, Outcome.MISSING)


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [
        (32, 1, 1980),
        (31, 4, 1980),
        (30, 2, 1980),
        (29, 2, 1981),
        (29, 2, 1900),
        (-1, 1, 1980),
        (1, 13, 1980),
        (1, -1, 1980),
        (1, 1, 1799),
        (1, 1, 2027),
        (1, 1, -1980),
        (32, None, 1980),
        (-5, None, 1980),
    ],
)
def test_an_impossible_date_is_blocked_and_the_number_stays_known(
    day: int, month: int | None, year: int
) -> None:
    assert judged(born(day, month, year)) == Blocked(VALID, Outcome.BAD_DATE)


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [(29, 2, 1980), (29, 2, 2000), (31, 12, 2026), (1, 1, 1800), (31, None, 1980)],
)
def test_a_possible_date_at_the_edge_is_taken(day: int, month: int | None, year: int) -> None:
    assert judged(born(day, month, year)) == Subject(VALID, PartialDate(day, month, year))


def test_a_date_of_which_nothing_is_known_is_possible() -> None:
    assert date_is_possible(UNKNOWN_DATE, year_max=2026)
    assert date_is_possible(PartialDate(29, 2, None), year_max=2026)
    assert not date_is_possible(PartialDate(30, 2, None), year_max=2026)


@settings(deadline=None)
@given(
    st.none() | st.integers(),
    st.none() | st.integers(-5, 40),
    st.none() | st.integers(-5, 20),
    st.none() | st.integers(-3000, 3000),
)
def test_no_criterion_raises_anything(
    number: int | None, day: int | None, month: int | None, year: int | None
) -> None:
    criterion = {"KimlikNo": number, "DogumGun": day, "DogumAy": month, "DogumYil": year}
    for policy in (BY_NUMBER, BY_BIRTH):
        judgement = check(criterion, policy, year_max=2026, accept_disjoint=True)
        if isinstance(judgement, Subject):
            assert judgement.number == number
        else:
            assert judgement.outcome is not Outcome.OK


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_note_is_the_published_code_with_its_published_sentence(outcome: Outcome) -> None:
    note = note_of(outcome)
    if outcome in (Outcome.OK, Outcome.CLOSED):
        assert note is None
    elif outcome is Outcome.MISSING:
        assert note == {"Aciklama": "Sorgu kriteri boş geçilemez.", "Kod": 10}
    else:
        assert note == {"Aciklama": "Aradığınız kriterlere uygun kayıt bulunamadı.", "Kod": 2}


# A call


@dataclass(frozen=True)
class Person:
    born: PartialDate
    closed: bool = False
    name: str = "A"


class Register:
    """Persons by number, and which numbers were asked about."""

    def __init__(self, persons: dict[int, Person], *, fails_at: int | None = None) -> None:
        self._persons = persons
        self._fails_at = fails_at
        self.asked: list[int] = []

    async def person(self, number: int) -> Person | None:
        self.asked.append(number)
        if number == self._fails_at:
            raise RegisterUnavailable("gone")
        await asyncio.sleep(0)
        return self._persons.get(number)


async def find(register: Any, number: int, wants: Callable[[str], bool]) -> Person | None:
    assert wants("KisiBilgisi")
    found: Person | None = await register.person(number)
    return found


def item(found: Any, number: int | None, note: Any) -> dict[str, Any]:
    return {
        "Ad": None if found is None else found.name,
        "No": number,
        "Kod": note and note["Kod"],
    }


def enquiry_of(register: Any, checked: Sequence[Checked] = (), **options: Any) -> Enquiry:
    return Enquiry(register=register, checked=checked, wants=lambda _path: True, **options)


def ended(work: Awaitable[Any]) -> Any:
    async def run() -> Any:
        return await work

    return asyncio.run(run())


BIRTH = PartialDate(5, 7, 1980)
PERSONS = {
    DISJOINT: Person(BIRTH),
    OTHER: Person(PartialDate(None, None, 1950), closed=True, name="B"),
}


def test_every_criterion_has_its_answer_at_its_place() -> None:
    register = Register(PERSONS)
    enquiry = enquiry_of(
        register,
        [
            Blocked(None, Outcome.BAD_NUMBER, stated=12),
            Subject(DISJOINT),
            Blocked(VALID, Outcome.NOT_ON_ROSTER),
            Subject(THIRD),
            Subject(OTHER),
            Blocked(None, Outcome.MISSING),
            Subject(DISJOINT),
        ],
    )
    assert ended(enquiry.each(find, item)) == [
        {"Ad": None, "No": 12, "Kod": 2},
        {"Ad": "A", "No": DISJOINT, "Kod": None},
        {"Ad": None, "No": VALID, "Kod": 2},
        {"Ad": None, "No": THIRD, "Kod": 2},
        {"Ad": "B", "No": OTHER, "Kod": None},
        {"Ad": None, "No": None, "Kod": 10},
        {"Ad": "A", "No": DISJOINT, "Kod": None},
    ]
    assert enquiry.outcomes == [
        Outcome.BAD_NUMBER,
        Outcome.OK,
        Outcome.NOT_ON_ROSTER,
        Outcome.NOT_FOUND,
        Outcome.CLOSED,
        Outcome.MISSING,
        Outcome.OK,
    ]
    assert register.asked == [DISJOINT, THIRD, OTHER, DISJOINT]
    assert enquiry.units == 4
    assert enquiry.persons == [DISJOINT, VALID, THIRD, OTHER, DISJOINT]


@pytest.mark.parametrize(
    ("stated", "held", "outcome"),
    [
        (BIRTH, BIRTH, Outcome.OK),
        (PartialDate(6, 7, 1980), BIRTH, Outcome.NOT_FOUND),
        (PartialDate(5, 8, 1980), BIRTH, Outcome.NOT_FOUND),
        (PartialDate(5, 7, 1981), BIRTH, Outcome.NOT_FOUND),
        (PartialDate(None, 7, 1980), BIRTH, Outcome.NOT_FOUND),
        (PartialDate(None, None, 1980), BIRTH, Outcome.NOT_FOUND),
        (PartialDate(None, None, 1980), PartialDate(None, None, 1980), Outcome.OK),
        (BIRTH, PartialDate(None, None, 1980), Outcome.NOT_FOUND),
        (PartialDate(1, 1, 1980), UNKNOWN_DATE, Outcome.NOT_FOUND),
        (None, UNKNOWN_DATE, Outcome.OK),
    ],
)
def test_an_unknown_part_of_a_birth_date_matches_an_unknown_part_only(
    stated: PartialDate | None, held: PartialDate, outcome: Outcome
) -> None:
    enquiry = enquiry_of(Register({DISJOINT: Person(held)}), [Subject(DISJOINT, stated)])
    ended(enquiry.each(find, item))
    assert enquiry.outcomes == [outcome]


def test_a_wrong_birth_date_and_no_record_cannot_be_told_apart() -> None:
    wrong = PartialDate(1, 1, 1981)
    for closed in (False, True):
        register = Register({DISJOINT: Person(BIRTH, closed=closed)})
        enquiry = enquiry_of(register, [Subject(DISJOINT, wrong), Subject(THIRD, wrong)])
        first, second = ended(enquiry.each(find, item))
        assert first | {"No": None} == second | {"No": None}
        assert enquiry.outcomes == [Outcome.NOT_FOUND] * 2
        assert enquiry.units == len(register.asked) == 2


def test_a_register_that_fails_in_the_middle_ends_the_call_and_the_persons_stay_known() -> None:
    register = Register(PERSONS, fails_at=OTHER)
    enquiry = enquiry_of(register, [Subject(DISJOINT), Subject(OTHER), Subject(THIRD)])
    with pytest.raises(RegisterUnavailable):
        ended(enquiry.each(find, item))
    assert register.asked == [DISJOINT, OTHER]
    assert enquiry.persons == [DISJOINT, OTHER, THIRD]


def test_a_call_without_criteria_asks_nothing() -> None:
    register = Register(PERSONS)
    enquiry = enquiry_of(register)
    assert ended(enquiry.each(find, item)) == []
    assert (enquiry.outcomes, enquiry.persons, enquiry.units, register.asked) == ([], [], 0, [])


# Verification


def fetch(register: Any, number: int) -> Awaitable[Any]:
    found: Awaitable[Any] = register.person(number)
    return found


@pytest.mark.parametrize(
    ("number", "right", "answer", "outcome"),
    [
        (DISJOINT, True, True, Outcome.OK),
        (DISJOINT, False, False, Outcome.NOT_FOUND),
        (THIRD, True, False, Outcome.NOT_FOUND),
        (DISJOINT + 2, True, False, Outcome.BAD_NUMBER),
        (0, True, False, Outcome.BAD_NUMBER),
        (-1, True, False, Outcome.BAD_NUMBER),
    ],
)
def test_a_verification_is_true_only_where_everything_said_is_right(
    number: int, *, right: bool, answer: bool, outcome: Outcome
) -> None:
    register = Register(PERSONS)
    enquiry = enquiry_of(register, accept_disjoint=True)
    assert ended(enquiry.verify(number, fetch, lambda _person: right)) is answer
    assert enquiry.outcomes == [outcome]
    asked = [] if outcome is Outcome.BAD_NUMBER else [number]
    assert register.asked == enquiry.persons == asked
    assert enquiry.units == 0


def test_a_number_of_nobody_is_not_looked_up_in_a_register_of_real_people() -> None:
    register = Register(PERSONS)
    enquiry = enquiry_of(register)
    assert ended(enquiry.verify(DISJOINT, fetch, lambda _person: True)) is False
    assert register.asked == []
    assert ended(enquiry.verify(VALID, fetch, lambda _person: True)) is False
    assert register.asked == [VALID]


def test_names_are_matched_exactly_unless_the_agreement_says_otherwise() -> None:
    assert enquiry_of(Register({})).name_matching == "TAM"
    assert enquiry_of(Register({}), name_matching="DUZELTMELI").name_matching == "DUZELTMELI"


def test_who_may_not_see_the_status_learns_from_no_number_that_a_record_is_closed() -> None:
    for tells, outcome in ((True, Outcome.CLOSED), (False, Outcome.OK)):
        register = Register({DISJOINT: Person(BIRTH, closed=True)})
        enquiry = enquiry_of(register, [Subject(DISJOINT)], tells_status=tells)
        ended(enquiry.each(find, item))
        assert enquiry.outcomes == [outcome]
