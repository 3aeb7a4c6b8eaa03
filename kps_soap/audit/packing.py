"""The messages of a record as one piece of bytes, the answer made smaller by what all repeat.

Three quarters of an answer are markup and the gateway's own certificate.  They lie in a
dictionary, once for millions of records, and an answer names what it takes from there (Zstandard,
RFC 8878, with the dictionary's bytes as its raw content).  ``|`` joins bytes; numbers are eight
bytes, most significant first.

    as they are   0 | length of question | question | answer
    packed        1 | SHA-256 of the dictionary | length of question | question | frame of answer

A question is never packed: passwords travel in it beside texts that somebody may choose, and who
sees how long a ciphertext is would learn whether the two are alike.  An answer lies in a frame of
its own, with public bytes alone beside it.

Measured, the 5.7 KB of an answer to a person query become 1.4 KB in 6 µs; zlib's fastest level
takes 50.  A dictionary is kept as long as the evidence, so that a record can always be opened with
what lies beside it.

This room encrypts nothing and decides nothing about who may read.
"""

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, TypeGuard

from sqlalchemy import Connection, select

from kps_soap.database import insert_into
from kps_soap.models import dictionaries

if sys.version_info >= (3, 14):  # pragma: no cover
    from compression import zstd
else:
    from backports import zstd

#: Measured on person queries: level -1 takes 2.7 µs longer to save 180 bytes, level 1 takes 6 to
#: save 410.  They would also tell more by the length of what they make.
_LEVEL: Final = -5

#: Longer answers stay as they are, and no frame is unpacked to more.
PACKED_BYTES_MAX: Final = 64 * 1024 * 1024

_AS_THEY_ARE: Final = b"\x00"
_PACKED: Final = b"\x01"
_NUMBER_BYTES: Final = 8
_NAME_END: Final = 33

#: Finds the bytes of a dictionary by their SHA-256; None where it is not to be had.
Find = Callable[[bytes], bytes | None]


class Unpackable(Exception):
    """Messages whose dictionary is missing, or that were packed by a release that is not known."""


class Dictionary:
    """What answers repeat: public bytes, named by their SHA-256.  One thread packs with it.

    Raises ``ValueError`` for fewer than eight bytes.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.digest = sha256(content).digest()
        self._compressor = zstd.ZstdCompressor(
            options={zstd.CompressionParameter.compression_level: _LEVEL},
            zstd_dict=zstd.ZstdDict(content, is_raw=True).as_digested_dict,
        )

    def pack(self, answer: bytes) -> bytes:
        """The frame of an answer."""
        return self._compressor.compress(answer, zstd.ZstdCompressor.FLUSH_FRAME)


def pack(question: bytes, answer: bytes, dictionary: Dictionary | None = None) -> bytes:
    """Both messages in one piece, the answer packed where that makes it smaller."""
    length = len(question).to_bytes(_NUMBER_BYTES, "big")
    if dictionary is not None and len(answer) <= PACKED_BYTES_MAX:
        frame = dictionary.pack(answer)
        if len(frame) + len(dictionary.digest) < len(answer):
            return b"".join((_PACKED, dictionary.digest, length, question, frame))
    return b"".join((_AS_THEY_ARE, length, question, answer))


def dictionary_of(packed: bytes) -> bytes | None:
    """The name of the dictionary without which the answer cannot be read, if there is one."""
    return packed[1:_NAME_END] if packed[:1] == _PACKED else None


def unpack(packed: bytes, find: Find) -> tuple[bytes, bytes]:
    """Question and answer; raises ``Unpackable``."""
    name = dictionary_of(packed)
    if name is None and packed[:1] != _AS_THEY_ARE:
        raise Unpackable("the messages were packed in a way that this release does not know")
    start = 1 if name is None else _NAME_END
    begin = start + _NUMBER_BYTES
    end = begin + int.from_bytes(packed[start:begin], "big")
    question, answer = packed[begin:end], packed[end:]
    return question, answer if name is None else _unpacked(answer, find(name))


def _unpacked(frame: bytes, content: bytes | None) -> bytes:
    if content is None:
        raise Unpackable("the dictionary that its answer needs is not here, or not itself")
    unpacking = zstd.ZstdDecompressor(zstd_dict=_read(content))
    try:
        answer = unpacking.decompress(frame, max_length=PACKED_BYTES_MAX)
    except zstd.ZstdError:
        raise Unpackable("its answer does not unpack with its dictionary") from None
    if not unpacking.eof or unpacking.unused_data:
        raise Unpackable("its answer does not unpack to its end")
    return answer


@lru_cache(maxsize=4)
def _read(content: bytes) -> zstd.ZstdDict:
    """Its bytes are read once for all the answers of a verification."""
    return zstd.ZstdDict(content, is_raw=True)


def is_itself(content: object, digest: object) -> TypeGuard[bytes]:
    """Is what lies under this name, in hex, still what it was?

    Whoever changed it in SQLite may have left another type.
    """
    return isinstance(content, bytes) and sha256(content).hexdigest() == digest


def put_dictionaries(connection: Connection, rows: Sequence[tuple[str, bytes]]) -> None:
    """Write dictionaries by their names in hex, in the caller's transaction.

    What lies there under such a name and is something else is put right: only one content can
    have the name.
    """
    for digest, content in rows:
        row = insert_into(connection.dialect, dictionaries).values(digest=digest, content=content)
        other = dictionaries.c.content != row.excluded.content
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[dictionaries.c.digest],
                set_={"content": row.excluded.content},
                where=other,
            )
        )


def kept_in(connection: Connection, known: dict[bytes, bytes] | None = None) -> Find:
    """Finds dictionaries in a gateway's database; ``known`` remembers those that were found."""
    remembered = {} if known is None else known

    def find(name: bytes) -> bytes | None:
        if name not in remembered:
            mine = dictionaries.c.digest == name.hex()
            content = connection.execute(select(dictionaries.c.content).where(mine)).scalar()
            # What somebody changed there would unpack to something that nobody wrote.
            if not is_itself(content, name.hex()):
                return None
            remembered[name] = content
        return remembered[name]

    return find
