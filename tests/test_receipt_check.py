"""A saved receipt, checked with nothing but files; every "no" says what differs."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from audit.evidence_samples import NOW, Evidence, opened
from click.testing import CliRunner
from receipt_samples import Keys, keys, number, receipted, seal
from signxml import SignatureConfiguration, XMLVerifier

from kps_soap.answers import AnswerNotGenuine, load_certificates, verify_receipt
from kps_soap.audit.proofs import checkpoint_as_json
from kps_soap.audit.receipt_files import receipt_file
from kps_soap.audit.receipt_search import RECORD_COLUMNS, receipt_file_of
from kps_soap.audit.signed_receipts import sign_receipt
from kps_soap.cli.receipt import receipt as receipt_commands
from kps_soap.envelopes import SOAP12, SoapVersion
from kps_soap.models import evidence as evidence_table
from kps_soap.receipt_check import Checked, Papers, ReceiptRefused, check_receipts
from kps_soap.signing import (
    Signer,
    body_digest,
    canonical_in_body,
    receipt_header,
    signed_envelope,
)

QUESTION = "<soru>Ğ</soru>".encode()
PAYLOAD = b'<cevap xmlns="urn:x">1</cevap>'
LATER = NOW + timedelta(hours=1)
ASKED = sha256(QUESTION).hexdigest()
ANSWERED = body_digest(SoapVersion.V12, PAYLOAD)
PLAIN: dict[str, Any] = {
    "receipt_number": number(1),
    "received_us": 1_795_253_415_123_456,
    "question_digest": ASKED,
    "answer_digest": ANSWERED,
    "agreement_digest": "a" * 64,
    "withheld_digest": None,
}


def certificates(of: Keys | None = None) -> list[Any]:
    return list(load_certificates((of or keys()).files.rsa_certificate))


def header(signer: Signer, **changes: Any) -> bytes:
    given: dict[str, Any] = {
        "number": number(1),
        "time": NOW,
        "question_digest": ASKED,
        "answer_digest": ANSWERED,
        "agreement_digest": "a" * 64,
        "withheld_digest": "",
        "holder": signer.holder,
    }
    return receipt_header(**{**given, **changes})


def answer(signer: Signer | None = None, **changes: Any) -> bytes:
    """A signed answer of the direct door."""
    signer = signer or keys().rsa
    return signed_envelope(
        signer,
        soap_version=SoapVersion.V12,
        body_payload=PAYLOAD,
        canonical_payload=PAYLOAD,
        headers=[header(signer, **changes)],
        created=NOW,
        expires=NOW + timedelta(minutes=5),
    ).content


def unsigned(**changes: Any) -> bytes:
    """An answer of the routing door that nobody signed."""
    body = f'<s:Body xmlns:s="{SOAP12}">'.encode() + PAYLOAD + b"</s:Body>"
    digest = {"answer_digest": sha256(body).hexdigest()} | changes
    start = f'<s:Envelope xmlns:s="{SOAP12}"><s:Header>'.encode()
    head = start + header(keys().rsa, **digest) + b"</s:Header><s:Body>"
    return head + PAYLOAD + b"</s:Body></s:Envelope>"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Evidence]:
    with opened(f"sqlite:///{tmp_path / 'evidence.sqlite'}") as evidence:
        yield evidence


def recorded(evidence: Evidence, *, sealed: bool = True, **changes: Any) -> dict[str, Any]:
    """The receipt file of the one call, as a JSON value."""
    given = {"question_digest": ASKED, "answer_digest": ANSWERED, "withheld_digest": ""}
    one = receipted(1, **{**given, "agreement_digest": "a" * 64, **changes})
    chain = evidence.write([receipted(5), one])
    if sealed:
        seal(evidence)
    with evidence.engine.connect() as connection:
        content = receipt_file_of(connection, chain, 3, signer=keys().rsa, now=LATER)
    value: dict[str, Any] = json.loads(content or b"")
    return value


def proof_alone(value: Mapping[str, Any]) -> bytes:
    return json.dumps({name: part for name, part in value.items() if name != "signed"}).encode()


def answered_by_service(*values: Mapping[str, Any] | None, signer: Signer | None = None) -> bytes:
    """What ``AlindiServis`` answers: one item a receipt, None where it knows none."""
    items = ""
    for value in values:
        if value is None:
            items += '<AlindiKaydi><ImzaliAlindiBelgesi i:nil="true"/></AlindiKaydi>'
            continue
        signed = base64.b64encode(value["signed"].encode()).decode()
        proof = base64.b64encode(proof_alone(value)).decode() if value["proof"] else ""
        items += (
            f"<AlindiKaydi><ImzaliAlindiBelgesi>{signed}</ImzaliAlindiBelgesi>"
            f"<MuhurKaniti>{proof}</MuhurKaniti></AlindiKaydi>"
        )
    payload = (
        '<DogrulaResponse xmlns="urn:kps-soap:alindi-servis:1" '
        'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><DogrulaResult><SorguSonucu>'
        f"{items}</SorguSonucu></DogrulaResult></DogrulaResponse>"
    ).encode()
    if signer is None:
        start = f'<s:Envelope xmlns:s="{SOAP12}"><s:Header/><s:Body>'.encode()
        return start + payload + b"</s:Body></s:Envelope>"
    return signed_envelope(
        signer,
        soap_version=SoapVersion.V12,
        body_payload=payload,
        canonical_payload=canonical_in_body(payload, soap_version=SoapVersion.V12),
        headers=[],
        created=NOW,
        expires=NOW + timedelta(minutes=5),
    ).content


def check(file: bytes, *, seals: bool = False, of: Keys | None = None, **more: Any) -> Checked:
    (checked,) = check_receipts(
        Papers(file, **more), certificates(of), keys().seals if seals else None
    )
    return checked


def why(file: bytes, **how: Any) -> str:
    with pytest.raises(ReceiptRefused) as caught:
        check(file, **how)
    return str(caught.value)


# A signed answer


def test_a_signed_answer_proves_its_receipt_for_years() -> None:
    checked = check(answer(), question=QUESTION, answer=answer())
    assert checked.receipt["AlindiNo"] == number(1)
    assert checked.findings == (
        "The receipt is genuine by the answer's signature.",
        "IstekOzeti is that of the question.",
        "YanitOzeti is that of the answer.",
        "No proof of its seal is with it.",
    )


def test_a_changed_answer_is_not_what_was_signed() -> None:
    assert "a part that it covers was changed" in why(answer().replace(b">1<", b">2<"))
    value = answer()
    place = value.index(b"<ds:SignatureValue>") + 30
    assert "The signature is wrong" in why(
        value[:place] + (b"A" if value[place : place + 1] != b"A" else b"B") + value[place + 1 :]
    )


def test_another_holders_answer_is_told_from_a_wrong_signature() -> None:
    assert "another holder" in why(answer(), of=keys("theirs"))


def test_a_receipt_that_does_not_belong_to_its_answer_is_named() -> None:
    assert "YanitOzeti differs" in why(answer(answer_digest="b" * 64))


def test_a_question_or_an_answer_that_is_another_one_is_named() -> None:
    assert "IstekOzeti differs" in why(answer(), question=QUESTION + b" ")
    assert "YanitOzeti differs" in why(answer(), answer=unsigned().replace(b">1<", b">2<"))
    assert "cannot be read" in why(answer(), answer=b"<a")
    assert "cannot be read" in why(answer(), answer=b"<a/>")


def test_an_empty_answer_has_the_digest_of_nothing(house: Evidence) -> None:
    value = recorded(house, answer_digest=sha256(b"").hexdigest())
    checked = check(json.dumps(value).encode(), answer=b"")
    assert "YanitOzeti is that of the answer." in checked.findings


def test_a_fault_without_a_receipt_has_none() -> None:
    signer = keys().rsa
    fault = signed_envelope(
        signer,
        soap_version=SoapVersion.V12,
        body_payload=PAYLOAD,
        canonical_payload=PAYLOAD,
        headers=[],
        created=NOW,
        expires=NOW + timedelta(minutes=5),
    ).content
    assert why(fault) == "There is no receipt in the file."


# A receipt file and its proof


def test_a_receipt_file_proves_itself(house: Evidence) -> None:
    value = recorded(house)
    checked = check(json.dumps(value).encode(), seals=True, question=QUESTION)
    assert checked.findings[0] == "The receipt is genuine by its own signature."
    assert checked.findings[-1] == "It is sealed under checkpoint 1."
    assert checked.checkpoint is not None


def test_a_receipt_that_is_not_sealed_yet_is_genuine_and_says_so(house: Evidence) -> None:
    value = recorded(house, sealed=False)
    checked = check(json.dumps(value).encode(), seals=True)
    assert "It is not sealed yet" in checked.findings[-1]
    assert checked.checkpoint is None


def test_without_the_seals_certificate_the_seal_is_not_judged(house: Evidence) -> None:
    checked = check(json.dumps(recorded(house)).encode())
    assert "--seal-certificate" in checked.findings[-1]


def test_the_proof_goes_with_an_answer_that_was_saved_apart(house: Evidence) -> None:
    value = recorded(house)
    for beside in (json.dumps(value).encode(), proof_alone(value), answered_by_service(value)):
        checked = check(answer(), proof=beside, seals=True)
        assert checked.findings[0].endswith("the answer's signature.")
        assert checked.checkpoint is not None


def test_a_proof_alone_is_proof_enough_once_it_is_sealed(house: Evidence) -> None:
    value = recorded(house)
    assert check(proof_alone(value), seals=True).findings[0].endswith("by its seal.")
    assert "Nobody has signed" in why(proof_alone(value))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"record": None}, "the record in the file is no record"),
        ({"record": {"plain": []}}, "the record in the file is no record"),
        ({"proof": {"format": "x"}}, "this is no proof of this kind"),
        ({"proof": []}, "a JSON object is missing"),
    ],
)
def test_a_spoilt_proof_is_named(house: Evidence, change: dict[str, Any], sentence: str) -> None:
    assert sentence in why(json.dumps(recorded(house) | change).encode(), seals=True)


@pytest.mark.parametrize("column", ["outcome", "account", "duration_us"])
def test_a_record_that_was_changed_is_not_the_sealed_one(house: Evidence, column: str) -> None:
    value = recorded(house)
    value["record"]["plain"][column] = 7 if column != "account" else "KRM-06"
    assert "not the one that was sealed" in why(json.dumps(value).encode(), seals=True)


@pytest.mark.parametrize(
    ("column", "member"),
    [
        ("question_digest", "IstekOzeti"),
        ("answer_digest", "YanitOzeti"),
        ("agreement_digest", "AnlasmaOzeti"),
        ("withheld_digest", "GizlenenOzeti"),
        ("receipt_number", "AlindiNo"),
    ],
)
def test_a_record_that_says_something_else_than_the_receipt_is_named(
    house: Evidence, column: str, member: str
) -> None:
    value = recorded(house)
    value["record"]["plain"][column] = "c" * 64
    assert why(json.dumps(value).encode()).startswith(f"{member} differs")


def test_the_time_of_the_record_is_compared_too(house: Evidence) -> None:
    value = recorded(house)
    value["record"]["plain"]["received_us"] += 1_000
    assert why(json.dumps(value).encode()).startswith("Zaman differs")


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("chain", "0" * 15),
        ("month", "2026-1"),
        ("salt", "00"),
        ("previous_hash", "zz" * 32),
        ("persons_digest", "00"),
        ("cipher_digest", None),
        ("sequence", -1),
        ("sequence", "3"),
        ("format", 9),
        ("plain", {"received_us": True}),
        ("plain", {"received_us": 2**62}),
    ],
)
def test_a_record_of_odd_parts_is_no_record(house: Evidence, name: str, changed: object) -> None:
    value = recorded(house)
    value["record"][name] = changed
    assert "no record" in why(json.dumps(value).encode(), seals=True)


def test_a_proof_alone_must_hold_a_record(house: Evidence) -> None:
    spoilt = recorded(house) | {"record": {}}
    assert "no record" in why(proof_alone(spoilt), seals=True)


def test_a_proof_of_another_place_is_refused(house: Evidence) -> None:
    value = recorded(house)
    value["proof"]["sequence"] = 2
    assert "of another record" in why(json.dumps(value).encode(), seals=True)


def test_a_seal_of_another_key_is_refused(house: Evidence) -> None:
    content = json.dumps(recorded(house)).encode()
    with pytest.raises(ReceiptRefused, match="certificate is not here"):
        check_receipts(Papers(content), certificates(), keys("theirs").seals)


def test_a_proof_of_another_receipt_is_named(house: Evidence) -> None:
    other = answer(number=number(2))
    assert "AlindiNo differs" in why(other, proof=json.dumps(recorded(house)).encode())
    wrong = answer(question_digest="d" * 64)
    assert why(wrong, proof=json.dumps(recorded(house)).encode()).startswith("IstekOzeti differs")


def test_who_signs_on_request_may_be_another_than_who_signed_the_answer(house: Evidence) -> None:
    pool = [*certificates(), *load_certificates(keys().files.p256_certificate)]
    papers = Papers(answer(keys().p256), proof=json.dumps(recorded(house)).encode())
    (checked,) = check_receipts(papers, pool, keys().seals)
    assert checked.receipt["ImzaSahibi"] == keys().p256.holder
    assert checked.checkpoint is not None


def test_a_file_of_another_form_is_no_receipt_file() -> None:
    for odd in (b"{", b"{}", b'{"format": "x"}', b'{"format": "kps-soap:receipt:1", "signed": 1}'):
        assert why(odd) == "The file is no receipt file of this kind."
    assert why(b"nothing") == "The file is no XML document and no receipt file."
    assert why(b"<a/>").startswith("It is not genuine")


# The witness


def test_the_witness_must_have_seen_the_same_checkpoint(house: Evidence) -> None:
    value = recorded(house)
    content = json.dumps(value).encode()
    copy = value["proof"]["checkpoint"]
    checked = check(content, seals=True, witness=json.dumps(copy).encode())
    assert checked.findings[-1] == "The witness saw the same checkpoint."
    assert checked.checkpoint is not None
    other = checkpoint_as_json(replace(checked.checkpoint, digest=bytes(32)))
    assert "saw another checkpoint" in why(content, seals=True, witness=json.dumps(other).encode())
    second = copy | {"number": 2}
    assert "copy of checkpoint 1" in why(content, seals=True, witness=json.dumps(second).encode())
    assert "no checkpoint" in why(content, seals=True, witness=b"{")
    assert "Without a checked proof" in why(content, witness=json.dumps(copy).encode())


# An answer of AlindiServis


@pytest.mark.parametrize("signed", [False, True])
def test_an_answer_of_the_service_proves_every_receipt_in_it(house: Evidence, signed: bool) -> None:
    value, signer = recorded(house), keys().rsa if signed else None
    content = answered_by_service(None, value, value, signer=signer)
    first, second = check_receipts(Papers(content), certificates(), keys().seals)
    assert first == second
    assert first.checkpoint is not None
    assert "several receipts" in why(content, question=QUESTION)


def test_an_answer_of_the_service_without_a_receipt_says_so() -> None:
    assert why(answered_by_service(None)) == "There is no receipt in the file."


def test_a_changed_answer_of_the_service_is_not_genuine(house: Evidence) -> None:
    value = recorded(house)
    signed = answered_by_service(value, signer=keys().rsa)
    assert "was changed" in why(signed.replace(b"<AlindiKaydi>", b"<AlindiKaydi><x/>"))
    odd = answered_by_service(value).replace(b"<ImzaliAlindiBelgesi>", b"<ImzaliAlindiBelgesi>!")
    assert "no base64" in why(odd)
    value["signed"] = value["signed"].replace(number(1), number(2))
    assert "was changed" in why(answered_by_service(value))


# An answer that nobody signed


def test_an_unsigned_answer_needs_a_signed_receipt_beside_it(house: Evidence) -> None:
    saved = unsigned()
    digest = sha256(f'<s:Body xmlns:s="{SOAP12}">'.encode() + PAYLOAD + b"</s:Body>").hexdigest()
    assert "ask AlindiServis" in why(saved)
    value = recorded(house, answer_digest=digest)
    checked = check(saved, proof=answered_by_service(value), seals=True, answer=saved)
    assert checked.findings[0].endswith("its own signature.")
    assert checked.checkpoint is not None


def test_an_unsigned_answer_that_was_changed_is_told_by_its_receipt() -> None:
    assert "YanitOzeti differs" in why(unsigned().replace(b">1<", b">2<"))
    twice = unsigned()
    alindi = twice[twice.index(b"<r:Alindi") : twice.index(b"</s:Header>")]
    assert "headers" in why(twice.replace(alindi, alindi * 2))
    assert why(twice.replace(alindi, b"")) == "There is no receipt in the file."


# The signed receipt


def signed_document(**changes: Any) -> bytes:
    return sign_receipt(PLAIN | changes, keys().rsa, now=LATER).content


def test_the_document_is_proven_by_other_tools_too(tmp_path: Path) -> None:
    content, file = signed_document(), tmp_path / "receipt.xml"
    result = XMLVerifier().verify(
        content,
        x509_cert=keys().files.rsa_certificate.read_text(encoding="utf-8"),
        expect_config=SignatureConfiguration(location="./", require_x509=True),
    )
    assert not isinstance(result, list)
    made = sign_receipt(PLAIN, keys().rsa, now=LATER)
    assert sha256(result.signed_data).hexdigest() == made.receipt_digest
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed")
    certificate = str(keys().files.rsa_certificate)
    command = ["xmlsec1", "--verify", "--pubkey-cert-pem", certificate, "--id-attr:Id"]
    for sent, code in ((content, 0), (content.replace(b"2026", b"2027", 1), 1)):
        file.write_bytes(sent)
        run = subprocess.run(
            [*command, "urn:kps-soap:alindi:1:Alindi", str(file)], check=False, capture_output=True
        )
        assert (run.returncode != 0) == bool(code)


def test_the_digest_of_a_receipt_is_that_of_the_public_doors_header() -> None:
    made = sign_receipt(PLAIN, keys().rsa, now=LATER)
    alindi = header(keys().rsa)
    assert alindi in made.content
    assert made.receipt_digest == sha256(alindi).hexdigest()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda xml: xml.replace(b'URI="#Alindi"', b'URI="#Anders"'),
        lambda xml: xml.replace(b'URI="#Alindi"', b'URI=""'),
        lambda xml: xml.replace(b"<ds:KeyInfo>", b"<ds:KeyInfo><a/>"),
        lambda xml: xml.replace(b"rsa-sha256", b"rsa-sha1"),
        lambda xml: xml.replace(b"<r:AlindiNo>", b"<r:AlindiNo><b/>"),
        lambda xml: xml.replace(b"</r:ImzaliAlindi>", b"<a/></r:ImzaliAlindi>"),
        lambda xml: xml.replace(b"<r:ImzaliAlindi ", b'<r:ImzaliAlindi Id="Alindi" '),
        lambda xml: xml.replace(b"ImzaliAlindi", b"Baska"),
        lambda xml: xml.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>!"),
        lambda xml: xml + b"<!-- x -->",
        lambda xml: xml.replace(b"<r:Alindi ", b"<!-- x --><r:Alindi "),
        lambda xml: xml[:-1],
    ],
)
def test_a_document_of_another_shape_is_not_genuine(spoil: Any) -> None:
    spoilt = spoil(signed_document())
    if spoilt.endswith(b"<!-- x -->"):
        # What stands behind the document is no part of it.
        assert verify_receipt(spoilt, certificates())["AlindiNo"] == number(1)
        return
    with pytest.raises(AnswerNotGenuine):
        verify_receipt(spoilt, certificates())


def test_a_signature_of_another_document_is_wrong() -> None:
    first, second = signed_document(), signed_document(answer_digest="e" * 64)
    start, end = b"<ds:SignatureValue>", b"</ds:SignatureValue>"
    value = second[second.index(start) : second.index(end)]
    moved = first[: first.index(start)] + value + first[first.index(end) :]
    assert "The signature is wrong" in why(moved)


def test_the_document_is_a_receipt_file_of_its_own() -> None:
    assert check(signed_document()).receipt["AlindiNo"] == number(1)


# The command


def run(*words: str) -> Any:
    return CliRunner().invoke(receipt_commands, ["verify", *words])


def test_the_command_prints_the_receipt_and_what_was_found(house: Evidence, tmp_path: Path) -> None:
    file, question = tmp_path / "receipt.json", tmp_path / "question.xml"
    file.write_text(json.dumps(recorded(house)), encoding="utf-8")
    question.write_bytes(QUESTION)
    paths = keys().files
    words = (
        str(file),
        *("--certificate", str(paths.rsa_certificate), "--question", str(question)),
        *("--seal-certificate", str(paths.seal_certificate)),
    )
    said = run(*words)
    assert said.exit_code == 0, said.output
    assert f"AlindiNo: {number(1)}" in said.output
    assert "It is sealed under checkpoint 1." in said.output
    told = json.loads(run(*words, "--json").output)
    assert (told["ok"], told["receipts"][0]["checkpoint"]) == (True, 1)


def test_the_command_says_what_differs_and_ends_with_one(tmp_path: Path) -> None:
    file, certificate = tmp_path / "answer.xml", str(keys("theirs").files.rsa_certificate)
    file.write_bytes(answer())
    said = run(str(file), "--certificate", certificate)
    assert (said.exit_code, "another holder" in said.output) == (1, True)
    told = json.loads(run(str(file), "--certificate", certificate, "--json").output)
    assert told["ok"] is False
    assert "another holder" in told["why"]


def test_the_command_needs_a_certificate_that_can_have_signed(tmp_path: Path) -> None:
    file = tmp_path / "answer.xml"
    file.write_bytes(answer())
    assert run(str(file)).exit_code == 2
    assert run(str(file), "--certificate", str(file)).exit_code == 2
    assert run(str(file), "--seal-certificate", str(file)).exit_code == 1
    assert run(str(tmp_path / "none"), "--certificate", str(file)).exit_code == 2


def test_a_receipt_file_holds_every_column_but_the_messages(house: Evidence) -> None:
    house.write([receipted(1)])
    (row,) = [row for row in house.rows() if row.receipt_number]
    value = json.loads(receipt_file({name: row._mapping[name] for name in RECORD_COLUMNS}, None))
    assert value["proof"] is None
    assert len(value["record"]["plain"]) > 40
    assert evidence_table.c.ciphertext.name not in RECORD_COLUMNS
