"""What a GET gets at the public door, and what other methods and paths get (wire A.5)."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
import zeep
from lxml import etree
from requests import Session
from served import (
    ANNA,
    AYSE,
    CARDS,
    NAMESPACE,
    OTHER_HOST,
    PATH,
    PUBLIC_URL,
    SOAP11,
    SOAP12,
    Caller,
    House,
    Reply,
    house_with,
    intake_for,
    post,
)
from zeep.transports import Transport

from kps_soap.doors.doorway import by_path

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SERVICES: dict[str, tuple[str, dict[str, object]]] = {
    "KPSPublic": (
        "TCKimlikNoDogrula",
        {"TCKimlikNo": AYSE.number, "Ad": "AYŞE GÜL", "Soyad": "ÖZTÜRK", "DogumYili": 1981},
    ),
    "KPSPublicV2": (
        "KisiVeCuzdanDogrula",
        {
            "TCKimlikNo": AYSE.number,
            "Ad": "AYŞE GÜL",
            "Soyad": "ÖZTÜRK",
            "SoyadYok": "false",
            "DogumGun": 9,
            "DogumGunYok": "false",
            "DogumAy": 3,
            "DogumAyYok": "false",
            "DogumYil": 1981,
            "CuzdanSeri": "A09",
            "CuzdanNo": 123456,
            "TCKKSeriNo": CARDS[AYSE.number],
        },
    ),
    "KPSPublicYabanciDogrula": (
        "YabanciKimlikNoDogrula",
        {
            "KimlikNo": ANNA.number,
            "Ad": "ANNA",
            "Soyad": "NOWAK",
            "DogumGun": 5,
            "DogumAy": 9,
            "DogumYil": 1990,
        },
    ),
}


# Pages


@pytest.mark.parametrize("name", SERVICES)
def test_a_get_without_query_lists_the_operation(house: House, name: str) -> None:
    operation, _ = SERVICES[name]
    reply = house.get(f"/Service/{name}.asmx")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<title>\n\t{name} Web Service\n</title>" in reply.text
    assert f'<p class="heading1">{name}</p>' in reply.text
    link = f'<link rel="alternate" type="text/xml" href="/Service/{name}.asmx?disco" />'
    assert link in reply.text
    assert f'<a href="{name}.asmx?WSDL">Service Description</a>' in reply.text
    assert f'<a href="{name}.asmx?op={operation}">{operation}</a>' in reply.text


@pytest.mark.parametrize(
    "query", ["op=TCKimlikNoDogrula", "OP=tckimliknodogrula", "op=TCKimlikNoDogrula&x"]
)
def test_the_operations_page_holds_what_the_originals_holds(house: House, query: str) -> None:
    reply = house.get(f"/service/kpspublic.asmx?{query}")
    assert reply.status == 200
    assert "<title>\n\tKPSPublic Web Service\n</title>" in reply.text
    assert (
        'Click <a href="KPSPublic.asmx">here</a> for a complete list of operations.' in reply.text
    )
    assert "<h2>TCKimlikNoDogrula</h2>" in reply.text
    assert "<h3>Test</h3>" in reply.text
    assert "The test form is only available for requests from the local machine." in reply.text
    assert [f"SOAP {number}" in reply.text for number in ("1.1", "1.2")] == [True, True]
    assert "HTTP GET" not in reply.text
    assert "HTTP POST" not in reply.text


def samples_of(reply: Reply) -> list[str]:
    """The samples as a person copies them from the page."""
    found = re.findall(r"<pre>(.*?)</pre>", reply.text, re.DOTALL)
    return [html.unescape(re.sub(r"</?span[^>]*>", "", sample)) for sample in found]


@pytest.mark.parametrize("name", SERVICES)
def test_a_copied_sample_with_values_filled_in_works(house: House, name: str) -> None:
    operation, members = SERVICES[name]
    reply = house.get(f"/Service/{name}.asmx?op={operation}")
    request11, response11, request12, response12 = samples_of(reply)
    for request, response in ((request11, response11), (request12, response12)):
        for member, value in members.items():
            request, count = re.subn(
                f"<{member}>[a-z]+</{member}>", f"<{member}>{value}</{member}>", request
            )
            assert count == 1
        head, _, body = request.partition("\n\n")
        first, *headers = head.splitlines()
        assert first == f"POST /Service/{name}.asmx HTTP/1.1"
        sent = [line for line in headers if not line.startswith(("Host: ", "Content-Length: "))]
        assert len(headers) == len(sent) + 2
        answered = house.send(post(f"/Service/{name}.asmx", (f"Host: {OTHER_HOST}", *sent), body))
        assert answered.status == 200
        expected = response.partition("\n\n")[2].replace(">boolean<", ">true<")
        assert canonical(answered.body) == canonical(expected.encode())


def canonical(document: bytes) -> bytes:
    """Names, structure and text alone; prefixes and white space are the writer's choice."""
    root = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
    return b"\n".join(f"{one.tag} {(one.text or '').strip()}".encode() for one in root.iter("*"))


