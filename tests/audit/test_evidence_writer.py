"""Group commit: durable before it is acknowledged, refused when it cannot be, and back again."""

import asyncio
import logging
import os
import shutil
import sqlite3
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from evidence_samples import (
    NOW,
    Ahead,
    Evidence,
    entry,
    locked,
    opened,
    until,
    writer_of,
    writing_to,
)
from sqlalchemy import create_engine, event, func, select, text, update
from sqlalchemy.engine import make_url

from kps_soap import database
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.audit.receipts import ReceiptNumbers
from kps_soap.audit.resting import Rest
from kps_soap.audit.verification import verify
from kps_soap.audit.waiting import Clocks
from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable
from kps_soap.models import evidence as evidence_table
from kps_soap.models import evidence_chains, writer_probes


def sqlite_file(url: str) -> Path:
    return Path(make_url(url).database or "")


def test_a_record_is_durable_before_its_request_goes_on(database_url: str) -> None:
    counted: list[int] = []

    async def run() -> None:
        one = entry()
        here = select(func.count()).where(evidence_table.c.request_id == one.request_id)

        def look(_task: object) -> None:
            second = create_engine(database_url)
            with second.connect() as connection:
                counted.append(connection.execute(here).scalar_one())
            second.dispose()

        async with writing_to(evidence) as writer:
            task = asyncio.create_task(writer.record(one))
            task.add_done_callback(look)
            await task
            await asyncio.sleep(0)

    with opened(database_url) as evidence:
        asyncio.run(run())
    assert counted == [1]


def test_many_requests_at_once_share_few_transactions(database_url: str) -> None:
    async def run() -> None:
        async with writing_to(evidence) as writer:
            await asyncio.gather(*(writer.record(entry()) for _ in range(600)))

    with opened(database_url) as evidence:
        asyncio.run(run())
        rows = evidence.rows()
        assert [row.event for row in rows] == (
            [Event.STARTED.value] + [Event.QUERY.value] * 600 + [Event.STOPPED.value]
        )
        assert verify(evidence.url, evidence.keyring).ok


def test_while_others_are_on_their_way_the_thread_rests_and_records_share_a_commit(
    database_url: str,
) -> None:
    # A rest that only the end of the writer cuts short.
    rest = Rest(lambda: 100, factor=1e9, seconds_max=600.0, within_seconds=600.0)
    commits: list[object] = []

    async def run() -> None:
        async with writing_to(evidence, deadline_seconds=60.0, rest=rest) as writer:
            await writer.record(entry())
            before = len(commits)
            later = []
            for _ in range(5):
                later.append(asyncio.create_task(writer.record(entry())))
                await asyncio.sleep(0.01)
            assert (writer.waiting, len(commits)) == (5, before)
            await writer.close()
            await asyncio.gather(*later)
            # One for the five, one for the record of the end.
            assert len(commits) == before + 2

    with opened(database_url) as evidence:
        event.listen(evidence.engine, "commit", commits.append)
        asyncio.run(run())
        assert evidence.count() == 8


def test_where_nobody_else_is_on_the_way_a_record_waits_for_no_rest(database_url: str) -> None:
    in_flight = [2]
    rest = Rest(lambda: in_flight[0], factor=1e9, seconds_max=600.0, within_seconds=600.0)

    async def run() -> None:
        async with writing_to(evidence, deadline_seconds=60.0, rest=rest) as writer:
            await writer.record(entry())
            first = asyncio.create_task(writer.record(entry()))
            await asyncio.sleep(0.05)
            assert not first.done()
            await asyncio.gather(first, writer.record(entry()))
            in_flight[0] = 1
            for _ in range(3):
                await writer.record(entry())

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert evidence.count() == 8


def test_every_start_opens_a_chain_of_its_own(database_url: str) -> None:
    async def run() -> None:
        async with writing_to(evidence) as writer:
            await writer.record(entry())

    with opened(database_url) as evidence:
        for _ in range(3):
            asyncio.run(run())
        assert evidence.count(evidence_chains) == 3
        assert verify(evidence.url, evidence.keyring).ok


def test_a_locked_database_refuses_and_then_recovers_by_itself(database_url: str) -> None:
    async def run() -> None:
        async with writing_to(evidence) as writer:
            await writer.record(entry())
            await until(lambda: writer.healthy)
            with locked(evidence.url):
                with pytest.raises(EvidenceUnavailable, match="EvidenceUnavailable"):
                    await writer.record(entry())
                await until(lambda: not writer.healthy)
            await until(lambda: writer.healthy)
            await writer.record(entry())

    with opened(database_url, lock_seconds_max=0.1) as evidence:
        asyncio.run(run())
        assert evidence.count() == 4
        assert verify(evidence.url, evidence.keyring).ok


