"""A part of a long list, by its number: a page of thousands would hold up everybody's queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

#: So many rows are on a page.
ROWS: Final = 50

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """Some rows; ``number`` counts from 1, ``parts`` is 1 for an empty list too."""

    rows: Sequence[Item]
    number: int
    parts: int
    total: int


def part_of(rows: Sequence[Item], asked: str, *, size: int = ROWS) -> Part[Item]:
    """The part that is asked for; the nearest one where there is none with this number."""
    parts = max(1, -(-len(rows) // size))
    wanted = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
    number = min(max(1, wanted), parts)
    start = (number - 1) * size
    return Part(rows[start : start + size], number, parts, len(rows))
