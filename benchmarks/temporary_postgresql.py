"""A PostgreSQL for the length of one measurement, in a temporary directory."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PORT = 5432


@contextmanager
def temporary_postgresql() -> Iterator[str]:
    """The address of an empty database on a new server; empty where none is installed.

    The server listens on a unix socket in its own directory alone, and is durable as usual.
    """
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parts[-2])
    )
    if not found:
        yield ""
        return
    # A short path: a unix socket's may not exceed 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    # PostgreSQL refuses to run as root.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    if account:
        os.chown(home, account.pw_uid, account.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(found[-1] / program), "-D", str(home / "data"), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=home,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )

    try:
        run("initdb", "--no-sync", "--auth=trust", "--username=kps", "--encoding=UTF8")
        options = f"-p {PORT} -k {home} -c listen_addresses="
        run("pg_ctl", "-w", "-o", options, "-l", str(home / "log"), "start")
        yield f"postgresql+psycopg://kps@/postgres?host={home}&port={PORT}"
    finally:
        if (home / "data" / "postmaster.pid").exists():
            run("pg_ctl", "-m", "fast", "-w", "stop")
        shutil.rmtree(home, ignore_errors=True)
