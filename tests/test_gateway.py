"""The line, walked with fakes: its order, its words, its one record, and nothing before it."""

import asyncio
import copy
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from line_samples import (
    BODY,
    NOW,
    ORDER,
    SECRET,
    FakeContract,
    Grant,
    Surprise,
    Terms,
    World,
    answer_in,
    gateway_of,
    question_for,
    recorded,
    shown,
)

from kps_soap import faults
from kps_soap.entry import Entry, Event, Repeated
from kps_soap.faults import Outcome
from kps_soap.fees import Fee
from kps_soap.gateway import Answer, Exchange, Gateway, first_trouble

# The way of an answered question


def test_the_stages_are_walked_in_the_documented_order_each_once() -> None:
    world = World()
    answer = answer_in(world)
    assert world.calls == ORDER
    assert answer.status == 200
    assert answer.body == b"<data/>"


def test_the_record_is_durable_before_the_answer_leaves() -> None:
    world = World()
    left: list[bytes] = []

    async def run() -> None:
        durable, gateway = asyncio.Event(), gateway_of(world)

        async def record(entry: Entry) -> None:
            await durable.wait()
            assert left == []
            world.records.append(entry)

        slow = replace(gateway, record=record)

        async def send() -> None:
            left.append((await slow.answer(question_for(world))).body)

        sending = asyncio.create_task(send())
        for _ in range(20):
            await asyncio.sleep(0)
        assert left == []
        durable.set()
        await sending

    asyncio.run(run())
    assert left == [b"<data/>"]
    assert recorded(world).answer == b"<data/>"


def test_the_record_holds_what_was_asked_and_what_was_answered() -> None:
    world = World()
    answer = answer_in(world)
    entry = recorded(world)
    assert (entry.request_id, entry.received_at, entry.door) == ("request-1", NOW, "direct")
    assert entry.event is Event.QUERY
    assert (entry.service, entry.version) == (FakeContract.name, FakeContract.version)
    assert entry.operation == FakeContract.operation
    assert entry.question == BODY
    assert entry.question_digest == sha256(BODY).hexdigest()
    assert entry.answer == answer.body
    assert entry.answer_digest == answer.body_digest
    assert entry.sent_digest == "sent 7"
    assert (entry.http_status, entry.duration_us) == (200, 417)
    assert entry.receipt_number == "20260101-B-34-0417-1-1"
    assert (entry.persons, entry.units, entry.records) == ([11, 22], 2, 1)
    assert entry.returned_fields == ("KisiBilgisi/TCKimlikNo",)
    assert (entry.refusal, entry.detail) == ("", "")


def test_the_record_keeps_the_fee_and_what_it_comes_to() -> None:
    world = World()
    gateway = gateway_of(world)

    def agree(exchange: Exchange, vouched: str, contract: Any) -> Any:
        gateway.agree(exchange, vouched, contract)
        return Terms(Grant(), fee=Fee("KAYIT", 300))

    asyncio.run(replace(gateway, agree=agree).answer(question_for(world)))
    assert (recorded(world).fee, recorded(world).amount) == ("KAYIT:300", 300)


def test_without_a_tariff_no_amount_is_claimed() -> None:
    world = World()
    answer_in(world)
    assert (recorded(world).fee, recorded(world).amount) == ("", None)


def test_the_record_names_the_first_trouble_and_every_criterions_outcome() -> None:
    world = World(outcomes=(Outcome.OK, Outcome.CLOSED, Outcome.NOT_FOUND))
    answer_in(world)
    entry = recorded(world)
    assert entry.outcome == 303
    assert entry.criterion_outcomes == [0, 303, 301]


@pytest.mark.parametrize(
    ("outcomes", "code"), [([], 0), ([0, 0], 0), ([0, 301, 104], 301), ([Outcome.MISSING], 102)]
)
def test_a_call_is_good_only_where_every_criterion_is(outcomes: list[int], code: int) -> None:
    assert first_trouble(outcomes) == code


def test_a_callers_software_is_named_in_a_hundred_and_twenty_characters() -> None:
    world = World()
    answer_in(world)
    assert recorded(world).client_software == ("Örnek/1.0 " + "x" * 200)[:120]


# Evidence


