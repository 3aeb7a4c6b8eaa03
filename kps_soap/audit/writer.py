"""Group commit: many requests, one durable transaction, one helper thread a worker.

``record`` adds an entry to what the event loop has gathered in its present round and waits.  At
the end of the round the thread gets all of it at once; while the thread commits, and rests from
it, the next rounds pile up behind it, so groups grow with the load.  When a group is durable, one
call wakes the loop, and the answers may leave (design D6).

When a commit fails, every request of the group gets ``EvidenceUnavailable`` and the chain stays
at its last durable head.  The thread tries again with the next group, and by itself every probe
interval, so ``healthy`` turns red without traffic and green again without a restart.  A request
that has waited for its deadline is refused; its record is still written only if its commit was
under way by then, which no program can take back.

Records are sealed in the thread, because a ciphertext is bound to its place in the chain.  The
writer asks no clock but the ones handed in, and logs a failure once, by its kind, never a value.
"""

import asyncio
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from sqlalchemy import Connection, Engine

from kps_soap.audit.alongside import Alongside, Beside, LockPolicy
from kps_soap.audit.chain import Chain, ChainLost
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.audit.log_copier import LogCopier
from kps_soap.audit.packing import Dictionary
from kps_soap.audit.receipts import ReceiptNumbers
from kps_soap.audit.resting import Rest
from kps_soap.audit.touching import touch
from kps_soap.audit.waiting import Clocks, Waiting, known_now
from kps_soap.database import FAILURES, WRITES, file_identity, writing
from kps_soap.entry import Entry, Event, Undone
from kps_soap.faults import EvidenceUnavailable

log = logging.getLogger("kps.evidence")

_RECORDS_PER_COMMIT_MAX: Final = 256

#: What went wrong where it was one entry's own fault.
_STRANGE_ENTRY: Final = "entry"

#: What can go wrong with a database, a disk, a key or a chain; anything else is a fault of ours
#: that concerns a single entry.
_TROUBLE: Final = (*FAILURES, ChainLost, MonthUnreadable)


