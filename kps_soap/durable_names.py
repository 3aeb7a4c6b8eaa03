"""Makes a file's new name last: a name is durable when its directory is.

It writes no file.
"""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Return when the names in a directory are on the disk; raises ``OSError``."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