def test_a_failure_is_told_once_and_without_a_value(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with writing_to(evidence) as writer:
            with locked(evidence.url):
                for _ in range(5):
                    with pytest.raises(EvidenceUnavailable):
                        await writer.record(entry())
            await until(lambda: writer.healthy)

    with opened(database_url, lock_seconds_max=0.05) as evidence, caplog.at_level(logging.INFO):
        asyncio.run(run())
    told = [record.getMessage() for record in caplog.records if record.name == "kps.evidence"]
    assert len(told) == 2
    assert told[0].startswith("evidence cannot be written: ")
    assert told[1] == "evidence is written again"
    assert "KRM" not in "".join(told)


def test_a_database_that_is_away_at_the_start_stops_nobody(database_url: str) -> None:
    async def run() -> None:
        with locked(evidence.url):
            writer = writer_of(evidence)
            await writer.start()
            assert not writer.healthy
            with pytest.raises(EvidenceUnavailable):
                await writer.record(entry())
        await until(lambda: writer.healthy)
        await writer.record(entry())
        await writer.close()

    with opened(database_url, lock_seconds_max=0.1) as evidence:
        asyncio.run(run())
        assert verify(evidence.url, evidence.keyring).ok


def test_an_idle_writer_notices_that_writing_fails(database_url: str) -> None:
    async def run() -> None:
        async with writing_to(evidence) as writer:
            await until(lambda: writer.healthy)
            with locked(evidence.url):
                await until(lambda: not writer.healthy)
            await until(lambda: writer.healthy)

    with opened(database_url, lock_seconds_max=0.05) as evidence:
        asyncio.run(run())
        assert evidence.count(writer_probes) == 1


def test_a_connection_that_the_server_ended_is_replaced(postgresql_url: str) -> None:
    name = f"killed_{os.getpid()}"
    maintenance = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(postgresql_url).set(database=name).render_as_string(hide_password=False)
    end_all = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name"
    )

    async def run() -> None:
        async with writing_to(evidence, probe_seconds=60) as writer:
            await writer.record(entry())
            with maintenance.connect() as connection:
                assert connection.execute(end_all, {"name": name}).scalar_one() >= 1
            with pytest.raises(EvidenceUnavailable):
                await writer.record(entry())
            await writer.record(entry())

    database.upgrade(url)
    with opened(url) as evidence:
        asyncio.run(run())
        assert verify(evidence.url, evidence.keyring).ok
        assert len({row.chain_id for row in evidence.rows()}) == 1
    with maintenance.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    maintenance.dispose()


def test_a_full_disk_gives_no_answer_and_space_gives_answers_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'full.sqlite'}"

    async def run() -> None:
        written = 0
        async with writing_to(evidence) as writer:
            driver = writer._connection.connection.driver_connection  # type: ignore[union-attr]
            pages = driver.execute("PRAGMA page_count").fetchone()[0]
            driver.execute(f"PRAGMA max_page_count={pages + 40}")
            with pytest.raises(EvidenceUnavailable):
                while True:
                    await writer.record(entry(answer=os.urandom(4_000)))
                    written += 1
            assert 0 < written < 100
            # The limit went with the connection: there is space again.
            await until(lambda: writer.healthy)
            await writer.record(entry())
        rows = [row for row in evidence.rows() if row.event == Event.QUERY.value]
        assert len(rows) == written + 1

    with opened(url) as evidence:
        asyncio.run(run())
        assert verify(evidence.url, evidence.keyring).ok