class EvidenceWriter:
    """One worker's writer of evidence.

    ``deadline_seconds``: how long a request waits for its record.  ``waiting_max``: how many may
    wait; more are refused at once.  ``probe_seconds``: how often an idle writer tries to write.
    ``locks``: when wrong passwords shut an account.  ``besides`` write in its transactions too.
    ``rest``: how the thread rests between commits.  ``dictionary``: what answers are packed with.
    """

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        *,
        worker: str,
        receipts: ReceiptNumbers,
        clocks: Clocks,
        random_bytes: Callable[[int], bytes],
        deadline_seconds: float,
        waiting_max: int,
        probe_seconds: float = 2.0,
        locks: LockPolicy | None = None,
        besides: Sequence[Beside] = (),
        rest: Rest | None = None,
        dictionary: Dictionary | None = None,
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._worker = worker
        self._receipts = receipts
        self._clocks = clocks
        self._random_bytes = random_bytes
        self._deadline_seconds = deadline_seconds
        self._waiting_max = waiting_max
        self._probe_seconds = probe_seconds
        self._alongside = Alongside(engine.dialect, locks or LockPolicy(), besides)
        self._copier = LogCopier(engine)
        self._dictionary = dictionary
        # The loop's side.
        self._gathered: list[Waiting] = []
        self._deadlines: deque[Waiting] = deque()
        self._waiting = 0
        self._closing = False
        self._sweeping = False
        # The way to the thread; None ends it.
        self._inbox: SimpleQueue[list[Waiting] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="kps-evidence", daemon=True)
        self._rest = rest or Rest()
        # The thread's side.
        self._connection: Connection | None = None
        self._chain: Chain | None = None
        self._file: tuple[int, int] | None = None
        self._in_doubt = False
        self._working = False
        self._failure_told = False
        self._busy_since: float | None = None
        self._succeeded_at = clocks.monotonic()

    # In the event loop.

    async def start(self) -> None:
        """Start the thread and wait for its first attempt to open a chain.

        A database that is away does not stop the start: ``healthy`` says so, every request is
        refused, and the writer goes on trying.
        """
        self._loop = asyncio.get_running_loop()
        self._opened = asyncio.Event()
        self._ended = asyncio.Event()
        self._thread.start()
        await self._opened.wait()

    @property
    def healthy(self) -> bool:
        """Was the last attempt to write a success, and is none of them stuck?"""
        since = self._busy_since
        stuck = since is not None and self._clocks.monotonic() - since > self._probe_seconds
        return self._working and not stuck and not self._closing and self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """How many requests wait for their records at this moment."""
        return self._waiting

    @property
    def last_commit_seconds(self) -> float:
        """Seconds since writing worked, with records or without; an idle writer tries by itself."""
        return self._clocks.monotonic() - self._succeeded_at

    async def record(self, entry: Entry) -> None:
        """Return when the entry's record is durable.

        Raises ``EvidenceUnavailable`` where it cannot be written, or not in time.  An entry whose
        caller went away is written all the same: the question was asked.
        """
        if self._closing:
            raise EvidenceUnavailable("writer closed")
        if self._waiting >= self._waiting_max:
            raise EvidenceUnavailable("too many waiting")
        future: asyncio.Future[None] = self._loop.create_future()
        waiting = Waiting(entry, future, self._clocks.monotonic() + self._deadline_seconds)
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(waiting)
        self._waiting += 1
        self._deadlines.append(waiting)
        if not self._sweeping:
            self._sweep()
        await future

    async def close(self) -> None:
        """Write what waits, end the chain with a DURDURMA record, and stop the thread.

        A thread that is stuck in the database is left behind after the deadline.
        """
        self._closing = True
        self._hand_over()
        self._inbox.put(None)
        self._rest.end()
        try:
            await asyncio.wait_for(self._ended.wait(), self._deadline_seconds)
        except TimeoutError:
            log.error("the evidence writer did not stop in time")
        else:
            self._thread.join()

    def _hand_over(self) -> None:
        """Give the thread what this round of the loop has gathered."""
        if self._gathered:
            self._inbox.put(self._gathered)
            self._gathered = []
            self._rest.waited_for(self._waiting, now=self._clocks.monotonic())

    def _sweep(self) -> None:
        """Refuse the requests whose deadline has passed; runs only while some wait."""
        now, deadlines = self._clocks.monotonic(), self._deadlines
        while deadlines and (deadlines[0].future.done() or deadlines[0].deadline <= now):
            late = deadlines.popleft()
            if not late.future.done():
                late.withdrawn = True
                late.future.set_exception(EvidenceUnavailable("deadline"))
        self._sweeping = bool(deadlines)
        if deadlines:
            self._loop.call_later(self._deadline_seconds / 8, self._sweep)

    def _release(self, group: list[Waiting], failure: str, undone: Mapping[str, Exception]) -> None:
        """Wake the requests of a group: their records are durable, or they are refused.

        ``undone``: requests that have no record, and why their answers must not leave.
        """
        self._waiting -= len(group)
        for waiting in group:
            if waiting.future.done():
                continue
            if failure or waiting.withdrawn:
                waiting.future.set_exception(EvidenceUnavailable(failure or "deadline"))
            elif waiting.entry.request_id in undone:
                waiting.future.set_exception(undone[waiting.entry.request_id])
            else:
                waiting.future.set_result(None)

    def _tell_loop(self, tell: Callable[..., None], *what: object) -> None:
        # The loop is closed where a process ends without ``close``: nobody is left to be told.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell, *what)

    # In the thread.

    def _run(self) -> None:
        self._attempt([])
        self._tell_loop(self._opened.set)
        try:
            going_on = True
            while going_on:
                group, going_on = self._next_group()
                if group:
                    self._write_and_rest(group)
                elif going_on:
                    self._attempt([])
            self._stop()
        finally:
            self._tell_loop(self._ended.set)

    def _write_and_rest(self, group: list[Waiting]) -> None:
        self._rest.begin_work(now=self._clocks.monotonic())
        self._write(group)
        self._rest.take(now=self._clocks.monotonic())

    def _next_group(self) -> tuple[list[Waiting], bool]:
        """What waits now, or an empty group after the probe interval; False when it is the last."""
        group: list[Waiting] = []
        try:
            handed = self._inbox.get(timeout=self._probe_seconds / (1 if self._working else 2))
            while handed is not None:
                group += handed
                if len(group) >= _RECORDS_PER_COMMIT_MAX:
                    return group, True
                handed = self._inbox.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _write(self, group: list[Waiting]) -> None:
        """Make a group durable and release it, whatever happens."""
        now = self._clocks.monotonic()
        for waiting in group:
            waiting.withdrawn = waiting.withdrawn or waiting.deadline <= now
        present = [waiting for waiting in group if not waiting.withdrawn]
        failure, undone = "", dict[str, Exception]()
        while present:
            try:
                failure = self._attempt(present)
                break
            except Undone as some:
                # The rest is written without them; only then are the reasons true.
                undone = known_now(undone, some.reasons)
                present = [one for one in present if one.entry.request_id not in undone]
        if failure == _STRANGE_ENTRY and len(present) > 1:
            for waiting in group:
                self._write([waiting])
        else:
            self._tell_loop(self._release, group, failure, undone)

    def _attempt(self, present: list[Waiting]) -> str:
        """Commit once, nobody's entry to see whether it works; returns what went wrong, or ""."""
        self._busy_since = self._clocks.monotonic()
        try:
            self._commit(
                [waiting.entry for waiting in present],
                min((waiting.deadline for waiting in present), default=math.inf),
            )
        except _TROUBLE as trouble:
            self._failed(trouble)
            return type(trouble).__name__
        except Undone:
            self._in_doubt = True
            raise
        except Exception as surprise:
            if not present:
                self._failed(surprise)
                return type(surprise).__name__
            # One entry that cannot be made into a record must not take its group with it.
            self._in_doubt = True
            log.error("an entry cannot be recorded: %s", type(surprise).__name__)
            return _STRANGE_ENTRY
        finally:
            self._busy_since = None
        self._succeeded()
        return ""

    def _commit(self, entries: list[Entry], deadline: float) -> None:
        """One durable transaction: records, head, and a block of receipt numbers if wanted."""
        connection, chain = self._ready()
        group = chain.prepare(connection, entries, now=self._clocks.now())
        if not entries:
            chain.open_month(connection, now=self._clocks.now())
        block = None
        with writing(connection, patient=True):
            if entries:
                chain.append(connection, group)
                shut = self._alongside.write(connection, entries, now=self._clocks.now())
                if shut:
                    # Not prepared before: only the transaction knows what its counts shut.
                    now = self._clocks.now()
                    more = chain.prepare(connection, shut, now=now, after=group)
                    chain.append(connection, more)
            else:
                touch(connection, self._worker, now=self._clocks.now())
            if self._receipts.running_low:
                block = self._receipts.reserve(connection)
            if self._clocks.monotonic() > deadline:
                raise TimeoutError
        chain.confirm()
        self._copier.wrote(entries)
        if block is not None:
            self._receipts.grant(block)

    def _ready(self) -> tuple[Connection, Chain]:
        """A key file, a connection, and a chain whose durable head is known."""
        self._keyring.refresh()
        file = file_identity(self._engine)
        if file != self._file:
            self._disconnect()
            self._file, self._in_doubt = file, True
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**{WRITES: True})
        chain = self._chain
        if chain is not None and self._in_doubt:
            try:
                chain.resume(self._connection)
            except ChainLost:
                log.error("the evidence chain was changed by somebody else; a new one begins")
                chain = self._chain = None
        self._in_doubt = False
        if chain is None:
            chain = Chain(
                self._engine.dialect,
                self._keyring,
                worker=self._worker,
                random_bytes=self._random_bytes,
                dictionary=self._dictionary,
            )
            chain.open(self._connection, now=self._clocks.now())
            self._chain = chain
        return self._connection, chain

    def _failed(self, trouble: Exception) -> None:
        if not self._failure_told:
            log.error("evidence cannot be written: %s", type(trouble).__name__)
        self._failure_told = True
        self._working = False
        self._in_doubt = True
        self._disconnect()

    def _succeeded(self) -> None:
        if self._failure_told:
            log.warning("evidence is written again")
        self._failure_told = False
        self._working = True
        self._succeeded_at = self._clocks.monotonic()

    def _disconnect(self) -> None:
        """Let go of a connection that may be broken; the next attempt opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except _TROUBLE:
                log.debug("a broken connection could not be closed")

    def _stop(self) -> None:
        """The chain's last record, so that an end can be told from a kill."""
        if self._chain is not None:
            last = Entry(self._chain.chain_id, self._clocks.now(), "", Event.STOPPED, channel="")
            try:
                self._commit([last], math.inf)
            except _TROUBLE as trouble:
                self._failed(trouble)
        self._copier.stop()
        self._disconnect()
