"""The zeep plug-ins: what they add to a question, and which answers zeep gets to see."""

import asyncio
import copy
import hashlib
import http.server
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep.wsdl.utils import etree_to_string
from zeep.wsse.compose import Compose
from zeep.wsse.username import UsernameToken

from kps_soap import signing
from kps_soap.certificates import DemoFiles, write_demo_files
from kps_soap.client import (
    AnswerNotGenuine,
    DirectDoor,
    QueryRefused,
    ServiceUnavailable,
    SignedResponse,
    check_note,
    transport,
)
from kps_soap.envelopes import SoapVersion
from kps_soap.signing import Signer

NOW = datetime(2026, 3, 4, 5, 6, 7, 8_000, tzinfo=UTC)
NS = "http://kps.nvi.gov.tr/2011/01/01"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSSE, WSU = f"{{{SECURITY}}}", f"{{{UTILITY}}}"

WSDL = f"""<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
 xmlns:s11="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:t="{NS}" targetNamespace="{NS}">
 <wsdl:types><xs:schema elementFormDefault="qualified" targetNamespace="{NS}">
  <xs:complexType name="Parametre"><xs:sequence>
   <xs:element minOccurs="0" name="Aciklama" nillable="true" type="xs:string"/>
   <xs:element minOccurs="0" name="Kod" nillable="true" type="xs:int"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Sonuc"><xs:sequence>
   <xs:element minOccurs="0" name="HataBilgisi" nillable="true" type="t:Parametre"/>
   <xs:element minOccurs="0" name="SorguSonucu" nillable="true" type="xs:string"/>
  </xs:sequence></xs:complexType>
  <xs:element name="Sorgula"><xs:complexType><xs:sequence>
   <xs:element minOccurs="0" name="kriter" nillable="true" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="SorgulaResponse"><xs:complexType><xs:sequence>
   <xs:element minOccurs="0" name="SorgulaResult" nillable="true" type="t:Sonuc"/>
  </xs:sequence></xs:complexType></xs:element>
 </xs:schema></wsdl:types>
 <wsdl:message name="In"><wsdl:part name="parameters" element="t:Sorgula"/></wsdl:message>
 <wsdl:message name="Out"><wsdl:part name="parameters" element="t:SorgulaResponse"/></wsdl:message>
 <wsdl:portType name="Servis"><wsdl:operation name="Sorgula">
  <wsdl:input message="t:In"/><wsdl:output message="t:Out"/></wsdl:operation></wsdl:portType>
 <wsdl:binding name="B11" type="t:Servis">
  <s11:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="Sorgula"><s11:operation soapAction="{NS}/Servis/Sorgula"/>
   <wsdl:input><s11:body use="literal"/></wsdl:input>
   <wsdl:output><s11:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
 <wsdl:binding name="B12" type="t:Servis">
  <s12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="Sorgula"><s12:operation soapAction="{NS}/Servis/Sorgula"/>
   <wsdl:input><s12:body use="literal"/></wsdl:input>
   <wsdl:output><s12:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
 <wsdl:service name="Servis">
  <wsdl:port name="P11" binding="t:B11"><s11:address location="https://kps.example/a"/></wsdl:port>
  <wsdl:port name="P12" binding="t:B12"><s12:address location="https://kps.example/a"/></wsdl:port>
 </wsdl:service>
</wsdl:definitions>"""

RESULT = (
    f'<SorgulaResponse xmlns="{NS}"><SorgulaResult'
    ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><HataBilgisi i:nil="true"/>'
    "<SorguSonucu>{}</SorguSonucu></SorgulaResult></SorgulaResponse>"
)
NOTE = (
    f'<SorgulaResponse xmlns="{NS}"><SorgulaResult'
    ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><HataBilgisi><Aciklama>Yetkiniz'
    ' yoktur.</Aciklama><Kod>8</Kod></HataBilgisi><SorguSonucu i:nil="true"/>'
    "</SorgulaResult></SorgulaResponse>"
)
FAULTS = {
    SoapVersion.V11: (
        "<s:Fault><faultcode>s:Server</faultcode><faultstring>Daha sonra.</faultstring></s:Fault>"
    ),
    SoapVersion.V12: (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason>"
        '<s:Text xml:lang="tr">Daha sonra.</s:Text></s:Reason></s:Fault>'
    ),
}


