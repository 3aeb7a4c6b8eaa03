"""Requests a second and processor time a request, of every door, beside stock Spyne."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.bench import Bench, key_costs, openssl_signatures, said
from benchmarks.lines import Line
from benchmarks.load import Measured
from benchmarks.performance_page import RATE
from benchmarks.served import gateway, yardstick

#: What a C server (gSOAP) that only signs with RSA-2048 answered on the machine of the figures.
GSOAP_PER_SECOND = 3_971
RSA, P256, LIVE, PUBLIC = "direct, RSA-2048", "direct, P-256", "routing, live token", "public"
TOKEN, FRESH = "token request", "routing, new token"
STOCK, STOCK_PUBLIC = "stock Spyne, person", "stock Spyne, public"


def measure(bench: Bench) -> Iterator[Line]:
    """All doors over SQLite, in turns with the yardstick; then the key operations alone."""
    asked, workers = bench.home(), bench.sizes.workers
    register = f"sqlite:///{asked.home / 'register.db'}"
    with gateway(asked.home, workers=workers) as ours, yardstick(register, workers=workers) as base:
        said("driving every door, and stock Spyne ...")
        loads = [
            (asked.direct(RSA, ours.url), ours.processes),
            (asked.direct(P256, ours.url, p256=True), ours.processes),
            (asked.routing(LIVE, ours.url), ours.processes),
            (asked.routing_anew(FRESH, ours.url), ours.processes),
            (asked.tokens(TOKEN, ours.url), ours.processes),
            (asked.public(PUBLIC, ours.url), ours.processes),
            (asked.stock(STOCK, base.url), base.processes),
            (asked.public(STOCK_PUBLIC, base.url, "/public"), base.processes),
        ]
        found = {one.name: one for one in bench.medians(loads)}
    print_measured(bench, list(found.values()))
    keys = openssl_signatures(workers)
    yield from _ratios(found, keys)
    yield from _costs("SQLite", found, bars=(450, 300))
    for name, one in found.items():
        yield Line(f"{name}, SQLite{RATE}", one.per_second, note=_note(one))
    token, fresh = found[TOKEN], found[FRESH]
    yield Line(
        "a token request and a query, pairs a second",
        1 / (1 / token.per_second + 1 / fresh.per_second),
        note="from two rows",
    )
    for kind, name in (("rsa", "RSA-2048"), ("p256", "P-256")):
        if kind in keys:
            yield Line(f"openssl speed -multi {workers}, {name} signatures a second", keys[kind])


def postgresql(bench: Bench) -> Iterator[Line]:
    """The direct door with register and evidence in PostgreSQL."""
    environment = bench.postgresql()
    if environment is None:
        said("PostgreSQL is not installed here: its rows are left out")
        return
    asked, workers = bench.home(), bench.sizes.workers
    with gateway(asked.home, workers=workers, environment=environment) as ours:
        said("driving the direct door over PostgreSQL ...")
        loads = [
            (asked.direct(f"{RSA}, PostgreSQL", ours.url), ours.processes),
            (asked.direct(f"{P256}, PostgreSQL", ours.url, p256=True), ours.processes),
        ]
        found = dict(zip((RSA, P256), bench.medians(loads), strict=True))
    print_measured(bench, list(found.values()))
    yield from _costs("PostgreSQL", found, bars=(550, 400))
    for name, one in found.items():
        yield Line(f"{name}, PostgreSQL{RATE}", one.per_second, note=_note(one))


def _ratios(found: dict[str, Measured], keys: dict[str, float]) -> Iterator[Line]:
    rate = {name: one.per_second for name, one in found.items()}
    yield Line("P-256 query: times stock Spyne's requests", rate[P256] / rate[STOCK],
               must=2.5, goal=3)  # fmt: skip
    if "rsa" in keys:
        yield Line("RSA-2048 query: share of openssl's signatures", 100 * rate[RSA] / keys["rsa"],
                   "%", must=42, goal=50)  # fmt: skip
    yield Line("public door: times stock Spyne's requests", rate[PUBLIC] / rate[STOCK_PUBLIC],
               must=3, goal=4)  # fmt: skip
    best = max(rate[RSA], rate[P256])
    yield Line("routing door, live token: times the faster direct door", rate[LIVE] / best, must=1)
    yield Line("P-256 query: requests a second, beside a C server that only signs", rate[P256],
               goal=GSOAP_PER_SECOND, note="gSOAP, RSA-2048, on 2 cores")  # fmt: skip


def _costs(where: str, found: dict[str, Measured], *, bars: tuple[int, int]) -> Iterator[Line]:
    """Server CPU a request beyond the key operation."""
    must, goal = bars
    keys = key_costs()
    for name, kind in ((RSA, "rsa"), (P256, "p256")):
        yield Line(
            f"{where}: server CPU a request beyond the key, {name}",
            found[name].cpu_us - keys[kind], "µs", must=must, goal=goal, less=True,
            note=f"{found[name].cpu_us:.0f} − {keys[kind]:.0f}",
        )  # fmt: skip


def _note(one: Measured) -> str:
    return (
        f"p50 {one.p50_ms:.1f}, p95 {one.p95_ms:.1f}, p99 {one.p99_ms:.1f} ms, "
        f"{one.cpu_us:.0f} µs of server CPU"
    )


def print_measured(bench: Bench, found: Sequence[Measured]) -> None:
    """The figures of the runs, and the ratios to the yardstick where it ran too."""
    sizes = bench.sizes
    print(
        f"\n{sizes.workers} workers, {sizes.connections} connections, {sizes.rounds} runs of "
        f"{sizes.seconds} s each (median run), {sizes.persons:,} persons, plain HTTP"
    )
    print(f"{'':28}{'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'p99.9':>9}{'CPU µs':>9}"
          f"{'MB':>7}{'errors':>8}{'x stock':>9}")  # fmt: skip
    named = {one.name: one.per_second for one in found}
    for one in found:
        base = named.get(STOCK_PUBLIC if "public" in one.name else STOCK)
        ratio = f"{one.per_second / base:9.2f}" if base else ""
        print(
            f"{one.name:28}{one.per_second:9.0f}{one.p50_ms:9.2f}{one.p95_ms:9.2f}"
            f"{one.p99_ms:9.2f}{one.p999_ms:9.2f}{one.cpu_us:9.0f}{one.memory_mb:7.0f}"
            f"{one.errors:8d}{ratio}"
        )
