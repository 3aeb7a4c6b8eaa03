"""Forms: each carries a token that only this browser can have got, and that is taken once.

A token is a random value with the second in which it was made, signed with a key that follows
from the browser's own cookie: another site can neither read nor make one.  It is spent in the
transaction of what the form does, so that a form sent twice does it once and the second is told.
This module reads no request and writes no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from itsdangerous import BadSignature, Signer
from sqlalchemy import Connection, delete, insert
from sqlalchemy.exc import IntegrityError

from kps_soap.audit.months import microseconds
from kps_soap.console_models import console_spent_forms

#: The name of the hidden field.
TOKEN_FIELD: Final = "form"  # noqa: S105 - the name of a field
_NONCE_BYTES: Final = 16
#: As long as a session can last; a form that lies open for longer belongs to nobody any more.
TOKEN_LIFE: Final = timedelta(hours=8)


class AlreadySent(Exception):
    """The form was sent before; what it does was done then, and once."""


class Changed(Exception):
    """Somebody else has changed it since the page was shown; nothing was done."""


class TokenWrong(Exception):
    """No token of this browser, or one that is too old."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a form: the field's name ("" for the whole form) and a sentence."""

    field: str
    sentence: str


def wrong_in(errors: Iterable[Wrong], field: str) -> str:
    """The sentences about one field."""
    return " ".join(one.sentence for one in errors if one.field == field)


class FormTokens:
    """The tokens of one browser; ``secret`` is its cookie's value."""

    def __init__(self, secret: str, *, now: datetime, random_bytes: Callable[[int], bytes]) -> None:
        self._signer = Signer(
            sha256(b"kps-konsol-form\0" + secret.encode()).digest(),
            salt="kps-konsol-form",
            key_derivation="hmac",
            digest_method=sha256,
        )
        self._now = now
        self._random_bytes = random_bytes

    def new(self) -> str:
        """The token of one form."""
        nonce = self._random_bytes(_NONCE_BYTES).hex()
        return self._signer.sign(f"{nonce}.{int(self._now.timestamp())}").decode("ascii")

    def check(self, unverified_token: str) -> bytes:
        """The digest under which the token is spent; raises ``TokenWrong``."""
        try:
            value = self._signer.unsign(unverified_token).decode("ascii")
        except (BadSignature, UnicodeDecodeError):
            raise TokenWrong from None
        made = int(value.partition(".")[2])
        if not 0 <= self._now.timestamp() - made + 60 <= TOKEN_LIFE.total_seconds():
            raise TokenWrong
        return sha256(value.encode("ascii")).digest()


def spend(connection: Connection, digest: bytes, *, now: datetime) -> None:
    """Take a form, in the caller's transaction; raises ``AlreadySent``."""
    row = {"digest": digest, "spent_us": microseconds(now)}
    try:
        connection.execute(insert(console_spent_forms).values(row))
    except IntegrityError:
        raise AlreadySent from None


def forget_old(connection: Connection, *, now: datetime) -> None:
    """Sweep away what no token can name any more."""
    before = microseconds(now - 2 * TOKEN_LIFE)
    columns = console_spent_forms.c
    connection.execute(delete(console_spent_forms).where(columns.spent_us < before))
