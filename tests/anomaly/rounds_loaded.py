"""D7, D8 and D9: more than it can bear: calls, memory, connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from anomaly.bench import Bench, Figures, Gateway, Judge, Load, Result, disturbed, judge, serving
from anomaly.ledger import Line
from anomaly.rig import CannotHere

#: Few places, so that a load of this machine's own fills them.
_FEW_PLACES = "in_flight_max = 64\n"
_OTHER = "K-35-0012"


def double_load(bench: Bench, number: int) -> Result:
    """D7a: twice what it can answer, then half of it."""
    name, found, home = "D7a double load", Judge(bench.patience), bench.home(settings=_FEW_PLACES)
    gateway, book = Gateway(home), bench.book("d7")

    async def whole() -> tuple[Any, Figures]:
        able = await _capacity(bench, gateway, book)
        alone = await bench.load(gateway, book, rate=able / 2, lines=64, name="a").run(4)
        load = bench.load(gateway, book, rate=2 * able, lines=400)
        health: list[float] = []
        tally, _ = await disturbed(
            load, bench.seconds, lambda _load: _probed(gateway, health, bench.seconds)
        )
        dropped = time.monotonic()
        after = await bench.load(gateway, book, rate=able / 2, lines=64, name="b").run(8)
        return tally, {
            "able_per_s": able,
            "goodput_share": tally.kinds["ok"] / bench.seconds / able,
            "busy": tally.kinds["busy"],
            "ok_p99_s": tally.took("ok", 0.99),
            "busy_p50_s": tally.took("busy", 0.5),
            "busy_p99_s": tally.took("busy", 0.99),
            "longest_s": max(tally.took(kind, 1.0) for kind in tally.kinds),
            "health_max_s": max(health, default=0.0),
            "p99_before_s": alone.late("ok", 0.99),
            "p99_after_s": after.late("ok", 0.99),
            "ok_share_after": after.ok_share(dropped + 3.0),
        }

    with serving(gateway):
        workers = gateway.workers_alive()
        tally, figures = asyncio.run(whole())
        found.demand(gateway.workers_alive() == workers, "a worker ended")
    found.demand(tally.kinds["busy"] > 0, "it was never too much")
    found.demand(tally.broken == 0, f"{tally.broken} questions got no answer at all")
    for reply in tally.replies:
        if reply.kind == "busy" and b"Fault" not in reply.body:
            found.problems.append("a busy answer was no SOAP fault")
            break
    found.at_most(figures, "longest_s", 5.0)
    found.at_most(figures, "health_max_s", 1.0)
    found.at_least(figures, "ok_share_after", 0.99)
    figures = judge(found, home, book, tally, in_flight=400) | figures
    return Result(name, number, figures, found.problems)


def greedy_institution(bench: Bench, number: int) -> Result:
    """D7b: one institution sends twice what can be answered, another one a little."""
    name, found, home = (
        "D7b one institution greedy",
        Judge(bench.patience),
        bench.home(settings=_FEW_PLACES),
    )
    gateway, book = Gateway(home), bench.book("d7")

    async def whole() -> tuple[Any, Any, Figures]:
        able = await _capacity(bench, gateway, book)
        quiet = gateway.caller("SRK-0112")
        alone = await bench.load(quiet, book, rate=able / 10, name="q").run(4)
        greedy = bench.load(gateway, book, rate=2 * able, lines=400)
        few = bench.load(quiet, book, rate=able / 10, name="q")

        async def disturb(_load: Load) -> Figures:
            heard = await few.run(bench.seconds)
            return {
                "able_per_s": able,
                "ok_share_quiet": heard.ok_share(0.0),
                "quiet_ok": heard.kinds["ok"],
                "quiet_p99_s": heard.took("ok", 0.99),
                "quiet_busy": heard.kinds["busy"],
                "quiet_trouble": heard.kinds["trouble"],
                "quiet_broken": heard.broken,
                "quiet_p99_alone_s": alone.took("ok", 0.99),
            }

        tally, figures = await disturbed(greedy, bench.seconds, disturb)
        return tally, alone, figures

    with serving(gateway):
        tally, alone, figures = asyncio.run(whole())
    found.demand(alone.kinds["ok"] == alone.sent, f"the quiet one alone: {dict(alone.kinds)}")
    found.demand(tally.kinds["busy"] > 0, "it was never too much")
    found.at_least(figures, "ok_share_quiet", 0.99)
    figures = judge(found, home, book, tally, in_flight=400) | figures
    return Result(name, number, figures, found.problems)


async def _capacity(bench: Bench, gateway: Gateway, book: Any) -> float:
    """Answers a second of callers who each wait for the one before: what it is able to do."""
    if not bench.capacity:
        load, seconds = bench.load(gateway, book, lines=24, name="c"), 4.0
        await bench.load(gateway, book, lines=24, name="w").flat_out(1.0)
        bench.capacity = (await load.flat_out(seconds)).kinds["ok"] / seconds
    return bench.capacity


async def _probed(gateway: Gateway, taken: list[float], seconds: float) -> Figures:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        await asyncio.to_thread(gateway.health)
        taken.append(time.monotonic() - start)
        await asyncio.sleep(0.25)
    return {}


def large_messages(bench: Bench, number: int) -> Result:
    """D8a: messages at the limits and past them, beside good ones: memory stays bounded."""
    name, found, home = "D8a messages at the limits", Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("d8")
    hostile = _hostile()

    async def whole() -> tuple[Any, Figures]:
        warm = await bench.load(gateway, book, name="w").run(3)
        start, peak, asked = gateway.held(), [0], [0]
        ends = time.monotonic() + bench.seconds

        async def one(turn: int) -> None:
            line = Line(gateway.caller())
            while time.monotonic() < ends:
                body = hostile[turn % len(hostile)]
                head = (
                    f"POST {gateway.caller().path} HTTP/1.1\r\nHost: kapi\r\n"
                    f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                with contextlib.suppress(OSError, EOFError, ValueError):
                    await line.ask(head.encode() + body)
                    asked[0] += 1
                turn += 7
                await asyncio.sleep(0.05)
            line.close()

        async def disturb(_load: Load) -> Figures:
            callers = [asyncio.create_task(one(turn)) for turn in range(32)]
            while time.monotonic() < ends:
                peak[0] = max(peak[0], gateway.held().memory)
                await asyncio.sleep(0.1)
            await asyncio.gather(*callers)
            return {}

        load = bench.load(gateway, book, rate=bench.rate / 2)
        tally, _ = await disturbed(load, bench.seconds, disturb)
        del warm
        return tally, {
            "hostile": asked[0],
            "start_mb": start.memory / 2**20,
            "peak_mb": peak[0] / 2**20,
            "growth_mb": (peak[0] - start.memory) / 2**20,
        }

    with serving(gateway):
        workers = gateway.workers_alive()
        tally, figures = asyncio.run(whole())
        found.demand(gateway.workers_alive() == workers, "a worker ended")
    figures["ok_share"] = tally.ok_share(0.0)
    found.at_least(figures, "ok_share", 0.999)
    # Two workers with 16 messages in hand each, 45 bytes of tree a byte of message.
    found.at_most(figures, "growth_mb", 32 * 131_072 * 45 / 2**20)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


def _hostile() -> list[bytes]:
    """Bodies at the limit, of many small things, nested, with a DOCTYPE, and one byte too many."""
    size = 131_072
    head = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    room = size - len(head)
    return [
        head + b"<a/>" * (room // 4),
        head + b"<a>" * (room // 3),
        head + b"<a " + b" ".join(b'b%d=""' % n for n in range(room // 9)) + b"/>",
        b'<!DOCTYPE a [<!ENTITY e "' + b"x" * 60_000 + b'">]><a>' + b"&e;" * 9_000 + b"</a>",
        head + b"x" * room,
        b"x" * (size + 1),
        head + b"<!--" + b"c" * (room - 10) + b"-->",
    ]


def long_service(bench: Bench, number: int) -> Result:
    """D8b: many answers after one another: memory does not grow."""
    name, found, home = "D8b many answers", Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("d8")

    async def whole() -> tuple[Any, Figures]:
        load = bench.load(gateway, book, lines=16)
        running = asyncio.create_task(load.flat_out(bench.seconds + 1))
        await asyncio.sleep(0.3 * bench.seconds)
        early, answered = gateway.held(), len(load.tally.replies)
        await asyncio.sleep(0.7 * bench.seconds)
        late = gateway.held()
        tally = await running
        grown = late.memory / early.memory - 1
        return tally, {"early_answers": answered, "growth_percent": 100 * grown}

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    found.at_most(figures, "growth_percent", 5.0)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


def memory_ceiling(bench: Bench, number: int) -> Result:
    """D8c: a ceiling below the need; the kill hits a worker, and another one comes."""
    parent = os.environ.get("ANOMALY_CGROUP", "")
    if not parent:
        raise CannotHere("cgroup to make one in; ANOMALY_CGROUP names a directory of memory's")
    group = Path(parent) / f"kps-anomaly-{os.getpid()}"
    name, found, home = "D8c memory ceiling", Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("d8")
    group.mkdir()
    limit = group / ("memory.max" if (group / "memory.max").exists() else "memory.limit_in_bytes")
    try:
        with serving(gateway):
            for process in (gateway.pid, *gateway.workers_alive()):
                (group / "cgroup.procs").write_text(str(process), encoding="ascii")

            async def disturb(_load: Load) -> Figures:
                await asyncio.sleep(0.3 * bench.seconds)
                workers = gateway.workers_alive()
                # The group lets go of what it can; what is left is a worker too much.
                with contextlib.suppress(OSError):
                    limit.write_text(str(int(gateway.held().memory * 0.5)), encoding="ascii")
                await asyncio.sleep(0.2 * bench.seconds)
                limit.write_text(str(4 << 30), encoding="ascii")
                return {"killed": len(set(workers) - set(gateway.workers_alive()))}

            async def whole() -> tuple[Any, Figures]:
                load = bench.load(gateway, book, rate=bench.rate / 2)
                tally, figures = await disturbed(load, bench.seconds, disturb)
                figures["green_s"] = await gateway.until(200, seconds=30)
                return tally, figures

            tally, figures = asyncio.run(whole())
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


#: Deadlines short enough for a round.
_SHORT = (
    "header_seconds_max = 3\nbody_seconds_max = 5\nwrite_seconds_max = 3\nidle_seconds_max = 5\n"
)


def idle_connections(bench: Bench, number: int) -> Result:
    """D9a: callers who send nothing, slowly, half, or read nothing, by the hundred."""
    name = "D9a idle and slow connections"
    return _besieged(bench, number, name, Gateway(bench.home(settings=_SHORT)), scale=1.0)


def few_files(bench: Bench, number: int) -> Result:
    """D9b: the same with 256 open files: new callers still come through."""
    before = ["prlimit", "--nofile=256:256"]
    gateway = Gateway(bench.home(settings=_SHORT), before=before)
    return _besieged(bench, number, "D9b with 256 open files", gateway, scale=0.5)


def _besieged(bench: Bench, number: int, name: str, gateway: Gateway, *, scale: float) -> Result:
    found, book = Judge(bench.patience), bench.book("d9")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = _Crowd(gateway)

    async def whole() -> tuple[Any, Figures]:
        alone = await bench.load(gateway, book, name="a").run(3)
        held = gateway.held()
        spent = _cpu(gateway)

        async def disturb(_load: Load) -> Figures:
            await crowd.gather(scale)
            there = crowd.count
            await asyncio.sleep(bench.seconds - 4)
            return {"connections": there, "left_open": crowd.open_now()}

        load = bench.load(gateway, book, fresh=True)
        tally, figures = await disturbed(load, bench.seconds, disturb)
        figures["cpu_cores"] = (_cpu(gateway) - spent) / bench.seconds
        figures["p99_alone_s"], figures["p99_s"] = alone.late("ok", 0.99), tally.late("ok", 0.99)
        crowd.leave()
        for _ in range(30):
            found_now = gateway.held().back_to(held)
            if not found_now:
                break
            await asyncio.sleep(0.5)
        found.problems.extend(found_now)
        return tally, figures

    try:
        with serving(gateway):
            tally, figures = asyncio.run(whole())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    figures["ok_share"] = tally.ok_share(0.0)
    found.at_least(figures, "ok_share", 0.99 if scale < 1 else 0.999)
    # All deadlines of this round have passed by then.
    found.at_most(figures, "left_open", 0)
    figures = judge(found, gateway.home, book, tally) | figures
    return Result(name, number, figures, found.problems)


class _Crowd:
    """Connections of people who mean no good, and of people with bad lines."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._readers: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._ended: set[int] = set()
        self._watching: list[asyncio.Task[None]] = []
        self.count = 0

    async def gather(self, scale: float) -> None:
        """So many of each kind: silent, silent over TLS, drop by drop, half a body, deaf."""
        kinds: list[tuple[int, bool, Callable[..., Awaitable[None]]]] = [
            (1000, False, self._silent),
            (200, True, self._silent),
            (150, False, self._drops),
            (80, False, self._half),
            (80, False, self._deaf),
        ]
        for many, tls, way in kinds:
            for _ in range(int(many * scale)):
                with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
                    await self._come(way, tls=tls)

    async def _come(self, way: Callable[..., Awaitable[None]], *, tls: bool) -> None:
        caller = self._gateway.caller(tls=tls)
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(
                caller.host, caller.port, ssl=caller.tls, limit=1024
            )
        self.count += 1
        number = self.count
        self._readers.append((reader, writer))

        async def until_it_ends() -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await way(reader, writer)
            self._ended.add(number)

        self._watching.append(asyncio.create_task(until_it_ends()))

    async def _silent(self, reader: asyncio.StreamReader, _writer: Any) -> None:
        while await reader.read(1024):
            pass

    async def _drops(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = asyncio.create_task(reader.read(1))
        for letter in b"POST / HTTP/1.1\r\nHost: kapi.example.com.tr\r\nA: b\r\n" * 20:
            writer.write(bytes([letter]))
            done, _ = await asyncio.wait([ended], timeout=1.0)
            if done:
                return

    async def _half(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = self._gateway.caller().question("urn:uuid:half", 0)
        writer.write(question[: len(question) - 200])
        while await reader.read(1024):
            pass

    async def _deaf(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Many pages asked for and none read, until the other side has enough.
        for _ in range(400):
            writer.write(
                b"GET /kps/KisiSorgulaTCKimlikNoServis/2011/01/01?wsdl HTTP/1.1\r\n"
                b"Host: kapi\r\n\r\n"
            )
        transport: Any = writer.transport
        transport.pause_reading()
        end = time.monotonic() + 60
        while time.monotonic() < end and not transport.is_closing():
            await asyncio.sleep(0.5)
            # A connection that was cut says so when something is written to it.
            writer.write(b" ")

    def open_now(self) -> int:
        return self.count - len(self._ended)

    def leave(self) -> None:
        for task in self._watching:
            task.cancel()
        for _, writer in self._readers:
            writer.close()


def _cpu(gateway: Gateway) -> float:
    ticks = 0
    for process in (gateway.pid, *gateway.workers_alive()):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def writers_stopped(bench: Bench, number: int) -> Result:
    """D3e: a worker is held while it may have the turn to write; nobody waits for ever."""
    name, found, home = "D3e a worker hangs", Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("d3")

    async def disturb(_load: Load) -> Figures:
        await asyncio.sleep(0.2 * bench.seconds)
        victim = gateway.workers_alive()[number % 2]
        os.kill(victim, signal.SIGSTOP)
        await asyncio.sleep(0.3 * bench.seconds)
        os.kill(victim, signal.SIGCONT)
        return {"continued": time.monotonic()}

    async def whole() -> tuple[Any, Figures]:
        load = bench.load(gateway, book, rate=bench.rate / 2, lines=256, fresh=True)
        return await disturbed(load, bench.seconds, disturb)

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    continued = figures.pop("continued")
    figures["ok_share_after"] = tally.ok_share(continued + 2.0)
    found.at_least(figures, "ok_share_after", 0.99)
    figures = judge(found, home, book, tally, in_flight=256) | figures
    return Result(name, number, figures, found.problems)
