"""Parsing TOML files that share most of their words: each shared part is parsed once.

Agreements are a head of their own and ``[[services]]`` tables that hundreds of them share word
for word.  A text is cut before each line that is exactly such a header; the parts are parsed one
by one, and what they say is put together as ``tomllib`` would have.  Wherever that might differ
(a text with multi-line strings, a part that says more than one service, an error), the whole
text is parsed as a whole.  This module knows no other key and judges nothing.
"""

import re
import tomllib
from typing import Any, Final

_HEADER: Final = re.compile(r"^(?=\[\[services\]\]\n)", re.MULTILINE)
_KEY: Final = "services"

#: More parts than these are not kept; a set of thousands of agreements shares a few hundred.
PARTS_MAX: Final = 20_000


class Chunks:
    """Remembers the parts.  What it returns is shared between texts: read it, do not change it."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, Any]] = {}

    def loads(self, source: str) -> dict[str, Any]:
        """The values of a text; raises what ``tomllib.loads`` raises."""
        together = self._together(source)
        return tomllib.loads(source) if together is None else together

    def _together(self, source: str) -> dict[str, Any] | None:
        """The values from the parts, or None where only the whole can tell."""
        if '"""' in source or "'''" in source or "\r" in source:
            return None
        head, *parts = _HEADER.split(source)
        if not parts:
            return None
        try:
            values = tomllib.loads(head)
            services = [self._part(part) for part in parts]
        except (ValueError, RecursionError):
            return None
        if _KEY in values or None in services:
            return None
        values[_KEY] = services
        return values

    def _part(self, part: str) -> dict[str, Any] | None:
        """The one service that a part speaks of; None where it says anything else."""
        known = self._parts.get(part)
        if known is not None:
            return known
        values = tomllib.loads(part)
        services = values.pop(_KEY)
        if values or len(services) != 1:
            return None
        if len(self._parts) >= PARTS_MAX:
            self._parts.clear()
        self._parts[part] = services[0]
        found: dict[str, Any] = services[0]
        return found
