"""What the worker processes of ``test_supervisor`` run; another process imports it by name."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any


class Worker:
    """A worker that keeps a diary in a directory: one file a start, named by its turn.

    ``turns`` says what each start of each worker does: ``ready`` and then wait, ``ready-exit``,
    ``exit``, ``kill`` (itself, before it is ready), ``stubborn`` (ready, and deaf to SIGTERM) or
    ``deaf`` (ready, and blind to its parent's end too, which ends all others).
    The last one is repeated.  ``stop_at`` is the start at which the parent is told to stop.
    """

    def __init__(self, diary: Path, turns: Sequence[Sequence[str]], stop_at: int = 0) -> None:
        self._diary = diary
        self._turns = turns
        self._stop_at = stop_at

    def __call__(self, index: int, _listeners: Sequence[Any], ready: Connection) -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None and parent.pid is not None
        turn = len(list(self._diary.glob(f"{index}-*")))
        # Another worker's end may be this one's at any moment: an entry is whole, or not there.
        entry = self._diary / f"unfinished {index}-{turn}"
        entry.write_text(str(os.getpid()))
        entry.rename(self._diary / f"{index}-{turn}")
        turns = self._turns[index]
        what = turns[min(turn, len(turns) - 1)]
        if what == "exit":
            sys.exit(7)
        if what == "clean-exit":
            return
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what in ("stubborn", "deaf"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ready.send(True)
        if what == "ready-exit":
            sys.exit(0)
        if self._stop_at and turn + 1 == self._stop_at:
            os.kill(parent.pid, signal.SIGTERM)
        wait([] if what == "deaf" else [parent.sentinel], 60)
