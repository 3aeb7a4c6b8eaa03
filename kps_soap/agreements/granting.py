"""The services of an agreement file: which versions, for which purposes, and which fields.

Every path must exist in every version that a service lists, a special category needs a grant of
its own with a legal basis, an address needs a kind of institution that may receive it, a list of
persons needs a basis for bulk data.  Grants are compiled here, once for each distinct list of
fields, and a table that many agreements share word for word is judged once: thousands of
agreements share a few.  This module answers no call.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.agreement import (
    Agreement,
    CatalogueEntry,
    ContractKey,
    Document,
    ServiceGrant,
)
from kps_soap.agreements.problems import Findings, nearest, nearest_path, quoted
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sections import PURPOSE, Rules
from kps_soap.agreements.staging import Stages, read_stages
from kps_soap.fields import FieldTree, Grant

#: What a judged table's verdict depends on besides the table itself.
_Context = tuple[frozenset[str], str, frozenset[str], bool, date | None]


@dataclass(slots=True)
class Judged:
    """What was compiled before, for agreements to share.

    ``grants`` by contract, fields, special fields and day of signature.  ``tables`` by the
    identity of a parsed table, which is kept alive here, and what it was judged in.
    """

    grants: dict[tuple[ContractKey, tuple[str, ...], tuple[str, ...], date | None], Grant] = field(
        default_factory=dict
    )
    tables: dict[tuple[int, _Context], tuple[Mapping[str, Any], tuple[ServiceGrant, ...]]] = field(
        default_factory=dict
    )


class Granting:
    """Reads the ``[[services]]`` of one agreement."""

    def __init__(
        self,
        rules: Rules,
        judged: Judged,
        *,
        document: Document,
        purposes: frozenset[str],
        default_purpose: str,
        inquirers: frozenset[str],
    ) -> None:
        self._rules = rules
        self._judged = judged
        self._document = document
        self._purposes = purposes
        self._default_purpose = default_purpose
        self._inquirers = inquirers

    def read(self, top: Table) -> dict[ContractKey, ServiceGrant]:
        """All services of the file by contract; a contract may be granted only once."""
        services: dict[ContractKey, ServiceGrant] = {}
        for table in top.tables("services"):
            for granted in self._service(table):
                key = (granted.service, granted.version)
                if key in services:
                    table.problem("versions", f"{key[0]} {key[1]} is granted twice")
                services[key] = granted
        return services

    def _service(self, table: Table) -> Sequence[ServiceGrant]:
        """The table's grants; a table that was judged right in this context is not read again."""
        key = (id(table.values), self._context(table.values))
        known = self._judged.tables.get(key)
        if known is None:
            before = table.noted
            grants = tuple(self._read_service(table))
            if table.noted == before:
                self._judged.tables[key] = (table.values, grants)
        else:
            grants = known[1]
        self._warn_of_days(table, grants)
        return grants

    def _context(self, values: Mapping[str, Any]) -> _Context:
        """Everything outside a table that its reading looks at."""
        versions, name = values.get("versions"), values.get("name")
        listed = versions if isinstance(versions, list) else []
        entries = [
            self._rules.catalogue.get((name, version))
            for version in listed
            if isinstance(name, str) and isinstance(version, str)
        ]
        dated = any(one and one.tree and one.tree.added_later for one in entries)
        return (
            self._purposes,
            self._default_purpose,
            self._inquirers if "pilot" in values else frozenset(),
            self._document.state == words.TEST,
            self._document.signed if dated else None,
        )

    def _read_service(self, table: Table) -> list[ServiceGrant]:
        name, entries = contracts_named(table, self._rules, public=False)
        stages = read_stages(
            table,
            inquirers=self._inquirers,
            calls_max=self._rules.caps.pilot_calls_per_day_max,
        )
        purposes = self._service_purposes(table)
        trees = {key: entry.tree for key, entry in entries.items() if entry.tree is not None}
        fields = _fields(table, trees)
        special = _special(table, trees, fields)
        bulk_basis = _bulk_basis(table, name)
        table.finish()
        return [
            self._staged(
                ServiceGrant(
                    service=key[0],
                    version=key[1],
                    stage=stages.stage,
                    purposes=purposes,
                    grant=self._compiled(key, tree, fields, tuple(special)),
                    address=entries[key].address,
                    synthetic_only=self._is_synthetic(stages.stage),
                    fields=fields,
                    special=special,
                    bulk_basis=bulk_basis,
                    pilot=stages.pilot,
                ),
                stages,
            )
            for key, tree in trees.items()
        ]

    def _staged(self, grant: ServiceGrant, stages: Stages) -> ServiceGrant:
        """The grant with what it becomes on the planned days."""
        if not stages.planned:
            return grant
        later = tuple(
            (since, replace(grant, stage=stage, synthetic_only=self._is_synthetic(stage)))
            for since, stage in stages.planned
        )
        return replace(grant, later=later)

    def _is_synthetic(self, stage: str) -> bool:
        return words.TEST in (stage, self._document.state)

    def _warn_of_days(self, table: Table, grants: Sequence[ServiceGrant]) -> None:
        last = self._document.valid_until
        for since, stage in grants[0].planned if grants else ():
            if since > last:
                table.warn("planned", f"{stage} begins on {since}, after valid_until ({last})")

    def _service_purposes(self, table: Table) -> frozenset[str]:
        """The purposes of one service: some of those of the agreement (design D3)."""
        good = set()
        given = table.texts("purposes", pattern=PURPOSE, meaning="a purpose code [A-Z0-9_]{2,32}")
        for number, purpose in given.items():
            if purpose in self._purposes:
                good.add(purpose)
            else:
                reason = f"{quoted(purpose)} is not one of access.purposes"
                table.problem_at("purposes", number, reason, nearest(purpose, self._purposes))
        if self._default_purpose and good and self._default_purpose not in good:
            reason = f"without {self._default_purpose}, calls that name no purpose are refused"
            table.warn("purposes", reason)
        return frozenset(good)

    def _compiled(
        self, key: ContractKey, tree: FieldTree, fields: tuple[str, ...], special: tuple[str, ...]
    ) -> Grant:
        """The one compiled grant for these fields; paths with problems are left out."""
        signed = self._document.signed if tree.added_later else None
        cached = (key, tuple(sorted(fields)), tuple(sorted(special)), signed)
        found = self._judged.grants.get(cached)
        if found is None:
            known = [path for path in fields if tree.find(path)]
            second = [path for path in special if tree.find(path)]
            found = self._judged.grants[cached] = Grant.of(tree, known, second, signed=signed)
        return found


