"""Proves that a pinned certificate's key signed the parts of a request that will be used.

The order of ``Verifier.prove`` is that of hardening §4.1: what the signature covers is held to
what will be used, the signature over SignedInfo is checked with the pinned key, and only then is
any part canonicalised.  What it returns was parsed from the very bytes that were digested, so
nothing that is unsigned can reach an operation.  Whatever is wrong raises ``ProofRefused``; the
reason is for the evidence alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from kps_soap import faults
from kps_soap.envelopes import Element
from kps_soap.signed_requests.structure import ID, Claim, Parts, claim_of, ids_of

RSA_BITS_MIN: Final = 2048
_HASHES: Final = {"sha256": hashes.SHA256, "sha384": hashes.SHA384}

#: From an element and the prefixes treated as inclusive to its canonical form.
Canonical = Callable[[Element, list[str]], bytes]


def canonical_form(element: Element, prefixes: list[str]) -> bytes:
    """Exclusive canonical form, without comments, of an element where it stands."""
    written: bytes = etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=prefixes or None,
    )
    return written


@dataclass(frozen=True, slots=True)
class Proven:
    """What was signed, in the order of the parts that were asked for, and what names it.

    ``key`` is SHA-256 of the canonical SignedInfo: one signed message has one, whatever a
    stranger makes of the spelling of its signature value.
    """

    parts: list[Element]
    key: bytes


def certificate_digest(certificate: bytes) -> str:
    """SHA-256 (hex) of a certificate (DER), by which it is pinned."""
    return hashlib.sha256(certificate).hexdigest()


@dataclass(frozen=True, slots=True)
class Verifier:
    """``canonical`` is handed in so that it can be counted."""

    canonical: Canonical = canonical_form

    def prove(
        self,
        parts: Parts,
        root: Element,
        *,
        must: Sequence[Element],
        may: Sequence[Element] = (),
        now: datetime,
    ) -> Proven:
        """Prove the signature of a pinned certificate over all of ``must``.

        ``may`` are parts that some stacks sign besides and nobody reads; a signature over
        anything else is refused.  Raises ``ProofRefused`` whatever is wrong.
        """
        try:
            return self._prove(parts, root, must, may, now)
        except InvalidSignature:
            raise faults.ProofRefused("signature value") from None
        except (etree.LxmlError, UnsupportedAlgorithm, ValueError, TypeError) as error:
            raise faults.ProofRefused(f"unreadable: {type(error).__name__}") from None

    def _prove(
        self,
        parts: Parts,
        root: Element,
        must: Sequence[Element],
        may: Sequence[Element],
        now: datetime,
    ) -> Proven:
        claim = claim_of(parts)
        by_id = _coverage(claim, root, must, may)
        certificate = x509.load_der_x509_certificate(parts.certificate)
        _check_certificate(certificate, now)
        signed = self.canonical(claim.signed_info, claim.prefixes)
        _check_signature(certificate, claim, signed)
        written = {}
        for name, reference in claim.references.items():
            written[name] = self.canonical(by_id[name], reference.prefixes)
            if hashlib.new(reference.hash_name, written[name]).digest() != reference.digest:
                raise faults.ProofRefused("digest")
        proven = [_parsed(written[str(part.get(ID))]) for part in must]
        return Proven(proven, hashlib.sha256(signed).digest())


def _coverage(
    claim: Claim, root: Element, must: Sequence[Element], may: Sequence[Element]
) -> dict[str, Element]:
    """The parts by the ids under which they are signed, each of them unique in the document."""
    by_id = {str(part.get(ID, "")): part for part in (*must, *may) if part.get(ID)}
    demanded = {str(part.get(ID, "")) for part in must}
    if "" in demanded or len(demanded) != len(must):
        raise faults.ProofRefused("part without an id of its own")
    if not demanded <= claim.references.keys() <= by_id.keys():
        raise faults.ProofRefused("coverage")
    ids = ids_of(root)
    if any(ids[name] != 1 for name in claim.references):
        raise faults.ProofRefused("id used twice")
    return by_id


def _check_certificate(certificate: x509.Certificate, now: datetime) -> None:
    """Valid now, and made for signing (hardening §4.1, 13)."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise faults.ProofRefused("certificate outside its validity")
    usages = [one.value for one in certificate.extensions if isinstance(one.value, x509.KeyUsage)]
    if not any(usage.digital_signature for usage in usages):
        raise faults.ProofRefused("certificate not for signing")


def _check_signature(certificate: x509.Certificate, claim: Claim, signed: bytes) -> None:
    """Raise ``InvalidSignature``, or ``ProofRefused`` for a method that the key has not."""
    key, value, hash_method = certificate.public_key(), claim.value, _HASHES[claim.hash_name]()
    if isinstance(key, rsa.RSAPublicKey) and claim.key_kind == "RSA":
        if key.key_size < RSA_BITS_MIN:
            raise faults.ProofRefused("key too short")
        key.verify(value, signed, padding.PKCS1v15(), hash_method)
    elif isinstance(key, ec.EllipticCurvePublicKey) and claim.key_kind == "EC":
        if not isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
            raise faults.ProofRefused("curve")
        half = key.key_size // 8
        if len(value) != 2 * half:
            raise faults.ProofRefused("length of the signature value")
        r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hash_method))
    else:
        raise faults.ProofRefused("method does not suit the certificate")


def _parsed(written: bytes) -> Element:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False
    )
    return etree.fromstring(written, parser)
