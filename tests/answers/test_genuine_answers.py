"""The verifier of answers: what is genuine passes, as it was written."""

import copy
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from answer_samples import (
    ID,
    KPS,
    NOW,
    PAYLOAD,
    QUESTION,
    answer_of,
    body_of,
    canonical,
    find,
    proven,
    refused,
)
from lxml import etree

from kps_soap.answers import (
    Freshness,
    load_certificates,
    verify_answer,
    verify_tree,
)
from kps_soap.certificates import DemoFiles
from kps_soap.envelopes import SoapVersion
from kps_soap.signing import Signer

FAULT = "<s:Fault><faultcode>s:Server</faultcode><faultstring>Hayır.</faultstring></s:Fault>"


@pytest.mark.parametrize("kind", ["rsa", "p256"])
@pytest.mark.parametrize("version", list(SoapVersion))
@pytest.mark.parametrize("payload", [PAYLOAD, FAULT], ids=["answer", "fault"])
def test_a_genuine_answer_is_proven(
    signers: dict[str, Signer], kind: str, version: SoapVersion, payload: str
) -> None:
    signer = signers[kind]
    answer = proven(answer_of(signer, payload, version=version), signer)
    assert answer.certificate == signer.certificate
    assert answer.created == NOW
    assert answer.receipt["AlindiNo"] == "20260304-B-34-0417-1-9"
    assert answer.receipt["IstekOzeti"] == hashlib.sha256(QUESTION).hexdigest()
    assert answer.receipt["ImzaSahibi"] == signer.holder
    assert canonical(answer.body) == canonical(
        body_of(etree.fromstring(answer_of(signer, payload, version=version)))
    )


def test_values_come_from_the_signed_bytes(signer: Signer) -> None:
    answer = proven(answer_of(signer), signer)
    assert answer.payload.tag == f"{KPS}SorgulaResponse"
    assert answer.payload.findtext(f".//{KPS}Ad") == "ŞÜKRÜ 😀\r"


def test_what_is_proven_no_longer_hangs_on_the_received_tree(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    freshness = Freshness(NOW, timedelta(0))
    answer = verify_tree(tree, [signer.certificate], freshness=freshness, question_digest=None)
    find(tree, f".//{KPS}KimlikNo").text = "1"
    assert answer.payload.findtext(f".//{KPS}KimlikNo") == "10000000146"


def test_the_receipt_cannot_be_written_to(signer: Signer) -> None:
    receipt = proven(answer_of(signer), signer).receipt
    with pytest.raises(TypeError):
        receipt["AlindiNo"] = "1"  # type: ignore[index]


def test_two_certificates_are_pinned_while_a_key_is_changed(
    files: DemoFiles, signers: dict[str, Signer], tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(files.rsa_certificate.read_bytes() + files.p256_certificate.read_bytes())
    certificates = load_certificates(both)
    for signer in signers.values():
        answer = verify_answer(answer_of(signer), certificates, now=NOW, question=None)
        assert answer.certificate == signer.certificate


def test_an_answer_may_come_without_a_receipt_when_no_question_is_held_against_it(
    signer: Signer,
) -> None:
    raw = answer_of(signer, with_receipt=False)
    assert proven(raw, signer, question=None).receipt == {}
    assert refused(raw, signer) == "no receipt"


def test_a_fault_may_come_without_a_receipt(signer: Signer) -> None:
    raw = answer_of(signer, FAULT, with_receipt=False)
    assert proven(raw, signer).receipt == {}


def test_what_a_router_adds_for_the_way_is_not_signed_and_not_handed_out(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    way = "{http://www.w3.org/2005/08/addressing}"
    for name in ("RelatesTo", "Action"):
        block = etree.Element(f"{way}{name}")
        block.text = "urn:uuid:1"
        find(tree, "{*}Header").insert(0, block)
    answer = proven(etree.tostring(tree), signer)
    assert answer.receipt["AlindiNo"] == "20260304-B-34-0417-1-9"
    for spoil in (
        lambda block: block.set(ID, "Yol"),
        lambda block: block.set("Id", "Yol"),
        lambda block: etree.SubElement(block, "{urn:x}Ek"),
        lambda block: setattr(block, "tag", f"{way}ReplyTo"),
    ):
        spoilt = copy.deepcopy(tree)
        spoil(find(spoilt, f"{{*}}Header/{way}RelatesTo"))
        assert refused(etree.tostring(spoilt), signer)


def test_white_space_between_attributes_changes_nothing(signer: Signer) -> None:
    raw = answer_of(signer).replace(b' u:Id="Govde"', b'\n  u:Id="Govde" ')
    assert proven(raw, signer).payload.findtext(f".//{KPS}KimlikNo") == "10000000146"