def check_addresses(
    tables: Sequence[Mapping[str, Any]],
    agreement: Agreement,
    findings: Findings,
    rules: Rules,
) -> None:
    """Art. 45/1: an address service needs a kind that may receive addresses (K7.2).

    The day is the rules' today, or the nearest day on which the agreement is valid.  ``tables``
    are the services as the file has them.
    """
    document, kind = agreement.document, agreement.institution.kind
    named = {grant.service for grant in agreement.services.values() if grant.address}
    if not kind or not named or document.valid_from > document.valid_until:
        return
    on = max(document.valid_from, min(rules.today, document.valid_until))
    rights = rules.address_rights
    if rights.may_receive_address(kind, on):
        return
    for number, table in enumerate(tables):
        if table.get("name") in named:
            path = ("services", number, "name")
            findings.add(path, f"gives addresses, and {rights.explain(kind, on)}")


def contracts_named(
    table: Table, rules: Rules, *, public: bool
) -> tuple[str, dict[ContractKey, CatalogueEntry]]:
    """What ``name`` and ``versions`` of a service name in the catalogue of one kind of door."""
    name = table.text("name")
    versions = table.texts("versions")
    served = {key: entry for key, entry in rules.catalogue.items() if entry.public is public}
    if not name:
        return "", {}
    of_service = [version for service, version in served if service == name]
    if not of_service:
        table.problem("name", _unknown_service(name, rules, public=public), _meant(name, served))
        return name, {}
    for number, version in versions.items():
        if version not in of_service:
            reason = f"{name} has no version {quoted(version)}; it has {', '.join(of_service)}"
            table.problem_at("versions", number, reason, nearest(version, of_service))
    return name, {
        (name, version): served[name, version]
        for version in versions.values()
        if version in of_service
    }


