"""One chain of records, appended to inside transactions that the caller begins and commits.

A chain belongs to one writer for one life: it is opened with a BASLATMA record that links to
nothing, and its head moves in the transaction that writes the records.  What a transaction has
written counts only after ``confirm``: until then the chain's state in memory is that of the last
durable head, so a failed commit leaves nothing to undo.

Records are sealed before the transaction begins, so that writers do not keep each other waiting
while they encrypt.  This module waits for nothing, retries nothing and knows no event loop.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Dialect, insert, select

from kps_soap.audit import partitions, records
from kps_soap.audit.group_rows import GroupRows
from kps_soap.audit.keys import Keyring, MonthSecret
from kps_soap.audit.months import microseconds, month_of
from kps_soap.audit.packing import Dictionary, put_dictionaries
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.models import evidence_chains

_CHAIN_ID_BYTES: Final = 8
_FIELD_LISTS_MAX: Final = 10_000
_DICTIONARY: Final = re.compile(r" dictionary=([0-9a-f]{64})\Z")


class ChainLost(Exception):
    """The chain in the database is not where its only writer left it."""


class Head(NamedTuple):
    """The last record of a chain."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """Sealed records that follow on ``start``, ready to be inserted."""

    records: list[tuple[Any, ...]]
    persons: list[tuple[Any, ...]]
    lists: dict[tuple[str, ...], str]
    start: Head
    head: Head


def worker_detail(worker: str, dictionary: str = "") -> str:
    """What a BASLATMA record says, so that its chain's row can be held against it.

    ``dictionary`` is the name, in hex, of what the chain's answers are packed with.
    """
    return f"worker={worker} dictionary={dictionary}" if dictionary else f"worker={worker}"


def dictionary_named(detail: object) -> str:
    """The dictionary that a BASLATMA record's detail names, in hex; empty where it names none."""
    found = _DICTIONARY.search(detail) if isinstance(detail, str) else None
    return found[1] if found else ""


