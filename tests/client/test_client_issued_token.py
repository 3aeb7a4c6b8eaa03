"""A plain zeep client with the token plug-in: what it sends, and what zeep gets to see."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zeep
from fake_kps import ACTION, NOW, NS, PASSWORD, USERNAME, WSA, WSDL, FakeKps, find
from lxml import etree
from zeep.wsa import WsAddressingPlugin
from zeep.wsse.compose import Compose

from kps_soap import signing
from kps_soap.certificates import DemoFiles
from kps_soap.client import (
    ActionNotSupported,
    AnswerNotGenuine,
    AuthenticationFailed,
    IssuedToken,
    KpsError,
    QueryRefused,
    SecurityFault,
    TokenRefused,
)
from kps_soap.envelopes import SoapVersion
from kps_soap.signing import Signer

STS = "/Services/Issuer.svc/IWSTrust13"


def plug_in(kps: FakeKps, **settings: Any) -> IssuedToken:
    # By default the clock of the one who asks stands where the gateway's does.
    settings = {"clock": kps.clock, "ca_file": None} | settings
    return IssuedToken(kps.url + STS, USERNAME, settings.pop("password", PASSWORD), **settings)


@contextmanager
def zeep_client(
    kps: FakeKps, wsse: Any, *, wsdl: str = WSDL, plugins: list[Any] | None = None
) -> Iterator[Any]:
    """zeep as its documentation has it, with its own transport."""
    kps.wsdl = wsdl.replace("https://baskasi.invalid", kps.url)
    transport = zeep.Transport(operation_timeout=10)
    with transport.session:
        address = f"{kps.url}/Services/Wsdl.ashx?Service=ListeServis&Version=2021/04/01"
        yield zeep.Client(address, wsse=wsse, transport=transport, plugins=plugins)


def ask(kps: FakeKps, wsse: Any, *numbers: int, **more: Any) -> Any:
    with zeep_client(kps, wsse, **more) as client:
        criteria = {"Kriter": [{"KimlikNo": number} for number in numbers]}
        return client.service.Sorgula(kriterListesi=criteria)


@pytest.fixture
def token(kps: FakeKps) -> Iterator[IssuedToken]:
    wsse = plug_in(kps)
    yield wsse
    wsse.close()


# Questions


def test_a_plain_zeep_client_gets_its_result(kps: FakeKps, token: IssuedToken) -> None:
    assert ask(kps, token, 1, 2).SorguSonucu == "1 2"
    assert len(kps.tokens_asked) == 1


@pytest.mark.parametrize("settings", [{}, {"hmac": "sha1"}, {"entropy": True}])
def test_the_key_is_proven_as_the_router_wants_it(kps: FakeKps, settings: dict[str, Any]) -> None:
    wsse = plug_in(kps, **settings)
    assert ask(kps, wsse, 7).SorguSonucu == "7"
    wsse.close()
    method = find(kps.questions[0].root, ".//d:SignatureMethod").get("Algorithm")
    assert method.endswith("#hmac-sha1" if "hmac" in settings else "#hmac-sha256")


def test_an_unknown_hmac_is_a_mistake(kps: FakeKps) -> None:
    with pytest.raises(ValueError, match="sha256 or sha1"):
        plug_in(kps, hmac="md5")


def test_the_addressing_headers_are_added_where_they_are_missing(
    kps: FakeKps, token: IssuedToken
) -> None:
    ask(kps, token, 1)
    header = find(kps.questions[0].root, "s:Header")
    names = [etree.QName(block).localname for block in header]
    assert names == ["Action", "MessageID", "To", "Security"]
    assert find(header, "a:Action").text == ACTION
    assert find(header, "a:To").text == f"{kps.url}/Services/RoutingService.svc"


@pytest.mark.parametrize("where", ["plug-in", "WSDL"])
def test_the_addressing_headers_of_zeep_stay(kps: FakeKps, token: IssuedToken, where: str) -> None:
    wsdl = WSDL.replace(
        '<wsdl:input message="t:In"/>', f'<wsdl:input wsaw:Action="{ACTION}" message="t:In"/>'
    )
    more: dict[str, Any] = {"wsdl": wsdl}
    if where == "plug-in":
        more = {"plugins": [WsAddressingPlugin()]}
    ask(kps, token, 1, **more)
    ask(kps, token.on_behalf(message_id="urn:uuid:benim"), 1, **more)
    assert find(kps.questions[1].root, "s:Header/a:MessageID").text == "urn:uuid:benim"
    header = find(kps.questions[0].root, "s:Header")
    names = sorted(etree.QName(block).localname for block in header)
    assert names == ["Action", "MessageID", "Security", "To"]
    assert find(header, "a:MessageID").prefix == "wsa"


def test_a_question_says_on_whose_behalf_it_is_asked(kps: FakeKps) -> None:
    wsse = plug_in(kps, inquirer="U-007", purpose="EMLAK_BEYAN", case_number="2026/17")
    ask(kps, wsse, 1)
    other = wsse.on_behalf(inquirer="U-008", case_number="2026/18", message_id="urn:uuid:benim")
    ask(kps, other, 1)
    wsse.close()
    said = [find(one.root, "s:Header/{*}Sorgulayan").text for one in kps.heard if one.content]
    assert said == ["U-007", "U-007", "U-008"]
    contexts = [find(one.root, "s:Header/{*}SorguBaglami") for one in kps.questions]
    assert [[child.text for child in one] for one in contexts] == [
        ["EMLAK_BEYAN", "2026/17"],
        ["EMLAK_BEYAN", "2026/18"],
    ]
    assert find(kps.questions[1].root, "s:Header/a:MessageID").text == "urn:uuid:benim"


def test_message_ids_are_made_of_the_randomness_that_is_handed_in(kps: FakeKps) -> None:
    wsse = plug_in(kps, random_bytes=bytes)
    ask(kps, wsse, 1)
    wsse.close()
    said = find(kps.questions[0].root, "s:Header/a:MessageID").text
    assert said == "urn:uuid:00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "address",
    [
        "http://kps.example/Services/Issuer.svc/IWSTrust13",
        "https://KRM:parola@kps.example/x",
        "https:///x",
        "ftp://127.0.0.1/x",
        "https://kps.example/x?y=1",
    ],
)
def test_a_password_is_sent_over_tls_only(address: str) -> None:
    with pytest.raises(ValueError, match="https|An address") as mistake:
        IssuedToken(address, USERNAME, PASSWORD, ca_file=None)
    assert "parola" not in str(mistake.value)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_this_machine_itself_needs_no_tls(host: str) -> None:
    IssuedToken(f"http://{host}{STS}", USERNAME, PASSWORD, ca_file=None).close()


# Tokens


def test_a_token_is_reused_and_renewed_in_time(kps: FakeKps) -> None:
    now = [NOW]
    kps.clock = lambda: now[0]
    wsse = plug_in(kps, clock=lambda: now[0])
    for minutes, tokens in ((0, 1), (58, 1), (59, 2), (60, 2)):
        now[0] = NOW + timedelta(minutes=minutes)
        ask(kps, wsse, 1)
        assert len(kps.tokens_asked) == tokens
    wsse.close()


def test_a_refused_token_is_thrown_away(kps: FakeKps, token: IssuedToken) -> None:
    ask(kps, token, 1)
    kps.refusals.append("FailedAuthentication")
    with pytest.raises(TokenRefused):
        ask(kps, token, 1)
    assert len(kps.tokens_asked) == 1
    assert ask(kps, token, 3).SorguSonucu == "3"
    assert len(kps.tokens_asked) == 2


def test_wrong_credentials_are_an_error_of_their_own(kps: FakeKps) -> None:
    wsse = plug_in(kps, password="yanlış")
    with pytest.raises(AuthenticationFailed, match="could not be validated"):
        ask(kps, wsse, 1)
    wsse.close()
    assert not kps.questions


def test_a_token_can_be_fetched_before_an_event_loop_needs_it(
    kps: FakeKps, token: IssuedToken
) -> None:
    async def calls() -> list[str]:
        async with zeep.AsyncClient(str(wsdl), wsse=token) as client:
            await token.prepare()
            await token.prepare()
            asked = len(kps.tokens_asked)
            answers = await asyncio.gather(
                *(
                    client.service.Sorgula(kriterListesi={"Kriter": [{"KimlikNo": number}]})
                    for number in range(4)
                )
            )
            client.transport.wsdl_client.close()
            assert asked == len(kps.tokens_asked) == 1
            return [one.SorguSonucu for one in answers]

    wsdl = f"{kps.url}/Services/Wsdl.ashx?Service=ListeServis&Version=2021/04/01"
    kps.wsdl = WSDL.replace("https://baskasi.invalid", kps.url)
    assert asyncio.run(calls()) == ["0", "1", "2", "3"]


# Answers that zeep must not see

CREATED = "<u:Created>2026-03-04T05:06:07.008Z</u:Created>"
NOT_GENUINE: dict[str, tuple[tuple[str, str], str]] = {
    "stale": ((CREATED, CREATED.replace("05:06", "03:06")), "timestamp"),
    "to another message": (("<a:RelatesTo>", "<a:RelatesTo>x"), "answer to another message"),
    "to nothing": (("a:RelatesTo>", "a:Relates>"), "answer to another message"),
    "no security": (("o:Security", "o:Guven"), "headers"),
    "a timestamp of another shape": (("008Z", "008+00:00"), "time"),
    "an instruction": (("<SorguSonucu>", "<SorguSonucu><?x?>"), "comment, instruction or entity"),
    "two payloads": (("</s:Body>", "<x/></s:Body>"), "body"),
    "a trailer": (("</s:Body>", "</s:Body><x/>"), "content of Envelope"),
}


@pytest.mark.parametrize(("change", "reason"), NOT_GENUINE.values(), ids=NOT_GENUINE)
def test_an_unsigned_answer_is_held_to_what_it_has(
    kps: FakeKps, token: IssuedToken, change: tuple[str, str], reason: str
) -> None:
    kps.answer_changes.append(change)
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(kps, token, 1)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(("minutes", "good"), [(9, True), (11, False), (-4, True), (-6, False)])
def test_an_answer_is_believed_while_it_is_fresh(kps: FakeKps, minutes: int, good: bool) -> None:
    late = NOW + timedelta(minutes=minutes)
    wsse = plug_in(kps, clock=lambda: late)
    if good:
        assert ask(kps, wsse, 1).SorguSonucu == "1"
    else:
        with pytest.raises(AnswerNotGenuine):
            ask(kps, wsse, 1)
    wsse.close()


def test_an_answer_without_a_question_is_refused(kps: FakeKps, token: IssuedToken) -> None:
    with pytest.raises(AnswerNotGenuine) as refusal:
        token.verify(etree.fromstring(f'<s:Envelope xmlns:s="{WSA}"/>'))
    assert refusal.value.reason == "answer without a question"


def test_an_answer_is_believed_once(kps: FakeKps, token: IssuedToken) -> None:
    seen: list[Any] = []

    class Listening:
        def apply(self, envelope: Any, headers: Any) -> tuple[Any, Any]:
            return envelope, headers

        def verify(self, envelope: Any) -> Any:
            seen.append(envelope)

    ask(kps, Compose([token, Listening()]), 1)
    with pytest.raises(AnswerNotGenuine):
        token.verify(seen[0])


# Faults and notes


@pytest.mark.parametrize(
    ("subcode", "error"),
    [
        ("FailedAuthentication", TokenRefused),
        ("InvalidSecurity", SecurityFault),
        ("ActionNotSupported", ActionNotSupported),
    ],
)
def test_a_fault_becomes_an_error_of_its_kind(
    kps: FakeKps, token: IssuedToken, subcode: str, error: type[KpsError]
) -> None:
    kps.refusals.append(subcode)
    with pytest.raises(error) as refusal:
        ask(kps, token, 1)
    assert type(refusal.value) is error
    assert subcode in str(refusal.value)


def test_a_note_on_the_whole_call_becomes_an_error(kps: FakeKps, token: IssuedToken) -> None:
    kps.payload = (
        "<HataBilgisi><Aciklama>Yetkiniz yoktur.</Aciklama><Kod>8</Kod></HataBilgisi>"
        '<SorguSonucu i:nil="true"/>'
    )
    with pytest.raises(QueryRefused, match="8: Yetkiniz yoktur."):
        ask(kps, token, 1)


# Signed answers


@pytest.fixture
def signer(files: DemoFiles) -> Signer:
    return Signer.load(files.rsa_key, files.rsa_certificate, now=NOW)


def signing_router(signer: Signer, clock: Callable[[], datetime] = lambda: NOW) -> Any:
    """Signs Timestamp, receipt and Body, and leaves the addressing headers unsigned."""

    def sign(question: bytes, message_id: str, content: str) -> bytes:
        payload = content.encode()
        alone = signing.canonical_in_body(payload, soap_version=SoapVersion.V12)
        receipt = signing.receipt_header(
            number="20260304-B-34-0417-1-9",
            time=clock(),
            question_digest=hashlib.sha256(question).hexdigest(),
            answer_digest=signing.body_digest(SoapVersion.V12, alone),
            agreement_digest="c" * 64,
            withheld_digest="d" * 64,
            holder=signer.holder,
        )
        signed = signing.signed_envelope(
            signer,
            soap_version=SoapVersion.V12,
            body_payload=payload,
            canonical_payload=alone,
            headers=(receipt,),
            created=clock(),
            expires=clock() + timedelta(minutes=5),
        ).content
        way = (
            f'<s:Header><a:Action xmlns:a="{WSA}">{ACTION}Response</a:Action>'
            f'<a:RelatesTo xmlns:a="{WSA}">{message_id}</a:RelatesTo>'
        )
        return signed.replace(b"<s:Header>", way.encode())

    return sign


@pytest.fixture
def demanding(kps: FakeKps, files: DemoFiles, signer: Signer) -> Iterator[IssuedToken]:
    """A plug-in that demands signed answers, and a router that gives them."""
    kps.sign = signing_router(signer)
    wsse = plug_in(kps, certificate_file=files.rsa_certificate)
    yield wsse
    wsse.close()


def test_a_signed_answer_is_proven(kps: FakeKps, demanding: IssuedToken) -> None:
    assert ask(kps, demanding, 5).SorguSonucu == "5"


def test_a_changed_answer_is_refused(kps: FakeKps, demanding: IssuedToken) -> None:
    kps.answer_changes.append(
        (f'<SorgulaResponse xmlns="{NS}">', f'<SorgulaResponse b="" xmlns="{NS}">')
    )
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(kps, demanding, 5)
    assert refusal.value.reason == "digest"


def test_an_unsigned_answer_is_refused_where_a_certificate_was_given(
    kps: FakeKps, demanding: IssuedToken
) -> None:
    kps.sign = None
    with pytest.raises(AnswerNotGenuine):
        ask(kps, demanding, 5)


def test_a_signed_answer_to_another_question_is_refused(
    kps: FakeKps, demanding: IssuedToken, signer: Signer
) -> None:
    sign = signing_router(signer)
    kps.sign = lambda question, message_id, content: sign(b"baska", message_id, content)
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(kps, demanding, 5)
    assert refusal.value.reason == "answer to another question"
    kps.sign = lambda question, message_id, content: sign(question, "urn:uuid:baska", content)
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(kps, demanding, 5)
    assert refusal.value.reason == "answer to another message"


def test_holding_a_signed_answer_to_its_question_can_be_given_up(
    kps: FakeKps, files: DemoFiles, signer: Signer
) -> None:
    sign = signing_router(signer)
    kps.sign = lambda question, message_id, content: sign(b"baska", message_id, content)
    wsse = plug_in(kps, certificate_file=files.rsa_certificate, bind_question=False)
    assert ask(kps, wsse, 5).SorguSonucu == "5"
    wsse.close()


def test_a_fault_needs_no_signature(kps: FakeKps, demanding: IssuedToken) -> None:
    kps.refusals.append("InvalidSecurity")
    with pytest.raises(SecurityFault):
        ask(kps, demanding, 5)


def test_a_certificate_that_cannot_be_read_is_told_at_once(kps: FakeKps, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="imza"):
        plug_in(kps, certificate_file=tmp_path / "imza.pem")
