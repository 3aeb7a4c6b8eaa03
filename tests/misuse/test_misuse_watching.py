"""Workers write down what they saw, one of them applies the rules, and trouble is told once."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from misuse_samples import INSTITUTION, KEY, NOON, SHIPPED, House, call, each, number, scattered
from sqlalchemy import func, insert, select

from kps_soap.asked_counts import DayKeys
from kps_soap.database import writing
from kps_soap.misuse import findings, tallies, watching
from kps_soap.misuse.observing import Observer
from kps_soap.misuse.watching import Watching, examine, surnames
from kps_soap.misuse_models import misuse_findings, misuse_tallies
from kps_soap.people_models import people

IN_A_ROW = [number(345_678_901 + step) for step in range(40)]


def watcher(house: House, observer: Observer, name: str = "a") -> Watching:
    keys = DayKeys(house.engine.dialect, KEY, random_bytes=secrets.token_bytes)
    return Watching(
        house.engine,
        observer,
        house.alarms,
        thresholds=SHIPPED,
        keys=keys,
        worker=name,
        clock=house.now,
    )


def counts(house: House) -> tuple[int, int]:
    with house.engine.connect() as connection:
        return tuple(  # type: ignore[return-value]
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (misuse_tallies, misuse_findings)
        )


def person_row(person_id: str, name: str, **more: Any) -> dict[str, Any]:
    """A row of ``people`` with nothing in it that this test does not need."""
    empty: dict[str, Any] = {
        column.name: b"" if "Binary" in type(column.type).__name__ else 0
        for column in people.columns
        if not column.nullable
    }
    text = {column.name: "" for column in people.columns if type(column.type).__name__ in _TEXTS}
    given = {"person_id": person_id, "name": name, "institution": INSTITUTION, **more}
    return {**empty, **{key: text[key] for key in text if key in empty}, **given}


_TEXTS = {"String", "Text"}


def together(house: House, work: Callable[[Watching, Watching], Awaitable[None]]) -> None:
    async def run() -> None:
        one, other = Observer(), Observer()
        for place, entry in enumerate(each(IN_A_ROW)):
            (one, other)[place % 2].see(entry)
        watchers = watcher(house, one), watcher(house, other, "b")
        try:
            await work(*watchers)
        finally:
            for each_one in watchers:
                await each_one.close()

    asyncio.run(run())


def test_one_worker_applies_the_rules_to_what_all_of_them_saw(house: House) -> None:
    async def work(one: Watching, other: Watching) -> None:
        await one.turn()
        assert counts(house) == (1, 1)
        await other.turn()
        assert counts(house) == (2, 1)
        house.present += timedelta(minutes=1)
        await other.turn()
        assert counts(house) == (2, 1)

    together(house, work)
    with house.engine.connect() as connection:
        (one,) = findings.newest(connection)
    assert (one.rule, one.institution) == ("ARDISIK", INSTITUTION)


def test_what_was_seen_last_is_written_when_a_worker_stops(house: House) -> None:
    async def work(one: Watching, _: Watching) -> None:
        one.start()
        await one.close()
        assert counts(house)[0] == 1

    together(house, work)
    assert counts(house)[0] == 2


def test_a_database_that_is_away_loses_nothing_and_is_told_once(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(one: Watching, _: Watching) -> None:
        real = tallies.write

        def away(*_: Any, **__: Any) -> None:
            raise OSError

        monkeypatch.setattr(tallies, "write", away)
        await one.turn()
        one._observer.see(call(*scattered(1)))
        await one.turn()
        assert counts(house) == (0, 0)
        monkeypatch.setattr(tallies, "write", real)
        await one.turn()

    with caplog.at_level(logging.WARNING, "kps.misuse"):
        together(house, work)
    assert counts(house) == (2, 1)
    assert [text for text in caplog.messages if "misuse is" in text] == [
        "misuse is not looked for: OSError",
        "misuse is looked for again",
    ]


def test_a_surprise_does_not_end_the_looking(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(one: Watching, _: Watching) -> None:
        def strange(*_: Any, **__: Any) -> None:
            raise KeyError("x")

        with monkeypatch.context() as patch:
            patch.setattr(watching, "surnames", strange)
            await one.turn()
        await one.turn()

    with caplog.at_level(logging.WARNING, "kps.misuse"):
        together(house, work)
    assert "misuse is not looked for: an unforeseen KeyError" in caplog.messages
    assert counts(house) == (2, 1)


def test_the_surnames_of_registered_inquirers_are_known_to_the_eyes(house: House) -> None:
    rows = [
        person_row("u-1", "AYŞE NUR KAYA", inquirer="U-1"),
        person_row("u-2", "MEHMET ÇELİK", inquirer=""),
        person_row("centre", "ALİ DEMİR", institution=""),
    ]
    with house.engine.connect() as connection, writing(connection):
        connection.execute(insert(people), rows)
    with house.engine.connect() as connection:
        known: Mapping[tuple[str, str], str] = surnames(connection)
    assert known == {(INSTITUTION, "U-1"): "KAYA", (INSTITUTION, "u-2"): "ÇELİK"}

    async def work(one: Watching, _: Watching) -> None:
        await one.turn()
        about_a_namesake = call(*scattered(1), answer=b"<a:Soyad>KAYA</a:Soyad>")
        one._observer.see(about_a_namesake)
        (tally,) = one._observer.drain().tallies
        assert tally.namesakes == 1

    together(house, work)


def test_the_rules_can_be_applied_at_once(house: House) -> None:
    assert examine(house.engine, house.alarms, SHIPPED) == []
    assert house.present == NOON
