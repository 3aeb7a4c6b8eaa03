"""``KpsClient``: token, WSDL, question and proof in one, and an error for everything else."""

import hashlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fake_kps import NOW, PASSWORD, SERVICE, USERNAME, VERSION, WSDL, FakeKps, find
from lxml import etree
from zeep.exceptions import ValidationError

from kps_soap import signing
from kps_soap.certificates import DemoFiles
from kps_soap.client import (
    ActionNotSupported,
    AnswerNotGenuine,
    AsyncKpsClient,
    AuthenticationFailed,
    KpsClient,
    KpsError,
    MessageRefused,
    QueryRefused,
    ServiceUnavailable,
    TokenRefused,
)
from kps_soap.envelopes import SoapVersion
from kps_soap.signing import Signer

NOTE = (
    "<HataBilgisi><Aciklama>Kriter sayısı sınırı aşıldı.</Aciklama><Kod>8</Kod></HataBilgisi>"
    '<SorguSonucu i:nil="true"/>'
)


def client_of(kps: FakeKps, **settings: Any) -> KpsClient:
    settings = {"clock": kps.clock, "ca_file": None} | settings
    return KpsClient(kps.url, USERNAME, settings.pop("password", PASSWORD), **settings)


@pytest.fixture
def client(kps: FakeKps) -> Iterator[KpsClient]:
    with client_of(kps) as made:
        yield made


def ask(client: KpsClient, *numbers: int, **more: Any) -> Any:
    criteria = [{"KimlikNo": number} for number in numbers]
    return client.call(SERVICE, VERSION, criteria, **more)


# Calls


def test_a_list_of_criteria_is_enough(client: KpsClient) -> None:
    assert client.service(SERVICE, VERSION).Sorgula([{"KimlikNo": 1}]).SorguSonucu == "1"
    assert ask(client, 1, 2).SorguSonucu == "1 2"
    assert ask(client, 3, operation="Sorgula").SorguSonucu == "3"
    assert client.call(SERVICE, VERSION).SorguSonucu == "hiç"


def test_arguments_can_be_given_as_zeep_has_them(client: KpsClient) -> None:
    service = client.service(SERVICE, VERSION)
    criteria = {"Kriter": [{"KimlikNo": 4}]}
    assert service.Sorgula(criteria).SorguSonucu == "4"
    assert service.Sorgula(kriterListesi=criteria).SorguSonucu == "4"
    assert service.Sorgula(kriterListesi=[{"KimlikNo": 5}]).SorguSonucu == "5"


