"""Seal the records: make the next checkpoint when it is time, one of all gateways at a time.

Any worker may try.  A checkpoint's number is unique and its rows are one transaction that begins
by looking at the last number again, so of several sealers one wins and the others go on behind
it, and a sealer that is killed leaves nothing.  A checkpoint holds at most so many records as the
policy says; what is left is for the next one.  Hashes are read a few hundred at a time with a
pause between, so that a worker's answers do not wait for it.

Only records are sealed that are dense and link from what was sealed before; a chain where that
does not hold is left out and told to the log, for whoever seals it would vouch for it.

The sealer writes no record: it would have something to seal for ever.  It does not verify what
records say; ``verification`` does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from kps_soap.audit import merkle
from kps_soap.audit.checkpoints import Checkpoint, SealKey, Segment
from kps_soap.audit.heads import NEVER, Heads, SealedHead, brought_up, last_checkpoint
from kps_soap.audit.months import microseconds, moment_of
from kps_soap.database import writing
from kps_soap.models import checkpoint_heads, checkpoints, evidence, evidence_chains

log = logging.getLogger("kps.seals")

_HASHES_AT_A_TIME: Final = 400


@dataclass(frozen=True, slots=True)
class SealPolicy:
    """How many records a checkpoint holds at most, and how long records wait for one."""

    records_max: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SealClocks:
    """The time of day, a clock that never jumps (seconds), and what is done between two reads."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    pause: Callable[[], None]


