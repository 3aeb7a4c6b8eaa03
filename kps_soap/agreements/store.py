"""The agreement sets in the gateway's database: what is in force, what ever was (design D17).

A set is a listing of files, named by its SHA-256; a file's content is stored once, under its
own.  A version is one step of what was in force: a set, and the agreements that were suspended
by command.  Versions are numbered without a gap; one row says which is in force, and whoever
moves it has seen the one before.  What is read here is held to its digests, so that nobody can
change an archived set without its showing.

This module stores and finds.  It judges no file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from kps_soap.agreement_models import (
    agreement_files,
    agreement_in_force,
    agreement_sets,
    agreement_versions,
)
from kps_soap.agreements.agreement import Suspension
from kps_soap.agreements.agreement_set import listing_of
from kps_soap.audit.months import microseconds, moment_of
from kps_soap.authentication import ISTANBUL
from kps_soap.database import writing
from kps_soap.driver_statements import Inserter

LOADED: Final = "YUKLEME"
SUSPENDED: Final = "ASKI"
RESUMED: Final = "ASKI_KALDIRMA"

#: The name of the one row that says which version is in force.
PLACE: Final = "GATEWAY"

#: Files in one statement or transaction: a set of thousands must not hold up the evidence.
_FILES_AT_ONCE: Final = 200

_NEWEST: Final = select(agreement_versions).join(
    agreement_in_force, agreement_in_force.c.number == agreement_versions.c.number
)


class SetUnreadable(Exception):
    """A set that is not stored, or not as it was; the text says what to do."""


class Overtaken(Exception):
    """Somebody else changed what is in force in the meantime: look again."""


@dataclass(frozen=True, slots=True)
class Version:
    """One step of what was in force.  Times are of Europe/Istanbul.

    ``record`` is where the evidence tells of it (``chain:sequence``).
    """

    number: int
    digest: str
    since: datetime
    kind: str
    by: str
    reason: str
    document: str
    record: str = ""
    suspended: tuple[Suspension, ...] = ()

    def suspension(self, agreement: str) -> Suspension | None:
        """The suspension of an agreement by its number."""
        return next((one for one in self.suspended if one.agreement == agreement), None)


def newest(connection: Connection) -> Version | None:
    """The version in force; None before the first load."""
    row = connection.execute(_NEWEST).one_or_none()
    return None if row is None else _version(row)


def version_at(connection: Connection, moment: datetime) -> Version | None:
    """The version that was in force at a moment; None before the first load."""
    columns = agreement_versions.c
    query = (
        select(agreement_versions)
        .where(columns.since_us <= microseconds(moment))
        .order_by(columns.number.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _version(row)


def versions(connection: Connection, *, limit: int) -> list[Version]:
    """The newest versions, newest first."""
    query = select(agreement_versions).order_by(agreement_versions.c.number.desc()).limit(limit)
    return [_version(row) for row in connection.execute(query)]


def files_of(connection: Connection, digest: str) -> dict[str, str]:
    """The files of a set with their digests.  Raises ``SetUnreadable``."""
    query = select(agreement_sets.c.listing).where(agreement_sets.c.digest == digest)
    listing = connection.execute(query).scalar()
    if listing is None:
        raise SetUnreadable(f"The agreement set {digest[:12]} is not stored.")
    if sha256(listing.encode()).hexdigest() != digest:
        raise SetUnreadable(f"The stored listing of the agreement set {digest[:12]} was changed.")
    pairs = (line.partition("  ") for line in listing.splitlines())
    return {name: file_digest for file_digest, _, name in pairs}


def contents_of(connection: Connection, digests: Iterable[str]) -> dict[str, bytes]:
    """Files by digest; what is not stored is left out.  Raises ``SetUnreadable``."""
    found: dict[str, bytes] = {}
    for some in _portions(sorted(set(digests))):
        query = select(agreement_files).where(agreement_files.c.digest.in_(some))
        for digest, content in connection.execute(query):
            # Whoever changed it in SQLite may have left another type.
            if not isinstance(content, bytes) or sha256(content).hexdigest() != digest:
                raise SetUnreadable(f"The stored agreement file {digest[:12]} was changed.")
            found[digest] = content
    return found


def find_set(connection: Connection, beginning: str) -> str:
    """The whole digest of the one stored set that begins like this.  Raises ``SetUnreadable``."""
    columns = agreement_sets.c
    query = select(columns.digest).where(
        func.substr(columns.digest, 1, len(beginning)) == beginning
    )
    found = connection.execute(query.limit(2)).scalars().all()
    if len(found) != 1:
        several = "Several stored sets begin" if found else "No stored set begins"
        raise SetUnreadable(f"{several} with {beginning}; see: kps agreements history")
    return str(found[0])


def store_files(connection: Connection, contents: Mapping[str, bytes]) -> None:
    """Archive files by digest, some at a time, each time in a transaction of its own.

    A file without a set does no harm: the set comes in the transaction of its version.
    """
    add = Inserter(connection.dialect, agreement_files, skip_known=True)
    with connection.begin():
        known = _known(connection, contents)
    for some in _portions(sorted(contents.keys() - known)):
        with writing(connection):
            add(connection, [(digest, contents[digest]) for digest in some])


def put(connection: Connection, version: Version, files: Mapping[str, str] | None) -> None:
    """Put a version in force, within the caller's transaction.

    ``files`` are those of its set; None for a set that is stored already.

    Raises ``Overtaken`` unless it is the one that follows the version in force.
    """
    take_turn(connection, version.number - 1, version.number)
    since_us = microseconds(version.since)
    if files is not None:
        add_set = Inserter(connection.dialect, agreement_sets, skip_known=True)
        add_set(connection, [(version.digest, listing_of(files), since_us)])
    connection.execute(
        insert(agreement_versions).values(
            number=version.number,
            set_digest=version.digest,
            since_us=since_us,
            kind=version.kind,
            made_by=version.by,
            reason=version.reason,
            document=version.document,
            record=version.record,
            suspended=_suspended_text(version.suspended),
        )
    )


def take_turn(connection: Connection, expected: int, number: int) -> None:
    """Hold the row of what is in force until the transaction ends, and move it.

    Raises ``Overtaken`` where it does not stand at ``expected``.
    """
    moved = connection.execute(
        update(agreement_in_force)
        .where(agreement_in_force.c.number == expected)
        .values(number=number)
    )
    if moved.rowcount == 1:
        return
    rows = connection.execute(select(agreement_in_force.c.number)).all()
    if rows or expected:
        raise Overtaken
    # Somebody emptied the table.
    connection.execute(insert(agreement_in_force).values(place=PLACE, number=number))


def _known(connection: Connection, digests: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for some in _portions(sorted(digests)):
        query = select(agreement_files.c.digest).where(agreement_files.c.digest.in_(some))
        found.update(connection.execute(query).scalars())
    return found


def _portions(digests: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(digests), _FILES_AT_ONCE):
        yield digests[start : start + _FILES_AT_ONCE]


def _version(row: Row[Any]) -> Version:
    return Version(
        number=row.number,
        digest=row.set_digest,
        since=moment_of(row.since_us).astimezone(ISTANBUL),
        kind=row.kind,
        by=row.made_by,
        reason=row.reason,
        document=row.document,
        record=row.record,
        suspended=tuple(_suspension(one) for one in json.loads(row.suspended)),
    )


def _suspension(values: Mapping[str, Any]) -> Suspension:
    since = moment_of(values["since_us"]).astimezone(ISTANBUL)
    return Suspension(
        values["agreement"], since, values["by"], values["reason"], values["document"]
    )


def _suspended_text(suspended: Iterable[Suspension]) -> str:
    rows = [
        {
            "agreement": one.agreement,
            "since_us": microseconds(one.since),
            "by": one.by,
            "reason": one.reason,
            "document": one.document,
        }
        for one in suspended
    ]
    return json.dumps(rows, ensure_ascii=False)
