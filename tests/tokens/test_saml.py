"""The assertion: canonical as it is written, signed as a whole, and complete."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree
from signxml.exceptions import SignXMLException
from token_samples import DS, NOW, SAML, TRUST, p256, verified

from kps_soap.signing_keys import SigningKeyError
from kps_soap.tokens.saml import ATTRIBUTES, Statement, signed_assertion

ISSUED_AT = NOW.replace(microsecond=123_000)
STATEMENT = Statement(
    assertion_id="_0f6bd2c4-61f6-4a52-9d43-2f4bb5d7f2aa",
    issuer="https://gecit.example/Services/Issuer.svc/IWSTrust13",
    issued_at=ISSUED_AT,
    not_after=ISSUED_AT + timedelta(hours=1),
    account="KRM-34-0417",
    institution="B-34-0417",
    inquirer="AYŞE ÖZ",
    agreement="2026/117",
    agreement_digest="ab" * 32,
    proof_key=bytes(range(32)),
)
AWKWARD = replace(
    STATEMENT,
    issuer='https://gecit.example/?a=1&b="<2>"\t',
    account="A<&>]]>\r",
    inquirer="",
    agreement="",
)


def assertion_of(statement: Statement = STATEMENT) -> bytes:
    return signed_assertion(statement, p256().signer)


def attributes_of(root: etree._Element) -> dict[str, str | None]:
    found = {}
    for one in root.iter(f"{SAML}Attribute"):
        assert one.get("AttributeNamespace") == ATTRIBUTES
        found[one.get("AttributeName", "")] = one.findtext(f"{SAML}AttributeValue")
    return found


def test_it_names_institution_inquirer_and_agreement() -> None:
    signed = verified(assertion_of())
    assert attributes_of(signed) == {
        "Kurum": "B-34-0417",
        "Sorgulayan": "AYŞE ÖZ",
        "AnlasmaNo": "2026/117",
        "AnlasmaOzeti": "ab" * 32,
    }
    names = {one.text for one in signed.iter(f"{SAML}NameIdentifier")}
    assert names == {"KRM-34-0417"}


def test_what_nobody_stated_is_left_out() -> None:
    assert attributes_of(verified(assertion_of(AWKWARD))).keys() == {"Kurum", "AnlasmaOzeti"}


def test_its_validity_has_both_ends_in_milliseconds() -> None:
    (conditions,) = verified(assertion_of()).iter(f"{SAML}Conditions")
    assert dict(conditions.attrib) == {
        "NotBefore": "2026-01-01T09:02:00.123Z",
        "NotOnOrAfter": "2026-01-01T10:02:00.123Z",
    }
    (audience,) = conditions.iter(f"{SAML}Audience")
    assert audience.text == STATEMENT.issuer


def test_its_confirmation_is_by_the_proof_key() -> None:
    signed = verified(assertion_of())
    confirmations = list(signed.iter(f"{SAML}SubjectConfirmation"))
    assert len(confirmations) == 1
    for one in confirmations:
        assert one.findtext(f"{SAML}ConfirmationMethod", "").endswith(":cm:holder-of-key")
        secret = one.findtext(f"{DS}KeyInfo/{TRUST}BinarySecret")
        assert base64.b64decode(secret or "") == STATEMENT.proof_key


def test_its_order_is_that_of_saml_1_1() -> None:
    root = etree.fromstring(assertion_of())
    assert [child.tag for child in root] == [
        f"{SAML}Conditions",
        f"{SAML}AttributeStatement",
        f"{DS}Signature",
    ]
    assert (root.get("MajorVersion"), root.get("MinorVersion")) == ("1", "1")


@pytest.mark.parametrize("statement", [STATEMENT, AWKWARD], ids=["plain", "awkward"])
def test_the_bytes_that_are_digested_are_canonical(statement: Statement) -> None:
    written = assertion_of(statement)
    start, end = written.index(b"<ds:Signature "), written.index(b"</saml:Assertion>")
    unsigned = written[:start] + written[end:]
    canonical: Any = etree.tostring(etree.fromstring(unsigned), method="c14n", exclusive=True)
    assert unsigned == canonical
    signed_info = etree.fromstring(written).find(f"{DS}Signature/{DS}SignedInfo")
    alone = etree.tostring(signed_info, method="c14n", exclusive=True)
    assert alone in written
    verified(written)


@pytest.mark.parametrize("changed", [b"KRM-34-0417", b"B-34-0417", b"10:02:00.123Z", b"abab"])
def test_no_word_of_it_can_be_changed(changed: bytes) -> None:
    written = assertion_of()
    assert changed in written
    forged = written.replace(changed, changed[:-1] + bytes([changed[-1] ^ 1]))
    with pytest.raises(SignXMLException):
        verified(forged)


def test_an_expired_certificate_signs_no_assertion() -> None:
    late = datetime(2046, 1, 1, tzinfo=UTC)
    with pytest.raises(SigningKeyError):
        assertion_of(replace(STATEMENT, issued_at=late))


def test_the_proof_key_shows_in_no_representation() -> None:
    assert "proof_key" not in repr(STATEMENT)
