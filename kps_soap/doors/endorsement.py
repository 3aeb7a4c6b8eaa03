"""The endorsing signature of a routed message: proof that its sender holds the token's key.

A symmetric signature over the Timestamp, and over nothing else (wire B.4): parts are taken by
position, algorithms come from short lists, and what was signed is canonicalised as it was
received, white space and prefixes included.  ``parts_of`` finds the parts, ``Prover.prove`` does
the same number of digests and MACs whatever is wrong with a message.

This module resolves no id and follows no reference: the only part that may be signed stands at
its place.  It knows no token, no account and no clock, and never says to a caller which check
failed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from lxml import etree

from kps_soap import faults
from kps_soap.authentication import WSSE, WSU
from kps_soap.envelopes import Element
from kps_soap.tokens.base64_values import decoded

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
#: How the message names its token (SAML Token Profile 1.0); the assertion's version is 1.1.
ASSERTION_ID: Final = (
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
)

#: How a message was vouched for, as evidence keeps it.  SHA-1 anywhere makes it the weaker one.
WITH_SHA1: Final = "TOKEN_HMAC_SHA1"
WITH_SHA256: Final = "TOKEN_HMAC_SHA256"

TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
TOKEN: Final = f"{{{XENC}}}EncryptedData"
SIGNATURE: Final = f"{{{DS}}}Signature"
_ID: Final = f"{{{WSU}}}Id"

#: RFC 6931 §2.2.2 and XML Signature §6.1: the two of each, by the names of Python's hashes.
_METHODS: Final[Mapping[str, str]] = {
    f"{DS}hmac-sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256": "sha256",
}
_DIGESTS: Final[Mapping[str, str]] = {f"{DS}sha1": "sha1", f"{XENC}sha256": "sha256"}
_HASH_BYTES: Final = {"sha1": 20, "sha256": 32}


def _shape(*, outer: bool, inner: bool) -> tuple[tuple[str, int], ...]:
    """Every element of a signature in the order of the document, with the number of its children.

    ``outer`` and ``inner``: whether the canonicalisation of SignedInfo, and that of the
    Timestamp, name prefixes.
    """
    inclusive = ((f"{{{EXCLUSIVE}}}InclusiveNamespaces", 0),)
    parts = (
        *(("Signature", 3), ("SignedInfo", 3), ("CanonicalizationMethod", int(outer))),
        *(inclusive if outer else ()),
        *(("SignatureMethod", 0), ("Reference", 3), ("Transforms", 1), ("Transform", int(inner))),
        *(inclusive if inner else ()),
        *(("DigestMethod", 0), ("DigestValue", 0), ("SignatureValue", 0), ("KeyInfo", 1)),
        *((f"{{{WSSE}}}SecurityTokenReference", 1), (f"{{{WSSE}}}KeyIdentifier", 0)),
    )
    return tuple((name if name[0] == "{" else f"{{{DS}}}{name}", count) for name, count in parts)


#: The shapes of an allowed signature: the framework of the original names no prefixes, WSS4J and
#: Metro name those in scope.
_SHAPES: Final = {
    _shape(outer=outer, inner=inner): (outer, inner)
    for outer in (False, True)
    for inner in (False, True)
}

#: No stack has more prefixes in scope.
PREFIXES_MAX: Final = 16
_BLANKS: Final = " \t\r\n"

#: Attributes, by local name, that some stack takes for an id (hardening §4.1, 6).
_with_id = etree.XPath(
    "count(//@*[. = $id][local-name() = 'Id' or local-name() = 'ID' or local-name() = 'id'"
    " or local-name() = 'iD' or local-name() = 'AssertionID'])"
)
_with_value = etree.XPath("count(//@*[. = $id])")

#: From a key, a message and the name of a hash to the MAC; ``hmac.digest`` is one.
Mac = Callable[[bytes, bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a Security header, each at its place; nothing in them is vouched for."""

    timestamp: Element
    token: Element
    signature: Element


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a signature.

    ``trouble`` is empty where the key made it over this Timestamp, and else says why not, for
    the evidence.  ``unverified_assertion_id`` names the token that the signer means.
    """

    how: str
    unverified_assertion_id: str
    trouble: str


class _Claim(NamedTuple):
    """A signature of an allowed form, with what it is said to cover in canonical form."""

    covered: bytes
    signed: bytes
    method: str
    digest_method: str
    digest: bytes
    value: bytes
    assertion_id: str


#: What is compared where there is nothing to compare: it costs the same and is never right.
_NO_CLAIM: Final = _Claim(b"", b"", "sha1", "sha1", b"", b"", "")


def parts_of(security: Element | None) -> Parts:
    """Exactly one Timestamp, one encrypted token and one Signature, in any order.

    Raises ``SecurityMissing`` for anything else: what is not supported is refused, never
    skipped, a UsernameToken sent straight to the router too (wire B.6).
    """
    found: dict[str, Element] = {}
    for child in security if security is not None else ():
        name = str(child.tag)
        if name not in (TIMESTAMP, TOKEN, SIGNATURE) or name in found:
            raise faults.SecurityMissing("unsupported or repeated part")
        found[name] = child
    if len(found) != 3:
        raise faults.SecurityMissing("no Timestamp, token or Signature")
    return Parts(found[TIMESTAMP], found[TOKEN], found[SIGNATURE])


@dataclass(frozen=True, slots=True)
class Prover:
    """Compares signatures with keys.  ``mac`` is handed in so that it can be counted."""

    mac: Mac = hmac.digest

    def prove(self, parts: Parts, root: Element, key: bytes) -> Proof:
        """Whether ``key`` signed this very Timestamp.  Never raises.

        One digest and one MAC, also where the signature is not of an allowed form.
        """
        claim, trouble = _claim(parts, root)
        digest = hashlib.new(claim.digest_method, claim.covered, usedforsecurity=False).digest()
        value = self.mac(key, claim.signed, claim.method)
        # Both are compared, whatever the first comparison says.
        same = hmac.compare_digest(value, claim.value) & hmac.compare_digest(digest, claim.digest)
        how = WITH_SHA1 if "sha1" in (claim.method, claim.digest_method) else WITH_SHA256
        return Proof(how, claim.assertion_id, trouble or ("" if same else "signature value"))


def _claim(parts: Parts, root: Element) -> tuple[_Claim, str]:
    """What a signature claims, or what is wrong with its form."""
    try:
        return _claim_of(parts, root), ""
    except faults.ProofRefused as refusal:
        return _NO_CLAIM, refusal.detail
    except (etree.LxmlError, ValueError) as error:
        return _NO_CLAIM, f"unreadable: {type(error).__name__}"


def _claim_of(parts: Parts, root: Element) -> _Claim:
    """Hold a signature to its one allowed form; raises ``ProofRefused``."""
    elements = list(parts.signature.iter())
    shape = _SHAPES.get(tuple([(one.tag, len(one)) for one in elements]))
    if shape is None:
        raise faults.ProofRefused("shape of the signature")
    _, signed_info, canonicalization, *rest = elements
    prefixes = _prefixes(canonicalization, rest.pop(0) if shape[0] else None)
    method_element, reference, _, transform, *rest = rest
    timestamp_prefixes = _prefixes(transform, rest.pop(0) if shape[1] else None)
    digest_element, digest_value, value, _, _, identifier = rest
    method = _METHODS.get(_only_attribute(method_element, "Algorithm"))
    digest_method = _DIGESTS.get(_only_attribute(digest_element, "Algorithm"))
    if method is None or digest_method is None:
        raise faults.ProofRefused("signature or digest method")
    if identifier.get("ValueType") != ASSERTION_ID:
        raise faults.ProofRefused("key identifier")
    _check_reference(_only_attribute(reference, "URI"), parts.timestamp, root)
    return _Claim(
        covered=_canonical(parts.timestamp, timestamp_prefixes),
        signed=_canonical(signed_info, prefixes),
        method=method,
        digest_method=digest_method,
        digest=_bytes_of(digest_value, digest_method),
        value=_bytes_of(value, method),
        assertion_id=(identifier.text or "").strip(_BLANKS),
    )


def _only_attribute(element: Element, name: str) -> str:
    found = element.items()
    if len(found) != 1 or found[0][0] != name:
        raise faults.ProofRefused("attributes in SignedInfo")
    return str(found[0][1])


def _prefixes(element: Element, inclusive: Element | None) -> list[str]:
    """The prefixes that an exclusive canonicalisation treats as inclusive, mostly none.

    More declarations in what is signed take nothing away from it, so the list is followed.
    """
    if _only_attribute(element, "Algorithm") != EXCLUSIVE:
        raise faults.ProofRefused("canonicalisation")
    if inclusive is None:
        return []
    prefixes = _only_attribute(inclusive, "PrefixList").split()
    if len(prefixes) > PREFIXES_MAX:
        raise faults.ProofRefused("prefix list")
    return prefixes


def _check_reference(uri: str, timestamp: Element, root: Element) -> None:
    """The reference names the Timestamp at its place, by an id that nothing else has."""
    element_id = timestamp.get(_ID)
    if not element_id or uri != f"#{element_id}":
        raise faults.ProofRefused("reference")
    # Any attribute of that value is the quick question; most messages have one only.
    if _with_value(root, id=element_id) != 1 and _with_id(root, id=element_id) != 1:
        raise faults.ProofRefused("id used twice")


def _bytes_of(element: Element, method: str) -> bytes:
    """A base64 value of the hash's full length; XML's white space may stand in it."""
    value = decoded(element.text or "")
    if value is None or len(value) != _HASH_BYTES[method]:
        raise faults.ProofRefused("length or spelling of a value")
    return value


def _canonical(element: Element, prefixes: list[str]) -> bytes:
    """Exclusive canonical form of an element where it stands, as it was received."""
    canonical: bytes = etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=prefixes or None,
    )
    return canonical
