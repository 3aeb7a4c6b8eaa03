"""What is said before somebody's access ends, and when a password grows old: once, on record.

    14, 7 and 1 days before a person's last day, or the last day of a password, and once that day
    has passed, an event is written and a line of the log

A person's last day closes everything by itself, and an old password of a person opens nothing but
its change; an account's goes on, because nobody sits there who could change it: whoever keeps it
must be told (§5.15, §5.16).  This module shuts nobody out.  The log names the kind and the
institution only (design D14).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, insert, or_, select

from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.expiries import words_for
from kps_soap.audit import duties
from kps_soap.audit.appending import Recorder
from kps_soap.audit.months import microseconds, moment_of
from kps_soap.entry import Entry, Event
from kps_soap.models import credentials
from kps_soap.people.ageing import days_by_institution, last_day
from kps_soap.people.person import OPEN, day_or_none
from kps_soap.people.rows import today
from kps_soap.people_models import access_notices, people

log = logging.getLogger("kps.people")

#: Days before an end at which it is said; once it has passed it is said with 0.
THRESHOLDS: Final = (14, 7, 1)
DUTY: Final = "access-notices"
LAST_DAY: Final = "SON_GUN"
PASSWORD: Final = "PAROLA"  # noqa: S105 - the name of a kind
ACCOUNT_PASSWORD: Final = "HESAP_PAROLA"  # noqa: S105 - the name of a kind
_BY: Final = "kps serve"
_LEASE: Final = timedelta(minutes=10)
_TEXTS: Final = {
    LAST_DAY: "the person's access ends",
    PASSWORD: "the person's password must be changed",
    ACCOUNT_PASSWORD: "the account's password should be changed",
}

Recorders = Callable[[], AbstractContextManager[Recorder]]


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something that ends with a day.  ``subject`` is a person or an account."""

    subject: str
    kind: str
    day: date
    institution: str

    def threshold(self, on: date) -> int | None:
        """The threshold that is reached on a day, None where none is yet."""
        left = (self.day - on).days
        if left < 0:
            return 0
        return min((days for days in THRESHOLDS if left <= days), default=None)


def reminders(
    connection: Connection, agreements: AgreementSet, *, own_days: int, on: date
) -> Iterator[Reminder]:
    """Everything that ends within the longest threshold, or has ended, of who may act at all."""
    days_max = days_by_institution(agreements, own_days)
    named = [one.access.password_days_max for one in agreements.agreements]
    shortest = min((days for days in (own_days, *named) if days), default=0)
    horizon = on + timedelta(days=THRESHOLDS[0])
    chosen_by = _noon_us(horizon - timedelta(days=shortest - 1)) if shortest else 0
    columns = people.c
    old = (columns.password_us > 0) & (columns.password_us < chosen_by) & (columns.must_change == 0)
    ends = columns.valid_until <= horizon.isoformat()
    for row in connection.execute(
        select(columns.person_id, columns.institution, columns.valid_until, columns.password_us)
        .where(columns.state == OPEN, or_(ends, old & columns.password_hash.is_not(None)))
        .order_by(columns.person_id)
    ):
        until = day_or_none(row.valid_until)
        if until is not None:
            yield Reminder(row.person_id, LAST_DAY, until, row.institution)
        last = _last_day(row.password_us, days_max(row.institution))
        if last is not None and (until is None or until >= on):
            yield Reminder(row.person_id, PASSWORD, last, row.institution)
    accounts = credentials.c
    for account, password_us in connection.execute(
        select(accounts.account, accounts.password_us)
        .where(accounts.state == OPEN, accounts.password_us > 0, accounts.password_us < chosen_by)
        .order_by(accounts.account)
    ):
        institution = agreements.institution_of(account)
        last = _last_day(password_us, days_max(institution))
        if last is not None:
            yield Reminder(account, ACCOUNT_PASSWORD, last, institution)


def _last_day(password_us: int, days: int) -> date | None:
    return last_day(moment_of(password_us) if password_us else None, days)


def _noon_us(day: date) -> int:
    """A moment of the day after, in Istanbul and in UTC alike."""
    return microseconds(datetime.fromisoformat(f"{day + timedelta(days=1)}T00:00:00+00:00"))


def note_due(
    engine: Engine,
    recorder: Recorders,
    agreements: Callable[[], AgreementSet],
    *,
    own_days: int,
    now: datetime,
    new_id: Callable[[], str],
) -> int:
    """Write what is due today and was not said before; returns how much.

    Once a day, by one of all that share the database.  Raises ``EvidenceUnavailable``, and what
    the database raises.
    """
    on = today(now)
    claim = duties.claim(engine, DUTY, target=on.toordinal(), now=now, lease=_LEASE)
    if claim is None:
        return 0
    with engine.connect() as connection, connection.begin():
        found = list(reminders(connection, agreements(), own_days=own_days, on=on))
        known = _known(connection)
    due = [
        (one, threshold)
        for one in found
        if (threshold := one.threshold(on)) is not None and _key(one, threshold) not in known
    ]
    if due:
        with recorder() as run:
            for one, threshold in due:
                _note(run, one, threshold, now, new_id())
    duties.settle(engine, DUTY, number=on.toordinal(), not_before=now)
    return len(due)


_Key = tuple[str, str, str, int]


def _key(one: Reminder, threshold: int) -> _Key:
    return one.subject, one.kind, one.day.isoformat(), threshold


def _known(connection: Connection) -> set[_Key]:
    columns = access_notices.c
    query = select(columns.subject, columns.kind, columns.day, columns.threshold)
    return {(row[0], row[1], row[2], row[3]) for row in connection.execute(query)}


def _note(run: Recorder, one: Reminder, threshold: int, now: datetime, new_id: str) -> None:
    left = words_for((one.day - today(now)).days)
    entry = Entry(
        new_id,
        now,
        "",
        Event.ACCESS_NOTICE,
        channel="SERVICE",
        account=_BY,
        institution=one.institution,
        detail=f"{one.subject}: {_TEXTS[one.kind]} on {one.day}, {left}",
    )
    names = ("subject", "kind", "day", "threshold")
    row = dict(zip(names, _key(one, threshold), strict=True))
    run.act(entry, lambda connection: connection.execute(insert(access_notices).values(row)))
    log.warning("%s: %s, institution %s", one.kind, left, one.institution or "of the centre")
