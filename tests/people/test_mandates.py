"""Mandates of vendors' accounts, and the register of systems."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from people_samples import BANK, CENTRE, LOCAL, NOW, TODAY, TOWN, done
from sqlalchemy import Engine

from kps_soap.people import mandates, systems
from kps_soap.people.mandates import Mandate, NewMandate
from kps_soap.people.person import Actor
from kps_soap.people.problems import ChangedMeanwhile, NotAllowed, PeopleError
from kps_soap.people.roles import Role, rights_of

NEW = NewMandate(
    account="FIRMA-001",
    vendor=" Örnek  Yazılım A.Ş. ",
    institution=TOWN,
    valid_from=TODAY,
    valid_until=date(2026, 6, 30),
    networks=("198.51.100.0/28", "2001:db8::/64"),
    services=frozenset({"KisiSorgulaTCKimlikNoServis"}),
)


def add(engine: Engine, by: Actor = CENTRE, agreed: tuple[str, ...] = (), **more: Any) -> Mandate:
    new = replace(NEW, **more)
    return done(engine, lambda one: mandates.add(one, new, agreed=agreed, by=by))


def end(engine: Engine, number: int = 1, by: Actor = CENTRE) -> Mandate:
    return done(engine, lambda one: mandates.end(one, number, by=by, now=NOW))


def test_a_mandate_has_its_days_services_and_networks(both: Engine) -> None:
    made = add(both)
    assert (made.number, made.vendor, made.ended) == (1, "Örnek Yazılım A.Ş.", None)
    with both.connect() as connection:
        assert mandates.listing(connection) == (made,)
        assert mandates.listing(connection, account="FIRMA-001", institution=TOWN) == (made,)
        assert mandates.listing(connection, institution=BANK) == ()
    days = [TODAY - timedelta(days=1), TODAY, date(2026, 6, 30), date(2026, 7, 1)]
    assert [made.holds_on(day) for day in days] == [False, True, True, False]


def test_an_ended_mandate_holds_no_more_from_that_day_on(engine: Engine) -> None:
    add(engine, valid_from=TODAY - timedelta(days=3))
    ended = end(engine)
    assert not ended.holds_on(TODAY)
    assert ended.holds_on(TODAY - timedelta(days=1))
    for number in (1, 2):
        with pytest.raises(PeopleError, match="no such mandate"):
            end(engine, number)
    # From the day on which the former one ended there may be another.
    assert add(engine).number == 2


def test_one_account_acts_for_one_institution_for_ever(engine: Engine) -> None:
    add(engine)
    with pytest.raises(PeopleError, match="another institution"):
        add(engine, institution=BANK)
    end(engine)
    with pytest.raises(PeopleError, match="another institution"):
        add(engine, institution=BANK)


def test_two_mandates_of_an_account_do_not_overlap(engine: Engine) -> None:
    add(engine)
    with pytest.raises(PeopleError, match="same days"):
        add(engine, valid_from=date(2026, 6, 30), valid_until=date(2026, 7, 9))
    assert add(engine, valid_from=date(2026, 7, 1), valid_until=date(2026, 7, 9)).number == 2


def test_everything_that_is_wrong_with_a_mandate_is_told_at_once(engine: Engine) -> None:
    with pytest.raises(PeopleError) as told:
        add(
            engine,
            account="a b",
            vendor=" ",
            institution="x y",
            valid_until=date(2026, 1, 1),
            networks=("0.0.0.0/0", "here"),
        )
    fields = [one.field for one in told.value.problems]
    assert fields == ["account", "institution", "vendor", "valid_until", "networks", "networks"]
    with pytest.raises(PeopleError, match="Give the networks"):
        add(engine, networks=())
    with pytest.raises(PeopleError, match="An agreement names this account"):
        add(engine, agreed=("FIRMA-001",))


def test_mandates_are_the_centres(engine: Engine) -> None:
    with pytest.raises(NotAllowed):
        add(engine, LOCAL)
    add(engine)
    with pytest.raises(NotAllowed):
        end(engine, by=LOCAL)


TECHNICIAN = Actor("t", TOWN, rights_of({Role.TECHNICIAN}))


def register(engine: Engine, by: Actor = TECHNICIAN, **more: Any) -> systems.System:
    given: dict[str, Any] = {
        "vendor": "Örnek",
        "product": "Belediye",
        "version": "GP-1.03",
        "since": TODAY,
        **more,
    }
    return done(engine, lambda one: systems.add(one, TOWN, by=by, **given))


def test_systems_are_kept_by_the_technician_and_the_centre(both: Engine) -> None:
    made = register(both)
    assert (made.number, made.product, made.row_version) == (1, "Belediye", 1)
    newer = done(both, lambda one: systems.change(one, 1, version="GP-1.04", by=CENTRE))
    assert (newer.version, newer.row_version) == ("GP-1.04", 2)
    ended = done(
        both, lambda one: systems.change(one, 1, until=TODAY, row_version=2, by=TECHNICIAN)
    )
    assert ended.until == TODAY
    with both.connect() as connection:
        assert systems.listing(connection, institution=TOWN) == (ended,)
        assert systems.listing(connection, institution=BANK) == ()


def test_a_system_is_not_changed_by_others_nor_blindly(engine: Engine) -> None:
    register(engine)
    for by in (LOCAL, replace(TECHNICIAN, institution=BANK)):
        with pytest.raises(NotAllowed):
            register(engine, by)
        with pytest.raises(NotAllowed):
            done(engine, lambda one, by=by: systems.change(one, 1, version="2", by=by))  # type: ignore[misc]
    with pytest.raises(ChangedMeanwhile):
        done(engine, lambda one: systems.change(one, 1, version="2", row_version=9, by=CENTRE))
    with pytest.raises(PeopleError, match="no such system"):
        done(engine, lambda one: systems.change(one, 5, version="2", by=CENTRE))
    with pytest.raises(PeopleError) as told:
        done(
            engine,
            lambda one: systems.add(
                one, "", vendor="", product="p" * 121, version="1", since=TODAY, by=CENTRE
            ),
        )
    assert [one.field for one in told.value.problems] == ["institution", "vendor", "product"]
