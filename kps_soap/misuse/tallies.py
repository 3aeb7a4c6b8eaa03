"""What all workers saw, in the gateway's database: added up, read by the rules, swept away.

Tallies and subjects are kept for two days, daily counts for as long as a usual day is looked for.
Persons and inquirers of ``misuse_subjects`` stand there by the digests of their day.  Losing what
one worker has not written down yet loses no evidence: the records are elsewhere.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select

from kps_soap import identity_number
from kps_soap.audit.months import day_of, microseconds, moment_of
from kps_soap.authentication import ISTANBUL
from kps_soap.database import insert_into
from kps_soap.driver_statements import Prepared
from kps_soap.misuse.observing import Batch
from kps_soap.misuse.rules import USUAL_DAYS, DayCount, Seen, Shared, Tally
from kps_soap.misuse_models import misuse_days, misuse_subjects, misuse_tallies

DayKey = Callable[[Connection, str], bytes]

_KEPT: Final = timedelta(days=1)
_COUNTS: Final = ("calls", "criteria", "not_found", "neighbours", "namesakes", "different")
_USER: Final = ("institution", "account", "inquirer", "source_address")


def write(connection: Connection, batch: Batch, *, worker: str, key_of: DayKey) -> None:
    """Add a batch, in a transaction that writes; ``worker`` has rows of its own."""
    _add_tallies(connection, batch, worker)
    _add_days(connection, batch, worker)
    _add_subjects(connection, batch, key_of)


def sweep(connection: Connection, *, now: datetime) -> None:
    """Delete what no rule looks at any more."""
    kept_us = microseconds(now - _KEPT)
    tallies, days, subjects = misuse_tallies.c, misuse_days.c, misuse_subjects.c
    connection.execute(delete(misuse_tallies).where(tallies.slot_us < _midnight_us(kept_us)))
    connection.execute(delete(misuse_subjects).where(subjects.day < day_of(now - _KEPT)))
    oldest = day_of(now - timedelta(days=USUAL_DAYS + 1))
    connection.execute(delete(misuse_days).where(days.day < oldest))


def seen(connection: Connection, *, now: datetime, inquirers_min: int = 2) -> Seen:
    """What the rules look at now; persons with fewer inquirers are left out."""
    day = day_of(now)
    return Seen(
        now,
        day,
        tuple(_tallies(connection, microseconds(now))),
        tuple(_days(connection, now)),
        tuple(_shared(connection, day, inquirers_min)),
    )


def _add_tallies(connection: Connection, batch: Batch, worker: str) -> None:
    statement = _adding(connection, misuse_tallies, _COUNTS)
    rows = [
        {
            "slot_us": microseconds(one.slot),
            **{name: getattr(one, name) for name in (*_USER, "agreement", *_COUNTS)},
            "worker": worker,
        }
        for one in batch.tallies
    ]
    # In one order everywhere, as all writers of the database do.
    for row in sorted(rows, key=lambda one: (one["slot_us"], *(one[name] for name in _USER))):
        statement(connection, row)


def _add_days(connection: Connection, batch: Batch, worker: str) -> None:
    calls: Counter[tuple[str, str, str, str]] = Counter()
    for one in batch.tallies:
        calls[day_of(one.slot), one.institution, one.account, one.agreement] += one.calls
    statement = _adding(connection, misuse_days, ("calls",))
    for (day, institution, account, agreement), made in sorted(calls.items()):
        row = {"day": day, "institution": institution, "account": account, "worker": worker}
        statement(connection, {**row, "agreement": agreement, "calls": made})


def _add_subjects(connection: Connection, batch: Batch, key_of: DayKey) -> None:
    rows = set()
    for one in batch.subjects:
        key = key_of(connection, one.day)
        person = identity_number.digest(one.number, key=key, context="misuse")
        asker = f"{len(one.institution)}:{one.institution}{one.inquirer}"
        inquirer = hmac.new(key, b"inquirer:" + asker.encode(), sha256).digest()
        rows.add((one.day, person, inquirer, one.institution))
    names = misuse_subjects.columns.keys()
    insert = insert_into(connection.dialect, misuse_subjects)
    statement = Prepared(
        connection.dialect,
        insert.values({name: bindparam(name) for name in names}).on_conflict_do_nothing(),
    )
    for row in sorted(rows):
        statement(connection, dict(zip(names, row, strict=True)))


def _adding(connection: Connection, table: Any, counts: tuple[str, ...]) -> Prepared:
    """Insert a row, or add its counts to the one that is there."""
    given: dict[str, Any] = {one.name: bindparam(one.name) for one in table.columns}
    insert = insert_into(connection.dialect, table).values(given)
    more = {name: table.c[name] + given[name] for name in counts}
    keys = [column.name for column in table.primary_key.columns]
    return Prepared(
        connection.dialect, insert.on_conflict_do_update(index_elements=keys, set_=more)
    )


def _tallies(connection: Connection, now_us: int) -> list[Tally]:
    columns = misuse_tallies.c
    groups = (columns.slot_us, *(columns[name] for name in _USER))
    rows = connection.execute(
        select(
            *groups,
            func.max(columns.agreement),
            *(func.sum(columns[name]) for name in _COUNTS),
        )
        .where(columns.slot_us >= _midnight_us(now_us))
        .group_by(*groups)
        .order_by(*groups)
    )
    return [
        Tally(_moment(slot_us), *user, *map(int, counts))
        for slot_us, user, counts in ((row[0], row[1:6], row[6:]) for row in rows)
    ]


def _days(connection: Connection, now: datetime) -> list[DayCount]:
    columns = misuse_days.c
    groups = (columns.day, columns.institution, columns.account)
    rows = connection.execute(
        select(*groups, func.max(columns.agreement), func.sum(columns.calls))
        .where(columns.day >= day_of(now - timedelta(days=USUAL_DAYS)))
        .group_by(*groups)
        .order_by(*groups)
    )
    return [DayCount(*row[:4], int(row[4])) for row in rows]


def _shared(connection: Connection, day: str, inquirers_min: int) -> list[Shared]:
    columns = misuse_subjects.c
    inquirers = func.count()
    rows = connection.execute(
        select(
            columns.person_digest,
            inquirers,
            func.min(columns.institution),
            func.max(columns.institution),
        )
        .where(columns.day == day)
        .group_by(columns.person_digest)
        .having(inquirers >= inquirers_min)
    )
    return [
        Shared(bytes(digest).hex(), int(count), first if first == last else "")
        for digest, count, first, last in rows
    ]


def _moment(us: int) -> datetime:
    return moment_of(us)


def _midnight_us(us: int) -> int:
    """When the civil day in Istanbul began to which a moment belongs."""
    here = _moment(us).astimezone(ISTANBUL)
    return microseconds(here.replace(hour=0, minute=0, second=0, microsecond=0))
