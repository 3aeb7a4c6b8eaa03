"""The metrics in the formats that Prometheus reads; the library writes them.

One family for each row of the table, in its order, with or without samples: a query of a
dashboard finds its metric from the first scrape on.  Nothing is counted here.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Samples
from prometheus_client.registry import Collector

import kps_soap
from kps_soap.metrics import table
from kps_soap.metrics.gathering import Gathered
from kps_soap.metrics.report import Value, together
from kps_soap.metrics.table import METRICS, Kind, Metric, Scope

_BOUNDS: Final = (*(f"{bound:g}" for bound in table.BOUNDS_SECONDS), "+Inf")

Found = dict[tuple[str, ...], Value]


class Exposition(Collector):
    """All metrics of one gateway.  ``started`` is when it was started, in seconds since 1970."""

    def __init__(self, gather: Callable[[], Gathered], *, workers: int, started: float) -> None:
        self._gather = gather
        self._workers = workers
        self._started = started
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def page(self, accept: str) -> tuple[str, bytes]:
        """Content type and body for an Accept header; raises ``ValueError`` for an odd one."""
        encoder, content_type = choose_encoder(accept)
        return content_type, encoder(self._registry)

    def describe(self) -> Iterator[Samples]:
        """Nothing: asking the workers would be too much for a description."""
        return iter(())

    def collect(self) -> Iterator[Samples]:
        gathered = self._gather()
        sums = together([gathered.ended, *gathered.reports.values()])
        for metric in METRICS:
            yield _family(metric, self._found(metric, gathered, sums))

    def _found(self, metric: Metric, gathered: Gathered, sums: dict[str, Found]) -> Found:
        if metric.scope is Scope.SUM:
            return sums.get(metric.name, {})
        if metric.scope is Scope.PARENT:
            return self._own(metric, gathered)
        reports = gathered.reports.items()
        if metric.scope is Scope.WORKER:
            return {
                (*labels, str(index)): value
                for index, report in reports
                for labels, value in report.get(metric.name, ())
                if gathered.up.get(index)
            }
        # Of those that see the same, the first that told.
        for index, report in reports:
            if metric.name in report and gathered.up.get(index):
                return {tuple(labels): value for labels, value in report[metric.name]}
        return {}

    def _own(self, metric: Metric, gathered: Gathered) -> Found:
        own: dict[str, Found] = {
            table.WORKERS.name: {(): self._workers},
            table.WORKER_UP.name: {(str(index),): int(up) for index, up in gathered.up.items()},
            table.WORKER_RESTARTS.name: {(): gathered.restarts},
            table.START_SECONDS.name: {(): self._started},
            table.BUILD_INFO.name: {(kps_soap.__version__, platform.python_version()): 1},
        }
        return own[metric.name]


def _family(metric: Metric, found: Found) -> Samples:
    labels = metric.all_labels
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=labels)
        for key, value in found.items():
            if isinstance(value, list):
                *counts, nanoseconds = value
                buckets = list(zip(_BOUNDS, map(float, accumulate(counts)), strict=True))
                histogram.add_metric(key, buckets, nanoseconds / 1e9)
        return histogram
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily = kind(metric.name, metric.help, labels=labels)
    for key, value in found.items():
        if not isinstance(value, list):
            family.add_metric(key, value)
    return family
