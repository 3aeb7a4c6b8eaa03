"""Counts the persons and calls of an agreement's day, in the transaction of their records (K7.3).

The other half is ``asked_persons``, which lets calls through.  A person stands here by a digest
whose key is made from the gateway's and a salt of the day; the salt is swept away with the day.
This module refuses nobody and reads no message.
"""

from __future__ import annotations

import hmac
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    LargeBinary,
    String,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import postgresql

from kps_soap import identity_number
from kps_soap.audit.months import day_of
from kps_soap.database import insert_into
from kps_soap.driver_statements import Prepared
from kps_soap.entry import Entry, Event
from kps_soap.misuse_models import asked_counts, asked_days, asked_persons

SALT_BYTES: Final = 16
_SWEEP_EVERY: Final = timedelta(hours=1)

_DIGEST_BYTES: Final = 32
_COUNTED: Final = ("agreement", "day", "worker", "persons", "calls")

#: Prepared by readers too.
SALT: Final = select(asked_days.c.salt).where(asked_days.c.day == bindparam("day"))
_FORGET: Final = tuple(
    delete(table).where(table.c.day < bindparam("first_kept"))
    for table in (asked_persons, asked_counts, asked_days)
)


def day_key(key: bytes, salt: bytes) -> bytes:
    """The key of one day's digests (32 bytes)."""
    return hmac.new(key, b"kps-soap:asked-persons:1" + salt, sha256).digest()


def digest_of(number: int, agreement: str, key: bytes) -> bytes:
    """What stands for a person under an agreement on the day that a key is of."""
    return identity_number.digest(number, key=key, context=f"asked {agreement}")