@pytest.mark.parametrize(
    ("positional", "named"), [(([], []), {}), (([],), {"kriterListesi": []}), ((), {"baska": 1})]
)
def test_arguments_that_the_operation_does_not_take_are_a_mistake(
    kps: FakeKps, client: KpsClient, positional: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        client.service(SERVICE, VERSION).Sorgula(*positional, **named)
    assert not kps.questions


def test_a_criterion_of_another_shape_is_zeeps_own_error(client: KpsClient) -> None:
    with pytest.raises((TypeError, ValidationError, ValueError)):
        client.call(SERVICE, VERSION, [{"Baska": 1}])


def test_a_service_shows_its_operations(client: KpsClient) -> None:
    service = client.service(SERVICE, VERSION)
    assert "Sorgula" in dir(service)
    with pytest.raises(AttributeError, match="Sorgula"):
        service.Listele([])
    with pytest.raises(AttributeError, match="Sorgula"):
        ask(client, 1, operation="Listele")


def test_several_operations_need_a_name(kps: FakeKps, client: KpsClient) -> None:
    port_type, binding = WSDL.split("<wsdl:operation ")[1:]
    again = [
        "<wsdl:operation " + part.split("</wsdl:operation>")[0].replace('"Sorgula"', '"Tekrar"')
        for part in (port_type, binding)
    ]
    first, second, third = kps.wsdl.split("</wsdl:operation>")
    kps.wsdl = "</wsdl:operation>".join([first, again[0], second, again[1], third])
    with pytest.raises(ValueError, match="Sorgula, Tekrar"):
        ask(client, 1)
    assert ask(client, 1, operation="Sorgula").SorguSonucu == "1"


def test_the_wsdl_is_read_once_and_its_address_is_not_believed(
    kps: FakeKps, client: KpsClient
) -> None:
    assert "https://baskasi.invalid" in kps.wsdl
    for number in range(3):
        ask(client, number)
    assert [one.path for one in kps.heard if not one.content] == [
        "/Services/Wsdl.ashx?Service=ListeServis&Version=2021/04/01"
    ]
    assert len(kps.questions) == 3


def test_an_unknown_service_is_told_as_such(client: KpsClient) -> None:
    for name, version in (("YokServis", VERSION), (SERVICE, "1999/01/01"), ("a/../b?x&y", "#")):
        with pytest.raises(ActionNotSupported, match="HTTP 404"):
            client.service(name, version)


@pytest.mark.parametrize(
    "wsdl",
    [
        "<x/>",
        "yok",
        '<!DOCTYPE x [<!ENTITY y "z">]>' + WSDL,
        WSDL.replace("schemas.xmlsoap.org/wsdl/soap12/", "schemas.xmlsoap.org/wsdl/soap/"),
        WSDL.replace(
            "<wsdl:types>",
            '<wsdl:import namespace="urn:x" location="http://127.0.0.1:9/"/><wsdl:types>',
        ),
        WSDL.replace(f'name="{SERVICE}"><wsdl:operation', 'name="Baska"><wsdl:operation'),
    ],
    ids=["no WSDL", "no XML", "entities", "SOAP 1.1 only", "an import", "incomplete"],
)
def test_a_wsdl_that_is_none_is_refused(kps: FakeKps, client: KpsClient, wsdl: str) -> None:
    kps.wsdl = wsdl
    with pytest.raises(AnswerNotGenuine):
        client.service(SERVICE, VERSION)


def test_on_whose_behalf_can_be_said_for_the_client_a_service_or_a_call(kps: FakeKps) -> None:
    with client_of(kps, inquirer="U-1", purpose="A") as client:
        ask(client, 1)
        client.service(SERVICE, VERSION, inquirer="U-2", case_number="7").Sorgula([])
        ask(client, 1, purpose="B", message_id="urn:uuid:benim")
    headers = [find(one.root, "s:Header") for one in kps.questions]
    assert [find(one, "{*}Sorgulayan").text for one in headers] == ["U-1", "U-2", "U-1"]
    contexts = [[child.text for child in find(one, "{*}SorguBaglami")] for one in headers]
    assert contexts == [["A"], ["A", "7"], ["B"]]
    assert find(headers[2], "a:MessageID").text == "urn:uuid:benim"
    assert len(kps.tokens_asked) == 1


def test_threads_share_one_client_and_one_token(kps: FakeKps, client: KpsClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: ask(client, number).SorguSonucu, range(24)))
    assert results == [str(number) for number in range(24)]
    assert len(kps.tokens_asked) == 1
    assert len([one for one in kps.heard if "Wsdl.ashx" in one.path]) == 1


def test_the_client_needs_nothing_of_the_gateway_and_no_library_before_its_time() -> None:
    program = "import kps_soap.client, sys; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    rooms = {name for name in loaded if name.startswith("kps_soap.")}
    assert {name.split(".")[1] for name in rooms} == {"client", "answers"}
    assert not loaded & {"zeep", "requests", "httpx", "spyne", "sqlalchemy", "starlette"}


def test_both_clients_have_the_same_settings_and_calls() -> None:
    assert inspect.signature(KpsClient) == inspect.signature(AsyncKpsClient)
    for name in ("service", "call"):
        mine, other = (
            inspect.signature(getattr(kind, name)).parameters
            for kind in (KpsClient, AsyncKpsClient)
        )
        assert mine == other


@pytest.mark.parametrize(
    "settings",
    [{"door": "direct"}, {"door": "signed"}, {"door": "yan"}, {"hmac": "md5"}, {"password": ""}],
    ids=str,
)
def test_settings_that_cannot_be_are_a_mistake(kps: FakeKps, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="door is|hmac is|belong"):
        client_of(kps, **settings)


# Tokens that are refused


