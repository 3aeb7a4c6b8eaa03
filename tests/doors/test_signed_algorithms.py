"""What a signature on a request may be made of: references, keys, algorithms, and how many."""

from typing import Any

import pytest
from routed import DS, EXCLUSIVE
from signed_house import ECDSA_SHA256, MORE, RSA_SHA256, SignedMessage, Strong, holder, text64
from signed_samples import GOOD, PINNED, TEXT, TIMESTAMP, accepted, assert_refused

# 8: nothing remote, nothing special


REMOTE = [
    "",
    "#",
    "Govde",
    "http://127.0.0.1:{port}/x",
    "HTTP://127.0.0.1:{port}/x#Govde",
    "file://{file}",
    "{file}",
    "cid:part@x.example",
    "ftp://127.0.0.1:{port}/x",
    "#xpointer(/)",
    "#xpointer(id('Govde'))",
    "#element(/1/2)",
    "#/1/2",
    "data:text/plain,x",
    "?x",
    "//127.0.0.1:{port}/x",
]


@pytest.mark.parametrize("uri", REMOTE)
def test_a_reference_leads_nowhere_but_into_the_message(
    guarded: Strong, canary: Any, uri: str
) -> None:
    uri = uri.format(port=canary.port, file=canary.file)
    text = GOOD.edited(('URI="#Govde"', f'URI="{uri}"'))
    assert_refused(guarded, text)
    assert guarded.canonicalised == []
    assert canary.untouched()


OBJECTS = {
    "Manifest": f'<ds:Object><ds:Manifest xmlns:ds="{DS}"/></ds:Object>',
    "Object": f'<ds:Object xmlns:ds="{DS}"><x/></ds:Object>',
}


@pytest.mark.parametrize("name", OBJECTS)
def test_a_signature_holds_no_object(guarded: Strong, name: str) -> None:
    text = GOOD.edited(("</ds:Signature>", f"{OBJECTS[name]}</ds:Signature>"))
    assert_refused(guarded, text, "shape of the signature")


KEY_INFOS = {
    "RetrievalMethod": (
        f'<ds:RetrievalMethod URI="http://127.0.0.1:{{port}}/x" Type="{DS}X509Data"/>'
    ),
    "KeyName": "<ds:KeyName>first</ds:KeyName>",
    "KeyValue": "<ds:KeyValue/>",
    "X509Data": "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
    "remote STR": (
        '<o:SecurityTokenReference><o:Reference URI="http://127.0.0.1:{port}/x"/>'
        "</o:SecurityTokenReference>"
    ),
    "KeyIdentifier": (
        "<o:SecurityTokenReference><o:KeyIdentifier>x</o:KeyIdentifier></o:SecurityTokenReference>"
    ),
    "another id": (
        '<o:SecurityTokenReference><o:Reference URI="#Zaman"/></o:SecurityTokenReference>'
    ),
    "another type": (
        '<o:SecurityTokenReference><o:Reference URI="#Sertifika" ValueType="urn:x"/>'
        "</o:SecurityTokenReference>"
    ),
    "two": (
        '<o:SecurityTokenReference><o:Reference URI="#Sertifika"/></o:SecurityTokenReference>' * 2
    ),
    "embedded": (
        "<o:SecurityTokenReference><o:Embedded><x/></o:Embedded></o:SecurityTokenReference>"
    ),
    "nothing": "",
    "text": "x",
}


@pytest.mark.parametrize("name", KEY_INFOS)
def test_key_info_only_names_the_certificate_in_the_header(
    guarded: Strong, canary: Any, name: str
) -> None:
    content = KEY_INFOS[name].format(port=canary.port)
    message = SignedMessage(key_info=f"<ds:KeyInfo>{content}</ds:KeyInfo>")
    assert_refused(guarded, message.text)
    assert canary.untouched()


# 9, 10: algorithms


C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
NOT_EXCLUSIVE = [
    C14N,
    f"{C14N}#WithComments",
    f"{EXCLUSIVE}WithComments",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    "http://www.w3.org/2010/xml-c14n2",
    "",
    f"{EXCLUSIVE} ",
    "urn:unknown",
]
TRANSFORMS = [
    *NOT_EXCLUSIVE,
    f"{DS}base64",
    f"{DS}enveloped-signature",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "http://www.w3.org/2002/06/xmldsig-filter2",
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
    "http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform",
]
METHODS = [
    f"{DS}rsa-sha1",
    f"{DS}dsa-sha1",
    f"{DS}hmac-sha1",
    f"{MORE}hmac-sha256",
    f"{MORE}hmac-sha384",
    f"{MORE}hmac-sha512",
    f"{MORE}hmac-md5",
    f"{MORE}rsa-md5",
    f"{MORE}rsa-ripemd160",
    f"{MORE}ecdsa-sha1",
    f"{MORE}ecdsa-sha224",
    "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
    "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
    "http://www.w3.org/2009/xmldsig11#dsa-sha256",
    f"{RSA_SHA256.upper()}",
    "",
    "urn:unknown",
]
DIGESTS = [
    f"{DS}sha1",
    f"{MORE}md5",
    f"{MORE}sha224",
    "http://www.w3.org/2001/04/xmlenc#ripemd160",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-256",
    "",
    "urn:unknown",
]


