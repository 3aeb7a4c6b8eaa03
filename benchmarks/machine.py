"""The machine that figures come from, named with them."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from kps_soap import __version__


def described() -> dict[str, str]:
    """Processor, cores, memory, system, Python, OpenSSL, release, day."""
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "release": __version__,
        "processor": _found(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo")),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": _found(r"^MemTotal:\s*(.+)$", Path("/proc/meminfo")),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "openssl": _openssl(),
    }


def _found(pattern: str, path: Path) -> str:
    try:
        found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return "unknown"
    return found[1] if found else "unknown"


def _openssl() -> str:
    try:
        done = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
