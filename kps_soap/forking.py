"""Starts processes as copies of one that has read the program already and does nothing else.

That one opens no connection, file or key and starts no thread, so its copies share nothing but
code; each makes its own of everything.  It ends by itself when whoever began it and all its
copies have ended.  Nothing is kept alive here, and nothing is known of what the copies do.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from typing import Any, Final

__all__ = ["prepare", "start"]

log = logging.getLogger("kps.serving")

#: Signals that are told to whole groups of processes and that the one in the middle outlives.
_HELD: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)

#: Before, every account of the machine could ask for a copy (CVE-2022-42919).
_CAN_FORK: Final = sys.version_info >= (3, 11, 1)

_FORKED: Final = multiprocessing.get_context("forkserver")
_SPAWNED: Final = multiprocessing.get_context("spawn")


def prepare(modules: Sequence[str]) -> None:
    """Begin the process that is copied; it reads these modules while this one goes on."""
    if _CAN_FORK:
        _FORKED.set_forkserver_preload(list(modules))
        # Without a place for its socket there is none; ``start`` says so.
        with contextlib.suppress(OSError):
            _begin_the_middle()


def start(target: Callable[..., None], arguments: Sequence[Any], name: str) -> BaseProcess:
    """Start a process that calls the target; where none can be copied, an interpreter anew."""
    given = (target, *arguments)
    process: BaseProcess
    if _CAN_FORK:
        try:
            # It may have been killed since.
            _begin_the_middle()
            process = _FORKED.Process(target=_begin, args=given, name=name)
            process.start()
            return process
        except (OSError, EOFError) as trouble:
            log.warning(
                "no process could be copied (%s); %s is started anew, which takes longer",
                type(trouble).__name__,
                name,
            )
    process = _SPAWNED.Process(target=_begin, args=given, name=name)
    process.start()
    return process


def _begin_the_middle() -> None:
    """Begin the process that is copied, unless it is there; it hears none of the signals.

    Who is told them here hears them afterwards.  The tracker of resources, which it needs, would
    let them in again when it begins, so it begins before.
    """
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(target: Callable[..., None], *arguments: Any) -> None:
    """What every process does first and last."""
    # What came with the copy is never looked through for dead objects: its pages stay shared.
    gc.freeze()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
    try:
        target(*arguments)
    finally:
        # A copy ends without the interpreter's own end, which would write the log's last lines.
        logging.shutdown()
