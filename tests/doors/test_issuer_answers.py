"""The token service answers every published shape of request, byte for byte, at a known cost."""

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from issuer_house import (
    AGREEMENT,
    GOLDEN,
    KEYS,
    NAME,
    NOW,
    SOURCE,
    House,
    golden,
    house,
    shape,
)
from lxml import etree
from token_samples import ISSUER, SAML, SERIAL, TRUST, opened, recipe, verified

from kps_soap.entry import Event
from kps_soap.gateway import Answer
from kps_soap.tokens.encrypted import digest_of

SHAPES = sorted(file.stem for file in GOLDEN.glob("shape-*.xml"))
S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://www.w3.org/2005/08/addressing}"
W = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
U = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
P = "{http://schemas.xmlsoap.org/ws/2004/09/policy}"
X = "{http://www.w3.org/2001/04/xmlenc#}"
D = "{http://www.w3.org/2000/09/xmldsig#}"
RESPONSE = (
    f"{S}Body/{TRUST}RequestSecurityTokenResponseCollection/{TRUST}RequestSecurityTokenResponse"
)


def response_of(answer: Answer) -> etree._Element:
    assert answer.status == 200, answer.body
    (response,) = etree.fromstring(answer.body).iterfind(RESPONSE)
    return response


def token_of(answer: Answer) -> etree._Element:
    (data,) = response_of(answer).iterfind(f"{TRUST}RequestedSecurityToken/{X}EncryptedData")
    return data


def assertion_of(answer: Answer) -> etree._Element:
    return verified(opened(token_of(answer)))


def secret_of(answer: Answer) -> bytes:
    return base64.b64decode(
        response_of(answer).findtext(f"{TRUST}RequestedProofToken/{TRUST}BinarySecret") or ""
    )


@pytest.fixture
def sts(tmp_path: Path) -> House:
    return house(tmp_path)


# What is answered


@pytest.mark.parametrize("name", SHAPES)
def test_every_published_shape_gets_a_token(sts: House, name: str) -> None:
    answer = sts.ask(shape(name))
    response = response_of(answer)
    issued = sts.entry.issued
    assert issued is not None
    assert digest_of(token_of(answer), recipe()) == issued.digest
    references = [one.text for one in response.iter(f"{W}KeyIdentifier")]
    assert references == [issued.assertion_id] * 2
    assertion = assertion_of(answer)
    assert assertion.get("AssertionID") == issued.assertion_id
    assert {one.text for one in assertion.iter(f"{SAML}NameIdentifier")} == {NAME}
    (proof,) = {one.text for one in assertion.iter(f"{TRUST}BinarySecret")}
    assert base64.b64decode(proof or "") == KEYS.unwrap(issued.wrapped_key, issued.digest)


@pytest.mark.parametrize("name", [name for name in SHAPES if "entropy" not in name])
def test_without_entropy_the_answer_carries_the_key_itself(sts: House, name: str) -> None:
    answer = sts.ask(shape(name))
    issued = sts.entry.issued
    assert issued is not None
    assert len(secret_of(answer)) == 32
    assert secret_of(answer) == KEYS.unwrap(issued.wrapped_key, issued.digest)


def test_with_entropy_the_answer_carries_the_issuers_part(sts: House) -> None:
    answer = sts.ask(shape("shape-7-wcf-entropy"))
    response, issued = response_of(answer), sts.entry.issued
    assert issued is not None
    algorithm = response.findtext(f"{TRUST}RequestedProofToken/{TRUST}ComputedKey")
    assert algorithm == f"{TRUST[1:-1]}/CK/PSHA1"
    assert secret_of(answer) == b""
    drawn = base64.b64decode(response.findtext(f"{TRUST}Entropy/{TRUST}BinarySecret") or "")
    brought, blocks, stage = bytes(range(32)), b"", drawn
    for _ in range(2):
        stage = hmac.digest(brought, stage, "sha1")
        blocks += hmac.digest(brought, stage + drawn, "sha1")
    assert blocks[:32] == KEYS.unwrap(issued.wrapped_key, issued.digest)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("shape-1-php", "answer-plain"),
        ("shape-3-php-2017", "answer-without-message-id"),
        ("shape-4-python", "answer-without-message-id"),
        ("shape-7-wcf-entropy", "answer-entropy"),
    ],
)
def test_the_answer_is_the_published_one_byte_for_byte(
    sts: House, asked: str, expected: str
) -> None:
    answer = sts.ask(shape(asked))
    wrapped, content = [one.text or "" for one in token_of(answer).iter(f"{X}CipherValue")]
    secrets = [one.text or "" for one in response_of(answer).iter(f"{TRUST}BinarySecret")]
    drawn = {
        "assertion_id": sts.entry.token,
        "wrapped_key": wrapped,
        "content": content,
        "secret": secrets[0],
    }
    text = golden(expected)
    for name, value in drawn.items():
        text = text.replace(f"{{{name}}}", value)
    assert answer.body.decode() == text


