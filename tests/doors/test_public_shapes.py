"""Every request shape of the field's public clients, sent letter by letter (wire D, clients §6).

Each shape is a client's request as its code writes it, with made-up people, and the client's own
way of reading the answer: what it takes for true has to be true, for false false.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import pytest
from served import (
    ACTION,
    ANNA,
    AYSE,
    CARDS,
    ISIK,
    MEDIA,
    NAMESPACE,
    SINGLE,
    SOAP11,
    SOAP12,
    House,
    Person,
    Reply,
    chunked,
    post,
    receive,
)

PATH = "/Service/KPSPublic.asmx"
V2 = "/Service/KPSPublicV2.asmx"
FOREIGN = "/Service/KPSPublicYabanciDogrula.asmx"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
HOST = "Host: kapi.example"
REAL_HOST = "Host: tckimlik.nvi.gov.tr"
XML = "Content-Type: text/xml; charset=utf-8"
SOAP = "Content-Type: application/soap+xml; charset=utf-8"
QUOTED = f'SOAPAction: "{ACTION}"'
BARE = f"SOAPAction: {ACTION}"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
SAMPLE_NAMESPACES = f'xmlns:xsi="{XSI}" xmlns:xsd="{XSD}"'


@dataclass(frozen=True)
class Said:
    """What the caller types in; the numbers as text, because some clients send them so."""

    no: str
    ad: str
    soyad: str
    yil: str
    gun: str = ""
    ay: str = ""

    def members(
        self, prefix: str = "", *, between: str = "", order: str = "no ad soyad yil"
    ) -> str:
        names = {"no": "TCKimlikNo", "ad": "Ad", "soyad": "Soyad", "yil": "DogumYili"}
        return between.join(
            f"<{prefix}{names[key]}>{getattr(self, key)}</{prefix}{names[key]}>"
            for key in order.split()
        )


def said_of(person: Person) -> Said:
    born = person.born
    return Said(
        str(person.number),
        person.given_name,
        person.surname or "",
        str(born.year),
        str(born.day or ""),
        str(born.month or ""),
    )


# How clients read an answer


def strip_tags(reply: Reply) -> bool:
    """PHP: ``strip_tags($response) === 'true'``; white space would break it."""
    text = re.sub(r"<[^>]*>", "", reply.text)
    assert text in ("true", "false")
    return text == "true"


def strip_tags_of_a_200(reply: Reply) -> bool:
    assert reply.status == 200
    return strip_tags(reply)


def substring(reply: Reply, operation: str = "TCKimlikNoDogrula") -> bool:
    assert reply.status == 200
    found = f"<{operation}Result>true</{operation}Result>" in reply.text
    assert found or f"<{operation}Result>false</{operation}Result>" in reply.text
    return found


def contains_document_result(reply: Reply) -> bool:
    return substring(reply, "KisiVeCuzdanDogrula")


def bare_regex(reply: Reply) -> bool:
    """A regular expression without prefixes; no match would be neither true nor false."""
    found = re.search("<TCKimlikNoDogrulaResult>(.*)</TCKimlikNoDogrulaResult>", reply.text)
    assert found is not None
    assert found[1] in ("true", "false")
    return found[1] == "true"


def loose_regex(reply: Reply) -> bool:
    assert reply.status == 200
    found = re.search(r"Result>(true|false)</", reply.text)
    assert found is not None
    return found[1] == "true"


def third_level(reply: Reply) -> bool:
    """``root[0][0][0].text``: no Header before the Body, nothing before the result."""
    text = ElementTree.fromstring(reply.body)[0][0][0].text
    assert text in ("true", "false")
    return text == "true"


def third_level_below_400(reply: Reply) -> bool:
    assert reply.status < 400
    return third_level(reply)


def by_prefixed_names(reply: Reply) -> Any:
    """The objects of JavaScript parsers that know no namespaces: keys are names as written."""
    stack: list[dict[str, Any]] = [{}]
    texts: list[str] = [""]
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        stack.append({f"@{key}": value for key, value in attributes.items()})
        texts.append("")

    def end(name: str) -> None:
        children, text = stack.pop(), texts.pop()
        stack[-1][name] = children or text

    def characters(data: str) -> None:
        texts[-1] += data

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.Parse(reply.body, True)
    return stack[0]


def javascript_path(reply: Reply) -> bool:
    assert 200 <= reply.status < 300
    body = by_prefixed_names(reply)["soap:Envelope"]["soap:Body"]
    value = body["TCKimlikNoDogrulaResponse"]["TCKimlikNoDogrulaResult"]
    assert value in ("true", "false")
    return bool(value == "true")


def namespace_aware(reply: Reply, namespace: str = SOAP11) -> bool:
    """WSDL-driven clients: every element by its namespace, an ``xs:boolean`` in the end."""
    assert reply.status == 200
    found = ElementTree.fromstring(reply.body).findall(
        f"{{{namespace}}}Body/{{{NAMESPACE}}}TCKimlikNoDogrulaResponse/"
        f"{{{NAMESPACE}}}TCKimlikNoDogrulaResult"
    )
    assert [one.text for one in found] in (["true"], ["false"])
    assert not list(found[0])
    return found[0].text == "true"


def namespace_aware_12(reply: Reply) -> bool:
    return namespace_aware(reply, SOAP12)


def local_names(reply: Reply) -> bool:
    """Go's decoder by local names; whatever is not found is false without a word."""
    value = ""
    for element in ElementTree.fromstring(reply.body).iter():
        if element.tag.rpartition("}")[2] == "TCKimlikNoDogrulaResult":
            value = element.text or ""
    assert value in ("true", "false", "1", "0")
    return value in ("true", "1")


