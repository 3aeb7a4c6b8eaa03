"""How many callers each worker has, so that no worker has most of them.

Callers keep their connections for long.  Whichever worker is awake takes the next caller, and the
one that has just taken one is awake: measured, of 128 that came at once one had 94 and the other
34, of 32 one had 31.  After workers were replaced, whoever was there before has them all.  So the
workers of a gateway know each other's numbers: who has more than another leaves a new caller to
that one for a moment, and who has too many says goodbye with some of its answers (``connections``).

Each worker writes its own number only, and tells that it is awake; the number of one that has not
told so for a second is nobody's.  Nothing is counted across gateways: balancing those is the
proxy's business before them.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, MutableSequence
from multiprocessing.sharedctypes import RawArray
from typing import Any, Final

#: The number of a worker that takes no callers: not yet, or not any more.
ABSENT: Final = -1

#: A worker that was not awake for so long, in seconds, is left nobody.
ASLEEP_SECONDS: Final = 1.0

#: Who has this much more than a fair share, and this many more, has too many.
_SHARE_MAX: Final = 1.25
_MORE: Final = 1

#: Where somebody has this much less than a fair share, everybody else has one at most.
_SHARE_MIN: Final = 0.75


class Crowd:
    """The numbers of all workers of a gateway, in memory that they share.

    Raises ``OSError`` where there is no memory to share.
    """

    def __init__(self, workers: int) -> None:
        self._counts: Any = RawArray(ctypes.c_int64, [ABSENT] * workers)
        self._awake: Any = RawArray(ctypes.c_double, workers)

    def seat(self, index: int, clock: Callable[[], float] = time.monotonic) -> Seat:
        """The place of one worker.  What one before it left behind there is forgotten."""
        return Seat(self._counts, self._awake, index, clock)

    def forget(self, index: int) -> None:
        """This worker has ended, perhaps without a word: it has no callers any more."""
        self._counts[index] = ABSENT


class Seat:
    """One worker's own number among those of all; it belongs to the worker's event loop.

    ``clock`` counts seconds and is the same in all processes.
    """

    def __init__(
        self,
        counts: MutableSequence[int],
        awake: MutableSequence[float],
        index: int,
        clock: Callable[[], float],
    ) -> None:
        self._counts = counts
        self._awake = awake
        self._index = index
        self._clock = clock
        self._mine = 0
        self._going = 0
        self._taking = False
        self._publish()

    def open(self) -> None:
        """Callers may come from now on."""
        self._taking = True
        self.stay_awake()
        self._publish()

    def leave(self) -> None:
        """No callers any more: nobody leaves one to this worker."""
        self._taking = False
        self._publish()

    def stay_awake(self) -> None:
        """This worker's event loop turns; to be told some times a second."""
        self._awake[self._index] = self._clock()

    def come(self) -> None:
        """A caller has come."""
        self._mine += 1
        self._publish()

    def go(self, *, told: bool = False) -> None:
        """A caller is gone; ``told``: as it was told to."""
        self._mine -= 1
        self._going -= told
        self._publish()

    def tell_to_go(self) -> None:
        """A caller was told to come anew.  It counts until it has left."""
        self._going += 1

    @property
    def others_have_fewer(self) -> bool:
        """Is there a worker to whom a new caller is better left?"""
        return any(count < self._mine for count in self._present())

    @property
    def has_too_many(self) -> bool:
        """Would callers be better served if one more of them came anew?"""
        present = self._present()
        if len(present) < 2:
            return False
        staying, fair = self._mine - self._going, sum(present) / len(present)
        somebody_lacks = min(present) < fair * _SHARE_MIN - _MORE
        return staying > fair * _SHARE_MAX + _MORE or (somebody_lacks and staying > fair + _MORE)

    def _present(self) -> list[int]:
        """The numbers of those that take callers, and are awake to do so."""
        since = self._clock() - ASLEEP_SECONDS
        pairs = zip(self._counts, self._awake, strict=True)
        return [count for count, awake in pairs if count != ABSENT and awake > since]

    def _publish(self) -> None:
        self._counts[self._index] = self._mine if self._taking else ABSENT


def alone() -> Seat:
    """The place of a worker that has no others beside it."""
    return Seat([ABSENT], [0.0], 0, time.monotonic)
