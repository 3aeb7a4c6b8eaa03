"""Every request shape of the field's public clients, sent letter by letter (wire D, clients §6).

Each shape is a client's request as its code writes it, with made-up people, and the client's own
way of reading the answer: what it takes for true has to be true, for false false.
"""

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import pytest
from client_samples import (
    DECLARATION,
    HOST,
    PATH,
    QUOTED,
    REAL_HOST,
    SAMPLE_NAMESPACES,
    SOAP,
    XML,
    XSD,
    XSI,
    Said,
    epigra,
    ibodev1,
    isaeken_with,
    mono_over_http_10,
    mono_with,
    namespace_aware,
    php_soap_client,
    pynvi,
    said_of,
    strip_tags,
    strip_tags_of_a_200,
    substring,
    tcsorgu,
    third_level,
)
from served import (
    ACTION,
    AYSE,
    ISIK,
    MEDIA,
    NAMESPACE,
    SOAP11,
    SOAP12,
    House,
    Reply,
    chunked,
    post,
)

ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
BARE = f"SOAPAction: {ACTION}"


# How clients read an answer


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


# What clients send: citizens


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


def mertcakdogan(said: Said) -> bytes:
    body = (
        f'\n    <soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">\n      <soap:Body>\n'
        f'        <TCKimlikNoDogrula xmlns="{NAMESPACE}">\n          '
        f"{said.members(between=chr(10) + ' ' * 10)}\n"
        "        </TCKimlikNoDogrula>\n      </soap:Body>\n    </soap:Envelope>\n  "
    )
    agent = ("Accept: application/json, text/plain, */*", "User-Agent: axios/0.21.1")
    return post(PATH, (*agent, XML, BARE, HOST, "Connection: close"), body)


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
