"""D6: the wall clock is put forward and back, by seconds and by years, under a gateway."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from anomaly.bench import Bench, Figures, Gateway, Judge, Load, Result, disturbed, judge, serving
from anomaly.invariants import digest_of, rows_of
from anomaly.ledger import Caller, Line, kind_of
from anomaly.rig import home_of_another_day, shifted, url_of
from end_to_end.questions import envelope, person_query, security

from kps_soap.audit.months import month_of

_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def moved(bench: Bench, number: int) -> Result:
    """D6: an hour on, an hour back, another hour back, and to and fro by seconds."""
    name, found, home = "D6 clock moved", Judge(bench.patience), bench.home()
    clock = home / "clock"
    clock.write_text("0", encoding="ascii")
    gateway = Gateway(home, module="anomaly.shifted", variables={"ANOMALY_CLOCK": str(clock)})
    book = bench.book("d6")
    steps = (3600, 0, -3600, -3599, -3600, -3599, 0)

    async def disturb(load: Load) -> Figures:
        caller, refused = gateway.caller(), 0
        once = caller.question(f"urn:uuid:d6-once-{time.time_ns()}", 0)
        kinds = []
        for step in steps:
            await asyncio.sleep(bench.seconds / (len(steps) + 1))
            _put(clock, step)
            kinds.append(await _ask(caller, once))
            if abs(step) == 3600:
                refused += await _ask(caller, _timed(caller)) == "fault"
        return {"stale_refused": refused, "repeated_ok": kinds.count("ok")}

    async def whole() -> tuple[Any, Figures]:
        load = bench.load(gateway, book, rate=bench.rate / 2)
        return await disturbed(load, bench.seconds, disturb)

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    rows = [row for row in rows_of(url_of(home)) if row.message.startswith("urn:uuid:d6-once")]
    figures["charged"] = sum(row.units for row in rows)
    figures["told_steps"] = gateway.log.count("the clock was put by")
    found.demand(figures["charged"] == 1, f"one MessageID cost {figures['charged']} units")
    found.demand(figures["stale_refused"] == 3, "a Timestamp outside the window was taken")
    found.demand(figures["repeated_ok"] == len(steps), "a repetition was not answered")
    # Three steps are of an hour or more, and each worker tells its own.
    found.demand(figures["told_steps"] >= 6, "a step of the clock was not told")
    figures["ok_share"] = tally.ok_share(0.0)
    figures["slowest_s"] = tally.late("ok", 1.0)
    found.at_least(figures, "ok_share", 1.0)
    found.at_most(figures, "slowest_s", 2.0)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


async def _ask(caller: Caller, question: bytes) -> str:
    line = Line(caller)
    answer = await line.ask(question)
    line.close()
    return kind_of(*answer)


def _put(clock: Path, seconds: float) -> None:
    """Move the gateway's clock in one go: nobody reads half a number."""
    fresh = clock.with_suffix(".next")
    fresh.write_text(str(seconds), encoding="ascii")
    fresh.replace(clock)


#: What passes while a load goes on: the last second that 32 bits count, the hour in which others
#: change to summer time (Türkiye does not), and the end of a year in Istanbul, years from now.
_MOMENTS = (
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    datetime(2027, 3, 28, 1, 0, 0, tzinfo=UTC),
    datetime(2041, 12, 31, 21, 0, 0, tzinfo=UTC),
)

#: Fifteen years and a day.
_FAR = (15 * 365 + 4 + 1) * 86_400.0


