"""Whose certificate signs a request, and in what state it must be."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signed_house import (
    MORE,
    NUMBER,
    Holder,
    SignedMessage,
    Strong,
    holder,
    holder_with,
    strong,
    strong_agreements,
)
from signed_samples import GOOD, SECURITY, TEXT, TIMESTAMP, accepted, assert_refused, is_fault

from kps_soap.signing import Signer

# 12, 13, 14: whose certificate, and in what state


def assert_not_signed_by(guarded: Strong, signer: Holder, detail: str | None = None) -> None:
    house = guarded.house
    answer = guarded.send(SignedMessage(signer=signer).text)
    assert is_fault(answer)
    assert not any(entry.persons for entry in house.records)
    if detail is not None:
        assert [entry.detail for entry in house.records] == [detail]


def test_a_certificate_of_the_same_authority_that_is_not_pinned_proves_nothing(
    guarded: Strong,
) -> None:
    assert_not_signed_by(guarded, holder("P256", "another of the same authority"))
    assert guarded.canonicalised == []
    # Nobody known asked: that is counted, and leaves no record of its own.
    assert guarded.house.counted == ["ProofRefused"]


def test_the_text_of_a_refusal_is_the_same_whatever_is_wrong(guarded: Strong) -> None:
    wrong = [
        SignedMessage(signer=holder("P256", "stranger")).text,
        SignedMessage(signer=holder("P256", "second"), shown=holder()).text,
        GOOD.edited((str(NUMBER), "10000000146")),
        replace(GOOD, cover=("Zaman", "Govde")).text,
        SignedMessage(created="2026-01-01T07:00:00Z", expires="2026-01-01T07:05:00Z").text,
        TEXT.replace(SECURITY, ""),
        SignedMessage(method=f"{MORE}hmac-sha256").text,
    ]
    bodies = set()
    for text in wrong:
        answer = assert_refused(guarded, text)
        (fault,) = etree.fromstring(answer.body).iter("{*}Fault")
        bodies.add(etree.tostring(fault, method="c14n", exclusive=True))
        assert answer.status == 500
        assert "Kps-Sonuc-Kodu" not in dict(answer.headers)
    assert len(bodies) == 1


def pinning(holder_: Holder, signers: Mapping[str, Signer], folder: Path, **more: Any) -> Strong:
    return strong(strong_agreements(folder, holder_.digest), signers, **more)


STATES = {
    "expired": (
        lambda: holder("P256", "old", date(2020, 1, 1)),
        "certificate outside its validity",
    ),
    "not yet valid": (
        lambda: holder("P256", "new", date(2027, 1, 1)),
        "certificate outside its validity",
    ),
    "key usage of something else": (
        lambda: holder_with(ec.generate_private_key(ec.SECP256R1()), usage=False),
        "certificate not for signing",
    ),
    "no key usage": (
        lambda: holder_with(ec.generate_private_key(ec.SECP256R1()), usage=None),
        "certificate not for signing",
    ),
    "RSA of 1024 bits": (
        lambda: holder_with(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        "key too short",
    ),
    "another curve": (lambda: holder_with(ec.generate_private_key(ec.SECP521R1())), "curve"),
}


@pytest.mark.parametrize("name", STATES)
def test_a_pinned_certificate_must_be_in_order_at_this_moment(
    signers: Mapping[str, Signer], tmp_path: Path, name: str
) -> None:
    make, detail = STATES[name]
    signer = make()
    guarded = pinning(signer, signers, tmp_path)
    assert_not_signed_by(guarded, signer, detail)


def test_the_last_second_of_a_certificate_counts_and_the_next_does_not(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    signer = holder_with(ec.generate_private_key(ec.SECP256R1()))
    guarded = pinning(signer, signers, tmp_path)
    last = signer.certificate.not_valid_after_utc
    for moment, works in ((last, True), (last + timedelta(seconds=1), False)):
        text = SignedMessage(
            signer=signer,
            message_id=f"urn:uuid:{works}",
            created=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            expires=f"{moment + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
        ).text
        guarded.house.records.clear()
        guarded.send(text, received_at=moment)
        (entry,) = guarded.house.records
        assert (entry.detail == "certificate outside its validity") is not works


def test_a_curve_of_384_bits_is_good_too(signers: Mapping[str, Signer], tmp_path: Path) -> None:
    signer = holder_with(ec.generate_private_key(ec.SECP384R1()))
    guarded = pinning(signer, signers, tmp_path)
    assert accepted(guarded.send(SignedMessage(signer=signer).text))


def test_a_certificate_that_is_taken_out_of_the_agreement_proves_nothing_from_then_on(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    """That is how a pinned certificate is revoked: on the next call, without any list."""
    guarded = pinning(holder("RSA"), signers, tmp_path)
    assert is_fault(guarded.send(TEXT))
    assert guarded.house.counted == ["ProofRefused"]


def test_a_signature_of_one_institution_says_nothing_of_the_account_of_another(
    guarded: Strong,
) -> None:
    for name in ("KRM-34-0417", "KRM-35-0001"):
        token = (
            f"<o:UsernameToken><o:Username>{name}</o:Username><o:Password>correct horse battery"
            "</o:Password></o:UsernameToken>"
        )
        assert_refused(guarded, SignedMessage(edits=((TIMESTAMP, token + TIMESTAMP),)).text)


def test_a_certificate_of_no_agreement_in_force_is_refused(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    """The pin is asked for twice: where the account is found, and of the agreement in force."""
    current = strong_agreements(tmp_path, holder("RSA").digest)
    guarded = strong(current, signers)
    guarded.house.door = replace(
        guarded.house.door,
        signed=replace(guarded.requests, account_of=lambda _digest, _moment: "KRM-34-0417"),
    )
    assert_refused(guarded, TEXT, "certificate of no agreement in force")


def test_a_call_from_elsewhere_is_refused_although_it_is_signed(guarded: Strong) -> None:
    answer = guarded.send(TEXT, source_address="198.51.100.7")
    assert b"ListeleCokluResult" in answer.body and str(NUMBER).encode() not in answer.body
    (entry,) = guarded.house.records
    assert entry.refusal == "NetworkNotAllowed"


def test_a_blocked_account_is_refused_and_one_locked_by_passwords_is_not(
    guarded: Strong,
) -> None:
    held = guarded.house.credentials.held
    good = held["KRM-34-0417"]
    try:
        held["KRM-34-0417"] = replace(good, open=False)
        assert_refused(guarded, TEXT, "account blocked")
        held["KRM-34-0417"] = replace(good, open=False, locked=True)
        assert accepted(guarded.send(TEXT))
    finally:
        held["KRM-34-0417"] = good
