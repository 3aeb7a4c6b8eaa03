"""Hand every checkpoint to a witness outside: a directory, an address for HTTP PUT, or both.

What the witness has, the operator cannot take back: a cut tail, a chain written anew, or an old
copy of the database disagrees with it, and ``kps audit verify --witness`` says where.  It is
worth what the place is worth: a directory on another machine, a target that others keep.

A checkpoint is one file ``checkpoint-000000000012.json``, UTF-8, one JSON object:

    {"format": "kps-soap:witness:1",
     "checkpoint": {"number", "format", "taken_us", "chains", "records": whole numbers,
                    "previous_digest", "heads_root", "digest": hexadecimal, "key_id": text,
                    "signature": base64},
     "heads": [{"chain": text, "position", "first_sequence", "head_sequence": whole numbers,
                "head_hash", "segment_root": hexadecimal, "path": [hexadecimal, …]}, …]}

and its timestamp, where there is one, the reply of the authority as it came (DER), in
``checkpoint-000000000012.tsr``.  No person and no institution is in either.

Files are delivered in the order of their numbers, tried again later where the witness is away,
and never overwritten: a file of the same name with another content is told to the log, again and
again, because one of the two databases it came from is not the true one.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, func, select

from kps_soap.audit import duties, merkle
from kps_soap.audit.checkpoints import Checkpoint
from kps_soap.audit.heads import CHECKPOINT_COLUMNS
from kps_soap.audit.proofs import checkpoint_as_json
from kps_soap.audit.timestamps import TimestampRefused, reply_in
from kps_soap.audit.web import Web, WebFailed
from kps_soap.durable_names import sync_directory
from kps_soap.models import checkpoint_heads, checkpoints

log = logging.getLogger("kps.witness")

FORMAT: Final = "kps-soap:witness:1"
NAME: Final = re.compile(r"checkpoint-([0-9]{12,19})\.(json|tsr)", re.ASCII)

#: How long a delivery may take before another gateway takes it over, and the pause after one
#: that failed.
_LEASE: Final = timedelta(seconds=60)
_PAUSE: Final = timedelta(seconds=30)
_FILES_AT_A_TIME: Final = 50
_FILE_BYTES_MAX: Final = 100_000_000

_MEDIA_TYPES: Final = {"json": "application/json", "tsr": "application/timestamp-reply"}


class WitnessDisagrees(Exception):
    """The witness has another file of this name."""


def name_of(number: int, kind: str = "json") -> str:
    """The name of a checkpoint's file; ``tsr`` for its timestamp."""
    return f"checkpoint-{number:012d}.{kind}"


