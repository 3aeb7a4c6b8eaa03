"""What ends or begins on a day of an agreement, and what must be said about it, once.

    60, 30, 14, 7 and 1 days before an agreement, its classic security profile, its renewal window
    or a pilot ends, and when it has ended, an event is written; so is one for every planned stage
    that begins.  What was said is kept, so that a restart, or another gateway, does not say it
    again; a new date is a new matter (§2.3 5, §5.6, C8).

This module looks at days; it changes nothing that is in force.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from kps_soap.agreement_models import agreement_notices
from kps_soap.agreements import store
from kps_soap.agreements.agreement import Agreement
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.changes import Step
from kps_soap.agreements.keeping import AgreementKeeper, Mover
from kps_soap.agreements.store import Overtaken, Version
from kps_soap.agreements.vocabulary import CLASSIC, LIVING_STATES, PILOT
from kps_soap.audit.months import microseconds
from kps_soap.authentication import ISTANBUL
from kps_soap.entry import Entry, Event

#: Days before an end at which it is said.
THRESHOLDS: Final = (60, 30, 14, 7, 1)

VALIDITY: Final = "valid_until"
SECURITY: Final = "security_until"
RENEWAL: Final = "renewal"

#: Notices in one transaction.
_AT_ONCE: Final = 200

_BY: Final = Mover("kps serve", "the day has come", channel="SERVICE")


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something of an agreement that ends, with its last day, or a stage with its first.

    ``subject`` is the key of the file that says so; ``begins`` tells that a stage begins.
    """

    agreement: Agreement
    subject: str
    day: date
    text: str
    service: str = ""
    version: str = ""
    begins: str = ""

    def days_left(self, on: date) -> int:
        """Days after ``on`` until it ends or begins; negative when it is past."""
        return (self.day - on).days

    def threshold(self, on: date) -> int | None:
        """The threshold that is reached on a day, 0 once it is past; None where none is yet."""
        left = self.days_left(on)
        if self.begins:
            return 0 if left <= 0 else None
        if left < 0:
            return 0
        reached = [days for days in THRESHOLDS if left <= days]
        return min(reached, default=None)


def expiries(agreements: AgreementSet) -> list[Expiry]:
    """Everything that ends or begins on a day, of agreements that live; the nearest first."""
    found = [
        one
        for agreement in agreements.agreements
        if agreement.state in LIVING_STATES
        for one in _of(agreement)
    ]
    return sorted(found, key=lambda one: (one.day, one.agreement.number, one.subject))


def near(agreements: AgreementSet, on: date, *, days: int) -> list[Expiry]:
    """What ends or begins within some days, what has ended included; planned days only ahead."""
    return [
        one
        for one in expiries(agreements)
        if one.days_left(on) <= days and not (one.begins and one.days_left(on) < 0)
    ]


def _of(agreement: Agreement) -> Iterator[Expiry]:
    document, access = agreement.document, agreement.access
    yield Expiry(agreement, VALIDITY, document.valid_until, "the agreement ends")
    if access.security == CLASSIC and access.security_until is not None:
        text = f"its security profile {CLASSIC} ends"
        yield Expiry(agreement, SECURITY, access.security_until, text)
    if document.renewal is not None and document.renewal.started is None:
        text = "its renewal window ends, and no renewal was started"
        yield Expiry(agreement, RENEWAL, document.renewal.until, text)
    for (service, version), grant in sorted(agreement.services.items()):
        about = f"{service} {version}"
        for since, stage in grant.planned:
            text = f"stage {stage} of {about} begins"
            subject = f"planned {stage} {about}"
            yield Expiry(agreement, subject, since, text, service, version, stage)
        if grant.pilot is not None and grant.pilot.until is not None:
            text = f"stage {PILOT} of {about} ends"
            yield Expiry(agreement, f"pilot {about}", grant.pilot.until, text, service, version)


def note_due(keeper: AgreementKeeper, version: Version, agreements: AgreementSet) -> int:
    """Write the events that are due and were not written before; returns how many.

    Raises ``Overtaken`` where what is in force has changed, and ``EvidenceUnavailable``.
    """
    now = keeper.now()
    on = now.astimezone(ISTANBUL).date()
    with keeper.engine.connect() as connection:
        known = _known(connection)
    due = [
        (one, threshold)
        for one in expiries(agreements)
        if (threshold := one.threshold(on)) is not None and _key(one, threshold) not in known
    ]
    for start in range(0, len(due), _AT_ONCE):
        _note(keeper, version, due[start : start + _AT_ONCE], on, now)
    return len(due)


def _note(
    keeper: AgreementKeeper,
    version: Version,
    due: Sequence[tuple[Expiry, int]],
    on: date,
    now: datetime,
) -> None:
    def besides(connection: Connection) -> None:
        store.take_turn(connection, version.number, version.number)
        keys = [_key(one, threshold) for one, threshold in due]
        if _known(connection) & set(keys):
            raise Overtaken
        names = ("agreement", "subject", "day", "threshold")
        rows = [dict(zip(names, key, strict=True)) for key in keys]
        noted_us = microseconds(now)
        connection.execute(
            insert(agreement_notices), [{**row, "noted_us": noted_us} for row in rows]
        )

    keeper.note([_entry(keeper, one, on) for one, _ in due], besides)


_Key = tuple[str, str, str, int]


def _key(one: Expiry, threshold: int) -> _Key:
    return one.agreement.number, one.subject, one.day.isoformat(), threshold


def _known(connection: Connection) -> set[_Key]:
    columns = agreement_notices.c
    query = select(columns.agreement, columns.subject, columns.day, columns.threshold)
    return {(row[0], row[1], row[2], row[3]) for row in connection.execute(query)}


def _entry(keeper: AgreementKeeper, one: Expiry, on: date) -> Entry:
    """An end that comes near is a notice; one that has come changes a state or a stage."""
    agreement, left = one.agreement, one.days_left(on)
    about = (agreement.number, agreement.digest, agreement.institution.code)
    if one.begins:
        return keeper.step_entry(
            Step(*about, _stage_before(one), one.begins, one.service, one.version), _BY
        )
    if left < 0 and one.subject in (VALIDITY, RENEWAL):
        after = "SONA_ERDI" if one.subject == VALIDITY else "ASKIDA"
        return keeper.step_entry(Step(*about, agreement.state, after), _BY)
    return keeper.entry(
        Event.AGREEMENT_NOTICE,
        _BY,
        f"{one.text} on {one.day}, {words_for(left)}",
        {"subject": one.subject, "day": one.day.isoformat()},
        institution=agreement.institution.code,
        agreement=agreement.number,
        agreement_digest=agreement.digest,
        service=one.service,
        version=one.version,
    )


def _stage_before(one: Expiry) -> str:
    grant = one.agreement.services[one.service, one.version]
    earlier = [stage for since, stage in grant.planned if since < one.day]
    return earlier[-1] if earlier else grant.stage


def words_for(days: int) -> str:
    """``in 30 days``, ``today``, ``3 days ago``."""
    if days == 0:
        return "today"
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"in {count}" if days > 0 else f"{count} ago"


def lines(found: Iterable[Expiry], on: date) -> list[str]:
    """One line each: ``2026/117 (B-34-0417): the agreement ends on 2026-12-31, in 40 days``."""
    return [
        f"{one.agreement.number} ({one.agreement.institution.code}): {one.text} on {one.day}, "
        f"{words_for(one.days_left(on))}"
        for one in found
    ]
