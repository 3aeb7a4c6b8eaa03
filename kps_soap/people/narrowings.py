"""What a person may do of an agreement, where not all of it: a share can only narrow.

Whatever stands in a narrowing, the effective grant is the agreement's, less what the narrowing
leaves out: it is made by leaving out, never by adding (domain §5.14).  Special categories of
personal data reach a registered person only where four eyes allowed it (``approvals``).

Contracts that give nobody's data, and are open to every account, are not narrowed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_changes
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, delete, insert, select

from kps_soap.agreements.agreement import Agreement, ServiceGrant
from kps_soap.agreements.problems import nearest
from kps_soap.fields import Grant
from kps_soap.people import rows
from kps_soap.people.person import Actor, Person
from kps_soap.people.problems import PeopleError, Problem, require
from kps_soap.people_models import narrowings as table
from kps_soap.people_models import special_shares


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One service of somebody's share.

    An empty ``version`` is every version; empty ``purposes`` and ``fields`` are all that the
    agreement grants.  A narrowing that names the version comes before one that does not.
    """

    person_id: str
    service: str
    version: str = ""
    purposes: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()


def of(connection: Connection, person_id: str) -> tuple[Narrowing, ...]:
    """Somebody's narrowings by service; none are no narrowing at all."""
    found = connection.execute(
        select(table)
        .where(table.c.person_id == person_id)
        .order_by(table.c.service, table.c.version)
    )
    return tuple(
        narrowing_of(row.person_id, row.service, row.version, row.purposes, row.fields)
        for row in found
    )


def narrowing_of(
    person_id: str, service: str, version: str, purposes: str, fields: str
) -> Narrowing:
    """A narrowing as it is stored."""
    return Narrowing(
        person_id, service, version, frozenset(json.loads(purposes)), tuple(json.loads(fields))
    )


def special_services(connection: Connection, person_id: str) -> frozenset[str]:
    """Of which services somebody may see special categories."""
    wanted = select(special_shares.c.service).where(special_shares.c.person_id == person_id)
    return frozenset(connection.execute(wanted).scalars())


def narrowed(
    granted: ServiceGrant,
    narrowings: Sequence[Narrowing],
    *,
    special_services: frozenset[str] | None = None,
) -> ServiceGrant | None:
    """An agreement's grant as far as it reaches somebody; None where it does not at all.

    Where ``special_services`` is given, special categories are left out unless the service is
    one of them.
    """
    if granted.open_to_accounts:
        return granted
    purposes = granted.purposes
    paths: tuple[str, ...] = ()
    if narrowings:
        found = _narrowing_for(granted, narrowings)
        if found is None:
            return None
        paths = found.fields
        if found.purposes:
            purposes = purposes & found.purposes
    plain = special_services is not None and granted.service not in special_services
    grant = granted.grant
    if paths or (plain and _special_leaves(grant)):
        grant = _share_of(grant, paths, plain)
    if grant is granted.grant and purposes == granted.purposes:
        return granted
    return with_changes(
        granted,
        purposes=purposes,
        grant=grant,
        fields=granted.fields if grant is granted.grant else grant.granted_leaves,
        later=(),
    )


def _narrowing_for(granted: ServiceGrant, narrowings: Iterable[Narrowing]) -> Narrowing | None:
    by_version = {one.version: one for one in narrowings if one.service == granted.service}
    return by_version.get(granted.version) or by_version.get("")


@lru_cache(maxsize=1024)
def _share_of(grant: Grant, paths: tuple[str, ...], plain: bool) -> Grant:
    """The grant of the leaves that stay; compiled once for all who share it."""
    special = _special_leaves(grant) if plain else frozenset()
    leaves = [
        leaf
        for leaf in grant.granted_leaves
        if leaf not in special and (not paths or _is_within(leaf, paths))
    ]
    # Each leaf is named by itself, in both grants: nothing comes with it from above.
    return Grant.of(grant.tree, leaves, leaves)


@lru_cache(maxsize=1024)
def _special_leaves(grant: Grant) -> frozenset[str]:
    tops = grant.tree.special
    return frozenset(leaf for leaf in grant.granted_leaves if _is_within(leaf, tops))


def _is_within(leaf: str, tops: Iterable[str]) -> bool:
    return any(leaf == top or leaf.startswith(f"{top}/") for top in tops)