class Target(Protocol):
    """A place to deliver to."""

    def address(self) -> str:
        """What tells this place from another one."""

    def deliver(self, name: str, content: bytes) -> None:
        """Leave a file there.

        Raises ``WitnessDisagrees`` where another one of this name is there, ``OSError`` or
        ``WebFailed`` where the place cannot be reached.
        """


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory.  A file appears in it whole or not at all."""

    path: Path

    def address(self) -> str:
        """See ``Target``."""
        return str(self.path)

    def deliver(self, name: str, content: bytes) -> None:
        """See ``Target``."""
        whole = self.path / name
        with contextlib.suppress(FileNotFoundError):
            _agree(name, _content_of(whole), content)
            return
        part = self.path / f".{name}.{os.getpid()}"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, whole)
        except FileExistsError:
            _agree(name, _content_of(whole), content)
        except OSError:
            # Not every file system has links; one gateway at a time delivers.
            part.replace(whole)
        finally:
            part.unlink(missing_ok=True)
        sync_directory(self.path)


@dataclass(frozen=True, slots=True)
class WebTarget:
    """An address below which files are put."""

    web: Web

    def address(self) -> str:
        """See ``Target``."""
        return self.web.url

    def deliver(self, name: str, content: bytes) -> None:
        """See ``Target``."""
        if not self.web.put(name, content, sends=_MEDIA_TYPES[name.rpartition(".")[2]]):
            _agree(name, self.web.get(name), content)


def _content_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_FILE_BYTES_MAX)


def _agree(name: str, there: bytes, content: bytes) -> None:
    if there != content:
        raise WitnessDisagrees(name)


class Courier:
    """Delivers what is not delivered yet, one gateway at a time for each target."""

    def __init__(
        self,
        engine: Engine,
        targets: list[Target],
        *,
        now: Callable[[], datetime],
        at_once: bool = False,
    ) -> None:
        self._engine = engine
        self.targets = targets
        self._now = now
        self._at_once = at_once
        self._told: set[str] = set()

    def step(self) -> int:
        """Try every target once; returns how many files were delivered.

        Raises what the database raises; a witness that is away is told to the log once.
        """
        return sum(self._deliver(target, kind) for target in self.targets for kind in _CONTENTS)

    def _deliver(self, target: Target, kind: str) -> int:
        newest, contents = _NEWEST[kind], _CONTENTS[kind]
        with self._engine.connect() as connection, connection.begin():
            last = connection.execute(newest).scalar() or 0
        duty = duties.name_of(kind, target.address())
        claim = duties.claim(
            self._engine, duty, target=last, now=self._now(), lease=_LEASE, at_once=self._at_once
        )
        if claim is None:
            return 0
        done, count, failed = claim.number, 0, False
        with self._engine.connect() as connection, connection.begin():
            files = list(contents(connection, done, _FILES_AT_A_TIME))
        for number, content in files:
            failed = not self._leave(target, name_of(number, kind), content)
            if failed:
                break
            done, count = number, count + 1
        if not failed and len(files) < _FILES_AT_A_TIME:
            done = last
        not_before = self._now() + (_PAUSE if failed else timedelta(0))
        duties.settle(self._engine, duty, number=done, not_before=not_before)
        return count

    def _leave(self, target: Target, name: str, content: bytes) -> bool:
        kind = "folder" if isinstance(target, Folder) else "address"
        try:
            target.deliver(name, content)
        except WitnessDisagrees:
            log.error("the witness %s has another %s: kps audit verify --witness", kind, name)
            return False
        except (OSError, WebFailed) as failure:
            if kind not in self._told:
                self._told.add(kind)
                why = str(failure) if isinstance(failure, WebFailed) else type(failure).__name__
                log.error("the witness %s cannot be reached: %s", kind, why)
            return False
        if kind in self._told:
            self._told.discard(kind)
            log.warning("the witness %s is reached again", kind)
        return True


def document(checkpoint: Checkpoint, rows: Any) -> bytes:
    """The file of a checkpoint; ``rows`` are its rows of ``checkpoint_heads``."""
    heads = [
        {
            "chain": row.chain_id,
            "position": row.position,
            "first_sequence": row.first_sequence,
            "head_sequence": row.head_sequence,
            "head_hash": bytes(row.head_hash).hex(),
            "segment_root": bytes(row.segment_root).hex(),
            "path": [step.hex() for step in _steps(bytes(row.path))],
        }
        for row in rows
    ]
    whole = {"format": FORMAT, "checkpoint": checkpoint_as_json(checkpoint), "heads": heads}
    return json.dumps(whole, indent=1).encode() + b"\n"


def _steps(path: bytes) -> Iterator[bytes]:
    for start in range(0, len(path), merkle.HASH_BYTES):
        yield path[start : start + merkle.HASH_BYTES]


def _documents(connection: Connection, after: int, count: int) -> Iterator[tuple[int, bytes]]:
    query = select(*CHECKPOINT_COLUMNS).where(checkpoints.c.number > after)
    for row in connection.execute(query.order_by(checkpoints.c.number).limit(count)).all():
        checkpoint = Checkpoint.of_row(tuple(row))
        heads = select(checkpoint_heads).where(checkpoint_heads.c.number == checkpoint.number)
        rows = connection.execute(heads.order_by(checkpoint_heads.c.position)).all()
        yield checkpoint.number, document(checkpoint, rows)


def _replies(connection: Connection, after: int, count: int) -> Iterator[tuple[int, bytes]]:
    columns = checkpoints.c
    query = select(columns.number, columns.timestamp_token).where(
        columns.number > after, columns.timestamp_token.is_not(None)
    )
    for number, token in connection.execute(query.order_by(columns.number).limit(count)):
        with contextlib.suppress(TimestampRefused):
            yield number, reply_in(bytes(token))


_CONTENTS: Final = {"json": _documents, "tsr": _replies}
_NEWEST: Final = {
    "json": select(func.max(checkpoints.c.number)),
    "tsr": select(func.max(checkpoints.c.number)).where(checkpoints.c.timestamp_token.is_not(None)),
}
