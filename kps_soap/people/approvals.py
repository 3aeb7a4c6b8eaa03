"""Four eyes: what one person asks for takes effect when another allows it (domain §5.14).

Whoever asks, whoever is concerned, and whoever decides: the last is neither of the first two.
What was asked is done in the transaction of the decision, with the decider's own rights.  A
request that nobody decides lapses; nothing is ever deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from kps_soap.audit.months import microseconds, moment_of
from kps_soap.people import keeping, narrowings, rows
from kps_soap.people.person import Actor
from kps_soap.people.problems import PeopleError, Problem, not_allowed, require, unknown_person
from kps_soap.people.roles import Right
from kps_soap.people_models import approvals as table

WAITING: Final = "BEKLIYOR"
APPROVED: Final = "ONAY"
REFUSED: Final = "RED"
LAPSED: Final = "SURESI_DOLDU"
LAPSES_AFTER: Final = timedelta(days=14)
_SERVICE_MAX: Final = 80


class Kind(StrEnum):
    """What needs four eyes."""

    SPECIAL_FIELDS = "OZEL_NITELIKLI"
    UNBLOCK_CENTRAL = "MERKEZ_BLOKE_KALDIRMA"


@dataclass(frozen=True, slots=True)
class Approval:
    """One request and what became of it."""

    number: int
    kind: Kind
    subject: str
    what: Mapping[str, Any]
    institution: str
    asked_by: str
    asked_at: datetime
    reason: str
    state: str
    decided_by: str
    decided_at: datetime | None


def ask(
    connection: Connection,
    kind: Kind,
    subject: str,
    what: Mapping[str, Any],
    *,
    by: Actor,
    reason: str,
    now: datetime,
    institution: str | None = None,
) -> Approval:
    """Ask for something that another must allow; ``subject`` is whom it concerns.

    The institution is the subject's.  Raises ``NotAllowed`` and ``PeopleError``.
    """
    person = keeping.find(connection, subject, now=now)
    if person is None or not by.manages(person.institution):
        raise unknown_person()
    if institution is not None and institution != person.institution:
        raise unknown_person()
    service = str(what.get("service", ""))
    problems = []
    if kind is Kind.SPECIAL_FIELDS and not 1 <= len(service) <= _SERVICE_MAX:
        problems.append(Problem("service", "Servisi yazın.", "Name the service."))
    if not reason.strip():
        problems.append(Problem("reason", "Gerekçe yazın.", "Give a reason."))
    require(problems)
    values = {
        "kind": kind.value,
        "subject": subject,
        "what": json.dumps(dict(what), ensure_ascii=False),
        "institution": person.institution,
        "asked_by": by.person_id,
        "asked_us": microseconds(now),
        "reason": reason.strip(),
        "state": WAITING,
        "decided_by": "",
    }

    def checked() -> dict[str, Any]:
        require(_asked_already(connection, kind, subject, what, now))
        return values

    number = rows.insert_numbered(connection, table, checked)
    return _approval(_row(connection, number), now)


def _asked_already(
    connection: Connection, kind: Kind, subject: str, what: Mapping[str, Any], now: datetime
) -> Iterator[Problem]:
    for one in about(connection, subject, now=now):
        if one.state == WAITING and one.kind is kind and dict(one.what) == dict(what):
            yield Problem(
                "service" if what else "",
                f"Bu istek zaten bekliyor: {one.number}.",
                f"This is asked for already: request {one.number} waits.",
            )


def about(connection: Connection, subject: str, *, now: datetime) -> tuple[Approval, ...]:
    """Every request that concerns somebody, the newest first."""
    wanted = select(table).where(table.c.subject == subject).order_by(table.c.number.desc())
    return tuple(_approval(row, now) for row in connection.execute(wanted))


def newest(
    connection: Connection, *, now: datetime, institution: str | None = None, most: int = 50
) -> tuple[Approval, ...]:
    """The newest requests that wait no more, with what became of them."""
    lapsed = (table.c.state == WAITING) & (table.c.asked_us < microseconds(now - LAPSES_AFTER))
    wanted = select(table).where((table.c.state != WAITING) | lapsed)
    if institution is not None:
        wanted = wanted.where(table.c.institution == institution)
    found = connection.execute(wanted.order_by(table.c.number.desc()).limit(most))
    return tuple(_approval(row, now) for row in found)


def pending(
    connection: Connection, *, now: datetime, institution: str | None = None
) -> tuple[Approval, ...]:
    """The requests that wait for a decision, oldest first."""
    wanted = select(table).where(table.c.state == WAITING).order_by(table.c.number)
    if institution is not None:
        wanted = wanted.where(table.c.institution == institution)
    found = [_approval(row, now) for row in connection.execute(wanted)]
    return tuple(one for one in found if one.state == WAITING)


def find(connection: Connection, number: int, *, now: datetime) -> Approval | None:
    """The request with a number."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else _approval(row, now)


