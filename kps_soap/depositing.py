"""Deposits that come as calls: each is one transaction with a record of its own (design D6).

Beside the event loop, in one thread: whoever deposits a long roster waits for himself.  The call
has its record besides, as every call has; a deposit whose record cannot be written is not made.
This module decides nothing about agreements and keeps no number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from kps_soap import roster_deposits
from kps_soap.aside import Aside
from kps_soap.audit.appending import Recorder
from kps_soap.entry import Event
from kps_soap.roster_deposits import Action, Deposit

if TYPE_CHECKING:
    from kps_soap.criteria import Asker


class Deposits:
    """Changes rosters for those who ask.

    ``recorder`` opens a chain of the evidence, ``digest`` is the keyed digest of an identity
    number, ``seconds_max`` bounds one deposit.
    """

    def __init__(
        self,
        engine: Engine,
        recorder: Callable[[], AbstractContextManager[Recorder]],
        digest: Callable[[int], bytes],
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        seconds_max: float,
    ) -> None:
        self._engine = engine
        self._recorder = recorder
        self._digest = digest
        self._clock = clock
        self._new_id = new_id
        self._aside = Aside("deposit", thread="kps-deposits", seconds_max=seconds_max)

    async def deposit(self, asker: Asker, action: str, numbers: Sequence[int]) -> Deposit:
        """Change the asker's roster; any other word than an ``Action`` changes nothing.

        Raises ``EvidenceUnavailable`` where it was not done, or cannot be told in time.
        """
        return await self._aside.run(self._change, asker, action, tuple(numbers))

    def close(self) -> None:
        """Let go of the thread; what waits for it is given up."""
        self._aside.close()

    def _change(self, asker: Asker, action: str, numbers: Sequence[int]) -> Deposit:
        if action not in set(Action):
            with self._engine.connect() as connection, connection.begin():
                return roster_deposits.state(connection, asker.institution)
        digests = {self._digest(one) for one in numbers}
        now = self._clock()

        def work(connection: Connection) -> Deposit:
            return roster_deposits.deposit(
                connection, asker.institution, Action(action), digests, now=now
            )

        detail = f"{action}: {len(digests)} persons"
        entry = asker.acts(self._new_id(), now, Event.ROSTER_REPLACED, detail)
        with self._recorder() as run:
            return run.act(entry, work)
