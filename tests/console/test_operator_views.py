"""What an operator's pages show: traffic, standings, changes, statements, accounts, health."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from operator_samples import (
    BANK,
    NOW,
    SERVICE,
    TODAY,
    TOWN,
    VERSION,
    Desk,
    call,
    example,
    only,
    refused,
)
from sqlalchemy import update

from kps_soap import credentials
from kps_soap.agreement_models import agreement_files
from kps_soap.agreements import leases
from kps_soap.agreements.agreement import Agreement, Renewal, Suspension
from kps_soap.agreements.keeping import Mover
from kps_soap.agreements.scope import not_in_force
from kps_soap.console.forms import Changed
from kps_soap.console.operator import accounts, health, institutions, statements
from kps_soap.console.operator.paging import part_of
from kps_soap.console.operator.statements import FeeWords
from kps_soap.console.operator.traffic import BOUNDS_MS, quantile, traffic
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.models import evidence_chains
from kps_soap.readiness import PARTS, Trouble

EVE = NOW - timedelta(minutes=15)


@pytest.fixture
def desk(tmp_path: Path, upgraded_file: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "home", upgraded=upgraded_file)
    yield desk
    desk.engine.dispose()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, upgraded_file: Path) -> Agreement:
    desk = Desk(tmp_path_factory.mktemp("town") / "home", upgraded=upgraded_file)
    desk.load({TOWN: example(TOWN)})
    agreement = institutions.found(desk.in_force(), "2026/117")
    desk.engine.dispose()
    assert agreement is not None
    return agreement


# Traffic.


def test_traffic_is_counted_by_both_databases(any_url: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home", url=any_url)
    counted = Entry("a" * 32, NOW, "public", Event.AGGREGATE, refusal="QuotaFull", count=40)
    desk.write(call(), call(duration_us=40_000), refused("QuotaFull"), counted)
    desk.load({TOWN: example(TOWN)})

    with desk.reading() as connection:
        found = traffic(connection, NOW, minutes=15)
        month = only(statements.summaries(connection, "2026-11"))
        sealed = health.seals(connection)
    desk.engine.dispose()

    assert (found.answered, found.refused) == (2, 41)
    assert only(found.services).p95 == 50
    assert (month.calls, month.amount, sealed.broken) == (2, 600, 0)


def test_traffic_counts_answers_and_refusals_of_every_service_and_door(desk: Desk) -> None:
    desk.write(
        call(),
        call(duration_us=40_000),
        call(door="routing", duration_us=900),
        refused("PurposeNotGranted", duration_us=700),
        call(seconds_ago=16 * 60),
    )

    with desk.reading() as connection:
        found = traffic(connection, NOW, minutes=15)

    assert (found.answered, found.refused, found.whole) == (3, 1, True)
    assert found.since == EVE and found.until == NOW
    direct, routing = found.services
    assert (direct.door, direct.answered, direct.refused) == ("direct", 2, 1)
    assert (direct.p50, direct.p95, direct.p99) == (2, 50, 50)
    assert (routing.service, routing.version, routing.calls) == (SERVICE, VERSION, 1)
    assert routing.p99 == 1


def test_refusals_without_a_record_of_their_own_are_counted_too(desk: Desk) -> None:
    counted = Entry(
        "a" * 32, NOW, "public", Event.AGGREGATE, refusal="QuotaFull", count=40
    )  # no service
    desk.write(refused("QuotaFull"), counted, refused("CredentialsRefused", service=""))

    with desk.reading() as connection:
        found = traffic(connection, NOW, minutes=15)

    assert [(one.reason, one.doors, one.count) for one in found.refusals] == [
        ("QuotaFull", ("direct", "public"), 41),
        ("CredentialsRefused", ("direct",), 1),
    ]
    assert found.refused == 42 and only(found.services).refused == 1


def test_every_minute_is_told_also_those_without_a_call(desk: Desk) -> None:
    desk.write(call(seconds_ago=0), call(seconds_ago=90))

    with desk.reading() as connection:
        found = traffic(connection, NOW, minutes=3)

    assert [one.calls for one in found.minutes] == [0, 0, 1, 1]
    assert [one.begins.strftime("%H:%M") for one in found.minutes] == [
        "11:57", "11:58", "11:59", "12:00"
    ]  # fmt: skip
    assert found.busiest == 1


def test_traffic_that_is_too_much_is_told_from_the_oldest_record_that_was_looked_at(
    desk: Desk,
) -> None:
    desk.write(*(call(seconds_ago=seconds) for seconds in (5, 10, 300)))

    with desk.reading() as connection:
        found = traffic(connection, NOW, minutes=15, records_max=2)

    assert not found.whole and found.answered == 2
    assert found.since == NOW - timedelta(seconds=10)


def test_what_operators_do_is_no_traffic(desk: Desk) -> None:
    desk.write(call(event=Event.SEARCH), call(event=Event.STATEMENT))

    with desk.reading() as connection:
        found = traffic(connection, NOW, minutes=15)

    assert found.answered == found.busiest == 0 and not found.services and not found.refusals


def test_a_quantile_is_the_bound_below_which_so_many_lie() -> None:
    nothing = [0] * (len(BOUNDS_MS) + 1)
    slow = [*nothing[:-1], 3]
    mixed = [98, 0, 1, 1, *nothing[4:]]

    assert quantile(nothing, 0.5) is None and quantile(slow, 0.5) is None
    assert [quantile(mixed, share) for share in (0.5, 0.98, 0.99, 1.0)] == [1, 1, 5, 10]


# Standings.

_HELD = Suspension("2026/117", NOW, "ayse", "deneme", "")


def _changed(town: Agreement, **changes: object) -> Agreement:
    return replace(town, document=replace(town.document, **changes))  # type: ignore[arg-type]


def test_a_standing_is_said_for_every_way_not_to_be_in_force(town: Agreement) -> None:
    weak = replace(town, access=replace(town.access, security_until=date(2026, 11, 1)))
    lapsed = Renewal(date(2026, 10, 1), date(2026, 10, 31))
    ways = [
        (town, "open", "iyi"),
        (_changed(town, state="TEST"), "test", "uyari"),
        (replace(town, suspension=_HELD), "suspended", "kotu"),
        (_changed(town, state="FESIH"), "state", "kotu"),
        (_changed(town, valid_from=date(2027, 1, 1)), "later", "uyari"),
        (_changed(town, valid_until=date(2026, 11, 21)), "ended", "kotu"),
        (_changed(town, renewal=lapsed), "renewal", "kotu"),
        (weak, "security", "kotu"),
    ]
    for agreement, key, level in ways:
        found = institutions.standing(agreement, TODAY)

        assert (found.key, found.level) == (f"operator.standing.{key}", level)
        assert (key in ("open", "test")) == (not not_in_force(agreement, TODAY))


def test_agreements_are_found_by_words_of_any_spelling(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN), BANK: example(BANK)})
    agreements = desk.in_force()

    assert len(institutions.rows(agreements, TODAY)) == 2
    for wanted in ("belediye", "ORNEK ilce", "2026/117", "krm-34-0417", "b-34"):
        row = only(institutions.rows(agreements, TODAY, wanted=wanted))
        assert row.agreement.number == "2026/117" and not row.ends_soon
    assert institutions.rows(agreements, TODAY, wanted="belediye banka") == []
    assert institutions.found(agreements, "2026/9999") is None


def test_endings_are_the_nearest_first_and_of_one_agreement_where_asked(desk: Desk) -> None:
    planned = 'stage = "TEST"\nplanned = [{ stage = "ACIK", from = 2026-12-01 }]'
    text = example(TOWN).replace('stage = "ACIK"', planned, 1)
    desk.load({TOWN: text, BANK: example(BANK)})
    agreements = desk.in_force()

    near = only(institutions.endings(agreements, TODAY, days=60, number="2026/117"))
    assert (near.days, near.key) == (9, "operator.ending.stage")
    own = institutions.endings(agreements, TODAY, number="2026/117")
    assert [one.key.rpartition(".")[2] for one in own] == [
        "stage", "security_until", "valid_until"
    ]  # fmt: skip
    assert institutions.endings(agreements, date(2026, 12, 2), days=60, number="2026/117") == []
    assert len(institutions.endings(agreements, TODAY)) > len(own)


# What changed.


def test_a_step_tells_what_its_edit_granted_and_withdrew_and_nothing_of_other_files(
    desk: Desk,
) -> None:
    desk.load({TOWN: example(TOWN), BANK: example(BANK)})
    edited = example(TOWN).replace("valid_until = 2027-12-31", "valid_until = 2026-12-31")
    desk.load({TOWN: edited, BANK: example(BANK)})

    with desk.reading() as connection:
        newest = institutions.last_steps(connection, limit=5)[0]
        version, before = institutions.step(connection, newest.number)
        assert version is not None and before is not None
        made = institutions.made_by(connection, desk.keeper.compiler.rules, version, before)

    one = only(made.changes)
    assert (one.number, made.suspended, made.resumed, made.unreadable) == (
        "2026/117",
        (),
        (),
        False,
    )
    change = only(one.changes)
    assert (change.effect, change.sentence) == ("withdraws", "becomes")
    assert change.values == ("valid_until", "2027-12-31", "2026-12-31")


def test_a_suspension_is_a_step_and_so_is_its_end(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN)})
    before = institutions.seen(only(desk.in_force().agreements))
    desk.keeper.suspend("2026/117", Mover("ayse", "şüphe"))
    assert institutions.seen(only(desk.in_force().agreements)) != before
    desk.keeper.resume("2026/117", Mover("ayse", "bitti"))
    rules = desk.keeper.compiler.rules

    with desk.reading() as connection:
        steps = [institutions.step(connection, number) for number in (1, 2, 3)]
        made = [
            institutions.made_by(connection, rules, version, earlier)
            for version, earlier in steps
            if version is not None
        ]

    assert [one.suspended for one in made] == [(), ("2026/117",), ()]
    assert [one.resumed for one in made] == [(), (), ("2026/117",)]
    assert all(one.changes == () and not one.unreadable for one in made)
    assert institutions.seen(only(desk.in_force().agreements)) == before


def test_a_step_whose_files_are_gone_says_so(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN)})
    desk.load({TOWN: example(TOWN) + "\n# başka\n"})
    with desk.engine.connect() as connection, writing(connection):
        connection.execute(update(agreement_files).values(content=b"degisti"))

    with desk.reading() as connection:
        version, before = institutions.step(connection, 2)
        assert version is not None
        made = institutions.made_by(connection, desk.keeper.compiler.rules, version, before)

    assert made.unreadable and made.changes == ()


def test_an_agreement_knows_the_steps_that_changed_it_and_no_others(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN), BANK: example(BANK)})
    desk.load({TOWN: example(TOWN), BANK: example(BANK) + "\n# banka\n"})
    desk.load({TOWN: example(TOWN) + "\n# belediye\n", BANK: example(BANK)})
    desk.keeper.suspend("2026/117", Mover("ayse", "şüphe"))
    town = institutions.found(desk.in_force(), "2026/117")
    assert town is not None

    with desk.reading() as connection:
        steps = institutions.steps_of(connection, town, limit=30)
        newest = institutions.steps_of(connection, town, limit=1)

    assert [one.number for one in steps] == [4, 3]
    assert [one.number for one in newest] == [4]


def test_a_step_that_never_was_is_none(desk: Desk) -> None:
    with desk.reading() as connection:
        assert institutions.step(connection, 7) == (None, None)
        assert institutions.last_steps(connection, limit=5) == []


# Long lists.


def test_a_long_list_comes_in_parts() -> None:
    rows = list(range(101))

    assert part_of(rows, "").rows == rows[:50] and part_of(rows, "x").number == 1
    assert (part_of(rows, "3").rows, part_of(rows, "3").parts) == ([100], 3)
    assert part_of(rows, "99").number == 3 and part_of(rows, "0").number == 1
    assert (part_of([], "2").parts, part_of([], "2").total) == (1, 0)


# Statements.


def test_a_month_lists_who_has_anything_to_state(desk: Desk) -> None:
    closed = Entry(
        "b" * 32,
        datetime(2026, 12, 1, 9, tzinfo=UTC),
        "",
        Event.MONTH_CLOSED,
        institution="B-34-0417",
        detail="2026-11 abc",
    )
    desk.write(
        call(),
        call(units=2, records=1, amount=600),
        call(institution="BANKA-1", amount=None),
        refused("PurposeNotGranted"),
        closed,
    )

    with desk.reading() as connection:
        found = statements.summaries(connection, "2026-11")
        own = statements.summaries(connection, "2026-11", institution="BANKA-1")
        earlier = statements.summaries(connection, "2026-10")

    town, bank = found
    assert (town.calls, town.units, town.records, town.amount, town.closed) == (2, 3, 2, 900, True)
    assert (bank.institution, bank.amount, bank.closed) == ("BANKA-1", 0, False)
    assert own == [bank] and earlier == []


def test_months_go_back_two_years_from_the_running_one() -> None:
    found = statements.months(date(2026, 2, 3))

    assert found[:3] == ["2026-02", "2026-01", "2025-12"] and len(found) == 24
    assert statements.is_over("2026-10", NOW) and not statements.is_over("2026-11", NOW)


@pytest.mark.parametrize(
    ("fee", "words"),
    [
        ("SORGU:300", FeeWords("operator.fee.query", {"amount": "0,0300"})),
        ("KAYIT:300", FeeWords("operator.fee.record", {"amount": "0,0300"})),
        ("MUAF:GENEL_YONETIM", FeeWords("operator.fee.exempt", {"why": "GENEL_YONETIM"})),
        ("", FeeWords("operator.fee.none", {})),
    ],
)
def test_a_fee_is_said_in_words(fee: str, words: FeeWords) -> None:
    line = statements.Line(SERVICE, VERSION, fee, 1, 1, 1, 300)

    assert statements.fee_words(line) == words


# Accounts.


def _opened(desk: Desk, account: str = "KRM-34-0417") -> None:
    credentials.set_password(desk.engine, account, "gizli gizli gizli", now=NOW)


def test_accounts_are_those_with_a_password_and_those_that_an_agreement_names(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN)})
    _opened(desk, "SAHIPSIZ")

    with desk.reading() as connection:
        named, alone = accounts.rows(connection, desk.in_force(), now=NOW)
        row = only(accounts.rows(connection, desk.in_force(), now=NOW, wanted="örnek"))
        assert accounts.find(connection, desk.in_force(), "YOK", now=NOW) is None
        assert accounts.find(connection, desk.in_force(), "SAHIPSIZ", now=NOW) == alone

    assert (named.account, named.state, named.changed_at) == ("KRM-34-0417", "PAROLASIZ", None)
    assert named.agreements == ("2026/117",) and row == named
    assert (alone.state, alone.institution, alone.agreements) == ("ACIK", "", ())


def test_a_lock_shows_while_it_lasts(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN)})
    _opened(desk)
    end = NOW + timedelta(minutes=15)
    with desk.engine.connect() as connection, writing(connection):
        connection.execute(
            update(credentials.credentials).values(
                locked_until_us=round(end.timestamp() * 1_000_000)
            )
        )

    with desk.reading() as connection:
        locked = accounts.find(connection, desk.in_force(), "KRM-34-0417", now=NOW)
        later = accounts.find(connection, desk.in_force(), "KRM-34-0417", now=end)

    assert locked is not None and (locked.state, locked.locked_until) == ("KILITLI", end)
    assert later is not None and (later.state, later.locked_until) == ("ACIK", None)


def test_an_account_is_changed_only_as_the_page_showed_it(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN)})
    _opened(desk)
    agreements, account = desk.in_force(), "KRM-34-0417"

    def row() -> accounts.AccountRow:
        with desk.reading() as connection:
            found = accounts.find(connection, agreements, account, now=NOW)
        assert found is not None
        return found

    shown = row()
    later = NOW + timedelta(seconds=1)
    with desk.engine.connect() as connection, writing(connection):
        accounts.block(connection, account, seen=shown.seen, now=later)
    assert row().state == "BLOKE"
    new = credentials.password_row(account, "yeni gizli parola", now=later)
    for act in (
        lambda at: accounts.unblock(at, account, seen=shown.seen, now=later),
        lambda at: accounts.block(at, account, seen=shown.seen, now=later),
        lambda at: accounts.set_password(at, account, new, seen=shown.seen),
    ):
        with (
            pytest.raises(Changed),
            desk.engine.connect() as connection,
            writing(connection),
        ):
            act(connection)
    blocked = row()
    with desk.engine.connect() as connection, writing(connection):
        accounts.unblock(connection, account, seen=blocked.seen, now=later)
        # Within one transaction the next act is a change of its own.
    with desk.engine.connect() as connection, writing(connection):
        accounts.set_password(connection, account, new, seen=row().seen)
    assert row().state == "ACIK" and row().seen != blocked.seen


# Health.


def test_parts_are_red_where_a_look_found_them_so() -> None:
    found = health.parts([Trouble("register", "…")])

    assert [one.name for one in found] == list(PARTS)
    assert [one.name for one in found if not one.good] == ["register"]


def test_certificates_are_coloured_by_the_days_that_they_have() -> None:
    days = {"signing_rsa": 400, "tls": 29, "seal": 6, "token": -3}
    ends = {name: NOW + timedelta(days=some, hours=1) for name, some in days.items()}

    found = health.certificates(ends, NOW)

    assert [(one.name, one.days, one.level) for one in found] == [
        ("token", -3, "kotu"),
        ("seal", 6, "kotu"),
        ("tls", 29, "uyari"),
        ("signing_rsa", 400, "iyi"),
    ]


def test_volumes_that_cannot_be_looked_at_are_left_out(tmp_path: Path) -> None:
    found = only(health.volumes({"home": tmp_path, "gateway": tmp_path / "yok"}))

    assert found.name == "home" and found.size >= shutil.disk_usage(tmp_path).free > 0
    assert health.Volume("home", 9, 100).scarce and not health.Volume("home", 10, 100).scarce


def test_seals_tell_what_waits_and_which_chains_do_not_end_where_they_say(desk: Desk) -> None:
    with desk.reading() as connection:
        empty = health.seals(connection)
    desk.write(call())
    with desk.reading() as connection:
        waiting = health.seals(connection)
    with desk.engine.connect() as connection, writing(connection):
        connection.execute(update(evidence_chains).values(head_hash=b"x" * 32))
    with desk.reading() as connection:
        broken = health.seals(connection)

    assert (empty.chains, empty.records, empty.unsealed_since, empty.seals) == (0, 0, None, 0)
    assert (waiting.chains, waiting.broken, waiting.sealed_at) == (1, 0, None)
    assert waiting.records == 3 and waiting.unsealed_since is not None
    assert broken.broken == 1 and not broken.trouble


def test_living_workers_run_the_version_in_force_or_do_not(desk: Desk) -> None:
    desk.load({TOWN: example(TOWN)})
    with desk.engine.connect() as connection, writing(connection):
        for worker, number in (("0", 1), ("1", 0)):
            leases.renew(
                connection, ("bir:1", worker), number=number, digest="a", trouble="", now=NOW
            )

    with desk.reading() as connection:
        found = health.workers(connection, NOW)
        later = health.workers(connection, NOW + timedelta(minutes=1))

    assert [one.current for one in found] == [True, False] and later == []