def test_only_the_soap_11_sample_has_a_soap_action(house: House) -> None:
    request11, _, request12, _ = samples_of(house.get(f"{PATH}?op=TCKimlikNoDogrula"))
    assert f'SOAPAction: "{NAMESPACE}/TCKimlikNoDogrula"' in request11
    assert "Content-Type: text/xml; charset=utf-8" in request11
    assert f'xmlns:soap="{SOAP11}"' in request11
    assert "SOAPAction" not in request12
    assert "Content-Type: application/soap+xml; charset=utf-8" in request12
    assert f'xmlns:soap12="{SOAP12}"' in request12


@pytest.mark.parametrize(
    "query", ["op=Yok", "op=", "op=%3Cscript%3Ealert(1)%3C/script%3E", "op=KisiVeCuzdanDogrula"]
)
def test_an_operation_that_is_not_here_gets_the_list_and_is_not_repeated(
    house: House, query: str
) -> None:
    reply = house.get(f"{PATH}?{query}")
    assert reply.status == 200
    assert reply.body == house.get(PATH).body


@pytest.mark.parametrize("query", ["x", "x=1", "TCKimlikNo=1&Ad=A", "%3Cb%3E", "schema=a"])
def test_an_unknown_query_is_not_recognized(house: House, query: str) -> None:
    reply = house.get(f"{PATH}?{query}")
    assert reply.status == 500
    assert reply.text == "Request format is unrecognized."
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_pages_run_no_script_and_load_nothing(house: House) -> None:
    for query in ("", "?op=TCKimlikNoDogrula"):
        reply = house.get(PATH + query)
        assert reply.headers["content-security-policy"].startswith("default-src 'none'")
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in reply.text
        assert " src=" not in reply.text


def test_a_page_is_no_question_and_leaves_no_record(house: House) -> None:
    for query in ("", "?op=TCKimlikNoDogrula", "?WSDL", "?disco", "?x"):
        house.get(PATH + query)
    assert house.evidence.records == []
    assert house.evidence.counted == []
    assert house.register.lookups == 0


# WSDL and discovery


def addresses_in(reply: Reply) -> set[str]:
    assert reply.status == 200, reply.text
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(reply.body)
    assert root.tag == f"{WSDL}definitions"
    found = [str(one.get("location")) for one in root.iter("*") if one.get("location")]
    assert len(found) == 2
    return set(found)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    "query", ["WSDL", "wsdl", "Wsdl", "wSdL", "WSDL=", "singleWsdl", "wsdl&x=1"]
)
def test_the_wsdl_is_there_in_any_letters_with_our_address(
    house: House, name: str, query: str
) -> None:
    for path in (f"/Service/{name}.asmx", f"/service/{name}.ASMX"):
        reply = house.get(f"{path}?{query}")
        assert addresses_in(reply) == {f"{PUBLIC_URL}/Service/{name}.asmx"}


