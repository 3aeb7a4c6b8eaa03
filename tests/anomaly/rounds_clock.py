"""D6: the wall clock is put forward and back under a gateway that goes on."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from anomaly.bench import Bench, Figures, Gateway, Judge, Load, Result, disturbed, judge, serving
from anomaly.invariants import rows_of
from anomaly.ledger import Caller, Line, kind_of
from anomaly.rig import url_of
from end_to_end.questions import envelope, person_query, security

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
            fresh = clock.with_suffix(".next")
            fresh.write_text(str(step), encoding="ascii")
            fresh.replace(clock)
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


def _timed(caller: Caller) -> bytes:
    """A question with a Timestamp by the caller's own clock, which nobody has moved."""
    now = datetime.now(UTC)
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
