"""One log-in with a password: compare it, and note what counts towards a lock.

Both doors that take a user name and a password go through here.  A wrong password counts only
when it came from where the account's agreements let calls come from: nobody can lock an
institution out from elsewhere.  This room stores nothing: the note travels with the record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kps_soap.authentication import Credential, Passwords, UsernameToken
from kps_soap.entry import Entry, LoginNote
from kps_soap.faults import CredentialsRefused


@dataclass(frozen=True, slots=True)
class Logins:
    """``counts`` says of an account and a source address whether a failure counts (K5.15)."""

    passwords: Passwords
    counts: Callable[[str, str], bool]

    async def check(
        self, entry: Entry, credential: Credential | None, token: UsernameToken
    ) -> None:
        """Raise ``CredentialsRefused`` unless the password is that of an open account.

        ``credential`` is what the store holds of the name, None where it holds nothing.
        """
        try:
            await self.passwords.check(
                token.unverified_username, credential, token.unverified_password
            )
        except CredentialsRefused:
            # A shut account counts nothing: it would never open again by itself.
            if (
                credential is not None
                and credential.open
                and self.counts(credential.account, entry.source_address)
            ):
                entry.login = LoginNote(credential.account, right=False)
            raise
        if credential is not None and credential.failures:
            entry.login = LoginNote(credential.account, right=True)
