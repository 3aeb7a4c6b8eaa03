"""The verifier of answers: whoever holds the gateway's key cannot break its rules either.

``resigned`` makes a changed answer's signature mathematically valid again, so that only the rule
under test can refuse it.
"""

import base64
import copy
import hmac

import pytest
from answer_samples import (
    DS,
    ID,
    RECEIPT,
    SECURITY,
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
)
from cryptography.hazmat.primitives import serialization
from lxml import etree

from kps_soap import answers
from kps_soap.signing import Signer

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


# The attacks by someone who holds the key: only the rules are left to refuse them


def first_reference(tree: Tree) -> Tree:
    return find(tree, f".//{DS}Reference")


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
