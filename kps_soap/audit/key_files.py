"""The key file of the evidence, and the files beside it while it is replaced.

    evidence.key            the key in use
    evidence.key.next       the key that is to follow it, while ``rotation`` wraps secrets anew
    evidence.key.<key id>   a key that was replaced; older backups still need it

A secret names the key that wrapped it, so each of the three opens what it has wrapped, and new
secrets are wrapped with the following key as soon as there is one.  Every gateway looks at its
files again when they change, so none is restarted for a new key.

This module decides nothing about rotating; it removes no key, ever.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

from kps_soap.audit.keys import (
    FileKey,
    KeyFileRefused,
    MonthUnreadable,
    create_key_file,
    read_key_file,
)
from kps_soap.durable_names import sync_directory

_NEXT: Final = ".next"
_NEW: Final = ".new"

#: What tells one file from another, or from itself before a change.
_Stamp = tuple[int, int, int, int, int]


class KeyFiles:
    """The keys that lie at a path and beside it (see ``keys.Keys``).

    Opening it reads the key in use; raises ``KeyFileRefused``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: _Stamp | None = None
        self._current = FileKey.of(read_key_file(path))
        self._stamp = self._look()

    @property
    def following(self) -> Path:
        """Where the key lies that is to follow."""
        return self.path.with_name(self.path.name + _NEXT)

    def retired(self, key_id: str) -> Path:
        """Where a key lies that was replaced."""
        return self.path.with_name(f"{self.path.name}.{key_id}")

    def current(self) -> FileKey:
        """The key in use, as its file says now; raises ``MonthUnreadable``."""
        try:
            return FileKey.of(read_key_file(self.path))
        except KeyFileRefused as refused:
            raise MonthUnreadable(str(refused)) from None

    def wrapping(self) -> FileKey:
        """The following key where there is one, else the key in use."""
        current = self.current()
        return self._read(self.following) or current

    def named(self, key_id: str) -> FileKey | None:
        """The key of this name, in use, following or replaced."""
        if self._current.key_id == key_id:
            return self._current
        for path in (self.path, self.following, self.retired(key_id)):
            key = self._read(path)
            if key is not None and key.key_id == key_id:
                return key
        return None

    def _read(self, path: Path) -> FileKey | None:
        with contextlib.suppress(KeyFileRefused):
            return FileKey.of(read_key_file(path))
        return None

    def changed(self) -> bool:
        """Has the key file changed since the last look?  One system call where it has not.

        Raises ``MonthUnreadable`` where there is no such file any more, or none that can be used.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._current = self.current()
        self._stamp = stamp
        return True

    def _look(self) -> _Stamp:
        try:
            status = self.path.stat()
        except OSError as failure:
            self._stamp = None
            raise MonthUnreadable(
                f"the key file cannot be read ({type(failure).__name__})"
            ) from None
        size, changed_ns = status.st_size, status.st_ctime_ns
        return status.st_dev, status.st_ino, status.st_mode, size, changed_ns


def install(path: Path, key: bytes) -> None:
    """Put a key at a path, whole or not at all; raises ``KeyFileRefused`` where a file is there."""
    new = path.with_name(path.name + _NEW)
    new.unlink(missing_ok=True)
    create_key_file(new, key)
    try:
        os.link(new, path)
    except OSError as failure:
        raise KeyFileRefused(f"the key file cannot be made ({type(failure).__name__})") from None
    finally:
        new.unlink(missing_ok=True)
    sync_directory(path.parent)


def promote(files: KeyFiles) -> None:
    """The following key becomes the key in use, and that one a replaced key.

    At every moment in between there is a key in use.  Raises ``OSError``.
    """
    retired = files.retired(files.current().key_id)
    if not retired.exists():
        os.link(files.path, retired)
        sync_directory(files.path.parent)
    files.following.replace(files.path)
    sync_directory(files.path.parent)
