"""The rounds from a command: ``python -m anomaly [--short] [--only D1a] [--from N] [--rounds N]``.

Each round leaves a line of JSON in the results file, so that a run can be taken up again by the
number of the round it stopped at.  At the end a table of all results is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from anomaly.bench import Bench, Result
from anomaly.rig import CannotHere
from anomaly.rounds import ROUNDS, SHORT

Round = Callable[[Bench, int], Result]


def plan(*, short: bool, only: Sequence[str], rounds: int) -> Iterator[tuple[int, str, Round, int]]:
    """Every round to run: its number in the whole, its name, and which of its kind it is."""
    number = 0
    for name, (run, many) in ROUNDS.items():
        count = SHORT.get(name, 0) if short else min(many, rounds or many)
        for turn in range(count):
            number += 1
            if not only or any(name.startswith(wanted) for wanted in only):
                yield number, name, run, turn


def main() -> int:
    """Run the rounds; 1 where one of them found something wrong, 2 where there is none to run."""
    options = _options()
    planned = [
        one
        for one in plan(short=options.short, only=options.only, rounds=options.rounds)
        if one[0] >= options.start
    ]
    if not planned:
        print(f"No such round. --only takes the beginning of a name: {', '.join(ROUNDS)}")
        return 2
    options.place.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        options.place.resolve(), options.rate, options.seconds, options.seed, options.patience
    )
    bench.short = options.short
    results, failed = options.place / "results.jsonl", 0
    print(f"seed {options.seed}, {options.rate:g} questions/s, {options.seconds:g} s a round")
    for number, name, run, turn in planned:
        started = time.monotonic()
        result = one(bench, run, name, turn)
        result.seconds = time.monotonic() - started
        failed += bool(result.problems)
        said = asdict(result) | {"round": number, "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}"}
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(said) + "\n")
        print(f"{number:3} {line_of(result)}", flush=True)
    print(table(results))
    return 1 if failed else 0


def one(bench: Bench, run: Round, name: str, turn: int) -> Result:
    """One round; what it could not do here is a skip, and what broke in it is a problem."""
    try:
        return run(bench, turn)
    except CannotHere as missing:
        return Result(name, turn, {}, [], skipped=str(missing))
    except Exception as surprise:
        traceback.print_exc()
        return Result(name, turn, {}, [f"the round broke: {type(surprise).__name__}: {surprise}"])


def line_of(result: Result) -> str:
    """A round in one line."""
    if result.skipped:
        return f"{result.name}: skipped, there is no {result.skipped}"
    figures = ", ".join(f"{name} {shown(value)}" for name, value in result.figures.items())
    wrong = "".join(f"\n      WRONG {problem}" for problem in result.problems[:5])
    return f"{result.name} ({result.seconds:.0f} s): {figures}{wrong}"


def shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def table(results: Path) -> str:
    """All results by kind, as a table for a page."""
    kinds: dict[str, list[dict[str, object]]] = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        if not said["skipped"]:
            kinds.setdefault(said["name"], []).append(said)
    rows = [
        f"{platform.system()} {platform.release()}, {os.cpu_count()} processors,"
        f" Python {platform.python_version()}",
        "",
        "| round | survived | questions | answered | refused | broken | records lost | measured |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    common = ("questions", "ok", "refused", "broken", "records_lost")
    for name, found in kinds.items():
        good = sum(1 for one in found if not one["problems"])
        sums = [sum(int(one["figures"].get(key, 0)) for one in found) for key in common]  # type: ignore[attr-defined]
        worst: dict[str, float] = {}
        for one in found:
            for key, value in one["figures"].items():  # type: ignore[attr-defined]
                if key not in common and isinstance(value, int | float):
                    least = key.startswith("ok_share") or key == "goodput_share"
                    pick = min if least else max
                    worst[key] = pick(worst.get(key, value), value)
        measured = ", ".join(f"{key} {shown(value)}" for key, value in worst.items())
        cells = [name, f"{good}/{len(found)}", *map(str, sums), measured]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="anomaly", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the rounds of every commit")
    parser.add_argument(
        "--only", action="append", default=[], help="rounds that begin so; may be repeated"
    )
    parser.add_argument("--from", dest="start", type=int, default=1, help="the number to go on at")
    parser.add_argument("--rounds", type=int, default=0, help="so many of each kind at most")
    parser.add_argument("--rate", type=float, default=80.0, help="questions a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long a load lasts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=1.0, help="for a machine that is shared")
    parser.add_argument("--place", type=Path, default=Path("build/anomaly"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
