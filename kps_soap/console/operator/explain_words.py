"""Why a call was allowed or refused, in the visitor's language.

The rules say their reasons in English, as records and commands show them; here each of those
sentences has its words in the texts.  What an agreement file or a record holds stands as it is,
and so does a sentence that is not known here: it is shown as what it is, English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from kps_soap.agreements.explaining import Explained, Verdict
from kps_soap.console.texts import is_known

Say = Callable[..., str]

_VERSION: Final = r"(\S+ \S+)"
_DAY: Final = r"(\d{4}-\d{2}-\d{2})"

#: Every sentence of a rule, as a pattern, with the key of its words.
_SENTENCES: Final[Sequence[tuple[str, str]]] = (
    (rf"state (\S+), valid {_DAY} to {_DAY}", "in_force"),
    (rf"(\S+): it was suspended by command on {_DAY}", "suspended"),
    (r"(\S+): its state is (\S+)", "state"),
    (rf"(\S+): it is valid from {_DAY}", "valid_from"),
    (rf"(\S+): it ended on {_DAY}", "ended"),
    (rf"(\S+): no renewal was started until {_DAY}", "renewal"),
    (r"(\S+): its security profile (\S+) ended on (\S+)", "security"),
    (r"the source address is unknown", "address_unknown"),
    (r"the source address is in none of the agreement's networks", "network"),
    (r"the agreement does not open the door (\S+)", "door"),
    (rf"{_VERSION} is not in the agreement", "not_in_agreement"),
    (rf"{_VERSION} is in stage (\S+)", "stage"),
    (rf"{_VERSION} in stage (\S+)", "stage"),
    (r"open to every account with an agreement", "open"),
    (r"(\S+) lists persons and has no bulk_basis \(Art\. 45/2\)", "bulk"),
    (rf"{_VERSION}: its PILOT ended on {_DAY}", "pilot_ended"),
    (rf"{_VERSION}: the inquirer is not on the list of its PILOT", "pilot_list"),
    (r"no purpose was sent, and the agreement has no default", "no_purpose"),
    (r"the purpose is not one of the granted service", "purpose"),
    (r"no inquirer was sent, and the agreement demands one", "no_inquirer"),
    (r"the inquirer is not 1 to 64 printable characters", "inquirer_form"),
    (r"the inquirer is not registered in the agreement", "inquirer"),
    (r"any the institution names", "any_inquirer"),
    (r"no case number was sent, and the agreement demands one", "no_case_number"),
    (r"the case number is not 1 to 64 printable characters", "case_number_form"),
    (r"demanded by the agreement", "demanded"),
    (r"(\d+) criteria, at most (\d+)", "criteria"),
    (rf"(\S+) may receive addresses on {_DAY} \((.*)\)", "address"),
    (rf"(\S+) may not receive addresses on {_DAY} \((.*)\)", "no_address"),
    (r"gives (.*); withholds (\d+) \(digest (\S+)\)", "fields"),
    (r"calls per second", "calls_per_second"),
    (r"calls a day of a PILOT", "calls_of_pilot"),
    (r"(\d+): a person was not on it", "roster"),
    (rf"{_VERSION} was withdrawn after {_DAY}", "withdrawn"),
    (r"no agreement is named in the record", "no_agreement_named"),
    (r"no agreement set was in force at that time", "no_set"),
    (r"the institution had no agreement at that time", "no_agreement"),
    (r"the agreement file of that time is not in the archive", "not_archived"),
    (r"the public door's file grants no persons", "public_file"),
)
_PLACES: Final = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class ToldVerdict:
    """One rule in words.  ``language`` is of ``text``: empty where it is the visitor's."""

    rule: str
    allowed: bool
    text: str
    article: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class ToldCall:
    """One call and the rules that decided it, in words."""

    one: Explained
    verdicts: tuple[ToldVerdict, ...]
    trouble: ToldVerdict | None


def told_call(say: Say, one: Explained) -> ToldCall:
    """A call as a page shows it."""
    trouble = None
    if one.trouble:
        text, language = sentence(say, one.trouble)
        trouble = ToldVerdict("", False, text, "", language)
    return ToldCall(one, tuple(_told(say, verdict) for verdict in one.verdicts), trouble)


def _told(say: Say, verdict: Verdict) -> ToldVerdict:
    key = f"operator.rule.{verdict.rule.replace(' ', '_')}"
    rule = say(key) if is_known(key) else verdict.rule
    text, language = sentence(say, verdict.text)
    return ToldVerdict(rule, verdict.allowed, text, verdict.article, language)


def sentence(say: Say, text: str) -> tuple[str, str]:
    """What a rule said, and the language of it: empty for the visitor's."""
    for pattern, name in _SENTENCES:
        found = re.fullmatch(pattern, text)
        if found is not None:
            values = dict(zip(_PLACES, found.groups(), strict=False))
            return say(f"operator.why.{name}", **values), ""
    # Lists of words of the agreement have no blanks but behind commas, and no language.
    is_list = re.fullmatch(r"[^ ]+(, [^ ]+)*", text) is not None
    return text, "" if is_list else "en"
