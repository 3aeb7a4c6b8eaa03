"""The stages of one service: the one it has, those planned for a day, and the terms of a pilot.

    stage = "PILOT"                # KAPALI TEST PILOT ACIK ASKIDA
    planned = [{ stage = "ACIK", from = 2026-12-01 }]
    pilot = { inquirers = ["AYSE"], calls_per_day_max = 200, until = 2026-11-30 }

A planned stage begins at midnight Europe/Istanbul by itself, without a new load.  A pilot names
who may ask and how often a day (§5.6).  This module reads; what a call may do in a stage is
asked in ``scope``.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.agreement import Pilot
from kps_soap.agreements.problems import nearest, quoted
from kps_soap.agreements.reading import Table

INQUIRER_MAX = 64

#: A planned day and the stage that begins on it.
Planned = tuple[tuple[date, str], ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """What a file says of one service: its stage, the planned ones, and the pilot's terms."""

    stage: str
    planned: Planned
    pilot: Pilot | None = None

    def first_day_of(self, stage: str) -> date | None:
        """The first day of a stage: ``date.min`` where the file begins with it; None for never."""
        if self.stage == stage:
            return date.min
        return next((since for since, one in self.planned if one == stage), None)


def read_stages(
    table: Table,
    *,
    inquirers: Collection[str],
    calls_max: int,
    allowed: Sequence[str] = words.STAGES,
) -> Stages:
    """Read ``stage``, ``planned`` and ``pilot`` of a service's table strictly.

    ``inquirers`` are those that the agreement registers, empty where it registers none;
    ``calls_max`` bounds a pilot's calls a day.
    """
    stages = Stages(table.choice("stage", allowed), read_planned(table, allowed))
    if words.PILOT not in allowed:
        return stages
    begins = stages.first_day_of(words.PILOT)
    if not table.has("pilot"):
        if begins is not None:
            table.problem("pilot", "is missing: stage PILOT needs inquirers and calls_per_day_max")
        return stages
    if begins is None and stages.stage:
        table.problem("pilot", "neither stage nor planned says PILOT; leave this out")
    pilot = _pilot(table.table("pilot"), inquirers, calls_max)
    if begins and pilot.until and pilot.until < begins:
        table.problem("pilot", f"ends on {pilot.until}, before it begins ({begins})")
    return Stages(stages.stage, stages.planned, pilot)


def read_planned(table: Table, allowed: Sequence[str]) -> Planned:
    """The planned stages in the order of their days, which the file must keep too."""
    good: list[tuple[date, str]] = []
    for entry in table.tables("planned", required=False):
        stage, since = entry.choice("stage", allowed), entry.day("from")
        entry.finish()
        if since is None or not stage:
            continue
        if good and since <= good[-1][0]:
            entry.problem("from", f"{since} does not lie after the day before it ({good[-1][0]})")
        else:
            good.append((since, stage))
    return tuple(good)


def _pilot(table: Table, inquirers: Collection[str], calls_max: int) -> Pilot:
    named = table.texts("inquirers", longest=INQUIRER_MAX)
    for number, name in named.items():
        if inquirers and name not in inquirers:
            reason = f"{quoted(name)} is not one of access.inquirers"
            table.problem_at("inquirers", number, reason, nearest(name, inquirers))
    pilot = Pilot(
        inquirers=frozenset(named.values()),
        calls_per_day_max=table.integer("calls_per_day_max", 1, calls_max),
        until=table.day("until", required=False),
    )
    table.finish()
    return pilot
