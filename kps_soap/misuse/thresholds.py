"""The numbers of the rules: data that an operator changes, read strictly from ``misuse.toml``.

This module knows which numbers each rule has and between which bounds they make sense; it finds
nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sources import parsed_file
from kps_soap.misuse.rules import Rule, Threshold

#: What the gateway may do by itself about a finding.
NOTHING: Final = "YOK"
SUSPEND: Final = "ASKI"
BLOCK: Final = "BLOKE"
ACTS: Final = (NOTHING, SUSPEND, BLOCK)

_PERCENT: Final = (1, 100)
_COUNT: Final = (1, 1_000_000_000)
_HOUR: Final = (0, 23)

#: The numbers of each rule, with the least and the most that they may be.
NUMBERS: Final[Mapping[Rule, Mapping[str, tuple[int, int]]]] = {
    Rule.SEQUENTIAL: {
        "window_minutes": (10, 1440),
        "criteria_min": _COUNT,
        "share_percent": _PERCENT,
    },
    Rule.NOT_FOUND: {"criteria_min": _COUNT, "share_percent": _PERCENT},
    Rule.SHARED_SUBJECT: {"inquirers_max": _COUNT},
    Rule.OWN_SURNAME: {"calls_min": _COUNT, "share_percent": _PERCENT},
    Rule.OFF_HOURS: {"calls_min": _COUNT, "night_begins": _HOUR, "night_ends": _HOUR},
    Rule.TWO_ADDRESSES: {"addresses_max": (1, 1000)},
    Rule.SUDDEN_GROWTH: {"calls_min": _COUNT, "times": (2, 10_000), "days_min": (1, 28)},
    Rule.PROTECTED: {},
}

Thresholds = Mapping[Rule, Threshold]


def load(path: Path) -> Thresholds:
    """Read the table strictly; raises ``AgreementErrors`` with every error of the file."""
    top, findings = parsed_file(path)
    read = {rule: _read(top.table(rule.value), rule) for rule in Rule}
    top.finish()
    if problems := findings.problems():
        raise AgreementErrors(problems)
    return read


def _read(table: Table, rule: Rule) -> Threshold:
    numbers = {
        name: table.integer(name, least, most) for name, (least, most) in NUMBERS[rule].items()
    }
    threshold = Threshold(
        enabled=table.flag("enabled", default=True),
        act=table.choice("act", ACTS),
        exempt=frozenset(_exempt(table)),
        numbers=numbers,
        weekends=rule is Rule.OFF_HOURS and table.flag("weekends", default=True),
    )
    table.text("source")
    table.finish()
    return threshold


def _exempt(table: Table) -> tuple[str, ...]:
    """Institutions or accounts; the array may be empty."""
    if not table.values.get("exempt"):
        table.has("exempt")
        return ()
    return tuple(table.texts("exempt", required=False).values())
