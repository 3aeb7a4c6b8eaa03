"""The routing door: every published shape of a query is understood, answers are the known bytes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from routed import (
    ACCOUNT,
    AGREEMENT,
    ASSERTION_ID,
    DS,
    GOLDEN,
    HMAC_SHA1,
    HMAC_SHA256,
    KPS_2011,
    NOW,
    PERSON_ACTION,
    SHA1,
    SHA256,
    SOAP_XML,
    UUID,
    Message,
    Router,
    agreements,
    encrypted,
    issued,
    microseconds,
    person_query,
    recipe,
    router,
)
from soap_samples import envelope, security

from kps_soap import faults
from kps_soap.authentication import Credential, TokenBinding
from kps_soap.contracts.catalogue import compile_all
from kps_soap.doors.direct import CONTEXT_NAMESPACE
from kps_soap.doors.routing import RoutingDoor, routes_of
from kps_soap.entry import Event
from kps_soap.envelopes import SOAP11, SOAP12
from kps_soap.gateway import Answer
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


def golden(name: str, answer: Answer) -> str:
    """A golden answer with the receipt of this one."""
    return (
        (GOLDEN / "answers" / f"{name}.xml")
        .read_text(encoding="utf-8")
        .replace("@ALINDI@", receipt_in(answer))
    )


def receipt_in(answer: Answer) -> str:
    found = answer.body.decode().partition("<r:Alindi")
    return f"<r:Alindi{found[2].partition('</r:Alindi>')[0]}</r:Alindi>" if found[1] else ""


def subcode(answer: Answer) -> str:
    """The fault's subcode without its prefix, or the code where there is none."""
    tree = etree.fromstring(answer.body)
    values = tree.findall(f".//{{{SOAP12}}}Code//{{{SOAP12}}}Value")
    return (values[-1].text or "").rpartition(":")[2]


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


# Faults


def test_a_token_that_nobody_issued_gets_the_known_fault(routed: Router) -> None:
    answer = routed.send(Message(token=encrypted(content="another")).text)
    assert (answer.status, answer.body.decode()) == (
        500,
        golden("fault-failed-authentication", answer),
    )
    assert routed.counted == ["TokenRefused"]


def test_a_wrong_proof_gets_the_known_fault(routed: Router) -> None:
    answer = routed.send(Message(key=b"x" * 32).text)
    assert (answer.status, answer.body.decode()) == (500, golden("fault-invalid-security", answer))
    assert (routed.entry.account, routed.entry.token) == (ACCOUNT, ASSERTION_ID)


def test_an_unknown_action_gets_the_known_fault_with_a_security_header(routed: Router) -> None:
    answer = routed.send(Message(action=f"{KPS_2011}/YokServis/Sorgula").text)
    assert (answer.status, answer.body.decode()) == (
        500,
        golden("fault-action-not-supported", answer),
    )
    assert (routed.entry.refusal, routed.entry.service) == ("ActionUnknown", "")
    assert (routed.entry.institution, routed.entry.inquirer) == ("B-34-0417", "AYSE")


@pytest.mark.parametrize(
    "payload",
    [
        person_query("numara"),
        person_query("<b>1</b>"),
        person_query(2**63),
        f'<Sorgula xmlns="{KPS_2011}"/>',
        '<ListeleCoklu xmlns="urn:x"/>',
    ],
)
def test_what_the_schema_refuses_could_not_be_deserialised(routed: Router, payload: str) -> None:
    answer = routed.send(Message(payload=payload).text)
    assert (answer.status, answer.body.decode()) == (
        500,
        golden("fault-deserialization-failed", answer),
    )
    assert routed.entry.refusal == "SchemaRefused"


def test_a_security_fault_tells_no_number_and_carries_no_receipt(routed: Router) -> None:
    for changes in ({"key": b"x" * 32}, {"token": encrypted(content="another")}):
        answer = routed.send(Message(**changes).text)
        assert [name for name, _ in answer.headers] == [
            *("Content-Type", "Cache-Control", "Kps-Istek-No"),
        ]
        assert b"Alindi" not in answer.body
        assert b"Timestamp" not in answer.body


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"unverified_content_type": "text/xml; charset=utf-8"}, 415),
        ({"unverified_content_type": ""}, 415),
        ({"unverified_content_encoding": "gzip"}, 415),
        ({"trouble": faults.TooLarge("test")}, 413),
        ({"trouble": faults.PlainHttpRefused("test")}, 403),
    ],
)
def test_what_is_no_soap_12_gets_a_status_and_nothing_else(
    routed: Router, changes: dict[str, Any], status: int
) -> None:
    answer = routed.send(Message().text, **changes)
    assert (answer.status, answer.body) == (status, b"")