def far(bench: Bench, number: int) -> Result:
    """D6b: a gateway of another day, under which a moment passes that programs stumble over."""
    moment = _MOMENTS[number % len(_MOMENTS)]
    name, found = f"D6b {moment:%Y-%m-%d %H:%M} passes", Judge(bench.patience)
    clock = bench.place / f"clock-{time.time_ns()}"
    _put(clock, moment.timestamp() - time.time() - 3600)
    home = home_of_another_day(bench.place / f"far-{time.time_ns()}", clock)
    gateway = Gateway(home, module="anomaly.shifted", variables={"ANOMALY_CLOCK": str(clock)})
    book = bench.book("d6b")

    async def disturb(_load: Load) -> Figures:
        caller, kinds = gateway.caller(), []
        once = caller.question(f"urn:uuid:d6-once-{time.time_ns()}", 0)
        for _ in range(8):
            await asyncio.sleep(bench.seconds / 10)
            kinds.append(await _ask(caller, once))
        ahead = float(clock.read_text(encoding="ascii"))
        fresh, stale = await _ask(caller, _timed(caller, ahead)), await _ask(caller, _timed(caller))
        return {"repeated_ok": kinds.count("ok"), "fresh": fresh, "stale": stale}

    async def whole() -> tuple[Any, Figures]:
        _put(clock, moment.timestamp() - time.time() - bench.seconds / 2)
        load = bench.load(gateway, book, rate=bench.rate / 2)
        return await disturbed(load, bench.seconds, disturb)

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    _judge_moment(found, figures, home, clock, moment)
    found.demand(figures.pop("fresh") == "ok", "a fresh Timestamp of that day was refused")
    found.demand(figures.pop("stale") == "fault", "a Timestamp of another day was taken")
    found.demand(figures["repeated_ok"] == 8, "a repetition was not answered")
    figures["ok_share"] = tally.ok_share(0.0)
    figures["slowest_s"] = tally.late("ok", 1.0)
    found.at_least(figures, "ok_share", 1.0)
    found.at_most(figures, "slowest_s", 2.0)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


def _judge_moment(
    found: Judge, figures: Figures, home: Path, clock: Path, moment: datetime
) -> None:
    """What the records say of the time before and after a moment."""
    at = int(moment.timestamp() * 1_000_000)
    rows = _times(home)
    figures["records_before"] = sum(1 for _, received in rows if received < at)
    figures["records_after"] = sum(1 for _, received in rows if received >= at)
    found.demand(figures["records_before"] > 0, "the moment was over before it began")
    found.demand(figures["records_after"] > 0, "the moment never passed")
    once = [row for row in rows_of(url_of(home)) if row.message.startswith("urn:uuid:d6-once")]
    figures["charged"] = sum(row.units for row in once)
    found.demand(figures["charged"] == 1, f"one MessageID cost {figures['charged']} units")
    # What an auditor reads is a time with its offset, and the same as is kept.
    request = max(rows, key=lambda row: row[1])[0]
    said = shifted(
        clock, "audit", "search", "--home", str(home), "--request", request,
        "--reason", "deneme", "--json",
    )  # fmt: skip
    shown = json.loads(said.stdout or "{}").get("records", [{}])[0]
    read = datetime.fromisoformat(str(shown.get("time", "0001-01-01")))
    right = read.tzinfo is not None and abs(read.timestamp() * 1e6 - shown["received_us"]) < 1000
    found.demand(right and read >= moment, f"an auditor reads {said.stdout[:200]} {said.stderr}")


