"""How many callers each worker has, so that no worker has most of them.

Callers keep their connections for long.  A worker that is awake when many come takes most of them:
measured, of 128 that came at once one had 94 and the other 34, of 32 one had 31.  After workers
were replaced, whoever was there before has them all.  So the workers of a gateway know each
other's numbers: who has more than another leaves a new caller to that one for a moment, and who
has far more than a fair share says goodbye with an answer (``connections``).

Each worker writes its own number only.  Nothing is counted across gateways: balancing those is
the proxy's business before them.
"""

from __future__ import annotations

import ctypes
from collections.abc import MutableSequence
from multiprocessing.sharedctypes import RawArray
from typing import Any, Final

#: The number of a worker that takes no callers: not yet, or not any more.
ABSENT: Final = -1

#: Who has this much more than a fair share, and this many more, has far too many.
_SHARE_MAX: Final = 1.25
_MORE_MAX: Final = 1


class Crowd:
    """The numbers of all workers of a gateway, in memory that they share."""

    def __init__(self, workers: int) -> None:
        self._counts: Any = RawArray(ctypes.c_int64, [ABSENT] * workers)

    def seat(self, index: int) -> Seat:
        """The place of one worker.  What one before it left behind there is forgotten."""
        return Seat(self._counts, index)

    def forget(self, index: int) -> None:
        """This worker has ended, perhaps without a word: it has no callers any more."""
        self._counts[index] = ABSENT


class Seat:
    """One worker's own number among those of all; it belongs to the worker's event loop."""

    def __init__(self, counts: MutableSequence[int], index: int) -> None:
        self._counts = counts
        self._index = index
        self._mine = 0
        self._taking = False
        self._publish()

    def open(self) -> None:
        """Callers may come from now on."""
        self._taking = True
        self._publish()

    def leave(self) -> None:
        """No callers any more: nobody leaves one to this worker."""
        self._taking = False
        self._publish()

    def come(self) -> None:
        """A caller has come."""
        self._mine += 1
        self._publish()

    def go(self) -> None:
        """A caller is gone, or on the way out."""
        self._mine -= 1
        self._publish()

    @property
    def others_have_fewer(self) -> bool:
        """Is there a worker to whom a new caller is better left?"""
        mine = self._mine
        return any(ABSENT < count < mine for count in self._counts)

    @property
    def has_far_too_many(self) -> bool:
        """Would callers be better served if some of them came anew?"""
        present = [count for count in self._counts if count != ABSENT]
        fair = sum(present) / (len(present) or 1)
        return len(present) > 1 and self._mine > fair * _SHARE_MAX + _MORE_MAX

    def _publish(self) -> None:
        self._counts[self._index] = self._mine if self._taking else ABSENT


def alone() -> Seat:
    """The place of a worker that has no others beside it."""
    return Seat([ABSENT], 0)
