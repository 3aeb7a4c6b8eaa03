"""What watches over quotas and misuse in one worker, put together from the settings.

It stands around two stages of the line and in the transactions of the evidence, and looks at what
was seen beside them; each part says for itself what it does.  This room decides nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from kps_soap import identity_number, places
from kps_soap.agreements.keeping import AgreementKeeper
from kps_soap.asked_counts import AskedCounts, DayKeys
from kps_soap.asked_persons import AskedPersons
from kps_soap.audit.alongside import Beside
from kps_soap.audit.keys import read_key_file
from kps_soap.configured import recorder_of, utc_now
from kps_soap.entry import Entry
from kps_soap.lookups import Lookups
from kps_soap.misuse import protected, thresholds
from kps_soap.misuse.alarms import Alarms
from kps_soap.misuse.observing import Observer
from kps_soap.misuse.protected import Protected, ProtectedAlarms
from kps_soap.misuse.rules import Rule
from kps_soap.misuse.watching import Watching
from kps_soap.people import reminders
from kps_soap.repetitions import RepetitionKeys
from kps_soap.roster_deposits import RosterCounts
from kps_soap.rosters import Rosters, Trials
from kps_soap.settings import Settings
from kps_soap.signed_requests.presented import PresentedOnRecord

Record = Callable[[Entry], Awaitable[None]]
Stage = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Safeguards:
    """One worker's quotas of the day, protected persons, trials of rosters, eyes for misuse."""

    asked: AskedPersons
    protected: Protected
    trials: Trials
    observer: Observer
    repetitions: RepetitionKeys
    besides: Sequence[Beside]

    def around(self, stage: Stage) -> Stage:
        """The criteria stage, and whatever may refuse a call behind it."""
        asked = self.asked.after(self.protected.after(self.trials.after(stage)))
        return self.repetitions.after(asked)

    def recorded_by(self, record: Record) -> Record:
        """``record``, with every call told to whoever counts it."""
        kept = self.protected.recorded_by(self.asked.recorded_by(record))

        async def recorded(entry: Entry) -> None:
            await kept(entry)
            self.observer.see(entry)

        return recorded


def safeguards_of(
    settings: Settings, lookups: Lookups, engine: Engine, name: tuple[str, str]
) -> Safeguards:
    """What the settings name.  ``name`` are the gateway and the worker, as leases have them."""
    key = read_key_file(settings.person_key_file)
    rules = load_thresholds(settings)
    rosters = Rosters(
        lookups, lambda number: identity_number.digest(number, key=key, context="roster")
    )
    counts = AskedCounts(
        engine.dialect, key, worker=worker_name(name), random_bytes=secrets.token_bytes
    )
    repetitions = RepetitionKeys(engine.dialect, seconds_max=settings.repetition_seconds_max)
    return Safeguards(
        AskedPersons(lookups, key),
        Protected(
            lookups,
            lambda number: identity_number.digest(number, key=key, context=protected.CONTEXT),
            monotonic=time.monotonic,
            enabled=rules[Rule.PROTECTED].enabled,
        ),
        Trials(lookups, rosters, monotonic=time.monotonic),
        Observer(),
        repetitions,
        # What undoes the transaction comes first: then nothing is counted.
        (
            PresentedOnRecord(engine.dialect),
            repetitions,
            counts,
            ProtectedAlarms(random_bytes=secrets.token_bytes),
            RosterCounts(engine.dialect, worker=worker_name(name)),
        ),
    )


def watching_of(
    settings: Settings,
    engine: Engine,
    keeper: AgreementKeeper,
    observer: Observer,
    name: tuple[str, str],
) -> Watching:
    """What looks for misuse in time."""
    key = read_key_file(settings.person_key_file)
    return Watching(
        engine,
        observer,
        alarms_of(settings, engine, keeper),
        thresholds=load_thresholds(settings),
        keys=DayKeys(engine.dialect, key, random_bytes=secrets.token_bytes),
        worker=worker_name(name),
        clock=utc_now,
        besides=lambda: remind(settings, engine, keeper),
    )


def remind(settings: Settings, engine: Engine, keeper: AgreementKeeper) -> int:
    """Say once what of people's and accounts' access ends soon; returns how much was said."""
    version = keeper.newest()
    if version is None:
        return 0
    return reminders.note_due(
        engine,
        lambda: recorder_of(settings, engine, worker="reminders"),
        lambda: keeper.compiled(version),
        own_days=settings.password_days_max,
        now=utc_now(),
        new_id=lambda: secrets.token_hex(8),
    )


def alarms_of(settings: Settings, engine: Engine, keeper: AgreementKeeper) -> Alarms:
    """What writes findings, on record."""
    return Alarms(
        engine,
        lambda: recorder_of(settings, engine, worker="misuse"),
        keeper,
        utc_now,
        lambda: secrets.token_hex(8),
    )


def load_thresholds(settings: Settings) -> thresholds.Thresholds:
    """The numbers of the rules; raises ``AgreementErrors``."""
    return thresholds.load(settings.misuse_file or places.conf() / "misuse.toml")


def worker_name(name: tuple[str, str]) -> str:
    """How a worker's own rows are named among all that share the database."""
    return ":".join(name)
