"""Moments, whole microseconds, and the months in which evidence is kept.

A month is one of Europe/Istanbul, because retention and fees are reckoned in it.  Moments are
handed in; this module never asks the clock.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ISTANBUL: Final = ZoneInfo("Europe/Istanbul")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Whole microseconds from 1970-01-01 UTC to an aware moment, exactly."""
    return (moment - EPOCH) // _MICROSECOND


def moment_of(count_us: int) -> datetime:
    """The moment, in UTC, of so many microseconds since 1970-01-01."""
    return EPOCH + timedelta(microseconds=count_us)


def month_of(moment: datetime) -> str:
    """The month in Istanbul, as ``2026-11``."""
    local = moment.astimezone(ISTANBUL)
    return f"{local.year:04d}-{local.month:02d}"


def day_of(moment: datetime) -> str:
    """The day in Istanbul, as ``20261121``."""
    local = moment.astimezone(ISTANBUL)
    return f"{local.year:04d}{local.month:02d}{local.day:02d}"
