"""Around the served direct door: its documents, paths and methods, and the evidence it leaves."""

import hashlib
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from lxml import etree

from end_to_end.direct_samples import answers_of_every_kind, verified
from end_to_end.questions import PERSON, SOAP11, SOAP12, Reply, envelope, person_query, plain
from end_to_end.running import Served
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Convention

#: Index of the persona who has no record.
ABSENT = 63


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
