"""Messages of the evidence as they are shown: without the secrets that travelled in them.

A message is stored as it was received, so that its digest can be computed again; passwords
(``wsse:Password``, and the ``yeniParola`` of ``ParolaServis``) and proof keys
(``trust:BinarySecret``) are masked where somebody looks at it.  What stands in an element of such
a name is masked whatever the prefix or the namespace, and in a message that is no XML up to where
the element could end: rather too much than too little.

This module changes nothing that is stored, and it hides nothing about persons.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.parsers import expat

#: What is shown in place of a secret.
MASK: Final = "***"

#: The local names of the elements whose content is a secret.
_SECRETS: Final = frozenset({"Password", "BinarySecret", "yeniParola"})

_PREFIX: Final = r"(?:[^\s<>/:]{1,256}:)?"
#: In what is no XML a start tag ends where it can end at the soonest.
_BROKEN: Final = re.compile(
    rf"(<{_PREFIX}(?P<name>Password|BinarySecret|yeniParola)(?=[\s>])[^>]{{0,4096}}>)"
    rf".*?(?=</{_PREFIX}(?P=name)\s*>|\Z)",
    re.DOTALL,
)


class _NotShowable(Exception):
    """The parser met what no message has; the pattern has to do."""


def masked(message: bytes) -> str:
    """A message as text, its secrets replaced by ``***``; whatever cannot be read is replaced."""
    try:
        spans = _Spans().of(message)
    except (expat.ExpatError, _NotShowable, ValueError):
        return _BROKEN.sub(rf"\1{MASK}", _text(message))
    pieces, end = [], 0
    for first, last in spans:
        pieces += [_text(message[end:first], like=message), MASK]
        end = last
    return "".join((*pieces, _text(message[end:], like=message)))


def _text(content: bytes, *, like: bytes | None = None) -> str:
    """Bytes as text, in the encoding of the message of which they are a piece."""
    mark = (content if like is None else like)[:2]
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "utf-8")
    return content.decode(encoding, "replace").removeprefix("\ufeff")


class _Spans:
    """Where the contents of secret elements lie in a message, found by one walk of a parser."""

    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse
        # Whatever follows a start tag shows where the tag ended.
        parser.DefaultHandler = self._other
        self._open = 0
        self._waiting = False
        self._first = 0
        self._found: list[tuple[int, int]] = []

    def of(self, message: bytes) -> list[tuple[int, int]]:
        """First and last byte (excluded) of each secret; raises ``ExpatError``."""
        self._parser.Parse(message, True)
        return self._found

    def _start(self, name: str, _attributes: Any) -> None:
        self._begin()
        if self._open:
            self._open += 1
        elif name.rpartition(":")[2] in _SECRETS:
            self._open, self._waiting = 1, True

    def _end(self, _name: str) -> None:
        self._begin()
        if not self._open:
            return
        self._open -= 1
        # Between the tags of an empty element there is nothing to hide.
        if self._open == 0 and self._first < self._parser.CurrentByteIndex:
            self._found.append((self._first, self._parser.CurrentByteIndex))

    def _other(self, _data: str) -> None:
        self._begin()

    def _begin(self) -> None:
        if self._waiting:
            self._first, self._waiting = self._parser.CurrentByteIndex, False

    def _refuse(self, *_about: Any) -> None:
        raise _NotShowable
