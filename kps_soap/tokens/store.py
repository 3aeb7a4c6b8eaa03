"""Issued tokens, found again by their digest: once in the database, then in memory.

A token that was found stays in memory with its unwrapped proof key, so that its holder's next
queries cost no read and no key operation.  Unknown digests are not remembered: they cost one read
each, and nobody can fill the memory with them.  Whether a token is still good (its time, its
account, its agreement, its address) is not judged here: whoever asks does that at every call.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from kps_soap.audit.months import moment_of
from kps_soap.entry import IssuedToken
from kps_soap.lookups import Lookups
from kps_soap.models import issued_tokens

_COLUMNS: Final = (
    *("assertion_id", "account", "credential_version", "institution", "inquirer"),
    *("agreement", "agreement_digest", "source_address", "issued_us", "not_after_us"),
    "wrapped_key",
)
_FIND: Final = select(*[issued_tokens.c[name] for name in _COLUMNS]).where(
    issued_tokens.c.digest == bindparam("digest")
)


@dataclass(frozen=True, slots=True)
class LiveToken:
    """An issued token with the key whose possession its holder proves."""

    issued: IssuedToken
    proof_key: bytes = field(repr=False)

    @property
    def not_after(self) -> datetime:
        """From when on it is no longer good, aware UTC."""
        return moment_of(self.issued.not_after_us)


class Tokens:
    """The tokens that one worker has seen.

    ``unwrap`` gives a proof key from its wrapped form and the token's digest
    (``proof.ProofKeys.unwrap``); ``clock`` is the time of day, aware; ``entries_max`` bounds the
    memory: the token that was unused for longest makes room.
    """

    def __init__(
        self,
        lookups: Lookups,
        unwrap: Callable[[bytes, bytes], bytes],
        *,
        clock: Callable[[], datetime],
        entries_max: int = 20_000,
    ) -> None:
        self._lookups = lookups
        self._unwrap = unwrap
        self._clock = clock
        self._entries_max = entries_max
        self._find = lookups.prepare(_FIND)
        self._seen: OrderedDict[bytes, LiveToken] = OrderedDict()

    async def find(self, digest: bytes) -> LiveToken | None:
        """The token of a digest, None where none was issued.

        Raises ``EvidenceUnavailable`` when the database cannot be read, and ``TokenRefused``
        where its proof key does not unwrap.
        """
        seen = self._seen.get(digest)
        if seen is not None:
            self._seen.move_to_end(digest)
            return seen
        rows = await self._lookups.rows(self._find, {"digest": digest})
        if not rows:
            return None
        values = dict(zip(_COLUMNS, rows[0], strict=True))
        values["wrapped_key"] = bytes(values["wrapped_key"])
        issued = IssuedToken(digest=digest, **values)
        token = LiveToken(issued, self._unwrap(issued.wrapped_key, digest))
        self._remember(token)
        return token

    def _remember(self, token: LiveToken) -> None:
        """Keep a token that can still be used; one that has ended would only take room."""
        if token.not_after <= self._clock():
            return
        while len(self._seen) >= self._entries_max:
            self._seen.popitem(last=False)
        self._seen[token.issued.digest] = token
