"""Pictures with few colours: a page is paper and ink, and 255 of its colours are enough.

``python -m tests.browser.pictures FROM TO`` writes every PNG of one directory into another with a
palette.  It reads what Chromium writes (8 bits a channel, not interlaced) and nothing else.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}
_PALETTE_MAX = 255


def chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG file with their names."""
    place = len(_SIGNATURE)
    while place < len(content):
        (size,) = struct.unpack_from(">I", content, place)
        yield content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        place += size + 12


def pixels(content: bytes) -> tuple[int, list[bytes]]:
    """The width, and the rows as red, green and blue."""
    found = list(chunks(content))
    width, height, depth, kind = struct.unpack_from(">IIBB", dict(found)[b"IHDR"])
    if depth != 8 or kind not in _CHANNELS:
        raise ValueError("not a picture that Chromium makes")
    channels = _CHANNELS[kind]
    raw = zlib.decompress(b"".join(data for name, data in found if name == b"IDAT"))
    rows, before, size = [], bytearray(width * channels), width * channels
    for place in range(0, height * (size + 1), size + 1):
        row = bytearray(raw[place + 1 : place + 1 + size])
        _undo(raw[place], row, before, channels)
        before = row
        rows.append(bytes(row) if channels == 3 else _without_alpha(row))
    return width, rows


def _without_alpha(row: bytearray) -> bytes:
    kept = bytearray(len(row) // 4 * 3)
    for channel in range(3):
        kept[channel::3] = row[channel::4]
    return bytes(kept)


def _undo(method: int, row: bytearray, above: bytearray, step: int) -> None:
    """Undo the filter of one row (PNG, second edition, §9)."""
    if method == 0:
        return
    if method == 2:
        row[:] = bytes((one + up) & 255 for one, up in zip(row, above, strict=True))
        return
    for place, one in enumerate(row):
        left = row[place - step] if place >= step else 0
        up = above[place]
        if method == 1:
            guess = left
        elif method == 3:
            guess = (left + up) // 2
        else:
            guess = _paeth(left, up, above[place - step] if place >= step else 0)
        row[place] = (one + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    begin = left + up - corner
    ways = (abs(begin - left), abs(begin - up), abs(begin - corner))
    return (left, up, corner)[ways.index(min(ways))]


def palette_of(colours: Mapping[bytes, int]) -> dict[bytes, int]:
    """Which place of a palette each colour takes: the most frequent ones stay as they are."""
    frequent = sorted(colours, key=lambda one: (-colours[one], one))[:_PALETTE_MAX]
    places = {colour: place for place, colour in enumerate(frequent)}
    for colour in colours:
        if colour not in places:
            places[colour] = min(
                range(len(frequent)),
                key=lambda place: sum(
                    (one - other) ** 2 for one, other in zip(colour, frequent[place], strict=True)
                ),
            )
    return places


def reduced(content: bytes) -> bytes:
    """The same picture with a palette."""
    width, rows = pixels(content)
    split = [[row[start : start + 3] for start in range(0, len(row), 3)] for row in rows]
    places = palette_of(Counter(colour for row in split for colour in row))
    palette = bytearray(3 * (1 + max(places.values())))
    kept: set[int] = set()
    for colour, place in places.items():
        if place not in kept:
            kept.add(place)
            palette[3 * place : 3 * place + 3] = colour
    lines = b"".join(b"\0" + bytes(map(places.__getitem__, row)) for row in split)
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", bytes(palette))]
    parts += [(b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def main(source: str, target: str) -> None:
    """Reduce every picture of a directory into another."""
    Path(target).mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(source).glob("*.png")):
        (Path(target) / path.name).write_bytes(reduced(path.read_bytes()))


if __name__ == "__main__":
    main(*sys.argv[1:])
