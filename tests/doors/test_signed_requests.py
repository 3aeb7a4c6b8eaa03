"""A request that must be signed: what is accepted, and that nothing else is (profile GUCLU).

The names of the properties that these tests hold stand in ``signatures/properties.toml``.
"""

import asyncio
import base64
import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from direct_house import PERSON, message
from lxml import etree
from routed import DS, EXCLUSIVE, agreements, person_query, register
from signed_house import (
    ECDSA_SHA256,
    MORE,
    NUMBER,
    RSA_SHA256,
    FakePresented,
    Holder,
    SignedMessage,
    Strong,
    holder,
    holder_with,
    strong,
    strong_agreements,
    text64,
)

from kps_soap import faults
from kps_soap.authentication import WSSE, WSU, Vouched
from kps_soap.gateway import Answer
from kps_soap.signing import Signer
from kps_soap.terms import IssuerStage

GOOD = SignedMessage()
TEXT = GOOD.text
KEY_INFO = TEXT[TEXT.index("<ds:KeyInfo>") : TEXT.index("</ds:Signature>")]
TIMESTAMP = TEXT[TEXT.index("<u:Timestamp") : TEXT.index("<ds:Signature ")]
SIGNATURE = TEXT[TEXT.index("<ds:Signature ") : TEXT.index("</o:Security>")]
TOKEN = TEXT[TEXT.index("<o:BinarySecurityToken") : TEXT.index("<u:Timestamp")]
SECURITY = TEXT[TEXT.index("<o:Security ") : TEXT.index("</s:Header>")]
BODY = TEXT[TEXT.index("<s:Body") : TEXT.index("</s:Envelope>")]
OTHER_BODY = BODY.replace(str(NUMBER), "10000000146")
PINNED = "P256", "RSA"


@pytest.fixture(scope="module")
def house(signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory) -> Strong:
    pinned = [holder(kind).digest for kind in PINNED]
    return strong(strong_agreements(tmp_path_factory.mktemp("strong"), *pinned), signers)


@pytest.fixture
def guarded(house: Strong) -> Iterator[Strong]:
    """The house as new: nothing on record, nothing presented, nobody asked about."""
    for kept in (house.house.records, house.house.counted, house.canonicalised):
        kept.clear()
    house.presented.held.clear()
    house.presented.blind = False
    register().asked.clear()
    yield house


def accepted(answer: Answer) -> bool:
    return answer.status == 200 and b"ListeleCokluResult" in answer.body


def is_fault(answer: Answer) -> bool:
    return answer.status in (400, 500) and b"<s:Fault>" in answer.body


def assert_refused(guarded: Strong, text: str | bytes, detail: str | None = None) -> Answer:
    """The generic fault, nothing executed, and one trace of it."""
    house = guarded.house
    answer = guarded.send(text)
    assert is_fault(answer), answer.body[:300]
    assert not register().asked
    assert len(house.records) + len(house.counted) == 1
    assert not any(entry.persons or entry.units for entry in house.records)
    if detail is not None:
        assert house.records[0].detail == detail
    house.records.clear()
    house.counted.clear()
    return answer


# What is accepted