def approve(
    connection: Connection, number: int, *, by: Actor, reason: str, now: datetime
) -> Approval:
    """Allow what was asked, and do it.

    Raises ``NotAllowed`` for whoever asked or is concerned, and what the act itself raises.
    """
    approval = _decide(connection, number, APPROVED, by=by, reason=reason, now=now)
    if approval.kind is Kind.SPECIAL_FIELDS:
        service = str(approval.what["service"])
        narrowings.allow_special(
            connection, approval.subject, service, approval=number, by=by, now=now
        )
    else:
        keeping.unblock(connection, approval.subject, by=by, now=now)
    return approval


def refuse(
    connection: Connection, number: int, *, by: Actor, reason: str, now: datetime
) -> Approval:
    """Decide against it; who asked may take it back so."""
    return _decide(connection, number, REFUSED, by=by, reason=reason, now=now)


def _decide(
    connection: Connection, number: int, state: str, *, by: Actor, reason: str, now: datetime
) -> Approval:
    row = _row(connection, number)
    found = None if row is None else _approval(row, now)
    if found is None or not by.manages(found.institution) or not by.may(Right.APPROVE):
        raise PeopleError(
            [
                Problem(
                    "number",
                    "Karar verebileceğiniz böyle bir istek yok.",
                    "There is no such request that you decide.",
                )
            ]
        )
    if state == APPROVED and by.person_id in (found.asked_by, found.subject):
        raise not_allowed(
            "İsteyen ya da ilgili kişi onaylayamaz; başka biri onaylamalı.",
            "Who asked, or whom it concerns, cannot approve it: somebody else must.",
        )
    if found.state != WAITING:
        raise PeopleError(
            [
                Problem(
                    "number",
                    f"Bu istek artık beklemiyor: {found.state}.",
                    f"This request waits no more: {found.state}.",
                )
            ]
        )
    if not reason.strip():
        raise PeopleError([Problem("reason", "Gerekçe yazın.", "Give a reason.")])
    connection.execute(
        update(table)
        .where(table.c.number == number)
        .values(state=state, decided_by=by.person_id, decided_us=microseconds(now))
    )
    return replace(found, state=state, decided_by=by.person_id, decided_at=now)


def _row(connection: Connection, number: int) -> Any:
    statement = select(table).where(table.c.number == number)
    return connection.execute(statement.with_for_update()).first()


def _approval(row: Row[Any], now: datetime) -> Approval:
    asked_at = moment_of(row.asked_us)
    lapsed = row.state == WAITING and now - asked_at > LAPSES_AFTER
    return Approval(
        row.number,
        Kind(row.kind),
        row.subject,
        json.loads(row.what),
        row.institution,
        row.asked_by,
        asked_at,
        row.reason,
        LAPSED if lapsed else row.state,
        row.decided_by,
        None if row.decided_us is None else moment_of(row.decided_us),
    )