def snake_case_hash(reply: Reply) -> bool:
    """Savon: keys without prefix, in snake case."""
    assert reply.status == 200

    def hashed(element: ElementTree.Element) -> Any:
        names = [child.tag.rpartition("}")[2] for child in element]
        keys = [re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", n) for n in names]
        return {key.lower(): hashed(one) for key, one in zip(keys, element, strict=True)} or (
            element.text
        )

    body = hashed(ElementTree.fromstring(reply.body))["body"]
    value = body["tc_kimlik_no_dogrula_response"]["tc_kimlik_no_dogrula_result"]
    assert value in ("true", "false")
    return bool(value == "true")


def small_letters(reply: Reply) -> bool:
    """A client that looks for an envelope of one of two prefixes in the small-lettered text."""
    text = reply.text.lower()
    assert "<soap:envelope" in text or "<s:envelope" in text
    assert "tckimliknodogrularesponse" in text
    pattern = r"<\s*TCKimlikNoDogrulaResult\s*>\s*true\s*</\s*TCKimlikNoDogrulaResult\s*>"
    return re.search(pattern, reply.text, re.IGNORECASE) is not None


def text_content(reply: Reply) -> bool:
    """SAAJ: ``getSOAPBody().getTextContent()``."""
    body = ElementTree.fromstring(reply.body)[0]
    return "".join(body.itertext()) == "true"


# What clients send: citizens


def pynvi(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n    <soap12:Envelope {SAMPLE_NAMESPACES} xmlns:soap12="{SOAP12}">\n'
        "      <soap12:Body>\n"
        f'        <TCKimlikNoDogrula xmlns="{NAMESPACE}">\n          '
        f"{said.members(between=chr(10) + ' ' * 10)}\n"
        "        </TCKimlikNoDogrula>\n      </soap12:Body>\n    </soap12:Envelope>"
    )
    agent = ("User-Agent: python-requests/2.20.0", "Accept-Encoding: gzip, deflate", "Accept: */*")
    return post(PATH, (HOST, *agent, "Connection: keep-alive", SOAP), body)


def tcsorgu(said: Said) -> bytes:
    ns0, ns1 = f'xmlns:ns0="{SOAP12}"', f'xmlns:ns1="{NAMESPACE}"'
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<ns0:Envelope {ns0} {ns1}>\n  <ns0:Body>\n"
        f"    <ns1:TCKimlikNoDogrula>\n      {said.members('ns1:', between=chr(10) + ' ' * 6)}\n"
        "    </ns1:TCKimlikNoDogrula>\n  </ns0:Body>\n</ns0:Envelope>"
    )
    return post(PATH, (HOST, SOAP), body)


def soap12_without_charset(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n<soap12:Envelope {SAMPLE_NAMESPACES} xmlns:soap12="{SOAP12}">'
        f'<soap12:Body><TCKimlikNoDogrula xmlns="{NAMESPACE}">{said.members()}'
        "</TCKimlikNoDogrula></soap12:Body></soap12:Envelope>"
    )
    return post(PATH, (HOST, "Content-Type: application/soap+xml"), body)


def turkiye_identity_verification_node(said: Said) -> bytes:
    body = soap12_without_charset(said).partition(b"\r\n\r\n")[2]
    return chunked(PATH, (HOST, "Content-Type: application/soap+xml", "Connection: close"), body)


