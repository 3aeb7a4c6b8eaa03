"""The criteria stage: how many, which, and about whom an institution may ask."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from kps_soap import faults, identity_number, rosters
from kps_soap.criteria import CriteriaPolicy, Enquiry
from kps_soap.criteria_stage import CriteriaStage
from kps_soap.entry import Entry
from kps_soap.faults import Outcome
from kps_soap.fields import Field, FieldTree, Grant
from kps_soap.page_keys import PageKeys
from kps_soap.registry.records import PartialDate
from kps_soap.terms import Terms

VALID = identity_number.make(123_456_789)
FIRST, SECOND, THIRD = (
    identity_number.make_disjoint(n) for n in (123_456_789, 223_456_789, 300_000_000)
)
NEW_YEAR_IN_ISTANBUL = datetime(2025, 12, 31, 21, tzinfo=UTC)


@dataclass
class Register:
    """The stage asks the register nothing but what kind it is."""

    kind: str = "SENTETIK"


class Rosters:
    """Knows some numbers of one institution, and what it was asked."""

    def __init__(self, *held: int) -> None:
        self._held = frozenset(held)
        self.asked: list[tuple[str, Sequence[int]]] = []

    async def missing(self, institution: str, numbers: Sequence[int]) -> frozenset[int]:
        self.asked.append((institution, list(numbers)))
        return frozenset(numbers) - self._held


@dataclass
class Call:
    parameters: tuple[Any, ...]


@dataclass
class Contract:
    criteria: CriteriaPolicy | None


@dataclass
class Asked:
    entry: Entry = field(default_factory=lambda: Entry("r", NEW_YEAR_IN_ISTANBUL, "direct"))


BY_NUMBER = Contract(CriteriaPolicy("TCKimlikNo"))
BY_BIRTH = Contract(CriteriaPolicy("KimlikNo", birth_date=True))
BY_PLACE = Contract(CriteriaPolicy())
DICTIONARY = Contract(None)


def terms(*, most: int = 100, relation: str = rosters.OFF, grant: Grant | None = None) -> Terms:
    return Terms("B-34-0417", grant, "TAM", most, person_relation=relation)


def enquiry_of(
    criteria: Any,
    *,
    contract: Contract = BY_NUMBER,
    under: Terms | None = None,
    held: Rosters | None = None,
    kind: str = "SENTETIK",
    asked: Asked | None = None,
) -> Enquiry:
    register: Any = Register(kind)
    known: Any = held or Rosters()
    stage = CriteriaStage(register, known)
    work = stage(asked or Asked(), Call((criteria,)), contract, under or terms())
    return asyncio.run(work)


def numbers(*wanted: int | None) -> list[dict[str, Any]]:
    return [{"TCKimlikNo": number} for number in wanted]


async def find(_register: Any, _number: int, _wants: Any) -> None:
    return None


def outcomes(enquiry: Enquiry) -> list[Outcome]:
    """What becomes of the criteria in an empty register."""
    asyncio.run(enquiry.each(find, lambda _found, _number, _note: {}))
    return enquiry.outcomes


@pytest.mark.parametrize("criteria", [None, []])
def test_a_call_without_any_criterion_is_refused(criteria: Any) -> None:
    with pytest.raises(faults.CriteriaEmpty):
        enquiry_of(criteria)


def test_as_many_criteria_as_the_agreement_allows_are_taken_and_one_more_is_refused() -> None:
    assert enquiry_of(numbers(FIRST, FIRST), under=terms(most=2)).persons == [FIRST, FIRST]
    with pytest.raises(faults.TooManyCriteria) as caught:
        enquiry_of(numbers(FIRST, FIRST, FIRST), under=terms(most=2))
    assert caught.value.detail == "3 of 2"


def test_bad_criteria_count_too() -> None:
    with pytest.raises(faults.TooManyCriteria):
        enquiry_of(numbers(0, None, FIRST), under=terms(most=2))


def test_a_bad_criterion_refuses_nothing_but_itself() -> None:
    enquiry = enquiry_of([*numbers(FIRST, 1), None, *numbers(None, SECOND)])
    assert enquiry.persons == [FIRST, SECOND]
    assert outcomes(enquiry) == [
        Outcome.NOT_FOUND,
        Outcome.BAD_NUMBER,
        Outcome.MISSING,
        Outcome.MISSING,
        Outcome.NOT_FOUND,
    ]
    assert enquiry.units == 2


@pytest.mark.parametrize(("year", "possible"), [(2026, True), (2027, False)])
def test_the_year_of_birth_lies_not_after_the_present_year_in_istanbul(
    year: int, *, possible: bool
) -> None:
    enquiry = enquiry_of([{"KimlikNo": FIRST, "DogumYil": year}], contract=BY_BIRTH)
    assert outcomes(enquiry) == [Outcome.NOT_FOUND if possible else Outcome.BAD_DATE]


def test_a_number_of_nobody_is_a_good_one_in_a_synthetic_register_only() -> None:
    criteria = numbers(FIRST, VALID)
    assert outcomes(enquiry_of(criteria)) == [Outcome.NOT_FOUND] * 2
    assert outcomes(enquiry_of(criteria, kind="GERCEK")) == [Outcome.BAD_NUMBER, Outcome.NOT_FOUND]


def test_a_dictionary_has_no_criteria_of_persons() -> None:
    enquiry = enquiry_of(34, contract=DICTIONARY)
    assert enquiry.persons == []
    assert asyncio.run(enquiry.each(find, lambda _found, _number, _note: {})) == []


def test_an_operation_asks_only_for_what_is_granted() -> None:
    name = Field("Ad", "KisiBilgisi/Ad", ())
    number = Field("No", "KisiBilgisi/No", ())
    tree = FieldTree("S", "V", Field("KisiBilgisi", "KisiBilgisi", (name, number)))
    grant = Grant.of(tree, ["KisiBilgisi/Ad"], [])
    wants = enquiry_of(numbers(FIRST), under=terms(grant=grant)).wants
    assert wants("KisiBilgisi/Ad")
    assert not wants("KisiBilgisi/No")
    assert enquiry_of(numbers(FIRST)).wants("anything")


def test_the_agreements_way_of_matching_names_reaches_the_operation() -> None:
    under = Terms("", None, "DUZELTMELI", 1)
    assert enquiry_of(numbers(FIRST), under=under).name_matching == "DUZELTMELI"


# The person relation (K7.4)


def test_no_roster_is_read_where_the_agreement_does_not_ask_for_it() -> None:
    held = Rosters()
    enquiry_of(numbers(FIRST), held=held)
    assert held.asked == []


def test_only_numbers_that_would_reach_the_register_are_looked_for_on_the_roster() -> None:
    held = Rosters()
    criteria = [
        {"KimlikNo": FIRST, "DogumYil": 1980},
        {"KimlikNo": SECOND, "DogumYil": 0},
        {"KimlikNo": 1, "DogumYil": 1980},
    ]
    under = terms(relation=rosters.ENFORCE)
    enquiry = enquiry_of(criteria, contract=BY_BIRTH, held=held, under=under)
    assert held.asked == [("B-34-0417", [FIRST])]
    assert outcomes(enquiry) == [Outcome.NOT_ON_ROSTER, Outcome.MISSING, Outcome.BAD_NUMBER]


def test_a_person_off_the_roster_is_blocked_where_the_agreement_says_so() -> None:
    held, asked = Rosters(SECOND), Asked()
    enquiry = enquiry_of(
        numbers(FIRST, SECOND, THIRD),
        held=held,
        under=terms(relation=rosters.ENFORCE),
        asked=asked,
    )
    assert outcomes(enquiry) == [
        Outcome.NOT_ON_ROSTER,
        Outcome.NOT_FOUND,
        Outcome.NOT_ON_ROSTER,
    ]
    assert enquiry.units == 1
    assert enquiry.persons == [FIRST, SECOND, THIRD]
    assert asked.entry.detail == "not on the roster: 2"


def test_a_person_off_the_roster_is_only_noted_where_the_agreement_warns() -> None:
    held, asked = Rosters(SECOND), Asked()
    enquiry = enquiry_of(
        numbers(FIRST, SECOND), held=held, under=terms(relation=rosters.WARN), asked=asked
    )
    assert outcomes(enquiry) == [Outcome.NOT_FOUND] * 2
    assert asked.entry.detail == "not on the roster: 1"


@pytest.mark.parametrize("relation", [rosters.WARN, rosters.ENFORCE])
def test_persons_on_the_roster_leave_no_note(relation: str) -> None:
    held, asked = Rosters(FIRST, SECOND), Asked()
    enquiry = enquiry_of(
        numbers(FIRST, SECOND), held=held, under=terms(relation=relation), asked=asked
    )
    assert outcomes(enquiry) == [Outcome.NOT_FOUND] * 2
    assert asked.entry.detail == ""


def test_a_bad_date_stays_a_bad_date_although_the_same_person_is_off_the_roster() -> None:
    criteria = [{"KimlikNo": FIRST, "DogumYil": 1980}, {"KimlikNo": FIRST, "DogumYil": 9999}]
    enquiry = enquiry_of(criteria, contract=BY_BIRTH, under=terms(relation=rosters.ENFORCE))
    assert outcomes(enquiry) == [Outcome.NOT_ON_ROSTER, Outcome.BAD_DATE]


def test_the_birth_date_is_compared_only_after_the_roster_has_let_the_person_through() -> None:
    criteria = [{"KimlikNo": FIRST, "DogumYil": 1980, "DogumAy": 7}]
    under = terms(relation=rosters.ENFORCE)
    enquiry = enquiry_of(criteria, contract=BY_BIRTH, held=Rosters(FIRST), under=under)
    seen: list[PartialDate] = []

    @dataclass
    class Found:
        born: PartialDate
        closed: bool = False

    async def known(_register: Any, _number: int, _wants: Any) -> Found:
        found = Found(PartialDate(None, 7, 1980))
        seen.append(found.born)
        return found

    asyncio.run(enquiry.each(known, lambda _found, _number, _note: {}))
    assert enquiry.outcomes == [Outcome.OK]
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("relation", "unrelated", "detail"),
    [
        (rosters.OFF, frozenset(), ""),
        (rosters.WARN, frozenset(), "not on the roster: 1"),
        (rosters.ENFORCE, frozenset({SECOND}), "not on the roster: 1"),
    ],
)
def test_who_is_found_by_other_means_must_be_on_the_roster_too(
    relation: str, unrelated: frozenset[int], detail: str
) -> None:
    asked, known = Asked(), Rosters(FIRST)
    enquiry = enquiry_of(
        [{}], contract=BY_PLACE, under=terms(relation=relation), held=known, asked=asked
    )
    assert asyncio.run(enquiry.unrelated([FIRST, SECOND])) == unrelated
    assert asked.entry.detail == detail


def test_nobody_is_looked_up_on_the_roster_and_leaves_no_word() -> None:
    asked, known = Asked(), Rosters()
    under = terms(relation=rosters.ENFORCE)
    enquiry = enquiry_of([{}], contract=BY_PLACE, under=under, held=known, asked=asked)
    known.asked.clear()
    assert asyncio.run(enquiry.unrelated([0])) == frozenset()
    assert known.asked == [("B-34-0417", [0])]
    assert asked.entry.detail == ""


def test_an_enquiry_that_no_stage_made_finds_everybody_related() -> None:
    register: Any = Register()
    enquiry = Enquiry(register=register, wants=lambda _path: True)
    assert asyncio.run(enquiry.unrelated([FIRST])) == frozenset()
    assert enquiry.page_keys is None


def test_page_keys_are_handed_on() -> None:
    keys, register, known = PageKeys(b"k" * 32), Register(), Rosters()
    stage = CriteriaStage(register, known, keys)  # type: ignore[arg-type]
    enquiry = asyncio.run(stage(Asked(), Call(([{}],)), BY_PLACE, terms()))
    assert enquiry.page_keys is keys
