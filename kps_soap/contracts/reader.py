"""Compiles, from Spyne's types, the functions that turn a request's elements into values.

What comes in has passed its XSD, so nothing is judged here twice.  ``xsi:nil`` is honoured as
XSD means it (``false`` and ``0`` are not nil); white space around anything but a string is
dropped; numbers are exact.  ``xsi:type``, ``href`` and ``id`` are never followed: an element is
what its place says it is.  A missing member is None, a wrapper (``ArrayOf…``) is a list.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from lxml import etree

from kps_soap.contracts.declared import XSI, Kind, Member, item_of, members_of
from kps_soap.faults import SchemaRefused

Element = etree._Element
Read = Callable[[Element], Any]

_NIL: Final = f"{{{XSI}}}nil"
_WHITE: Final = " \t\r\n"


def is_nil(element: Element) -> bool:
    """Whether the element says of itself that it is nil (XSD part 1, §2.6.2)."""
    said = element.get(_NIL)
    return said is not None and said.strip(_WHITE) in ("true", "1")


def _text(element: Element) -> str:
    """All text, also on both sides of a comment, so that a comment cannot cut a value short."""
    if len(element):
        return "".join(str(text) for text in element.itertext())
    return element.text or ""


def _whole(element: Element) -> int:
    return int(_text(element).strip(_WHITE))


def _boolean(element: Element) -> bool:
    return _text(element).strip(_WHITE) in ("true", "1")


def _moment(element: Element) -> datetime:
    """An ``xs:dateTime``; the few that Python cannot hold (year 0 or 10000) are refused."""
    try:
        return datetime.fromisoformat(_text(element).strip(_WHITE))
    except ValueError:
        raise SchemaRefused("dateTime out of range") from None


def _binary(element: Element) -> bytes:
    return b64decode(_text(element))


_SIMPLE: Final[dict[Kind, Read]] = {
    Kind.STRING: _text,
    Kind.LONG: _whole,
    Kind.INT: _whole,
    Kind.BOOLEAN: _boolean,
    Kind.DATE_TIME: _moment,
    Kind.BINARY: _binary,
    Kind.ENUMERATION: _text,
}


def _reader_of(member: Member) -> Read:
    if member.kind is Kind.COMPLEX:
        return compile_reader(member.type)
    return _SIMPLE[member.kind]


def _list_reader(item: Member, namespace: str) -> Read:
    tag, inner = f"{{{namespace}}}{item.name}", _reader_of(item)

    def read(element: Element) -> list[Any]:
        return [None if is_nil(child) else inner(child) for child in element if child.tag == tag]

    return read


def compile_reader(spyne_type: Any) -> Read:
    """The reader of a complex type: element to dict, or to list for a wrapper.

    Raises TypeError at start for a declaration that no reader can be made for.
    """
    namespace: str = spyne_type.get_namespace()
    item = item_of(spyne_type)
    if item is not None:
        return _list_reader(item, namespace)
    members = members_of(spyne_type)
    readers = {
        f"{{{namespace}}}{member.name}": (member.name, _reader_of(member)) for member in members
    }
    nothing: dict[str, Any] = dict.fromkeys(member.name for member in members)

    def read(element: Element) -> dict[str, Any]:
        values = nothing.copy()
        for child in element:
            found = readers.get(child.tag)
            if found is not None and not is_nil(child):
                name, inner = found
                values[name] = inner(child)
        return values

    return read


def compile_parameters_reader(in_message: Any) -> Callable[[Element], list[Any]]:
    """The reader of a request element: the operation's arguments, in order."""
    read = compile_reader(in_message)

    def arguments(element: Element) -> list[Any]:
        return list(read(element).values())

    return arguments