class Sealer:
    """Makes checkpoints over one database.  It belongs to one thread at a time."""

    def __init__(
        self, engine: Engine, key: SealKey, *, policy: SealPolicy, clocks: SealClocks
    ) -> None:
        self._engine = engine
        self._key = key
        self._policy = policy
        self._clocks = clocks
        self._heads: Heads | None = None
        self._number_seen = -1
        self._seen_at = 0.0
        self._rest_until = 0.0
        self._refused: set[str] = set()

    def step(self) -> Checkpoint | None:
        """Seal once if it is time.

        Raises what the database raises, and ``SealRefused`` where its checkpoints are not whole.
        """
        if self._clocks.monotonic() < self._rest_until:
            return None
        with _reading(self._engine) as connection:
            if not self._due(connection):
                return None
        return self.seal()

    def seal(self) -> Checkpoint | None:
        """One checkpoint over what is unsealed; None where nothing is, or another was quicker.

        Raises as ``step`` does.
        """
        try:
            with _reading(self._engine) as connection:
                heads = self._heads = brought_up(connection, self._heads)
                segments = self._segments(connection, heads)
            if not segments:
                self._wait_again(heads.number)
                self._rest_until = self._seen_at + self._policy.seconds
                return None
            # From here on, what is in memory is ahead of what is stored.
            self._heads = None
            made = self._made(heads, segments)
            if not self._store(made, heads, segments):
                return None
        except BaseException:
            self._heads = None
            raise
        heads.number, heads.digest = made.number, made.digest
        self._heads = heads
        self._wait_again(made.number)
        return made

    def seal_all(self, *, seconds_max: float) -> int:
        """Seal until nothing is left, or until the time is over; returns the last number or 0."""
        end, number = self._clocks.monotonic() + seconds_max, 0
        while self._clocks.monotonic() < end:
            made = self.seal()
            if made is not None:
                number = made.number
            elif not self._overtaken():
                break
        return number

    def _overtaken(self) -> bool:
        """Is there still something to seal, because another sealer was quicker?"""
        return self._heads is None

    def _due(self, connection: Connection) -> bool:
        last = last_checkpoint(connection)
        number = 0 if last is None else last.number
        if number != self._number_seen:
            first_look = self._number_seen < 0
            self._wait_again(number)
            if first_look and last is not None:
                age = (self._clocks.now() - moment_of(last.taken_us)).total_seconds()
                self._seen_at -= max(0.0, age)
        written = connection.execute(_WRITTEN).scalar_one()
        unsealed = int(written) - (0 if last is None else last.records)
        waited = self._clocks.monotonic() - self._seen_at
        # Below zero, a chain was cut: the look at each of them will tell.
        return unsealed >= self._policy.records_max or (
            unsealed != 0 and waited >= self._policy.seconds
        )

    def _wait_again(self, number: int) -> None:
        self._number_seen = number
        self._seen_at = self._clocks.monotonic()

    def _segments(self, connection: Connection, heads: Heads) -> list[Segment]:
        """The next segment of every chain that moved, within the bounds, known chains first."""
        found: list[Segment] = []
        left, new = self._policy.records_max, 0
        rows = connection.execute(_CHAIN_HEADS).all()
        self._tell_of_lost(heads, {row.chain_id for row in rows})
        for chain_id, head_sequence, head_hash in sorted(
            rows, key=lambda row: (row.chain_id not in heads.chains, row.chain_id)
        ):
            sealed = heads.chains.get(chain_id, NEVER)
            if head_sequence == sealed.sequence or left <= 0:
                continue
            last = min(head_sequence, sealed.sequence + left)
            ends = None if last < head_sequence else bytes(head_hash)
            position, first = heads.expected(chain_id, new)
            walked = self._walked(connection, chain_id, sealed, last, ends)
            if walked is None:
                self._refuse(chain_id)
                continue
            found.append(Segment(heads.number + 1, chain_id, position, first, last, *walked))
            new += sealed is NEVER
            left -= last - sealed.sequence
        return found

    def _walked(
        self, connection: Connection, chain_id: str, sealed: SealedHead, last: int,
        ends: bytes | None,
    ) -> tuple[bytes, bytes] | None:  # fmt: skip
        """Hash of the last record and root of a segment; None where its records do not follow."""
        root, expected, previous = merkle.Root(), sealed.sequence + 1, sealed.hash
        while expected <= last:
            until = min(last, expected + _HASHES_AT_A_TIME - 1)
            here = evidence.c.sequence.between(expected, until)
            rows = connection.execute(_LINKS.where(evidence.c.chain_id == chain_id, here)).all()
            for sequence, previous_hash, whole in rows:
                if sequence != expected or previous_hash != previous:
                    return None
                root.add(whole)
                expected, previous = expected + 1, bytes(whole)
            if not rows or expected <= until:
                return None
            self._clocks.pause()
        if expected != last + 1 or (ends is not None and previous != ends):
            return None
        return previous, root.value()

    def _tell_of_lost(self, heads: Heads, present: set[str]) -> None:
        for chain_id in heads.chains.keys() - present:
            self._refuse(chain_id)

    def _refuse(self, chain_id: str) -> None:
        if chain_id not in self._refused:
            self._refused.add(chain_id)
            log.error("chain %s does not follow on what was sealed: kps audit verify", chain_id)

    def _made(self, heads: Heads, segments: list[Segment]) -> Checkpoint:
        heads.advance(segments)
        return self._key.signed(
            number=heads.number + 1,
            taken_us=microseconds(self._clocks.now()),
            previous_digest=heads.digest,
            heads_root=heads.root(),
            chains=len(heads.chains),
            records=heads.records,
        )

    def _store(self, made: Checkpoint, heads: Heads, segments: list[Segment]) -> bool:
        """Write a checkpoint; False where another sealer wrote one of its number."""
        row = {name: getattr(made, name) for name in made.__slots__}
        rows = [
            {
                **{name: getattr(one, name) for name in one.__slots__},
                "path": heads.path(one.position),
            }
            for one in segments
        ]
        with self._engine.connect() as connection:
            try:
                with writing(connection):
                    number = connection.execute(_LAST_NUMBER).scalar_one()
                    if (number or 0) != made.number - 1:
                        return False
                    connection.execute(insert(checkpoints).values(row))
                    connection.execute(insert(checkpoint_heads), rows)
            except IntegrityError:
                return False
        return True


_WRITTEN: Final = select(func.coalesce(func.sum(evidence_chains.c.head_sequence), 0))
_CHAIN_HEADS: Final = select(
    evidence_chains.c.chain_id, evidence_chains.c.head_sequence, evidence_chains.c.head_hash
)
_LINKS: Final = select(evidence.c.sequence, evidence.c.previous_hash, evidence.c.hash).order_by(
    evidence.c.sequence
)
_LAST_NUMBER: Final = select(func.max(checkpoints.c.number))


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """One moment of the database."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection
