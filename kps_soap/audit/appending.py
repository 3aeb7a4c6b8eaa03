"""Records written by a command: a chain of its own, one durable transaction a record.

For the few records of a command line (a search, a load of agreements); a worker that answers
requests uses ``writer``.  Nothing is written, not even the chain, before the first record.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine

from kps_soap.audit.chain import Chain, ChainLost
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.database import FAILURES, writing
from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable

Record = Callable[[Entry], None]


class _Run:
    """The chain of one command."""

    def __init__(
        self,
        connection: Connection,
        keyring: Keyring,
        *,
        worker: str,
        clock: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._connection = connection
        self._clock = clock
        dialect = connection.dialect
        self._chain = Chain(dialect, keyring, worker=worker, random_bytes=random_bytes)
        self._open = False

    def record(self, entry: Entry) -> None:
        """Write one entry durably; raises ``EvidenceUnavailable``."""
        try:
            if not self._open:
                self._chain.open(self._connection, now=self._clock())
                self._open = True
            group = self._chain.prepare(self._connection, [entry], now=self._clock())
            with writing(self._connection):
                self._chain.append(self._connection, group)
            self._chain.confirm()
        except (*FAILURES, ChainLost, MonthUnreadable) as trouble:
            raise EvidenceUnavailable(type(trouble).__name__) from None

    def end(self) -> None:
        """The last record of the chain, if it has a first."""
        if self._open:
            chain_id = self._chain.chain_id
            self.record(Entry(chain_id, self._clock(), "", Event.STOPPED, channel=""))


@contextmanager
def appender(
    engine: Engine,
    keyring: Keyring,
    *,
    worker: str,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
) -> Iterator[Record]:
    """Gives a function that writes one entry durably, or raises ``EvidenceUnavailable``."""
    try:
        connection = engine.connect()
    except FAILURES as trouble:
        raise EvidenceUnavailable(type(trouble).__name__) from None
    with connection:
        run = _Run(connection, keyring, worker=worker, clock=clock, random_bytes=random_bytes)
        yield run.record
        run.end()