ACCEPTED: dict[str, SignedMessage] = {
    "P-256": GOOD,
    "RSA-2048": SignedMessage(signer=holder("RSA")),
    "To": SignedMessage(to="https://kps.example/kps"),
    "purpose": SignedMessage(
        context="<b:AmacKodu>EMLAK_BEYAN</b:AmacKodu><b:IslemNo>E-1</b:IslemNo>"
    ),
    "no KeyInfo": SignedMessage(key_info=""),
    "SHA-384": SignedMessage(digest_method=f"{MORE}sha384"),
    "SHA-512": SignedMessage(digest_method="http://www.w3.org/2001/04/xmlenc#sha512"),
    "ECDSA with SHA-384": SignedMessage(method=f"{MORE}ecdsa-sha384"),
    "ids as WSS4J sets them": SignedMessage(
        key_info=KEY_INFO.replace("<ds:KeyInfo>", '<ds:KeyInfo Id="KI-1">').replace(
            "<o:SecurityTokenReference>", '<o:SecurityTokenReference u:Id="STR-1">'
        )
    ),
    "ReplyTo signed too": SignedMessage(
        extra_header='<a:ReplyTo u:Id="Donus"><a:Address>urn:x</a:Address></a:ReplyTo>',
        cover=("Zaman", "Govde", "Eylem", "Mesaj", "Soran", "Donus"),
    ),
    "white space in SignedInfo": SignedMessage(edits=(("<ds:SignedInfo>", "<ds:SignedInfo>\n "),)),
    "references in another order": SignedMessage(
        cover=("Soran", "Mesaj", "Eylem", "Govde", "Zaman")
    ),
    "Timestamp without milliseconds": SignedMessage(
        created="2026-01-01T09:00:00Z", expires="2026-01-01T09:05:00Z"
    ),
    "header order": SignedMessage(edits=((TIMESTAMP, ""), (TOKEN, TIMESTAMP + TOKEN))),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_message_that_is_signed_as_it_must_be_is_answered(guarded: Strong, name: str) -> None:
    answer = guarded.send(ACCEPTED[name].text)
    assert accepted(answer), (name, guarded.house.records)
    (entry,) = guarded.house.records
    assert entry.vouched_by == "X509_SIGNATURE"
    assert entry.client_certificate == ACCEPTED[name].signer.digest
    assert (entry.account, entry.institution) == ("KRM-34-0417", "B-34-0417")
    assert entry.persons == [NUMBER]
    assert entry.inquirer == "AYSE"


def test_line_breaks_in_a_value_are_read(guarded: Strong) -> None:
    value = TEXT[TEXT.index("<ds:SignatureValue>") + 19 : TEXT.index("</ds:SignatureValue>")]
    assert accepted(guarded.send(TEXT.replace(value, f"\n{value[:40]}\r\n{value[40:]}\n")))


def test_prefixes_that_are_named_as_inclusive_are_read(guarded: Strong) -> None:
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="s a u"/>'
    opening = f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"'
    text = GOOD.text.replace(f"{opening}/>", f"{opening}>{listed}</ds:CanonicalizationMethod>")
    root = etree.fromstring(text.encode())
    (signed_info,) = root.iter(f"{{{DS}}}SignedInfo")
    written = etree.tostring(
        signed_info, method="c14n", exclusive=True, inclusive_ns_prefixes=["s", "a", "u"]
    )
    value = text[text.index("<ds:SignatureValue>") : text.index("</ds:SignatureValue>")]
    right = f"<ds:SignatureValue>{text64(GOOD.signer.sign(written, ECDSA_SHA256))}"
    assert accepted(guarded.send(text.replace(value, right)))
    guarded.house.records.clear()
    register().asked.clear()
    assert_refused(guarded, text, "signature value")


@pytest.mark.parametrize("kind", PINNED)
def test_a_message_that_another_tool_signed_is_answered(
    guarded: Strong, tmp_path: Path, kind: str
) -> None:
    """xmlsec1 fills in digests and value of a message that has none yet."""
    program = shutil.which("xmlsec1")
    if program is None:
        pytest.skip("xmlsec1 is not installed")
    signer = holder(kind)
    key, unsigned, signed = (tmp_path / name for name in ("key.pem", "in.xml", "out.xml"))
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    unsigned.write_text(SignedMessage(signer=signer).unsigned, encoding="utf-8")
    parts = ("Timestamp", "Body", "Action", "MessageID", "Sorgulayan")
    known = [word for part in parts for word in ("--id-attr:Id", part)]
    subprocess.run(
        [program, "--sign", "--privkey-pem", str(key), *known, "--output", str(signed),
         str(unsigned)],
        check=True, capture_output=True,
    )  # fmt: skip
    assert accepted(guarded.send(signed.read_bytes()))


# 1, 2: one parse, clean input


def test_what_is_handed_on_is_what_was_signed_and_no_part_of_the_message(
    house: Strong,
) -> None:
    question = house.house.question(TEXT)
    exchange = house.house.exchange(question)
    house.house.door.read(exchange)
    vouched = asyncio.run(house.requests.vouch(exchange))
    for element in exchange.root.iter():
        element.text = "10000000146"
    numbers = [one.text for one in vouched.payload.iter("{*}TCKimlikNo")]
    assert numbers == [str(NUMBER)]
    assert vouched.payload.getroottree() is not exchange.root.getroottree()


UNCLEAN = {
    "document type": ("<s:Envelope ", "<!DOCTYPE s:Envelope []><s:Envelope "),
    "entity": (
        "<s:Envelope ",
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><s:Envelope ',
    ),
    "instruction": (str(NUMBER), "100000<?p?>00214"),
    "instruction in SignedInfo": ("<ds:SignedInfo>", "<ds:SignedInfo><?p?>"),
    "instruction in a header": ("AYSE", "AY<?p?>SE"),
}


@pytest.mark.parametrize("name", UNCLEAN)
def test_unclean_input_is_refused_before_any_cryptography(guarded: Strong, name: str) -> None:
    text = TEXT.replace(*UNCLEAN[name])
    assert_refused(guarded, text)
    assert guarded.canonicalised == []


# 16: whole text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (str(NUMBER), "100000<!-- c -->00214"),
        (str(NUMBER), "<!---->10000000214<!-- 146 -->"),
        (str(NUMBER), "<![CDATA[10000000214]]>"),
        (str(NUMBER), "1000000&#48;214"),
        ("AYSE", "AY<!-- c -->SE"),
        ("<ds:SignedInfo>", "<ds:SignedInfo><!-- c -->"),
    ],
)
def test_a_comment_in_a_signed_value_changes_nothing_that_the_service_sees(
    guarded: Strong, old: str, new: str
) -> None:
    good = guarded.vouch(TEXT)
    assert guarded.vouch(TEXT.replace(old, new)) == good


