"""What the processes of ``test_forking`` run; another process imports it by name."""

import logging
import signal
import sys
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path


class LastWords(logging.Handler):
    """Writes when it is closed, as a log does that is written behind everybody's back."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        self._file.write_text("the last line")
        super().close()


def tells_its_signals(line: Connection) -> None:
    """Which signals it would not hear, and then waits for its parent's end."""
    line.send(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel], 60)


def logs_and_leaves(file: Path) -> None:
    """Leaves with a line unwritten."""
    logging.getLogger("kps.test").addHandler(LastWords(file))
    sys.exit(7)
