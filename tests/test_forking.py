"""Processes that are copies of one that has read the program already."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from forked_workers import logs_and_leaves, tells_its_signals
from worker_processes import children_of, copied_from

from kps_soap import forking

ROOT = Path(__file__).resolve().parent.parent

#: What a gateway is told from outside; whole groups of processes are.
TOLD = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2}


@contextmanager
def told_signals() -> Iterator[tuple[BaseProcess, set[signal.Signals]]]:
    """A process, and the signals that it does not hear."""
    here, there = Pipe()
    process = forking.start(tells_its_signals, [there], "kps-test")
    there.close()
    try:
        assert here.poll(60)
        yield process, here.recv()
    finally:
        process.kill()
        process.join()
        here.close()


def held_by(process: int) -> set[int]:
    """The signals that a process holds back, as the system tells (proc(5))."""
    said = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    mask = int(said.partition("SigBlk:")[2].split()[0], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_a_process_is_a_copy_of_one_that_hears_no_signal_that_groups_are_told() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    forking.prepare([])
    with told_signals() as (process, unheard):
        (middle,) = copied_from(os.getpid())
        assert process.pid in children_of(middle)
        assert held_by(middle) >= TOLD
        assert not unheard & TOLD
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_a_copy_that_ends_writes_the_last_lines_of_its_log(tmp_path: Path) -> None:
    file = tmp_path / "log"
    process = forking.start(logs_and_leaves, [file], "kps-test")
    process.join()
    assert process.exitcode == 7
    assert file.read_text() == "the last line"


class NoCopies:
    """A system that makes no copies."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    def Process(self, **_: Any) -> Any:
        return self

    def start(self) -> None:
        raise self._error


@pytest.mark.parametrize("error", [FileNotFoundError, EOFError])
def test_where_nothing_can_be_copied_a_process_is_started_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    monkeypatch.setattr(forking, "_FORKED", NoCopies(error))
    with told_signals() as (process, unheard):
        assert process.pid in children_of(os.getpid())
        assert not unheard & TOLD
    (said,) = (one.getMessage() for one in caplog.records if one.name == "kps.serving")
    assert said.startswith(f"no process could be copied ({error.__name__}); kps-test")


def test_where_copies_were_for_everybody_of_the_machine_there_are_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forking, "_CAN_FORK", False)
    forking.prepare(["never.read"])
    with told_signals() as (process, _):
        assert process.pid in children_of(os.getpid())
    assert not caplog.records


@pytest.fixture
def no_place(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError

    return lambda: monkeypatch.setattr(forking.forkserver, "ensure_running", nowhere)


def test_without_a_place_for_temporary_files_it_prepares_nothing(
    no_place: Callable[[], None],
) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    no_place()
    forking.prepare([])
    with told_signals() as (process, _):
        assert process.pid in children_of(os.getpid())
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_what_workers_are_copies_of_has_read_all_and_opened_nothing() -> None:
    """No thread, no file, no socket: nothing that two processes could not have at once."""
    program = """
import os, sys
before = set(os.listdir("/proc/self/fd"))
import kps_soap.warmed
from kps_soap.contracts import catalogue
print(os.listdir("/proc/self/task") == [str(os.getpid())])
print(set(os.listdir("/proc/self/fd")) <= before)
print(catalogue.compile_all.cache_info().currsize)
print([name for name in ("kps_soap.cli", "alembic", "zeep", "httpx") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "TMPDIR": tempfile.gettempdir()},
        check=True,
    )
    assert done.stdout.split("\n") == ["True", "True", "1", "[]", ""]