def _meant(name: str, served: Mapping[ContractKey, CatalogueEntry]) -> str:
    return nearest(name, dict.fromkeys(service for service, _ in served))


def _unknown_service(name: str, rules: Rules, *, public: bool) -> str:
    if all(service != name for service, _ in rules.catalogue):
        return f"{quoted(name)} is not a service of this gateway"
    if public:
        return f"{name} is not a public service; grant it in an institution's agreement"
    return f"{name} is a public service; it is opened in the file with [public]"


def _fields(table: Table, trees: Mapping[ContractKey, FieldTree]) -> tuple[str, ...]:
    """The granted paths, each of which every listed version must have (T-F2)."""
    good = []
    for number, path in table.texts("fields").items():
        if _exists(table, "fields", number, path, trees):
            good.append(path)
    return tuple(good)


def _exists(
    table: Table, key: str, number: int, path: str, trees: Mapping[ContractKey, FieldTree]
) -> bool:
    for (service, version), tree in trees.items():
        if tree.find(path) is None:
            reason = f"{service} {version} has no field {quoted(path)}"
            table.problem_at(key, number, reason, nearest_path(path, tree.grantable()))
            return False
    return True


def _special(
    table: Table, trees: Mapping[ContractKey, FieldTree], fields: tuple[str, ...]
) -> dict[str, str]:
    """The second grants, by path, with their legal bases (Law 6698 Art. 6, T-F1)."""
    bases: dict[str, str] = {}
    all_special = {path for tree in trees.values() for path in tree.special}
    for entry in table.tables("special", required=False):
        path = entry.text("field")
        basis = entry.text("legal_basis")
        entry.finish()
        if not path or not trees:
            continue
        if not _is_at_or_below(path, all_special):
            near = nearest_path(path, sorted(all_special))
            entry.problem("field", f"{quoted(path)} is not of a special category here", near)
        elif not _is_at_or_below(path, fields):
            entry.problem("field", f"{quoted(path)} is not granted by fields")
        elif path in bases:
            entry.problem("field", f"{quoted(path)} is given twice")
        elif all(tree.find(path) for tree in trees.values()):
            bases[path] = basis
        else:
            entry.problem("field", f"{quoted(path)} is not in every version listed here")
    for number, path in enumerate(fields):
        if _is_at_or_below(path, all_special) and not _covered(path, bases):
            reason = f"{quoted(path)} is a special category: it needs an entry in special"
            table.problem_at("fields", number, f"{reason} with a legal_basis")
    return bases


def _is_at_or_below(path: str, tops: Iterable[str]) -> bool:
    """Whether a path is one of ``tops`` or lies under one."""
    return any(path == top or path.startswith(f"{top}/") for top in tops)


def _covered(path: str, bases: Mapping[str, str]) -> bool:
    """Whether some second grant lies at, above or below a path that names a special category."""
    return _is_at_or_below(path, bases) or any(base.startswith(f"{path}/") for base in bases)


def _bulk_basis(table: Table, name: str) -> str:
    """The legal basis that a service which lists persons needs (Art. 45/2, K7.3)."""
    basis = table.text("bulk_basis", required=name in words.BULK_SERVICES, longest=500)
    if basis and name and name not in words.BULK_SERVICES:
        table.problem("bulk_basis", f"{name} lists no persons; leave this out")
    return basis
