"""What a breach laid open: affected persons counted once, their fields, and where it all went."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import NOW, PERSON, Evidence, entry, opened
from home_samples import Command, commands_in, evidence_of, make_home
from retention_samples import destroy, order, recording

from kps_soap import identity_number
from kps_soap.audit import breach_rendering, breach_report
from kps_soap.audit.breach_rendering import Persons
from kps_soap.audit.breach_report import Affected, BreachReport, report
from kps_soap.audit.keys import MonthUnreadable, PersonKey
from kps_soap.audit.named_persons import numbers_of
from kps_soap.audit.orders import Scope
from kps_soap.audit.search import Asker, Criteria, ReasonMissing, find, open_record
from kps_soap.entry import Event
from kps_soap.faults import EvidenceUnavailable

OTHER = identity_number.make_disjoint(200000000)
THIRD = identity_number.make_disjoint(300000000)
LATER = NOW + timedelta(days=40)
ACCOUNT = Affected("KRM-34-0417", None, None, NOW, LATER)
ANSWERED: dict[str, Any] = {"outcome": 0, "refusal": ""}
REFUSED: dict[str, Any] = {"event": Event.REFUSAL, "refusal": "PurposeNotGranted"}
NEXT_MONTH = NOW + timedelta(days=20)


def asked(*numbers: int, **changes: Any) -> Any:
    """An answered question about these persons, whose numbers it names."""
    named = "".join(f"<KimlikNo>{number}</KimlikNo>" for number in numbers)
    given = {"persons": list(numbers), "question": f"<Soru>{named}</Soru>".encode()}
    return entry(**{**ANSWERED, **given, **changes})


def filled(evidence: Evidence) -> None:
    evidence.write(
        [
            asked(PERSON),
            asked(PERSON, OTHER, inquirer="U-9", source_address="203.0.113.99"),
            asked(PERSON, service="KimlikNoBulServis", returned_fields=("BulunanKimlik",)),
            entry(**REFUSED),
            asked(THIRD, account="KRM-2", institution="B-6"),
            asked(THIRD, received_at=LATER),
            entry(event=Event.SEARCH, account="KRM-34-0417"),
        ]
    )
    evidence.write([asked(PERSON, received_at=NEXT_MONTH)], now=NEXT_MONTH)


def made(evidence: Evidence, about: Affected = ACCOUNT, **changes: Any) -> BreachReport:
    looks = Asker("denetci", "ihlal 2026/3", "r-1", LATER, "CLI")
    with recording(evidence, LATER) as run:
        given = {"asker": looks, "record": run.record, **changes}
        return report(evidence.engine, evidence.keyring, about, **given)


@pytest.fixture
def full(database_url: str) -> Iterator[Evidence]:
    with opened(database_url) as evidence:
        filled(evidence)
        yield evidence


def test_each_affected_person_is_counted_once_over_services_sources_and_months(
    full: Evidence,
) -> None:
    found = made(full)
    assert (found.persons, found.unnamed, found.answered, found.refused) == (2, 0, 4, 1)
    assert [(one.number, one.calls) for one in found.people] == [(OTHER, 1), (PERSON, 4)]
    person = found.people[1]
    assert person.services == ("KimlikNoBulServis", "KisiSorgulaTCKimlikNoServis")
    assert (person.first < NOW + timedelta(days=1), person.last) == (True, NEXT_MONTH)
    both = {(one.service, one.calls, one.persons) for one in found.services}
    assert both == {("KimlikNoBulServis", 1, 1), ("KisiSorgulaTCKimlikNoServis", 3, 2)}
    assert found.services[1].fields == (
        ("KisiBilgisi/TCKimlikNo", 3),
        ("KisiBilgisi/TemelBilgisi/Ad", 3),
    )
    assert [
        (one.inquirer, one.source_address, one.calls, one.persons) for one in found.sources
    ] == [
        ("U-77", "203.0.113.10", 3, 1),
        ("U-9", "203.0.113.99", 1, 2),
    ]


def test_pages_change_nothing(full: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(full)
    monkeypatch.setattr(breach_report, "PAGE", 2)
    assert made(full) == whole


@pytest.mark.parametrize(
    ("about", "persons"),
    [
        ({"account": None, "institution": "B-6"}, 1),
        ({"account": None, "inquirer": "U-9"}, 2),
        ({"account": None, "inquirer": "U-78"}, 3),
        ({"institution": "B-6"}, 0),
        ({"since": NEXT_MONTH}, 1),
        ({"until": NEXT_MONTH}, 2),
        ({"until": LATER + timedelta(seconds=1)}, 3),
    ],
    ids=str,
)
def test_all_that_is_given_must_hold(full: Evidence, about: dict[str, Any], persons: int) -> None:
    assert made(full, replace(ACCOUNT, **about)).persons == persons


def test_persons_whose_number_no_message_holds_are_counted_by_digest(full: Evidence) -> None:
    full.write([asked(PERSON, persons=[PERSON, THIRD])])
    found = made(full)
    assert (found.persons, found.unnamed, len(found.people)) == (3, 1, 2)
    full.write([asked(THIRD)])
    found = made(full)
    assert (found.persons, found.unnamed) == (3, 0)
    assert [one.calls for one in found.people if one.number == THIRD] == [2]


def test_a_repeated_answer_lays_open_what_the_first_did(full: Evidence) -> None:
    full.write([asked(THIRD, event=Event.REPETITION)])
    found = made(full)
    assert (found.persons, found.answered) == (3, 5)


def test_the_report_is_a_record_with_its_reason_and_needs_one(full: Evidence) -> None:
    made(full, shows_persons="masked")
    with full.engine.connect() as connection, connection.begin():
        (look, *_) = find(connection, full.keyring, Criteria(event=Event.SEARCH), limit=1).found
        shown = open_record(connection, full.keyring, look.chain_id, look.sequence)
    said = json.loads(shown.question or b"")
    assert said["reason"] == "ihlal 2026/3"
    assert (said["report"], said["account"]) == ("breach", "KRM-34-0417")
    assert (said["persons"], said["affected"], said["answered"]) == ("masked", 2, 4)
    count = full.count()
    with pytest.raises(ReasonMissing):
        made(full, asker=Asker("denetci", " ", "r-1", LATER, "CLI"))
    assert full.count() == count


def test_a_report_that_cannot_be_recorded_is_not_handed_over(full: Evidence) -> None:
    def fail(_entry: object) -> None:
        raise EvidenceUnavailable("x")

    with pytest.raises(EvidenceUnavailable):
        made(full, record=fail)


def test_held_records_of_a_destroyed_month_are_still_reported(full: Evidence) -> None:
    order(full, NOW, Scope(institution="B-34-0417", until=NEXT_MONTH))
    destroy(full)
    assert made(full, replace(ACCOUNT, until=NEXT_MONTH)).persons == 2


def test_an_unreadable_month_stops_the_report(full: Evidence) -> None:
    full.keyring.find = lambda *_: (_ for _ in ()).throw(MonthUnreadable("no key"))  # type: ignore[method-assign]
    with pytest.raises(MonthUnreadable):
        made(full, record=lambda _entry: None)


# Numbers in messages

KEY = PersonKey("2026-11", bytes(32))


@pytest.mark.parametrize(
    "message",
    [
        b"<a>%d</a>" % PERSON,
        b"<a> +000%d </a>" % PERSON,
        b"<a>99012<!-- x -->345602</a>",
        b"<a>99012<![CDATA[345602]]></a>",
        b"<a>&#57;9012345602</a>",
        b"<a b='%d'/>" % PERSON,
        b'{"number": "%d"}' % PERSON,
        f"<a>{PERSON}</a>".encode("utf-16"),
        b"<!DOCTYPE a><a>%d</a>" % PERSON,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_number_is_found_however_it_was_written(message: bytes) -> None:
    digest = KEY.person_digest(PERSON)
    other = KEY.person_digest(OTHER)
    assert list(numbers_of([digest, other], [b"", message], KEY)) == [(digest, PERSON)]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"<a>1%d</a>" % PERSON,
        b"<a>%d0</a>" % PERSON,
        b"<a>99012</a><b>345602</b>",
        b"<a><b>99012</b><b>345602</b></a>",
        b"<a>%d</a>" % OTHER,
        b'<!DOCTYPE a [<!ENTITY x "99012">]><a>&x;345602</a>',
        b"\xff\xfe\x00",
    ],
    ids=lambda value: repr(value)[:40],
)
def test_other_digits_are_nobody(message: bytes) -> None:
    assert list(numbers_of([KEY.person_digest(PERSON)], [message], KEY)) == []


# Its forms


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> BreachReport:
    file = tmp_path_factory.mktemp("breach") / "evidence.sqlite"
    with opened(f"sqlite:///{file}") as evidence:
        filled(evidence)
        evidence.write([asked(PERSON, persons=[PERSON, THIRD], account="KRM-34-0417")])
        return made(evidence)


FORMS = (breach_rendering.as_text, breach_rendering.as_csv, breach_rendering.as_json)


@pytest.mark.parametrize("form", FORMS)
def test_persons_show_only_as_far_as_is_asked_for(sample: BreachReport, form: Any) -> None:
    masked = identity_number.mask(PERSON)
    shown = {one: form(sample, one) for one in Persons}
    found = {one: (masked in text, str(PERSON) in text) for one, text in shown.items()}
    assert found == {
        Persons.NO: (False, False),
        Persons.MASKED: (True, False),
        Persons.WHOLE: (False, True),
    }


def test_the_text_says_what_matters_first(sample: BreachReport) -> None:
    lines = breach_rendering.as_text(sample, Persons.NO).splitlines()
    assert lines[0] == "account KRM-34-0417"
    assert lines[1].startswith("from 2026-11-21T12:30:15 until ")
    assert lines[3:6] == [
        "affected persons: 3, 1 of them known by digest only",
        "answered calls: 5",
        "refused calls: 1 (nothing was handed out)",
    ]
    assert "  KisiBilgisi/TemelBilgisi/Ad  4" in lines
    assert "  KRM-34-0417  U-9  203.0.113.99: 1, 2" in lines


def test_the_csv_is_one_table(sample: BreachReport) -> None:
    text = breach_rendering.as_csv(sample, Persons.MASKED)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    parts = [row["part"] for row in rows]
    assert list(dict.fromkeys(parts)) == [
        "total", "unnamed", "refused", "service", "field", "source", "person",
    ]  # fmt: skip
    assert (rows[0]["calls"], rows[0]["persons"]) == ("5", "3")
    assert rows[0]["account"] == "KRM-34-0417"


# The command


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("homes") / "home")
    with evidence_of(home) as evidence:
        filled(evidence)
    return home


@pytest.fixture
def here(home: Path) -> Command:
    return commands_in(home)


SPAN = ("--since", "2026-11-01", "--until", "2027-01-01", "--reason", "ihlal 2026/3")
WORDS = ("audit", "breach", "--account", "KRM-34-0417", *SPAN)


def test_the_command_tells_it_in_every_form(here: Command, home: Path) -> None:
    text = here(*WORDS)
    assert text.exit_code == 0, text.stderr
    assert "affected persons: 3" in text.stdout
    value = json.loads(here(*WORDS, "--format", "json", "--persons", "masked").stdout)
    assert (value["persons"], len(value["people"])) == (3, 3)
    file = home / "persons.csv"
    whole = here(*WORDS, "--format", "csv", "--persons", "whole", "--to", str(file))
    assert whole.exit_code == 0, whole.stderr
    assert str(PERSON) in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("audit", "breach", *SPAN), "Say whose calls"),
        ((*WORDS, "--persons", "whole"), "private file only"),
        ((*WORDS, "--until", "2026-11-01"), "later than"),
        ((*WORDS, "--since", "gestern"), "Write a time like"),
        (("audit", "breach", "--account", "KRM-34-0417"), "Missing option"),
    ],
    ids=str,
)
def test_what_is_missing_is_said(here: Command, words: tuple[str, ...], sentence: str) -> None:
    result = here(*words)
    assert (result.exit_code, sentence in result.stderr) == (2, True)


def test_a_span_in_which_nothing_happened_is_an_answer_too(here: Command) -> None:
    result = here(*WORDS[:4], *("--since", "2020-01-01", "--until", "2020-02-01", *SPAN[4:]))
    assert result.exit_code == 0
    assert "affected persons: 0" in result.stdout
