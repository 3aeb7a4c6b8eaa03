"""When a request was signed: it is fresh, and it is answered once."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from routed import register
from signed_house import (
    NUMBER,
    FakePresented,
    SignedMessage,
    Strong,
    holder,
    strong,
    strong_agreements,
    text64,
)
from signed_samples import GOOD, TEXT, accepted, assert_refused, is_fault

from kps_soap.signing import Signer

# 20: freshness


TIMES: dict[str, tuple[str, bool]] = {
    "plain": ("<u:Created>{c}</u:Created><u:Expires>{e}</u:Expires>", True),
    "no Created": ("<u:Expires>{e}</u:Expires>", False),
    "no Expires": ("<u:Created>{c}</u:Created>", False),
    "two Created": ("<u:Created>{c}</u:Created>" * 2 + "<u:Expires>{e}</u:Expires>", False),
    "two Expires": ("<u:Created>{c}</u:Created>" + "<u:Expires>{e}</u:Expires>" * 2, False),
    "Expires first": ("<u:Expires>{e}</u:Expires><u:Created>{c}</u:Created>", False),
    "custom child": (
        '<u:Created>{c}</u:Created><u:Expires>{e}</u:Expires><x:y xmlns:x="urn:x"/>',
        False,
    ),
    "empty": ("", False),
    "element in a time": ("<u:Created><x/>{c}</u:Created><u:Expires>{e}</u:Expires>", False),
}


@pytest.mark.parametrize("name", TIMES)
def test_a_signed_timestamp_has_one_creation_and_one_end_in_this_order(
    guarded: Strong, name: str
) -> None:
    content, works = TIMES[name]
    good = f"<u:Created>{GOOD.created}</u:Created><u:Expires>{GOOD.expires}</u:Expires>"
    content = content.format(c=GOOD.created, e=GOOD.expires)
    text = SignedMessage(edits=((good, content),)).text if content != good else TEXT
    if works:
        assert accepted(guarded.send(text))
    else:
        assert_refused(guarded, text)


WINDOWS = {
    ("2026-01-01T08:57:01Z", "2026-01-01T09:02:01Z"): True,
    ("2026-01-01T08:57:00Z", "2026-01-01T09:02:00Z"): False,
    ("2026-01-01T09:03:00Z", "2026-01-01T09:08:00Z"): True,
    ("2026-01-01T09:03:01Z", "2026-01-01T09:08:00Z"): False,
    ("2026-01-01T09:00:00Z", "2026-01-01T09:05:01Z"): False,
    ("2026-01-01T09:02:00Z", "2026-01-01T09:02:00Z"): False,
    ("2026-01-01T09:03:00Z", "2026-01-01T09:02:30Z"): False,
    ("2026-01-01T12:00:00+03:00", "2026-01-01T12:05:00+03:00"): True,
    ("2026-01-01T09:00:00", "2026-01-01T09:05:00"): False,
    ("2025-12-31T09:00:00Z", "2025-12-31T09:05:00Z"): False,
    ("0001-01-01T00:00:00Z", "0001-01-01T00:05:00Z"): False,
    ("9999-12-31T23:50:00Z", "9999-12-31T23:55:00Z"): False,
    ("yesterday", "tomorrow"): False,
}


@pytest.mark.parametrize("times", WINDOWS)
def test_a_signed_message_is_fresh_or_refused(guarded: Strong, times: tuple[str, str]) -> None:
    text = SignedMessage(created=times[0], expires=times[1]).text
    assert guarded.house.records == []
    if WINDOWS[times]:
        assert accepted(guarded.send(text))
    else:
        assert_refused(guarded, text)
        assert guarded.presented.held == set()


def test_a_value_type_on_a_time_is_no_part_of_it(guarded: Strong) -> None:
    text = SignedMessage(edits=(("<u:Created>", '<u:Created ValueType="xs:dateTime">'),)).text
    assert accepted(guarded.send(text))


# 21, 22: replay


def test_the_same_signed_message_is_answered_once(guarded: Strong) -> None:
    assert accepted(guarded.send(TEXT))
    asked = len(register().asked)
    answer = guarded.send(TEXT)
    assert is_fault(answer)
    first, second = guarded.house.records
    assert second.detail == "signed message presented before"
    assert (first.units, second.units) == (1, 0)
    assert len(register().asked) == asked


def test_of_two_equal_messages_at_the_same_moment_one_is_answered(guarded: Strong) -> None:
    """The look beforehand sees neither; the record's own transaction lets one be the first."""
    guarded.presented.blind = True
    assert accepted(guarded.send(TEXT))
    answer = guarded.send(TEXT)
    assert is_fault(answer) and str(NUMBER).encode() not in answer.body
    assert [entry.units for entry in guarded.house.records] == [1, 0]
    assert guarded.house.records[1].refusal == "ProofRefused"


def test_another_spelling_of_the_signature_is_the_same_message(guarded: Strong) -> None:
    """Of an ECDSA signature anybody can make a second one: (r, n - s)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    value = TEXT[TEXT.index("<ds:SignatureValue>") + 19 : TEXT.index("</ds:SignatureValue>")]
    raw = base64.b64decode(value)
    turned = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    other = TEXT.replace(value, text64(turned))
    assert accepted(guarded.send(other))
    register().asked.clear()
    guarded.house.records.clear()
    assert_refused(guarded, TEXT, "signed message presented before")


def test_a_retry_is_a_new_signature_with_the_same_message_id(guarded: Strong) -> None:
    assert accepted(guarded.send(TEXT))
    retry = SignedMessage(created="2026-01-01T09:00:01Z", expires="2026-01-01T09:05:01Z")
    assert accepted(guarded.send(retry.text))
    assert {entry.message_id for entry in guarded.house.records} == {GOOD.message_id}


def test_a_replay_is_refused_by_every_worker(signers: Mapping[str, Signer], tmp_path: Path) -> None:
    shared = FakePresented()
    current = strong_agreements(tmp_path, holder().digest)
    one, other = (strong(current, signers, presented=shared) for _ in range(2))
    assert accepted(one.send(TEXT))
    assert is_fault(other.send(TEXT))
