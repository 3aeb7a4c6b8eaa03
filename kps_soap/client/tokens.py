"""The messages of WS-Trust 1.3: asking for a token, and reading the answer strictly.

``token_request`` writes the request (wire B.2), ``read_token`` takes the token out of the answer
(wire B.3): every part by its absolute path, once.  The assertion inside is encrypted to the
gateway; it is carried, never looked into.  This module sends nothing and remembers nothing.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from kps_soap.answers import (
    WSSE,
    WSU,
    AnswerNotGenuine,
    Freshness,
    canonical,
    check_unsigned,
    exactly,
    instant_of,
    parse_answer,
    parser,
    unbase64,
)
from kps_soap.client.header_blocks import (
    add_addressing,
    add_credentials,
    add_inquirer,
    add_security,
    header_of,
)
from kps_soap.client.refusals import ADDRESSING, SOAP12, HttpFacts, payload_of, refusal_in

Element = etree._Element

TRUST: Final = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
SAML11: Final = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
ASSERTION_ID: Final = (
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
)
KEY_BYTES: Final = 32
TOKEN_ANSWER_BYTES_MAX: Final = 262_144
TOKEN_LIFE_MAX: Final = timedelta(hours=24)
#: A token is left alone this long before its end, or for the last tenth of a short life.
MARGIN: Final = timedelta(minutes=1)

_WSP: Final = "http://schemas.xmlsoap.org/ws/2004/09/policy"
_ENCRYPTED: Final = "{http://www.w3.org/2001/04/xmlenc#}EncryptedData"
_ASSERTION: Final = "urn:oasis:names:tc:SAML:1.0:assertion"
_ISSUE: Final = f"{TRUST}/Issue"
_SYMMETRIC: Final = f"{TRUST}/SymmetricKey"
_NONCE: Final = f"{TRUST}/Nonce"
_PSHA1: Final = f"{TRUST}/CK/PSHA1"
_IDENTIFIER_CHARACTERS_MAX: Final = 256
_ENTROPY_BYTES_MIN: Final = 16

#: What an answer states besides the token, and the only things it may say there.
_STATED: Final = {
    "KeySize": {str(8 * KEY_BYTES)},
    "TokenType": {_ASSERTION, SAML11},
    "RequestType": {_ISSUE},
    "KeyType": {_SYMMETRIC},
}
_MEMBERS: Final = (
    *(f"{{{TRUST}}}{name}" for name in _STATED),
    f"{{{_WSP}}}AppliesTo",
    *(f"{{{TRUST}}}{name}" for name in ("Lifetime", "RequestedSecurityToken", "Entropy")),
    *(f"{{{TRUST}}}Requested{name}" for name in ("ProofToken", "AttachedReference")),
    f"{{{TRUST}}}RequestedUnattachedReference",
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account at a token service, and the address that its tokens are for."""

    username: str
    password: str = field(repr=False)
    issuer: str
    applies_to: str
    inquirer: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request as it is sent, and what its answer is held to."""

    message_id: str
    content: bytes = field(repr=False)
    entropy: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A token: the encrypted assertion as received, its id, and the key that proves possession.

    ``usable_until`` is aware, by the clock of whoever asked, a little before the real end.
    """

    assertion_id: str
    usable_until: datetime
    key: bytes = field(repr=False)
    encrypted: bytes = field(repr=False)

    def element(self) -> Element:
        """The ``EncryptedData`` as it came, in a tree of its own."""
        return etree.fromstring(self.encrypted, parser())


def token_request(
    credentials: Credentials, *, now: datetime, message_id: str, entropy: bytes = b""
) -> TokenRequest:
    """The request of an account; ``now`` is aware.

    With ``entropy`` the key is made of both sides' random bytes (P_SHA1), else of the service's.
    """
    names = {"s": SOAP12, "a": ADDRESSING, "trust": TRUST}
    envelope = etree.Element(f"{{{SOAP12}}}Envelope", nsmap=names)
    body = etree.SubElement(envelope, f"{{{SOAP12}}}Body")
    header = header_of(envelope)
    add_addressing(header, f"{TRUST}/RST/Issue", message_id, credentials.issuer)
    add_inquirer(header, credentials.inquirer)
    security = add_security(header, now)
    add_credentials(security, credentials.username, credentials.password)
    request = _add(body, "RequestSecurityToken")
    _add(request, "TokenType", SAML11)
    _add(request, "RequestType", _ISSUE)
    applies_to = etree.SubElement(request, f"{{{_WSP}}}AppliesTo", nsmap={"wsp": _WSP})
    reference = etree.SubElement(applies_to, f"{{{ADDRESSING}}}EndpointReference")
    etree.SubElement(reference, f"{{{ADDRESSING}}}Address").text = credentials.applies_to
    if entropy:
        nonce = base64.b64encode(entropy).decode("ascii")
        _add(_add(request, "Entropy"), "BinarySecret", nonce).set("Type", _NONCE)
    _add(request, "KeyType", _SYMMETRIC)
    if entropy:
        _add(request, "KeySize", str(8 * KEY_BYTES))
        _add(request, "ComputedKeyAlgorithm", _PSHA1)
    content: bytes = etree.tostring(envelope, encoding="utf-8")
    return TokenRequest(message_id, content, entropy)


