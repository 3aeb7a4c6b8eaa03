"""``python -m benchmarks``: throughput, latency, CPU a request and CPU a stage, in one run."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import Load, Measured, children_of, drive, require_wrk
from benchmarks.messages import direct_message, public_message
from benchmarks.records import measure_records
from benchmarks.routing import (
    HEADERS,
    QUERIES_PATH,
    TOKENS_PATH,
    fetch_token,
    routing_message,
    token_message,
)
from benchmarks.stages import print_stages
from benchmarks.verification import measure

RATE = re.compile(r"^calls_per_second_max\s*=.*$", re.MULTILINE)
SERVICE = "KisiSorgulaTCKimlikNoServis"
VERSION = "2011/01/01"

#: So many tokens are fetched before the run in which each of them is used once, or a few times.
TOKENS = 2_000

#: So many records are written and verified at the end.
VERIFIED = 40_000


def main() -> int:
    """Make a home, serve it and the yardstick, drive both, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--persons", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5, help="length of one run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, interleaved")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--verify", type=int, metavar="RECORDS", help="only: how fast so many records are verified"
    )
    parser.add_argument(
        "--records", action="store_true", help="only: what a record costs, and its waits"
    )
    options = parser.parse_args()
    if options.records:
        with tempfile.TemporaryDirectory(prefix="kps-bench-") as folder:
            measure_records(lambda name: make_home(Path(folder) / name, 500, free_port()))
        return 0
    if options.verify:
        with tempfile.TemporaryDirectory(prefix="kps-bench-") as folder:
            home = Path(folder) / "home"
            kps("demo", "init", str(home), "--persons", "200")
            return measure(home, options.verify)
    require_wrk()
    with tempfile.TemporaryDirectory(prefix="kps-bench-") as folder:
        return run(Path(folder), options)


