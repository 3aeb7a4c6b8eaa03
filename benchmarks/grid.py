"""The grid of loads: ``python -m benchmarks.grid``, ``make load``.

Doors, callers at a time, criteria a call, databases, signatures: every combination that exists is
driven with wrk, and those that cannot exist are named.  Figures go to ``results/<release>.json``,
with a plot beside them and their table in ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks import performance_page, plot
from benchmarks.asked import Asked
from benchmarks.bench import Bench, Sizes, said
from benchmarks.load import Load, require_wrk
from benchmarks.machine import described
from benchmarks.served import Server, gateway, kps
from kps_soap import __version__

RESULTS = Path(__file__).parent / "results"
DOORS = ("direct", "routing", "public", "token service")
CLIENTS = (1, 8, 32, 128)
CRITERIA = (1, 10, 100)
DATABASES = ("SQLite", "PostgreSQL")
SIGNATURES = ("none", "P-256", "RSA-2048")
#: What an agreement says for each.
_ANSWERS = {
    "none": 'answer = { signature = "RSA" }',
    "P-256": 'answer = { signature = "P256", routing_signature = true }',
    "RSA-2048": 'answer = { signature = "RSA", routing_signature = true }',
}
_AGREEMENT = "ornek-ilce-belediyesi.toml"


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination, and what was measured of it."""

    door: str
    database: str
    signature: str
    clients: int
    criteria: int
    per_second: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    cpu_us: float = 0.0
    memory_mb: float = 0.0
    errors: int = 0


def impossible(door: str, signature: str, criteria: int) -> str:
    """Why there is no such combination; empty where there is."""
    if door == "direct" and signature == "none":
        return "the direct door signs every answer"
    if door in ("public", "token service"):
        if signature != "none":
            return f"the {door} does not sign so"
        if criteria > 1:
            return f"the {door} is asked one thing at a time"
    return ""


def main() -> int:
    """Drive the whole grid, or what is asked of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grid", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="length of one run")
    parser.add_argument("--persons", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--quick", action="store_true", help="few callers, one second each")
    parser.add_argument("--results", default=str(RESULTS), help="the directory of the results")
    parser.add_argument("--page", default=str(performance_page.PAGE), help="the page of figures")
    options = parser.parse_args()
    require_wrk()
    clients = (1, 32) if options.quick else CLIENTS
    sizes = Sizes(
        persons=1_000 if options.quick else options.persons,
        seconds=1 if options.quick else options.seconds,
        workers=options.workers,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kps-load-")))
        bench = Bench(folder, sizes, stack)
        cells = list(_cells(bench, clients))
    _write(Path(options.results), Path(options.page), cells, sizes)
    return 0


def _cells(bench: Bench, clients: Sequence[int]) -> Iterator[Cell]:
    asked = bench.home()
    for door in DOORS:
        for signature in SIGNATURES:
            for criteria in CRITERIA:
                if reason := impossible(door, signature, criteria):
                    print(f"left out: {door}, {signature}, {criteria} a call: {reason}")
    for database in DATABASES:
        environment = bench.postgresql() if database == "PostgreSQL" else {}
        if environment is None:
            said("PostgreSQL is not installed here: its half of the grid is left out")
            continue
        for signature in SIGNATURES:
            _sign(asked.home, signature)
            kps("agreements", "load", "--home", str(asked.home), "--reason", "grid",
                environment=environment)  # fmt: skip
            said(f"{database}, {signature} ...")
            try:
                yield from _phase(bench, asked, Cell("", database, signature, 0, 0), environment,
                                  clients)  # fmt: skip
            except SystemExit as failure:
                # A quarter of an hour is not thrown away for a part that failed: it is named.
                said(f"left out from here on: {database}, {signature}: {failure}")


def _phase(
    bench: Bench,
    asked: Asked,
    like: Cell,
    environment: Mapping[str, str],
    clients: Sequence[int],
) -> Iterator[Cell]:
    """All doors over one database with one signature."""
    with gateway(asked.home, workers=bench.sizes.workers, environment=environment) as ours:
        for door in DOORS:
            yield from _door(bench, ours, asked, replace(like, door=door), clients)


def _door(
    bench: Bench, ours: Server, asked: Asked, like: Cell, clients: Sequence[int]
) -> Iterator[Cell]:
    for criteria in CRITERIA:
        if impossible(like.door, like.signature, criteria):
            continue
        load = _load(asked, like.door, ours.url, criteria)
        bench.drive(load, (), connections=8, seconds=1)
        for count in clients:
            found = bench.drive(load, ours.processes, connections=count)
            cell = Cell(
                like.door, like.database, like.signature, count, criteria,
                **{name: round(getattr(found, name), 2) for name in _FIGURES},
            )  # fmt: skip
            print(
                f"  {cell.door:14} {criteria:4} a call {count:4} callers {cell.per_second:8.0f} "
                f"req/s  p50 {cell.p50_ms:7.2f}  p99 {cell.p99_ms:7.2f} ms  {cell.cpu_us:7.0f} µs",
                flush=True,
            )
            yield cell


_FIGURES = ("per_second", "p50_ms", "p95_ms", "p99_ms", "p999_ms", "cpu_us", "memory_mb", "errors")


def _load(asked: Asked, door: str, url: str, criteria: int) -> Load:
    if door == "direct":
        return asked.direct(door, url, criteria=criteria)
    if door == "routing":
        return asked.routing(door, url, criteria=criteria)
    return asked.public(door, url) if door == "public" else asked.tokens(door, url)


def _sign(home: Path, signature: str) -> None:
    """Let the first account's agreement have its answers signed so."""
    path = home / "agreements" / _AGREEMENT
    text = path.read_text(encoding="utf-8")
    changed = re.sub(r"^answer = .*$", _ANSWERS[signature], text, flags=re.MULTILINE)
    path.write_text(changed, encoding="utf-8")


def _write(folder: Path, page: Path, cells: Sequence[Cell], sizes: Sizes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        "machine": described(),
        "seconds": sizes.seconds,
        "persons": sizes.persons,
        "workers": sizes.workers,
        "cells": [asdict(one) for one in cells],
    }
    target = folder / f"{__version__}.json"
    target.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    picture = target.with_suffix(".svg")
    picture.write_text(plot.drawn(found["cells"]), encoding="utf-8")  # type: ignore[arg-type]
    performance_page.put(page, "load", performance_page.load_section(found))
    said(f"written: {target}, {picture}, {page}")


if __name__ == "__main__":
    sys.exit(main())
