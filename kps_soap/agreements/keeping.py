"""Whatever changes what is in force: each change is one transaction with its record (design D6).

A load puts a judged set in force, a suspension shuts one agreement without a new file, a
resumption opens it again.  Each leaves an event with who, when, why and the document's number,
and an event more for every state and stage that it changes (§2.4).  Somebody else may change
what is in force at the same time: then the change is made anew on top of theirs.

This module judges no file and answers no call; workers see a change by ``book``.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine

from kps_soap.agreements import store
from kps_soap.agreements.agreement import Agreement, Suspension
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.changes import NONE, Step, steps_between
from kps_soap.agreements.loading import Compiler
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.store import Overtaken, SetUnreadable, Version
from kps_soap.audit.appending import Recorder
from kps_soap.authentication import ISTANBUL
from kps_soap.database import FAILURES
from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable

#: How often a change is made anew because somebody else was faster.
_TURNS_MAX: Final = 20

#: What is done in the transaction of a change besides the change itself.
Besides = Callable[[Connection], None]


class CannotChange(Exception):
    """What is asked for cannot be done; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Who changes what is in force, why, by which document, and from where (CLI, SERVICE)."""

    by: str
    reason: str = ""
    document: str = ""
    channel: str = "CLI"


class AgreementKeeper:
    """The sets in the database, compiled, and the ways to change what is in force.

    ``recorder`` opens a chain of the evidence for one change; ``shown_in`` is the directory that
    problems name.  Failures of the database are ``EvidenceUnavailable`` where something is
    changed, and the driver's own where it is only read.
    """

    def __init__(
        self,
        engine: Engine,
        compiler: Compiler,
        recorder: Callable[[], AbstractContextManager[Recorder]],
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        shown_in: Path,
    ) -> None:
        self.engine = engine
        self.compiler = compiler
        self._recorder = recorder
        self._clock = clock
        self._new_id = new_id
        self._shown_in = shown_in
        self._contents: dict[str, bytes] = {}

    def newest(self) -> Version | None:
        """The version in force."""
        with self.engine.connect() as connection:
            return store.newest(connection)

    def compiled(self, version: Version) -> AgreementSet:
        """The set of a version with its suspensions, as it was judged on the day of its load.

        Raises ``SetUnreadable``, and ``AgreementErrors`` where this release judges otherwise.
        """
        contents = self.contents(version.digest)
        today = version.since.astimezone(ISTANBUL).date()
        compiled = self.compiler.compile(contents, today=today, shown_in=self._shown_in)
        return compiled.suspending(version.suspended)

    def contents(self, digest: str) -> dict[str, bytes]:
        """The files of a stored set by name.  Raises ``SetUnreadable``."""
        with self.engine.connect() as connection:
            files = store.files_of(connection, digest)
            missing = set(files.values()) - self._contents.keys()
            found = self._contents | store.contents_of(connection, missing)
        try:
            contents = {name: found[file_digest] for name, file_digest in files.items()}
        except KeyError:
            raise SetUnreadable(
                f"Files of the agreement set {digest[:12]} are not in the archive."
            ) from None
        self._contents = {one: found[one] for one in files.values()}
        return contents

    def load(
        self,
        contents: Mapping[str, bytes],
        loaded: AgreementSet,
        mover: Mover,
        besides: Besides = lambda _: None,
    ) -> Version:
        """Put a judged set in force; returns the version that has it.

        Where it is in force already, nothing changes; a reason or document is recorded even so.
        """
        self._archive(contents)

        def change(current: Version | None) -> Version:
            if current is not None and current.digest == loaded.digest:
                return self._already(current, loaded, mover, besides)
            version = self._following(current, loaded.digest, store.LOADED, mover)
            steps = self._steps(current, loaded.suspending(version.suspended))
            entries = [self._load_entry(version, loaded, mover)]
            entries += [self.step_entry(step, mover) for step in steps]
            return self._put(version, loaded.files, entries, besides)

        return self._in_turn(change)

    def suspend(self, number: str, mover: Mover) -> Version:
        """Shut one agreement until it is resumed; raises ``CannotChange``."""

        def change(current: Version | None) -> Version:
            version, agreement = self._found(current, number)
            held = version.suspension(number)
            if held is not None:
                raise CannotChange(
                    f"{number} has been suspended since {held.since:%Y-%m-%d %H:%M}."
                )
            one = Suspension(number, self.now(), mover.by, mover.reason, mover.document)
            following = self._following(version, version.digest, store.SUSPENDED, mover)
            following = replace(following, suspended=(*version.suspended, one))
            event = Event.AGREEMENT_SUSPENDED
            return self._shut_or_open(following, agreement, number, event, mover)

        return self._in_turn(change)

    def resume(self, number: str, mover: Mover) -> Version:
        """Lift the suspension of an agreement; raises ``CannotChange``."""

        def change(current: Version | None) -> Version:
            if current is None or current.suspension(number) is None:
                raise CannotChange(f"{number} is not suspended by command; nothing was changed.")
            # What is suspended may be gone from the set; the suspension can be lifted even so.
            agreement = self._in_set(current, number)
            left = tuple(one for one in current.suspended if one.agreement != number)
            following = self._following(current, current.digest, store.RESUMED, mover)
            following = replace(following, suspended=left)
            event = Event.AGREEMENT_RESUMED
            return self._shut_or_open(following, agreement, number, event, mover)

        return self._in_turn(change)

    def note(self, entries: Sequence[Entry], besides: Besides) -> None:
        """Write events that change nothing in force, with ``besides`` in their transaction."""
        with self._recorder() as run:
            run.together(entries[0], lambda at, _: besides(at), also=entries[1:])

    def entry(
        self, event: Event, mover: Mover, about: str, more: Mapping[str, Any], **columns: Any
    ) -> Entry:
        """An event.  Its reason lies in the encrypted part; the document's number is searchable."""
        said = {"reason": mover.reason, "document": mover.document, "about": about, **more}
        return Entry(
            self._new_id(),
            self._clock(),
            "",
            event,
            channel=mover.channel,
            account=mover.by,
            case_number=mover.document,
            detail=about,
            question=json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"),
            **columns,
        )

    def step_entry(self, step: Step, mover: Mover) -> Entry:
        """The event of a state or a stage that changes."""
        event = Event.SERVICE_STAGE if step.service else Event.AGREEMENT_STATE
        return self.entry(
            event,
            mover,
            step.text,
            {},
            institution=step.institution,
            agreement=step.agreement,
            agreement_digest=step.agreement_digest,
            service=step.service,
            version=step.version,
        )

    def now(self) -> datetime:
        """The present, in Europe/Istanbul."""
        return self._clock().astimezone(ISTANBUL)

    def _following(self, current: Version | None, digest: str, kind: str, mover: Mover) -> Version:
        number = 0 if current is None else current.number
        suspended = () if current is None else current.suspended
        said = (mover.by, mover.reason, mover.document)
        return Version(number + 1, digest, self.now(), kind, *said, suspended=suspended)

    def _in_turn(self, change: Callable[[Version | None], Version]) -> Version:
        for _ in range(_TURNS_MAX):
            try:
                return change(self.newest())
            except Overtaken:
                continue
        raise CannotChange("Others are changing what is in force all the time; try again.")

    def _put(
        self,
        version: Version,
        files: Mapping[str, str] | None,
        entries: Sequence[Entry],
        besides: Besides = lambda _: None,
    ) -> Version:
        """Version, events and ``besides`` in one transaction; raises ``Overtaken``."""

        def work(connection: Connection, place: str) -> Version:
            recorded = replace(version, record=place)
            store.put(connection, recorded, files)
            besides(connection)
            return recorded

        with self._recorder() as run:
            return run.together(entries[0], work, also=entries[1:])

    def _already(
        self, current: Version, loaded: AgreementSet, mover: Mover, besides: Besides
    ) -> Version:
        if mover.reason or mover.document:
            self.note([self._load_entry(current, loaded, mover)], besides)
        return current

    def _load_entry(self, version: Version, loaded: AgreementSet, mover: Mover) -> Entry:
        return self.entry(
            Event.AGREEMENTS_LOADED,
            mover,
            f"version {version.number}: {len(loaded.files)} files",
            {"version": version.number, "files": dict(loaded.files)},
            agreement_digest=loaded.digest,
        )

    def _steps(self, current: Version | None, after: AgreementSet) -> list[Step]:
        """The steps from the version in force; the first set is a beginning and no step."""
        if current is None:
            return []
        try:
            return steps_between(self.compiled(current), after)
        except (AgreementErrors, SetUnreadable):
            # What cannot be read any more cannot be compared; the load itself is on record.
            return []

    def _found(self, current: Version | None, number: str) -> tuple[Version, Agreement]:
        if current is None:
            raise CannotChange("No set is in force yet; run: kps agreements load")
        agreement = self._in_set(current, number)
        if agreement is None:
            raise CannotChange(f"There is no agreement {number}; see: kps agreements list")
        return current, agreement

    def _in_set(self, version: Version, number: str) -> Agreement | None:
        held = self.compiled(version).agreements
        return next((one for one in held if one.number == number), None)

    def _shut_or_open(
        self,
        version: Version,
        agreement: Agreement | None,
        number: str,
        event: Event,
        mover: Mover,
    ) -> Version:
        state = NONE if agreement is None else agreement.state
        shut = event is Event.AGREEMENT_SUSPENDED
        about = f"{state} → ASKIDA" if shut else f"ASKIDA → {state}"
        entry = self.entry(
            event,
            mover,
            about,
            {"version": version.number},
            institution="" if agreement is None else agreement.institution.code,
            agreement=number,
            agreement_digest="" if agreement is None else agreement.digest,
        )
        return self._put(version, None, [entry])

    def _archive(self, contents: Mapping[str, bytes]) -> None:
        by_digest = {sha256(content).hexdigest(): content for content in contents.values()}
        try:
            with self.engine.connect() as connection:
                store.store_files(connection, by_digest)
        except FAILURES as trouble:
            raise EvidenceUnavailable(type(trouble).__name__) from None
