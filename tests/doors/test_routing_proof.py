"""Nothing of a message's proof can be changed, moved or copied and still count.

The first half changes single bytes of a good message; the second half wraps, doubles and moves
its parts.  Whatever is not refused must leave what the door vouches for as it was.
"""

import hmac
from hashlib import sha1
from typing import Any

import pytest
from lxml import etree
from routed import (
    ASSERTION_ID,
    DS,
    EXCLUSIVE,
    KEY,
    Message,
    Router,
    encrypted,
    text_of,
)

from kps_soap import faults
from kps_soap.authentication import WSSE, WSU
from kps_soap.doors import endorsement
from kps_soap.doors.endorsement import PREFIXES_MAX, Prover, parts_of
from kps_soap.envelopes import Element
from kps_soap.gateway import Answer

GOOD = Message()
TEXT = GOOD.text.encode()
EC = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{{}}"/>'

#: The parts of a message of which no byte may change.
PARTS = {
    "token": GOOD.token,
    "timestamp": GOOD.timestamp,
    "signed info": GOOD.signed_info,
    "signature value": f"<SignatureValue>{GOOD.value}</SignatureValue>",
    "key identifier": GOOD.key_info,
}


def places(part: str) -> range:
    start = TEXT.index(PARTS[part].encode())
    return range(start, start + len(PARTS[part].encode()))


def refused(answer: Answer) -> bool:
    """An empty 400, or one of the family's faults."""
    if answer.status == 400:
        return answer.body == b""
    return answer.status == 500 and b"<s:Fault>" in answer.body


def changed(place: int, to: int) -> bytes:
    return TEXT[:place] + bytes([to]) + TEXT[place + 1 :]


# Single bytes


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("bit", [0x01, 0x20])
def test_no_byte_of_the_proof_can_be_changed(routed: Router, part: str, bit: int) -> None:
    good = routed.vouch(TEXT)
    routed.work()
    for place in places(part):
        body = changed(place, TEXT[place] ^ bit)
        answer = routed.send(body)
        if refused(answer):
            assert not any(entry.persons for entry in routed.records), place
            assert len(routed.records) + len(routed.counted) == 1, place
        else:
            # Another spelling of the same, such as another quotation mark.
            assert routed.vouch(body) == good, place
        routed.records.clear()
        routed.counted.clear()


@pytest.mark.parametrize("part", PARTS)
def test_no_byte_of_the_proof_can_be_left_out_or_doubled(routed: Router, part: str) -> None:
    good = routed.vouch(TEXT)
    for place in places(part):
        for body in (
            TEXT[:place] + TEXT[place + 1 :],
            TEXT[:place] + TEXT[place : place + 1] * 2 + TEXT[place + 1 :],
        ):
            answer = routed.send(body)
            assert refused(answer) or routed.vouch(body) == good, place
    assert {entry.token for entry in routed.records} <= {ASSERTION_ID}


@pytest.mark.parametrize("part", ["token", "timestamp", "signed info", "signature value"])
def test_a_changed_value_is_on_record_while_its_token_is_known(routed: Router, part: str) -> None:
    values = {
        "token": GOOD.token.rpartition("<xenc:CipherValue>")[2].partition("<")[0],
        "timestamp": GOOD.created,
        "signed info": GOOD.digest_value,
        "signature value": GOOD.value,
    }
    value = values[part]
    for place in range(len(value)):
        other = "2" if value[place] != "2" else "3"
        body = GOOD.edited((value, value[:place] + other + value[place + 1 :]))
        assert refused(routed.send(body))
    if part == "token":
        assert routed.records == []
        assert set(routed.counted) == {"TokenRefused"}
    else:
        assert len(routed.records) == len(value)
        assert {entry.token for entry in routed.records} == {ASSERTION_ID}
        assert {entry.refusal for entry in routed.records} <= {"ProofRefused", "StaleMessage"}
    assert not any(entry.persons for entry in routed.records)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'u:Id="{GOOD.timestamp_id}"', f"u:Id='{GOOD.timestamp_id}'"),
        ("<u:Created>", "<u:Created  >"),
        ("<o:Security ", "<o:Security\n"),
        (GOOD.value, f"\n{GOOD.value[:9]}\r\n{GOOD.value[9:]}\t"),
        ('_0">\u003cu:Created>', '_0"><!-- c --><u:Created>'),
        (GOOD.created, GOOD.created.replace("2", "&#50;")),
        (GOOD.token, GOOD.token.replace("<xenc:CipherData>", "\n<xenc:CipherData>")),
        (ASSERTION_ID, f" {ASSERTION_ID}\n"),
        ("<SignedInfo>", '<SignedInfo xmlns:egal="urn:egal">'),
        ("<s:Body>", '<s:Body xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'),
    ],
)
def test_another_spelling_of_the_same_leaves_everything_as_it_was(
    routed: Router, old: str, new: str
) -> None:
    assert routed.vouch(GOOD.edited((old, new))) == routed.vouch(TEXT)


