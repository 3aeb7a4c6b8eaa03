"""The verifier of answers: the certificate, the window of time, the receipt."""

import base64
import copy
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from answer_samples import (
    DS,
    NOW,
    RECEIPT,
    SECURITY,
    UTILITY,
    Attack,
    Tree,
    another_value,
    answer_of,
    body_of,
    canonical,
    find,
    proven,
    reference_to,
    refused,
    resigned,
    set_digest,
)
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree

from kps_soap import signing_keys
from kps_soap.answers import (
    AnswerNotGenuine,
    load_certificates,
    verify_answer,
    verify_archived_answer,
)
from kps_soap.certificates import DemoFiles
from kps_soap.signing import Signer

# The certificate


def test_another_certificate_is_refused(signers: dict[str, Signer]) -> None:
    raw = answer_of(signers["rsa"])
    assert refused(raw, signers["p256"]) == "certificate is not the pinned one"


def test_no_certificate_is_no_trust(signer: Signer) -> None:
    with pytest.raises(AnswerNotGenuine):
        verify_answer(answer_of(signer), [], now=NOW, question=None)


def self_signed(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, *, usage: bool | None = True
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if usage is not None:
        kinds = x509.KeyUsage(usage, not usage, *(False,) * 7)
        builder = builder.add_extension(kinds, critical=True)
    return builder.sign(key, SHA256())


def test_a_token_with_the_pinned_certificate_does_not_help_another_key(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    another_value(tree)
    stranger = ec.generate_private_key(ec.SECP256R1())
    forger = signing_keys.ecdsa_signature(stranger)
    set_digest(reference_to(tree, "Govde"), body_of(tree), canonical)
    value = forger(canonical(find(tree, f".//{DS}SignedInfo")))
    find(tree, f".//{DS}SignatureValue").text = base64.b64encode(value).decode()
    assert refused(etree.tostring(tree), signer) == "signature value"


def test_the_same_subject_and_key_in_another_certificate_is_not_the_pinned_one(
    signer: Signer, files: DemoFiles
) -> None:
    key = serialization.load_pem_private_key(files.p256_key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    tree = etree.fromstring(answer_of(signer))
    twin = self_signed(key, signer.certificate.subject)
    token = base64.b64encode(twin.public_bytes(serialization.Encoding.DER)).decode()
    find(tree, f".//{{{SECURITY}}}BinarySecurityToken").text = token
    assert refused(etree.tostring(tree), signer) == "certificate is not the pinned one"


@pytest.mark.parametrize("attribute", ["ValueType", "EncodingType"])
def test_a_token_of_another_kind_is_refused(signer: Signer, attribute: str) -> None:
    tree = etree.fromstring(answer_of(signer))
    find(tree, f".//{{{SECURITY}}}BinarySecurityToken").set(attribute, "urn:x")
    assert refused(etree.tostring(tree), signer) == "security token"


def test_a_certificate_outside_its_validity_proves_nothing(signer: Signer) -> None:
    later = signer.not_after + timedelta(seconds=1)
    raw = answer_of(signer, created=signer.not_after)
    assert refused(raw, signer, now=later) == "certificate outside its validity"


@pytest.mark.parametrize("usage", [False, None])
def test_a_certificate_that_may_not_sign_is_not_loaded(usage: bool | None, tmp_path: Path) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "deneme")])
    made = self_signed(ec.generate_private_key(ec.SECP256R1()), name, usage=usage)
    file = tmp_path / "a.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(ValueError, match="may not sign"):
        load_certificates(file)


def test_a_key_of_another_curve_is_not_loaded(tmp_path: Path) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "deneme")])
    made = self_signed(ec.generate_private_key(ec.SECP384R1()), name)
    file = tmp_path / "a.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(ValueError, match="may not sign"):
        load_certificates(file)


# Time


@pytest.mark.parametrize(
    ("now", "accepted"),
    [
        (NOW - timedelta(seconds=61), False),
        (NOW - timedelta(seconds=60), True),
        (NOW, True),
        (NOW + timedelta(minutes=5), True),
        (NOW + timedelta(minutes=6) - timedelta(milliseconds=1), True),
        (NOW + timedelta(minutes=6), False),
        (NOW + timedelta(days=1), False),
    ],
)
def test_an_answer_is_believed_while_it_is_fresh(
    signer: Signer, now: datetime, accepted: bool
) -> None:
    raw, skew = answer_of(signer), timedelta(seconds=60)
    if accepted:
        assert proven(raw, signer, now=now, skew=skew).created == NOW
    else:
        assert refused(raw, signer, now=now, skew=skew) == "stale or from the future"


