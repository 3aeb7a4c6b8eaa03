"""How long the evidence thread rests after a commit: while others are on their way, and briefly.

A commit costs as much as five records more in a group, and takes the interpreter from the loop.
Measured, 32 requests at a time: 1,210 µs of processor time each with rests, 1,910 without.  Where
everybody who is on the way waits already nobody would join, so the rest is over; and nobody who
came while the last commit was made waits through a whole rest behind it.  Measured at 80 % load
on PostgreSQL, whose commits are long, that bound takes 2 to 4 ms off a wait of 20 to 24 (p99).
Nothing is written here.
"""

import threading
from collections.abc import Callable
from typing import Final

#: So many times as long as the commit took, and never longer than that.
FACTOR: Final = 3.0
SECONDS_MAX: Final = 0.005

#: Whoever came first since the last commit began is written within so many seconds, if the next
#: one takes as long: the rest is what is left of them.
WITHIN_SECONDS: Final = 0.005


class Rest:
    """The rests of one thread.  ``in_flight`` is how many requests are being worked on."""

    def __init__(
        self,
        in_flight: Callable[[], int] = lambda: 0,
        *,
        factor: float = FACTOR,
        seconds_max: float = SECONDS_MAX,
        within_seconds: float = WITHIN_SECONDS,
    ) -> None:
        self._in_flight = in_flight
        self._factor = factor
        self._seconds_max = seconds_max
        self._within_seconds = within_seconds
        self._began_at = 0.0
        self._first_at: float | None = None
        self._over = threading.Event()
        self._ended = False

    def waited_for(self, waiting: int, *, now: float) -> None:
        """So many requests wait for their records: if that is all of them, the rest is over."""
        if self._first_at is None:
            self._first_at = now
        if waiting >= self._in_flight():
            self._over.set()

    def end(self) -> None:
        """No rest any more."""
        self._ended = True
        self._over.set()

    def begin_work(self, *, now: float) -> None:
        """What was waited for is being written; only who comes from now on counts."""
        self._began_at, self._first_at = now, None
        self._over.clear()

    def take(self, *, now: float) -> None:
        """Rest from the work that has just ended; the thread calls it."""
        worked = now - self._began_at
        seconds = min(worked * self._factor, self._seconds_max)
        first_at = self._first_at
        if first_at is not None:
            seconds = min(seconds, first_at + self._within_seconds - worked - now)
        if seconds > 0 and not self._ended:
            self._over.wait(seconds)
