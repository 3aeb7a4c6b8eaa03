"""The keys of the evidence: a key file, a secret a month, a key a record.

    key file (32 random bytes)
      └─ wraps, AES-256-GCM ──> a secret for each month (32 random bytes, table ``month_keys``)
            ├─ HKDF "record keys" ──> HMAC with the record's salt ──> one key, one nonce a record
            └─ HKDF "persons"     ──> key of the person digests of this month
      └─ wraps, in the same way ──> a secret for each legal order (table ``legal_orders``), under
            which the keys of held records lie after their month (see ``orders``)

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
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import Connection, select

from kps_soap import identity_number
from kps_soap.driver_statements import Inserter
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


def derived(secret: bytes, purpose: str) -> bytes:
    """The key of a purpose, by HKDF-Expand (RFC 5869), from a uniformly random secret."""
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
        return cls(derived(key, "key id")[:8].hex(), derived(key, "wrapping"))

    def wrap(self, secret: bytes, *, month: str, created_us: int, nonce: bytes) -> bytes:
        """Nonce and ciphertext of a month's secret, bound to the month and its day of birth."""
        return self.wrap_as(month_label(month, created_us), secret, nonce=nonce)

    def unwrap(self, wrapped: bytes, *, month: str, created_us: int) -> bytes:
        """The secret; raises ``MonthUnreadable`` where this key did not wrap it."""
        return self.unwrap_as(month_label(month, created_us), wrapped)

    def wrap_as(self, label: bytes, secret: bytes, *, nonce: bytes) -> bytes:
        """Nonce and ciphertext of a secret, bound to the label that says whose it is."""
        return nonce + AESGCM(self._wrapping_key).encrypt(nonce, secret, label)

    def unwrap_as(self, label: bytes, wrapped: bytes) -> bytes:
        """The secret of this label; raises ``MonthUnreadable``."""
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return AESGCM(self._wrapping_key).decrypt(nonce, sealed, label)
        except (InvalidTag, ValueError):
            raise MonthUnreadable("the key file does not open this month") from None

    def wrapping(self) -> "FileKey":
        """The key to wrap with: this one, where no other is known."""
        return self

    def named(self, key_id: str) -> "FileKey | None":
        """This key, if it is the one asked for."""
        return self if key_id == self.key_id else None

    def changed(self) -> bool:
        """A key that is no file does not change."""
        return False


class Keys(Protocol):
    """Where the keys come from that wrap and open: one key, or the files of ``key_files``."""

    def wrapping(self) -> FileKey:
        """The key to wrap new secrets with; raises ``MonthUnreadable``."""

    def named(self, key_id: str) -> FileKey | None:
        """The key of this name, if it is to be had."""

    def changed(self) -> bool:
        """Have the files changed since they were read?  Raises ``MonthUnreadable``."""


class RecordKeys(Protocol):
    """What opens a record: the secret of its month, or the order that holds it."""

    def record_key(self, salt: bytes) -> tuple[bytes, bytes]:
        """Key and nonce of the record that has this salt."""


def month_label(month: str, created_us: int) -> bytes:
    """What a month's secret is bound to."""
    return f"kps-soap month secret 1:{month}:{created_us}".encode()


class _Mac:
    """HMAC-SHA256 (RFC 2104) under a key of at most 64 bytes that is used for every record.

    The key's two padded blocks are hashed beforehand (its section 4): measured, a digest then
    takes 0.7 µs, and 1.8 by ``hmac.digest``, which looks the hash up anew each time.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = sha256(bytes([byte ^ 0x36 for byte in block]))
        self._outer = sha256(bytes([byte ^ 0x5C for byte in block]))

    def digest(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class PersonKey:
    """What makes the person digests of one month, and nothing else of it."""

    __slots__ = ("_mac", "key", "month")

    def __init__(self, month: str, key: bytes) -> None:
        self.month = month
        self.key = key
        self._mac = _Mac(key)

    def person_digest(self, number: int) -> bytes:
        """What stands for a person in this month, and in no other one."""
        return self._mac.digest(identity_number.digested(number, _PERSON_CONTEXT))


class MonthSecret:
    """One month's secret, opened."""

    __slots__ = ("_record_root", "month", "persons")

    def __init__(self, month: str, secret: bytes) -> None:
        self.month = month
        self.persons = PersonKey(month, derived(secret, "persons"))
        self._record_root = _Mac(derived(secret, "record keys"))

    def record_key(self, salt: bytes) -> tuple[bytes, bytes]:
        """Key and nonce of the one record that has this salt.

        The key encrypts a single message, so any nonce would do.
        """
        return self._record_root.digest(salt), salt[:NONCE_BYTES]

    def person_digest(self, number: int) -> bytes:
        """What stands for a person in this month."""
        return self.persons.person_digest(number)


class Keyring:
    """The secrets of the months, opened once and remembered."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
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

    def check(self, row: Any) -> MonthSecret:
        """The secret in a row of ``month_keys``; raises ``MonthUnreadable``."""
        secret = self.named(row.file_key_id).unwrap(
            row.wrapped, month=row.month, created_us=row.created_us
        )
        return MonthSecret(row.month, secret)

    def named(self, key_id: str) -> FileKey:
        """The key that wrapped something; raises ``MonthUnreadable`` where it is not here."""
        key = self._keys.named(key_id)
        if key is None:
            raise MonthUnreadable("another key file wrapped this month")
        return key

    def wrapping(self) -> FileKey:
        """The key to wrap a new secret with; raises ``MonthUnreadable``."""
        return self._keys.wrapping()

    def remembered(self, month: str) -> MonthSecret | None:
        """A month's secret, if ``find`` has opened it before."""
        return self._opened.get(month)

    def forget(self, month: str) -> None:
        """Remember a month no more: it is destroyed."""
        self._opened.pop(month, None)

    def refresh(self) -> None:
        """Forget all secrets where the key file has changed since.

        Raises ``MonthUnreadable`` where it is not there any more: nobody should go on writing
        what can never be opened again.
        """
        if self._keys.changed():
            self._opened.clear()

    def make(
        self,
        connection: Connection,
        month: str,
        *,
        created_us: int,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Give a month its secret, unless it has one; the caller's transaction must commit.

        Raises ``MonthUnreadable``.
        """
        file_key = self._keys.wrapping()
        wrapped = file_key.wrap(
            random_bytes(KEY_BYTES),
            month=month,
            created_us=created_us,
            nonce=random_bytes(NONCE_BYTES),
        )
        row = (month, file_key.key_id, created_us, wrapped, None, None)
        Inserter(connection.dialect, month_keys, skip_known=True)(connection, [row])
