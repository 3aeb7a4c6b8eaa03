"""A token service and a router that answer as the published interface says, on loopback.

Written from the facts of the interface (wire B.2 to B.6, C.0) and of nothing else: it shares no
code with the gateway, except that the signed answers of ``Router`` are made by its signer.
"""

import base64
import hashlib
import hmac
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lxml import etree

NOW = datetime(2026, 3, 4, 5, 6, 7, 8_000, tzinfo=UTC)
USERNAME, PASSWORD = "KRM-34-0417", "gizli & parola"
SERVICE, VERSION = "ListeServis", "2021/04/01"
NS = f"http://kps.nvi.gov.tr/{VERSION}"
ACTION = f"{NS}/{SERVICE}/Sorgula"

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = f"{OASIS}wssecurity-secext-1.0.xsd", f"{OASIS}wssecurity-utility-1.0.xsd"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
XENC = "http://www.w3.org/2001/04/xmlenc#"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"s": SOAP12, "a": WSA, "o": WSSE, "u": WSU, "t": TRUST, "x": XENC, "d": DS, "k": NS}
#: Signature method, digest method, hash.
HMACS = {
    f"{DS}hmac-sha1": (f"{DS}sha1", "sha1"),
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256": (f"{XENC}sha256", "sha256"),
}

WSDL = f"""<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
 xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/"
 xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:t="{NS}" targetNamespace="{NS}">
 <wsdl:types><xs:schema elementFormDefault="qualified" targetNamespace="{NS}">
  <xs:complexType name="Parametre"><xs:sequence>
   <xs:element minOccurs="0" name="Aciklama" nillable="true" type="xs:string"/>
   <xs:element minOccurs="0" name="Kod" nillable="true" type="xs:int"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Kriter"><xs:sequence>
   <xs:element minOccurs="0" name="KimlikNo" nillable="true" type="xs:long"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="ArrayOfKriter"><xs:sequence>
   <xs:element minOccurs="0" maxOccurs="unbounded" name="Kriter" nillable="true" type="t:Kriter"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Sonuc"><xs:sequence>
   <xs:element minOccurs="0" name="HataBilgisi" nillable="true" type="t:Parametre"/>
   <xs:element minOccurs="0" name="SorguSonucu" nillable="true" type="xs:string"/>
  </xs:sequence></xs:complexType>
  <xs:element name="Sorgula"><xs:complexType><xs:sequence>
   <xs:element minOccurs="0" name="kriterListesi" nillable="true" type="t:ArrayOfKriter"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="SorgulaResponse"><xs:complexType><xs:sequence>
   <xs:element minOccurs="0" name="SorgulaResult" nillable="true" type="t:Sonuc"/>
  </xs:sequence></xs:complexType></xs:element>
 </xs:schema></wsdl:types>
 <wsdl:message name="In"><wsdl:part name="parameters" element="t:Sorgula"/></wsdl:message>
 <wsdl:message name="Out"><wsdl:part name="parameters" element="t:SorgulaResponse"/></wsdl:message>
 <wsdl:portType name="{SERVICE}"><wsdl:operation name="Sorgula">
  <wsdl:input message="t:In"/><wsdl:output message="t:Out"/></wsdl:operation></wsdl:portType>
 <wsdl:binding name="CustomBinding_{SERVICE}" type="t:{SERVICE}">
  <s12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="Sorgula"><s12:operation soapAction="{ACTION}" style="document"/>
   <wsdl:input><s12:body use="literal"/></wsdl:input>
   <wsdl:output><s12:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
 <wsdl:service name="{SERVICE}">
  <wsdl:port name="CustomBinding_{SERVICE}" binding="t:CustomBinding_{SERVICE}">
   <s12:address location="https://baskasi.invalid/Services/RoutingService.svc"/></wsdl:port>
 </wsdl:service>
</wsdl:definitions>"""

FAULTS = {
    "FailedAuthentication": (WSSE, "At least one security token could not be validated."),
    "InvalidSecurity": (WSSE, "An error occurred when verifying security for the message."),
    "ActionNotSupported": (WSA, "The message with Action 'x' cannot be processed."),
}


