"""The credential store: accounts with their argon2id hashes, in the gateway's own database.

``StoredCredentials`` is read on every call, so that a block holds on the next one.  The other
functions are what an operator's commands do: open an account, change its password, block it.
A password is handed in and leaves only as a hash; it is never printed, logged or kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from kps_soap.audit.months import moment_of
from kps_soap.authentication import HASHER, NAME_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX, Credential
from kps_soap.database import writing
from kps_soap.lookups import Lookups
from kps_soap.models import credentials

OPEN: Final = "ACIK"
BLOCKED: Final = "BLOKE"
PASSWORD_CHARACTERS_MIN: Final = 14

#: A message's user name is read without the blanks around it.
_ACCOUNT: Final = re.compile(f"[!-~]{{1,{NAME_CHARACTERS_MAX}}}")

_FIND = select(
    credentials.c.account,
    credentials.c.password_hash,
    credentials.c.credential_version,
    credentials.c.state,
    credentials.c.failures,
    credentials.c.locked_until_us,
).where(credentials.c.account == bindparam("account"))


#: Whoever sets a password or opens an account also ends a lock.
_NO_FAILURES: Final = {"failures": 0, "failures_today": 0, "locked_until_us": 0}


class CredentialError(Exception):
    """An operator's command that cannot be done; the sentence says what to do."""


class StoredCredentials:
    """Reads one account a call (``authentication.CredentialStore``)."""

    def __init__(self, lookups: Lookups, clock: Callable[[], datetime]) -> None:
        self._lookups = lookups
        self._clock = clock
        self._find = lookups.prepare(_FIND)

    async def find(self, account: str) -> Credential | None:
        """The account's credential; raises ``EvidenceUnavailable`` when nothing can be read."""
        rows = await self._lookups.rows(self._find, {"account": account})
        if not rows:
            return None
        name, password_hash, version, state, failures, locked_until_us = rows[0]
        over = locked_until_us <= _microseconds(self._clock())
        unblocked = state == OPEN
        return Credential(
            name, password_hash, version, unblocked and over, failures, unblocked and not over
        )


def set_password(engine: Engine, account: str, password: str, *, now: datetime) -> None:
    """``put_password`` in a transaction of its own, for accounts that nobody has used yet."""
    row = password_row(account, password, now=now)
    with engine.connect() as connection, writing(connection):
        put_password(connection, account, row)


def password_row(account: str, password: str, *, now: datetime) -> dict[str, Any]:
    """What ``put_password`` writes: slow to compute, so not inside a transaction.

    Raises ``CredentialError`` for a name or password outside the policy (domain §5.15).
    """
    if not _ACCOUNT.fullmatch(account):
        raise CredentialError(
            "An account name has 1 to 64 ASCII characters without blanks; choose such a name."
        )
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise CredentialError("A password has 14 to 256 characters; choose such a one.")
    if not password.isprintable():
        raise CredentialError("A password has printable characters only; choose such a one.")
    return {"password_hash": HASHER.hash(password), "changed_us": _microseconds(now)}


def put_password(connection: Connection, account: str, row: Mapping[str, Any]) -> None:
    """Open an account, or give it a new password; a blocked one stays blocked.

    Within the caller's transaction; ``row`` is from ``password_row``.
    """
    version = credentials.c.credential_version + 1
    changed = connection.execute(
        update(credentials)
        .where(credentials.c.account == account)
        .values(**row, **_NO_FAILURES, credential_version=version)
    )
    if changed.rowcount == 0:
        connection.execute(
            insert(credentials).values(account=account, credential_version=1, state=OPEN, **row)
        )


def set_state(connection: Connection, account: str, *, blocked: bool, now: datetime) -> None:
    """Block an account, or lift the block; in effect on the next call.

    Within the caller's transaction.  Raises ``CredentialError`` when there is no such account.
    """
    state = BLOCKED if blocked else OPEN
    # Another version ends the account's tokens for good: who blocks because one was stolen does
    # not give it back by lifting the block.
    version = credentials.c.credential_version + (1 if blocked else 0)
    changed = connection.execute(
        update(credentials)
        .where(credentials.c.account == account)
        .values(
            state=state,
            credential_version=version,
            changed_us=_microseconds(now),
            **_NO_FAILURES,
        )
    )
    if changed.rowcount == 0:
        raise CredentialError("There is no such account; see `kps accounts list`.")


@dataclass(frozen=True, slots=True)
class AccountState:
    """What an operator sees of an account.  ``locked_until`` is None unless it is locked now."""

    account: str
    state: str
    locked_until: datetime | None


def accounts(engine: Engine, *, now: datetime) -> Sequence[AccountState]:
    """Every account with its state, by name; never a hash."""
    columns = credentials.c
    statement = select(columns.account, columns.state, columns.locked_until_us)
    with engine.connect() as connection:
        rows = connection.execute(statement.order_by(columns.account)).all()
    return [AccountState(name, state, _lock_end(until, now)) for name, state, until in rows]


def _lock_end(until_us: int, now: datetime) -> datetime | None:
    return moment_of(until_us) if until_us > _microseconds(now) else None


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
