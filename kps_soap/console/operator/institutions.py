"""Institutions and their agreements as an operator sees them: standing, ends, what changed.

Standing is said by a key of the texts and its values, so that a page speaks either language.
This module looks at what is in force; it changes nothing, and it judges no file but those that
a step of the past changed, as they were judged on the day of their load.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from kps_soap.agreement_models import agreement_sets, agreement_versions
from kps_soap.agreements import store
from kps_soap.agreements.agreement import Agreement
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.changes import AgreementChange, changes_between
from kps_soap.agreements.expiries import Expiry, expiries
from kps_soap.agreements.loading import Compiler
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.scope import not_in_force
from kps_soap.agreements.sections import Rules
from kps_soap.agreements.store import SetUnreadable, Version
from kps_soap.agreements.vocabulary import ANSWERING_STATES
from kps_soap.audit.months import ISTANBUL
from kps_soap.turkish import YAKIN, matching_key

#: A keeper remembers what it compiled, so one thread at a time uses it.
ONE_AT_A_TIME: Final = threading.Lock()

#: So many days before an end it is shown as near.
NEAR_DAYS: Final = 60

#: A SHA-256 as a listing writes it.
_DIGEST_CHARACTERS: Final = 64

GOOD: Final = "iyi"
WARNING: Final = "uyari"
BAD: Final = "kotu"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an agreement answers, in one word of the texts.  ``level`` colours it."""

    level: str
    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One agreement in the list."""

    agreement: Agreement
    standing: Standing
    days_left: int

    @property
    def ends_soon(self) -> bool:
        return 0 <= self.days_left <= NEAR_DAYS


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends or begins on a day of an agreement; ``days`` are left until then."""

    expiry: Expiry
    days: int

    @property
    def key(self) -> str:
        """The key of the texts that says what it is."""
        if self.expiry.begins:
            return "operator.ending.stage"
        return f"operator.ending.{self.expiry.subject.partition(' ')[0]}"


@dataclass(frozen=True, slots=True)
class Made:
    """A step of what was in force, with what it changed.

    ``unreadable`` tells that the files of that day cannot be compared any more.
    """

    version: Version
    changes: tuple[AgreementChange, ...]
    suspended: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()
    unreadable: bool = False


def standing(agreement: Agreement, on: date) -> Standing:
    """Whether calls are answered on a day, and why not; agrees with ``scope.not_in_force``."""
    document = agreement.document
    if not not_in_force(agreement, on):
        if agreement.in_test:
            return Standing(WARNING, "operator.standing.test", {})
        return Standing(GOOD, "operator.standing.open", {})
    if agreement.suspension is not None:
        since = agreement.suspension.since
        return Standing(BAD, "operator.standing.suspended", {"since": since.date()})
    if document.state not in ANSWERING_STATES:
        return Standing(BAD, "operator.standing.state", {"state": document.state})
    if on < document.valid_from:
        return Standing(WARNING, "operator.standing.later", {"day": document.valid_from})
    if on > document.valid_until:
        return Standing(BAD, "operator.standing.ended", {"day": document.valid_until})
    if document.renewal is not None and document.renewal.missed(on):
        return Standing(BAD, "operator.standing.renewal", {"day": document.renewal.until})
    return Standing(
        BAD, "operator.standing.security", {"day": agreement.access.security_until or ""}
    )


def rows(agreements: AgreementSet, on: date, *, wanted: str = "") -> list[Row]:
    """The agreements by institution and number; ``wanted`` narrows by words of what is shown."""
    words = matching_key(wanted, YAKIN).split()
    ordered = sorted(agreements.agreements, key=lambda one: (one.institution.code, one.number))
    return [
        Row(one, standing(one, on), (one.document.valid_until - on).days)
        for one in ordered
        if _has(one, words)
    ]


def _has(agreement: Agreement, words: Iterable[str]) -> bool:
    whose = agreement.institution
    said = (whose.code, whose.name, whose.kind, agreement.number, *agreement.access.accounts)
    text = matching_key(" ".join(said), YAKIN)
    return all(word in text for word in words)


