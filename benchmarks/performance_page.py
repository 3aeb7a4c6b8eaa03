"""The figures of docs/performance.md, between marks that a run finds again.

Only what lies between the marks of a section is written; the words around it are somebody's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.lines import Line, figure, line_of, mark

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
QUERIES_A_YEAR = 10_000_000_000
#: How lines end that say how many requests a second a door answers.
RATE = ": requests a second"
_SECONDS_A_YEAR = 365 * 86_400
_PEAK, _BUSY = 5, 0.8


def put(page: Path, section: str, text: str) -> None:
    """Replace a section of the page.  Raises ``SystemExit`` where its marks are missing."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    whole = page.read_text(encoding="utf-8")
    head, found, rest = whole.partition(begin)
    _, ended, tail = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"{page} has no section {section}")
    page.write_text(f"{head}{begin}\n{text.strip()}\n{end}{tail}", encoding="utf-8")


def machine_sentence(machine: Mapping[str, str]) -> str:
    """On what and when."""
    return (
        f"Release {machine['release']}, measured on {machine['day']}: {machine['processor']}, "
        f"{machine['cores']} cores shared with the load generator, {machine['memory']} of memory, "
        f"{machine['system']}, Python {machine['python']}, {machine['openssl']}."
    )


def bench_section(found: Mapping[str, Any]) -> str:
    """The table of bars."""
    lines = [line_of(one) for one in found["lines"]]
    barred = [one for one in lines if one.must is not None or one.goal is not None]
    rows = "\n".join(_row(one) for one in barred)
    return (
        f"{machine_sentence(found['machine'])}\n\n"
        "| what | measured | bar | goal | verdict |\n| --- | --- | --- | --- | --- |\n"
        f"{rows}\n\n| without a bar | measured |\n| --- | --- |\n"
        + "\n".join(_plain(one) for one in lines if one not in barred)
        + f"\n\n{arithmetic(lines)}"
    )


def _row(line: Line) -> str:
    sign = "≤" if line.less else "≥"
    return (
        f"| {line.name} | {figure(line.value, line.unit)} | {mark(line.must, sign)} | "
        f"{mark(line.goal, sign)} | {line.verdict} |"
    )


def _plain(line: Line) -> str:
    return f"| {line.name} | {figure(line.value, line.unit)} |"


def arithmetic(lines: Sequence[Line]) -> str:
    """How many such machines 10 billion queries a year need, from the rates of this run."""
    sentences = []
    for line in lines:
        name, found, _ = line.name.partition(RATE)
        if found and line.value:
            years = QUERIES_A_YEAR / line.value / _SECONDS_A_YEAR
            sentences.append(
                f"| {name} | {line.value:,.0f} | {years:.2f} | {math.ceil(years * _PEAK / _BUSY)} |"
            )
    if not sentences:
        return ""
    return (
        f"| {QUERIES_A_YEAR:,} queries a year | a second on this machine | machines, all year | "
        f"machines for {_PEAK} times the mean, {_BUSY:.0%} busy |\n| --- | --- | --- | --- |\n"
        + "\n".join(sentences)
    )


def load_section(found: Mapping[str, Any]) -> str:
    """The table of the grid, and its picture."""
    machine = found["machine"]
    rows = "\n".join(
        f"| {one['door']} | {one['database']} | {one['signature']} | {one['criteria']} | "
        f"{one['clients']} | {one['per_second']:,.0f} | {one['p50_ms']:.1f} | "
        f"{one['p95_ms']:.1f} | {one['p99_ms']:.1f} | {one['p999_ms']:.1f} | "
        f"{one['cpu_us']:,.0f} | {one['memory_mb']:.0f} |"
        for one in found["cells"]
    )
    return (
        f"{machine_sentence(machine)} {found['persons']:,} persons, {found['workers']} workers, "
        f"runs of {found['seconds']} s.\n\n"
        f"![Calls about one person](../benchmarks/results/{machine['release']}.svg)\n\n"
        "| door | database | signature | persons a call | callers | calls/s | p50 ms | p95 | p99 |"
        " p99.9 | server CPU µs a call | MB a worker |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        f"{rows}"
    )
