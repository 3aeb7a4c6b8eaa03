"""Compiles, from Spyne's types, the functions that write an answer's payload.

Two byte conventions: that of the DataContract serialiser (wire B.5, C.0) and that of the XML
serialiser (wire A.4).  A writer decides nothing: what is missing is nil, what is there is
written.  It never emits a character that XML 1.0 forbids, nor a member that the contract does
not have; both are our own failures and raise.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import ascii_lowercase
from typing import Any, Final

from kps_soap.contracts.declared import (
    XSI,
    Kind,
    Member,
    item_of,
    members_of,
    single_member,
    values_of,
)
from kps_soap.faults import InternalFailure

Write = Callable[[Any], str]

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Letters that the envelope and the instance namespace have taken already (wire B.5).
_TAKEN: Final = frozenset("asui")
_LETTERS: Final = tuple(letter for letter in ascii_lowercase if letter not in _TAKEN)


def escape(text: str) -> str:
    """The text of an element.  Raises InternalFailure for a character that XML cannot carry."""
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text
    if _ILLEGAL.search(text) is not None:
        raise InternalFailure("character that XML forbids")
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#xD;")


def _whole(value: int) -> str:
    return f"{value:d}"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _moment(value: datetime) -> str:
    """Civil time as the original writes it: no zone, no needless fraction digits."""
    text = value.isoformat()
    return text.rstrip("0") if value.microsecond and value.tzinfo is None else text


def _binary(value: bytes) -> str:
    return b64encode(value).decode("ascii")


_SIMPLE: Final[dict[Kind, Write]] = {
    Kind.STRING: escape,
    Kind.LONG: _whole,
    Kind.INT: _whole,
    Kind.BOOLEAN: _boolean,
    Kind.DATE_TIME: _moment,
    Kind.BINARY: _binary,
}


def _enumeration(values: tuple[str, ...]) -> Write:
    written = {value: escape(value) for value in values}
    return written.__getitem__


def _simple(member: Member) -> Write:
    if member.kind is Kind.ENUMERATION:
        return _enumeration(values_of(member.type))
    return _SIMPLE[member.kind]


@dataclass(frozen=True)
class _Scope:
    """The namespaces in scope: the default one, and those with a letter."""

    default: str
    letters: tuple[tuple[str, str], ...] = ()

    def prefix(self, namespace: str) -> str:
        """``""`` for the default namespace, ``b:`` and so on for one with a letter."""
        return "" if namespace == self.default else f"{dict(self.letters)[namespace]}:"

    def knows(self, namespace: str) -> bool:
        return namespace == self.default or namespace in dict(self.letters)

    def declaring(self, namespace: str) -> _Scope:
        """The scope with the next free letter for ``namespace``."""
        return _Scope(self.default, (*self.letters, (namespace, _LETTERS[len(self.letters)])))


class DataContractWriter:
    """The DataContract convention, compiled for one answer type.

    ``spare`` names, by type, the base namespaces that the captured sample declares on an
    element of that type although nothing in it uses them (wire B.5); they take a letter.
    """

    def __init__(self, out_message: Any, spare: Mapping[str, str]) -> None:
        self._spare = spare
        result = single_member(out_message)
        namespace = out_message.get_namespace()
        name = out_message.get_type_name()
        self._start = f'<{name} xmlns="{namespace}"><{result.name} xmlns:i="{XSI}">'
        self._end = f"</{result.name}></{name}>"
        self._content = self._complex(result.type, _Scope(namespace))

    def __call__(self, result: Any) -> str:
        """The whole payload.  Raises InternalFailure, or KeyError for an unknown member."""
        return f"{self._start}{self._content(result)}{self._end}"

    def _complex(self, spyne_type: Any, scope: _Scope) -> Write:
        """The content of an element of a complex type: its members, every one of them."""
        namespace = spyne_type.get_namespace()
        item = item_of(spyne_type)
        if item is not None:
            return self._list(item, namespace, scope)
        nils: list[str] = []
        writers: dict[str, tuple[int, Write]] = {}
        for index, member in enumerate(members_of(spyne_type)):
            nil, write = self._element(member, namespace, scope)
            nils.append(nil)
            writers[member.name] = (index, write)

        def content(value: dict[str, Any]) -> str:
            pieces = nils.copy()
            for name, inner in value.items():
                if inner is not None:
                    index, write = writers[name]
                    pieces[index] = write(inner)
            return "".join(pieces)

        return content

    def _list(self, item: Member, namespace: str, scope: _Scope) -> Write:
        """The content of a wrapper.  A list, or a dict with the list under the item's name."""
        nil, write = self._element(item, namespace, scope)
        name = item.name

        def content(value: Any) -> str:
            if type(value) is dict:
                value = value[name]
            return "".join([nil if inner is None else write(inner) for inner in value])

        return content

    def _element(self, member: Member, owner: str, scope: _Scope) -> tuple[str, Write]:
        """A member as nil, and the writer of a member with a value."""
        tag = scope.prefix(owner) + member.name
        declared = ""
        if member.kind is Kind.COMPLEX:
            for namespace in (self._spare.get(member.type_name), member.type_namespace):
                if namespace is not None and not scope.knows(namespace):
                    scope = scope.declaring(namespace)
                    declared += f' xmlns:{scope.letters[-1][1]}="{namespace}"'
        nil = f'<{tag} i:nil="true"{declared}/>'
        if member.kind is Kind.COMPLEX:
            inner = self._complex(member.type, scope)
        else:
            inner = _simple(member)
        return nil, _written(tag, declared, member, inner)


def _may_be_empty(member: Member) -> bool:
    """Whether an element of this member can be written with nothing in it."""
    if member.kind is Kind.COMPLEX:
        return item_of(member.type) is not None or not members_of(member.type)
    return member.kind in (Kind.STRING, Kind.BINARY)


def _written(tag: str, declared: str, member: Member, inner: Write) -> Write:
    """The writer of one element.  The two commonest kinds are written without a second call."""
    start, end, empty = f"<{tag}{declared}>", f"</{tag}>", f"<{tag}{declared}/>"

    def write(value: Any) -> str:
        return f"{start}{inner(value)}{end}"

    def write_or_close(value: Any) -> str:
        content = inner(value)
        return f"{start}{content}{end}" if content else empty

    def write_text(value: str) -> str:
        if value.isalpha():
            return f"{start}{value}{end}"
        return write_or_close(value)

    def write_whole(value: int) -> str:
        return f"{start}{value:d}{end}"

    if member.kind is Kind.STRING:
        return write_text
    if member.kind in (Kind.INT, Kind.LONG):
        return write_whole
    return write_or_close if _may_be_empty(member) else write


class XmlSerializerWriter:
    """The XML serialiser's convention, for an answer that is one value (wire A.4).

    The family's three contracts answer with a boolean; a declaration with anything else is
    refused at start, because a nil would need a prefix that only the envelope declares.
    """

    def __init__(self, out_message: Any) -> None:
        result = single_member(out_message)
        if result.kind is Kind.COMPLEX or result.nillable or result.minimum != 1:
            raise TypeError(f"{result.name} is not one value that is always there")
        name, namespace = out_message.get_type_name(), out_message.get_namespace()
        self._start = f'<{name} xmlns="{namespace}">'
        self._tag, self._end = result.name, f"</{name}>"
        self._inner = _simple(result)

    def __call__(self, value: Any) -> str:
        content = self._inner(value)
        tag = self._tag
        element = f"<{tag}>{content}</{tag}>" if content else f"<{tag} />"
        return f"{self._start}{element}{self._end}"
