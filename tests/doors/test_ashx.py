"""Where the original's WSDLs are fetched, and the plain pages of router and token service."""

from collections.abc import Iterator
from typing import Any

import pytest
import zeep
from lxml import etree
from requests import Session
from served import OTHER_HOST, PUBLIC_URL, Caller, House, Reply, house_with
from zeep.transports import Transport

from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import Convention
from kps_soap.contracts.wsdl import routing_wsdl_of
from kps_soap.doors.ashx import ashx_places, routing_page
from kps_soap.doors.doorway import Place, by_path
from kps_soap.doors.metadata import issuer_document, issuer_page
from kps_soap.doors.wsdl import ISSUER_PATH, ROUTING_PATH, filled_at

WSDL = "http://schemas.xmlsoap.org/wsdl/"
BILESIK = "BilesikKutukSorgulaKimlikNoServis"
KISI = "KisiSorgulaTCKimlikNoServis"
ADRES = "KimlikNoSorgulaAdresServis"

#: The way by which a published PHP client finds the token service (wire B.1), and its prefixes.
STS_WAY = (
    "//WSDL:definitions/WSP:Policy/WSP:ExactlyOne/WSP:All/SP:EndorsingSupportingTokens"
    "/WSP:Policy/SP:IssuedToken/SP:Issuer/WSA:Address"
)
PREFIXES = {
    "WSDL": WSDL,
    "WSA": "http://www.w3.org/2005/08/addressing",
    "WSP": "http://schemas.xmlsoap.org/ws/2004/09/policy",
    "SP": "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
    "MEX": "http://schemas.xmlsoap.org/ws/2004/09/mex",
    "S12": "http://schemas.xmlsoap.org/wsdl/soap12/",
}
ROUTED = [one for one in compile_all() if one.contract.convention is Convention.DATA_CONTRACT]


@pytest.fixture(scope="module")
def house() -> House:
    """Not on a socket: a house of pages only."""
    house = house_with()
    document = issuer_document()
    house.doorway.places = by_path(
        [
            *ashx_places(compile_all()),
            Place(ROUTING_PATH, routing_page(compile_all())),
            Place(ISSUER_PATH, issuer_page(document)),
        ]
    )
    return house


def fetched(house: House, target: str, *, host: str = "", method: str = "GET") -> Reply:
    headers = (("host", host),) if host else ()
    reply = Caller(headers=headers).call(house, target, method=method)
    assert reply is not None
    return reply


def version_of(reply: Reply) -> str:
    """The dated part of the namespace of a document that was served."""
    assert reply.status == 200, reply.text
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    namespace = etree.fromstring(reply.body).get("targetNamespace") or ""
    return namespace.removeprefix("http://kps.nvi.gov.tr/")


# What is chosen


@pytest.mark.parametrize(
    ("query", "version"),
    [
        (f"Service={KISI}", "2011/01/01"),
        (f"Service={BILESIK}", "2011/01/01"),
        (f"Service={BILESIK}&Version=2023/02/01", "2023/02/01"),
        (f"Service={ADRES}&Version=2021/04/01", "2021/04/01"),
        (f"Service={BILESIK}&Version=2021/04/01&TestMode=true", "2021/04/01"),
        (f"service={BILESIK}&VERSION=2021/04/01&testmode=TRUE", "2021/04/01"),
        (f"Service={BILESIK.upper()}&Version=2021%2F04%2F01", "2021/04/01"),
        (f"Service={BILESIK.lower()}&Version=2021-04-01", "2021/04/01"),
        (f"Service={BILESIK}&Version=Default", "2011/01/01"),
        (f"Service={BILESIK}&Version=DEFAULT", "2011/01/01"),
        (f"Service={BILESIK}&Version=", "2011/01/01"),
    ],
)
def test_the_known_addresses_give_the_contract_that_they_name(
    house: House, query: str, version: str
) -> None:
    for file in ("Wsdl.ashx", "WsdlNoPolicy.ashx"):
        assert version_of(fetched(house, f"/Services/{file}?{query}")) == version