def ozgrozer(said: Said) -> bytes:
    body = (
        f'<soap12:Envelope {SAMPLE_NAMESPACES} xmlns:soap12="{SOAP12}">\n  <soap12:Body>\n'
        f'    <TCKimlikNoDogrula xmlns="{NAMESPACE}">\n{said.members()}\n'
        "    </TCKimlikNoDogrula>\n  </soap12:Body>\n</soap12:Envelope>"
    )
    return chunked(PATH, (SOAP, HOST, "Connection: keep-alive"), body, size=33)


def alpeer(said: Said) -> bytes:
    body = soap12_without_charset(said).partition(b"\r\n\r\n")[2]
    headers = ("content-type: application/soap+xml", "host: kapi.example", "accept: */*")
    return post("/service/kpspublic.asmx?WSDL", headers, body)


def ibodev1(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">\n'
        f'  <soap:Body>\n    <TCKimlikNoDogrula xmlns="{NAMESPACE}">\n      '
        f"{said.members(between=chr(10) + ' ' * 6)}\n"
        "    </TCKimlikNoDogrula>\n  </soap:Body>\n</soap:Envelope>\n"
    )
    return post(f"{PATH}?op=TCKimlikNoDogrula", (XML, HOST, "connection: keep-alive"), body)


def mertcakdogan(said: Said) -> bytes:
    body = (
        f'\n    <soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">\n      <soap:Body>\n'
        f'        <TCKimlikNoDogrula xmlns="{NAMESPACE}">\n          '
        f"{said.members(between=chr(10) + ' ' * 10)}\n"
        "        </TCKimlikNoDogrula>\n      </soap:Body>\n    </soap:Envelope>\n  "
    )
    agent = ("Accept: application/json, text/plain, */*", "User-Agent: axios/0.21.1")
    return post(PATH, (*agent, XML, BARE, HOST, "Connection: close"), body)


def epigra(said: Said) -> bytes:
    lines = (
        DECLARATION,
        f'<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">',
        "<soap:Body>",
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}">',
        said.members(between="\n"),
        "</TCKimlikNoDogrula>",
        "</soap:Body>",
        "</soap:Envelope>",
    )
    return post(PATH, ("Accept: */*", REAL_HOST, XML, QUOTED), "\n".join(lines))


def isaeken_with(path: str, content: str) -> bytes:
    body = "\r\n".join(
        (
            DECLARATION,
            f'<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">',
            f"<soap:Body>\r\n{content}\r\n</soap:Body>",
            "</soap:Envelope>",
        )
    )
    # The line that PHP's curl drops for want of a colon is a header here, with a colon.
    strange = f"POST: {path} HTTP/1.1"
    return post(path, ("User-Agent: GuzzleHttp/7", strange, REAL_HOST, XML), body)


def isaeken(said: Said) -> bytes:
    members = said.members(between="\r\n")
    element = f'<TCKimlikNoDogrula xmlns="{NAMESPACE}">\r\n{members}\r\n</TCKimlikNoDogrula>'
    return isaeken_with(PATH, element)


def berkanumutlu(said: Said) -> bytes:
    body = soap12_without_charset(said).partition(b"\r\n\r\n")[2]
    return post(PATH, ("Accept: */*", REAL_HOST, SOAP), body)


def aponkral(said: Said) -> bytes:
    body = soap12_without_charset(said).partition(b"\r\n\r\n")[2]
    headers = (
        "Host: kapi.example",
        "user-agent: WHMCS kimlik dogrulama",
        "Accept: */*",
        "Accept-Encoding: deflate, gzip, br, zstd",
        "content-type: application/soap+xml; charset=utf-8",
    )
    return post(PATH, headers, body)


def php_soap_client(said: Said) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}" '
        f'xmlns:ns1="{NAMESPACE}"><SOAP-ENV:Body><ns1:TCKimlikNoDogrula>{said.members("ns1:")}'
        "</ns1:TCKimlikNoDogrula></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )
    agent = ("Connection: Keep-Alive", "User-Agent: PHP-SOAP/8.2.36")
    return post(PATH, (HOST, *agent, XML, QUOTED), body)


def gowsdl(said: Said) -> bytes:
    body = (
        f'<soap:Envelope xmlns:soap="{SOAP11}"><soap:Body>'
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}">{said.members()}</TCKimlikNoDogrula>'
        "</soap:Body></soap:Envelope>"
    )
    media = 'Content-Type: text/xml; charset="utf-8"'
    return post(
        f"{PATH}?WSDL", (HOST, "User-Agent: gowsdl/0.1", media, f"Soapaction: {ACTION}"), body
    )


