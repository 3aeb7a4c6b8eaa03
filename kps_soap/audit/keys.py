"""The keys of the evidence: a key file, a secret a month, a key a record.

    key file (32 random bytes)
      └─ wraps, AES-256-GCM ──> a secret for each month (32 random bytes, table ``month_keys``)
            ├─ HKDF "record keys" ──> HMAC with the record's salt ──> one key, one nonce a record
            └─ HKDF "persons"     ──> key of the person digests of this month

Destroying a month's secret therefore destroys its messages *and* makes its person digests
meaningless; a new key file only wraps the months again and touches no record.  Design §7 asks
for a key a record, wrapped by the month's key.  Deriving it is equal in effect: without the
month's secret, or without the record's random salt, the key is gone, so a month and a single
record can be destroyed; a held record's key can be stored aside before its month goes.  And it
is better here: no column of a record has to change when keys do, so the hash covers them all.

Keys are never shown: not by ``repr``, not in an exception.  This module draws no random bytes
and asks no clock.
"""

import base64
import binascii
import hmac
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import Connection, Row, select

from kps_soap import identity_number
from kps_soap.database import Inserter
from kps_soap.models import month_keys

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

_PERSON_CONTEXT: Final = "kanit"


class KeyFileRefused(Exception):
    """A key file that cannot be used; the text says why and what to do, without its path."""


class MonthUnreadable(Exception):
    """A month whose secret is destroyed, missing, or wrapped by another key file."""


def read_key_file(path: Path) -> bytes:
    """The 32 bytes of a key file: one line of base64, readable by its owner only.

    Raises ``KeyFileRefused``.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.read(256)
    except OSError as failure:
        raise KeyFileRefused(f"the key file cannot be read ({type(failure).__name__})") from None
    if not stat.S_ISREG(mode):
        raise KeyFileRefused("the key file is not a regular file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileRefused("others than its owner may use the key file: set its mode to 0600")
    try:
        key = base64.b64decode(line.rstrip(b"\r\n"), validate=True)
    except binascii.Error:
        raise KeyFileRefused("the key file must hold one line of base64") from None
    if len(key) != KEY_BYTES:
        raise KeyFileRefused("the key in the key file must have 32 bytes")
    return key


def create_key_file(path: Path, key: bytes) -> None:
    """Write a new key file with mode 0600.

    An existing file is never overwritten: it may be the only key to years of evidence.
    Raises ``KeyFileRefused``.
    """
    if len(key) != KEY_BYTES:
        raise KeyFileRefused("a key must have 32 bytes")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as failure:
        raise KeyFileRefused(f"the key file cannot be made ({type(failure).__name__})") from None


def _derived(secret: bytes, purpose: str) -> bytes:
    """HKDF-Expand (RFC 5869) from a uniformly random secret."""
    label = f"kps-soap evidence 1: {purpose}".encode()
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=label).derive(secret)


@dataclass(frozen=True, slots=True, repr=False)
class FileKey:
    """What the key file's key is used for: wrapping secrets, and being named."""

    key_id: str
    _wrapping_key: bytes

    @classmethod
    def of(cls, key: bytes) -> "FileKey":
        """From the 32 bytes that ``read_key_file`` returns."""
        return cls(_derived(key, "key id")[:8].hex(), _derived(key, "wrapping"))

    def wrap(self, secret: bytes, *, month: str, created_us: int, nonce: bytes) -> bytes:
        """Nonce and ciphertext of a month's secret, bound to the month and its day of birth."""
        sealed = AESGCM(self._wrapping_key).encrypt(nonce, secret, _label(month, created_us))
        return nonce + sealed

    def unwrap(self, wrapped: bytes, *, month: str, created_us: int) -> bytes:
        """The secret; raises ``MonthUnreadable`` where this key did not wrap it."""
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return AESGCM(self._wrapping_key).decrypt(nonce, sealed, _label(month, created_us))
        except (InvalidTag, ValueError):
            raise MonthUnreadable("the key file does not open this month") from None


def _label(month: str, created_us: int) -> bytes:
    return f"kps-soap month secret 1:{month}:{created_us}".encode()


class MonthSecret:
    """One month's secret, opened."""

    __slots__ = ("_person_key", "_record_root", "month")

    def __init__(self, month: str, secret: bytes) -> None:
        self.month = month
        self._record_root = _derived(secret, "record keys")
        self._person_key = _derived(secret, "persons")

    def record_key(self, salt: bytes) -> tuple[bytes, bytes]:
        """Key and nonce of the one record that has this salt.

        The key encrypts a single message, so any nonce would do.
        """
        return hmac.digest(self._record_root, salt, "sha256"), salt[:NONCE_BYTES]

    def person_digest(self, number: int) -> bytes:
        """What stands for a person in this month, and in no other one."""
        return identity_number.digest(number, key=self._person_key, context=_PERSON_CONTEXT)


class Keyring:
    """The secrets of the months, opened once and remembered."""

    def __init__(self, file_key: FileKey) -> None:
        self._file_key = file_key
        self._opened: dict[str, MonthSecret] = {}

    def find(self, connection: Connection, month: str) -> MonthSecret:
        """A month's secret; raises ``MonthUnreadable``."""
        known = self._opened.get(month)
        if known is not None:
            return known
        row = connection.execute(
            select(month_keys).where(month_keys.c.month == month)
        ).one_or_none()
        if row is None or row.wrapped is None:
            raise MonthUnreadable("the month has no key" if row is None else "destroyed")
        known = self._opened[month] = self.check(row)
        return known

    def check(self, row: Row[Any]) -> MonthSecret:
        """The secret in a row of ``month_keys``; raises ``MonthUnreadable``."""
        if row.file_key_id != self._file_key.key_id:
            raise MonthUnreadable("another key file wrapped this month")
        secret = self._file_key.unwrap(row.wrapped, month=row.month, created_us=row.created_us)
        return MonthSecret(row.month, secret)

    def remembered(self, month: str) -> MonthSecret | None:
        """A month's secret, if ``find`` has opened it before."""
        return self._opened.get(month)

    def make(
        self,
        connection: Connection,
        month: str,
        *,
        created_us: int,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Give a month its secret, unless it has one; the caller's transaction must commit."""
        wrapped = self._file_key.wrap(
            random_bytes(KEY_BYTES),
            month=month,
            created_us=created_us,
            nonce=random_bytes(NONCE_BYTES),
        )
        row = (month, self._file_key.key_id, created_us, wrapped, None, None)
        Inserter(connection.dialect, month_keys, skip_known=True)(connection, [row])