def written(moment: datetime) -> str:
    """A time with milliseconds, as the token service writes it."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )


def find(root: Any, path: str) -> Any:
    """The one element at a path."""
    (found,) = root.findall(path, NAMES)
    return found


def p_sha1(secret: bytes, seed: bytes) -> bytes:
    """32 bytes of P_SHA1, written out for exactly two rounds."""

    def mac(data: bytes) -> bytes:
        return hmac.new(secret, data, hashlib.sha1).digest()

    first = mac(seed)
    second = mac(first)
    return (mac(first + seed) + mac(second + seed))[:32]


@dataclass
class Heard:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def root(self) -> Any:
        return etree.fromstring(self.content)


@dataclass
class FakeKps:
    """Both services.  Tests turn the knobs; ``heard`` is what came in."""

    clock: Callable[[], datetime] = lambda: NOW
    life: timedelta = timedelta(hours=1)
    #: Texts to put in the place of others in answers.
    token_changes: list[tuple[str, str]] = field(default_factory=list)
    answer_changes: list[tuple[str, str]] = field(default_factory=list)
    #: How many of the next questions are refused, and with which subcode.
    refusals: list[str] = field(default_factory=list)
    payload: str = '<HataBilgisi i:nil="true"/><SorguSonucu>{said}</SorguSonucu>'
    #: A whole HTTP answer instead: status, headers, content.
    instead: tuple[int, dict[str, str], bytes] | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    sign: Callable[[bytes, str, str], bytes] | None = None
    password: str = PASSWORD
    wsdl: str = WSDL
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    keys: dict[str, bytes] = field(default_factory=dict)
    gate: threading.Event | None = None

    @property
    def tokens_asked(self) -> list[Heard]:
        return [one for one in self.heard if one.path.endswith("/IWSTrust13")]

    @property
    def questions(self) -> list[Heard]:
        return [one for one in self.heard if one.path.endswith("RoutingService.svc")]

    def answer(self, heard: Heard) -> tuple[int, dict[str, str], bytes]:
        """The HTTP answer to a request."""
        self.heard.append(heard)
        if heard.path.endswith("/IWSTrust13"):
            if self.gate is not None:
                assert self.gate.wait(10)
            return self.token(heard.root)
        if self.instead is not None:
            return self.instead
        if heard.path.endswith("/RoutingService.svc"):
            return self.routed(heard)
        asked = parse_qs(urlsplit(heard.path).query)
        if asked == {"Service": [SERVICE], "Version": [VERSION]}:
            return 200, {"Content-Type": "text/xml; charset=utf-8"}, self.wsdl.encode()
        return 404, {"Content-Type": "text/plain"}, b"yok"

    # The token service (wire B.2, B.3)

    def token(self, root: Any) -> tuple[int, dict[str, str], bytes]:
        assert find(root, "s:Header/a:Action").text == f"{TRUST}/RST/Issue"
        message_id = find(root, "s:Header/a:MessageID").text
        token = find(root, "s:Header/o:Security/o:UsernameToken")
        said = (find(token, "o:Username").text, find(token, "o:Password").text)
        if said != (USERNAME, self.password):
            return fault("FailedAuthentication", message_id)
        request = find(root, "s:Body/t:RequestSecurityToken")
        assert find(request, "t:RequestType").text == f"{TRUST}/Issue"
        assert find(request, "t:KeyType").text == f"{TRUST}/SymmetricKey"
        number = len(self.keys) + 1
        assertion_id, server = f"_belge-{number}", bytes([number]) * 32
        client = request.findtext("t:Entropy/t:BinarySecret", None, NAMES)
        secret = f"<trust:BinarySecret>{base64.b64encode(server).decode()}</trust:BinarySecret>"
        proof, entropy = secret, ""
        self.keys[assertion_id] = server
        if client is not None:
            self.keys[assertion_id] = p_sha1(base64.b64decode(client), server)
            proof = f"<trust:ComputedKey>{TRUST}/CK/PSHA1</trust:ComputedKey>"
            entropy = f"<trust:Entropy>{secret}</trust:Entropy>"
        content = self.token_answer(
            message_id, assertion_id, proof, entropy, find(request, ".//a:Address").text
        )
        for old, new in self.token_changes:
            assert old in content, old
            content = content.replace(old, new)
        return 200, {"Content-Type": "application/soap+xml; charset=utf-8"}, content.encode()

    def token_answer(
        self, message_id: str, assertion_id: str, proof: str, entropy: str, address: str
    ) -> str:
        now, end = written(self.clock()), written(self.clock() + self.life)
        reference = (
            '<o:SecurityTokenReference k:TokenType="http://docs.oasis-open.org/wss/oasis-wss-saml-'
            f'token-profile-1.1#SAMLV1.1" xmlns:o="{WSSE}" xmlns:k="http://docs.oasis-open.org/wss/'
            'oasis-wss-wssecurity-secext-1.1.xsd"><o:KeyIdentifier ValueType="http://docs.oasis-'
            'open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID">'
            f"{assertion_id}</o:KeyIdentifier></o:SecurityTokenReference>"
        )
        return (
            f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{WSA}" xmlns:u="{WSU}"><s:Header>'
            f'<a:Action s:mustUnderstand="1">{TRUST}/RSTRC/IssueFinal</a:Action>'
            f"<a:RelatesTo>{message_id}</a:RelatesTo>{security(self.clock())}</s:Header><s:Body>"
            f'<trust:RequestSecurityTokenResponseCollection xmlns:trust="{TRUST}">'
            "<trust:RequestSecurityTokenResponse><trust:KeySize>256</trust:KeySize>"
            f'<trust:Lifetime><wsu:Created xmlns:wsu="{WSU}">{now}</wsu:Created>'
            f'<wsu:Expires xmlns:wsu="{WSU}">{end}</wsu:Expires></trust:Lifetime>'
            '<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">'
            f"<a:EndpointReference><a:Address>{address}</a:Address></a:EndpointReference>"
            f"</wsp:AppliesTo><trust:RequestedSecurityToken>{encrypted(assertion_id)}"
            f"</trust:RequestedSecurityToken>{entropy}"
            f"<trust:RequestedProofToken>{proof}</trust:RequestedProofToken>"
            f"<trust:RequestedAttachedReference>{reference}</trust:RequestedAttachedReference>"
            f"<trust:RequestedUnattachedReference>{reference}</trust:RequestedUnattachedReference>"
            "<trust:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</trust:TokenType>"
            f"<trust:RequestType>{TRUST}/Issue</trust:RequestType>"
            f"<trust:KeyType>{TRUST}/SymmetricKey</trust:KeyType>"
            "</trust:RequestSecurityTokenResponse>"
            "</trust:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"
        )

    # The router (wire B.4, B.5)

    def routed(self, heard: Heard) -> tuple[int, dict[str, str], bytes]:
        root = heard.root
        message_id = find(root, "s:Header/a:MessageID").text
        if self.refusals:
            return fault(self.refusals.pop(0), message_id)
        assert find(root, "s:Header/a:To").text
        if find(root, "s:Header/a:Action").text != ACTION:
            return fault("ActionNotSupported", message_id)
        self.check_proof(find(root, "s:Header/o:Security"))
        numbers = [one.text for one in root.findall("s:Body/k:Sorgula//k:KimlikNo", NAMES)]
        result = self.payload.replace("{said}", " ".join(numbers) or "hiç")
        content = (
            f'<SorgulaResponse xmlns="{NS}"><SorgulaResult xmlns:i="http://www.w3.org/2001/'
            f'XMLSchema-instance">{result}</SorgulaResult></SorgulaResponse>'
        )
        if self.sign is not None:
            answer = self.sign(heard.content, message_id, content).decode()
        else:
            answer = (
                f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{WSA}" xmlns:u="{WSU}"><s:Header>'
                f'<a:Action s:mustUnderstand="1">{ACTION}Response</a:Action>'
                f"<a:RelatesTo>{message_id}</a:RelatesTo>{security(self.clock())}</s:Header>"
                f"<s:Body>{content}</s:Body></s:Envelope>"
            )
        for old, new in self.answer_changes:
            assert old in answer, old
            answer = answer.replace(old, new)
        headers = {"Content-Type": "application/soap+xml; charset=utf-8", "Kps-Sonuc-Kodu": "0"}
        return 200, headers | self.answer_headers, answer.encode()

    def check_proof(self, header: Any) -> None:
        """The token is one of ours as it was issued, and its key signed the Timestamp."""
        timestamp, token, signature = header
        assert timestamp.tag == f"{{{WSU}}}Timestamp"
        method = find(signature, "d:SignedInfo/d:SignatureMethod").get("Algorithm")
        digest_method, name = HMACS[method]
        reference = find(signature, "d:SignedInfo/d:Reference")
        assert reference.get("URI") == f"#{timestamp.get(f'{{{WSU}}}Id')}"
        assert find(reference, "d:DigestMethod").get("Algorithm") == digest_method
        digest = hashlib.new(name, exclusive(timestamp)).digest()
        assert base64.b64decode(find(reference, "d:DigestValue").text) == digest
        identifier = find(signature, "d:KeyInfo/o:SecurityTokenReference/o:KeyIdentifier")
        key = self.keys[identifier.text]
        mac = hmac.new(key, exclusive(find(signature, "d:SignedInfo")), name).digest()
        assert base64.b64decode(find(signature, "d:SignatureValue").text) == mac
        assert content_of(token) == content_of(etree.fromstring(encrypted(identifier.text)))


def exclusive(element: Any) -> bytes:
    written_out: bytes = etree.tostring(element, method="c14n", exclusive=True)
    return written_out


def content_of(element: Any) -> list[tuple[Any, ...]]:
    """Every element with its attributes and text; prefixes may differ."""
    return [(one.tag, dict(one.attrib), one.text, one.tail) for one in element.iter()]


def security(now: datetime) -> str:
    """The answers' Security header: a Timestamp and nothing else."""
    return (
        f'<o:Security s:mustUnderstand="1" xmlns:o="{WSSE}"><u:Timestamp u:Id="_0">'
        f"<u:Created>{written(now)}</u:Created>"
        f"<u:Expires>{written(now + timedelta(minutes=5))}</u:Expires></u:Timestamp></o:Security>"
    )


