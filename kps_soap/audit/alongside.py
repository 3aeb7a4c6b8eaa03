"""What is written in a record's own transaction: tokens, wrong passwords, mistakes about persons.

A token is known to the gateways exactly when its record is durable, and a wrong password or a
mistake counts exactly when it is on record; none costs a transaction of its own.  Where a count
shuts an account, that is an event of its own, and ``write`` returns it for the same transaction.
Old tokens and yesterday's mistakes are swept away here too, once an hour.  This module decides
nothing about who may log in or ask: it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Dialect, Update, bindparam, case, delete, update

from kps_soap.audit.months import day_of, microseconds
from kps_soap.credentials import BLOCKED, OPEN
from kps_soap.driver_statements import Inserter, Prepared
from kps_soap.entry import Entry, Event, IssuedToken
from kps_soap.mistakes import MistakeCounts
from kps_soap.models import credentials, issued_tokens
from kps_soap.pilots import PilotCounts

_SWEEP_EVERY: Final = timedelta(hours=1)
#: A token that has ended is kept a day longer: a late message then still finds its account.
_KEPT_AFTER_END: Final = timedelta(days=1)


class Beside(Protocol):
    """Somebody else who writes in the transaction of records."""

    def note(
        self, connection: Connection, entries: Sequence[Entry], *, now: datetime
    ) -> list[Entry]:
        """Write what these entries bring along; returns the records of what came of it.

        Raises what the database raises.
        """


_TOKEN_COLUMNS: Final = tuple(issued_tokens.columns.keys())


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """When an account that is given wrong passwords is shut (K5.15).

    ``failures_max`` in a row lock it for ``lock_seconds``; ``failures_per_day_max`` in one civil
    day block it until an operator opens it again; 0 turns that off.
    """

    failures_max: int = 5
    lock_seconds: int = 900
    failures_per_day_max: int = 20


def _count_failure() -> Update:
    """Count one; a row of failures that has just locked the account begins anew at 0."""
    columns = credentials.c
    today: Any = bindparam("today")
    row = columns.failures + 1
    of_day = case((columns.failures_day == today, columns.failures_today + 1), else_=1)
    locks = row >= bindparam("row_max")
    return (
        update(credentials)
        .where(columns.account == bindparam("shut_account"))
        .values(
            failures=case((locks, 0), else_=row),
            failures_day=today,
            failures_today=of_day,
            locked_until_us=case((locks, bindparam("until_us")), else_=columns.locked_until_us),
        )
        .returning(columns.failures, columns.failures_today)
    )


_BLOCK: Final = (
    update(credentials)
    .where(
        credentials.c.account == bindparam("blocked_account"),
        credentials.c.state == bindparam("open_state"),
    )
    .values(
        state=bindparam("blocked_state"),
        credential_version=credentials.c.credential_version + bindparam("one_more"),
    )
)
_FORGET_FAILURES: Final = (
    update(credentials)
    .where(credentials.c.account == bindparam("right_account"))
    .values(failures=bindparam("none"))
)
_SWEEP: Final = delete(issued_tokens).where(issued_tokens.c.not_after_us < bindparam("before_us"))

#: More failures a day than anybody can make: the limit is off.
_NO_LIMIT: Final = 2_000_000_000


class Alongside:
    """Writes what entries bring along, within the caller's transaction, and so do ``besides``."""

    def __init__(
        self, dialect: Dialect, policy: LockPolicy, besides: Sequence[Beside] = ()
    ) -> None:
        self._policy = policy
        self._besides = besides
        self._insert_tokens = Inserter(dialect, issued_tokens)
        self._count_failure = Prepared(dialect, _count_failure())
        self._block = Prepared(dialect, _BLOCK)
        self._forget = Prepared(dialect, _FORGET_FAILURES)
        self._sweep = Prepared(dialect, _SWEEP)
        self._swept_at: datetime | None = None
        self._mistakes = MistakeCounts(dialect)
        self._pilots = PilotCounts(dialect)

    def write(
        self, connection: Connection, entries: Sequence[Entry], *, now: datetime
    ) -> list[Entry]:
        """What these entries bring along; raises ``Undone``, and what the database raises.

        Returns the records of what came of it: accounts that were shut, and the like.
        """
        shut = []
        tokens = [_row(entry.issued) for entry in entries if entry.issued is not None]
        if tokens:
            self._insert_tokens(connection, tokens)
            self._sweep_old(connection, now)
        for entry in entries:
            if entry.login is not None and entry.login.right:
                self._forget(connection, {"right_account": entry.login.account, "none": 0})
            elif entry.login is not None:
                what = self._count(connection, entry.login.account, now)
                if what:
                    shut.append(_shut(entry, entry.login.account, what))
        self._mistakes.note(connection, entries, now=now)
        self._pilots.note(connection, entries, now=now)
        for beside in self._besides:
            shut += beside.note(connection, entries, now=now)
        return shut

    def _count(self, connection: Connection, account: str, now: datetime) -> str:
        """Count a wrong password; says how that shut the account, or nothing."""
        policy = self._policy
        until = now + timedelta(seconds=policy.lock_seconds)
        values = {
            "shut_account": account,
            "today": day_of(now),
            "row_max": policy.failures_max,
            "until_us": microseconds(until),
        }
        counted = self._count_failure(connection, values).fetchone()
        if counted is None:
            return ""
        in_a_row, of_day = counted
        if of_day >= (policy.failures_per_day_max or _NO_LIMIT):
            states = {"open_state": OPEN, "blocked_state": BLOCKED, "one_more": 1}
            if self._block(connection, {"blocked_account": account, **states}).rowcount == 1:
                return f"blocked: {of_day} wrong passwords on one day"
        return "" if in_a_row else f"locked for {policy.lock_seconds} s: wrong passwords in a row"

    def _sweep_old(self, connection: Connection, now: datetime) -> None:
        if self._swept_at is not None and now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        self._sweep(connection, {"before_us": microseconds(now - _KEPT_AFTER_END)})


def _shut(cause: Entry, account: str, what: str) -> Entry:
    """The event of an account that was shut; the request behind it has a record of its own."""
    return Entry(
        "",
        cause.received_at,
        cause.door,
        Event.ACCOUNT_LOCKED,
        channel=cause.channel,
        source_address=cause.source_address,
        account=account,
        detail=f"{what} (request {cause.request_id})",
    )


def _row(token: IssuedToken) -> tuple[Any, ...]:
    return tuple([getattr(token, name) for name in _TOKEN_COLUMNS])
