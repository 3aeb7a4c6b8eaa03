"""The criteria stage of the line: what may be asked of the register, and about whom.

Counts the criteria against the agreement, judges each one (``criteria.check``), asks for the
person relation, and hands the operation its ``Enquiry``.  Nothing about one criterion is ever
raised; too many of them, none, or one guess too many refuse the whole call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kps_soap import faults, rosters
from kps_soap.criteria import (
    Asker,
    Blocked,
    Checked,
    CriteriaPolicy,
    Deposits,
    Enquiry,
    PasswordChanges,
    Receipts,
    Subject,
    check,
)
from kps_soap.entry import Entry
from kps_soap.mistakes import Mistakes
from kps_soap.page_keys import PageKeys
from kps_soap.registry.store import Register
from kps_soap.terms import SYNTHETIC, Terms, istanbul_date


class Asked(Protocol):
    """What this stage sees of a request."""

    entry: Entry


def _always(_path: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class CriteriaStage:
    """Makes the ``Enquiry`` of a call.  Disjoint numbers are good in a synthetic register only."""

    register: Register
    rosters: rosters.Rosters
    page_keys: PageKeys | None = None
    mistakes: Mistakes | None = None
    receipts: Receipts | None = None
    deposits: Deposits | None = None
    passwords: PasswordChanges | None = None

    async def __call__(self, asked: Asked, call: Any, contract: Any, terms: Terms) -> Enquiry:
        """Raises ``CriteriaEmpty``, ``TooManyCriteria`` or ``AccessStopped``."""
        synthetic = self.register.kind == SYNTHETIC
        checked: Sequence[Checked] = ()
        if contract.criteria is not None:
            criteria = _criteria_of(call)
            if not criteria:
                raise faults.CriteriaEmpty("no criterion")
            if len(criteria) > terms.criteria_max:
                raise faults.TooManyCriteria(f"{len(criteria)} of {terms.criteria_max}")
            year_max = istanbul_date(asked.entry.received_at).year
            checked = await self._related(
                asked.entry,
                terms,
                [
                    check(one, contract.criteria, year_max=year_max, accept_disjoint=synthetic)
                    for one in criteria
                ],
            )
            await self._let_guess(asked.entry, terms, contract.criteria, checked)
        return Enquiry(
            register=self.register,
            checked=checked,
            wants=_always if terms.grant is None else terms.grant.wants,
            name_matching=terms.name_matching,
            accept_disjoint=synthetic,
            tells_status=terms.grant is None or terms.grant.tells_status,
            asker=_asker(asked.entry, terms),
            unrelated=lambda numbers: self._unrelated(asked.entry, terms, numbers),
            page_keys=self.page_keys,
            receipts=self.receipts,
            deposits=self.deposits,
            passwords=self.passwords,
        )

    async def _related(
        self, entry: Entry, terms: Terms, checked: Sequence[Checked]
    ) -> Sequence[Checked]:
        """Only persons whose records the institution keeps, where the agreement says so (K7.4)."""
        numbers = [one.number for one in checked if isinstance(one, Subject) and one.number]
        unrelated = await self._unrelated(entry, terms, numbers)
        return [
            Blocked(one.number, faults.Outcome.NOT_ON_ROSTER)
            if isinstance(one, Subject) and one.number in unrelated
            else one
            for one in checked
        ]

    async def _let_guess(
        self, entry: Entry, terms: Terms, policy: CriteriaPolicy, checked: Sequence[Checked]
    ) -> None:
        """Where a contract counts mistakes, nobody goes on guessing about a person (§5.1)."""
        if self.mistakes is None or not policy.wrong_per_day_max:
            return
        numbers = [one.number if isinstance(one, Subject) else None for one in checked]
        most = policy.wrong_per_day_max
        await self.mistakes.check(entry, terms.institution, numbers, most=most)

    async def _unrelated(
        self, entry: Entry, terms: Terms, numbers: Sequence[int]
    ) -> frozenset[int]:
        """Of these persons, those whom the agreement does not let the institution see."""
        if terms.person_relation == rosters.OFF:
            return frozenset()
        # 0 is nobody's number: who found nobody looks it up for the sake of equal work (D4).
        missing = await self.rosters.missing(terms.institution, numbers) - {0}
        entry.roster_mode = terms.person_relation
        entry.roster_asked += len(set(numbers) - {0})
        entry.roster_missing += len(missing)
        if missing:
            entry.detail = f"not on the roster: {len(missing)}"
        return frozenset() if terms.person_relation == rosters.WARN else missing


def _criteria_of(call: Any) -> Sequence[Any]:
    """A contract has a list of criteria, or a single one."""
    given = call.parameters[0]
    if given is None:
        return ()
    return given if isinstance(given, list) else [given]


def _asker(entry: Entry, terms: Terms) -> Asker:
    return Asker(
        institution=terms.institution,
        account=entry.account,
        inquirer=entry.inquirer,
        source_address=entry.source_address,
        asked_at=entry.received_at,
        agreement=entry.agreement,
        agreement_digest=entry.agreement_digest,
        granted=terms.granted,
        vouched_by=entry.vouched_by,
    )
