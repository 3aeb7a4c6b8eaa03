"""The line: one function from a question to an answer, read from top to bottom.

    limits → parse → authenticate → contract → people behind it → agreement in force → normalise
    → XSD → criteria → person relation → registry → field filter → XSD again → receipt → sign
    → record → release

Every stage is handed in; each returns a value or raises a ``Refusal``; one ``except`` turns a
refusal into the family's words.  No answer leaves before its record is durable (design D6).
This room imports neither registry nor audit, opens nothing, and knows no XML.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Protocol

from kps_soap.criteria import Enquiry
from kps_soap.entry import Entry, Event, Repeated
from kps_soap.faults import (
    AgreementRefused,
    EnvelopeRefused,
    EvidenceUnavailable,
    InternalFailure,
    Overloaded,
    Refusal,
    SecurityRefused,
)

if TYPE_CHECKING:
    from kps_soap.terms import Terms

log = logging.getLogger("kps.gateway")


@dataclass(frozen=True, slots=True)
class Question:
    """One request as a door read it from the wire.  Nothing in it is vouched for.

    ``contract`` is None where the address serves many: then the family finds it in the message.
    """

    family: Family
    contract: Any
    unverified_body: bytes
    unverified_content_type: str
    unverified_content_encoding: str
    unverified_action: str | None
    unverified_agent: str
    source_address: str
    received_at: datetime
    request_id: str
    trouble: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves: status, headers and bytes, and the digests that evidence keeps."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    body_digest: str = ""


@dataclass(slots=True)
class Exchange:
    """What is known of a request so far, for the family's words and for the record.

    ``contract`` is the one that the address names, or that the vouched message turned to.
    ``signature`` is the agreement's choice of a key (RSA, P256); ``routing_signature`` whether
    the routing door's answers are signed too.
    ``on_record``: the request leaves a record of its own.  ``vouched``: the caller is who the
    message says; until then nothing in an answer may tell whether an account exists.
    ``account_sought``: the account that the message names was looked for; once is enough.
    ``element`` is the vouched request element as the original server would have read it.
    ``started_ns`` is when work on it began, by the clock of whoever measures; 0 where nobody does.
    """

    question: Question
    entry: Entry
    contract: Any
    envelope: Any = None
    root: Any = None
    element: Any = None
    terms: Terms | None = None
    signature: str = "RSA"
    routing_signature: bool = False
    on_record: bool = False
    account_sought: bool = False
    vouched: bool = False
    enquiry: Enquiry | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    started_ns: int = 0


class Family(Protocol):
    """The words of one door (design §3): how it reads, whom it believes, how it speaks."""

    @property
    def door(self) -> str:
        """The door's name, as evidence and agreements spell it."""

    def read(self, exchange: Exchange) -> None:
        """Limits and the one parse; leaves root and envelope in the exchange."""

    async def vouch(self, exchange: Exchange) -> Any:
        """Authenticate; returns ``Vouched``, the only thing that later stages read."""

    def contract_of(self, exchange: Exchange, vouched: Any, /) -> Any:
        """The contract that the vouched message asks for; raises ``ActionUnknown``."""

    async def attribute(self, exchange: Exchange) -> None:
        """After an early refusal: does the message name an account that exists (D6)?"""

    def normalise(self, exchange: Exchange, vouched: Any) -> Any:
        """The request element as the original server would have read it."""

    def speak(self, exchange: Exchange, payload: bytes, tree: Any) -> Answer:
        """Receipt and signature around a payload, of which ``tree`` is the parsed form."""

    def refuse(self, exchange: Exchange, refusal: Refusal) -> Answer:
        """The family's fault for a refusal."""


async def _as_it_is(_exchange: Exchange, answer: Answer, _known: Repeated) -> Answer:
    """Where nothing is known of repetitions."""
    return answer


def _nobody_is_told(_exchange: Exchange, _answer: Answer) -> None:
    """Where nobody measures."""


async def _as_vouched(_exchange: Exchange, vouched: Any) -> Any:
    """Where nobody knows any people."""
    return vouched


