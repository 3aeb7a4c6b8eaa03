"""What one gateway at a time does for all that share a database: whose turn it is, how far it is.

A duty has a number, up to which it is done, and a moment before which nobody shall try again:
a lease while somebody is at it, a pause after a failure.  Who dies at it is followed when the
lease is over.  All of this only spares work: doing a duty twice must do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, Engine, select, update

from kps_soap.audit.months import microseconds
from kps_soap.database import writing
from kps_soap.driver_statements import Inserter
from kps_soap.models import duties

#: No lease and no pause is longer: a later moment was written by a clock that was wrong.
LONGEST: Final = timedelta(days=8)


def name_of(kind: str, address: str) -> str:
    """The name of a duty towards an address; another address is another duty."""
    return f"{kind}:{sha256(address.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A duty that was taken on, done up to ``number``."""

    duty: str
    number: int


def claim(
    engine: Engine,
    duty: str,
    *,
    target: int,
    now: datetime,
    lease: timedelta,
    at_once: bool = False,
) -> Claim | None:
    """Take on a duty that is to be done up to ``target``; None where it is not one's turn.

    ``at_once`` waits for no pause and no lease: an operator wants it done.
    """
    now_us = microseconds(now)
    with engine.connect() as connection:
        with connection.begin():
            row = _row(connection, duty)
        if row is not None and (row[0] >= target or (not at_once and _rests(row[1], now_us))):
            return None
        with writing(connection):
            Inserter(connection.dialect, duties, skip_known=True)(connection, [(duty, 0, 0)])
            number, not_before = _row(connection, duty) or (0, 0)
            if number >= target or (not at_once and _rests(not_before, now_us)):
                return None
            unchanged = (duties.c.duty == duty) & (duties.c.not_before_us == not_before)
            until = {"not_before_us": microseconds(now + lease)}
            taken = connection.execute(update(duties).where(unchanged).values(until))
            return Claim(duty, number) if taken.rowcount == 1 else None


def settle(engine: Engine, duty: str, *, number: int, not_before: datetime) -> None:
    """Note how far a duty was done and when the next attempt may begin."""
    values = {"number": number, "not_before_us": microseconds(not_before)}
    with engine.connect() as connection, writing(connection):
        connection.execute(update(duties).where(duties.c.duty == duty).values(values))


def _row(connection: Connection, duty: str) -> tuple[int, int] | None:
    query = select(duties.c.number, duties.c.not_before_us).where(duties.c.duty == duty)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.number, row.not_before_us)


def _rests(not_before_us: int, now_us: int) -> bool:
    longest = LONGEST // timedelta(microseconds=1)
    return now_us < not_before_us <= now_us + longest
