"""Calls of some days added up, by institution, service, inquirer and unit."""

from datetime import date, datetime, timedelta

from misuse_samples import INSTITUTION, NOON, SHIPPED, House, call, number

from kps_soap.entry import Entry, Event
from kps_soap.misuse.usage import By, Usage, usage

DAY = date(2026, 3, 3)
ANNA, BORA = number(345_678_901), number(456_789_012)
SERVICE, OTHER = "KisiSorgulaTCKimlikNoServis", "KimlikDogrulaServis"


def recorded(house: House, *entries: Entry) -> None:
    with house.recorder() as run:
        for one in entries:
            run.record(one)


def asked(*persons: int, at: datetime = NOON, missing: int = 0, **changes: object) -> Entry:
    given = {"service": SERVICE, "units": len(persons), "unit": "Emlak", **changes}
    return call(*persons, at=at, missing=missing, **given)


def used(house: House, by: By, **given: object) -> list[Usage]:
    span = {"since": DAY, "until": DAY, **given}
    with house.engine.connect() as connection, connection.begin():
        return usage(connection, SHIPPED, by=by, **span)  # type: ignore[arg-type]


def test_calls_are_added_up_with_what_became_of_them(house: House) -> None:
    late = NOON + timedelta(hours=9)  # 21:00 in Istanbul
    recorded(
        house,
        asked(ANNA, BORA),
        asked(ANNA, at=late, missing=1),
        asked(event=Event.REFUSAL, outcome=205, criterion_outcomes=[], units=0),
        asked(event=Event.REFUSAL, outcome=501, criterion_outcomes=[], units=0),
    )
    (one,) = used(house, By.INSTITUTION)
    assert one.key == (INSTITUTION,)
    assert (one.calls, one.refused, one.failures, one.units) == (4, 2, 1, 3)
    assert (one.criteria, one.not_found, one.not_found_percent) == (3, 1, 33)
    assert (one.persons, one.late, one.late_percent) == (2, 1, 25)


def test_they_are_added_up_by_service_inquirer_and_unit(house: House) -> None:
    recorded(
        house,
        asked(ANNA),
        asked(BORA),
        asked(ANNA, service=OTHER, inquirer="U-2", unit=""),
    )
    assert [(one.key[1], one.calls) for one in used(house, By.SERVICE)] == [
        (SERVICE, 2),
        (OTHER, 1),
    ]
    found = used(house, By.INQUIRER)
    assert [(one.key[1], one.calls, one.persons) for one in found] == [("U-1", 2, 2), ("U-2", 1, 1)]
    assert [one.key[1] for one in used(house, By.UNIT)] == ["Emlak", ""]


def test_days_are_whole_ones_of_istanbul(house: House) -> None:
    midnight = datetime.fromisoformat("2026-03-02T21:00:00+00:00")
    second = timedelta(seconds=1)
    recorded(
        house,
        asked(ANNA, at=midnight - second),
        asked(ANNA, at=midnight),
        asked(ANNA, at=midnight + timedelta(days=1) - second),
        asked(ANNA, at=midnight + timedelta(days=1)),
    )
    assert used(house, By.INSTITUTION)[0].calls == 2
    assert used(house, By.INSTITUTION, since=DAY - timedelta(days=1))[0].calls == 3


def test_a_weekend_is_late_and_what_is_no_call_is_not_counted(house: House) -> None:
    recorded(
        house,
        asked(ANNA, at=NOON + timedelta(days=4)),
        asked(event=Event.SEARCH, service="", at=NOON + timedelta(days=4)),
    )
    saturday = DAY + timedelta(days=4)
    (one,) = used(house, By.INSTITUTION, since=saturday, until=saturday)
    assert (one.calls, one.late) == (1, 1)
    assert used(house, By.INSTITUTION, institution="X-1", until=saturday) == []
