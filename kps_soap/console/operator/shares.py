"""Somebody's share of an agreement for a page: what is granted, and what of it is theirs.

A box of a form is named after what it stands for, by digest: paths can be longer than a field's
name, and a list that changed meanwhile must not let a tick mean something else.  This module
decides nothing: whether a share is one, the rules of people say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from kps_soap.agreements.agreement import Agreement, ServiceGrant
from kps_soap.people.approvals import APPROVED, WAITING, Approval, Kind
from kps_soap.people.narrowings import Narrowing

WHOLE: Final = "whole"
PART: Final = "part"
NONE: Final = "none"

_DIGEST_CHARACTERS: Final = 20


@dataclass(frozen=True, slots=True)
class Granted:
    """A service as the agreements of an institution grant it, all versions together."""

    service: str
    grants: tuple[ServiceGrant, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions, oldest first."""
        return tuple(sorted({one.version for one in self.grants}))

    @property
    def special(self) -> tuple[str, ...]:
        """The paths of special categories of personal data that are granted."""
        return tuple(sorted({path for one in self.grants for path in one.special}))

    def of_version(self, version: str) -> Granted:
        """Only one version of it; all where ``version`` is empty."""
        kept = [one for one in self.grants if version in ("", one.version)]
        return Granted(self.service, tuple(kept))

    @property
    def purposes(self) -> tuple[str, ...]:
        """Every purpose for which any version is granted."""
        return tuple(sorted({purpose for one in self.grants for purpose in one.purposes}))

    @property
    def leaves(self) -> tuple[str, ...]:
        """Every field that any version grants, in the order of the contracts."""
        every = (leaf for one in self.grants for leaf in one.grant.granted_leaves)
        return tuple(dict.fromkeys(every))


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One service with what of it is somebody's: all, a part, or nothing."""

    granted: Granted
    held: tuple[Narrowing, ...]
    stands: str

    @property
    def box(self) -> str:
        """The name of its box."""
        return box("s", self.granted.service)


@dataclass(frozen=True, slots=True)
class SpecialRow:
    """One service with special categories: whether somebody may see them, and who was asked."""

    granted: Granted
    allowed: bool
    asked: Approval | None

    @property
    def waits(self) -> bool:
        """Whether a request waits for a decision."""
        return self.asked is not None and self.asked.state == WAITING


def box(kind: str, text: str) -> str:
    """The name of the box that stands for a text."""
    return f"{kind}_{sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]}"


def granted_services(agreements: Iterable[Agreement]) -> dict[str, Granted]:
    """What can be narrowed: services that give somebody's data, by name."""
    found: dict[str, list[ServiceGrant]] = {}
    for agreement in agreements:
        for grant in agreement.services.values():
            if not grant.open_to_accounts:
                found.setdefault(grant.service, []).append(grant)
    return {name: Granted(name, tuple(grants)) for name, grants in sorted(found.items())}


def share_rows(services: Mapping[str, Granted], held: Sequence[Narrowing]) -> list[ShareRow]:
    """Every service that is granted, with somebody's share of it."""
    rows = []
    for name, granted in services.items():
        mine = tuple(one for one in held if one.service == name)
        plain = any(not (one.version or one.purposes or one.fields) for one in mine)
        whole = not held or (plain and len(mine) == 1)
        rows.append(ShareRow(granted, mine, WHOLE if whole else PART if mine else NONE))
    return rows


def special_rows(
    services: Mapping[str, Granted], allowed: Iterable[str], requests: Sequence[Approval]
) -> list[SpecialRow]:
    """Every service that grants special categories; ``requests`` are newest first."""
    may, rows = frozenset(allowed), []
    asked: dict[str, Approval] = {}
    for one in requests:
        if one.kind is Kind.SPECIAL_FIELDS:
            asked.setdefault(str(one.what.get("service", "")), one)
    for name in sorted({*services, *may}):
        granted = services.get(name, Granted(name, ()))
        if granted.special or name in may:
            rows.append(SpecialRow(granted, name in may, asked.get(name)))
    return rows


def with_services(
    services: Mapping[str, Granted],
    held: Sequence[Narrowing],
    person_id: str,
    form: Mapping[str, str],
) -> list[Narrowing]:
    """The share of exactly the ticked services; how each is narrowed stays."""
    wanted: list[Narrowing] = []
    for row in share_rows(services, held):
        if form.get(row.box) == "1":
            wanted += row.held or (Narrowing(person_id, row.granted.service),)
    return wanted


def with_one(
    services: Mapping[str, Granted], held: Sequence[Narrowing], new: Narrowing
) -> list[Narrowing]:
    """The share with one service narrowed.  Who had everything keeps all other services."""
    before = list(held)
    if not before:
        before = [Narrowing(new.person_id, name) for name in services if name != new.service]
        if new.version:
            # The other versions of the service stay as well.
            before.append(Narrowing(new.person_id, new.service))
    key = (new.service, new.version)
    return [one for one in before if (one.service, one.version) != key] + [new]


def held_for(held: Iterable[Narrowing], service: str, version: str) -> Narrowing | None:
    """How a service, or one version of it, is narrowed by name."""
    return next((one for one in held if (one.service, one.version) == (service, version)), None)


def ticked(one: Narrowing | None, granted: Granted) -> dict[str, str]:
    """The boxes of purposes and fields as somebody's share has them."""
    purposes = granted.purposes if one is None or not one.purposes else one.purposes
    fields = granted.leaves if one is None or not one.fields else one.fields
    boxes = {box("p", purpose): "1" for purpose in purposes}
    for leaf in granted.leaves:
        if any(leaf == top or leaf.startswith(f"{top}/") for top in fields):
            boxes[box("f", leaf)] = "1"
    return boxes


def chosen(form: Mapping[str, str], kind: str, every: Sequence[str]) -> tuple[str, ...]:
    """The texts whose boxes are ticked."""
    return tuple(text for text in every if form.get(box(kind, text)) == "1")


def all_or(some: tuple[str, ...], every: Sequence[str]) -> tuple[str, ...]:
    """Nothing where everything is chosen: that is how a share says "all that is granted"."""
    return () if len(some) == len(every) else some


def decided(row: SpecialRow) -> str:
    """The key of the texts that says how special categories of a service stand."""
    if row.allowed:
        return "operator.special.allowed"
    if row.asked is None or row.asked.state == APPROVED:
        return "operator.special.none"
    return f"operator.special.{row.asked.state}"
