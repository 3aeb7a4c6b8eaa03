"""The queue of those who write to one SQLite file: a lock file, in the order of coming.

SQLite lets one write at a time, and whoever finds it busy asks again and again, with luck; the
kernel's lock hands the turn to the next.  Whoever has callers waiting waits no longer than it is
told to: a holder may be stopped, or hang in a disk.

This room knows no statement and no database; it locks a file beside one.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def turn(path: Path | None, *, seconds_max: float | None) -> Iterator[None]:
    """Hold the turn to write to the database at a path; None where there is no such queue.

    ``seconds_max`` is None for a thread of its own that nobody waits for longer than he wants.
    Raises ``TimeoutError``, and what opening a file raises.
    """
    if path is None:
        yield
        return
    descriptor = os.open(f"{path}-queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if seconds_max is None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            _lock_within(descriptor, seconds_max)
        yield
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, seconds: float) -> None:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    # The kernel knows no deadline for this lock, so a thread waits in our place.  It has the same
    # lock by a descriptor of its own: when it comes too late, closing that gives the turn away.
    own, locked = os.dup(descriptor), threading.Event()

    def wait() -> None:
        try:
            fcntl.flock(own, fcntl.LOCK_EX)
            locked.set()
        finally:
            os.close(own)

    threading.Thread(target=wait, name="kps-queue", daemon=True).start()
    if not locked.wait(seconds):
        raise TimeoutError("the turn to write did not come")
