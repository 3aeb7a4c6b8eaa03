"""What the routing door takes for a good token: whose, until when, proven how."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from routed import (
    ACCOUNT,
    AGREEMENT,
    ASSERTION_ID,
    DS,
    HMAC_SHA1,
    HMAC_SHA256,
    NOW,
    SHA1,
    SHA256,
    Message,
    Router,
    agreements,
    encrypted,
    issued,
    microseconds,
    person_query,
    router,
)
from routing_samples import golden, subcode
from soap_samples import envelope, security

from kps_soap import faults
from kps_soap.authentication import Credential
from kps_soap.entry import Event
from kps_soap.envelopes import SOAP12
from kps_soap.signing import Signer

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
