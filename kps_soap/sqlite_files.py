"""The file of a SQLite database: which one it is, and connections that have lost it.

A connection holds the file that it opened, whatever becomes of the path: a file that was
replaced, a file system that was remounted.  A pool would hand it out for ever, so a connection
is given away when its file is not the one at the path any more, and all of them when one says
that its file cannot be read or written.  A file that is not there is never made by connecting:
an empty one would take over the log of the one that was there, and with it its records.

This room knows no statement and no table.
"""

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError

#: What SQLite says of a connection whose file is not usable, and may be when opened again.
_BROKEN: Final = frozenset(
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
    }
)

#: Where a connection's own file, and the failures before it, are kept beside it.
_OPENED: Final = "kps_opened"

#: The rest of an error's number tells its details.
_KIND_MASK: Final = 0xFF


@lru_cache(maxsize=64)
def path_of(address: URL) -> Path | None:
    """The file of a database; None for one in memory, or on a server.

    Every transaction asks, so the answers are remembered: measured, 10 µs each time.
    """
    if address.get_backend_name() != "sqlite" or address.database in {None, "", ":memory:"}:
        return None
    return Path(str(address.database))


def identity(path: Path) -> tuple[int, int]:
    """Which file lies at a path: its device and inode.  Raises ``FileNotFoundError``."""
    status = path.stat()
    return status.st_dev, status.st_ino


def is_broken(failure: BaseException | None) -> bool:
    """Does the failure concern the connection's file, not the statement?"""
    code = getattr(failure, "sqlite_errorcode", 0)
    return isinstance(failure, sqlite3.Error) and code & _KIND_MASK in _BROKEN


def watch(engine: Engine) -> None:
    """Let the engine make no file, and hand out no connection whose file is lost."""
    path = path_of(engine.url)
    if path is not None:
        _Watch(path).listen(engine)


class _Watch:
    """What an engine's connections are compared with when they are handed out.

    A connection that fails is left alone until its transaction is rolled back: closed in the
    middle of one, it would keep its locks as long as anything remembers its failure.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failures = 0

    def listen(self, engine: Engine) -> None:
        event.listen(engine, "do_connect", self._open_only)
        event.listen(engine, "connect", self._remember)
        event.listen(engine, "checkout", self._compare)
        event.listen(engine, "handle_error", self._count)

    def _open_only(
        self, _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]
    ) -> None:
        arguments[0] = f"file:{quote(str(self._path.absolute()))}?mode=rw"
        options["uri"] = True

    def _now(self) -> tuple[tuple[int, int], int] | None:
        try:
            return identity(self._path), self._failures
        except FileNotFoundError:
            return None

    def _remember(self, _connection: Any, record: Any) -> None:
        record.info[_OPENED] = self._now()

    def _compare(self, _connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get(_OPENED) != self._now():
            raise DisconnectionError

    def _count(self, context: ExceptionContext) -> None:
        if is_broken(context.original_exception):
            self._failures += 1
