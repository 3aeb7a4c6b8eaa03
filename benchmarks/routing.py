"""The routing door's messages: a token request, and queries under tokens.

What hand-written clients send (a token for every query), and what careful ones do (one token
until it ends).  Signed with HMAC-SHA1, as the old clients do.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.messages import PERSON, WSSE, WSU, person_body

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
HEADERS = {"Content-Type": "application/soap+xml; charset=utf-8"}
TOKENS_PATH = "/Services/Issuer.svc/IWSTrust13"
QUERIES_PATH = "/Services/RoutingService.svc"
ACTION = f"{PERSON}/KisiSorgulaTCKimlikNoServis/ListeleCoklu"


@dataclass(frozen=True, slots=True)
class Token:
    """What a client keeps of the token service's answer."""

    element: str
    assertion_id: str
    proof_key: bytes


def token_message(account: dict[str, Any]) -> str:
    """A request for a token, on one line."""
    header = (
        f'<a:Action s:mustUnderstand="1">{TRUST}/RST/Issue</a:Action>'
        f'<o:Security xmlns:o="{WSSE}" xmlns:u="{WSU}" s:mustUnderstand="1">{_timestamp()}'
        f"<o:UsernameToken><o:Username>{account['username']}</o:Username>"
        f"<o:Password>{account['password']}</o:Password></o:UsernameToken></o:Security>"
    )
    body = (
        f'<t:RequestSecurityToken xmlns:t="{TRUST}">'
        '<p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference>'
        f"<a:Address>https://localhost{QUERIES_PATH}</a:Address></a:EndpointReference>"
        f"</p:AppliesTo><t:RequestType>{TRUST}/Issue</t:RequestType></t:RequestSecurityToken>"
    )
    return _envelope(header, body)


def fetch_token(base_url: str, account: dict[str, Any]) -> Token:
    """One token from the gateway at ``base_url``."""
    request = urllib.request.Request(
        base_url + TOKENS_PATH, token_message(account).encode(), HEADERS
    )
    with urllib.request.urlopen(request) as answer:
        return token_of(answer.read().decode())


def token_of(text: str) -> Token:
    """The token in an answer of the token service."""
    return Token(
        element=_found(r"<trust:RequestedSecurityToken>(.*)</trust:RequestedSecurityToken>", text),
        assertion_id=_found(r"<o:KeyIdentifier [^>]*>([^<]*)<", text),
        proof_key=base64.b64decode(_found(r"<trust:BinarySecret>([^<]*)<", text)),
    )


def routing_message(number: int | Sequence[int], token: Token) -> str:
    """A person query under a token, about one person or several, on one line."""
    timestamp = _timestamp(f' xmlns:u="{WSU}" u:Id="_0"')
    digest = base64.b64encode(hashlib.sha1(timestamp.encode()).digest()).decode()
    signed = (
        f'<SignedInfo xmlns="{DS}">{_algorithm("CanonicalizationMethod", EXCLUSIVE)}'
        f'{_algorithm("SignatureMethod", f"{DS}hmac-sha1")}<Reference URI="#_0"><Transforms>'
        f"{_algorithm('Transform', EXCLUSIVE)}</Transforms>"
        f"{_algorithm('DigestMethod', f'{DS}sha1')}<DigestValue>{digest}</DigestValue></Reference>"
        "</SignedInfo>"
    )
    value = base64.b64encode(hmac.digest(token.proof_key, signed.encode(), "sha1")).decode()
    kind = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
    header = (
        f'<a:Action s:mustUnderstand="1">{ACTION}</a:Action>'
        f'<o:Security xmlns:o="{WSSE}" s:mustUnderstand="1">{timestamp}{token.element}'
        f'<Signature xmlns="{DS}">{signed}<SignatureValue>{value}</SignatureValue><KeyInfo>'
        f'<o:SecurityTokenReference><o:KeyIdentifier ValueType="{kind}">{token.assertion_id}'
        "</o:KeyIdentifier></o:SecurityTokenReference></KeyInfo></Signature></o:Security>"
    )
    return _envelope(header, person_body(number))


def _timestamp(attributes: str = "") -> str:
    now = datetime.now(UTC)
    times = "".join(
        f"<u:{name}>{moment.isoformat(timespec='milliseconds')[:-6]}Z</u:{name}>"
        for name, moment in (("Created", now), ("Expires", now + timedelta(seconds=300)))
    )
    return f"<u:Timestamp{attributes}>{times}</u:Timestamp>"


def _algorithm(name: str, value: str) -> str:
    return f'<{name} Algorithm="{value}"></{name}>'


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.DOTALL)
    if found is None:
        raise SystemExit("the token service gave no token")
    return found[1]


def _envelope(header: str, body: str) -> str:
    return (
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{WSA}"><s:Header>{header}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