def test_a_database_file_that_was_deleted_or_replaced_is_noticed(tmp_path: Path) -> None:
    """Whoever has a deleted file open can go on writing into it: into nowhere."""
    path = tmp_path / "evidence.sqlite"
    url = f"sqlite:///{path}"

    async def run() -> None:
        async with writing_to(evidence, probe_seconds=60) as writer:
            await writer.record(entry())
            yesterday = tmp_path / "yesterday.sqlite"
            source = sqlite3.connect(path)
            copy = sqlite3.connect(yesterday)
            source.backup(copy)
            source.close()
            copy.close()
            await writer.record(entry())
            path.rename(tmp_path / "away.sqlite")
            with pytest.raises(EvidenceUnavailable, match="EvidenceUnavailable") as refused:
                await writer.record(entry())
            assert refused.value.detail == "FileNotFoundError"
            for end in ("-wal", "-shm"):
                Path(f"{path}{end}").unlink(missing_ok=True)
            shutil.copy(yesterday, path)
            await writer.record(entry())

    with opened(url) as evidence:
        asyncio.run(run())
        # The restored copy knows two records of the old chain; what follows is a new chain.
        assert evidence.count(evidence_chains) == 2
        assert verify(evidence.url, evidence.keyring).ok


def test_a_writer_with_another_key_file_writes_nothing(database_url: str) -> None:
    async def run() -> None:
        other = Evidence(evidence.url, evidence.engine, Keyring(FileKey.of(bytes(32))))
        async with writing_to(other) as writer:
            assert not writer.healthy
            with pytest.raises(EvidenceUnavailable) as refused:
                await writer.record(entry())
            assert refused.value.detail == "MonthUnreadable"

    with opened(database_url) as evidence:
        evidence.write([])
        asyncio.run(run())
        assert evidence.count() == 1


def test_an_entry_that_cannot_be_recorded_fails_alone(database_url: str) -> None:
    async def run() -> list[BaseException | None]:
        async with writing_to(evidence) as writer:
            strange = entry(received_at=datetime(2026, 1, 1))
            calls = [writer.record(one) for one in (entry(), strange, entry())]
            return await asyncio.gather(*calls, return_exceptions=True)

    with opened(database_url) as evidence:
        first, strange, last = asyncio.run(run())
        assert (first, last) == (None, None)
        assert isinstance(strange, EvidenceUnavailable)
        assert evidence.count() == 4
        assert verify(evidence.url, evidence.keyring).ok


def test_an_unforeseen_failure_of_an_idle_writer_makes_it_unhealthy(database_url: str) -> None:
    broken = threading.Event()

    def random_bytes(count: int) -> bytes:
        if broken.is_set():
            raise LookupError
        return os.urandom(count)

    async def run() -> None:
        broken.set()
        async with writing_to(evidence, random_bytes=random_bytes) as writer:
            assert not writer.healthy
            broken.clear()
            await until(lambda: writer.healthy)

    with opened(database_url) as evidence:
        asyncio.run(run())


