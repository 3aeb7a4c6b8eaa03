"""The direct door over real https: what the README promises to integrators."""

import hashlib
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken

from end_to_end.questions import (
    ADDRESS,
    DISTRICTS,
    EMPTY,
    FIRST,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON,
    PROVINCES,
    SOAP11,
    SOAP12,
    Reply,
    address_query,
    combined_path,
    combined_query,
    dictionary_query,
    envelope,
    on_behalf,
    person_query,
    plain,
)
from end_to_end.running import Served, environment
from kps_soap.client import (
    AnswerNotGenuine,
    AuthenticationFailed,
    DirectDoor,
    QueryRefused,
    VerifiedAnswer,
    check_note,
    load_certificates,
    transport,
    verify_answer,
)
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Convention

ROOT = Path(__file__).resolve().parents[2]
COMPANY, BANK, STRICT, PLAIN = "SRK-0112", "BNK-0046", "V-06-0001", "B-34-0417"
PASSPORT = on_behalf(inquirer="V06-PASAPORT-01", purpose="PASAPORT", case_number="2026/14")
#: Index of the persona who has no record.
ABSENT = 63
UNKNOWN = {"username": "KRM-YOK", "password": "d41d8cd98f00b204e9800998ecf8427e"}


def verified(gateway: Served, reply: Reply) -> VerifiedAnswer:
    """Our own verifier's word for an answer; raises AnswerNotGenuine."""
    certificates = load_certificates(gateway.demo["signing_certificate_file"])
    return verify_answer(reply.body, certificates, now=datetime.now(UTC), question=reply.question)


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


def answers_of_every_kind(gateway: Served, soap: str) -> dict[str, Reply]:
    number = gateway.number(0)
    return {
        "answer": gateway.ask(PERSON, person_query(number), soap=soap),
        "answer in P-256": gateway.ask(
            PERSON, person_query(number), institution=STRICT, headers=PASSPORT, soap=soap
        ),
        "note": gateway.ask(PERSON, person_query(number), institution=BANK, soap=soap),
        "note in P-256": gateway.ask(PERSON, person_query(number), institution=STRICT, soap=soap),
        "security fault": gateway.ask(
            PERSON, person_query(number), password="yanlış bir parola", soap=soap
        ),
        "schema fault": gateway.ask(PERSON, person_query("on bir"), soap=soap),
        "action fault": gateway.ask(ADDRESS, person_query(number), soap=soap),
        "not well-formed": gateway.post(
            PERSON,
            b"<s:Envelope",
            names={"Content-Type": "text/xml" if soap == SOAP11 else "application/soap+xml"},
        ),
    }


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


# What the agreement gives


def test_a_withheld_leaf_is_nil_and_present(gateway: Served) -> None:
    (company,) = gateway.ask(PERSON, person_query(gateway.number(0)), institution=COMPANY).records
    assert company["TCKimlikNo"] == str(gateway.number(0))
    assert company["TemelBilgisi"]["Soyad"] == gateway.persona(0)["surname"]
    for name in ("AnneTCKimlikNo", "KayitYeriBilgisi", "EsTCKimlikNo"):
        assert company[name] is None
    assert company["TemelBilgisi"]["AnneAd"] is None
    assert company["DurumBilgisi"]["MedeniHal"] is None


def test_religion_is_shown_to_the_one_institution_with_a_second_grant(gateway: Served) -> None:
    payload = person_query(gateway.number(54))
    (shown,) = gateway.ask(PERSON, payload, institution=STRICT, headers=PASSPORT).records
    assert shown["DurumBilgisi"]["Din"]["Aciklama"] == "Belirtilmemiş"
    (withheld,) = gateway.ask(PERSON, payload).records
    assert withheld["DurumBilgisi"]["Din"] is None


@pytest.mark.parametrize("version", ["2021/04/01", "2023/02/01"])
def test_no_record_and_a_wrong_birth_date_are_one_answer(gateway: Served, version: str) -> None:
    persona = gateway.persona(0)
    born, wrong = persona["birth"], persona["birth"] | {"year": 1950}
    path, existing, absent = combined_path(version), gateway.number(0), gateway.number(63)
    mismatch = gateway.ask(path, combined_query(version, [(existing, wrong)]))
    missing = gateway.ask(path, combined_query(version, [(absent, born)]))
    (record,) = mismatch.records
    assert record["HataBilgisi"] == NOT_FOUND
    assert record["KimlikNo"] == str(existing)
    assert mismatch.headers["kps-sonuc-kodu"] == missing.headers["kps-sonuc-kodu"] == "301"
    canonical = [
        etree.tostring(reply.payload, method="c14n", exclusive=True)
        for reply in (mismatch, missing)
    ]
    assert canonical[0].replace(str(existing).encode(), str(absent).encode()) == canonical[1]
    assert len(mismatch.body) == len(missing.body)
    # Sections that the municipality may not have say so, with or without a person.
    (found,) = gateway.ask(path, combined_query(version, [(existing, born)])).records
    for one in (record, found):
        photo = one["TCVatandasiKisiKutukleri"]["TCKKFotografBilgisi"]
        assert photo == {"Fotograf": None, "HataBilgisi": NOT_ALLOWED, "TCKimlikNo": None}
    assert found["HataBilgisi"] is None


