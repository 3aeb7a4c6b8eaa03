"""A gateway's database with an agreement in force, for the operator's view models."""

import itertools
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from kps_soap import database, identity_number, places, settings
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.keeping import AgreementKeeper, Mover
from kps_soap.agreements.store import Version
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.configured import agreement_compiler
from kps_soap.contracts.catalogue import compile_all
from kps_soap.entry import Entry, Event

NOW = datetime(2026, 11, 22, 9, 0, 30, tzinfo=UTC)
TODAY = NOW.date()
MOVER = Mover("ayse", "deneme", "E-2026/55")
TOWN = "ornek-ilce-belediyesi.toml"
BANK = "ornek-banka.toml"
SERVICE, VERSION = "KisiSorgulaTCKimlikNoServis", "2011/01/01"
PERSON = identity_number.make_disjoint(990_123_456)

_numbers = itertools.count(1)


def example(name: str) -> str:
    """The text of an example agreement."""
    return (places.conf() / "agreements" / name).read_text(encoding="utf-8")


class Desk:
    """One database, the sets in it, and a clock that the tests set."""

    def __init__(self, home: Path, *, upgraded: Path | None = None, url: str = "") -> None:
        home.mkdir()
        if upgraded is not None:
            shutil.copy(upgraded, home / "gateway.db")
        (home / "kps.toml").write_text(settings.render({}), encoding="utf-8")
        chosen = settings.read(home, {})
        self.present = NOW
        self.keyring = Keyring(FileKey.of(bytes(range(32))))
        self.engine = database.open_database(url or chosen.gateway_url, wait_seconds_max=5)
        self.keeper = AgreementKeeper(
            self.engine,
            agreement_compiler(chosen, compile_all()),
            self.recorder,
            clock=lambda: self.present,
            new_id=lambda: secrets.token_hex(16),
            shown_in=home,
        )

    @contextmanager
    def recorder(self) -> Iterator[Recorder]:
        with recorder(
            self.engine,
            self.keyring,
            worker="test",
            clock=lambda: self.present,
            random_bytes=os.urandom,
        ) as run:
            yield run

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def load(self, files: dict[str, str], mover: Mover = MOVER) -> Version:
        """Put these files in force, a minute after whatever came before."""
        self.present += timedelta(minutes=1)
        contents = {name: text.encode() for name, text in files.items()}
        loaded = self.keeper.compiler.compile(contents, today=TODAY, shown_in=Path())
        return self.keeper.load(contents, loaded, mover)

    def in_force(self) -> AgreementSet:
        version = self.keeper.newest()
        assert version is not None
        return self.keeper.compiled(version)

    def write(self, *entries: Entry) -> None:
        """Records behind each other, in one transaction."""
        with self.recorder() as run:
            run.together(entries[0], lambda _connection, _place: None, also=entries[1:])


def call(seconds_ago: float = 10, **changes: Any) -> Entry:
    """A call of the town that was answered."""
    given: dict[str, Any] = {
        "request_id": f"{next(_numbers):032x}",
        "received_at": NOW - timedelta(seconds=seconds_ago),
        "door": "direct",
        "event": Event.QUERY,
        "source_address": "203.0.113.10",
        "institution": "B-34-0417",
        "agreement": "2026/117",
        "account": "KRM-34-0417",
        "service": SERVICE,
        "version": VERSION,
        "persons": [PERSON],
        "units": 1,
        "records": 1,
        "amount": 300,
        "fee": "SORGU:300",
        "duration_us": 1_500,
        "question": b"<Soru/>",
        "answer": b"<Yanit/>",
    }
    return Entry(**{**given, **changes})


def refused(reason: str, seconds_ago: float = 10, **changes: Any) -> Entry:
    """A call that was refused."""
    none: dict[str, Any] = {"event": Event.REFUSAL, "refusal": reason, "units": 0, "records": 0}
    return call(seconds_ago, **{**none, "amount": None, "fee": "", **changes})


def only(found: Sequence[Any]) -> Any:
    (one,) = found
    return one
