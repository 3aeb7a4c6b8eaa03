"""Person relation: whose records an institution keeps, by keyed digest (Law 5490 Art. 45/2, K7.4).

``missing`` tells which of the persons asked about are not on the institution's roster; what
follows from that (nothing, a note, a refusal) is the agreement's choice.  No identity number is
stored here, and none can be read back.  Deposits are in ``roster_deposits``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select

from kps_soap.lookups import Lookups
from kps_soap.misuse_models import roster_states
from kps_soap.models import roster_entries

OFF: Final = "KAPALI"
WARN: Final = "UYAR"
ENFORCE: Final = "ENGELLE"
MODES: Final = (OFF, WARN, ENFORCE)

Stage = Callable[..., Awaitable[Any]]

#: How long it is remembered whether an institution has a roster at all, and of how many.
_STATE_HOLDS_SECONDS: Final = 10.0
_INSTITUTIONS_MAX: Final = 10_000

_HELD = select(roster_entries.c.person_digest).where(
    roster_entries.c.institution == bindparam("institution"),
    roster_entries.c.person_digest == bindparam("digest"),
)
_STATE: Final = select(roster_states.c.persons).where(
    roster_states.c.institution == bindparam("institution")
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


class Trials:
    """Counts what a roster would refuse where the agreement does not look at it yet (KAPALI).

    So an operator sees what turning it on would do.  Institutions without a roster cost one read
    in ten seconds.  ``monotonic`` counts seconds.
    """

    def __init__(
        self, lookups: Lookups, rosters: Rosters, *, monotonic: Callable[[], float]
    ) -> None:
        self._lookups = lookups
        self._state = lookups.prepare(_STATE)
        self._rosters = rosters
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, bool]] = {}

    def after(self, stage: Stage) -> Stage:
        """``stage``, the criteria stage, with a look at the roster that decides nothing."""

        async def checked(exchange: Any, call: Any, contract: Any, terms: Any) -> Any:
            enquiry = await stage(exchange, call, contract, terms)
            persons = frozenset(enquiry.persons)
            if persons and terms.person_relation == OFF and terms.institution:
                entry = exchange.entry
                if await self._has_roster(terms.institution):
                    missing = await self._rosters.missing(terms.institution, tuple(persons))
                    entry.roster_mode = OFF
                    entry.roster_asked += len(persons)
                    entry.roster_missing += len(missing)
            return enquiry

        return checked

    async def _has_roster(self, institution: str) -> bool:
        now = self._monotonic()
        until, has = self._known.get(institution, (float("-inf"), False))
        if now >= until:
            has = bool(await self._lookups.rows(self._state, {"institution": institution}))
            if len(self._known) >= _INSTITUTIONS_MAX:
                self._known.clear()
            self._known[institution] = (now + _STATE_HOLDS_SECONDS, has)
        return has
