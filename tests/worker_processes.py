"""Which processes are a gateway's workers, as the system tells (proc(5))."""

from pathlib import Path

__all__ = ["children_of", "copied_from", "is_alive", "workers_of"]

#: How a process is called that worker processes are copies of, and so they are too.
_COPIED = b"multiprocessing.forkserver"


def children_of(process: int) -> list[int]:
    """The processes that a process has started and that have not been fetched since."""
    try:
        said = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(child) for child in said.split()]


def copied_from(parent: int) -> list[int]:
    """The process that a gateway's workers are copies of; empty where it is gone."""
    return [child for child in children_of(parent) if _COPIED in _command_of(child)]


def workers_of(parent: int) -> list[int]:
    """The worker processes of a gateway, those that were started anew included."""
    copies = [worker for one in copied_from(parent) for worker in children_of(one)]
    anew = [child for child in children_of(parent) if b"spawn_main" in _command_of(child)]
    return [worker for worker in (*copies, *anew) if _command_of(worker)]


def is_alive(process: int) -> bool:
    """Whether a process runs still; one that nobody has fetched after its end does not."""
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] not in ("Z", "X")


def _command_of(process: int) -> bytes:
    """How a process was started; empty where it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
