"""Appending to a chain: heads, failures, commits of which nobody heard."""

import os

import pytest
from evidence_samples import NOW, OUTLINE, entry, opened
from sqlalchemy import update

from kps_soap.audit.chain import Chain, ChainLost, dictionary_named
from kps_soap.audit.verification import verify
from kps_soap.database import writing
from kps_soap.entry import Event
from kps_soap.models import dictionaries, evidence_chains, evidence_persons, field_lists


def test_a_chain_begins_with_a_record_that_links_to_nothing(database_url: str) -> None:
    with opened(database_url) as evidence:
        chain_id = evidence.write([])
        (first,) = evidence.rows()
        (chain,) = evidence.rows(evidence_chains)
    assert (first.chain_id, first.sequence, first.event) == (chain_id, 1, Event.STARTED.value)
    assert bytes(first.previous_hash) == bytes(32)
    assert (chain.worker, chain.head_sequence) == ("t", 1)
    assert bytes(chain.head_hash) == bytes(first.hash)


def test_records_are_dense_linked_and_findable(database_url: str) -> None:
    with opened(database_url) as evidence:
        evidence.write([entry() for _ in range(150)])
        rows = evidence.rows()
        assert [row.sequence for row in rows] == list(range(1, 152))
        for before, after in zip(rows, rows[1:], strict=False):
            assert bytes(after.previous_hash) == bytes(before.hash)
        assert evidence.count(evidence_persons) == 150
        assert evidence.count(field_lists) == 1


def test_a_transaction_that_failed_leaves_the_chain_at_its_last_durable_head(
    database_url: str,
) -> None:
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        chain = Chain(connection.dialect, evidence.keyring, worker="t", random_bytes=os.urandom)
        chain.open(connection, now=NOW)
        group = chain.prepare(connection, [entry()], now=NOW)
        with pytest.raises(RuntimeError), writing(connection):
            chain.append(connection, group)
            raise RuntimeError
        chain.resume(connection)
        group = chain.prepare(connection, [entry()], now=NOW)
        with writing(connection):
            chain.append(connection, group)
        chain.confirm()
        assert evidence.count() == 2
        assert verify(evidence.url, evidence.keyring).ok


def test_a_commit_of_which_nobody_heard_is_taken_over(database_url: str) -> None:
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        chain = Chain(connection.dialect, evidence.keyring, worker="t", random_bytes=os.urandom)
        chain.open(connection, now=NOW)
        for _ in range(2):
            group = chain.prepare(connection, [entry()], now=NOW)
            with writing(connection):
                chain.append(connection, group)
            # The commit's answer got lost: there is no confirm.
            chain.resume(connection)
        assert evidence.count() == 3
        assert verify(evidence.url, evidence.keyring).ok


def test_a_chain_whose_head_somebody_else_moved_is_lost(database_url: str) -> None:
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        chain = Chain(connection.dialect, evidence.keyring, worker="t", random_bytes=os.urandom)
        chain.open(connection, now=NOW)
        evidence.run(update(evidence_chains).values(head_sequence=9))
        group = chain.prepare(connection, [entry()], now=NOW)
        with pytest.raises(ChainLost), writing(connection):
            chain.append(connection, group)
        with pytest.raises(ChainLost):
            chain.resume(connection)


def test_many_different_lists_of_fields_are_each_written_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.audit.chain._FIELD_LISTS_MAX", 3)
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        chain = Chain(connection.dialect, evidence.keyring, worker="t", random_bytes=os.urandom)
        chain.open(connection, now=NOW)
        for number in (*range(8), *range(8)):
            one = entry(returned_fields=(f"KisiBilgisi/Alan{number}",))
            group = chain.prepare(connection, [one], now=NOW)
            with writing(connection):
                chain.append(connection, group)
            chain.confirm()
        assert evidence.count(field_lists) == 8
        assert verify(evidence.url, evidence.keyring).ok


def test_a_dictionary_is_written_with_the_first_record_of_its_chain(database_url: str) -> None:
    with opened(database_url) as evidence:
        evidence.write([])
        (first,) = evidence.rows()
        (kept,) = evidence.rows(dictionaries)
        assert first.detail == f"worker=t dictionary={kept.digest}"
        assert (dictionary_named(first.detail), bytes(kept.content)) == (kept.digest, OUTLINE)
        assert verify(evidence.url, evidence.keyring).ok


def test_chains_with_the_same_dictionary_keep_it_once(database_url: str) -> None:
    with opened(database_url) as evidence:
        evidence.write([entry()])
        evidence.write([entry(), entry()])
        assert [bytes(row.content) for row in evidence.rows(dictionaries)] == [OUTLINE]
        assert verify(evidence.url, evidence.keyring).ok


def test_a_chain_puts_a_damaged_dictionary_right(database_url: str) -> None:
    with opened(database_url) as evidence:
        evidence.write([entry()])
        evidence.run(update(dictionaries).values(content=OUTLINE[:-1] + b" "))
        assert not verify(evidence.url, evidence.keyring).ok
        evidence.write([entry()])
        assert verify(evidence.url, evidence.keyring).ok


@pytest.mark.parametrize(
    "detail", [None, 7, "worker=t", "worker=t dictionary=", "dictionary=" + "a" * 64]
)
def test_a_first_record_that_names_no_dictionary_names_none(detail: object) -> None:
    assert dictionary_named(detail) == ""
