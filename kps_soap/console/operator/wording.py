"""What the view models found, in the visitor's language.

Texts come from the catalogue; here only the keys are chosen and the values filled in.  A value
that an agreement file holds is shown as it stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from kps_soap.agreements.changes import AgreementChange, Change
from kps_soap.console.operator.institutions import Ending, Standing
from kps_soap.console.rendering import day
from kps_soap.console.texts import is_known

Say = Callable[..., str]

_PLACES: Final = ("a", "b", "c")

#: Words that the comparison itself puts in, by key of the texts.
_OWN_WORDS: Final = {
    "yes": "operator.value.yes",
    "no": "operator.value.no",
    "nothing": "operator.value.nothing",
}

#: Subjects whose values are phrases of the comparison and not words of the file.
_PHRASED: Final = frozenset({"stage", "service", "renewal", "pilot"})
_PHRASES: Final = (
    (" calls a day", "operator.phrase.calls_a_day"),
    (" from ", "operator.phrase.from"),
    (" until ", "operator.phrase.until"),
    (" to ", "operator.phrase.to"),
    ("not started", "operator.phrase.not_started"),
    ("started", "operator.phrase.started"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """One change in words: what it does, about which service, and the sentence."""

    effect: str
    service: str
    text: str


@dataclass(frozen=True, slots=True)
class ToldAgreement:
    """All changes of one agreement in words; ``number`` is empty for the public door."""

    number: str
    institution: str
    name: str
    changes: tuple[Told, ...]


def told_agreement(say: Say, one: AgreementChange) -> ToldAgreement:
    """The changes of an agreement."""
    changes = tuple(
        Told(change.effect, f"{change.service} {change.version}".strip(), change_text(say, change))
        for change in one.changes
    )
    return ToldAgreement(one.number, one.institution, one.name, changes)


def change_text(say: Say, change: Change) -> str:
    """One change as a sentence."""
    values = [_value(say, change, place, value) for place, value in enumerate(change.values)]
    return say(f"operator.change.{change.sentence}", **dict(zip(_PLACES, values, strict=False)))


def _value(say: Say, change: Change, place: int, value: str) -> str:
    if place == 0 and value == change.subject:
        key = f"operator.subject.{value}"
        return say(key) if is_known(key) else value
    if value in _OWN_WORDS:
        return say(_OWN_WORDS[value])
    if change.sentence == "field":
        path, _, rest = value.partition(" (all ")
        return say("operator.phrase.section", path=path, count=rest.rstrip(")")) if rest else path
    if change.subject in _PHRASED:
        for phrase, key in _PHRASES:
            if phrase in value:
                value = value.replace(phrase, say(key))
    return value


def standing_text(say: Say, standing: Standing) -> str:
    """Whether an agreement answers, and why not."""
    return say(standing.key, **_shown(standing.values))


def ending_text(say: Say, ending: Ending) -> str:
    """What ends or begins."""
    one = ending.expiry
    about = f"{one.service} {one.version}".strip()
    return say(ending.key, about=about, stage=one.begins)


def days_text(say: Say, days: int) -> str:
    """How far away a day is."""
    if days == 0:
        return say("operator.days.today")
    return say("operator.days.left" if days > 0 else "operator.days.past", count=abs(days))


def column_text(say: Say, name: str) -> str:
    """What a plain column of a record holds."""
    key = f"operator.column.{name}"
    return say(key) if is_known(key) else name


def event_words(say: Say, event: str) -> str:
    """What an event is; empty where the texts have no words for it."""
    key = f"operator.event.{event}"
    return say(key) if is_known(key) else ""


def event_text(say: Say, event: str) -> str:
    """An event with its words."""
    return " – ".join(part for part in (event, event_words(say, event)) if part)


def _shown(values: object) -> dict[str, str]:
    found = dict(values) if isinstance(values, dict) else {}
    return {name: day(one) if isinstance(one, date) else str(one) for name, one in found.items()}
