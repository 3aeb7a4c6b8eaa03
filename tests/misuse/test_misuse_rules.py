"""Each rule finds what it is for in seeded calls, and is silent about an office's usual day."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from misuse_samples import (
    ACCOUNT,
    AGREEMENT,
    INSTITUTION,
    NOON,
    SHIPPED,
    call,
    each,
    found,
    number,
    put,
    scattered,
)
from sqlalchemy import Engine

from kps_soap.entry import Entry, Event
from kps_soap.misuse.rules import RULES, TEXTS, Rule, Threshold

SURNAMES = {(INSTITUTION, "U-1"): "KAYA", (INSTITUTION, "U-2"): "ÇELİK"}
MIDNIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
SUNDAY = datetime(2026, 3, 8, 9, 0, tzinfo=UTC)


def about(surname: str) -> bytes:
    return f"<a:Ad>AYŞE</a:Ad><a:Soyad>{surname}</a:Soyad>".encode()


def in_a_row(count: int) -> list[int]:
    return [number(345_678_901 + step) for step in range(count)]


def usual_day() -> list[Entry]:
    """Many people, a few of them more than once, a few typing errors, two clerks."""
    calls = []
    for clerk, seed in (("U-1", 7), ("U-2", 8)):
        address = f"203.0.113.{seed}"
        for place, person in enumerate(scattered(60, seed)):
            at = NOON - timedelta(hours=2) + timedelta(minutes=2 * place)
            missing = 1 if place % 10 == 0 else 0
            answer = about("KAYA" if place == 5 else "DEMİR")
            one = call(person, at=at, missing=missing, inquirer=clerk, source_address=address)
            one.answer = answer
            calls += [one, call(person, at=at, inquirer=clerk, source_address=address)]
    return calls


def days(counts: list[int], today: int) -> list[Entry]:
    """So many calls on the days before, and today, by software without an inquirer."""
    calls = []
    for back, count in enumerate([today, *counts]):
        persons = scattered(count, seed=back + 50)
        calls += each(persons, at=NOON - timedelta(days=back), inquirer="")
    return calls


@dataclass(frozen=True)
class Fixture:
    """Calls that a rule finds, and the like that it leaves alone."""

    fires: Callable[[], list[Entry]]
    silent: Callable[[], list[Entry]]
    measured: int
    subject: str
    now: datetime = NOON


def from_two(minutes: int) -> list[Entry]:
    one, other = scattered(2)
    later = NOON + timedelta(minutes=minutes)
    return [call(one), call(other, at=later, source_address="198.51.100.7")]


def curious(users: int) -> list[Entry]:
    person = number(456_789_012)
    return [call(person, inquirer=f"U-{user}") for user in range(users) for _ in range(3)]


USER = f"{INSTITUTION} {ACCOUNT} U-1"
FIXTURES = {
    Rule.SEQUENTIAL: Fixture(
        # Some numbers are left out and other people come between them.
        lambda: each([*in_a_row(40)[::2], *scattered(5)]),
        lambda: each([*in_a_row(9), *scattered(40)]),
        measured=72,
        subject=USER,
    ),
    Rule.NOT_FOUND: Fixture(
        lambda: [call(*scattered(10, seed), missing=5) for seed in range(6)],
        lambda: [call(*scattered(10, seed), missing=4) for seed in range(6)],
        measured=50,
        subject=USER,
    ),
    Rule.SHARED_SUBJECT: Fixture(lambda: curious(6), lambda: curious(5), measured=6, subject=""),
    Rule.OWN_SURNAME: Fixture(
        lambda: each(scattered(5), answer=about("KAYA")) + each(scattered(20), answer=b"<a/>"),
        lambda: each(scattered(4), answer=about("KAYA")) + each(scattered(9), answer=b"KAYA"),
        measured=5,
        subject=USER,
    ),
    Rule.OFF_HOURS: Fixture(
        lambda: each(scattered(20), at=MIDNIGHT),
        lambda: each(scattered(19), at=MIDNIGHT) + each(scattered(200)),
        measured=20,
        subject=USER,
    ),
    Rule.TWO_ADDRESSES: Fixture(
        lambda: from_two(5), lambda: from_two(15), measured=2, subject=f"{INSTITUTION} U-1"
    ),
    Rule.SUDDEN_GROWTH: Fixture(
        lambda: days([20, 25, 15, 0, 20, 20], today=201),
        lambda: days([20, 25, 15, 0, 25, 20], today=201),
        measured=201,
        subject=f"{INSTITUTION} {ACCOUNT}",
    ),
}


def test_there_are_eight_rules_and_each_has_a_name_for_people() -> None:
    assert len(Rule) == 8
    assert TEXTS.keys() == set(Rule)
    assert RULES.keys() == set(Rule) - {Rule.PROTECTED} == FIXTURES.keys()


@pytest.mark.parametrize("rule", FIXTURES)
def test_a_rule_finds_what_it_is_for(engine: Engine, rule: Rule) -> None:
    fixture = FIXTURES[rule]
    put(engine, fixture.fires(), surnames=SURNAMES)
    (one,) = [each for each in found(engine, fixture.now) if each.rule is rule]
    assert one.measured == fixture.measured
    assert one.institution == INSTITUTION
    assert str(one.measured) in one.summary or "of" in one.summary
    if fixture.subject:
        assert (one.about, one.agreement) == (fixture.subject, AGREEMENT)


@pytest.mark.parametrize("rule", FIXTURES)
def test_a_rule_is_silent_just_below_its_threshold(engine: Engine, rule: Rule) -> None:
    put(engine, FIXTURES[rule].silent(), surnames=SURNAMES)
    assert rule not in {each.rule for each in found(engine, FIXTURES[rule].now)}


def test_a_usual_day_of_an_office_raises_no_alarm(engine: Engine) -> None:
    put(engine, usual_day(), surnames=SURNAMES)
    assert found(engine, NOON) == []


@pytest.mark.parametrize("rule", FIXTURES)
def test_a_rule_that_is_off_or_told_to_leave_somebody_alone_finds_nothing(
    engine: Engine, rule: Rule
) -> None:
    put(engine, FIXTURES[rule].fires(), surnames=SURNAMES)
    off = {**SHIPPED, rule: replace(SHIPPED[rule], enabled=False)}
    alone = {**SHIPPED, rule: replace(SHIPPED[rule], exempt=frozenset({INSTITUTION}))}
    for limits in (off, alone):
        assert rule not in {each.rule for each in found(engine, NOON, limits)}


def test_a_summary_names_nobody(any_engine: Engine) -> None:
    for place, fixture in enumerate(FIXTURES.values()):
        calls = fixture.fires()
        for each_call in calls:
            each_call.institution = f"B-{place}"
        put(any_engine, calls, surnames={(f"B-{place}", "U-1"): "KAYA"})
    seen = found(any_engine, NOON)
    assert {one.rule for one in seen} == FIXTURES.keys()
    for one in seen:
        assert not {"U-1", ACCOUNT, one.institution, "KAYA"} & set(one.summary.split())


def test_the_weekend_is_out_of_hours_where_the_file_says_so(engine: Engine) -> None:
    put(engine, each(scattered(30), at=SUNDAY))
    assert [one.rule for one in found(engine, SUNDAY)] == [Rule.OFF_HOURS]
    open_office = replace(SHIPPED[Rule.OFF_HOURS], weekends=False)
    assert found(engine, SUNDAY, {**SHIPPED, Rule.OFF_HOURS: open_office}) == []
    numbers = {"calls_min": 20, "night_begins": 11, "night_ends": 13}
    siesta = Threshold(enabled=True, act="YOK", numbers=numbers)
    (one,) = found(engine, SUNDAY, {**SHIPPED, Rule.OFF_HOURS: siesta})
    assert one.measured == 30


def test_software_without_an_inquirer_may_work_at_night_and_from_two_machines(
    engine: Engine,
) -> None:
    put(engine, each(scattered(100), at=MIDNIGHT, inquirer=""))
    put(engine, each(scattered(9), at=MIDNIGHT, inquirer="", source_address="198.51.100.7"))
    assert found(engine, MIDNIGHT) == []


def test_refusals_and_the_public_door_are_not_looked_at(engine: Engine) -> None:
    refused = each(in_a_row(40), event=Event.REFUSAL)
    public = each(in_a_row(40), institution="", agreement="acik-dogrulama.toml")
    put(engine, [*refused, *public])
    assert found(engine, NOON) == []


def test_numbers_of_long_ago_do_not_make_a_sequence_of_now(engine: Engine) -> None:
    put(engine, each(in_a_row(40), at=NOON - timedelta(hours=2)))
    assert Rule.SEQUENTIAL in {one.rule for one in found(engine, NOON - timedelta(hours=2))}
    assert found(engine, NOON) == []


def test_asking_each_number_again_does_not_hide_a_sequence(engine: Engine) -> None:
    put(engine, each([one for one in in_a_row(30) for _ in range(6)]))
    (one,) = [each for each in found(engine, NOON) if each.rule is Rule.SEQUENTIAL]
    # Each of the two workers saw all of them, and nobody before the first.
    assert "58 of 60 numbers" in one.summary


def test_tallies_of_yesterday_are_not_those_of_today(engine: Engine) -> None:
    put(engine, curious(9) + each(in_a_row(40)))
    assert found(engine, NOON + timedelta(days=1)) == []


def test_inquirers_of_several_institutions_are_counted_together(engine: Engine) -> None:
    person = number(456_789_012)
    put(engine, [call(person, inquirer="U", institution=f"B-{code}") for code in range(6)])
    (one,) = found(engine, NOON)
    assert (one.rule, one.institution, one.inquirer) == (Rule.SHARED_SUBJECT, "", "")