def test_a_service_that_began_later_gives_its_first_contract(house: House) -> None:
    versions = sorted(one.version for one in ROUTED if one.name == ADRES)
    for query in (f"Service={ADRES}", f"Service={ADRES}&Version=Default"):
        assert version_of(fetched(house, f"/Services/Wsdl.ashx?{query}")) == versions[0]


@pytest.mark.parametrize("path", ["/services/wsdl.ashx", "/SERVICES/WSDL.ASHX"])
def test_the_letter_case_of_the_path_does_not_matter(house: House, path: str) -> None:
    assert version_of(fetched(house, f"{path}?Service={KISI}")) == "2011/01/01"


@pytest.mark.parametrize("compiled", ROUTED, ids=lambda one: f"{one.name} {one.version}")
def test_every_contract_is_served_with_its_policy_and_without(house: House, compiled: Any) -> None:
    query = f"Service={compiled.name}&Version={compiled.version}"
    leading = etree.fromstring(fetched(house, f"/Services/Wsdl.ashx?{query}").body)
    plain = etree.fromstring(fetched(house, f"/Services/WsdlNoPolicy.ashx?{query}").body)
    for root in (leading, plain):
        assert root.get("name") == compiled.name
        assert root.get("targetNamespace") == compiled.namespace
    assert leading.xpath(STS_WAY, namespaces=PREFIXES)
    assert not plain.xpath("//WSP:*", namespaces=PREFIXES)


# Addresses


def addresses_of(reply: Reply) -> list[str]:
    root = etree.fromstring(reply.body)
    return [
        *root.xpath("//S12:address/@location", namespaces=PREFIXES),
        *root.xpath("//WSDL:port/WSA:EndpointReference/WSA:Address/text()", namespaces=PREFIXES),
        *root.xpath(f"{STS_WAY}/text()", namespaces=PREFIXES),
        *root.xpath("//MEX:MetadataReference/WSA:Address/text()", namespaces=PREFIXES),
    ]


def places_at(base: str) -> list[str]:
    router = f"{base}/Services/RoutingService.svc"
    issuer = f"{base}/Services/Issuer.svc"
    return [router, router, f"{issuer}/IWSTrust13", f"{issuer}/mex"]


def test_the_configured_address_is_advertised_to_a_host_that_is_not_allowed(house: House) -> None:
    target = f"/Services/Wsdl.ashx?Service={KISI}"
    for host in ("", "evil.example", 'x"/><a b="'):
        assert addresses_of(fetched(house, target, host=host)) == places_at(PUBLIC_URL)


def test_an_allowed_host_is_advertised_and_forgotten_again(house: House) -> None:
    target = f"/Services/Wsdl.ashx?Service={KISI}"
    for host in (OTHER_HOST, f"{OTHER_HOST}:8443"):
        assert addresses_of(fetched(house, target, host=host)) == places_at(f"http://{host}")
    assert addresses_of(fetched(house, target)) == places_at(PUBLIC_URL)


def test_no_placeholder_is_left(house: House) -> None:
    for file in ("Wsdl.ashx", "WsdlNoPolicy.ashx"):
        reply = fetched(house, f"/Services/{file}?Service={BILESIK}&Version=2023/02/01")
        assert b"urn:kps-soap" not in reply.body


# What is refused


@pytest.mark.parametrize("query", ["", "?Service=", "?Service=BaskaServis", "?Service=KPSPublic"])
def test_an_unknown_service_gets_the_list_of_the_known_ones(house: House, query: str) -> None:
    for file in ("Wsdl.ashx", "WsdlNoPolicy.ashx"):
        reply = fetched(house, f"/Services/{file}{query}")
        assert reply.status == 404
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        lines = reply.text.splitlines()
        assert lines[1:] == sorted({one.name for one in ROUTED})
        assert "BaskaServis" not in reply.text


