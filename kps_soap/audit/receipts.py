"""Receipt numbers: ``YYYYMMDD-<institution>-<counter>-<check>``, never given twice.

The day is that of Europe/Istanbul.  The counter is one series for the whole gateway; a worker
reserves blocks of it in the writer's own durable transactions, before it uses them, so neither a
restart nor a second worker nor a clock that is set back repeats a number.  A block that a worker
did not use up is lost: numbers have gaps, and that is no sign of a missing record (the chain's
sequence is).  Callers without an institution are ``ACIK``.

The check is ISO 7064 MOD 97-10 as in an IBAN: all characters but hyphens, letters as two digits
(A=10 … Z=35), then two digits that make the whole number leave 1 when divided by 97.  It tells a
typing error, not a forgery: a receipt is proven by its signature or by a seal.

This module numbers; it signs nothing and stores no receipt.
"""

import re
from collections import deque
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, bindparam, update

from kps_soap.audit.months import day_of
from kps_soap.faults import EvidenceUnavailable
from kps_soap.models import receipt_blocks

#: What stands for the institution of a caller who has none.
WITHOUT_INSTITUTION: Final = "ACIK"

_SERIES: Final = "ALINDI"
_COUNTER_DIGITS: Final = 8
_NUMBER = re.compile(r"([0-9]{8})-([0-9A-Z](?:[0-9A-Z-]{0,62}[0-9A-Z])?)-([0-9]{8,18})-([0-9]{2})")

_RESERVE = (
    update(receipt_blocks)
    .where(receipt_blocks.c.series == _SERIES)
    .values(next_counter=receipt_blocks.c.next_counter + bindparam("size"))
    .returning(receipt_blocks.c.next_counter)
)


class NotAReceiptNumber(ValueError):
    """The text is no receipt number, or was mistyped; it is not repeated here."""


@dataclass(frozen=True, slots=True)
class ReceiptNumber:
    """The parts of a receipt number."""

    day: date
    institution: str
    counter: int

    @property
    def month(self) -> str:
        """The month of the evidence in which its record lies, as ``2026-11``."""
        return f"{self.day.year:04d}-{self.day.month:02d}"

    def __str__(self) -> str:
        day = f"{self.day.year:04d}{self.day.month:02d}{self.day.day:02d}"
        return _compose(day, self.institution, self.counter)


def parse(text: str) -> ReceiptNumber:
    """Read a receipt number and verify its check; raises ``NotAReceiptNumber``."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise NotAReceiptNumber("a receipt number reads YYYYMMDD-INSTITUTION-COUNTER-CHECK")
    day, institution, counter, check = found.groups()
    if _check(f"{day}-{institution}-{counter}") != check:
        raise NotAReceiptNumber("the check of the receipt number is wrong")
    try:
        that_day = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        raise NotAReceiptNumber("the receipt number has an impossible day") from None
    return ReceiptNumber(that_day, institution, int(counter))


def _compose(day: str, institution: str, counter: int) -> str:
    stem = f"{day}-{institution}-{counter:0{_COUNTER_DIGITS}d}"
    return f"{stem}-{_check(stem)}"


def _check(stem: str) -> str:
    digits = "".join([str(int(letter, 36)) for letter in stem if letter != "-"])
    return f"{98 - int(digits) * 100 % 97:02d}"


class ReceiptNumbers:
    """One worker's supply of numbers.

    ``block_size`` counters are reserved at a time, as soon as fewer than half a block is left.
    ``number`` runs in the event loop, ``reserve`` and ``grant`` in the writer's thread.
    """

    def __init__(self, *, block_size: int) -> None:
        self._block_size = block_size
        # Counters granted and not yet used; a deque is safe between the two threads.
        self._free: deque[int] = deque()

    @property
    def running_low(self) -> bool:
        """Should the next transaction reserve a block?"""
        return len(self._free) < self._block_size // 2

    def reserve(self, connection: Connection) -> range:
        """Take a block within the caller's transaction; ``grant`` it after the commit."""
        after = connection.execute(_RESERVE, {"size": self._block_size}).scalar_one()
        return range(after - self._block_size, after)

    def grant(self, block: range) -> None:
        """The transaction that reserved this block is durable."""
        self._free.extend(block)

    async def number(self, institution: str, moment: datetime) -> str:
        """The next number, of the day of ``moment``.

        Raises ``EvidenceUnavailable`` when no counter is left, which happens only while nothing
        can be written.
        """
        try:
            counter = self._free.popleft()
        except IndexError:
            raise EvidenceUnavailable("no receipt number left") from None
        return _compose(
            day_of(moment).replace("-", ""), institution or WITHOUT_INSTITUTION, counter
        )
