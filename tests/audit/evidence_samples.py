"""Entries, opened evidence databases and writers for the tests of the evidence."""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, func, select, text

from kps_soap import database, models
from kps_soap.audit import records
from kps_soap.audit.chain import Chain
from kps_soap.audit.keys import FileKey, Keyring, MonthSecret
from kps_soap.audit.packing import Dictionary
from kps_soap.audit.receipts import ReceiptNumbers
from kps_soap.audit.records import Place
from kps_soap.audit.waiting import Clocks
from kps_soap.audit.writer import EvidenceWriter
from kps_soap.database import writing
from kps_soap.entry import Entry, Event

NOW = datetime(2026, 11, 21, 9, 30, 15, 123456, tzinfo=UTC)
PERSON = 99012345602
FILE_KEY = bytes(range(32))

#: What the sample's answer has in common with all others, and a dictionary of that.
NAMES = (
    ' xmlns="http://kps.nvi.gov.tr/2011/01/01" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
)
OUTLINE = f"<Soru><KimlikNo></KimlikNo></Soru><Yanıt{NAMES}><Ad></Ad></Yanıt>".encode()
DICTIONARY = Dictionary(OUTLINE)

_numbers = itertools.count(1)


def entry(**changes: Any) -> Entry:
    """An entry with something in every member; every call has another number and time."""
    number = next(_numbers)
    digest = sha256(str(number).encode()).hexdigest()
    made = Entry(
        request_id=digest[:32],
        received_at=NOW + timedelta(milliseconds=number),
        door="direct",
        event=Event.QUERY,
        source_address="203.0.113.10",
        institution="B-34-0417",
        agreement="2026/117",
        agreement_digest=digest,
        account="KRM-34-0417",
        inquirer="U-77",
        vouched_by="tls+password",
        service="KisiSorgulaTCKimlikNoServis",
        operation="ListeleCoklu",
        version="2011/01/01",
        purpose="EMLAK_BEYAN",
        case_number="E-2026-17",
        client_software="Örnek Belediye Yazılımı 4.2",
        message_id=f"urn:uuid:{digest[:32]}",
        criterion_outcomes=[0, 301],
        persons=[PERSON],
        returned_fields=("KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi/Ad"),
        withheld_digest=digest,
        units=2,
        amount=600,
        receipt_number=f"20261121-B-34-0417-{number:08d}-00",
        question_digest=digest,
        answer_digest=digest,
        sent_digest=digest,
        question=f"<Soru><KimlikNo>{PERSON}</KimlikNo></Soru>".encode(),
        answer=f"<Yanıt{NAMES}><Ad>Ayşe</Ad></Yanıt>".encode(),
        http_status=200,
        duration_us=1234,
        refusal="PurposeNotGranted",
        outcome=202,
        detail="purpose",
        on_behalf_of="B-34-0001",
        unit="Emlak",
        client_certificate=digest,
        token=f"_{digest[:32]}",
        bound_inquirer="U-78",
        records=1,
        repeats="0123456789abcdef:7",
        fee="SORGU:300",
    )
    return replace(made, **changes)


def sealed_alone(
    made: Entry, place: Place, *, secret: MonthSecret, salt: bytes, returned_digest: str = ""
) -> records.Sealed:
    """The record of an entry at a place, whole in itself."""
    draft = records.Draft(
        records.plain_values(made, returned_digest),
        [secret.person_digest(number) for number in made.persons],
        made.question,
        made.answer,
        secret,
        salt,
    )
    sealed = records.seal_group(
        [draft],
        chain_id=place.chain_id,
        sequence=place.sequence,
        previous_hash=place.previous_hash,
    )
    return sealed[0]


@dataclass
class Evidence:
    """An upgraded database with its engine and keys."""

    url: str
    engine: Engine
    keyring: Keyring

    def count(self, table: Any = models.evidence) -> int:
        with self.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    def rows(self, table: Any = models.evidence) -> Sequence[Any]:
        order = list(table.primary_key.columns)
        with self.engine.connect() as connection:
            return connection.execute(select(table).order_by(*order)).all()

    def run(self, statement: Any) -> None:
        with self.engine.connect() as connection, writing(connection):
            connection.execute(statement)

    def write(
        self,
        entries: Sequence[Entry],
        *,
        now: datetime = NOW,
        dictionary: Dictionary | None = DICTIONARY,
    ) -> str:
        """A chain with these entries behind its first record; returns its id."""
        chain = Chain(
            self.engine.dialect,
            self.keyring,
            worker="t",
            random_bytes=os.urandom,
            dictionary=dictionary,
        )
        with self.engine.connect() as connection:
            chain.open(connection, now=now)
            if entries:
                group = chain.prepare(connection, entries, now=now)
                with writing(connection):
                    chain.append(connection, group)
                chain.confirm()
        return chain.chain_id


def keyring() -> Keyring:
    return Keyring(FileKey.of(FILE_KEY))


def _give_up_locks(connection: Any, _record: Any, *, seconds: float) -> None:
    connection.execute(f"SET lock_timeout = {round(seconds * 1000)}")
    connection.commit()


@contextmanager
def opened(url: str, *, lock_seconds_max: float = 5) -> Iterator[Evidence]:
    """The evidence in a database; a SQLite file that does not exist is made.

    Only a lock is given up soon: on a busy machine a statement may take as long as it likes.
    """
    if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:///")).exists():
        database.upgrade(url)
    sqlite = url.startswith("sqlite:")
    engine = database.open_database(url, wait_seconds_max=lock_seconds_max if sqlite else 60)
    if not sqlite:
        event.listen(engine, "connect", partial(_give_up_locks, seconds=lock_seconds_max))
    try:
        yield Evidence(url, engine, keyring())
    finally:
        engine.dispose()


def writer_of(evidence: Evidence, **changes: Any) -> EvidenceWriter:
    """A writer that is not started."""
    options: dict[str, Any] = {
        "worker": "0",
        "receipts": ReceiptNumbers(block_size=100),
        "clocks": Clocks(now=lambda: NOW, monotonic=time.monotonic),
        "random_bytes": os.urandom,
        "deadline_seconds": 10,
        "waiting_max": 1_000,
        "probe_seconds": 0.05,
        "dictionary": Dictionary(OUTLINE),
    }
    return EvidenceWriter(evidence.engine, evidence.keyring, **{**options, **changes})


@asynccontextmanager
async def writing_to(evidence: Evidence, **changes: Any) -> AsyncIterator[EvidenceWriter]:
    """A started writer."""
    writer = writer_of(evidence, **changes)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.close()


class Ahead:
    """A clock for deadlines that a test may put forward."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def put_forward(self, seconds: float) -> None:
        self._seconds += seconds

    def __call__(self) -> float:
        return time.monotonic() + self._seconds


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true; the test fails by its own time-out otherwise."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody else can write evidence inside."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE evidence, writer_probes IN EXCLUSIVE MODE"))
        else:
            connection.execute(text("BEGIN IMMEDIATE"))
        yield
        connection.rollback()
    engine.dispose()