def found(agreements: AgreementSet, number: str) -> Agreement | None:
    """The agreement with this number."""
    return next((one for one in agreements.agreements if one.number == number), None)


def endings(
    agreements: AgreementSet, on: date, *, days: int | None = None, number: str = ""
) -> list[Ending]:
    """What ends or begins, the nearest first.

    ``days`` keeps what is at most so far away; ``number`` keeps one agreement.  A planned day
    that is past is over and left out.
    """
    return [
        Ending(one, one.days_left(on))
        for one in expiries(agreements)
        if (days is None or one.days_left(on) <= days)
        and not (one.begins and one.days_left(on) < 0)
        and number in ("", one.agreement.number)
    ]


def seen(agreement: Agreement) -> str:
    """What a form about an agreement was shown for: it differs once somebody changed it."""
    held = agreement.suspension
    return f"{agreement.digest[:16]}:{'' if held is None else held.since.isoformat()}"


def last_steps(connection: Connection, *, limit: int) -> list[Version]:
    """The newest steps of what was in force, newest first."""
    return store.versions(connection, limit=limit)


def steps_of(connection: Connection, agreement: Agreement, *, limit: int) -> list[Version]:
    """Those of the newest steps that changed an agreement's file or its suspension."""
    versions = store.versions(connection, limit=limit + 1)
    listings = _listings(connection, {one.digest for one in versions})

    def said(version: Version) -> tuple[str, bool]:
        line_end = f"  {agreement.file}\n"
        before, found, _ = listings.get(version.digest, "").partition(line_end)
        digest = before[-_DIGEST_CHARACTERS:] if found else ""
        return digest, version.suspension(agreement.number) is not None

    pairs = zip(versions, versions[1:], strict=False)
    return [later for later, earlier in pairs if said(later) != said(earlier)]


def _listings(connection: Connection, digests: Collection[str]) -> dict[str, str]:
    columns = agreement_sets.c
    query = select(columns.digest, columns.listing).where(columns.digest.in_(digests))
    return {row.digest: row.listing for row in connection.execute(query)}


def step(connection: Connection, number: int) -> tuple[Version | None, Version | None]:
    """A step of what was in force and the one before it; None where there is none."""
    columns = agreement_versions.c
    query = select(columns.number, columns.since_us)
    known = {row.number: row.since_us for row in connection.execute(query)}
    if number not in known:
        return None, None
    newer = sum(1 for one in known if one > number)
    versions = store.versions(connection, limit=newer + 2)[newer:]
    return versions[0], versions[1] if len(versions) > 1 else None


def made_by(connection: Connection, rules: Rules, version: Version, before: Version | None) -> Made:
    """What a step changed.  Only the files that differ are read and judged, by ``rules``."""
    old = () if before is None else before.suspended
    was, now = ({one.agreement for one in some} for some in (old, version.suspended))
    suspensions = (tuple(sorted(now - was)), tuple(sorted(was - now)))
    if before is None or before.digest == version.digest:
        return Made(version, (), *suspensions)
    try:
        changes = _differences(connection, rules, version, before)
    except (AgreementErrors, SetUnreadable):
        return Made(version, (), *suspensions, unreadable=True)
    return Made(version, tuple(changes), *suspensions)


def _differences(
    connection: Connection, rules: Rules, version: Version, before: Version
) -> list[AgreementChange]:
    listings = [store.files_of(connection, one.digest) for one in (before, version)]
    same = listings[0].items() & listings[1].items()
    compiler, sets = Compiler(rules), []
    for listing, one in zip(listings, (before, version), strict=True):
        differing = dict(listing.items() - same)
        contents = store.contents_of(connection, differing.values())
        missing = differing.values() - contents.keys()
        if missing:
            raise SetUnreadable("Files of an agreement set are not in the archive.")
        today = one.since.astimezone(ISTANBUL).date()
        files = {name: contents[digest] for name, digest in differing.items()}
        sets.append(compiler.compile(files, today=today, shown_in=Path()))
    return changes_between(*sets)
