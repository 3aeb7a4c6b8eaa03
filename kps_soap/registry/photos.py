"""Photos that nobody can take for a face: a flat colour and the word SENTETİK (K4.5).

Every tile is the same drawing of 96 x 128 points in two colours; only the palette differs, so a
tile costs one checksum and about 180 bytes.  This module refuses to read or draw anything that
looks like a person.
"""

import base64
import struct
import zlib
from typing import Final

WIDTH: Final = 96
HEIGHT: Final = 128

#: The drawing, one bit a point, as zlib once packed it: compressors differ between platforms,
#: and a population is the same on all of them.  A test unpacks it and draws it anew.
_PACKED: Final = base64.b85decode(
    "c-muN7zLwXWPu7hj^+nH?3kDofSd*eo`!}74hAL%Foz4oVPa|katdsKoDUpK%pg4+3Y-WT4h0Sf2c+kN9gy>b17g"
    "}J7zLw%1ONaT4ifG"
)


def _chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk: length, kind, content, CRC-32 (W3C PNG, 5.3)."""
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


#: One bit a point, colours from a palette, no interlace.
_SHAPE: Final = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 1, 3, 0, 0, 0)
_HEADER: Final = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", _SHAPE)
_TAIL: Final = _chunk(b"IDAT", _PACKED) + _chunk(b"IEND", b"")


def tile(draw: int) -> bytes:
    """A PNG whose ground colour follows from ``draw``, a whole number; the text is white."""
    red, green, blue = (40 + (draw >> shift) % 150 for shift in (0, 8, 16))
    return _HEADER + _chunk(b"PLTE", bytes((red, green, blue, 255, 255, 255))) + _TAIL
