"""One log-in with a password: compare it in turn, and note what counts towards a lock.

Both doors that take a user name and a password go through here.  Slow comparisons for one name
take turns, and each begins with a fresh look at the account: guesses sent at once are no more
than guesses sent one after the other.  A wrong password counts towards a lock only when it came
from where the account's agreements let calls come from, so nobody can lock an institution out
from elsewhere; whoever guesses from elsewhere is held by the bound of a source address.

This room stores nothing durable: the note travels with the record.  What it remembers itself is
a worker's own, and bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeGuard

from kps_soap.addresses import household
from kps_soap.authentication import Credential, CredentialStore, Passwords, UsernameToken
from kps_soap.entry import Entry, LoginNote
from kps_soap.faults import CredentialsRefused, Overloaded
from kps_soap.recent_failures import RecentFailures


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """How many wrong passwords a worker takes by itself, before any of them is on record.

    ``in_a_row_max`` for one account and ``per_source_max`` for one source address, within
    ``seconds``; ``turn_seconds_max`` is how long a log-in waits for its turn.
    """

    in_a_row_max: int = 5
    per_source_max: int = 100
    seconds: float = 900.0
    turn_seconds_max: float = 5.0
    remembered_max: int = 10_000


@dataclass(slots=True)
class _Turn:
    """The queue of one name."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Logins:
    """Log-ins of one worker.

    ``counts`` says of an account and a source address whether a failure counts (K5.15);
    ``store`` is looked at again when a log-in's turn has come; ``clock`` is monotonic.
    """

    def __init__(
        self,
        passwords: Passwords,
        counts: Callable[[str, str], bool],
        store: CredentialStore,
        *,
        clock: Callable[[], float],
        limits: LoginLimits | None = None,
    ) -> None:
        self.counts = counts
        self._passwords = passwords
        self._store = store
        self._limits = limits or LoginLimits()
        self._turns: dict[str, _Turn] = {}
        self._of_account = _recent(self._limits, clock, self._limits.in_a_row_max)
        self._of_pair = _recent(self._limits, clock, self._limits.in_a_row_max)
        self._of_source = _recent(self._limits, clock, self._limits.per_source_max)

    async def check(
        self, entry: Entry, credential: Credential | None, token: UsernameToken
    ) -> Credential:
        """The account's credential; raises ``CredentialsRefused`` unless it is open and the
        password is its own, and ``Overloaded`` where its turn does not come in time.

        ``credential`` is what the store holds of the name, None where it holds nothing.
        """
        name, password = token.unverified_username, token.unverified_password
        source = household(entry.source_address)
        if self._is_open(credential, source) and self._passwords.knows(name, credential, password):
            # As in the credential store: in a row means with no right password in between.
            self._of_account.forget(name)
            return self._noted(entry, credential)
        if self._of_source.is_full(source):
            raise CredentialsRefused("too many wrong passwords from this source address")
        async with self._turn(name):
            return await self._compare(entry, credential is not None, token, source)

    def _is_open(self, credential: Credential | None, source: str) -> TypeGuard[Credential]:
        """Open in the store, and not shut by this worker, for all or for one source address."""
        if credential is None or not credential.open:
            return False
        account = credential.account
        return not (
            self._of_account.is_full(account) or self._of_pair.is_full(f"{account} {source}")
        )

    async def _compare(
        self, entry: Entry, known: bool, token: UsernameToken, source: str
    ) -> Credential:
        """One slow comparison.

        Unknown names look again too, and a shut account's password is compared with nobody's:
        the work is the same for all, and a password that is remembered shows by nothing.
        """
        name, password = token.unverified_username, token.unverified_password
        found = await self._store.look(name)
        credential = found if known and self._is_open(found, source) else None
        try:
            await self._passwords.check(name, credential, password)
        except CredentialsRefused:
            self._of_source.add(source)
            if credential is not None:
                self._count(entry, name, source)
            elif found is not None and known:
                # A shut account counts nothing: it would never open again by itself.
                raise CredentialsRefused("account shut") from None
            raise
        again = await self._store.look(name)
        if credential is None or again is None or not again.open:
            raise CredentialsRefused("account shut while its password was compared")
        self._of_account.forget(name)
        return self._noted(entry, again)

    def _count(self, entry: Entry, account: str, source: str) -> None:
        if self.counts(account, entry.source_address):
            self._of_account.add(account)
            entry.login = LoginNote(account, right=False)
        else:
            # From elsewhere nobody locks the account, but guesses no longer either.
            self._of_pair.add(f"{account} {source}")

    def _noted(self, entry: Entry, credential: Credential) -> Credential:
        if credential.failures:
            entry.login = LoginNote(credential.account, right=True)
        return credential

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(name, _Turn())
        turn.waiting += 1
        try:
            try:
                async with asyncio.timeout(self._limits.turn_seconds_max):
                    await turn.lock.acquire()
            except TimeoutError:
                raise Overloaded("turn of a password comparison") from None
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(name, None)


def _recent(limits: LoginLimits, clock: Callable[[], float], most: int) -> RecentFailures:
    return RecentFailures(
        clock=clock, most=most, seconds=limits.seconds, keys_max=limits.remembered_max
    )
