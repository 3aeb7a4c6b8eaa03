"""The small parts: attempts, figures on pages, sessions, acts, and the message of a query."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import create_engine

from kps_soap.console import rendering, sessions
from kps_soap.console.acts import Acts
from kps_soap.console.attempts import Attempts, Turns
from kps_soap.console.query_door import message_of
from kps_soap.console.sessions import Lives, Step
from kps_soap.console_models import console_sessions
from kps_soap.entry import Entry
from kps_soap.envelopes import Limits, Reader, open_envelope, read_media
from kps_soap.faults import EvidenceUnavailable, Overloaded
from kps_soap.model_metadata import METADATA

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIVES = Lives(timedelta(minutes=15), timedelta(hours=8))


class Time:
    """A clock that the tests set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_attempts_are_counted_by_source_and_forgotten_with_time() -> None:
    time = Time()
    attempts = Attempts(clock=time, most=2, seconds=60)
    attempts.failed("203.0.113.1")
    assert attempts.seconds_to_wait("203.0.113.1") == 0
    time.now = 10
    attempts.failed("203.0.113.1")
    assert attempts.seconds_to_wait("203.0.113.1") == 50
    assert attempts.seconds_to_wait("203.0.113.2") == 0
    time.now = 61
    assert attempts.seconds_to_wait("203.0.113.1") == 0


def test_of_too_many_sources_the_idle_one_is_forgotten() -> None:
    attempts = Attempts(clock=Time(), most=1, seconds=60)
    for number in range(10_001):
        attempts.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert attempts.seconds_to_wait("10.0.0.0") == 0
    assert attempts.seconds_to_wait("10.0.0.1") == 60


def test_comparisons_wait_for_their_turn_and_too_many_are_sent_away() -> None:
    async def main() -> None:
        turns, done = Turns(1, waiting_max=1), threading.Event()
        first = asyncio.create_task(turns.run(done.wait))
        second = asyncio.create_task(turns.run(lambda: 2))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await turns.run(lambda: 3)
        done.set()
        assert await first
        assert await second == 2
        assert await turns.run(lambda: 4) == 4
        turns.close()

    asyncio.run(main())


def test_figures_are_written_as_an_office_reads_them() -> None:
    assert rendering.moment(NOW) == "22.11.2026 12:00"
    assert rendering.moment(NOW.replace(tzinfo=None)) == "22.11.2026 12:00"
    assert rendering.moment(None) == rendering.day(None) == "–"
    assert rendering.day(date(2026, 1, 2)) == "02.01.2026"
    assert rendering.whole(1234567) == "1.234.567"
    assert rendering.kurus(30_000) == "3,00 TL"
    assert rendering.kurus(12_345_678) == "1.234,5678 TL"
    assert rendering.kurus(-300) == "-0,03 TL"


def test_a_session_is_known_by_its_cookie_until_it_ends() -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine, tables=[console_sessions])
    with engine.connect() as connection:

        def begin(cookie: str, at: datetime) -> None:
            sessions.begin(
                connection,
                cookie,
                "ayse",
                7,
                Step.OPEN,
                now=at,
                lives=LIVES,
                source_address="203.0.113.1",
            )

        begin("a", NOW)
        found = sessions.find(connection, "a", now=NOW, lives=LIVES)
        assert found is not None
        assert (found.person_id, found.person_stamp, found.step) == ("ayse", 7, Step.OPEN)
        assert sessions.find(connection, "b", now=NOW, lives=LIVES) is None
        assert sessions.count(connection, now=NOW, lives=LIVES) == 1
        assert not sessions.is_due(found, now=NOW + timedelta(seconds=29))
        assert sessions.is_due(found, now=NOW + timedelta(seconds=30))
        later = NOW + timedelta(minutes=15)
        assert sessions.find(connection, "a", now=later, lives=LIVES) is None
        # Whoever signs in next sweeps away what has ended.
        begin("c", later)
        assert sessions.end_all(connection, "ayse") == 1
        begin("d", later)
        known = sessions.find(connection, "d", now=later, lives=LIVES)
        assert known is not None
        sessions.end(connection, known)
        assert sessions.find(connection, "d", now=later, lives=LIVES) is None
    engine.dispose()


class FakeRecorder:
    """Does the work, or fails."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.fails = False

    def act(self, entry: Entry, work: Any) -> Any:
        if self.fails:
            raise EvidenceUnavailable("disk")
        self.told.append(entry.detail)
        return work(None)


def test_acts_share_a_chain_until_it_fails_and_then_begin_another() -> None:
    told: list[str] = []
    opened: list[FakeRecorder] = []

    @contextmanager
    def recording() -> Iterator[Any]:
        opened.append(FakeRecorder(told))
        told.append("open")
        yield opened[-1]
        told.append("end")

    def entry(about: str) -> Entry:
        return Entry("r", NOW, "console", detail=about)

    async def main() -> None:
        acts = Acts(recording)
        assert await acts.do(entry("one"), lambda _: 1) == 1
        assert await acts.do(entry("two"), lambda _: 2) == 2
        with pytest.raises(KeyError):
            await acts.do(entry("three"), lambda _: {}["x"])
        opened[0].fails = True
        with pytest.raises(EvidenceUnavailable):
            await acts.do(entry("four"), lambda _: 4)
        assert await acts.do(entry("five"), lambda _: 5) == 5
        await acts.close()

    asyncio.run(main())
    assert told == ["open", "one", "two", "three", "end", "open", "five", "end"]


def test_a_console_without_acts_leaves_no_chain() -> None:
    async def main() -> None:
        await Acts(lambda: pytest.fail("opened")).close()

    asyncio.run(main())


def test_the_message_of_a_query_is_one_of_the_direct_door() -> None:
    payload = etree.Element("{urn:x}Sorgula")
    message = message_of(payload, inquirer="A-1", purpose="EMLAK_BEYAN", case_number="")
    root = Reader(Limits()).read(message, read_media("text/xml; charset=utf-8"))
    envelope = open_envelope(root, understood=())
    assert envelope.unverified_payload.tag == "{urn:x}Sorgula"
    text = message.decode()
    assert "A-1" in text
    assert "AmacKodu" in text
    assert "IslemNo" not in text
