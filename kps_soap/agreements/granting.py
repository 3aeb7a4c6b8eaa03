"""The services of an agreement file: which versions, for which purposes, and which fields.

Every path must exist in every version that a service lists, a special category needs a grant of
its own with a legal basis, an address needs a kind of institution that may receive it, a list of
persons needs a basis for bulk data.  Grants are compiled here, once for each distinct list of
fields: thousands of agreements share a few.  This module answers no call.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.agreement import CatalogueEntry, ContractKey, Document, ServiceGrant
from kps_soap.agreements.problems import nearest, nearest_path, quoted
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sections import PURPOSE, Rules
from kps_soap.fields import FieldTree, Grant

#: The compiled grants of one load, by contract, fields, special fields and day of signature.
GrantCache = dict[tuple[ContractKey, tuple[str, ...], tuple[str, ...], date | None], Grant]


class Granting:
    """Reads the ``[[services]]`` of one agreement."""

    def __init__(
        self,
        rules: Rules,
        grants: GrantCache,
        *,
        kind: str,
        document: Document,
        purposes: frozenset[str],
        default_purpose: str,
    ) -> None:
        self._rules = rules
        self._grants = grants
        self._kind = kind
        self._document = document
        self._purposes = purposes
        self._default_purpose = default_purpose

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

    def _service(self, table: Table) -> list[ServiceGrant]:
        name, entries = contracts_named(table, self._rules, public=False)
        stage = table.choice("stage", words.STAGES)
        purposes = self._service_purposes(table)
        trees = {key: entry.tree for key, entry in entries.items() if entry.tree is not None}
        fields = _fields(table, trees)
        special = _special(table, trees, fields)
        bulk_basis = _bulk_basis(table, name)
        self._check_address(table, entries)
        table.finish()
        return [
            ServiceGrant(
                service=key[0],
                version=key[1],
                stage=stage,
                purposes=purposes,
                grant=self._compiled(key, tree, fields, tuple(special)),
                address=entries[key].address,
                synthetic_only=words.TEST in (stage, self._document.state),
                fields=fields,
                special=special,
                bulk_basis=bulk_basis,
            )
            for key, tree in trees.items()
        ]

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

    def _check_address(self, table: Table, entries: Mapping[ContractKey, CatalogueEntry]) -> None:
        """Art. 45/1: an address service needs a kind that may receive addresses (K7.2).

        The day is today, or the nearest day on which the agreement is valid.
        """
        if not self._kind or not any(entry.address for entry in entries.values()):
            return
        document = self._document
        if document.valid_from > document.valid_until:
            return
        on = max(document.valid_from, min(self._rules.today, document.valid_until))
        rights = self._rules.address_rights
        if not rights.may_receive_address(self._kind, on):
            table.problem("name", f"gives addresses, and {rights.explain(self._kind, on)}")

    def _compiled(
        self, key: ContractKey, tree: FieldTree, fields: tuple[str, ...], special: tuple[str, ...]
    ) -> Grant:
        """The one compiled grant for these fields; paths with problems are left out."""
        signed = self._document.signed if tree.added_later else None
        cached = (key, tuple(sorted(fields)), tuple(sorted(special)), signed)
        found = self._grants.get(cached)
        if found is None:
            known = [path for path in fields if tree.find(path)]
            second = [path for path in special if tree.find(path)]
            found = self._grants[cached] = Grant.of(tree, known, second, signed=signed)
        return found


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
