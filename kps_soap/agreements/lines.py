"""Where in a TOML text each key and each element of an array stands.

``tomllib`` reads values and tells no positions; an operator needs ``file:line``.  This scanner
walks over a text that ``tomllib`` has already accepted and notes the line of every key path.  It
understands tables, arrays of tables, dotted and quoted keys, inline tables and arrays over many
lines.  It reads no values and validates nothing: for a text that is not TOML it answers line 1.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

#: A key path: names for tables, numbers for elements of arrays.
KeyPath = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


@dataclass(frozen=True)
class LineIndex:
    """The line of every key path of one text, counted from 1."""

    lines: Mapping[KeyPath, int]

    @classmethod
    def of(cls, source: str) -> "LineIndex":
        """Index a text; one that cannot be walked gives an index that knows line 1 only."""
        scanner = _Scanner(source)
        try:
            scanner.document()
        except (_NotToml, RecursionError):
            return cls({})
        return cls(scanner.lines)

    def line(self, path: KeyPath) -> int:
        """The line of a path, or of the nearest thing above it: a missing key has no line."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 1


class _NotToml(Exception):
    """The text is not what the scanner expects."""


class _Scanner:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._starts = [0] + [found.end() for found in re.finditer("\n", source)]
        self._lengths: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self._skip(_SPACE)
        while self.at < len(self.source):
            if self._peek("[["):
                table = self._header("[[", "]]")
            elif self._peek("["):
                table = self._header("[", "]")
            else:
                self._pair(table)
            self._skip(_SPACE)

    def _header(self, opening: str, closing: str) -> KeyPath:
        """A table's header; an array of tables gets the number of this element at its end."""
        line = self._line()
        self._expect(opening)
        names = self._key()
        self._expect(closing)
        path: KeyPath = ()
        for name in names[:-1]:
            path = self._last_of(path + (name,))
        path += (names[-1],)
        if opening == "[":
            path = self._last_of(path)
        else:
            self.lines.setdefault(path, line)
            number = self._lengths.get(path, 0)
            self._lengths[path] = number + 1
            path += (number,)
        self.lines[path] = line
        return path

    def _last_of(self, path: KeyPath) -> KeyPath:
        """The path itself, or the last element so far where it is an array of tables."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for name in self._key():
            path += (name,)
            self.lines.setdefault(path, line)
        self._skip(_BLANK)
        self._expect("=")
        self._skip(_BLANK)
        self._value(path)

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip(_BLANK)
            if self._peek('"') or self._peek("'"):
                names.append(str(tomllib.loads(f"k = {self._take(_STRING)}")["k"]))
            else:
                names.append(self._take(_BARE_KEY))
            self._skip(_BLANK)
            if not self._peek("."):
                return names
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        if self._peek("["):
            self._array(path)
        elif self._peek("{"):
            self._inline_table(path)
        elif self._peek('"') or self._peek("'"):
            self._take(_STRING)
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        number = 0
        self._skip(_SPACE)
        while not self._peek("]"):
            element = (*path, number)
            self.lines[element] = self._line()
            self._value(element)
            number += 1
            self._comma()
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        self._skip(_SPACE)
        while not self._peek("}"):
            self._pair(path)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._skip(_SPACE)
        if self._peek(","):
            self.at += 1
            self._skip(_SPACE)
        elif self.at >= len(self.source):
            raise _NotToml

    def _line(self) -> int:
        return bisect_right(self._starts, self.at)

    def _peek(self, text: str) -> bool:
        return self.source.startswith(text, self.at)

    def _expect(self, text: str) -> None:
        if not self._peek(text):
            raise _NotToml
        self.at += len(text)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.source, self.at)
        self.at = found.end() if found else self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.source, self.at)
        if found is None or found.end() == self.at:
            raise _NotToml
        self.at = found.end()
        return found.group()
