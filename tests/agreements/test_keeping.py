"""Whatever changes what is in force is one step with its record: who, when, why, which document."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from agreement_samples import OTHER, PLAIN, PUBLIC, edited
from office_samples import MOVER, START, Office

from kps_soap.agreements.keeping import CannotChange, Mover
from kps_soap.agreements.store import Overtaken, Version
from kps_soap.audit.verification import verify
from kps_soap.authentication import ISTANBUL
from kps_soap.entry import Event
from kps_soap.faults import EvidenceUnavailable

SLOWER = edited({"calls_per_second_max = 20": "calls_per_second_max = 10"})
STEPS = ("ANLASMA_DURUM", "SERVIS_ASAMA", "ANLASMA_ASKI", "ANLASMA_ASKI_KALDIRMA")


def test_a_load_is_on_record_with_every_file(any_office: Office) -> None:
    version = any_office.load({"a.toml": PLAIN, "acik.toml": PUBLIC})
    (event,) = any_office.events("ANLASMA_YUKLEME")
    assert event["agreement_digest"] == version.digest
    assert (event["account"], event["channel"]) == ("ayse", "CLI")
    assert (event["reason"], event["document"], event["case_number"]) == (
        "deneme", "E-2026/55", "E-2026/55",
    )  # fmt: skip
    assert event["files"].keys() == {"a.toml", "acik.toml"}
    assert event["version"] == 1
    # The first set is a beginning, and no step of any agreement.
    assert any_office.events(*STEPS) == []
    url = any_office.engine.url.render_as_string(hide_password=False)
    assert verify(url, None).ok


def test_every_state_and_stage_that_changes_is_an_event_of_its_own(office: Office) -> None:
    office.load({"a.toml": PLAIN, "b.toml": edited(OTHER)})
    (office.directory / "b.toml").unlink()
    third = edited({key: value.replace("35", "36") for key, value in OTHER.items()})
    third = third.replace("2026/118", "2026/119").replace(".20/32", ".30/32")
    planned = 'stage = "TEST"\nplanned = [{ stage = "ACIK", from = 2026-06-01 }]\n'
    changed = edited({'state = "ACIK"': 'state = "TEST"', 'stage = "ACIK"\n': planned})
    office.load({"a.toml": changed, "c.toml": third}, Mover("fatma", "yenileme", "E-2026/77"))
    events = office.events(*STEPS)
    said = {(one["event"], one["agreement"], one["detail"]) for one in events}
    assert said == {
        ("ANLASMA_DURUM", "2026/117", "ACIK → TEST"),
        (
            "SERVIS_ASAMA",
            "2026/117",
            "KisiSorgulaTCKimlikNoServis 2011/01/01: ACIK → TEST, ACIK from 2026-06-01",
        ),
        ("ANLASMA_DURUM", "2026/118", "ACIK → YOK"),
        ("ANLASMA_DURUM", "2026/119", "YOK → ACIK"),
    }
    for one in events:
        assert (one["account"], one["reason"], one["document"]) == (
            "fatma", "yenileme", "E-2026/77",
        )  # fmt: skip
        assert one["received_us"] == round(START.timestamp() * 1_000_000) + 1000
    (stage,) = [one for one in events if one["service"]]
    assert (stage["institution"], stage["version"]) == ("B-34-0417", "2011/01/01")


def test_a_set_that_is_in_force_already_is_loaded_once(office: Office) -> None:
    first = office.load({"a.toml": PLAIN})
    assert office.load(mover=Mover("ali")) == first
    assert len(office.events("ANLASMA_YUKLEME")) == 1
    # Who gives a reason for it has it on record.
    assert office.load(mover=Mover("ali", document="E-9")) == first
    second = office.events("ANLASMA_YUKLEME")[1]
    assert (second["account"], second["document"], second["version"]) == ("ali", "E-9", 1)


def test_a_suspension_shuts_one_agreement_and_a_resumption_opens_it(any_office: Office) -> None:
    office = any_office
    office.load({"a.toml": PLAIN, "b.toml": edited(OTHER)})
    version = office.keeper.suspend("2026/117", MOVER)
    held = {one.number: one.suspension for one in office.keeper.compiled(version).agreements}
    assert held["2026/118"] is None
    suspension = held["2026/117"]
    assert suspension is not None
    assert (suspension.by, suspension.reason, suspension.document) == (
        "ayse", "deneme", "E-2026/55",
    )  # fmt: skip
    assert suspension.since == (START + timedelta(milliseconds=1)).astimezone(ISTANBUL)
    with pytest.raises(CannotChange, match="has been suspended since 2026-03-01 12:00"):
        office.keeper.suspend("2026/117", MOVER)
    # Another load leaves it suspended: its file does not say so.
    version = office.load({"a.toml": SLOWER})
    assert [one.agreement for one in version.suspended] == ["2026/117"]
    office.clock.advance(1)
    version = office.keeper.resume("2026/117", MOVER)
    assert version.suspended == ()
    assert office.keeper.compiled(version).agreements[0].suspension is None
    with pytest.raises(CannotChange, match="is not suspended by command"):
        office.keeper.resume("2026/117", MOVER)
    shut, opened = office.events("ANLASMA_ASKI", "ANLASMA_ASKI_KALDIRMA")
    assert (shut["event"], shut["detail"]) == ("ANLASMA_ASKI", "ACIK → ASKIDA")
    assert (opened["event"], opened["detail"]) == ("ANLASMA_ASKI_KALDIRMA", "ASKIDA → ACIK")
    assert shut["institution"] == "B-34-0417"
    assert [one["version"] for one in (shut, opened)] == [2, 4]


def test_what_cannot_be_suspended_is_said(office: Office) -> None:
    with pytest.raises(CannotChange, match="No set is in force yet"):
        office.keeper.suspend("2026/117", MOVER)
    office.load({"a.toml": PLAIN})
    with pytest.raises(CannotChange, match="There is no agreement 2026/118"):
        office.keeper.suspend("2026/118", MOVER)
    assert office.events(*STEPS) == []


def test_a_suspension_outlives_its_agreement_and_can_be_lifted(office: Office) -> None:
    office.load({"a.toml": PLAIN, "b.toml": edited(OTHER)})
    office.keeper.suspend("2026/118", MOVER)
    (office.directory / "b.toml").unlink()
    office.load()
    version = office.load({"b.toml": edited(OTHER)})
    held = office.keeper.compiled(version).agreements[1]
    assert held.suspension is not None
    (office.directory / "b.toml").unlink()
    office.load()
    assert office.keeper.resume("2026/118", MOVER).suspended == ()


def meanwhile(office: Office, act: Callable[[], Any], times: int = 1) -> None:
    """Let somebody else act after the keeper has looked and before it changes anything."""
    original, left = office.keeper.newest, [times]

    def looked() -> Version | None:
        found = original()
        if left[0]:
            left[0] -= 1
            act()
        return found

    office.keeper.newest = looked  # type: ignore[method-assign]


def test_who_was_overtaken_changes_what_the_other_left(any_office: Office) -> None:
    office, other = any_office, any_office.new_keeper()
    office.load({"a.toml": PLAIN})
    meanwhile(office, lambda: other.suspend("2026/117", Mover("ali")))
    version = office.load({"a.toml": SLOWER})
    assert version.number == 3
    assert [one.by for one in version.suspended] == ["ali"]
    # What came to nothing has left no record.
    assert {one["version"] for one in office.events("ANLASMA_YUKLEME")} == {1, 3}
    url = office.engine.url.render_as_string(hide_password=False)
    assert verify(url, None).ok


def test_two_who_load_the_same_set_make_one_version(any_office: Office) -> None:
    office = any_office
    office.load({"a.toml": PLAIN})
    office.write({"a.toml": SLOWER})
    other = office.new_watch(office.new_keeper(), "iki")
    contents, loaded = other.judge()
    keeper = office.new_keeper()
    meanwhile(office, lambda: keeper.load(contents, loaded, Mover("ali")))
    assert office.load(mover=Mover("ayse")).by == "ali"
    assert office.keeper.newest() == office.new_keeper().newest()
    assert len(office.events("ANLASMA_YUKLEME")) == 2


def test_who_is_overtaken_for_ever_is_told(office: Office) -> None:
    office.load({"a.toml": PLAIN})

    def overtaken(*_: Any, **__: Any) -> Version:
        raise Overtaken

    office.keeper._put = overtaken  # type: ignore[method-assign]
    with pytest.raises(CannotChange, match="all the time"):
        office.load({"a.toml": SLOWER})


def test_without_the_database_nothing_changes_and_the_caller_is_told(office: Office) -> None:
    office.load({"a.toml": PLAIN})
    contents, loaded = office.watch.judge()
    office.engine.dispose()
    file = Path(office.engine.url.database or "")
    with file.open("r+b") as broken:
        broken.write(b"no database any more, ")
    with pytest.raises(EvidenceUnavailable):
        office.new_keeper().load(contents, loaded, MOVER)


def test_a_former_set_that_nobody_can_read_does_not_stop_the_next(office: Office) -> None:
    first = office.load({"a.toml": PLAIN})
    office.keeper._contents.clear()
    with office.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM agreement_files")
    second = office.load({"a.toml": edited({'state = "ACIK"': 'state = "ASKIDA"'})})
    assert (first.number, second.number) == (1, 2)
    assert office.events(*STEPS) == []
    assert Event.AGREEMENTS_LOADED.value == "ANLASMA_YUKLEME"
