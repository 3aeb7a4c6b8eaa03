"""A log-in of a person: password and one-time code, in three steps (domain §5.15).

``begin`` counts the guess, ``judge`` compares it, ``finish`` writes what came of it in the
transaction of its record.  A guess is counted before it is compared, so guesses sent at once are
no more than guesses sent one after the other, and no transaction waits for a slow comparison.
Whatever is wrong looks the same and costs the same work: an unknown id, a blocked person, a
wrong password, a wrong code.

How often one source address may try, and how long a session lasts, is the console's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from kps_soap.audit.alongside import LockPolicy
from kps_soap.audit.months import day_of, microseconds, moment_of
from kps_soap.authentication import HASHER, matches
from kps_soap.people.ageing import is_aged
from kps_soap.people.codes import CodeKeys, step_of
from kps_soap.people.person import BLOCKED, BY_INSTITUTION, Person, person_of
from kps_soap.people.rows import row_of, today
from kps_soap.people_models import people

#: What an unknown person's code is compared with.
_NOBODYS_SECRET: Final = "A" * 32


class Outcome(StrEnum):
    """What came of a log-in.

    ``MUST_CHANGE``: nothing is open but the change of the password; ``ENROL``: nothing but the
    setting up of codes.  A right password without its code is ``WRONG`` as a wrong one is: who
    guesses passwords must not learn which of them was right.
    """

    OPEN = "ACILDI"
    ENROL = "KOD_KUR"
    MUST_CHANGE = "PAROLA_DEGISTIR"
    WRONG = "YANLIS"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A guess that is counted and not yet compared.

    ``shut`` says why it cannot succeed, whatever it is; ``of_day`` is how many wrong ones of the
    day it would be.  ``aged``: the password is too old, and opens only its own change.
    """

    person_id: str
    person: Person | None
    shut: str
    login_version: int
    password_hash: str = field(repr=False)
    code_secret: bytes | None = field(repr=False)
    code_step: int
    of_day: int
    locks: bool
    policy: LockPolicy
    aged: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a guess is worth.  ``why`` is for the record, never for a page."""

    outcome: Outcome
    person: Person | None
    why: str
    login_version: int
    attempt: Attempt
    step: int | None = None


def begin(
    connection: Connection,
    person_id: str,
    *,
    now: datetime,
    policy: LockPolicy | None = None,
    days_max: Callable[[str], int] = lambda _institution: 0,
) -> Attempt:
    """Count a guess, in a short transaction of the caller's; nothing is written for nobody.

    ``days_max`` says how old a password of an institution's people may be, 0 for any age.  A guess
    at a log-in that is shut counts nothing: it would never open again.
    """
    policy = policy or LockPolicy()
    row = row_of(connection, person_id)
    if row is None:
        return _hopeless(person_id, None, "unknown", policy)
    person = person_of(row, now=now)
    of_day = row.failures_today + 1 if row.failures_day == day_of(now) else 1
    shut = _why_shut(person, now)
    if not shut and policy.failures_per_day_max and of_day > policy.failures_per_day_max:
        shut = "too many wrong passwords on one day"
    if shut or row.password_hash is None:
        return _hopeless(person_id, person, shut or "no password", policy)
    locks = row.failures + 1 >= policy.failures_max
    until = now + timedelta(seconds=policy.lock_seconds)
    counted: dict[str, Any] = {
        "failures": 0 if locks else row.failures + 1,
        "failures_day": day_of(now),
        "failures_today": of_day,
    }
    if locks:
        counted["locked_until_us"] = microseconds(until)
    connection.execute(update(people).where(people.c.person_id == person_id).values(counted))
    return Attempt(
        person_id,
        person,
        "",
        row.login_version,
        row.password_hash,
        row.code_secret,
        row.code_step,
        of_day,
        locks,
        policy,
        is_aged(person.password_at, days_max(person.institution), now=now),
    )


def _why_shut(person: Person, now: datetime) -> str:
    if not person.logs_in:
        return "no log-in"
    if person.locked_until is not None:
        return "locked"
    return person.stands_on(today(now))


def _hopeless(person_id: str, person: Person | None, why: str, policy: LockPolicy) -> Attempt:
    return Attempt(person_id, person, why, 0, _nobodys_hash(), None, 0, 0, False, policy)


@cache
def _nobodys_hash() -> str:
    """What the password of nobody is compared with: it costs what anybody's costs."""
    return HASHER.hash("nobody's password, which nobody has")


