"""Hand-written messages over requests, hashed with hashlib: no SOAP or XML signature library.

The routing part has the shape of the bare Python scripts in the field (wire B.2, number 4): the
Security header comes first, there is no MessageID and no ReplyTo, the token's Id is a bare UUID,
the password has no Type, every connection is closed.  Canonical forms are written by hand.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import requests
from situation import (
    AUTHORITY,
    BASE,
    DAY,
    DIRECT,
    DOOR,
    GIVEN_NAME,
    MONTH,
    NOBODY,
    NUMBER,
    PASSWORD,
    PUBLIC,
    SURNAME,
    USERNAME,
    WRONG_PASSWORD,
    YEAR,
    tell,
)

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{OASIS}wssecurity-secext-1.0.xsd"
WSU = f"{OASIS}wssecurity-utility-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
POLICY = "http://schemas.xmlsoap.org/ws/2004/09/policy"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ASSERTION = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
KPS = "http://kps.nvi.gov.tr"

STS = f"{BASE}/Services/Issuer.svc/IWSTrust13"
ROUTER = f"{BASE}/Services/RoutingService.svc"

http = requests.Session()
http.verify = AUTHORITY
http.trust_env = False


def post(address: str, body: str, media: str, **headers: str) -> tuple[int, str]:
    names = {"Content-Type": media, **headers}
    answer = http.post(address, data=body.encode(), headers=names, timeout=30)
    answer.encoding = "utf-8"
    return answer.status_code, answer.text


# The public door


def ask_public(year: int) -> str:
    _, answer = post(
        PUBLIC,
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<soap12:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:soap12="{SOAP12}">\n'
        "  <soap12:Body>\n"
        '    <TCKimlikNoDogrula xmlns="http://tckimlik.nvi.gov.tr/WS">\n'
        f"      <TCKimlikNo>{NUMBER}</TCKimlikNo>\n      <Ad>{escape(GIVEN_NAME)}</Ad>\n"
        f"      <Soyad>{escape(SURNAME)}</Soyad>\n      <DogumYili>{year}</DogumYili>\n"
        "    </TCKimlikNoDogrula>\n  </soap12:Body>\n</soap12:Envelope>",
        "application/soap+xml; charset=utf-8",
    )
    right = "<TCKimlikNoDogrulaResult>true</TCKimlikNoDogrulaResult>" in answer
    wrong = "<TCKimlikNoDogrulaResult>false</TCKimlikNoDogrulaResult>" in answer
    return "true" if right else "false" if wrong else answer


# The direct door


def ask_direct(number: int, password: str) -> ElementTree.Element:
    soap = SOAP11 if DOOR == "direct-1.1" else SOAP12
    media = "text/xml" if soap == SOAP11 else "application/soap+xml"
    _, answer = post(
        DIRECT,
        f'<e:Envelope xmlns:e="{soap}"><e:Header><w:Security xmlns:w="{WSSE}"'
        f' e:mustUnderstand="1"><w:UsernameToken><w:Username>{USERNAME}</w:Username>'
        f"<w:Password>{password}</w:Password></w:UsernameToken></w:Security></e:Header><e:Body>"
        f'<ListeleCoklu xmlns="{KPS}/2011/01/01"><kriterListesi>'
        f"<KisiSorgulaTCKimlikNoSorguKriteri><TCKimlikNo>{number}</TCKimlikNo>"
        "</KisiSorgulaTCKimlikNoSorguKriteri></kriterListesi></ListeleCoklu></e:Body></e:Envelope>",
        f"{media}; charset=utf-8",
    )
    return ElementTree.fromstring(answer)


# The routing door


def lifetime() -> tuple[str, str]:
    now = datetime.now(UTC)
    return tuple(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (now, now + timedelta(minutes=5)))


def envelope(security: str, address: str, action: str, body: str) -> str:
    return (
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:wsa="{WSA}" xmlns:wsu="{WSU}" xmlns:wsse="{WSSE}">'
        f"<s:Header><wsse:Security>{security}</wsse:Security><wsa:To>{address}</wsa:To>"
        f"<wsa:Action>{action}</wsa:Action></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def token_request(password: str) -> str:
    created, expires = lifetime()
    return envelope(
        f'<wsu:Timestamp wsu:Id="_0"><wsu:Created>{created}</wsu:Created>'
        f"<wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
        f'<wsse:UsernameToken wsu:Id="{uuid.uuid4()}"><wsse:Username>{USERNAME}</wsse:Username>'
        f"<wsse:Password>{password}</wsse:Password></wsse:UsernameToken>",
        STS,
        f"{TRUST}/RST/Issue",
        f'<wst:RequestSecurityToken xmlns:wst="{TRUST}">'
        f"<wst:RequestType>{TRUST}/Issue</wst:RequestType>"
        f'<wsp:AppliesTo xmlns:wsp="{POLICY}"><wsa:EndpointReference><wsa:Address>{ROUTER}'
        "</wsa:Address></wsa:EndpointReference></wsp:AppliesTo></wst:RequestSecurityToken>",
    )


def soap12(address: str, body: str) -> tuple[int, str]:
    return post(address, body, "application/soap+xml; charset=utf-8", Connection="close")


def fault_of(answer: str) -> str:
    value = ElementTree.fromstring(answer).find(f".//{{{SOAP12}}}Subcode/{{{SOAP12}}}Value")
    return "none" if value is None else value.text.rpartition(":")[2]


class Token:
    """What a token answer gives: the token's text, its name and the proof key."""

    def __init__(self, answer: str) -> None:
        def between(start: str, end: str) -> str:
            return answer.partition(start)[2].partition(end)[0]

        self.xml = between("<trust:RequestedSecurityToken>", "</trust:RequestedSecurityToken>")
        self.key = base64.b64decode(between("<trust:BinarySecret>", "</trust:BinarySecret>"))
        reference = between("<o:KeyIdentifier ", "</o:KeyIdentifier>")
        self.name = reference.partition(">")[2]


