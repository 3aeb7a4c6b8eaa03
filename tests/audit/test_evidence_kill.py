"""Workers are killed in the middle of their work: what they acknowledged is there (I1, I3)."""

import signal
import subprocess
import sys
from pathlib import Path

from evidence_samples import Evidence, opened

from kps_soap.audit.verification import verify
from kps_soap.entry import Event
from kps_soap.models import evidence_chains

WORKER = Path(__file__).with_name("killed_writer.py")


def started(url: str, worker: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(WORKER), url, worker],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{WORKER.parent}:{WORKER.parents[2]}", "PATH": "/usr/bin:/bin"},
    )


def acknowledged(process: "subprocess.Popen[str]", count: int) -> list[tuple[str, str]]:
    """What a worker acknowledged until it was killed, at least so many records."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if len(lines) == count:
            process.send_signal(signal.SIGKILL)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    # A killed process may leave half a line.
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(request, receipt) for request, receipt in whole]


def on_record(evidence: Evidence) -> dict[str, str]:
    return {
        row.request_id: row.receipt_number
        for row in evidence.rows()
        if row.event == Event.QUERY.value
    }


def test_every_acknowledged_record_of_killed_workers_is_there(database_url: str) -> None:
    with opened(database_url) as evidence:
        told: list[tuple[str, str]] = []
        for life in range(2):
            # Two at a time, on one database; then two more, as a supervisor would start them.
            workers = [started(database_url, f"{life}{name}") for name in "ab"]
            for number, process in enumerate(workers):
                told += acknowledged(process, 60 + 40 * number)
        there = on_record(evidence)
        assert len(told) >= 2 * (60 + 100)
        assert len({request for request, _ in told}) == len(told)
        assert len({receipt for _, receipt in told}) == len(told)
        for request, receipt in told:
            assert there[request] == receipt
        # At most what eight callers of each worker had in hand was never told.
        assert len(there) - len(told) <= 4 * 8
        assert evidence.count(evidence_chains) == 4
        assert verify(evidence.url, evidence.keyring).ok
