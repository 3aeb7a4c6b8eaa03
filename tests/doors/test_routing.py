"""The routing door: every published shape of a query is understood, answers are the known bytes."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from routed import (
    ACCOUNT,
    AGREEMENT,
    ASSERTION_ID,
    GOLDEN,
    KPS_2011,
    NOW,
    PERSON_ACTION,
    SOAP_XML,
    UUID,
    Message,
    Router,
    agreements,
    person_query,
    recipe,
    router,
)
from routing_samples import golden, receipt_in, subcode

from kps_soap.authentication import TokenBinding
from kps_soap.contracts.catalogue import compile_all
from kps_soap.doors.direct import CONTEXT_NAMESPACE
from kps_soap.doors.routing import RoutingDoor, routes_of
from kps_soap.entry import Event
from kps_soap.envelopes import SOAP12
from kps_soap.signing import Signer

REQUESTS = sorted((GOLDEN / "requests").glob("*.xml"))
BINDING = TokenBinding(ASSERTION_ID, "B-34-0417", "AYSE", "203.0.113.10")
SORGULAYAN = "http://kps.nvi.gov.tr/2011/01/01/sorgulayan"


def name_of(file: Path) -> str:
    return file.stem


def headers_beside(file: Path) -> dict[str, Any]:
    """What the golden request's HTTP headers are in a ``Question``."""
    lines = file.with_suffix(".headers").read_text(encoding="utf-8").splitlines()
    found = dict(line.split(": ", 1) for line in lines)
    return {
        "unverified_content_type": found["Content-Type"],
        "unverified_action": found.get("SOAPAction"),
    }


# Requests


@pytest.mark.parametrize("file", REQUESTS, ids=name_of)
def test_the_query_of_every_published_client_is_answered(routed: Router, file: Path) -> None:
    answer = routed.send(file.read_bytes(), **headers_beside(file))
    assert answer.status == 200, routed.records[0].detail
    tree = etree.fromstring(answer.body)
    assert tree.findtext(".//{*}TCKimlikNo") == "10000000214" or tree.findtext(
        ".//{*}TemelBilgisi/{*}Ad"
    )
    assert (routed.entry.event, routed.entry.outcome) == (Event.QUERY, 0)
    assert routed.entry.persons == [10000000214]


@pytest.mark.parametrize("file", REQUESTS, ids=name_of)
def test_every_shape_is_vouched_for_by_the_same_token(routed: Router, file: Path) -> None:
    vouched = routed.vouch(file.read_bytes(), **headers_beside(file))
    assert (vouched.account, vouched.token) == (ACCOUNT, BINDING)
    assert vouched.how == ("TOKEN_HMAC_SHA256" if "sha256" in file.stem else "TOKEN_HMAC_SHA1")
    assert vouched.action in routed.door.routes


def test_a_query_costs_two_lookups_and_one_mac(routed: Router) -> None:
    routed.send(Message().text)
    assert routed.work() == (1, 1, 1)


def test_the_record_shows_institution_account_inquirer_and_token(routed: Router) -> None:
    routed.send(Message().text)
    entry = routed.entry
    assert (entry.door, entry.institution, entry.account) == ("routing", "B-34-0417", ACCOUNT)
    assert (entry.inquirer, entry.bound_inquirer) == ("AYSE", "")
    assert (entry.token, entry.vouched_by) == (ASSERTION_ID, "TOKEN_HMAC_SHA1")
    assert (entry.service, entry.version) == ("KisiSorgulaTCKimlikNoServis", "2011/01/01")
    assert (entry.operation, entry.units) == ("ListeleCoklu", 1)
    assert entry.message_id == UUID


def test_an_inquirer_of_the_query_stands_beside_the_one_in_the_token(routed: Router) -> None:
    header = f'<Sorgulayan xmlns="{SORGULAYAN}"> MEHMET </Sorgulayan>'
    assert routed.send(Message(headers=header).text).status == 200
    assert (routed.entry.inquirer, routed.entry.bound_inquirer) == ("MEHMET", "AYSE")


def test_purpose_and_case_number_may_come_with_the_query(routed: Router) -> None:
    header = (
        f'<b:SorguBaglami xmlns:b="{CONTEXT_NAMESPACE}"><b:AmacKodu>SOSYAL_YARDIM</b:AmacKodu>'
        "<b:IslemNo>2026/5</b:IslemNo></b:SorguBaglami>"
    )
    vouched = routed.vouch(Message(headers=header).text)
    assert (vouched.purpose, vouched.case_number) == ("SOSYAL_YARDIM", "2026/5")


def test_any_address_may_stand_in_the_message(routed: Router) -> None:
    for to in ("http://kpsv2test.nvi.gov.tr/services/routingservice.svc", "urn:x", ""):
        assert routed.send(Message(to=to).text).status == 200


@pytest.mark.parametrize(
    "media",
    [
        f'{SOAP_XML}; action="{PERSON_ACTION}"',
        f'application/soap+xml;action="{PERSON_ACTION}"',
        f"{SOAP_XML}; action={PERSON_ACTION}",
        f'{SOAP_XML}; action="{PERSON_ACTION.replace("/", "%2F")}"',
        f'{SOAP_XML}; action=""',
        'application/soap+xml; charset="utf-8"',
        "application/soap+xml",
    ],
)
def test_the_media_type_may_repeat_the_action(routed: Router, media: str) -> None:
    assert routed.send(Message().text, unverified_content_type=media).status == 200


