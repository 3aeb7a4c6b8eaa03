"""Ordinal days as the tables keep them: ``yyyymmdd``, and back as intervals.

A packed date may have zeros for unknown parts; such a date is an interval.  This module refuses
to guess an unknown part.
"""

from calendar import monthrange
from datetime import date
from functools import lru_cache

from kps_soap.registry.lives import FULL_DATE, NO_DAY


@lru_cache(maxsize=1 << 17)
def packed(day: int) -> int:
    """An ordinal day as ``yyyymmdd``."""
    of = date.fromordinal(day)
    return of.year * 10000 + of.month * 100 + of.day


def packed_as_known(day: int, date_known: int) -> int:
    """A birth day as far as the register knows it (``lives.FULL_DATE`` and its fellows)."""
    full = packed(day)
    if date_known == FULL_DATE:
        return full
    return full // 100 * 100 if date_known == NO_DAY else full // 10000 * 10000


@lru_cache(maxsize=1 << 17)
def interval(value: int) -> tuple[int, int] | None:
    """First and last ordinal day a packed date may stand for; nothing for no date at all."""
    year, rest = divmod(value, 10000)
    month, day = divmod(rest, 100)
    try:
        if day:
            exact = date(year, month, day).toordinal()
            return exact, exact
        if month:
            last = monthrange(year, month)[1]
            return date(year, month, 1).toordinal(), date(year, month, last).toordinal()
        return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    except ValueError:
        return None


def years_after(day: int, count: int) -> int:
    """The same day some years later or (negative) earlier; 29 February becomes the 28th."""
    of = date.fromordinal(day)
    try:
        return of.replace(year=of.year + count).toordinal()
    except ValueError:
        return of.replace(year=of.year + count, day=28).toordinal()