def run(folder: Path, options: argparse.Namespace) -> int:
    """One whole benchmark inside a folder of its own."""
    port, stock_port = free_port(), free_port()
    home = make_home(folder, options.persons, port)
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    for account in demo["accounts"]:
        account["purpose"] = purpose_of(home, account["agreement"])
    loads = make_loads(demo, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{stock_port}")
    register = f"sqlite:///{home / 'register.db'}"
    served = [sys.executable, "-m", "kps_soap", "serve", "--home", str(home), "--port", "0",
              "--http-port", str(port), "--metrics-port", "0",
              "--workers", str(options.workers)]  # fmt: skip
    stock = [sys.executable, "-m", "benchmarks.serve_stock", register, str(stock_port),
             str(options.workers)]  # fmt: skip
    results: list[list[Measured]] = [[] for _ in loads]
    with running(served, port) as gateway, running(stock, stock_port) as yardstick:
        workers = {"kps": children_of(gateway), "stock": children_of(yardstick)}
        for load in loads:
            drive(load, folder=folder, seconds=1, connections=8, processes=())
        for _ in range(options.rounds):
            for load, found in zip(loads, results, strict=True):
                processes = workers["stock" if load.name.startswith("stock") else "kps"]
                found.append(
                    drive(
                        load, folder=folder, seconds=options.seconds,
                        connections=options.connections, processes=processes,
                    )
                )  # fmt: skip
    medians = [sorted(found, key=lambda one: one.per_second)[len(found) // 2] for found in results]
    if options.json:
        print(json.dumps([{s: getattr(one, s) for s in one.__slots__} for one in medians]))
        return 0
    print_table(medians, options)
    print_stages(home)
    measure_records(lambda name: make_home(folder / name, 500, free_port()))
    plain = folder / "plain"
    kps("demo", "init", str(plain), "--persons", "200")
    print()
    measure(plain, VERIFIED)
    verified = subprocess.run(
        [sys.executable, "-m", "kps_soap", "audit", "verify", "--home", str(home)], check=False
    )
    return verified.returncode


def make_home(folder: Path, persons: int, port: int) -> Path:
    """A demo home whose agreements allow as many calls as can be made."""
    home = folder / "home"
    folder.mkdir(exist_ok=True)
    kps("demo", "init", str(home), "--persons", str(persons), "--http-port", str(port))
    for path in (home / "agreements").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(RATE.sub("calls_per_second_max = 10000", text), encoding="utf-8")
    return home


def make_loads(demo: dict[str, Any], ours: str, stock: str) -> list[Load]:
    """The loads: the doors of ours, two operations of the yardstick."""
    people = [
        one for one in demo["personas"] if one["kind"] and one["index"] in (0, 1, 8, 13, 14, 16, 18)
    ]
    path = f"/kps/{SERVICE}/{VERSION}"
    plain = account_of(demo, inquirer=False)
    strict = account_of(demo, inquirer=True)
    text = {"Content-Type": "text/xml; charset=utf-8"}

    def messages(account: dict[str, Any] | None) -> Callable[[], Sequence[str]]:
        return lambda: [direct_message(one["identity_number"], account) for one in people]

    def live() -> Sequence[str]:
        token = fetch_token(ours, plain)
        return [routing_message(one["identity_number"], token) for one in people]

    def tokens() -> Sequence[str]:
        return [token_message(plain)]

    def fresh() -> Sequence[str]:
        number = people[0]["identity_number"]
        return [routing_message(number, fetch_token(ours, plain)) for _ in range(TOKENS)]

    def public() -> Sequence[str]:
        return [public_message(one) for one in people]

    return [
        Load("direct, RSA-2048", ours + path, messages(plain), text, "TCKimlikNo>"),
        Load("direct, P-256", ours + path, messages(strict), text, "TCKimlikNo>"),
        Load("routing, live token", ours + QUERIES_PATH, live, HEADERS, "TCKimlikNo>"),
        Load("routing, new token", ours + QUERIES_PATH, fresh, HEADERS, "TCKimlikNo>"),
        Load("token request", ours + TOKENS_PATH, tokens, HEADERS, "Secret>"),
        Load("public", f"{ours}/Service/KPSPublic.asmx", public, text, "true"),
        Load("stock Spyne, person", f"{stock}/person", messages(None), text, "TCKimlikNo>"),
        Load("stock Spyne, public", f"{stock}/public", public, text, "true"),
    ]


def account_of(demo: dict[str, Any], *, inquirer: bool) -> dict[str, Any]:
    """The first account with the person service that names an inquirer, or that needs none."""
    for account in demo["accounts"]:
        services = {(one["name"], one["version"]) for one in account["services"]}
        if (SERVICE, VERSION) in services and (account["inquirer"] is not None) is inquirer:
            return dict(account)
    raise SystemExit("the demo lacks an account for the benchmark")


def purpose_of(home: Path, number: str) -> str:
    """A purpose under which an agreement grants the person service; empty if it does not."""
    for path in (home / "agreements").glob("*.toml"):
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        if values.get("agreement", {}).get("number") == number:
            granted = [one["purposes"][0] for one in values["services"] if one["name"] == SERVICE]
            return str(granted[0]) if granted else ""
    return ""


def print_table(medians: Sequence[Measured], options: argparse.Namespace) -> None:
    """The figures of the run, and the ratios to the yardstick of the same run."""
    stock = {one.name: one.per_second for one in medians if one.name.startswith("stock")}
    print(
        f"{options.workers} workers, {options.connections} connections, {options.rounds} runs of "
        f"{options.seconds} s each (median run), {options.persons} persons, SQLite, plain HTTP"
    )
    print(f"{'':24}{'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'CPU µs':>9}{'errors':>8}"
          f"{'x stock':>9}")  # fmt: skip
    for one in medians:
        base = stock["stock Spyne, public" if "public" in one.name else "stock Spyne, person"]
        print(
            f"{one.name:24}{one.per_second:9.0f}{one.p50_ms:9.2f}{one.p95_ms:9.2f}"
            f"{one.p99_ms:9.2f}{one.cpu_us:9.0f}{one.errors:8d}{one.per_second / base:9.2f}"
        )
    named = {one.name: one for one in medians}
    token, query = named["token request"], named["routing, new token"]
    pairs = 1 / (1 / token.per_second + 1 / query.per_second)
    print(
        f"{'token + query, a pair':24}{pairs:9.0f}{'':27}{token.cpu_us + query.cpu_us:9.0f}"
        "   (from the two rows)"
    )


def kps(*arguments: str) -> None:
    """Run a command of the product, and stop here if it fails."""
    subprocess.run(
        [sys.executable, "-m", "kps_soap", *arguments], check=True, stdout=subprocess.DEVNULL
    )


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[int]:
    """A server process that answers on its port; ended by its own id."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server is there; give up after a minute or when it ends."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/saglik", timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("a server did not start")


def free_port() -> int:
    """A port on loopback that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