@pytest.mark.parametrize("version", ["2021/04/01", "2023/02/01"])
def test_a_birth_date_is_demanded_from_2021_on(gateway: Served, version: str) -> None:
    number, born = gateway.number(12), gateway.persona(12)["birth"]
    unknown_parts = {"day": 0, "month": 0, "year": born["year"]}
    reply = gateway.ask(
        combined_path(version),
        combined_query(
            version,
            [
                (number, born),
                (number, unknown_parts),
                (number, born | {"month": 5}),
                (number, {"day": None, "month": None, "year": None}),
                (number, {"day": 30, "month": 2, "year": 2000}),
                (number, None),
            ],
        ),
    )
    notes = [record["HataBilgisi"] for record in reply.records]
    assert notes == [None, None, NOT_FOUND, EMPTY, NOT_FOUND, EMPTY]


def test_2011_asks_for_the_number_alone(gateway: Served) -> None:
    version = "2011/01/01"
    (found,) = gateway.ask(
        combined_path(version), combined_query(version, [(gateway.number(0), None)])
    ).records
    assert "DoluBilesenler" not in found
    assert found["TCVatandasiKisiKutukleri"]["KisiBilgisi"]["HataBilgisi"] is None


def test_a_batch_is_answered_position_by_position(gateway: Served) -> None:
    first, absent = gateway.number(0), gateway.number(63)
    reply = gateway.ask(PERSON, person_query([first, absent, first, 12345678901, None, first + 2]))
    answers = [(record["TCKimlikNo"], record["HataBilgisi"]) for record in reply.records]
    assert answers == [
        (str(first), None),
        (str(absent), NOT_FOUND),
        (str(first), None),
        ("12345678901", NOT_FOUND),
        (None, EMPTY),
        (str(first + 2), NOT_FOUND),
    ]
    assert reply.headers["kps-sonuc-kodu"] == "301"
    assert reply.note is None
    verified(gateway, reply)


def test_too_many_criteria_refuse_the_whole_call(gateway: Served) -> None:
    number = gateway.number(0)
    assert len(gateway.ask(PERSON, person_query([number] * 100)).records) == 100
    reply = gateway.ask(PERSON, person_query([number] * 101))
    sentence = "Kriter sayısı sınırı aşıldı; isteği bölerek gönderin."
    assert reply.refused == (200, "103", {"Aciklama": sentence, "Kod": "8"})


def test_no_criterion_is_code_ten(gateway: Served) -> None:
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    for inside in ("<kriterListesi/>", f"<kriterListesi {nil}/>", ""):
        reply = gateway.ask(PERSON, f'<ListeleCoklu xmlns="{FIRST}">{inside}</ListeleCoklu>')
        assert reply.refused == (200, "102", EMPTY)


def test_dictionaries_answer_and_say_what_is_missing(gateway: Served) -> None:
    provinces = gateway.ask(PROVINCES, dictionary_query()).records
    assert len(provinces) == 81
    assert {"Ad": "İSTANBUL", "HataBilgisi": None, "Kod": "34"} in provinces
    districts = gateway.ask(DISTRICTS, dictionary_query("<IlKodu>34</IlKodu>")).records
    assert {one["IlKod"] for one in districts} == {"34"}
    nowhere = gateway.ask(DISTRICTS, dictionary_query("<IlKodu>99</IlKodu>"))
    assert nowhere.refused == (200, "301", NOT_FOUND)
    assert gateway.ask(DISTRICTS, dictionary_query()).refused == (200, "102", EMPTY)


# Refusals of the whole call

NOT_IN_FORCE = "Anlaşmanız yürürlükte değil; kurumunuzun yönetici kullanıcısına başvurun."
NOT_GRANTED = "Bu servis için yetkiniz yoktur (5490 sayılı Kanun Md.45)."


