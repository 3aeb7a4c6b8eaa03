"""The same question twice: found when its record is written, answered again, charged once (D18).

A question with a MessageID leaves a key in its record's own transaction.  Who finds the key there
already has asked before: at another worker, a moment ago, or at the same moment, for the
transaction lets one of two twins be the first.  No answered call pays a look-up for that.  The
repetition went through the whole line, so today's agreement and blocks have judged it; it gets
the first answer's Body again on a record of its own that costs nothing.  Where the first answer
was given under other terms, or is gone, it is a new question.

This room finds repetitions and decides what they get; it writes no record and speaks no words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from lxml import etree
from sqlalchemy import Connection, Dialect, bindparam, delete, select

from kps_soap.audit.months import microseconds
from kps_soap.database import insert_into
from kps_soap.driver_statements import Prepared
from kps_soap.entry import Entry, Event, Repeated, Undone
from kps_soap.repetition_models import asked_once

Stage = Callable[..., Awaitable[Any]]

_SWEEP_EVERY: Final = timedelta(hours=1)
_FORGET: Final = delete(asked_once).where(asked_once.c.asked_us < bindparam("before_us"))
_FIRST: Final = select(asked_once.c.request_id).where(
    asked_once.c.institution == bindparam("institution"),
    asked_once.c.question == bindparam("question"),
)


def question_key(entry: Entry, element: Any) -> str:
    """What makes two questions of an institution one: MessageID, terms asked for, and the Body.

    The Body is canonicalised, because a repetition is signed and may be serialised anew.
    """
    said = (
        *(entry.message_id, entry.door, entry.service, entry.version, entry.operation),
        *(entry.account, entry.inquirer, entry.purpose, entry.case_number),
    )
    # A length before each part keeps neighbours from borrowing each other's letters.
    parts = b"".join(b"%d:%b" % (len(one), one) for one in (part.encode() for part in said))
    return sha256(parts + etree.tostring(element, method="c14n", exclusive=True)).hexdigest()


class RepetitionKeys:
    """Gives questions their keys, and leaves them in the transaction of their records.

    ``seconds_max`` is how long a question is remembered; 0: not at all.
    """

    def __init__(self, dialect: Dialect, *, seconds_max: int) -> None:
        self._window = timedelta(seconds=seconds_max)
        self._claim = Prepared(dialect, _claiming(dialect))
        self._first = Prepared(dialect, _FIRST)
        self._forget = Prepared(dialect, _FORGET)
        self._forgotten_at: datetime | None = None

    def after(self, stage: Stage) -> Stage:
        """The criteria stage; behind it a question that may be repeated has its key."""
        if not self._window:
            return stage

        async def marked(exchange: Any, call: Any, contract: Any, terms: Any) -> Any:
            enquiry = await stage(exchange, call, contract, terms)
            if exchange.entry.message_id and contract.event is Event.QUERY:
                exchange.entry.once = question_key(exchange.entry, exchange.element)
            return enquiry

        return marked

    def note(
        self, connection: Connection, entries: Sequence[Entry], *, now: datetime
    ) -> list[Entry]:
        """Leave the keys; raises ``Undone``, and what the database raises."""
        asked = [entry for entry in entries if entry.once and entry.event is Event.QUERY]
        if not asked or not self._window:
            return []
        found: dict[str, str] = {}
        here: dict[tuple[str, str], str] = {}
        # In one order everywhere, so that two gateways never wait for each other's rows.
        for entry in sorted(asked, key=lambda one: (one.institution, one.once)):
            key = (entry.institution, entry.once)
            first = here.setdefault(key, entry.request_id)
            if first is entry.request_id:
                first = here[key] = self._owner(connection, entry, now)
            if first != entry.request_id:
                found[entry.request_id] = first
        if found:
            raise Undone({request: Repeated(first) for request, first in found.items()})
        if self._forgotten_at is None or now - self._forgotten_at >= _SWEEP_EVERY:
            self._forgotten_at = now
            self._forget(connection, {"before_us": microseconds(now - self._window)})
        return []

    def _owner(self, connection: Connection, entry: Entry, now: datetime) -> str:
        """The request that asked this first: this one, unless another did within the window."""
        key = {"institution": entry.institution, "question": entry.once}
        mine = {"request_id": entry.request_id, "asked_us": microseconds(now)}
        oldest = {"oldest_us": microseconds(now - self._window)}
        if self._claim(connection, {**key, **mine, **oldest}).fetchone() is not None:
            return entry.request_id
        (first,) = self._first(connection, key).fetchone()
        return str(first)


def _claiming(dialect: Dialect) -> Any:
    """Take a key that nobody holds, or whose holder asked too long ago; returns a row if taken."""
    columns = asked_once.c
    statement = insert_into(dialect, asked_once).values(
        {name: bindparam(name) for name in ("institution", "question", "request_id", "asked_us")}
    )
    return statement.on_conflict_do_update(
        index_elements=[columns.institution, columns.question],
        set_={
            "request_id": statement.excluded.request_id,
            "asked_us": statement.excluded.asked_us,
        },
        where=columns.asked_us < bindparam("oldest_us"),
    ).returning(columns.request_id)


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The answer to a question that was asked before.

    ``place`` names its record, ``terms`` the digests of agreement and withheld fields under which
    it was given; ``body_digest`` is that of the Body, ``payload`` and ``tree`` what is in it.
    """

    place: str
    terms: tuple[str, str]
    body_digest: str
    outcome: int
    criterion_outcomes: list[int]
    records: int
    returned_fields: tuple[str, ...]
    payload: bytes
    tree: Any


@dataclass(frozen=True, slots=True)
class Repetitions:
    """What a repetition gets.  ``first`` finds the first answer; None where it is gone."""

    first: Callable[[str], Awaitable[FirstAnswer | None]]

    async def __call__(self, exchange: Any, answer: Any, known: Repeated) -> Any:
        """The answer that leaves, and the entry of its record in ``exchange``.

        Raises ``EvidenceUnavailable`` where the first one cannot be looked up.
        """
        entry = exchange.entry
        entry.once = ""
        first = await self.first(known.first)
        if first is None or first.terms != (entry.agreement_digest, entry.withheld_digest):
            return answer
        entry.event, entry.repeats = Event.REPETITION, first.place
        entry.units, entry.amount, entry.fee = 0, None, ""
        entry.wrong_about = entry.right_about = ()
        if first.body_digest == answer.body_digest:
            return answer
        entry.outcome, entry.records = first.outcome, first.records
        entry.criterion_outcomes = list(first.criterion_outcomes)
        entry.returned_fields = first.returned_fields
        return exchange.question.family.speak(exchange, first.payload, first.tree)
