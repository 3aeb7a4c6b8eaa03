"""Those who wait for their records: by which clocks, and what they are told where none is written.

Nothing is written here.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from kps_soap.entry import Entry, Repeated


@dataclass(slots=True, eq=False)
class Waiting:
    """An entry whose request waits for it to be durable."""

    entry: Entry
    future: asyncio.Future[None]
    deadline: float
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time of day for records, and a clock that never jumps for waiting, in seconds."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


def known_now(
    before: Mapping[str, Exception], found: Mapping[str, Exception]
) -> dict[str, Exception]:
    """All reasons.  Whoever repeats a question that is not written gets what that one gets."""
    known = {**before, **found}
    for request, reason in before.items():
        if isinstance(reason, Repeated):
            known[request] = known.get(reason.first, reason)
    return known
