"""The three WS-SecurityPolicy 1.2 assertions that our WSDLs make, as elements (WS-Policy 1.2).

The direct door's asks for a user name over TLS; the router's is the published one, which sends a
client to the token service first (wire B.1); the token service's is that of the framework which
the original is built on.  No policy is read or enforced here: what a door demands is the door's
own affair, and an agreement may demand more.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

Element = etree._Element

WSP: Final = "http://schemas.xmlsoap.org/ws/2004/09/policy"
SP: Final = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSAW: Final = "http://www.w3.org/2006/05/addressing/wsdl"
MEX: Final = "http://schemas.xmlsoap.org/ws/2004/09/mex"
TRUST: Final = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"

_ALWAYS_TO_RECIPIENT: Final = f"{SP}/IncludeToken/AlwaysToRecipient"
_PLAIN: Final = {"wsp": WSP, "wsu": WSU, "sp": SP}
_ADDRESSED: Final = {**_PLAIN, "wsaw": WSAW, "wsa10": WSA}


def add(parent: Element, namespace: str, name: str, /, **attributes: str) -> Element:
    """A new last child.  The prefix of its namespace must be declared above it."""
    return etree.SubElement(parent, f"{{{namespace}}}{name}", dict(attributes))


def _add_asserted(parent: Element, name: str) -> Element:
    """An assertion with a policy inside; returns that policy."""
    return add(add(parent, SP, name), WSP, "Policy")


def _new_policy(name: str, prefixes: dict[str, str]) -> tuple[Element, Element]:
    """A policy with one alternative, and the place of its assertions."""
    policy = etree.Element(f"{{{WSP}}}Policy", nsmap=prefixes)
    policy.set(f"{{{WSU}}}Id", name)
    return policy, add(add(policy, WSP, "ExactlyOne"), WSP, "All")


def _add_transport(all_of: Element, *, suite: str, layout: str) -> None:
    """TLS and a Timestamp."""
    transport = _add_asserted(all_of, "TransportBinding")
    token = _add_asserted(transport, "TransportToken")
    add(add(token, SP, "HttpsToken"), WSP, "Policy")
    add(_add_asserted(transport, "AlgorithmSuite"), SP, suite)
    add(_add_asserted(transport, "Layout"), SP, layout)
    add(transport, SP, "IncludeTimestamp")


def _add_user_name(all_of: Element, supporting: str) -> None:
    token = add(_add_asserted(all_of, supporting), SP, "UsernameToken")
    token.set(f"{{{SP}}}IncludeToken", _ALWAYS_TO_RECIPIENT)
    add(add(token, WSP, "Policy"), SP, "WssUsernameToken10")


def _add_versions(all_of: Element) -> None:
    """WS-Security 1.1, WS-Trust 1.3 and WS-Addressing, with the original's demands.

    Both entropies are demanded in words only: the original answers a request without client
    entropy too, and so do we (wire B.1, B.2).
    """
    add(add(all_of, SP, "Wss11"), WSP, "Policy")
    trust = _add_asserted(all_of, "Trust13")
    for demand in ("MustSupportIssuedTokens", "RequireClientEntropy", "RequireServerEntropy"):
        add(trust, SP, demand)
    add(all_of, WSAW, "UsingAddressing")


def user_name_policy(name: str) -> Element:
    """The direct door: TLS, a Timestamp and a user name with password."""
    policy, all_of = _new_policy(name, _PLAIN)
    _add_transport(all_of, suite="Basic256Sha256", layout="Lax")
    _add_user_name(all_of, "SignedSupportingTokens")
    return policy


def issued_token_policy(name: str, *, issuer: str, metadata: str) -> Element:
    """The router: TLS, and the Timestamp endorsed with the key of an issued token (wire B.1).

    ``issuer`` and ``metadata`` are the addresses of the token service and of its description.
    Some clients find the token service by the way from ``wsdl:definitions`` down to
    ``sp:Issuer/wsa:Address`` and nowhere else.
    """
    policy, all_of = _new_policy(name, _ADDRESSED)
    _add_transport(all_of, suite="Basic256", layout="Strict")
    token = add(_add_asserted(all_of, "EndorsingSupportingTokens"), SP, "IssuedToken")
    token.set(f"{{{SP}}}IncludeToken", _ALWAYS_TO_RECIPIENT)
    _add_issuer(token, issuer, metadata)
    template = add(token, SP, "RequestSecurityTokenTemplate")
    kind = etree.SubElement(template, f"{{{TRUST}}}KeyType", nsmap={"trust": TRUST})
    kind.text = f"{TRUST}/SymmetricKey"
    add(add(token, WSP, "Policy"), SP, "RequireInternalReference")
    _add_versions(all_of)
    return policy


def _add_issuer(token: Element, issuer: str, metadata: str) -> None:
    """The token service as an endpoint reference that says where its metadata are."""
    reference = add(token, SP, "Issuer")
    add(reference, WSA, "Address").text = issuer
    held = add(reference, WSA, "Metadata")
    described = etree.SubElement(held, f"{{{MEX}}}Metadata", nsmap={"wsx": MEX})
    section = add(described, MEX, "MetadataSection")
    add(add(section, MEX, "MetadataReference"), WSA, "Address").text = metadata


def issuer_policy(name: str) -> Element:
    """The token service: TLS, a Timestamp, a user name with password, WS-Trust 1.3.

    The user name stands under ``SignedEncryptedSupportingTokens``, as the original's framework
    writes it for WS-SecurityPolicy 1.2; readers of such descriptions look for nothing else.
    """
    policy, all_of = _new_policy(name, _ADDRESSED)
    _add_transport(all_of, suite="Basic256", layout="Strict")
    _add_user_name(all_of, "SignedEncryptedSupportingTokens")
    _add_versions(all_of)
    return policy
