"""Whoever names an account that exists leaves a record, however early a message fails (D6)."""

from collections.abc import Mapping

import pytest
from direct_house import Direct, direct, message
from issuer_house import NAME, House, house, shape
from routed import ACCOUNT, ASSERTION_ID, Message, Router, agreements, encrypted
from soap_samples import security, username_token

from kps_soap.signing import Signer

DEEP = "<d>" * 40 + "</d>" * 40
MANY = "".join(f'<n xmlns:n{number}="urn:{number}"/>' for number in range(70))
LONG = f"<v>{'x' * 5_000}</v>"
LIMITS = {"deep": DEEP, "many namespaces": MANY, "a long value": LONG}


@pytest.fixture
def door(signers: Mapping[str, Signer], tmp_path_factory: pytest.TempPathFactory) -> Direct:
    return direct(agreements(tmp_path_factory.mktemp("agreements")), signers)


@pytest.fixture
def sts(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house(tmp_path_factory.mktemp("issuer"))


@pytest.mark.parametrize("limit", LIMITS)
def test_a_direct_message_that_breaks_a_limit_is_on_record(door: Direct, limit: str) -> None:
    answer = door.send(message(f"<q>{LIMITS[limit]}</q>"))
    assert answer.status == 500
    assert (door.entry.account, door.entry.refusal) == (ACCOUNT, "LimitExceeded")
    assert door.entry.receipt_number == ""
    assert door.credentials.asked == [ACCOUNT]


def test_a_limit_broken_for_an_unknown_account_is_counted_after_one_look(door: Direct) -> None:
    door.send(message(f"<q>{DEEP}</q>", name="KRM-99"))
    assert (door.records, door.counted) == ([], ["LimitExceeded"])
    assert door.credentials.asked == ["KRM-99"]


def test_an_instruction_does_not_hide_an_account(door: Direct) -> None:
    door.send(message().replace("<s:Header>", "<?x y?><s:Header><?x y?>"))
    assert (door.entry.account, door.entry.refusal) == (ACCOUNT, "InstructionRefused")


def test_two_security_headers_do_not_hide_an_account(door: Direct) -> None:
    door.send(message(before=security(username_token("KRM-99"))))
    assert (door.records, door.credentials.asked) == ([], ["KRM-99"])
    door.send(message(before=security()))
    assert (door.entry.account, door.entry.refusal) == (ACCOUNT, "ShapeRefused")


def test_two_names_in_one_header_do_not_hide_an_account(door: Direct) -> None:
    twice = message().replace("</o:Security>", f"{username_token('KRM-99')}</o:Security>")
    door.send(twice)
    assert (door.entry.account, door.entry.refusal) == (ACCOUNT, "SecurityMissing")
    assert door.credentials.asked == [ACCOUNT]


def test_a_header_behind_the_body_does_not_hide_an_account(door: Direct) -> None:
    text = message()
    start, end = text.index("<s:Header>"), text.index("</s:Header>") + len("</s:Header>")
    moved = text[:start] + text[end:].replace("</s:Envelope>", text[start:end] + "</s:Envelope>")
    door.send(moved)
    assert (door.entry.account, door.entry.refusal) == (ACCOUNT, "ShapeRefused")


def test_a_message_of_another_service_is_on_record_too(door: Direct) -> None:
    door.send(message(), unverified_action='"urn:another"')
    assert (door.entry.account, door.entry.refusal) == (ACCOUNT, "ActionRefused")


def test_an_unknown_account_costs_no_look_more_for_its_refusal(door: Direct) -> None:
    door.send(message(name="KRM-99"))
    assert door.counted == ["CredentialsRefused"]
    # The door's own look, and the one before a password is compared.
    assert door.credentials.asked == ["KRM-99", "KRM-99"]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_request_for_a_token_that_breaks_a_limit_is_on_record(sts: House, limit: str) -> None:
    body = shape("shape-1-php").replace(b"</s:Body>", f"{LIMITS[limit]}</s:Body>".encode())
    sts.ask(body)
    assert (sts.entry.account, sts.entry.refusal) == (NAME, "LimitExceeded")
    assert sts.counts.taken()[0] == 1


def test_two_security_headers_of_a_request_for_a_token_do_not_hide_an_account(sts: House) -> None:
    body = shape("shape-1-php").replace(
        b"<o:Security s:must", f"{security('')}<o:Security s:must".encode(), 1
    )
    sts.ask(body)
    assert (sts.entry.account, sts.entry.refusal) == (NAME, "ShapeRefused")


@pytest.mark.parametrize("limit", LIMITS)
def test_a_routed_message_that_breaks_a_limit_is_put_to_its_token(
    routed: Router, limit: str
) -> None:
    routed.send(Message(payload=f"<q>{LIMITS[limit]}</q>").text)
    assert (routed.entry.account, routed.entry.token) == (ACCOUNT, ASSERTION_ID)
    assert (routed.entry.refusal, routed.entry.receipt_number) == ("LimitExceeded", "")
    assert len(routed.tokens.asked) == 1


def test_a_routed_message_with_an_unknown_token_is_counted_after_one_look(routed: Router) -> None:
    routed.send(Message(payload=f"<q>{DEEP}</q>", token=encrypted("another")).text)
    assert (routed.records, routed.counted) == ([], ["LimitExceeded"])
    assert len(routed.tokens.asked) == 1