def test_the_address_is_repeated_whatever_it_is(sts: House) -> None:
    body = shape("shape-1-php").replace(b"https://gecit.example/Services/R", b"http://x/?a=1&amp;R")
    address = response_of(sts.ask(body)).findtext(f"{P}AppliesTo/{A}EndpointReference/{A}Address")
    assert address == "http://x/?a=1&RoutingService.svc"


def test_a_message_id_is_repeated_as_text_only(sts: House) -> None:
    body = shape("shape-1-php").replace(b"urn:uuid:6f1f2a52", b"&lt;/a:RelatesTo&gt;&amp;")
    answer = sts.ask(body)
    relates = etree.fromstring(answer.body).findtext(f"{S}Header/{A}RelatesTo")
    assert (relates or "").startswith("</a:RelatesTo>&-6f33")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/soap+xml",
        "application/soap+xml; charset=utf-8",
        'Application/SOAP+XML;charset="UTF-8"',
        'application/soap+xml; charset=utf-8; action="http://docs.oasis-open.org/ws-sx/ws-trust/'
        '200512/RST/Issue"',
    ],
)
def test_every_published_media_type_is_read(sts: House, content_type: str) -> None:
    answer = sts.ask(shape("shape-5-java"), content_type=content_type)
    assert response_of(answer) is not None


def test_a_message_without_an_action_header_may_say_it_in_the_media_type(sts: House) -> None:
    action = b"<wsa:Action>http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue</wsa:Action>"
    body = shape("shape-4-python")
    assert action in body
    silent = body.replace(action, b"")
    assert sts.ask(silent).status == 200
    said = 'application/soap+xml; action="http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/{}"'
    assert sts.ask(silent, content_type=said.format("Issue")).status == 200
    assert sts.ask(silent, content_type=said.format("Renew")).status == 500


# What clients do with it (wire B.3)


def test_the_token_can_be_cut_out_of_the_answer_as_text(sts: House) -> None:
    text = sts.ask(shape("shape-2-go")).body.decode()
    start = text.index("<trust:RequestedSecurityToken>") + len("<trust:RequestedSecurityToken>")
    cut = text[start : text.index("</trust:RequestedSecurityToken>")]
    issued = sts.entry.issued
    assert issued is not None
    assert digest_of(etree.fromstring(cut), recipe()) == issued.digest


def test_the_token_can_be_written_anew_from_four_values(sts: House) -> None:
    response = response_of(sts.ask(shape("shape-1-php")))
    base = f"{TRUST}RequestedSecurityToken/{X}EncryptedData/{D}KeyInfo/{X}EncryptedKey/"
    issuer = base + f"{D}KeyInfo/{W}SecurityTokenReference/{D}X509Data/{D}X509IssuerSerial/"
    assert response.findtext(issuer + f"{D}X509IssuerName") == ISSUER
    assert response.findtext(issuer + f"{D}X509SerialNumber") == str(SERIAL)
    values = [one.text for one in response.iter(f"{X}CipherValue")]
    assert values[0] == response.findtext(base + f"{X}CipherData/{X}CipherValue")
    assert len(base64.b64decode(values[0] or "")) == 256


def test_its_lifetime_has_three_digits_of_a_second(sts: House) -> None:
    response = response_of(sts.ask(shape("shape-5-java")))
    times = [response.findtext(f"{TRUST}Lifetime/{U}{name}") for name in ("Created", "Expires")]
    assert times == ["2026-01-01T09:02:00.123Z", "2026-01-01T10:02:00.123Z"]


def test_no_white_space_and_no_id_stands_in_the_answer(sts: House) -> None:
    text = sts.ask(shape("shape-1-php")).body.decode()
    assert text.startswith("<s:Envelope ")
    assert "> <" not in text and "\n" not in text
    assert text.count("Id=") == 1
    assert 'u:Timestamp u:Id="_0"' in text


def test_the_headers_name_the_record_and_nothing_else_of_it(sts: House) -> None:
    answer = sts.ask(shape("shape-1-php"))
    headers = dict(answer.headers)
    assert len(headers.pop("Kps-Alindi-Ozeti")) == 64
    assert headers == {
        "Content-Type": "application/soap+xml; charset=utf-8",
        "Cache-Control": "no-store",
        "Kps-Istek-No": "istek-1",
        "Kps-Sonuc-Kodu": "0",
        "Kps-Alindi-No": "20260101-B-34-0417-1-0",
        "Kps-Veri-Turu": "SENTETIK",
    }


# How long it is good


def ends(sts: House) -> datetime:
    sts.ask(shape("shape-1-php"))
    issued = sts.entry.issued
    assert issued is not None
    return datetime.fromtimestamp(issued.not_after_us / 1_000_000, UTC)


def test_a_token_is_good_for_as_long_as_the_setting_says(tmp_path: Path) -> None:
    whole = NOW.replace(microsecond=123_000)
    assert ends(house(tmp_path, token_seconds=900)) == whole + timedelta(minutes=15)


