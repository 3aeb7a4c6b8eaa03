"""Person relation: whose records an institution keeps, by keyed digest (Law 5490 Art. 45/2, K7.4).

``missing`` tells which of the persons asked about are not on the institution's roster; what
follows from that (nothing, a note, a refusal) is the agreement's choice.  No identity number is
stored here, and none can be read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from kps_soap.lookups import Lookups
from kps_soap.models import roster_entries

OFF: Final = "KAPALI"
WARN: Final = "UYAR"
ENFORCE: Final = "ENGELLE"

_HELD = select(roster_entries.c.person_digest).where(
    roster_entries.c.institution == bindparam("institution"),
    roster_entries.c.person_digest == bindparam("digest"),
)


class Rosters:
    """Looks persons up; ``digest`` is the keyed digest of an identity number."""

    def __init__(self, lookups: Lookups, digest: Callable[[int], bytes]) -> None:
        self._lookups = lookups
        self._held = lookups.prepare(_HELD)
        self._digest = digest

    async def missing(self, institution: str, numbers: Sequence[int]) -> frozenset[int]:
        """The numbers that are not on the institution's roster."""
        missing = set()
        for number in set(numbers):
            values = {"institution": institution, "digest": self._digest(number)}
            if not await self._lookups.rows(self._held, values):
                missing.add(number)
        return frozenset(missing)


def replace(connection: Connection, institution: str, digests: Iterable[bytes]) -> int:
    """Put a new roster in place of the old one, in the caller's transaction; returns its size."""
    rows = [
        {"institution": institution, "person_digest": digest} for digest in sorted(set(digests))
    ]
    connection.execute(delete(roster_entries).where(roster_entries.c.institution == institution))
    if rows:
        connection.execute(insert(roster_entries), rows)
    return len(rows)
