"""The line, walked with fakes: its order, its words, its one record, and nothing before it."""

import asyncio
import copy
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from lxml import etree
from soap_samples import envelope, security

from kps_soap import faults
from kps_soap.authentication import Credential, Freshness, Passwords
from kps_soap.criteria import Enquiry
from kps_soap.doors.direct import DirectDoor
from kps_soap.entry import Entry, Event, Repeated
from kps_soap.envelopes import Limits, Reader
from kps_soap.faults import Outcome
from kps_soap.fees import Fee
from kps_soap.gateway import Answer, Exchange, Gateway, Question, first_trouble
from kps_soap.logins import Logins
from kps_soap.signing import SigningKeyError

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
SECRET = "Ayşe 10000000215"
BODY = f"<query>{SECRET}</query>".encode()

#: The line as it is documented: stage by stage, then the receipt, the words and the record.
ORDER = [
    "read",
    "vouch",
    "agree",
    "normalise",
    "validate_request",
    "open",
    "criteria",
    "run",
    "filter",
    "write",
    "validate_answer",
    "number",
    "speak",
    "record",
]
STAGES = ORDER[: ORDER.index("number")]


class Surprise(Exception):
    """Something that nobody planned, with a person in its text."""


@dataclass
class World:
    """What the fakes share: what was called, what goes wrong where, what was kept."""

    wrong: dict[str, BaseException] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    records: list[Entry] = field(default_factory=list)
    counted: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    known_account: bool = True
    names_account: bool = True
    has_notes: bool = True
    outcomes: tuple[Outcome, ...] = (Outcome.OK, Outcome.NOT_FOUND)

    def at(self, stage: str) -> None:
        self.calls.append(stage)
        if stage in self.wrong:
            raise self.wrong[stage]


@dataclass
class Grant:
    name: str = "grant"


@dataclass
class Terms:
    grant: Grant
    institution: str = "B-34-0417"
    fee: Fee | None = None


class FakeContract:
    """A published contract whose every step only says that it was there."""

    name, version, operation = "KisiSorgulaTCKimlikNoServis", "2011/01/01", "ListeleCoklu"
    event = Event.QUERY

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def has_notes(self) -> bool:
        return self._world.has_notes

    def validate_request(self, element: Any) -> None:
        assert element == "normal"
        self._world.at("validate_request")

    def open(self, element: Any) -> str:
        assert element == "normal"
        self._world.at("open")
        return "call"

    async def run(self, call: str, enquiry: Enquiry) -> str:
        assert call == "call"
        # An operation learns whom it is about while it runs (the public door does).
        enquiry.persons.append(22)
        self._world.at("run")
        enquiry.outcomes.extend(self._world.outcomes)
        enquiry.units, enquiry.records = 2, 1
        return "result"

    def filter(self, result: str, grant: Grant) -> str:
        assert (result, grant) == ("result", Grant())
        self._world.at("filter")
        return "shown"

    def write(self, call: str, shown: str) -> bytes:
        assert (call, shown) == ("call", "shown")
        self._world.at("write")
        return b"<data/>"

    def write_note(self, kod: int, aciklama: str) -> bytes:
        self._world.at("write_note")
        return f"<note>{kod} {aciklama}</note>".encode()

    def validate_answer(self, payload: bytes) -> str:
        self._world.at("validate_answer")
        return f"tree of {payload.decode()}"


