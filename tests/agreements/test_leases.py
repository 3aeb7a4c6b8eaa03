"""A change returns when every living worker runs it, or the lease of whoever does not ran out."""

from collections.abc import Callable
from datetime import timedelta

from office_samples import START, HandClock, Office

from kps_soap.agreements import leases
from kps_soap.agreements.leases import LEASE_SECONDS, Clocks, Taken
from kps_soap.database import writing


def renew(
    office: Office, worker: str, number: int, *, gateway: str = "bir:1", trouble: str = ""
) -> None:
    with office.engine.connect() as connection, writing(connection):
        leases.renew(
            connection,
            (gateway, worker),
            number=number,
            digest=f"{number:064x}",
            trouble=trouble,
            now=office.clock.present,
        )


def waited(
    office: Office, number: int, *, after: Callable[[int], None] = lambda _: None, seconds: int = 60
) -> Taken:
    """Wait, and let something happen at each nap."""
    clock = office.clock

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        after(clock.naps)

    clocks = Clocks(clock.now, clock.monotonic, sleep)
    return leases.wait_until_taken(office.engine, number, clocks, seconds_max=seconds)


def named(found: tuple[leases.Lease, ...]) -> list[str]:
    return [lease.name for lease in found]


def test_without_a_living_worker_there_is_nothing_to_wait_for(any_office: Office) -> None:
    assert waited(any_office, 7) == Taken((), (), ())
    assert any_office.clock.naps == 0


def test_the_wait_ends_when_the_last_worker_has_it(any_office: Office) -> None:
    office = any_office
    for worker, number in (("0", 7), ("1", 6)):
        renew(office, worker, number)
    renew(office, "0", 6, gateway="iki:9")

    def after(naps: int) -> None:
        if naps == 3:
            renew(office, "1", 7)
        if naps == 5:
            renew(office, "0", 8, gateway="iki:9")

    taken = waited(office, 7, after=after)
    assert named(taken.by) == ["bir:1/0", "bir:1/1", "iki:9/0"]
    assert (taken.behind, taken.over, office.clock.naps) == ((), (), 5)


def test_a_worker_that_renews_no_more_is_given_up_after_its_lease(any_office: Office) -> None:
    office = any_office
    renew(office, "0", 6)
    renew(office, "1", 6)

    def after(_naps: int) -> None:
        # One lives and is slow, the other was killed.
        renew(office, "1", 7 if office.clock.ticks > 1000 + LEASE_SECONDS + 1 else 6)

    taken = waited(office, 7, after=after)
    assert named(taken.by) == ["bir:1/1"]
    assert named(taken.over) == ["bir:1/0"]
    with office.engine.connect() as connection:
        assert [lease.worker for lease in leases.held(connection)] == ["1"]


def test_the_clock_of_another_machine_may_be_wrong(office: Office) -> None:
    """Half a minute late: its lease looks as if it had ended, and it has not."""
    office.clock.present -= timedelta(seconds=30)
    renew(office, "0", 6)
    office.clock.present += timedelta(seconds=30)
    taken = waited(office, 7, after=lambda naps: renew(office, "0", 7) if naps == 4 else None)
    assert named(taken.by) == ["bir:1/0"]
    assert office.clock.naps == 4


def test_a_lease_that_ended_long_ago_is_not_waited_for(office: Office) -> None:
    renew(office, "0", 6)
    office.clock.present += timedelta(minutes=5)
    taken = waited(office, 7)
    assert (named(taken.over), office.clock.naps) == (["bir:1/0"], 0)


def test_a_worker_that_cannot_take_it_is_told_at_once(office: Office) -> None:
    renew(office, "0", 6, trouble="7: a.toml:1: wrong")
    renew(office, "1", 7)
    taken = waited(office, 7)
    assert named(taken.behind) == ["bir:1/0"]
    assert taken.behind[0].trouble == "7: a.toml:1: wrong"
    assert office.clock.naps == 0


def test_trouble_with_another_version_is_waited_out(office: Office) -> None:
    renew(office, "0", 6, trouble="6: a.toml:1: wrong")
    taken = waited(office, 7, after=lambda naps: renew(office, "0", 7) if naps == 2 else None)
    assert named(taken.by) == ["bir:1/0"]


def test_a_worker_that_lives_and_does_not_take_it_is_named_in_the_end(office: Office) -> None:
    renew(office, "0", 6)
    taken = waited(office, 7, after=lambda _: renew(office, "0", 6), seconds=15)
    assert named(taken.behind) == ["bir:1/0"]
    assert office.clock.ticks >= 1015


def test_leases_are_released_and_swept(any_office: Office) -> None:
    office = any_office
    renew(office, "0", 6)
    renew(office, "1", 6)
    office.clock.advance(120)
    renew(office, "2", 6)
    renew(office, "2", 7)
    with office.engine.connect() as connection:
        (living,) = leases.living(connection, office.clock.present)
        assert (living.worker, living.renewals, living.number) == ("2", 2, 7)
        assert living.until == START + timedelta(seconds=120 + LEASE_SECONDS)
    with office.engine.connect() as connection, writing(connection):
        leases.forget_ended(connection, office.clock.present)
        leases.release(connection, "bir:1", "2")
    with office.engine.connect() as connection:
        assert leases.held(connection) == []


def test_the_hands_of_a_test_clock_go_together() -> None:
    clock = HandClock()
    clock.advance(1.5)
    assert (clock.monotonic(), clock.now()) == (1001.5, START + timedelta(seconds=1.5))