def test_what_is_not_well_formed_gets_400_and_nothing_else(routed: Router) -> None:
    answer = routed.send(Message().text[:-5])
    assert (answer.status, answer.body, routed.counted) == (400, b"", ["NotWellFormed"])


def test_an_envelope_of_soap_11_is_a_version_mismatch(routed: Router) -> None:
    answer = routed.send(Message().text.replace(SOAP12, SOAP11))
    assert (answer.status, subcode(answer)) == (500, "VersionMismatch")


def test_a_header_that_must_be_understood_is_named(routed: Router) -> None:
    header = '<x:Baslik xmlns:x="urn:x" s:mustUnderstand="1"/>'
    answer = routed.send(Message(headers=header).text)
    assert (answer.status, subcode(answer)) == (500, "MustUnderstand")
    assert b'<s:NotUnderstood qname="n:Baslik" xmlns:n="urn:x"/>' in answer.body
    assert routed.entry.token == ASSERTION_ID


def test_headers_that_need_not_be_understood_are_passed_over(routed: Router) -> None:
    header = '<x:Baslik xmlns:x="urn:x">1</x:Baslik><x:Baslik xmlns:x="urn:x"/>'
    assert routed.send(Message(headers=header).text).status == 200


def test_a_refused_call_of_a_known_caller_says_when_to_come_again(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    text = AGREEMENT.replace("calls_per_second_max = 10000", "calls_per_second_max = 1")
    routed = router(agreements(tmp_path, text), signers)
    object.__setattr__(routed.gateway.agree, "rates", Full())
    answer = routed.send(Message().text)
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (200, "1")


class Full:
    """A rate that is used up."""

    def take(self, _name: str, _most: int) -> None:
        raise faults.QuotaFull("test", retry_after_s=1)


def test_a_failure_of_ours_is_a_receiver_fault_that_says_when_to_come_again(
    routed: Router,
) -> None:
    routed.tokens.trouble = faults.EvidenceUnavailable("lookup")
    answer = routed.send(Message().text)
    assert (answer.status, subcode(answer)) == (500, "Receiver")
    assert dict(answer.headers)["Retry-After"] == "5"


def test_a_failure_of_the_register_is_told_to_a_known_caller(routed: Router) -> None:
    async def record(_entry: Any) -> None:
        raise faults.EvidenceUnavailable("disk")

    object.__setattr__(routed.gateway, "record", record)
    answer = routed.send(Message().text)
    assert (answer.status, subcode(answer)) == (500, "Receiver")
    headers = dict(answer.headers)
    assert (headers["Retry-After"], headers["Kps-Sonuc-Kodu"]) == ("5", "502")
    assert b"Alindi" not in answer.body
    assert b"KisiBilgisi" not in answer.body


# The token


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"not_after_us": microseconds(NOW)}, "token expired"),
        ({"not_after_us": microseconds(NOW - timedelta(seconds=1))}, "token expired"),
        ({"credential_version": 2}, "password changed"),
        ({"account": "KRM-YOK"}, "account blocked"),
        ({"institution": "B-06-0001"}, "another institution"),
        ({"source_address": "203.0.113.11"}, "another address"),
    ],
)
def test_a_token_that_is_no_longer_good_is_refused_and_on_record(
    routed: Router, change: dict[str, Any], detail: str
) -> None:
    token = issued(**change)
    routed.tokens.hold(token)
    answer = routed.send(Message().text)
    assert answer.body.decode() == golden("fault-failed-authentication", answer)
    assert (routed.entry.refusal, routed.entry.account) == ("TokenRefused", token.account)
    assert detail in routed.entry.detail
    assert routed.entry.token == ASSERTION_ID
    assert (routed.entry.event, routed.entry.units) == (Event.REFUSAL, 0)


def test_a_token_is_good_until_its_last_moment(routed: Router) -> None:
    routed.tokens.hold(issued(not_after_us=microseconds(NOW + timedelta(seconds=1))))
    assert routed.send(Message().text).status == 200


def test_wrong_passwords_of_somebody_take_no_token_from_its_holder(routed: Router) -> None:
    locked = Credential(ACCOUNT, "no hash", 1, open=False, locked=True)
    routed.credentials.held = {ACCOUNT: locked}
    assert routed.send(Message().text).status == 200


