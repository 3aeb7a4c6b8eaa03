"""What institutions deposit: persons are added to a roster, taken off it, or a new one replaces it.

A roster is a set of keyed digests.  Its own digest is a sum (modulo 2^256) of what the gateway's
keyed digests hash to, so it follows each change without reading the set again, is the same for
the same persons in whatever order they came, and tells nobody who is on it.  Counts of what each
mode refused, or would have refused, grow in the transactions of the records.

Everything here runs in the caller's transaction; this module reads no identity number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Dialect, bindparam, delete, func, select, update

from kps_soap.audit.months import day_of, microseconds, moment_of
from kps_soap.database import insert_into
from kps_soap.driver_statements import Prepared
from kps_soap.entry import Entry
from kps_soap.misuse_models import roster_counts, roster_states
from kps_soap.models import roster_entries
from kps_soap.rosters import ENFORCE

_MODULUS: Final = 1 << 256
_SWEEP_EVERY: Final = timedelta(hours=1)
#: How many days of counts are kept, and shown.
DAYS_KEPT: Final = 30
_WEEK: Final = 7

_OF = roster_entries.c.institution == bindparam("of_institution")
_FORGET: Final = delete(roster_counts).where(roster_counts.c.day < bindparam("first_kept"))


class Action(StrEnum):
    """What a deposit does."""

    ADD = "EKLE"
    REMOVE = "CIKAR"
    REPLACE = "DEGISTIR"


@dataclass(frozen=True, slots=True)
class Deposit:
    """What came of a deposit: how many joined and left, and what the roster is now.

    ``set_digest`` is lower-case hex.
    """

    added: int
    removed: int
    persons: int
    set_digest: str


@dataclass(frozen=True, slots=True)
class RosterStatus:
    """One institution's roster, and how many of the persons asked about were not on it."""

    institution: str
    persons: int
    changed_at: datetime | None
    set_digest: str
    asked_today: int
    would_refuse_today: int
    refused_today: int
    asked_7_days: int
    would_refuse_7_days: int
    refused_7_days: int


def deposit(
    connection: Connection,
    institution: str,
    action: Action,
    digests: Iterable[bytes],
    *,
    now: datetime,
) -> Deposit:
    """Change a roster, in a transaction that writes; deposits of one institution take turns."""
    persons, total = _state(connection, institution)
    given = sorted(set(digests))
    removed = added = 0
    if action is Action.REPLACE:
        kept = set(given)
        held = _all(connection, institution)
        gone = sorted(held - kept)
        given = sorted(kept - held)
    else:
        gone = given if action is Action.REMOVE else []
        given = given if action is Action.ADD else []
    take, put = _taking(connection), _putting(connection)
    for one in gone:
        values = {"of_institution": institution, "digest": one}
        if take(connection, values).rowcount == 1:
            removed, total = removed + 1, total - _weight(one)
    for one in given:
        values = {"of_institution": institution, "digest": one}
        if put(connection, values).rowcount == 1:
            added, total = added + 1, total + _weight(one)
    persons += added - removed
    set_digest = (total % _MODULUS).to_bytes(32, "big")
    connection.execute(
        update(roster_states)
        .where(roster_states.c.institution == institution)
        .values(persons=persons, set_digest=set_digest, changed_us=microseconds(now))
    )
    return Deposit(added, removed, persons, set_digest.hex())


def state(connection: Connection, institution: str) -> Deposit:
    """What a roster is now; reads only."""
    mine = roster_states.c.institution == institution
    row = connection.execute(select(roster_states).where(mine)).one_or_none()
    if row is None:
        return Deposit(0, 0, 0, bytes(32).hex())
    return Deposit(0, 0, int(row.persons), bytes(row.set_digest).hex())


def replace(
    connection: Connection, institution: str, digests: Iterable[bytes], *, now: datetime
) -> int:
    """Put a new roster in place of the old one; returns its size."""
    return deposit(connection, institution, Action.REPLACE, digests, now=now).persons


def status(connection: Connection, *, now: datetime) -> list[RosterStatus]:
    """Every institution that has a roster, or was asked for one."""
    states = {row.institution: row for row in connection.execute(select(roster_states))}
    first = day_of(now - timedelta(days=_WEEK - 1))
    counts = roster_counts.c
    rows = connection.execute(
        select(
            counts.institution,
            counts.day,
            counts.mode,
            func.sum(counts.asked),
            func.sum(counts.missing),
        )
        .where(counts.day >= first)
        .group_by(counts.institution, counts.day, counts.mode)
    ).all()
    names = sorted(states.keys() | {row.institution for row in rows})
    return [_status(name, states.get(name), rows, day_of(now)) for name in names]


