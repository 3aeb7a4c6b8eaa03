"""What a stage of the line does, counted in calls of functions: no clock, so nothing is flaky.

A count tells of work that crept into a stage, whatever machine runs the test; it does not tell how
long libxml2 or OpenSSL take.  The bounds lie a half above what was counted when they were written.
Agreements must not be counted at all: a stage that looks through them would grow with them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from end_to_end.running import make_home

from benchmarks.stages import measure
from benchmarks.verification import GROUP, entries
from kps_soap.audit.chain import Chain
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring
from kps_soap.database import open_database, writing

CALLS, WARM_CALLS = 10, 5
MANY = 60

#: Calls of Python functions and of built-in ones: direct door, routing door.
BOUNDS = {
    "limits and parse": (105, 230),
    "authenticate": (165, 330),
    "agreement": (140, 140),
    "criteria and register": (285, 285),
    "write": (210, 210),
    "answer bytes, signature": (145, 95),
}
RECORD_BOUND = 95


class Counter:
    """Counts calls of functions in this thread while it is in force."""

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> Counter:
        sys.setprofile(self._seen)
        return self

    def __exit__(self, *_raised: object) -> None:
        sys.setprofile(None)

    def _seen(self, _frame: FrameType, event: str, _what: Any) -> None:
        self.calls += event in ("call", "c_call")


async def counted(work: Callable[[], Any]) -> float:
    """Calls of functions in one call of the work, once everything is warm."""
    for _ in range(WARM_CALLS):
        await _done(work)
    with Counter() as counter:
        for _ in range(CALLS):
            await _done(work)
    return counter.calls / CALLS


async def _done(work: Callable[[], Any]) -> None:
    made = work()
    if asyncio.iscoroutine(made):
        await made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("dear") / "home", persons=200)


@pytest.fixture(scope="module")
def costs(home: Path) -> tuple[dict[str, float], dict[str, float]]:
    return asyncio.run(measure(home, counted))


@pytest.mark.parametrize("stage", BOUNDS)
def test_a_stage_does_not_do_much_more_than_it_did(
    costs: tuple[dict[str, float], dict[str, float]], stage: str
) -> None:
    found = tuple(round(door[stage]) for door in costs)
    assert all(count <= most for count, most in zip(found, BOUNDS[stage], strict=True)), found


def test_the_line_does_not_grow_with_the_number_of_agreements(
    home: Path, costs: tuple[dict[str, float], dict[str, float]], tmp_path: Path
) -> None:
    crowded = tmp_path / "home"
    shutil.copytree(home, crowded)
    folder = crowded / "agreements"
    text = (folder / "ornek-sirket.toml").read_text(encoding="utf-8")
    for number in range(MANY):
        (folder / f"kurum-{number:03}.toml").write_text(
            text.replace("SRK-0112", f"SRK-{number:05}")
            .replace("2026/305", f"2026/{10_000 + number}")
            .replace("S-112", f"S-{number:05}"),
            encoding="utf-8",
        )
    many = asyncio.run(measure(crowded, counted))
    for before, after in zip(costs, many, strict=True):
        for stage, count in before.items():
            assert after[stage] <= count * 1.1 + 5, stage


def test_a_record_does_not_cost_much_more_than_it_did(home: Path) -> None:
    keyring = Keyring(KeyFiles(home / "keys" / "evidence.key"))
    engine = open_database(f"sqlite:///{home / 'gateway.db'}", wait_seconds_max=10)
    now = datetime.now(UTC)
    chain = Chain(engine.dialect, keyring, worker="count", random_bytes=os.urandom)
    with engine.connect() as connection:
        chain.open(connection, now=now)
        for first in (0, GROUP):
            group = list(entries(first, now))
            with Counter() as counter:
                made = chain.prepare(connection, group, now=now)
                with writing(connection):
                    chain.append(connection, made)
                chain.confirm()
    engine.dispose()
    assert counter.calls / GROUP <= RECORD_BOUND
