"""The agreement set in force in this process, and how a new one takes its place.

A directory is read again only when its files changed and have then stood still for one look:
a file that is being written is never loaded half.  A bad set changes nothing; the last good
one stays in force and the operator is told every error (design §6).  The swap is one
assignment, so no call is dropped or sees two sets.  This room judges no file itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.problems import AgreementErrors

log = logging.getLogger("kps.agreements")

#: What tells one state of the directory from another: name, size, time of change, inode.
Look = tuple[tuple[str, int, int, int], ...]


class AgreementBook:
    """Holds the set in force.  ``load`` reads the directory and raises ``AgreementErrors``."""

    def __init__(self, directory: Path, load: Callable[[], AgreementSet]) -> None:
        self._directory = directory
        self._load = load
        self._loaded_look = self._last_look = _look(directory)
        self._current = load()
        self.problems: tuple[str, ...] = ()

    def current(self) -> AgreementSet:
        """The set in force now."""
        return self._current

    def poll(self) -> AgreementSet | None:
        """Look at the directory once; returns a set only when a new one came into force."""
        look = _look(self._directory)
        stands_still = look == self._last_look
        self._last_look = look
        if look == self._loaded_look or not stands_still:
            return None
        loaded, problems = self._try()
        if _look(self._directory) != look:
            return None  # Changed while it was read; it will be looked at again.
        self._loaded_look, self.problems = look, problems
        if loaded is None:
            log.error("the changed agreement files are not loaded; the last good set stays")
            for problem in problems:
                log.error("%s", problem)
            return None
        if loaded.digest == self._current.digest:
            return None
        self._current = loaded
        log.info("agreement set %s is in force", loaded.digest)
        return loaded

    def _try(self) -> tuple[AgreementSet | None, tuple[str, ...]]:
        """The directory's set, or every reason why it is none."""
        try:
            return self._load(), ()
        except AgreementErrors as errors:
            return None, tuple(str(errors).splitlines())


def _look(directory: Path) -> Look:
    """The state of the directory, without reading a file; what cannot be seen has no size."""
    return tuple(sorted(_seen(path) for path in directory.glob("*.toml")))


def _seen(path: Path) -> tuple[str, int, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, -1, 0, 0
    return path.name, state.st_size, state.st_mtime_ns, state.st_ino
