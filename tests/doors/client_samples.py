"""How the field's public clients send, and how they read an answer."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from served import (
    ACTION,
    NAMESPACE,
    SOAP11,
    SOAP12,
    Person,
    Reply,
    post,
)

PATH = "/Service/KPSPublic.asmx"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
HOST = "Host: kapi.example"
REAL_HOST = "Host: tckimlik.nvi.gov.tr"
XML = "Content-Type: text/xml; charset=utf-8"
SOAP = "Content-Type: application/soap+xml; charset=utf-8"
QUOTED = f'SOAPAction: "{ACTION}"'
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


def third_level(reply: Reply) -> bool:
    """``root[0][0][0].text``: no Header before the Body, nothing before the result."""
    text = ElementTree.fromstring(reply.body)[0][0][0].text
    assert text in ("true", "false")
    return text == "true"


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


def ibodev1(said: Said) -> bytes:
    body = (
        f'{DECLARATION}\n<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">\n'
        f'  <soap:Body>\n    <TCKimlikNoDogrula xmlns="{NAMESPACE}">\n      '
        f"{said.members(between=chr(10) + ' ' * 6)}\n"
        "    </TCKimlikNoDogrula>\n  </soap:Body>\n</soap:Envelope>\n"
    )
    return post(f"{PATH}?op=TCKimlikNoDogrula", (XML, HOST, "connection: keep-alive"), body)


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


def php_soap_client(said: Said) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}" '
        f'xmlns:ns1="{NAMESPACE}"><SOAP-ENV:Body><ns1:TCKimlikNoDogrula>{said.members("ns1:")}'
        "</ns1:TCKimlikNoDogrula></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )
    agent = ("Connection: Keep-Alive", "User-Agent: PHP-SOAP/8.2.36")
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