@pytest.mark.parametrize("life", [timedelta(0), timedelta(minutes=-1), timedelta(minutes=16)])
def test_an_answer_claims_a_sensible_life(signer: Signer, life: timedelta) -> None:
    assert refused(answer_of(signer, life=life), signer) == "timestamp"


def times_reversed(timestamp: Tree) -> None:
    timestamp.append(timestamp[0])


def created_twice(timestamp: Tree) -> None:
    timestamp.insert(0, copy.deepcopy(timestamp[0]))


def no_expiry(timestamp: Tree) -> None:
    timestamp.remove(timestamp[1])


def no_times(timestamp: Tree) -> None:
    for time in list(timestamp):
        timestamp.remove(time)


def another_child(timestamp: Tree) -> None:
    etree.SubElement(timestamp, "{urn:x}Ek")


def set_created(text: str) -> Attack:
    def attack(timestamp: Tree) -> None:
        timestamp[0].text = text

    attack.__name__ = f"created_{text}"
    return attack


@pytest.mark.parametrize(
    "attack",
    [
        times_reversed,
        created_twice,
        no_expiry,
        no_times,
        another_child,
        set_created(""),
        set_created("2026-03-04"),
        set_created("2026-03-04T05:06:07"),
        set_created("2026-03-04T05:06:07+00:00"),
        set_created("2026-03-04T05:06:07.008z"),
        set_created(" 2026-03-04T05:06:07.008Z"),
        set_created("2026-13-04T05:06:07Z"),
        set_created("٢٠٢٦-03-04T05:06:07Z"),
    ],
    ids=lambda attack: attack.__name__,
)
def test_a_timestamp_of_another_shape_is_refused(signer: Signer, attack: Attack) -> None:
    tree = etree.fromstring(answer_of(signer))
    attack(find(tree, f".//{{{UTILITY}}}Timestamp"))
    resigned(tree, signer)
    refused(etree.tostring(tree), signer)


def test_whole_seconds_are_accepted(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    set_created("2026-03-04T05:06:07Z")(find(tree, f".//{{{UTILITY}}}Timestamp"))
    resigned(tree, signer)
    assert proven(etree.tostring(tree), signer).created == NOW.replace(microsecond=0)


def test_a_time_to_judge_by_needs_its_zone(signer: Signer) -> None:
    with pytest.raises(ValueError, match="zone"):
        proven(answer_of(signer), signer, now=NOW.replace(tzinfo=None))


def test_an_archived_answer_is_proven_years_later(signer: Signer) -> None:
    answer = verify_archived_answer(answer_of(signer), [signer.certificate])
    assert answer.receipt["AlindiNo"] == "20260304-B-34-0417-1-9"


def test_an_archived_answer_is_held_to_everything_but_freshness(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    another_value(tree)
    with pytest.raises(AnswerNotGenuine):
        verify_archived_answer(etree.tostring(tree), [signer.certificate])


# The receipt


def test_an_answer_to_another_question_is_refused(signer: Signer) -> None:
    raw = answer_of(signer)
    assert refused(raw, signer, question=b"baska soru") == "answer to another question"


def test_a_receipt_of_another_answer_is_refused(signer: Signer) -> None:
    assert refused(answer_of(signer, body_digest="e" * 64), signer) == "receipt of another answer"


def member_twice(receipt: Tree) -> None:
    receipt.append(copy.deepcopy(receipt[0]))


def member_with_a_child(receipt: Tree) -> None:
    etree.SubElement(receipt[0], f"{RECEIPT}Ic")


def no_members(receipt: Tree) -> None:
    for child in list(receipt):
        receipt.remove(child)


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (member_twice, "receipt"),
        (member_with_a_child, "receipt"),
        (no_members, "receipt of another answer"),
    ],
)
def test_a_receipt_of_another_shape_is_refused(signer: Signer, attack: Attack, reason: str) -> None:
    tree = etree.fromstring(answer_of(signer))
    attack(find(tree, f".//{RECEIPT}Alindi"))
    resigned(tree, signer)
    assert refused(etree.tostring(tree), signer) == reason


def test_a_refusal_tells_its_reason_to_nobody_but_a_log(signer: Signer) -> None:
    with pytest.raises(AnswerNotGenuine) as refusal:
        proven(answer_of(signer), signer, question=b"baska")
    assert refusal.value.reason not in str(refusal.value)