class FakeFamily:
    """The words of a door that has none."""

    door = "direct"

    def __init__(self, world: World) -> None:
        self._world = world

    def read(self, exchange: Exchange) -> None:
        self._world.at("read")
        exchange.root = exchange.envelope = "envelope"

    async def vouch(self, exchange: Exchange) -> str:
        self._name(exchange)
        self._world.at("vouch")
        return "vouched"

    async def attribute(self, exchange: Exchange) -> None:
        self._world.at("attribute")
        self._name(exchange)

    def _name(self, exchange: Exchange) -> None:
        if self._world.names_account and self._world.known_account:
            exchange.entry.account = "KRM-34-0417"
            exchange.on_record = True

    def contract_of(self, exchange: Exchange, vouched: str) -> Any:
        assert vouched == "vouched"
        return exchange.contract

    def normalise(self, exchange: Exchange, vouched: str) -> str:
        assert vouched == "vouched"
        self._world.at("normalise")
        return "normal"

    def speak(self, exchange: Exchange, payload: bytes, tree: str) -> Answer:
        assert tree == f"tree of {payload.decode()}"
        self._world.at("speak")
        return self._answer(exchange, 200, payload)

    def refuse(self, exchange: Exchange, refusal: faults.Refusal) -> Answer:
        self._world.at("refuse")
        if refusal.retry_after_s is not None:
            exchange.headers.append(("Retry-After", str(refusal.retry_after_s)))
        return self._answer(exchange, 500, f"<fault>{refusal.english}</fault>".encode())

    def _answer(self, exchange: Exchange, status: int, content: bytes) -> Answer:
        entry = exchange.entry
        entry.sent_digest = f"sent {len(content)}"
        headers = [*exchange.headers, ("Kps-Sonuc-Kodu", str(entry.outcome))]
        if entry.receipt_number:
            headers.append(("Kps-Alindi-No", entry.receipt_number))
        return Answer(status, tuple(headers), content, f"digest of {content.decode()}")


def gateway_of(world: World) -> Gateway:
    def agree(exchange: Exchange, vouched: str, contract: Any) -> Any:
        assert vouched == "vouched"
        exchange.entry.institution = "B-34-0417"
        world.at("agree")
        exchange.entry.returned_fields = ("KisiBilgisi/TCKimlikNo",)
        exchange.entry.withheld_digest = "w" * 64
        return Terms(Grant())

    async def criteria(exchange: Exchange, call: str, contract: Any, terms: Any) -> Enquiry:
        assert (call, terms) == ("call", exchange.terms)
        world.at("criteria")
        register: Any = "register"
        enquiry = Enquiry(register=register, wants=lambda _path: True)
        enquiry.persons.append(11)
        return enquiry

    async def number(institution: str, moment: datetime) -> str:
        world.at("number")
        return f"20260101-{institution or 'ACIK'}-1-1"

    async def record(entry: Entry) -> None:
        world.at("record")
        world.records.append(copy.deepcopy(entry))

    def count(source: str, door: str, reason: str, moment: datetime) -> None:
        world.counted.append((source, door, reason, moment))

    def elapsed(moment: datetime) -> int:
        assert moment == NOW
        world.at("elapsed") if "elapsed" in world.wrong else None
        return 417

    return Gateway(
        agree=agree,
        criteria=criteria,
        receipt_number=number,
        record=record,
        count_refusal=count,
        elapsed_us=elapsed,
    )


def question_for(world: World, **changes: Any) -> Question:
    given: dict[str, Any] = {
        "family": FakeFamily(world),
        "contract": FakeContract(world),
        "unverified_body": BODY,
        "unverified_content_type": "text/xml",
        "unverified_content_encoding": "",
        "unverified_action": None,
        "unverified_agent": "Örnek/1.0 " + "x" * 200,
        "source_address": "203.0.113.10",
        "received_at": NOW,
        "request_id": "request-1",
    }
    return Question(**(given | changes))


def answer_in(world: World) -> Answer:
    return asyncio.run(gateway_of(world).answer(question_for(world)))


def shown(answer: Answer) -> str:
    """Everything that a caller can see."""
    return f"{answer.status} {answer.headers} {answer.body.decode()}"


def recorded(world: World) -> Entry:
    """The one record of a request."""
    assert len(world.records) == 1
    assert world.counted == []
    return world.records[0]


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
    assert "Surprise at test_gateway.py:" in caplog.text
    assert "request-1" in caplog.text
    assert all(record.exc_info is None for record in caplog.records)
    entry = recorded(world)
    assert entry.refusal == "InternalFailure"
    assert entry.detail.startswith("Surprise at test_gateway.py:")
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