@pytest.mark.parametrize("version", ["2010/01/01", "2011/01/01x", "../2011/01/01", "1" * 900])
def test_an_unknown_version_gets_the_list_of_the_known_ones(house: House, version: str) -> None:
    reply = fetched(house, f"/Services/Wsdl.ashx?Service={BILESIK}&Version={version}")
    assert reply.status == 404
    lines = reply.text.splitlines()
    assert lines[1:] == sorted(one.version for one in ROUTED if one.name == BILESIK)
    assert version not in lines[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_documents_are_only_read(house: House, method: str) -> None:
    reply = fetched(house, f"/Services/Wsdl.ashx?Service={KISI}", method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_head_is_answered_as_get_is(house: House) -> None:
    target = f"/Services/Wsdl.ashx?Service={KISI}"
    got, head = fetched(house, target), fetched(house, target, method="HEAD")
    assert (head.status, head.headers) == (got.status, got.headers)


def test_over_plain_http_from_afar_nothing_is_served(house: House) -> None:
    reply = Caller(client="192.0.2.7").call(
        house, f"/Services/Wsdl.ashx?Service={KISI}", method="GET"
    )
    assert reply is not None
    assert reply.status == 403


# Pages


def test_the_routers_page_says_where_the_documents_are(house: House) -> None:
    reply = fetched(house, "/services/routingservice.svc")
    assert reply.status == 200
    assert f"{PUBLIC_URL}/Services/RoutingService.svc?wsdl" in reply.text


def test_every_line_of_the_routers_list_leads_to_its_document(house: House) -> None:
    lines = fetched(house, f"{ROUTING_PATH}?wsdl").text.splitlines()
    assert len(lines) == len(ROUTED)
    for line, compiled in zip(lines, ROUTED, strict=True):
        served = fetched(house, line.removeprefix(PUBLIC_URL))
        root = etree.fromstring(served.body)
        assert (root.get("name"), root.get("targetNamespace")) == (
            compiled.name,
            compiled.namespace,
        )


def test_the_token_services_page_says_where_its_document_is(house: House) -> None:
    text = fetched(house, ISSUER_PATH).text
    assert f"{PUBLIC_URL}/Services/Issuer.svc?wsdl" in text
    described = etree.fromstring(fetched(house, f"{ISSUER_PATH}?WSDL").body)
    assert described.get("name") == "SecurityTokenService"


# Independent readers


class FromHouse(Transport):  # type: ignore[misc]  # zeep has no types
    """Lets zeep fetch a document without a network."""

    def __init__(self, house: House) -> None:
        super().__init__(session=Session())
        self._house = house

    def load(self, url: str) -> bytes:
        return fetched(self._house, url.removeprefix(PUBLIC_URL)).body


@pytest.fixture
def clients(house: House) -> Iterator[Any]:
    opened: list[FromHouse] = []

    def client(target: str) -> zeep.Client:
        transport = FromHouse(house)
        opened.append(transport)
        return zeep.Client(f"{PUBLIC_URL}{target}", transport=transport)

    yield client
    for transport in opened:
        transport.session.close()


@pytest.mark.parametrize("file", ["Wsdl.ashx", "WsdlNoPolicy.ashx"])
def test_zeep_writes_a_message_that_the_contract_reads(
    house: House, clients: Any, file: str
) -> None:
    client = clients(f"/Services/{file}?Service={BILESIK}&Version=2021/04/01")
    item = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    envelope = client.create_message(
        client.service,
        "Sorgula",
        kriterListesi={item: [{"DogumYil": 1985, "KimlikNo": 10000000146}]},
    )
    assert envelope.tag == "{http://www.w3.org/2003/05/soap-envelope}Envelope"
    binding = client.service._binding_options
    assert binding["address"] == f"{PUBLIC_URL}/Services/RoutingService.svc"
    (compiled,) = (one for one in ROUTED if (one.name, one.version) == (BILESIK, "2021/04/01"))
    compiled.validate_request(envelope[-1][0])


def test_zeep_finds_the_action_of_every_contract(clients: Any) -> None:
    for compiled in ROUTED:
        client = clients(f"/Services/Wsdl.ashx?Service={compiled.name}&Version={compiled.version}")
        operation = client.service._binding.get(compiled.operation)
        assert operation.soapaction == compiled.action
        assert operation.abstract.wsa_action == compiled.action


def test_what_is_served_is_the_document_of_the_contract_with_addresses(house: House) -> None:
    for compiled in ROUTED:
        query = f"Service={compiled.name}&Version={compiled.version}"
        served = fetched(house, f"/Services/Wsdl.ashx?{query}").body
        assert served == filled_at(routing_wsdl_of(compiled.contract), PUBLIC_URL)