@pytest.mark.parametrize(
    "trouble",
    [
        faults.EvidenceUnavailable("deadline"),
        faults.RegisterUnavailable("another refusal"),
        Surprise(SECRET),
        OSError(28, SECRET),
    ],
)
@pytest.mark.parametrize("stage", [None, "agree", "run"])
def test_without_evidence_there_is_a_fault_and_no_data(
    trouble: Exception, stage: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(wrong={"record": trouble})
    if stage is not None:
        world.wrong[stage] = faults.QuotaFull("x", retry_after_s=60)
    answer = answer_in(world)
    assert answer.status == 500
    assert answer.body == f"<fault>{faults.EvidenceUnavailable.english}</fault>".encode()
    assert answer.headers == (("Retry-After", "5"), ("Kps-Sonuc-Kodu", "502"))
    assert SECRET not in shown(answer)
    assert SECRET not in caplog.text
    assert world.records == []
    # That there was such a request is told with the next counts.
    assert world.counted == [("203.0.113.10", "direct", "EvidenceUnavailable", NOW)]


def test_a_fault_without_evidence_does_not_tell_what_the_answer_would_have_been() -> None:
    seen = set()
    for outcomes in ((Outcome.OK,), (Outcome.NOT_FOUND,), (Outcome.CLOSED,)):
        world = World(wrong={"record": faults.EvidenceUnavailable("gone")}, outcomes=outcomes)
        seen.add(shown(answer_in(world)))
    assert len(seen) == 1


def test_an_entry_that_was_handed_over_is_not_changed_afterwards() -> None:
    # Its deadline has passed, but the writer may still be making a record of it.
    world = World()
    handed: list[Entry] = []
    before: list[Entry] = []

    async def record(entry: Entry) -> None:
        handed.append(entry)
        before.append(copy.deepcopy(entry))
        raise faults.EvidenceUnavailable("deadline")

    late = replace(gateway_of(world), record=record)
    asyncio.run(late.answer(question_for(world)))
    assert handed == before


def test_a_clock_that_fails_costs_the_answer_and_nothing_else() -> None:
    world = World(wrong={"elapsed": Surprise(SECRET)})
    answer = answer_in(world)
    assert answer.body == f"<fault>{faults.EvidenceUnavailable.english}</fault>".encode()
    assert world.records == []


def test_a_fault_that_cannot_be_said_after_the_evidence_failed_is_an_empty_answer() -> None:
    world = World(wrong={"record": faults.EvidenceUnavailable("x"), "refuse": Surprise(SECRET)})
    answer = answer_in(world)
    assert (answer.status, answer.headers, answer.body) == (
        500,
        (("Kps-Istek-No", "request-1"),),
        b"",
    )


def test_questions_asked_at_the_same_time_do_not_mix() -> None:
    world = World()
    gateway = gateway_of(world)

    async def run() -> list[Answer]:
        questions = [
            question_for(world, request_id=f"request-{number}", unverified_body=b"%d" % number)
            for number in range(20)
        ]
        return await asyncio.gather(*(gateway.answer(question) for question in questions))

    answers = asyncio.run(run())
    assert {answer.status for answer in answers} == {200}
    assert sorted((entry.request_id, entry.question) for entry in world.records) == sorted(
        (f"request-{number}", b"%d" % number) for number in range(20)
    )


def test_a_cancelled_request_ends_without_an_answer_and_without_a_word() -> None:
    world = World(wrong={"run": asyncio.CancelledError()})
    with pytest.raises(asyncio.CancelledError):
        answer_in(world)
    assert world.records == []


def test_the_line_fits_on_one_screen() -> None:
    code = Gateway.answer.__code__
    lines = [line for _, _, line in code.co_lines() if line is not None]
    assert max(lines) - min(lines) < 60


# What only the record's own transaction can tell


def told_by_the_record(world: World, *told: Exception | None, **stages: Any) -> Answer:
    """The answer where the first attempts to record are told something."""
    left, plain = list(told), gateway_of(world)

    async def record(entry: Entry) -> None:
        what = left.pop(0) if left else None
        if what is not None:
            raise what
        await plain.record(entry)

    return asyncio.run(replace(plain, record=record, **stages).answer(question_for(world)))


def test_a_question_that_was_asked_before_gets_what_a_repetition_gets() -> None:
    world = World()

    async def again(exchange: Exchange, answer: Answer, known: Repeated) -> Answer:
        assert (answer.body, known.first) == (b"<data/>", "request-0")
        exchange.entry.event = Event.REPETITION
        return replace(answer, body=b"<first/>", body_digest="first")

    answer = told_by_the_record(world, Repeated("request-0"), again=again)
    assert answer.body == b"<first/>"
    entry = recorded(world)
    assert (entry.event, entry.answer, entry.answer_digest) == (
        *(Event.REPETITION, b"<first/>", "first"),
    )


def test_a_call_that_others_were_faster_than_is_refused_on_record() -> None:
    world = World()
    answer = told_by_the_record(world, faults.AccessStopped("too often"))
    assert b"<data/>" not in answer.body
    assert b"402" in answer.body or ("Kps-Sonuc-Kodu", "402") in answer.headers
    entry = recorded(world)
    assert (entry.event, entry.outcome, entry.units) == (Event.REFUSAL, 402, 0)
    assert entry.answer == answer.body


@pytest.mark.parametrize("first", [Repeated("request-0"), faults.AccessStopped("too often")])
@pytest.mark.parametrize("second", [Repeated("request-1"), faults.EvidenceUnavailable("away")])
def test_what_cannot_be_recorded_at_the_second_time_either_does_not_leave(
    first: Exception, second: Exception
) -> None:
    world = World()
    answer = told_by_the_record(world, first, second)
    assert (answer.status, world.records) == (500, [])
    assert b"<data/>" not in answer.body
    assert [reason for _, _, reason, _ in world.counted] == ["EvidenceUnavailable"]
