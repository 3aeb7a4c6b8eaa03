"""The agreement set in force in this worker, and how a new one takes its place (design D17).

The set in force is a row that all workers of all gateways share.  A worker looks at it several
times a second, compiles a new set beside the one that it serves, and swaps it by one assignment:
no call is dropped or sees two sets.  Then it tells so in its lease.  A worker whose lease ran
out (it was stopped, or the database is away) answers nothing before it has looked again.

One worker of a gateway also watches the directory of the files, and writes what is due about
days that come.  This room judges no file itself.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from datetime import date, datetime
from typing import Final

from kps_soap.agreements import expiries, leases
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.keeping import AgreementKeeper, Mover
from kps_soap.agreements.leases import LEASE_SECONDS, RENEWAL_SECONDS, Clocks
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.store import Overtaken, SetUnreadable, Version
from kps_soap.agreements.watching import DirectoryWatch, load_directory
from kps_soap.authentication import ISTANBUL
from kps_soap.database import FAILURES, writing
from kps_soap.faults import EvidenceUnavailable

log = logging.getLogger("kps.agreements")

#: How often a worker looks at the row in force; ``poll`` is to be called as often.
LOOK_SECONDS: Final = 0.25


class AgreementBook:
    """Holds the set in force.

    ``name`` is the worker's, for its lease: gateway and worker.  ``watch`` looks at the
    directory, every ``watch_seconds`` (0: never).  ``leads`` tells that this worker does what
    one worker of a gateway does.  ``poll`` and ``close`` may be called from any thread;
    ``current`` and ``in_force`` from the one that answers.
    """

    def __init__(
        self,
        keeper: AgreementKeeper,
        watch: DirectoryWatch,
        *,
        name: tuple[str, str],
        clocks: Clocks,
        watch_seconds: float,
        leads: bool,
    ) -> None:
        self._keeper = keeper
        self._watch = watch
        self._name = name
        self._clocks = clocks
        self._watch_seconds = watch_seconds
        self._leads = leads
        self._lock = threading.Lock()
        self._closed = False
        self._version: Version | None = None
        self._current: AgreementSet | None = None
        self._seen_number = 0
        self._trouble = ""
        self._good_until = 0.0
        self._renewed_at = 0.0
        self._watched_at = 0.0
        self._noted_for: tuple[int, date] | None = None
        self._failure_told = False
        self._hurried = False
        self.problems: tuple[str, ...] = ()
        #: How many workers of all gateways lived when this one renewed its lease.
        self.living = 0

    # Where calls are answered.

    def current(self) -> AgreementSet:
        """The set that this worker holds, whether or not its lease lives."""
        if self._current is None:
            raise EvidenceUnavailable("no agreement set yet")
        return self._current

    @property
    def since(self) -> datetime | None:
        """When the version that this worker holds came into force."""
        return None if self._version is None else self._version.since

    def in_force(self) -> AgreementSet:
        """The set in force now; raises ``EvidenceUnavailable`` where nobody can say.

        Without the database nothing could be recorded either.
        """
        if self._clocks.monotonic() > self._good_until:
            raise EvidenceUnavailable("the lease of the agreements ran out")
        return self.current()

    def look_at_files(self) -> None:
        """Let the next look take the files as they are, now, whether or not they stood still."""
        self._hurried = True

    # In a thread beside them.

    def open(self) -> None:
        """Take the set in force, or make the first one from the directory.

        The lease comes first: whoever changes what is in force from then on waits for this
        worker.  Raises ``AgreementErrors``, ``SetUnreadable`` and ``EvidenceUnavailable``.
        """
        self._keeper.compiler.pause = self._breathe
        try:
            began = self._clocks.monotonic()
            self._renew(sweeping=True)
            version = self._keeper.newest() or self._make_first()
            self._take(version)
            self._renew()
            self._good_until = began + LEASE_SECONDS
            if self._leads:
                self._watch.begin(version.digest)
        except FAILURES as trouble:
            raise EvidenceUnavailable(type(trouble).__name__) from None

    def poll(self) -> AgreementSet | None:
        """Look once; returns the set where a new version came into force in this worker."""
        with self._lock:
            if self._closed:
                return None
            before = self._version
            try:
                self._look()
            except (*FAILURES, EvidenceUnavailable) as trouble:
                self._failed(type(trouble).__name__)
            else:
                self._succeeded()
            return self.current() if self._version is not before else None

    def close(self) -> None:
        """Give the lease back; nothing is answered afterwards."""
        with self._lock:
            self._closed = True
            self._good_until = 0.0
            with suppress(*FAILURES):
                engine = self._keeper.engine
                with engine.connect() as connection, writing(connection):
                    leases.release(connection, *self._name)

    def _look(self) -> None:
        began = self._clocks.monotonic()
        due = began - self._renewed_at >= RENEWAL_SECONDS or began > self._good_until
        if due:
            self._renew()
        newest = self._keeper.newest()
        if newest is not None and newest.number != self._seen_number:
            self._turn_to(newest)
            self._renew()
        if due:
            # The row was looked at after the renewal: the lease is good, had it run out or not.
            self._good_until = max(self._good_until, began + LEASE_SECONDS)
        if self._leads:
            self._lead(began)
        elif due:
            self.problems = self._watch.seen_problems()

    def _lead(self, now: float) -> None:
        """What one worker does for its gateway: hand-made edits, and days that come."""
        hurried, self._hurried = self._hurried, False
        if hurried or (self._watch_seconds and now - self._watched_at >= self._watch_seconds):
            self._watched_at = now
            changed = self._watch.look(at_once=hurried)
            self.problems = self._watch.problems
            if changed:
                return  # The next look takes it.
        version, today = self._version, self._keeper.now().astimezone(ISTANBUL).date()
        if version is None or self._noted_for == (version.number, today) or self._trouble:
            return
        with suppress(Overtaken):
            expiries.note_due(self._keeper, version, self.current())
            self._noted_for = (version.number, today)

    def _make_first(self) -> Version:
        """The first set ever, from the directory."""
        log.warning("no agreement set is in force yet; the files of the directory make the first")
        return load_directory(self._keeper, self._watch, Mover("kps serve", channel="SERVICE"))

    def _take(self, version: Version) -> None:
        """Compile a version and swap it in; raises what makes that impossible."""
        compiled = self._keeper.compiled(version)
        swapped = self._current is None or self._current.digest != compiled.digest
        self._current, self._version = compiled, version
        self._seen_number, self._trouble = version.number, ""
        if swapped:
            log.info("agreement set %s is in force", compiled.digest)
        else:
            log.info("agreement version %d is in force", version.number)

    def _turn_to(self, version: Version) -> None:
        """Take a version, or stay with the last good set and say why.

        Suspensions hold even then: they shut and never open.
        """
        try:
            self._take(version)
            return
        except AgreementErrors as errors:
            reasons = str(errors).splitlines()
        except SetUnreadable as error:
            reasons = [str(error)]
        self._seen_number = version.number
        self._trouble = f"{version.number}: {reasons[0]}"
        held = self.current()
        kept = [one.suspension for one in held.agreements if one.suspension is not None]
        self._current = held.suspending([*kept, *version.suspended])
        log.error("agreement version %d is not taken; the last good set stays", version.number)
        for reason in reasons:
            log.error("%s", reason)

    def _renew(self, *, sweeping: bool = False) -> None:
        """Prolong the lease.  One that had run out is good only when the row was looked at."""
        version, now = self._version, self._clocks.now()
        began = self._clocks.monotonic()
        with self._keeper.engine.connect() as connection, writing(connection):
            leases.renew(
                connection,
                self._name,
                number=0 if version is None else version.number,
                digest="" if version is None else version.digest,
                trouble=self._trouble,
                now=now,
            )
            if sweeping:
                leases.forget_ended(connection, now)
            self.living = len(leases.living(connection, now))
        self._renewed_at = began
        if began < self._good_until:
            self._good_until = began + LEASE_SECONDS

    def _breathe(self) -> None:
        """Between two files: let calls go first, and keep the lease while it is good."""
        self._clocks.sleep(0)
        if self._clocks.monotonic() - self._renewed_at >= RENEWAL_SECONDS:
            with suppress(*FAILURES):
                self._renew()

    def _failed(self, trouble: str) -> None:
        if not self._failure_told:
            log.error("the agreements in force cannot be looked at: %s", trouble)
        self._failure_told = True

    def _succeeded(self) -> None:
        if self._failure_told:
            log.warning("the agreements in force are looked at again")
        self._failure_told = False
