"""AlindiServis: the receipts of the asker's own calls."""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from register_samples import FakeRegister, Told, ask, contract

from kps_soap import faults
from kps_soap.audit.receipt_search import KnownReceipt
from kps_soap.criteria import Asker
from kps_soap.faults import Outcome
from kps_soap.services.alindi import RECEIPTS_MAX

SERVICE = contract("AlindiServis", "1")
NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
ITEM = "DogrulaResult/SorguSonucu/AlindiKaydi"
ASKER = Asker("B-34-0417", "KRM-34-0417", "AYSE", "203.0.113.10", NOW, "2026/117", "")
KNOWN = KnownReceipt(
    number="20260101-B-34-0417-00000001-31",
    received_at=datetime(2026, 1, 1, 9, 30, 15, 120_000, tzinfo=UTC),
    question_digest="1" * 64,
    answer_digest="2" * 64,
    agreement_digest="3" * 64,
    withheld_digest="",
    service="KisiSorgulaTCKimlikNoServis",
    version="2011/01/01",
    outcome=301,
    receipt_digest="4" * 64,
    record_hash="5" * 64,
    content=b"<r:ImzaliAlindi/>",
    checkpoint=17,
    proof=b'{"proof": 1}',
)


class FakeReceipts:
    """Knows some numbers, and remembers who asked for which."""

    def __init__(self, *known: KnownReceipt) -> None:
        self.known = {one.number: one for one in known}
        self.asked: list[tuple[str, Asker]] = []

    async def find(self, text: str, asker: Asker) -> KnownReceipt | Outcome:
        self.asked.append((text, asker))
        if text == "mistyped":
            return Outcome.BAD_NUMBER
        return self.known.get(text, Outcome.NOT_FOUND)


def criteria(*numbers: str | None) -> str:
    listed = "".join(
        "<AlindiKriteri/>"
        if one is None
        else f"<AlindiKriteri><AlindiNumarasi>{one}</AlindiNumarasi></AlindiKriteri>"
        for one in numbers
    )
    return f"<kriterListesi>{listed}</kriterListesi>"


def told(*numbers: str | None, known: KnownReceipt = KNOWN) -> Told:
    receipts: Any = FakeReceipts(known)
    return ask(SERVICE, criteria(*numbers), FakeRegister(), asker=ASKER, receipts=receipts)


def test_a_receipt_is_told_with_its_digests_its_signature_and_its_proof() -> None:
    answer = told(KNOWN.number)
    shown = {
        "AlindiNumarasi": KNOWN.number,
        "AlindiSha256": "4" * 64,
        "AnlasmaSha256": "3" * 64,
        "IstekSha256": "1" * 64,
        "KayitSha256": "5" * 64,
        "MuhurNumarasi": "17",
        "ServisAdi": "KisiSorgulaTCKimlikNoServis",
        "ServisSurumu": "2011/01/01",
        "SonucNumarasi": "301",
        "YanitSha256": "2" * 64,
        "ImzaliAlindiBelgesi": base64.b64encode(KNOWN.content).decode(),
        "MuhurKaniti": base64.b64encode(KNOWN.proof or b"").decode(),
    }
    assert {name: answer.text(f"{ITEM}/{name}") for name in shown} == shown
    assert datetime.fromisoformat(answer.text(f"{ITEM}/AlindiZamani") or "") == KNOWN.received_at
    assert answer.is_nil(f"{ITEM}/GizlenenSha256")
    assert answer.is_nil(f"{ITEM}/HataBilgisi")


def test_what_is_not_sealed_yet_has_no_proof() -> None:
    answer = told(KNOWN.number, known=replace(KNOWN, checkpoint=None, proof=None))
    assert answer.is_nil(f"{ITEM}/MuhurKaniti")
    assert answer.is_nil(f"{ITEM}/MuhurNumarasi")
    assert not answer.is_nil(f"{ITEM}/ImzaliAlindiBelgesi")


def test_a_call_that_reached_no_service_has_none() -> None:
    bare = replace(KNOWN, service="", version="", agreement_digest="", withheld_digest="6" * 64)
    answer = told(KNOWN.number, known=bare)
    for name in ("ServisAdi", "ServisSurumu", "AnlasmaSha256"):
        assert answer.is_nil(f"{ITEM}/{name}")
    assert answer.text(f"{ITEM}/GizlenenSha256") == "6" * 64


def test_whatever_is_no_receipt_of_the_asker_is_one_answer() -> None:
    answer = told("unknown", "mistyped", KNOWN.number, None)
    assert answer.texts(f"{ITEM}/HataBilgisi/Kod") == ["2", "2", "10"]
    assert answer.texts(f"{ITEM}/AlindiNumarasi") == [None, None, KNOWN.number, None]
    outcomes = [Outcome.NOT_FOUND, Outcome.BAD_NUMBER, Outcome.OK, Outcome.MISSING]
    assert answer.enquiry.outcomes == outcomes
    first, second, _, _ = answer.tree.iter(f"{{{SERVICE.namespace}}}AlindiKaydi")
    assert [one.tag for one in first.iter()] == [one.tag for one in second.iter()]


def test_the_asker_is_told_to_the_search_and_nobody_else_is() -> None:
    receipts: Any = FakeReceipts()
    ask(SERVICE, criteria("a"), FakeRegister(), asker=ASKER, receipts=receipts)
    assert receipts.asked == [("a", ASKER)]


def test_it_costs_nothing_reads_no_register_and_is_about_nobody() -> None:
    register = FakeRegister()
    receipts: Any = FakeReceipts(KNOWN)
    answer = ask(SERVICE, criteria(KNOWN.number), register, asker=ASKER, receipts=receipts)
    assert register.asked == []
    assert (answer.enquiry.units, answer.enquiry.records, answer.enquiry.persons) == (0, 0, [])


def test_more_receipts_than_a_call_may_ask_for_refuse_it_whole() -> None:
    assert told(*["a"] * RECEIPTS_MAX).enquiry.outcomes == [Outcome.NOT_FOUND] * RECEIPTS_MAX
    with pytest.raises(faults.TooManyCriteria):
        told(*["a"] * (RECEIPTS_MAX + 1))


def test_a_receipt_that_cannot_be_told_in_time_refuses_the_call() -> None:
    class Away(FakeReceipts):
        async def find(self, text: str, asker: Asker) -> KnownReceipt | Outcome:
            raise faults.EvidenceUnavailable("receipt TimeoutError")

    away: Any = Away()
    with pytest.raises(faults.EvidenceUnavailable):
        ask(SERVICE, criteria("a"), FakeRegister(), asker=ASKER, receipts=away)
