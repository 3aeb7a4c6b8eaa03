"""``python -m benchmarks``: the table of bars, and what is behind it, in one run.

``--rows`` measures some parts alone, ``--quick`` little of each, ``--long`` more than ``make
bench`` and in a folder that is kept: started again, it goes on with what is not yet measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks import performance_page
from benchmarks.bench import Bench, Sizes, said
from benchmarks.lines import Line, line_of, print_lines, told
from benchmarks.load import require_wrk
from benchmarks.machine import described
from benchmarks.parts import encrypted, growing, inside, lasting, throughput
from benchmarks.performance_page import PAGE
from benchmarks.records import measure_records
from benchmarks.served import kps, make_home
from benchmarks.verification import measure

PARTS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "throughput": throughput.measure,
    "postgresql": throughput.postgresql,
    "latency": lasting.latency,
    "batch": growing.batch,
    "institutions": growing.institutions,
    "register": growing.register,
    "tls": encrypted.measure,
    "memory": lasting.memory,
    "stages": inside.stages,
    "records": inside.records,
    "verification": inside.verification,
}
QUICK = {
    "sizes": (2_000, 20_000), "persons": 2_000, "requests": 10_000, "seconds": 2, "rounds": 1,
    "agreements": 300, "records": 10_000,
}  # fmt: skip
LONG = {"sizes": (10_000, 1_000_000, 10_000_000), "requests": 1_000_000, "seconds": 10}


def main() -> int:
    """Measure what is asked for, print the tables, write the JSON."""
    options = _options()
    if options.records:
        with tempfile.TemporaryDirectory(prefix="kps-bench-") as folder:
            measure_records(lambda name: make_home(Path(folder) / name, 500))
        return 0
    if options.verify:
        with tempfile.TemporaryDirectory(prefix="kps-bench-") as folder:
            home = Path(folder) / "home"
            kps("demo", "init", str(home), "--persons", "200")
            return measure(home, options.verify)
    require_wrk()
    with ExitStack() as stack:
        folder = Path(
            options.folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="kps-bench-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, _sizes(options), stack)
        return run(
            bench,
            _parts(options.rows),
            Path(options.output),
            keep=bool(options.folder),
            publish=options.publish,
        )


def run(
    bench: Bench, parts: Sequence[str], output: Path, *, keep: bool, publish: bool = False
) -> int:
    """Measure the parts one after another; with ``keep`` those that were measured are not again."""
    began, kept = time.monotonic(), bench.folder / "measured.json"
    known = json.loads(kept.read_text("utf-8")) if keep and kept.exists() else {}
    lines: list[Line] = []
    for name in parts:
        if name in known:
            said(f"{name}: measured before, in {kept}")
            lines += map(line_of, known[name])
            continue
        found = list(PARTS[name](bench))
        known[name] = [told(one) for one in found]
        kept.write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")
        lines += found
    barred = [one for one in lines if one.must is not None or one.goal is not None]
    print_lines(barred)
    print_lines([one for one in lines if one not in barred and not one.name.startswith("stage")])
    _write(output, bench, lines)
    if publish:
        found = json.loads(output.read_text("utf-8"))
        performance_page.put(PAGE, "bench", performance_page.bench_section(found))
    said(f"{time.monotonic() - began:.0f} s in all; written to {output}")
    return 0


def _write(output: Path, bench: Bench, lines: Sequence[Line]) -> None:
    sizes = bench.sizes
    output.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "machine": described(),
        "sizes": {name: getattr(sizes, name) for name in sizes.__slots__},
        "lines": [told(one) for one in lines],
        "runs": [{slot: getattr(one, slot) for slot in one.__slots__}
                 for one in bench.measured.values()],
    }  # fmt: skip
    output.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", metavar="PARTS", help=f"only some of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="little of each, to try it out")
    parser.add_argument(
        "--long", action="store_true", help="10 million persons, a million requests"
    )
    parser.add_argument("--folder", help="keep homes and figures here, and go on where it ended")
    parser.add_argument("--output", default="build/bench.json", help="where the JSON goes")
    parser.add_argument(
        "--publish", action="store_true", help="put the table into docs/performance.md too"
    )
    parser.add_argument("--persons", type=int, help="persons in the first register")
    parser.add_argument("--seconds", type=int, help="length of one run")
    parser.add_argument("--rounds", type=int, help="runs of each, in turns")
    parser.add_argument("--connections", type=int, help="wrk's connections")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--requests", type=int, help="requests before memory is looked at again")
    parser.add_argument(
        "--verify", type=int, metavar="RECORDS", help="only: how fast so many records are verified"
    )
    parser.add_argument(
        "--records", action="store_true", help="only: what a record costs, and its waits"
    )
    options = parser.parse_args()
    if options.long and not options.folder:
        options.folder = "build/bench-long"
    return options


def _sizes(options: argparse.Namespace) -> Sizes:
    sizes = replace(Sizes(), workers=options.workers)
    if options.long:
        sizes = replace(sizes, **LONG)
    if options.quick:
        sizes = replace(sizes, **QUICK)
    given = ("persons", "seconds", "rounds", "connections", "requests")
    return replace(
        sizes, **{name: value for name in given if (value := getattr(options, name)) is not None}
    )


def _parts(text: str | None) -> list[str]:
    wanted = [one.strip() for one in text.split(",")] if text else list(PARTS)
    if unknown := [one for one in wanted if one not in PARTS]:
        raise SystemExit(f"No such part: {', '.join(unknown)}. There are {', '.join(PARTS)}.")
    return wanted


if __name__ == "__main__":
    sys.exit(main())
