"""What the rules of misuse found, in the visitor's language.

The list of rules is closed, and each has one sentence; its counts stand in the English one that a
finding keeps.  A sentence that is not known here is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kps_soap.console.texts import is_known
from kps_soap.console.visit import Visit
from kps_soap.misuse.rules import TEXTS, Rule

#: How a call that met a protected person ended.
_ENDED: Final = ("answered", "refused")
#: How many counts a rule's sentence holds, where there is more than one.
_COUNTS: Final = {
    Rule.SEQUENTIAL.value: 2,
    Rule.NOT_FOUND.value: 2,
    Rule.OWN_SURNAME.value: 2,
    Rule.SUDDEN_GROWTH.value: 2,
}


def summary_text(visit: Visit, rule: str, summary: str) -> str:
    """What a rule found."""
    key, counts = f"operator.found.{rule}", re.findall(r"\d+", summary)
    if rule == Rule.PROTECTED.value:
        key += next((f".{word}" for word in _ENDED if summary.endswith(word)), "")
    if visit.language == "en" or not is_known(key) or len(counts) < _COUNTS.get(rule, 1):
        return summary
    return visit.t(key, **dict(zip("ab", counts, strict=False)))


def reasons_of(visit: Visit) -> Callable[[str], str]:
    """Says the reason of an act: that of a rule, which acts by itself, has words of its own."""

    def told(reason: str) -> str:
        rule, parted, summary = reason.partition(": ")
        if not parted or rule not in {one.value for one in Rule}:
            return reason
        return f"{rule_text(visit, rule)}: {summary_text(visit, rule, summary)}"

    return told


def rule_text(visit: Visit, name: str) -> str:
    """A rule's name for people."""
    try:
        text = TEXTS[Rule(name)]
    except ValueError:
        return name
    return text.en if visit.language == "en" else text.tr
