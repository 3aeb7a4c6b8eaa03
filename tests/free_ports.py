"""Ports for servers that are started after they were chosen.

A port that the kernel hands out may be handed to somebody's outgoing connection in the meantime,
and then the server finds it taken.  These lie below the range that it hands out from, and each
process that runs tests has its own part of them.
"""

import itertools
import os
import socket
from collections.abc import Iterator

_FIRST, _LAST = 12_000, 32_000
_PARTS = 16


def _in_turn() -> Iterator[int]:
    part = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "0")))) % _PARTS
    size = (_LAST - _FIRST) // _PARTS
    start = _FIRST + part * size
    # Two runs on one machine begin at different places.
    offset = os.getpid() * 37 % size
    return (start + (offset + step) % size for step in itertools.count())


_ports = _in_turn()


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody holds, and that this process has not given out before."""
    return list(itertools.islice(filter(_is_free, _ports), count))