@pytest.mark.parametrize("state", ["blocked", "gone", "new password"])
def test_what_happens_to_the_account_holds_on_the_next_call(routed: Router, state: str) -> None:
    assert routed.send(Message().text).status == 200
    routed.credentials.held = {
        "blocked": {ACCOUNT: Credential(ACCOUNT, "no hash", 1, open=False)},
        "gone": {},
        "new password": {ACCOUNT: Credential(ACCOUNT, "no hash", 2, open=True)},
    }[state]
    answer = routed.send(Message().text)
    assert answer.body.decode() == golden("fault-failed-authentication", answer)


def test_the_end_of_an_agreement_holds_although_its_token_lives(
    signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    text = AGREEMENT.replace('state = "ACIK"', 'state = "ASKIDA"')
    routed = router(agreements(tmp_path, text), signers)
    answer = routed.send(Message().text)
    assert (answer.status, dict(answer.headers)["Kps-Sonuc-Kodu"]) == (200, "205")
    assert routed.entry.refusal == "AgreementNotInForce"


def test_a_token_whose_key_cannot_be_unwrapped_is_void(routed: Router) -> None:
    routed.tokens.trouble = faults.TokenRefused("the proof key does not unwrap")
    answer = routed.send(Message().text)
    assert answer.body.decode() == golden("fault-failed-authentication", answer)
    assert routed.work() == (1, 1, 1)


def hold_nothing(routed: Router) -> None:
    routed.tokens.held.clear()


def hold_expired(routed: Router) -> None:
    routed.tokens.hold(issued(not_after_us=microseconds(NOW)))


def block(routed: Router) -> None:
    routed.credentials.held = {ACCOUNT: Credential(ACCOUNT, "no hash", 1, open=False)}


def change_password(routed: Router) -> None:
    routed.credentials.held = {ACCOUNT: Credential(ACCOUNT, "no hash", 2, open=True)}


def nothing(_routed: Router) -> None:
    """The message alone is wrong."""


GOOD = Message()
CONTENT = encrypted().rpartition("<xenc:CipherValue>")[2].partition("<")[0]

#: Refused at the token: what happened before, and the message.
AT_THE_TOKEN = {
    "unknown": (hold_nothing, GOOD),
    "expired": (hold_expired, GOOD),
    "blocked": (block, GOOD),
    "password changed": (change_password, GOOD),
    "encrypted again": (nothing, replace(GOOD, token=encrypted("another", "another"))),
    "swapped content": (nothing, replace(GOOD, token=encrypted(content="another"))),
    "swapped key": (nothing, replace(GOOD, token=encrypted(word="another"))),
    "truncated": (nothing, replace(GOOD, token=encrypted().replace(CONTENT, CONTENT[:-4]))),
    "no base64": (nothing, replace(GOOD, token=encrypted().replace(CONTENT, "?"))),
    "algorithm": (nothing, replace(GOOD, token=encrypted().replace("aes256-cbc", "aes128-cbc"))),
    "issuer": (nothing, replace(GOOD, token=encrypted().replace("CN=ORNEK", "CN=BASKA"))),
}


@pytest.mark.parametrize("case", AT_THE_TOKEN)
@pytest.mark.parametrize("proven", [True, False])
def test_refusals_at_the_token_are_one_text_and_the_same_work(
    routed: Router, case: str, proven: bool
) -> None:
    before, message = AT_THE_TOKEN[case]
    before(routed)
    answer = routed.send(message.text if proven else replace(message, key=b"x" * 32).text)
    assert (answer.status, answer.body.decode()) == (
        500,
        golden("fault-failed-authentication", answer),
    )
    assert routed.work() == (1, 1, 1)
    assert not any(entry.persons for entry in routed.records)


#: Refused at the proof, with a token that is good.
AT_THE_PROOF = {
    "other key": replace(GOOD, key=b"x" * 32).text,
    "other token meant": replace(GOOD, key_identifier="_baska").text,
    "unknown method": GOOD.edited(("hmac-sha1", "hmac-sha512")),
    "unknown digest": GOOD.edited((f'<DigestMethod Algorithm="{DS}sha1">', "<DigestMethod>")),
    "id used twice": replace(GOOD, headers='<x:y xmlns:x="urn:x" Id="_0"/>').text,
    "digest of nothing": GOOD.edited((GOOD.digest_value, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=")),
    "stale": replace(GOOD, created="2026-01-01T08:00:00Z", expires="2026-01-01T08:05:00Z").text,
    "early": replace(GOOD, created="2026-01-01T10:00:00Z", expires="2026-01-01T10:05:00Z").text,
    "too long": replace(GOOD, created="2026-01-01T08:50:00Z", expires="2026-01-01T09:10:00Z").text,
    "no time": replace(GOOD, created="dün").text,
}


@pytest.mark.parametrize("case", AT_THE_PROOF)
def test_refusals_at_the_proof_are_one_text_and_the_same_work(routed: Router, case: str) -> None:
    answer = routed.send(AT_THE_PROOF[case])
    assert (answer.status, answer.body.decode()) == (500, golden("fault-invalid-security", answer))
    assert routed.work() == (1, 1, 1)
    assert (routed.entry.token, routed.entry.account) == (ASSERTION_ID, ACCOUNT)
    assert routed.entry.persons == []


def test_a_user_name_sent_straight_to_the_router_breaks_its_security(routed: Router) -> None:
    answer = routed.send(
        envelope(person_query(), header=security(), namespace=SOAP12), source_address="192.0.2.1"
    )
    assert (answer.status, subcode(answer)) == (500, "InvalidSecurity")
    (entry,) = routed.records
    assert (entry.refusal, entry.account) == ("SecurityMissing", ACCOUNT)
    assert routed.work() == (0, 1, 0)


def test_a_user_name_that_nobody_has_is_only_counted_at_the_router(routed: Router) -> None:
    routed.credentials.held = {}
    routed.send(envelope(person_query(), header=security(), namespace=SOAP12))
    assert (routed.counted, routed.records) == (["SecurityMissing"], [])


def test_a_message_refused_early_is_on_record_if_its_token_is_known(routed: Router) -> None:
    twice = GOOD.edited((GOOD.timestamp, GOOD.timestamp * 2))
    for number, body in enumerate((twice, GOOD.text.replace("</s:Body>", "<x/></s:Body>")), 1):
        assert routed.send(body).status == 500
        assert len(routed.records) == number
        assert routed.records[-1].token == ASSERTION_ID
        assert routed.work() == (1, 0, 0)


@pytest.mark.parametrize(
    "body", ["<a/>", f'<s:Envelope xmlns:s="{SOAP12}"/>', "", "<", envelope(namespace=SOAP12)]
)
def test_what_holds_no_token_is_only_counted(routed: Router, body: str) -> None:
    answer = routed.send(body)
    assert answer.status in (400, 500)
    assert (routed.records, len(routed.counted)) == ([], 1)
    assert routed.work() == (0, 0, 0)


# Time


@pytest.mark.parametrize(
    ("created", "expires"),
    [
        ("2026-01-01T09:00:00Z", "2026-01-01T09:05:00Z"),
        ("2026-01-01T12:00:00.123456", "2026-01-01T12:10:00.123456"),
        ("2026-01-01T09:00:00.123456", "2026-01-01T09:10:00.123456"),
        ("2026-01-01T12:00:00+03:00", "2026-01-01T12:05:00+03:00"),
        ("2026-01-01T08:50:00.0000000Z", "2026-01-01T08:58:00.0000000Z"),
        ("2026-01-01T09:07:00Z", "2026-01-01T09:12:00Z"),
        ("\n2026-01-01T09:00:00Z ", " 2026-01-01T09:05:00Z"),
    ],
)
def test_a_time_inside_the_window_counts_whatever_its_form(
    routed: Router, created: str, expires: str
) -> None:
    assert routed.send(Message(created=created, expires=expires).text).status == 200


def test_a_signed_timestamp_may_be_used_again_inside_its_window(routed: Router) -> None:
    # One published client signs once in ten minutes (wire B.3).
    assert [routed.send(Message().text).status for _ in range(3)] == [200] * 3


# Profiles


def strict(signers: Mapping[str, Signer], folder: Path) -> Router:
    text = AGREEMENT.replace('security = "KLASIK"', 'security = "STANDART"')
    return router(agreements(folder, text.replace("security_until = 2026-12-31\n", "")), signers)


def test_profile_standart_takes_sha_256_only(signers: Mapping[str, Signer], tmp_path: Path) -> None:
    routed = strict(signers, tmp_path)
    good = Message(method=HMAC_SHA256, digest_method=SHA256)
    assert routed.send(good.text).status == 200
    for weak in (replace(good, method=HMAC_SHA1), replace(good, digest_method=SHA1), Message()):
        answer = routed.send(weak.text)
        assert answer.body.decode() == golden("fault-invalid-security", answer)
        assert routed.records[-1].refusal == "ProofRefused"


def test_profile_standart_knows_no_lateness(signers: Mapping[str, Signer], tmp_path: Path) -> None:
    routed = strict(signers, tmp_path)
    late = Message(
        method=HMAC_SHA256,
        digest_method=SHA256,
        created="2026-01-01T08:56:00Z",
        expires="2026-01-01T09:01:00Z",
    )
    answer = routed.send(late.text)
    assert answer.body.decode() == golden("fault-invalid-security", answer)
    assert routed.entry.refusal == "StaleMessage"


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
