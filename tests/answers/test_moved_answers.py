"""The verifier of answers: every way of cheating without the key is refused.

An attack is a small function that changes the tree of a genuine answer.
"""

import base64
import copy

import pytest
from answer_samples import (
    DS,
    ID,
    KPS,
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
    refused,
    set_digest,
)
from lxml import etree

from kps_soap.answers import (
    AnswerNotGenuine,
)
from kps_soap.signing import Signer


def security_of(tree: Tree) -> Tree:
    return find(tree, f"{{*}}Header/{{{SECURITY}}}Security")


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
