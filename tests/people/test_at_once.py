"""Two acts on people at the same instant: one is done, the other is told, and none is an error."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from people_samples import CENTRE, CLERK, NOW, TOWN, added, found
from sqlalchemy import Connection, Engine, text

from kps_soap.database import writing
from kps_soap.people import approvals, keeping, mandates, seats, systems
from kps_soap.people.approvals import Kind
from kps_soap.people.mandates import NewMandate
from kps_soap.people.person import Changes
from kps_soap.people.problems import ChangedMeanwhile, PeopleError

Work = Callable[[Connection], Any]
MANDATE = NewMandate(
    account="FIRMA-001",
    vendor="Firma",
    institution=TOWN,
    valid_from=date(2026, 3, 1),
    valid_until=date(2026, 12, 31),
    networks=("203.0.113.10/32",),
)


def waits_for_a_lock(engine: Engine) -> bool:
    """Whether another connection waits; SQLite's writers wait outside of the database."""
    if engine.dialect.name == "sqlite":
        return True
    with engine.connect() as connection:
        asked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(connection.execute(asked).scalar())


def at_once(engine: Engine, first: Work, second: Work) -> Any:
    """Do the second while the first is done and not committed yet; what it gives or raises."""
    came: list[Any] = []

    def later() -> None:
        try:
            with engine.connect() as connection, writing(connection):
                came.append(second(connection))
        except Exception as error:
            came.append(error)

    thread = threading.Thread(target=later)
    with engine.connect() as connection, writing(connection):
        first(connection)
        thread.start()
        until = time.monotonic() + 4
        while not waits_for_a_lock(engine) and time.monotonic() < until:
            time.sleep(0.01)
    thread.join()
    return came[0]


def fields_of(error: Any) -> set[str]:
    assert isinstance(error, PeopleError), repr(error)
    return {one.field for one in error.problems}


def add(**changes: Any) -> Work:
    new = replace(CLERK, **changes)
    return lambda connection: keeping.add(connection, new, by=CENTRE, now=NOW)


def test_one_of_two_with_the_same_id_is_told_that_it_is_taken(both: Engine) -> None:
    told = at_once(both, add(), add(inquirer="BASKA"))
    assert fields_of(told) == {"person_id"} and found(both).inquirer == "MEHMET"


def test_one_of_two_with_the_same_inquirer_is_told_that_it_is_taken(both: Engine) -> None:
    told = at_once(both, add(), add(person_id="baska.biri"))
    assert fields_of(told) == {"inquirer"}


def test_an_inquirer_that_somebody_took_meanwhile_is_told(both: Engine) -> None:
    added(both, person_id="baska.biri", inquirer="BASKA")
    named = Changes(inquirer=CLERK.inquirer)

    def change(connection: Connection) -> Any:
        return keeping.change(connection, "baska.biri", named, row_version=None, by=CENTRE, now=NOW)

    told = at_once(both, add(), change)
    assert isinstance(told, PeopleError)
    assert found(both, "baska.biri").inquirer == "BASKA"


def test_two_requests_get_numbers_of_their_own(both: Engine) -> None:
    added(both)

    def ask(service: str) -> Work:
        return lambda connection: approvals.ask(
            connection,
            Kind.SPECIAL_FIELDS,
            CLERK.person_id,
            {"service": service},
            by=CENTRE,
            reason="görev",
            now=NOW,
        )

    assert at_once(both, ask("BirServis"), ask("OburServis")).number == 2
    twice = at_once(both, ask("UcuncuServis"), ask("UcuncuServis"))
    assert fields_of(twice) == {"service"}
    with both.connect() as connection:
        waiting = approvals.about(connection, CLERK.person_id, now=NOW)
    assert [one.number for one in waiting] == [3, 2, 1]


def test_two_systems_get_numbers_of_their_own(both: Engine) -> None:
    def register(connection: Connection) -> Any:
        return systems.add(
            connection,
            TOWN,
            vendor="a",
            product="b",
            version="c",
            since=date(2026, 3, 1),
            by=CENTRE,
        )

    assert at_once(both, register, register).number == 2


def test_one_of_two_mandates_for_the_same_days_is_told(both: Engine) -> None:
    def give(connection: Connection) -> Any:
        return mandates.add(connection, MANDATE, agreed=(), by=CENTRE)

    assert fields_of(at_once(both, give, give)) == {"valid_from"}


@pytest.mark.parametrize("seen", [None, 3])
def test_one_of_two_limits_is_told(both: Engine, seen: int | None) -> None:
    def limit(connection: Connection) -> None:
        seats.set_seats(connection, TOWN, "Emlak", 5, by=CENTRE, seen=seen)

    if seen is not None:
        with both.connect() as connection, writing(connection):
            seats.set_seats(connection, TOWN, "Emlak", seen, by=CENTRE)
    assert isinstance(at_once(both, limit, limit), ChangedMeanwhile)
    with both.connect() as connection:
        assert [one.most for one in seats.seats(connection, TOWN)] == [5]


def test_numbers_that_others_always_take_first_are_given_up(
    both: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.people.rows.try_insert", lambda *_: False)
    with both.connect() as connection, writing(connection), pytest.raises(ChangedMeanwhile):
        mandates.add(connection, MANDATE, agreed=(), by=CENTRE)


def test_what_became_of_requests_is_listed_with_those_that_lapsed(both: Engine) -> None:
    added(both)
    with both.connect() as connection, writing(connection):
        asked = approvals.ask(
            connection,
            Kind.SPECIAL_FIELDS,
            CLERK.person_id,
            {"service": "Servis"},
            by=CENTRE,
            reason="görev",
            now=NOW,
        )
    with both.connect() as connection:
        assert approvals.newest(connection, now=NOW) == ()
        later = NOW + approvals.LAPSES_AFTER * 2
        (one,) = approvals.newest(connection, now=later, institution=TOWN)
        assert (one.number, one.state) == (asked.number, approvals.LAPSED)
        assert approvals.newest(connection, now=later, institution="S-06-0002") == ()
