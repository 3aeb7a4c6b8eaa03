"""Reads Spyne's own type descriptors, so that everything else is compiled from one source.

Only the types that the published contracts use are known.  A declaration with any other type is
refused when the product starts, never when a request comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from kps_soap.spyne_import import ComplexModel, EnumBase

XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


class Kind(StrEnum):
    """What a member holds; the simple kinds are spelt as XSD spells them."""

    STRING = "string"
    LONG = "long"
    INT = "int"
    BOOLEAN = "boolean"
    DATE_TIME = "dateTime"
    BINARY = "base64Binary"
    ENUMERATION = "enumeration"
    COMPLEX = "complex"


_SIMPLE: Final = frozenset(Kind) - {Kind.ENUMERATION, Kind.COMPLEX}


@dataclass(frozen=True, slots=True)
class Member:
    """One element of a complex type.  ``maximum`` is None where it is unbounded."""

    name: str
    type: Any
    kind: Kind
    type_name: str
    type_namespace: str
    minimum: int
    maximum: int | None
    nillable: bool

    @property
    def repeated(self) -> bool:
        return self.maximum != 1


def _kind_of(spyne_type: Any) -> Kind:
    if issubclass(spyne_type, ComplexModel):
        return Kind.COMPLEX
    if issubclass(spyne_type, EnumBase):
        return Kind.ENUMERATION
    name = spyne_type.get_type_name()
    if spyne_type.get_namespace() != XSD or name not in _SIMPLE:
        raise TypeError(f"no contract uses the type {name}")
    return Kind(name)


def _member(name: str, spyne_type: Any) -> Member:
    attributes = spyne_type.Attributes
    maximum = attributes.max_occurs
    return Member(
        name=name,
        type=spyne_type,
        kind=_kind_of(spyne_type),
        type_name=spyne_type.get_type_name(),
        type_namespace=spyne_type.get_namespace(),
        minimum=int(attributes.min_occurs),
        maximum=None if maximum == float("inf") else int(maximum),
        nillable=bool(attributes.nillable),
    )


@cache
def members_of(spyne_type: Any) -> tuple[Member, ...]:
    """The members of a complex type, in the order in which the wire has them."""
    return tuple(_member(name, inner) for name, inner in spyne_type._type_info.items())


def single_member(spyne_type: Any) -> Member:
    """The one member of a response element, or of a request with one parameter."""
    (member,) = members_of(spyne_type)
    return member


def item_of(spyne_type: Any) -> Member | None:
    """The repeated member of a wrapper (``ArrayOf…``); None for any other type.

    A wrapper is a list in Python: its only member is the list's item.
    """
    members = members_of(spyne_type)
    if not any(member.repeated for member in members):
        return None
    if len(members) > 1:
        raise TypeError(f"{spyne_type.get_type_name()} repeats a member beside others")
    return members[0]


def values_of(spyne_type: Any) -> tuple[str, ...]:
    """The values of an enumeration, in order."""
    return tuple(spyne_type.__values__)