def yusuftalhaklc(said: Said) -> bytes:
    body = (
        f'<soap12:Envelope {SAMPLE_NAMESPACES} xmlns:soap12="{SOAP12}"><soap12:Body>'
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}">{said.members()}</TCKimlikNoDogrula>'
        "</soap12:Body></soap12:Envelope>"
    )
    agent = ("User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip")
    return post(PATH, (HOST, *agent, SOAP), body)


def ferhatelmas(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">\n'
        f'\t<soap:Body>\n\t\t<TCKimlikNoDogrula xmlns="{NAMESPACE}">\n\t\t\t'
        f"{said.members(between=chr(10) + chr(9) * 3)}\n"
        "\t\t</TCKimlikNoDogrula>\n\t</soap:Body>\n</soap:Envelope>\n"
    )
    return post(f"{PATH}?WSDL", (HOST, "User-Agent: Go 1.1 package http", XML, BARE), body)


def node_soap(said: Said) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{SOAP11}" '
        f'xmlns:xsi="{XSI}" xmlns:tns="{NAMESPACE}" '
        'xmlns:tm="http://microsoft.com/wsdl/mime/textMatching/"><soap:Body>'
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}">{said.members(order="ad soyad yil no")}'
        "</TCKimlikNoDogrula></soap:Body></soap:Envelope>"
    )
    headers = (
        "User-Agent: Mozilla/5.0",
        "Accept: text/html,application/xhtml+xml,application/xml,text/xml;q=0.9,*/*;q=0.8",
        "Accept-Encoding: none",
        "Accept-Charset: utf-8",
        "Connection: keep-alive",
        HOST,
        "Content-Type: text/xml;charset=UTF-8",
        QUOTED,
    )
    return post(PATH, headers, body)


def strong_soap(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n<soap:Envelope xmlns:soap="{SOAP11}">\n  <soap:Header/>\n  <soap:Body>\n'
        f'    <ns1:TCKimlikNoDogrula xmlns:ns1="{NAMESPACE}">\n      '
        f"{said.members('ns1:', between=chr(10) + ' ' * 6)}\n"
        "    </ns1:TCKimlikNoDogrula>\n  </soap:Body>\n</soap:Envelope>"
    )
    agent = ("Accept-Encoding: none", "Connection: close", "Content-Type: text/xml;charset=UTF-8")
    return post(PATH, (HOST, *agent, QUOTED), body)


def savon(said: Said) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:xsd="{XSD}" '
        f'xmlns:xsi="{XSI}" xmlns:tns="{NAMESPACE}" xmlns:env="{SOAP12}"><env:Body>'
        f"<tns:TCKimlikNoDogrula>{said.members('tns:')}</tns:TCKimlikNoDogrula></env:Body>"
        "</env:Envelope>"
    )
    media = "Content-Type: application/soap+xml;charset=UTF-8"
    agent = ("Accept: */*", "User-Agent: HTTPClient/1.0 (2.8.3, ruby 2.7.0)")
    return post(PATH, (HOST, *agent, media, QUOTED), body)


def tcid_checker(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n<soap:Envelope xmlns:soap="{SOAP12}" xmlns:ws="{NAMESPACE}">\n'
        f"  <soap:Header/>\n  <soap:Body>\n    <ws:TCKimlikNoDogrula>\n"
        f"{said.members('ws:', between=chr(10))}\n"
        "    </ws:TCKimlikNoDogrula>\n  </soap:Body>\n</soap:Envelope>"
    ).replace(said.ad, said.ad.lower())
    agent = ("user-agent: Dart/2.10 (dart:io)", "accept-encoding: gzip")
    return post(PATH, (*agent, f"content-type: {MEDIA[SOAP12]}", HOST), body)


def httpx_client(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">\n  <soap:Body>'
        f'\n    <TCKimlikNoDogrula xmlns="{NAMESPACE}">\n{said.members()}\n'
        "    </TCKimlikNoDogrula>\n  </soap:Body>\n</soap:Envelope>"
    )
    agent = ("User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Accept: text/xml")
    return post(PATH, (HOST, *agent, XML, QUOTED), body)