@pytest.mark.parametrize(
    "old",
    ["valid_until = 2026-12-31", "security_until = 2026-12-31"],
)
def test_no_token_outlives_its_agreement(tmp_path: Path, old: str) -> None:
    text = AGREEMENT.replace(old, old.replace("2026-12-31", "2026-01-01"))
    # The day ends at midnight in Istanbul, three hours before that of UTC.
    assert ends(house(tmp_path, text=text, token_seconds=86_400)) == datetime(
        2026, 1, 1, 21, tzinfo=UTC
    )


def test_the_profiles_end_bounds_nothing_where_the_profile_is_another(tmp_path: Path) -> None:
    text = AGREEMENT.replace('"KLASIK"\nsecurity_until = 2026-12-31', '"STANDART"')
    whole = NOW.replace(microsecond=123_000)
    assert ends(house(tmp_path, text=text, token_seconds=86_400)) == whole + timedelta(days=1)


def test_the_assertion_says_the_same_end(sts: House) -> None:
    (conditions,) = assertion_of(sts.ask(shape("shape-1-php"))).iter(f"{SAML}Conditions")
    assert conditions.get("NotOnOrAfter") == "2026-01-01T10:02:00.123Z"


# What is on record


def test_the_record_names_account_institution_inquirer_and_token(sts: House) -> None:
    answer = sts.ask(shape("shape-6-dotnet-inquirer"))
    entry = sts.entry
    assert (entry.event, entry.door, entry.units) == (Event.TOKEN, "issuer", 0)
    assert (entry.service, entry.version, entry.operation) == ("IWSTrust13", "200512", "Issue")
    assert (entry.account, entry.institution, entry.inquirer) == (NAME, "B-34-0417", "AYSE")
    assert (entry.agreement, entry.vouched_by) == ("2026/117", "TLS_PASSWORD")
    assert entry.message_id == "urn:uuid:6f1f2a52-6f33-4f57-8d45-0c43a2d6a106"
    assert entry.token == assertion_of(answer).get("AssertionID")
    assert (entry.refusal, entry.outcome, entry.http_status) == ("", 0, 200)
    assert entry.persons == [] and entry.returned_fields == ()


def test_the_token_is_registered_with_whatever_the_routing_door_asks_of_it(sts: House) -> None:
    sts.ask(shape("shape-6-dotnet-inquirer"))
    entry, issued = sts.entry, sts.entry.issued
    assert issued is not None
    assert replace(issued, digest=b"", wrapped_key=b"") == type(issued)(
        digest=b"",
        assertion_id=entry.token,
        account=NAME,
        credential_version=3,
        institution="B-34-0417",
        inquirer="AYSE",
        agreement="2026/117",
        agreement_digest=entry.agreement_digest,
        source_address=SOURCE,
        issued_us=round(NOW.replace(microsecond=123_000).timestamp() * 1_000_000),
        not_after_us=round(NOW.replace(microsecond=123_000).timestamp() * 1_000_000)
        + 3_600_000_000,
        wrapped_key=b"",
    )


def test_the_record_keeps_the_digests_of_body_and_bytes(sts: House) -> None:
    answer = sts.ask(shape("shape-1-php"))
    (body,) = etree.fromstring(answer.body).iterfind(f"{S}Body")
    canonical = etree.tostring(body, method="c14n", exclusive=True)
    assert sts.entry.answer_digest == sha256(canonical).hexdigest() == answer.body_digest
    assert sts.entry.sent_digest == sha256(answer.body).hexdigest()


def test_one_client_may_use_one_message_id_for_many_tokens(sts: House) -> None:
    first, second = sts.ask(shape("shape-1-php")), sts.ask(shape("shape-1-php"))
    assert first.body != second.body
    one, other = sts.evidence.records
    assert one.token != other.token
    assert one.message_id == other.message_id


def test_an_inquirer_may_come_with_the_query_instead(sts: House) -> None:
    answer = sts.ask(shape("shape-1-php"))
    assert sts.entry.inquirer == ""
    names = {one.get("AttributeName") for one in assertion_of(answer).iter(f"{SAML}Attribute")}
    assert "Sorgulayan" not in names


def test_no_record_no_token(sts: House) -> None:
    sts.evidence.down = True
    answer = sts.ask(shape("shape-1-php"))
    assert answer.status == 500
    assert b"s:Receiver" in answer.body
    assert b"BinarySecret" not in answer.body and b"EncryptedData" not in answer.body
    assert "Kps-Alindi-No" not in dict(answer.headers)


# What it costs


def test_a_token_costs_one_signature_and_one_public_key_operation(sts: House) -> None:
    costs = []
    for name in SHAPES:
        sts.ask(shape(name))
        costs.append(sts.counts.taken())
    first, *later = costs
    assert first == (3, 1, 1, 1)
    assert set(later) == {(1, 0, 1, 1)}
