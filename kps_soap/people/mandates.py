"""Mandates: an account of a vendor or an association that acts for an institution (§5.17).

A mandate has its days, its services and the networks that calls come from.  One account acts
for one institution, for ever: a second institution gets a second account (T-2.3.e).  Only the
centre gives mandates, because the institution's agreement is what they reach.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from sqlalchemy import Connection, select, update

from kps_soap.agreements.sections import ACCOUNT, INSTITUTION_CODE
from kps_soap.people import checks, rows
from kps_soap.people.person import Actor, day_or_none
from kps_soap.people.problems import PeopleError, Problem, not_allowed, require
from kps_soap.people.roles import Right
from kps_soap.people_models import mandates as table

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Mandate:
    """One mandate; no ``services`` are all of the agreement.  Both days are included."""

    number: int
    account: str
    vendor: str
    institution: str
    services: frozenset[str]
    networks: tuple[Network, ...]
    valid_from: date
    valid_until: date
    ended: date | None = None

    @property
    def last_day(self) -> date:
        """The last civil day of Istanbul on which it may be used."""
        if self.ended is None:
            return self.valid_until
        return min(self.valid_until, self.ended - timedelta(days=1))

    def holds_on(self, day: date) -> bool:
        """Whether it may be used on a civil day of Istanbul."""
        return self.valid_from <= day <= self.last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMandate:
    """A mandate to be given, as it was typed."""

    account: str
    vendor: str
    institution: str
    valid_from: date
    valid_until: date
    networks: tuple[str, ...]
    services: frozenset[str] = frozenset()


def add(connection: Connection, new: NewMandate, *, agreed: Iterable[str], by: Actor) -> Mandate:
    """Give a mandate.  ``agreed`` are the accounts that agreements name: none of them gets one.

    Raises ``NotAllowed``, and ``PeopleError`` with everything that is wrong.
    """
    _only_the_centre(by)
    networks, wrong = _networks(new.networks)
    vendor, taken = checks.tidy(new.vendor), frozenset(agreed)
    values = {
        "account": new.account,
        "vendor": vendor,
        "institution": new.institution,
        "services": json.dumps(sorted(new.services)),
        "networks": json.dumps([str(one) for one in networks]),
        "valid_from": new.valid_from.isoformat(),
        "valid_until": new.valid_until.isoformat(),
    }

    def checked() -> dict[str, Any]:
        held = listing(connection, account=new.account)
        require([*_wrong(new, taken), *wrong, *_spans(new, held)])
        return values

    number = rows.insert_numbered(connection, table, checked)
    return Mandate(
        number,
        new.account,
        vendor,
        new.institution,
        new.services,
        networks,
        new.valid_from,
        new.valid_until,
    )


def _only_the_centre(by: Actor) -> None:
    if by.institution or not by.may(Right.MANAGE_ALL_PEOPLE):
        raise not_allowed("Vekâleti yalnız merkez verir.", "Only the centre gives mandates.")


def _networks(texts: Iterable[str]) -> tuple[tuple[Network, ...], list[Problem]]:
    good: list[Network] = []
    wrong: list[Problem] = []
    for text in texts:
        try:
            network = ip_network(text)
        except ValueError:
            network = None
        if network is None or network.prefixlen == 0:
            wrong.append(
                Problem(
                    "networks",
                    "Ağları 203.0.113.10/32 biçiminde yazın.",
                    "Give networks such as 203.0.113.10/32; not every address.",
                )
            )
        else:
            good.append(network)
    if not good and not wrong:
        wrong.append(
            Problem("networks", "En az bir ağ yazın.", "Give the networks that calls come from.")
        )
    return tuple(good), wrong


def _wrong(new: NewMandate, agreed: frozenset[str]) -> Iterator[Problem]:
    if not ACCOUNT.fullmatch(new.account):
        yield Problem(
            "account", "Hesap adı geçersiz.", "This is no account name, such as FIRMA-001."
        )
    if new.account in agreed:
        yield Problem(
            "account",
            "Bu hesap bir kurumun anlaşmasında yazılı; vekâlet için ayrı hesap açın.",
            "An agreement names this account; a mandate needs an account of its own.",
        )
    if not INSTITUTION_CODE.fullmatch(new.institution):
        yield Problem("institution", "Kurum kodu geçersiz.", "This is no institution code.")
    if not 1 <= len(checks.tidy(new.vendor)) <= checks.NAME_MAX:
        yield Problem("vendor", "Firma adını yazın.", "Name the vendor.")
    if new.valid_until < new.valid_from:
        yield Problem(
            "valid_until",
            "Bitiş tarihi başlangıçtan önce olamaz.",
            "The last day lies before the first.",
        )


def _spans(new: NewMandate, held: Iterable[Mandate]) -> Iterator[Problem]:
    for one in held:
        if one.institution != new.institution:
            yield Problem(
                "account",
                "Bu hesap başka bir kurum adına çalışıyor; her kurum için ayrı hesap açın.",
                "This account acts for another institution; open one for each.",
            )
            return
        if max(one.valid_from, new.valid_from) <= min(one.last_day, new.valid_until):
            yield Problem(
                "valid_from",
                f"{one.number} numaralı vekâlet aynı günlerde geçerli.",
                f"Mandate {one.number} holds on the same days; end it first.",
            )


def end(connection: Connection, number: int, *, by: Actor, now: datetime) -> Mandate:
    """End a mandate from today on: the next call under it is refused."""
    _only_the_centre(by)
    found = next((one for one in listing(connection) if one.number == number), None)
    today = rows.today(now)
    if found is None or (found.ended is not None and found.ended <= today):
        raise PeopleError(
            [
                Problem(
                    "number",
                    "Böyle geçerli bir vekâlet yok.",
                    "There is no such mandate in force; see: kps accounts mandates",
                )
            ]
        )
    connection.execute(
        update(table).where(table.c.number == number).values(ended=today.isoformat())
    )
    return next(one for one in listing(connection) if one.number == number)


def listing(
    connection: Connection, *, account: str | None = None, institution: str | None = None
) -> tuple[Mandate, ...]:
    """Mandates in the order in which they were given."""
    wanted = select(table).order_by(table.c.number)
    if account is not None:
        wanted = wanted.where(table.c.account == account)
    if institution is not None:
        wanted = wanted.where(table.c.institution == institution)
    return tuple(mandate_of(tuple(row)) for row in connection.execute(wanted))


def mandate_of(row: tuple[Any, ...]) -> Mandate:
    """A row, in the order of the table's columns."""
    number, account, vendor, institution, services, networks, since, until, ended = row
    return Mandate(
        number,
        account,
        vendor,
        institution,
        frozenset(json.loads(services)),
        tuple(ip_network(one) for one in json.loads(networks)),
        date.fromisoformat(since),
        date.fromisoformat(until),
        day_or_none(ended),
    )