def soap_lite(said: Said) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope soap:encodingStyle="{ENCODING}" '
        f'xmlns:soap="{SOAP11}" xmlns:soapenc="{ENCODING}" xmlns:xsd="{XSD}" xmlns:xsi="{XSI}">'
        f'<soap:Body><TCKimlikNoDogrula xmlns="{NAMESPACE}">{said.members()}'
        "</TCKimlikNoDogrula></soap:Body></soap:Envelope>"
    )
    headers = (
        "TE: deflate,gzip;q=0.3",
        "Connection: TE, close",
        "Accept: text/xml",
        "Accept: multipart/*",
        "Accept: application/soap",
        "User-Agent: SOAP::Lite/Perl/1.27",
    )
    return post(PATH, (*headers, HOST, XML, QUOTED), body)


def gsoap(said: Said) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}" '
        f'xmlns:SOAP-ENC="{ENCODING}" {SAMPLE_NAMESPACES} xmlns:ns1="{NAMESPACE}"><SOAP-ENV:Body>'
        f"<ns1:TCKimlikNoDogrula>{said.members('ns1:')}</ns1:TCKimlikNoDogrula></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>"
    )
    agent = ("User-Agent: gSOAP/2.8", "Accept-Encoding: gzip, deflate", "Connection: close")
    return post(PATH, (HOST, *agent, XML, QUOTED), body)


def mono_with(said: Said, *headers: str, version: str = "HTTP/1.1") -> bytes:
    body = (
        f'{DECLARATION}<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}"><soap:Body>'
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}">{said.members()}</TCKimlikNoDogrula>'
        "</soap:Body></soap:Envelope>"
    )
    return post(PATH, (XML, QUOTED, *headers, HOST), body, version=version)


def mono_over_http_10(said: Said) -> bytes:
    return mono_with(said, "Connection: keep-alive", version="HTTP/1.0")


def wcf_in_utf16(said: Said) -> bytes:
    body = mono_with(said).partition(b"\r\n\r\n")[2]
    text = body.decode("utf-8").replace("utf-8", "utf-16")
    return post(
        PATH, ("Content-Type: text/xml; charset=utf-16", QUOTED, HOST), text.encode("utf-16")
    )


def phone_without_soap_action(said: Said) -> bytes:
    body = mono_with(said).partition(b"\r\n\r\n")[2]
    return chunked(PATH, (XML, HOST, "User-Agent: NativeHost"), body, size=4096)


def java_http_client(said: Said) -> bytes:
    """The JDK's client offers HTTP/2 with the first request on a plain connection."""
    body = mono_with(said).partition(b"\r\n\r\n")[2]
    offer = ("Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAEAAEAAAAIAAAAB")
    return post(PATH, (*offer, HOST, "Upgrade: h2c", XML, QUOTED), body)


def ksoap2(said: Said) -> bytes:
    typed = (
        f'<TCKimlikNo i:type="d:long">{said.no}</TCKimlikNo>'
        f'<Ad i:type="d:string">{said.ad}</Ad><Soyad i:type="d:string">{said.soyad}</Soyad>'
        f'<DogumYili i:type="d:int">{said.yil}</DogumYili>'
    )
    body = (
        f'<v:Envelope xmlns:i="{XSI}" xmlns:d="{XSD}" xmlns:c="{ENCODING}" xmlns:v="{SOAP11}">'
        f'<v:Header /><v:Body><TCKimlikNoDogrula xmlns="{NAMESPACE}" id="o0" c:root="1">{typed}'
        "</TCKimlikNoDogrula></v:Body></v:Envelope>"
    )
    agent = ("User-Agent: ksoap2-android/2.6.0+", "Connection: close", "Accept-Encoding: gzip")
    return post(f"{PATH}?WSDL", (*agent, BARE, XML, HOST), body)


def suds(said: Said) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:ns0="{NAMESPACE}" '
        f'xmlns:ns1="{SOAP11}" xmlns:xsi="{XSI}" xmlns:SOAP-ENV="{SOAP11}"><SOAP-ENV:Header/>'
        f"<ns1:Body><ns0:TCKimlikNoDogrula>{said.members('ns0:')}</ns0:TCKimlikNoDogrula>"
        "</ns1:Body></SOAP-ENV:Envelope>"
    )
    media = f'Content-Type: text/xml; charset=utf-8\r\nSoapaction: "{ACTION}"'
    return post(PATH, ("Accept-Encoding: identity", HOST, "Connection: close", media), body)


