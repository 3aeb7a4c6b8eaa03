"""The line, walked with fakes: every way out that is no answer."""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from line_samples import (
    BODY,
    NOW,
    ORDER,
    SECRET,
    FakeContract,
    FakeFamily,
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
from lxml import etree
from soap_samples import envelope, security

from kps_soap import faults
from kps_soap.authentication import Credential, Freshness, Passwords
from kps_soap.doors.direct import DirectDoor
from kps_soap.entry import Event
from kps_soap.envelopes import Limits, Reader
from kps_soap.gateway import Answer, Exchange
from kps_soap.logins import Logins
from kps_soap.signing_keys import SigningKeyError

STAGES = ORDER[: ORDER.index("number")]


# Refusals: one way out for every stage


@pytest.mark.parametrize("stage", STAGES)
def test_a_refusal_of_any_stage_is_told_in_the_familys_words(stage: str) -> None:
    world = World(wrong={stage: faults.SchemaRefused("private detail")})
    answer = answer_in(world)
    after = ["attribute"] if stage == "read" else []
    is_vouched = ORDER.index(stage) > ORDER.index("vouch")
    number = ["number"] if is_vouched else []
    reached = ORDER[: ORDER.index(stage) + 1]
    assert world.calls == [*reached, *after, *number, "refuse", "record"]
    assert answer.status == 500
    assert answer.body == f"<fault>{faults.SchemaRefused.english}</fault>".encode()
    assert "private" not in shown(answer)


@pytest.mark.parametrize("stage", STAGES)
def test_every_refused_request_of_an_account_leaves_exactly_one_record(stage: str) -> None:
    world = World(wrong={stage: faults.SchemaRefused("private detail")})
    answer = answer_in(world)
    entry = recorded(world)
    assert entry.event is Event.REFUSAL
    assert (entry.refusal, entry.detail) == ("SchemaRefused", "private detail")
    assert (entry.units, entry.returned_fields) == (0, ())
    assert (entry.account, entry.question, entry.answer) == ("KRM-34-0417", BODY, answer.body)
    assert (entry.http_status, entry.answer_digest) == (500, answer.body_digest)


@pytest.mark.parametrize(
    ("stage", "persons"), [("agree", []), ("criteria", []), ("run", [11, 22]), ("speak", [11, 22])]
)
def test_who_was_asked_about_stays_known_where_the_call_is_refused_later(
    stage: str, persons: list[int]
) -> None:
    world = World(wrong={stage: faults.RegisterUnavailable("gone")})
    answer_in(world)
    entry = recorded(world)
    assert entry.persons == persons
    assert entry.outcome == 501


@pytest.mark.parametrize("stage", ["read", "vouch"])
def test_garbage_is_counted_by_source_and_reason_and_leaves_no_record(stage: str) -> None:
    world = World(wrong={stage: faults.NotWellFormed("parser")}, names_account=False)
    answer = answer_in(world)
    assert world.records == []
    assert world.counted == [("203.0.113.10", "direct", "NotWellFormed", NOW)]
    assert "number" not in world.calls
    assert answer.status == 500


def test_a_message_refused_early_is_recorded_if_it_names_an_account_that_exists() -> None:
    for known in (True, False):
        world = World(wrong={"read": faults.NotUnderstood("header")}, known_account=known)
        answer_in(world)
        assert len(world.records) == (1 if known else 0)
        assert len(world.counted) == (0 if known else 1)


@pytest.mark.parametrize(
    ("stage", "refusal"),
    [
        ("read", faults.NotUnderstood("header")),
        ("read", faults.ActionRefused("header")),
        ("vouch", faults.CredentialsRefused("wrong password")),
        ("vouch", faults.SecurityMissing("two tokens")),
        ("vouch", faults.StaleMessage("window")),
        ("vouch", faults.Overloaded("comparisons")),
        ("vouch", Surprise(SECRET)),
    ],
)
def test_nothing_tells_a_stranger_whether_an_account_exists(stage: str, refusal: Exception) -> None:
    answers = set()
    for known in (True, False):
        world = World(wrong={stage: refusal}, known_account=known)
        answers.add(shown(answer_in(world)))
        assert len(world.records) == int(known)
    assert len(answers) == 1
    assert "Kps-Alindi-No" not in answers.pop()


def test_a_refusal_after_the_caller_was_vouched_for_has_its_receipt() -> None:
    world = World(wrong={"agree": faults.SchemaRefused("x")})
    answer = answer_in(world)
    assert ("Kps-Alindi-No", "20260101-B-34-0417-1-1") in answer.headers
    assert recorded(world).receipt_number == "20260101-B-34-0417-1-1"


def test_a_security_fault_has_no_receipt_however_far_the_message_came() -> None:
    world = World(wrong={"agree": faults.StaleMessage("a strict profile")})
    answer = answer_in(world)
    assert "Kps-Alindi-No" not in dict(answer.headers)
    assert recorded(world).receipt_number == ""


def test_the_tree_of_a_message_that_breaks_a_limit_shows_whom_it_names() -> None:
    class Reading(FakeFamily):
        def read(self, exchange: Exchange) -> None:
            refusal = faults.LimitExceeded("structure")
            refusal.unverified_root = "tree"
            raise refusal

        async def attribute(self, exchange: Exchange) -> None:
            assert exchange.root == "tree"
            await super().attribute(exchange)

    world = World()
    asyncio.run(gateway_of(world).answer(question_for(world, family=Reading(world))))
    assert (recorded(world).account, recorded(world).refusal) == ("KRM-34-0417", "LimitExceeded")


def test_a_recorded_refusal_of_a_door_without_accounts_has_its_receipt_too() -> None:
    class Open(FakeFamily):
        async def vouch(self, exchange: Exchange) -> str:
            exchange.on_record = True
            raise faults.ActionRefused("element")

    world = World()
    question = question_for(world, family=Open(world))
    answer = asyncio.run(gateway_of(world).answer(question))
    assert ("Kps-Alindi-No", "20260101-ACIK-1-1") in answer.headers
    assert recorded(world).receipt_number == "20260101-ACIK-1-1"


def test_a_vouched_caller_is_always_on_record_even_if_the_door_forgot() -> None:
    world = World(names_account=False)
    assert answer_in(world).status == 200
    assert recorded(world).account == ""


def test_a_body_that_never_came_is_refused_with_the_trouble_that_travels_in_the_question() -> None:
    class Reading(FakeFamily):
        def read(self, exchange: Exchange) -> None:
            assert exchange.question.trouble is not None
            raise exchange.question.trouble

    world = World(names_account=False)
    question = question_for(
        world, family=Reading(world), trouble=faults.TooLarge("body"), unverified_body=b""
    )
    answer = asyncio.run(gateway_of(world).answer(question))
    assert answer.body.decode() == f"<fault>{faults.TooLarge.english}</fault>"
    assert world.counted == [("203.0.113.10", "direct", "TooLarge", NOW)]


# Refusals of the agreement are answers


@pytest.mark.parametrize(
    ("refusal", "code", "kod"),
    [
        (faults.ServiceNotGranted("x"), 201, 8),
        (faults.TooManyCriteria("x"), 103, 8),
        (faults.CriteriaEmpty("x"), 102, 10),
        (faults.NothingFound("x"), 301, 2),
    ],
)
def test_a_result_level_refusal_is_an_answer_with_a_note(
    refusal: faults.AgreementRefused, code: int, kod: int
) -> None:
    world = World(wrong={"criteria": refusal})
    answer = answer_in(world)
    assert world.calls[-5:] == ["number", "write_note", "validate_answer", "speak", "record"]
    assert answer.status == 200
    assert answer.body == f"<note>{kod} {refusal.turkish}</note>".encode()
    entry = recorded(world)
    assert entry.event is Event.REFUSAL
    assert (entry.outcome, entry.refusal, entry.units) == (code, refusal.name, 0)
    assert entry.receipt_number


def test_a_full_quota_says_when_to_come_back() -> None:
    world = World(wrong={"agree": faults.QuotaFull("rate", retry_after_s=7)})
    answer = answer_in(world)
    assert answer.status == 200
    assert [value for name, value in answer.headers if name == "Retry-After"] == ["7"]


def test_where_a_contract_has_no_notes_the_agreements_refusal_is_a_fault() -> None:
    world = World(wrong={"agree": faults.ServiceNotGranted("x")}, has_notes=False)
    answer = answer_in(world)
    assert answer.status == 500
    assert answer.body == f"<fault>{faults.ServiceNotGranted.english}</fault>".encode()
    assert recorded(world).outcome == 201


# Surprises


@pytest.mark.parametrize("stage", [*STAGES, "number", "speak"])
def test_a_surprise_leaves_no_word_of_itself_in_the_answer_or_in_the_log(
    stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(wrong={stage: Surprise(SECRET)})
    with caplog.at_level(logging.DEBUG):
        answer = answer_in(world)
    assert answer.status == 500
    assert answer.body == f"<fault>{faults.InternalFailure.english}</fault>".encode()
    assert "Ayşe" not in shown(answer)
    assert "10000000215" not in shown(answer)
    assert "Ayşe" not in caplog.text
    assert "10000000215" not in caplog.text
    assert "Surprise at line_samples.py:" in caplog.text
    assert "request-1" in caplog.text
    assert all(record.exc_info is None for record in caplog.records)
    entry = recorded(world)
    assert entry.refusal == "InternalFailure"
    assert entry.detail.startswith("Surprise at line_samples.py:")
    assert "/" not in entry.detail


@pytest.mark.parametrize("surprise", [Surprise(SECRET), faults.EvidenceUnavailable("lookup")])
def test_an_account_that_cannot_be_looked_up_after_a_refusal_is_a_fault_too(
    surprise: Exception,
) -> None:
    world = World(wrong={"read": faults.NotWellFormed("x"), "attribute": surprise})
    answer = answer_in(world)
    assert answer.status == 500
    assert SECRET not in shown(answer)
    assert world.records == []
    assert len(world.counted) == 1


def test_a_note_that_cannot_be_written_is_a_fault_with_the_receipt_of_the_refusal() -> None:
    world = World(
        wrong={"agree": faults.ServiceNotGranted("x"), "write_note": Surprise(SECRET)},
    )
    answer = answer_in(world)
    assert answer.body == f"<fault>{faults.InternalFailure.english}</fault>".encode()
    entry = recorded(world)
    assert (entry.refusal, entry.outcome) == ("InternalFailure", 0)
    assert entry.receipt_number


def test_an_answer_that_is_not_valid_against_its_own_schema_does_not_leave() -> None:
    world = World(wrong={"validate_answer": faults.InternalFailure("answer against its schema")})
    answer = answer_in(world)
    assert answer.status == 500
    assert b"<data/>" not in answer.body
    assert recorded(world).units == 0


def test_where_even_the_fault_cannot_be_said_an_empty_answer_leaves() -> None:
    world = World(wrong={"run": Surprise(SECRET), "refuse": Surprise(SECRET)})
    answer = answer_in(world)
    nothing = sha256(b"").hexdigest()
    assert answer == Answer(500, (("Kps-Istek-No", "request-1"),), b"", nothing)
    entry = recorded(world)
    assert entry.refusal == "InternalFailure"
    assert (entry.receipt_number, entry.answer_digest, entry.sent_digest) == ("", nothing, nothing)


def test_no_receipt_number_no_answer() -> None:
    world = World(wrong={"number": faults.EvidenceUnavailable("no block")})
    answer = answer_in(world)
    assert answer.status == 500
    assert answer.body == f"<fault>{faults.EvidenceUnavailable.english}</fault>".encode()
    entry = recorded(world)
    assert (entry.receipt_number, entry.outcome, entry.units) == ("", 502, 0)


# A door that cannot sign


class ReadContract(FakeContract):
    """The fake contract with a name on the wire, for a door that really reads."""

    namespace, operation, action = "urn:a", "a", "urn:a/a"

    def validate_request(self, element: Any) -> None:
        assert element.tag == "{urn:a}a"

    def open(self, element: Any) -> str:
        return "call"

    def validate_answer(self, payload: bytes) -> Any:
        return etree.fromstring(payload)


class KnownAccount:
    async def find(self, account: str) -> Credential:
        return Credential(account, "", 1, open=True)

    async def look(self, account: str) -> Credential:
        return await self.find(account)


class Expired:
    """A key whose certificate has ended."""

    holder = "CN=kps"

    def check_usable(self, _now: datetime) -> None:
        raise SigningKeyError("outside its validity")


def test_an_answer_that_cannot_be_signed_is_no_answer_and_costs_nothing() -> None:
    expired: Any = Expired()

    async def walk() -> tuple[World, Answer]:
        world = World()
        passwords = Passwords(
            mac_key=b"k" * 32,
            clock=lambda: 0.0,
            cache_seconds=0,
            threads=1,
            compare=lambda _stored, _password: True,
        )
        door = DirectDoor(
            reader=Reader(Limits()),
            credentials=KnownAccount(),
            logins=Logins(
                passwords, lambda _account, _address: True, KnownAccount(), clock=lambda: 0.0
            ),
            window=Freshness(300, 900, timestamp_required=False),
            signer=lambda _choice: expired,
            clock=lambda: NOW,
            answer_seconds=300,
        )
        terms: Any = Terms(Grant())
        gateway = replace(gateway_of(world), agree=lambda _exchange, _vouched, _contract: terms)
        body = envelope(header=security()).encode()
        question = question_for(
            world, family=door, contract=ReadContract(world), unverified_body=body
        )
        try:
            return world, await gateway.answer(question)
        finally:
            passwords.close()

    world, answer = asyncio.run(walk())
    headers = dict(answer.headers)
    assert (answer.status, answer.body, headers["Retry-After"]) == (503, b"", "60")
    entry = recorded(world)
    # It has its receipt all the same, and that names the answer that was: nothing.
    assert headers["Kps-Alindi-No"] == entry.receipt_number != ""
    assert len(headers["Kps-Alindi-Ozeti"]) == 64
    assert entry.answer_digest == entry.sent_digest == sha256(b"").hexdigest()
    assert (entry.event, entry.refusal) == (Event.REFUSAL, "InternalFailure")
    assert entry.detail == "signing certificate not usable"
    assert (entry.account, entry.units, entry.http_status) == ("KRM-34-0417", 0, 503)
