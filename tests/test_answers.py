"""The verifier of answers: what is genuine passes, and every way of cheating is refused.

An attack is a small function that changes the tree of a genuine answer.  Where the attack
would hold the gateway's key, ``resigned`` makes its signature mathematically valid again, so
that only the rule under test can refuse it.
"""

import base64
import copy
import hashlib
import hmac
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree

from kps_soap import answers, signing
from kps_soap.answers import (
    AnswerNotGenuine,
    Freshness,
    VerifiedAnswer,
    load_certificates,
    verify_answer,
    verify_archived_answer,
    verify_tree,
)
from kps_soap.certificates import DemoFiles, write_demo_files
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
FAULT = "<s:Fault><faultcode>s:Server</faultcode><faultstring>Hayır.</faultstring></s:Fault>"

DS = "{http://www.w3.org/2000/09/xmldsig#}"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ID = f"{{{UTILITY}}}Id"
KPS = "{http://kps.nvi.gov.tr/2023/02/01}"
RECEIPT = "{urn:kps-soap:alindi:1}"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

Tree = etree._Element
Attack = Callable[[Tree], object]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    place = tmp_path_factory.mktemp("answers") / "keys"
    return write_demo_files(place, date(2026, 1, 1), randomness=os.urandom)


@pytest.fixture(scope="session")
def signers(files: DemoFiles) -> dict[str, Signer]:
    return {
        "rsa": Signer.load(files.rsa_key, files.rsa_certificate, now=NOW),
        "p256": Signer.load(files.p256_key, files.p256_certificate, now=NOW),
    }


@pytest.fixture(scope="session")
def signer(signers: dict[str, Signer]) -> Signer:
    return signers["p256"]


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


def security_of(tree: Tree) -> Tree:
    return find(tree, f"{{*}}Header/{{{SECURITY}}}Security")


def body_of(tree: Tree) -> Tree:
    return find(tree, "{*}Body")


# What is genuine


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


# The attacks: wrapped, moved, doubled


def body_moved_into_a_header(tree: Tree) -> None:
    """The classic wrapping: the signed Body in a header, another one in its place."""
    signed = body_of(tree)
    forged = copy.deepcopy(signed)
    del forged.attrib[ID]
    find(forged, f".//{KPS}KimlikNo").text = "99999999990"
    tree.replace(signed, forged)
    etree.SubElement(find(tree, "{*}Header"), "{urn:x}Sargi").append(signed)


def body_moved_and_its_id_taken(tree: Tree) -> None:
    body_moved_into_a_header(tree)
    body_of(tree).set(ID, "Govde")


def body_moved_and_its_place_given_another_id(tree: Tree) -> None:
    body_moved_into_a_header(tree)
    body_of(tree).set(ID, "Govde2")


def body_moved_into_security(tree: Tree) -> None:
    body_moved_into_a_header(tree)
    wrapper = find(tree, "{*}Header/{urn:x}Sargi")
    security_of(tree).append(wrapper)


def body_moved_into_the_signature(tree: Tree) -> None:
    body_moved_into_a_header(tree)
    wrapper = find(tree, "{*}Header/{urn:x}Sargi")
    find(tree, f".//{DS}Signature").append(wrapper)


def body_moved_below_the_new_body(tree: Tree) -> None:
    signed = body_of(tree)
    forged = copy.deepcopy(signed)
    forged.set(ID, "Govde2")
    tree.replace(signed, forged)
    forged[0].append(signed)


def second_body_before(tree: Tree) -> None:
    tree.insert(1, copy.deepcopy(body_of(tree)))


def second_body_after(tree: Tree) -> None:
    tree.append(copy.deepcopy(body_of(tree)))


def second_payload(tree: Tree) -> None:
    body_of(tree).append(copy.deepcopy(body_of(tree)[0]))


def empty_body(tree: Tree) -> None:
    body_of(tree).remove(body_of(tree)[0])


