"""Who holds the places on a worker's line, so that nobody can take all of them.

A request comes in among those whose callers are not known yet; there are as many as there are
places, and they are soon through.  Once its caller is vouched for, it takes a place, which it gives
back when its answer is ready.  One institution holds no more places than its share: the rest is
kept for the others.  What is over a bound is refused at once, with a moment to come back at; it
waits in no queue and does not reach the register.

This room counts; it knows no message, no agreement and no clock, and it never takes away a place
that somebody has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from kps_soap.faults import Overloaded

Stage = Callable[[Any, Any], Awaitable[Any]]


class Shares:
    """The places of one worker.

    ``places_max`` is how many there are; ``share_percent`` how many of them one institution may
    hold, and never less than one.  ``refused`` counts those whose institution held its share.
    """

    def __init__(self, places_max: int, *, share_percent: int) -> None:
        self.places_max = places_max
        self._share_max = max(1, places_max * share_percent // 100)
        self._holders: dict[str, str] = {}
        self._held: Counter[str] = Counter()
        self._taken = 0
        self.refused = 0

    @property
    def in_flight(self) -> int:
        """How many requests came in and have not left."""
        return len(self._holders)

    def enter(self, request_id: str) -> bool:
        """Let a request in whose caller nobody knows yet; False when there are too many."""
        if len(self._holders) - self._taken >= self.places_max:
            return False
        self._holders[request_id] = ""
        return True

    def leave(self, request_id: str) -> None:
        """The answer is ready: the place, if it had one, is free again."""
        holder = self._holders.pop(request_id, "")
        if holder:
            self._taken -= 1
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]

    def held_by(self, holder: str) -> int:
        """How many places somebody holds at this moment."""
        return self._held[holder]

    def before(self, stage: Stage) -> Stage:
        """The stage behind authentication; before it the request takes its institution's place.

        It raises ``Overloaded`` where the institution holds its share, or nothing is left.  A
        call without an institution counts for its door: the public door is one like the others.
        """

        async def admitted(exchange: Any, vouched: Any) -> Any:
            entry = exchange.entry
            holder = vouched.institution or entry.institution or entry.door
            self._become(entry.request_id, holder)
            return await stage(exchange, vouched)

        return admitted

    def _become(self, request_id: str, holder: str) -> None:
        # Who did not come in by the door takes no place from others.
        if self._holders.get(request_id) != "":
            return
        if self._held[holder] >= self._share_max or self._taken >= self.places_max:
            self.refused += 1
            # A refusal is quick, and holds back nobody else's question.
            self.leave(request_id)
            raise Overloaded("places of all or of the institution")
        self._holders[request_id] = holder
        self._held[holder] += 1
        self._taken += 1
