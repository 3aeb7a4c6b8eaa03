"""Slow hashes of passwords (argon2id): made, and compared with what somebody typed.

An account that changes its secret may have two hashes for a while.  They are made with one salt,
so that comparing with both costs one computation, as any other comparison does.  This module
stores nothing and decides nothing about accounts.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret

#: OWASP's second recommended setting for argon2id: 19 MiB, two passes, one lane.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def matches(stored: str, password: str) -> bool:
    """The slow comparison: is this the password of an argon2id hash?

    While an account has two secrets ``stored`` holds two hashes, parted by a blank.  They have
    one salt, so the comparison costs what any other costs.
    """
    first, _, second = stored.partition(" ")
    try:
        if not second:
            return HASHER.verify(first, _plain(password))
        made = hash_beside(first, password)
    except (VerificationError, InvalidHashError, ValueError):
        return False
    same_first, same_second = hmac.compare_digest(made, first), hmac.compare_digest(made, second)
    return same_first or same_second


def hash_beside(stored: str, password: str) -> str:
    """The hash of a password with the salt and the cost of a stored one; slow.

    Raises ``InvalidHashError`` or ``ValueError`` where ``stored`` is no such hash.
    """
    costs = extract_parameters(stored)
    # $argon2id$v=19$m=…,t=…,p=…$salt$hash, both in base64 without padding (PHC strings).
    salt = stored.split("$")[4]
    made = hash_secret(
        _plain(password),
        base64.b64decode(salt + "=" * (-len(salt) % 4)),
        time_cost=costs.time_cost,
        memory_cost=costs.memory_cost,
        parallelism=costs.parallelism,
        hash_len=costs.hash_len,
        type=costs.type,
    )
    return made.decode()


def _plain(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
