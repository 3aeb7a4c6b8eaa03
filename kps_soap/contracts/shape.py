"""Lays a Spyne declaration and an XSD side by side, member by member (design D9).

The two are made independently: the XSD is the published interface, the declaration is ours.
``differences`` names what is not the same; ``kps check`` and the tests show it.  Nothing is
repaired here, and a construct of XSD that no contract uses is a difference too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from kps_soap.contracts.contract import Contract
from kps_soap.contracts.declared import XSD, Kind, Member, members_of, values_of
from kps_soap.contracts.schemas import read_schema

Element = etree._Element


@dataclass(frozen=True, slots=True)
class Row:
    """One member as the wire knows it; ``type`` and ``element`` are ``{namespace}name``."""

    element: str
    type: str
    minimum: int
    maximum: int | None
    nillable: bool


#: What stands under a name: the members of a type or element, or an enumeration's values.
Shape = Mapping[str, tuple[Row, ...] | tuple[str, ...]]


def declared_shape(contract: Contract) -> Shape:
    """The shape of a contract as Spyne's types declare it.

    The contract must have been compiled: Spyne names the messages' namespace only then.
    """
    descriptor = contract.service.public_methods[contract.operation]
    shape: dict[str, Any] = {}
    for message in (descriptor.in_message, descriptor.out_message):
        name = f"{{{contract.namespace}}}{message.get_type_name()}"
        shape[f"element {name}"] = _declared_rows(message, contract.namespace, shape)
    return shape


def _declared_rows(spyne_type: Any, namespace: str, shape: dict[str, Any]) -> tuple[Row, ...]:
    rows = []
    for member in members_of(spyne_type):
        named = f"{{{member.type_namespace}}}{member.type_name}"
        rows.append(
            Row(
                element=f"{{{namespace}}}{member.name}",
                type=named,
                minimum=member.minimum,
                maximum=member.maximum,
                nillable=member.nillable,
            )
        )
        if f"type {named}" not in shape:
            _declare_type(member, named, shape)
    return tuple(rows)


def _declare_type(member: Member, named: str, shape: dict[str, Any]) -> None:
    if member.kind is Kind.COMPLEX:
        shape[f"type {named}"] = ()
        shape[f"type {named}"] = _declared_rows(member.type, member.type_namespace, shape)
    elif member.kind is Kind.ENUMERATION:
        shape[f"type {named}"] = values_of(member.type)


def published_shape(schemas: Iterable[Element]) -> Shape:
    """The shape of a set of ``xs:schema`` elements, from files or from a WSDL.

    A global element that only names a type is left out: it is there for WCF's sake.
    """
    shape: dict[str, Any] = {}
    for schema in schemas:
        namespace = schema.get("targetNamespace") or ""
        if schema.get("elementFormDefault") != "qualified":
            shape[f"schema {namespace}"] = ("unqualified",)
        for found in schema:
            name = f"{{{namespace}}}{found.get('name')}"
            if found.tag == f"{{{XSD}}}element":
                if found.get("type") is None:
                    shape[f"element {name}"] = _published_rows(found[0], namespace)
            elif found.tag == f"{{{XSD}}}complexType":
                shape[f"type {name}"] = _published_rows(found, namespace)
            elif found.tag == f"{{{XSD}}}simpleType":
                shape[f"type {name}"] = tuple(
                    str(value.get("value")) for value in found.iter(f"{{{XSD}}}enumeration")
                )
            elif found.tag != f"{{{XSD}}}import":
                shape[f"other {name}"] = (str(found.tag),)
    return shape


def _published_rows(complex_type: Element, namespace: str) -> tuple[Row, ...]:
    (sequence,) = complex_type
    return tuple(_published_row(found, namespace) for found in sequence)


def _published_row(found: Element, namespace: str) -> Row:
    prefix, _, local = (found.get("type") or "").rpartition(":")
    maximum = found.get("maxOccurs", "1")
    return Row(
        element=f"{{{namespace}}}{found.get('name')}",
        type=f"{{{found.nsmap.get(prefix or None)}}}{local}",
        minimum=int(found.get("minOccurs", "1")),
        maximum=None if maximum == "unbounded" else int(maximum),
        nillable=found.get("nillable", "false") == "true",
    )


def compare(declared: Shape, published: Shape) -> Iterator[str]:
    """One sentence for everything that is not the same in both."""
    for name in sorted(declared.keys() | published.keys()):
        if name not in published:
            yield f"{name} is declared but not published"
        elif name not in declared:
            yield f"{name} is published but not declared"
        elif declared[name] != published[name]:
            yield f"{name} differs: declared {declared[name]}, published {published[name]}"


def differences(contract: Contract) -> tuple[str, ...]:
    """What the declaration and the XSD files of a compiled contract disagree about."""
    published = published_shape(read_schema(file) for file in contract.schema_files)
    return tuple(compare(declared_shape(contract), published))
