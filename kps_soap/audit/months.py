"""Moments, whole microseconds, civil days, and the months in which evidence is kept.

A month is one of Europe/Istanbul, because retention and fees are reckoned in it.  Moments are
handed in; this module never asks the clock.
"""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

ISTANBUL: Final = ZoneInfo("Europe/Istanbul")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_HOUR: Final = timedelta(hours=1)


def microseconds(moment: datetime) -> int:
    """Whole microseconds from 1970-01-01 UTC to an aware moment, exactly."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment_of(count_us: int) -> datetime:
    """The moment, in UTC, of so many microseconds since 1970-01-01."""
    return EPOCH + timedelta(microseconds=count_us)


def month_of(moment: datetime) -> str:
    """The month in Istanbul, as ``2026-11``."""
    since = moment - EPOCH
    return _month_of_hour(since.days * 24 + since.seconds // 3_600)


@lru_cache(maxsize=64)
def _month_of_hour(hour: int) -> str:
    # Since 1970, Istanbul's clocks have always been whole hours ahead of UTC.
    local = (EPOCH + hour * _HOUR).astimezone(ISTANBUL)
    return f"{local.year:04d}-{local.month:02d}"


def following(month: str) -> str:
    """The month after one like ``2026-11``."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def months_from(month: str, count: int) -> list[str]:
    """So many months in a row, the given one first."""
    found = [month]
    while len(found) < count:
        found.append(following(found[-1]))
    return found


def first_moment(month: str) -> datetime:
    """When a month begins in Istanbul."""
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=ISTANBUL)


def span_us(month: str) -> tuple[int, int]:
    """A month as microseconds: from the first, up to and without the second."""
    return microseconds(first_moment(month)), microseconds(first_moment(following(month)))


def day_of(moment: datetime) -> str:
    """The civil day in Istanbul to which a moment belongs (ISO 8601)."""
    return moment.astimezone(ISTANBUL).date().isoformat()


def seconds_to_midnight(moment: datetime) -> int:
    """Whole seconds until the next civil day in Istanbul begins, at least one."""
    here = moment.astimezone(ISTANBUL)
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), ISTANBUL)
    return max(1, round((midnight - here).total_seconds()))
