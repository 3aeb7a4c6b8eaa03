"""What integrators sign with ``SignedDoor`` is taken by the door, and proves what they meant."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from direct_house import PERSON
from lxml import etree
from routed import NOW, person_query
from signed_house import NUMBER, UUID, Holder, Strong, holder, holder_with
from signed_samples import accepted, is_fault
from soap_samples import SOAP11, SOAP12

from kps_soap.client import AnswerNotGenuine, RequestKey, SignedDoor
from kps_soap.client.refusals import HttpFacts
from kps_soap.signing import Signer


def pem_files(folder: Path, who: Holder, password: bytes | None = None) -> tuple[Path, Path]:
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    key, certificate = folder / "request.key", folder / "request.pem"
    key.write_bytes(who.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
    certificate.write_bytes(who.certificate.public_bytes(Encoding.PEM))
    return key, certificate


def door_of(
    folder: Path,
    signers: Any,
    who: Holder,
    *asking: str,
    clock: Callable[[], datetime] = lambda: NOW,
) -> SignedDoor:
    """A plug-in with a key, which believes the gateway's two certificates."""
    gateway = folder / "gateway.pem"
    shown: list[Signer] = list(signers.values())
    gateway.write_bytes(b"".join(one.certificate.public_bytes(Encoding.PEM) for one in shown))
    return SignedDoor(
        RequestKey.load(*pem_files(folder, who)),
        gateway,
        *asking,
        clock=clock,
        random_bytes=os.urandom,
    )


def question(soap: str = SOAP11) -> tuple[Any, dict[str, str]]:
    """An envelope as zeep hands it to a plug-in, and its HTTP headers."""
    text = f'<s:Envelope xmlns:s="{soap}"><s:Body>{person_query(NUMBER)}</s:Body></s:Envelope>'
    if soap == SOAP12:
        media = f'application/soap+xml; charset=utf-8; action="{PERSON.action}"'
        return etree.fromstring(text), {"Content-Type": media}
    media = "text/xml; charset=utf-8"
    return etree.fromstring(text), {"Content-Type": media, "SOAPAction": f'"{PERSON.action}"'}


def written(envelope: Any) -> bytes:
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="utf-8"))


def send(guarded: Strong, envelope: Any, headers: dict[str, str]) -> Any:
    return guarded.send(written(envelope), unverified_content_type=headers["Content-Type"])


@pytest.mark.parametrize("kind", ["RSA", "P256"])
@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_a_signed_question_is_answered_and_its_answer_proven(
    guarded: Strong, signers: Any, tmp_path: Path, kind: str, soap: str
) -> None:
    door = door_of(tmp_path, signers, holder(kind), "AYSE", "EMLAK_BEYAN", "2026/1")
    envelope, headers = question(soap)
    asked = door.put(envelope, headers)
    answer = send(guarded, envelope, headers)
    assert accepted(answer), answer.body[:500]
    door.judge(etree.fromstring(answer.body), asked, HttpFacts())
    (entry,) = guarded.house.records
    assert (entry.vouched_by, entry.inquirer) == ("X509_SIGNATURE", "AYSE")
    assert (entry.purpose, entry.case_number) == ("EMLAK_BEYAN", "2026/1")
    assert entry.message_id.startswith("urn:uuid:")


def test_an_answer_to_another_question_is_not_genuine(
    guarded: Strong, signers: Any, tmp_path: Path
) -> None:
    door = door_of(tmp_path, signers, holder("P256"), "AYSE")
    envelope, headers = question()
    door.put(envelope, headers)
    answer = send(guarded, envelope, headers)
    another, headers = question()
    asked = door.put(another, headers)
    with pytest.raises(AnswerNotGenuine):
        door.judge(etree.fromstring(answer.body), asked, HttpFacts())


def test_a_retry_under_one_message_id_is_signed_anew(
    guarded: Strong, signers: Any, tmp_path: Path
) -> None:
    # An RSA key signs the same words the same way: a second later they are others.
    times = iter([NOW, NOW + timedelta(seconds=1)])
    door = door_of(tmp_path, signers, holder("RSA"), "AYSE", clock=lambda: next(times))
    door = door.on_behalf(message_id=UUID)
    for _ in range(2):
        envelope, headers = question()
        door.put(envelope, headers)
        assert accepted(send(guarded, envelope, headers))
    assert [entry.message_id for entry in guarded.house.records] == [UUID, UUID]


@pytest.mark.parametrize(
    "part", ["Body", "Action", "MessageID", "Sorgulayan", "AmacKodu", "IslemNo", "Created"]
)
def test_every_part_that_the_gateway_reads_is_signed(
    guarded: Strong, signers: Any, tmp_path: Path, part: str
) -> None:
    door = door_of(tmp_path, signers, holder("P256"), "AYSE", "EMLAK_BEYAN", "2026/1")
    envelope, headers = question()
    door.put(envelope, headers)
    (changed,) = envelope.iter(f"{{*}}{part}")
    if part == "Body":
        (changed,) = changed.iter("{*}TCKimlikNo")
    changed.text = changed.text[:-1] + ("1" if changed.text[-1] != "1" else "2")
    answer = send(guarded, envelope, headers)
    assert is_fault(answer), answer.body[:300]


def test_a_certificate_that_nobody_pinned_is_refused(
    guarded: Strong, signers: Any, tmp_path: Path
) -> None:
    stranger = holder_with(ec.generate_private_key(ec.SECP384R1()))
    envelope, headers = question()
    door_of(tmp_path, signers, stranger).put(envelope, headers)
    assert is_fault(send(guarded, envelope, headers))


def test_a_key_under_a_password_is_read_with_it(tmp_path: Path) -> None:
    files = pem_files(tmp_path, holder("P256"), b"sir")
    assert RequestKey.load(*files, key_password=b"sir").method.endswith("ecdsa-sha256")
    with pytest.raises(TypeError):
        RequestKey.load(*files)


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP521R1())],
    ids=["RSA-1024", "P-521"],
)
def test_a_key_that_the_gateway_would_refuse_is_refused_at_once(tmp_path: Path, key: Any) -> None:
    with pytest.raises(ValueError, match="2048 bits"):
        RequestKey.load(*pem_files(tmp_path, holder_with(key)))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    mine, _ = pem_files(tmp_path, holder("P256"))
    (tmp_path / "other").mkdir()
    _, theirs = pem_files(tmp_path / "other", holder("RSA"))
    with pytest.raises(ValueError, match="not that of the certificate"):
        RequestKey.load(mine, theirs)