def test_a_refused_token_is_renewed_once(kps: FakeKps, client: KpsClient) -> None:
    kps.refusals += ["FailedAuthentication"]
    assert ask(client, 1).SorguSonucu == "1"
    assert (len(kps.tokens_asked), len(kps.questions)) == (2, 2)


def test_a_token_is_never_renewed_twice_for_one_question(kps: FakeKps, client: KpsClient) -> None:
    kps.refusals += ["FailedAuthentication"] * 9
    with pytest.raises(TokenRefused):
        ask(client, 1)
    assert (len(kps.tokens_asked), len(kps.questions)) == (2, 2)


@pytest.mark.parametrize("subcode", ["InvalidSecurity", "ActionNotSupported"])
def test_other_faults_are_not_tried_again(kps: FakeKps, client: KpsClient, subcode: str) -> None:
    kps.refusals += [subcode]
    with pytest.raises(KpsError):
        ask(client, 1)
    assert (len(kps.tokens_asked), len(kps.questions)) == (1, 1)


def test_a_wrong_password_is_tried_once(kps: FakeKps) -> None:
    with client_of(kps, password="yanlış") as client, pytest.raises(AuthenticationFailed):
        ask(client, 1)
    assert (len(kps.tokens_asked), len(kps.questions)) == (1, 0)


def test_a_password_that_was_changed_meanwhile_is_told(kps: FakeKps, client: KpsClient) -> None:
    ask(client, 1)
    kps.password = "yeni"
    kps.refusals += ["FailedAuthentication"]
    with pytest.raises(AuthenticationFailed):
        ask(client, 1)
    assert len(kps.tokens_asked) == 2


# Refusals


def test_a_note_carries_code_sentence_and_house_number(kps: FakeKps, client: KpsClient) -> None:
    kps.payload, kps.answer_headers = NOTE, {"Kps-Sonuc-Kodu": "103"}
    with pytest.raises(QueryRefused) as refusal:
        ask(client, 1)
    told = refusal.value
    assert (told.code, told.text, told.house_number) == (8, "Kriter sayısı sınırı aşıldı.", 103)


def test_a_note_without_a_house_number_has_none(kps: FakeKps, client: KpsClient) -> None:
    kps.payload, kps.answer_headers = NOTE, {"Kps-Sonuc-Kodu": "-"}
    with pytest.raises(QueryRefused) as refusal:
        ask(client, 1)
    assert refusal.value.house_number is None


HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (503, {"Retry-After": "7"}, ServiceUnavailable),
        (502, HTML, ServiceUnavailable),
        (429, HTML, ServiceUnavailable),
        (400, {}, MessageRefused),
        (415, {}, MessageRefused),
        (403, HTML, MessageRefused),
        (404, HTML, ActionNotSupported),
        (200, HTML, AnswerNotGenuine),
        (202, {"Content-Type": "application/soap+xml"}, AnswerNotGenuine),
        (302, {"Location": "http://127.0.0.1:9/"}, AnswerNotGenuine),
    ],
)
def test_an_http_answer_without_an_envelope_is_an_error_of_its_kind(
    kps: FakeKps, client: KpsClient, status: int, headers: dict[str, str], error: type[KpsError]
) -> None:
    ask(client, 1)
    kps.instead = status, headers, b"<p>Merhaba</p>" if headers else b""
    with pytest.raises(error) as refusal:
        ask(client, 1)
    assert type(refusal.value) is error
    if isinstance(refusal.value, ServiceUnavailable):
        assert refusal.value.retry_after_s == (7 if status == 503 else None)
    assert "Merhaba" not in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"deneme", b"<a>", b"<x/>", b'<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>'],
)
def test_an_answer_that_is_no_envelope_is_not_genuine(
    kps: FakeKps, client: KpsClient, content: bytes
) -> None:
    ask(client, 1)
    kps.instead = 200, {"Content-Type": "application/soap+xml"}, content
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(client, 1)
    assert "deneme" not in str(refusal.value) + refusal.value.reason


def test_a_result_of_another_shape_is_not_genuine(kps: FakeKps, client: KpsClient) -> None:
    kps.payload = "<Baska>1</Baska>"
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(client, 1)
    assert refusal.value.reason == "unreadable: XMLParseError"


