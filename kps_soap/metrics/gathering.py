"""The parent's end of the lines: asks every worker and makes one truth of what they tell.

Counters of a worker that ended are kept, so that no sum goes backwards; what it had counted since
it was asked last is lost with it.  A worker that does not answer in time is told as down, and
its last numbers stand in for it.  Nothing is added up twice and nothing is estimated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from kps_soap.metrics.line import ASKED
from kps_soap.metrics.report import Report, ReportRefused, counted, read, together

_REPORT_BYTES_MAX: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class _Told:
    """A worker: its line, whether its answer is still to come, and what it told last."""

    line: Connection
    asked: bool = False
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all workers told: their reports, who answered, and the counts of those that ended."""

    reports: Mapping[int, Report]
    up: Mapping[int, bool]
    ended: Report
    restarts: int


class Gathering:
    """Asks the workers.  ``seconds_max`` is how long it waits for all of them together.

    The supervisor's thread says who is there; the page's threads gather.
    """

    def __init__(self, workers: int, *, seconds_max: float = 1.0) -> None:
        self.workers = workers
        self._seconds_max = seconds_max
        self._told: dict[int, _Told] = {}
        self._ended: list[Report] = []
        self._restarts = 0
        self._lock = threading.Lock()

    def joined(self, index: int, line: Connection) -> None:
        """A worker is ready; ``line`` is the parent's end of its line."""
        with self._lock:
            self._told[index] = _Told(line)

    def left(self, index: int, *, replaced: bool = True) -> None:
        """A worker has ended and its line is about to be closed."""
        with self._lock:
            told = self._told.pop(index, None)
            self._restarts += replaced
            if told is not None and told.report is not None:
                self._ended = [_joined([*self._ended, counted(told.report)])]

    def gather(self) -> Gathered:
        """Ask everybody now."""
        with self._lock:
            up = dict.fromkeys(range(self.workers), False)
            waiting: dict[object, int] = {
                told.line: index for index, told in self._told.items() if _ask(told)
            }
            deadline = time.monotonic() + self._seconds_max
            while waiting and (left := deadline - time.monotonic()) > 0:
                for line in wait([self._told[index].line for index in waiting.values()], left):
                    index = waiting.pop(line)
                    up[index] = _take(self._told[index])
            reports = {
                index: told.report
                for index, told in sorted(self._told.items())
                if told.report is not None
            }
            ended = self._ended[0] if self._ended else {}
            return Gathered(reports, up, ended, self._restarts)


def _ask(told: _Told) -> bool:
    """Ask a worker, unless its last answer is still to come; False where nobody listens."""
    if not told.asked:
        try:
            told.line.send_bytes(ASKED)
        except OSError:
            return False
        told.asked = True
    return True


def _take(told: _Told) -> bool:
    """Take a worker's answer; False where it is none."""
    told.asked = False
    try:
        told.report = read(told.line.recv_bytes(_REPORT_BYTES_MAX))
    except (EOFError, OSError, ReportRefused):
        return False
    return bool(told.report)


def _joined(reports: list[Report]) -> Report:
    """Several reports as one."""
    sums: dict[str, Any] = together(reports)
    return {
        name: [(list(labels), value) for labels, value in samples.items()]
        for name, samples in sums.items()
    }
