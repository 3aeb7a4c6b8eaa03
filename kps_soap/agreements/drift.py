"""Contract fields that are newer than an agreement's signature (T-F3).

A path that grants a section does not grant what is added to the section later: an agreement that
was signed before receives a new member only by naming it.  This module names those members, so
that nobody wonders why they are withheld.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from kps_soap.agreements.agreement import ServiceGrant
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.fields import Field


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One member that a grant from above would cover, were it not newer than the signature."""

    agreement: str
    service: str
    version: str
    path: str
    since: str

    @property
    def text(self) -> str:
        """A line for an operator."""
        return (
            f"{self.agreement}: {self.service} {self.version}: {self.path} is in the contract "
            f"since {self.since}, after the signature, and withheld until it is named"
        )


def fields_left_out(agreements: AgreementSet) -> list[LeftOut]:
    """Every such member of every agreement, in the order of number, service and contract."""
    return [
        LeftOut(agreement.number, grant.service, grant.version, found.path, str(found.since))
        for agreement in sorted(agreements.agreements, key=lambda one: one.number)
        for _, grant in sorted(agreement.services.items())
        if agreement.document.signed is not None and grant.grant.tree.added_later
        for found in _left_out(grant, agreement.document.signed)
    ]


def _left_out(grant: ServiceGrant, signed: date) -> Iterator[Field]:
    tree = grant.grant.tree
    named = set(grant.fields)
    for path in tree.grantable():
        found = tree.find(path)
        if found is None or found.since is None or found.since <= signed or path in named:
            continue
        above = path.rpartition("/")[0]
        if any(above == one or above.startswith(f"{one}/") for one in named):
            yield found
