"""One-time codes of people: RFC 6238 with SHA-1, six digits, steps of 30 seconds.

Those are the parameters that every authenticator app knows.  A code is taken for the present
step and the one on each side of it, and once: the step is remembered.  The secret lies in the
database under AES-256-GCM, bound to its person.  This module draws no random bytes itself.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import Connection

from kps_soap.people import rows
from kps_soap.people.person import Actor
from kps_soap.people.problems import PeopleError, Problem, unknown_person

STEP_SECONDS: Final = 30
SECRET_BYTES: Final = 20
_DIGITS: Final = 6
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"kps-soap people 1: one-time codes"
_ISSUER: Final = "kps-soap"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that is being set up; ``uri`` is what an app reads from a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


class CodeKeys:
    """Wraps and unwraps the secrets of codes under the 32 bytes of a key file."""

    __slots__ = ("_cipher",)

    def __init__(self, file_key: bytes) -> None:
        if len(file_key) != _KEY_BYTES:
            raise ValueError("the key of the codes must have 32 bytes")
        expand = HKDFExpand(algorithm=SHA256(), length=_KEY_BYTES, info=_PURPOSE)
        self._cipher = AESGCM(expand.derive(file_key))

    def wrap(self, person_id: str, secret: str, random_bytes: Callable[[int], bytes]) -> bytes:
        """The stored form of somebody's secret."""
        nonce = random_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), person_id.encode())

    def unwrap(self, person_id: str, wrapped: bytes) -> str | None:
        """The secret; None where it was wrapped for somebody else, or under another key file."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, person_id.encode()).decode()
        except InvalidTag:
            return None


def begin_enrolment(person_id: str, *, random_bytes: Callable[[int], bytes]) -> Enrolment:
    """A new secret; nothing is stored before a code made from it has come."""
    secret = base64.b32encode(random_bytes(SECRET_BYTES)).decode()
    uri = pyotp.TOTP(secret).provisioning_uri(name=person_id, issuer_name=_ISSUER)
    return Enrolment(secret, uri)


def step_of(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step whose code this is, later than ``after``; None where it is none.

    Blanks inside a code do not count: apps show two groups of three.
    """
    given = "".join(code.split()).encode("utf-8", "replace")
    totp = pyotp.TOTP(secret, digits=_DIGITS, interval=STEP_SECONDS)
    present = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given) and step > after:
            found = step
    return found


def complete_enrolment(
    connection: Connection,
    keys: CodeKeys,
    person_id: str,
    enrolment: Enrolment,
    code: str,
    *,
    random_bytes: Callable[[int], bytes],
    now: datetime,
) -> int:
    """Store a secret, now that a code shows that an app has it; returns the log-in version.

    Raises ``PeopleError`` for a wrong code, and where codes are set up already.
    """
    row = rows.row_of(connection, person_id)
    if row is None or row.password_hash is None:
        raise unknown_person()
    if row.code_secret is not None:
        raise PeopleError(
            [Problem("code", "Tek kullanımlık kod zaten kurulu.", "Codes are set up already.")]
        )
    step = step_of(enrolment.secret, code, now=now, after=row.code_step)
    if step is None:
        raise PeopleError(
            [
                Problem(
                    "code",
                    "Kod yanlış; telefonun saatini kontrol edip yeni kodu yazın.",
                    "The code is wrong; check the clock of the phone and type the next one.",
                )
            ]
        )
    wrapped = keys.wrap(person_id, enrolment.secret, random_bytes)
    values = {"code_secret": wrapped, "code_step": step}
    rows.write(connection, row, values, now=now)
    return int(row.login_version) + 1


def drop_enrolment(connection: Connection, person_id: str, *, by: Actor, now: datetime) -> None:
    """Forget somebody's secret (a lost phone): the next log-in sets up another."""
    row = rows.row_to_change(connection, person_id, row_version=None, by=by, now=now)
    rows.write(connection, row, {"code_secret": None}, now=now)