SHAPES: dict[str, tuple[Callable[[Said], bytes], Callable[[Reply], bool]]] = {
    "pynvi": (pynvi, substring),
    "TCsorgu": (tcsorgu, third_level),
    "turkiye-identity-verification": (soap12_without_charset, bare_regex),
    "turkiye-identity-verification, Node": (turkiye_identity_verification_node, bare_regex),
    "ozgrozer": (ozgrozer, bare_regex),
    "alpeer": (alpeer, loose_regex),
    "hsndmr": (alpeer, substring),
    "ibodev1": (ibodev1, javascript_path),
    "mertcakdogan": (mertcakdogan, javascript_path),
    "epigra": (epigra, strip_tags),
    "isaeken": (isaeken, strip_tags_of_a_200),
    "berkanumutlu 1.1": (epigra, strip_tags),
    "berkanumutlu 1.2": (berkanumutlu, strip_tags),
    "aponkral, 4bitweb": (aponkral, bare_regex),
    "PHP SoapClient (deligoez, midorikocak)": (php_soap_client, namespace_aware),
    "gowsdl": (gowsdl, namespace_aware),
    "yusuftalhaklc": (yusuftalhaklc, local_names),
    "ferhatelmas": (ferhatelmas, local_names),
    "node-soap": (node_soap, namespace_aware),
    "strong-soap": (strong_soap, namespace_aware),
    "Savon (hozmur)": (savon, snake_case_hash),
    "Savon (hozmur), by namespace": (savon, namespace_aware_12),
    "tcid_checker": (tcid_checker, local_names),
    "httpx": (httpx_client, small_letters),
    "SOAP::Lite": (soap_lite, namespace_aware),
    "gSOAP": (gsoap, namespace_aware),
    "Mono": (mono_with, namespace_aware),
    "Mono over HTTP/1.0": (mono_over_http_10, namespace_aware),
    "WCF in UTF-16": (wcf_in_utf16, namespace_aware),
    "phone": (phone_without_soap_action, substring),
    "java.net.http": (java_http_client, namespace_aware),
    "ksoap2": (ksoap2, namespace_aware),
    "suds": (suds, namespace_aware),
}


@pytest.mark.parametrize("client", SHAPES)
def test_a_client_reads_true_and_false_as_it_always_did(house: House, client: str) -> None:
    request, read = SHAPES[client]
    right = said_of(AYSE)
    wrong = Said(right.no, right.ad, right.soyad, "1980")
    assert read(house.send(request(right))) is True
    assert read(house.send(request(wrong))) is False


def test_names_with_i_and_without_dot_reach_the_register_as_written(house: House) -> None:
    right = said_of(ISIK)
    assert strip_tags(house.send(epigra(right)))
    dotted = Said(right.no, right.ad, "İŞİK", right.yil)
    assert not strip_tags(house.send(epigra(dotted)))


# The document service


def pytcid(content: str) -> bytes:
    """Tabs, no line end after the wrapper's start tag, a length that was counted by hand."""
    body = (
        f'{DECLARATION}\n<soap12:Envelope {SAMPLE_NAMESPACES} xmlns:soap12="{SOAP12}">\n'
        f'\t<soap12:Body>\n\t\t<KisiVeCuzdanDogrula xmlns="{NAMESPACE}">\t\t\t{content}'
        "\n\t\t</KisiVeCuzdanDogrula>\n\t</soap12:Body>\n</soap12:Envelope>"
    )
    return post(V2, (REAL_HOST, SOAP), body)


def pytcid_members(person: Person, *, year: int) -> str:
    born = person.born
    lines = [
        f"<TCKimlikNo>{person.number}</TCKimlikNo>",
        f"<Ad>{person.given_name}</Ad>",
        f"<TCKKSeriNo>{CARDS[person.number]}</TCKKSeriNo>",
        f"<DogumYil>{year}</DogumYil>",
    ]
    if born.day:
        lines.append(f"<DogumGun>{born.day}</DogumGun>")
    lines.append(f"<DogumGunYok>{'false' if born.day else 'true'}</DogumGunYok>")
    if born.month:
        lines.append(f"<DogumAy>{born.month}</DogumAy>")
    lines.append(f"<DogumAyYok>{'false' if born.month else 'true'}</DogumAyYok>")
    if person.surname:
        lines.append(f"<Soyad>{person.surname}</Soyad>")
    lines.append(f"<SoyadYok>{'false' if person.surname else 'true'}</SoyadYok>")
    return "\n\t\t\t".join(lines)


@pytest.mark.parametrize("person", [AYSE, ISIK, SINGLE], ids=["whole", "year only", "no surname"])
def test_pytcid_sends_what_it_knows_and_flags_what_it_does_not(
    house: House, person: Person
) -> None:
    year = person.born.year or 0
    right = house.send(pytcid(pytcid_members(person, year=year)))
    wrong = house.send(pytcid(pytcid_members(person, year=year + 1)))
    assert third_level_below_400(right) is True
    assert third_level_below_400(wrong) is False


