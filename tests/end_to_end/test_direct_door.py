"""The direct door over real https: what the README promises to integrators."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken

from end_to_end.direct_samples import PLAIN, answers_of_every_kind, verified
from end_to_end.questions import PERSON, SOAP11, SOAP12, Reply, envelope, person_query
from end_to_end.running import Served, environment
from kps_soap.client import (
    AnswerNotGenuine,
    AuthenticationFailed,
    DirectDoor,
    QueryRefused,
    check_note,
    transport,
)

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = {"username": "KRM-YOK", "password": "d41d8cd98f00b204e9800998ecf8427e"}


@contextmanager
def zeep_client(gateway: Served, path: str, plug_in: Any) -> Iterator[Any]:
    """A zeep client made from the served WSDL."""
    over_tls = transport(gateway.demo["ca_file"])
    with over_tls.session:
        yield zeep.Client(f"{gateway.https}{path}?wsdl", wsse=plug_in, transport=over_tls)


def direct_door(gateway: Served, institution: str, *more: str) -> DirectDoor:
    account = gateway.account(institution)
    certificates = gateway.demo["signing_certificate_file"]
    return DirectDoor(account["username"], account["password"], certificates, *more)


def person_criteria(number: int) -> dict[str, Any]:
    return {"KisiSorgulaTCKimlikNoSorguKriteri": [{"TCKimlikNo": number}]}


# The README's example


def test_the_example_of_the_readme_prints_the_granted_fields(
    gateway: Served, tmp_path: Path
) -> None:
    examples = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S | re.M
    )
    example = next(one for one in examples if "DirectDoor(" in one)
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    (tmp_path / "demo").symlink_to(gateway.home)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    persona = gateway.persona(0)
    assert f"'TCKimlikNo': {persona['identity_number']}" in done.stdout
    assert f"'Ad': '{persona['given_name']}'" in done.stdout
    assert f"'Yil': {persona['birth']['year']}" in done.stdout
    assert re.search(r"'Din': \{\s*'Aciklama': None,\s*'Kod': None\s*\}", done.stdout)


@pytest.mark.parametrize("port", ["BasicHttpBinding", "CustomBinding"])
def test_zeep_gets_a_proven_answer_at_both_ports(gateway: Served, port: str) -> None:
    name = "KisiSorgulaTCKimlikNoServis"
    with zeep_client(gateway, PERSON, direct_door(gateway, PLAIN)) as client:
        service = client.bind(name, f"{port}_{name}")
        result = check_note(service.ListeleCoklu(kriterListesi=person_criteria(gateway.number(1))))
    (person,) = serialize_object(result.SorguSonucu.KisiBilgisi, dict)
    assert person["TemelBilgisi"]["Ad"] == gateway.persona(1)["given_name"]
    assert person["EsTCKimlikNo"] == gateway.number(0)
    # The municipality may not have the religion; nothing else is missing.
    assert set(person["DurumBilgisi"]["Din"].values()) == {None}


def test_zeep_works_with_a_plain_username_token_unverified(gateway: Served) -> None:
    account = gateway.account(PLAIN)
    token = UsernameToken(account["username"], account["password"])
    with zeep_client(gateway, PERSON, token) as client:
        result = client.service.ListeleCoklu(kriterListesi=person_criteria(gateway.number(0)))
    assert result.SorguSonucu.KisiBilgisi[0].TCKimlikNo == gateway.number(0)


def test_zeep_shows_a_fault_and_a_note_as_what_they_are(gateway: Served) -> None:
    certificates = gateway.demo["signing_certificate_file"]
    stranger = DirectDoor(UNKNOWN["username"], UNKNOWN["password"], certificates)
    with zeep_client(gateway, PERSON, stranger) as client:
        with pytest.raises(AuthenticationFailed, match="kimlik bilgileri doğrulanamadı") as caught:
            client.service.ListeleCoklu(kriterListesi=person_criteria(gateway.number(0)))
        assert caught.value.code == "FailedAuthentication"
    with (
        zeep_client(gateway, PERSON, direct_door(gateway, "U-42-0003")) as client,
        pytest.raises(QueryRefused, match="yürürlükte değil"),
    ):
        client.service.ListeleCoklu(kriterListesi=person_criteria(gateway.number(0)))


def test_a_client_that_pins_another_certificate_gets_nothing(gateway: Served) -> None:
    account, other = gateway.account(PLAIN), gateway.home / "keys" / "p256.pem"
    door = DirectDoor(account["username"], account["password"], other)
    with zeep_client(gateway, PERSON, door) as client, pytest.raises(AnswerNotGenuine):
        client.service.ListeleCoklu(kriterListesi=person_criteria(gateway.number(0)))


# Every answer is signed


@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["1.1", "1.2"])
def test_answers_notes_and_faults_are_proven_by_three_verifiers(
    gateway: Served, soap: str, tmp_path: Path
) -> None:
    for kind, reply in answers_of_every_kind(gateway, soap).items():
        answer = verified(gateway, reply)
        assert (kind.endswith("P-256")) == ("P256" in answer.certificate.subject.rfc4514_string())
        parts = 3 if answer.receipt else 2
        results = XMLVerifier().verify(
            reply.body,
            x509_cert=answer.certificate,
            expect_config=SignatureConfiguration(
                location="./{*}Header/{*}Security/", require_x509=True, expect_references=parts
            ),
        )
        assert isinstance(results, list)
        assert etree.tostring(answer.body, method="c14n") == results[-1].signed_data
        assert b"mustUnderstand" not in reply.body, kind
        assert etree.QName(reply.root).namespace == soap
        if shutil.which("xmlsec1"):
            name = "p256" if kind.endswith("P-256") else "rsa"
            assert xmlsec1_says_ok(reply, gateway.home / "keys" / f"{name}.pem", tmp_path), kind


def xmlsec1_says_ok(reply: Reply, certificate: Path, place: Path) -> bool:
    file = place / "answer.xml"
    file.write_bytes(reply.body)
    utility = WSU
    soap = etree.QName(reply.root).namespace
    nodes = (f"{utility}:Timestamp", "urn:kps-soap:alindi:1:Alindi", f"{soap}:Body")
    ids = [word for node in nodes for word in ("--id-attr:Id", node)]
    command = ["xmlsec1", "--verify", "--pubkey-cert-pem", str(certificate), *ids, str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def test_xmlsec1_is_among_the_verifiers() -> None:
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed")


def test_a_changed_answer_is_not_genuine(gateway: Served) -> None:
    reply = gateway.ask(PERSON, person_query(gateway.number(0)))
    name = gateway.persona(0)["surname"].encode()
    assert name in reply.body
    changed = Reply(reply.question, 200, reply.headers, reply.body.replace(name, b"BASKASI"))
    with pytest.raises(AnswerNotGenuine):
        verified(gateway, changed)
    # The right answer to another question is not this question's.
    other = Reply(reply.question + b"\n", 200, reply.headers, reply.body)
    with pytest.raises(AnswerNotGenuine):
        verified(gateway, other)


def test_the_receipt_names_the_question_the_answer_and_what_is_withheld(gateway: Served) -> None:
    first, second = (
        verified(gateway, gateway.ask(PERSON, person_query(gateway.number(index)))).receipt
        for index in (0, 63)
    )
    assert first["AlindiNo"] != second["AlindiNo"]
    assert "-B-34-0417-" in first["AlindiNo"]
    # What is withheld is a function of the grant, never of the person.
    assert first["GizlenenOzeti"] == second["GizlenenOzeti"] != ""
    assert first["AnlasmaOzeti"] == second["AnlasmaOzeti"]


# Security


@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["1.1", "1.2"])
def test_nobody_learns_from_a_fault_whether_an_account_exists(gateway: Served, soap: str) -> None:
    payload = person_query(gateway.number(0))
    wrong = gateway.ask(PERSON, payload, password="yanlış bir parola", soap=soap)
    unknown = gateway.post(
        PERSON,
        wrong.question.replace(
            gateway.account(PLAIN)["username"].encode(), UNKNOWN["username"].encode()
        ),
        names={"Content-Type": "text/xml" if soap == SOAP11 else "application/soap+xml"},
    )
    sentence = "İletideki kimlik bilgileri doğrulanamadı."
    for reply in (wrong, unknown):
        assert reply.fault == (500, "FailedAuthentication", sentence, "")
        assert "kps-sonuc-kodu" not in reply.headers
    assert etree.tostring(wrong.payload) == etree.tostring(unknown.payload)
    assert {*wrong.headers} == {*unknown.headers}
    assert len(wrong.body) == len(unknown.body)
    assert not verified(gateway, wrong).receipt


def test_a_message_without_security_is_told_so_in_the_family_s_words(gateway: Served) -> None:
    for soap in (SOAP11, SOAP12):
        media = "text/xml" if soap == SOAP11 else "application/soap+xml"
        question = envelope(person_query(gateway.number(0)), soap=soap)
        reply = gateway.post(PERSON, question, names={"Content-Type": media})
        sentence = "İletinin güvenlik bilgileri doğrulanamadı."
        assert reply.fault == (500, "InvalidSecurity", sentence, "")


def test_faults_of_the_message_say_what_to_do_and_name_the_request(gateway: Served) -> None:
    reply = gateway.ask(PERSON, person_query("on bir"))
    status, code, sentence, number = reply.fault
    assert (status, code, number) == (500, "Client", "0")
    assert "XSD" in sentence
    assert reply.headers["kps-istek-no"].encode() in reply.body
    assert b"on bir" not in reply.body


@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["1.1", "1.2"])
def test_broken_rules_of_soap_have_the_codes_of_the_standard(gateway: Served, soap: str) -> None:
    media = {"Content-Type": "text/xml" if soap == SOAP11 else "application/soap+xml"}
    good = gateway.ask(PERSON, person_query(gateway.number(0)), soap=soap).question.decode()
    sender = "Client" if soap == SOAP11 else "Sender"
    demanded = '<x:X xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'
    context = '<SorguBaglami xmlns="urn:kps-soap:baglam:1"><Baska/></SorguBaglami></s:Header>'
    for question, code in (
        (good.replace(soap, "urn:soap-1.3"), "VersionMismatch"),
        (good.replace("</s:Header>", demanded), "MustUnderstand"),
        (good.replace("</s:Header>", context), sender),
        (good.replace("</s:Body>", "<x/></s:Body>"), sender),
        (good.replace("<s:Body>", "<s:Body/><s:Body>"), sender),
    ):
        reply = gateway.post(PERSON, question.encode(), names=media)
        assert reply.fault[:2] == (500, code)
        # An envelope of no known version is answered in the oldest one.
        unknown = code == "VersionMismatch"
        assert etree.QName(reply.root).namespace == (SOAP11 if unknown else soap)
        verified(gateway, reply)
