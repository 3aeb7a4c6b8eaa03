"""What an auditor types is read with every mistake told at once, and words exist for all of it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operator_samples import PERSON

from kps_soap.agreements import changes
from kps_soap.agreements.changes import AgreementChange, Change
from kps_soap.agreements.store import LOADED, RESUMED, SUSPENDED
from kps_soap.audit.conditions import Criteria, Position
from kps_soap.console.operator import looking, wording
from kps_soap.console.operator.looking import PersonQuestion, Search
from kps_soap.console.operator.texts import TEXTS
from kps_soap.console.texts import told
from kps_soap.entry import Event
from kps_soap.faults import QuotaFull
from kps_soap.models import PLAIN_COLUMNS
from kps_soap.readiness import PARTS


def turkish(key: str, **values: object) -> str:
    return told(key, "tr", **values)


def english(key: str, **values: object) -> str:
    return told(key, "en", **values)


def test_a_search_is_read_with_days_of_istanbul() -> None:
    form = {
        "reason": " şikâyet 2026/14 ",
        "person": f"{PERSON}",
        "institution": "B-34-0417",
        "since": "2026-11-21",
        "until": "2026-11-21",
        "event": "SORGU",
        "outcome": "205",
        "after": "17:0123456789abcdef:3",
    }

    found = looking.read_search(form)

    assert isinstance(found, Search) and found.reason == "şikâyet 2026/14"
    assert found.after == Position(17, "0123456789abcdef", 3)
    assert found.criteria == Criteria(
        person=PERSON,
        institution="B-34-0417",
        since=datetime(2026, 11, 20, 21, tzinfo=UTC),
        until=datetime(2026, 11, 21, 21, tzinfo=UTC),
        event=Event.QUERY,
        outcome=205,
    )


def test_a_search_tells_all_its_mistakes_at_once() -> None:
    form = {
        "reason": "  ",
        "person": "12345678901",
        "since": "yarın",
        "until": "0001-01-01",
        "event": "YOK",
        "outcome": "x",
        "service": "x" * 201,
        "after": "x",
    }

    found = looking.read_search(form)

    assert isinstance(found, list)
    assert [field for field, _ in found] == [
        *("reason", "person", "since", "until", "event", "outcome", "service", "after")
    ]
    assert all(key in TEXTS for _, key in found)


@pytest.mark.parametrize(
    ("form", "mistakes"),
    [
        ({}, [("reason", "operator.wrong.reason"), ("person", "operator.wrong.person_missing")]),
        (
            {"reason": "x" * 501, "person": "123"},
            [("reason", "operator.wrong.long"), ("person", "operator.wrong.person")],
        ),
        (
            {"reason": "x", "person": f"{PERSON}", "since": "2026-11-02", "until": "2026-11-01"},
            [("until", "operator.wrong.span")],
        ),
    ],
)
def test_a_question_about_a_person_tells_all_its_mistakes(
    form: dict[str, str], mistakes: list[tuple[str, str]]
) -> None:
    assert looking.read_person_question(form) == mistakes


def test_a_question_about_a_person_may_have_blanks_in_its_number() -> None:
    written = f"{PERSON}"
    spaced = f"{written[:3]} {written[3:6]} {written[6:]}"

    found = looking.read_person_question({"reason": "E-9", "person": spaced, "staff": "1"})

    assert found == PersonQuestion(PERSON, "E-9", True, None, None)


@given(st.text(max_size=40))
def test_no_text_breaks_a_place_or_a_position(text: str) -> None:
    place, position = looking.place_of(text), looking.position_of(text)

    assert place is None or f"{place[0]}:" == text[: len(place[0]) + 1]
    assert position is None or isinstance(position, Position)


def test_a_position_comes_back_as_it_was_written() -> None:
    position = Position(1_764_000_000_000_000, "0123456789abcdef", 12)

    assert looking.position_of(looking.position_text(position)) == position
    assert looking.place_of("0123456789abcdef:12") == ("0123456789abcdef", 12)
    assert looking.place_of("B-34:x") is None and looking.place_of(":1") is None


def test_every_refusal_is_known_by_its_name() -> None:
    assert looking.refusal_classes()["QuotaFull"] is QuotaFull


# Words.


def test_every_sentence_of_a_change_has_its_words_and_places() -> None:
    for name, sentence in changes.SENTENCES.items():
        places = sentence.count("{")
        said = turkish(f"operator.change.{name}", **dict(zip("abc", "xyz"[:places], strict=False)))

        assert all(one in said for one in "xyz"[:places])


def test_every_key_that_a_page_makes_up_has_words() -> None:
    keys = [f"operator.health.part.{name}" for name in PARTS]
    keys += [f"operator.kind.{kind}" for kind in (LOADED, SUSPENDED, RESUMED)]
    keys += [f"operator.effect.{one}" for one in (changes.GRANTS, changes.WITHDRAWS)]
    keys += [f"operator.effect.{changes.CHANGES}"]

    assert [key for key in keys if key not in TEXTS] == []


def test_words_of_events_are_words_of_events_that_exist() -> None:
    said = {key.removeprefix("operator.event.") for key in TEXTS if ".event." in key}

    assert said - {one.value for one in Event} == set()
    assert wording.event_text(turkish, "SORGU") == "SORGU – sorgu, yanıtlandı"
    assert wording.event_text(turkish, "BILINMEYEN") == "BILINMEYEN"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            Change("grants", "valid_until", "", sentence="becomes",
                   values=("valid_until", "2026-01-01", "nothing")),
            "Geçerlilik bitişi: 2026-01-01 yerine boş.",
        ),
        (
            Change("changes", "unheard_of", "", sentence="becomes",
                   values=("unheard_of", "yes", "no")),
            "unheard_of: evet yerine hayır.",
        ),
        (
            Change("grants", "KisiBilgisi", "", sentence="field",
                   values=("KisiBilgisi (all 12)",)),
            "Alan KisiBilgisi (12 alanın tümü).",
        ),
        (
            Change("grants", "KisiBilgisi", "", sentence="field", values=("KisiBilgisi/Ad",)),
            "Alan KisiBilgisi/Ad.",
        ),
        (
            Change("changes", "stage", "", sentence="stage",
                   values=("TEST, ACIK from 2026-12-01", "ACIK")),
            "Aşama TEST, ACIK, başlangıç 2026-12-01 yerine ACIK.",
        ),
        (
            Change("changes", "renewal", "", sentence="becomes",
                   values=("renewal", "2026-12-04 to 2026-12-31, not started", "nothing")),
            "Yenileme: 2026-12-04 – 2026-12-31, başlatılmadı yerine boş.",
        ),
    ],
)  # fmt: skip
def test_a_change_is_said_in_turkish(change: Change, words: str) -> None:
    assert wording.change_text(turkish, change) == words


def test_an_agreements_changes_name_the_service_that_they_are_about() -> None:
    change = Change("withdraws", "service", "", "KisiListeleServis", "2011/01/01", "service_gone")
    one = AgreementChange("2026/117", "B-34-0417", "Belediye", (change,))

    found = wording.told_agreement(english, one)

    assert found.changes[0].service == "KisiListeleServis 2011/01/01"
    assert found.changes[0].text == "The whole service."


def test_days_are_told_from_today() -> None:
    said = [wording.days_text(english, days) for days in (-2, 0, 3)]

    assert said == ["2 days ago", "today", "in 3 days"]


def test_words_of_columns_are_words_of_columns_that_exist() -> None:
    said = {key.removeprefix("operator.column.") for key in TEXTS if ".column." in key}

    assert said - set(PLAIN_COLUMNS) == set()
    assert wording.column_text(turkish, "service") == "Servis"
    assert wording.column_text(turkish, "yeni_sutun") == "yeni_sutun"
