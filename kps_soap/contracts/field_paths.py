"""Makes, from Spyne's types, the tree of field paths that agreements are written in.

A wrapper (``ArrayOf…``) and its items are one step of a path: ``DigerAdresBilgileri/AcikAdres``
means that member of every item.  This module grants nothing; ``fields`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.contracts.declared import Kind, Member, item_of, members_of
from kps_soap.fields import Field, FieldTree

#: Special categories of personal data under Law 6698 Art. 6, wherever they stand (T-F1).
SPECIAL: Final = frozenset({"Din", "Fotograf", "KanGrubu"})

#: The numbers that repeat what was asked.
_ECHOES: Final = frozenset({"KimlikNo", "TCKimlikNo"})
_NOTE: Final = "HataBilgisi"
_DERIVED: Final = "DoluBilesenler"


def field_tree(service: str, version: str, item: Member, parts: Mapping[str, str]) -> FieldTree:
    """The tree of the record type ``item``.  Raises TypeError for a part without its section."""
    tree = FieldTree(service, version, _field(item, item.name, in_list=False), dict(parts))
    for part, path in parts.items():
        if tree.find(path) is None:
            raise TypeError(f"{service} {version} has no section {path} for {part}")
    return tree


def _field(member: Member, path: str, *, in_list: bool) -> Field:
    wrapped = item_of(member.type) if member.kind is Kind.COMPLEX else None
    repeated = wrapped is not None
    inner = member if wrapped is None else wrapped
    children: tuple[Field, ...] = ()
    if inner.kind is Kind.COMPLEX:
        children = tuple(
            _field(child, f"{path}/{child.name}", in_list=in_list or repeated)
            for child in members_of(inner.type)
        )
    return Field(
        name=member.name,
        path=path,
        children=children,
        repeated=repeated,
        special=member.name in SPECIAL,
        note=member.name == _NOTE,
        derived=member.name == _DERIVED,
        echo=member.name in _ECHOES and not in_list,
    )
