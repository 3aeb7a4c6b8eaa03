"""Calls as workers record them, seeded: some that look like misuse, and some that do not."""

import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, select

from kps_soap import identity_number
from kps_soap.agreements.keeping import CannotChange, Mover
from kps_soap.asked_counts import DayKeys
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.faults import Outcome
from kps_soap.misuse import tallies, thresholds
from kps_soap.misuse.alarms import Alarms
from kps_soap.misuse.observing import Observer
from kps_soap.misuse.rules import Suspicion, suspicions
from kps_soap.models import evidence

#: A Tuesday, noon in Istanbul.
NOON = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEY = bytes(range(32))
INSTITUTION, AGREEMENT, ACCOUNT = "B-34-0417", "2026/117", "KRM-34-0417"
SHIPPED = thresholds.load(Path(__file__).parents[2] / "conf" / "misuse.toml")

_numbers = itertools.count(1)


def number(stem: int) -> int:
    return identity_number.make(stem)


def scattered(count: int, seed: int = 1) -> list[int]:
    """People as an office meets them: anywhere in the number space."""
    random = Random(seed)
    return [number(random.randrange(100_000_000, 990_000_000)) for _ in range(count)]


def call(*persons: int, at: datetime = NOON, missing: int = 0, **changes: Any) -> Entry:
    """An answered call about persons, of whom the last ``missing`` were not found."""
    made = Entry(f"r{next(_numbers)}", at, "direct", Event.QUERY)
    values: dict[str, Any] = {
        "institution": INSTITUTION,
        "agreement": AGREEMENT,
        "account": ACCOUNT,
        "inquirer": "U-1",
        "source_address": "203.0.113.10",
        "persons": list(persons),
        "criterion_outcomes": [0] * (len(persons) - missing) + [Outcome.NOT_FOUND] * missing,
        **changes,
    }
    for name, value in values.items():
        setattr(made, name, value)
    return made


def each(persons: Iterable[int], **changes: Any) -> list[Entry]:
    return [call(person, **changes) for person in persons]


def put(
    engine: Engine,
    entries: Iterable[Entry],
    *,
    surnames: Mapping[tuple[str, str], str] | None = None,
    workers: int = 2,
) -> None:
    """What some workers saw of these calls in turn, written down."""
    observers = [Observer() for _ in range(workers)]
    for place, one in enumerate(entries):
        observers[place % workers].know_surnames(surnames or {})
        observers[place % workers].see(one)
    keys = DayKeys(engine.dialect, KEY, random_bytes=secrets.token_bytes)
    for place, observer in enumerate(observers):
        with engine.connect() as connection, writing(connection):
            tallies.write(connection, observer.drain(), worker=f"w{place}", key_of=keys.of)


def found(engine: Engine, now: datetime, limits: Any = SHIPPED) -> list[Suspicion]:
    with engine.connect() as connection, connection.begin():
        return suspicions(tallies.seen(connection, now=now), limits)


@dataclass
class FakeKeeper:
    """Where agreements are suspended."""

    suspended: list[tuple[str, Mover]] = field(default_factory=list)
    gone: bool = False

    def suspend(self, agreement: str, mover: Mover) -> None:
        if self.gone:
            raise CannotChange("gone")
        self.suspended.append((agreement, mover))


@dataclass
class House:
    """A database with evidence, a clock that tests set, and what writes findings."""

    engine: Engine
    present: datetime = NOON
    keeper: FakeKeeper = field(default_factory=FakeKeeper)

    def now(self) -> datetime:
        return self.present

    @contextmanager
    def recorder(self) -> Iterator[Recorder]:
        with recorder(
            self.engine,
            Keyring(FileKey.of(KEY)),
            worker="misuse",
            clock=self.now,
            random_bytes=secrets.token_bytes,
        ) as run:
            yield run

    @property
    def alarms(self) -> Alarms:
        keeper: Any = self.keeper
        return Alarms(self.engine, self.recorder, keeper, self.now, lambda: secrets.token_hex(8))

    def events(self) -> list[tuple[str, str]]:
        """Event and detail of every record but the ends of chains."""
        columns = evidence.c
        order = (columns.received_us, columns.chain_id, columns.sequence)
        with self.engine.connect() as connection:
            rows = connection.execute(select(columns.event, columns.detail).order_by(*order))
            ends = {Event.STARTED, Event.STOPPED}
            return [(row.event, row.detail) for row in rows if row.event not in ends]
