"""What a worker tells of its numbers, and how it is written on the way to the parent process.

A report maps a metric's name to its samples; a sample is the values of the metric's labels in
the table's order, and a number, or the counts and the sum of a histogram.  Reports travel
between processes of one gateway only; what does not fit the table is refused all the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from kps_soap.metrics.table import BOUNDS_SECONDS, BY_NAME, Kind, Metric

#: A number; of a histogram the counts of all buckets, and the sum in nanoseconds.
Value = int | float | list[int]

Report = dict[str, list[tuple[list[str], Value]]]

_HISTOGRAM_NUMBERS = len(BOUNDS_SECONDS) + 2


class ReportRefused(Exception):
    """A report that the table does not know."""


def written(report: Report) -> bytes:
    """A report's bytes."""
    return json.dumps(report, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def read(content: bytes) -> Report:
    """The report of some bytes; raises ``ReportRefused``."""
    try:
        found = json.loads(content)
    except ValueError:
        raise ReportRefused("no JSON") from None
    if not isinstance(found, dict) or not found.keys() <= BY_NAME.keys():
        raise ReportRefused("no report")
    return {
        name: [_sample(BY_NAME[name], sample) for sample in samples]
        for name, samples in found.items()
    }


def _sample(metric: Metric, sample: object) -> tuple[list[str], Value]:
    if not isinstance(sample, list) or len(sample) != 2:
        raise ReportRefused("sample")
    labels, value = sample
    if not isinstance(labels, list) or len(labels) != len(metric.labels):
        raise ReportRefused("labels")
    if (metric.kind is Kind.HISTOGRAM) != isinstance(value, list):
        raise ReportRefused("value")
    return [str(label) for label in labels], _value(value)


def _value(value: object) -> Value:
    if isinstance(value, int | float):
        return value
    if isinstance(value, list) and len(value) == _HISTOGRAM_NUMBERS:
        return [int(number) for number in value]
    raise ReportRefused("value")


def added(one: Value, other: Value) -> Value:
    """Two values of one metric as one; raises ``ReportRefused`` where they are of two kinds."""
    if isinstance(one, list) and isinstance(other, list):
        return [left + right for left, right in zip(one, other, strict=True)]
    if isinstance(one, list) or isinstance(other, list):
        raise ReportRefused("value")
    return one + other


def counted(report: Report) -> Report:
    """The part of a report that goes on counting when its worker has ended: no gauges."""
    return {
        name: samples for name, samples in report.items() if BY_NAME[name].kind is not Kind.GAUGE
    }


def together(reports: Sequence[Report]) -> dict[str, dict[tuple[str, ...], Value]]:
    """The sums of several reports, by name and labels."""
    sums: dict[str, dict[tuple[str, ...], Value]] = {}
    for report in reports:
        for name, samples in report.items():
            known = sums.setdefault(name, {})
            for labels, value in samples:
                key = tuple(labels)
                known[key] = added(known[key], value) if key in known else value
    return sums
