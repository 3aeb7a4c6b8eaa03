"""Failures of late: counted by key, forgotten with time, bounded in number."""

from kps_soap.recent_failures import RecentFailures


class Time:
    """A clock that the tests set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_that_failed_too_often_waits_until_the_oldest_failure_is_past() -> None:
    time = Time()
    failures = RecentFailures(clock=time, most=2, seconds=60)
    failures.add("a")
    assert (failures.is_full("a"), failures.seconds_left("a")) == (False, 0)
    time.now += 10.5
    failures.add("a")
    assert (failures.is_full("a"), failures.seconds_left("a")) == (True, 49.5)
    assert not failures.is_full("b")
    time.now += 49.5
    assert (failures.is_full("a"), failures.seconds_left("a")) == (False, 0)
    # The failure in between still counts.
    failures.add("a")
    assert failures.seconds_left("a") == 10.5


def test_a_key_begins_anew_when_it_is_forgotten() -> None:
    failures = RecentFailures(clock=Time(), most=1, seconds=60)
    failures.add("a")
    failures.forget("a")
    failures.forget("never seen")
    assert not failures.is_full("a")


def test_of_too_many_keys_the_one_idle_longest_is_forgotten() -> None:
    failures = RecentFailures(clock=Time(), most=1, seconds=60, keys_max=2)
    for key in ("a", "b", "a", "c"):
        failures.add(key)
    assert [failures.is_full(key) for key in "abc"] == [True, False, True]
