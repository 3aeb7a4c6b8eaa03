"""How a round is made and judged: a fresh home, a load, one disturbance, six invariants.

A round returns figures and what was wrong; it never stops half way without ending what it began.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anomaly.invariants import Books, check, rows_of
from anomaly.ledger import Book, Caller, Load, Reply, Tally, ask_again
from anomaly.rig import Gateway, loaded_home, move_to, serving, url_of, verify

Figures = dict[str, Any]

#: While a load goes on: breaks something, heals it, and says what it measured.
Disturbance = Callable[[Load], Awaitable[Figures]]


@dataclass
class Result:
    """One round: what was measured, and what should not have been."""

    name: str
    number: int
    figures: Figures
    problems: list[str]
    seconds: float = 0.0
    skipped: str = ""


@dataclass
class Bench:
    """Where rounds run; ``place`` is a directory of their own, ``seed`` makes them repeatable.

    ``patience`` is how many times longer anything may take: 1 on a machine of one's own.
    """

    place: Path
    rate: float
    seconds: float
    seed: int = 1
    patience: float = 1.0
    capacity: float = 0.0
    problems: list[str] = field(default_factory=list)
    _turn: int = 0

    def home(self, *, settings: str = "", postgresql: str = "") -> Path:
        """A fresh copy of the home that is made once; PostgreSQL's is filled from it."""
        template = self.place / "template"
        if not template.exists():
            loaded_home(template)
        self._turn += 1
        home = self.place / f"home-{self._turn}"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        with (home / "kps.toml").open("a", encoding="utf-8") as file:
            file.write(settings)
        if postgresql:
            move_to(home, postgresql)
        return home

    def chance(self, name: str, number: int) -> random.Random:
        """The random moments of a round, the same each time."""
        return random.Random(f"{self.seed} {name} {number}")

    def book(self, name: str) -> Book:
        path = self.place / f"{name}-{time.time_ns()}.ledger"
        return Book(path)

    def load(
        self,
        gateway: Gateway | Caller,
        book: Book,
        *,
        rate: float = 0.0,
        lines: int = 16,
        name: str = "r",
        **more: Any,
    ) -> Load:
        caller = gateway if isinstance(gateway, Caller) else gateway.caller()
        prefix = f"{name}-{time.time_ns()}"
        return Load(caller, book, rate=rate or self.rate, prefix=prefix, lines=lines, **more)


class Witness:
    """I4: looks up every so many answers the moment they came; their records must be there.

    It reads by a connection of its own, which sees only what was committed.
    """

    def __init__(self, home: Path, *, every: int = 10) -> None:
        self._file = home / "gateway.db"
        self._every = every
        self._heard = 0
        self.looked = 0
        self.missing = 0

    async def __call__(self, reply: Reply) -> None:
        self._heard += reply.kind == "ok"
        if reply.kind != "ok" or self._heard % self._every:
            return
        self.looked += 1
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
            query = "SELECT 1 FROM evidence WHERE request_id = ?"
            self.missing += connection.execute(query, (reply.request,)).fetchone() is None


@dataclass
class Judge:
    """Collects what was wrong; times (``_s``) may be ``patience`` times what a round allows."""

    patience: float = 1.0
    problems: list[str] = field(default_factory=list)

    def demand(self, holds: bool, sentence: str) -> None:
        if not holds:
            self.problems.append(sentence)

    def at_most(self, figures: Figures, name: str, most: float) -> None:
        value = figures[name]
        if name.endswith("_s"):
            most *= self.patience
        self.demand(value <= most, f"{name} is {value:.3g}, at most {most:g} is allowed")

    def at_least(self, figures: Figures, name: str, least: float) -> None:
        value = figures[name]
        self.demand(value >= least, f"{name} is {value:.4g}, at least {least:g} is wanted")


async def disturbed(load: Load, seconds: float, disturb: Disturbance) -> tuple[Tally, Figures]:
    """Run a load, and the disturbance beside it."""
    running = asyncio.create_task(load.run(seconds))
    try:
        figures = await disturb(load)
    except BaseException:
        load.stop()
        await running
        raise
    return await running, figures


async def settle(gateway: Gateway, book: Book, tally: Tally) -> Figures:
    """Whoever never heard an answer asks again, with the same MessageID."""
    again = await ask_again(gateway.caller(), book, tally.unanswered)
    return {"asked_again": sum(again.values()), "again_ok": again["ok"]}


def judge(
    judge_: Judge,
    home: Path,
    book: Book,
    tally: Tally,
    *,
    in_flight: int = 16,
    before: tuple[str, ...] = (),
    url: str = "",
) -> Figures:
    """The invariants that the ledger and the records tell; the gateway has ended."""
    book.close()
    books, rows = Books.read([book.path]), rows_of(url or url_of(home))
    judge_.problems += check(books, rows, in_flight=in_flight)
    if found := verify(home, *before):
        judge_.problems.append(found)
    kinds = tally.kinds
    judge_.demand(kinds["ok"] > 0, "nobody was answered: the round says nothing")
    judge_.demand(tally.sent >= 0.95 * tally.planned, "fewer than 95 % of the questions were sent")
    judge_.demand(kinds["odd"] == 0, f"{kinds['odd']} answers were neither data nor faults")
    lost = sum(1 for problem in judge_.problems if problem.startswith("I1"))
    return {
        "questions": tally.sent,
        "ok": kinds["ok"],
        "refused": kinds["trouble"] + kinds["busy"],
        "faults": kinds["fault"],
        "broken": tally.broken,
        "records_lost": lost,
    }


__all__ = [
    "Bench",
    "Book",
    "Figures",
    "Gateway",
    "Judge",
    "Load",
    "Result",
    "Tally",
    "Witness",
    "disturbed",
    "judge",
    "serving",
    "settle",
]