# Parts moved, doubled and wrapped


def security(content: str) -> str:
    return GOOD.edited((f"{GOOD.timestamp}{GOOD.token}{GOOD.signature}", content))


STALE = GOOD.timestamp.replace("2026-01-01T09", "2026-01-01T07")
WRAPPED = f'<x:w xmlns:x="urn:x">{GOOD.timestamp}</x:w>'

WRAPPINGS = {
    "no parts": security(""),
    "no token": security(f"{GOOD.timestamp}{GOOD.signature}"),
    "no timestamp": security(f"{GOOD.token}{GOOD.signature}"),
    "no signature": security(f"{GOOD.timestamp}{GOOD.token}"),
    "two timestamps": security(f"{GOOD.timestamp}{GOOD.timestamp}{GOOD.token}{GOOD.signature}"),
    "another timestamp first": security(f"{STALE}{GOOD.timestamp}{GOOD.token}{GOOD.signature}"),
    "two tokens": security(f"{GOOD.timestamp}{GOOD.token}{GOOD.token}{GOOD.signature}"),
    "two signatures": security(f"{GOOD.timestamp}{GOOD.token}{GOOD.signature}{GOOD.signature}"),
    "signature wrapped": security(
        f'{GOOD.timestamp}{GOOD.token}<x:w xmlns:x="urn:x">{GOOD.signature}</x:w>'
    ),
    "token wrapped": security(
        f'{GOOD.timestamp}<x:w xmlns:x="urn:x">{GOOD.token}</x:w>{GOOD.signature}'
    ),
    "timestamp in a wrapper": security(f"{WRAPPED}{GOOD.token}{GOOD.signature}"),
    "timestamp moved to the header": GOOD.edited(
        (GOOD.timestamp, ""), ("<o:Security s:", f"{GOOD.timestamp}<o:Security s:")
    ),
    "timestamp copied to the header": GOOD.edited(
        (GOOD.timestamp, STALE), ("<o:Security s:", f"{WRAPPED}<o:Security s:")
    ),
    "timestamp copied to the body": GOOD.edited(
        (GOOD.timestamp, STALE.replace('"_0"', '"_1"')),
        ("<s:Body>", f"<s:Body>{GOOD.timestamp}"),
    ),
    "timestamp copied into the signature": GOOD.edited(
        (GOOD.timestamp, STALE.replace('"_0"', '"_1"')),
        ("</KeyInfo></Signature>", f"</KeyInfo><Object>{GOOD.timestamp}</Object></Signature>"),
    ),
    "signed copy, stale original": GOOD.edited(
        (GOOD.timestamp, STALE.replace('"_0"', '"_1"')),
        ("</s:Header>", f"{WRAPPED}</s:Header>"),
    ),
    "two security headers": GOOD.edited((GOOD.security, GOOD.security * 2)),
    "security for somebody else": GOOD.edited(
        ('<o:Security s:mustUnderstand="1"', '<o:Security s:role="urn:somebody"')
    ),
    "timestamp without id": GOOD.edited((' u:Id="_0"', "")),
    "plain id": GOOD.edited((' u:Id="_0"', ' Id="_0"')),
    "reference to nothing": GOOD.edited(('URI="#_0"', 'URI=""')),
    "reference to a place": GOOD.edited(('URI="#_0"', "URI=\"#xpointer(id('_0'))\"")),
    "reference to a file": GOOD.edited(('URI="#_0"', 'URI="file:///_0"')),
    "user name beside the token": security(
        f"<o:UsernameToken><o:Username>KRM</o:Username></o:UsernameToken>"
        f"{GOOD.timestamp}{GOOD.token}{GOOD.signature}"
    ),
    "key value": GOOD.edited((GOOD.key_info, "<KeyInfo><KeyName>k</KeyName></KeyInfo>")),
    "other kind of key identifier": GOOD.edited(("#SAMLAssertionID", "#SAMLID")),
    "kind of key identifier left out": GOOD.edited(
        (f' ValueType="{endorsement.ASSERTION_ID}"', "")
    ),
    "expires first": GOOD.edited(
        (
            f"<u:Created>{GOOD.created}</u:Created><u:Expires>{GOOD.expires}</u:Expires>",
            f"<u:Expires>{GOOD.expires}</u:Expires><u:Created>{GOOD.created}</u:Created>",
        )
    ),
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_parts_that_are_moved_doubled_or_wrapped_are_refused(routed: Router, name: str) -> None:
    answer = routed.send(WRAPPINGS[name])
    assert refused(answer)
    assert not any(entry.persons for entry in routed.records)
    named = GOOD.token in WRAPPINGS[name] and name != "token wrapped"
    assert len(routed.records) == (1 if named else 0)


@pytest.mark.parametrize("attribute", ["u:Id", "Id", "ID", "id", "iD", "xml:id", "AssertionID"])
@pytest.mark.parametrize("place", ["<s:Body", "<a:ReplyTo", "<kriterListesi", "<Signature"])
def test_an_id_that_stands_twice_is_no_reference(
    routed: Router, attribute: str, place: str
) -> None:
    at = f"{place}>" if place != "<Signature" else f"{place} "
    body = GOOD.edited((at, f'{place} {attribute}="_0"{at.removeprefix(place)}'))
    assert refused(routed.send(body))
    assert (routed.entry.refusal, routed.entry.detail) == ("ProofRefused", "id used twice")


def test_the_same_word_in_another_attribute_is_no_id(routed: Router) -> None:
    body = GOOD.edited(("<a:ReplyTo>", '<a:ReplyTo xmlns:x="urn:x" x:sira="_0">'))
    assert routed.send(body).status == 200


# Algorithms


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'<CanonicalizationMethod Algorithm="{EXCLUSIVE}">', "<CanonicalizationMethod>"),
        (
            f'Method Algorithm="{EXCLUSIVE}"',
            'Method Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
        ),
        (f'Method Algorithm="{EXCLUSIVE}"', f'Method Algorithm="{EXCLUSIVE}WithComments"'),
        (f'Transform Algorithm="{EXCLUSIVE}"', f'Transform Algorithm="{DS}enveloped-signature"'),
        ("hmac-sha1", "rsa-sha1"),
        (f"{DS}hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-md5"),
        ('#sha1"></DigestMethod><DigestValue', '#md5"></DigestMethod><DigestValue'),
        ("</SignatureMethod>", "<HMACOutputLength>8</HMACOutputLength></SignatureMethod>"),
        ("</DigestMethod>", "<x/></DigestMethod>"),
        ("</Transform>", f'</Transform><Transform Algorithm="{EXCLUSIVE}"></Transform>'),
        ('URI="#_0"', 'URI="#_0" Type="urn:x"'),
        ('hmac-sha1">', 'hmac-sha1" x="y">'),
        ("<Transforms>", "<Transforms><Transform></Transform>"),
    ],
)
def test_only_the_listed_algorithms_are_known(routed: Router, old: str, new: str) -> None:
    assert refused(routed.send(signed_again(GOOD.edited((old, new)))))
    assert routed.entry.refusal == "ProofRefused"
    assert routed.entry.detail not in ("", "signature value")


