"""A protected person is not asked about unseen, nor without a case number (§2.9)."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from misuse_samples import INSTITUTION, KEY, NOON, House, call, number
from sqlalchemy import Connection

from kps_soap import identity_number
from kps_soap.audit.appending import recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.faults import CaseNumberMissing
from kps_soap.lookups import Lookups
from kps_soap.misuse import findings, protected
from kps_soap.misuse.protected import Protected, ProtectedAlarms

VIP, SECOND, PLAIN = (number(stem) for stem in (123_456_789, 223_456_789, 323_456_789))


def digest(one: int) -> bytes:
    return identity_number.digest(one, key=KEY, context=protected.CONTEXT)


def change(house: House, work: Callable[[Connection], Any]) -> Any:
    with house.engine.connect() as connection, writing(connection):
        return work(connection)


def protect(house: House, *persons: int) -> None:
    def work(connection: Connection) -> list[bool]:
        return [protected.protect(connection, digest(one), now=NOON) for one in persons]

    assert change(house, work) == [True] * len(persons)


class Enquiry:
    """What the criteria stage gives: whom it is about, and who is on no roster."""

    def __init__(self, persons: Sequence[int]) -> None:
        self.persons = list(persons)
        self.unrelated = self._unrelated

    async def _unrelated(self, numbers: Sequence[int]) -> frozenset[int]:
        return frozenset({SECOND}) & frozenset(numbers)


class Worker:
    """One worker with its copy of the list and a clock of its own."""

    def __init__(self, house: House, lookups: Lookups, *, enabled: bool = True) -> None:
        self.house = house
        self.ticks = 0.0
        self.list = Protected(lookups, digest, monotonic=lambda: self.ticks, enabled=enabled)
        self.alarms = ProtectedAlarms(random_bytes=secrets.token_bytes)

    async def ask(self, entry: Entry) -> Enquiry:
        async def stage(exchange: Any, *_: Any) -> Enquiry:
            return Enquiry(exchange.entry.persons)

        exchange = SimpleNamespace(entry=entry, enquiry=None)
        found: Enquiry = await self.list.after(stage)(exchange, None, None, None)
        return found

    async def record(self, entry: Entry) -> list[Entry]:
        """The record, with what came of it in its transaction."""
        more: list[Entry] = []

        async def write(one: Entry) -> None:
            def work(connection: Connection) -> None:
                more.extend(self.alarms.note(connection, [one], now=NOON))

            with recorder(
                self.house.engine,
                Keyring(FileKey.of(KEY)),
                worker="w",
                clock=self.house.now,
                random_bytes=secrets.token_bytes,
            ) as run:
                run.act(one, work)

        await self.list.recorded_by(write)(entry)
        return more


def with_worker(
    house: House, work: Callable[[Worker], Awaitable[None]], *, enabled: bool = True
) -> None:
    async def run() -> None:
        url = house.engine.url.render_as_string(hide_password=False)
        lookups = Lookups(url, seconds_max=5)
        try:
            await work(Worker(house, lookups, enabled=enabled))
        finally:
            await lookups.close()

    asyncio.run(run())


def test_the_list_holds_digests_and_says_only_how_many(any_house: House) -> None:
    protect(any_house, VIP, SECOND)
    assert not change(any_house, lambda at: protected.protect(at, digest(VIP), now=NOON))
    assert change(any_house, protected.count) == 2
    assert change(any_house, lambda at: protected.unprotect(at, digest(VIP)))
    assert not change(any_house, lambda at: protected.unprotect(at, digest(VIP)))
    assert change(any_house, protected.count) == 1


def test_without_a_case_number_the_call_is_refused_and_is_an_alarm(
    any_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    protect(any_house, VIP)

    async def work(worker: Worker) -> None:
        entry = call(VIP, PLAIN)
        with pytest.raises(CaseNumberMissing) as raised:
            await worker.ask(entry)
        assert raised.value.code == 203
        entry.event = Event.REFUSAL
        (alarm,) = await worker.record(entry)
        assert (alarm.event, alarm.persons, alarm.institution) == (
            Event.ALARM,
            [VIP],
            INSTITUTION,
        )
        assert str(VIP) not in alarm.detail

    with caplog.at_level(logging.WARNING, "kps.misuse"):
        with_worker(any_house, work)
    (one,) = change(any_house, findings.newest)
    assert (one.rule, one.measured, one.inquirer) == ("KORUNAN", 1, "U-1")
    assert one.summary == "1 protected person met, the call was refused"
    (line,) = caplog.messages
    assert line == f"KORUNAN: finding {one.finding_id}, institution {INSTITUTION}"


def test_with_a_case_number_the_call_is_answered_and_is_an_alarm(house: House) -> None:
    protect(house, VIP, SECOND)

    async def work(worker: Worker) -> None:
        entry = call(VIP, SECOND, case_number="E-17")
        enquiry = await worker.ask(entry)
        assert await enquiry.unrelated([VIP]) == frozenset()
        assert len(await worker.record(entry)) == 1

    with_worker(house, work)
    (one,) = change(house, findings.newest)
    assert one.summary == "2 protected persons met, the call was answered"


def test_a_search_does_not_show_a_protected_person_and_is_an_alarm(house: House) -> None:
    protect(house, VIP)

    async def work(worker: Worker) -> None:
        entry = call()
        enquiry = await worker.ask(entry)
        assert await enquiry.unrelated([VIP, SECOND, PLAIN]) == {VIP, SECOND}
        (alarm,) = await worker.record(entry)
        assert alarm.persons == [VIP]

    with_worker(house, work)


def test_a_relative_who_is_shown_is_an_alarm_too(house: House) -> None:
    protect(house, VIP)

    async def work(worker: Worker) -> None:
        entry = call(PLAIN)
        await worker.ask(entry)
        entry.persons.append(VIP)
        (alarm,) = await worker.record(entry)
        assert alarm.persons == [VIP]

    with_worker(house, work)


def test_other_people_raise_no_alarm(house: House) -> None:
    protect(house, VIP)

    async def work(worker: Worker) -> None:
        entry = call(PLAIN)
        await worker.ask(entry)
        assert await worker.record(entry) == []

    with_worker(house, work)
    assert change(house, findings.newest) == []


def test_the_public_door_answers_and_is_an_alarm(house: House) -> None:
    protect(house, VIP)

    async def work(worker: Worker) -> None:
        entry = call(VIP, institution="", agreement="acik-dogrulama.toml")
        await worker.ask(entry)
        (alarm,) = await worker.record(entry)
        assert alarm.agreement == ""

    with_worker(house, work)


def test_a_change_of_the_list_is_seen_within_a_second(any_house: House) -> None:
    async def work(worker: Worker) -> None:
        await worker.ask(call(VIP))
        protect(any_house, VIP)
        worker.ticks = 0.9
        await worker.ask(call(VIP))
        worker.ticks = 1.0
        with pytest.raises(CaseNumberMissing):
            await worker.ask(call(VIP))
        change(any_house, lambda at: protected.unprotect(at, digest(VIP)))
        worker.ticks = 2.1
        await worker.ask(call(VIP))

    with_worker(any_house, work)


def test_a_rule_that_is_off_protects_nobody(house: House) -> None:
    protect(house, VIP)

    async def work(worker: Worker) -> None:
        await worker.ask(call(VIP))

    with_worker(house, work, enabled=False)