def header_after_the_body(tree: Tree) -> None:
    tree.append(find(tree, "{*}Header"))


def no_header(tree: Tree) -> None:
    tree.remove(find(tree, "{*}Header"))


def another_root(tree: Tree) -> None:
    tree.tag = "{urn:x}Envelope"


def envelope_of_no_version(tree: Tree) -> None:
    for element in tree.iter():
        element.tag = str(element.tag).replace("2003/05/soap-envelope", "2099/soap")


def second_signature(tree: Tree) -> None:
    security_of(tree).append(copy.deepcopy(find(tree, f".//{DS}Signature")))


def second_security_header(tree: Tree) -> None:
    find(tree, "{*}Header").append(copy.deepcopy(security_of(tree)))


def security_header_moved_below_another(tree: Tree) -> None:
    etree.SubElement(find(tree, "{*}Header"), "{urn:x}Sargi").append(security_of(tree))


def signature_moved_to_the_header(tree: Tree) -> None:
    find(tree, "{*}Header").append(find(tree, f".//{DS}Signature"))


def no_signature(tree: Tree) -> None:
    security_of(tree).remove(find(tree, f".//{DS}Signature"))


def no_security(tree: Tree) -> None:
    find(tree, "{*}Header").remove(security_of(tree))


def unsigned_header_added(tree: Tree) -> None:
    etree.SubElement(find(tree, "{*}Header"), "{urn:x}Ek").set(ID, "Ek")


def header_without_id_added(tree: Tree) -> None:
    etree.SubElement(find(tree, "{*}Header"), "{urn:x}Ek")


def second_receipt(tree: Tree) -> None:
    find(tree, "{*}Header").append(copy.deepcopy(find(tree, f".//{RECEIPT}Alindi")))


def receipt_removed(tree: Tree) -> None:
    find(tree, "{*}Header").remove(find(tree, f".//{RECEIPT}Alindi"))


def something_encrypted_added(tree: Tree) -> None:
    etree.SubElement(security_of(tree), "{http://www.w3.org/2001/04/xmlenc#}EncryptedData")


def second_timestamp(tree: Tree) -> None:
    security_of(tree).append(copy.deepcopy(find(tree, f".//{{{UTILITY}}}Timestamp")))


def object_in_the_signature(tree: Tree) -> None:
    etree.SubElement(find(tree, f".//{DS}Signature"), f"{DS}Object")


MISPLACED: dict[Attack, str] = {
    body_moved_into_a_header: "part without an id of its own",
    body_moved_and_its_id_taken: "part without an id of its own",
    body_moved_and_its_place_given_another_id: "part without an id of its own",
    body_moved_into_security: "content of Security",
    body_moved_into_the_signature: "part without an id of its own",
    body_moved_below_the_new_body: "coverage",
    second_body_before: "content of Envelope",
    second_body_after: "content of Envelope",
    second_payload: "body",
    empty_body: "body",
    header_after_the_body: "content of Envelope",
    no_header: "content of Envelope",
    another_root: "envelope",
    envelope_of_no_version: "envelope",
    second_signature: "content of Security",
    second_security_header: "headers",
    security_header_moved_below_another: "headers",
    signature_moved_to_the_header: "content of Security",
    no_signature: "content of Security",
    no_security: "headers",
    unsigned_header_added: "coverage",
    header_without_id_added: "part without an id of its own",
    second_receipt: "headers",
    receipt_removed: "coverage",
    something_encrypted_added: "content of Security",
    second_timestamp: "content of Security",
    object_in_the_signature: "content of Signature",
}


@pytest.mark.parametrize("attack", MISPLACED, ids=lambda attack: attack.__name__)
def test_a_part_that_is_not_at_its_place_is_refused(signer: Signer, attack: Attack) -> None:
    tree = etree.fromstring(answer_of(signer))
    attack(tree)
    assert refused(etree.tostring(tree), signer) == MISPLACED[attack]


# The attacks: values