def test_a_short_mac_is_no_mac(routed: Router) -> None:
    for value in ("", text_of(b""), GOOD.value[:4], text_of(hmac.digest(KEY, b"", "sha256"))):
        assert refused(routed.send(GOOD.edited((f">{GOOD.value}<", f">{value}<"))))
        assert routed.records[-1].detail == "length or spelling of a value"


def signed_again(text: str, prefixes: list[str] | None = None) -> str:
    """The text with the MAC that its SignedInfo would have, whatever stands in it."""
    root = etree.fromstring(text)
    (signed_info,) = root.iter(f"{{{DS}}}SignedInfo")
    canonical = etree.tostring(
        signed_info, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes
    )
    return text.replace(GOOD.value, text_of(hmac.digest(KEY, canonical, "sha1")))


# Prefix lists, as WSS4J and Metro write them


def with_prefixes(outer: str, inner: str) -> str:
    text = GOOD.edited(
        ("</CanonicalizationMethod>", f"{EC.format(outer)}</CanonicalizationMethod>"),
        ("</Transform>", f"{EC.format(inner)}</Transform>"),
    )
    (timestamp,) = etree.fromstring(text).iter(f"{{{WSU}}}Timestamp")
    canonical = etree.tostring(
        timestamp, method="c14n", exclusive=True, inclusive_ns_prefixes=inner.split() or None
    )
    text = text.replace(GOOD.digest_value, text_of(sha1(canonical).digest()))
    return signed_again(text, outer.split() or None)


