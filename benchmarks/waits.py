"""How long requests wait for their records while the whole line works, in one worker's process."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import insert, select

from benchmarks.messages import direct_message
from benchmarks.stages import PATH, TEXT_XML, question_at
from kps_soap.app import Running, open_gateway
from kps_soap.configured import utc_now
from kps_soap.database import open_database, writing
from kps_soap.doors.doorway import Doorway
from kps_soap.entry import Entry
from kps_soap.gateway import Question
from kps_soap.models import credentials
from kps_soap.readiness import new_request_id
from kps_soap.serving import without_pauses
from kps_soap.settings import read

#: So many requests at once keep a worker busy all the time.
BUSY = 32
#: Long enough that a lucky moment is not taken for what the worker can do: 80 % of that would be
#: more than all of it, and the waits those of a queue that grows.
BUSY_SECONDS = 5.0
LOAD = 0.8
SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Waits:
    """Requests a second of a worker that is never idle, and the waits in ms at 80 % of them.

    ``answers_p99_ms`` is of whole answers, from the moment at which a request was due.
    """

    busy_per_second: float
    p50_ms: float
    p99_ms: float
    answers_p99_ms: float


async def measure_waits(home: Path, url: str) -> Waits:
    """Ask the gateway of a home whose database lies at this address, and has its accounts."""
    waits: list[float] = []
    async with _asked(home, url) as (running, questions):
        record = running.gateway.record

        async def timed(entry: Entry) -> None:
            began = time.monotonic()
            await record(entry)
            waits.append(time.monotonic() - began)

        doorway = _recording(running, timed)
        with without_pauses():
            busy = await _busy(doorway, questions)
            waits.clear()
            answers = await _at_random(doorway, questions, busy * LOAD)
    return Waits(busy, _ms(waits, 0.5), _ms(waits, 0.99), _ms(answers, 0.99))


async def messages_of(home: Path, url: str) -> list[tuple[bytes, bytes]]:
    """Questions and answers as records hold them: a person query about each of the personas."""
    kept: list[tuple[bytes, bytes]] = []
    async with _asked(home, url) as (running, questions):

        async def keep(entry: Entry) -> None:
            kept.append((entry.question, entry.answer))

        doorway = _recording(running, keep)
        for question in questions:
            await _ask(doorway, question)
    return kept


@asynccontextmanager
async def _asked(home: Path, url: str) -> AsyncIterator[tuple[Running, list[Question]]]:
    """One worker of the home, and the questions that it is asked."""
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    account = next(one for one in demo["accounts"] if one["inquirer"] is None)
    numbers = [one["identity_number"] for one in demo["personas"] if one["kind"]]
    settings = read(home, os.environ, command_line={"workers": 1, "gateway_url": url})
    async with open_gateway(settings, worker="bench") as running:
        messages = [direct_message(number, account).encode() for number in numbers]
        yield running, [question_at(running, PATH, one, TEXT_XML) for one in messages]


def _recording(running: Running, record: Callable[[Entry], Awaitable[None]]) -> Doorway:
    """The worker's doorway, its records handed to somebody else."""
    return replace(running.doorway, gateway=replace(running.gateway, record=record))


def _ms(seconds: Sequence[float], part: float) -> float:
    """So many ms, or less, lasted this part of them."""
    return sorted(seconds)[int(len(seconds) * part)] * 1e3


def copy_accounts(home: Path, url: str) -> None:
    """Copy the accounts of the demo's database to another one."""
    source = open_database(f"sqlite:///{home / 'gateway.db'}", wait_seconds_max=10)
    target = open_database(url, wait_seconds_max=10)
    with source.connect() as connection:
        rows = [row._asdict() for row in connection.execute(select(credentials))]
    with target.connect() as connection, writing(connection):
        connection.execute(insert(credentials), rows)
    source.dispose()
    target.dispose()


async def _ask(doorway: Doorway, question: Question) -> None:
    fresh = replace(question, received_at=utc_now(), request_id=new_request_id())
    if (await doorway.answer(fresh)).status != 200:
        raise SystemExit("the gateway refused a request of the benchmark")


async def _busy(doorway: Doorway, questions: Sequence[Question]) -> float:
    """Answers a second while there are always some requests that wait."""
    until, count = time.monotonic() + BUSY_SECONDS, 0

    async def one_after_another(first: int) -> None:
        nonlocal count
        turn = first
        while time.monotonic() < until:
            await _ask(doorway, questions[turn % len(questions)])
            turn, count = turn + 1, count + 1

    await asyncio.gather(*(one_after_another(first) for first in range(BUSY)))
    return count / BUSY_SECONDS


async def _at_random(
    doorway: Doorway, questions: Sequence[Question], per_second: float
) -> list[float]:
    """Requests that come at random, so many a second; returns how long each took, in seconds."""
    took: list[float] = []

    async def one(question: Question, due: float) -> None:
        await _ask(doorway, question)
        took.append(time.monotonic() - due)

    chance = random.Random(1)
    due = time.monotonic()
    async with asyncio.TaskGroup() as requests:
        for turn in range(round(per_second * SECONDS)):
            due += chance.expovariate(per_second)
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            requests.create_task(one(questions[turn % len(questions)], due))
    return took
