"""What a request costs when there is more of something: persons, agreements, criteria a call."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.asked import Asked
from benchmarks.bench import Bench, said
from benchmarks.lines import Line
from benchmarks.parts.throughput import P256, RSA
from benchmarks.served import gateway

#: Callers at a time when prices are compared: enough to keep the gateway busy, and no queue.
CALLERS = 4
FEW, TEMPLATE = 10, "ornek-sirket.toml"
BATCH = 100


def register(bench: Bench) -> Iterator[Line]:
    """The same queries of registers of several sizes, all served at a time, asked in turns."""
    counts = bench.sizes.sizes
    homes = {count: bench.home(count) for count in counts}
    with ExitStack() as stack:
        loads = []
        for count, asked in homes.items():
            ours = stack.enter_context(gateway(asked.home, workers=bench.sizes.workers))
            load = asked.direct(f"{count:,} persons", ours.url, p256=True)
            loads.append((load, ours.processes))
        said("the same queries of registers of several sizes ...")
        found = bench.medians(loads, connections=CALLERS)
    least = found[0]
    for one in found[1:]:
        yield Line(
            f"p50 with {one.name}: times that of {least.name}", one.p50_ms / least.p50_ms,
            must=1.3, less=True, note=f"{least.p50_ms:.2f} and {one.p50_ms:.2f} ms",
        )  # fmt: skip


def institutions(bench: Bench) -> Iterator[Line]:
    """The same queries beside few agreements and beside many."""
    many = bench.sizes.agreements
    with ExitStack() as stack:
        loads = []
        for count in (FEW, many):
            asked = _with_agreements(bench, count)
            ours = stack.enter_context(gateway(asked.home, workers=bench.sizes.workers))
            load = asked.direct(f"{count:,} agreements", ours.url, p256=True)
            loads.append((load, ours.processes))
        said(f"the same queries beside {FEW} and {many:,} agreements ...")
        few, lots = bench.medians(loads, connections=CALLERS)
    yield Line(
        f"p50 with {lots.name}: times that of {FEW}", lots.p50_ms / few.p50_ms,
        must=1.1, less=True, note=f"{few.p50_ms:.2f} and {lots.p50_ms:.2f} ms",
    )  # fmt: skip


def _with_agreements(bench: Bench, count: int) -> Asked:
    """A home like the first, with so many agreements, each of an institution of its own."""
    source, home = bench.home().home, bench.folder / f"home-agreements-{count}"
    if not home.exists():
        shutil.copytree(source, home)
        folder = home / "agreements"
        text = (folder / TEMPLATE).read_text(encoding="utf-8")
        for number in range(count - len(list(folder.glob("*.toml")))):
            (folder / f"kurum-{number:05}.toml").write_text(
                text.replace("SRK-0112", f"SRK-{number:05}")
                .replace("2026/305", f"2026/{10_000 + number}")
                .replace("S-112", f"S-{number:05}"),
                encoding="utf-8",
            )
    return Asked(Path(home))


def batch(bench: Bench) -> Iterator[Line]:
    """What a person costs in a call about a hundred, beside a call about one."""
    asked = bench.home()
    with gateway(asked.home, workers=bench.sizes.workers) as ours:
        said(f"calls about one person and about {BATCH} ...")
        loads = []
        for name, p256 in ((RSA, False), (P256, True)):
            for size in (1, BATCH):
                load = asked.direct(f"{name}, {size} a call", ours.url, p256=p256, criteria=size)
                loads.append((load, ours.processes))
        found = bench.medians(loads, connections=CALLERS)
    for name, one, many in ((RSA, found[0], found[1]), (P256, found[2], found[3])):
        cost = many.cpu_us / BATCH
        yield Line(
            f"a person in a call about {BATCH}: times cheaper, {name}", one.cpu_us / cost,
            must=5, goal=20, note=f"{one.cpu_us:.0f} and {cost:.1f} µs of server CPU",
        )  # fmt: skip
