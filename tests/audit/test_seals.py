"""Checkpoints are made when it is time, once by all gateways, and prove what they sealed."""

import dataclasses
import itertools
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from evidence_samples import NOW, entry, opened
from seal_samples import Clock, certificates, filled, seal_all, seal_key, sealer_of, stored
from sqlalchemy import delete, insert, select, update

from kps_soap.audit import checkpoints as checkpoints_module
from kps_soap.audit import merkle
from kps_soap.audit.checkpoints import (
    Checkpoint,
    SealRefused,
    Segment,
)
from kps_soap.audit.heads import Heads, SealedHead, brought_up
from kps_soap.audit.months import microseconds
from kps_soap.audit.verification import verify
from kps_soap.models import checkpoint_heads, checkpoints, evidence, evidence_chains

# The statement


def test_the_first_checkpoint_says_what_the_module_promises(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        (chain_id,) = filled(evidence_of, 3)
        made = sealer_of(evidence_of).seal()
        assert made == stored(evidence_of, 1)
        hashes = [row.hash for row in evidence_of.rows()]
    root = merkle.root_of(hashes)
    leaf = (
        b"kps-soap:segment:1" + chain_id.encode() + (1).to_bytes(8, "big") + (3).to_bytes(8, "big")
    )
    heads_root = sha256(b"\0" + leaf + hashes[-1] + root).digest()
    statement = (
        b"kps-soap:checkpoint:1"
        + (1).to_bytes(8, "big")
        + microseconds(NOW).to_bytes(8, "big")
        + bytes(32)
        + heads_root
        + (1).to_bytes(8, "big")
        + (3).to_bytes(8, "big")
        + seal_key().key_id.encode()
    )
    assert made is not None
    assert (made.heads_root, made.statement()) == (heads_root, statement)
    assert made.digest == sha256(statement).digest()
    certificates().check(made)


def test_every_record_is_in_exactly_one_segment_and_every_head_in_every_tree(
    database_url: str,
) -> None:
    with opened(database_url) as evidence_of:
        first, second = filled(evidence_of, 4, 2)
        sealer = sealer_of(evidence_of)
        one = sealer.seal()
        third = evidence_of.write([entry()])
        two = sealer.seal()
        assert sealer.seal() is None
        rows = evidence_of.rows(checkpoint_heads)
        spans = {(row.number, row.chain_id, row.first_sequence, row.head_sequence) for row in rows}
        assert spans == {(1, first, 1, 4), (1, second, 1, 2), (2, third, 1, 2)}
        assert one is not None
        assert two is not None
        assert (one.chains, one.records, two.chains, two.records) == (2, 6, 3, 8)
        assert two.previous_digest == one.digest
        positions = {row.chain_id: row.position for row in rows}
        assert positions == {
            **{name: place for place, name in enumerate(sorted((first, second)))},
            third: 2,
        }
        # The second tree holds the resting leaves of the first two chains.
        assert (
            two.heads_root
            == merkle.Tree(
                [
                    *(
                        checkpoints_module.resting_leaf(
                            row.chain_id, row.head_sequence, row.head_hash
                        )
                        for row in rows[:2]
                    ),
                    checkpoints_module.leaf_of(
                        third, 1, 2, rows[2].head_hash, rows[2].segment_root
                    ),
                ]
            ).root()
        )
        assert verify(database_url).ok


def test_a_checkpoint_holds_no_more_than_it_may_and_the_next_goes_on(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 8, 3)
        clock = Clock()
        sealer = sealer_of(evidence_of, records_max=5, clock=clock)
        counts = [made.records for made in iter(sealer.seal, None)]
        assert counts == [5, 10, 11]
        assert clock.pauses
        assert verify(database_url).ok


# When it is time


def test_records_wait_for_the_policys_time_and_not_longer(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        clock = Clock()
        sealer = sealer_of(evidence_of, seconds=60, clock=clock)
        assert sealer.step() is None
        filled(evidence_of, 2)
        clock.seconds = 59
        assert sealer.step() is None
        clock.seconds = 60
        assert sealer.step() is not None
        evidence_of.write([])
        clock.seconds = 119
        assert sealer.step() is None
        clock.seconds = 121
        assert sealer.step() is not None


def test_enough_records_do_not_wait(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        sealer = sealer_of(evidence_of, records_max=4)
        filled(evidence_of, 3)
        assert sealer.step() is None
        filled(evidence_of, 1)
        assert sealer.step() is not None


def test_nothing_new_is_never_sealed(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        clock = Clock()
        sealer = sealer_of(evidence_of, clock=clock)
        filled(evidence_of, 2)
        assert sealer.step() is None
        clock.seconds = 100
        assert sealer.step() is not None
        for clock.seconds in range(200, 1_000, 100):
            assert sealer.step() is None


def test_a_new_sealer_knows_how_long_records_have_waited(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 2)
        assert sealer_of(evidence_of).seal() is not None
        filled(evidence_of, 2)
        clock = Clock(now=NOW + timedelta(seconds=61))
        assert sealer_of(evidence_of, clock=clock).step() is not None


def test_a_clock_that_is_set_back_stops_no_sealing(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        clock = Clock()
        sealer = sealer_of(evidence_of, clock=clock)
        for hours in (0, -1, -48, 3):
            clock.now = NOW + timedelta(hours=hours)
            clock.seconds += 61
            filled(evidence_of, 2)
            sealer.step()
            clock.seconds += 61
            sealer.step()
        assert stored(evidence_of, 1).records == 2
        assert evidence_of.count(checkpoints) == 4
        assert verify(database_url).ok


# One of several


def test_of_two_sealers_one_wins_and_the_other_goes_on(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        one, two = sealer_of(evidence_of), sealer_of(evidence_of)
        for number in (1, 2, 3, 4):
            filled(evidence_of, 2)
            made = (one if number % 2 else two).seal()
            assert made is not None
            assert made.number == number
            assert (two if number % 2 else one).seal() is None
        assert verify(database_url).ok


def test_a_sealer_that_is_overtaken_at_the_last_moment_leaves_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 2)
        slow, quick = sealer_of(evidence_of), sealer_of(evidence_of)
        make = slow._made

        def overtaken(*arguments: Any) -> Checkpoint:
            made = make(*arguments)
            assert quick.seal() is not None
            return made

        monkeypatch.setattr(slow, "_made", overtaken)
        assert slow.seal() is None
        monkeypatch.undo()
        assert evidence_of.count(checkpoints) == 1
        filled(evidence_of, 1)
        made = slow.seal()
        assert made is not None
        assert made.number == 2
        assert verify(database_url).ok


def test_a_number_that_is_taken_between_look_and_write_is_lost_too(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique number is the last word: two transactions could have looked at once."""
    with opened(database_url) as evidence_of:
        filled(evidence_of, 2)
        assert seal_all(evidence_of) == 1
        filled(evidence_of, 2)
        slow = sealer_of(evidence_of)
        monkeypatch.setattr(
            "kps_soap.audit.seals._LAST_NUMBER", select(checkpoints.c.number - 0).limit(1)
        )
        quick = sealer_of(evidence_of)
        make = slow._made

        def late(*arguments: Any) -> Checkpoint:
            made = make(*arguments)
            row = {name: getattr(made, name) for name in made.__slots__}
            evidence_of.run(insert(checkpoints).values({**row, "number": 2}))
            monkeypatch.setattr(
                "kps_soap.audit.seals._LAST_NUMBER",
                select(checkpoints.c.number).where(checkpoints.c.number == 1),
            )
            return made

        monkeypatch.setattr(slow, "_made", late)
        assert slow.seal() is None
        assert evidence_of.count(checkpoint_heads) == 1
        assert quick is not slow


def test_sealing_goes_on_behind_many_checkpoints_of_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.audit.heads._FOLLOWED_MAX", 2)
    with opened(database_url) as evidence_of:
        idle, busy = sealer_of(evidence_of), sealer_of(evidence_of)
        filled(evidence_of, 2)
        assert idle.seal() is not None
        for count in (1, 2, 3, 4):
            filled(evidence_of, count)
            assert busy.seal() is not None
        filled(evidence_of, 2)
        made = idle.seal()
        assert made is not None
        assert made.number == 6
        assert verify(database_url).ok


# What is not sealed


def test_a_chain_that_does_not_link_is_left_out_and_told(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(database_url) as evidence_of:
        whole, broken = filled(evidence_of, 3, 5)
        columns = evidence.c
        here = (columns.chain_id == broken) & (columns.sequence == 3)
        evidence_of.run(update(evidence).where(here).values(previous_hash=b"x" * 32))
        clock = Clock()
        sealer = sealer_of(evidence_of, clock=clock)
        made = sealer.seal()
        assert made is not None
        assert (made.chains, made.records) == (1, 3)
        assert [row.chain_id for row in evidence_of.rows(checkpoint_heads)] == [whole]
        for clock.seconds in (100, 200, 300):
            assert sealer.step() is None
        told = [one.getMessage() for one in caplog.records]
        assert told == [f"chain {broken} does not follow on what was sealed: kps audit verify"]


@pytest.mark.parametrize("damage", ["gap", "head hash", "cut", "gone"])
def test_no_seal_is_put_on_what_was_tampered_with(
    database_url: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(database_url) as evidence_of:
        (chain_id,) = filled(evidence_of, 6)
        sealer = sealer_of(evidence_of)
        if damage in ("cut", "gone"):
            assert sealer.seal() is not None
        changes = {
            "gap": delete(evidence).where(evidence.c.sequence == 4),
            "head hash": update(evidence_chains).values(head_hash=b"x" * 32),
            "cut": update(evidence_chains).values(head_sequence=3),
            "gone": delete(evidence_chains),
        }
        evidence_of.run(changes[damage])
        before = evidence_of.count(checkpoints)
        assert sealer.seal() is None
        assert sealer_of(evidence_of).seal() is None
        assert evidence_of.count(checkpoints) == before
        assert chain_id in caplog.text


def test_no_seal_is_put_on_checkpoints_that_do_not_fit_together(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 3, 3)
        assert seal_all(evidence_of) == 1
        filled(evidence_of, 3)
        sealer = sealer_of(evidence_of)
        changes = [
            (checkpoint_heads, {"head_sequence": 2}),
            (checkpoint_heads, {"head_hash": b"y" * 32}),
            (checkpoint_heads, {"position": 7}),
            (checkpoints, {"records": 1}),
            (checkpoints, {"heads_root": b"short"}),
            (checkpoints, {"format": 2}),
        ]
        for table, change in changes:
            (row, *_) = evidence_of.rows(table)
            before = {name: row._mapping[name] for name in change}
            here = [key == row._mapping[key.name] for key in table.primary_key.columns]
            evidence_of.run(update(table).where(*here).values(change))
            for one in (sealer, sealer_of(evidence_of)):
                with pytest.raises(SealRefused):
                    one.seal()
            evidence_of.run(update(table).where(*here).values(before))
        assert sealer.seal() is not None
        assert verify(database_url).ok


def test_sealing_until_nothing_is_left_ends_with_its_time(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 9)
        ticks = itertools.count()
        clock = Clock()
        sealer = sealer_of(evidence_of, records_max=2, clock=clock)
        sealer._clocks = dataclasses.replace(clock.clocks(), monotonic=lambda: next(ticks))
        assert 0 < sealer.seal_all(seconds_max=4) < 5
        assert seal_all(evidence_of, records_max=2) == 5
        assert seal_all(evidence_of) == 0


# Heads


def test_heads_begin_anew_from_a_list_only_in_its_order() -> None:
    chains = {"a" * 16: SealedHead(0, 3, b"x" * 32), "b" * 16: SealedHead(1, 2, b"y" * 32)}
    heads = Heads.resting(4, b"d" * 32, chains)
    assert (heads.number, heads.records, len(heads.chains)) == (4, 5, 2)
    heads.advance([Segment(5, "a" * 16, 0, 4, 6, b"z" * 32, b"r" * 32)])
    assert heads.records == 8
    with pytest.raises(SealRefused):
        Heads.resting(4, b"d" * 32, {"a" * 16: SealedHead(1, 3, b"x" * 32)})


def test_heads_are_the_same_whether_followed_or_read_at_once(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        followed: Heads | None = None
        for count in (2, 1, 3, 2):
            filled(evidence_of, count)
            sealer_of(evidence_of).seal()
            with evidence_of.engine.connect() as connection, connection.begin():
                followed = brought_up(connection, followed)
                assert brought_up(connection, None).chains == followed.chains
