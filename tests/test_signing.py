"""The template signer: its bytes are canonical, and four independent verifiers accept them."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from signxml.exceptions import InvalidDigest

from kps_soap import signing
from kps_soap.certificates import write_certificate, write_demo_files, write_key
from kps_soap.envelopes import SoapVersion
from kps_soap.signing import Signer
from kps_soap.signing_keys import SigningKeyError

NOW = datetime.now(UTC).replace(microsecond=7_000)
KINDS = ("rsa", "p256")
DS = "{http://www.w3.org/2000/09/xmldsig#}"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

RECEIPT = signing.receipt_header(
    number="20260101-B-34-0417-17-3",
    time=NOW,
    question_digest="a" * 64,
    answer_digest="b" * 64,
    agreement_digest="c" * 64,
    withheld_digest="",
    holder="CN=İmza & <Sahibi>\r,O=SENTETİK",
)

#: One payload a shape that an answer can take, as it is sent.
PAYLOADS = {
    "answer": (
        '<SorgulaResponse xmlns="http://kps.nvi.gov.tr/2023/02/01">'
        '<SorgulaResult xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:unused="urn:unused"><HataBilgisi i:nil="true"'
        ' xmlns:b="http://kps.nvi.gov.tr/2011/01/01"/><SorguSonucu><Kayit>'
        '<Cinsiyet xmlns:b="http://kps.nvi.gov.tr/2011/01/01"><b:Aciklama>Kadın</b:Aciklama>'
        "<b:Kod>2</b:Kod></Cinsiyet><OlumTarih><Ay i:nil='true'/><Gun i:nil='true'></Gun>"
        "</OlumTarih></Kayit></SorguSonucu></SorgulaResult></SorgulaResponse>"
    ),
    "note": (
        '<ListeleResponse xmlns="http://kps.nvi.gov.tr/2011/01/01"><ListeleResult'
        ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><HataBilgisi><Aciklama>'
        "Yetkiniz yoktur.</Aciklama><Kod>8</Kod></HataBilgisi>"
        '<SorguSonucu i:nil="true"/></ListeleResult></ListeleResponse>'
    ),
    "turkish": '<A xmlns="urn:a"><Ad>ŞÜKRÜYE ÇAĞLAYAN İĞDEIIı</Ad></A>',
    "astral": '<A xmlns="urn:a" not="😀 &lt;&quot;&gt;">𐌰𐌱 😀 &amp; &lt; &gt; "\'</A>',
    "line ends": '<A xmlns="urn:a" b="1&#xD;&#xA;2&#x9;3">bir&#xD;\niki&#xD;üç\tdört</A>',
    "text like a declaration": (
        '<A xmlns="urn:a">yazı xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"&gt;</A>'
    ),
    "no namespace": "<A><B c='2' a=\"1\"/><C/></A>",
    "empty": "<A/>",
    "own use of the prefixes": '<s:A xmlns:s="urn:s" xmlns:u="urn:u"><u:B/></s:A>',
}

FAULTS = {
    SoapVersion.V11: (
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>İstek, şemaya uymuyor.&#xD;"
        '</faultstring><detail><k:Hata xmlns:k="urn:kps-soap:hata:1"><k:No>601</k:No></k:Hata>'
        "</detail></s:Fault>"
    ),
    SoapVersion.V12: (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value"
        f' xmlns:a="{SECURITY}">a:InvalidSecurity</s:Value></s:Subcode></s:Code><s:Reason>'
        '<s:Text xml:lang="tr">İleti doğrulanamadı.</s:Text><s:Text xml:lang="en">No.</s:Text>'
        '</s:Reason><s:Detail><k:No xmlns:k="urn:kps-soap:hata:1">0</k:No></s:Detail></s:Fault>'
    ),
}


@dataclass(frozen=True)
class Keys:
    """A signer and the files that it came from."""

    signer: Signer
    key_file: Path
    certificate_file: Path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Keys]:
    files = write_demo_files(
        tmp_path_factory.mktemp("signing") / "keys", date.today(), randomness=os.urandom
    )
    pairs = {
        "rsa": (files.rsa_key, files.rsa_certificate),
        "p256": (files.p256_key, files.p256_certificate),
    }
    return {name: Keys(Signer.load(*pair, now=NOW), *pair) for name, pair in pairs.items()}


@pytest.mark.parametrize("name", ["rsa", "p256"])
def test_an_outline_is_the_envelope_without_what_is_said_in_it(
    keys: dict[str, Keys], name: str
) -> None:
    signer = keys[name].signer
    outline = signing.outline(signer)
    answer = signing.signed_envelope(
        signer,
        soap_version=SoapVersion.V11,
        body_payload=b"",
        canonical_payload=b"",
        headers=[],
        created=NOW,
        expires=NOW + timedelta(minutes=5),
    ).content
    # All that stands between two values of the answer stands in the outline too.
    pieces = re.split(rb"(?<=>)[^<>]*(?=</)", answer.replace(signer._token, b""))
    assert all(piece in outline for piece in pieces if b"s:Envelope" not in piece)
    assert signer._token in outline
    assert outline == signing.outline(signer)


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def sign(
    signer: Signer,
    payload: str,
    *,
    version: SoapVersion = SoapVersion.V11,
    headers: tuple[bytes, ...] = (RECEIPT,),
    created: datetime = NOW,
) -> signing.SignedEnvelope:
    content = payload.encode()
    return signing.signed_envelope(
        signer,
        soap_version=version,
        body_payload=content,
        canonical_payload=(
            signing.canonical_in_body(content, soap_version=version)
            if payload.startswith("<s:Fault>")
            else canonical(etree.fromstring(content))
        ),
        headers=headers,
        created=created,
        expires=created + timedelta(minutes=5),
    )


def assert_bytes_are_canonical(sent: bytes, certificate: x509.Certificate) -> None:
    """Digest every referenced part and SignedInfo again, from the bytes that were sent."""
    root = etree.fromstring(sent)
    by_id = {element.get(f"{{{UTILITY}}}Id"): element for element in root.iter()}
    signed_info = root.find(f".//{DS}SignedInfo")
    assert signed_info is not None
    for reference in signed_info.iterfind(f"{DS}Reference"):
        part = by_id[reference.get("URI", "").removeprefix("#")]
        digest = base64.b64encode(hashlib.sha256(canonical(part)).digest()).decode()
        assert reference.findtext(f"{DS}DigestValue") == digest, part.tag
    assert canonical(signed_info) in sent
    value = base64.b64decode(root.findtext(f".//{DS}SignatureValue") or "")
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(value, canonical(signed_info), padding.PKCS1v15(), SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert len(value) == 64
        r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
        key.verify(encode_dss_signature(r, s), canonical(signed_info), ec.ECDSA(SHA256()))


def all_shapes() -> list[tuple[SoapVersion, str]]:
    return [
        (version, payload)
        for version in SoapVersion
        for payload in [*PAYLOADS.values(), FAULTS[version]]
    ]


# The bytes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("headers", [(), (RECEIPT,)], ids=["bare", "receipt"])
def test_every_shape_canonicalises_to_the_digests_that_were_signed(
    keys: dict[str, Keys], kind: str, headers: tuple[bytes, ...]
) -> None:
    signer = keys[kind].signer
    for version, payload in all_shapes():
        sent = sign(signer, payload, version=version, headers=headers)
        assert_bytes_are_canonical(sent.content, signer.certificate)


def test_the_payload_is_sent_as_it_was_written(keys: dict[str, Keys]) -> None:
    for payload in PAYLOADS.values():
        sent = sign(keys["p256"].signer, payload).content.decode()
        assert f'<s:Body u:Id="Govde">{payload}</s:Body></s:Envelope>' in sent


def test_the_layout_is_the_one_that_verifies_everywhere(keys: dict[str, Keys]) -> None:
    sent = sign(keys["rsa"].signer, PAYLOADS["answer"]).content
    assert sent.startswith(
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="'
    )
    root = etree.fromstring(sent)
    header, _ = root
    assert [etree.QName(block).localname for block in header] == ["Security", "Alindi"]
    assert [etree.QName(part).localname for part in header[0]] == [
        *("BinarySecurityToken", "Timestamp", "Signature"),
    ]
    references = [reference.get("URI") for reference in root.iter(f"{DS}Reference")]
    assert references == ["#Zaman", "#Alindi", "#Govde"]
    assert b"mustUnderstand" not in sent
    assert all(not (element.tail or "").strip("\r\n ") for element in root.iter())


def test_a_client_without_security_finds_the_answer_where_it_always_was(
    keys: dict[str, Keys],
) -> None:
    root = etree.fromstring(sign(keys["p256"].signer, PAYLOADS["note"]).content)
    assert root.findtext(".//{http://kps.nvi.gov.tr/2011/01/01}Kod") == "8"
    assert root[1][0].tag == "{http://kps.nvi.gov.tr/2011/01/01}ListeleResponse"


def test_the_token_is_the_certificate(keys: dict[str, Keys]) -> None:
    signer = keys["rsa"].signer
    root = etree.fromstring(sign(signer, PAYLOADS["empty"]).content)
    token = root.findtext(f".//{{{SECURITY}}}BinarySecurityToken")
    assert base64.b64decode(token or "") == signer.certificate.public_bytes(
        serialization.Encoding.DER
    )


def test_times_are_utc_with_milliseconds_and_z(keys: dict[str, Keys]) -> None:
    moment = datetime(2027, 6, 1, 15, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=3)))
    sent = sign(keys["p256"].signer, PAYLOADS["empty"], created=moment).content
    assert b"<u:Created>2027-06-01T12:04:05.999Z</u:Created>" in sent
    assert b"<u:Expires>2027-06-01T12:09:05.999Z</u:Expires>" in sent


def test_a_time_without_zone_is_not_signed() -> None:
    with pytest.raises(ValueError, match="zone"):
        signing.instant(datetime(2026, 1, 1))


@pytest.mark.parametrize("version", list(SoapVersion))
def test_the_body_digest_is_that_of_the_canonical_body(
    keys: dict[str, Keys], version: SoapVersion
) -> None:
    for payload in [*PAYLOADS.values(), FAULTS[version]]:
        sent = sign(keys["p256"].signer, payload, version=version)
        body = etree.fromstring(sent.content)[1]
        assert sent.body_digest_hex == hashlib.sha256(canonical(body)).hexdigest()


def test_a_digest_made_for_the_receipt_is_used_again(keys: dict[str, Keys]) -> None:
    signer, payload = keys["p256"].signer, PAYLOADS["answer"].encode()
    alone = canonical(etree.fromstring(payload))
    digest = signing.body_digest(SoapVersion.V12, alone)
    sent = signing.signed_envelope(
        signer,
        soap_version=SoapVersion.V12,
        body_payload=payload,
        canonical_payload=alone,
        headers=(),
        created=NOW,
        expires=NOW + timedelta(minutes=5),
        body_digest_hex=digest,
    )
    assert sent.body_digest_hex == digest
    assert_bytes_are_canonical(sent.content, signer.certificate)


@pytest.mark.parametrize("version", list(SoapVersion))
def test_a_fault_that_was_canonicalised_alone_is_signed_all_the_same(
    keys: dict[str, Keys], version: SoapVersion
) -> None:
    signer, fault = keys["p256"].signer, FAULTS[version]
    declared = fault.replace("<s:Fault>", f'<s:Fault xmlns:s="{version.value}">').encode()
    alone = canonical(etree.fromstring(declared))
    for payload in (declared, fault.encode()):
        sent = signing.signed_envelope(
            signer,
            soap_version=version,
            body_payload=payload,
            canonical_payload=alone,
            headers=(RECEIPT,),
            created=NOW,
            expires=NOW + timedelta(minutes=5),
        )
        assert_bytes_are_canonical(sent.content, signer.certificate)


def test_other_own_headers_are_covered_too(keys: dict[str, Keys]) -> None:
    block = f'<d:Deneme xmlns:d="urn:d" xmlns:u="{UTILITY}" d:x="1" u:Id="Deneme">ı</d:Deneme>'
    # Canonical order puts attributes without a namespace and earlier namespaces first.
    header = canonical(etree.fromstring(block))
    sent = sign(keys["p256"].signer, PAYLOADS["empty"], headers=(RECEIPT, header)).content
    references = [element.get("URI") for element in etree.fromstring(sent).iter(f"{DS}Reference")]
    assert references == ["#Zaman", "#Alindi", "#Deneme", "#Govde"]
    assert_bytes_are_canonical(sent, keys["p256"].signer.certificate)


def test_a_header_without_an_id_cannot_be_covered(keys: dict[str, Keys]) -> None:
    with pytest.raises(ValueError, match="u:Id"):
        sign(keys["p256"].signer, PAYLOADS["empty"], headers=(b'<d:D xmlns:d="urn:d"></d:D>',))


# The receipt


def test_a_receipt_is_written_in_its_canonical_form() -> None:
    assert canonical(etree.fromstring(RECEIPT)) == RECEIPT


def test_a_receipt_keeps_its_values() -> None:
    members = {etree.QName(child).localname: child.text for child in etree.fromstring(RECEIPT)}
    assert members == {
        "AlindiNo": "20260101-B-34-0417-17-3",
        "Zaman": signing.instant(NOW),
        "IstekOzeti": "a" * 64,
        "YanitOzeti": "b" * 64,
        "AnlasmaOzeti": "c" * 64,
        "GizlenenOzeti": None,
        "ImzaSahibi": "CN=İmza & <Sahibi>\r,O=SENTETİK",
    }


def test_no_name_of_ours_is_one_that_clients_search_for_anywhere(keys: dict[str, Keys]) -> None:
    sent = sign(keys["p256"].signer, PAYLOADS["empty"]).content
    names = {etree.QName(element).localname for element in etree.fromstring(sent).iter()}
    searched = {"Text", "Reason", "Value", "Kod", "Aciklama", "KeyIdentifier", "SorguSonucu"}
    searched |= {"HataBilgisi", "SonucKodu", "faultstring", "Fault", "BinarySecret"}
    assert not names & searched


# The key and the certificate


@pytest.mark.parametrize("kind", KINDS)
def test_a_signer_knows_how_long_it_may_sign(keys: dict[str, Keys], kind: str) -> None:
    signer = keys[kind].signer
    assert signer.usable(signer.not_before)
    assert signer.usable(signer.not_after)
    assert not signer.usable(signer.not_before - timedelta(seconds=1))
    assert not signer.usable(signer.not_after + timedelta(seconds=1))
    assert signer.days_left(signer.not_after - timedelta(days=3)) == 3
    assert signer.days_left(signer.not_after - timedelta(hours=1)) == 0
    assert signer.days_left(signer.not_after + timedelta(hours=1)) == -1


def test_nothing_is_signed_outside_the_validity_of_the_certificate(keys: dict[str, Keys]) -> None:
    signer = keys["rsa"].signer
    with pytest.raises(SigningKeyError, match="expired"):
        sign(signer, PAYLOADS["answer"], created=signer.not_after + timedelta(seconds=1))
    with pytest.raises(SigningKeyError, match="not valid yet"):
        sign(signer, PAYLOADS["answer"], created=signer.not_before - timedelta(seconds=1))


def test_a_signer_does_not_show_its_key(keys: dict[str, Keys]) -> None:
    assert "PrivateKey" not in repr(keys["rsa"].signer)


def certificate_for(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    *,
    digital_signature: bool | None = True,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "deneme")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if digital_signature is not None:
        usage = x509.KeyUsage(digital_signature, not digital_signature, *(False,) * 7)
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256())


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )


def no_key_file(key: Path, certificate: Path) -> None:
    key.unlink()


def no_certificate_file(key: Path, certificate: Path) -> None:
    certificate.unlink()


def open_to_the_group(key: Path, certificate: Path) -> None:
    key.chmod(0o640)


def open_to_others(key: Path, certificate: Path) -> None:
    key.chmod(0o604)


def no_key_inside(key: Path, certificate: Path) -> None:
    key.write_bytes(b"deneme")


def no_certificate_inside(key: Path, certificate: Path) -> None:
    certificate.write_bytes(b"deneme")


def encrypted(key: Path, certificate: Path) -> None:
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1()), b"parola"))


def of_another_pair(key: Path, certificate: Path) -> None:
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))


def too_small(key: Path, certificate: Path) -> None:
    key.write_bytes(pem(rsa.generate_private_key(65537, 1024)))


def of_another_curve(key: Path, certificate: Path) -> None:
    key.write_bytes(pem(ec.generate_private_key(ec.SECP384R1())))


def of_another_kind(key: Path, certificate: Path) -> None:
    key.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def for_another_use(key: Path, certificate: Path) -> None:
    replace_pair(key, certificate, digital_signature=False)


def for_no_stated_use(key: Path, certificate: Path) -> None:
    replace_pair(key, certificate, digital_signature=None)


def replace_pair(key: Path, certificate: Path, *, digital_signature: bool | None) -> None:
    made = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(pem(made))
    issued = certificate_for(made, digital_signature=digital_signature)
    certificate.write_bytes(issued.public_bytes(serialization.Encoding.PEM))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_key_file, "key file cannot be read"),
        (no_certificate_file, "certificate file cannot be read"),
        (open_to_the_group, "mode 0600"),
        (open_to_others, "mode 0600"),
        (no_key_inside, "no private key"),
        (no_certificate_inside, "no PEM certificate"),
        (encrypted, "is encrypted"),
        (of_another_pair, "does not belong"),
        (too_small, "2048"),
        (of_another_curve, "P-256"),
        (of_another_kind, "P-256"),
        (for_another_use, "digitalSignature"),
        (for_no_stated_use, "digitalSignature"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_key_that_cannot_sign_answers_is_refused_with_a_sentence(
    tmp_path: Path, spoil: Callable[[Path, Path], None], sentence: str
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ec.generate_private_key(ec.SECP256R1())
    write_key(key, made)
    write_certificate(certificate, certificate_for(made))
    Signer.load(key, certificate, now=NOW)
    spoil(key, certificate)
    with pytest.raises(SigningKeyError, match=sentence) as refused:
        Signer.load(key, certificate, now=NOW)
    assert str(tmp_path) not in str(refused.value)


def test_a_key_is_not_loaded_outside_the_validity_of_its_certificate(
    keys: dict[str, Keys],
) -> None:
    pair = keys["p256"]
    with pytest.raises(SigningKeyError, match="expired"):
        Signer.load(pair.key_file, pair.certificate_file, now=NOW + timedelta(days=10_000))
    with pytest.raises(SigningKeyError, match="not valid yet"):
        Signer.load(pair.key_file, pair.certificate_file, now=NOW - timedelta(days=10_000))


def test_the_first_certificate_of_a_chain_is_taken(keys: dict[str, Keys], tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(
        keys["p256"].certificate_file.read_bytes() + keys["rsa"].certificate_file.read_bytes()
    )
    signer = Signer.load(keys["p256"].key_file, chain, now=NOW)
    assert signer.certificate == keys["p256"].signer.certificate
    assert signer.holder.startswith("CN=Demo Yanıt İmzası P256")


# Independent verifiers


@pytest.mark.parametrize("kind", KINDS)
def test_signxml_verifies_every_shape_and_sees_what_we_sent(
    keys: dict[str, Keys], kind: str
) -> None:
    expected = SignatureConfiguration(
        location="./{*}Header/{*}Security/", require_x509=True, expect_references=3
    )
    for version, payload in all_shapes():
        sent = sign(keys[kind].signer, payload, version=version)
        results = XMLVerifier().verify(
            sent.content, x509_cert=keys[kind].signer.certificate, expect_config=expected
        )
        assert isinstance(results, list)
        timestamp, receipt, body = (result.signed_data for result in results)
        assert b"Created" in timestamp
        assert receipt == RECEIPT
        assert hashlib.sha256(body).hexdigest() == sent.body_digest_hex


def test_signxml_refuses_a_changed_answer(keys: dict[str, Keys]) -> None:
    sent = sign(keys["rsa"].signer, PAYLOADS["turkish"]).content
    changed = sent.replace("ŞÜKRÜYE".encode(), "ŞÜKRİYE".encode())
    with pytest.raises(InvalidDigest):
        XMLVerifier().verify(
            changed,
            x509_cert=keys["rsa"].signer.certificate,
            expect_config=SignatureConfiguration(expect_references=3),
        )


def run_xmlsec1(sent: bytes, version: SoapVersion, certificate: Path, place: Path) -> int:
    program = shutil.which("xmlsec1")
    if program is None:
        pytest.skip("xmlsec1 is not installed")
    file = place / "answer.xml"
    file.write_bytes(sent)
    parts = (f"{UTILITY}:Timestamp", "urn:kps-soap:alindi:1:Alindi", f"{version.value}:Body")
    ids = [word for part in parts for word in ("--id-attr:Id", part)]
    command = [program, "--verify", "--pubkey-cert-pem", str(certificate), *ids, str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", list(SoapVersion))
def test_xmlsec1_verifies_answers_notes_and_faults(
    keys: dict[str, Keys], kind: str, version: SoapVersion, tmp_path: Path
) -> None:
    pair = keys[kind]
    for payload in (PAYLOADS["answer"], PAYLOADS["note"], FAULTS[version]):
        sent = sign(pair.signer, payload, version=version).content
        assert run_xmlsec1(sent, version, pair.certificate_file, tmp_path) == 0
        changed = sent.replace(b'u:Id="Govde">', b'u:Id="Govde"> ')
        assert run_xmlsec1(changed, version, pair.certificate_file, tmp_path) != 0


@pytest.mark.parametrize("kind", KINDS)
def test_zeep_verifies_every_shape_with_its_own_signature_plug_in(
    keys: dict[str, Keys], kind: str
) -> None:
    pytest.importorskip("xmlsec", reason="the xmlsec wheel is not installed")
    from zeep.exceptions import SignatureVerificationFailed
    from zeep.wsse.signature import MemorySignature

    pair = keys[kind]
    plug_in = MemorySignature(pair.key_file.read_bytes(), pair.certificate_file.read_bytes())
    for version, payload in all_shapes():
        sent = sign(pair.signer, payload, version=version).content
        plug_in.verify(etree.fromstring(sent))
        with pytest.raises(SignatureVerificationFailed):
            plug_in.verify(etree.fromstring(sent.replace(b'"Govde">', b'"Govde">x')))


def test_a_signature_is_of_its_own_key_only(keys: dict[str, Keys], tmp_path: Path) -> None:
    sent = sign(keys["p256"].signer, PAYLOADS["answer"]).content
    stranger = certificate_for(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(InvalidSignature):
        assert_bytes_are_canonical(sent, stranger)
