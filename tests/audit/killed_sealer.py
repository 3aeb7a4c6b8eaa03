"""A gateway for the tests to kill: one thread writes records, another seals them at full speed.

Usage: python killed_sealer.py URL KEY CERTIFICATE FOLDER.  Prints the number of every checkpoint
that was made, each only after it was stored.
"""

import sys
import threading
import time
from pathlib import Path

from evidence_samples import NOW, entry, opened

from kps_soap.audit.checkpoints import SealKey
from kps_soap.audit.seals import SealClocks, Sealer, SealPolicy
from kps_soap.audit.witness import Courier, Folder


def _write_for_ever(url: str) -> None:
    with opened(url) as evidence:
        while True:
            evidence.write([entry() for _ in range(20)])


def _seal_for_ever(url: str, key: SealKey, folder: Path) -> None:
    with opened(url) as evidence:
        clocks = SealClocks(lambda: NOW, time.monotonic, lambda: time.sleep(0.0005))
        sealer = Sealer(evidence.engine, key, policy=SealPolicy(7, 0), clocks=clocks)
        courier = Courier(evidence.engine, [Folder(folder)], now=lambda: NOW)
        while True:
            made = sealer.seal()
            if made is not None:
                sys.stdout.write(f"{made.number}\n")
                sys.stdout.flush()
                courier.step()


threading.Thread(target=_write_for_ever, args=[sys.argv[1]], daemon=True).start()
_seal_for_ever(sys.argv[1], SealKey.load(*map(Path, sys.argv[2:4])), Path(sys.argv[4]))
