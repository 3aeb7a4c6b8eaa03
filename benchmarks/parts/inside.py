"""What goes on inside one process: the stages of a request, its record, its verification."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, said
from benchmarks.lines import Line
from benchmarks.records import measure_records
from benchmarks.served import kps, make_home
from benchmarks.stages import print_stages
from benchmarks.verification import measure as measure_verification


def stages(bench: Bench) -> Iterator[Line]:
    """Processor time a stage."""
    said("timing the stages, each alone ...")
    for door, costs in print_stages(bench.home().home).items():
        for name, cost in costs.items():
            yield Line(f"stage, {door}: {name}", cost, "µs")
        yield Line(f"stages together, {door}", sum(costs.values()), "µs")


def records(bench: Bench) -> Iterator[Line]:
    """What a record costs, and how long a request waits for it."""
    said("timing records ...")
    measure_records(lambda name: make_home(bench.folder / name, 500))
    yield from ()


def verification(bench: Bench) -> Iterator[Line]:
    """How fast the evidence is verified; then that of the first home is."""
    said(f"verifying {bench.sizes.records:,} records ...")
    home = bench.folder / "home-verified"
    if not home.exists():
        kps("demo", "init", str(home), "--persons", "200")
    measure_verification(home, bench.sizes.records)
    kps("audit", "verify", "--home", str(bench.home().home))
    yield from ()