def replace(
    connection: Connection,
    person_id: str,
    narrowings: Sequence[Narrowing],
    *,
    agreements: Sequence[Agreement],
    row_version: int | None,
    by: Actor,
    now: datetime,
) -> Person:
    """Put these narrowings in place of somebody's; none gives all that the agreement grants.

    ``agreements`` are those of the person's institution.  Raises ``NotAllowed``,
    ``ChangedMeanwhile``, and ``PeopleError`` with everything that is no part of an agreement.
    """
    row = rows.row_to_change(connection, person_id, row_version=row_version, by=by, now=now)
    mine = [one for one in agreements if one.institution.code == row.institution]
    granted = [grant for one in mine for grant in one.services.values()]
    require([*_beyond(narrowings, granted), *_twice(narrowings)])
    connection.execute(delete(table).where(table.c.person_id == person_id))
    for one in narrowings:
        connection.execute(
            insert(table).values(
                person_id=person_id,
                service=one.service,
                version=one.version,
                purposes=json.dumps(sorted(one.purposes)),
                fields=json.dumps(list(one.fields)),
            )
        )
    return rows.write(connection, row, {}, now=now, ends_sessions=False)


def _twice(narrowings: Sequence[Narrowing]) -> Iterator[Problem]:
    keys = [(one.service, one.version) for one in narrowings]
    for service, version in sorted({key for key in keys if keys.count(key) > 1}):
        yield Problem(
            "service",
            f"{service} {version} iki kez yazılmış.",
            f"{service} {version} is given twice.",
        )


def _beyond(narrowings: Sequence[Narrowing], granted: Sequence[ServiceGrant]) -> Iterator[Problem]:
    """What a narrowing names and no agreement grants."""
    for one in narrowings:
        of_service = [
            grant
            for grant in granted
            if grant.service == one.service and one.version in ("", grant.version)
        ]
        if not of_service:
            name = f"{one.service} {one.version}".strip()
            near = nearest(one.service, sorted({grant.service for grant in granted}))
            other = near and near != one.service
            yield Problem(
                "service",
                f"{name} anlaşmada yok.{f' {near} mi?' if other else ''}",
                f"{name} is not in the agreement.{f' Did you mean {near}?' if other else ''}",
            )
            continue
        purposes = frozenset[str]().union(*(grant.purposes for grant in of_service))
        for purpose in sorted(one.purposes - purposes):
            yield Problem(
                "purposes",
                f"{one.service}: {purpose} amacı anlaşmada yok.",
                f"{one.service}: the agreement does not grant the purpose {purpose}.",
            )
        for path in one.fields:
            if not any(grant.grant.wants(path) for grant in of_service):
                yield Problem(
                    "fields",
                    f"{one.service}: {path} alanı anlaşmada yok.",
                    f"{one.service}: the agreement does not grant the field {path}.",
                )


def allow_special(
    connection: Connection, person_id: str, service: str, *, approval: int, by: Actor, now: datetime
) -> None:
    """Let somebody see the special categories of a service; ``approvals`` calls this.

    Raises as ``replace``; the approval's number is kept.
    """
    row = rows.row_to_change(connection, person_id, row_version=None, by=by, now=now)
    _withdraw(connection, person_id, service)
    connection.execute(
        insert(special_shares).values(person_id=person_id, service=service, approval=approval)
    )
    rows.write(connection, row, {}, now=now, ends_sessions=False)


def withdraw_special(
    connection: Connection, person_id: str, service: str, *, by: Actor, now: datetime
) -> None:
    """Take the special categories of a service away again: that needs two eyes only."""
    row = rows.row_to_change(connection, person_id, row_version=None, by=by, now=now)
    if not _withdraw(connection, person_id, service):
        raise PeopleError(
            [
                Problem(
                    "service",
                    "Bu kişinin bu serviste özel nitelikli veri yetkisi yok.",
                    "This person has no share of special categories of this service.",
                )
            ]
        )
    rows.write(connection, row, {}, now=now, ends_sessions=False)


def _withdraw(connection: Connection, person_id: str, service: str) -> bool:
    """Remove the row; says whether there was one."""
    key = (special_shares.c.person_id == person_id) & (special_shares.c.service == service)
    return bool(connection.execute(delete(special_shares).where(key)).rowcount)
