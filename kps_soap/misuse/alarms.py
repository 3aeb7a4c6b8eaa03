"""A suspicion becomes an event of the evidence, a finding and a line of the log: once a day.

Where the rule's row says so, the gateway also acts by itself: it suspends the agreement or blocks
the account, each on record like an operator's act.  An operator lifts both in the usual way, and
what was lifted is not done again for the same finding.  The log names rule, finding and
institution only (design D14).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from kps_soap import credentials
from kps_soap.agreements.keeping import AgreementKeeper, CannotChange, Mover
from kps_soap.audit.appending import Recorder
from kps_soap.audit.months import day_of
from kps_soap.credentials import CredentialError
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.misuse import findings
from kps_soap.misuse.findings import Finding
from kps_soap.misuse.rules import Rule, Suspicion
from kps_soap.misuse.thresholds import BLOCK, SUSPEND, Thresholds

log = logging.getLogger("kps.misuse")

#: Who acts, as the evidence names it.
BY: Final = "kps misuse"
#: A finding that is older was found under another file, or before somebody looked.
_ACTS_WITHIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Alarms:
    """Writes what was found.  ``recorder`` opens a chain of the evidence for it."""

    engine: Engine
    recorder: Callable[[], AbstractContextManager[Recorder]]
    keeper: AgreementKeeper
    clock: Callable[[], datetime]
    new_id: Callable[[], str]

    def raise_all(self, suspicions: Iterable[Suspicion]) -> list[str]:
        """Write what was not found before today; returns the new findings' ids.

        Raises ``EvidenceUnavailable``, and what the database raises.
        """
        now = self.clock()
        day = day_of(now)
        with self.engine.connect() as connection, connection.begin():
            known = findings.known(connection, day)
        new = [one for one in suspicions if not findings.is_known(one, known)]
        if not new:
            return []
        with self.recorder() as run:
            return [self._raise(run, one, now, day) for one in new]

    def act(self, thresholds: Thresholds) -> list[Finding]:
        """Do what the file says about new findings; returns those that it did something about."""
        with self.engine.connect() as connection, connection.begin():
            fresh = findings.newest(connection, state=findings.NEW)
        now = self.clock()
        due = [
            one
            for one in fresh
            if not one.act and timedelta() <= now - one.found_at <= _ACTS_WITHIN
        ]
        return [one for one in due if self._act(one, thresholds)]

    def _raise(self, run: Recorder, one: Suspicion, now: datetime, day: str) -> str:
        finding_id = self.new_id()

        def work(connection: Connection, place: str) -> None:
            findings.put(connection, finding_id, one, now=now, day=day, record=place)

        said = {"rule": one.rule, "finding": finding_id, "summary": one.summary}
        entry = self._entry(
            Event.ALARM,
            f"{one.rule} {finding_id}: {one.summary}",
            said,
            institution=one.institution,
            agreement=one.agreement,
            account=one.account,
            inquirer=one.inquirer,
        )
        run.together(entry, work)
        log.warning("%s: finding %s, institution %s", one.rule, finding_id, one.institution)
        return finding_id

    def _act(self, one: Finding, thresholds: Thresholds) -> bool:
        rule = Rule(one.rule)
        limit = thresholds[rule]
        if limit.leaves_alone(one.institution, one.account):
            return False
        if limit.act == SUSPEND and one.agreement:
            self._suspend(one)
        elif limit.act == BLOCK and one.account:
            self._block(one)
        else:
            return False
        log.warning("%s: finding %s, act %s", rule, one.finding_id, limit.act)
        return True

    def _suspend(self, one: Finding) -> None:
        reason = f"{one.rule}: {one.summary}"
        try:
            self.keeper.suspend(one.agreement, Mover(BY, reason, one.finding_id, "SERVICE"))
        except CannotChange:
            # It is suspended already, or gone: what was wanted is so.
            log.info("finding %s: nothing to suspend", one.finding_id)
        with self.engine.connect() as connection, writing(connection):
            findings.note_act(connection, one.finding_id, SUSPEND)

    def _block(self, one: Finding) -> None:
        now = self.clock()

        def work(connection: Connection) -> None:
            credentials.set_state(connection, one.account, blocked=True, now=now)
            findings.note_act(connection, one.finding_id, BLOCK)

        said = {"reason": f"{one.rule}: {one.summary}", "finding": one.finding_id}
        about = f"{one.account} (finding {one.finding_id})"
        entry = self._entry(
            Event.ACCOUNT_BLOCKED, about, said, institution=one.institution, account=BY
        )
        try:
            with self.recorder() as run:
                run.act(entry, work)
        except CredentialError:
            log.info("finding %s: no account to block", one.finding_id)
            with self.engine.connect() as connection, writing(connection):
                findings.note_act(connection, one.finding_id, BLOCK)

    def _entry(self, event: Event, about: str, said: dict[str, str], **columns: str) -> Entry:
        """An event of the gateway's own."""
        text = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        entry = Entry(
            self.new_id(), self.clock(), "", event, channel="SERVICE", detail=about, question=text
        )
        for name, value in columns.items():
            setattr(entry, name, value)
        return entry
