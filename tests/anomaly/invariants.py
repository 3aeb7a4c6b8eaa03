"""What must hold after every round, whatever happened in it: one checker, six invariants.

I1  every acknowledged answer has exactly one record, with the digest of its bytes
I2  records that nobody acknowledged are no more than were in flight at the disturbance
I3  the chains verify; their sequences have no gap and no repeat
I4  no answer left before its record was durable (samples, looked up the moment they came)
I5  units are distinct MessageIDs with a result; a repetition adds none and says the same
I6  files, threads and memory are back where they were

The checker reads the ledger and the records; it starts and stops nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

#: Answers that nobody keeps a record of: no record is why there is no answer.
_WITHOUT_RECORD = frozenset({"busy", "trouble"})

#: A new process has read less into its memory than one that has answered for a while.
_MEMORY_SLACK = 24 << 20


@dataclass(frozen=True)
class Row:
    """A record, as far as the invariants need it."""

    chain: str
    sequence: int
    event: str
    request: str
    message: str
    sent: str
    body: str
    units: int


@dataclass(frozen=True)
class Books:
    """The ledger of a caller: how often each message was sent, and what came back."""

    sent: Counter[str]
    answers: Sequence[tuple[str, str, str, str]]

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Books:
        sent, answers = Counter[str](), list[tuple[str, str, str, str]]()
        for path in paths:
            for line in path.read_text(encoding="ascii").splitlines():
                words = line.split()
                if words[0] == "S" and len(words) == 3:
                    sent[words[1]] += 1
                elif words[0] == "A" and len(words) == 6:
                    answers.append((words[1], words[2], words[3], words[4]))
        return cls(sent, answers)


def rows_of(url: str) -> list[Row]:
    """All records of a gateway's database."""
    statement = text(
        "SELECT chain_id, sequence, event, request_id, message_id, sent_digest, answer_digest,"
        " units FROM evidence ORDER BY chain_id, sequence"
    )
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(statement).all()
    finally:
        engine.dispose()
    return [Row(row[0], row[1], *[one or "" for one in row[2:7]], row[7] or 0) for row in found]


def check(books: Books, rows: Sequence[Row], *, in_flight: int) -> list[str]:
    """I1, I2, I3 (sequences) and I5 over a ledger and the records; empty when all hold."""
    return [
        *_i1(books, rows),
        *_i2(books, rows, in_flight),
        *_i3(rows),
        *_i5(books, rows),
    ]


def _i1(books: Books, rows: Sequence[Row]) -> Iterable[str]:
    by_request: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_request[row.request].append(row)
    for message, kind, request, digest in books.answers:
        found = by_request.get(request, [])
        if not found:
            if kind not in _WITHOUT_RECORD:
                yield f"I1 missing: the {kind} answer to {message} has no record"
        elif len(found) > 1:
            yield f"I1 double: the answer to {message} has {len(found)} records"
        elif kind in _WITHOUT_RECORD and not found[0].sent:
            continue
        elif found[0].sent != digest:
            if kind == "trouble":
                # Its record came too late for the answer, which nobody has seen: that is I2's.
                continue
            yield f"I1 different: the answer to {message} is on record with another digest"


def _i2(books: Books, rows: Sequence[Row], in_flight: int) -> Iterable[str]:
    heard = {request for _, kind, request, _ in books.answers if kind not in _WITHOUT_RECORD}
    told = {request for _, kind, request, _ in books.answers if kind in _WITHOUT_RECORD}
    unheard = [
        row
        for row in rows
        if row.message in books.sent and row.units and row.request not in heard | told
    ]
    if len(unheard) > in_flight:
        yield f"I2: {len(unheard)} records that nobody heard of, {in_flight} were in flight"


def _i3(rows: Sequence[Row]) -> Iterable[str]:
    chains: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        chains[row.chain].append(row.sequence)
    for chain, sequences in chains.items():
        if sorted(sequences) != list(range(min(sequences), min(sequences) + len(sequences))):
            yield f"I3: the sequence of chain {chain} has a gap or a repeat"


def _i5(books: Books, rows: Sequence[Row]) -> Iterable[str]:
    asked: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.message in books.sent and row.event in ("SORGU", "TEKRAR"):
            asked[row.message].append(row)
    for message, found in asked.items():
        units = sum(row.units for row in found)
        if units != 1:
            yield f"I5: {message} cost {units} units"
        if len({row.body for row in found}) != 1:
            yield f"I5: {message} was answered in two ways"
        if sum(1 for row in found if row.event == "SORGU") != 1:
            yield f"I5: {message} was asked of the register as new more than once"


@dataclass(frozen=True)
class Held:
    """What a gateway's processes hold: I6 compares two of these."""

    processes: int
    files: int
    threads: int
    memory: int

    @classmethod
    def by(cls, processes: Iterable[int]) -> Held:
        count = files = threads = memory = 0
        for process in processes:
            try:
                files += len(list(Path(f"/proc/{process}/fd").iterdir()))
                status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
            except OSError:
                continue
            said = dict(line.partition(":")[::2] for line in status.splitlines())
            count += 1
            threads += int(said["Threads"])
            memory += int(said["VmRSS"].split()[0]) << 10
        return cls(count, files, threads, memory)

    def back_to(self, before: Held) -> list[str]:
        """I6 within 10 %; a handful of files and threads more is a pool that has filled."""
        found = []
        if self.processes != before.processes:
            found.append(f"I6: {self.processes} processes, {before.processes} before")
        for name, slack in (("files", 8), ("threads", 6), ("memory", _MEMORY_SLACK)):
            now, then = getattr(self, name), getattr(before, name)
            if now > then * 1.1 + slack * before.processes:
                found.append(f"I6: {name} {now}, {then} before")
        return found


def digest_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """One digest over rows, to tell whether they have stayed what they were."""
    sha = hashlib.sha256()
    for row in rows:
        sha.update(repr(sorted(row.items(), key=lambda pair: pair[0])).encode())
    return sha.hexdigest()
