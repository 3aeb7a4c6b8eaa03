"""Every answer has its receipt, in the words of its door; security faults have none (design D7)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from direct_house import Direct, direct, message
from issuer_house import AGREEMENT as TOKEN_AGREEMENT
from issuer_house import House as Issuer
from issuer_house import agreements as issuer_agreements
from issuer_house import house as issuer_house
from issuer_house import shape
from lxml import etree
from routed import ACCOUNT, AGREEMENT, Message, Router, agreements, person_query, router
from served import House as Public
from served import ask, call, citizen, receipt_of_entry
from soap_samples import timestamp

from kps_soap.answers import body_digest, stated_receipt
from kps_soap.entry import Entry
from kps_soap.gateway import Answer
from kps_soap.signing import Signer

SIGNED = AGREEMENT.replace("routing_signature = false", "routing_signature = true")
STRICTLY = re.sub(
    r'security = "KLASIK"\nsecurity_until = .*\n', 'security = "STANDART"\n', AGREEMENT
)
AFTER_ALL = datetime(2099, 1, 1, tzinfo=UTC)
LATE = timestamp("2026-01-01T08:58:00Z", "2026-01-01T09:12:00Z")


@pytest.fixture
def door(signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory) -> Direct:
    return direct(agreements(tmp_path_factory.mktemp("agreements")), signers)


@pytest.fixture
def sts(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return issuer_house(tmp_path_factory.mktemp("issuer"))


def in_header(answer: Answer, entry: Entry) -> None:
    """The receipt stands in the SOAP header and names this question and this answer."""
    receipt = stated_receipt(etree.fromstring(answer.body))
    assert receipt["AlindiNo"] == entry.receipt_number != ""
    assert receipt["IstekOzeti"] == entry.question_digest == sha256(entry.question).hexdigest()
    assert receipt["YanitOzeti"] == entry.answer_digest == body_digest(answer.body)
    assert receipt["AnlasmaOzeti"] == entry.agreement_digest
    assert receipt["GizlenenOzeti"] == entry.withheld_digest
    assert entry.sent_digest == sha256(answer.body).hexdigest()


def in_http_headers(answer: Answer, entry: Entry) -> None:
    """Number and digest of the receipt stand in HTTP headers; the Body is the one it names."""
    headers = dict(answer.headers)
    assert headers["Kps-Alindi-No"] == entry.receipt_number != ""
    assert len(headers["Kps-Alindi-Ozeti"]) == 64
    assert entry.answer_digest == body_digest(answer.body)
    assert entry.sent_digest == sha256(answer.body).hexdigest()


def nowhere(answer: Answer, entry: Entry) -> None:
    """Neither the answer nor the record has a receipt."""
    assert b"Alindi" not in answer.body
    assert not [name for name, _ in answer.headers if name.startswith("Kps-Alindi")]
    assert entry.receipt_number == ""


DIRECT = {
    "an answer": (message(), {}, in_header),
    "no inquirer": (message(inquirer=""), {}, in_header),
    "nobody is found": (message(person_query(10000000382)), {}, in_header),
    "the agreement's refusal": (message(person_query(*[10000000214] * 200)), {}, in_header),
    "another network": (message(), {"source_address": "198.51.100.9"}, in_header),
    "the schema's refusal": (message(person_query("on bir")), {}, in_header),
    "a wrong password": (message(password="yanlış bir parola"), {}, nowhere),
    "a late message": (message(time=timestamp("2026-01-01T07:00:00Z")), {}, nowhere),
    "an unknown header": (
        message(before='<x:X xmlns:x="urn:x" s:mustUnderstand="1"/>'),
        {},
        nowhere,
    ),
}


@pytest.mark.parametrize("case", DIRECT)
def test_the_direct_door_has_it_in_the_signed_header(door: Direct, case: str) -> None:
    body, changes, place = DIRECT[case]
    place(door.send(body, **changes), door.entry)
    assert door.entry.account == ACCOUNT


def test_a_security_fault_of_a_strict_profile_does_not_tell_that_the_password_was_right(
    signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    strict = direct(agreements(tmp_path_factory.mktemp("strict"), STRICTLY), signers)
    nowhere(strict.send(message(time=LATE)), strict.entry)
    assert (strict.entry.refusal, strict.entry.vouched_by) == ("StaleMessage", "TLS_PASSWORD")
    wrong = direct(agreements(tmp_path_factory.mktemp("wrong"), STRICTLY), signers)
    fault = wrong.send(message(time=LATE, password="yanlış bir parola"))
    nowhere(fault, wrong.entry)
    assert len(fault.body) != 0


def test_an_answer_that_cannot_be_signed_has_it_in_http_headers(
    signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    current = agreements(tmp_path_factory.mktemp("expired"))
    expired = direct(current, signers, now=AFTER_ALL)
    answer = expired.send(message())
    assert (answer.status, answer.body) == (503, b"")
    in_http_headers(answer, expired.entry)


ROUTED = {
    "an answer": (Message().text, {}, in_header),
    "the agreement's refusal": (
        Message(payload=person_query(*[10000000214] * 200)).text, {}, in_header,
    ),
    "the schema's refusal": (Message(payload=person_query("on bir")).text, {}, in_header),
    "an unknown action": (Message(action="urn:none").text, {}, in_header),
    "another address": (Message().text, {"source_address": "203.0.113.11"}, nowhere),
    "a wrong proof": (Message(key=bytes(32)).text, {}, nowhere),
}  # fmt: skip


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("case", ROUTED)
def test_the_routing_door_has_it_in_a_header_signed_or_not(
    signers: Mapping[str, Signer],
    tmp_path_factory: pytest.TempPathFactory,
    case: str,
    signed: bool,
) -> None:
    text = SIGNED if signed else AGREEMENT
    routed = router(agreements(tmp_path_factory.mktemp("routed"), text), signers)
    body, changes, place = ROUTED[case]
    answer = routed.send(body, **changes)
    place(answer, routed.entry)
    # Before its contract is known, nobody has asked which agreement wants signatures.
    agreed = place is in_header and case != "an unknown action"
    assert (b"<ds:Signature" in answer.body) == (signed and agreed)
    assert b'Alindi" s:mustUnderstand' not in answer.body


def test_a_routed_answer_that_cannot_be_signed_has_it_in_http_headers(
    signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    current = agreements(tmp_path_factory.mktemp("routed"), SIGNED)
    ended: Router = router(current, signers, clock=lambda: AFTER_ALL)
    answer = ended.send(Message().text)
    assert (answer.status, answer.body) == (503, b"")
    in_http_headers(answer, ended.entry)


def test_the_token_service_has_it_in_http_headers(sts: Issuer) -> None:
    in_http_headers(sts.ask(shape("shape-1-php")), sts.entry)
    sts.evidence.records.clear()
    odd = shape("shape-1-php").replace(b"200512/Issue<", b"200512/Renew<")
    in_http_headers(sts.ask(odd), sts.entry)


def test_whom_the_token_service_refuses_by_agreement_learns_no_number_of_a_receipt(
    sts: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = TOKEN_AGREEMENT.replace('"ACIK"', '"ASKIDA"', 1)
    sts.agreements = issuer_agreements(tmp_path_factory.mktemp("suspended"), text)
    nowhere(sts.ask(shape("shape-1-php")), sts.entry)
    assert sts.entry.refusal == "AgreementNotInForce"


def test_the_public_door_has_it_in_http_headers(house: Public) -> None:
    for members in (citizen(), citizen(Ad="BAŞKA"), citizen(TCKimlikNo="on bir")):
        house.evidence.records.clear()
        reply = ask(house, call("TCKimlikNoDogrula", members))
        entry = house.entry
        assert reply.headers["kps-alindi-no"] == entry.receipt_number != ""
        expected = sha256(receipt_of_entry(entry)).hexdigest()
        assert reply.headers["kps-alindi-ozeti"] == expected
        assert entry.answer_digest == body_digest(reply.body)
