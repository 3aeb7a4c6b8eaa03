"""Worker processes that are kept alive, renewed and ended."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from serving_workers import Worker
from worker_processes import copied_from, is_alive

from kps_soap import serving
from kps_soap.serving import STARTUP_FAILED, Supervisor


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The handlers as they were, and an end to whatever hangs."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
    before = {number: signal.getsignal(number) for number in numbers}
    watchdog = threading.Timer(30, os.kill, (os.getpid(), signal.SIGTERM))
    watchdog.daemon = True
    watchdog.start()
    yield
    watchdog.cancel()
    for number, handler in before.items():
        signal.signal(number, handler)


class FakeCompanion:
    """Keeps what it is told of the workers; whoever left must still have had a line."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def joined(self, index: int, line: Connection) -> None:
        assert not line.closed
        self.told.append(f"{index} joined")

    def left(self, index: int, *, replaced: bool) -> None:
        self.told.append(f"{index} left{' for another' if replaced else ''}")


class Supervised:
    """A supervisor of workers that keep a diary."""

    def __init__(self, diary: Path, *turns: list[str], stop_at: int = 0) -> None:
        self._diary = diary
        self.announced = 0
        self.companion = FakeCompanion()
        self.supervisor = Supervisor(
            Worker(diary, turns, stop_at),
            [],
            count=len(turns),
            on_ready=self._on_ready,
            pause_seconds=0.05,
            companion=self.companion,
            passes_hangup=True,
        )
        self.when_ready: Callable[[], None] = lambda: None

    def _on_ready(self) -> None:
        self.announced += 1
        self.when_ready()

    def run(self) -> int:
        return self.supervisor.run()

    def starts(self, index: int) -> int:
        return len(list(self._diary.glob(f"{index}-*")))

    def process(self, index: int, turn: int = 0) -> int:
        return int((self._diary / f"{index}-{turn}").read_text())

    def _processes(self) -> list[int]:
        return [int(entry.read_text()) for entry in self._diary.glob("[0-9]*-*")]

    def all_ended(self) -> bool:
        """Is no process of the diary alive any more?"""
        processes = self._processes()
        return not any(Path(f"/proc/{process}").exists() for process in processes)

    def all_going(self) -> bool:
        """Do all processes of the diary end without being told any more?

        One whose line is closed is at its very end, and whoever inherits it fetches it later.
        """
        processes = self._processes()
        moments = 500
        while any(map(is_alive, processes)) and moments:
            moments -= 1
            time.sleep(0.01)
        return moments > 0


def tell(number: signal.Signals) -> Callable[[], None]:
    """Send this process a signal."""
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_workers_and_the_supervisor_without_an_error(
    tmp_path: Path, number: signal.Signals
) -> None:
    supervised = Supervised(tmp_path, ["ready"], ["ready"])
    supervised.when_ready = tell(number)
    assert supervised.run() == 0
    assert supervised.announced == 1
    assert (supervised.starts(0), supervised.starts(1)) == (1, 1)
    assert supervised.all_ended()


def test_a_hang_up_is_passed_on_to_the_workers(tmp_path: Path) -> None:
    """These have no use for it and end; the gateway's own look at their files."""
    supervised = Supervised(tmp_path, ["ready"], stop_at=2)
    supervised.when_ready = tell(signal.SIGHUP)
    assert supervised.run() == 0
    assert supervised.starts(0) == 2
    assert supervised.all_ended()


def test_workers_are_renewed_one_after_the_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="kps.serving")
    # The second worker's second start is the third of its diary, and tells the parent to stop.
    supervised = Supervised(tmp_path, ["ready"], ["ready"], stop_at=3)
    (tmp_path / "1-before").write_text("0")
    supervised.when_ready = tell(signal.SIGUSR2)
    assert supervised.run() == 0
    assert (supervised.starts(0), supervised.starts(1)) == (2, 3)
    assert supervised.announced == 1
    said = [record.getMessage() for record in caplog.records if record.name == "kps.serving"]
    assert said[:2] == ["worker 0 is renewed", "worker 1 is renewed"]


