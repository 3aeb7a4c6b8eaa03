"""The credential store: accounts with their argon2id hashes, in the gateway's own database.

``StoredCredentials`` is asked on every call, so that a block holds on the next one.  The other
functions are what an operator's commands do: open an account, change its password, block it.
For some days an account may have two secrets, so that an unattended system changes in its own
time (domain §5.15): the former one then ends by itself.
A password is handed in and leaves only as a hash; it is never printed, logged or kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from kps_soap.audit.months import microseconds, moment_of
from kps_soap.authentication import (
    HASHER,
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    Credential,
)
from kps_soap.database import writing
from kps_soap.lookups import Lookups
from kps_soap.models import credentials
from kps_soap.password_hashes import hash_beside
from kps_soap.people_models import former_secrets
from kps_soap.remembered import Remembered

OPEN: Final = "ACIK"
BLOCKED: Final = "BLOKE"
PASSWORD_CHARACTERS_MIN: Final = 14
OVERLAP_DAYS_MAX: Final = 7

#: A message's user name is read without the blanks around it.
_ACCOUNT: Final = re.compile(f"[!-~]{{1,{NAME_CHARACTERS_MAX}}}")

_FIND = select(
    credentials.c.account,
    credentials.c.password_hash,
    credentials.c.credential_version,
    credentials.c.state,
    credentials.c.failures,
    credentials.c.locked_until_us,
    former_secrets.c.password_hash,
    former_secrets.c.until_us,
    credentials.c.must_change,
)
_FIND = _FIND.select_from(
    credentials.outerjoin(former_secrets, credentials.c.account == former_secrets.c.account)
).where(credentials.c.account == bindparam("account"))


#: Whoever sets a password or opens an account also ends a lock.
_NO_FAILURES: Final = {"failures": 0, "failures_today": 0, "locked_until_us": 0}


class CredentialError(Exception):
    """An operator's command that cannot be done; the sentence says what to do."""


class StoredCredentials:
    """Reads one account a call (``authentication.CredentialStore``).

    ``remembered`` spares the reading of accounts that nobody has changed; None: each is read.
    """

    def __init__(
        self,
        lookups: Lookups,
        clock: Callable[[], datetime],
        remembered: Remembered | None = None,
    ) -> None:
        self._lookups = lookups
        self._clock = clock
        self._remembered = remembered
        self._find = lookups.prepare(_FIND)

    async def find(self, account: str) -> Credential | None:
        """The account's credential; raises ``EvidenceUnavailable`` when nothing can be read."""
        if self._remembered is None:
            return self._judged(await self._read(account))
        key = ("account", account)
        return self._judged(await self._remembered.get(key, lambda: self._read(account)))

    async def look(self, account: str) -> Credential | None:
        """The account's credential, read anew; raises ``EvidenceUnavailable``.

        Whether ``find`` remembered the account must not show in how much is read for a name:
        what it did not read is read here.
        """
        if self._remembered is not None and self._remembered.holds(("account", account)):
            await self._read(account)
        return self._judged(await self._read(account))

    async def _read(self, account: str) -> Sequence[Any] | None:
        rows = await self._lookups.rows(self._find, {"account": account})
        return rows[0] if rows else None

    def _judged(self, row: Sequence[Any] | None) -> Credential | None:
        """What the row says at this moment."""
        if row is None:
            return None
        name, password_hash, version, state, failures, locked_until_us, *rest = row
        former, until_us, must_change = rest
        now_us = microseconds(self._clock())
        over = locked_until_us <= now_us
        if former is not None and until_us > now_us:
            password_hash = f"{password_hash} {former}"
        elif former is not None:
            # Another version: nobody remembers the former secret, and its tokens have ended.
            version += 1
        unblocked = state == OPEN
        return Credential(
            name,
            password_hash,
            version,
            unblocked and over,
            failures,
            unblocked and not over,
            bool(must_change),
        )


def set_password(engine: Engine, account: str, password: str, *, now: datetime) -> None:
    """``put_password`` in a transaction of its own, for accounts that nobody has used yet."""
    row = password_row(account, password, now=now)
    with engine.connect() as connection, writing(connection):
        put_password(connection, account, row)


def password_row(
    account: str, password: str, *, now: datetime, beside: str = "", once: bool = False
) -> dict[str, Any]:
    """What ``put_password`` writes: slow to compute, so not inside a transaction.

    ``beside`` is a hash that shall hold beside it for a while, for ``change_password``; a password
    for ``once`` opens nothing but its own change (domain §5.15).  Raises
    ``CredentialError`` for a name or password outside the policy (domain §5.15).
    """
    if not _ACCOUNT.fullmatch(account):
        raise CredentialError(
            "An account name has 1 to 64 ASCII characters without blanks; choose such a name."
        )
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise CredentialError("A password has 14 to 256 characters; choose such a one.")
    if not password.isprintable():
        raise CredentialError("A password has printable characters only; choose such a one.")
    made = hash_beside(beside, password) if beside else HASHER.hash(password)
    return {
        "password_hash": made,
        "changed_us": microseconds(now),
        "password_us": microseconds(now),
        "must_change": int(once),
    }