@dataclass(frozen=True, slots=True)
class Gateway:
    """The stages of the line, handed in by the composition root.

    ``again`` says what the repetition of a question gets, and turns its entry into one.
    ``admit`` looks up the people behind a call, who may have been blocked since it was vouched for.
    ``told`` hears of every answer that is about to leave, after its record; it must not raise.
    """

    agree: Callable[[Exchange, Any, Any], Terms]
    criteria: Callable[[Exchange, Any, Any, Terms], Awaitable[Enquiry]]
    receipt_number: Callable[[str, datetime], Awaitable[str]]
    record: Callable[[Entry], Awaitable[None]]
    count_refusal: Callable[[str, str, str, datetime], None]
    elapsed_us: Callable[[datetime], int]
    again: Callable[[Exchange, Answer, Repeated], Awaitable[Answer]] = _as_it_is
    told: Callable[[Exchange, Answer], None] = _nobody_is_told
    admit: Callable[[Exchange, Any], Awaitable[Any]] = _as_vouched

    async def answer(self, question: Question) -> Answer:
        """Answer one question.  Never raises; a planned "no" and a surprise are answers too."""
        family = question.family
        exchange = _new_exchange(question)
        try:
            family.read(exchange)
            vouched = await family.vouch(exchange)
            exchange.vouched = exchange.on_record = True
            contract = _turn_to(exchange, family.contract_of(exchange, vouched))
            vouched = await self.admit(exchange, vouched)
            terms = exchange.terms = self.agree(exchange, vouched, contract)
            element = exchange.element = family.normalise(exchange, vouched)
            contract.validate_request(element)
            call = contract.open(element)
            enquiry = exchange.enquiry = await self.criteria(exchange, call, contract, terms)
            result = await contract.run(call, enquiry)
            shown = contract.filter(result, terms.grant)
            payload = contract.write(call, shown)
            tree = contract.validate_answer(payload)
            _note_success(exchange, enquiry)
            await self._number(exchange)
            answer = family.speak(exchange, payload, tree)
        except Exception as surprise:
            answer = await self._refuse(exchange, surprise)
        answer = await self._release(exchange, answer)
        self.told(exchange, answer)
        return answer

    async def _refuse(self, exchange: Exchange, surprise: Exception) -> Answer:
        """The one place that turns an exception into the family's words."""
        family, entry = exchange.question.family, exchange.entry
        refusal = surprise if isinstance(surprise, Refusal) else _unforeseen(exchange, surprise)
        entry.receipt_number = ""
        _note_refusal(exchange, refusal)
        if exchange.root is None and isinstance(refusal, EnvelopeRefused):
            exchange.root = refusal.unverified_root
        try:
            if not exchange.on_record:
                await family.attribute(exchange)
            if exchange.vouched and isinstance(refusal, Overloaded):
                # A record of each would cost what there is too little of: they are counted.
                exchange.on_record = False
            if _may_have_receipt(exchange, refusal):
                await self._number(exchange)
            return _speak_refusal(exchange, refusal)
        except Exception as second:
            refusal = second if isinstance(second, Refusal) else _unforeseen(exchange, second)
            _note_refusal(exchange, refusal)
            return _fault(exchange, refusal)

    async def _number(self, exchange: Exchange) -> None:
        entry = exchange.entry
        entry.receipt_number = await self.receipt_number(entry.institution, entry.received_at)

    async def _release(self, exchange: Exchange, answer: Answer) -> Answer:
        """No evidence, no answer: the durable record comes before the first byte."""
        entry = exchange.entry
        if not exchange.on_record:
            self.count_refusal(entry.source_address, entry.door, entry.refusal, entry.received_at)
            return answer
        try:
            try:
                await self._write(entry, answer)
            except Repeated as known:
                answer = await self.again(exchange, answer, known)
                await self._write(entry, answer)
            except (AgreementRefused, SecurityRefused) as stopped:
                # What only the record's own transaction can tell: others were faster.
                if isinstance(stopped, SecurityRefused):
                    entry.signed_message = b""
                answer = await self._refuse(exchange, stopped)
                await self._write(entry, answer)
        except Exception as surprise:
            refusal = _unrecorded(exchange, surprise)
            # It may have no record for ever: the next minute's counts tell that it was there.
            self.count_refusal(entry.source_address, entry.door, refusal.name, entry.received_at)
            return _fault(exchange, refusal)
        return answer

    async def _write(self, entry: Entry, answer: Answer) -> None:
        """Return when the record of this answer is durable."""
        entry.http_status, entry.answer_digest = answer.status, answer.body_digest
        entry.answer = answer.body
        entry.duration_us = self.elapsed_us(entry.received_at)
        await self.record(entry)


def _new_exchange(question: Question) -> Exchange:
    entry = Entry(
        request_id=question.request_id,
        received_at=question.received_at,
        door=question.family.door,
        source_address=question.source_address,
        client_software=question.unverified_agent[:120],
        question=question.unverified_body,
        question_digest=sha256(question.unverified_body).hexdigest(),
    )
    exchange = Exchange(question, entry, contract=question.contract)
    if question.contract is not None:
        _turn_to(exchange, question.contract)
    return exchange


