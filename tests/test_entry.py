"""The record in the making: one column of the evidence for each of its facts."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from kps_soap.entry import Entry, Event
from kps_soap.models import PLAIN_COLUMNS

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)

#: Facts that the evidence keeps in another form: hashed, encrypted, or as a whole number.
KEPT_OTHERWISE = {
    "received_at": "received_us",
    "returned_fields": "returned_digest",
    "persons": None,
    "question": None,
    "answer": None,
    "issued": None,
    "login": None,
    "pilot": None,
    "counts_for_day": None,
    "protected": None,
    "roster_mode": None,
    "roster_asked": None,
    "roster_missing": None,
    "wrong_about": None,
    "signed_message": None,
    "right_about": None,
    "wrong_max": None,
    "once": None,
}


def test_a_new_entry_is_a_refusal_until_something_else_is_known() -> None:
    entry = Entry("r", NOW, "direct")
    assert entry.event is Event.REFUSAL
    assert (entry.outcome, entry.units, entry.amount, entry.count) == (0, 0, None, 1)
    assert entry.channel == "WS"


def test_two_entries_share_no_list() -> None:
    first, second = Entry("a", NOW, "direct"), Entry("b", NOW, "direct")
    first.persons.append(1)
    first.criterion_outcomes.append(1)
    assert second.persons == second.criterion_outcomes == []


def test_an_entry_takes_no_fact_that_has_no_column() -> None:
    entry = Entry("r", NOW, "direct")
    with pytest.raises(AttributeError):
        entry.password = "x"  # type: ignore[attr-defined]


def test_every_fact_of_an_entry_is_a_column_of_the_evidence_and_the_other_way_round() -> None:
    columns = {KEPT_OTHERWISE.get(one.name, one.name) for one in fields(Entry)} - {None}
    assert columns == set(PLAIN_COLUMNS)


def test_the_events_are_a_closed_list_of_words() -> None:
    assert {event.value for event in Event} >= {"SORGU", "SOZLUK", "DOGRULAMA", "RET", "TOPLU_RET"}
    assert all(event.value.isascii() and event.value.isupper() for event in Event)