def test_node_soap_may_send_its_headers_with_the_get(house: House) -> None:
    reply = house.get(
        f"{PATH}?WSDL",
        "User-Agent: Mozilla/5.0",
        "Content-Type: text/xml;charset=UTF-8",
        f'SOAPAction: "{NAMESPACE}/TCKimlikNoDogrula"',
        "Host: tckimlik.nvi.gov.tr",
    )
    assert addresses_in(reply) == {f"{PUBLIC_URL}{PATH}"}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (OTHER_HOST, f"http://{OTHER_HOST}"),
        (f"{OTHER_HOST}:8080", f"http://{OTHER_HOST}:8080"),
        ("GECIT.Example", f"http://{OTHER_HOST}"),
        ("[2001:db8::1]:8443", "http://[2001:db8::1]:8443"),
        ("kotu.example", PUBLIC_URL),
        (f"{OTHER_HOST}.kotu.example", PUBLIC_URL),
        (f"kotu.example/{OTHER_HOST}", PUBLIC_URL),
        (f"kotu.example#{OTHER_HOST}", PUBLIC_URL),
        (f"{OTHER_HOST}@kotu.example", PUBLIC_URL),
        (f"{OTHER_HOST}:80@kotu.example", PUBLIC_URL),
        (f"{OTHER_HOST}:80:kotu.example", PUBLIC_URL),
        (f"{OTHER_HOST}:x", PUBLIC_URL),
        (f'{OTHER_HOST}"', PUBLIC_URL),
        ("", PUBLIC_URL),
    ],
)
def test_the_address_is_the_configured_one_or_an_allowed_host(
    house: House, host: str, address: str
) -> None:
    assert addresses_in(house.get(f"{PATH}?wsdl", f"Host: {host}")) == {address + PATH}


@pytest.mark.parametrize(
    "forged",
    [
        "X-Forwarded-Host: kotu.example",
        "X-Forwarded-Proto: https",
        "X-Forwarded-For: 203.0.113.7",
        "X-Forwarded-Port: 444",
        "Forwarded: for=203.0.113.7;host=kotu.example;proto=https",
        "X-Original-URL: /kotu",
        "Origin: https://kotu.example",
    ],
)
def test_forwarded_headers_of_a_stranger_change_no_address(house: House, forged: str) -> None:
    reply = house.get(f"{PATH}?wsdl", f"Host: {OTHER_HOST}", forged)
    assert addresses_in(reply) == {f"http://{OTHER_HOST}{PATH}"}


def test_nobodys_host_is_remembered_for_the_next_caller(house: House) -> None:
    first = house.get(f"{PATH}?wsdl", f"Host: {OTHER_HOST}:9999")
    second = house.get(f"{PATH}?wsdl", "Host: kapi.example")
    assert addresses_in(first) == {f"http://{OTHER_HOST}:9999{PATH}"}
    assert addresses_in(second) == {f"{PUBLIC_URL}{PATH}"}


def test_the_discovery_document_names_the_description(house: House) -> None:
    reply = house.get(f"{PATH}?DISCO")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(reply.body)
    assert root.tag == "{http://schemas.xmlsoap.org/disco/}discovery"
    reference = root[0]
    assert reference.tag == "{http://schemas.xmlsoap.org/disco/scl/}contractRef"
    assert reference.get("ref") == f"{PUBLIC_URL}{PATH}?wsdl"
    assert reference.get("docRef") == f"{PUBLIC_URL}{PATH}"
    soap = "{http://schemas.xmlsoap.org/disco/soap/}soap"
    assert [(one.get("address"), one.get("binding")) for one in root.iter(soap)] == [
        (f"{PUBLIC_URL}{PATH}", "q1:KPSPublicSoap"),
        (f"{PUBLIC_URL}{PATH}", "q2:KPSPublicSoap12"),
    ]


# Other methods, other paths


