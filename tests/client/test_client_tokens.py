"""Asking for a token, and taking one out of an answer: strictly, or not at all."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fake_kps import NAMES, NOW, PASSWORD, TRUST, USERNAME, FakeKps, find
from lxml import etree

from kps_soap.answers import AnswerNotGenuine, Freshness
from kps_soap.client.errors import AuthenticationFailed
from kps_soap.client.refusals import HttpFacts
from kps_soap.client.tokens import (
    TOKEN_ANSWER_BYTES_MAX,
    Credentials,
    Token,
    TokenRequest,
    p_sha1,
    read_token,
    token_request,
)

ISSUER = "https://kps.example/Services/Issuer.svc/IWSTrust13"
ROUTER = "https://kps.example/Services/RoutingService.svc"
NONCE = bytes(range(32))


def request(entropy: bytes = b"", password: str = PASSWORD, **more: Any) -> TokenRequest:
    credentials = Credentials(USERNAME, password, ISSUER, ROUTER, **more)
    return token_request(credentials, now=NOW, message_id="urn:uuid:1", entropy=entropy)


def answer(kps: FakeKps, asked: TokenRequest) -> bytes:
    return kps.token(etree.fromstring(asked.content))[2]


def token_in(raw: bytes, asked: TokenRequest, *, now: datetime = NOW, ago: float = 0) -> Token:
    return read_token(
        raw,
        asked,
        http=HttpFacts(),
        asked_at=now - timedelta(seconds=ago),
        freshness=Freshness(now, timedelta(minutes=5)),
    )


# The request


def test_a_request_names_account_address_and_time() -> None:
    root = etree.fromstring(request().content)
    header = find(root, "s:Header")
    assert find(header, "a:Action").text == f"{TRUST}/RST/Issue"
    assert find(header, "a:To").text == ISSUER
    assert find(header, "a:MessageID").text == "urn:uuid:1"
    assert find(header, "o:Security/u:Timestamp/u:Created").text == "2026-03-04T05:06:07.008Z"
    assert find(header, "o:Security/u:Timestamp/u:Expires").text == "2026-03-04T05:11:07.008Z"
    assert find(header, "o:Security/o:UsernameToken/o:Username").text == USERNAME
    assert find(header, "o:Security/o:UsernameToken/o:Password").text == PASSWORD
    body = find(root, "s:Body/t:RequestSecurityToken")
    assert find(body, ".//a:Address").text == ROUTER
    assert body.find("t:Entropy", NAMES) is None
    assert root.find(".//{*}Sorgulayan") is None


def test_a_request_can_name_the_inquirer() -> None:
    root = etree.fromstring(request(inquirer="U-007").content)
    said = find(root, "s:Header/{http://kps.nvi.gov.tr/2011/01/01/sorgulayan}Sorgulayan")
    assert said.text == "U-007"


def test_a_request_with_entropy_says_how_the_key_is_made() -> None:
    body = find(etree.fromstring(request(NONCE).content), "s:Body/t:RequestSecurityToken")
    secret = find(body, "t:Entropy/t:BinarySecret")
    assert base64.b64decode(secret.text) == NONCE
    assert secret.get("Type") == f"{TRUST}/Nonce"
    assert find(body, "t:KeySize").text == "256"
    assert find(body, "t:ComputedKeyAlgorithm").text == f"{TRUST}/CK/PSHA1"


def test_secrets_are_not_shown(kps: FakeKps) -> None:
    asked = request(NONCE)
    token = token_in(answer(kps, asked), asked)
    shown = repr(asked) + repr(token) + repr(Credentials(USERNAME, PASSWORD, ISSUER, ROUTER))
    assert "gizli" not in shown
    assert "CipherValue" not in shown
    assert "x00" not in shown


# The answer


def test_the_token_its_id_and_its_key_are_taken_out(kps: FakeKps) -> None:
    asked = request()
    token = token_in(answer(kps, asked), asked)
    assert token.assertion_id == "_belge-1"
    assert token.key == kps.keys["_belge-1"]
    assert etree.QName(token.element()).localname == "EncryptedData"
    assert token.element() is not token.element()


def test_the_token_brings_along_only_the_namespaces_it_uses(kps: FakeKps) -> None:
    asked = request()
    element = token_in(answer(kps, asked), asked).element()
    assert set(element.nsmap) == {"xenc"}


def test_a_computed_key_is_made_of_both_sides_randomness(kps: FakeKps) -> None:
    asked = request(NONCE)
    token = token_in(answer(kps, asked), asked)
    assert token.key == kps.keys["_belge-1"]
    assert token.key not in (NONCE, bytes([1]) * 32)


def test_p_sha1_gives_as_many_bytes_as_are_wanted() -> None:
    whole = p_sha1(b"secret", b"seed", 64)
    assert [p_sha1(b"secret", b"seed", length) for length in (1, 20, 21)] == [
        whole[:1],
        whole[:20],
        whole[:21],
    ]


@pytest.mark.parametrize(
    ("life", "usable"),
    [
        (timedelta(hours=1), timedelta(minutes=59)),
        (timedelta(minutes=5), timedelta(minutes=4, seconds=30)),
        (timedelta(hours=24), timedelta(hours=23, minutes=59)),
    ],
)
def test_a_token_is_left_alone_shortly_before_its_end(
    kps: FakeKps, life: timedelta, usable: timedelta
) -> None:
    kps.life = life
    asked = request()
    assert token_in(answer(kps, asked), asked).usable_until == NOW + usable


def test_the_life_of_a_token_is_counted_from_the_question_by_our_own_clock(kps: FakeKps) -> None:
    asked = request()
    ours = NOW + timedelta(minutes=4)
    token = token_in(answer(kps, asked), asked, now=ours, ago=3)
    assert token.usable_until == ours - timedelta(seconds=3) + timedelta(minutes=59)


def test_wrong_credentials_are_told_as_such(kps: FakeKps) -> None:
    asked = request(password="yanlış")
    with pytest.raises(AuthenticationFailed) as refusal:
        token_in(answer(kps, asked), asked)
    assert refusal.value.code == "FailedAuthentication"


MEMBERS = (
    *("KeySize", "Lifetime", "RequestedSecurityToken", "RequestedProofToken"),
    *("RequestedAttachedReference", "RequestedUnattachedReference"),
    *("TokenType", "RequestType", "KeyType"),
)
Change = Callable[[Any], None]


def member(root: Any, name: str) -> Any:
    return find(root, f".//t:RequestSecurityTokenResponse/t:{name}")


def changed(kps: FakeKps, change: Change, entropy: bytes = b"") -> AnswerNotGenuine:
    """The refusal of an answer that was changed."""
    asked = request(entropy)
    root = etree.fromstring(answer(kps, asked))
    change(root)
    with pytest.raises(AnswerNotGenuine) as refusal:
        token_in(etree.tostring(root), asked)
    return refusal.value


@pytest.mark.parametrize("name", MEMBERS)
def test_an_answer_that_lacks_a_member_is_refused(kps: FakeKps, name: str) -> None:
    changed(kps, lambda root: member(root, name).getparent().remove(member(root, name)))


@pytest.mark.parametrize("name", MEMBERS)
def test_an_answer_that_says_something_twice_is_refused(kps: FakeKps, name: str) -> None:
    def twice(root: Any) -> None:
        again = etree.fromstring(etree.tostring(member(root, name)))
        member(root, name).addnext(again)

    changed(kps, twice)


def text(path: str, value: str) -> Change:
    def change(root: Any) -> None:
        find(root, path).text = value

    return change


def attribute(path: str, name: str, value: str) -> Change:
    def change(root: Any) -> None:
        find(root, path).set(name, value)

    return change


def child(path: str, name: str) -> Change:
    def change(root: Any) -> None:
        etree.SubElement(find(root, path), name)

    return change


ANSWER = "s:Body/t:RequestSecurityTokenResponseCollection"
ONE = f"{ANSWER}/t:RequestSecurityTokenResponse"
SECRET = f"{ONE}/t:RequestedProofToken/t:BinarySecret"
ATTACHED = f"{ONE}/t:RequestedAttachedReference/o:SecurityTokenReference"
WRONG: dict[str, Change] = {
    "to another question": text("s:Header/a:RelatesTo", "urn:uuid:2"),
    "stale": text("s:Header/o:Security/u:Timestamp/u:Created", "2026-03-04T04:00:00.000Z"),
    "another body": lambda root: setattr(find(root, ANSWER), "tag", "{urn:x}Baska"),
    "two answers": child(ANSWER, f"{{{TRUST}}}RequestSecurityTokenResponse"),
    "an unknown member": child(ONE, "{urn:x}Ek"),
    "a short key": text(SECRET, base64.b64encode(bytes(16)).decode()),
    "a key in another spelling": text(SECRET, base64.b64encode(bytes(32)).decode() + "\n"),
    "no base64": text(SECRET, "anahtar!"),
    "an empty key": text(SECRET, ""),
    "a key of another kind": attribute(SECRET, "Type", f"{TRUST}/AsymmetricKey"),
    "another key size": text(f"{ONE}/t:KeySize", "128"),
    "another key type": text(f"{ONE}/t:KeyType", f"{TRUST}/Bearer"),
    "another token type": text(f"{ONE}/t:TokenType", "urn:x"),
    "another request": text(f"{ONE}/t:RequestType", f"{TRUST}/Renew"),
    "entropy that nobody asked for": child(ONE, f"{{{TRUST}}}Entropy"),
    "a computed key that nobody asked for": lambda root: setattr(
        find(root, SECRET), "tag", f"{{{TRUST}}}ComputedKey"
    ),
    "an end before the beginning": text(f"{ONE}/t:Lifetime/u:Expires", "2026-03-04T05:06:07.008Z"),
    "a life of years": text(f"{ONE}/t:Lifetime/u:Expires", "2029-03-04T05:06:07.008Z"),
    "a time without zone": text(f"{ONE}/t:Lifetime/u:Expires", "2026-03-04T06:06:07.008"),
    "something else than a token": lambda root: setattr(
        find(root, f"{ONE}/t:RequestedSecurityToken")[0], "tag", "{urn:x}Assertion"
    ),
    "two tokens": child(f"{ONE}/t:RequestedSecurityToken", "{urn:x}Assertion"),
    "two identifiers": child(ATTACHED, "{urn:x}Ek"),
    "another token by the other reference": text(f"{ATTACHED}/o:KeyIdentifier", "_baska"),
    "no identifier": text(f"{ATTACHED}/o:KeyIdentifier", ""),
    "a long identifier": text(f"{ATTACHED}/o:KeyIdentifier", "_" * 257),
    "an identifier of another kind": attribute(f"{ATTACHED}/o:KeyIdentifier", "ValueType", "urn:x"),
    "an identifier with an element": child(f"{ATTACHED}/o:KeyIdentifier", "{urn:x}Ek"),
    "a comment": lambda root: find(root, ONE).append(etree.Comment("x")),
    "an instruction": lambda root: find(root, SECRET).append(etree.PI("x")),
    "two security headers": lambda root: find(root, "s:Header").append(
        etree.fromstring(etree.tostring(find(root, "s:Header/o:Security")))
    ),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_an_answer_that_is_not_exactly_so_is_refused(kps: FakeKps, change: Change) -> None:
    assert changed(kps, change).reason


PROOF = f"{ONE}/t:RequestedProofToken/t:ComputedKey"
THEIRS = f"{ONE}/t:Entropy/t:BinarySecret"
WRONG_COMPUTED: dict[str, Change] = {
    "another function": text(PROOF, f"{TRUST}/CK/HASH"),
    "little entropy": text(THEIRS, base64.b64encode(bytes(15)).decode()),
    "no entropy": lambda root: find(root, ONE).remove(find(root, f"{ONE}/t:Entropy")),
    "a whole key instead": lambda root: setattr(
        find(root, PROOF), "tag", f"{{{TRUST}}}BinarySecret"
    ),
}


@pytest.mark.parametrize("change", WRONG_COMPUTED.values(), ids=WRONG_COMPUTED)
def test_a_computed_key_is_made_as_asked_or_not_at_all(kps: FakeKps, change: Change) -> None:
    assert changed(kps, change, NONCE).reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda raw: raw + b" " * TOKEN_ANSWER_BYTES_MAX, "size"),
        (lambda raw: b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + raw, "document type"),
        (lambda raw: raw[:-1], "not well-formed"),
        (lambda raw: b"<html><body/></html>", "envelope"),
    ],
)
def test_what_is_no_plain_envelope_is_refused(
    kps: FakeKps, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    asked = request()
    with pytest.raises(AnswerNotGenuine) as refusal:
        token_in(spoil(answer(kps, asked)), asked)
    assert refusal.value.reason == reason
