"""Reads a request element as the original's serialiser reads it (design D5, wire B.4, C.0).

The routing door's clients were written against a server that takes members by name, passes over
what it does not know, and gives a missing one its default.  ``compile_normaliser`` makes, from a
contract's own types, the function that writes such a request anew in the form of its XSD.  What
is valid as it stands is taken as it stands.

Nothing is guessed: a value that cannot be read stays as it is, and the XSD refuses it.  A member
that is there twice stays twice, and is refused too: nobody may see another one than we do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from lxml import etree

from kps_soap import faults
from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.declared import XSI, Kind, Member, members_of
from kps_soap.contracts.reader import is_nil
from kps_soap.envelopes import Element

Normalise = Callable[[Element], Element]
_Copy = Callable[[Element, Element], None]

_NIL: Final = f"{{{XSI}}}nil"
_BLANKS: Final = " \t\r\n"


def compile_normaliser(contract: CompiledContract) -> Normalise:
    """From a request element to one that the contract's XSD can judge."""
    copy_members = _members_copier(contract.namespace, contract.members)

    def normalise(element: Element) -> Element:
        try:
            contract.validate_request(element)
        except faults.SchemaRefused:
            # Another request element is refused by whoever validates next.
            request = etree.Element(element.tag, nsmap=_default(contract.namespace))
            copy_members(element, request)
            return request
        return element

    return normalise


def _default(namespace: str) -> Any:
    return {None: namespace}


def _members_copier(namespace: str, members: Sequence[Member]) -> _Copy:
    """Copies the members that a type has, in its order, from wherever they stand.

    The original passes over a member that comes too late [I: no client is known to send one so];
    reading it is more tolerant, and node-soap writes members in the order of its caller's keys.
    """
    copiers = [(f"{{{namespace}}}{member.name}", _copier(member)) for member in members]

    def copy(source: Element, target: Element) -> None:
        for name, copy_one in copiers:
            for child in source.iterchildren(name):
                copy_one(child, etree.SubElement(target, name))

    return copy


def _copier(member: Member) -> _Copy:
    if member.kind is Kind.COMPLEX:
        inner = _members_copier(member.type_namespace, members_of(member.type))
    else:
        inner = _value_copier(text=member.kind is Kind.STRING)

    def copy(source: Element, target: Element) -> None:
        if is_nil(source):
            target.set(_NIL, "true")
        else:
            inner(source, target)

    return copy


def _value_copier(*, text: bool) -> _Copy:
    def copy(source: Element, target: Element) -> None:
        if len(source):
            raise faults.SchemaRefused("elements where a value belongs")
        value = source.text or ""
        if text or value.strip(_BLANKS):
            target.text = value
        else:
            # No number and no date is empty: whoever sends it so means that it is unknown.
            target.set(_NIL, "true")

    return copy