def algorithms() -> list[tuple[str, dict[str, Any], str]]:
    """Every place where a signature names an algorithm, with each that is not on its list."""
    return [
        *(("canonicalisation", {"canonicalization": one}, "CanonicalizationMethod") for one in
          NOT_EXCLUSIVE),
        *(("transform", {"transform": one}, "Transform") for one in TRANSFORMS),
        *(("method", {"method": one or " "}, "SignatureMethod") for one in METHODS),
        *(("digest", {"digest_method": one}, "DigestMethod") for one in DIGESTS),
    ]  # fmt: skip


@pytest.mark.parametrize(("place", "changes", "element"), algorithms())
def test_an_algorithm_that_is_not_on_the_list_is_refused_by_the_list(
    guarded: Strong, place: str, changes: dict[str, str], element: str
) -> None:
    text = SignedMessage(**changes).text
    assert_refused(guarded, text, f"algorithm of {element}")
    assert guarded.canonicalised == []


def test_key_transport_is_refused_with_any_algorithm(guarded: Strong) -> None:
    for algorithm in ("rsa-1_5", "rsa-oaep-mgf1p", "kw-aes256", "tripledes-cbc"):
        key = (
            '<e:EncryptedKey xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptionMethod '
            f'Algorithm="http://www.w3.org/2001/04/xmlenc#{algorithm}"/></e:EncryptedKey>'
        )
        assert_refused(guarded, SignedMessage(edits=((TIMESTAMP, key + TIMESTAMP),)).text)


@pytest.mark.parametrize("certificate", PINNED)
def test_a_public_key_is_never_the_secret_of_a_mac(guarded: Strong, certificate: str) -> None:
    """The text of a certificate, used as a MAC key, proves nothing: there are no MACs."""
    for method in (f"{DS}hmac-sha1", f"{MORE}hmac-sha256", f"{MORE}hmac-sha512"):
        message = SignedMessage(signer=holder(certificate), method=method)
        assert_refused(guarded, message.text, "algorithm of SignatureMethod")


@pytest.mark.parametrize("method", [RSA_SHA256, ECDSA_SHA256])
def test_the_method_suits_the_key(guarded: Strong, method: str) -> None:
    signer = holder("P256" if method == RSA_SHA256 else "RSA")
    message = SignedMessage(signer=signer, method=method)
    assert_refused(guarded, message.text, "method does not suit the certificate")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("HMACOutputLength", '-more#ecdsa-sha256"/>', '-more#ecdsa-sha256"><ds:HMACOutputLength>1'
         "</ds:HMACOutputLength></ds:SignatureMethod>"),
        ("XPath in a transform", None, "<ds:XPath>/</ds:XPath>"),
        ("a parameter of the digest", None, None),
    ],
)  # fmt: skip
def test_an_algorithm_has_no_parameters(
    guarded: Strong, name: str, old: str | None, new: str | None
) -> None:
    if old is None and new is not None:
        opening = f'<ds:Transform Algorithm="{EXCLUSIVE}"'
        text = TEXT.replace(f"{opening}/>", f"{opening}>{new}</ds:Transform>")
    elif old is None:
        opening = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"'
        text = TEXT.replace(f"{opening}/>", f"{opening}><x/></ds:DigestMethod>")
    else:
        text = GOOD.edited((old, new or ""))
    assert text != TEXT, name
    assert_refused(guarded, text)
    assert guarded.canonicalised == []


# 11: bounded work


def test_with_a_wrong_key_no_reference_is_canonicalised(guarded: Strong) -> None:
    message = SignedMessage(signer=holder("P256", "second"), shown=holder())
    assert_refused(guarded, message.text, "signature value")
    assert guarded.canonicalised == ["SignedInfo"]


def test_a_good_message_is_canonicalised_part_by_part_once(guarded: Strong) -> None:
    assert accepted(guarded.send(TEXT))
    assert sorted(guarded.canonicalised) == sorted(
        ["SignedInfo", "Timestamp", "Body", "Action", "MessageID", "Sorgulayan"]
    )


@pytest.mark.parametrize("count", [0, 9, 60])
def test_more_than_eight_references_are_refused_unread(guarded: Strong, count: int) -> None:
    one = TEXT[TEXT.index("<ds:Reference ") : TEXT.index("</ds:Reference>") + 15]
    first, last = TEXT.index("<ds:Reference "), TEXT.rindex("</ds:Reference>") + 15
    many = "".join(one.replace("#Zaman", f"#n{number}") for number in range(count))
    assert_refused(guarded, TEXT[:first] + many + TEXT[last:], "number of references")
    assert guarded.canonicalised == []


@pytest.mark.parametrize("count", [0, 2, 30])
def test_a_reference_has_one_transform(guarded: Strong, count: int) -> None:
    one = f'<ds:Transform Algorithm="{EXCLUSIVE}"/>'
    assert_refused(guarded, TEXT.replace(one, one * count), "number of transforms")


def test_a_part_is_referenced_once(guarded: Strong) -> None:
    message = SignedMessage(cover=(*GOOD.covered, "Govde"))
    assert_refused(guarded, message.text, "part referenced twice")


def test_a_list_of_too_many_prefixes_is_refused(guarded: Strong) -> None:
    prefixes = " ".join(f"p{number}" for number in range(17))
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{prefixes}"/>'
    opening = f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"'
    text = GOOD.edited((f"{opening}/>", f"{opening}>{listed}</ds:CanonicalizationMethod>"))
    assert_refused(guarded, text, "prefix list")


def test_a_certificate_of_any_size_is_no_certificate(guarded: Strong) -> None:
    shown = text64(holder().der)
    assert_refused(guarded, GOOD.edited((shown, "A" * 8_196)))
    assert guarded.canonicalised == []
