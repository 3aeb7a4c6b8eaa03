"""Ends that come near are said 60, 30, 14, 7 and 1 days before: once, whoever restarts."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from agreement_samples import OTHER, PLAIN, edited, served
from office_samples import Office

from kps_soap.agreements import expiries
from kps_soap.agreements.expiries import THRESHOLDS, Expiry
from kps_soap.agreements.store import Overtaken

END = date(2026, 12, 31)
STAGED = {
    'security = "KLASIK"\nsecurity_until = 2026-12-31\n': 'security = "STANDART"\n',
    'stage = "ACIK"\n': (
        'stage = "TEST"\n'
        'planned = [{ stage = "PILOT", from = 2026-04-01 },'
        ' { stage = "ACIK", from = 2026-06-01 }]\n'
        'pilot = { inquirers = ["AYSE"], calls_per_day_max = 5, until = 2026-05-31 }\n'
    ),
    "valid_until = 2026-12-31\n": (
        "valid_until = 2026-12-31\nrenewal = { from = 2026-11-04, until = 2026-11-30 }\n"
    ),
}
NOTICES = ("ANLASMA_SURE", "ANLASMA_DURUM", "SERVIS_ASAMA")


def found_in(folder: Path, changes: dict[str, str]) -> dict[str, Expiry]:
    agreements = served(folder, {"a.toml": edited(changes)})
    return {one.subject: one for one in expiries.expiries(agreements)}


def test_everything_that_ends_or_begins_is_found_nearest_first(tmp_path: Path) -> None:
    found = found_in(tmp_path, STAGED)
    service = "KisiSorgulaTCKimlikNoServis 2011/01/01"
    assert [(subject, one.day) for subject, one in found.items()] == [
        (f"planned PILOT {service}", date(2026, 4, 1)),
        (f"pilot {service}", date(2026, 5, 31)),
        (f"planned ACIK {service}", date(2026, 6, 1)),
        ("renewal", date(2026, 11, 30)),
        ("valid_until", END),
    ]
    assert found_in(tmp_path, {}).keys() == {"valid_until", "security_until"}
    started = STAGED["valid_until = 2026-12-31\n"].replace(" }", ", started = 2026-11-10 }")
    assert "renewal" not in found_in(tmp_path, {"valid_until = 2026-12-31\n": started})


@pytest.mark.parametrize("state", ["TASLAK", "FESIH", "SONA_ERDI"])
def test_an_agreement_that_does_not_live_ends_no_more(tmp_path: Path, state: str) -> None:
    assert found_in(tmp_path, {'state = "ACIK"': f'state = "{state}"'}) == {}


@pytest.mark.parametrize(
    ("left", "threshold"),
    [
        (61, None), (60, 60), (31, 60), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (2, 7),
        (1, 1), (0, 1), (-1, 0), (-400, 0),
    ],
)  # fmt: skip
def test_a_threshold_is_reached_on_its_day(
    tmp_path: Path, left: int, threshold: int | None
) -> None:
    one = found_in(tmp_path, {})["valid_until"]
    assert one.threshold(END - timedelta(days=left)) == threshold


def test_what_is_near_holds_ends_past_and_beginnings_ahead(tmp_path: Path) -> None:
    agreements = served(tmp_path, {"a.toml": edited(STAGED)})

    def days(on: date, within: int) -> list[date]:
        return [one.day for one in expiries.near(agreements, on, days=within)]

    assert days(date(2026, 3, 1), 60) == [date(2026, 4, 1)]
    assert days(date(2026, 6, 2), 10) == [date(2026, 5, 31)]
    assert days(date(2027, 1, 1), 0) == [date(2026, 5, 31), date(2026, 11, 30), END]
    lines = expiries.lines(expiries.near(agreements, date(2026, 12, 1), days=60), date(2026, 12, 1))
    assert lines[-1] == "2026/117 (B-34-0417): the agreement ends on 2026-12-31, in 30 days"
    assert "no renewal was started on 2026-11-30, 1 day ago" in lines[1]
    assert expiries.words_for(0) == "today"


def noted(office: Office) -> int:
    """What a leading worker does once a day."""
    keeper = office.new_keeper()
    version = keeper.newest()
    assert version is not None
    return expiries.note_due(keeper, version, keeper.compiled(version))


def test_every_threshold_is_an_event_once(any_office: Office) -> None:
    office = any_office
    office.load({"a.toml": PLAIN})
    said: list[int] = []
    day = date(2026, 10, 1)
    while day <= date(2027, 1, 10):
        office.clock.turn_to(day)
        if noted(office):
            said.append((END - day).days)
        assert noted(office) == 0
        day += timedelta(days=1)
    assert said == [*THRESHOLDS, -1]
    events = office.events(*NOTICES)
    # The classic profile ends on the same day, and is another matter.
    assert len([one for one in events if one["event"] == "ANLASMA_SURE"]) == 11
    first = events[1]
    assert (first["agreement"], first["institution"], first["account"]) == (
        "2026/117", "B-34-0417", "kps serve",
    )  # fmt: skip
    assert first["detail"] == "the agreement ends on 2026-12-31, in 60 days"
    (ended,) = [one for one in events if one["event"] == "ANLASMA_DURUM"]
    assert ended["detail"] == "ACIK → SONA_ERDI"


def test_who_starts_late_says_the_nearest_threshold_only(office: Office) -> None:
    office.load({"a.toml": PLAIN})
    office.clock.turn_to(date(2026, 12, 27))
    assert noted(office) == 2
    assert [one["detail"].split(", ")[1] for one in office.events(*NOTICES)] == ["in 4 days"] * 2


def test_a_new_date_is_a_new_matter(office: Office) -> None:
    office.load({"a.toml": PLAIN})
    office.clock.turn_to(date(2026, 12, 1))
    assert noted(office) == 2
    office.load({"a.toml": edited({"valid_until = 2026-12-31": "valid_until = 2026-12-30"})})
    assert noted(office) == 1


def test_a_planned_stage_is_an_event_on_its_day_once(office: Office) -> None:
    office.load({"a.toml": edited(STAGED)})
    office.clock.turn_to(date(2026, 3, 31))
    noted(office)
    assert office.events("SERVIS_ASAMA") == []
    for day in (date(2026, 4, 1), date(2026, 4, 2), date(2026, 6, 1)):
        office.clock.turn_to(day)
        noted(office)
        noted(office)
    service = "KisiSorgulaTCKimlikNoServis 2011/01/01"
    events = office.events("SERVIS_ASAMA")
    assert [one["detail"] for one in events] == [
        f"{service}: TEST → PILOT", f"{service}: PILOT → ACIK",
    ]  # fmt: skip
    assert (events[0]["service"], events[0]["version"]) == tuple(service.split())


def test_a_missed_renewal_is_a_suspension_on_record(office: Office) -> None:
    office.load({"a.toml": edited(STAGED)})
    office.clock.turn_to(date(2026, 12, 1))
    noted(office)
    (event,) = office.events("ANLASMA_DURUM")
    assert event["detail"] == "ACIK → ASKIDA"


def test_two_gateways_say_it_once(any_office: Office) -> None:
    office = any_office
    office.load({"a.toml": PLAIN})
    office.clock.turn_to(date(2026, 12, 1))
    keeper = office.new_keeper()
    version = keeper.newest()
    assert version is not None
    agreements = keeper.compiled(version)
    original: Any = keeper.note

    def late(*what: Any) -> None:
        assert noted(office) == 2
        original(*what)

    keeper.note = late  # type: ignore[method-assign]
    with pytest.raises(Overtaken):
        expiries.note_due(keeper, version, agreements)
    assert len(office.events(*NOTICES)) == 2


def test_a_set_that_was_replaced_meanwhile_says_nothing(office: Office) -> None:
    first = office.load({"a.toml": PLAIN})
    office.clock.turn_to(date(2026, 12, 1))
    keeper = office.new_keeper()
    agreements = keeper.compiled(first)
    office.load({"b.toml": edited(OTHER)})
    with pytest.raises(Overtaken):
        expiries.note_due(keeper, first, agreements)
    assert office.events("ANLASMA_SURE") == []


def test_the_worker_that_leads_says_what_is_due_and_no_other(office: Office) -> None:
    office.write({"a.toml": PLAIN})
    other, book = office.book("1", leads=False), office.book()
    office.clock.turn_to(date(2026, 12, 1))
    other.poll()
    assert office.events("ANLASMA_SURE") == []
    book.poll()
    book.poll()
    assert len(office.events("ANLASMA_SURE")) == 2
    office.clock.turn_to(date(2026, 12, 17))
    book.poll()
    assert len(office.events("ANLASMA_SURE")) == 4
    book.close()
    office.book().poll()
    assert len(office.events("ANLASMA_SURE")) == 4
