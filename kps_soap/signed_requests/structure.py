"""The parts of a signed request: each at its place, once, with algorithms from short lists.

It reads shape only: no digest is computed, no key is touched, nothing is found by name or by id
(hardening §4.1, 3, 4, 8, 9, 11).  Whatever is not as it must be raises ``SecurityMissing`` for the
header, and ``ProofRefused`` for the signature, with a reason for the evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from kps_soap import faults
from kps_soap.authentication import SECURITY, WSSE, WSU
from kps_soap.envelopes import Element
from kps_soap.tokens.base64_values import decoded

#: How a signed request is vouched for, as evidence keeps it.
WITH_SIGNATURE: Final = "X509_SIGNATURE"

_OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
X509V3: Final = f"{_OASIS}x509-token-profile-1.0#X509v3"
BASE64: Final = f"{_OASIS}soap-message-security-1.0#Base64Binary"
ID: Final = f"{{{WSU}}}Id"
CERTIFICATE: Final = f"{{{WSSE}}}BinarySecurityToken"
TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
SIGNATURE: Final = f"{{{DS}}}Signature"

#: RFC 6931 §2.3: kind of key and hash of each allowed signature.
METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": ("RSA", "sha256"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": ("EC", "sha256"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": ("EC", "sha384"),
}
DIGESTS: Final[Mapping[str, str]] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
REFERENCES_MAX: Final = 8
#: No stack has more prefixes in scope.
PREFIXES_MAX: Final = 16
CERTIFICATE_CHARACTERS_MAX: Final = 8_192

#: Attributes, by local name, that some stack takes for an id.
_ID_NAMES: Final = frozenset({"Id", "ID", "id", "iD", "AssertionID"})
_BLANKS: Final = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a Security header, each at its place; nothing in them is vouched for.

    ``certificate`` is what the message brings along, in DER: it only selects among the pinned.
    """

    certificate: bytes
    token: Element
    timestamp: Element
    signature: Element


class Reference(NamedTuple):
    """What a signature says of one part: how it is digested, and to what."""

    prefixes: list[str]
    hash_name: str
    digest: bytes


class Claim(NamedTuple):
    """A signature of the allowed form; nothing in it is checked yet."""

    signed_info: Element
    prefixes: list[str]
    key_kind: str
    hash_name: str
    value: bytes
    references: dict[str, Reference]


def is_signed(security: Element | None) -> bool:
    """Whether a Security header holds a signature, right or wrong."""
    return security is not None and security.find(SIGNATURE) is not None


def parts_of(security: Element) -> Parts:
    """Exactly one certificate, one Timestamp and one Signature, in any order.

    Raises ``SecurityMissing`` for anything else: what is not supported is refused, never skipped,
    a password beside the signature too.
    """
    found: dict[str, Element] = {}
    for child in security:
        name = str(child.tag)
        if name not in (CERTIFICATE, TIMESTAMP, SIGNATURE) or name in found:
            raise faults.SecurityMissing("unsupported or repeated part")
        found[name] = child
    if len(found) != 3:
        raise faults.SecurityMissing("no certificate, Timestamp or Signature")
    token = found[CERTIFICATE]
    return Parts(_certificate_of(token), token, found[TIMESTAMP], found[SIGNATURE])


def _certificate_of(token: Element) -> bytes:
    attributes = dict(token.items())
    attributes.pop(ID, None)
    text = token.text or ""
    plain = attributes.pop("EncodingType", BASE64) == BASE64
    if attributes != {"ValueType": X509V3} or not plain or len(token):
        raise faults.SecurityMissing("kind of security token")
    value = decoded(text) if len(text) <= CERTIFICATE_CHARACTERS_MAX else None
    if not value:
        raise faults.SecurityMissing("security token")
    return value


def claimed_certificate(root: Element) -> bytes | None:
    """The first certificate that any Security header of a refused message shows (design D6).

    For its record only: nobody is believed by it.
    """
    token = root.find(f"{{*}}Header/{SECURITY}/{CERTIFICATE}")
    try:
        return None if token is None else _certificate_of(token)
    except faults.SecurityMissing:
        return None


def ids_of(root: Element) -> Counter[str]:
    """How often each id occurs in a document, under any name of an id."""
    return Counter(
        str(value)
        for element in root.iter()
        for name, value in element.items()
        if str(name).rpartition("}")[2] in _ID_NAMES
    )


