"""What the worker processes of ``test_serving`` run; a spawned process imports it by name."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


class Worker:
    """A worker that keeps a diary in a directory: one file a start, named by its turn.

    ``turns`` says what each start of each worker does: ``ready`` and then wait, ``ready-exit``,
    ``exit``, ``kill`` (itself, before it is ready) or ``stubborn`` (ready, and deaf to SIGTERM).
    The last one is repeated.  ``stop_at`` is the start at which the parent is told to stop.
    """

    def __init__(self, diary: Path, turns: Sequence[Sequence[str]], stop_at: int = 0) -> None:
        self._diary = diary
        self._turns = turns
        self._stop_at = stop_at

    def __call__(self, index: int, _listeners: Sequence[Any], ready: Connection) -> None:
        turn = len(list(self._diary.glob(f"{index}-*")))
        (self._diary / f"{index}-{turn}").write_text(str(os.getpid()))
        turns = self._turns[index]
        what = turns[min(turn, len(turns) - 1)]
        if what == "exit":
            sys.exit(7)
        if what == "clean-exit":
            return
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ready.send(True)
        if what == "ready-exit":
            sys.exit(0)
        if self._stop_at and turn + 1 == self._stop_at:
            os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(60)
