"""Whose turn it is to begin: one request in a round of the event loop.

A request occupies the loop for about a millisecond, and then again when its record is durable.
When many come in at once, all of them would begin before the first could end: each record would
then wait for the others' beginnings.  So one begins in a round, in the order in which they came,
and what is nearly done has its turn in between.  Nobody waits longer for an answer than before;
the waiting is done before the work instead of in the middle of it.

This room refuses nobody and bounds nothing; whether there is a place at all was asked before.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """The turns of one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

    @property
    def waiting(self) -> int:
        """How many wait for their turn at this moment."""
        return len(self._waiting)

    async def take(self) -> None:
        """Return when it is this request's turn to begin."""
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
