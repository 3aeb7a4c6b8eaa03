"""Whose turn it is to be answered: one request in a round of the event loop.

A request occupies the loop for about a millisecond, and then again when its record is durable.
When many come in at once, all of them would begin before the first could end: each record would
then wait for the others' beginnings.  So one goes on in a round, in the order in which they came,
and what is nearly done has its turn in between.  Nobody waits longer for an answer than before;
the waiting is done before most of the work instead of in the middle of it.

The turn comes once the caller is vouched for and holds a place of its institution's: whoever
floods the gateway waits here without taking the places of others.  This room refuses nobody and
bounds nothing; whether there is a place was asked before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

Stage = Callable[[Any, Any], Awaitable[Any]]


class Turns:
    """The turns of one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

    @property
    def waiting(self) -> int:
        """How many wait for their turn at this moment."""
        return len(self._waiting)

    def before(self, stage: Stage) -> Stage:
        """The stage behind authentication, when it is the request's turn."""

        async def in_turn(exchange: Any, vouched: Any) -> Any:
            await self.take()
            return await stage(exchange, vouched)

        return in_turn

    async def take(self) -> None:
        """Return when it is this request's turn."""
        loop = asyncio.get_running_loop()
        if self._taken:
            turn = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._taken = True
            loop.call_soon(self._next)

    def _next(self) -> None:
        """The round is over: the next one who still waits has the next."""
        while self._waiting:
            turn = self._waiting.popleft()
            # Whoever gave up in the meantime is left out.
            if not turn.done():
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._taken = False