def judge(attempt: Attempt, password: str, code: str, *, keys: CodeKeys, now: datetime) -> Verdict:
    """Compare password and code; slow, without a connection.  ``code`` is empty where none came.

    Both are compared whatever the other is worth, so that every wrong guess costs the same.
    """
    right = matches(attempt.password_hash, password) and not attempt.shut
    person = attempt.person
    secret = attempt.code_secret and keys.unwrap(attempt.person_id, attempt.code_secret)
    step = step_of(secret or _NOBODYS_SECRET, code, now=now, after=attempt.code_step)
    if not right or person is None:
        return _wrong(attempt, attempt.shut or "wrong password")
    if attempt.code_secret is None:
        return Verdict(Outcome.ENROL, person, "", attempt.login_version, attempt)
    if step is None or secret is None:
        return _wrong(attempt, "wrong code" if code else "no code")
    changes = person.must_change or attempt.aged
    outcome = Outcome.MUST_CHANGE if changes else Outcome.OPEN
    return Verdict(outcome, person, "", attempt.login_version, attempt, step)


def _wrong(attempt: Attempt, why: str) -> Verdict:
    """The words of the record say too how the wrong guess shut the log-in."""
    if _blocks(attempt):
        why = f"{why}; blocked: {attempt.of_day} wrong guesses on one day"
    elif attempt.locks:
        why = f"{why}; locked for {attempt.policy.lock_seconds} s: wrong guesses in a row"
    return Verdict(Outcome.WRONG, None, why, 0, attempt)


def _blocks(attempt: Attempt) -> bool:
    most = attempt.policy.failures_per_day_max
    return not attempt.shut and 0 < most <= attempt.of_day


def finish(connection: Connection, verdict: Verdict, *, now: datetime) -> Outcome:
    """Write what came of a guess, in the transaction of its record.

    The log-in may have been shut, or the code used, since it was begun: then it is ``WRONG``.
    """
    attempt = verdict.attempt
    if verdict.outcome is Outcome.WRONG:
        if _blocks(attempt):
            _block(connection, attempt, now)
        return Outcome.WRONG
    row = row_of(connection, attempt.person_id)
    if row is None or _moved(row, attempt, now):
        return Outcome.WRONG
    values: dict[str, Any] = _given_back(row, attempt) | {"failures": 0}
    if verdict.step is not None:
        if row.code_step >= verdict.step:
            return Outcome.WRONG
        values["code_step"] = verdict.step
    connection.execute(update(people).where(people.c.person_id == attempt.person_id).values(values))
    return verdict.outcome


def _moved(row: Row[Any], attempt: Attempt, now: datetime) -> bool:
    """Whether something shut the log-in since; the lock of the guess itself does not count."""
    person = person_of(row, now=now)
    if attempt.locks:
        person = replace(person, locked_until=None)
    return row.login_version != attempt.login_version or bool(_why_shut(person, now))


def _given_back(row: Row[Any], attempt: Attempt) -> dict[str, Any]:
    """The counts as they were before this guess, which was no wrong one."""
    if attempt.locks:
        before = {"failures": attempt.policy.failures_max - 1, "locked_until_us": 0}
    else:
        before = {"failures": max(0, row.failures - 1)}
    return {**before, "failures_today": max(0, row.failures_today - 1)}


def _block(connection: Connection, attempt: Attempt, now: datetime) -> None:
    still = people.c.login_version == attempt.login_version
    connection.execute(
        update(people)
        .where(people.c.person_id == attempt.person_id, still)
        .values(
            state=BLOCKED,
            shut_by=BY_INSTITUTION,
            changed_us=microseconds(now),
            row_version=people.c.row_version + 1,
            login_version=people.c.login_version + 1,
        )
    )


def verify(
    connection: Connection,
    person_id: str,
    password: str,
    code: str,
    *,
    keys: CodeKeys,
    now: datetime,
    policy: LockPolicy | None = None,
) -> Verdict:
    """All three steps in one transaction, for who has no others waiting."""
    attempt = begin(connection, person_id, now=now, policy=policy)
    verdict = judge(attempt, password, code, keys=keys, now=now)
    finish(connection, verdict, now=now)
    return verdict


def login_version(connection: Connection, person_id: str, *, now: datetime) -> int | None:
    """What a session compares on every request; None where the person may not be logged in.

    It grows with whatever ends sessions: another password, codes set up, a block, other roles.
    A lock of wrong passwords ends no session: somebody else's guesses throw nobody out.
    """
    row = connection.execute(select(people).where(people.c.person_id == person_id)).first()
    if row is None:
        return None
    person = person_of(row, now=moment_of(row.locked_until_us))
    return None if _why_shut(person, now) else int(row.login_version)
