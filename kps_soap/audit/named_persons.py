"""Whose number it is: the persons of a record found again in its own messages.

A record keeps a keyed digest for each person it is about and no number; the numbers stand in the
question and the answer, which it keeps encrypted.  A run of eleven digits counts as a person's
number where its digest is one of the record's, so nothing is guessed from names of elements, and
whatever else has eleven digits is nobody.  A person whose number neither message holds (a
relative of whom only the name was granted) stays without one.

This module reads messages that are already open.  It opens none, and knows no secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final
from xml.parsers import expat

from kps_soap.audit.keys import PersonKey

#: A number may be written with zeros in front of it, as ``xs:long`` lets it.
_NUMBER: Final = re.compile(r"(?<![0-9])0*([1-9][0-9]{10})(?![0-9])")


def numbers_of(
    digests: Collection[bytes], messages: Collection[bytes], key: PersonKey
) -> Iterator[tuple[bytes, int]]:
    """The digests whose numbers the messages hold, each once, with the number."""
    waiting = set(digests)
    for number in dict.fromkeys(one for message in messages for one in _numbers(message)):
        if not waiting:
            return
        digest = key.person_digest(number)
        if digest in waiting:
            waiting.remove(digest)
            yield digest, number


def _numbers(message: bytes) -> Iterator[int]:
    """Every number in a message: first as it is written, then as a parser reads it."""
    for text in (_written(message), _read(message)):
        for found in _NUMBER.finditer(text):
            yield int(found[1])


def _written(message: bytes) -> str:
    mark = message[:2]
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "utf-8")
    return message.decode(encoding, "replace")


class _Doctype(Exception):
    """No message that was answered has one."""


def _refuse(*_about: Any) -> None:
    raise _Doctype


def _read(message: bytes) -> str:
    """The text of a message: references resolved, comments left out, elements apart."""
    pieces: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda *_: pieces.append(" ")
    parser.EndElementHandler = lambda _: pieces.append(" ")
    parser.CharacterDataHandler = pieces.append
    try:
        parser.Parse(message, True)
    except (expat.ExpatError, _Doctype, ValueError):
        return ""
    return "".join(pieces)