def another_value(tree: Tree) -> None:
    find(tree, f".//{KPS}KimlikNo").text = "10000000147"


def nil_turned_off(tree: Tree) -> None:
    find(tree, f".//{KPS}HataBilgisi").attrib.clear()


def later_expiry(tree: Tree) -> None:
    find(tree, f".//{{{UTILITY}}}Expires").text = "2026-03-04T05:12:07.008Z"


def another_receipt_number(tree: Tree) -> None:
    find(tree, f".//{RECEIPT}AlindiNo").text = "20260304-B-34-0417-2-7"


def another_digest(tree: Tree) -> None:
    find(tree, f".//{DS}DigestValue").text = base64.b64encode(b"x" * 32).decode()


def body_and_digest_changed(tree: Tree) -> None:
    another_value(tree)
    set_digest(list(tree.iter(f"{DS}Reference"))[-1], body_of(tree), canonical)


def another_signature_value(tree: Tree) -> None:
    find(tree, f".//{DS}SignatureValue").text = base64.b64encode(b"\1" * 64).decode()


def der_signature_value(tree: Tree) -> None:
    find(tree, f".//{DS}SignatureValue").text = base64.b64encode(b"\1" * 71).decode()


def zero_signature_value(tree: Tree) -> None:
    find(tree, f".//{DS}SignatureValue").text = base64.b64encode(b"\0" * 64).decode()


def white_space_in_the_signature_value(tree: Tree) -> None:
    find(tree, f".//{DS}SignatureValue").text += "\n"


def signature_value_in_other_letters(tree: Tree) -> None:
    """64 bytes end in four unused bits, which plain base64 decoders ignore."""
    value = find(tree, f".//{DS}SignatureValue")
    text = value.text or ""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    value.text = text[:-3] + alphabet[alphabet.index(text[-3]) + 1] + "=="


def no_signature_value(tree: Tree) -> None:
    find(tree, f".//{DS}SignatureValue").text = ""


CHANGED: dict[Attack, str] = {
    another_value: "digest",
    nil_turned_off: "digest",
    later_expiry: "digest",
    another_receipt_number: "digest",
    another_digest: "signature value",
    body_and_digest_changed: "signature value",
    another_signature_value: "signature value",
    der_signature_value: "length of the signature value",
    zero_signature_value: "signature value",
    white_space_in_the_signature_value: "unreadable: Error",
    signature_value_in_other_letters: "base64",
    no_signature_value: "base64",
}


@pytest.mark.parametrize("attack", CHANGED, ids=lambda attack: attack.__name__)
def test_a_changed_value_is_refused(signer: Signer, attack: Attack) -> None:
    tree = etree.fromstring(answer_of(signer))
    attack(tree)
    assert refused(etree.tostring(tree), signer) == CHANGED[attack]


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_no_single_byte_can_be_changed(signers: dict[str, Signer], kind: str) -> None:
    signer = signers[kind]
    raw = answer_of(signer)
    genuine = canonical(proven(raw, signer).body)
    # Every byte of the cheaper kind; of the other, which differs in two values, every third.
    for position in range(0, len(raw), 3 if kind == "rsa" else 1):
        changed = bytearray(raw)
        changed[position] ^= 0x01
        try:
            answer = proven(bytes(changed), signer)
        except AnswerNotGenuine:
            continue
        # Only white space inside a tag may differ, and names of what is not signed.
        assert canonical(answer.body) == genuine
        assert answer.receipt["AlindiNo"] == "20260304-B-34-0417-1-9"


# The attacks by someone who holds the key: only the rules are left to refuse them


def first_reference(tree: Tree) -> Tree:
    return find(tree, f".//{DS}Reference")


def reference_to(tree: Tree, element_id: str) -> Tree:
    return find(tree, f".//{DS}Reference[@URI='#{element_id}']")


