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

import psycopg
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
    short: bool = False
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

    def outage(self, loads: float) -> float:
        """How long something stays away, in seconds: so many loads, a third in a short run."""
        return self.seconds * (min(loads, 0.35) if self.short else loads)

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
        """A load on a gateway, with a witness unless its records are where only it can see."""
        caller = gateway if isinstance(gateway, Caller) else gateway.caller()
        if isinstance(gateway, Gateway) and gateway.tells and "seen" not in more:
            more["seen"] = Witness(url_of(gateway.home))
        prefix = f"{name}-{time.time_ns()}"
        return Load(caller, book, rate=rate or self.rate, prefix=prefix, lines=lines, **more)


class Witness:
    """I4: looks up every tenth answer the moment it came; its record must be there.

    It reads by a connection of its own, which sees only what was committed.  ``blind`` counts
    the answers that could not be looked up, because the database went away after them.
    """

    def __init__(
        self, url: str, *, every: int = 10, find: Callable[[str], bool] | None = None
    ) -> None:
        self._url = url
        self._find = find or (self._in_file if url.startswith("sqlite:") else self._on_server)
        self._every = every
        self.heard = 0
        self.looked = 0
        self.missing = 0
        self.blind = 0

    async def __call__(self, reply: Reply) -> None:
        self.heard += reply.kind == "ok"
        if reply.kind != "ok" or self.heard % self._every:
            return
        try:
            found = await asyncio.to_thread(self._find, reply.request)
        except (sqlite3.OperationalError, psycopg.OperationalError):
            self.blind += 1
            return
        self.looked += 1
        self.missing += not found

    def _in_file(self, request: str) -> bool:
        file = self._url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            query = "SELECT 1 FROM evidence WHERE request_id = ?"
            return connection.execute(query, (request,)).fetchone() is not None

    def _on_server(self, request: str) -> bool:
        address = self._url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(address, connect_timeout=2) as connection:
            query = "SELECT 1 FROM evidence WHERE request_id = %s"
            return connection.execute(query, (request,)).fetchone() is not None

    def figures(self, judge_: Judge) -> Figures:
        """What was looked up, and the demand that it was done and found everything."""
        judge_.demand(not self.missing, f"I4: {self.missing} answers came before their records")
        due = self.heard // self._every
        judge_.demand(
            self.looked + self.blind == due, f"I4: {self.looked} of {due} answers were looked up"
        )
        judge_.demand(self.looked > 0 or due == 0, "I4: not one answer could be looked up")
        return {"looked_up_at_once": self.looked, "not_on_record_yet": self.missing}


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
    # Whoever looked up records as answers came: every load on a gateway has a witness.
    seen = tally.seen.figures(judge_) if isinstance(tally.seen, Witness) else {}
    lost = sum(1 for problem in judge_.problems if problem.startswith("I1"))
    return {
        "questions": tally.sent,
        "ok": kinds["ok"],
        "refused": kinds["trouble"] + kinds["busy"],
        "faults": kinds["fault"],
        "broken": tally.broken,
        "records_lost": lost,
        **seen,
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