def test_isaeken_leaves_five_members_of_the_document_service_out(house: House) -> None:
    def request(day: str) -> bytes:
        return isaeken_with(
            V2,
            f'<KisiVeCuzdanDogrula xmlns="{NAMESPACE}">\r\n'
            f"<TCKimlikNo>{AYSE.number}</TCKimlikNo>\r\n<Ad>AYŞE GÜL</Ad>\r\n"
            f"<Soyad>ÖZTÜRK</Soyad>\r\n<DogumGun>{day}</DogumGun>\r\n<DogumAy>03</DogumAy>\r\n"
            f"<DogumYil>1981</DogumYil>\r\n<TCKKSeriNo>{CARDS[AYSE.number]}</TCKKSeriNo>\r\n"
            "</KisiVeCuzdanDogrula>",
        )

    assert strip_tags_of_a_200(house.send(request("09"))) is True
    assert strip_tags_of_a_200(house.send(request("08"))) is False


@pytest.mark.parametrize("path", ["/service/kpspublicv2.asmx", "/Service/KPSPublicv2.asmx"])
def test_koala_finds_the_document_service_by_other_letters(house: House, path: str) -> None:
    def request(serial: int) -> bytes:
        body = (
            f'<soapenv:Envelope xmlns:soapenv="{SOAP11}" xmlns:ws="{NAMESPACE}"><soapenv:Header/>'
            f"<soapenv:Body><ws:KisiVeCuzdanDogrula><ws:TCKimlikNo>{AYSE.number}</ws:TCKimlikNo>"
            "<ws:Ad>AYŞE GÜL</ws:Ad><ws:Soyad>ÖZTÜRK</ws:Soyad><ws:SoyadYok>false</ws:SoyadYok>"
            "<ws:DogumGun>9</ws:DogumGun><ws:DogumGunYok>false</ws:DogumGunYok>"
            "<ws:DogumAy>3</ws:DogumAy><ws:DogumAyYok>false</ws:DogumAyYok>"
            "<ws:DogumYil>1981</ws:DogumYil><ws:CuzdanSeri>A09</ws:CuzdanSeri>"
            f"<ws:CuzdanNo>{serial}</ws:CuzdanNo></ws:KisiVeCuzdanDogrula></soapenv:Body>"
            "</soapenv:Envelope>"
        )
        action = f"SOAPAction: {NAMESPACE}/KisiVeCuzdanDogrula"
        return post(path, (HOST, XML, action, "User-Agent: Java/1.8"), body)

    assert contains_document_result(house.send(request(123456))) is True
    assert contains_document_result(house.send(request(123457))) is False


# Foreigners


def foreigner(day: str) -> str:
    return (
        f'<YabanciKimlikNoDogrula xmlns="{NAMESPACE}"><KimlikNo>{ANNA.number}</KimlikNo>'
        f"<Ad>ANNA</Ad><Soyad>NOWAK</Soyad><DogumGun>{day}</DogumGun><DogumAy>09</DogumAy>"
        "<DogumYil>1990</DogumYil></YabanciKimlikNoDogrula>"
    )


def test_foreigners_are_asked_about_in_soap_11_with_a_bare_action(house: House) -> None:
    def request(day: str) -> bytes:
        body = (
            f'{DECLARATION}\n<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">'
            f"<soap:Body>{foreigner(day)}</soap:Body></soap:Envelope>"
        )
        action = f"SOAPAction: {NAMESPACE}/YabanciKimlikNoDogrula"
        return post(FOREIGN, (HOST, XML, action), body)

    for day, expected in (("5", True), ("6", False)):
        reply = house.send(request(day))
        found = re.search(r"<(YabanciKimlikNoDogrulaResult)>(.*)</\1>", reply.text)
        assert found is not None
        assert (found[2] == "true") is expected


def test_isaeken_asks_about_foreigners_with_padded_days(house: House) -> None:
    assert strip_tags_of_a_200(house.send(isaeken_with(FOREIGN, foreigner("05")))) is True
    assert strip_tags_of_a_200(house.send(isaeken_with(FOREIGN, foreigner("06")))) is False


# Conversations, and clients that never worked