@pytest.mark.parametrize("target", [PATH, f"{PATH}?wsdl", f"{PATH}?op=TCKimlikNoDogrula"])
def test_a_head_is_a_get_without_its_body(house: House, target: str) -> None:
    head, got = house.get(target, method="HEAD"), house.get(target)
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_another_method_is_405_and_told_which_ones_there_are(house: House, method: str) -> None:
    reply = house.get(PATH, method=method)
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, POST"
    assert "Request format is unrecognized." in reply.text
    assert house.evidence.records == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (f"{PATH}/TCKimlikNoDogrula?TCKimlikNo=1", "/TCKimlikNoDogrula"),
        ("/service/kpspublic.ASMX/tckimlikNODogrula", "/tckimlikNODogrula"),
        (f"{PATH}/", "/"),
        (f"{PATH}/a/b", "/a/b"),
        (f"{PATH}/a%0D%0Ab", "/ab"),
        (f"{PATH}/{'x' * 300}", f"/{'x' * 99}"),
    ],
)
def test_an_operation_in_the_path_is_refused_in_the_originals_words(
    house: House, method: str, target: str, shown: str
) -> None:
    reply = house.get(target, method=method)
    assert reply.status == 500
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text == (
        f"Request format is unrecognized for URL unexpectedly ending in '{shown}'.\n"
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "target",
    [
        "/tcKimlikNoDogrula/search",
        "/",
        "/Service/",
        "/Service/KPSPublicV3.asmx",
        "/Service/KPSPublicV3.asmx/TCKimlikNoDogrula",
        "/KPSPublic.asmx",
        "/Service/KPSPublic.asmxx",
        "/Service/../Service/KPSPublic.asmx",
        "//Service/KPSPublic.asmx",
        "/Service/KPSPubl\u0131c.asmx".encode().decode("latin-1"),
    ],
)
def test_where_no_service_is_the_answer_is_404_and_no_json(
    house: House, method: str, target: str
) -> None:
    reply = house.get(target, method=method)
    if reply.status == 400:
        # Bytes outside ASCII are no request target at all.
        assert not target.isascii()
        return
    assert reply.status == 404
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert not reply.text.startswith(("{", "["))


def test_two_services_at_one_path_are_a_mistake_at_start(house: House) -> None:
    place = house.doorway.places[PATH.lower()]
    with pytest.raises(ValueError, match="two services at"):
        by_path([place, replace(place, path=PATH.upper())])


def test_when_too_much_is_going_on_a_question_is_turned_away_with_a_wait() -> None:
    house = house_with(in_flight_max=0)
    turned_away = Caller().call(house)
    assert turned_away is not None
    assert turned_away.status == 503
    assert turned_away.headers["retry-after"] == "1"
    page = Caller().call(house, method="GET")
    assert page is not None
    assert page.status == 200


def test_a_description_is_not_given_over_plain_http_outside_this_machine() -> None:
    for house, status in (
        (house_with(), 403),
        (house_with(intake_for(plain_http_addresses=("192.0.2.1",))), 200),
    ):
        for query in ("", "?wsdl", "?op=TCKimlikNoDogrula"):
            reply = Caller(client="203.0.113.7").call(house, PATH + query, method="GET")
            assert reply is not None
            assert reply.status == status


def test_a_trusted_proxys_word_about_tls_is_in_the_address() -> None:
    house = house_with(intake_for(trusted_proxies=(ip_network("192.0.2.0/24"),)))
    headers = (("host", OTHER_HOST), ("x-forwarded-proto", "https"))
    proxied = Caller(client="192.0.2.9", headers=headers).call(house, f"{PATH}?wsdl", method="GET")
    assert proxied is not None
    assert addresses_in(proxied) == {f"https://{OTHER_HOST}{PATH}"}
    forged = Caller(client="127.0.0.1", headers=headers).call(house, f"{PATH}?wsdl", method="GET")
    assert forged is not None
    assert addresses_in(forged) == {f"http://{OTHER_HOST}{PATH}"}


# Real clients


@pytest.fixture
def transport() -> Iterator[Any]:
    with Session() as session:
        session.trust_env = False
        yield Transport(session=session)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("port", ["Soap", "Soap12"])
@pytest.mark.parametrize("name", SERVICES)
def test_zeep_reads_the_description_and_asks_at_both_ports(
    house: House, transport: Any, name: str, port: str
) -> None:
    operation, members = SERVICES[name]
    wsdl = f"{house.url}/Service/{name}.asmx?WSDL"
    client = zeep.Client(wsdl, transport=transport)  # type: ignore[no-untyped-call]
    ask = client.bind(name, f"{name}{port}")[operation]
    flags = {"true": True, "false": False}
    typed = {key: flags.get(str(value), value) for key, value in members.items()}
    assert ask(**typed) is True
    assert ask(**{**typed, "Ad": "BAŞKA"}) is False
    with pytest.raises(zeep.exceptions.Fault) as refused:
        house.evidence.down = True
        ask(**typed)
    assert "no data was given" in str(refused.value)
