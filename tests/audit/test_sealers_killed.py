"""Sealers are killed in the middle of their work: no half checkpoint, and the next one goes on."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from evidence_samples import opened
from seal_samples import certificates, issued, sealer_of

from kps_soap.audit.sources import DatabaseAddress
from kps_soap.audit.verification import Options, verify_source
from kps_soap.certificates import write_certificate, write_key
from kps_soap.models import checkpoints

SEALER = Path(__file__).with_name("killed_sealer.py")
ROUNDS = 3


def started(url: str, *arguments: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(SEALER), url, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{SEALER.parent}:{SEALER.parents[2]}", "PATH": "/usr/bin:/bin"},
    )


def killed(process: "subprocess.Popen[str]", after: float) -> list[int]:
    """The numbers that a sealer told of until it was killed, some moments behind the first."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    lines = [first, *process.stdout]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return [int(line) for line in lines if line.endswith("\n")]


def test_killed_sealers_leave_only_whole_checkpoints(database_url: str, tmp_path: Path) -> None:
    key, certificate, witness = (tmp_path / name for name in ("k.key", "k.pem", "witness"))
    write_key(key, issued("seal").key)
    write_certificate(certificate, issued("seal").certificate)
    witness.mkdir()
    draw = random.Random(7)
    told: list[int] = []
    with opened(database_url) as evidence:
        for _ in range(ROUNDS):
            # Two at a time, on one database and one witness.
            pair = [started(database_url, key, certificate, witness) for _ in range(2)]
            for process in pair:
                told += killed(process, draw.uniform(0, 0.3))
        # Nobody told of a number that another one had.
        assert len(told) == len(set(told))
        numbers = [row.number for row in evidence.rows(checkpoints)]
        assert set(told) <= set(numbers)
        assert numbers == list(range(1, len(numbers) + 1))
        options = Options(certificates=certificates(), witness=witness)
        report = verify_source(DatabaseAddress(database_url), options)
        assert report.findings == []
        assert report.witnessed
        made = sealer_of(evidence).seal()
        assert made is None or made.number == len(numbers) + 1
        assert verify_source(DatabaseAddress(database_url), options).ok
