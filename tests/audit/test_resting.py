"""How long the evidence thread rests: nobody who waits already waits through a whole rest."""

import threading

from kps_soap.audit.resting import Rest


def long_rest() -> Rest:
    """Rests for hours where nothing cuts that short; a record should take no longer than one."""
    return Rest(lambda: 100, factor=1.0, seconds_max=36_000.0, within_seconds=3_600.0)


def test_who_came_early_in_a_long_commit_waits_through_no_rest_behind_it() -> None:
    rest = long_rest()
    rest.begin_work(now=0.0)
    rest.waited_for(1, now=400.0)
    rest.waited_for(2, now=1_990.0)
    # The second one could wait for some 1,600 seconds; the first one is due, if the next commit
    # takes 2,000 again.
    rest.take(now=2_000.0)


def test_who_was_written_by_the_last_commit_cuts_no_rest_short() -> None:
    rest = long_rest()
    rest.waited_for(1, now=100.0)
    rest.begin_work(now=101.0)
    resting = threading.Thread(target=rest.take, kwargs={"now": 40_000.0})
    resting.start()
    resting.join(timeout=0.1)
    assert resting.is_alive()
    rest.end()
    resting.join(timeout=30)
    assert not resting.is_alive()


def test_a_rest_that_has_ended_for_good_is_none() -> None:
    rest = long_rest()
    rest.end()
    rest.take(now=40_000.0)
