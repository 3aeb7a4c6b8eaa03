"""Agreement files that somebody edits by hand: seen, judged and put in force without a command.

A directory is read again only when its files changed and have then stood still for one look: a
file that is being written is never loaded half.  A bad set changes nothing, and the log says why
once (design §6).  What was made of the directory is kept in the database, so that an edit made
while the gateway stood still is found at its next start, and a directory that nobody touched
never overrules what was loaded elsewhere.

This module puts nothing in force itself; ``keeping`` does, on record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from kps_soap.agreement_models import agreement_directories
from kps_soap.agreements.agreement_set import AgreementSet, set_digest
from kps_soap.agreements.keeping import AgreementKeeper, Besides, Mover
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.sources import read_directory
from kps_soap.agreements.store import Version
from kps_soap.audit.months import microseconds
from kps_soap.authentication import ISTANBUL
from kps_soap.database import writing

log = logging.getLogger("kps.agreements")

#: What tells one state of the directory from another: name, size, time of change, inode.
Look = tuple[tuple[str, int, int, int], ...]

#: Problems that are kept for other workers to count and show.
_PROBLEMS_KEPT_MAX = 100


class DirectoryWatch:
    """Looks at one directory for one machine.  ``machine`` names it over restarts."""

    def __init__(
        self,
        directory: Path,
        keeper: AgreementKeeper,
        *,
        machine: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._keeper = keeper
        self._machine = machine
        self._clock = clock
        self._loaded_look: Look | None = None
        self._last_look: Look = ()
        self.problems: tuple[str, ...] = ()

    def begin(self, in_force: str) -> None:
        """Start to look, where the set ``in_force`` is; raises what the database raises."""
        look = _look(self._directory)
        digest = digest_of(self._directory)
        with self._keeper.engine.connect() as connection:
            seen = seen_directory(connection, self._machine, self._directory)
        self._last_look = look
        if digest == in_force or seen is None or seen == (digest, ()):
            self._loaded_look = look
            self._note(digest, ())
        if digest != in_force:
            log.warning(
                "the agreement files differ from the set in force; see: kps agreements diff"
            )

    def look(self, *, at_once: bool = False) -> bool:
        """Look at the directory once; whether something new was put in force.

        ``at_once``: who asks knows that the files are whole.  Raises what the database raises;
        then the next look tries again.
        """
        look = _look(self._directory)
        stands_still = at_once or look == self._last_look
        self._last_look = look
        if look == self._loaded_look or not stands_still:
            return False
        contents, loaded, problems = self._judged()
        if _look(self._directory) != look:
            return False  # Changed while it was read; it will be looked at again.
        if loaded is None:
            self._refuse(look, problems)
            return False
        before = self._keeper.newest()
        mover = Mover(f"file watch on {self._machine}", channel="SERVICE")
        version = self._keeper.load(contents, loaded, mover, self.noting(loaded.digest))
        changed = before is None or before.number != version.number
        if not changed:
            self._note(loaded.digest, ())
        self._loaded_look, self.problems = look, ()
        return changed

    def seen_problems(self) -> tuple[str, ...]:
        """The problems that the worker which watches found; raises what the database raises."""
        with self._keeper.engine.connect() as connection:
            seen = seen_directory(connection, self._machine, self._directory)
        return () if seen is None else seen[1]

    def judge(self) -> tuple[dict[str, bytes], AgreementSet]:
        """The directory's files and their set; raises ``AgreementErrors``."""
        contents, unread = read_directory(self._directory)
        today = self._clock().astimezone(ISTANBUL).date()
        compiler = self._keeper.compiler
        loaded = compiler.compile(contents, today=today, shown_in=self._directory, unread=unread)
        return contents, loaded

    def noting(self, digest: str) -> Besides:
        """What the transaction of a load writes besides: this directory holds that set."""
        now = self._clock()

        def note(connection: Connection) -> None:
            note_directory(connection, self._machine, self._directory, digest, (), now)

        return note

    def _judged(self) -> tuple[dict[str, bytes], AgreementSet | None, tuple[str, ...]]:
        """The directory's files and their set, or every reason why they make none."""
        try:
            contents, loaded = self.judge()
        except AgreementErrors as errors:
            return {}, None, tuple(str(errors).splitlines())
        return contents, loaded, ()

    def _refuse(self, look: Look, problems: tuple[str, ...]) -> None:
        self._note(digest_of(self._directory), problems)
        self._loaded_look, self.problems = look, problems
        log.error("the changed agreement files are not loaded; the last good set stays")
        for problem in problems:
            log.error("%s", problem)

    def _note(self, digest: str, problems: tuple[str, ...]) -> None:
        with self._keeper.engine.connect() as connection, writing(connection):
            note_directory(
                connection, self._machine, self._directory, digest, problems, self._clock()
            )


def load_directory(keeper: AgreementKeeper, watch: DirectoryWatch, mover: Mover) -> Version:
    """Put what the directory holds in force; raises ``AgreementErrors``."""
    contents, loaded = watch.judge()
    return keeper.load(contents, loaded, mover, watch.noting(loaded.digest))


def digest_of(directory: Path) -> str:
    """The digest of the set that a directory's readable files make; empty where there is none."""
    try:
        return _digest(read_directory(directory)[0])
    except AgreementErrors:
        return ""


def _digest(contents: dict[str, bytes]) -> str:
    if not contents:
        return ""
    return set_digest({name: sha256(content).hexdigest() for name, content in contents.items()})


def seen_directory(
    connection: Connection, machine: str, directory: Path
) -> tuple[str, tuple[str, ...]] | None:
    """The digest and the problems of a directory when it was looked at last."""
    columns = agreement_directories.c
    query = select(columns.set_digest, columns.problems).where(
        columns.gateway == machine, columns.directory == str(directory)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.set_digest, tuple(row.problems.splitlines()))


def note_directory(
    connection: Connection,
    machine: str,
    directory: Path,
    digest: str,
    problems: tuple[str, ...],
    now: datetime,
) -> None:
    """Keep what was made of a directory; in the caller's transaction."""
    columns = agreement_directories.c
    here = (columns.gateway == machine) & (columns.directory == str(directory))
    connection.execute(delete(agreement_directories).where(here))
    connection.execute(
        insert(agreement_directories).values(
            gateway=machine,
            directory=str(directory),
            set_digest=digest,
            seen_us=microseconds(now),
            problems="\n".join(problems[:_PROBLEMS_KEPT_MAX]),
        )
    )


def _look(directory: Path) -> Look:
    """The state of the directory, without reading a file; what cannot be seen has no size."""
    return tuple(sorted(_seen(path) for path in directory.glob("*.toml")))


def _seen(path: Path) -> tuple[str, int, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, -1, 0, 0
    return path.name, state.st_size, state.st_mtime_ns, state.st_ino