@pytest.fixture(scope="session")
def signer(files: DemoFiles) -> Signer:
    return Signer.load(files.p256_key, files.p256_certificate, now=NOW)


@pytest.fixture
def wsdl(tmp_path: Path) -> str:
    file = tmp_path / "servis.wsdl"
    file.write_text(WSDL, encoding="utf-8")
    return str(file)


def clock() -> datetime:
    return NOW


def echo(question: bytes) -> str:
    return RESULT.format(etree.fromstring(question).findtext(f".//{{{NS}}}kriter"))


@dataclass
class Response:
    """What zeep reads of an HTTP response."""

    content: bytes
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


@dataclass
class FakeDoor:
    """A transport that answers on the spot, as the direct door would."""

    signer: Signer
    payload: Callable[[bytes], str] = echo
    spoil: Callable[[bytes], bytes] = bytes
    status_code: int = 200
    questions: list[bytes] = field(default_factory=list)

    def load(self, url: str) -> bytes:
        return Path(url).read_bytes()

    def post_xml(self, address: str, envelope: etree._Element, headers: Any) -> Response:
        question = etree_to_string(envelope)
        self.questions.append(question)
        return Response(self.spoil(self.answer(question)), self.status_code)

    def answer(self, question: bytes) -> bytes:
        version = SoapVersion(etree.QName(etree.fromstring(question)).namespace)
        content = self.payload(question).encode()
        alone = signing.canonical_in_body(content, soap_version=version)
        receipt = signing.receipt_header(
            number="20260304-B-34-0417-1-9",
            time=NOW,
            question_digest=hashlib.sha256(question).hexdigest(),
            answer_digest=signing.body_digest(version, alone),
            agreement_digest="c" * 64,
            withheld_digest="d" * 64,
            holder=self.signer.holder,
        )
        return signing.signed_envelope(
            self.signer,
            soap_version=version,
            body_payload=content,
            canonical_payload=alone,
            headers=(receipt,),
            created=NOW,
            expires=NOW + timedelta(minutes=5),
        ).content


class FakeAsyncDoor(FakeDoor):
    """Answers the first question only after the second was asked."""

    async def post_xml(  # type: ignore[override]
        self, address: str, envelope: etree._Element, headers: Any
    ) -> Response:
        response = super().post_xml(address, envelope, headers)
        while len(self.questions) < 2:
            await asyncio.sleep(0)
        return response


def direct_door(files: DemoFiles, **options: Any) -> DirectDoor:
    return DirectDoor("KRM-34-0417", "gizli-parola", files.p256_certificate, clock=clock, **options)


def ask(wsdl: str, door: FakeDoor, plug_in: Any, port: str = "P11", text: str = "Şükrü") -> Any:
    client = zeep.Client(wsdl, port_name=port, transport=door, wsse=plug_in)
    return client.service.Sorgula(kriter=text)


# Calls


@pytest.mark.parametrize("port", ["P11", "P12"])
def test_a_call_with_the_plug_in_returns_the_proven_result(
    wsdl: str, files: DemoFiles, signer: Signer, port: str
) -> None:
    result = ask(wsdl, FakeDoor(signer), direct_door(files), port)
    assert check_note(result).SorguSonucu == "Şükrü"


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_a_plug_in_that_only_proves_leaves_the_question_as_it_is(
    wsdl: str, files: DemoFiles, kind: str
) -> None:
    pairs = {
        "rsa": (files.rsa_key, files.rsa_certificate),
        "p256": (files.p256_key, files.p256_certificate),
    }
    door = FakeDoor(Signer.load(*pairs[kind], now=NOW))
    ask(wsdl, door, SignedResponse(pairs[kind][1], clock=clock))
    assert b"Header" not in door.questions[0]


def test_it_works_beside_zeeps_own_user_name(wsdl: str, files: DemoFiles, signer: Signer) -> None:
    door = FakeDoor(signer)
    proof = SignedResponse(files.p256_certificate, clock=clock)
    ask(wsdl, door, Compose([UsernameToken("KRM-34-0417", "gizli"), proof]))
    assert etree.fromstring(door.questions[0]).findtext(f".//{WSSE}Username") == "KRM-34-0417"


@pytest.mark.parametrize("port", ["P11", "P12"])
def test_a_signed_fault_reaches_the_caller_as_an_error_of_its_kind(
    wsdl: str, files: DemoFiles, signer: Signer, port: str
) -> None:
    version = {"P11": SoapVersion.V11, "P12": SoapVersion.V12}[port]
    door = FakeDoor(signer, payload=lambda question: FAULTS[version], status_code=500)
    with pytest.raises(ServiceUnavailable, match="Daha sonra."):
        ask(wsdl, door, direct_door(files), port)


def test_a_fault_that_is_not_genuine_is_no_fault(
    wsdl: str, files: DemoFiles, signer: Signer
) -> None:
    door = FakeDoor(signer, payload=lambda question: FAULTS[SoapVersion.V11], spoil=unsigned)
    with pytest.raises(AnswerNotGenuine):
        ask(wsdl, door, direct_door(files))


def test_each_of_two_concurrent_calls_is_held_to_its_own_question(
    wsdl: str, files: DemoFiles, signer: Signer
) -> None:
    async def two_calls() -> list[str]:
        client = zeep.AsyncClient(wsdl, transport=FakeAsyncDoor(signer), wsse=direct_door(files))
        calls = (client.service.Sorgula(kriter=text) for text in ("bir", "iki"))
        return [result.SorguSonucu for result in await asyncio.gather(*calls)]

    assert asyncio.run(two_calls()) == ["bir", "iki"]


def test_the_system_clock_is_used_unless_another_is_handed_in(
    wsdl: str, files: DemoFiles, signer: Signer
) -> None:
    door = FakeDoor(signer)
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(wsdl, door, DirectDoor("KRM-34-0417", "gizli", files.p256_certificate))
    assert refusal.value.reason == "stale or from the future"


# The question


@pytest.mark.parametrize("version", list(SoapVersion))
def test_the_question_carries_account_timestamp_inquirer_and_context(
    files: DemoFiles, version: SoapVersion
) -> None:
    soap = f"{{{version.value}}}"
    envelope = etree.Element(f"{soap}Envelope")
    etree.SubElement(envelope, f"{soap}Body")
    plug_in = direct_door(files, inquirer="U-007", purpose="EMLAK_BEYAN", case_number="2026/17")
    changed, headers = plug_in.apply(envelope, {"a": "b"})
    assert changed is envelope
    assert headers == {"a": "b"}
    assert [child.tag for child in envelope] == [f"{soap}Header", f"{soap}Body"]
    security, inquirer, context = envelope[0]
    assert security.get(f"{soap}mustUnderstand") == "1"
    assert inquirer.tag == "{http://kps.nvi.gov.tr/2011/01/01/sorgulayan}Sorgulayan"
    assert inquirer.text == "U-007"
    assert [(child.tag, child.text) for child in context] == [
        ("{urn:kps-soap:baglam:1}AmacKodu", "EMLAK_BEYAN"),
        ("{urn:kps-soap:baglam:1}IslemNo", "2026/17"),
    ]
    assert [(etree.QName(child).localname, child.text) for child in security[0]] == [
        ("Created", "2026-03-04T05:06:07.008Z"),
        ("Expires", "2026-03-04T05:11:07.008Z"),
    ]
    assert security[0].tag == f"{WSU}Timestamp"
    assert [(child.tag, child.text) for child in security[1]] == [
        (f"{WSSE}Username", "KRM-34-0417"),
        (f"{WSSE}Password", "gizli-parola"),
    ]
    assert security[1][1].get("Type", "").endswith("#PasswordText")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["Security"]),
        ({"inquirer": "U-007"}, ["Security", "Sorgulayan"]),
        ({"purpose": "A"}, ["Security", "SorguBaglami"]),
        ({"case_number": "1"}, ["Security", "SorguBaglami"]),
    ],
)
def test_headers_that_say_nothing_are_left_out(
    wsdl: str, files: DemoFiles, signer: Signer, options: dict[str, str], names: list[str]
) -> None:
    door = FakeDoor(signer)
    ask(wsdl, door, direct_door(files, **options))
    header = etree.fromstring(door.questions[0])[0]
    assert [etree.QName(block).localname for block in header] == names


def test_headers_that_are_there_already_stay(files: DemoFiles) -> None:
    soap = f"{{{SoapVersion.V12.value}}}"
    envelope = etree.Element(f"{soap}Envelope")
    etree.SubElement(etree.SubElement(envelope, f"{soap}Header"), "{urn:x}MessageID").text = "1"
    direct_door(files).apply(envelope, {})
    (header,) = envelope
    assert [etree.QName(block).localname for block in header] == ["MessageID", "Security"]


def test_the_same_door_asks_for_somebody_else(files: DemoFiles) -> None:
    def said(plug_in: DirectDoor) -> list[str | None]:
        envelope = etree.Element(f"{{{SoapVersion.V11.value}}}Envelope")
        plug_in.apply(envelope, {})
        blocks = envelope[0].iter("{*}MessageID", "{*}Sorgulayan", "{*}AmacKodu", "{*}IslemNo")
        return [block.text for block in blocks]

    door = direct_door(files, inquirer="U-007", purpose="EMLAK_BEYAN")
    other = door.on_behalf(inquirer="U-008", case_number="17", message_id="urn:uuid:benim")
    assert said(other) == ["urn:uuid:benim", "U-008", "EMLAK_BEYAN", "17"]
    assert said(door) == ["U-007", "EMLAK_BEYAN"]


def test_a_password_is_not_shown(files: DemoFiles) -> None:
    assert "gizli" not in repr(direct_door(files))


# Answers that zeep must not see


def changed_value(answer: bytes) -> bytes:
    return answer.replace("Şükrü".encode(), "Şukru".encode())


def unsigned(answer: bytes) -> bytes:
    root = etree.fromstring(answer)
    root.remove(root[0])
    return etree.tostring(root)


def wrapped(answer: bytes) -> bytes:
    root = etree.fromstring(answer)
    signed = root[1]
    forged = copy.deepcopy(signed)
    forged.attrib.clear()
    root.replace(signed, forged)
    etree.SubElement(root[0], "{urn:x}Sargi").append(signed)
    return etree.tostring(root)


def instruction_inside(answer: bytes) -> bytes:
    return answer.replace("Şükrü".encode(), "Şük<?x?>rü".encode())


@pytest.mark.parametrize("spoil", [changed_value, unsigned, wrapped, instruction_inside])
def test_an_answer_that_is_not_genuine_never_reaches_the_caller(
    wsdl: str,
    files: DemoFiles,
    signer: Signer,
    spoil: Callable[[bytes], bytes],
) -> None:
    with pytest.raises(AnswerNotGenuine):
        ask(wsdl, FakeDoor(signer, spoil=spoil), direct_door(files))


def test_a_comment_is_either_refused_or_read_as_if_it_were_not_there(
    wsdl: str, files: DemoFiles, signer: Signer
) -> None:
    # zeep's parser takes comments away, and the whole text is what was signed; a tree that
    # still has one would show half a value, so the plug-in refuses it.
    spoilt = FakeDoor(
        signer,
        spoil=lambda answer: answer.replace(b"<SorguSonucu>", b"<SorguSonucu>12<!-- x -->", 1),
    )
    with pytest.raises(AnswerNotGenuine):
        ask(wsdl, spoilt, direct_door(files))
    hidden = FakeDoor(signer, spoil=lambda answer: answer.replace(b"12345", b"123<!-- x -->45"))
    assert ask(wsdl, hidden, direct_door(files), text="12345").SorguSonucu == "12345"
    kept = etree.fromstring(hidden.spoil(hidden.answer(hidden.questions[0])))
    with pytest.raises(AnswerNotGenuine) as refusal:
        SignedResponse(files.p256_certificate, clock=clock).verify(kept)
    assert refusal.value.reason == "comment, instruction or entity"


