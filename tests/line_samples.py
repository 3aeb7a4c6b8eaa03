"""Fakes of everything around the line."""

import asyncio
import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kps_soap import faults
from kps_soap.criteria import Enquiry
from kps_soap.entry import Entry, Event
from kps_soap.faults import Outcome
from kps_soap.fees import Fee
from kps_soap.gateway import Answer, Exchange, Gateway, Question

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