def claim_of(parts: Parts) -> Claim:
    """What a signature says, if its form and all its algorithms are allowed."""
    children = _children(parts.signature, id_allowed=True)
    names = [child.tag for child in children]
    if names not in (_ds("SignedInfo", "SignatureValue"), _ds(*_WITH_KEY_INFO)):
        raise faults.ProofRefused("shape of the signature")
    signed_info, value = children[0], children[1]
    if len(children) == 3:
        _check_key_info(children[2], parts.token)
    canonicalization, method, *references = _children(signed_info)
    if not 1 <= len(references) <= REFERENCES_MAX:
        raise faults.ProofRefused("number of references")
    prefixes = _prefixes(canonicalization, "CanonicalizationMethod")
    key_kind, hash_name = METHODS[_choice(method, "SignatureMethod", METHODS)]
    found = dict(_reference(one) for one in references)
    if len(found) != len(references):
        raise faults.ProofRefused("part referenced twice")
    return Claim(signed_info, prefixes, key_kind, hash_name, _bytes_of(value), found)


_WITH_KEY_INFO: Final = ("SignedInfo", "SignatureValue", "KeyInfo")


def _ds(*names: str) -> list[str]:
    return [f"{{{DS}}}{name}" for name in names]


def _children(
    element: Element, *, id_allowed: bool = False, attributes: tuple[str, ...] = ()
) -> list[Element]:
    """The children of an element that holds nothing else; raises ``ProofRefused``."""
    texts = [element.text, *(child.tail for child in element)]
    allowed = {*attributes, *(("Id", ID) if id_allowed else ())}
    if any((text or "").strip(_BLANKS) for text in texts) or not set(element.keys()) <= allowed:
        raise faults.ProofRefused("text or attributes in the signature")
    return list(element)


def _reference(element: Element) -> tuple[str, Reference]:
    children = _children(element, attributes=("URI",))
    names = [element.tag, *(child.tag for child in children)]
    uri = element.get("URI") or ""
    if names != _ds("Reference", "Transforms", "DigestMethod", "DigestValue"):
        raise faults.ProofRefused("shape of a reference")
    # Only a name within the message: no address, no pointer, and not the whole message.
    if uri[:1] != "#" or not uri[1:] or "(" in uri:
        raise faults.ProofRefused("reference")
    transforms = _children(children[0])
    if len(transforms) != 1:
        raise faults.ProofRefused("number of transforms")
    prefixes = _prefixes(transforms[0], "Transform")
    hash_name = DIGESTS[_choice(children[1], "DigestMethod", DIGESTS)]
    return uri[1:], Reference(prefixes, hash_name, _bytes_of(children[2]))


def _choice(element: Element, name: str, allowed: Mapping[str, object]) -> str:
    """The algorithm of an element that says nothing else."""
    algorithm = element.get("Algorithm") or ""
    if [element.tag] != _ds(name) or algorithm not in allowed:
        raise faults.ProofRefused(f"algorithm of {name}")
    if _children(element, attributes=("Algorithm",)):
        raise faults.ProofRefused(f"parameters of {name}")
    return algorithm


def _prefixes(element: Element, name: str) -> list[str]:
    """The prefixes that an exclusive canonicalisation treats as inclusive, mostly none.

    More declarations in what is signed take nothing away from it, so the list is followed.
    """
    if [element.tag] != _ds(name) or element.get("Algorithm") != EXCLUSIVE:
        raise faults.ProofRefused(f"algorithm of {name}")
    inclusive = _children(element, attributes=("Algorithm",))
    if not inclusive:
        return []
    only = inclusive[0]
    if [one.tag for one in inclusive] != [f"{{{EXCLUSIVE}}}InclusiveNamespaces"]:
        raise faults.ProofRefused(f"parameters of {name}")
    if _children(only, attributes=("PrefixList",)):
        raise faults.ProofRefused("prefix list")
    prefixes = (only.get("PrefixList") or "").split()
    if len(prefixes) > PREFIXES_MAX:
        raise faults.ProofRefused("prefix list")
    return prefixes


def _bytes_of(element: Element) -> bytes:
    """A base64 value in its one spelling; XML's white space may stand in it."""
    value = None if len(element) or element.keys() else decoded(element.text or "")
    if not value:
        raise faults.ProofRefused("spelling of a value")
    return value


def _check_key_info(element: Element, token: Element) -> None:
    """Where a key is named at all, it is that of the certificate in the header."""
    holders = _children(element, id_allowed=True)
    if [one.tag for one in holders] != [f"{{{WSSE}}}SecurityTokenReference"]:
        raise faults.ProofRefused("key info")
    pointers = _children(holders[0], id_allowed=True)
    if [one.tag for one in pointers] != [f"{{{WSSE}}}Reference"]:
        raise faults.ProofRefused("key info")
    pointer = pointers[0]
    named = token.get(ID)
    right = named and pointer.get("URI") == f"#{named}"
    if _children(pointer, attributes=("URI", "ValueType")) or not right:
        raise faults.ProofRefused("key info names another token")
    if pointer.get("ValueType", X509V3) != X509V3:
        raise faults.ProofRefused("key info names another kind of token")
