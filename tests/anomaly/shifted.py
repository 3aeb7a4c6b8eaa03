"""The gateway with a wall clock that a file moves, by the seconds that stand in it.

Only the one clock that everything is handed is another one; deadlines run on the monotonic clock,
which nobody can move.  Worker processes are started anew rather than copied: they import this
module before anything else of the program, and so have the same clock.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kps_soap import configured, forking

_FILE = Path(os.environ.get("ANOMALY_CLOCK", "/nonexistent"))


def shifted_now() -> datetime:
    """The time, and what the file says beyond it."""
    try:
        seconds = float(_FILE.read_text(encoding="ascii") or 0)
    except (OSError, ValueError):
        seconds = 0.0
    return datetime.now(UTC) + timedelta(seconds=seconds)


configured.utc_now = shifted_now
forking._CAN_FORK = False

if __name__ == "__main__":
    from kps_soap.cli import main

    main()