def drop_reference(element_id: str) -> Attack:
    def attack(tree: Tree) -> None:
        find(tree, f".//{DS}SignedInfo").remove(reference_to(tree, element_id))

    attack.__name__ = f"no_reference_to_{element_id}"
    return attack


def all_references_removed(tree: Tree) -> None:
    for element_id in ("Zaman", "Alindi", "Govde"):
        drop_reference(element_id)(tree)


def token_referenced_too(tree: Tree) -> None:
    extra = copy.deepcopy(first_reference(tree))
    extra.set("URI", "#Token")
    find(tree, f".//{DS}SignedInfo").append(extra)


def body_referenced_twice(tree: Tree) -> None:
    extra = copy.deepcopy(reference_to(tree, "Govde"))
    find(tree, f".//{DS}SignedInfo").append(extra)


def payload_referenced_instead_of_the_body(tree: Tree) -> None:
    body_of(tree)[0].set(ID, "Ic")
    reference_to(tree, "Govde").set("URI", "#Ic")


def too_many_references(tree: Tree) -> None:
    header, signed_info = find(tree, "{*}Header"), find(tree, f".//{DS}SignedInfo")
    for number in range(6):
        etree.SubElement(header, "{urn:x}Ek").set(ID, f"Ek{number}")
        extra = copy.deepcopy(first_reference(tree))
        extra.set("URI", f"#Ek{number}")
        signed_info.append(extra)


def whole_document_referenced(tree: Tree) -> None:
    reference_to(tree, "Govde").set("URI", "")


def reference_by_xpointer(tree: Tree) -> None:
    reference_to(tree, "Govde").set("URI", "#xpointer(id('Govde'))")


def remote_reference(tree: Tree) -> None:
    reference_to(tree, "Govde").set("URI", "https://kps.example/govde")


def typed_reference(tree: Tree) -> None:
    reference_to(tree, "Govde").set("Type", "http://www.w3.org/2000/09/xmldsig#Manifest")


def unnamed_reference(tree: Tree) -> None:
    del reference_to(tree, "Govde").attrib["URI"]


def manifest_instead_of_a_reference(tree: Tree) -> None:
    reference_to(tree, "Govde").tag = f"{DS}Manifest"


def set_algorithm(name: str, uri: str) -> Attack:
    def attack(tree: Tree) -> None:
        for element in tree.iter(f"{DS}{name}"):
            element.set("Algorithm", uri)

    attack.__name__ = f"{name}_{uri.rpartition('/')[2]}"
    return attack


def second_transform(tree: Tree) -> None:
    transform = find(tree, f".//{DS}Transform")
    find(tree, f".//{DS}Transforms").append(copy.deepcopy(transform))


def no_transforms(tree: Tree) -> None:
    first_reference(tree).remove(find(tree, f".//{DS}Transforms"))


def xpath_transform_first(tree: Tree) -> None:
    transform = copy.deepcopy(find(tree, f".//{DS}Transform"))
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
    etree.SubElement(transform, f"{DS}XPath").text = "not(ancestor-or-self::x)"
    find(tree, f".//{DS}Transforms").insert(0, transform)


def inclusive_prefixes(tree: Tree) -> None:
    leaf = find(tree, f".//{DS}Transform")
    etree.SubElement(leaf, f"{{{EXCLUSIVE}}}InclusiveNamespaces").set("PrefixList", "s u")


def shortened_hmac_output(tree: Tree) -> None:
    leaf = find(tree, f".//{DS}SignatureMethod")
    etree.SubElement(leaf, f"{DS}HMACOutputLength").text = "0"


def text_in_an_algorithm(tree: Tree) -> None:
    find(tree, f".//{DS}DigestMethod").text = "x"


def method_of_another_name(tree: Tree) -> None:
    find(tree, f".//{DS}SignatureMethod").tag = f"{DS}Method"


def no_methods(tree: Tree) -> None:
    signed_info = find(tree, f".//{DS}SignedInfo")
    for child in list(signed_info):
        signed_info.remove(child)


