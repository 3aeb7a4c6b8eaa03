"""How fast the evidence is verified: ``python -m benchmarks --verify RECORDS``, alone in a run.

The records are written by the gateway's own chain, encrypted, with answers of 5.8 KB that are
packed into 1.4, as those of person queries are, and sealed by its own sealer; each row of the table
is the whole command ``kps audit verify``, with its start.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kps_soap.audit.chain import Chain
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring
from kps_soap.audit.packing import Dictionary
from kps_soap.audit.sources import DatabaseAddress
from kps_soap.audit.verification import Options, verify_source
from kps_soap.database import open_database, writing
from kps_soap.entry import Entry, Event

CHAINS = 5
GROUP = 200
#: What answers repeat, and an answer that has it.
OUTLINE = os.urandom(4_400)
QUESTION = os.urandom(800)
ANSWER = OUTLINE + os.urandom(1_400)
AGREEMENT = "0123456789abcdef" * 4

WAYS = {
    "links and seals": ("--chains-only",),
    "records in full": ("--without-keys",),
    "records in full, decrypted": (),
}


def measure(home: Path, records: int) -> int:
    """Fill the home's evidence, seal it, verify it in every way, print the table."""
    began = time.monotonic()
    fill(home, records)
    filled = time.monotonic()
    command(home, "seal")
    sealed = time.monotonic()
    print(
        f"{records} records in {CHAINS} chains, half of them in one; written in"
        f" {filled - began:.0f} s, sealed in {sealed - filled:.1f} s"
    )
    print(f"{'kps audit verify':30}{'processes':>10}{'seconds':>9}{'records/s':>11}"
          f"{'whole command s':>17}{'CPU s':>8}")  # fmt: skip
    for way, arguments in WAYS.items():
        for jobs in (1, len(os.sched_getaffinity(0))):
            before = spent()
            started = time.monotonic()
            report = command(home, "verify", "--json", "--jobs", str(jobs), *arguments)
            whole, cpu = time.monotonic() - started, spent() - before
            found = json.loads(report)
            if not found["ok"] or found["records"] < records:
                raise SystemExit("the evidence of the benchmark is not whole")
            rate = found["records"] / found["seconds"]
            print(f"{way:30}{jobs:10}{found['seconds']:9.2f}{rate:11,.0f}{whole:17.2f}{cpu:8.2f}")
    print_costs(home)
    return 0


def print_costs(home: Path) -> None:
    """The processor time of a record without the start of a command, which tells more than time
    does where others use the machine, and what it means for two idle processors.
    """
    address = DatabaseAddress(f"sqlite:///{home / 'gateway.db'}")
    keyring = Keyring(KeyFiles(home / "keys" / "evidence.key"))
    options = (Options(chains_only=True), Options(), Options(keyring=keyring))
    print(f"{'in this process':30}{'CPU µs a record':>19}{'records/s of 2 cores':>22}")
    for way, chosen in zip(WAYS, options, strict=True):
        started = time.process_time()
        report = verify_source(address, chosen)
        cost = (time.process_time() - started) / report.records
        print(f"{way:30}{cost * 1e6:19.1f}{2 / cost:22,.0f}")


def fill(home: Path, records: int) -> None:
    """So many records, every other group of them in the first chain."""
    keyring = Keyring(KeyFiles(home / "keys" / "evidence.key"))
    engine = open_database(f"sqlite:///{home / 'gateway.db'}", wait_seconds_max=60)
    now = datetime.now(UTC)
    with engine.connect() as connection:
        chains = [
            Chain(
                engine.dialect,
                keyring,
                worker=str(index),
                random_bytes=os.urandom,
                dictionary=Dictionary(OUTLINE),
            )
            for index in range(CHAINS)
        ]
        for chain in chains:
            chain.open(connection, now=now)
        for index, first in enumerate(range(0, records, GROUP)):
            chain = chains[0] if index % 2 else chains[1 + index // 2 % (CHAINS - 1)]
            group = chain.prepare(connection, list(entries(first, now)), now=now)
            with writing(connection):
                chain.append(connection, group)
            chain.confirm()
    engine.dispose()


def entries(first: int, now: datetime) -> Iterator[Entry]:
    """A group of records like those of a person query."""
    for number in range(first, first + GROUP):
        digest = f"{number:064x}"
        yield entry_of(now + timedelta(microseconds=number), digest[:32], digest, number)


def entry_of(now: datetime, request_id: str, digest: str, number: int = 1) -> Entry:
    """A record like that of a person query; ``digest`` stands for all of its digests."""
    return Entry(
        request_id, now, "direct", Event.QUERY,
        source_address="203.0.113.10", institution="B-34-0417", agreement="2026/117",
        agreement_digest=AGREEMENT, account="KRM-34-0417", vouched_by="tls+password",
        service="KisiSorgulaTCKimlikNoServis", operation="ListeleCoklu",
        version="2011/01/01", purpose="EMLAK_BEYAN", message_id=f"urn:uuid:{digest[:32]}",
        criterion_outcomes=[0], persons=[99_000_000_000 + int(digest[-12:], 16) % 50_000],
        returned_fields=("KisiBilgisi/TCKimlikNo",), withheld_digest=AGREEMENT, units=1,
        amount=300, receipt_number=f"20261121-B-34-0417-{number:08d}-00",
        question_digest=digest, answer_digest=digest, sent_digest=digest,
        question=QUESTION, answer=ANSWER, http_status=200, duration_us=1234,
    )  # fmt: skip


def command(home: Path, *words: str) -> str:
    """Run ``kps audit …`` and return what it prints."""
    whole = [sys.executable, "-m", "kps_soap", "audit", words[0], "--home", str(home), *words[1:]]
    return subprocess.run(whole, check=True, stdout=subprocess.PIPE, text=True).stdout


def spent() -> float:
    """Seconds of processor time of all children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
