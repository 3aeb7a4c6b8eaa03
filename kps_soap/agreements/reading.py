"""Strict, typed reading of TOML tables: every wrong type and unknown key becomes a problem.

A reader returns the value, or an empty value of its type after noting what is wrong, so that all
problems of a file are found in one pass.  An empty value overlaps with nothing, grants nothing
and is never put in force: a file with a problem refuses the whole set.  This module knows no
key of the agreement format.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kps_soap.agreements.lines import KeyPath
from kps_soap.agreements.problems import Findings, nearest, quoted

_TOML_NAMES: dict[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "a table",
    date: "a date",
    datetime: "a date with a time",
}


def kind_of(value: object) -> str:
    """What a TOML value is, in words."""
    return _TOML_NAMES.get(type(value), "a time")


class Table:
    """One table of a file.  Ask it for its keys, then :meth:`finish` names those nobody knows."""

    def __init__(self, values: Mapping[str, Any], path: KeyPath, findings: Findings) -> None:
        self.path = path
        self._values = values
        self._findings = findings
        self._asked: list[str] = []

    @property
    def values(self) -> Mapping[str, Any]:
        """The table as it was parsed; reading it makes no key a known one."""
        return self._values

    @property
    def noted(self) -> int:
        """How much has been noted about the whole file so far."""
        return self._findings.noted

    def has(self, key: str) -> bool:
        """Whether the key is there; asking makes it a known key."""
        self._asked.append(key)
        return key in self._values

    def problem(self, key: str, reason: str, suggestion: str = "") -> None:
        """Note an error at a key of this table."""
        self._findings.add((*self.path, key), reason, suggestion)

    def problem_at(self, key: str, number: int, reason: str, suggestion: str = "") -> None:
        """Note an error at one element of an array of this table."""
        self._findings.add((*self.path, key, number), reason, suggestion)

    def warn(self, key: str, reason: str) -> None:
        """Note a warning at a key of this table."""
        self._findings.warn((*self.path, key), reason)

    def finish(self) -> None:
        """Call after the last key has been asked for: what is left is unknown."""
        for key in self._values:
            if key not in self._asked:
                self.problem(key, "unknown key", nearest(key, self._missing()))

    def _missing(self) -> list[str]:
        return [key for key in dict.fromkeys(self._asked) if key not in self._values]

    def _get(self, key: str, expected: type, *, required: bool) -> Any:
        """The value if it has exactly the expected type: a bool is no integer here."""
        if not self.has(key):
            if required:
                self.problem(key, "is missing")
            return None
        value = self._values[key]
        if type(value) is not expected:
            self.problem(key, f"must be {_TOML_NAMES[expected]}, not {kind_of(value)}")
            return None
        return value

    def text(
        self,
        key: str,
        *,
        required: bool = True,
        pattern: re.Pattern[str] | None = None,
        meaning: str = "",
        longest: int = 200,
    ) -> str:
        """A line of printable text, not empty and trimmed; ``pattern`` matches the whole of it."""
        value = self._get(key, str, required=required)
        if value is None:
            return ""
        trimmed = str(value).strip()
        if trimmed != value:
            self.warn(key, "blanks at the beginning or end were left out")
        if reason := _text_trouble(trimmed, pattern, meaning, longest):
            self.problem(key, reason)
            return ""
        return trimmed

    def choice(self, key: str, allowed: Sequence[str], *, default: str | None = None) -> str:
        """One word of a closed list."""
        value = self._get(key, str, required=default is None)
        if value is None:
            return default or ""
        if value not in allowed:
            self.problem(key, _not_one_of(value, allowed), nearest(value, allowed))
            return ""
        return str(value)

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A civil date, without a time: days begin at midnight Europe/Istanbul."""
        value = self._get(key, date, required=required)
        return value if isinstance(value, date) else None

    def flag(self, key: str, *, default: bool) -> bool:
        """true or false."""
        value = self._get(key, bool, required=False)
        return default if value is None else bool(value)

    def integer(self, key: str, smallest: int, largest: int, *, required: bool = True) -> int:
        """A whole number between two bounds, both included; 0 after a problem."""
        value = self._get(key, int, required=required)
        if value is None:
            return 0
        if not smallest <= value <= largest:
            self.problem(key, f"must lie between {smallest} and {largest}, is {value}")
            return 0
        return int(value)

    def texts(
        self,
        key: str,
        *,
        required: bool = True,
        pattern: re.Pattern[str] | None = None,
        meaning: str = "",
        longest: int = 200,
    ) -> dict[int, str]:
        """The good strings of an array by their place; empty and repeated arrays are problems."""
        value = self._get(key, list, required=required)
        if value is None:
            return {}
        if not value and required:
            self.problem(key, "must not be empty")
        good: dict[int, str] = {}
        for number, element in enumerate(value):
            if not isinstance(element, str):
                self.problem_at(key, number, f"must be a string, not {kind_of(element)}")
            elif reason := _text_trouble(element, pattern, meaning, longest):
                self.problem_at(key, number, reason)
            elif element in good.values():
                self.problem_at(key, number, f"{quoted(element)} is given twice")
            else:
                good[number] = element
        return good

    def choices(
        self, key: str, allowed: Sequence[str], *, unserved: Collection[str] = ()
    ) -> frozenset[str]:
        """Words of a closed list; those in ``unserved`` are known, and refused by this gateway."""
        good = []
        for number, word in self.texts(key).items():
            if word not in allowed:
                reason = _not_one_of(word, allowed)
                self.problem_at(key, number, reason, nearest(word, allowed))
            elif word in unserved:
                self.problem_at(key, number, not_served(word))
            else:
                good.append(word)
        return frozenset(good)

    def table(self, key: str, *, required: bool = True) -> "Table":
        """A table of this table.

        One that is missing has been told of once: an empty table stands for it, and what is
        found there is told to nobody.
        """
        value = self._get(key, dict, required=required)
        if value is None:
            return Table({}, (*self.path, key), Findings(""))
        return Table(value, (*self.path, key), self._findings)

    def tables(self, key: str, *, required: bool = True) -> list["Table"]:
        """The tables of an array of tables."""
        value = self._get(key, list, required=required)
        if value is None:
            return []
        if not value and required:
            self.problem(key, "must not be empty")
        found = []
        for number, element in enumerate(value):
            if isinstance(element, dict):
                found.append(Table(element, (*self.path, key, number), self._findings))
            else:
                self.problem_at(key, number, f"must be a table, not {kind_of(element)}")
        return found


def not_served(word: str) -> str:
    """The sentence for a word that the format knows and this gateway does not serve."""
    return f"{quoted(word)} is not served by this gateway; leave it out until it is"


def _not_one_of(word: str, allowed: Sequence[str]) -> str:
    return f"{quoted(word)} is not one of {', '.join(allowed)}"


def _text_trouble(text: str, pattern: re.Pattern[str] | None, meaning: str, longest: int) -> str:
    """Why a text cannot be taken, or an empty string."""
    if not text.strip():
        return "must not be empty"
    if text != text.strip():
        return "has blanks at its beginning or end"
    if not text.isprintable():
        return "must be one line of printable characters"
    if len(text) > longest:
        return f"must not be longer than {longest} characters"
    if pattern is not None and not pattern.fullmatch(text):
        return f"{quoted(text)} is not {meaning}"
    return ""
