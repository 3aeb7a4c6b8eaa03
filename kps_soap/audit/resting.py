"""How long the evidence thread rests after a commit: while others are on their way, and briefly.

A commit costs as much as five records more in a group, and takes the interpreter from the loop.
Measured, 32 requests at a time: 1,210 µs of processor time each with rests, 1,910 without.  Where
everybody who is on the way waits already nobody would join, so the rest is over.  Nothing is
written here.
"""

import threading
from collections.abc import Callable
from typing import Final

#: So many times as long as the commit took, and never longer than that.
FACTOR: Final = 3.0
SECONDS_MAX: Final = 0.005


class Rest:
    """The rests of one thread.  ``in_flight`` is how many requests are being worked on."""

    def __init__(
        self,
        in_flight: Callable[[], int] = lambda: 0,
        *,
        factor: float = FACTOR,
        seconds_max: float = SECONDS_MAX,
    ) -> None:
        self._in_flight = in_flight
        self._factor = factor
        self._seconds_max = seconds_max
        self._over = threading.Event()
        self._ended = False

    def waited_for(self, waiting: int) -> None:
        """So many requests wait for their records: if that is all of them, the rest is over."""
        if waiting >= self._in_flight():
            self._over.set()

    def end(self) -> None:
        """No rest any more."""
        self._ended = True
        self._over.set()

    def begin_work(self) -> None:
        """What was waited for is being written; only who comes from now on counts."""
        self._over.clear()

    def take(self, worked_seconds: float) -> None:
        """Rest from a commit that took so long; the thread calls it."""
        if not self._ended:
            self._over.wait(min(worked_seconds * self._factor, self._seconds_max))