def put_password(connection: Connection, account: str, row: Mapping[str, Any]) -> None:
    """Open an account, or give it a new password; a blocked one stays blocked.

    A former secret that still holds ends with it.  Within the caller's transaction; ``row`` is
    from ``password_row``.
    """
    version = credentials.c.credential_version + 1 + _forget_former(connection, account)
    changed = connection.execute(
        update(credentials)
        .where(credentials.c.account == account)
        .values(**row, **_NO_FAILURES, credential_version=version)
    )
    if changed.rowcount == 0:
        connection.execute(
            insert(credentials).values(account=account, credential_version=1, state=OPEN, **row)
        )


def _forget_former(connection: Connection, account: str) -> int:
    """Remove a former secret; 1 if there was one: its end may have counted as a version."""
    gone = delete(former_secrets).where(former_secrets.c.account == account)
    return connection.execute(gone).rowcount


def present_hash(engine: Engine, account: str) -> str:
    """The hash that ``password_row`` makes another beside.

    Raises ``CredentialError`` where there is none to keep, or nobody should: a secret of a
    blocked account may be the one that was stolen.
    """
    wanted = select(credentials.c.password_hash, credentials.c.state)
    with engine.connect() as connection:
        found = connection.execute(wanted.where(credentials.c.account == account)).first()
    if found is None or found.state != OPEN:
        raise CredentialError(
            "Only an open account keeps its former password; see `kps accounts list`."
        )
    return str(found.password_hash)


def change_password(
    connection: Connection,
    account: str,
    row: Mapping[str, Any],
    *,
    former: str,
    days: int,
    now: datetime,
) -> datetime:
    """Give an account a new password while the former one still holds; says until when.

    Tokens go on: nobody distrusts the former secret.  A secret before that ends at once.  Within
    the caller's transaction; ``row`` is from ``password_row`` beside ``former``.  Raises
    ``CredentialError`` for more than seven days, and where the account changed meanwhile.
    """
    if not 1 <= days <= OVERLAP_DAYS_MAX:
        raise CredentialError(f"Two passwords hold for 1 to {OVERLAP_DAYS_MAX} days; say how many.")
    until = now + timedelta(days=days)
    before = _forget_former(connection, account)
    changed = connection.execute(
        update(credentials)
        .where(
            credentials.c.account == account,
            credentials.c.password_hash == former,
            credentials.c.state == OPEN,
        )
        .values(
            **row,
            **_NO_FAILURES,
            credential_version=credentials.c.credential_version + 2 * before,
        )
    )
    if changed.rowcount != 1:
        raise CredentialError("The account was changed meanwhile; look at it and repeat.")
    connection.execute(
        insert(former_secrets).values(
            account=account, password_hash=former, until_us=microseconds(until)
        )
    )
    return until


def set_state(connection: Connection, account: str, *, blocked: bool, now: datetime) -> None:
    """Block an account, or lift the block; in effect on the next call.

    Within the caller's transaction.  Raises ``CredentialError`` when there is no such account.
    """
    state = BLOCKED if blocked else OPEN
    # Another version ends the account's tokens for good: who blocks because one was stolen does
    # not give it back by lifting the block.
    ends = 1 + _forget_former(connection, account) if blocked else 0
    version = credentials.c.credential_version + ends
    changed = connection.execute(
        update(credentials)
        .where(credentials.c.account == account)
        .values(
            state=state,
            credential_version=version,
            changed_us=microseconds(now),
            **_NO_FAILURES,
        )
    )
    if changed.rowcount == 0:
        raise CredentialError("There is no such account; see `kps accounts list`.")


@dataclass(frozen=True, slots=True)
class AccountState:
    """What an operator sees of an account.  ``locked_until`` is None unless it is locked now.

    ``former_until`` is the end of a former password that still holds; ``password_at`` is when the
    present one was chosen.
    """

    account: str
    state: str
    locked_until: datetime | None
    former_until: datetime | None = None
    password_at: datetime | None = field(default=None, compare=False)


def accounts(engine: Engine, *, now: datetime) -> Sequence[AccountState]:
    """Every account with its state, by name; never a hash."""
    columns = credentials.c
    statement = select(
        *(columns.account, columns.state, columns.locked_until_us, former_secrets.c.until_us),
        columns.password_us,
    ).select_from(
        credentials.outerjoin(former_secrets, columns.account == former_secrets.c.account)
    )
    with engine.connect() as connection:
        rows = connection.execute(statement.order_by(columns.account)).all()
    return [
        AccountState(
            *(name, state, _end(locked, now), _end(former, now)),
            moment_of(chosen) if chosen else None,
        )
        for name, state, locked, former, chosen in rows
    ]


def _end(until_us: int | None, now: datetime) -> datetime | None:
    """A moment that is still to come."""
    return moment_of(until_us) if until_us and until_us > microseconds(now) else None
