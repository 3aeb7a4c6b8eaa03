"""Does writing work?  A row a worker that is nothing but a row to change.

The caller's transaction commits, and so it is the commit that answers.  Nothing is ever read here.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, update

from kps_soap.audit.months import microseconds
from kps_soap.models import writer_probes


def touch(connection: Connection, worker: str, *, now: datetime) -> None:
    """Change the worker's row, or make it."""
    moment = {"probed_us": microseconds(now)}
    mine = writer_probes.c.worker == worker
    if connection.execute(update(writer_probes).where(mine).values(moment)).rowcount == 0:
        connection.execute(insert(writer_probes).values(worker=worker, **moment))
