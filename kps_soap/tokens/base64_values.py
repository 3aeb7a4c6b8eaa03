"""Base64 as it stands in a message: one reading only, or none.

Python's own decoders let pass what another reader would read differently, or not at all: bits
behind the last byte, and letters that are none.  This module takes the one way in which an
encoder writes a value, with XML's white space between the letters, and nothing else.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from typing import Final

_WITHOUT_BLANKS: Final = dict.fromkeys(map(ord, " \t\r\n"))


def decoded(text: str) -> bytes | None:
    """The bytes of a base64 value (RFC 4648 §4), None where it is no such value."""
    try:
        letters = text.encode("ascii")
        value = a2b_base64(letters)
        # Whatever the decoder passed over, or did not use, is missing when it is written again.
        if b2a_base64(value, newline=False) == letters:
            return value
        letters = text.translate(_WITHOUT_BLANKS).encode("ascii")
        return value if b2a_base64(value, newline=False) == letters else None
    except (Error, UnicodeEncodeError):
        return None
