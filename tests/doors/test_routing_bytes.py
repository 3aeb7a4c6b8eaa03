"""Signed answers of the routing door: the same bytes around them, verified by four others."""

import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from routed import AGREEMENT, DS, KPS_2011, NOW, UUID, Message, Router, agreements, router
from signxml import SignatureConfiguration, XMLVerifier
from signxml.exceptions import InvalidDigest

from kps_soap.authentication import WSSE, WSU
from kps_soap.doors.routing_bytes import canonical_fault, digest_of
from kps_soap.envelopes import SOAP12
from kps_soap.gateway import Answer
from kps_soap.signing import Signer

QUERIES = {
    "answer": Message().text,
    "note": Message(payload=f'<ListeleCoklu xmlns="{KPS_2011}"/>').text,
    "schema": Message(payload='<ListeleCoklu xmlns="urn:x"/>').text,
}


@pytest.fixture(params=["RSA", "P256"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def signing(kind: str, signers: Mapping[str, Signer], tmp_path: Path) -> Router:
    """A router under an agreement that asks for signed answers."""
    wish = f'answer = {{ signature = "{kind}", routing_signature = true }}'
    plain = 'answer = { signature = "RSA", routing_signature = false }'
    assert plain in AGREEMENT
    return router(agreements(tmp_path, AGREEMENT.replace(plain, wish)), signers)


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def parts_of(answer: Answer) -> tuple[etree._Element, etree._Element]:
    header, body = etree.fromstring(answer.body)
    return header, body


def names(parent: etree._Element) -> list[str]:
    return [etree.QName(child).localname for child in parent]


def test_a_signed_answer_keeps_the_envelope_that_clients_know(signing: Router) -> None:
    answer = signing.send(QUERIES["answer"])
    assert answer.body.decode().startswith(
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:a="http://www.w3.org/2005/08/addressing"'
        f' xmlns:u="{WSU}"><s:Header><a:Action s:mustUnderstand="1">'
        f"{KPS_2011}/KisiSorgulaTCKimlikNoServis/ListeleCokluResponse</a:Action>"
        f'<a:RelatesTo>{UUID}</a:RelatesTo><o:Security s:mustUnderstand="1" xmlns:o="{WSSE}">'
        "<o:BinarySecurityToken "
    )
    header, body = parts_of(answer)
    assert names(header) == ["Action", "RelatesTo", "Security", "Alindi"]
    assert names(header[2]) == ["BinarySecurityToken", "Timestamp", "Signature"]
    assert names(body) == ["ListeleCokluResponse"]
    uris = [one.get("URI") for one in header.iter(f"{{{DS}}}Reference")]
    assert uris == [f"#{part.get(f'{{{WSU}}}Id')}" for part in (header[2][1], header[3], body)]


def test_the_agreement_chooses_the_key(
    signing: Router, kind: str, signers: Mapping[str, Signer]
) -> None:
    header, _ = parts_of(signing.send(QUERIES["answer"]))
    (method,) = header.iter(f"{{{DS}}}SignatureMethod")
    assert method.get("Algorithm") == signers[kind].method.value


@pytest.mark.parametrize("query", QUERIES)
def test_signxml_verifies_answers_notes_and_faults(
    signing: Router, kind: str, signers: Mapping[str, Signer], query: str
) -> None:
    answer = signing.send(QUERIES[query])
    expected = SignatureConfiguration(
        location="./{*}Header/{*}Security/", require_x509=True, expect_references=3
    )
    results = XMLVerifier().verify(
        answer.body, x509_cert=signers[kind].certificate, expect_config=expected
    )
    assert isinstance(results, list)
    timestamp, receipt, body = (result.signed_data for result in results)
    assert b"2026-01-01T09:02:00.000Z" in timestamp
    assert receipt == canonical(parts_of(answer)[0][3])
    assert sha256(body).hexdigest() == answer.body_digest == signing.entry.answer_digest
    assert f"<r:YanitOzeti>{answer.body_digest}<".encode() in receipt


def test_signxml_refuses_a_changed_answer(
    signing: Router, kind: str, signers: Mapping[str, Signer]
) -> None:
    answer = signing.send(QUERIES["answer"])
    changed = answer.body.replace("İPEK".encode(), "ÜPEK".encode())
    with pytest.raises(InvalidDigest):
        XMLVerifier().verify(
            changed,
            x509_cert=signers[kind].certificate,
            expect_config=SignatureConfiguration(expect_references=3),
        )


@pytest.mark.parametrize("query", QUERIES)
def test_xmlsec1_verifies_answers_notes_and_faults(
    signing: Router, kind: str, signers: Mapping[str, Signer], query: str, tmp_path: Path
) -> None:
    program = shutil.which("xmlsec1")
    if program is None:
        pytest.skip("xmlsec1 is not installed")
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(signers[kind].certificate.public_bytes(Encoding.PEM))
    parts = (f"{WSU}:Timestamp", "urn:kps-soap:alindi:1:Alindi", f"{SOAP12}:Body")
    ids = [word for part in parts for word in ("--id-attr:Id", part)]
    body = signing.send(QUERIES[query]).body
    for content, good in ((body, True), (body.replace(b"<s:Body ", b"<s:Body x='1' "), False)):
        file = tmp_path / "answer.xml"
        file.write_bytes(content)
        command = [program, "--verify", "--pubkey-cert-pem", str(certificate), *ids, str(file)]
        done = subprocess.run(command, check=False, capture_output=True)
        assert (done.returncode == 0) is good, done.stderr


@pytest.mark.parametrize("query", QUERIES)
def test_zeep_verifies_with_its_own_signature_plug_in(
    signing: Router, kind: str, signers: Mapping[str, Signer], query: str
) -> None:
    pytest.importorskip("xmlsec", reason="the xmlsec wheel is not installed")
    from zeep.exceptions import SignatureVerificationFailed
    from zeep.wsse import signature

    def verify(content: bytes) -> None:
        # zeep's own function wants a file with a private key beside the certificate.
        key = signature.xmlsec.Key.from_memory(
            signers[kind].certificate.public_bytes(Encoding.PEM),
            signature.xmlsec.KeyFormat.CERT_PEM,
            None,
        )
        signature._verify_envelope_with_key(etree.fromstring(content), key)

    body = signing.send(QUERIES[query]).body
    verify(body)
    with pytest.raises(SignatureVerificationFailed):
        verify(body.replace(b"<s:Body ", b"<s:Body x='1' "))


@pytest.mark.parametrize("body", [Message(key=b"x" * 32).text, Message(action="urn:yok").text])
def test_a_fault_before_the_agreement_is_known_is_not_signed(signing: Router, body: str) -> None:
    answer = signing.send(body)
    assert (answer.status, b"Signature" in answer.body) == (500, False)


@pytest.mark.parametrize("query", QUERIES)
def test_nothing_unsigned_leaves_instead_when_the_certificate_has_ended(
    signing: Router, kind: str, signers: Mapping[str, Signer], query: str
) -> None:
    over = signers[kind].not_after
    object.__setattr__(signing.door, "clock", lambda: over.replace(year=over.year + 1))
    answer = signing.send(QUERIES[query])
    assert (answer.status, answer.body) == (503, b"")
    assert dict(answer.headers)["Retry-After"] == "60"
    assert signing.entry.refusal in ("InternalFailure", "SchemaRefused")


def test_an_unsigned_answer_needs_no_valid_certificate(
    routed: Router, signers: Mapping[str, Signer]
) -> None:
    over = signers["RSA"].not_after
    object.__setattr__(routed.door, "clock", lambda: over.replace(year=over.year + 1))
    assert routed.send(QUERIES["answer"]).status == 200


def test_the_digest_of_a_body_is_that_of_its_canonical_form(routed: Router) -> None:
    for query in QUERIES.values():
        answer = routed.send(query)
        assert sha256(canonical(parts_of(answer)[1])).hexdigest() == answer.body_digest
    payload = canonical(etree.fromstring("<a xmlns='urn:a'>x</a>"))
    assert digest_of(payload, signed=True) != digest_of(payload, signed=False)


def test_a_fault_is_canonical_inside_its_body() -> None:
    fault = b'<s:Fault><s:Code><s:Value xmlns:q="urn:q">s:Sender</s:Value></s:Code></s:Fault>'
    envelope = f'<s:Body xmlns:s="{SOAP12}">'.encode() + fault + b"</s:Body>"
    whole = canonical(etree.fromstring(envelope))
    assert whole == f'<s:Body xmlns:s="{SOAP12}">'.encode() + canonical_fault(fault) + b"</s:Body>"


def test_answers_are_fresh(routed: Router) -> None:
    header, _ = parts_of(routed.send(QUERIES["answer"]))
    (timestamp,) = header.iter(f"{{{WSU}}}Timestamp")
    times = [one.text for one in timestamp]
    assert times == ["2026-01-01T09:02:00.000Z", "2026-01-01T09:07:00.000Z"]
    assert NOW.isoformat() == "2026-01-01T09:02:00+00:00"
