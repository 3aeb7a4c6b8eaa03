"""The token service's description: its WSDL, and the same by WS-MetadataExchange."""

from typing import Any

import pytest
import zeep
from lxml import etree
from served import BODY_BYTES_MAX, OTHER_HOST, PUBLIC_URL, Caller, House, Reply, house_with

from kps_soap.contracts.wsdl import ISSUER_FILE, issuer_wsdl
from kps_soap.doors.doorway import by_path
from kps_soap.doors.metadata import metadata_places
from kps_soap.envelopes import Limits, Reader

S12 = "http://www.w3.org/2003/05/soap-envelope"
S11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
MEX = "http://schemas.xmlsoap.org/ws/2004/09/mex"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
SOAP_XML = "application/soap+xml; charset=utf-8"
MESSAGE_ID = "urn:uuid:0c5c5a2e-5b0e-4f0c-8d10-6a3f0f1f8e11"
PATH = "/Services/Issuer.svc/mex"
PREFIXES = {
    "s": S12,
    "a": WSA,
    "mex": MEX,
    "wsdl": WSDL,
    "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
    "wsp": "http://schemas.xmlsoap.org/ws/2004/09/policy",
    "sp": "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
}


@pytest.fixture(scope="module")
def house() -> House:
    house = house_with()
    house.doorway.places = by_path(metadata_places(Reader(Limits())))
    return house


def question(
    body: str = "",
    *,
    action: str | None = f"{TRANSFER}/Get",
    head: str = f"<a:MessageID>{MESSAGE_ID}</a:MessageID>",
    namespace: str = S12,
) -> bytes:
    """A message as WCF's client of metadata writes it."""
    stated = "" if action is None else f'<a:Action s:mustUnderstand="1">{action}</a:Action>'
    return (
        f'<s:Envelope xmlns:s="{namespace}" xmlns:a="{WSA}"><s:Header>{stated}{head}'
        "<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address>"
        '</a:ReplyTo><a:To s:mustUnderstand="1">https://kps.example/Services/Issuer.svc/mex</a:To>'
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def asked(
    house: House,
    content: bytes,
    *,
    media: str = SOAP_XML,
    method: str = "POST",
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    sent = (("content-type", media), *headers)
    reply = Caller(chunks=(content,), headers=sent).call(house, PATH, method=method)
    assert reply is not None
    return reply


def fault_of(reply: Reply) -> tuple[str, str]:
    """The fault's code or subcode, and what ``RelatesTo`` says."""
    assert reply.status == 500
    assert reply.headers["content-type"] == SOAP_XML
    root = etree.fromstring(reply.body)
    values = root.xpath("//s:Code//s:Value/text()", namespaces=PREFIXES)
    return values[-1], root.xpath("string(//a:RelatesTo)", namespaces=PREFIXES)


# What is described


def test_every_way_to_read_gives_the_same_document(house: House) -> None:
    documents = {
        reply.body
        for target in ("/Services/Issuer.svc?wsdl", "/services/issuer.svc?singleWsdl", PATH)
        if (reply := Caller().call(house, target, method="GET"))
    }
    (document,) = documents
    assert b"urn:kps-soap" not in document
    assert Caller().call(house, "/Services/Issuer.svc", method="GET").status == 200  # type: ignore[union-attr]


def test_the_document_says_how_to_get_a_token(house: House) -> None:
    reply = Caller(headers=(("host", OTHER_HOST),)).call(house, f"{PATH}?wsdl", method="GET")
    assert reply is not None
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(reply.body)

    def one(way: str) -> Any:
        (found,) = root.xpath(way, namespaces=PREFIXES)
        return found

    address = f"http://{OTHER_HOST}/Services/Issuer.svc/IWSTrust13"
    assert one("//soap12:address/@location") == address
    assert one("//wsdl:port/a:EndpointReference/a:Address/text()") == address
    assert one("//soap12:operation/@soapAction") == f"{TRUST}/RST/Issue"
    # Readers of such descriptions look for the user name by exactly this way.
    way = "wsp:Policy/wsp:ExactlyOne/wsp:All/sp:SignedEncryptedSupportingTokens/wsp:Policy"
    assert one(f"{way}/sp:UsernameToken/wsp:Policy/sp:WssUsernameToken10") is not None
    assert one("wsp:Policy//sp:TransportToken/wsp:Policy/sp:HttpsToken") is not None
    policy = one("wsp:Policy").get(
        "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
    )
    assert one("wsdl:binding/wsp:PolicyReference/@URI") == f"#{policy}"


def test_zeep_reads_the_document_and_writes_a_token_request(tmp_path: Any) -> None:
    file = tmp_path / ISSUER_FILE.name
    file.write_bytes(issuer_wsdl())
    client = zeep.Client(str(file))
    kind = etree.Element(f"{{{TRUST}}}RequestType")
    kind.text = f"{TRUST}/Issue"
    wanted = client.get_element(f"{{{TRUST}}}RequestSecurityToken")
    value = zeep.xsd.AnyObject(zeep.xsd.Element(kind.tag, zeep.xsd.String()), kind.text)
    envelope = client.create_message(client.service, "Trust13Issue", _value_1=[value])
    (request,) = envelope[-1]
    assert request.tag == wanted.qname
    assert [child.text for child in request] == [f"{TRUST}/Issue"]


# Metadata exchange


@pytest.mark.parametrize(
    ("action", "body", "answered"),
    [
        (f"{TRANSFER}/Get", "", f"{TRANSFER}/GetResponse"),
        (f"{TRANSFER}/Get", " \n", f"{TRANSFER}/GetResponse"),
        (
            f"{MEX}/GetMetadata/Request",
            f'<m:GetMetadata xmlns:m="{MEX}"><m:Dialect>{WSDL}</m:Dialect></m:GetMetadata>',
            f"{MEX}/GetMetadata/Response",
        ),
    ],
)
def test_a_question_for_metadata_gets_the_document_in_an_envelope(
    house: House, action: str, body: str, answered: str
) -> None:
    reply = asked(house, question(body, action=action))
    assert (reply.status, reply.headers["content-type"]) == (200, SOAP_XML)
    root = etree.fromstring(reply.body)
    assert root.xpath("string(s:Header/a:Action)", namespaces=PREFIXES) == answered
    assert root.xpath("string(s:Header/a:RelatesTo)", namespaces=PREFIXES) == MESSAGE_ID
    (section,) = root.xpath("s:Body/mex:Metadata/mex:MetadataSection", namespaces=PREFIXES)
    assert section.get("Dialect") == WSDL
    (described,) = section
    assert described.tag == f"{{{WSDL}}}definitions"
    assert described.get("targetNamespace") == section.get("Identifier")
    (address,) = described.xpath("//soap12:address/@location", namespaces=PREFIXES)
    assert address == f"{PUBLIC_URL}/Services/Issuer.svc/IWSTrust13"


def test_the_document_in_the_envelope_is_the_one_that_is_served(house: House) -> None:
    got = Caller().call(house, PATH, method="GET")
    assert got is not None
    root = etree.fromstring(asked(house, question()).body)
    (inside,) = root.xpath("//mex:MetadataSection/*", namespaces=PREFIXES)

    def canonical(element: Any) -> bytes:
        result: bytes = etree.tostring(element, method="c14n", exclusive=True, with_tail=False)
        return result

    assert canonical(inside) == canonical(etree.fromstring(got.body))


def test_without_a_message_id_nothing_is_related(house: House) -> None:
    reply = asked(house, question(head=""))
    assert reply.status == 200
    assert b"RelatesTo" not in reply.body


def test_a_message_id_is_given_back_escaped(house: House) -> None:
    reply = asked(house, question(head="<a:MessageID>&lt;x&amp;y&gt;</a:MessageID>"))
    assert b"<a:RelatesTo>&lt;x&amp;y&gt;</a:RelatesTo>" in reply.body


def test_nothing_is_recorded_or_counted(house: House) -> None:
    for content in (question(), question(action="urn:x"), b"<"):
        asked(house, content)
    assert house.evidence.records == []
    assert house.evidence.counted == []
    assert house.register.lookups == 0


# What is refused


@pytest.mark.parametrize(
    ("content", "code", "relates"),
    [
        (question(action="urn:x"), "a:ActionNotSupported", MESSAGE_ID),
        (question(action=None), "a:ActionNotSupported", MESSAGE_ID),
        (question(f'<x xmlns="{TRUST}"/>'), "s:Sender", ""),
        (question("<x/><y/>"), "s:Sender", ""),
        (question("text"), "s:Sender", ""),
        (question(head="<a:MessageID><x/></a:MessageID>"), "s:Sender", ""),
        (question(head='<x s:mustUnderstand="1"/>'), "s:MustUnderstand", ""),
        (question(namespace=S11), "s:Sender", ""),
        (question(f'<m:GetMetadata xmlns:m="{MEX}"/>', namespace=S11), "s:VersionMismatch", ""),
        (question(namespace="urn:x"), "s:VersionMismatch", ""),
        (question("<x>" * 40 + "</x>" * 40), "s:Sender", ""),
        (f'<s:Envelope xmlns:s="{S12}"/>'.encode(), "s:Sender", ""),
        (question() + b"<?x?>", "s:Sender", ""),
    ],
)
def test_another_question_gets_a_fault(
    house: House, content: bytes, code: str, relates: str
) -> None:
    reply = asked(house, content)
    assert fault_of(reply) == (code, relates)


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"", SOAP_XML, 400),
        (b"<", SOAP_XML, 400),
        (b"<!DOCTYPE x><x/>", SOAP_XML, 400),
        (question(), "text/xml; charset=utf-8", 415),
        (question(), "application/json", 415),
        (question(), "", 415),
    ],
)
def test_what_is_no_envelope_gets_an_empty_answer(
    house: House, content: bytes, media: str, status: int
) -> None:
    reply = asked(house, content, media=media)
    assert (reply.status, reply.body) == (status, b"")


def test_a_compressed_message_is_refused(house: House) -> None:
    reply = asked(house, question(), headers=(("content-encoding", "gzip"),))
    assert (reply.status, reply.body) == (415, b"")


def test_a_message_that_is_too_large_is_refused_and_the_connection_closed(house: House) -> None:
    reply = asked(house, b"<" + b"x" * BODY_BYTES_MAX)
    assert reply.status == 413
    assert not reply.stays_open


def test_other_methods_are_refused(house: House) -> None:
    reply = asked(house, b"", method="PUT")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")


def test_the_service_itself_is_only_read(house: House) -> None:
    reply = Caller().call(house, "/Services/Issuer.svc")
    assert reply is not None
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_over_plain_http_from_afar_nothing_is_answered(house: House) -> None:
    caller = Caller(chunks=(question(),), client="192.0.2.7", headers=(("content-type", SOAP_XML),))
    reply = caller.call(house, PATH)
    assert reply is not None
    assert reply.status == 403


def test_a_caller_who_went_away_is_not_answered(house: House) -> None:
    assert Caller(chunks=(b"<s:", None)).call(house, PATH) is None
