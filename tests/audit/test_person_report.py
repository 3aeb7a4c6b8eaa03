"""Who asked about a person: what the person is told, and what waits for its day."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from evidence_samples import NOW, PERSON, Evidence, entry, opened
from retention_samples import lift, order, recording

from kps_soap.audit import person_rendering
from kps_soap.audit.orders import Kind, Scope
from kps_soap.audit.person_report import PersonReport, report
from kps_soap.audit.search import Asker, Criteria, ReasonMissing, find, open_record
from kps_soap.entry import Event
from kps_soap.faults import EvidenceUnavailable

OTHER = 20000000046
NAMES = {"B-34-0417": "Örnek İlçe Belediyesi", "B-6": '=cmd|"/c calc"!A1 <b>'}
LATER = NOW + timedelta(days=3)
MASKED = "990******02"


def asker(**changes: Any) -> Asker:
    return replace(Asker("denetci", "KVKK başvurusu 2026/9", "r-1", LATER, "CLI"), **changes)


def filled(evidence: Evidence) -> None:
    refused = {"outcome": 202, "refusal": "PurposeNotGranted", "event": Event.REFUSAL}
    answered = {"outcome": 0, "refusal": "", "case_number": "E-1"}
    evidence.write(
        [
            entry(**answered),
            entry(**answered),
            entry(**refused, case_number="E-2"),
            entry(**answered, received_at=NOW + timedelta(days=1), inquirer="U-9"),
            entry(**answered, institution="B-6", purpose="", persons=[PERSON, OTHER]),
            entry(**answered, institution="", service="KPSPublic", event=Event.VERIFICATION),
            entry(**answered, persons=[OTHER]),
            entry(event=Event.SEARCH, institution="", account="baska-denetci"),
        ]
    )


def made(evidence: Evidence, **changes: Any) -> PersonReport:
    with recording(evidence, LATER) as run:
        given = {"asker": asker(), "record": run.record, **changes}
        return report(evidence.engine, evidence.keyring, PERSON, **given)


def told(evidence: Evidence, **changes: Any) -> set[tuple[str, str, str, bool, int]]:
    return {
        (one.day.isoformat(), one.institution, one.purpose, one.answered, one.times)
        for one in made(evidence, **changes).lines
    }


def look_of(evidence: Evidence) -> dict[str, Any]:
    """What the newest record of a look says."""
    with evidence.engine.connect() as connection, connection.begin():
        (newest, *_) = find(
            connection, evidence.keyring, Criteria(event=Event.SEARCH), limit=1
        ).found
        shown = open_record(connection, evidence.keyring, newest.chain_id, newest.sequence)
    return dict(json.loads(shown.question or b""))


def test_a_person_is_told_institutions_days_services_purposes_and_how_often(
    database_url: str,
) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        found = made(evidence)
        assert found.times == 6
        assert [one.day.isoformat() for one in found.lines][0] == "2026-11-22"
        assert {(one.account, one.inquirer) for one in found.lines} == {("", "")}
        assert told(evidence) == {
            ("2026-11-22", "B-34-0417", "EMLAK_BEYAN", True, 1),
            ("2026-11-21", "B-34-0417", "EMLAK_BEYAN", True, 2),
            ("2026-11-21", "B-34-0417", "EMLAK_BEYAN", False, 1),
            ("2026-11-21", "B-6", "", True, 1),
            ("2026-11-21", "", "EMLAK_BEYAN", True, 1),
        }
        since = NOW + timedelta(hours=12)
        assert len(told(evidence, since=since)) == 1
        assert len(told(evidence, until=since)) == 4


def test_an_answer_that_was_given_again_is_told_too(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        evidence.write([entry(outcome=0, refusal="", event=Event.REPETITION)])
        assert made(evidence).times == 7


def test_staff_is_named_only_where_it_is_asked_for(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        found = made(evidence, with_staff=True)
        assert {one.inquirer for one in found.lines} == {"U-77", "U-9"}
        assert look_of(evidence)["staff"] is True
        without = person_rendering.as_csv(made(evidence), NAMES)
        assert "U-77" not in without
        assert "KRM-34-0417" not in without
        assert "U-77" in person_rendering.as_csv(found, NAMES)


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (Scope(institution="B-6"), 5),
        (Scope(case_number="E-2"), 5),
        (Scope(person=PERSON), 0),
        (Scope(person=OTHER), 6),
        (Scope(institution="B-34-0417", case_number="E-1"), 3),
        (Scope(since=NOW + timedelta(hours=12)), 5),
        (Scope(until=NOW + timedelta(hours=12)), 1),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_secret_is_held_back_and_counted_until_its_day(
    database_url: str, scope: Scope, left: int
) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        day = LATER + timedelta(days=30)
        order(evidence, NOW, scope, kind=Kind.SECRECY, ends=day)
        assert made(evidence).times == left
        assert (look_of(evidence)["told"], look_of(evidence)["held_back"]) == (left, 6 - left)
        assert made(evidence, asker=asker(at=day)).times == 6
        assert look_of(evidence)["held_back"] == 0


def test_a_lifted_secrecy_and_a_hold_keep_nothing_back(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        ends = {"ends": LATER + timedelta(days=30)}
        placed = order(evidence, NOW, Scope(person=PERSON), kind=Kind.SECRECY, **ends)
        order(evidence, NOW, Scope(person=PERSON))
        assert made(evidence).times == 0
        lift(evidence, placed, NOW)
        assert made(evidence).times == 6


def test_a_report_is_a_record_that_names_the_person_and_the_reason(database_url: str) -> None:
    with opened(database_url) as evidence:
        filled(evidence)
        made(evidence)
        look = look_of(evidence)
        assert look["reason"] == "KVKK başvurusu 2026/9"
        assert (look["report"], look["person"], look["told"]) == ("person", PERSON, 6)
        assert made(evidence).times == 6
        count = evidence.count()
        with pytest.raises(ReasonMissing):
            made(evidence, asker=asker(reason=" "))
        assert evidence.count() == count


def test_a_report_that_cannot_be_recorded_is_not_handed_over(database_url: str) -> None:
    def fail(_entry: object) -> None:
        raise EvidenceUnavailable("x")

    with opened(database_url) as evidence:
        filled(evidence)
        with pytest.raises(EvidenceUnavailable):
            made(evidence, record=fail)


def test_a_report_is_complete_whatever_its_length(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.audit.person_report.PAGE_MAX", 7)
    with opened(database_url) as evidence:
        evidence.write([entry() for _ in range(30)])
        assert made(evidence).times == 30


# Its forms


@pytest.fixture
def sample(request: pytest.FixtureRequest, tmp_path: Any) -> PersonReport:
    with opened(f"sqlite:///{tmp_path / 'evidence.sqlite'}") as evidence:
        filled(evidence)
        return made(evidence, with_staff=getattr(request, "param", False))


def test_the_csv_has_names_one_row_a_line_and_no_formula(sample: PersonReport) -> None:
    text = person_rendering.as_csv(sample, NAMES)
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 5
    assert list(rows[0]) == [
        "day",
        "institution",
        "name",
        "service",
        "purpose",
        "answered",
        "times",
    ]
    by_code = {row["institution"]: row["name"] for row in rows}
    assert by_code["B-34-0417"] == "Örnek İlçe Belediyesi"
    assert by_code["B-6"].startswith("'=")
    assert by_code[""] == person_rendering.PUBLIC
    assert str(PERSON) not in text


def test_the_json_holds_the_same_lines(sample: PersonReport) -> None:
    value = json.loads(person_rendering.as_json(sample, NAMES))
    assert (value["person"], value["times"], len(value["lines"])) == (MASKED, 6, 5)
    assert value["lines"][0]["day"] == "2026-11-22"


@pytest.mark.parametrize("sample", [True], indirect=True)
def test_the_text_shows_every_line(sample: PersonReport) -> None:
    lines = person_rendering.as_text(sample, {}).splitlines()
    assert lines[0] == f"{MASKED}  6"
    assert lines[1].split()[:3] == ["day", "institution", "name"]
    assert len(lines) == 2 + len(sample.lines)


def test_the_page_is_turkish_complete_and_escapes_what_it_shows(sample: PersonReport) -> None:
    page = person_rendering.as_page(sample, NAMES)
    assert 'lang="tr"' in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert MASKED in page
    assert "<script" not in page
    assert page.count("<tr>") == 6
    assert "Hayır" in page
