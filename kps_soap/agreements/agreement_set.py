"""All agreements of one load, found by account and by day.

A set is compiled as a whole and never changed; the next load makes another (design D17).  Dates
switch at midnight Europe/Istanbul: callers hand in the civil date of that zone.  This module
reads no clock and decides nothing about services, purposes or fields.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import Agreement, PublicTerms, Suspension
from kps_soap.agreements.problems import Problem
from kps_soap.agreements.scope import not_in_force
from kps_soap.faults import AgreementNotInForce, ServiceNotGranted


@dataclass(frozen=True, eq=False)
class AgreementSet:
    """One set.  ``digest`` names it; ``files`` maps each file name to its SHA-256.

    Without ``public`` the public door is closed.
    """

    digest: str
    files: Mapping[str, str]
    agreements: tuple[Agreement, ...]
    public: PublicTerms | None
    address_rights: AddressRights
    warnings: tuple[Problem, ...]
    _by_account: Mapping[str, tuple[Agreement, ...]]

    @classmethod
    def of(
        cls,
        agreements: Iterable[Agreement],
        *,
        files: Mapping[str, str],
        public: PublicTerms | None,
        address_rights: AddressRights,
        warnings: Iterable[Problem] = (),
    ) -> "AgreementSet":
        """Put judged agreements together."""
        ordered = tuple(sorted(agreements, key=lambda one: one.file))
        by_account: defaultdict[str, list[Agreement]] = defaultdict(list)
        for agreement in ordered:
            for account in agreement.access.accounts:
                by_account[account].append(agreement)
        return cls(
            digest=set_digest(files),
            files=files,
            agreements=ordered,
            public=public,
            address_rights=address_rights,
            warnings=tuple(sorted(warnings)),
            _by_account={
                account: tuple(sorted(held, key=lambda one: one.document.valid_from))
                for account, held in by_account.items()
            },
        )

    def suspending(self, suspended: Iterable[Suspension]) -> "AgreementSet":
        """The same set, with these agreements suspended by command and no other."""
        by_number = {one.agreement: one for one in suspended}
        agreements = [
            one
            if one.suspension == by_number.get(one.number)
            else replace(one, suspension=by_number.get(one.number))
            for one in self.agreements
        ]
        return AgreementSet.of(
            agreements,
            files=self.files,
            public=self.public,
            address_rights=self.address_rights,
            warnings=self.warnings,
        )

    def accounts(self) -> frozenset[str]:
        """Every account that any agreement names, whatever its state."""
        return frozenset(self._by_account)

    def for_account(self, account: str) -> Sequence[Agreement]:
        """The agreements of an account, in any state, oldest first."""
        return self._by_account.get(account, ())

    def institution_of(self, account: str) -> str:
        """The code of the institution whose agreements name an account; empty for none."""
        return next((one.institution.code for one in self.for_account(account)), "")

    def choose(self, account: str, on: date) -> Agreement:
        """The one agreement of an account that is in force on a civil date of Europe/Istanbul.

        Raises ServiceNotGranted where there is none at all, and AgreementNotInForce where none
        is in force, with the reason for each in its detail (§2.4, outcome 205).
        """
        held = self.for_account(account)
        if not held:
            raise ServiceNotGranted("the account has no agreement")
        reasons = []
        for agreement in held:
            reason = not_in_force(agreement, on)
            if not reason:
                return agreement
            reasons.append(f"{agreement.number}: {reason}")
        raise AgreementNotInForce("; ".join(reasons))


def listing_of(files: Mapping[str, str]) -> str:
    """A line a file, digest and name, as ``sha256sum`` prints them, sorted by file name."""
    return "".join(
        f"{files[name]}  {name}\n" for name in sorted(files, key=lambda name: name.encode())
    )


def set_digest(files: Mapping[str, str]) -> str:
    """The SHA-256 that names a set: over its ``sha256sum`` listing, sorted by file name.

    An operator gets the same with ``LC_ALL=C sha256sum *.toml | sha256sum``.
    """
    return sha256(listing_of(files).encode()).hexdigest()
