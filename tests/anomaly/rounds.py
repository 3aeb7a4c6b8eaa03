"""The rounds by name: what each is, and how many there are of it in a full run and a short one."""

from __future__ import annotations

from anomaly import rounds_clock as clock
from anomaly import rounds_disk as disk
from anomaly import rounds_files as files
from anomaly import rounds_killed as killed
from anomaly import rounds_loaded as loaded
from anomaly import rounds_signed as signed

#: Name → the round, and how many of it a full run has.
ROUNDS = {
    "D1a": (killed.kill_worker, 20),
    "D1b": (killed.kill_supervisor, 20),
    "D1c": (killed.kill_all, 20),
    "D1d": (killed.kill_backend, 20),
    "D1e": (killed.kill_copied, 3),
    "D2a": (disk.evidence_full, 2),
    "D2b": (disk.log_full, 2),
    "D2c": (disk.temporary_full, 2),
    "D2d": (disk.no_inodes, 2),
    "D3a": (killed.stop_clean, 2),
    "D3b": (killed.stop_hard, 2),
    "D3c": (killed.hang, 2),
    "D3d": (killed.no_connections, 2),
    "D3e": (loaded.writers_stopped, 2),
    "D4": (files.half_written, 2),
    "D5a": (files.tls_replaced, 2),
    "D5b": (signed.certificate_replaced, 2),
    "D5c": (signed.certificate_expired, 2),
    "D5d": (files.signing_expired, 2),
    "D5e": (files.tls_expired, 2),
    "D6": (clock.moved, 2),
    "D6b": (clock.far, 3),
    "D6c": (clock.years_on, 2),
    "D7a": (loaded.double_load, 2),
    "D7b": (loaded.greedy_institution, 2),
    "D8a": (loaded.large_messages, 2),
    "D8b": (loaded.long_service, 1),
    "D8c": (loaded.memory_ceiling, 1),
    "D9a": (loaded.idle_connections, 2),
    "D9b": (loaded.few_files, 2),
    "R1": (killed.renewal, 3),
}

#: What every commit runs: within ten minutes.
SHORT = {
    **{"D1a": 1, "D1b": 1, "D1c": 1, "D1d": 1, "D2a": 1, "D3a": 1},
    **{"D4": 1, "D5c": 1, "D5d": 1, "D6": 1, "D9b": 1, "R1": 1},
}
