"""The key whose possession a caller proves with every query, and how it lies in the database.

A caller that brings no entropy gets a key that the issuer drew.  One that does gets the issuer's
part, and both sides compute P_SHA1(caller's part, issuer's part) (WS-Trust 1.3 §4.4.4; RFC 2246
§5).  SHA-1 stands here because those clients compute it so (design D13); it is used inside HMAC
only, with 256 bits of the issuer's randomness.

A proof key is stored wrapped: AES-256-GCM under a key that is derived for this one token, bound
to the token's digest.  This module draws no random bytes, stores nothing, and shows no key:
not in a ``repr``, not in an exception.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from kps_soap.faults import TokenRefused

KEY_BYTES: Final = 32

_SHA1_BYTES: Final = 20

#: Every token is wrapped once, under a key of its own, so the nonce need not differ.
_NONCE: Final = bytes(12)
_PURPOSE: Final = b"kps-soap tokens 1: proof keys"


@dataclass(frozen=True, slots=True)
class Proof:
    """A new proof key.  ``shown`` is what the answer carries: the key, or the issuer's part."""

    key: bytes = field(repr=False)
    shown: bytes = field(repr=False)
    computed: bool


def new_proof(entropy: bytes | None, random_bytes: Callable[[int], bytes]) -> Proof:
    """A key of 256 bits; ``entropy`` is the caller's part, None where it brought none."""
    drawn = random_bytes(KEY_BYTES)
    if entropy is None:
        return Proof(drawn, drawn, computed=False)
    return Proof(p_sha1(entropy, drawn, KEY_BYTES), drawn, computed=True)


def p_sha1(secret: bytes, seed: bytes, length: int) -> bytes:
    """The first ``length`` bytes of P_SHA1 (RFC 2246 §5)."""
    blocks: list[bytes] = []
    stage = seed
    while len(blocks) * _SHA1_BYTES < length:
        stage = hmac.digest(secret, stage, "sha1")
        blocks.append(hmac.digest(secret, stage + seed, "sha1"))
    return b"".join(blocks)[:length]


class ProofKeys:
    """Wraps and unwraps proof keys under the 32 bytes of a key file."""

    __slots__ = ("_secret",)

    def __init__(self, file_key: bytes) -> None:
        if len(file_key) != KEY_BYTES:
            raise ValueError("the key of the tokens must have 32 bytes")
        expand = HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=_PURPOSE)
        self._secret = expand.derive(file_key)

    def wrap(self, key: bytes, digest: bytes) -> bytes:
        """The wrapped form of a token's proof key; ``digest`` is the token's."""
        return self._cipher(digest).encrypt(_NONCE, key, digest)

    def unwrap(self, wrapped: bytes, digest: bytes) -> bytes:
        """The proof key again.

        Raises ``TokenRefused`` where it was wrapped for another token or under another key
        file: such a token is void, and its holder fetches a new one.
        """
        try:
            return self._cipher(digest).decrypt(_NONCE, wrapped, digest)
        except InvalidTag:
            raise TokenRefused("the proof key does not unwrap") from None

    def _cipher(self, digest: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._secret, digest, "sha256"))
