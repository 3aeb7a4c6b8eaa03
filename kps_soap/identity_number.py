"""Identity numbers: eleven digits, the last two of which check the others (K3.7).

A good checksum says that a number was typed right, not that somebody has it: one in a hundred
random numbers passes.  So this module refuses to say anything about persons.  Whether a number
belongs to a citizen, a foreigner or a blue card holder is a fact of the register; ``classify``
tells only what the number looks like.
"""

import hmac
import re
from enum import Enum
from hashlib import sha256

NUMBER_MIN = 10_000_000_000
NUMBER_MAX = 99_999_999_999
FOREIGNER_MIN = 99_000_000_000

_STEM_MIN = 100_000_000
_STEM_MAX = 999_999_999
_KEY_BYTES_MIN = 32

#: ``[0-9]`` and not ``\d``, which would let the digits of other scripts in.
_WRITTEN = re.compile("[1-9][0-9]{10}", re.ASCII)


class Kind(Enum):
    """Whose number it looks like; a blue card holder may have either form (K3.5 R6)."""

    CITIZEN = "CITIZEN"
    FOREIGNER = "FOREIGNER"


def parse(value: str | int) -> int | None:
    """Read a number as written by a person or a program; None where it cannot be one.

    Text must be eleven ASCII digits without sign, blanks or leading zero.  The checksum is not
    looked at; see ``is_valid``.
    """
    if isinstance(value, str):
        return int(value) if _WRITTEN.fullmatch(value) else None
    return value if _has_eleven_digits(value) else None


def is_valid(number: int) -> bool:
    """Has the number eleven digits, the last two being the right check digits (K3.7)?"""
    return _has_eleven_digits(number) and make(number // 100) == number


def is_disjoint(number: int) -> bool:
    """Is this one of the synthetic numbers that can never be a real person's (K4.1 ``ayrik``)?

    They are a valid number plus one: a valid number always ends in an even digit.
    """
    return number % 2 == 1 and is_valid(number - 1)


def make(stem: int) -> int:
    """Complete the first nine digits with their two check digits (K3.7).

    Raises ``ValueError`` where the stem has not nine digits or begins with zero.
    """
    if not _STEM_MIN <= stem <= _STEM_MAX:
        raise ValueError("a stem has nine digits and does not begin with zero")
    odd = even = 0
    rest = stem
    for place in range(9, 0, -1):
        rest, digit = divmod(rest, 10)
        if place % 2:
            odd += digit
        else:
            even += digit
    tenth = (7 * odd - even) % 10
    eleventh = (odd + even + tenth) % 10
    return stem * 100 + tenth * 10 + eleventh


def make_disjoint(stem: int) -> int:
    """The synthetic number of a stem that can never be a real person's (see ``is_disjoint``)."""
    return make(stem) + 1


def classify(number: int) -> Kind:
    """Whose number it looks like: those of foreigners begin with 99 (K3.7)."""
    return Kind.FOREIGNER if FOREIGNER_MIN <= number <= NUMBER_MAX else Kind.CITIZEN


def mask(number: int) -> str:
    """The number for people's eyes: ``100******46``; nothing at all of an impossible one."""
    if not _has_eleven_digits(number):
        return "*" * 11
    written = str(number)
    return f"{written[:3]}******{written[-2:]}"


def digest(number: int, *, key: bytes, context: str) -> bytes:
    """A keyed digest of the number: 32 bytes of HMAC-SHA256 (RFC 2104).

    There are too few numbers for a digest without a key to hide one.  The same number has
    unrelated digests in two contexts.  Raises ``ValueError`` for a key under 32 bytes.
    """
    if len(key) < _KEY_BYTES_MIN:
        raise ValueError("the key of a digest has at least 32 bytes")
    return hmac.new(key, digested(number, context), sha256).digest()


def digested(number: int, context: str) -> bytes:
    """What ``digest`` runs through HMAC, for who uses one key many times."""
    # The length in front keeps one context from being the beginning of another one.
    name = context.encode()
    return b"%d:%b:%d" % (len(name), name, number)


def _has_eleven_digits(number: int) -> bool:
    return NUMBER_MIN <= number <= NUMBER_MAX
