"""A gateway's database, a directory of agreement files, and clocks that the tests set."""

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from agreement_samples import CATALOGUE, RIGHTS
from sqlalchemy import select

from kps_soap import database
from kps_soap.agreements import Caps, Rules
from kps_soap.agreements.book import AgreementBook
from kps_soap.agreements.keeping import AgreementKeeper, Mover
from kps_soap.agreements.leases import Clocks
from kps_soap.agreements.loading import SERVED_DOORS, SERVED_PROFILES, SERVED_RELATIONS, Compiler
from kps_soap.agreements.store import Version
from kps_soap.agreements.watching import DirectoryWatch, load_directory
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.audit.search import open_record
from kps_soap.models import evidence

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MOVER = Mover("ayse", "deneme", "E-2026/55")
FILE_KEY = bytes(range(32))

_CLOCK = itertools.count()


class HandClock:
    """Both clocks of a process; sleeping lets them go on."""

    def __init__(self) -> None:
        self.present = START
        self.ticks = 1000.0
        self.naps = 0

    def now(self) -> datetime:
        return self.present

    def monotonic(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.present += timedelta(seconds=seconds)
        self.ticks += seconds

    def turn_to(self, day: date) -> None:
        """Noon of a day, Istanbul time."""
        self.present = datetime(day.year, day.month, day.day, 9, 0, tzinfo=UTC)

    def clocks(self) -> Clocks:
        return Clocks(self.now, self.monotonic, self.sleep)


class Office:
    """One database and one directory, as one or several gateways share them."""

    def __init__(self, url: str, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.clock = HandClock()
        self.engine = database.open_database(url, wait_seconds_max=5)
        self.keeper = self.new_keeper()
        self.watch = self.new_watch(self.keeper)

    def close(self) -> None:
        self.engine.dispose()

    def new_keeper(self) -> AgreementKeeper:
        rules = Rules(
            catalogue=CATALOGUE,
            address_rights=RIGHTS,
            today=START.date(),
            served_doors=SERVED_DOORS,
            served_profiles=SERVED_PROFILES,
            served_relations=SERVED_RELATIONS,
            caps=Caps(),
        )
        return AgreementKeeper(
            self.engine,
            Compiler(rules),
            self.recorder,
            clock=self.clock.now,
            new_id=lambda: f"{next(_CLOCK):032x}",
            shown_in=self.directory,
        )

    def new_watch(
        self, keeper: AgreementKeeper, machine: str = "bir", directory: Path | None = None
    ) -> DirectoryWatch:
        return DirectoryWatch(
            directory or self.directory, keeper, machine=machine, clock=self.clock.now
        )

    @contextmanager
    def recorder(self) -> Iterator[Recorder]:
        """A chain; what comes after it is a millisecond later, so that events have an order."""
        with recorder(
            self.engine,
            Keyring(FileKey.of(FILE_KEY)),
            worker="test",
            clock=self.clock.now,
            random_bytes=os.urandom,
        ) as run:
            yield run
        self.clock.advance(0.001)

    def book(
        self, worker: str = "0", *, leads: bool = True, machine: str = "bir", opened: bool = True
    ) -> AgreementBook:
        """A worker's book, opened."""
        keeper = self.new_keeper()
        book = AgreementBook(
            keeper,
            self.new_watch(keeper, machine),
            name=(f"{machine}:1", worker),
            clocks=self.clock.clocks(),
            watch_seconds=1,
            leads=leads,
        )
        if opened:
            book.open()
        return book

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, each with a time of change that differs however fast the test is."""
        for name, text in files.items():
            path = self.directory / name
            path.write_text(text, encoding="utf-8")
            moment = 1_700_000_000 + next(_CLOCK)
            os.utime(path, (moment, moment))

    def load(self, files: Mapping[str, str] | None = None, mover: Mover = MOVER) -> Version:
        """Write files and put the directory in force, as the command does."""
        self.write(files or {})
        return load_directory(self.keeper, self.watch, mover)

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The records with these events, oldest first: their columns, and what they say."""
        found = []
        with self.engine.connect() as connection, connection.begin():
            keyring = Keyring(FileKey.of(FILE_KEY))
            places = select(evidence.c.chain_id, evidence.c.sequence, evidence.c.event)
            order = (evidence.c.received_us, evidence.c.chain_id, evidence.c.sequence)
            for row in connection.execute(places.order_by(*order)).all():
                if row.event not in names:
                    continue
                shown = open_record(connection, keyring, row.chain_id, row.sequence)
                said = json.loads(shown.question or b"{}")
                found.append({**shown.found.columns, **said})
        return found
