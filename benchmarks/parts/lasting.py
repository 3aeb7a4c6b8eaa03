"""What only shows with time: the slowest answers at a steady rate, and a worker's memory."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.asked import Asked
from benchmarks.bench import Bench, said
from benchmarks.lines import Line
from benchmarks.load import Load, memory_mb
from benchmarks.parts.throughput import P256, RSA
from benchmarks.served import gateway, make_home
from benchmarks.steady import Steady, steady, sustained

SHARE = 0.8
#: Requests before the first look at a worker's memory, of fewer a share: until then caches fill,
#: and what a worker shares with the process that it was copied from becomes its own.
WARM_REQUESTS, WARM_SHARE = 50_000, 0.5


def latency(bench: Bench) -> Iterator[Line]:
    """The slowest of a hundred answers at 80 % of the highest sustained rate.

    Both are of one sender, one after the other, some times over; the median of these is told,
    because a machine that others use too is not as fast at one moment as at another.
    """
    asked = bench.home()
    with gateway(asked.home, workers=bench.sizes.workers) as ours:
        for name, p256 in ((RSA, False), (P256, True)):
            load = asked.direct(name, ours.url, p256=p256)
            bench.drive(load, (), seconds=1)
            said(f"{name}: the highest rate, and {SHARE:.0%} of it ...")
            rounds = [_round(bench, load) for _ in range(bench.sizes.rounds)]
            found, rate = sorted(rounds, key=lambda one: one[0].p99_ms)[len(rounds) // 2]
            yield Line(
                f"p99 at {SHARE:.0%} of the highest rate, {name}", found.p99_ms, "ms",
                must=50, goal=20, less=True, note=f"{_note(found)}; highest {rate:.0f}",
            )  # fmt: skip


def _round(bench: Bench, load: Load) -> tuple[Steady, float]:
    rate = sustained(load, seconds=bench.sizes.seconds)
    return steady(load, per_second=SHARE * rate, seconds=bench.sizes.seconds), rate


def _note(found: Steady) -> str:
    return (
        f"{found.per_second:.0f} a second; p50 {found.p50_ms:.1f}, p95 {found.p95_ms:.1f}, "
        f"slowest {found.most_ms:.0f} ms, {found.errors} errors"
    )


def memory(bench: Bench) -> Iterator[Line]:
    """A worker's private memory before and after many requests, RSA-2048 and P-256 in turns.

    Each worker is judged, and the worst is told.  The home is a new one: an agreement has a bound
    for persons a day.
    """
    sizes, name = bench.sizes, f"home-memory-{time.time_ns()}"
    asked = Asked(make_home(bench.folder, sizes.persons, name=name))
    with gateway(asked.home, workers=sizes.workers) as ours:
        said(f"{sizes.requests:,} requests to one gateway ...")
        loads = [
            asked.direct(RSA, ours.url),
            asked.direct(P256, ours.url, p256=True),
            asked.public("public", ours.url),
        ]
        done, first, began = 0, dict[int, float](), time.monotonic()
        turn = 0
        while done < sizes.requests:
            if not first and done >= min(WARM_REQUESTS, sizes.requests * WARM_SHARE):
                first = {one: memory_mb(one) for one in ours.processes}
            # Messages carry a time, so they are made anew for each stretch.
            found = bench.drive(loads[turn % len(loads)], ours.processes, seconds=sizes.seconds)
            done, turn = done + found.requests, turn + 1
            if turn % 20 == 0:
                said(f"{done:,} requests, {found.memory_mb:.0f} MB in the largest worker")
        last = {one: memory_mb(one) for one in ours.processes}
    first = first or last
    worst = max(last, key=lambda one: last[one] / first[one])
    yield Line(
        f"growth of a worker's memory over {done:,} requests",
        100 * (last[worst] / first[worst] - 1), "%", must=5, less=True,
        note=f"behind the first {min(WARM_REQUESTS, round(sizes.requests * WARM_SHARE)):,}; "
        f"{first[worst]:.1f} to {last[worst]:.1f} MB in {time.monotonic() - began:.0f} s",
    )  # fmt: skip
