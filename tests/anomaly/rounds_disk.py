"""D2: the disk of the evidence, of the log or of temporary files is full, for the gateway alone."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anomaly.bench import (
    Bench,
    Figures,
    Gateway,
    Judge,
    Load,
    Result,
    Tally,
    Witness,
    disturbed,
    judge,
    settle,
)
from anomaly.rig import MountedHome, mounted, set_setting

_MEGABYTES = 48


def evidence_full(bench: Bench, number: int) -> Result:
    """D2a: no byte is left for the evidence."""
    return _full(bench, number, "D2a evidence's disk full", "evidence", "bytes")


def log_full(bench: Bench, number: int) -> Result:
    """D2b: no byte is left for the log."""
    return _full(bench, number, "D2b log's disk full", "log", "bytes")


def temporary_full(bench: Bench, number: int) -> Result:
    """D2c: no byte is left for temporary files."""
    return _full(bench, number, "D2c temporary disk full", "temporary", "bytes")


def no_inodes(bench: Bench, number: int) -> Result:
    """D2d: the evidence's disk takes no new file."""
    return _full(bench, number, "D2d no file more", "evidence", "inodes")


def _full(bench: Bench, number: int, name: str, what: str, lacking: str) -> Result:
    found = Judge(bench.patience)
    with mounted() as house:
        home = bench.home()
        places = _disks(house, home, what, lacking)
        log, filler = places["log"] / "serve.log", places[what] / "filler"
        gateway = Gateway(
            home,
            before=[*house.before, "sh", "-c", f'exec "$@" 2>>{log}', "sh"],
            variables={"TMPDIR": str(places["temporary"])},
            tells=False,
        )
        book, until_red = bench.book("d2"), what == "evidence" and lacking == "bytes"

        async def disturb(_load: Load) -> Figures:
            await asyncio.sleep(0.2 * bench.seconds)
            await asyncio.to_thread(_fill, house, str(filler), lacking)
            full = time.monotonic()
            figures: Figures = {}
            if until_red:
                figures["red_s"] = await gateway.until(503, seconds=10, parts=2)
            left = 0.45 * bench.seconds - (time.monotonic() - full)
            await asyncio.sleep(max(2.0, left))
            figures["freed"] = time.monotonic()
            await asyncio.to_thread(house.run, "sh", "-c", f"rm -rf {filler}*")
            figures["green_s"] = await gateway.until(200, seconds=30)
            return figures

        async def whole() -> tuple[Any, Figures]:
            with _witness(house, home) as seen:
                load = bench.load(gateway, book, rate=bench.rate / 2, seen=seen)
                tally, figures = await disturbed(load, bench.seconds, disturb)
            return tally, figures | await settle(gateway, book, tally)

        gateway.start()
        try:
            tally, figures = asyncio.run(whole())
            alive = gateway.process is not None and gateway.process.poll() is None
            found.demand(alive, "the gateway ended")
        finally:
            gateway.stop()
        said = house.run("cat", str(log)).stdout
        _demands(found, tally, figures, said if until_red else "")
        house.run("cp", "-a", str(places["evidence"]), str(home / "after"))
        set_setting(home, "gateway_url", 'gateway_url = "sqlite:///after/gateway.db"')
        figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


@contextmanager
def _witness(house: MountedHome, home: Path) -> Iterator[Witness]:
    """Who looks up answers in the database that is seen inside only."""
    looker = house.looker(home / "evidence" / "gateway.db")
    assert looker.stdin is not None
    assert looker.stdout is not None
    asking, told, turn = looker.stdin, looker.stdout, threading.Lock()

    def find(request: str) -> bool:
        with turn:
            print(request, file=asking, flush=True)
            return told.readline().strip() == "1"

    try:
        yield Witness("", find=find)
    finally:
        asking.close()
        looker.wait(timeout=10)
        told.close()


def _disks(house: MountedHome, home: Path, what: str, lacking: str) -> dict[str, Path]:
    """A small disk each for evidence, log and temporary files."""
    places = {one: home / one for one in ("evidence", "log", "temporary")}
    for place in places.values():
        place.mkdir()
    shutil.move(home / "gateway.db", places["evidence"] / "gateway.db")
    set_setting(home, "gateway_url", 'gateway_url = "sqlite:///evidence/gateway.db"')
    for one, place in places.items():
        inodes = 40 if lacking == "inodes" and one == what else 0
        house.disk(place, megabytes=_MEGABYTES if one == "evidence" else 2, inodes=inodes)
    return places


def _demands(found: Judge, tally: Tally, figures: Figures, said: str) -> None:
    """What callers may have noticed: nothing, unless the evidence had no room (``said``)."""
    freed = figures.pop("freed")
    figures["first_ok_s"] = tally.first_ok_after(freed)
    found.at_most(figures, "first_ok_s", 10.0)
    found.demand(tally.broken == 0, f"{tally.broken} questions got no answer at all")
    if not said:
        figures["ok_share"] = tally.ok_share(0.0)
        found.at_least(figures, "ok_share", 0.999)
        return
    found.at_most(figures, "red_s", 5.0)
    # From the first refusal on, until there is room again.
    first = min((reply.at for reply in tally.replies if reply.kind == "trouble"), default=freed)
    figures["ok_while_full"] = sum(
        1 for reply in tally.replies if reply.kind == "ok" and first + 1.0 < reply.at < freed
    )
    figures["alarms"] = said.count("evidence cannot be written")
    found.at_most(figures, "ok_while_full", 0)
    found.demand(1 <= figures["alarms"] <= 4, "not one alarm a worker")
    found.demand(tally.kinds["trouble"] > 0, "the disk was never full")


def _fill(house: MountedHome, filler: str, lacking: str) -> None:
    if lacking == "inodes":
        house.run("sh", "-c", f"for n in $(seq 100); do : > {filler}$n || exit 0; done")
        return
    house.run("dd", "if=/dev/zero", f"of={filler}", "bs=64k")
    house.run("dd", "if=/dev/zero", f"of={filler}", "bs=512", "oflag=append", "conv=notrunc")
