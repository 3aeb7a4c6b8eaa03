"""Counts what one worker does: a few additions a request, in plain memory.

The counters of the Prometheus library cost 3 µs each time they are touched from several
processes (measured: 3.4 µs for a counter with labels, 3.1 for a histogram), and a request
touches nine of them; these cost 0.3 µs, and the library only writes the result (``exposition``).

Nothing here reads a message: what is counted are the names that the line has already settled.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from kps_soap.faults import Layer, NothingFound, Refusal
from kps_soap.gateway import Answer, Exchange
from kps_soap.metrics import table
from kps_soap.metrics.report import Report, Value
from kps_soap.metrics.table import DATABASES, STAGES
from kps_soap.rosters import MODES

_BOUNDS_NS: Final = tuple(round(bound * 1e9) for bound in table.BOUNDS_SECONDS)

#: The label's value where there is nothing to name: a message that never got to a service.
NONE: Final = "none"
#: A refusal that is none of ``faults``.
OTHER: Final = "other"

_OUTCOME_OF_LAYER: Final[Mapping[Layer, str]] = {
    Layer.TRANSPORT: "refused_message",
    Layer.FAULT: "refused_message",
    Layer.SECURITY: "refused_security",
    Layer.RESULT: "refused_agreement",
    Layer.SERVER: "failed",
}


class Histogram:
    """Counts of durations by bucket, and their sum, in nanoseconds."""

    __slots__ = ("_counts", "_sum")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._counts = [0] * (len(_BOUNDS_NS) + 1)
        self._sum = 0

    def observe(self, nanoseconds: int) -> None:
        self._counts[bisect_left(_BOUNDS_NS, nanoseconds)] += 1
        self._sum += nanoseconds

    @property
    def value(self) -> list[int]:
        """The buckets' counts, the one without a bound last, and then the sum."""
        return [*self._counts, self._sum]


class Reads:
    """What is known of the reads from one database."""

    __slots__ = ("failures", "in_flight", "seconds")

    def __init__(self) -> None:
        self.seconds = Histogram()
        self.failures = 0
        self.in_flight = 0


class Meter:
    """The numbers of one worker.  ``ticks`` is a clock that never jumps, in nanoseconds."""

    def __init__(self, ticks: Callable[[], int]) -> None:
        self.ticks = ticks
        self.reads = {name: Reads() for name in DATABASES}
        # A look into the register is counted once, and told twice: as a read and as a stage.
        timed_apart = {"register": self.reads["register"].seconds}
        self.stages = {name: timed_apart.get(name) or Histogram() for name in STAGES}
        self._outcomes = dict(_outcomes())
        self._requests: Counter[tuple[str, str, str, str]] = Counter()
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._totals: dict[tuple[str, str], Histogram] = {}
        self._http_troubles: Counter[str] = Counter()
        self._tokens_issued = 0
        self._roster_missing: Counter[str] = Counter()

    def begin(self) -> None:
        """Forget what was read so far: opening a register is no request's reading."""
        for reads in self.reads.values():
            reads.seconds.clear()

    def told(self, exchange: Exchange, _answer: Answer) -> int:
        """Count an answered request; returns how long it took, in nanoseconds."""
        entry = exchange.entry
        door, service, refusal = entry.door, entry.service or NONE, entry.refusal
        if refusal:
            outcome = self._outcomes.get(refusal)
            self._refusals[door, refusal if outcome else OTHER] += 1
            outcome = outcome or "failed"
        else:
            outcome = "no_match" if entry.outcome else "answered"
            if entry.issued is not None:
                self._tokens_issued += 1
        self._requests[door, service, entry.version or NONE, outcome] += 1
        if entry.roster_missing:
            self._roster_missing[entry.roster_mode] += entry.roster_missing
        took = self.ticks() - exchange.started_ns if exchange.started_ns else 0
        total = self._totals.get((door, service))
        if total is None:
            total = self._totals[door, service] = Histogram()
        total.observe(took)
        return took

    def http_trouble(self, reason: str) -> None:
        """Count a connection that came to no question."""
        self._http_troubles[reason] += 1

    def report(self) -> Report:
        """All numbers of now."""
        histograms: dict[str, list[tuple[list[str], Value]]] = {
            table.REQUEST_SECONDS.name: [
                (list(labels), total.value) for labels, total in self._totals.items()
            ],
            table.STAGE_SECONDS.name: [
                ([name], histogram.value) for name, histogram in self.stages.items()
            ],
            table.READ_SECONDS.name: [
                ([name], reads.seconds.value) for name, reads in self.reads.items()
            ],
        }
        return histograms | {
            table.REQUESTS.name: [(list(key), n) for key, n in self._requests.items()],
            table.REFUSALS.name: [(list(key), n) for key, n in self._refusals.items()],
            table.HTTP_TROUBLE.name: [
                ([reason], self._http_troubles[reason]) for reason in table.HTTP_TROUBLES
            ],
            table.TOKENS_ISSUED.name: [([], self._tokens_issued)],
            table.ROSTER_MISSING.name: [([mode], self._roster_missing[mode]) for mode in MODES],
            table.READ_FAILURES.name: [
                ([name], reads.failures) for name, reads in self.reads.items()
            ],
            table.READS_IN_FLIGHT.name: [
                ([name], reads.in_flight) for name, reads in self.reads.items()
            ],
        }


def _outcomes() -> Iterator[tuple[str, str]]:
    """Every refusal's name with the outcome that it is counted under."""
    waiting = [Refusal]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        yield kind.__name__, _OUTCOME_OF_LAYER[kind.layer]
    yield NothingFound.__name__, "no_match"
