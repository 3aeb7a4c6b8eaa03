"""Calls per second: one token bucket a key, in memory that the workers of a gateway share.

A caller who keeps one connection is answered by one worker, and may use all of an agreement's rate
there; one who is answered by all of them may not use more.  Of several gateways each has its share
of a rate, by its workers, so that in the long run the sum never exceeds the agreement.  A bucket
holds one second's calls, and at least one call.
It knows no agreement and no caller: a key is a string, a rate a number.  Daily counts of
persons are not kept here.
"""

from __future__ import annotations

import ctypes
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b
from multiprocessing.sharedctypes import RawArray
from typing import Any, Final, NamedTuple, Protocol

from kps_soap import faults

KEYS_MAX: Final = 50_000

#: How many places a key may have in the shared table.
_PLACES: Final = 8


class Bucket(NamedTuple):
    """How many calls a key may make, as of a moment of the clock."""

    tokens: float
    seen: float


class Buckets(Protocol):
    """A bounded number of buckets; ``workers`` is how many workers they are shared by."""

    workers: int

    def get(self, key: str) -> Bucket | None:
        """What is known of a key."""

    def put(self, key: str, bucket: Bucket) -> None:
        """Know this of a key from now on."""


class OwnBuckets:
    """The buckets of one worker; of too many keys the one that was idle longest is forgotten."""

    workers = 1

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def get(self, key: str) -> Bucket | None:
        """See ``Buckets``."""
        return self._buckets.get(key)

    def put(self, key: str, bucket: Bucket) -> None:
        """See ``Buckets``."""
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)


class SharedBuckets:
    """The buckets of all workers of a gateway.

    Nobody waits for anybody: where two workers count a call of one key in the same microseconds,
    one of the two is not counted.  A key has one of some places, by its hash; where others have
    them all, the one that was idle longest is forgotten.  Raises ``OSError`` where there is no
    memory to share.
    """

    def __init__(self, workers: int, places: int = 65_536) -> None:
        self.workers = workers
        self._size = places
        self._names: Any = RawArray(ctypes.c_uint64, places)
        self._tokens: Any = RawArray(ctypes.c_double, places)
        self._seen: Any = RawArray(ctypes.c_double, places)

    def get(self, key: str) -> Bucket | None:
        """See ``Buckets``."""
        name = _name(key)
        place = self._place(name)
        if self._names[place] != name:
            return None
        return Bucket(self._tokens[place], self._seen[place])

    def put(self, key: str, bucket: Bucket) -> None:
        """See ``Buckets``."""
        name = _name(key)
        place = self._place(name)
        self._tokens[place], self._seen[place] = bucket
        self._names[place] = name

    def _place(self, name: int) -> int:
        """Where a name is, or else where it may be put."""
        for place in self._places(name):
            if self._names[place] == name:
                return place
        # What is free was never seen.
        return min(self._places(name), key=lambda place: self._seen[place])

    def _places(self, name: int) -> Iterator[int]:
        return ((name + step) % self._size for step in range(_PLACES))


@lru_cache(maxsize=4_096)
def _name(key: str) -> int:
    """A number for a key that is the same in every process, and never 0."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") | 1


class CallRates:
    """Token buckets under a bounded number of keys.

    ``clock`` is monotonic, in seconds, and the same for all who share the buckets.  A key that is
    forgotten begins anew, which can only be to a caller's favour by one second's calls.
    ``workers`` share a rate, or as many as ``living`` says where those are more: gateways come
    and go.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        workers: int,
        buckets: Buckets | None = None,
        living: Callable[[], int] = lambda: 0,
    ) -> None:
        self._clock = clock
        self._workers = workers
        self._living = living
        self._buckets = buckets or OwnBuckets()

    def take(self, key: str, calls_per_second_max: float) -> None:
        """Count one call; raises ``QuotaFull`` (401) with the seconds to wait."""
        now = self._clock()
        here = self._buckets.workers
        rate = calls_per_second_max * here / max(self._workers, self._living(), here)
        depth = max(rate, 1.0)
        tokens, seen = self._buckets.get(key) or (depth, now)
        tokens = min(depth, tokens + (now - seen) * rate)
        allowed = tokens >= 1.0
        self._buckets.put(key, Bucket(tokens - 1.0 if allowed else tokens, now))
        if not allowed:
            seconds = math.ceil((1.0 - tokens) / rate)
            raise faults.QuotaFull("calls per second", retry_after_s=seconds)
