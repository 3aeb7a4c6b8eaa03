"""The direct door under an agreement of the profile GUCLU, and messages signed for it.

``SignedMessage`` writes a request and signs it with a key of the test's own.  It shares no code
with the verifier: digests are made of what lxml canonicalises, signatures by ``cryptography``.
"""

import asyncio
import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from agreements.agreement_samples import edited
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from direct_house import PERSON, Direct, direct
from lxml import etree
from routed import ACCOUNT, ADDRESSING, DS, EXCLUSIVE, NOW, STRICT, agreements, person_query
from soap_samples import SOAP11

from kps_soap import faults
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.authentication import WSSE, WSU
from kps_soap.certificates import SigningKind, demo_authority, signing_certificate
from kps_soap.doors.signed import SignedRequests
from kps_soap.entry import Entry
from kps_soap.envelopes import Element
from kps_soap.signed_requests.presented import REASON
from kps_soap.signed_requests.structure import BASE64, X509V3
from kps_soap.signed_requests.verifying import Verifier, canonical_form
from kps_soap.signing import Signer
from kps_soap.terms import istanbul_date

INQUIRER_NAMESPACE = "http://kps.nvi.gov.tr/2011/01/01/sorgulayan"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256, ECDSA_SHA256 = f"{MORE}rsa-sha256", f"{MORE}ecdsa-sha256"
SHA256_ID = "http://www.w3.org/2001/04/xmlenc#sha256"
UUID = "urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301"
NUMBER = 10000000214
TODAY = NOW.date()
HASHES = {
    SHA256_ID: "sha256",
    f"{MORE}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}


@dataclass(frozen=True)
class Holder:
    """Whoever signs: a key and its certificate."""

    key: Any
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def sign(self, content: bytes, method: str) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return bytes(self.key.sign(content, padding.PKCS1v15(), SHA256()))
        hash_method = SHA384() if method.endswith("384") else SHA256()
        r, s = decode_dss_signature(self.key.sign(content, ec.ECDSA(hash_method)))
        size = (self.key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


@cache
def authority() -> Any:
    return demo_authority(NOW.date(), randomness=os.urandom)


def holder(kind: str = "P256", name: str = "first", day: date = TODAY) -> Holder:
    """A signer of the test session; ``name`` tells signers of one kind apart."""
    return _held(kind, name, day)


@cache
def _held(kind: str, _name: str, day: date) -> Holder:
    issued = signing_certificate(authority(), day, kind=SigningKind(kind), randomness=os.urandom)
    return Holder(issued.key, issued.certificate)


def holder_with(key: Any, *, usage: bool | None = True) -> Holder:
    """A certificate of a key that the authority would not sign; ``usage`` None leaves it out."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sınama")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if usage is not None:
        flags = dict.fromkeys(
            ("content_commitment", "data_encipherment", "key_agreement", "crl_sign",
             "encipher_only", "decipher_only", "key_cert_sign"), False
        )  # fmt: skip
        builder = builder.add_extension(
            x509.KeyUsage(digital_signature=usage, key_encipherment=not usage, **flags), True
        )
    return Holder(key, builder.sign(key, SHA256()))


def text64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


@dataclass(frozen=True)
class SignedMessage:
    """A signed request; what is in it can be changed one by one.

    ``cover`` are the ids that the signature covers; ``edit`` changes the text before it is
    signed, so that the signature is right whatever else is wrong.
    """

    signer: Holder = field(default_factory=holder)
    shown: Holder | None = None
    method: str = ""
    digest_method: str = SHA256_ID
    canonicalization: str = EXCLUSIVE
    transform: str = EXCLUSIVE
    action: str = field(default_factory=lambda: PERSON.action)
    message_id: str | None = UUID
    to: str | None = None
    inquirer: str | None = "AYSE"
    context: str = ""
    created: str = "2026-01-01T09:00:00.000Z"
    expires: str = "2026-01-01T09:05:00.000Z"
    payload: str = ""
    cover: tuple[str, ...] | None = None
    key_info: str | None = None
    extra_header: str = ""
    edits: tuple[tuple[str, str], ...] = ()

    @property
    def the_method(self) -> str:
        is_rsa = isinstance(self.signer.key, rsa.RSAPrivateKey)
        return self.method or (RSA_SHA256 if is_rsa else ECDSA_SHA256)

    @property
    def covered(self) -> tuple[str, ...]:
        if self.cover is not None:
            return self.cover
        optional = {"To": self.to, "Soran": self.inquirer, "Baglam": self.context}
        headers = ["Eylem", *(["Mesaj"] if self.message_id is not None else [])]
        return ("Zaman", "Govde", *headers, *(name for name, value in optional.items() if value))

    def references(self, digests: Mapping[str, str]) -> str:
        return "".join(
            f'<ds:Reference URI="#{name}"><ds:Transforms>'
            f'<ds:Transform Algorithm="{self.transform}"/></ds:Transforms>'
            f'<ds:DigestMethod Algorithm="{self.digest_method}"/>'
            f"<ds:DigestValue>{digests.get(name, '')}</ds:DigestValue></ds:Reference>"
            for name in self.covered
        )

    def _security(self, references: str, value: str) -> str:
        key_info = self.key_info
        if key_info is None:
            key_info = (
                "<ds:KeyInfo><o:SecurityTokenReference>"
                f'<o:Reference URI="#Sertifika" ValueType="{X509V3}"/>'
                "</o:SecurityTokenReference></ds:KeyInfo>"
            )
        shown = self.shown or self.signer
        return (
            f'<o:Security xmlns:o="{WSSE}">'
            f'<o:BinarySecurityToken EncodingType="{BASE64}" ValueType="{X509V3}"'
            f' u:Id="Sertifika">{text64(shown.der)}</o:BinarySecurityToken>'
            f'<u:Timestamp u:Id="Zaman"><u:Created>{self.created}</u:Created>'
            f"<u:Expires>{self.expires}</u:Expires></u:Timestamp>"
            f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
            f'<ds:CanonicalizationMethod Algorithm="{self.canonicalization}"/>'
            f'<ds:SignatureMethod Algorithm="{self.the_method}"/>{references}</ds:SignedInfo>'
            f"<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}</ds:Signature>"
            "</o:Security>"
        )

    def _whole(self, references: str, value: str) -> str:
        headers = f'<a:Action u:Id="Eylem">{self.action}</a:Action>'
        if self.message_id is not None:
            headers += f'<a:MessageID u:Id="Mesaj">{self.message_id}</a:MessageID>'
        if self.to:
            headers += f'<a:To u:Id="To">{self.to}</a:To>'
        if self.inquirer:
            headers += (
                f'<q:Sorgulayan xmlns:q="{INQUIRER_NAMESPACE}" u:Id="Soran">{self.inquirer}'
                "</q:Sorgulayan>"
            )
        if self.context:
            headers += (
                f'<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1" u:Id="Baglam">{self.context}'
                "</b:SorguBaglami>"
            )
        text = (
            f'<s:Envelope xmlns:s="{SOAP11}" xmlns:a="{ADDRESSING}" xmlns:u="{WSU}"><s:Header>'
            f"{headers}{self.extra_header}{self._security(references, value)}</s:Header>"
            f'<s:Body u:Id="Govde">{self.payload or person_query(NUMBER)}</s:Body></s:Envelope>'
        )
        for old, new in self.edits:
            assert text.count(old) == 1, (old, text.count(old))
            text = text.replace(old, new)
        return text

    @property
    def unsigned(self) -> str:
        """The message with neither digests nor value, for another tool to sign."""
        return self._whole(self.references({}), "")

    @property
    def text(self) -> str:
        root = etree.fromstring(self.unsigned.encode())
        parts = {one.get(f"{{{WSU}}}Id"): one for one in reversed(list(root.iter("*")))}
        hash_name = HASHES.get(self.digest_method, "sha1")
        digests = {
            name: text64(hashlib.new(hash_name, canonical(parts[name])).digest())
            for name in self.covered
            if name in parts
        }
        references = self.references(digests)
        root = etree.fromstring(self._whole(references, "").encode())
        (signed_info,) = root.iter(f"{{{DS}}}SignedInfo")
        value = self.signer.sign(canonical(signed_info), self.the_method)
        return self._whole(references, text64(value))

    def edited(self, *changes: tuple[str, str]) -> str:
        """The signed text with parts of it replaced afterwards; each is there exactly once."""
        text = self.text
        for old, new in changes:
            assert text.count(old) == 1, (old, text.count(old))
            text = text.replace(old, new)
        return text


def canonical(element: Element) -> bytes:
    written: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return written


def strong_agreements(folder: Path, *certificates: str) -> AgreementSet:
    """The plain municipality under GUCLU, with these certificates."""
    listed = ", ".join(f'"{one}"' for one in certificates)
    changes = {
        '"KLASIK"\nsecurity_until = 2026-12-31': '"GUCLU"',
        "certificates = []": f"certificates = [{listed}]",
        "calls_per_second_max = 20": "calls_per_second_max = 10000",
    }
    return agreements(folder, edited(changes))


class FakePresented:
    """What was presented, of all workers together; ``blind`` looks find nothing beforehand."""

    def __init__(self) -> None:
        self.held: set[tuple[str, bytes]] = set()
        self.blind = False

    async def refuse_known(self, institution: str, message: bytes) -> None:
        if not self.blind and (institution, message) in self.held:
            raise faults.ProofRefused(REASON)

    def record(self, entry: Entry) -> None:
        key = (entry.institution, entry.signed_message)
        if entry.signed_message and key in self.held:
            raise faults.ProofRefused(REASON)
        if entry.signed_message:
            self.held.add(key)


@dataclass
class Strong:
    """The house, what was presented, and what was canonicalised."""

    house: Direct
    presented: FakePresented
    canonicalised: list[str]
    requests: SignedRequests

    def send(self, body: str | bytes, **changes: Any) -> Any:
        return self.house.send(body, **changes)

    def vouch(self, body: str | bytes) -> Any:
        """What the door vouches for, with the payload's canonical form for its element."""
        house = self.house
        question = house.question(body)
        exchange = house.exchange(question)
        house.door.read(exchange)
        vouched = asyncio.run(self.requests.vouch(exchange))
        return replace(vouched, payload=canonical(vouched.payload))


def strong(
    current: AgreementSet,
    signers: Mapping[str, Signer],
    *,
    asked: Any = None,
    presented: FakePresented | None = None,
    count: Callable[[Element], None] | None = None,
) -> Strong:
    """A direct door that hears signed requests too."""
    house = direct(current, signers, asked=asked)
    seen = presented or FakePresented()
    canonicalised: list[str] = []

    def counted(element: Element, prefixes: list[str]) -> bytes:
        canonicalised.append(etree.QName(element).localname)
        return canonical_form(element, prefixes)

    requests = SignedRequests(
        credentials=house.credentials,
        account_of=lambda digest, moment: current.account_of_certificate(
            digest, istanbul_date(moment)
        ),
        institution_of=current.institution_of,
        refuse_known=seen.refuse_known,
        window=STRICT,
        verifier=Verifier(counted),
    )
    door = replace(house.door, signed=requests)
    kept = house.gateway.record

    async def record(entry: Entry) -> None:
        seen.record(entry)
        await kept(entry)

    gateway = replace(house.gateway, record=record)
    house = replace(house, door=door, gateway=gateway)
    return Strong(house, seen, canonicalised, requests)


__all__ = [
    "ACCOUNT",
    "Holder",
    "SignedMessage",
    "Strong",
    "holder",
    "holder_with",
    "strong",
    "strong_agreements",
]
