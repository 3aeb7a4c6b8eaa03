"""A text in the console's two languages.  It chooses none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """The same said twice; ``{names}`` are filled in when it is told."""

    tr: str
    en: str
