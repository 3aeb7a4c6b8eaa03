"""What a request gets for which there is no place: its door's fault, quickly, with Retry-After."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from doors.direct_house import NOW, direct, message
from doors.routed import AGREEMENT, agreements, router
from doors.served import MEDIA, SOAP11, SOAP12, Caller, house_with
from lxml import etree

from kps_soap.doors.busy import BusyAnswers
from kps_soap.doors.doorway import BUSY, busy
from kps_soap.entry import Entry
from kps_soap.envelopes import SoapVersion
from kps_soap.faults import Overloaded
from kps_soap.gateway import Answer, Exchange, Question


def question(family: Any, media: str, number: str = "r-1") -> Question:
    return Question(
        family=family,
        contract=None,
        unverified_body=b"<not looked at",
        unverified_content_type=media,
        unverified_content_encoding="",
        unverified_action=None,
        unverified_agent="",
        source_address="203.0.113.10",
        received_at=NOW,
        request_id=number,
    )


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
def test_the_public_door_says_busy_in_the_version_that_was_asked_in(version: str) -> None:
    house = house_with(in_flight_max=0)
    caller = Caller(chunks=(b"<x/>",), headers=(("content-type", MEDIA[version]),))
    reply = caller.call(house)
    assert reply is not None
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert reply.headers["content-type"] == MEDIA[version]
    root = etree.fromstring(reply.body)
    assert root.tag == f"{{{version}}}Envelope"
    assert root.find(f"{{{version}}}Body/{{{version}}}Fault") is not None
    assert house.register.lookups == 0
    assert house.evidence.records == []
    assert house.doorway.turned_away == 1


class Broken:
    """A door that cannot even refuse."""

    door = "direct"

    def refuse(self, _exchange: Any, _refusal: Any) -> Answer:
        raise RuntimeError


def test_a_door_that_has_no_words_leaves_a_plain_sentence() -> None:
    assert busy(question(Broken(), "text/xml")) is BUSY


def test_a_fault_for_everybody_is_made_once_a_second_and_carries_each_ones_number() -> None:
    said, made = BusyAnswers(), []

    def answer(number: str, seconds: float) -> Answer:
        entry = Entry(number, NOW, "direct")
        exchange = Exchange(question(None, "text/xml", number), entry, contract=None)

        def make() -> Answer:
            made.append(number)
            entry.sent_digest = f"sent {number}"
            return Answer(503, (("Kps-Istek-No", number), ("Retry-After", "1")), b"x", "digest")

        found = said.answer(exchange, "kind", NOW + timedelta(seconds=seconds), make)
        assert (entry.answer_digest, entry.sent_digest) == ("digest", f"sent {made[-1]}")
        return found

    answers = [answer(f"r-{at}", at) for at in (0.0, 0.9, 1.0, 0.5)]
    assert made == ["r-0.0", "r-1.0", "r-0.5"]
    assert [dict(one.headers)["Kps-Istek-No"] for one in answers] == [
        *("r-0.0", "r-0.9", "r-1.0", "r-0.5")
    ]


@pytest.mark.parametrize("version", list(SoapVersion))
def test_the_direct_door_signs_its_busy_fault_once_for_all(
    version: SoapVersion, signers: Any, tmp_path: Path
) -> None:
    house = direct(agreements(tmp_path), signers)
    first, second = (
        busy(question(house.door, version.content_type, number)) for number in ("r-1", "r-2")
    )
    assert first.body == second.body
    assert [dict(one.headers)["Kps-Istek-No"] for one in (first, second)] == ["r-1", "r-2"]
    assert (first.status, dict(first.headers)["Retry-After"]) == (503, "1")
    assert dict(first.headers)["Content-Type"] == version.content_type
    assert b"r-1" not in first.body
    assert Overloaded.turkish.encode() in first.body
    assert replace(first, headers=()) == replace(second, headers=())


def test_who_has_its_share_already_is_refused_with_the_same_fault_and_counted(
    signers: Any, tmp_path: Path
) -> None:
    house = direct(agreements(tmp_path), signers)

    async def full(_exchange: Any, _vouched: Any) -> Any:
        raise Overloaded("the institution's share", retry_after_s=1)

    gateway = replace(house.gateway, admit=full)
    answers = [
        asyncio.run(gateway.answer(house.question(message(), request_id=number)))
        for number in ("r-1", "r-2")
    ]
    assert [answer.status for answer in answers] == [503, 503]
    assert answers[0].body == answers[1].body
    assert b"AlindiNo" not in answers[0].body
    assert house.records == []
    assert house.counted == ["Overloaded", "Overloaded"]


@pytest.mark.parametrize("signed", [False, True])
def test_the_routing_door_says_busy_with_its_own_fault(
    signers: Any, tmp_path: Path, signed: bool
) -> None:
    text = AGREEMENT.replace("routing_signature = false", "routing_signature = true")
    door = router(agreements(tmp_path, text if signed else AGREEMENT), signers).door
    entry = Entry("r-1", NOW, "routing")
    asked = Exchange(question(door, SoapVersion.V12.content_type), entry, contract=None)
    asked.vouched, asked.routing_signature = signed, signed
    answer = door.refuse(asked, Overloaded("no place", retry_after_s=1))
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "1")
    root = etree.fromstring(answer.body)
    assert root.findtext(".//{*}Fault/{*}Code/{*}Value") == "s:Receiver"
