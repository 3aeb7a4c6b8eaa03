"""Genuine answers, and what changes them and signs them again."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from kps_soap import signing
from kps_soap.answers import (
    AnswerNotGenuine,
    VerifiedAnswer,
    verify_answer,
)
from kps_soap.envelopes import SoapVersion
from kps_soap.signing import Signer

NOW = datetime(2026, 3, 4, 5, 6, 7, 8_000, tzinfo=UTC)
QUESTION = b"<s:Envelope>soru</s:Envelope>"


PAYLOAD = (
    '<SorgulaResponse xmlns="http://kps.nvi.gov.tr/2023/02/01"><SorgulaResult'
    ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><HataBilgisi i:nil="true"/>'
    "<SorguSonucu><KimlikNo>10000000146</KimlikNo><Ad>ŞÜKRÜ 😀&#xD;</Ad></SorguSonucu>"
    "</SorgulaResult></SorgulaResponse>"
)


DS = "{http://www.w3.org/2000/09/xmldsig#}"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ID = f"{{{UTILITY}}}Id"
KPS = "{http://kps.nvi.gov.tr/2023/02/01}"
RECEIPT = "{urn:kps-soap:alindi:1}"
Tree = etree._Element
Attack = Callable[[Tree], object]


def canonical(element: Tree) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def answer_of(
    signer: Signer,
    payload: str = PAYLOAD,
    *,
    version: SoapVersion = SoapVersion.V12,
    question: bytes = QUESTION,
    with_receipt: bool = True,
    body_digest: str | None = None,
    created: datetime = NOW,
    life: timedelta = timedelta(minutes=5),
) -> bytes:
    """An answer as the direct door sends it."""
    content = payload.encode()
    alone = signing.canonical_in_body(content, soap_version=version)
    receipt = signing.receipt_header(
        number="20260304-B-34-0417-1-9",
        time=created,
        question_digest=hashlib.sha256(question).hexdigest(),
        answer_digest=body_digest or signing.body_digest(version, alone),
        agreement_digest="c" * 64,
        withheld_digest="d" * 64,
        holder=signer.holder,
    )
    return signing.signed_envelope(
        signer,
        soap_version=version,
        body_payload=content,
        canonical_payload=alone,
        headers=(receipt,) if with_receipt else (),
        created=created,
        expires=created + life,
    ).content


def proven(
    raw: bytes,
    signer: Signer,
    *,
    now: datetime = NOW,
    question: bytes | None = QUESTION,
    skew: timedelta = timedelta(minutes=5),
) -> VerifiedAnswer:
    return verify_answer(raw, [signer.certificate], now=now, question=question, skew=skew)


def refused(raw: bytes, signer: Signer, **options: object) -> str:
    """The private reason of a refusal; the public sentence is the same for all."""
    with pytest.raises(AnswerNotGenuine, match="use nothing of it") as refusal:
        proven(raw, signer, **options)  # type: ignore[arg-type]
    return refusal.value.reason


def resigned(tree: Tree, signer: Signer) -> None:
    """Digest every reference and sign SignedInfo again, as the holder of the key could."""
    by_id = {element.get(ID): element for element in tree.iter() if element.get(ID)}
    for reference in tree.iter(f"{DS}Reference"):
        part = by_id.get(reference.get("URI", "")[1:])
        if part is not None:
            set_digest(reference, part, canonical)
    sign_again(tree, signer)


def set_digest(reference: Tree, part: Tree, form: Callable[[Tree], bytes]) -> None:
    digest = base64.b64encode(hashlib.sha256(form(part)).digest()).decode()
    find(reference, f"{DS}DigestValue").text = digest


def sign_again(tree: Tree, signer: Signer) -> None:
    signed_info = find(tree, f".//{DS}SignedInfo")
    value = base64.b64encode(signer._sign(canonical(signed_info))).decode()
    find(tree, f".//{DS}SignatureValue").text = value


def find(tree: Tree, path: str) -> Tree:
    found = tree.find(path)
    assert found is not None, path
    return found


def body_of(tree: Tree) -> Tree:
    return find(tree, "{*}Body")


def another_value(tree: Tree) -> None:
    find(tree, f".//{KPS}KimlikNo").text = "10000000147"


def reference_to(tree: Tree, element_id: str) -> Tree:
    return find(tree, f".//{DS}Reference[@URI='#{element_id}']")
