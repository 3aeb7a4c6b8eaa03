"""Drives a server on loopback with wrk, and reads what it cost the server's processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

#: A server that takes no more than this part of a processor, for so long, does next to nothing.
_IDLE, _LOOK_SECONDS = 0.1, 0.2

_SCRIPT = """
local bodies = {}
for line in io.lines("%(bodies)s") do bodies[#bodies + 1] = line end
local headers = %(headers)s
local turn = 0
local threads = {}
wrong = 0
function setup(thread) threads[#threads + 1] = thread end
function request()
  turn = turn + 1
  return wrk.format("POST", nil, headers, bodies[turn %% #bodies + 1])
end
function response(status, _, body)
  if status ~= 200 or not body:find("%(mark)s", 1, true) then wrong = wrong + 1 end
end
function done(summary, latency, requests)
  local all = summary.errors.read + summary.errors.timeout + summary.errors.connect
  for _, thread in ipairs(threads) do all = all + thread:get("wrong") end
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d %%d\\n", summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    latency:percentile(99.9), all))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: headers, one-line bodies, and a mark that every good answer holds.

    The bodies are made anew for each run, because they carry a time.
    """

    name: str
    url: str
    bodies: Callable[[], Sequence[str]]
    headers: Mapping[str, str]
    mark: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: requests a second, latencies in milliseconds, server CPU in µs a request.

    ``errors`` are answers of another kind than wanted too; ``requests`` is how many were made,
    ``memory_mb`` what the largest of the server's processes holds.
    """

    name: str
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    cpu_us: float
    p999_ms: float = 0.0
    requests: int = 0
    memory_mb: float = 0.0


def require_wrk() -> str:
    """The path of wrk; a sentence and exit code 2 where it is missing."""
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("The load generator wrk is missing; install it (Debian: wrk).")
    return found


def drive(
    load: Load, *, folder: Path, seconds: int, connections: int, processes: Sequence[int]
) -> Measured:
    """Run wrk once; ``processes`` are the server's process ids, for their CPU time."""
    bodies = folder / "bodies.txt"
    bodies.write_text("".join(f"{body}\n" for body in load.bodies()), encoding="utf-8")
    script = folder / "load.lua"
    pairs = ", ".join(f'["{name}"] = [[{value}]]' for name, value in load.headers.items())
    script.write_text(
        _SCRIPT % {"bodies": bodies, "headers": "{" + pairs + "}", "mark": load.mark},
        encoding="utf-8",
    )
    settle(processes)
    before = sum(cpu_seconds(one) for one in processes)
    command = [
        require_wrk(),
        "--threads", "1",
        "--connections", str(connections),
        "--duration", f"{seconds}s",
        "--script", str(script),
        "--timeout", "10s",
        load.url,
    ]  # fmt: skip
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = sum(cpu_seconds(one) for one in processes) - before
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", output)
    if found is None:
        raise SystemExit("wrk printed no result")
    requests, duration_us, p50, p95, p99, p999, errors = map(int, found.groups())
    return Measured(
        load.name,
        requests / (duration_us / 1e6),
        p50 / 1000,
        p95 / 1000,
        p99 / 1000,
        errors,
        spent * 1e6 / max(1, requests),
        p999 / 1000,
        requests,
        max(map(memory_mb, processes), default=0.0),
    )


def settle(processes: Sequence[int], *, seconds_max: float = 30.0) -> None:
    """Wait until the processes do next to nothing, but not for ever.

    What callers of the run before did not stay for is answered and recorded all the same.
    """
    until = time.monotonic() + seconds_max
    while processes and time.monotonic() < until:
        before = sum(map(cpu_seconds, processes))
        time.sleep(_LOOK_SECONDS)
        if sum(map(cpu_seconds, processes)) - before <= _LOOK_SECONDS * _IDLE:
            return


def cpu_seconds(process: int) -> float:
    """CPU time that a process has used so far, in seconds (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(process: int) -> float:
    """What a process holds in memory and shares with nobody, in MB (proc(5))."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    pages = re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", text, re.MULTILINE)
    return sum(map(int, pages)) / 1024


def children_of(process: int) -> list[int]:
    """The process ids of the worker processes below a server's parent."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    found = [int(one) for one in text.split()]
    return found + [below for one in found for below in children_of(one)]
