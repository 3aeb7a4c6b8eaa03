"""How far sealing and delivering are behind, for who watches over a gateway.

It reads; it seals nothing, delivers nothing and calls nobody.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from kps_soap.audit import duties
from kps_soap.audit.heads import NEVER, Heads, brought_up
from kps_soap.audit.months import moment_of
from kps_soap.audit.witness import NAME
from kps_soap.models import checkpoints, evidence, evidence_chains
from kps_soap.models import duties as duty_rows


def sealed_heads(connection: Connection) -> Heads:
    """The heads as of the newest checkpoint.  Raises ``SealRefused`` where they do not fit."""
    return brought_up(connection, None)


def unsealed_since(connection: Connection, heads: Heads) -> datetime | None:
    """The time of the oldest record that waits for a seal; None where none does."""
    oldest: list[int] = []
    columns = evidence.c
    for row in connection.execute(select(evidence_chains)).all():
        sealed = heads.chains.get(row.chain_id, NEVER)
        if row.head_sequence <= sealed.sequence:
            continue
        first = select(columns.received_us).where(
            columns.chain_id == row.chain_id, columns.sequence == sealed.sequence + 1
        )
        received_us = connection.execute(first).scalar()
        if received_us is not None:
            oldest.append(received_us)
    return moment_of(min(oldest)) if oldest else None


def undelivered_since(connection: Connection, address: str) -> datetime | None:
    """The time of the oldest checkpoint that a witness has not got; None where it has all."""
    duty = duties.name_of("json", address)
    done = connection.execute(select(duty_rows.c.number).where(duty_rows.c.duty == duty)).scalar()
    taken = select(func.min(checkpoints.c.taken_us)).where(checkpoints.c.number > (done or 0))
    taken_us = connection.execute(taken).scalar()
    return None if taken_us is None else moment_of(taken_us)


def last_in(folder: Path) -> int:
    """The greatest number that a witness's directory has; 0 for none.  Raises ``OSError``."""
    with os.scandir(folder) as entries:
        found = [NAME.fullmatch(entry.name) for entry in entries]
    return max((int(one[1]) for one in found if one is not None), default=0)
