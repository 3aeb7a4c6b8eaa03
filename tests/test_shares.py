"""The places of a worker's line: nobody takes all of them, and every one comes back."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from kps_soap.faults import Overloaded
from kps_soap.shares import Shares


def exchange(number: str, institution: str = "", door: str = "direct") -> Any:
    entry = SimpleNamespace(request_id=number, institution=institution, door=door)
    return SimpleNamespace(entry=entry)


def vouch(shares: Shares, number: str, institution: str, door: str = "direct") -> str:
    """Let a request in and vouch for its caller; what the stage behind says, or the refusal."""
    assert shares.enter(number)

    async def stage(_exchange: Any, vouched: Any) -> Any:
        return vouched.account

    vouched = SimpleNamespace(institution="", account=f"of {institution}")
    try:
        return str(asyncio.run(shares.before(stage)(exchange(number, institution, door), vouched)))
    except Overloaded as refusal:
        assert refusal.retry_after_s == Overloaded.wait_s
        return refusal.name


def test_one_institution_holds_its_share_and_the_rest_is_kept_for_others() -> None:
    shares = Shares(8, share_percent=75)
    told = [vouch(shares, f"a{turn}", "A") for turn in range(7)]
    assert told == [*["of A"] * 6, "Overloaded"]
    # Whoever was refused holds no place, and giving it back once more takes nobody's.
    shares.leave("a6")
    assert (shares.held_by("A"), shares.refused, shares.in_flight) == (6, 1, 6)
    told = [vouch(shares, f"b{turn}", "B") for turn in range(3)]
    assert told == ["of B", "of B", "Overloaded"]
    shares.leave("a0")
    assert vouch(shares, "a7", "A") == "of A"


def test_every_place_comes_back_whatever_became_of_the_request() -> None:
    shares = Shares(4, share_percent=50)
    for number, institution in (("1", "A"), ("2", "A"), ("3", "A"), ("4", "B")):
        vouch(shares, number, institution)
    for number in ("1", "2", "3", "4", "4", "never in"):
        shares.leave(number)
    assert (shares.in_flight, shares.held_by("A"), shares.held_by("B")) == (0, 0, 0)


def test_a_call_without_an_institution_counts_for_its_door() -> None:
    shares = Shares(4, share_percent=50)
    told = [vouch(shares, str(turn), "", "public") for turn in range(3)]
    assert told == ["of ", "of ", "Overloaded"]
    assert shares.held_by("public") == 2


def test_who_did_not_come_in_by_the_door_takes_no_place() -> None:
    shares = Shares(1, share_percent=100)

    async def stage(_exchange: Any, _vouched: Any) -> str:
        return "answered"

    behind = shares.before(stage)
    vouched = SimpleNamespace(institution="A")
    for number in ("1", "2", "3"):
        assert asyncio.run(behind(exchange(number), vouched)) == "answered"
    assert (shares.in_flight, shares.held_by("A")) == (0, 0)


@pytest.mark.parametrize(("places", "percent", "held"), [(1, 1, 1), (256, 75, 192), (10, 100, 10)])
def test_a_share_is_a_part_of_the_places_and_at_least_one(
    places: int, percent: int, held: int
) -> None:
    shares = Shares(places, share_percent=percent)
    told = [vouch(shares, str(turn), "A") for turn in range(places)]
    assert told.count("of A") == held


def test_no_more_come_in_unknown_than_there_are_places() -> None:
    shares = Shares(2, share_percent=100)
    assert [shares.enter(number) for number in ("1", "2", "3")] == [True, True, False]
    shares.leave("1")
    assert shares.enter("3")
    assert not Shares(0, share_percent=75).enter("1")
