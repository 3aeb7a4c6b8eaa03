"""Receipts as an institution keeps them: saved, asked for again, sealed, and checked elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from end_to_end.questions import MEDIA, PERSON, SOAP12, person_query
from end_to_end.running import Served
from kps_soap.cli import main
from kps_soap.client import KpsClient

SERVICE = "/kps/AlindiServis/1"
NAMESPACE = "urn:kps-soap:alindi-servis:1"
BANK = "BNK-0046"


def run(*words: str | Path, home: Path | None = None) -> Result:
    """A command in this process; a home is told only to those that need one."""
    variables = {} if home is None else {"KPS_HOME": str(home)}
    return CliRunner().invoke(main, [str(word) for word in words], env=variables)


def receipts(*numbers: str) -> str:
    listed = "".join(
        f"<AlindiKriteri><AlindiNumarasi>{one}</AlindiNumarasi></AlindiKriteri>" for one in numbers
    )
    return f'<Dogrula xmlns="{NAMESPACE}"><kriterListesi>{listed}</kriterListesi></Dogrula>'


def number_in(body: bytes) -> str:
    return str(etree.fromstring(body).findtext(".//{urn:kps-soap:alindi:1}AlindiNo"))


def item_of(body: bytes) -> dict[str, str | None]:
    (item,) = etree.fromstring(body).iter(f"{{{NAMESPACE}}}AlindiKaydi")
    return {etree.QName(one).localname: one.text for one in item}


@pytest.fixture
def files(gateway: Served) -> dict[str, str]:
    return {
        "signing": gateway.demo["signing_certificate_file"],
        "seal": gateway.demo["seal_certificate_file"],
    }


@pytest.fixture
def kept(gateway: Served, tmp_path: Path) -> dict[str, Any]:
    """A question and its answer, saved as they were sent and received."""
    reply = gateway.ask(PERSON, person_query(gateway.number(0)))
    question, answer = tmp_path / "question.xml", tmp_path / "answer.xml"
    question.write_bytes(reply.question)
    answer.write_bytes(reply.body)
    return {"question": question, "answer": answer, "number": number_in(reply.body)}


def test_a_saved_answer_is_checked_with_a_certificate_alone(
    kept: dict[str, Any], files: dict[str, str]
) -> None:
    words = ("receipt", "verify", kept["answer"], "--certificate", files["signing"])
    said = run(*words, "--question", kept["question"], "--answer", kept["answer"])
    assert said.exit_code == 0, said.output
    assert f"AlindiNo: {kept['number']}" in said.output
    assert "The receipt is genuine by the answer's signature." in said.output
    changed = kept["answer"].parent / "changed.xml"
    changed.write_bytes(kept["answer"].read_bytes().replace(b">2<", b">3<", 1))
    assert run("receipt", "verify", changed, *words[3:]).exit_code == 1


def test_the_service_signs_the_receipt_again_and_proves_its_seal(
    gateway: Served, kept: dict[str, Any], files: dict[str, str], tmp_path: Path
) -> None:
    assert run("audit", "seal", home=gateway.home).exit_code == 0
    reply = gateway.ask(SERVICE, receipts(kept["number"]), soap=SOAP12)
    item = item_of(reply.body)
    assert item["AlindiNumarasi"] == kept["number"]
    assert item["ServisAdi"] == "KisiSorgulaTCKimlikNoServis"
    assert item["MuhurNumarasi"]
    proof = tmp_path / "receipt.xml"
    proof.write_bytes(reply.body)
    certificates = ("--certificate", files["signing"], "--seal-certificate", files["seal"])
    for words in ((proof,), (kept["answer"], "--proof", proof)):
        said = run("receipt", "verify", *words, *certificates, "--question", kept["question"])
        assert said.exit_code == 0, said.output
        assert f"It is sealed under checkpoint {item['MuhurNumarasi']}." in said.output


def test_a_call_for_receipts_is_on_record_and_costs_nothing(
    gateway: Served, kept: dict[str, Any]
) -> None:
    reply = gateway.ask(SERVICE, receipts(kept["number"], "20260101-B-34-0417-00000000-00"))
    words = ("audit", "search", "--reason", "deneme", "--json", "--request")
    found = run(*words, reply.headers["kps-istek-no"], home=gateway.home)
    (record,) = json.loads(found.stdout)["records"]
    assert (record["event"], record["service"], record["units"]) == ("ALINDI", "AlindiServis", 0)
    assert (record["amount"], record["criterion_outcomes"]) == (0, "0,101")
    assert record["receipt_number"] == number_in(reply.body)


def test_another_institutions_receipt_is_no_receipt(gateway: Served, kept: dict[str, Any]) -> None:
    unknown = kept["number"][:-11] + "99999999-00"
    for number in (kept["number"], unknown):
        reply = gateway.ask(SERVICE, receipts(number), institution=BANK)
        item = etree.fromstring(reply.body).find(f".//{{{NAMESPACE}}}AlindiKaydi")
        assert item is not None
        texts = [one.text for one in item.iter() if one.text]
        assert texts == ["Aradığınız kriterlere uygun kayıt bulunamadı.", "2"]


def test_the_routing_door_tells_of_receipts_too(
    gateway: Served, kept: dict[str, Any], files: dict[str, str], tmp_path: Path
) -> None:
    account = gateway.account("B-34-0417")
    with KpsClient(
        base_url=gateway.https,
        username=account["username"],
        password=account["password"],
        ca_file=gateway.demo["ca_file"],
    ) as client:
        result = client.call("AlindiServis", "1", [{"AlindiNumarasi": kept["number"]}])
    (known,) = result.SorguSonucu.AlindiKaydi
    assert known.AlindiNumarasi == kept["number"]
    document = tmp_path / "signed.xml"
    document.write_bytes(known.ImzaliAlindiBelgesi)
    said = run("receipt", "verify", document, "--certificate", files["signing"])
    assert said.exit_code == 0, said.output


def test_an_operator_hands_out_the_receipt_of_a_call_of_the_public_door(
    gateway: Served, files: dict[str, str], tmp_path: Path
) -> None:
    body = (
        f'<s:Envelope xmlns:s="{SOAP12}"><s:Body><TCKimlikNoDogrula '
        f'xmlns="http://tckimlik.nvi.gov.tr/WS"><TCKimlikNo>{gateway.number(0)}</TCKimlikNo>'
        "<Ad>A</Ad><Soyad>B</Soyad><DogumYili>1990</DogumYili></TCKimlikNoDogrula></s:Body>"
        "</s:Envelope>"
    ).encode()
    reply = gateway.post("/Service/KPSPublic.asmx", body, names={"Content-Type": MEDIA[SOAP12]})
    number = reply.headers["kps-alindi-no"]
    assert run("audit", "seal", home=gateway.home).exit_code == 0
    file, question, answer = tmp_path / "r.json", tmp_path / "q.xml", tmp_path / "a.xml"
    question.write_bytes(body)
    answer.write_bytes(reply.body)
    shown = run("receipt", "show", number, "--reason", "dilekçe", "--to", file, home=gateway.home)
    assert shown.exit_code == 0, shown.output
    words = ("receipt", "verify", file, "--question", question, "--answer", answer)
    said = run(*words, "--certificate", files["signing"], "--seal-certificate", files["seal"])
    assert said.exit_code == 0, said.output
    assert "It is sealed under checkpoint" in said.output
    told = json.loads(run(*words, "--certificate", files["signing"], "--json").output)
    assert told["receipts"][0]["receipt"]["AlindiNo"] == number
    looks = run(
        "audit", "search", "--reason", "deneme", "--json", "--limit", "20", home=gateway.home
    )
    events = [one["event"] for one in json.loads(looks.stdout)["records"]]
    assert events.count("IZ_ARAMA") >= 2


def test_a_receipt_that_is_not_there_is_not_shown(gateway: Served) -> None:
    said = run("receipt", "show", "20260101-X-00000001-00", "--reason", "x", home=gateway.home)
    assert (said.exit_code, "no record" in said.output) == (1, True)
    assert run("receipt", "show", "x", home=gateway.home).exit_code == 2