def read_token(
    raw: bytes, request: TokenRequest, *, http: HttpFacts, asked_at: datetime, freshness: Freshness
) -> Token:
    """The token in an answer; ``asked_at`` is aware and was read before the request was sent.

    Raises the error for a fault, ``AnswerNotGenuine`` for anything that is not exactly a fresh
    answer to ``request``.
    """
    root = parse_answer(raw, TOKEN_ANSWER_BYTES_MAX)
    refusal = refusal_in(root, http, with_token=False)
    if refusal is not None:
        raise refusal
    check_unsigned(root, freshness, request.message_id)
    try:
        return _read(root, request, asked_at)
    except (ValueError, TypeError, KeyError) as error:
        raise AnswerNotGenuine(f"token answer: {type(error).__name__}") from None


def _read(root: Element, request: TokenRequest, asked_at: datetime) -> Token:
    collection = payload_of(root)
    if collection is None or collection.tag != f"{{{TRUST}}}RequestSecurityTokenResponseCollection":
        raise AnswerNotGenuine("no token answer")
    (answer,) = exactly(collection, f"{{{TRUST}}}RequestSecurityTokenResponse")
    members = {str(member.tag): member for member in answer}
    if len(members) != len(answer) or not members.keys() <= set(_MEMBERS):
        raise AnswerNotGenuine("content of the token answer")
    for name, allowed in _STATED.items():
        if members[f"{{{TRUST}}}{name}"].text not in allowed:
            raise AnswerNotGenuine(f"stated {name}")
    (encrypted,) = exactly(members[f"{{{TRUST}}}RequestedSecurityToken"], _ENCRYPTED)
    identifiers = {
        _identifier(members[f"{{{TRUST}}}Requested{kind}Reference"])
        for kind in ("Attached", "Unattached")
    }
    if len(identifiers) != 1:
        raise AnswerNotGenuine("two references to different tokens")
    life = _life(members[f"{{{TRUST}}}Lifetime"])
    return Token(
        assertion_id=identifiers.pop(),
        usable_until=asked_at + life - min(MARGIN, life / 10),
        key=_key(members, request.entropy),
        # Canonical, so that it brings along the namespaces that it uses and no others.
        encrypted=canonical(encrypted),
    )


def _identifier(holder: Element) -> str:
    (reference,) = exactly(holder, f"{{{WSSE}}}SecurityTokenReference")
    (identifier,) = exactly(reference, f"{{{WSSE}}}KeyIdentifier")
    text = identifier.text or ""
    known = identifier.get("ValueType") == ASSERTION_ID and not len(identifier)
    if not known or not 0 < len(text) <= _IDENTIFIER_CHARACTERS_MAX:
        raise AnswerNotGenuine("key identifier")
    return text


def _life(lifetime: Element) -> timedelta:
    """How long the token lives: a span, so that our clock may differ from the service's."""
    texts = exactly(lifetime, f"{{{WSU}}}Created", f"{{{WSU}}}Expires")
    created, expires = (instant_of(text) for text in texts)
    if not created < expires <= created + TOKEN_LIFE_MAX:
        raise AnswerNotGenuine("lifetime of the token")
    return expires - created


def _key(members: dict[str, Element], entropy: bytes) -> bytes:
    proof = members[f"{{{TRUST}}}RequestedProofToken"]
    theirs = members.get(f"{{{TRUST}}}Entropy")
    if not entropy:
        (secret,) = exactly(proof, f"{{{TRUST}}}BinarySecret")
        key = unbase64(secret)
        if theirs is not None or secret.get("Type", _SYMMETRIC) != _SYMMETRIC:
            raise AnswerNotGenuine("key of another kind")
    else:
        (computed,) = exactly(proof, f"{{{TRUST}}}ComputedKey")
        (secret,) = exactly(members[f"{{{TRUST}}}Entropy"], f"{{{TRUST}}}BinarySecret")
        seed = unbase64(secret)
        if computed.text != _PSHA1 or len(seed) < _ENTROPY_BYTES_MIN:
            raise AnswerNotGenuine("computed key")
        key = p_sha1(entropy, seed, KEY_BYTES)
    if len(key) != KEY_BYTES:
        raise AnswerNotGenuine("length of the key")
    return key


def p_sha1(secret: bytes, seed: bytes, length: int) -> bytes:
    """``length`` bytes of P_SHA1 (RFC 2246 §5), the one function that WS-Trust 1.3 defines."""
    produced, chained = b"", seed
    while len(produced) < length:
        chained = hmac.digest(secret, chained, "sha1")
        produced += hmac.digest(secret, chained + seed, "sha1")
    return produced[:length]


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    child = etree.SubElement(parent, f"{{{TRUST}}}{name}")
    child.text = text
    return child
