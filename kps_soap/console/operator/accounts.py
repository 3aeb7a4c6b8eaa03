"""Institutions' accounts for a page: who is open, locked or blocked, and acts that fit the page.

An act is done for what the page showed: an account that somebody else changed meanwhile is left
as it is.  A new password is made elsewhere, shown once and kept nowhere.  This module prints
nothing and stores no password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from kps_soap import credentials
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.audit.months import microseconds, moment_of
from kps_soap.console.forms import Changed
from kps_soap.models import credentials as table
from kps_soap.people import mandates
from kps_soap.people.mandates import Mandate
from kps_soap.people_models import former_secrets
from kps_soap.turkish import YAKIN, matching_key

#: The states of an account as a page tells them; LOCKED ends by itself.
OPEN: Final = credentials.OPEN
BLOCKED: Final = credentials.BLOCKED
LOCKED: Final = "KILITLI"
#: An account that an agreement names and that nobody has given a password yet.
NONE: Final = "PAROLASIZ"


_ROWS: Final = select(table, former_secrets.c.until_us).select_from(
    table.outerjoin(former_secrets, table.c.account == former_secrets.c.account)
)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account.  ``seen`` is what a form carries to tell that nobody changed it meanwhile.

    ``former_until`` ends a former password that still holds beside the present one.
    """

    account: str
    state: str
    locked_until: datetime | None
    changed_at: datetime | None
    institution: str
    name: str
    agreements: tuple[str, ...]
    seen: str
    former_until: datetime | None = None


def rows(
    connection: Connection, agreements: AgreementSet, *, now: datetime, wanted: str = ""
) -> list[AccountRow]:
    """Every account that has a password, or that an agreement or a mandate names, by name."""
    known = {row.account: row for row in connection.execute(_ROWS).all()}
    vendors = {one.account: one for one in mandates.listing(connection)}
    words = matching_key(wanted, YAKIN).split()
    found = [
        _row(account, known.get(account), agreements, vendors.get(account), now)
        for account in sorted(known.keys() | agreements.accounts() | vendors.keys())
    ]
    return [one for one in found if _has(one, words)]


def find(
    connection: Connection, agreements: AgreementSet, account: str, *, now: datetime
) -> AccountRow | None:
    """One account; None where nobody knows it."""
    row = connection.execute(_ROWS.where(table.c.account == account)).one_or_none()
    held = mandates.listing(connection, account=account)
    if row is None and not held and account not in agreements.accounts():
        return None
    return _row(account, row, agreements, held[-1] if held else None, now)


def block(connection: Connection, account: str, *, seen: str, now: datetime) -> None:
    """Block an account, in the caller's transaction; raises ``Changed`` and ``CredentialError``."""
    _check(connection, account, seen)
    credentials.set_state(connection, account, blocked=True, now=now)


def unblock(connection: Connection, account: str, *, seen: str, now: datetime) -> None:
    """Open an account again; raises as ``block`` does."""
    _check(connection, account, seen)
    credentials.set_state(connection, account, blocked=False, now=now)


def set_password(
    connection: Connection, account: str, row: Mapping[str, Any], *, seen: str
) -> None:
    """Give an account a password; ``row`` is from ``credentials.password_row``.

    Raises ``Changed``.
    """
    _check(connection, account, seen)
    credentials.put_password(connection, account, row)


def set_password_beside(
    connection: Connection,
    account: str,
    row: Mapping[str, Any],
    *,
    former: str,
    days: int,
    seen: str,
    now: datetime,
) -> datetime:
    """Give an account a password beside the present one, which ends by itself; says when.

    ``row`` is from ``credentials.password_row`` beside ``former``.  Raises ``Changed`` and
    ``CredentialError``.
    """
    _check(connection, account, seen)
    return credentials.change_password(connection, account, row, former=former, days=days, now=now)


def _check(connection: Connection, account: str, seen: str) -> None:
    row = connection.execute(select(table).where(table.c.account == account)).one_or_none()
    if _seen(row) != seen:
        raise Changed


def _seen(row: Any) -> str:
    """What a form must still find: another password, block or lift makes another value."""
    return "0" if row is None else f"{row.credential_version}.{row.state}.{row.changed_us}"


def _row(
    account: str, row: Any, agreements: AgreementSet, mandate: Mandate | None, now: datetime
) -> AccountRow:
    held = agreements.for_account(account)
    code, name = "", ""
    if held:
        code, name = held[-1].institution.code, held[-1].institution.name
    elif mandate is not None:
        # A vendor's account acts for an institution, and is none of its own.
        code, name = mandate.institution, mandate.vendor
    state, locked_until = NONE, None
    if row is not None:
        state = row.state
        if state == OPEN and row.locked_until_us > microseconds(now):
            state, locked_until = LOCKED, moment_of(row.locked_until_us)
    return AccountRow(
        account,
        state,
        locked_until,
        None if row is None else moment_of(row.changed_us),
        code,
        name,
        tuple(one.number for one in held),
        _seen(row),
        None if row is None else _ahead(row.until_us, now),
    )


def _ahead(until_us: int | None, now: datetime) -> datetime | None:
    """A moment that is still to come."""
    return moment_of(until_us) if until_us and until_us > microseconds(now) else None


def _has(row: AccountRow, words: list[str]) -> bool:
    said = " ".join((row.account, row.institution, row.name, *row.agreements))
    text = matching_key(said, YAKIN)
    return all(word in text for word in words)