class Chain:
    """The chain that one writer appends to; answers are packed with ``dictionary``, if any."""

    def __init__(
        self,
        dialect: Dialect,
        keyring: Keyring,
        *,
        worker: str,
        random_bytes: Callable[[int], bytes],
        dictionary: Dictionary | None = None,
    ) -> None:
        self.chain_id = random_bytes(_CHAIN_ID_BYTES).hex()
        self._worker = worker
        self._keyring = keyring
        self._random_bytes = random_bytes
        self._head = Head(0, records.NO_HASH)
        self._attempted: Group | None = None
        self._rows = GroupRows(dialect)
        self._dictionary = dictionary
        self._lists: dict[tuple[str, ...], str] = {}

    def open(self, connection: Connection, *, now: datetime) -> None:
        """Make the chain with its first record, durably, in a transaction of its own.

        The dictionary is written with it, so it is there before the first record that needs it.
        """
        mine = self._dictionary
        name = "" if mine is None else mine.digest.hex()
        detail = worker_detail(self._worker, name)
        first = Entry(self.chain_id, now, "", Event.STARTED, channel="", detail=detail)
        group = self.prepare(connection, [first], now=now)
        row = {"chain_id": self.chain_id, "worker": self._worker, "opened_us": microseconds(now)}
        start = {"head_sequence": 0, "head_hash": records.NO_HASH}
        with writing(connection):
            connection.execute(insert(evidence_chains).values({**row, **start}))
            if mine is not None:
                put_dictionaries(connection, [(name, mine.content)])
            self.append(connection, group)
        self.confirm()

    def prepare(
        self,
        connection: Connection,
        entries: Sequence[Entry],
        *,
        now: datetime,
        after: Group | None = None,
    ) -> Group:
        """Seal entries onto the head; the first of a month makes its key and place, durably.

        ``after`` is a group of the same transaction; then no month may be new.  Raises
        ``MonthUnreadable``.
        """
        start = self._head if after is None else after.head
        lists: dict[tuple[str, ...], str] = {}
        length = records.SALT_BYTES
        salts = self._random_bytes(length * len(entries)) if entries else b""
        drafts: list[records.Draft] = []
        for at, entry in enumerate(entries):
            month = month_of(entry.received_at)
            secret = self._keyring.remembered(month) or self._open_month(connection, month, now)
            salt = salts[at * length : (at + 1) * length]
            drafts.append(self._draft(entry, secret, salt, lists))
        sealed = records.seal_group(
            drafts,
            chain_id=self.chain_id,
            sequence=start.sequence + 1,
            previous_hash=start.hash,
            dictionary=self._dictionary,
        )
        persons = [
            (self.chain_id, sequence, digest, draft.secret.month)
            for sequence, (draft, one) in enumerate(
                zip(drafts, sealed, strict=True), start.sequence + 1
            )
            for digest in one.person_digests
        ]
        head = Head(start.sequence + len(sealed), sealed[-1].hash) if sealed else start
        return Group([one.row for one in sealed], persons, lists, start, head)

    def open_month(self, connection: Connection, *, now: datetime) -> None:
        """Make sure that records of this moment could be sealed; raises ``MonthUnreadable``."""
        month = month_of(now)
        if self._keyring.remembered(month) is None:
            self._open_month(connection, month, now)

    def _open_month(self, connection: Connection, month: str, now: datetime) -> MonthSecret:
        with writing(connection):
            partitions.ensure(connection, month)
            self._keyring.make(
                connection, month, created_us=microseconds(now), random_bytes=self._random_bytes
            )
        with connection.begin():
            return self._keyring.find(connection, month)

    def _draft(
        self, entry: Entry, secret: MonthSecret, salt: bytes, lists: dict[tuple[str, ...], str]
    ) -> records.Draft:
        return records.Draft(
            records.plain_values(entry, self._list_digest(entry.returned_fields, lists)),
            [secret.person_digest(number) for number in entry.persons],
            entry.question,
            entry.answer,
            secret,
            salt,
        )

    def _list_digest(self, paths: tuple[str, ...], lists: dict[tuple[str, ...], str]) -> str:
        """The name of a list of fields; one not yet written is added to ``lists``."""
        if not paths:
            return ""
        known = self._lists.get(paths) or lists.get(paths)
        if known is None:
            known = lists[paths] = sha256("\n".join(paths).encode()).hexdigest()
        return known

    def append(self, connection: Connection, group: Group) -> None:
        """Write a group and the new head within the caller's transaction.

        Raises ``ChainLost`` where somebody else moved the head.  Call ``confirm`` after the
        commit, or ``resume`` after a failure.
        """
        self._attempted = group
        # In one order for all writers, so that two of them never wait for each other.
        lists = sorted((digest, "\n".join(paths)) for paths, digest in group.lists.items())
        head = {
            "chain": self.chain_id,
            "from_sequence": group.start.sequence,
            "from_hash": group.start.hash,
            "to_sequence": group.head.sequence,
            "to_hash": group.head.hash,
        }
        if not self._rows.write(connection, group.records, lists, group.persons, head):
            raise ChainLost("another writer moved the head of this chain")

    def confirm(self) -> None:
        """The transaction of the last ``append`` is durable: go on from its head."""
        group, self._attempted = self._attempted, None
        if group is None:
            return
        self._head = group.head
        if group.lists:
            if len(self._lists) > _FIELD_LISTS_MAX:
                self._lists.clear()
            self._lists.update(group.lists)

    def resume(self, connection: Connection) -> None:
        """After a failure: find out whether the commit happened all the same, and go on.

        A connection can break after the database has committed and before it could say so.
        Raises ``ChainLost`` where the head is neither of the two.
        """
        query = select(evidence_chains.c.head_sequence, evidence_chains.c.head_hash)
        with connection.begin():
            row = connection.execute(
                query.where(evidence_chains.c.chain_id == self.chain_id)
            ).one_or_none()
        durable = None if row is None else Head(row.head_sequence, bytes(row.head_hash))
        if self._attempted is not None and durable == self._attempted.head:
            self.confirm()
        elif durable != self._head:
            raise ChainLost("the head of this chain is not the one that was written")
        self._attempted = None
