"""What workers saw is added up, without numbers of persons, and swept away."""

from datetime import timedelta
from typing import Any

from misuse_samples import KEY, NOON, call, each, number, put, scattered
from sqlalchemy import Engine, func, select

from kps_soap import identity_number
from kps_soap.database import writing
from kps_soap.misuse import observing, tallies
from kps_soap.misuse.observing import Observer
from kps_soap.misuse.rules import Tally
from kps_soap.misuse_models import misuse_days, misuse_subjects, misuse_tallies


def test_calls_of_one_user_and_slot_are_one_row_a_worker_and_add_up(any_engine: Engine) -> None:
    person, other = scattered(2)
    put(any_engine, [call(person), call(other, missing=1), call(person)])
    put(any_engine, [call(person, at=NOON + timedelta(minutes=9))])
    with any_engine.connect() as connection:
        seen = tallies.seen(connection, now=NOON)
        assert connection.execute(select(func.count()).select_from(misuse_tallies)).scalar() == 2
    (one,) = seen.tallies
    assert (one.calls, one.criteria, one.not_found, one.neighbours) == (4, 4, 1, 0)
    # Whoever begins anew has asked about nobody yet.
    assert one.different == 3
    assert one.slot == NOON
    assert [(day.day, day.calls) for day in seen.days] == [("2026-03-03", 4)]


def test_persons_and_inquirers_stand_there_by_digests_of_the_day(any_engine: Engine) -> None:
    person = number(456_789_012)
    put(any_engine, [call(person), call(person, at=NOON + timedelta(days=1)), call(person)])
    with any_engine.connect() as connection:
        rows = connection.execute(select(misuse_subjects)).all()
    assert len({row.person_digest for row in rows}) == len(rows) == 2
    assert len({row.inquirer_digest for row in rows}) == 2
    plain = identity_number.digest(person, key=KEY, context="misuse")
    assert plain not in {row.person_digest for row in rows}


def test_what_no_rule_looks_at_any_more_is_swept_away(any_engine: Engine) -> None:
    put(any_engine, each(scattered(3)))
    for days, left in ((1, (1, 1, 3)), (2, (0, 1, 0)), (28, (0, 1, 0)), (30, (0, 0, 0))):
        with any_engine.connect() as connection, writing(connection):
            tallies.sweep(connection, now=NOON + timedelta(days=days))
        with any_engine.connect() as connection:
            counts = tuple(
                connection.execute(select(func.count(table.c.institution.distinct()))).scalar()
                if table is not misuse_subjects
                else connection.execute(select(func.count()).select_from(table)).scalar()
                for table in (misuse_tallies, misuse_days, misuse_subjects)
            )
        assert counts == left, days


def test_a_number_asked_again_is_no_neighbour_of_itself() -> None:
    observer = Observer()
    person = number(345_678_901)
    for stem in (345_678_901, 345_678_901, 345_678_911, 345_678_922):
        observer.see(call(number(stem)))
    observer.see(call(person))
    (one,) = observer.drain().tallies
    assert (one.different, one.neighbours) == (3, 1)
    assert observer.drain().tallies == ()


def test_only_the_numbers_that_were_asked_make_a_sequence() -> None:
    observer = Observer()
    shown = [number(345_678_901 + step) for step in range(5)]
    observer.see(call(*shown, criterion_outcomes=[0]))
    (one,) = observer.drain().tallies
    assert one.neighbours == 0


def test_memory_has_bounds() -> None:
    observer = Observer()
    limits = (observing._TALLIES_MAX, observing._NUMBERS_OF_A_USER, observing._USERS_MAX)
    for place in range(limits[1] + 10):
        observer.see(call(number(200_000_000 + 1000 * place)))
    (numbers,) = observer._numbers.values()
    assert len(numbers.held) == len(numbers.order) == limits[1]
    for place in range(limits[2] + 10):
        observer.see(call(number(200_000_000), inquirer=f"U-{place}"))
    assert len(observer._numbers) == limits[2]
    full: Any = dict.fromkeys([(NOON, str(place), "", "", "") for place in range(limits[0])])
    observer._sums = full
    observer.see(call(number(200_000_000), inquirer="one too many"))
    assert len(observer._sums) == limits[0]


def test_a_tally_needs_no_counts() -> None:
    assert Tally(NOON, "i", "a", "u", "s", "g", 1).criteria == 0
