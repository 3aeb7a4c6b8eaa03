"""Protected persons (§2.9): nobody asks about them unseen, or without a case number.

The list holds keyed digests.  Each worker has it in memory and looks once a second whether it has
changed, so a look at a person costs no read.  Whoever asks about a listed person by number
without a case number is refused (203); who comes upon one by searching does not see the person.
Each call that meets one, answered or refused, is a finding and an event in the transaction of its
own record.  Who is on the list is told to nobody; this module decides nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, literal, select, update

from kps_soap import faults
from kps_soap.audit.months import day_of, microseconds
from kps_soap.entry import Entry, Event
from kps_soap.lookups import Lookups
from kps_soap.misuse import findings
from kps_soap.misuse.rules import Rule, Suspicion
from kps_soap.misuse_models import misuse_versions, protected_persons

log = logging.getLogger("kps.misuse")

Record = Callable[[Entry], Awaitable[None]]
Stage = Callable[..., Awaitable[Any]]

CONTEXT: Final = "protected"
_LIST: Final = "KORUNANLAR"
_LOOK_SECONDS: Final = 1.0

_VERSION: Final = select(misuse_versions.c.number).where(
    misuse_versions.c.subject == bindparam("subject")
)
_ALL: Final = select(protected_persons.c.person_digest)


def protect(connection: Connection, digest: bytes, *, now: datetime) -> bool:
    """Put a person on the list; False where the person was there already."""
    mine = protected_persons.c.person_digest == digest
    _change(connection)
    if connection.execute(select(literal(1)).where(mine).select_from(protected_persons)).first():
        return False
    row = {"person_digest": digest, "since_us": microseconds(now)}
    connection.execute(insert(protected_persons).values(row))
    return True


def unprotect(connection: Connection, digest: bytes) -> bool:
    """Take a person off the list; False where the person was not there."""
    _change(connection)
    mine = protected_persons.c.person_digest == digest
    return connection.execute(delete(protected_persons).where(mine)).rowcount == 1


def count(connection: Connection) -> int:
    """How many persons are on the list."""
    return int(connection.execute(select(func.count()).select_from(protected_persons)).scalar_one())


def _change(connection: Connection) -> None:
    """Workers read the list again; changes are made one after the other."""
    columns = misuse_versions.c
    connection.execute(
        update(misuse_versions).where(columns.subject == _LIST).values(number=columns.number + 1)
    )


class Protected:
    """One worker's copy of the list.

    ``digest`` is the keyed digest of an identity number; ``monotonic`` counts seconds.
    """

    def __init__(
        self,
        lookups: Lookups,
        digest: Callable[[int], bytes],
        *,
        monotonic: Callable[[], float],
        enabled: bool = True,
    ) -> None:
        self._lookups = lookups
        self._version = lookups.prepare(_VERSION)
        self._all = lookups.prepare(_ALL)
        self._digest = digest
        self._monotonic = monotonic
        self._enabled = enabled
        self._listed: frozenset[bytes] = frozenset()
        self._number = -1
        self._looked_at = float("-inf")

    def after(self, stage: Stage) -> Stage:
        """``stage``, the criteria stage, with the list behind it."""

        async def checked(exchange: Any, call: Any, contract: Any, terms: Any) -> Any:
            enquiry = await stage(exchange, call, contract, terms)
            if self._enabled:
                await self._look()
            if self._listed:
                # Known already, so that the record of a refusal tells whom it was about.
                exchange.enquiry = enquiry
                self._guard(exchange.entry, enquiry)
            return enquiry

        return checked

    def recorded_by(self, record: Record) -> Record:
        """``record``, with the protected persons that an answer showed noted first."""

        async def recorded(entry: Entry) -> None:
            if self._listed:
                self._note(entry, self._listed_of(entry.persons))
            await record(entry)

        return recorded

    def _guard(self, entry: Entry, enquiry: Any) -> None:
        """Raises ``CaseNumberMissing`` (203)."""
        self._note(entry, self._listed_of(enquiry.persons))
        if entry.case_number:
            return
        # The public door has no case number to send: it is noted, and answered.
        if entry.protected and entry.agreement and entry.institution:
            raise faults.CaseNumberMissing("a protected person")
        unrelated = enquiry.unrelated

        async def or_protected(numbers: Sequence[int]) -> frozenset[int]:
            found = self._listed_of(numbers)
            self._note(entry, found)
            return frozenset(await unrelated(numbers)) | frozenset(found)

        enquiry.unrelated = or_protected

    def _note(self, entry: Entry, numbers: Sequence[int]) -> None:
        entry.protected += [one for one in numbers if one not in entry.protected]

    def _listed_of(self, numbers: Sequence[int]) -> list[int]:
        return [one for one in dict.fromkeys(numbers) if self._digest(one) in self._listed]

    async def _look(self) -> None:
        """Read the list where it has changed; raises ``EvidenceUnavailable``."""
        now = self._monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        rows = await self._lookups.rows(self._version, {"subject": _LIST})
        number = rows[0][0] if rows else 0
        if number != self._number:
            found = await self._lookups.rows(self._all, {})
            self._listed = frozenset(bytes(row[0]) for row in found)
            self._number = number
        self._looked_at = now


class ProtectedAlarms:
    """Makes an event and a finding of each record that met a protected person."""

    def __init__(self, *, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes

    def note(
        self, connection: Connection, entries: Sequence[Entry], *, now: datetime
    ) -> list[Entry]:
        """Write the findings; returns their events.  Raises what the database raises."""
        return [self._alarm(connection, one, now) for one in entries if one.protected]

    def _alarm(self, connection: Connection, entry: Entry, now: datetime) -> Entry:
        finding_id = self._random_bytes(8).hex()
        met = len(entry.protected)
        said = "refused" if entry.event is Event.REFUSAL else "answered"
        one = Suspicion(
            Rule.PROTECTED,
            entry.request_id,
            f"{met} protected person{'' if met == 1 else 's'} met, the call was {said}",
            met,
            0,
            institution=entry.institution,
            agreement=entry.agreement if entry.institution else "",
            account=entry.account,
            inquirer=entry.inquirer,
        )
        findings.put(connection, finding_id, one, now=now, day=day_of(entry.received_at))
        alarm = Entry(
            "",
            entry.received_at,
            entry.door,
            Event.ALARM,
            channel=entry.channel,
            source_address=entry.source_address,
            institution=entry.institution,
            agreement=one.agreement,
            account=entry.account,
            inquirer=entry.inquirer,
            detail=f"{Rule.PROTECTED} {finding_id} (request {entry.request_id})",
            persons=list(entry.protected),
        )
        log.warning("%s: finding %s, institution %s", Rule.PROTECTED, finding_id, entry.institution)
        return alarm
