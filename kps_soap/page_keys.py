"""Page keys: where a list goes on, told to the caller without telling anything (K3.2, paging).

A list of persons goes on behind the last number that it showed.  That number is no caller's
business where the agreement withholds it, so what travels is a number of 63 bits that only this
house can read: a keyed digest as synthetic nonce, and the identity number masked under it (the
construction of RFC 5297, on so few bits).  A key is bound to its context, the list and who asks:
for any other list it is no key at all.

This module keeps nothing and knows no list; ``open`` tells nobody why a key is none.
"""

from __future__ import annotations

from typing import Final

from kps_soap import identity_number

#: Every number of eleven digits fits, and the rest of a positive ``xs:long`` is the nonce's.
_NUMBER_BITS: Final = 37
_NONCE_BITS: Final = 63 - _NUMBER_BITS
_NUMBER_MASK: Final = (1 << _NUMBER_BITS) - 1


class PageKeys:
    """Seals and opens page keys under a key of at least 32 bytes, the same in every gateway."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, number: int, context: str) -> int:
        """The page key for an identity number; the same one every time (``xs:long``)."""
        nonce = self._nonce(number, context)
        return nonce << _NUMBER_BITS | (number ^ self._mask(nonce, context))

    def open(self, page_key: int, context: str) -> int | None:
        """The identity number in a page key; None where the key is not of this context."""
        nonce, masked = page_key >> _NUMBER_BITS, page_key & _NUMBER_MASK
        if not 0 <= nonce < 1 << _NONCE_BITS:
            return None
        number = masked ^ self._mask(nonce, context)
        return number if self._nonce(number, context) == nonce else None

    def _nonce(self, number: int, context: str) -> int:
        return self._bits(number, f"page nonce {context}") >> (64 - _NONCE_BITS)

    def _mask(self, nonce: int, context: str) -> int:
        return self._bits(nonce, f"page mask {context}") & _NUMBER_MASK

    def _bits(self, number: int, context: str) -> int:
        """64 bits of the keyed digest."""
        digest = identity_number.digest(number, key=self._key, context=context)
        return int.from_bytes(digest[:8], "big")