# 3, 4, 6, 7: one header, at its place, unique ids, used is signed

EVIL = person_query(10000000146)
WRAPPINGS: dict[str, str] = {
    "body moved into a header, another in its place": TEXT.replace(
        BODY, f'<s:Body u:Id="Baska">{EVIL}</s:Body>'
    ).replace("</s:Header>", f'<x:w xmlns:x="urn:x">{BODY}</x:w></s:Header>'),
    "body moved into a header, the other without an id": TEXT.replace(
        BODY, f"<s:Body>{EVIL}</s:Body>"
    ).replace("</s:Header>", f'<x:w xmlns:x="urn:x">{BODY}</x:w></s:Header>'),
    "body moved into a header, the other with the same id": TEXT.replace(BODY, OTHER_BODY).replace(
        "</s:Header>", f'<x:w xmlns:x="urn:x">{BODY}</x:w></s:Header>'
    ),
    "body moved into the Security header": TEXT.replace(BODY, OTHER_BODY).replace(
        "</o:Security>", f"{BODY}</o:Security>"
    ),
    "body moved into the signature's Object": TEXT.replace(BODY, OTHER_BODY).replace(
        "</ds:Signature>", f"<ds:Object>{BODY}</ds:Object></ds:Signature>"
    ),
    "body moved into KeyInfo": TEXT.replace(BODY, OTHER_BODY).replace(
        "</ds:KeyInfo>", f"{BODY}</ds:KeyInfo>"
    ),
    "body moved into the other body": TEXT.replace(
        BODY, f'<s:Body u:Id="Baska">{EVIL}{BODY}</s:Body>'
    ),
    "body moved into an element of the other body": TEXT.replace(
        BODY,
        OTHER_BODY.replace('u:Id="Govde"', "").replace("</ListeleCoklu>", f"{BODY}</ListeleCoklu>"),
    ),
    "two bodies, the signed one first": TEXT.replace(BODY, BODY + OTHER_BODY),
    "two bodies, the signed one last": TEXT.replace(BODY, OTHER_BODY + BODY),
    "the signed envelope in a body": (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/>'
        f"<s:Body>{TEXT}</s:Body></s:Envelope>"
    ),
    "the header of one around another": TEXT.replace(
        SECURITY, f'<x:w xmlns:x="urn:x">{SECURITY}</x:w>'
    ),
    "Timestamp moved aside, a fresh one in its place": TEXT.replace(
        TIMESTAMP, TIMESTAMP.replace('"Zaman"', '"Yeni"').replace("09:00", "09:01")
    ).replace("</s:Header>", f'<x:w xmlns:x="urn:x">{TIMESTAMP}</x:w></s:Header>'),
    "Action moved aside, another in its place": TEXT.replace(
        "<s:Header>", f'<s:Header><a:Action>{PERSON.action}</a:Action><x:w xmlns:x="urn:x">'
    ).replace("<a:MessageID", "</x:w><a:MessageID"),
    "MessageID moved aside, another in its place": TEXT.replace(
        "<a:MessageID", '<a:MessageID>urn:uuid:0</a:MessageID><x:w xmlns:x="urn:x"><a:MessageID'
    ).replace("</a:MessageID><q:", "</a:MessageID></x:w><q:"),
    "Sorgulayan moved aside, another in its place": TEXT.replace(
        "<q:Sorgulayan",
        '<q:Sorgulayan xmlns:q="http://kps.nvi.gov.tr/2011/01/01/sorgulayan">FATMA</q:Sorgulayan>'
        '<x:w xmlns:x="urn:x"><q:Sorgulayan',
    ).replace("</q:Sorgulayan><o:", "</q:Sorgulayan></x:w><o:"),
    "the other header added, unsigned": TEXT.replace(
        "</s:Header>",
        '<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1"><b:AmacKodu>SOSYAL_YARDIM</b:AmacKodu>'
        "</b:SorguBaglami></s:Header>",
    ),
    "the other header with the signed one's id": TEXT.replace(
        "</s:Header>",
        '<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1" u:Id="Soran"><b:AmacKodu>SOSYAL_YARDIM'
        "</b:AmacKodu></b:SorguBaglami></s:Header>",
    ),
    "two Security headers": TEXT.replace(SECURITY, SECURITY * 2),
    "two Security headers, one for somebody else": TEXT.replace(
        SECURITY, SECURITY + SECURITY.replace("<o:Security ", '<o:Security s:actor="urn:x" ')
    ),
    "the Security header for somebody else": TEXT.replace(
        "<o:Security ", '<o:Security s:actor="urn:x" '
    ),
    "no Security header": TEXT.replace(SECURITY, ""),
    "empty Security header": TEXT.replace(SECURITY, f'<o:Security xmlns:o="{WSSE}"/>'),
    "two signatures": TEXT.replace(SIGNATURE, SIGNATURE * 2),
    "the signature beside the header": TEXT.replace(SIGNATURE, "").replace(
        "</s:Header>", f"{SIGNATURE}</s:Header>"
    ),
    "the signature in the body": TEXT.replace(SIGNATURE, "").replace(
        "</s:Body>", f"{SIGNATURE}</s:Body>"
    ),
    "the signature within an element": TEXT.replace(
        SIGNATURE, f'<x:w xmlns:x="urn:x">{SIGNATURE}</x:w>'
    ),
    "two Timestamps": TEXT.replace(TIMESTAMP, TIMESTAMP * 2),
    "two certificates": TEXT.replace(TOKEN, TOKEN * 2),
    "Security in the body": TEXT.replace(SECURITY, "").replace(BODY, BODY + SECURITY),
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_a_part_that_was_moved_or_doubled_is_never_believed(guarded: Strong, name: str) -> None:
    assert WRAPPINGS[name] != TEXT
    assert_refused(guarded, WRAPPINGS[name])


SPELLINGS_OF_AN_ID = {
    "wsu:Id": f'xmlns:v="{WSU}" v:Id="{{}}"',
    "Id": 'Id="{}"',
    "ID": 'ID="{}"',
    "id": 'id="{}"',
    "iD": 'iD="{}"',
    "xml:id": 'xml:id="{}"',
    "AssertionID": 'AssertionID="{}"',
    "an Id of another namespace": 'xmlns:v="urn:v" v:Id="{}"',
}


@pytest.mark.parametrize("spelling", SPELLINGS_OF_AN_ID)
@pytest.mark.parametrize("part", ["Zaman", "Govde", "Eylem", "Mesaj", "Soran"])
@pytest.mark.parametrize("place", ["header", "body"])
def test_an_id_that_stands_twice_under_any_name_is_refused_before_digesting(
    guarded: Strong, spelling: str, part: str, place: str
) -> None:
    twin = f'<x:w xmlns:x="urn:x" {SPELLINGS_OF_AN_ID[spelling].format(part)}/>'
    end = "</s:Header>" if place == "header" else "</ListeleCoklu>"
    payload = person_query(NUMBER)
    if place == "header":
        message = replace(GOOD, extra_header=twin)
    else:
        message = replace(GOOD, payload=payload.replace(end, f"{twin}{end}"))
    assert_refused(guarded, message.text, "id used twice")
    assert guarded.canonicalised == []


# 5: coverage


@pytest.mark.parametrize("left_out", GOOD.covered)
def test_every_part_that_is_used_is_covered(guarded: Strong, left_out: str) -> None:
    cover = tuple(name for name in GOOD.covered if name != left_out)
    assert_refused(guarded, replace(GOOD, cover=cover).text, "coverage")


@pytest.mark.parametrize("more", ["Sertifika", "Kalan"])
def test_a_signature_over_anything_else_is_refused(guarded: Strong, more: str) -> None:
    message = replace(
        GOOD,
        cover=(*GOOD.covered, more),
        extra_header='<x:kalan xmlns:x="urn:x" u:Id="Kalan">1</x:kalan>',
    )
    assert_refused(guarded, message.text, "coverage")


def test_a_reference_to_nothing_is_refused(guarded: Strong) -> None:
    value = text64(hashlib.sha256(b"").digest())
    more = GOOD.references({"Zaman": value})
    one = more[: more.index("</ds:Reference>") + 15].replace("#Zaman", "#Yok")
    message = replace(GOOD, edits=(("</ds:SignedInfo>", f"{one}</ds:SignedInfo>"),))
    assert_refused(guarded, message.text, "coverage")


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (('<a:Action u:Id="Eylem">', "<a:Action>"), "part without an id of its own"),
        ((' u:Id="Govde"', ""), "part without an id of its own"),
        ((' u:Id="Govde"', ' Id="Govde"'), "part without an id of its own"),
        ((' u:Id="Zaman"', ' u:Id=""'), "part without an id of its own"),
    ],
)
def test_a_part_is_known_by_its_wsu_id_alone(
    guarded: Strong, change: tuple[str, str], detail: str
) -> None:
    assert_refused(guarded, GOOD.edited(change), detail)


