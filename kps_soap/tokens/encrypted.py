"""The encrypted token: how it is written, and how a received one is told from all others.

``encrypt`` writes the element of wire B.3: AES-256-CBC under a fresh key, which RSA-OAEP
(MGF1 and digest SHA-1, as the published clients re-write it; design D13) wraps for the token
certificate.  ``digest_of`` reads a received element strictly and returns the SHA-256 of both
decoded cipher values.  Callers keep the values and write the element around them anew (wire B.3),
so nothing else of it counts: everything else must say exactly what was issued.

This module never decrypts and has no private key.  A changed token is an unknown digest, so
neither padding nor key unwrapping can tell anybody anything.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1

from kps_soap.authentication import WSSE
from kps_soap.envelopes import Element
from kps_soap.faults import TokenRefused
from kps_soap.tokens.base64_values import decoded

ENCRYPTION: Final = "http://www.w3.org/2001/04/xmlenc#"
SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
DATA: Final = f"{{{ENCRYPTION}}}EncryptedData"

CIPHER_CHARACTERS_MAX: Final = 65_536
RSA_BITS_MIN: Final = 2_048

_CONTENT: Final = f"{ENCRYPTION}Element"
_CONTENT_CIPHER: Final = f"{ENCRYPTION}aes256-cbc"
_KEY_CIPHER: Final = f"{ENCRYPTION}rsa-oaep-mgf1p"
_KEY_DIGEST: Final = f"{SIGNATURE}sha1"
_BLOCK_BYTES: Final = 16
_KEY_BYTES: Final = 32
_BLANKS: Final = " \t\r\n"

#: What XML, a format string or another encoding would change in a name that is pasted as it is.
#: (A backslash before it is RFC 4514's first form of the same.)
_NOT_PASTED: Final = re.compile(r"""\\?[^ !#$%'-;=?-z|~]""")


class RecipeRefused(Exception):
    """A token certificate that cannot be used.  The sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """For whom tokens are encrypted: made once, from the token certificate.

    ``issuer`` and ``serial`` are texts as they stand in the element.
    """

    issuer: str
    serial: str
    public_key: rsa.RSAPublicKey

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Recipe:
        """Raises ``RecipeRefused`` for a certificate without an RSA key of 2048 bits or more."""
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < RSA_BITS_MIN:
            raise RecipeRefused(
                "The token certificate must hold an RSA key of at least 2048 bits; make a new one."
            )
        return cls(_name_text(certificate.issuer), str(certificate.serial_number), key)


def _name_text(name: x509.Name) -> str:
    """A name as the original writes it: the most specific part first, a blank after each comma.

    Old clients paste it into a message as it is (wire B.3), so every letter that could be changed
    on the way is written in RFC 4514's other form, a backslash and two digits for each byte.
    """
    parts = [part.rfc4514_string() for part in reversed(name.rdns)]
    return _NOT_PASTED.sub(_escaped, ", ".join(parts))


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\{byte:02X}" for byte in found[0][-1].encode())


@dataclass(frozen=True, slots=True)
class EncryptedToken:
    """An encrypted token: the element, and the digest under which it is registered."""

    xml: bytes
    digest: bytes


def encrypt(
    assertion: bytes, recipe: Recipe, random_bytes: Callable[[int], bytes]
) -> EncryptedToken:
    """Encrypt an assertion.  Key and vector are ``random_bytes``; OAEP's seed is the library's."""
    key, vector = random_bytes(_KEY_BYTES), random_bytes(_BLOCK_BYTES)
    missing = _BLOCK_BYTES - len(assertion) % _BLOCK_BYTES
    sealing = Cipher(AES256(key), CBC(vector)).encryptor()
    content = vector + sealing.update(assertion + bytes([missing]) * missing) + sealing.finalize()
    wrapped = recipe.public_key.encrypt(key, _OAEP)
    return EncryptedToken(_element(recipe, wrapped, content), token_digest(wrapped, content))


_OAEP: Final = padding.OAEP(
    mgf=padding.MGF1(SHA1()),  # noqa: S303 - published clients write this algorithm (design D13)
    algorithm=SHA1(),  # noqa: S303
    label=None,
)


def token_digest(wrapped_key: bytes, content: bytes) -> bytes:
    """SHA-256 of both cipher values, the key's first.  The key's length is the certificate's."""
    return sha256(wrapped_key + content).digest()


def _element(recipe: Recipe, wrapped_key: bytes, content: bytes) -> bytes:
    return (
        f'<xenc:EncryptedData Type="{_CONTENT}" xmlns:xenc="{ENCRYPTION}">'
        f'<xenc:EncryptionMethod Algorithm="{_CONTENT_CIPHER}"/><KeyInfo xmlns="{SIGNATURE}">'
        f'<e:EncryptedKey xmlns:e="{ENCRYPTION}"><e:EncryptionMethod Algorithm="{_KEY_CIPHER}">'
        f'<DigestMethod Algorithm="{_KEY_DIGEST}"/></e:EncryptionMethod><KeyInfo>'
        f'<o:SecurityTokenReference xmlns:o="{WSSE}"><X509Data><X509IssuerSerial>'
        f"<X509IssuerName>{recipe.issuer}</X509IssuerName>"
        f"<X509SerialNumber>{recipe.serial}</X509SerialNumber></X509IssuerSerial></X509Data>"
        "</o:SecurityTokenReference></KeyInfo><e:CipherData><e:CipherValue>"
        f"{base64.b64encode(wrapped_key).decode()}</e:CipherValue></e:CipherData>"
        "</e:EncryptedKey></KeyInfo><xenc:CipherData><xenc:CipherValue>"
        f"{base64.b64encode(content).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData>"
    ).encode()


_KEY_INFO: Final = f"{{{SIGNATURE}}}KeyInfo"
_CIPHER_DATA: Final = f"{{{ENCRYPTION}}}CipherData"
_CIPHER_VALUE: Final = f"{{{ENCRYPTION}}}CipherValue"
_METHOD: Final = f"{{{ENCRYPTION}}}EncryptionMethod"
_NOTHING: Final[Mapping[str, str]] = {}

#: The whole element in document order: each one's name, its number of children, and what its
#: attributes may say.  Names and numbers in this order describe one tree and no other.
_TREE: Final[tuple[tuple[str, int, tuple[Mapping[str, str], ...]], ...]] = (
    # A client that writes the element anew may leave out what is only a hint.
    (DATA, 3, ({"Type": _CONTENT}, _NOTHING)),
    (_METHOD, 0, ({"Algorithm": _CONTENT_CIPHER},)),
    (_KEY_INFO, 1, (_NOTHING,)),
    (f"{{{ENCRYPTION}}}EncryptedKey", 3, (_NOTHING,)),
    (_METHOD, 1, ({"Algorithm": _KEY_CIPHER},)),
    (f"{{{SIGNATURE}}}DigestMethod", 0, ({"Algorithm": _KEY_DIGEST},)),
    (_KEY_INFO, 1, (_NOTHING,)),
    (f"{{{WSSE}}}SecurityTokenReference", 1, (_NOTHING,)),
    (f"{{{SIGNATURE}}}X509Data", 1, (_NOTHING,)),
    (f"{{{SIGNATURE}}}X509IssuerSerial", 2, (_NOTHING,)),
    (f"{{{SIGNATURE}}}X509IssuerName", 0, (_NOTHING,)),
    (f"{{{SIGNATURE}}}X509SerialNumber", 0, (_NOTHING,)),
    (_CIPHER_DATA, 1, (_NOTHING,)),
    (_CIPHER_VALUE, 0, (_NOTHING,)),
    (_CIPHER_DATA, 1, (_NOTHING,)),
    (_CIPHER_VALUE, 0, (_NOTHING,)),
)
_NAMES: Final = [name for name, _, _ in _TREE]
_COUNTS: Final = [count for _, count, _ in _TREE]
_ATTRIBUTES: Final = [said for _, _, said in _TREE]
#: Where text stands: issuer, serial, wrapped key, content.
_LEAVES: Final = (10, 11, 13, 15)


def digest_of(element: Element, recipe: Recipe) -> bytes:
    """The digest of a received token.

    Raises ``TokenRefused`` for anything but the element of wire B.3 around two cipher values:
    other algorithms, another issuer or serial, members too many or too few (design §3).
    """
    nodes = list(element.iter())
    if [node.tag for node in nodes] != _NAMES or [len(node) for node in nodes] != _COUNTS:
        raise TokenRefused("members of the token")
    for node, allowed in zip(nodes, _ATTRIBUTES, strict=True):
        _check_attributes(node, allowed)
    issuer, serial, wrapped_key, content = _texts(nodes)
    if (issuer, serial) != (recipe.issuer, recipe.serial):
        # Compared as texts: they are ours to repeat, and nobody's to interpret.
        raise TokenRefused("issuer or serial")
    key = _cipher_value(wrapped_key)
    if len(key) != (recipe.public_key.key_size + 7) // 8:
        # Only a first part of known length makes one digest of both parts unambiguous.
        raise TokenRefused("length of the wrapped key")
    return token_digest(key, _cipher_value(content))


def _check_attributes(node: Element, allowed: tuple[Mapping[str, str], ...]) -> None:
    """An ``Id`` may come along: some stacks number whatever they forward."""
    items = node.items()
    if (items or _NOTHING not in allowed) and (
        {name: value for name, value in items if name != "Id"} not in allowed
    ):
        raise TokenRefused("attributes of the token")


def _texts(nodes: Sequence[Element]) -> list[str]:
    """The texts of the leaves; nothing but white space stands anywhere else."""
    between = [node.tail for node in nodes[1:]]
    between += [node.text for place, node in enumerate(nodes) if place not in _LEAVES]
    if any(text and text.strip(_BLANKS) for text in between):
        raise TokenRefused("text between the members of the token")
    return [(nodes[place].text or "").strip(_BLANKS) for place in _LEAVES]


def _cipher_value(text: str) -> bytes:
    if not 0 < len(text) <= CIPHER_CHARACTERS_MAX:
        raise TokenRefused("length of a cipher value")
    found = decoded(text)
    if found is None:
        raise TokenRefused("encoding of a cipher value")
    return found
