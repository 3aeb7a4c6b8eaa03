"""A token certificate with its private key, a P-256 signer, and a way to open tokens again.

The product has no private key of the token certificate and never opens a token; the tests do,
with other code than the product's: what is inside is read by ``cryptography`` and signxml.
"""

import base64
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier

from kps_soap.certificates import write_certificate, write_key
from kps_soap.signing import Signer
from kps_soap.tokens.encrypted import Recipe

NOW = datetime(2026, 1, 1, 9, 2, 0, 123_456, tzinfo=UTC)
SERIAL = 713623846352979940529142984724747568191373381
ISSUER = "CN=SINAMA ALT KOK, DC=sinama, DC=intra"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
SAML = "{urn:oasis:names:tc:SAML:1.0:assertion}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
TRUST = "{http://docs.oasis-open.org/ws-sx/ws-trust/200512}"

Attribute = tuple[x509.ObjectIdentifier, str]
NAME: tuple[Attribute, ...] = (
    (NameOID.DOMAIN_COMPONENT, "intra"),
    (NameOID.DOMAIN_COMPONENT, "sinama"),
    (NameOID.COMMON_NAME, "SINAMA ALT KOK"),
)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(
    key: Key, *, issuer: tuple[Attribute, ...] = NAME, serial: int = SERIAL
) -> x509.Certificate:
    """A certificate of a key, in the name of an issuer that needs no key of its own here."""
    name = x509.Name([x509.NameAttribute(kind, value) for kind, value in issuer])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SINAMA")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=serial,
        not_valid_before=datetime(2025, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2045, 1, 1, tzinfo=UTC),
    )
    return builder.add_extension(usage, critical=True).sign(key, SHA256())


@cache
def token_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@cache
def recipe() -> Recipe:
    return Recipe.of(certificate(token_key()))


@dataclass(frozen=True)
class SignerPair:
    signer: Signer
    certificate: x509.Certificate


@cache
def p256() -> SignerPair:
    """The gateway's P-256 signer, and its certificate for those who verify."""
    key = ec.generate_private_key(ec.SECP256R1())
    issued = certificate(key, serial=7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_key(folder / "k", key)
        write_certificate(folder / "c", issued)
        return SignerPair(Signer.load(folder / "k", folder / "c", now=NOW), issued)


def counting_bytes(seed: int = 0) -> Callable[[int], bytes]:
    """Bytes that differ from call to call, and are the same in every run."""
    state = {"calls": seed}

    def draw(length: int) -> bytes:
        state["calls"] += 1
        return bytes((state["calls"] * 37 + place) % 256 for place in range(length))

    return draw


random_bytes: Callable[[int], bytes] = os.urandom


def opened(data: etree._Element) -> bytes:
    """The assertion in an ``EncryptedData``, by the private key."""
    wrapped, content = [
        base64.b64decode(value.text or "") for value in data.iter(f"{XENC}CipherValue")
    ]
    oaep = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA1(), label=None)
    key = token_key().decrypt(wrapped, oaep)
    unsealing = Cipher(AES256(key), CBC(content[:16])).decryptor()
    padded = unsealing.update(content[16:]) + unsealing.finalize()
    assert 1 <= padded[-1] <= 16
    return padded[: -padded[-1]]


def verified(assertion: bytes) -> etree._Element:
    """What of an assertion is signed by the gateway's P-256 key, by another implementation."""
    root = etree.fromstring(assertion)
    found = XMLVerifier().verify(
        root,
        x509_cert=p256().certificate,
        id_attribute="AssertionID",
        expect_config=SignatureConfiguration(
            require_x509=False, location="./", expect_references=1, ignore_ambiguous_key_info=True
        ),
    )
    (result,) = found if isinstance(found, list) else [found]
    signed = result.signed_xml
    assert signed is not None and signed.get("AssertionID") == root.get("AssertionID")
    return signed