@pytest.mark.parametrize(
    ("outer", "inner"), [("", ""), ("s", "s o"), ("a s", ""), ("", "a"), ("unknown", "unknown")]
)
def test_named_prefixes_are_canonicalised_as_named(routed: Router, outer: str, inner: str) -> None:
    assert routed.vouch(with_prefixes(outer, inner)) == routed.vouch(TEXT)


def test_a_prefix_list_must_be_the_one_that_was_signed(routed: Router) -> None:
    text = with_prefixes("s", "s o")
    for old, new in (('PrefixList="s"', 'PrefixList="s a"'), ('"s o"', '"s o a"')):
        assert refused(routed.send(text.replace(old, new)))


@pytest.mark.parametrize(
    "inside",
    [
        EC.format(" ".join(f"p{number}" for number in range(PREFIXES_MAX + 1))),
        f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}"/>',
        f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="s" x="y"/>',
        '<InclusiveNamespaces PrefixList="s"/>',
        EC.format("s") * 2,
        EC.format("s").replace("/>", "><x/></ec:InclusiveNamespaces>"),
    ],
)
def test_a_prefix_list_has_one_form_and_an_end(routed: Router, inside: str) -> None:
    text = GOOD.edited(("</Transform>", f"{inside}</Transform>"))
    assert refused(routed.send(signed_again(text)))
    assert routed.entry.refusal == "ProofRefused"


# What canonicalisation itself refuses


def test_a_relative_namespace_is_refused_and_no_surprise(routed: Router) -> None:
    text = GOOD.edited(("<u:Created>", '<u:Created xmlns:r="bagil" r:x="1">'))
    assert refused(routed.send(text))
    assert routed.entry.refusal == "ProofRefused"
    assert routed.entry.detail.startswith("unreadable: ")


def test_of_two_tokens_the_first_is_put_on_record(routed: Router) -> None:
    other = encrypted(content="another")
    for tokens, records in ((other + GOOD.token, 0), (GOOD.token + other, 1)):
        text = security(f"{GOOD.timestamp}{tokens}{GOOD.signature}")
        assert refused(routed.send(text))
        assert len(routed.records) == records


# The prover alone


def proof_of(text: str, key: bytes = KEY) -> Any:
    root: Element = etree.fromstring(text)
    parts = parts_of(root[0].find(f"{{{WSSE}}}Security"))
    return Prover().prove(parts, root, key)


def test_a_proof_says_how_and_for_which_token() -> None:
    proof = proof_of(GOOD.text)
    assert (proof.how, proof.unverified_assertion_id) == ("TOKEN_HMAC_SHA1", ASSERTION_ID)
    assert proof.trouble == ""


def test_a_proof_for_another_key_says_what_is_wrong() -> None:
    assert proof_of(GOOD.text, b"x" * 32).trouble == "signature value"


def test_a_claim_that_cannot_be_read_is_never_right() -> None:
    # Not even for a key and a message that are empty.
    assert proof_of(GOOD.edited(("hmac-sha1", "none")), b"").trouble


def test_a_header_without_security_has_no_parts() -> None:
    with pytest.raises(faults.SecurityMissing):
        parts_of(None)
