"""Several processes for work that keeps a processor busy, and this one works along.

A task is a function of a module with its arguments (``functools.partial``); it travels to
another process and its result comes back, in any order.  Other processes are started only when
there is a second task, and end with the crew.  A crew gives out work; it knows nothing of it.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from types import ModuleType
from typing import Final, TypeVar

Result = TypeVar("Result")

#: One task that a process works at, and one for it to go on with.
_TASKS_A_PROCESS: Final = 2


class Crew:
    """``jobs`` processes, this one included."""

    def __init__(self, jobs: int) -> None:
        self._others = max(0, jobs - 1)
        self._pool: ProcessPoolExecutor | None = None

    def run(self, tasks: Iterable[Callable[[], Result]]) -> Iterator[Result]:
        """The results of all tasks, as they come; tasks are asked for as they can be begun.

        Raises what a task raises.
        """
        waiting = iter(tasks)
        running: set[Future[Result]] = set()
        mine = next(waiting, None)
        while mine is not None:
            running |= self._hand_out(waiting, len(running))
            yield mine()
            done = {one for one in running if one.done()}
            running -= done
            yield from (one.result() for one in done)
            mine = next(waiting, None)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in done)

    def _hand_out(
        self, waiting: Iterator[Callable[[], Result]], running: int
    ) -> set[Future[Result]]:
        given: set[Future[Result]] = set()
        while running + len(given) < self._others * _TASKS_A_PROCESS:
            task = next(waiting, None)
            if task is None:
                break
            given.add(self._submit(task))
        return given

    def _submit(self, task: Callable[[], Result]) -> Future[Result]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._others, mp_context=context)
        with _nothing_to_import():
            return self._pool.submit(task)

    def close(self) -> None:
        """End the other processes, whatever they are at."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _nothing_to_import() -> Iterator[None]:
    """A new process would first import the whole command that this one was started as."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