def test_a_client_that_waits_for_100_continue_gets_it_before_its_body(house: House) -> None:
    head, _, body = mono_with(said_of(AYSE), "Expect: 100-continue").partition(b"\r\n\r\n")
    with house.connection() as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100, socket.MSG_PEEK).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert namespace_aware(receive(connection)) is True


def test_a_connection_is_kept_for_the_next_question(house: House) -> None:
    with house.connection() as connection:
        for year, expected in (("1981", True), ("1980", False), ("x", None), ("1981", True)):
            right = said_of(AYSE)
            connection.sendall(php_soap_client(Said(right.no, right.ad, right.soyad, year)))
            reply = receive(connection)
            assert reply.stays_open
            if expected is None:
                assert reply.status == 500
            else:
                assert namespace_aware(reply) is expected


def test_an_http_10_answer_closes_the_connection(house: House) -> None:
    reply = house.send(mono_over_http_10(said_of(AYSE)))
    assert not reply.stays_open
    assert reply.headers["connection"] == "close"


def test_saaj_with_its_empty_action_hears_what_the_original_said(house: House) -> None:
    body = (
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}" xmlns:tckn="{NAMESPACE}"><SOAP-ENV:Header/>'
        f"<SOAP-ENV:Body><tckn:TCKimlikNoDogrula>{said_of(AYSE).members('tckn:')}"
        "</tckn:TCKimlikNoDogrula></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    media = ("Accept: text/xml, multipart/related", XML)
    reply = house.send(post(PATH, (*media, 'SOAPAction: ""', HOST), body))
    assert reply.status == 500
    assert text_content(reply) is False
    assert "Server did not recognize the value of HTTP Header SOAPAction: .<" in reply.text
    named = house.send(post(PATH, (*media, QUOTED, HOST), body))
    assert text_content(named) is True


def test_a_confused_client_that_sends_no_arguments_gets_a_fault(house: House) -> None:
    body = (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP11}"><soapenv:Body>'
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}"/></soapenv:Body></soapenv:Envelope>'
    )
    reply = house.send(post(PATH, (HOST, XML, QUOTED), body))
    assert reply.status == 500
    assert "<faultcode>soap:Client</faultcode>" in reply.text


def test_a_fault_is_false_to_a_client_that_reads_by_position(house: House) -> None:
    right = said_of(AYSE)
    reply = house.send(tcsorgu(Said(right.no, right.ad, right.soyad, "bin")))
    assert reply.status == 500
    assert ElementTree.fromstring(reply.body)[0][0][0].text != "true"


def test_a_name_that_was_not_escaped_is_refused_with_400(house: House) -> None:
    right = said_of(AYSE)
    for request in (epigra, ibodev1):
        reply = house.send(request(Said(right.no, "A & B", right.soyad, right.yil)))
        assert reply.status == 400
        assert "Fault" in reply.text


def test_a_newline_before_the_xml_declaration_is_no_message(house: House) -> None:
    body = pynvi(said_of(AYSE)).partition(b"\r\n\r\n")[2]
    assert house.send(post(PATH, (HOST, SOAP), b"\n" + body)).status == 400


def test_deligoez_falls_back_to_soap_because_the_sibling_is_no_json(house: House) -> None:
    right = said_of(AYSE)
    question = (
        f'{{"TCKimlikNo":{right.no},"Ad":"A","Soyad":"B","DogumYil":1981,"DogumAy":3,"DogumGun":9}}'
    )
    headers = (HOST, "User-Agent: GuzzleHttp/7", "Content-Type: application/json")
    reply = house.send(post("/tcKimlikNoDogrula/search", headers, question))
    assert reply.status == 404
    assert not reply.text.lstrip().startswith(("{", "[", "true", "false", "null", '"'))
    assert namespace_aware(house.send(php_soap_client(right))) is True


@pytest.mark.parametrize(
    "path",
    [
        "/SERVICE/KPSPUBLIC.ASMX",
        "/service/kpspublic.asmx",
        "/Service/kpsPublic.asmx?op=TCKimlikNoDogrula",
        "/Service/KPSPublic.asmx?WSDL",
        "/Service/KPSPublic.asmx?disco&x=%00",
        "http://tckimlik.nvi.gov.tr/Service/KPSPublic.asmx",
        "/Service/%4BPSPublic.asmx",
    ],
)
def test_a_post_is_a_question_whatever_the_letters_and_the_query(house: House, path: str) -> None:
    body = php_soap_client(said_of(AYSE)).partition(b"\r\n\r\n")[2]
    assert namespace_aware(house.send(post(path, (HOST, XML, QUOTED), body))) is True