def no_key_info(tree: Tree) -> None:
    find(tree, f".//{DS}Signature").remove(find(tree, f".//{DS}KeyInfo"))


def key_named_instead_of_the_token(tree: Tree) -> None:
    info = find(tree, f".//{DS}KeyInfo")
    info.remove(info[0])
    etree.SubElement(info, f"{DS}KeyName").text = "anahtar"


def key_fetched_from_elsewhere(tree: Tree) -> None:
    find(tree, f".//{{{SECURITY}}}Reference").set("URI", "https://kps.example/anahtar")


def key_info_of_another_token(tree: Tree) -> None:
    find(tree, f".//{{{SECURITY}}}Reference").set("URI", "#Govde")


RULES: dict[Attack, str] = {
    drop_reference("Zaman"): "coverage",
    drop_reference("Alindi"): "coverage",
    drop_reference("Govde"): "coverage",
    all_references_removed: "signature method or number of references",
    token_referenced_too: "coverage",
    body_referenced_twice: "part referenced twice",
    payload_referenced_instead_of_the_body: "coverage",
    too_many_references: "signature method or number of references",
    whole_document_referenced: "reference",
    reference_by_xpointer: "coverage",
    remote_reference: "reference",
    typed_reference: "reference",
    unnamed_reference: "reference",
    manifest_instead_of_a_reference: "reference",
    set_algorithm("DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"): (
        "algorithm of DigestMethod"
    ),
    set_algorithm("DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#md5"): (
        "algorithm of DigestMethod"
    ),
    set_algorithm("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"): (
        "signature method or number of references"
    ),
    set_algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"): (
        "signature method or number of references"
    ),
    set_algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"): (
        "method does not suit the certificate"
    ),
    set_algorithm("CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"): (
        "algorithm of CanonicalizationMethod"
    ),
    set_algorithm("CanonicalizationMethod", f"{EXCLUSIVE}WithComments"): (
        "algorithm of CanonicalizationMethod"
    ),
    set_algorithm("Transform", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"): (
        "algorithm of Transform"
    ),
    set_algorithm("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"): (
        "algorithm of Transform"
    ),
    set_algorithm("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"): (
        "algorithm of Transform"
    ),
    second_transform: "content of Transforms",
    no_transforms: "content of Reference",
    xpath_transform_first: "content of Transforms",
    inclusive_prefixes: "algorithm of Transform",
    shortened_hmac_output: "algorithm of SignatureMethod",
    text_in_an_algorithm: "algorithm of DigestMethod",
    method_of_another_name: "algorithm of SignatureMethod",
    no_methods: "unreadable: ValueError",
    no_key_info: "content of Signature",
    key_named_instead_of_the_token: "content of KeyInfo",
    key_fetched_from_elsewhere: "key info",
    key_info_of_another_token: "key info",
}


@pytest.mark.parametrize("attack", RULES, ids=lambda attack: attack.__name__)
def test_a_valid_signature_that_breaks_a_rule_is_refused(signer: Signer, attack: Attack) -> None:
    tree = etree.fromstring(answer_of(signer))
    attack(tree)
    resigned(tree, signer)
    assert refused(etree.tostring(tree), signer) == RULES[attack]


def test_a_changed_answer_that_is_signed_again_shows_that_the_attacks_above_are_real(
    signer: Signer,
) -> None:
    tree = etree.fromstring(answer_of(signer))
    find(tree, f".//{RECEIPT}AlindiNo").text = "1"
    resigned(tree, signer)
    assert proven(etree.tostring(tree), signer).receipt["AlindiNo"] == "1"


