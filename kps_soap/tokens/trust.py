"""WS-Trust 1.3 in two directions: what a request for a token says, and the words of the answer.

``read_request`` reads the seven shapes that published clients send (wire B.2), and everything
between them.  It is a structural reader and no schema: the standard itself leaves the members of
a request open, their order free and each of them optional, so a schema could only repeat that.
The rule here is stricter where it matters.  A member that this service obeys may stand once,
holds nothing but what it may hold, and has one of the values that can be obeyed; one that asks
for somebody else's token, or for another key, is refused and never skipped; hints about
algorithms, claims and lifetimes are the issuer's to decide, and are not read.

``write_response`` writes the answer byte for byte (wire B.3).  This module draws no key, signs
nothing, and neither knows nor judges who asks.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kps_soap import faults
from kps_soap.authentication import WSSE, WSU
from kps_soap.envelopes import Element, xml_attribute, xml_text
from kps_soap.tokens.base64_values import decoded

TRUST: Final = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
ISSUE: Final = f"{TRUST}/Issue"
SYMMETRIC_KEY: Final = f"{TRUST}/SymmetricKey"
COMPUTED_KEY: Final = f"{TRUST}/CK/PSHA1"
NONCE: Final = f"{TRUST}/Nonce"
KEY_BITS: Final = 256

_ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
_POLICY: Final = "http://schemas.xmlsoap.org/ws/2004/09/policy"
#: Stacks that know the W3C's version of WS-Policy may use its namespace instead.
_POLICIES: Final = (_POLICY, "http://www.w3.org/ns/ws-policy")

_WSSE11: Final = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
_SAML_PROFILE: Final = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1."
SAML_TOKEN: Final = f"{_SAML_PROFILE}1#SAMLV1.1"
SAML_ASSERTION_ID: Final = f"{_SAML_PROFILE}0#SAMLAssertionID"
SAML_ASSERTION: Final = "urn:oasis:names:tc:SAML:1.0:assertion"

ADDRESS_CHARACTERS_MAX: Final = 2_048
CONTEXT_CHARACTERS_MAX: Final = 1_024
ENTROPY_BYTES_MIN: Final = 16
ENTROPY_BYTES_MAX: Final = 256

#: The text members that are obeyed, and the only values that can be; absent is as good.
_OBEYED: Final = {
    f"{{{TRUST}}}RequestType": frozenset({ISSUE}),
    f"{{{TRUST}}}TokenType": frozenset({SAML_TOKEN, SAML_ASSERTION}),
    f"{{{TRUST}}}KeyType": frozenset({SYMMETRIC_KEY}),
    # Fewer bits would be a weaker key than the published policy's suite, Basic256, has.
    f"{{{TRUST}}}KeySize": frozenset({str(KEY_BITS)}),
    f"{{{TRUST}}}ComputedKeyAlgorithm": frozenset({COMPUTED_KEY}),
}
_REQUEST: Final = f"{{{TRUST}}}RequestSecurityToken"
_REQUEST_TYPE: Final = f"{{{TRUST}}}RequestType"
_SECONDARY: Final = f"{{{TRUST}}}SecondaryParameters"
_ENTROPY: Final = f"{{{TRUST}}}Entropy"
_APPLIES_TO: Final = tuple(f"{{{policy}}}AppliesTo" for policy in _POLICIES)

#: What asks for another's token, another key or another operation: refused, not skipped.
_NOT_ISSUED: Final = frozenset(
    {
        f"{{{TRUST}}}{name}"
        for name in (
            *("OnBehalfOf", "DelegateTo", "Participants", "UseKey", "Encryption"),
            *("ProofEncryption", "RenewTarget", "ValidateTarget", "CancelTarget"),
        )
    }
    | {"{http://docs.oasis-open.org/ws-sx/ws-trust/200802}ActAs"}
)

_BLANKS: Final = " \t\r\n"


class TrustRequestRefused(faults.SchemaRefused):
    """The request asks for what this token service does not issue, or not in WS-Trust's words."""

    turkish = "Anahtar isteği WS-Trust 1.3 kurallarına uymuyor ya da karşılanamıyor."
    english = "The request was invalid or malformed, or asks for what is not issued here."


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a caller asks for.

    ``applies_to`` is the address that the token is meant for, to be repeated and never judged
    (wire B.2), empty where none was named; ``context`` likewise.  ``entropy`` is the caller's
    part of the proof key, None where the issuer is to draw all of it.
    """

    applies_to: str = ""
    context: str = ""
    entropy: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What the answer says of an issued token.

    ``created`` and ``expires`` are instants as written; ``token`` is the encrypted element.
    ``secret`` is the proof key, or where ``computed`` the issuer's part of it.
    """

    created: str
    expires: str
    assertion_id: str
    token: bytes
    secret: bytes = field(repr=False)
    computed: bool


def read_request(element: Element) -> TokenRequest:
    """Read a ``RequestSecurityToken``.  Raises ``TrustRequestRefused``."""
    if element.tag != _REQUEST:
        raise TrustRequestRefused("request element")
    context = element.get("Context", "")
    if len(context) > CONTEXT_CHARACTERS_MAX:
        raise TrustRequestRefused("context length")
    members = _members(element)
    if _REQUEST_TYPE not in members:
        raise TrustRequestRefused("no request type")
    _check_values(members)
    if _SECONDARY in members:
        _check_values(_members(members[_SECONDARY]))
    applies = [members[name] for name in _APPLIES_TO if name in members]
    if len(applies) > 1:
        raise TrustRequestRefused("address twice")
    return TokenRequest(
        applies_to=_address(applies[0]) if applies else "",
        context=context,
        entropy=_entropy(members[_ENTROPY]) if _ENTROPY in members else None,
    )