@pytest.mark.parametrize(
    ("institution", "number", "sentence"),
    [
        ("K-35-0012", "206", "İsteğin geldiği IP adresi anlaşmanızda tanımlı değil."),
        ("U-42-0003", "205", NOT_IN_FORCE),
        ("SGR-0021", "205", NOT_IN_FORCE),
        (BANK, "201", NOT_GRANTED),
    ],
    ids=["network", "suspended", "expired", "not granted"],
)
def test_an_agreement_s_no_is_an_answer_with_our_sentence(
    gateway: Served, institution: str, number: str, sentence: str
) -> None:
    reply = gateway.ask(PERSON, person_query(gateway.number(0)), institution=institution)
    assert reply.refused == (200, number, {"Aciklama": sentence, "Kod": "8"})
    assert verified(gateway, reply).receipt


def test_the_strict_institution_says_who_asks_why_and_in_which_case(gateway: Served) -> None:
    payload = person_query(gateway.number(0))
    who, why = {"inquirer": "V06-PASAPORT-01"}, {"purpose": "PASAPORT"}
    steps: list[tuple[dict[str, str], str]] = [
        ({}, "204"),
        ({"inquirer": "BIR-BASKASI"}, "204"),
        (who, "202"),
        (who | {"purpose": "IKAMET_IZNI"}, "202"),
        (who | why, "203"),
    ]
    for stated, number in steps:
        reply = gateway.ask(PERSON, payload, institution=STRICT, headers=on_behalf(**stated))
        assert reply.refused[:2] == (200, number)
        assert "SorguBaglami" in reply.refused[2]["Aciklama"] or number == "204"  # type: ignore[index]
    reply = gateway.ask(PERSON, payload, institution=STRICT, headers=PASSPORT)
    (record,) = reply.records
    assert record["TCKimlikNo"] == str(gateway.number(0))
    assert b"ecdsa-sha256" in reply.body
    assert "P256" in verified(gateway, reply).certificate.subject.rfc4514_string()


# Addresses


def test_a_municipality_and_a_bank_may_have_addresses(gateway: Served) -> None:
    question = address_query([(gateway.number(0), gateway.persona(0)["birth"])])
    (whole,) = gateway.ask(ADDRESS, question).records
    residence = whole["YerlesimYeriAdresi"]
    assert residence["AcikAdres"]
    assert residence["IlIlceMerkezAdresi"]["Il"]
    (bank,) = gateway.ask(ADDRESS, question, institution=BANK).records
    assert bank["YerlesimYeriAdresi"]["AcikAdres"] == residence["AcikAdres"]
    assert bank["YerlesimYeriAdresi"]["AdresNo"] is None
    assert bank["YerlesimYeriAdresi"]["IlIlceMerkezAdresi"]["HataBilgisi"] == NOT_ALLOWED
    assert bank["YerlesimYeriAdresi"]["IlIlceMerkezAdresi"]["Il"] is None
    refused = gateway.ask(ADDRESS, question, institution=COMPANY)
    assert refused.refused == (200, "201", {"Aciklama": NOT_GRANTED, "Kod": "8"})


# Documents, paths and methods


def soap_addresses(document: bytes) -> list[str]:
    root = etree.fromstring(document)
    return [str(one.get("location")) for one in root.iter("{*}address")]


def test_every_service_of_the_demo_has_its_wsdl_at_its_address(gateway: Served) -> None:
    addresses = {
        service["wsdl"] for account in gateway.demo["accounts"] for service in account["services"]
    }
    dated = [one for one in all_contracts() if one.convention is Convention.DATA_CONTRACT]
    # Every account may change its password; no agreement of the demo says so.
    granted = [one for one in dated if one.name != "ParolaServis"]
    assert len(addresses) == len(granted)
    for address in sorted(addresses):
        path = address.removeprefix(gateway.https)
        status, headers, document = gateway.get(path)
        assert (status, headers["content-type"]) == (200, "text/xml; charset=utf-8")
        assert soap_addresses(document) == [address.removesuffix("?wsdl")] * 2
        # SOAP 1.1 first: many clients take the first port.
        ports = [one.get("name") for one in etree.fromstring(document).iter("{*}port")]
        assert [str(name).partition("_")[0] for name in ports] == [
            "BasicHttpBinding", "CustomBinding",
        ]  # fmt: skip
        assert gateway.get(path.replace("/kps/", "/KPS/"))[2] == document
        assert gateway.get(f"{path}&policy=1")[2].count(b"TransportBinding") > 0
        assert b"TransportBinding" not in document


