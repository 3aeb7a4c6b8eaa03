"""The token exchange as WCF's own stack does it (wire B.2, numbers 6 and 7), with requests, lxml.

Client entropy goes out, the key is computed from both sides' entropy with P_SHA1, and the human
on whose behalf it asks is named in the token request.  lxml canonicalises what is signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from lxml import etree
from situation import (
    AUTHORITY,
    BASE,
    NOBODY,
    NUMBER,
    PASSWORD,
    SERVICE,
    USERNAME,
    WRONG_PASSWORD,
    tell,
)

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://www.w3.org/2005/08/addressing",
    "u": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "o": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "t": "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
    "d": "http://www.w3.org/2000/09/xmldsig#",
    "k": "http://kps.nvi.gov.tr/2011/01/01",
}
TRUST, KPS = NS["t"], NS["k"]
WSU_ID = f"{{{NS['u']}}}Id"
PASSWORD_TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
STS = f"{BASE}/Services/Issuer.svc/IWSTrust13"
ROUTER = f"{BASE}/Services/RoutingService.svc"

http = requests.Session()
http.verify = AUTHORITY
http.trust_env = False


def timestamp(identifier: str) -> str:
    now = datetime.now(UTC)
    created, expires = (
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for at in (now, now + timedelta(minutes=5))
    )
    return (
        f'<u:Timestamp u:Id="{identifier}"><u:Created>{created}</u:Created>'
        f"<u:Expires>{expires}</u:Expires></u:Timestamp>"
    )


def envelope(action: str, to: str, security: str, body: str, more: str = "") -> str:
    return (
        f'<s:Envelope xmlns:s="{NS["s"]}" xmlns:a="{NS["a"]}" xmlns:u="{NS["u"]}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{action}</a:Action>{more}'
        f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID>"
        f"<a:ReplyTo><a:Address>{NS['a']}/anonymous</a:Address></a:ReplyTo>"
        f'<a:To s:mustUnderstand="1">{to}</a:To><o:Security s:mustUnderstand="1"'
        f' xmlns:o="{NS["o"]}">{security}</o:Security></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def post(address: str, message: str | bytes, action: str) -> Any:
    media = f'application/soap+xml; charset=utf-8; action="{action}"'
    data = message.encode() if isinstance(message, str) else message
    answer = http.post(address, data=data, headers={"Content-Type": media}, timeout=30)
    return etree.fromstring(answer.content)


def ask_token(password: str, entropy: bytes) -> Any:
    action = f"{TRUST}/RST/Issue"
    body = (
        f'<t:RequestSecurityToken xmlns:t="{TRUST}">'
        '<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">'
        f"<a:EndpointReference><a:Address>{ROUTER}</a:Address></a:EndpointReference></wsp:AppliesTo>"
        f'<t:Entropy><t:BinarySecret u:Id="uuid-{uuid.uuid4()}-1" Type="{TRUST}/Nonce">'
        f"{base64.b64encode(entropy).decode()}</t:BinarySecret></t:Entropy>"
        f"<t:RequestType>{TRUST}/Issue</t:RequestType><t:KeySize>256</t:KeySize>"
        f"<t:ComputedKeyAlgorithm>{TRUST}/CK/PSHA1</t:ComputedKeyAlgorithm>"
        f"<t:SecondaryParameters><t:KeyType>{TRUST}/SymmetricKey</t:KeyType>"
        "</t:SecondaryParameters></t:RequestSecurityToken>"
    )
    security = (
        f'{timestamp("_0")}<o:UsernameToken u:Id="uuid-{uuid.uuid4()}-2">'
        f"<o:Username>{USERNAME}</o:Username>"
        f'<o:Password Type="{PASSWORD_TEXT}">{password}</o:Password></o:UsernameToken>'
    )
    inquirer = f'<Sorgulayan xmlns="{KPS}/sorgulayan">{USERNAME}</Sorgulayan>'
    return post(STS, envelope(action, STS, security, body, inquirer), action)


def computed_key(client: bytes, server: bytes, size: int) -> bytes:
    """RFC 2246 P_hash with HMAC-SHA1: the client's entropy is the secret, the server's the seed."""

    def mac(data: bytes) -> bytes:
        return hmac.new(client, data, hashlib.sha1).digest()

    key, at = b"", server
    while len(key) < size:
        at = mac(at)
        key += mac(at + server)
    return key[:size]


def sign(message: str, key: bytes, algorithm: str, reference: Any) -> bytes:
    """Put the endorsing signature over the Timestamp behind the token."""
    root = etree.fromstring(message)
    stamp = root.find(".//u:Timestamp", NS)
    name = algorithm.rpartition("-")[2]
    digest_name = f"{NS['d']}sha1" if name == "sha1" else "http://www.w3.org/2001/04/xmlenc#sha256"
    digest = hashlib.new(name, etree.tostring(stamp, method="c14n", exclusive=True)).digest()
    signature = etree.fromstring(
        f'<Signature xmlns="{NS["d"]}"><SignedInfo><CanonicalizationMethod'
        f' Algorithm="{EXCLUSIVE}"/><SignatureMethod Algorithm="{algorithm}"/>'
        f'<Reference URI="#{stamp.get(WSU_ID)}"><Transforms><Transform'
        f' Algorithm="{EXCLUSIVE}"/></Transforms><DigestMethod Algorithm="{digest_name}"/>'
        f"<DigestValue>{base64.b64encode(digest).decode()}</DigestValue></Reference></SignedInfo>"
        "<SignatureValue/><KeyInfo/></Signature>"
    )
    security = stamp.getparent()
    security.append(signature)
    # Canonicalised where it stands, so that what is signed is what is sent.
    signed = etree.tostring(signature[0], method="c14n", exclusive=True)
    signature[1].text = base64.b64encode(hmac.new(key, signed, name).digest()).decode()
    signature[2].append(reference)
    return etree.tostring(root)


def subcode(answer: Any) -> str:
    value = answer.findtext(".//s:Fault/s:Code/s:Subcode/s:Value", "none", NS)
    return value.rpartition(":")[2]


entropy = os.urandom(32)
issued = ask_token(PASSWORD, entropy)
proof = issued.find(".//t:RequestedProofToken", NS)
computed = proof.findtext("t:ComputedKey", "", NS).strip()
assert computed == f"{TRUST}/CK/PSHA1", etree.tostring(issued)
server = base64.b64decode(issued.findtext(".//t:Entropy/t:BinarySecret", None, NS))
size = int(issued.findtext(".//t:KeySize", None, NS)) // 8
key = computed_key(entropy, server, size)
token = issued.find(".//t:RequestedSecurityToken", NS)[0]
reference = issued.find(".//t:RequestedAttachedReference", NS)[0]
action = f"{KPS}/{SERVICE}/ListeleCoklu"


def query(number: int, algorithm: str, signing_key: bytes = key) -> Any:
    payload = (
        f'<ListeleCoklu xmlns="{KPS}"><kriterListesi><KisiSorgulaTCKimlikNoSorguKriteri>'
        f"<TCKimlikNo>{number}</TCKimlikNo></KisiSorgulaTCKimlikNoSorguKriteri>"
        "</kriterListesi></ListeleCoklu>"
    )
    security = timestamp("_0") + etree.tostring(token, encoding="unicode", with_tail=False)
    message = envelope(action, ROUTER, security, payload)
    copied = etree.fromstring(etree.tostring(reference))
    return post(ROUTER, sign(message, signing_key, algorithm, copied), action)


SHA1, SHA256 = f"{NS['d']}hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
tell("surname", query(NUMBER, SHA1).findtext(".//k:TemelBilgisi/k:Soyad", None, NS))
tell("sha256", query(NUMBER, SHA256).findtext(".//k:TemelBilgisi/k:Soyad", None, NS))
tell("nobody", query(NOBODY, SHA1).findtext(".//k:KisiBilgisi/k:HataBilgisi/k:Kod", None, NS))
tell("tampered", subcode(query(NUMBER, SHA1, os.urandom(32))))
tell("refusal", subcode(ask_token(WRONG_PASSWORD, entropy)))
