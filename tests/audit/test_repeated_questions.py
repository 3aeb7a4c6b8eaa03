"""The key of a question, and the record that is not written because another one was first."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from audit.evidence_samples import NOW, Evidence, entry, opened, writing_to
from lxml import etree
from sqlalchemy import update
from sqlalchemy.dialects import sqlite

from kps_soap.audit.first_answers import FirstAnswers
from kps_soap.audit.verification import verify
from kps_soap.database import writing
from kps_soap.entry import Entry, Event, Repeated
from kps_soap.faults import EvidenceUnavailable
from kps_soap.models import month_keys
from kps_soap.repetition_models import asked_once
from kps_soap.repetitions import FirstAnswer, RepetitionKeys, Repetitions, question_key

WINDOW = 900
ANSWER = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/>'
    b'<s:Body><a xmlns="urn:a" xmlns:i="urn:i"><b i:nil="true"/></a></s:Body></s:Envelope>'
)


def question(**changes: Any) -> Entry:
    """An answered question that may be repeated."""
    made = entry(event=Event.QUERY, once="a" * 64, answer=ANSWER, repeats="")
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def keys(evidence: Evidence, seconds_max: int = WINDOW) -> RepetitionKeys:
    return RepetitionKeys(evidence.engine.dialect, seconds_max=seconds_max)


def requests(evidence: Evidence) -> list[str]:
    """The numbers of the questions on record."""
    return [row.request_id for row in evidence.rows() if row.event == "SORGU"]


def test_the_second_of_two_is_told_who_was_first(database_url: str) -> None:
    first, second, other = question(), question(), question(once="b" * 64)

    async def run() -> None:
        async with writing_to(evidence, besides=[keys(evidence)]) as writer:
            await writer.record(first)
            with pytest.raises(Repeated) as caught:
                await writer.record(second)
            assert caught.value.first == first.request_id
            await writer.record(other)
        # Another worker, after a restart.
        async with writing_to(evidence, besides=[keys(evidence)]) as writer:
            with pytest.raises(Repeated) as caught:
                await writer.record(question())
            assert caught.value.first == first.request_id

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert requests(evidence) == [first.request_id, other.request_id]
        assert verify(evidence.url, evidence.keyring).ok


def test_of_twins_in_one_group_one_is_first_and_the_rest_of_the_group_is_written(
    database_url: str,
) -> None:
    twins, others = [question() for _ in range(5)], [question(once="") for _ in range(5)]

    async def run() -> list[Any]:
        async with writing_to(evidence, besides=[keys(evidence)]) as writer:
            return await asyncio.gather(
                *(writer.record(one) for one in [*twins, *others]), return_exceptions=True
            )

    with opened(database_url) as evidence:
        told = asyncio.run(run())
        written = requests(evidence)
        assert verify(evidence.url, evidence.keyring).ok
    assert told[5:] == [None] * 5
    (first,) = [one.request_id for one, what in zip(twins, told[:5], strict=True) if what is None]
    assert [what.first for what in told[:5] if what is not None] == [first] * 4
    assert sorted(written) == sorted([first, *(one.request_id for one in others)])


def test_twins_at_two_workers_have_one_first(database_url: str) -> None:
    async def run() -> list[Any]:
        async with (
            writing_to(evidence, besides=[keys(evidence)]) as one,
            writing_to(evidence, besides=[keys(evidence)], worker="1") as other,
        ):
            return await asyncio.gather(
                *(writer.record(question()) for writer in (one, other) for _ in range(4)),
                return_exceptions=True,
            )

    with opened(database_url) as evidence:
        told = asyncio.run(run())
        assert len(requests(evidence)) == told.count(None) == 1
        assert {type(what) for what in told if what is not None} == {Repeated}
        assert verify(evidence.url, evidence.keyring).ok


def test_twins_whose_first_turns_out_to_be_second_repeat_the_real_first(
    database_url: str,
) -> None:
    elsewhere, twins = question(), [question(), question()]

    async def run() -> list[Any]:
        async with writing_to(evidence, besides=[keys(evidence)]) as writer:
            attempt = writer._attempt

            def interrupted(present: list[Any]) -> str:
                # Another gateway is faster between the first attempt and the next one.
                if len(present) == 1:
                    with evidence.engine.connect() as connection, writing(connection):
                        keys(evidence).note(connection, [elsewhere], now=NOW)
                return attempt(present)

            writer._attempt = interrupted  # type: ignore[method-assign]
            return await asyncio.gather(
                *(writer.record(one) for one in twins), return_exceptions=True
            )

    with opened(database_url) as evidence:
        told = asyncio.run(run())
    assert [what.first for what in told] == [elsewhere.request_id] * 2


def test_refusals_other_events_and_other_institutions_are_no_repetitions(
    database_url: str,
) -> None:
    async def run() -> None:
        async with writing_to(evidence, besides=[keys(evidence)]) as writer:
            await writer.record(question(event=Event.REFUSAL))
            await writer.record(question(event=Event.DICTIONARY))
            await writer.record(question())
            await writer.record(question(institution="another"))
            await writer.record(question(event=Event.REPETITION))

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert len(evidence.rows(asked_once)) == 2


def test_a_question_is_forgotten_after_the_window_and_swept_away(database_url: str) -> None:
    def note(noting: RepetitionKeys, asked: Entry, seconds: int) -> None:
        moment = NOW + timedelta(seconds=seconds)
        with evidence.engine.connect() as connection, connection.begin():
            assert noting.note(connection, [asked], now=moment) == []

    first, later = question(), question()
    with opened(database_url) as evidence:
        noting = keys(evidence)
        note(noting, first, 0)
        note(noting, later, WINDOW + 1)
        assert [row.request_id for row in evidence.rows(asked_once)] == [later.request_id]
        note(noting, question(once="c" * 64), 2 * 3600)
        assert [row.question for row in evidence.rows(asked_once)] == ["c" * 64]


def test_a_window_of_nothing_remembers_nothing(database_url: str) -> None:
    with opened(database_url) as evidence:
        with evidence.engine.connect() as connection, connection.begin():
            assert keys(evidence, 0).note(connection, [question()], now=NOW) == []
        assert evidence.rows(asked_once) == []


def test_a_key_is_of_everything_that_makes_a_question() -> None:
    element = etree.fromstring('<a:b xmlns:a="urn:a" c="1"  d="2"/>')
    asked = question(message_id="urn:uuid:1", inquirer="MEMUR-7", purpose="EMLAK_BEYAN")
    key = question_key(asked, element)
    # Serialised anew, it is the same question.
    assert key == question_key(asked, etree.fromstring('<a:b d="2" c="1" xmlns:a="urn:a"></a:b>'))
    others = [
        question_key(replace(asked, **{name: "other"}), element)
        for name in (
            *("message_id", "door", "service", "version", "operation", "account"),
            *("inquirer", "purpose", "case_number"),
        )
    ]
    others.append(question_key(asked, etree.fromstring('<a:b xmlns:a="urn:a" c="1" d="3"/>')))
    shifted = replace(asked, inquirer="MEMUR-", purpose="7EMLAK_BEYAN")
    others.append(question_key(shifted, element))
    assert len({key, *others}) == len(others) + 1


@pytest.mark.parametrize(
    ("message_id", "event", "seconds_max", "marked"),
    [
        ("urn:uuid:1", Event.QUERY, WINDOW, True),
        ("", Event.QUERY, WINDOW, False),
        ("urn:uuid:1", Event.DICTIONARY, WINDOW, False),
        # A key that nobody keeps costs a canonical form and is good for nothing.
        ("urn:uuid:1", Event.QUERY, 0, False),
    ],
)
def test_only_queries_with_a_message_id_can_be_repeated(
    message_id: str, event: Event, seconds_max: int, *, marked: bool
) -> None:
    async def stage(*_: Any) -> str:
        return "enquiry"

    asked = question(once="", message_id=message_id)
    exchange = SimpleNamespace(entry=asked, element=etree.fromstring("<a/>"))
    after = RepetitionKeys(sqlite.dialect(), seconds_max=seconds_max).after(stage)
    enquiry = asyncio.run(after(exchange, None, SimpleNamespace(event=event), None))
    assert enquiry == "enquiry"
    assert bool(asked.once) is marked


# What a repetition gets


def finding(evidence: Evidence, request_id: str, *, now: datetime = NOW) -> FirstAnswer | None:
    async def run() -> FirstAnswer | None:
        firsts = FirstAnswers(evidence.engine, evidence.keyring, clock=lambda: now, seconds_max=10)
        try:
            return await firsts.find(request_id)
        finally:
            firsts.close()

    return asyncio.run(run())


def test_the_first_answer_is_read_out_of_its_record(database_url: str) -> None:
    first = question(criterion_outcomes=[0, 302], outcome=302, records=1)
    with opened(database_url) as evidence:
        chain = evidence.write([first])
        found = finding(evidence, first.request_id)
        assert finding(evidence, "nobody's") is None
    assert found is not None
    assert found.place == f"{chain}:2"
    assert found.payload == b'<a xmlns="urn:a"><b xmlns:i="urn:i" i:nil="true"></b></a>'
    assert etree.tostring(found.tree, method="c14n", exclusive=True) == found.payload
    assert (found.outcome, found.criterion_outcomes, found.records) == (302, [0, 302], 1)
    assert found.terms == (first.agreement_digest, first.withheld_digest)


def test_a_first_answer_that_was_destroyed_is_gone(database_url: str) -> None:
    first = question()
    with opened(database_url) as evidence:
        evidence.write([first])
        evidence.run(update(month_keys).values(wrapped=None))
        evidence.keyring.forget(evidence.rows()[0].month)
        assert finding(evidence, first.request_id) is None


def test_a_database_that_cannot_be_asked_for_the_first_answer_is_told(tmp_path: Path) -> None:
    file = tmp_path / "evidence.sqlite"
    with opened(f"sqlite:///{file}") as evidence:
        file.unlink()
        with pytest.raises(EvidenceUnavailable):
            finding(evidence, "any")


class Family:
    """Words of a door that only show what was spoken."""

    def speak(self, _exchange: Any, payload: bytes, _tree: Any) -> Any:
        return SimpleNamespace(body_digest="first", body=payload)


def repeated(first: FirstAnswer | None, answer: Any) -> tuple[Any, Entry]:
    """What a repetition gets, and its entry."""

    async def find(request_id: str) -> FirstAnswer | None:
        assert request_id == "r1"
        return first

    asked = question(
        agreement_digest="agreed", withheld_digest="withheld", units=7, amount=2100, fee="SORGU:300"
    )
    exchange = SimpleNamespace(entry=asked, question=SimpleNamespace(family=Family()))
    return asyncio.run(Repetitions(find)(exchange, answer, Repeated("r1"))), asked


FIRST = FirstAnswer(
    place="c:2",
    terms=("agreed", "withheld"),
    body_digest="first",
    outcome=302,
    criterion_outcomes=[302],
    records=0,
    returned_fields=("a",),
    payload=b"<a/>",
    tree=None,
)


def test_a_repetition_costs_nothing_and_names_the_first() -> None:
    same = SimpleNamespace(body_digest="first")
    answer, asked = repeated(FIRST, same)
    assert answer is same
    assert (asked.event, asked.repeats, asked.once) == (Event.REPETITION, "c:2", "")
    assert (asked.units, asked.amount, asked.fee) == (0, None, "")


def test_what_has_changed_meanwhile_is_not_told_by_a_repetition() -> None:
    answer, asked = repeated(FIRST, SimpleNamespace(body_digest="another"))
    assert answer.body == b"<a/>"
    assert (asked.outcome, asked.criterion_outcomes, asked.records) == (302, [302], 0)
    assert asked.returned_fields == ("a",)
    assert asked.event is Event.REPETITION


@pytest.mark.parametrize(
    "first",
    [None, replace(FIRST, terms=("before", "withheld")), replace(FIRST, terms=("agreed", "less"))],
)
def test_under_other_terms_a_repetition_is_a_new_question(first: FirstAnswer | None) -> None:
    today = SimpleNamespace(body_digest="another")
    answer, asked = repeated(first, today)
    assert answer is today
    assert (asked.event, asked.repeats, asked.units, asked.amount) == (Event.QUERY, "", 7, 2100)
    assert asked.once == ""