def encrypted(assertion_id: str) -> str:
    """The token element of wire B.3, with made-up cipher values."""
    value = base64.b64encode(assertion_id.encode() * 8).decode()
    return (
        f'<xenc:EncryptedData Type="{XENC}Element" xmlns:xenc="{XENC}">'
        f'<xenc:EncryptionMethod Algorithm="{XENC}aes256-cbc"/><KeyInfo xmlns="{DS}">'
        f'<e:EncryptedKey xmlns:e="{XENC}"><e:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p">'
        f'<DigestMethod Algorithm="{DS}sha1"/></e:EncryptionMethod><KeyInfo>'
        f'<o:SecurityTokenReference xmlns:o="{WSSE}"><X509Data><X509IssuerSerial><X509IssuerName>'
        "CN=DENEME</X509IssuerName><X509SerialNumber>12345</X509SerialNumber></X509IssuerSerial>"
        "</X509Data></o:SecurityTokenReference></KeyInfo><e:CipherData><e:CipherValue>"
        f"{value}</e:CipherValue></e:CipherData></e:EncryptedKey></KeyInfo><xenc:CipherData>"
        f"<xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
    )


def fault(subcode: str, message_id: str) -> tuple[int, dict[str, str], bytes]:
    """A fault of the framework: unsecured, HTTP 500 (wire B.6)."""
    namespace, text = FAULTS[subcode]
    content = (
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{WSA}"><s:Header><a:Action s:mustUnderstand="1">'
        f"{WSA}/soap/fault</a:Action><a:RelatesTo>{message_id}</a:RelatesTo></s:Header><s:Body>"
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value "
        f'xmlns:a="{namespace}">a:{subcode}</s:Value></s:Subcode></s:Code><s:Reason>'
        f'<s:Text xml:lang="en-US">{text}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>'
    )
    return 500, {"Content-Type": "application/soap+xml; charset=utf-8"}, content.encode()


@contextmanager
def served(kps: FakeKps) -> Iterator[FakeKps]:
    """The fake on a loopback port, until the block ends."""

    class Page(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(b"")

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def answer(self, content: bytes) -> None:
            heard = Heard(self.path, dict(self.headers.items()), content)
            try:
                status, headers, body = kps.answer(heard)
            except AssertionError as error:
                status, headers, body = 418, {"Content-Type": "text/plain"}, str(error).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Stay silent."""

    class Server(http.server.ThreadingHTTPServer):
        # Many callers at once find room to wait in.
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    kps.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield kps
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