def test_the_public_key_is_no_secret_to_sign_with(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    another_value(tree)
    hmac_uri = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    set_algorithm("SignatureMethod", hmac_uri)(tree)
    resigned(tree, signer)
    public = signer.certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    forged = hmac.digest(public, canonical(find(tree, f".//{DS}SignedInfo")), "sha256")
    find(tree, f".//{DS}SignatureValue").text = base64.b64encode(forged).decode()
    assert refused(etree.tostring(tree), signer) == "signature method or number of references"


@pytest.mark.parametrize(
    "attribute",
    [
        "Id",
        "ID",
        "id",
        "AssertionID",
        "{http://www.w3.org/XML/1998/namespace}id",
        ID,
        "{urn:x}Id",
    ],
)
@pytest.mark.parametrize("part", ["Zaman", "Alindi", "Govde"])
@pytest.mark.parametrize("place", [".", "{*}Body/*", "{*}Header/{*}Security"])
def test_a_signed_id_may_occur_nowhere_else_under_any_name_of_an_id(
    signer: Signer, attribute: str, part: str, place: str
) -> None:
    tree = etree.fromstring(answer_of(signer))
    find(tree, place).set(attribute, part)
    resigned(tree, signer)
    assert refused(etree.tostring(tree), signer) == "id used twice"


def test_ids_of_two_parts_differ(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    body_of(tree).set(ID, "Zaman")
    assert refused(etree.tostring(tree), signer) == "part without an id of its own"


# Comments, instructions, document types


def inside(raw: bytes, place: bytes, addition: bytes) -> bytes:
    assert raw.count(place) == 1
    return raw.replace(place, place + addition)


@pytest.mark.parametrize("addition", [b"<!---->", b"<!--x-->", b"<?x?>"])
@pytest.mark.parametrize(
    "place",
    [
        b"<KimlikNo>100",
        b"<r:AlindiNo>2026",
        b"<u:Created>2026",
        b"<ds:SignatureValue>",
        b"</s:Header>",
    ],
)
def test_nothing_hides_inside_a_value(signer: Signer, place: bytes, addition: bytes) -> None:
    # A comment is not part of the canonical form, so no digest would notice it.
    raw = answer_of(signer)
    reason = refused(inside(raw, place, addition), signer)
    assert reason == "comment, instruction or entity"


@pytest.mark.parametrize(
    "doctype",
    [b"<!DOCTYPE x>", b'<!DOCTYPE x [<!ENTITY e "1">]>', b'<!DOCTYPE x SYSTEM "x.dtd">'],
)
def test_a_document_type_is_refused(signer: Signer, doctype: bytes) -> None:
    assert refused(doctype + answer_of(signer), signer) == "document type"


@pytest.mark.parametrize("raw", [b"", b"deneme", b"<a>", "<a/>".encode("utf-16"), b"\xff"])
def test_what_is_not_well_formed_is_refused(signer: Signer, raw: bytes) -> None:
    assert refused(raw, signer) == "not well-formed"


def test_what_is_too_large_is_not_parsed(signer: Signer) -> None:
    padding = b" " * answers.ANSWER_BYTES_MAX
    assert refused(answer_of(signer) + padding, signer) == "size"


def test_a_relative_namespace_is_refused_and_not_an_error(signer: Signer) -> None:
    tree = etree.fromstring(answer_of(signer))
    etree.SubElement(body_of(tree)[0], "{goreli/ad}A")
    assert refused(etree.tostring(tree), signer).startswith(("digest", "unreadable"))


def test_names_outside_ascii_are_no_error(signer: Signer) -> None:
    raw = answer_of(signer, "<Şehir><İl>İzmir</İl></Şehir>")
    assert proven(raw, signer).payload.findtext("İl") == "İzmir"


def test_many_namespaces_cost_no_time_worth_counting(signer: Signer) -> None:
    # Exclusive canonicalisation writes only those in use; the inclusive one took seconds.
    flood = b"".join(b' xmlns:n%d="urn:%d"' % (number, number) for number in range(2_000))
    raw = answer_of(signer).replace(b"<s:Envelope", b"<s:Envelope" + flood)
    assert proven(raw, signer).receipt["AlindiNo"] == "20260304-B-34-0417-1-9"


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
    forger = signing._ecdsa_signature(stranger)
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
