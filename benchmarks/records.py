"""What a record costs, and how long a request waits for it: ``python -m benchmarks --records``.

Costs are of one worker's writer of evidence in this process, with everything that the gateway
does for a record: indexes, messages packed and encrypted, hashes, the durable commit, the log
copied back, and with dead objects searched for as it does it.  The messages are those of person
queries that the same home answered before.  Costs are processor time of the whole process, which
other programs on the machine disturb least; PostgreSQL's own processes are not in them.

Waits are wall time, of the whole line of one worker, HTTP left out: person queries that come at
random, at 80 % of those that it answers when it is never idle.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.temporary_postgresql import temporary_postgresql
from benchmarks.verification import entry_of
from benchmarks.waits import LOAD, copy_accounts, measure_waits, messages_of
from kps_soap import database
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring
from kps_soap.audit.packing import Dictionary
from kps_soap.audit.receipts import ReceiptNumbers
from kps_soap.audit.writer import Clocks, EvidenceWriter
from kps_soap.configured import load_signers
from kps_soap.contracts.catalogue import compile_all
from kps_soap.entry import Entry
from kps_soap.outline import outline_of_answers
from kps_soap.readiness import new_request_id
from kps_soap.serving import without_pauses
from kps_soap.settings import read

GROUP = 50
GROUPS_A_ROUND = 20
ROUNDS = 7


def measure_records(new_home: Callable[[str], Path]) -> None:
    """Measure SQLite, and PostgreSQL where it is installed, in a home each; print the table."""
    print(f"\nA record in groups of {GROUP}, and its wait at {LOAD:.0%} of one worker's load")
    print(f"{'':12}{'CPU µs':>9}{'least':>9}{'busy req/s':>12}{'p50 ms':>9}{'p99 ms':>9}"
          f"{'answer p99':>12}")  # fmt: skip
    with temporary_postgresql() as server:
        for name, url in {"SQLite": "", "PostgreSQL": server}.items():
            home = new_home(name)
            if name == "SQLite":
                url = f"sqlite:///{home / 'gateway.db'}"
            elif not url:
                print("PostgreSQL is not installed here")
                return
            else:
                database.upgrade(url)
                copy_accounts(home, url)
            rounds = asyncio.run(_costs(home, url))
            waits = asyncio.run(measure_waits(home, url))
            print(
                f"{name:12}{statistics.median(rounds):9.1f}{min(rounds):9.1f}"
                f"{waits.busy_per_second:12,.0f}{waits.p50_ms:9.2f}{waits.p99_ms:9.2f}"
                f"{waits.answers_p99_ms:12.2f}"
            )


async def _costs(home: Path, url: str) -> list[float]:
    messages = itertools.cycle(await messages_of(home, url))
    async with _writer(home, url) as writer:
        await _cost(writer, messages)
        with without_pauses():
            return [await _cost(writer, messages) for _ in range(ROUNDS)]


@asynccontextmanager
async def _writer(home: Path, url: str) -> AsyncIterator[EvidenceWriter]:
    engine = database.open_database(url, wait_seconds_max=10)
    signers = load_signers(read(home, os.environ, command_line={}))
    writer = EvidenceWriter(
        engine,
        Keyring(KeyFiles(home / "keys" / "evidence.key")),
        worker="bench",
        receipts=ReceiptNumbers(block_size=1_000),
        clocks=Clocks(now=lambda: datetime.now(UTC), monotonic=time.monotonic),
        random_bytes=os.urandom,
        deadline_seconds=10,
        waiting_max=1_000,
        dictionary=Dictionary(outline_of_answers(compile_all(), signers)),
    )
    await writer.start()
    try:
        yield writer
    finally:
        await writer.close()
        engine.dispose()


async def _cost(writer: EvidenceWriter, messages: Iterator[tuple[bytes, bytes]]) -> float:
    """Mean CPU µs of a record; the measurement's own tasks are taken off."""
    spent = 0
    for _ in range(GROUPS_A_ROUND):
        group = _entries(GROUP, messages)
        started = time.process_time_ns()
        await asyncio.gather(*(writer.record(one) for one in group))
        done = time.process_time_ns()
        await asyncio.gather(*(asyncio.sleep(0) for _ in group))
        spent += done - started - (time.process_time_ns() - done)
    return spent / GROUPS_A_ROUND / GROUP / 1000


def _entries(count: int, messages: Iterator[tuple[bytes, bytes]]) -> list[Entry]:
    now = datetime.now(UTC)
    return [
        replace(
            entry_of(now, new_request_id(), os.urandom(32).hex()), question=question, answer=answer
        )
        for question, answer in itertools.islice(messages, count)
    ]