def test_more_requests_than_may_wait_are_refused_at_once(database_url: str) -> None:
    async def run() -> int:
        async with writing_to(evidence, waiting_max=10) as writer:
            calls = [writer.record(entry()) for _ in range(25)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [one.detail for one in outcomes if isinstance(one, EvidenceUnavailable)] == (
            ["too many waiting"] * 15
        )
        return outcomes.count(None)

    with opened(database_url) as evidence:
        assert asyncio.run(run()) == 10


class _SlowRandomness:
    """Holds the writer's thread up until it is let go: a database that hangs."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.let_go.set()

    def __call__(self, count: int) -> bytes:
        self.let_go.wait()
        return os.urandom(count)


def test_a_request_waits_no_longer_than_its_deadline(database_url: str) -> None:
    slow, ahead = _SlowRandomness(), Ahead()

    async def run() -> None:
        clocks = Clocks(now=lambda: NOW, monotonic=ahead)
        async with writing_to(
            evidence, random_bytes=slow, deadline_seconds=8, waiting_max=3, clocks=clocks
        ) as writer:
            slow.let_go.clear()
            calls = [asyncio.create_task(writer.record(entry())) for _ in range(2)]
            await asyncio.sleep(0.01)
            calls.append(asyncio.create_task(writer.record(entry())))
            await asyncio.sleep(0.01)
            ahead.put_forward(20)
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert [one.detail for one in outcomes if isinstance(one, EvidenceUnavailable)] == (
                ["deadline"] * 3
            )
            assert not writer.healthy
            # The thread still holds all three: nobody else may queue up behind it.
            with pytest.raises(EvidenceUnavailable) as refused:
                await writer.record(entry())
            assert refused.value.detail == "too many waiting"
            slow.let_go.set()
            await until(lambda: writer.healthy)
            await writer.record(entry())

    with opened(database_url) as evidence:
        asyncio.run(run())
        # Too late for its request is too late for the record too.
        events = [row.event for row in evidence.rows()]
        assert events.count(Event.QUERY.value) == 1
        assert verify(evidence.url, evidence.keyring).ok


def test_a_request_whose_caller_went_away_is_recorded_all_the_same(database_url: str) -> None:
    slow = _SlowRandomness()

    async def run() -> None:
        async with writing_to(evidence, random_bytes=slow) as writer:
            slow.let_go.clear()
            call = asyncio.create_task(writer.record(entry()))
            await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            slow.let_go.set()

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert evidence.count() == 3


def test_closing_writes_what_waits_and_refuses_what_comes(database_url: str) -> None:
    async def run() -> None:
        writer = writer_of(evidence)
        await writer.start()
        calls = [asyncio.create_task(writer.record(entry())) for _ in range(20)]
        await asyncio.sleep(0)
        await writer.close()
        await asyncio.gather(*calls)
        assert not writer.healthy
        with pytest.raises(EvidenceUnavailable):
            await writer.record(entry())

    with opened(database_url) as evidence:
        asyncio.run(run())
        rows = evidence.rows()
        assert len(rows) == 22
        assert rows[-1].event == Event.STOPPED.value


def test_a_thread_that_hangs_does_not_hold_up_the_end(database_url: str) -> None:
    slow = _SlowRandomness()

    async def run() -> threading.Thread:
        writer = writer_of(evidence, random_bytes=slow, deadline_seconds=0.1)
        await writer.start()
        slow.let_go.clear()
        with pytest.raises(EvidenceUnavailable):
            await writer.record(entry())
        await writer.close()
        return writer._thread

    with opened(database_url) as evidence:
        left_behind = asyncio.run(run())
        slow.let_go.set()
        left_behind.join(timeout=60)
        assert not left_behind.is_alive()


def test_an_end_without_a_database_leaves_quietly(database_url: str) -> None:
    async def run() -> None:
        writer = writer_of(evidence)
        await writer.start()
        with locked(evidence.url):
            await writer.close()
        assert not writer.healthy

    with opened(database_url, lock_seconds_max=0.05) as evidence:
        asyncio.run(run())
        assert evidence.count() == 1


def test_a_chain_that_somebody_else_continued_is_left_for_a_new_one(database_url: str) -> None:
    async def run() -> None:
        async with writing_to(evidence, probe_seconds=60) as writer:
            await writer.record(entry())
            evidence.run(update(evidence_chains).values(head_hash=b"x"))
            with pytest.raises(EvidenceUnavailable) as refused:
                await writer.record(entry())
            assert refused.value.detail == "ChainLost"
            await writer.record(entry())

    with opened(database_url) as evidence:
        asyncio.run(run())
        assert evidence.count(evidence_chains) == 2
        assert not verify(evidence.url, evidence.keyring).ok


def test_times_are_those_of_the_entries_and_a_clock_set_back_does_no_harm(
    database_url: str,
) -> None:
    moments = [datetime(2026, month, 1, tzinfo=NOW.tzinfo) for month in (11, 10, 12, 11)]

    async def run() -> None:
        clocks = Clocks(now=lambda: NOW, monotonic=time.monotonic)
        async with writing_to(evidence, clocks=clocks) as writer:
            for moment in moments:
                await writer.record(entry(received_at=moment))

    with opened(database_url) as evidence:
        asyncio.run(run())
        rows = [row for row in evidence.rows() if row.event == Event.QUERY.value]
        assert [row.month for row in rows] == ["2026-11", "2026-10", "2026-12", "2026-11"]
        assert verify(evidence.url, evidence.keyring).ok


def test_two_writers_share_one_database(database_url: str) -> None:
    numbers: list[str] = []

    def life(worker: str) -> None:
        async def run() -> None:
            receipts = ReceiptNumbers(block_size=16)
            with opened(database_url) as mine:
                async with writing_to(mine, worker=worker, receipts=receipts) as writer:
                    for _ in range(30):
                        entries: list[Entry] = []
                        for _ in range(4):
                            numbers.append(await receipts.number("A", NOW))
                            entries.append(entry(receipt_number=numbers[-1]))
                        await asyncio.gather(*(writer.record(one) for one in entries))

        asyncio.run(run())

    with opened(database_url) as evidence:
        threads = [threading.Thread(target=life, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert evidence.count() == 2 * (1 + 120 + 1)
        assert len(set(numbers)) == len(numbers) == 240
        report = verify(evidence.url, evidence.keyring)
    assert report.ok
    assert report.chains == 2
