"""The same signed message a second time: refused by every worker, also after a restart.

What was presented is noted in the transaction of its record, so that of two equal messages at the
same moment one is first; ``Presented.refuse_known`` looks beforehand, so that a plain replay asks
no register.  Rows lie in the gateways' own database, are never dropped to make room, and go a day
after the message could last be fresh: a clock that is set back by hours finds them still.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Dialect, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from kps_soap.audit.months import microseconds
from kps_soap.driver_statements import Prepared
from kps_soap.entry import Entry, Undone
from kps_soap.faults import ProofRefused
from kps_soap.lookups import Lookups
from kps_soap.signed_request_models import signed_requests

REASON: Final = "signed message presented before"
_SWEEP_EVERY: Final = timedelta(hours=1)
#: Longer than any Timestamp may live and any clock is likely to be set back.
KEPT: Final = timedelta(days=1)

_KNOWN: Final = select(signed_requests.c.until_us).where(
    signed_requests.c.institution == bindparam("institution"),
    signed_requests.c.message == bindparam("message"),
)
_FORGET: Final = delete(signed_requests).where(signed_requests.c.until_us < bindparam("before_us"))


class Presented:
    """Looks for messages that are on record already."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._known = lookups.prepare(_KNOWN)

    async def refuse_known(self, institution: str, message: bytes) -> None:
        """Raises ``ProofRefused``, and ``EvidenceUnavailable`` where nobody can look."""
        values = {"institution": institution, "message": message}
        if await self._lookups.rows(self._known, values):
            raise ProofRefused(REASON)


class PresentedOnRecord:
    """Notes signed messages in the transaction of their records."""

    def __init__(self, dialect: Dialect) -> None:
        self._claim = Prepared(dialect, _claiming(dialect))
        self._forget = Prepared(dialect, _FORGET)
        self._forgotten_at: datetime | None = None

    def note(
        self, connection: Connection, entries: Sequence[Entry], *, now: datetime
    ) -> list[Entry]:
        """Raises ``Undone`` for whoever comes second, and what the database raises."""
        signed = [entry for entry in entries if entry.signed_message]
        if not signed:
            return []
        second = []
        until = microseconds(now + KEPT)
        # In one order everywhere, so that two gateways never wait for each other's rows.
        for entry in sorted(signed, key=lambda one: (one.institution, one.signed_message)):
            values = {
                "institution": entry.institution,
                "message": entry.signed_message,
                "until_us": until,
            }
            if self._claim(connection, values).fetchone() is None:
                second.append(entry.request_id)
        if second:
            raise Undone({request: ProofRefused(REASON) for request in second})
        if self._forgotten_at is None or now - self._forgotten_at >= _SWEEP_EVERY:
            self._forgotten_at = now
            self._forget(connection, {"before_us": microseconds(now)})
        return []


def _claiming(dialect: Dialect) -> Any:
    """Take a message that nobody presented; returns a row if taken."""
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = insert(signed_requests).values(
        {name: bindparam(name) for name in ("institution", "message", "until_us")}
    )
    return statement.on_conflict_do_nothing(
        index_elements=[signed_requests.c.institution, signed_requests.c.message]
    ).returning(signed_requests.c.message)
