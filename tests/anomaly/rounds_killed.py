"""D1, D3 and the planned endings: processes killed, a database away, workers renewed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from anomaly.bench import (
    Bench,
    Figures,
    Gateway,
    Judge,
    Load,
    Result,
    disturbed,
    judge,
    serving,
    settle,
)
from anomaly.invariants import Held
from anomaly.rig import Cluster, cluster
from worker_processes import copied_from

#: A worker that has opened its stores has its loop, its evidence, its seals and its watches.
_THREADS = 5

#: A database that recovers takes its time; the load goes on for longer than that.
_AFTERWARDS = 5.0


def kill_worker(bench: Bench, number: int) -> Result:
    """D1a: SIGKILL for one worker; the other goes on, another one comes."""

    async def disturb(gateway: Gateway, load: Load, moment: float) -> Figures:
        await asyncio.sleep(moment)
        workers = gateway.workers_alive()
        victim = workers[number % len(workers)]
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        while victim in (alive := gateway.workers_alive()) or len(alive) < len(workers):
            await asyncio.sleep(0.01)
        started = time.monotonic()
        while not _answers_ready(gateway, len(workers)):
            await asyncio.sleep(0.05)
            if time.monotonic() - started > 30:
                break
        return {"killed": killed, "replaced_s": time.monotonic() - killed}

    def demands(tally: Any, figures: Figures, found: Judge) -> None:
        figures["ok_share"] = tally.ok_share(0.0)
        found.at_least(figures, "ok_share", 0.99)
        found.at_most(figures, "replaced_s", 10.0)

    return _killed(bench, number, "D1a worker killed", disturb, demands, restart=False)


def _answers_ready(gateway: Gateway, workers: int) -> bool:
    """All workers have opened their stores: each has the threads that it opens with them."""
    alive = gateway.workers_alive()
    return len(alive) == workers and all(Held.by([one]).threads >= _THREADS for one in alive)


def kill_supervisor(bench: Bench, number: int) -> Result:
    """D1b: SIGKILL for the parent; its workers end by themselves, and it is started again."""

    async def disturb(gateway: Gateway, load: Load, moment: float) -> Figures:
        await asyncio.sleep(moment)
        workers = gateway.workers_alive()
        killed = time.monotonic()
        os.kill(gateway.pid, signal.SIGKILL)
        assert gateway.process is not None
        await asyncio.to_thread(gateway.process.wait, 10)
        while any(_is_alive(worker) for worker in workers):
            await asyncio.sleep(0.02)
        ended = time.monotonic()
        await asyncio.to_thread(gateway.start)
        return {"killed": killed, "ended": ended, "workers_ended_s": ended - killed}

    return _killed(bench, number, "D1b supervisor killed", disturb, _back_soon)


def kill_all(bench: Bench, number: int) -> Result:
    """D1c: SIGKILL for everybody at once, as a machine that loses its power."""

    async def disturb(gateway: Gateway, load: Load, moment: float) -> Figures:
        await asyncio.sleep(moment)
        killed = time.monotonic()
        for process in gateway.everybody():
            os.kill(process, signal.SIGKILL)
        assert gateway.process is not None
        await asyncio.to_thread(gateway.process.wait, 10)
        ended = time.monotonic()
        await asyncio.to_thread(gateway.start)
        return {"killed": killed, "ended": ended}

    return _killed(bench, number, "D1c all killed", disturb, _back_soon)


def kill_copied(bench: Bench, number: int) -> Result:
    """D1e: SIGKILL for the process that workers are copies of: others take their place."""

    async def disturb(gateway: Gateway, load: Load, moment: float) -> Figures:
        await asyncio.sleep(moment)
        before = gateway.workers_alive()
        killed = time.monotonic()
        for middle in copied_from(gateway.pid):
            os.kill(middle, signal.SIGKILL)
        while any(map(_is_alive, before)) or not _answers_ready(gateway, len(before)):
            await asyncio.sleep(0.05)
            if time.monotonic() - killed > 40:
                break
        return {"killed": killed, "ended": killed, "replaced_s": time.monotonic() - killed}

    def demands(tally: Any, figures: Figures, found: Judge) -> None:
        _back_soon(tally, figures, found)
        figures["ok_share"] = tally.ok_share(0.0)
        found.at_least(figures, "ok_share", 0.99)
        found.at_most(figures, "replaced_s", 20.0)

    return _killed(bench, number, "D1e what workers are copies of killed", disturb, demands)


def _is_alive(process: int) -> bool:
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] != "Z"


def _back_soon(tally: Any, figures: Figures, found: Judge) -> None:
    ended = figures.pop("ended")
    figures["first_ok_s"] = tally.first_ok_after(ended) + ended - figures["killed"]
    found.at_most(figures, "first_ok_s", 10.0)


def _killed(
    bench: Bench,
    number: int,
    name: str,
    disturb: Callable[..., Any],
    demands: Callable[..., None],
    *,
    restart: bool = True,
) -> Result:
    found, home = Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("d1")
    moment = bench.chance(name, number).uniform(0.15, 0.45) * bench.seconds

    async def whole() -> tuple[Any, Figures]:
        warm = bench.load(gateway, book, name="w")
        await warm.run(1.5)
        held = gateway.held()
        load = bench.load(gateway, book)
        tally, figures = await disturbed(
            load, bench.seconds, lambda load: disturb(gateway, load, moment)
        )
        figures |= await settle(gateway, book, tally)
        if not restart:
            found.problems += gateway.held().back_to(held)
        return tally, figures

    with serving(gateway):
        tally, figures = asyncio.run(whole())
        demands(tally, figures, found)
    figures.pop("killed", None)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


def kill_backend(bench: Bench, number: int) -> Result:
    """D1d: SIGKILL for a process of PostgreSQL, which restarts itself."""

    async def disturb(server: Cluster) -> None:
        os.kill(server.backends()[0], signal.SIGKILL)

    return _database(bench, number, "D1d database backend killed", disturb, None, loads_away=0.0)


def stop_clean(bench: Bench, number: int) -> Result:
    """D3a: PostgreSQL is stopped as an operator stops it, and started again."""

    async def disturb(server: Cluster) -> None:
        await asyncio.to_thread(server.stop, "fast")

    async def heal(server: Cluster) -> None:
        await asyncio.to_thread(server.start)

    return _database(bench, number, "D3a database stopped", disturb, heal)


def stop_hard(bench: Bench, number: int) -> Result:
    """D3b: PostgreSQL stops at once and recovers from its log."""

    async def disturb(server: Cluster) -> None:
        await asyncio.to_thread(server.stop, "immediate")

    async def heal(server: Cluster) -> None:
        await asyncio.to_thread(server.start)

    return _database(bench, number, "D3b database ended at once", disturb, heal)


def hang(bench: Bench, number: int) -> Result:
    """D3c: PostgreSQL hangs with all connections open."""
    stopped: list[int] = []

    async def disturb(server: Cluster) -> None:
        stopped.extend(server.processes())
        for process in stopped:
            os.kill(process, signal.SIGSTOP)

    async def heal(_server: Cluster) -> None:
        for process in stopped:
            os.kill(process, signal.SIGCONT)

    return _database(bench, number, "D3c database hangs", disturb, heal, loads_away=1.0)


def no_connections(bench: Bench, number: int) -> Result:
    """D3d: others hold every connection that PostgreSQL gives."""
    others: list[Any] = []

    def take_all(server: Cluster) -> None:
        address = f"host={server.home} port={server.port} user=kps dbname=postgres"
        server.stop("fast")
        server.start(connections_max=12)
        while True:
            try:
                others.append(psycopg.connect(address))
            except psycopg.OperationalError:
                return

    async def disturb(server: Cluster) -> None:
        await asyncio.to_thread(take_all, server)

    async def heal(server: Cluster) -> None:
        for one in others:
            one.close()
        await asyncio.to_thread(server.stop, "fast")
        await asyncio.to_thread(server.start)

    return _database(bench, number, "D3d no connection left", disturb, heal, loads_away=1.0)


def _database(
    bench: Bench,
    number: int,
    name: str,
    disturb: Callable[[Cluster], Any],
    heal: Callable[[Cluster], Any] | None,
    *,
    loads_away: float = 1.5,
) -> Result:
    """``loads_away``: how long it stays away in a full run, in lengths of a load."""
    found, away = Judge(bench.patience), bench.outage(loads_away)
    with cluster() as server:
        home = bench.home(postgresql=server.url)
        gateway, book = Gateway(home), bench.book("d3")

        async def breaking(load: Load) -> Figures:
            moment = bench.chance(name, number).uniform(0.1, 0.25) * bench.seconds
            await asyncio.sleep(moment)
            workers = gateway.workers_alive()
            gone = time.monotonic()
            await disturb(server)
            await asyncio.sleep(away)
            if heal is not None:
                await heal(server)
            healed = time.monotonic()
            same = gateway.workers_alive() == workers
            return {"gone": gone, "healed": healed, "workers_stayed": same}

        async def whole() -> tuple[Any, Figures]:
            tally, figures = await disturbed(
                bench.load(gateway, book, lines=128),
                max(bench.seconds, 0.5 * bench.seconds + away) + _AFTERWARDS,
                breaking,
            )
            figures["away_s"] = away
            figures["green_s"] = await gateway.until(200, seconds=30)
            return tally, figures | await settle(gateway, book, tally)

        with serving(gateway):
            tally, figures = asyncio.run(whole())
        healed = figures.pop("healed")
        gone = figures.pop("gone")
        figures["first_ok_s"] = tally.first_ok_after(healed)
        figures["ok_share_after"] = tally.ok_share(healed + 2.0 * bench.patience)
        figures["refusal_p99_s"] = tally.late("trouble", 0.99, since=gone)
        figures["refusal_max_s"] = tally.late("trouble", 1.0, since=gone)
        found.at_most(figures, "first_ok_s", 5.0)
        found.at_least(figures, "ok_share_after", 0.99)
        found.at_most(figures, "refusal_p99_s", 3.0)
        found.at_most(figures, "refusal_max_s", 5.0)
        found.demand(figures["workers_stayed"], "a worker ended")
        found.demand(tally.broken == 0, f"{tally.broken} questions got no answer at all")
        figures = judge(found, home, book, tally, in_flight=128) | figures
    return Result(name, number, figures, found.problems)


def renewal(bench: Bench, number: int) -> Result:
    """SIGUSR2 under load, with TLS and without: every worker is another one, no call fails."""
    name, found, home = "R1 workers renewed", Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("r1")

    async def whole() -> tuple[Any, Any, Figures]:
        plain = bench.load(gateway, book, lines=8, rate=bench.rate / 2)
        tls = bench.load(gateway.caller(tls=True), book, lines=8, rate=bench.rate / 2, name="s")
        secure = asyncio.create_task(tls.run(bench.seconds))

        async def disturb(_load: Load) -> Figures:
            await asyncio.sleep(0.15 * bench.seconds)
            workers, start = set(gateway.workers_alive()), time.monotonic()
            os.kill(gateway.pid, signal.SIGUSR2)
            while workers & set(gateway.workers_alive()) or not _answers_ready(gateway, 2):
                await asyncio.sleep(0.05)
                if time.monotonic() - start > 60:
                    break
            left = len(workers & set(gateway.workers_alive()))
            return {"renewed_s": time.monotonic() - start, "old_workers_left": left}

        tally, figures = await disturbed(plain, bench.seconds, disturb)
        return tally, await secure, figures

    with serving(gateway):
        tally, secure, figures = asyncio.run(whole())
    for kind in ("trouble", "busy", "fault", "odd"):
        count = tally.kinds[kind] + secure.kinds[kind]
        found.demand(count == 0, f"{count} questions ended as {kind}")
    broken = tally.broken + secure.broken
    found.demand(broken == 0, f"{broken} calls failed")
    found.demand(figures["old_workers_left"] == 0, "a worker was not renewed")
    figures["tls_ok"] = secure.kinds["ok"]
    figures["slowest_s"] = max(tally.late("ok", 1.0), secure.late("ok", 1.0))
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)
