"""Replace the key file: wrap every secret anew, touch no record.

    1. the new key is put beside the key in use, as the one that is to follow (``key_files``)
    2. each month's and each order's secret is opened and wrapped with the new key, in the place
       of the old one; who meets a secret that names the other key looks at the files again
    3. a record tells of it
    4. the new key takes the place of the old one, which stays beside it under its own name

Until 4 both keys are needed, and both are there; so a crash at any moment leaves everything
readable, and the same call again goes on.  Gateways that share the database from other machines
need the new key file beside their own before it begins.

This module destroys no key: older backups and exports are wrapped with the old one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, bindparam, select, update

from kps_soap.audit import key_files
from kps_soap.audit.appending import Recorder
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import (
    KEY_BYTES,
    NONCE_BYTES,
    FileKey,
    MonthUnreadable,
    month_label,
    read_key_file,
)
from kps_soap.audit.orders import label_of
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.models import legal_orders, month_keys

#: How many secrets are wrapped anew in one transaction.
SECRETS_A_TRANSACTION: Final = 24

_TABLES: Final[tuple[tuple[Table, str, Callable[[Any], bytes]], ...]] = (
    (month_keys, "month", lambda row: month_label(row.month, row.created_us)),
    (legal_orders, "order_id", lambda row: label_of(row.order_id, row.kind, row.created_us)),
)


class RotationRefused(Exception):
    """A rotation that cannot begin or go on; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the keys' names, and how many secrets it wrapped anew."""

    before: str
    after: str
    months: int
    orders: int


@dataclass(frozen=True, slots=True)
class Means:
    """What ``rotate`` works with; ``by`` is who rotates."""

    recorder: Recorder
    request_id: str
    now: datetime
    random_bytes: Callable[[int], bytes]
    by: str


def rotate(engine: Engine, files: KeyFiles, new_key_file: Path, means: Means) -> Rotated:
    """Go over to the key of ``new_key_file``, which is made where it is not there.

    Raises ``RotationRefused``, ``KeyFileRefused``, ``EvidenceUnavailable``, ``MonthUnreadable``
    where the key of a secret is nowhere, and what the database raises.
    """
    before = files.current()
    new = _follow(files, new_key_file, means.random_bytes)
    with engine.connect() as connection:
        months, orders = _wrap_all(connection, files, new, means.random_bytes)
        if before.key_id != new.key_id:
            _tell(means, Rotated(before.key_id, new.key_id, months, orders))
            key_files.promote(files)
            # A gateway may have wrapped a new month with the old key meanwhile.
            more = _wrap_all(connection, files, new, means.random_bytes)
            months, orders = months + more[0], orders + more[1]
    return Rotated(before.key_id, new.key_id, months, orders)


def _follow(files: KeyFiles, path: Path, random_bytes: Callable[[int], bytes]) -> FileKey:
    """The new key, put where it is to follow the one in use, unless it is in use already."""
    if path.resolve() in (files.path.resolve(), files.following.resolve()):
        raise RotationRefused("Name another file: this place is the gateway's own.")
    if not path.exists():
        key_files.install(path, random_bytes(KEY_BYTES))
    key = read_key_file(path)
    new = FileKey.of(key)
    if files.current().key_id == new.key_id:
        return new
    if files.following.exists():
        if FileKey.of(read_key_file(files.following)).key_id != new.key_id:
            raise RotationRefused(
                "Another rotation has begun and not ended; finish it first, with its key file."
            )
    else:
        key_files.install(files.following, key)
    return new


def _wrap_all(
    connection: Connection, files: KeyFiles, new: FileKey, random_bytes: Callable[[int], bytes]
) -> tuple[int, int]:
    months, orders = (
        _wrap_table(connection, files, new, random_bytes, *table) for table in _TABLES
    )
    return months, orders


def _wrap_table(
    connection: Connection,
    files: KeyFiles,
    new: FileKey,
    random_bytes: Callable[[int], bytes],
    table: Table,
    name: str,
    label: Callable[[Any], bytes],
) -> int:
    """Wrap anew what another key wrapped; whoever else does the same is not disturbed."""
    columns = table.c
    left = (
        select(table)
        .where(columns.wrapped.is_not(None), columns.file_key_id != new.key_id)
        .order_by(columns[name])
        .limit(SECRETS_A_TRANSACTION)
    )
    move = (
        update(table)
        .where(
            columns[name] == bindparam("which"),
            columns.file_key_id == bindparam("old_id"),
            columns.wrapped == bindparam("old_wrapped"),
        )
        .values(file_key_id=bindparam("new_id"), wrapped=bindparam("new_wrapped"))
    )
    done = 0
    while True:
        with writing(connection):
            rows = connection.execute(left).all()
            for row in rows:
                secret = _old_key(files, row.file_key_id).unwrap_as(label(row), row.wrapped)
                nonce = random_bytes(NONCE_BYTES)
                values = {
                    "which": row._mapping[name],
                    "old_id": row.file_key_id,
                    "old_wrapped": row.wrapped,
                    "new_id": new.key_id,
                    "new_wrapped": new.wrap_as(label(row), secret, nonce=nonce),
                }
                done += connection.execute(move, values).rowcount
        if len(rows) < SECRETS_A_TRANSACTION:
            return done


def _old_key(files: KeyFiles, key_id: str) -> FileKey:
    key = files.named(key_id)
    if key is None:
        raise MonthUnreadable(f"the key file {key_id} that wrapped a secret is nowhere")
    return key


def _tell(means: Means, rotated: Rotated) -> None:
    means.recorder.record(
        Entry(
            means.request_id,
            means.now,
            "",
            Event.KEY_ROTATED,
            channel="CLI",
            account=means.by,
            detail=f"{rotated.before} {rotated.after} months={rotated.months}"
            f" orders={rotated.orders}",
        )
    )
