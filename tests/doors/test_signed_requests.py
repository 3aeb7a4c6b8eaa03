"""A request that must be signed: what is accepted, and what is refused as no such request.

The profile is GUCLU; the names of the properties that these tests hold, and those of the other
files about signed requests, stand in ``signatures/properties.toml``.
"""

import asyncio
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from direct_house import PERSON, message
from lxml import etree
from routed import DS, EXCLUSIVE, agreements, person_query, register
from signed_house import (
    ECDSA_SHA256,
    MORE,
    NUMBER,
    Holder,
    SignedMessage,
    Strong,
    holder,
    strong,
    strong_agreements,
    text64,
)
from signed_samples import (
    BODY,
    GOOD,
    PINNED,
    SECURITY,
    SIGNATURE,
    TEXT,
    TIMESTAMP,
    TOKEN,
    WRAPPINGS,
    accepted,
    assert_refused,
    is_fault,
)

from kps_soap import faults
from kps_soap.authentication import WSSE, Vouched
from kps_soap.signing import Signer
from kps_soap.terms import IssuerStage

KEY_INFO = TEXT[TEXT.index("<ds:KeyInfo>") : TEXT.index("</ds:Signature>")]


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
    strong_house: Strong,
) -> None:
    question = strong_house.house.question(TEXT)
    exchange = strong_house.house.exchange(question)
    strong_house.house.door.read(exchange)
    vouched = asyncio.run(strong_house.requests.vouch(exchange))
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
