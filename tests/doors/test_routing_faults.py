"""The routing door's faults: the known words of each refusal, and nothing that tells more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from routed import (
    ACCOUNT,
    AGREEMENT,
    ASSERTION_ID,
    KPS_2011,
    Message,
    Router,
    agreements,
    encrypted,
    person_query,
    router,
)
from routing_samples import golden, subcode

from kps_soap import faults
from kps_soap.envelopes import SOAP11, SOAP12
from kps_soap.signing import Signer

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
