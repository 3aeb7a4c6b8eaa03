"""Every sentence of the console, in Turkish and in English.

One catalogue, gathered from the rooms that have texts; a text that is missing in a language does
not exist.  Wire words, codes and names of services are no texts: they stand as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console import texts_frame, texts_query
from kps_soap.console.operator import texts as texts_operator
from kps_soap.console.wording import Text

#: Turkish first (design D16).
LANGUAGES: Final = ("tr", "en")

TEXTS: Final[Mapping[str, Text]] = {
    **texts_frame.TEXTS,
    **texts_query.TEXTS,
    **texts_operator.TEXTS,
}


def is_known(key: str) -> bool:
    """Whether the catalogue has this key."""
    return key in TEXTS


def told(key: str, language: str, **values: object) -> str:
    """A text with its values; raises ``KeyError`` for a key that does not exist."""
    text = TEXTS[key]
    sentence = text.en if language == "en" else text.tr
    return sentence.format(**values) if values else sentence
