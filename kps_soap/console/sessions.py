"""Who is signed in with which browser.

The browser holds 256 random bits in a cookie; the database holds their SHA-256, the person, and
what of the person must not have changed since (``login_version``): a block, a leave, another
password or another role ends every session at its next request.  A session ends by itself when
nobody used it for a while, and after some hours in any case.  This module knows no page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, delete, insert, or_, select, update

from kps_soap.audit.months import microseconds, moment_of
from kps_soap.console_models import console_sessions

#: A cookie of this host only: no other host and no plain connection can set it.
COOKIE: Final = "__Host-konsol"
COOKIE_BYTES: Final = 32
#: How exactly is known when a session was last used: a write a minute is enough.
_SEEN_EVERY: Final = timedelta(seconds=30)


class Step(StrEnum):
    """What a session is good for."""

    CODE = "KOD_KUR"
    PASSWORD = "PAROLA_DEGISTIR"  # noqa: S105 - the name of a step
    OPEN = "ACIK"


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a session lasts: unused, and at most."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    digest: bytes
    person_id: str
    person_stamp: int
    step: Step
    seen_at: datetime


def digest_of(cookie: str) -> bytes:
    """Under what a browser's cookie is known here."""
    return sha256(cookie.encode("utf-8", "replace")).digest()


def begin(
    connection: Connection,
    cookie: str,
    person_id: str,
    stamp: int,
    step: Step,
    *,
    now: datetime,
    lives: Lives,
    source_address: str,
) -> None:
    """A new session; those that have ended are swept away."""
    columns = console_sessions.c
    idle_before = microseconds(now - lives.idle)
    ended = or_(columns.ends_us <= microseconds(now), columns.seen_us <= idle_before)
    connection.execute(delete(console_sessions).where(ended))
    row = {
        "digest": digest_of(cookie),
        "person_id": person_id,
        "person_stamp": stamp,
        "step": step.value,
        "opened_us": microseconds(now),
        "seen_us": microseconds(now),
        "ends_us": microseconds(now + lives.whole),
        "source_address": source_address,
    }
    connection.execute(insert(console_sessions).values(row))


def find(connection: Connection, cookie: str, *, now: datetime, lives: Lives) -> Session | None:
    """The session of a cookie, None where there is none any more."""
    columns = console_sessions.c
    here = columns.digest == digest_of(cookie)
    row = connection.execute(select(console_sessions).where(here)).one_or_none()
    if row is None or row.ends_us <= microseconds(now):
        return None
    if row.seen_us <= microseconds(now - lives.idle):
        return None
    return Session(
        digest=bytes(row.digest),
        person_id=row.person_id,
        person_stamp=row.person_stamp,
        step=Step(row.step),
        seen_at=moment_of(row.seen_us).astimezone(now.tzinfo),
    )


def is_due(session: Session, *, now: datetime) -> bool:
    """Whether its use is worth a write."""
    return now - session.seen_at >= _SEEN_EVERY


def touch(connection: Connection, session: Session, *, now: datetime) -> None:
    """Somebody uses it."""
    here = console_sessions.c.digest == session.digest
    connection.execute(update(console_sessions).where(here).values(seen_us=microseconds(now)))


def end(connection: Connection, session: Session) -> None:
    """The browser is nobody's any more."""
    here = console_sessions.c.digest == session.digest
    connection.execute(delete(console_sessions).where(here))


def end_all(connection: Connection, person_id: str) -> int:
    """Every session of a person; returns how many there were."""
    here = console_sessions.c.person_id == person_id
    return connection.execute(delete(console_sessions).where(here)).rowcount


def count(connection: Connection, *, now: datetime, lives: Lives) -> int:
    """How many sessions are good at this moment."""
    columns = console_sessions.c
    good = select(columns.digest).where(
        columns.ends_us > microseconds(now), columns.seen_us > microseconds(now - lives.idle)
    )
    return len(connection.execute(good).all())