def test_a_gateway_that_is_not_there_is_unavailable(kps: FakeKps) -> None:
    with (
        KpsClient("http://127.0.0.1:9", USERNAME, PASSWORD, ca_file=None) as client,
        pytest.raises(ServiceUnavailable) as refusal,
    ):
        ask(client, 1)
    assert refusal.value.retry_after_s is None
    assert "127.0.0.1" not in str(refusal.value)


# The direct door


class FakeDirect(FakeKps):
    """The direct door's two things: its WSDL, and signed answers to a user name."""

    def answer(self, heard: Any) -> tuple[int, dict[str, str], bytes]:
        self.heard.append(heard)
        if not heard.content:
            return 200, {"Content-Type": "text/xml"}, self.wsdl.encode()
        security = find(heard.root, "s:Header/o:Security")
        assert find(security, "o:UsernameToken/o:Username").text == USERNAME
        assert self.sign is not None
        result = (
            f'<SorgulaResponse xmlns="http://kps.nvi.gov.tr/{VERSION}"><SorgulaResult '
            'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
            f"{self.payload}</SorgulaResult></SorgulaResponse>"
        )
        status, payload = (500, self.refusals[0]) if self.refusals else (200, result)
        headers = {"Content-Type": "application/soap+xml", "Kps-Sonuc-Kodu": "502"}
        return status, headers | self.answer_headers, self.sign(heard.content, "", payload)


@pytest.fixture
def direct(kps: FakeKps, files: DemoFiles) -> FakeDirect:
    signer = Signer.load(files.p256_key, files.p256_certificate, now=NOW)

    def sign(question: bytes, _: str, content: str) -> bytes:
        payload = content.encode()
        alone = signing.canonical_in_body(payload, soap_version=SoapVersion.V12)
        receipt = signing.receipt_header(
            number="1", time=NOW,
            question_digest=hashlib.sha256(question).hexdigest(),
            answer_digest=signing.body_digest(SoapVersion.V12, alone),
            agreement_digest="c" * 64, withheld_digest="d" * 64, holder=signer.holder,
        )  # fmt: skip
        return signing.signed_envelope(
            signer, soap_version=SoapVersion.V12, body_payload=payload, canonical_payload=alone,
            headers=(receipt,), created=NOW, expires=NOW + timedelta(minutes=5),
        ).content  # fmt: skip

    other = FakeDirect(sign=sign)
    # The same port, other words.
    kps.answer = other.answer  # type: ignore[method-assign]
    return other


@pytest.fixture
def direct_client(kps: FakeKps, direct: FakeDirect, files: DemoFiles) -> Iterator[KpsClient]:
    with client_of(kps, door="direct", certificate_file=files.p256_certificate) as made:
        yield made


def test_the_direct_door_is_asked_with_every_password(
    direct: FakeDirect, direct_client: KpsClient
) -> None:
    direct.payload = '<HataBilgisi i:nil="true"/><SorguSonucu>evet</SorguSonucu>'
    assert ask(direct_client, 1, message_id="urn:uuid:benim").SorguSonucu == "evet"
    wsdl, question = direct.heard
    assert wsdl.path == "/kps/ListeServis/2021/04/01?wsdl"
    assert question.path == "/kps/ListeServis/2021/04/01"
    header = find(question.root, "s:Header")
    assert [etree.QName(block).localname for block in header] == ["MessageID", "Security"]
    assert find(header, "a:MessageID").text == "urn:uuid:benim"


def test_a_fault_of_the_direct_door_is_proven_and_tells_when_to_come_back(
    direct: FakeDirect, direct_client: KpsClient
) -> None:
    direct.answer_headers = {"Retry-After": "5"}
    direct.refusals = [
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason>"
        '<s:Text xml:lang="tr">Daha sonra.</s:Text><s:Text xml:lang="en">Later.</s:Text>'
        "</s:Reason></s:Fault>"
    ]
    with pytest.raises(ServiceUnavailable) as refusal:
        ask(direct_client, 1)
    told = refusal.value
    assert (told.code, told.text) == ("Receiver", "Daha sonra. / Later.")
    assert (told.house_number, told.retry_after_s) == (502, 5)
