"""Person relation: which persons stand on an institution's roster, by keyed digest."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, delete, select

from kps_soap import database, identity_number, roster_deposits, rosters
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.lookups import Lookups
from kps_soap.misuse_models import roster_counts, roster_states
from kps_soap.models import roster_entries
from kps_soap.roster_deposits import Action, Deposit, RosterCounts
from kps_soap.rosters import Rosters, Trials

KEY = b"k" * 32
FIRST, SECOND, THIRD = (
    identity_number.make_disjoint(stem) for stem in (123_456_789, 223_456_789, 323_456_789)
)
MUNICIPALITY, BANK = "B-34-0417", "B-35-0001"
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def digest(number: int) -> bytes:
    return identity_number.digest(number, key=KEY, context="roster")


def missing(url: str, institution: str, numbers: Sequence[int]) -> frozenset[int]:
    async def ask() -> frozenset[int]:
        lookups = Lookups(url, seconds_max=5)
        try:
            return await Rosters(lookups, digest).missing(institution, numbers)
        finally:
            await lookups.close()

    return asyncio.run(ask())


def replace(engine: Engine, institution: str, digests: Sequence[bytes]) -> int:
    with engine.connect() as connection, writing(connection):
        return roster_deposits.replace(connection, institution, digests, now=NOW)


def test_whoever_is_not_on_the_roster_is_missing(engine: Engine, url: str) -> None:
    assert replace(engine, MUNICIPALITY, [digest(FIRST), digest(SECOND)]) == 2
    assert missing(url, MUNICIPALITY, [FIRST, THIRD, SECOND, THIRD]) == {THIRD}
    assert missing(url, MUNICIPALITY, [FIRST, SECOND]) == frozenset()
    assert missing(url, MUNICIPALITY, []) == frozenset()


def test_a_roster_is_of_one_institution_alone(engine: Engine, url: str) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST)])
    replace(engine, BANK, [digest(SECOND)])
    assert missing(url, BANK, [FIRST, SECOND]) == {FIRST}
    assert missing(url, MUNICIPALITY, [FIRST, SECOND]) == {SECOND}
    assert missing(url, "", [FIRST, SECOND]) == {FIRST, SECOND}


def test_a_new_roster_takes_the_place_of_the_old_one(engine: Engine, url: str) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST), digest(SECOND)])
    replace(engine, BANK, [digest(FIRST)])
    assert replace(engine, MUNICIPALITY, [digest(THIRD)]) == 1
    assert missing(url, MUNICIPALITY, [FIRST, SECOND, THIRD]) == {FIRST, SECOND}
    assert missing(url, BANK, [FIRST]) == frozenset()


def test_a_person_named_twice_stands_on_the_roster_once(engine: Engine) -> None:
    assert replace(engine, MUNICIPALITY, [digest(FIRST), digest(FIRST)]) == 1


def test_an_empty_roster_is_a_roster_on_which_nobody_stands(engine: Engine, url: str) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST)])
    assert replace(engine, MUNICIPALITY, []) == 0
    assert missing(url, MUNICIPALITY, [FIRST]) == {FIRST}


def test_a_roster_holds_no_number_that_could_be_read(engine: Engine) -> None:
    replace(engine, MUNICIPALITY, [digest(FIRST)])
    with engine.connect() as connection:
        (row,) = connection.execute(select(roster_entries)).all()
    assert len(row.person_digest) == 32
    assert str(FIRST) not in repr(row)
    assert digest(FIRST) != identity_number.digest(FIRST, key=b"x" * 32, context="roster")


def test_a_roster_is_alike_in_both_databases(any_url: str) -> None:
    engine = database.open_database(any_url, wait_seconds_max=5)
    replace(engine, BANK, [digest(THIRD)])
    for numbers in ([FIRST, SECOND], [SECOND, THIRD]):
        replace(engine, MUNICIPALITY, [digest(number) for number in numbers])
    assert missing(any_url, MUNICIPALITY, [FIRST, SECOND, THIRD]) == {FIRST}
    assert missing(any_url, BANK, [FIRST, SECOND, THIRD]) == {FIRST, SECOND}
    engine.dispose()


def deposit(
    engine: Engine, action: Action, *numbers: int, institution: str = MUNICIPALITY
) -> Deposit:
    digests = [digest(number) for number in numbers]
    with engine.connect() as connection, writing(connection):
        return roster_deposits.deposit(connection, institution, action, digests, now=NOW)


def test_persons_are_added_and_taken_off_and_only_changes_are_counted(any_engine: Engine) -> None:
    engine = any_engine
    assert deposit(engine, Action.ADD, FIRST, SECOND, FIRST).added == 2
    again = deposit(engine, Action.ADD, SECOND, THIRD)
    assert (again.added, again.removed, again.persons) == (1, 0, 3)
    gone = deposit(engine, Action.REMOVE, FIRST)
    assert (gone.added, gone.removed, gone.persons) == (0, 1, 2)
    assert deposit(engine, Action.REMOVE, FIRST).removed == 0
    new = deposit(engine, Action.REPLACE, FIRST, SECOND)
    assert (new.added, new.removed, new.persons) == (1, 1, 2)


def test_the_digest_is_that_of_the_set_however_it_came_about(engine: Engine) -> None:
    one = deposit(engine, Action.REPLACE, FIRST, SECOND, THIRD)
    steps = [
        deposit(engine, Action.ADD, THIRD, FIRST, institution=BANK),
        deposit(engine, Action.REMOVE, FIRST, institution=BANK),
        deposit(engine, Action.ADD, SECOND, FIRST, institution=BANK),
    ]
    assert steps[-1].set_digest == one.set_digest
    assert len({step.set_digest for step in steps}) == 3
    assert deposit(engine, Action.REPLACE).set_digest == "0" * 64


def test_a_roster_from_before_its_state_was_kept_is_counted_first(engine: Engine) -> None:
    whole = deposit(engine, Action.REPLACE, FIRST, SECOND)
    with engine.connect() as connection, writing(connection):
        connection.execute(delete(roster_states))
    after = deposit(engine, Action.ADD, SECOND)
    assert (after.added, after.persons, after.set_digest) == (0, 2, whole.set_digest)


def looked(mode: str, asked: int, missing: int, **more: Any) -> Entry:
    entry = Entry("r", more.pop("at", NOW), "direct", Event.QUERY, institution=MUNICIPALITY)
    entry.roster_mode, entry.roster_asked, entry.roster_missing = mode, asked, missing
    return entry


def test_what_each_mode_refused_or_would_have_is_counted(any_engine: Engine) -> None:
    engine = any_engine
    deposit(engine, Action.REPLACE, FIRST)
    counts = [RosterCounts(engine.dialect, worker=name) for name in "ab"]
    long_ago, days_ago = NOW - timedelta(days=40), NOW - timedelta(days=6)
    groups = [
        [looked(rosters.OFF, 5, 2, at=days_ago), looked(rosters.OFF, 1, 1, at=long_ago)],
        [looked(rosters.WARN, 4, 1), looked(rosters.ENFORCE, 3, 3), Entry("r", NOW, "direct")],
    ]
    for one, group in zip(counts, groups, strict=True):
        with engine.connect() as connection, writing(connection):
            assert one.note(connection, group, now=NOW) == []
    with engine.connect() as connection:
        (found,) = roster_deposits.status(connection, now=NOW)
        days = connection.execute(select(roster_counts.c.day)).scalars().all()
    assert (found.institution, found.persons, found.changed_at) == (MUNICIPALITY, 1, NOW)
    assert (found.asked_today, found.would_refuse_today, found.refused_today) == (7, 4, 3)
    assert (found.asked_7_days, found.would_refuse_7_days, found.refused_7_days) == (12, 6, 3)
    assert "2026-01-22" not in days


def test_who_has_counts_and_no_roster_is_shown_too(engine: Engine) -> None:
    with engine.connect() as connection, writing(connection):
        counts = RosterCounts(engine.dialect, worker="a")
        counts.note(connection, [looked(rosters.WARN, 2, 2)], now=NOW)
    with engine.connect() as connection:
        (found,) = roster_deposits.status(connection, now=NOW)
    assert (found.persons, found.changed_at, found.would_refuse_today) == (0, None, 2)


def test_a_roster_that_is_not_looked_at_yet_is_tried(engine: Engine, url: str) -> None:
    ticks = [0.0]

    async def stage(exchange: Any, *_: Any) -> Any:
        return SimpleNamespace(persons=exchange.entry.persons)

    async def work() -> None:
        lookups = Lookups(url, seconds_max=5)
        trials = Trials(lookups, Rosters(lookups, digest), monotonic=lambda: ticks[0])
        checked = trials.after(stage)

        async def ask(mode: str, institution: str = MUNICIPALITY) -> tuple[str, int, int]:
            entry = Entry("r", NOW, "direct", persons=[FIRST, SECOND, FIRST])
            terms = SimpleNamespace(person_relation=mode, institution=institution)
            await checked(SimpleNamespace(entry=entry), None, None, terms)
            return entry.roster_mode, entry.roster_asked, entry.roster_missing

        try:
            assert await ask(rosters.OFF) == ("", 0, 0)
            deposit(engine, Action.ADD, FIRST)
            ticks[0] = 9.0
            assert await ask(rosters.OFF) == ("", 0, 0)
            ticks[0] = 11.0
            assert await ask(rosters.OFF) == ("KAPALI", 2, 1)
            assert await ask(rosters.ENFORCE) == ("", 0, 0)
            assert await ask(rosters.OFF, "") == ("", 0, 0)
        finally:
            await lookups.close()

    asyncio.run(work())
