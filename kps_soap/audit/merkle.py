"""Merkle trees of RFC 6962 §2.1, over SHA-256: roots, audit paths, and a tree that grows.

A leaf's hash begins with a zero byte and a node's with a one, so that no leaf can pass for a
node.  The tree over n leaves splits them at the largest power of two below n, which is the same
as joining neighbours level by level and lifting the last one of an odd row unchanged.

This module knows nothing of records, chains or keys, and it trusts no path: whoever checks one
compares the root that it leads to with a root that was signed.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32

#: The root of a tree without leaves.
EMPTY_ROOT: Final = sha256(b"").digest()


class PathRefused(ValueError):
    """An audit path that cannot be one: its length does not fit the tree."""


def leaf_hash(content: bytes) -> bytes:
    """What a leaf's content becomes in the tree."""
    return sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What two subtrees become."""
    return sha256(b"\1" + left + right).digest()


class Root:
    """The root of leaves that come one after the other; keeps one hash a level."""

    __slots__ = ("_stack", "size")

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[bytes] = []

    def add(self, content: bytes) -> None:
        """The next leaf."""
        one, stack, size = sha256(b"\0" + content).digest(), self._stack, self.size
        while size & 1:
            one = sha256(b"\1" + stack.pop() + one).digest()
            size >>= 1
        stack.append(one)
        self.size += 1

    def value(self) -> bytes:
        """The root over all leaves so far."""
        if not self._stack:
            return EMPTY_ROOT
        *rest, one = self._stack
        for left in reversed(rest):
            one = node_hash(left, one)
        return one


def root_of(contents: Iterable[bytes]) -> bytes:
    """The root over these leaves, by their contents."""
    root = Root()
    for content in contents:
        root.add(content)
    return root.value()


class Tree:
    """A whole tree in memory: leaves are added behind the last one or replaced, by their hash."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [list(leaves)]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            above = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            self._levels.append([*above, below[-1]] if len(below) & 1 else above)

    def __len__(self) -> int:
        return len(self._levels[0])

    def put(self, position: int, leaf: bytes) -> None:
        """Set the leaf at a position; the position behind the last one makes a new leaf.

        Raises ``IndexError`` for a position beyond that.
        """
        if not 0 <= position <= len(self):
            raise IndexError(position)
        level = 0
        _set(self._levels[0], position, leaf)
        while len(self._levels[level]) > 1:
            if level + 1 == len(self._levels):
                self._levels.append([])
            below, position = self._levels[level], position >> 1
            pair = below[2 * position : 2 * position + 2]
            _set(self._levels[level + 1], position, pair[0] if len(pair) == 1 else node_hash(*pair))
            level += 1

    def root(self) -> bytes:
        """The root over all leaves."""
        return self._levels[-1][0] if len(self) else EMPTY_ROOT

    def path(self, position: int) -> list[bytes]:
        """The audit path of a leaf, from the bottom up.  Raises ``IndexError``."""
        if not 0 <= position < len(self):
            raise IndexError(position)
        found = []
        for row in self._levels[:-1]:
            beside = position ^ 1
            if beside < len(row):
                found.append(row[beside])
            position >>= 1
        return found


def _set(row: list[bytes], position: int, one: bytes) -> None:
    if position == len(row):
        row.append(one)
    else:
        row[position] = one


def root_by_path(leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root to which a path leads from the leaf at ``position`` of ``size`` leaves.

    ``leaf`` is the leaf's hash.  Raises ``PathRefused`` where the path has another length than
    such a tree gives it, or steps that are no hashes.
    """
    if not 0 <= position < size or any(len(step) != HASH_BYTES for step in path):
        raise PathRefused("the path does not fit the tree")
    one, last, steps = leaf, size - 1, iter(path)
    while last:
        # The last of an odd row has nobody beside it and is lifted.
        if position & 1 or position != last:
            step = next(steps, None)
            if step is None:
                raise PathRefused("the path is too short")
            one = node_hash(step, one) if position & 1 else node_hash(one, step)
        position, last = position >> 1, last >> 1
    if next(steps, None) is not None:
        raise PathRefused("the path is too long")
    return one
