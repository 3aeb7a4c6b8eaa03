"""The heads of all chains as the checkpoints left them: the tree that the next one continues.

The same steps serve who makes checkpoints and who checks them.  A chain keeps its position for
ever and only what moved changes, so a step costs some hashes for every chain that moved, however
many chains there are.

This module reads what is stored and computes; it judges nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from kps_soap.audit import merkle
from kps_soap.audit.checkpoints import (
    NO_DIGEST,
    Checkpoint,
    SealRefused,
    Segment,
    check_digest,
    resting_leaf,
)
from kps_soap.audit.records import NO_HASH
from kps_soap.models import checkpoint_heads, checkpoints

#: More checkpoints than these are not followed one by one: all is read again.
_FOLLOWED_MAX: Final = 100

#: A checkpoint as it was signed.
CHECKPOINT_COLUMNS: Final = [
    column for column in checkpoints.columns if column.name != "timestamp_token"
]
_SEGMENT_COLUMNS: Final = [column for column in checkpoint_heads.columns if column.name != "path"]


@dataclass(frozen=True, slots=True)
class SealedHead:
    """Where a chain was when it was last sealed."""

    position: int
    sequence: int
    hash: bytes


#: Where a chain is that was never sealed.
NEVER: Final = SealedHead(-1, 0, NO_HASH)


class Heads:
    """The tree over all chains that were sealed, as of one checkpoint."""

    def __init__(self, number: int = 0, digest: bytes = NO_DIGEST) -> None:
        self.number = number
        self.digest = digest
        self.chains: dict[str, SealedHead] = {}
        #: How many records all checkpoints together sealed.
        self.records = 0
        self._tree = merkle.Tree()
        self._moved: list[str] = []

    @classmethod
    def resting(cls, number: int, digest: bytes, chains: Mapping[str, SealedHead]) -> Heads:
        """All heads as of a checkpoint, to go on from; its own root cannot be computed.

        Raises ``SealRefused`` where the positions are not 0, 1, 2, … .
        """
        return cls._of(number, digest, chains, ())

    @classmethod
    def _of(
        cls,
        number: int,
        digest: bytes,
        chains: Mapping[str, SealedHead],
        moved: Iterable[Segment],
    ) -> Heads:
        heads = cls(number, digest)
        placed = sorted(chains.items(), key=lambda item: item[1].position)
        if [head.position for _, head in placed] != list(range(len(placed))):
            raise SealRefused("the sealed chains do not stand one behind the other")
        heads.chains = dict(placed)
        heads.records = sum(head.sequence for _, head in placed)
        leaves = [resting_leaf(name, head.sequence, head.hash) for name, head in placed]
        for segment in moved:
            leaves[segment.position] = segment.leaf()
            heads._moved.append(segment.chain_id)
        heads._tree = merkle.Tree(leaves)
        return heads

    def root(self) -> bytes:
        """The root over all chains."""
        return self._tree.root()

    def path(self, position: int) -> bytes:
        """The audit path of a chain's leaf, 32 bytes a step."""
        return b"".join(self._tree.path(position))

    def expected(self, chain_id: str, new: int) -> tuple[int, int]:
        """Position and first sequence of a chain's next segment, ``new`` chains before it."""
        head = self.chains.get(chain_id)
        return (len(self.chains) + new, 1) if head is None else (head.position, head.sequence + 1)

    def advance(self, segments: Sequence[Segment]) -> None:
        """Let these chains move and all others rest.

        Segments of new chains stand in the order of their positions.  Raises ``IndexError``
        for a position that is not the next one.
        """
        for name in self._moved:
            head = self.chains[name]
            self._tree.put(head.position, resting_leaf(name, head.sequence, head.hash))
        self._moved = []
        for segment in segments:
            self._tree.put(segment.position, segment.leaf())
            before = self.chains.get(segment.chain_id, NEVER)
            self.records += segment.head_sequence - before.sequence
            self.chains[segment.chain_id] = SealedHead(
                segment.position, segment.head_sequence, segment.head_hash
            )
            self._moved.append(segment.chain_id)


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    """The newest checkpoint.  Raises ``SealRefused`` for one that cannot be read."""
    query = select(*CHECKPOINT_COLUMNS).order_by(checkpoints.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else Checkpoint.of_row(tuple(row))


def stored_segments(connection: Connection, number: int) -> list[Segment]:
    """The segments of a checkpoint by position.  Raises ``SealRefused``."""
    query = select(*_SEGMENT_COLUMNS).where(checkpoint_heads.c.number == number)
    rows = connection.execute(query.order_by(checkpoint_heads.c.position))
    return [segment_of(tuple(row)) for row in rows]


def segment_of(row: Sequence[Any]) -> Segment:
    """A segment from a row of ``checkpoint_heads``; raises ``SealRefused`` for odd values."""
    number, chain_id, position, first, last, head_hash, root = row[:7]
    whole = (number, position, first, last)
    if (
        any(type(one) is not int or one < 0 for one in whole)
        or not isinstance(chain_id, str)
        or not isinstance(head_hash, bytes)
        or not isinstance(root, bytes)
    ):
        raise SealRefused("a value of another type")
    return Segment(number, chain_id, position, first, last, head_hash, root)


def brought_up(connection: Connection, known: Heads | None) -> Heads:
    """The heads as of the newest checkpoint, going on from ``known`` where that is shorter.

    The caller's transaction must see one moment.  Raises ``SealRefused`` where the stored
    checkpoints do not fit together.
    """
    last = last_checkpoint(connection)
    if last is None:
        return Heads()
    check_digest(last)
    heads = known
    if heads is None or not heads.number <= last.number <= heads.number + _FOLLOWED_MAX:
        heads = _read_all(connection, last)
    for number in range(heads.number + 1, last.number + 1):
        heads.advance(stored_segments(connection, number))
    heads.number, heads.digest = last.number, last.digest
    if heads.root() != last.heads_root or len(heads.chains) != last.chains:
        raise SealRefused("the stored checkpoints do not fit together; run: kps audit verify")
    return heads


def _read_all(connection: Connection, last: Checkpoint) -> Heads:
    chains: dict[str, SealedHead] = {}
    moved: list[Segment] = []
    for row in connection.execute(_newest_of_each()):
        segment = segment_of(tuple(row))
        head = SealedHead(segment.position, segment.head_sequence, segment.head_hash)
        chains[segment.chain_id] = head
        if segment.number == last.number:
            moved.append(segment)
    return Heads._of(last.number, last.digest, chains, moved)


def _newest_of_each() -> Any:
    """The newest segment of every chain, from one chain to the next by the index."""
    every = checkpoint_heads.alias("every_head")
    names = select(func.min(every.c.chain_id).label("chain_id")).cte("names", recursive=True)
    beyond = select(func.min(every.c.chain_id)).where(every.c.chain_id > names.c.chain_id)
    names = names.union_all(select(beyond.scalar_subquery()).where(names.c.chain_id.is_not(None)))
    same = checkpoint_heads.alias("same_chain")
    newest = (
        select(func.max(same.c.head_sequence))
        .where(same.c.chain_id == names.c.chain_id)
        .scalar_subquery()
    )
    return select(*_SEGMENT_COLUMNS).join(
        names,
        (checkpoint_heads.c.chain_id == names.c.chain_id)
        & (checkpoint_heads.c.head_sequence == newest),
    )