def test_a_message_without_message_id_is_refused(guarded: Strong) -> None:
    assert_refused(guarded, SignedMessage(message_id=None).text, "no Action or no MessageID")


@pytest.mark.parametrize("message_id", ["", " ", "a b", "x" * 65, "çift", "a\tb"])
def test_a_message_id_that_is_none_is_refused_although_it_is_signed(
    guarded: Strong, message_id: str
) -> None:
    message = SignedMessage(message_id=message_id)
    assert_refused(guarded, message.text, "message id")


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


# 15: action


@pytest.mark.parametrize("action", ["urn:x", "", f"{PERSON.action}x", PERSON.action.upper()])
def test_the_signed_action_is_that_of_the_address_and_of_the_body(
    guarded: Strong, action: str
) -> None:
    assert_refused(guarded, SignedMessage(action=action).text)


def test_the_http_action_agrees_with_the_signed_one(guarded: Strong) -> None:
    answer = guarded.send(TEXT, unverified_action='"http://kps.nvi.gov.tr/2011/01/01/X/Y"')
    assert is_fault(answer)
    assert not any(entry.persons for entry in guarded.house.records)


def test_a_body_of_another_operation_is_refused_although_it_is_signed(guarded: Strong) -> None:
    payload = person_query(NUMBER).replace("ListeleCoklu", "BaskaIslem")
    assert_refused(guarded, SignedMessage(payload=payload).text)