def signed_query(token: Token, action: str, payload: str, *, spoil: bool = False) -> str:
    created, expires = lifetime()
    inside = f"<wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires>"
    canonical = f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="_0">{inside}</wsu:Timestamp>'
    digest = base64.b64encode(hashlib.sha1(canonical.encode()).digest()).decode()
    signed_info = (
        f'<SignedInfo xmlns="{DSIG}"><CanonicalizationMethod Algorithm="{EXCLUSIVE}">'
        f'</CanonicalizationMethod><SignatureMethod Algorithm="{DSIG}hmac-sha1"></SignatureMethod>'
        f'<Reference URI="#_0"><Transforms><Transform Algorithm="{EXCLUSIVE}"></Transform>'
        f'</Transforms><DigestMethod Algorithm="{DSIG}sha1"></DigestMethod>'
        f"<DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
    )
    mac = hmac.new(token.key, signed_info.encode(), hashlib.sha1).digest()
    if spoil:
        mac = bytes([mac[0] ^ 1]) + mac[1:]
    return envelope(
        f'<wsu:Timestamp wsu:Id="_0">{inside}</wsu:Timestamp>{token.xml}'
        f'<Signature xmlns="{DSIG}">{signed_info}'
        f"<SignatureValue>{base64.b64encode(mac).decode()}</SignatureValue><KeyInfo>"
        f'<wsse:SecurityTokenReference><wsse:KeyIdentifier ValueType="{ASSERTION}">{token.name}'
        "</wsse:KeyIdentifier></wsse:SecurityTokenReference></KeyInfo></Signature>",
        ROUTER,
        action,
        payload,
    )


COMBINED = f"{KPS}/2023/02/01"


def combined(number: int) -> str:
    return (
        f'<Sorgula xmlns="{COMBINED}"><kriterListesi><BilesikKutukSorgulaKimlikNoSorguKriteri>'
        f"<DogumAy>{MONTH}</DogumAy><DogumGun>{DAY}</DogumGun><DogumYil>{YEAR}</DogumYil>"
        f"<KimlikNo>{number}</KimlikNo></BilesikKutukSorgulaKimlikNoSorguKriteri>"
        "</kriterListesi></Sorgula>"
    )


def routing() -> None:
    # One program in the field sends its token request with GET.
    media = {"Content-Type": "application/soap+xml; charset=utf-8"}
    asked = http.get(STS, data=token_request(PASSWORD).encode(), headers=media, timeout=30)
    assert asked.status_code == 200, (asked.status_code, asked.text)
    token = Token(asked.text)
    action = f"{COMBINED}/BilesikKutukSorgulaKimlikNoServis/Sorgula"

    def query(payload: str, to: str = action, **spoilt: bool) -> str:
        return soap12(ROUTER, signed_query(token, to, payload, **spoilt))[1]

    def found(answer: str, path: str) -> str | None:
        return ElementTree.fromstring(answer).findtext(".//" + path.replace("/", "/{*}"))

    person = query(combined(NUMBER))
    citizen = "{*}TCVatandasiKisiKutukleri"
    tell("surname", found(person, f"{citizen}/KisiBilgisi/TemelBilgisi/Soyad"))
    tell("section", found(person, f"{citizen}/TCKKFotografBilgisi/HataBilgisi/Kod"))
    tell("nobody", found(query(combined(NOBODY)), "{*}BilesikKutukBilgileri/HataBilgisi/Kod"))
    listing = f'<Sayfala xmlns="{KPS}/2011/01/01"><kriter><Ilce>1</Ilce></kriter></Sayfala>'
    answer = query(listing, f"{KPS}/2011/01/01/KisiListeleServis/Sayfala")
    tell("service", found(answer, "{*}SayfalaResult/HataBilgisi/Kod"))
    tell("unknown_action", fault_of(query(combined(NUMBER), action + "Yok")))
    tell("tampered", fault_of(query(combined(NUMBER), spoil=True)))
    tell("refusal", fault_of(soap12(STS, token_request(WRONG_PASSWORD))[1]))


if DOOR == "public":
    tell("right", ask_public(YEAR))
    tell("wrong", ask_public(YEAR + 1))
elif DOOR == "routing":
    routing()
else:
    tell("surname", ask_direct(NUMBER, PASSWORD).findtext(".//{*}TemelBilgisi/{*}Soyad"))
    tell("nobody", ask_direct(NOBODY, PASSWORD).findtext(".//{*}KisiBilgisi/{*}HataBilgisi/{*}Kod"))
    fault = ask_direct(NUMBER, WRONG_PASSWORD)
    code = fault.findtext(".//faultcode") or fault.findtext(".//{*}Subcode/{*}Value")
    tell("refusal", code.rpartition(":")[2])
