"""The forms over the evidence: what an auditor typed, as criteria, or every mistake at once.

A number of a person never stands in an address, so these forms are posted; a reason is demanded
before anything is looked for.  This module reads forms; it opens no record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from kps_soap import identity_number
from kps_soap.audit.conditions import Criteria, Position
from kps_soap.audit.months import ISTANBUL
from kps_soap.entry import Event
from kps_soap.faults import Refusal

#: Records of one page of results.
PAGE: Final = 50

REASON_CHARACTERS_MAX: Final = 500
_TEXT_CHARACTERS_MAX: Final = 200

#: The fields that are compared with the column of their own name, as they were typed.
_PLAIN: Final = (
    *("institution", "account", "inquirer", "case_number", "service", "receipt_number"),
    *("request_id", "refusal"),
)

#: A field of a form with the key of the texts that says what is wrong with it.
Mistake = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for, why, and behind which record the page begins."""

    criteria: Criteria
    reason: str
    after: Position | None


@dataclass(frozen=True, slots=True)
class PersonQuestion:
    """About whom a report is wanted, why, and whether it names staff."""

    person: int
    reason: str
    with_staff: bool
    since: datetime | None
    until: datetime | None


def read_search(form: Mapping[str, str]) -> Search | list[Mistake]:
    """The search of a form, or what is wrong with it, all of it at once."""
    mistakes: list[Mistake] = []
    reason = read_reason(form, mistakes)
    person = read_number(form.get("person", ""), mistakes)
    since, until = _span(form, mistakes)
    event = _event(form.get("event", ""), mistakes)
    outcome = _outcome(form.get("outcome", ""), mistakes)
    plain = {}
    for name in _PLAIN:
        value = form.get(name, "")
        if len(value) > _TEXT_CHARACTERS_MAX:
            mistakes.append((name, "operator.wrong.long"))
        plain[name] = value or None
    after = position_of(form.get("after", ""))
    if form.get("after") and after is None:
        mistakes.append(("after", "operator.wrong.after"))
    if mistakes:
        return mistakes
    criteria = Criteria(
        person=person, since=since, until=until, event=event, outcome=outcome, **plain
    )
    return Search(criteria, reason, after)


def read_person_question(form: Mapping[str, str]) -> PersonQuestion | list[Mistake]:
    """The question of the form for the person's report, or what is wrong with it."""
    mistakes: list[Mistake] = []
    reason = read_reason(form, mistakes)
    person = read_number(form.get("person", ""), mistakes)
    if not form.get("person"):
        mistakes.append(("person", "operator.wrong.person_missing"))
    since, until = _span(form, mistakes)
    if mistakes or person is None:
        return mistakes
    return PersonQuestion(person, reason, form.get("staff") == "1", since, until)


def read_reason(form: Mapping[str, str], mistakes: list[Mistake]) -> str:
    """The reason of a form; nobody looks and nobody acts without one."""
    reason = form.get("reason", "").strip()
    if not reason:
        mistakes.append(("reason", "operator.wrong.reason"))
    elif len(reason) > REASON_CHARACTERS_MAX:
        mistakes.append(("reason", "operator.wrong.long"))
    return reason


def position_text(position: Position) -> str:
    """A position as a form carries it."""
    return f"{position.received_us}:{position.chain_id}:{position.sequence}"


def position_of(text: str) -> Position | None:
    """The position of a text; None for any other text."""
    received, _, rest = text.partition(":")
    chain_id, _, sequence = rest.partition(":")
    if not all(_is_count(one) for one in (received, sequence)) or not chain_id:
        return None
    return Position(int(received), chain_id, int(sequence))


def place_of(text: str) -> tuple[str, int] | None:
    """A record's place (``chain:sequence``); None for any other text."""
    chain_id, _, sequence = text.partition(":")
    if not chain_id or not _is_count(sequence):
        return None
    return chain_id, int(sequence)


def refusal_classes() -> Mapping[str, type[Refusal]]:
    """Every refusal by its name, as records and counters show it."""
    waiting, found = [Refusal], {}
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found[kind.__name__] = kind
    return dict(sorted(found.items()))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def read_number(text: str, mistakes: list[Mistake]) -> int | None:
    """The identity number of a field; None for an empty one, and for one that is no number."""
    if not text:
        return None
    number = identity_number.parse(text.replace(" ", ""))
    # The numbers of synthetic people that can be nobody's are good too (K4.1).
    if number is None or not (
        identity_number.is_valid(number) or identity_number.is_disjoint(number)
    ):
        mistakes.append(("person", "operator.wrong.person"))
        return None
    return number


def _event(text: str, mistakes: list[Mistake]) -> Event | None:
    if not text:
        return None
    try:
        return Event(text)
    except ValueError:
        mistakes.append(("event", "operator.wrong.choice"))
        return None


def _outcome(text: str, mistakes: list[Mistake]) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        mistakes.append(("outcome", "operator.wrong.outcome"))
        return None
    return int(text)


def _span(
    form: Mapping[str, str], mistakes: list[Mistake]
) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day up to the end of the last one, of Europe/Istanbul."""
    first, last = (read_day(form, name, mistakes) for name in ("since", "until"))
    if first is not None and last is not None and last < first:
        mistakes.append(("until", "operator.wrong.span"))
    since = None if first is None else _midnight(first)
    until = None if last is None else _midnight(last + timedelta(days=1))
    return since, until


def read_day(form: Mapping[str, str], name: str, mistakes: list[Mistake]) -> date | None:
    """The civil day of a field; None for an empty one, and for one that is no day."""
    text = form.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    # Beyond these years neither the day after nor its moment can be written.
    if found is None or not 1970 <= found.year <= 9000:
        mistakes.append((name, "operator.wrong.day"))
        return None
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ISTANBUL).astimezone(UTC)