def _turn_to(exchange: Exchange, contract: Any) -> Any:
    """From here on the exchange, and its record, are about this contract."""
    entry = exchange.entry
    exchange.contract = contract
    entry.service, entry.version = contract.name, contract.version
    entry.operation = contract.operation
    return contract


def _may_have_receipt(exchange: Exchange, refusal: Refusal) -> bool:
    """Whatever is on record has a receipt, but where that would tell too much.

    One for a claimed account would tell a stranger that the account exists, and one in a security
    fault how far the message had come (design §4, a).  The fault of a busy moment is everybody's.
    """
    known = exchange.vouched or not exchange.entry.account
    bare = isinstance(refusal, SecurityRefused | Overloaded)
    return exchange.on_record and known and not bare


def _speak_refusal(exchange: Exchange, refusal: Refusal) -> Answer:
    """Result-level refusals are answers of a published contract; all others are faults."""
    question, contract = exchange.question, exchange.contract
    # Whole-call refusals come after the contract was found; without one there is a fault only.
    has_notes = contract is not None and contract.has_notes
    if has_notes and isinstance(refusal, AgreementRefused):
        payload = contract.write_note(refusal.published_code, refusal.turkish)
        tree = contract.validate_answer(payload)
        if refusal.retry_after_s is not None:
            exchange.headers.append(("Retry-After", str(refusal.retry_after_s)))
        return question.family.speak(exchange, payload, tree)
    return question.family.refuse(exchange, refusal)


def _fault(exchange: Exchange, refusal: Refusal) -> Answer:
    """The family's fault; where even that cannot be said, an empty answer and no text."""
    exchange.headers.clear()
    try:
        return exchange.question.family.refuse(exchange, refusal)
    except Exception as surprise:
        _unforeseen(exchange, surprise)
        entry = exchange.entry
        entry.receipt_number = ""
        entry.sent_digest = sha256(b"").hexdigest()
        return Answer(500, (("Kps-Istek-No", entry.request_id),), b"", entry.sent_digest)


def _unrecorded(exchange: Exchange, surprise: Exception) -> Refusal:
    """The refusal of an answer that has no record.

    It is spoken from an entry of its own: the writer may still be at work on the other one, and
    nothing of the answer that must not leave may show, not even its outcome.
    """
    if not isinstance(surprise, EvidenceUnavailable):
        surprise = EvidenceUnavailable(_unforeseen(exchange, surprise).detail)
    exchange.entry = replace(exchange.entry, receipt_number="")
    _note_refusal(exchange, surprise)
    return surprise


def _unforeseen(exchange: Exchange, surprise: Exception) -> InternalFailure:
    """Class and place go to the log and to the evidence; never a value (design §4)."""
    place = _place_of(surprise)
    log.error(
        "unforeseen %s at %s in request %s",
        type(surprise).__name__,
        place,
        exchange.entry.request_id,
    )
    return InternalFailure(f"{type(surprise).__name__} at {place}")


def _place_of(surprise: Exception) -> str:
    # Whatever was caught has passed through a frame at least.
    frame, line = list(walk_tb(surprise.__traceback__))[-1]
    return f"{PurePath(frame.f_code.co_filename).name}:{line}"


def _note_refusal(exchange: Exchange, refusal: Refusal) -> None:
    """A refused request returned nothing and costs nothing; who was asked about stays known."""
    entry = exchange.entry
    entry.event, entry.outcome = Event.REFUSAL, refusal.code
    entry.refusal, entry.detail = refusal.name, refusal.detail
    entry.units, entry.records, entry.returned_fields = 0, 0, ()
    entry.amount, entry.fee, entry.once = None, "", ""
    entry.wrong_about = entry.right_about = ()
    if exchange.enquiry is not None:
        entry.persons = list(exchange.enquiry.persons)


def _note_success(exchange: Exchange, enquiry: Enquiry) -> None:
    entry, contract = exchange.entry, exchange.contract
    entry.event = contract.event
    entry.outcome = first_trouble(enquiry.outcomes)
    entry.criterion_outcomes = [int(outcome) for outcome in enquiry.outcomes]
    entry.persons = list(enquiry.persons)
    entry.units, entry.records = enquiry.units, enquiry.records
    if exchange.terms is not None and exchange.terms.fee is not None:
        fee = exchange.terms.fee
        entry.fee, entry.amount = fee.text, fee.amount(entry.units, entry.records)


def first_trouble(outcomes: Sequence[int]) -> int:
    """The house number of a whole call: 0 if every criterion succeeded, else the first other."""
    return next((int(outcome) for outcome in outcomes if outcome), 0)
