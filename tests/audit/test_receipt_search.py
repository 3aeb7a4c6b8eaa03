"""Receipts of an asker's own calls: found by number, signed, and proven under a seal."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from evidence_samples import NOW, Evidence, opened
from receipt_samples import INSTITUTION, LATER, keys, number, receipted, seal
from sqlalchemy import select, text, update

from kps_soap import faults
from kps_soap.answers import load_certificates, verify_receipt
from kps_soap.audit.proofs import Proof, check_proof
from kps_soap.audit.receipt_files import read_record
from kps_soap.audit.receipt_search import KnownReceipt, ReceiptSearch, receipt_file_of
from kps_soap.criteria import Asker
from kps_soap.lookups import Lookups
from kps_soap.models import checkpoint_heads
from kps_soap.models import evidence as evidence_table
from kps_soap.signing import Signer


@pytest.fixture
def house(database_url: str) -> Iterator[Evidence]:
    with opened(database_url) as evidence:
        yield evidence


def asker(institution: str = INSTITUTION, account: str = "KRM-34-0417") -> Asker:
    return Asker(institution, account, "", "203.0.113.10", NOW, "2026/117", "ab" * 32)


def find(
    evidence: Evidence, *numbers: str, who: Asker | None = None, **changes: Any
) -> list[KnownReceipt | faults.Outcome]:
    """What the asker is told of these numbers."""

    async def ask() -> list[KnownReceipt | faults.Outcome]:
        lookups = Lookups(evidence.url, seconds_max=5)
        given: dict[str, Any] = {
            "signer": lambda: keys().rsa,
            "clock": lambda: LATER,
            "seconds_max": 10,
        }
        search = ReceiptSearch(lookups, evidence.engine, **{**given, **changes})
        try:
            return [await search.find(one, who or asker()) for one in numbers]
        finally:
            search.close()
            await lookups.close()

    return asyncio.run(ask())


def known(evidence: Evidence, text_of_number: str, **how: Any) -> KnownReceipt:
    (found,) = find(evidence, text_of_number, **how)
    assert isinstance(found, KnownReceipt)
    return found


def test_a_receipt_names_what_the_record_names_and_is_signed(house: Evidence) -> None:
    one = receipted(1, outcome=301)
    house.write([receipted(7), one, receipted(8)])
    found = known(house, f" {one.receipt_number}\n")
    assert (found.number, found.received_at) == (one.receipt_number, one.received_at)
    assert found.question_digest == found.answer_digest == one.question_digest
    assert found.agreement_digest == found.withheld_digest == one.agreement_digest
    assert (found.service, found.version, found.outcome) == (one.service, one.version, 301)
    receipt = verify_receipt(found.content, load_certificates(keys().files.rsa_certificate))
    assert receipt["AlindiNo"] == one.receipt_number
    assert receipt["Zaman"] == "2026-11-21T09:30:15.123Z"
    assert receipt["ImzaSahibi"] == keys().rsa.holder
    assert (found.checkpoint, found.proof) == (None, None)


def test_once_it_is_sealed_there_is_a_proof_that_needs_the_seals_certificate_alone(
    house: Evidence,
) -> None:
    ours = [receipted(counter) for counter in range(1, 40)]
    house.write(ours)
    seal(house)
    house.write([receipted(50)])
    found = known(house, number(17))
    assert found.checkpoint == 1
    value = json.loads(found.proof or b"")
    record = read_record(value["record"])
    assert record.hash.hex() == found.record_hash
    assert record.plain["receipt_number"] == number(17)
    check_proof(Proof.from_json(value["proof"]), record.hash, keys().seals)
    assert "signed" not in value
    assert known(house, number(50)).checkpoint is None


def test_somebody_elses_receipt_is_no_receipt(house: Evidence) -> None:
    house.write([receipted(1), receipted(2, institution="B-06-0001"), receipted(3, institution="")])
    stranger = asker("B-06-0001", "KRM-06-0001")
    ours, theirs = number(1), number(2, "B-06-0001")
    assert find(house, theirs, number(4)) == [faults.Outcome.NOT_FOUND] * 2
    (mine, others) = find(house, theirs, ours, who=stranger)
    assert isinstance(mine, KnownReceipt)
    assert others is faults.Outcome.NOT_FOUND


def test_a_call_without_an_institution_belongs_to_its_account(house: Evidence) -> None:
    without = {"institution": "", "agreement": "", "agreement_digest": ""}
    house.write([receipted(1, **without), receipted(2, account="", **without)])
    found = known(house, number(1, "ACIK"))
    assert (found.agreement_digest, found.number) == ("", number(1, "ACIK"))
    refused = find(house, number(1, "ACIK"), who=asker(account="KRM-1"))
    assert refused == [faults.Outcome.NOT_FOUND]
    assert find(house, number(2, "ACIK"), who=asker("", "")) == [faults.Outcome.NOT_FOUND]


def test_a_mistyped_number_is_told_from_an_unknown_one_in_evidence_only(house: Evidence) -> None:
    mistyped = number(1)[:-1] + str((int(number(1)[-1]) + 1) % 10)
    assert find(house, mistyped, "", number(1)) == [
        faults.Outcome.BAD_NUMBER,
        faults.Outcome.BAD_NUMBER,
        faults.Outcome.NOT_FOUND,
    ]


def test_a_number_is_looked_for_in_its_own_month(house: Evidence) -> None:
    evening = datetime(2026, 11, 30, 21, 30, tzinfo=UTC)
    house.write([receipted(1, received_at=evening)])
    found = known(house, number(1, moment=evening))
    assert found.number.startswith("20261201-")


def test_the_look_uses_the_index_of_the_numbers(house: Evidence) -> None:
    house.write([receipted(counter) for counter in range(1, 4)])
    with house.engine.connect() as connection:
        if house.engine.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        explain = "EXPLAIN" if house.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        query = "SELECT chain_id FROM evidence WHERE receipt_number = :number AND month = :month"
        values = {"number": number(1), "month": "2026-11"}
        plan = str(connection.execute(text(f"{explain} {query}"), values).all())
    assert "receipt_number" in plan
    assert "SCAN evidence" not in plan


def test_the_inside_of_the_gateways_own_trouble_is_shown_to_nobody(house: Evidence) -> None:
    trouble = receipted(1, refusal="InternalFailure", detail="KeyError at reader.py:17")
    house.write(
        [trouble, receipted(2, refusal="PurposeNotGranted", detail="no purpose", outcome=202)]
    )
    seal(house)
    hidden, shown = known(house, number(1)), known(house, number(2))
    assert (hidden.checkpoint, hidden.proof) == (1, None)
    assert b"KeyError" not in hidden.content
    assert b"PurposeNotGranted" in (shown.proof or b"")


def test_a_destroyed_record_has_no_receipt_any_more(house: Evidence) -> None:
    house.write([receipted(1)])
    house.run(update(evidence_table).values(receipt_number=None))
    assert find(house, number(1)) == [faults.Outcome.NOT_FOUND]


def test_with_an_expired_certificate_nothing_is_signed(house: Evidence) -> None:
    house.write([receipted(1)])
    with pytest.raises(faults.InternalFailure):
        find(house, number(1), clock=lambda: datetime(2099, 1, 1, tzinfo=UTC))


def test_a_proof_that_takes_too_long_is_refused_and_the_next_one_is_not(house: Evidence) -> None:
    house.write([receipted(1)])
    hanging = threading.Event()

    def slow() -> Signer:
        hanging.wait(10)
        return keys().rsa

    with pytest.raises(faults.EvidenceUnavailable):
        find(house, number(1), signer=slow, seconds_max=0.05)
    hanging.set()
    assert known(house, number(1)).number == number(1)


def test_a_seal_that_was_spoilt_proves_nothing(house: Evidence) -> None:
    house.write([receipted(1)])
    seal(house)
    house.run(update(checkpoint_heads).values(first_sequence=3, head_sequence=9))
    assert known(house, number(1)).proof is None


def test_an_operator_writes_the_whole_file_of_one_record(house: Evidence) -> None:
    chain = house.write([receipted(1), receipted(2, receipt_number="")])
    seal(house)
    with house.engine.connect() as connection:
        signer, now = keys().rsa, LATER
        content = receipt_file_of(connection, chain, 2, signer=signer, now=now)
        assert receipt_file_of(connection, chain, 3, signer=signer, now=now) is None
        assert receipt_file_of(connection, chain, 9, signer=signer, now=now) is None
        row = connection.execute(
            select(evidence_table.c.hash).where(evidence_table.c.sequence == 2)
        )
        assert bytes(row.scalar_one()) == read_record(json.loads(content or b"")["record"]).hash
    value = json.loads(content or b"")
    assert set(value) == {"format", "signed", "record", "proof"}
    certificates = load_certificates(keys().files.rsa_certificate)
    assert verify_receipt(value["signed"].encode(), certificates)["AlindiNo"] == number(1)


def test_a_receipt_is_signed_with_the_key_that_is_handed_in(house: Evidence) -> None:
    house.write([receipted(1)])
    found = known(house, number(1), signer=lambda: keys().p256)
    certificates = load_certificates(keys().files.p256_certificate)
    assert verify_receipt(found.content, certificates)["ImzaSahibi"] == keys().p256.holder
