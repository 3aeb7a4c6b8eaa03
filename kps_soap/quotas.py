"""Calls per second: one token bucket a key, in memory.

A worker holds its share of an agreement's rate (the rate divided by the number of workers), so
that in the long run the sum over all workers never exceeds the agreement.  A bucket holds one
second's calls, and at least one call.
It knows no agreement and no caller: a key is a string, a rate a number.  Daily counts of
persons are not kept here.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

from kps_soap import faults


class CallRates:
    """Token buckets under a bounded number of keys.

    ``clock`` is monotonic, in seconds.  When there are more keys than ``keys_max`` the one that
    was idle longest is forgotten, which can only be to a caller's favour by one second's calls.
    ``workers`` share a rate, or as many as ``living`` says where those are more: gateways come
    and go.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        workers: int,
        keys_max: int = 50_000,
        living: Callable[[], int] = lambda: 0,
    ) -> None:
        self._clock = clock
        self._workers = workers
        self._living = living
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, calls_per_second_max: float) -> None:
        """Count one call; raises ``QuotaFull`` (401) with the seconds to wait."""
        now = self._clock()
        rate = calls_per_second_max / max(self._workers, self._living())
        depth = max(rate, 1.0)
        tokens, seen = self._buckets.pop(key, (depth, now))
        tokens = min(depth, tokens + (now - seen) * rate)
        allowed = tokens >= 1.0
        self._buckets[key] = (tokens - 1.0 if allowed else tokens, now)
        while len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        if not allowed:
            seconds = math.ceil((1.0 - tokens) / rate)
            raise faults.QuotaFull("calls per second", retry_after_s=seconds)
