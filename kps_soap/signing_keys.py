"""Keys that sign answers: read from their files, judged, and made into functions that sign.

RSA of at least 2048 bits with SHA-256, and ECDSA P-256 with SHA-256; the file of a key is its
owner's alone, and its certificate may sign.  This room writes no envelope, and says nothing of a
file or of what is in it: the caller knows which key it meant.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

RSA_BITS_MIN: Final = 2048


class SigningKeyError(Exception):
    """A key or certificate that cannot sign answers.  The sentence says what to do.

    It names neither the file nor anything read from it: the caller knows which key it meant.
    """


def load_key(path: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """The private key in a PEM file; raises ``SigningKeyError``."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read()
    except OSError:
        raise SigningKeyError("The signing key file cannot be read.") from None
    if mode & 0o077:
        raise SigningKeyError("The signing key file is open to other accounts; give it mode 0600.")
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise SigningKeyError(
            "The signing key is encrypted; store it unencrypted with mode 0600."
        ) from None
    except ValueError:
        raise SigningKeyError("The signing key file holds no private key in PEM.") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS_MIN:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise SigningKeyError("The signing key must be RSA of at least 2048 bits or ECDSA P-256.")


def load_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file; raises ``SigningKeyError``."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except OSError:
        raise SigningKeyError("The signing certificate file cannot be read.") from None
    except ValueError:
        raise SigningKeyError("The signing certificate file holds no PEM certificate.") from None


def check_usage(certificate: x509.Certificate) -> None:
    """Raise ``SigningKeyError`` unless the certificate may sign."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is None or not usage.digital_signature:
        raise SigningKeyError("The signing certificate lacks the key usage digitalSignature.")


def rsa_signature(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    """Signs bytes by RSASSA-PKCS1-v1_5 with SHA-256."""
    scheme, digest = padding.PKCS1v15(), SHA256()
    return lambda data: key.sign(data, scheme, digest)


def ecdsa_signature(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    """Signs bytes by ECDSA with SHA-256, in the form of XML Signature."""
    scheme = ec.ECDSA(SHA256())

    def sign(data: bytes) -> bytes:
        # XML Signature wants r and s side by side, not the DER that the library gives.
        r, s = decode_dss_signature(key.sign(data, scheme))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign
