"""How old a password may be, and when it was too old (domain §5.15).

The agreement may say fewer days than the gateway's own setting; the fewest hold.  Whose password
is too old and is a person's must choose another at the next log-in; an account's goes on working,
since nobody sits there to change it, and somebody is told.  This module reads no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from kps_soap.agreements.agreement import Agreement
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.audit.months import ISTANBUL


def days_max_of(held: Iterable[Agreement], own: int) -> int:
    """How many days a password of an institution holds; 0 without an end."""
    stated = [own, *(one.access.password_days_max for one in held)]
    return min((days for days in stated if days), default=0)


def days_by_institution(agreements: AgreementSet, own: int) -> Callable[[str], int]:
    """The same, by the institution's code; empty is the centre."""

    def days_max(institution: str) -> int:
        return days_max_of(agreements.of_institution(institution) if institution else (), own)

    return days_max


def last_day(chosen: datetime | None, days_max: int) -> date | None:
    """The last civil day on which a password holds; None without an end or a known beginning."""
    if chosen is None or not days_max:
        return None
    return chosen.astimezone(ISTANBUL).date() + timedelta(days=days_max)


def is_aged(chosen: datetime | None, days_max: int, *, now: datetime) -> bool:
    """Whether a password is too old now."""
    last = last_day(chosen, days_max)
    return last is not None and now.astimezone(ISTANBUL).date() > last
