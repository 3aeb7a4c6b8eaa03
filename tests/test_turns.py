"""One request begins in a round of the loop, and what is nearly done goes in between."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from kps_soap.turns import Turns


def in_loop(work: Callable[[Turns, list[str]], Awaitable[None]]) -> list[str]:
    """What happened, in its order."""
    seen: list[str] = []

    async def run() -> None:
        await work(Turns(), seen)

    asyncio.run(run())
    return seen


def test_who_comes_alone_begins_at_once() -> None:
    async def work(turns: Turns, seen: list[str]) -> None:
        await turns.take()
        seen.append(f"begun, {turns.waiting} wait")

    assert in_loop(work) == ["begun, 0 wait"]


def test_those_who_come_together_begin_in_their_order_one_in_a_round() -> None:
    async def work(turns: Turns, seen: list[str]) -> None:
        async def one(name: str) -> None:
            await turns.take()
            seen.append(name)

        async def rounds() -> None:
            for _ in range(6):
                seen.append("|")
                await asyncio.sleep(0)

        await asyncio.gather(one("a"), one("b"), one("c"), rounds())

    begun = "".join(in_loop(work))
    assert begun.replace("|", "") == "abc"
    assert all(len(together) <= 1 for together in begun.split("|"))


def test_what_is_nearly_done_does_not_wait_for_all_who_begin() -> None:
    async def work(turns: Turns, seen: list[str]) -> None:
        async def one(name: str) -> None:
            await turns.take()
            seen.append(name)
            await asyncio.sleep(0)
            seen.append(f"{name} done")

        await asyncio.gather(*(one(name) for name in "abcd"))

    seen = in_loop(work)
    assert seen.index("a done") < seen.index("c")
    assert seen.index("b done") < seen.index("d")


def test_who_gave_up_takes_no_turn() -> None:
    async def work(turns: Turns, seen: list[str]) -> None:
        async def one(name: str) -> None:
            await turns.take()
            seen.append(name)

        tasks = [asyncio.create_task(one(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await one("d")

    assert in_loop(work) == ["a", "c", "d"]


def test_a_stage_is_entered_in_turn() -> None:
    async def work(turns: Turns, seen: list[str]) -> None:
        async def stage(exchange: Any, vouched: Any) -> str:
            seen.append(exchange)
            return f"{exchange} {vouched}"

        staged = turns.before(stage)
        seen += await asyncio.gather(staged("a", 1), staged("b", 2))

    assert in_loop(work) == ["a", "b", "a 1", "b 2"]