class DayKeys:
    """The keys of days, for who writes: a day begins with a salt of its own."""

    def __init__(
        self, dialect: Dialect, key: bytes, *, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._key = key
        self._random_bytes = random_bytes
        self._salt = Prepared(dialect, SALT)
        self._begin_day = Prepared(dialect, _beginning(dialect))
        self._known: dict[str, bytes] = {}

    def of(self, connection: Connection, day: str) -> bytes:
        """The key of a day, in a transaction that writes."""
        known = self._known.get(day)
        if known is not None:
            return known
        row = self._salt(connection, {"day": day}).fetchone()
        if row is not None:
            # It was committed before: nothing that goes wrong now takes it back.
            key = self._known[day] = day_key(self._key, bytes(row[0]))
            return key
        self._begin_day(connection, {"day": day, "salt": self._random_bytes(SALT_BYTES)})
        # Another gateway may have begun the day at the same moment.
        return day_key(self._key, bytes(self._salt(connection, {"day": day}).fetchone()[0]))

    def forget_before(self, day: str) -> None:
        """Drop the keys of the days before."""
        self._known = {one: key for one, key in self._known.items() if one >= day}


class AskedCounts:
    """Counts persons and calls within the transaction of their records.

    ``worker`` names this writer among all that share the database.
    """

    def __init__(
        self,
        dialect: Dialect,
        key: bytes,
        *,
        worker: str,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._worker = worker
        self._keys = DayKeys(dialect, key, random_bytes=random_bytes)
        together = dialect.name == "postgresql"
        self._add = _Together(dialect) if together else _OneByOne(dialect)
        self._forget = [Prepared(dialect, one) for one in _FORGET]
        self._forgotten_at: datetime | None = None

    def note(
        self, connection: Connection, entries: Sequence[Entry], *, now: datetime
    ) -> list[Entry]:
        """Count what these entries answered; raises what the database raises.

        Returns no further records.
        """
        counted = [one for one in entries if one.counts_for_day and one.event is not Event.REFUSAL]
        if not counted:
            return []
        calls = Counter((day_of(one.received_at), one.agreement) for one in counted)
        asked = {
            (day_of(one.received_at), one.agreement, number)
            for one in counted
            for number in one.persons
        }
        keys = {day: self._keys.of(connection, day) for day, _ in calls}
        digests = defaultdict[tuple[str, str], list[bytes]](list)
        for day, agreement, number in asked:
            digests[day, agreement].append(digest_of(number, agreement, keys[day]))
        # In one order everywhere, so that two gateways never wait for each other's rows.
        for (day, agreement), made in sorted(calls.items()):
            values = {"agreement": agreement, "day": day, "worker": self._worker}
            new = sorted(digests[day, agreement])
            self._add(connection, {**values, "more_calls": made}, new)
        if self._forgotten_at is None or now - self._forgotten_at >= _SWEEP_EVERY:
            self._forgotten_at = now
            # A day is kept for requests that came before midnight and end after it.
            first_kept = day_of(now - timedelta(days=1))
            for statement in self._forget:
                statement(connection, {"first_kept": first_kept})
            self._keys.forget_before(first_kept)
        return []


def _beginning(dialect: Dialect) -> Any:
    values: dict[str, Any] = {"day": bindparam("day"), "salt": bindparam("salt")}
    return insert_into(dialect, asked_days).values(values).on_conflict_do_nothing()


class _OneByOne:
    """Adds to a count where a statement costs little: in this process."""

    def __init__(self, dialect: Dialect) -> None:
        self._add_person = Prepared(dialect, _adding_person(dialect))
        self._add = Prepared(dialect, _adding(dialect))

    def __call__(
        self, connection: Connection, values: Mapping[str, Any], digests: Sequence[bytes]
    ) -> None:
        """Put persons into their day, and add the new ones and the calls to the count."""
        new = 0
        for digest in digests:
            person = {"day": values["day"], "person_digest": digest}
            new += self._add_person(connection, person).rowcount
        self._add(connection, {**values, "more_persons": new})


class _Together:
    """Adds to a count in one statement: on PostgreSQL each is a wait for the server."""

    def __init__(self, dialect: Dialect) -> None:
        self._add = Prepared(dialect, _adding_together())

    def __call__(
        self, connection: Connection, values: Mapping[str, Any], digests: Sequence[bytes]
    ) -> None:
        """Put persons into their day, and add the new ones and the calls to the count."""
        self._add(connection, {**values, "digests": b"".join(digests)})


def _adding_person(dialect: Dialect) -> Any:
    values: dict[str, Any] = {"day": bindparam("day"), "person_digest": bindparam("person_digest")}
    return insert_into(dialect, asked_persons).values(values).on_conflict_do_nothing()


def _adding(dialect: Dialect) -> Any:
    given = ("agreement", "day", "worker", "more_persons", "more_calls")
    first: dict[str, Any] = {
        name: bindparam(one) for name, one in zip(_COUNTED, given, strict=True)
    }
    return _added_up(insert_into(dialect, asked_counts).values(first))


def _adding_together() -> Any:
    """The same, with the digests of persons joined in one value."""
    digests = bindparam("digests", type_=LargeBinary)
    start = func.generate_series(1, func.length(digests), _DIGEST_BYTES).column_valued("start")
    new = (
        postgresql.insert(asked_persons)
        .from_select(
            ["day", "person_digest"],
            select(bindparam("day", type_=String), func.substr(digests, start, _DIGEST_BYTES)),
        )
        .on_conflict_do_nothing()
        .returning(asked_persons.c.day)
        .cte("new")
    )
    count = select(
        *(bindparam(name, type_=String) for name in ("agreement", "day", "worker")),
        func.count(),
        bindparam("more_calls", type_=BigInteger),
    ).select_from(new)
    return _added_up(postgresql.insert(asked_counts).from_select(list(_COUNTED), count))


def _added_up(first: Any) -> Any:
    """The insertion of a first count; where there is one already, they are added up."""
    columns = asked_counts.c
    return first.on_conflict_do_update(
        index_elements=[columns.agreement, columns.day, columns.worker],
        set_={
            "persons": columns.persons + first.excluded.persons,
            "calls": columns.calls + first.excluded.calls,
        },
    )
