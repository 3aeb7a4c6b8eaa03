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
from kps_soap.agreements.agreement import Agreement, ContractKey, PublicTerms, Suspension
from kps_soap.agreements.problems import Problem
from kps_soap.agreements.scope import not_in_force
from kps_soap.agreements.vocabulary import STRONG
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
    _by_institution: Mapping[str, tuple[Agreement, ...]]
    _by_certificate: Mapping[str, tuple[Agreement, ...]]

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
        by_institution: defaultdict[str, list[Agreement]] = defaultdict(list)
        by_certificate: defaultdict[str, list[Agreement]] = defaultdict(list)
        for agreement in ordered:
            by_institution[agreement.institution.code].append(agreement)
            for account in agreement.access.accounts:
                by_account[account].append(agreement)
            for certificate in agreement.access.certificates:
                by_certificate[certificate].append(agreement)
        return cls(
            digest=set_digest(files),
            files=files,
            agreements=ordered,
            public=public,
            address_rights=address_rights,
            warnings=tuple(sorted(warnings)),
            _by_account=_oldest_first(by_account),
            _by_institution=_oldest_first(by_institution),
            _by_certificate=_oldest_first(by_certificate),
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

    def of_institution(self, code: str) -> Sequence[Agreement]:
        """The agreements of an institution, in any state, oldest first."""
        return self._by_institution.get(code, ())

    def institution_of(self, account: str) -> str:
        """The code of the institution whose agreements name an account; empty for none."""
        return next((one.institution.code for one in self.for_account(account)), "")

    def account_of_certificate(self, digest: str, on: date) -> str:
        """The account whose requests a pinned certificate signs; empty where none does.

        ``digest`` is SHA-256 of its DER in hex.  Of agreements that follow one another, the one
        in force on the day counts, else the last.
        """
        held = [
            one for one in self._by_certificate.get(digest, ()) if one.access.security == STRONG
        ]
        chosen = next(
            (one for one in held if not not_in_force(one, on)), held[-1] if held else None
        )
        return "" if chosen is None else chosen.access.accounts[0]

    def choose(self, account: str, on: date) -> Agreement:
        """The one agreement of an account that is in force on a civil date of Europe/Istanbul.

        Raises ServiceNotGranted where there is none at all, and AgreementNotInForce where none
        is in force, with the reason for each in its detail (§2.4, outcome 205).
        """
        held = self.for_account(account)
        if not held:
            raise ServiceNotGranted("the account has no agreement")
        return _in_force(held, on)[0]

    def choose_of(self, institution: str, on: date, contract: ContractKey) -> Agreement:
        """The agreement of an institution in force on a day that grants a contract.

        Where none grants it, the first in force: what it says is why it is refused.  Raises as
        ``choose``.
        """
        held = self.of_institution(institution)
        if not held:
            raise ServiceNotGranted("the institution has no agreement")
        found = _in_force(held, on)
        return next((one for one in found if contract in one.services), found[0])


def _oldest_first(
    groups: Mapping[str, list[Agreement]],
) -> dict[str, tuple[Agreement, ...]]:
    return {
        name: tuple(sorted(held, key=lambda one: one.document.valid_from))
        for name, held in groups.items()
    }


def _in_force(held: Iterable[Agreement], on: date) -> list[Agreement]:
    """Those in force on a day; raises AgreementNotInForce with every reason if none is."""
    reasons = {one.number: not_in_force(one, on) for one in held}
    found = [one for one in held if not reasons[one.number]]
    if not found:
        raise AgreementNotInForce("; ".join(f"{key}: {why}" for key, why in reasons.items()))
    return found


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