def _members(parent: Element) -> dict[str, Element]:
    """The elements of a parent that holds elements only, by name.

    What this service reads may stand once; the rest may stand as often as it likes.
    """
    read = {*_OBEYED, _SECONDARY, _ENTROPY, *_APPLIES_TO}
    found: dict[str, Element] = {}
    for child in _only_elements(parent):
        name = str(child.tag)
        if name in _NOT_ISSUED or (name in read and name in found):
            raise TrustRequestRefused("member not issued here, or twice")
        found[name] = child
    return found


def _only_elements(parent: Element) -> Iterator[Element]:
    if (parent.text or "").strip(_BLANKS):
        raise TrustRequestRefused("text between members")
    for child in parent:
        if (child.tail or "").strip(_BLANKS):
            raise TrustRequestRefused("text between members")
        yield child


def _check_values(members: dict[str, Element]) -> None:
    for name, values in _OBEYED.items():
        member = members.get(name)
        if member is not None and _text(member) not in values:
            raise TrustRequestRefused("value that is not issued")


def _text(element: Element) -> str:
    if len(element):
        raise TrustRequestRefused("elements where text belongs")
    return (element.text or "").strip(_BLANKS)


def _only_child(parent: Element, name: str) -> Element:
    found = [child for child in _only_elements(parent) if child.tag == name]
    if len(found) != 1:
        raise TrustRequestRefused("member missing or twice")
    return found[0]


def _address(applies_to: Element) -> str:
    """``AppliesTo/EndpointReference/Address``; further members of a reference are not read."""
    reference = _only_child(applies_to, f"{{{_ADDRESSING}}}EndpointReference")
    address = _text(_only_child(reference, f"{{{_ADDRESSING}}}Address"))
    if len(address) > ADDRESS_CHARACTERS_MAX:
        raise TrustRequestRefused("address length")
    return address


def _entropy(element: Element) -> bytes:
    """The caller's part of the key: one ``BinarySecret``, base64."""
    secret = _only_child(element, f"{{{TRUST}}}BinarySecret")
    if secret.get("Type", NONCE) != NONCE:
        raise TrustRequestRefused("entropy type")
    entropy = decoded(_text(secret))
    if entropy is None:
        raise TrustRequestRefused("entropy encoding")
    if not ENTROPY_BYTES_MIN <= len(entropy) <= ENTROPY_BYTES_MAX:
        raise TrustRequestRefused("entropy length")
    return entropy


_COLLECTION: Final = f'<trust:RequestSecurityTokenResponseCollection xmlns:trust="{TRUST}">'
_TAIL: Final = (
    f"<trust:TokenType>{SAML_ASSERTION}</trust:TokenType>"
    f"<trust:RequestType>{ISSUE}</trust:RequestType>"
    f"<trust:KeyType>{SYMMETRIC_KEY}</trust:KeyType>"
    "</trust:RequestSecurityTokenResponse></trust:RequestSecurityTokenResponseCollection>"
)


def write_response(request: TokenRequest, response: Response) -> bytes:
    """The ``RequestSecurityTokenResponseCollection``: members in order, no white space, no Ids.

    Written for a Body in whose envelope the prefix ``a`` is WS-Addressing's (wire B.3).  Where
    the caller gave entropy, the issuer's own comes first, as the original's serialiser puts it.
    """
    secret = base64.b64encode(response.secret).decode()
    shown = f"<trust:BinarySecret>{secret}</trust:BinarySecret>"
    entropy, proof = "", shown
    if response.computed:
        entropy = f"<trust:Entropy>{shown}</trust:Entropy>"
        proof = f"<trust:ComputedKey>{COMPUTED_KEY}</trust:ComputedKey>"
    reference = _reference(response.assertion_id)
    head = (
        f"{_COLLECTION}<trust:RequestSecurityTokenResponse{_context(request)}>{entropy}"
        f"<trust:KeySize>{KEY_BITS}</trust:KeySize>"
        f'<trust:Lifetime><wsu:Created xmlns:wsu="{WSU}">{response.created}</wsu:Created>'
        f'<wsu:Expires xmlns:wsu="{WSU}">{response.expires}</wsu:Expires></trust:Lifetime>'
        f"{_applies_to(request)}<trust:RequestedSecurityToken>"
    )
    tail = (
        "</trust:RequestedSecurityToken>"
        f"<trust:RequestedProofToken>{proof}</trust:RequestedProofToken>"
        f"<trust:RequestedAttachedReference>{reference}</trust:RequestedAttachedReference>"
        f"<trust:RequestedUnattachedReference>{reference}</trust:RequestedUnattachedReference>"
        f"{_TAIL}"
    )
    return head.encode() + response.token + tail.encode()


def _context(request: TokenRequest) -> str:
    return f' Context="{xml_attribute(request.context)}"' if request.context else ""


def _applies_to(request: TokenRequest) -> str:
    if not request.applies_to:
        return ""
    return (
        f'<wsp:AppliesTo xmlns:wsp="{_POLICY}"><a:EndpointReference>'
        f"<a:Address>{xml_text(request.applies_to)}</a:Address>"
        "</a:EndpointReference></wsp:AppliesTo>"
    )


def _reference(assertion_id: str) -> str:
    return (
        f'<o:SecurityTokenReference k:TokenType="{SAML_TOKEN}" xmlns:o="{WSSE}"'
        f' xmlns:k="{_WSSE11}"><o:KeyIdentifier ValueType="{SAML_ASSERTION_ID}">'
        f"{assertion_id}</o:KeyIdentifier></o:SecurityTokenReference>"
    )
