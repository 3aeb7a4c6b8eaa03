"""Failures of late, under a bounded number of keys: who failed too often waits.

Each worker counts for itself, in memory.  The room knows no account, no address and no person: a
key is a string.  It refuses nobody; it says how long a key has to wait.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable


class RecentFailures:
    """``most`` failures of one key within ``seconds`` are too many.

    ``clock`` is monotonic, in seconds.  Of more than ``keys_max`` keys the one idle longest is
    forgotten.
    """

    def __init__(
        self, *, clock: Callable[[], float], most: int, seconds: float, keys_max: int = 10_000
    ) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._keys_max = keys_max
        self._moments: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, key: str) -> None:
        """Count one."""
        moments = self._moments.pop(key, None) or deque(maxlen=self._most)
        moments.append(self._clock())
        self._moments[key] = moments
        while len(self._moments) > self._keys_max:
            self._moments.popitem(last=False)

    def forget(self, key: str) -> None:
        """Begin anew with this key."""
        self._moments.pop(key, None)

    def seconds_left(self, key: str) -> float:
        """0 where the key has not failed too often of late; else how long until it has not."""
        moments = self._moments.get(key)
        if moments is None or len(moments) < self._most:
            return 0.0
        return max(0.0, moments[0] + self._seconds - self._clock())

    def is_full(self, key: str) -> bool:
        """Whether the key has failed too often of late."""
        return self.seconds_left(key) > 0