def test_an_answer_to_somebody_elses_question_never_reaches_the_caller(
    wsdl: str, files: DemoFiles, signer: Signer
) -> None:
    first = FakeDoor(signer)
    ask(wsdl, first, direct_door(files), text="bir")
    replayed = first.answer(first.questions[0])
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(wsdl, FakeDoor(signer, spoil=lambda answer: replayed), direct_door(files), text="iki")
    assert refusal.value.reason == "answer to another question"


def test_holding_an_answer_to_its_question_can_be_given_up(
    wsdl: str, files: DemoFiles, signer: Signer
) -> None:
    first = FakeDoor(signer)
    ask(wsdl, first, direct_door(files), text="bir")
    replayed = first.answer(first.questions[0])
    again = FakeDoor(signer, spoil=lambda answer: replayed)
    plug_in = direct_door(files, bind_question=False)
    assert ask(wsdl, again, plug_in, text="iki").SorguSonucu == "bir"


def test_another_certificate_is_not_believed(wsdl: str, files: DemoFiles, signer: Signer) -> None:
    with pytest.raises(AnswerNotGenuine) as refusal:
        ask(wsdl, FakeDoor(signer), SignedResponse(files.rsa_certificate, clock=clock))
    assert refusal.value.reason == "certificate is not the pinned one"


def test_skew_is_a_setting(wsdl: str, files: DemoFiles, signer: Signer) -> None:
    def late() -> datetime:
        return NOW + timedelta(minutes=12)

    with pytest.raises(AnswerNotGenuine):
        ask(wsdl, FakeDoor(signer), SignedResponse(files.p256_certificate, clock=late))
    patient = SignedResponse(files.p256_certificate, skew=timedelta(minutes=8), clock=late)
    assert ask(wsdl, FakeDoor(signer), patient).SorguSonucu == "Şükrü"


# Notes


def test_a_note_on_the_whole_call_is_raised(wsdl: str, files: DemoFiles, signer: Signer) -> None:
    with pytest.raises(QueryRefused, match="8: Yetkiniz yoktur.") as refusal:
        ask(wsdl, FakeDoor(signer, payload=lambda question: NOTE), direct_door(files))
    assert (refusal.value.code, refusal.value.text) == (8, "Yetkiniz yoktur.")


def test_a_note_is_found_in_a_result_without_a_door(
    wsdl: str, files: DemoFiles, signer: Signer
) -> None:
    proof = SignedResponse(files.p256_certificate, clock=clock)
    result = ask(wsdl, FakeDoor(signer, payload=lambda question: NOTE), proof)
    with pytest.raises(QueryRefused, match="8: Yetkiniz yoktur."):
        check_note(result)


def test_a_note_is_found_in_a_serialised_result_too() -> None:
    with pytest.raises(QueryRefused) as refusal:
        check_note({"HataBilgisi": {"Kod": "10", "Aciklama": None}, "SorguSonucu": None})
    assert (refusal.value.code, refusal.value.text) == (10, "")


@pytest.mark.parametrize(
    "result",
    [None, True, {}, {"HataBilgisi": None}, {"HataBilgisi": {"Kod": None, "Aciklama": None}}],
)
def test_a_result_without_a_note_is_handed_back(result: Any) -> None:
    assert check_note(result) is result


# The transport


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """Certificates of today: a TLS library looks at the clock of the machine."""
    place = tmp_path_factory.mktemp("tls") / "keys"
    return write_demo_files(place, datetime.now(UTC).date(), randomness=os.urandom)


@pytest.fixture
def https_address(tls: DemoFiles) -> Iterator[str]:
    """A server on the loopback that shows the demo's TLS certificate."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *arguments: object) -> None:
            """Stay silent."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.tls_certificate, tls.tls_key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    # Refused handshakes are what the test is about.
    server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_transport_trusts_its_authority_whatever_the_environment_says(
    tls: DemoFiles, https_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.rsa_certificate))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    made = transport(tls.ca_certificate, timeout_s=5.0)
    with made.session:
        assert made.load(https_address) == b"ok"
    assert (made.load_timeout, made.operation_timeout) == (5.0, 5.0)


def test_the_transport_trusts_no_other_authority(tls: DemoFiles, https_address: str) -> None:
    import requests

    made = transport(tls.rsa_certificate)
    with made.session, pytest.raises(requests.exceptions.SSLError):
        made.load(https_address)