# 18, 19: unsupported, and omission

UNSUPPORTED = {
    "EncryptedData": '<e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"/>',
    "EncryptedKey": '<e:EncryptedKey xmlns:e="http://www.w3.org/2001/04/xmlenc#"/>',
    "derived key": '<c:DerivedKeyToken xmlns:c="http://schemas.xmlsoap.org/ws/2005/02/sc"/>',
    "assertion": '<m:Assertion xmlns:m="urn:oasis:names:tc:SAML:1.0:assertion"/>',
    "user name": "<o:UsernameToken><o:Username>KRM-34-0417</o:Username></o:UsernameToken>",
    "confirmation": "<o:SignatureConfirmation/>",
    "reference list": '<e:ReferenceList xmlns:e="http://www.w3.org/2001/04/xmlenc#"/>',
    "unknown": '<x:token xmlns:x="urn:x"/>',
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_not_supported_is_refused_and_never_skipped(guarded: Strong, name: str) -> None:
    text = SignedMessage(edits=((TIMESTAMP, UNSUPPORTED[name] + TIMESTAMP),)).text
    assert_refused(guarded, text, None)


@pytest.mark.parametrize(
    "text",
    [
        message(),
        TEXT.replace(SECURITY, ""),
        TEXT.replace(SECURITY, f'<o:Security xmlns:o="{WSSE}"/>'),
        TEXT.replace(SIGNATURE, ""),
        TEXT.replace(TOKEN, ""),
        TEXT.replace(TIMESTAMP, ""),
    ],
    ids=["password", "no header", "empty header", "no signature", "no certificate", "no time"],
)
def test_who_must_sign_cannot_leave_it_out(guarded: Strong, text: str) -> None:
    assert_refused(guarded, text)


def test_a_password_under_an_agreement_that_demands_signatures_is_on_record(
    guarded: Strong,
) -> None:
    guarded.send(message())
    (entry,) = guarded.house.records
    assert (entry.refusal, entry.detail) == (
        "ProofRefused",
        "the agreement demands signed requests",
    )


def test_a_signature_under_an_agreement_that_knows_none_is_refused(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    guarded = strong(agreements(tmp_path), signers)
    assert is_fault(guarded.send(TEXT))
    assert guarded.house.counted == ["ProofRefused"]


def test_who_must_sign_gets_no_token_for_a_password(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    current = strong_agreements(tmp_path, holder().digest)
    house = strong(current, signers).house
    exchange = house.exchange(house.question(message()))
    vouched = Vouched("KRM-34-0417", etree.Element("x"), "", "TLS_PASSWORD")
    with pytest.raises(faults.ServiceNotGranted) as caught:
        IssuerStage(agreements=lambda: current)(exchange, vouched, None)
    assert caught.value.detail == "the agreement demands signed requests"


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace(TIMESTAMP, ""),
        TEXT.replace(SIGNATURE, ""),
        TEXT.replace("</s:Header>", '<x s:mustUnderstand="1"/></s:Header>'),
        TEXT.replace("<s:Body ", "text<s:Body "),
        WRAPPINGS["two signatures"],
    ],
    ids=["no time", "no signature", "unknown header", "text", "two signatures"],
)
def test_a_message_refused_early_is_on_record_if_its_certificate_is_pinned(
    guarded: Strong, text: str
) -> None:
    assert is_fault(guarded.send(text))
    (entry,) = guarded.house.records
    assert (entry.account, entry.institution) == ("KRM-34-0417", "B-34-0417")
    assert entry.event == "RET"
    assert not entry.receipt_number


# 20: freshness

TIMES: dict[str, tuple[str, bool]] = {
    "plain": ("<u:Created>{c}</u:Created><u:Expires>{e}</u:Expires>", True),
    "no Created": ("<u:Expires>{e}</u:Expires>", False),
    "no Expires": ("<u:Created>{c}</u:Created>", False),
    "two Created": ("<u:Created>{c}</u:Created>" * 2 + "<u:Expires>{e}</u:Expires>", False),
    "two Expires": ("<u:Created>{c}</u:Created>" + "<u:Expires>{e}</u:Expires>" * 2, False),
    "Expires first": ("<u:Expires>{e}</u:Expires><u:Created>{c}</u:Created>", False),
    "custom child": (
        '<u:Created>{c}</u:Created><u:Expires>{e}</u:Expires><x:y xmlns:x="urn:x"/>',
        False,
    ),
    "empty": ("", False),
    "element in a time": ("<u:Created><x/>{c}</u:Created><u:Expires>{e}</u:Expires>", False),
}


@pytest.mark.parametrize("name", TIMES)
def test_a_signed_timestamp_has_one_creation_and_one_end_in_this_order(
    guarded: Strong, name: str
) -> None:
    content, works = TIMES[name]
    good = f"<u:Created>{GOOD.created}</u:Created><u:Expires>{GOOD.expires}</u:Expires>"
    content = content.format(c=GOOD.created, e=GOOD.expires)
    text = SignedMessage(edits=((good, content),)).text if content != good else TEXT
    if works:
        assert accepted(guarded.send(text))
    else:
        assert_refused(guarded, text)


WINDOWS = {
    ("2026-01-01T08:57:01Z", "2026-01-01T09:02:01Z"): True,
    ("2026-01-01T08:57:00Z", "2026-01-01T09:02:00Z"): False,
    ("2026-01-01T09:03:00Z", "2026-01-01T09:08:00Z"): True,
    ("2026-01-01T09:03:01Z", "2026-01-01T09:08:00Z"): False,
    ("2026-01-01T09:00:00Z", "2026-01-01T09:05:01Z"): False,
    ("2026-01-01T09:02:00Z", "2026-01-01T09:02:00Z"): False,
    ("2026-01-01T09:03:00Z", "2026-01-01T09:02:30Z"): False,
    ("2026-01-01T12:00:00+03:00", "2026-01-01T12:05:00+03:00"): True,
    ("2026-01-01T09:00:00", "2026-01-01T09:05:00"): False,
    ("2025-12-31T09:00:00Z", "2025-12-31T09:05:00Z"): False,
    ("0001-01-01T00:00:00Z", "0001-01-01T00:05:00Z"): False,
    ("9999-12-31T23:50:00Z", "9999-12-31T23:55:00Z"): False,
    ("yesterday", "tomorrow"): False,
}


@pytest.mark.parametrize("times", WINDOWS)
def test_a_signed_message_is_fresh_or_refused(guarded: Strong, times: tuple[str, str]) -> None:
    text = SignedMessage(created=times[0], expires=times[1]).text
    assert guarded.house.records == []
    if WINDOWS[times]:
        assert accepted(guarded.send(text))
    else:
        assert_refused(guarded, text)
        assert guarded.presented.held == set()


def test_a_value_type_on_a_time_is_no_part_of_it(guarded: Strong) -> None:
    text = SignedMessage(edits=(("<u:Created>", '<u:Created ValueType="xs:dateTime">'),)).text
    assert accepted(guarded.send(text))


# 21, 22: replay


def test_the_same_signed_message_is_answered_once(guarded: Strong) -> None:
    assert accepted(guarded.send(TEXT))
    asked = len(register().asked)
    answer = guarded.send(TEXT)
    assert is_fault(answer)
    first, second = guarded.house.records
    assert second.detail == "signed message presented before"
    assert (first.units, second.units) == (1, 0)
    assert len(register().asked) == asked


def test_of_two_equal_messages_at_the_same_moment_one_is_answered(guarded: Strong) -> None:
    """The look beforehand sees neither; the record's own transaction lets one be the first."""
    guarded.presented.blind = True
    assert accepted(guarded.send(TEXT))
    answer = guarded.send(TEXT)
    assert is_fault(answer) and str(NUMBER).encode() not in answer.body
    assert [entry.units for entry in guarded.house.records] == [1, 0]
    assert guarded.house.records[1].refusal == "ProofRefused"


def test_another_spelling_of_the_signature_is_the_same_message(guarded: Strong) -> None:
    """Of an ECDSA signature anybody can make a second one: (r, n - s)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    value = TEXT[TEXT.index("<ds:SignatureValue>") + 19 : TEXT.index("</ds:SignatureValue>")]
    raw = base64.b64decode(value)
    turned = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    other = TEXT.replace(value, text64(turned))
    assert accepted(guarded.send(other))
    register().asked.clear()
    guarded.house.records.clear()
    assert_refused(guarded, TEXT, "signed message presented before")


def test_a_retry_is_a_new_signature_with_the_same_message_id(guarded: Strong) -> None:
    assert accepted(guarded.send(TEXT))
    retry = SignedMessage(created="2026-01-01T09:00:01Z", expires="2026-01-01T09:05:01Z")
    assert accepted(guarded.send(retry.text))
    assert {entry.message_id for entry in guarded.house.records} == {GOOD.message_id}


def test_a_replay_is_refused_by_every_worker(signers: Mapping[str, Signer], tmp_path: Path) -> None:
    shared = FakePresented()
    current = strong_agreements(tmp_path, holder().digest)
    one, other = (strong(current, signers, presented=shared) for _ in range(2))
    assert accepted(one.send(TEXT))
    assert is_fault(other.send(TEXT))


# 17: the error surface


def changed_parts() -> list[tuple[str, str]]:
    return [
        ("Security header", SECURITY),
        ("Body", BODY),
        ("Action", f'<a:Action u:Id="Eylem">{PERSON.action}</a:Action>'),
        ("MessageID", f'<a:MessageID u:Id="Mesaj">{GOOD.message_id}</a:MessageID>'),
        ("Sorgulayan", TEXT[TEXT.index("<q:Sorg") : TEXT.index("<o:Security ")]),
    ]


@pytest.mark.parametrize(("name", "part"), changed_parts(), ids=lambda value: value[:14])
@pytest.mark.parametrize("bit", [0x01, 0x20])
def test_no_byte_that_is_signed_or_proves_it_can_be_changed(
    guarded: Strong, name: str, part: str, bit: int
) -> None:
    good, house, raw = guarded.vouch(TEXT), guarded.house, TEXT.encode()
    start = raw.index(part.encode())
    guarded.presented.blind = True
    # The header's letters are changed in both ways, but the second time not each of them.
    step = 5 if bit == 0x20 and name == "Security header" else 1
    for place in range(start, start + len(part.encode()), step):
        body = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        answer = guarded.send(body)
        if is_fault(answer):
            assert not register().asked, place
            assert len(house.records) + len(house.counted) == 1, place
        else:
            # Another spelling of the same, such as another quotation mark.
            assert guarded.vouch(body) == good, (place, part[place - start :][:40])
        for kept in (house.records, house.counted, register().asked):
            kept.clear()
        guarded.presented.held.clear()


STRANGE = {
    "relative namespace": ("<ListeleCoklu xmlns=", '<ListeleCoklu xmlns:r="relative" xmlns='),
    "name that is not ASCII": ("<ds:SignedInfo>", "<ds:SignedInfo><öğe/>"),
    "no base64": (SIGNATURE[-300:-290], "!!!!!!!!!!"),
    "an empty value": (
        TEXT[TEXT.index("<ds:SignatureValue>") : TEXT.index("</ds:SignatureValue>")],
        "<ds:SignatureValue>",
    ),
    "certificate that is none": (text64(holder().der), "AAAA"),
    "certificate that is cut": (text64(holder().der), text64(holder().der[:-9])),
}


@pytest.mark.parametrize("name", STRANGE)
def test_whatever_libraries_say_of_a_message_is_one_refusal(guarded: Strong, name: str) -> None:
    old, new = STRANGE[name]
    assert TEXT.count(old) == 1
    answer = assert_refused(guarded, TEXT.replace(old, new))
    assert answer.status == 500


def test_a_pinned_certificate_that_cannot_be_read_is_one_refusal(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    broken = Holder(holder().key, holder().certificate)
    der = holder().der[:-1]
    current = strong_agreements(tmp_path, hashlib.sha256(der).hexdigest())
    guarded = strong(current, signers)
    text = SignedMessage(signer=broken).text.replace(text64(broken.der), text64(der))
    assert_refused(guarded, text, "unreadable: ValueError")