def test_the_media_type_may_be_the_only_one_to_say_the_action(routed: Router) -> None:
    silent = Message().edited((f'<a:Action s:mustUnderstand="1">{PERSON_ACTION}</a:Action>', ""))
    media = f'{SOAP_XML}; action="{PERSON_ACTION}"'
    assert routed.send(silent, unverified_content_type=media).status == 200
    answer = routed.send(silent)
    assert (answer.status, subcode(answer)) == (500, "ActionNotSupported")


def test_two_different_actions_are_refused_as_the_original_does(routed: Router) -> None:
    media = f'{SOAP_XML}; action="{KPS_2011}/BaskaServis/Sorgula"'
    answer = routed.send(Message().text, unverified_content_type=media)
    assert (answer.status, subcode(answer)) == (500, "InvalidAddressingHeader")
    assert routed.entry.refusal == "ActionRefused"


def test_a_soap_action_beside_soap_12_is_not_read(routed: Router) -> None:
    for action in (f'"{PERSON_ACTION}"', PERSON_ACTION, '""', '"urn:another"'):
        assert routed.send(Message().text, unverified_action=action).status == 200


# Answers


def test_an_answer_is_the_bytes_that_clients_know(routed: Router) -> None:
    payload = person_query(10000000214, 10000000382)
    answer = routed.send(Message(payload=payload).text)
    assert answer.body.decode() == golden("person-and-nobody", answer)


def test_without_a_message_id_there_is_nothing_to_relate_to(routed: Router) -> None:
    answer = routed.send(Message(message_id=None).text)
    assert answer.body.decode() == golden("person-without-message-id", answer)
    assert routed.entry.message_id == ""


def test_the_message_id_comes_back_as_it_was_sent(routed: Router) -> None:
    long = f"urn:kurum:{'x' * 200}&amp;&lt;1&gt;"
    answer = routed.send(Message(message_id=f"\n  {long}\n").text)
    assert f"<a:RelatesTo>{long}</a:RelatesTo>" in answer.body.decode()


def test_what_the_agreement_refuses_is_an_answer_with_a_note(routed: Router) -> None:
    answer = routed.send(
        Message(payload=person_query()).edited(
            (
                "<KisiSorgulaTCKimlikNoSorguKriteri><TCKimlikNo>10000000214</TCKimlikNo>"
                "</KisiSorgulaTCKimlikNoSorguKriteri>",
                "",
            )
        )
    )
    assert answer.status == 200
    assert answer.body.decode() == golden("criteria-empty", answer)
    assert dict(answer.headers)["Kps-Sonuc-Kodu"] == "102"


def test_another_network_gets_a_note_where_the_token_is_free_to_move(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    text = AGREEMENT.replace("[fees]", "token_address_free = true\n\n[fees]")
    routed = router(agreements(tmp_path, text), signers)
    answer = routed.send(Message().text, source_address="198.51.100.7")
    assert answer.body.decode() == golden("network-not-granted", answer)
    assert dict(answer.headers)["Kps-Sonuc-Kodu"] == "206"


def test_an_answer_carries_its_numbers_and_is_stored_nowhere(routed: Router) -> None:
    answer = routed.send(Message().text)
    assert answer.headers == (
        ("Content-Type", "application/soap+xml; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Kps-Istek-No", "istek-1"),
        ("Kps-Sonuc-Kodu", "0"),
    )


def test_standing_headers_stand_on_answers_and_faults(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    standing = (("Kps-Veri-Turu", "SENTETIK"),)
    routed = router(agreements(tmp_path), signers, standing_headers=standing)
    for body in (Message().text, Message(key=b"x" * 32).text, "<"):
        assert dict(routed.send(body).headers)["Kps-Veri-Turu"] == "SENTETIK"


def test_the_receipt_names_question_and_answer(routed: Router) -> None:
    body = Message().text
    answer = routed.send(body)
    receipt = etree.fromstring(receipt_in(answer))
    told = {etree.QName(one).localname: one.text for one in receipt}
    (soap_body,) = etree.fromstring(answer.body).iterchildren(f"{{{SOAP12}}}Body")
    canonical = etree.tostring(soap_body, method="c14n", exclusive=True)
    assert told["IstekOzeti"] == sha256(body.encode()).hexdigest()
    assert told["YanitOzeti"] == sha256(canonical).hexdigest() == routed.entry.answer_digest
    assert told["AlindiNo"] == routed.entry.receipt_number == "20260101-B-34-0417-1-0"
    assert routed.entry.sent_digest == sha256(answer.body).hexdigest()
    assert not any("mustUnderstand" in name for name in receipt.attrib)


# The table of contracts


def test_every_dated_contract_has_its_route() -> None:
    dated = [one for one in compile_all() if one.version != "WS"]
    routes = routes_of(compile_all())
    assert routes.keys() == {one.action for one in dated}
    assert all(routes[one.action].contract is one for one in dated)


def test_two_contracts_of_one_action_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two contracts"):
        routes_of([*compile_all(), *compile_all()])


def test_a_door_makes_its_own_macs_if_nobody_counts_them(routed: Router) -> None:
    fields = {name: getattr(routed.door, name) for name in ("reader", "routes", "tokens")}
    door = RoutingDoor(
        **fields,
        recipe=recipe(),
        credentials=routed.credentials,
        window=routed.door.window,
        signer=routed.door.signer,
        clock=lambda: NOW,
        answer_seconds=300,
    )
    assert routed.send(Message().text, family=door).status == 200
    assert routed.macs == []