def years_on(bench: Bench, number: int) -> Result:
    """D6c: fifteen years and a day in one step, and back: nothing is deleted, nothing wrong said.

    A gateway that is started by such a clock says what has run out, and opens no port.
    """
    name, found, home = "D6c clock fifteen years on", Judge(bench.patience), bench.home()
    clock = home / "clock"
    _put(clock, 0)
    gateway = Gateway(home, module="anomaly.shifted", variables={"ANOMALY_CLOCK": str(clock)})
    book = bench.book("d6c")

    async def disturb(_load: Load) -> Figures:
        await asyncio.sleep(0.25 * bench.seconds)
        until = time.time() - 1.0
        kept = _digest(home, before=until)
        _put(clock, _FAR)
        stepped = time.monotonic()
        figures: Figures = {"red_s": await gateway.until(503, seconds=10, parts=4)}
        await asyncio.sleep(0.25 * bench.seconds)
        health = await asyncio.to_thread(gateway.health)
        _put(clock, 0)
        back = time.monotonic()
        figures["green_s"] = await gateway.until(200, seconds=20)
        figures |= {"troubles": len(health[1]["troubles"]), "stepped": stepped, "back": back}
        figures["kept"] = kept == _digest(home, before=until)
        return figures

    async def whole() -> tuple[Any, Figures]:
        load = bench.load(gateway, book, rate=bench.rate / 2)
        return await disturbed(load, bench.seconds + 4.0, disturb)

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    stepped, back = figures.pop("stepped"), figures.pop("back")
    figures["ok_while_far"] = sum(
        1 for one in tally.replies if one.kind == "ok" and stepped + 1.0 < one.at < back
    )
    figures["first_ok_s"] = tally.first_ok_after(back)
    figures["ok_share_after"] = tally.ok_share(back + 2.0)
    figures["told_steps"] = gateway.log.count("the clock was put by")
    figures["told_ends"] = gateway.log.count("certificate has expired")
    found.at_most(figures, "red_s", 5.0)
    found.at_most(figures, "green_s", 5.0)
    found.at_most(figures, "ok_while_far", 0)
    found.at_most(figures, "first_ok_s", 5.0)
    found.at_least(figures, "ok_share_after", 0.99)
    found.demand(figures.pop("kept"), "records of before the step are others now, or gone")
    found.demand(tally.broken == 0, f"{tally.broken} questions got no answer at all")
    # Two steps and three certificates, told by each worker.
    found.demand(figures["told_steps"] == 4, "not one line for each step and worker")
    found.demand(figures["told_ends"] == 6, "not one line for each certificate and worker")
    found.demand(figures["troubles"] >= 3, "readiness does not name what has run out")
    _judge_start(found, home, clock)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


def _judge_start(found: Judge, home: Path, clock: Path) -> None:
    """By a clock that is years on, a gateway does not start, and says why."""
    _put(clock, _FAR)
    said = shifted(clock, "serve", "--home", str(home), "--workers", "1")
    _put(clock, 0)
    found.demand(said.returncode != 0, "it started with certificates that had run out")
    found.demand("Serving on" not in said.stderr, "it opened its ports first")
    told = "signing keys: " in said.stderr and "TLS certificate has expired" in said.stderr
    found.demand(told, f"it did not say what had run out: {said.stderr[-300:]}")


def _times(home: Path) -> list[tuple[str, int]]:
    """Every record with a request number, and when it came."""
    query = (
        "SELECT request_id, received_us FROM evidence WHERE event = 'SORGU' ORDER BY received_us"
    )
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        return [(str(row[0]), int(row[1])) for row in connection.execute(query)]


def _digest(home: Path, *, before: float) -> str:
    """One digest over all records that came before a moment, and over the months' keys."""
    query = "SELECT * FROM evidence WHERE received_us < ? ORDER BY chain_id, sequence"
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(query, (int(before * 1_000_000),))]
        months = connection.execute("SELECT month, destroyed_us FROM month_keys").fetchall()
    alive = [dict(row) for row in months if row["month"] <= month_of(datetime.now(UTC))]
    return f"{len(rows)} {digest_of([*rows, *alive])}"


def _timed(caller: Caller, ahead: float = 0.0) -> bytes:
    """A question with a Timestamp by the caller's own clock, which nobody has moved.

    ``ahead``: by a clock that is so many seconds ahead.
    """
    now = datetime.now(UTC) + timedelta(seconds=ahead)
    times = "".join(
        f"<u:{name}>{moment:%Y-%m-%dT%H:%M:%SZ}</u:{name}>"
        for name, moment in (("Created", now), ("Expires", now + timedelta(seconds=60)))
    )
    token = security(caller.account)
    place = token.index("><o:UsernameToken>") + 1
    stamp = f'<u:Timestamp xmlns:u="{_WSU}">{times}</u:Timestamp>'
    body = envelope(person_query(caller.numbers[0]), token[:place] + stamp + token[place:])
    return (
        f"POST {caller.path} HTTP/1.1\r\nHost: {caller.host}\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