def test_workers_are_left_as_they_are_where_new_ones_would_not_come_up(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path, ["ready"])
    asked: list[int] = []

    def no() -> bool:
        asked.append(supervised.starts(0))
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    supervised.supervisor._may_renew = no
    supervised.when_ready = tell(signal.SIGUSR2)
    assert supervised.run() == 0
    assert asked == [1]
    assert supervised.starts(0) == 1


def test_a_killed_worker_is_started_again_and_nothing_is_announced_twice(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path, ["ready"], stop_at=2)
    supervised.when_ready = lambda: os.kill(supervised.process(0), signal.SIGKILL)
    assert supervised.run() == 0
    assert supervised.starts(0) == 2
    assert supervised.announced == 1
    assert supervised.all_ended()
    told = supervised.companion.told
    assert told[:2] == ["0 joined", "0 left for another"]
    assert told[-1] == "0 left"
    assert told.count("0 left for another") == 1


@pytest.mark.parametrize(
    ("turn", "code"), [("exit", 7), ("clean-exit", STARTUP_FAILED), ("kill", -signal.SIGKILL)]
)
def test_a_worker_that_cannot_start_stops_everything_with_its_code(
    tmp_path: Path, turn: str, code: int
) -> None:
    supervised = Supervised(tmp_path, ["ready"], [turn])
    assert supervised.run() == code
    assert supervised.announced == 0
    assert supervised.starts(1) == 1
    assert supervised.all_ended()


def test_a_worker_that_cannot_start_again_is_tried_again_while_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    turns = ["ready-exit", "exit", "kill", "ready"]
    supervised = Supervised(tmp_path, turns, ["ready"], stop_at=4)
    assert supervised.run() == 0
    assert supervised.starts(0) == 4
    assert supervised.starts(1) == 1
    assert supervised.announced <= 1
    assert supervised.all_ended()
    ends = [record.getMessage() for record in caplog.records if record.name == "kps.serving"]
    assert ends == [
        "worker 0 ended with code 0; starting another",
        "worker 0 ended with code 7; starting another",
        "worker 0 ended with code -9; starting another",
    ]


def test_a_worker_that_does_not_listen_is_killed_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", -4.8)
    supervised = Supervised(tmp_path, ["stubborn"])
    supervised.when_ready = tell(signal.SIGTERM)
    assert supervised.run() == 0
    assert supervised.all_ended()


def kill_the_middle() -> None:
    """SIGKILL for the process that the workers are copies of."""
    (middle,) = copied_from(os.getpid())
    os.kill(middle, signal.SIGKILL)


@pytest.mark.parametrize("first", ["ready", "deaf"])
def test_if_what_workers_are_copies_of_is_killed_there_are_never_two_in_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Each is told, or killed in the end, before there is another one."""
    if first == "deaf":
        monkeypatch.setattr(serving, "GRACE_SECONDS", -4.8)
    supervised = Supervised(tmp_path, [first, "ready"], stop_at=2)
    alive: list[bool] = []
    start = supervised.supervisor._start

    def look_and_start(index: int) -> None:
        alive.append(not supervised.all_going())
        start(index)

    supervised.supervisor._start = look_and_start  # type: ignore[method-assign]
    supervised.when_ready = kill_the_middle
    assert supervised.run() == 0
    assert supervised.starts(0) == 2
    assert alive == [False, False]
    assert supervised.all_going()


def test_workers_end_with_everything_if_what_they_are_copies_of_is_killed_before(
    tmp_path: Path,
) -> None:
    supervised = Supervised(tmp_path, ["ready"], ["ready"])

    def kill_and_stop() -> None:
        kill_the_middle()
        os.kill(os.getpid(), signal.SIGTERM)

    supervised.when_ready = kill_and_stop
    assert supervised.run() == 0
    assert (supervised.starts(0), supervised.starts(1)) == (1, 1)
    assert supervised.all_going()
