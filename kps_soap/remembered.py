"""Remembers what was read of accounts and people, until any of them is changed.

A call reads who its caller is: an account, a person, their share, a mandate.  These change a few
times a day, so a call reads one number instead: the database counts every change by itself, in
the transaction of the change (``people_models.standing_changes``).  While the number stands
still, what was read before is true; when it moves, everything is forgotten.  So a block is in
effect on the next call, at every worker and every gateway, whoever wrote it and by what means.

The number is read at most once in a round of the event loop: whatever came in with that round
was sent before.  Nor is it read for a call that was begun before it was last read.  This room
remembers; it knows no table but the number's, and judges nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

from sqlalchemy import select

from kps_soap.lookups import Lookups
from kps_soap.people_models import standing_changes

Thing = TypeVar("Thing")

_NUMBER: Final = select(standing_changes.c.number)
_NOTHING: Final[Any] = object()


class Remembered:
    """What one worker has read.  ``things_max`` bounds the memory; then all is forgotten.

    ``ticks`` is the clock, in nanoseconds, by which calls say since when they are worked on.
    """

    def __init__(
        self, lookups: Lookups, *, ticks: Callable[[], int], things_max: int = 20_000
    ) -> None:
        self._lookups = lookups
        self._ticks = ticks
        self._ask = lookups.prepare(_NUMBER)
        self._things_max = things_max
        self._things: dict[Hashable, Any] = {}
        self._number: int | None = None
        self._looked = False
        self._looked_ns = 0

    async def get(
        self, key: Hashable, read: Callable[[], Awaitable[Thing]], *, since_ns: int = 0
    ) -> Thing:
        """What ``read`` returns, or returned before; nothing (None) is not remembered.

        ``since_ns`` is when work on the call that asks began; 0 where nobody knows.  Raises
        ``EvidenceUnavailable`` where the number cannot be read, and what ``read`` raises.
        """
        number = await self._look(since_ns)
        thing = self._things.get(key, _NOTHING)
        if thing is not _NOTHING:
            return thing  # type: ignore[no-any-return]
        thing = await read()
        # Another call may have seen a change meanwhile; what was read may be older than that.
        if thing is not None and number is not None and number == self._number:
            if len(self._things) >= self._things_max:
                self._things.clear()
            self._things[key] = thing
        return thing

    def holds(self, key: Hashable) -> bool:
        """Whether ``get`` would need no reading, if nothing has changed."""
        return key in self._things

    async def _look(self, since_ns: int) -> int | None:
        """The number of changes so far; None where nobody counts them."""
        if not self._looked and (since_ns == 0 or self._looked_ns < since_ns):
            began = self._ticks()
            rows = await self._lookups.rows(self._ask, {})
            number = int(rows[0][0]) if rows else None
            if number != self._number:
                self._things.clear()
                self._number = number
            self._looked, self._looked_ns = True, began
            asyncio.get_running_loop().call_soon(self._end_round)
        return self._number

    def _end_round(self) -> None:
        self._looked = False
