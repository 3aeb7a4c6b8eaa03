"""Records written by a command: a chain of its own, one durable transaction a record.

For the few records of a command line (a search, a block of an account); a worker that answers
requests uses ``writer``.  Nothing is written, not even the chain, before the first record.  An
act on the gateway's own tables is done in the transaction of its record: both or neither.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from kps_soap.audit.chain import Chain, ChainLost
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.database import FAILURES, writing
from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable

Record = Callable[[Entry], None]
Done = TypeVar("Done")


class Act(Protocol):
    """Does something to the gateway's own tables, on record."""

    def __call__(self, entry: Entry, work: Callable[[Connection], Done]) -> Done:
        """Write the entry and do the work, durably and in one transaction.

        Raises ``EvidenceUnavailable``, and whatever the work raises; then neither is done.
        """


class Recorder:
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
        self.act(entry, lambda _connection: None)

    def act(self, entry: Entry, work: Callable[[Connection], Done]) -> Done:
        """See ``Act``."""
        return self.together(entry, lambda connection, _place: work(connection))

    def together(
        self,
        entry: Entry,
        work: Callable[[Connection, str], Done],
        *,
        also: Sequence[Entry] = (),
    ) -> Done:
        """As ``act``, for work that must know where its record is (``chain:sequence``).

        The entries of ``also`` are written behind it, in the same transaction.
        """
        try:
            if not self._open:
                self._chain.open(self._connection, now=self._clock())
                self._open = True
            entries = [entry, *also]
            group = self._chain.prepare(self._connection, entries, now=self._clock())
            with writing(self._connection):
                self._chain.append(self._connection, group)
                place = f"{self._chain.chain_id}:{group.head.sequence - len(also)}"
                done = work(self._connection, place)
            self._chain.confirm()
            return done
        except (*FAILURES, ChainLost, MonthUnreadable) as trouble:
            raise EvidenceUnavailable(type(trouble).__name__) from None

    def end(self) -> None:
        """The last record of the chain, if it has a first."""
        if self._open:
            chain_id = self._chain.chain_id
            self.record(Entry(chain_id, self._clock(), "", Event.STOPPED, channel=""))


@contextmanager
def recorder(
    engine: Engine,
    keyring: Keyring,
    *,
    worker: str,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
) -> Iterator[Recorder]:
    """Gives the chain of one command, which begins with its first record."""
    try:
        connection = engine.connect()
    except FAILURES as trouble:
        raise EvidenceUnavailable(type(trouble).__name__) from None
    with connection:
        run = Recorder(connection, keyring, worker=worker, clock=clock, random_bytes=random_bytes)
        try:
            yield run
        except EvidenceUnavailable:
            raise
        except BaseException:
            # A command that was refused has ended too, and was not killed.
            with suppress(EvidenceUnavailable):
                run.end()
            raise
        run.end()
