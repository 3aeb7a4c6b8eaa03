"""Which identity number, document number and record number the n-th synthetic person gets (K4.2).

Numbers come from a permutation of the whole space, steered by the seed: no memory is needed,
none is given twice, neighbours in the data have no neighbouring numbers.  The module refuses to
give out a number of the deny list, whoever may ask.
"""

from math import gcd
from random import Random
from typing import Final

from kps_soap import identity_number

#: Checksum-valid numbers (the default), and numbers that can never be a real person's (K4.1).
VALID: Final = "gecerli"
DISJOINT: Final = "ayrik"
MODES: Final = frozenset({VALID, DISJOINT})

#: Well-known numbers of real persons, and those that people type to try something out.
DENIED: Final = frozenset(
    {
        10000000146,
        12345678950,
        11111111110,
        22222222220,
        33333333330,
        44444444440,
        55555555550,
        66666666660,
        77777777770,
        88888888880,
        98765432150,
        99999999990,
    }
)

_CITIZENS: Final = 890_000_000
_CITIZENS_FROM: Final = 100_000_000
_FOREIGNERS: Final = 10_000_000
_FOREIGNERS_FROM: Final = 990_000_000
_CARDS: Final = 26 * 100 * 26 * 100_000
_BOOKLETS: Final = 26 * 100 * 1_000_000
#: Places at the end of each space that stand in for denied numbers.
SPARE: Final = 16
CITIZENS_MAX: Final = _CITIZENS - SPARE
FOREIGNERS_MAX: Final = _FOREIGNERS - SPARE
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Permutation:
    """``(a * i + b) mod size`` with ``a`` prime to the size."""

    def __init__(self, random: Random, size: int) -> None:
        self.size = size
        step = int((0.25 + 0.5 * random.random()) * size) | 1
        while gcd(step, size) != 1:
            step += 2
        self._step = step
        self._start = int(random.random() * size)

    def __call__(self, index: int) -> int:
        return (self._step * index + self._start) % self.size


class Numbers:
    """The numbers of one population: the same for the same seed and mode.

    ``mode`` is ``gecerli`` or ``ayrik``; another one raises ``ValueError``.
    """

    def __init__(self, seed: int, mode: str) -> None:
        if mode not in MODES:
            raise ValueError("numbers are gecerli or ayrik")
        random = Random(f"numbers/{seed}")  # noqa: S311
        self._citizens = _Permutation(random, _CITIZENS)
        self._foreigners = _Permutation(random, _FOREIGNERS)
        self._cards = _Permutation(random, _CARDS)
        self._booklets = _Permutation(random, _BOOKLETS)
        self._added = 0 if mode == VALID else 1

    def citizen(self, index: int) -> int:
        """The identity number of the citizen with this index."""
        return self._allowed(self._citizens, _CITIZENS_FROM, CITIZENS_MAX, index)

    def foreigner(self, index: int) -> int:
        """A number of the form 99…; foreigners and blue-card descendants share the index."""
        return self._allowed(self._foreigners, _FOREIGNERS_FROM, FOREIGNERS_MAX, index)

    def _allowed(self, places: _Permutation, first: int, end: int, index: int) -> int:
        if not 0 <= index < end:
            raise ValueError("there are not so many identity numbers")
        number = identity_number.make(first + places(index))
        spare = end
        while number in DENIED:
            number = identity_number.make(first + places(spare))
            spare += 1
        return number + self._added

    def card_serial(self, index: int) -> str:
        """The nine characters of a chip card: letter, 2 digits, letter, 5 digits (K3.10)."""
        rest, last = divmod(self._cards(index), 100_000)
        rest, second = divmod(rest, 26)
        first, middle = divmod(rest, 100)
        return f"{_LETTERS[first]}{middle:02d}{_LETTERS[second]}{last:05d}"

    def booklet(self, index: int) -> tuple[str, int]:
        """Series (letter and two digits) and number (six digits) of an old document."""
        series, number = divmod(self._booklets(index), 1_000_000)
        first, last = divmod(series, 100)
        return f"{_LETTERS[first]}{last:02d}", number
