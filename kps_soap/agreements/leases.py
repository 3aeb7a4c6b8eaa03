"""Which workers live, which version each runs, and when all of them run a new one (design D17).

A worker holds a lease: until it ends it may answer without looking at what is in force.  It
renews it while it lives, and says with it which version it runs.  Whoever changed what is in
force waits until every lease names the new version or has run out; a worker whose lease ran out
answers nothing before it has looked again.

Clocks of two machines may differ, so a lease has run out for the waiting side when it was not
renewed for its whole length by the waiting side's own clock.  This module knows no agreement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from kps_soap.agreement_models import agreement_leases
from kps_soap.audit.months import microseconds, moment_of
from kps_soap.database import writing

#: How long a worker may answer after its last renewal, and how often it renews.
LEASE_SECONDS: Final = 10.0
RENEWAL_SECONDS: Final = 2.5

#: A lease that ended this long ago has ended, whatever two clocks may differ by.
_SURELY_OVER: Final = timedelta(minutes=1)

_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's lease.  ``trouble`` says why it does not take a newer version, and which."""

    gateway: str
    worker: str
    renewals: int
    until: datetime
    number: int
    digest: str
    trouble: str = ""

    @property
    def name(self) -> str:
        """The worker as an operator sees it: machine, process of the gateway, number."""
        return f"{self.gateway}/{self.worker}"


@dataclass(frozen=True, slots=True)
class Taken:
    """Who runs a version, who lives and does not, and whose lease had run out."""

    by: tuple[Lease, ...]
    behind: tuple[Lease, ...]
    over: tuple[Lease, ...]


def held(connection: Connection) -> list[Lease]:
    """Every lease in the database, living or not, by gateway and worker."""
    columns = agreement_leases.c
    query = select(agreement_leases).order_by(columns.gateway, columns.worker)
    return [
        Lease(
            row.gateway,
            row.worker,
            row.renewals,
            moment_of(row.until_us),
            row.number,
            row.set_digest,
            row.trouble,
        )
        for row in connection.execute(query)
    ]


def living(connection: Connection, now: datetime) -> list[Lease]:
    """The leases that have not ended by this machine's clock."""
    return [lease for lease in held(connection) if lease.until >= now]


def renew(
    connection: Connection,
    name: tuple[str, str],
    *,
    number: int,
    digest: str,
    trouble: str,
    now: datetime,
) -> None:
    """Prolong the lease of a worker (gateway, worker), or begin it; in the caller's transaction."""
    gateway, worker = name
    mine = (agreement_leases.c.gateway == gateway) & (agreement_leases.c.worker == worker)
    values = {
        "until_us": microseconds(now + timedelta(seconds=LEASE_SECONDS)),
        "number": number,
        "set_digest": digest,
        "trouble": trouble,
    }
    more = {"renewals": agreement_leases.c.renewals + 1}
    renewed = connection.execute(update(agreement_leases).where(mine).values(**values, **more))
    if renewed.rowcount == 0:
        row: dict[str, Any] = {"gateway": gateway, "worker": worker, "renewals": 1, **values}
        connection.execute(insert(agreement_leases).values(row))


def release(connection: Connection, gateway: str, worker: str) -> None:
    """End a worker's lease: it answers no more.  In the caller's transaction."""
    columns = agreement_leases.c
    connection.execute(
        delete(agreement_leases).where(columns.gateway == gateway, columns.worker == worker)
    )


def forget_ended(connection: Connection, now: datetime) -> None:
    """Sweep the leases that are surely over.  In the caller's transaction."""
    before_us = microseconds(now - _SURELY_OVER)
    connection.execute(delete(agreement_leases).where(agreement_leases.c.until_us < before_us))


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time of day, a clock that never jumps (seconds), and a way to wait (seconds)."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


def wait_until_taken(engine: Engine, number: int, clocks: Clocks, *, seconds_max: float) -> Taken:
    """Wait until every living worker runs the version ``number`` or a newer one.

    Returns early where a worker says that it cannot; ``behind`` names those that did not take it
    within ``seconds_max``.  Raises what the database raises.
    """
    begun = clocks.monotonic()
    seen: dict[str, tuple[int, float]] = {}
    while True:
        with engine.connect() as connection:
            leases = held(connection)
        now, tick = clocks.now(), clocks.monotonic()
        for lease in leases:
            if seen.get(lease.name, (None, 0))[0] != lease.renewals:
                seen[lease.name] = (lease.renewals, tick)
        by = [one for one in leases if one.number >= number]
        over = [
            one
            for one in leases
            if one.number < number
            and (one.until < now - _SURELY_OVER or tick - seen[one.name][1] > LEASE_SECONDS)
        ]
        left = [one for one in leases if one not in by and one not in over]
        waiting = [one for one in left if not one.trouble.startswith(f"{number}: ")]
        if not waiting or tick - begun >= seconds_max:
            _forget(engine, over)
            return Taken(tuple(by), tuple(left), tuple(over))
        clocks.sleep(_LOOK_SECONDS)


def _forget(engine: Engine, over: Sequence[Lease]) -> None:
    if not over:
        return
    with engine.connect() as connection, writing(connection):
        for lease in over:
            release(connection, lease.gateway, lease.worker)
