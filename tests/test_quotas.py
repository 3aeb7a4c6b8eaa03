"""Calls per second: buckets under keys, without an agreement in sight."""

import multiprocessing
from typing import Any

import pytest

from kps_soap import faults
from kps_soap.quotas import CallRates, OwnBuckets, SharedBuckets


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def taken(rates: CallRates, key: str, rate: float, calls: int) -> int:
    """How many of so many calls pass at once."""
    passed = 0
    for _ in range(calls):
        try:
            rates.take(key, rate)
        except faults.QuotaFull:
            continue
        passed += 1
    return passed


def test_a_second_s_calls_may_come_at_once_and_no_more() -> None:
    rates = CallRates(clock=Clock(), workers=1)
    assert taken(rates, "a", 20, 100) == 20


def test_a_bucket_fills_with_time_and_never_beyond_one_second() -> None:
    clock = Clock()
    rates = CallRates(clock=clock, workers=1)
    assert taken(rates, "a", 8, 100) == 8
    clock.seconds += 0.25
    assert taken(rates, "a", 8, 100) == 2
    clock.seconds += 3600
    assert taken(rates, "a", 8, 100) == 8


def test_each_worker_has_its_share_so_that_together_they_keep_the_rate() -> None:
    clock = Clock()
    workers = [CallRates(clock=clock, workers=4) for _ in range(4)]
    assert sum(taken(one, "a", 20, 100) for one in workers) == 20
    clock.seconds += 1
    assert sum(taken(one, "a", 20, 100) for one in workers) == 20


def test_a_share_below_one_call_still_lets_a_call_through_now_and_then() -> None:
    clock = Clock()
    rates = CallRates(clock=clock, workers=4)
    assert taken(rates, "a", 1, 10) == 1
    clock.seconds += 3.9
    assert taken(rates, "a", 1, 10) == 0
    clock.seconds += 0.1
    assert taken(rates, "a", 1, 10) == 1


@pytest.mark.parametrize(("rate", "workers", "seconds"), [(20, 1, 1), (1, 1, 1), (1, 4, 4)])
def test_a_refusal_tells_the_seconds_after_which_a_call_will_pass(
    rate: float, workers: int, seconds: int
) -> None:
    clock = Clock()
    rates = CallRates(clock=clock, workers=workers)
    taken(rates, "a", rate, 100)
    with pytest.raises(faults.QuotaFull) as caught:
        rates.take("a", rate)
    assert caught.value.retry_after_s == seconds
    assert caught.value.code == 401
    clock.seconds += seconds
    rates.take("a", rate)


def test_one_caller_uses_up_nothing_of_another() -> None:
    rates = CallRates(clock=Clock(), workers=1)
    assert taken(rates, "a", 2, 10) == 2
    assert taken(rates, "b", 2, 10) == 2


def test_a_new_rate_holds_from_the_next_call_on() -> None:
    clock = Clock()
    rates = CallRates(clock=clock, workers=1)
    assert taken(rates, "a", 10, 1) == 1
    assert taken(rates, "a", 2, 10) == 2
    clock.seconds += 1
    assert taken(rates, "a", 2, 10) == 2


def test_the_longest_idle_key_is_forgotten_when_there_are_too_many() -> None:
    rates = CallRates(clock=Clock(), workers=1, buckets=OwnBuckets(keys_max=2))
    for key in ("a", "b", "a", "c"):
        taken(rates, key, 3, 2)
    # "a" has been used up, "b" was idle longest and begins anew, "c" is as it was left.
    assert taken(rates, "c", 3, 5) == 1
    assert taken(rates, "a", 3, 5) == 0
    assert taken(rates, "b", 3, 5) == 3


def test_workers_of_other_gateways_share_a_rate_while_they_live() -> None:
    clock, living = Clock(), [0]
    rates = CallRates(clock=clock, workers=2, living=lambda: living[0])
    for count, passed in ((0, 50), (4, 25), (1, 50)):
        living[0] = count
        clock.seconds += 10
        assert taken(rates, "a", 100, 200) == passed


# Workers that share their buckets


def together(workers: int, clock: Clock, living: list[int] | None = None) -> list[CallRates]:
    """Workers of one gateway; each has the buckets as its own process has them."""
    shared = SharedBuckets(workers)
    known = living or [0]
    return [
        CallRates(clock=clock, workers=workers, buckets=shared, living=lambda: known[0])
        for _ in range(workers)
    ]


def test_a_caller_of_one_worker_has_the_whole_rate_and_a_caller_of_all_no_more() -> None:
    clock = Clock()
    workers = together(4, clock)
    assert taken(workers[0], "one", 20, 100) == 20
    assert taken(workers[1], "one", 20, 100) == 0
    assert sum(taken(one, "all", 20, 7) for one in workers) == 20
    clock.seconds += 0.5
    assert sum(taken(one, "all", 20, 100) for one in workers) == 10


def test_a_rate_below_the_number_of_workers_is_no_less_for_it() -> None:
    clock = Clock()
    first, *others = together(16, clock)
    for _ in range(10):
        assert taken(first, "a", 2, 10) == 2
        assert sum(taken(one, "a", 2, 10) for one in others) == 0
        clock.seconds += 1


def test_of_several_gateways_each_has_its_share_by_its_workers() -> None:
    clock, living = Clock(), [0]
    first, second = together(2, clock, living)
    for count, passed in ((0, 60), (2, 60), (6, 20), (1, 60)):
        living[0] = count
        clock.seconds += 10
        assert taken(first, "a", 60, 200) + taken(second, "a", 60, 200) == passed


def test_shared_buckets_forget_the_longest_idle_where_all_places_are_taken() -> None:
    clock, shared = Clock(), SharedBuckets(1, places=8)
    rates = CallRates(clock=clock, workers=1, buckets=shared)
    for number in range(8):
        assert taken(rates, f"{number}", 0.001, 2) == 1
        clock.seconds += 1
    assert [taken(rates, f"{number}", 0.001, 1) for number in range(8)] == [0] * 8
    taken(rates, "3", 0.001, 1)
    clock.seconds += 1
    for number in (0, 1, 2, 4, 5, 6, 7):
        taken(rates, f"{number}", 0.001, 1)
    assert taken(rates, "new", 0.001, 2) == 1
    assert [taken(rates, f"{number}", 0.001, 1) for number in (0, 1, 2, 4, 5, 6, 7)] == [0] * 7
    assert taken(rates, "3", 0.001, 1) == 1


def _use_up(buckets: SharedBuckets, passed: Any) -> None:
    passed.put(taken(CallRates(clock=lambda: 5.0, workers=2, buckets=buckets), "a", 30, 20))


def test_processes_count_together() -> None:
    context = multiprocessing.get_context("spawn")
    shared, passed = SharedBuckets(2), context.SimpleQueue()
    found = []
    for _ in range(2):
        process = context.Process(target=_use_up, args=(shared, passed))
        process.start()
        found.append(passed.get())
        process.join()
    assert found == [20, 10]