def test_a_wsdl_names_the_host_that_was_asked_if_it_is_allowed(gateway: Served) -> None:
    port, plain_port = gateway.https.rpartition(":")[2], gateway.http.rpartition(":")[2]
    own = f"{gateway.https}{PERSON}"
    for host, advertised in (
        ("evil.example", own),
        ("evil.example:443", own),
        ("127.0.0.1.evil.example", own),
        ('127.0.0.1"><x', own),
        (f"localhost:{port}", f"https://localhost:{port}{PERSON}"),
        (f"LOCALHOST:{port}", f"https://localhost:{port}{PERSON}"),
    ):
        found = soap_addresses(gateway.get(f"{PERSON}?wsdl", Host=host)[2])
        assert found == [advertised] * 2, host
    forwarded = {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "gopher"}
    assert soap_addresses(gateway.get(f"{PERSON}?wsdl", **forwarded)[2]) == [own] * 2
    _, _, document = gateway.get(f"{PERSON}?wsdl", tls=False)
    assert soap_addresses(document) == [f"http://127.0.0.1:{plain_port}{PERSON}"] * 2


def test_plain_http_answers_on_loopback(gateway: Served) -> None:
    reply = gateway.ask(PERSON, person_query(gateway.number(0)), tls=False)
    assert reply.records[0]["TCKimlikNo"] == str(gateway.number(0))
    verified(gateway, reply)


def test_other_paths_and_methods_get_a_short_word(gateway: Served) -> None:
    status, headers, text = gateway.get(PERSON)
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert b"?wsdl" in text
    assert gateway.get("/kps/KisiSorgulaTCKimlikNoServis/1999/01/01")[0] == 404
    assert gateway.post("/kps", b"x", names={}).status == 404
    put = gateway.put(PERSON)
    assert put.status == 405
    assert put.headers["allow"] == "GET, POST"
    assert plain(put.payload)["faultstring"].startswith("Bu adrese yalnızca POST")


def test_what_never_became_an_envelope_has_a_status_of_its_own(gateway: Served) -> None:
    question = envelope(person_query(gateway.number(0)))
    large = envelope(person_query([gateway.number(0)] * 2000))
    assert len(large) > 128 * 1024
    for body, media, status in (
        (b"<s:Envelope", "text/xml", 400),
        (b"", "text/xml", 400),
        (large, "text/xml", 413),
        (question, "application/json", 415),
        (question, "text/xml; charset=iso-8859-9", 415),
    ):
        reply = gateway.post(PERSON, body, names={"Content-Type": media})
        assert reply.fault[:2] == (status, "Client"), (status, media)
        verified(gateway, reply)


# Evidence


def recorded(gateway: Served, reply: Reply) -> dict[str, Any] | None:
    """The record of an answer, found by the request number that its caller got."""
    with closing(sqlite3.connect(gateway.home / "gateway.db")) as connection:
        connection.row_factory = sqlite3.Row
        request = (reply.headers["kps-istek-no"],)
        row = connection.execute("SELECT * FROM evidence WHERE request_id = ?", request).fetchone()
    return None if row is None else dict(row)


@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["1.1", "1.2"])
def test_whoever_names_an_account_that_exists_leaves_a_record(gateway: Served, soap: str) -> None:
    replies = answers_of_every_kind(gateway, soap)
    # Nobody is named in it: it is counted, and has no record of its own (design D6).
    assert recorded(gateway, replies.pop("not well-formed")) is None
    for kind, reply in replies.items():
        row = recorded(gateway, reply)
        assert row is not None, kind
        assert row["account"].startswith("KRM-")
        assert row["http_status"] == reply.status
        assert row["question_digest"] == hashlib.sha256(reply.question).hexdigest()
        assert row["sent_digest"] == hashlib.sha256(reply.body).hexdigest()
        answered = kind.startswith("answer")
        assert (row["event"] == "SORGU") == answered, kind
        assert (row["refusal"] is None) == answered
        assert row["units"] == int(answered)
        said = verified(gateway, reply).receipt.get("AlindiNo")
        # Before the password is right, a receipt would tell that the account exists.
        assert row["receipt_number"] == said
        assert (said is None) == (kind in ("security fault", "action fault"))


def test_the_log_holds_nothing_of_persons_and_no_secret(gateway: Served) -> None:
    answers_of_every_kind(gateway, SOAP11)
    log = gateway.log
    assert "SYNTHETIC" in log
    for persona in gateway.demo["personas"][:ABSENT]:
        assert str(persona["identity_number"]) not in log
        assert not persona["surname"] or persona["surname"] not in log
    for account in gateway.demo["accounts"]:
        assert account["password"] not in log
    assert "Traceback" not in log


def test_the_health_page_says_ready_and_synthetic(gateway: Served) -> None:
    status, health = gateway.health()
    assert status == 200
    assert health["ready"] is True
    assert health["troubles"] == []
    assert health["agreement_problems"] == 0
    assert health["data"] == "SENTETIK"
    assert gateway.get("/saglik/canli")[0] == 200
    assert gateway.ask(PERSON, person_query(gateway.number(0))).headers["kps-veri-turu"] == (
        "SENTETIK"
    )