def _status(name: str, state: Any, rows: Sequence[Any], today: str) -> RosterStatus:
    asked: Counter[str] = Counter()
    would: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for institution, day, mode, looked, missing in rows:
        if institution != name:
            continue
        for span in ("week", "today") if day == today else ("week",):
            asked[span] += int(looked)
            would[span] += int(missing)
            refused[span] += int(missing) if mode == ENFORCE else 0
    return RosterStatus(
        name,
        0 if state is None else int(state.persons),
        None if state is None else moment_of(state.changed_us),
        "" if state is None else bytes(state.set_digest).hex(),
        asked["today"],
        would["today"],
        refused["today"],
        asked["week"],
        would["week"],
        refused["week"],
    )


def _state(connection: Connection, institution: str) -> tuple[int, int]:
    """Size and sum of a roster, whose row is locked; a roster from before there were rows too."""
    columns = roster_states.c
    mine = columns.institution == institution
    query = select(columns.persons, columns.set_digest).where(mine).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        held = _all(connection, institution)
        total = sum(map(_weight, held)) % _MODULUS
        first = {
            "institution": institution,
            "persons": len(held),
            "set_digest": total.to_bytes(32, "big"),
            "changed_us": 0,
        }
        made = insert_into(connection.dialect, roster_states)
        connection.execute(made.values(first).on_conflict_do_nothing())
        row = connection.execute(query).one()
    return int(row.persons), int.from_bytes(row.set_digest, "big")


def _all(connection: Connection, institution: str) -> set[bytes]:
    columns = roster_entries.c
    query = select(columns.person_digest).where(columns.institution == institution)
    return {bytes(one) for one in connection.execute(query).scalars()}


def _weight(digest: bytes) -> int:
    return int.from_bytes(sha256(b"kps-soap:roster:1" + digest).digest(), "big")


def _taking(connection: Connection) -> Prepared:
    mine = roster_entries.c.person_digest == bindparam("digest")
    return Prepared(connection.dialect, delete(roster_entries).where(_OF, mine))


def _putting(connection: Connection) -> Prepared:
    values: dict[str, Any] = {
        "institution": bindparam("of_institution"),
        "person_digest": bindparam("digest"),
    }
    made = insert_into(connection.dialect, roster_entries)
    return Prepared(connection.dialect, made.values(values).on_conflict_do_nothing())


class RosterCounts:
    """Counts persons looked up and not found on a roster, within the transaction of the records.

    ``worker`` names this writer among all that share the database.
    """

    def __init__(self, dialect: Dialect, *, worker: str) -> None:
        self._worker = worker
        self._add = Prepared(dialect, _adding(dialect))
        self._forget = Prepared(dialect, _FORGET)
        self._forgotten_at: datetime | None = None

    def note(
        self, connection: Connection, entries: Sequence[Entry], *, now: datetime
    ) -> list[Entry]:
        """Count what these entries met; returns no further records."""
        asked: Counter[tuple[str, str, str]] = Counter()
        missing: Counter[tuple[str, str, str]] = Counter()
        for one in entries:
            if one.roster_asked:
                key = (one.institution, day_of(one.received_at), one.roster_mode)
                asked[key] += one.roster_asked
                missing[key] += one.roster_missing
        # In one order everywhere, so that two gateways never wait for each other's rows.
        for key in sorted(asked):
            institution, day, mode = key
            values = {"institution": institution, "day": day, "mode": mode}
            more = {"worker": self._worker, "asked": asked[key], "missing": missing[key]}
            self._add(connection, {**values, **more})
        if asked and (self._forgotten_at is None or now - self._forgotten_at >= _SWEEP_EVERY):
            self._forgotten_at = now
            self._forget(connection, {"first_kept": day_of(now - timedelta(days=DAYS_KEPT))})
        return []


def _adding(dialect: Dialect) -> Any:
    columns = roster_counts.c
    given: dict[str, Any] = {one.name: bindparam(one.name) for one in roster_counts.columns}
    more = {name: columns[name] + given[name] for name in ("asked", "missing")}
    keys = [one.name for one in roster_counts.primary_key.columns]
    made = insert_into(dialect, roster_counts).values(given)
    return made.on_conflict_do_update(index_elements=keys, set_=more)
