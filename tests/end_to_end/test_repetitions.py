"""A caller who did not hear the answer asks again: the same Body, a record of its own, no fee."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lxml import etree

from end_to_end.questions import PERSON, Reply, person_query
from end_to_end.running import Served, kps

ADDRESSING = "http://www.w3.org/2005/08/addressing"
COMPANY = "SRK-0112"
MUNICIPALITY = "B-34-0417"


def ask(
    served: Served, message_id: str, numbers: list[int], institution: str = COMPANY, **more: Any
) -> Reply:
    head = f'<a:MessageID xmlns:a="{ADDRESSING}">{message_id}</a:MessageID>'
    return served.ask(PERSON, person_query(numbers), institution=institution, headers=head, **more)


def body_of(reply: Reply) -> bytes:
    (body,) = etree.fromstring(reply.body).iterchildren("{*}Body")
    return etree.tostring(body[0], method="c14n", exclusive=True)


def on_record(served: Served, reply: Reply) -> dict[str, Any]:
    found = kps(
        "audit", "search", "--home", str(served.home), "--request",
        reply.headers["kps-istek-no"], "--reason", "deneme", "--json",
    )  # fmt: skip
    (record,) = json.loads(found.stdout)["records"]
    return dict(record)


def test_a_batch_that_is_asked_again_is_charged_once(gateway: Served) -> None:
    numbers = [gateway.number(index) for index in (0, 1, 3, 4, 8, 63, 63)]
    first, again = (ask(gateway, "urn:uuid:batch", numbers, MUNICIPALITY) for _ in range(2))
    assert body_of(again) == body_of(first)
    assert again.headers["kps-istek-no"] != first.headers["kps-istek-no"]
    recorded, repeated = on_record(gateway, first), on_record(gateway, again)
    assert (recorded["event"], recorded["units"]) == ("SORGU", 7)
    assert (repeated["event"], repeated["units"]) == ("TEKRAR", 0)
    assert repeated["repeats"] == recorded["record"]
    assert not repeated.get("amount")
    # Each has a receipt of its own.
    assert recorded["receipt_number"] != repeated["receipt_number"]


def test_another_question_under_the_same_message_id_is_answered_and_charged(
    gateway: Served,
) -> None:
    first = ask(gateway, "urn:uuid:reused", [gateway.number(0)])
    other = ask(gateway, "urn:uuid:reused", [gateway.number(1)])
    assert body_of(first) != body_of(other)
    assert on_record(gateway, other)["units"] == 1


def test_of_questions_asked_at_the_same_moment_one_is_charged(gateway: Served) -> None:
    with ThreadPoolExecutor(8) as callers:
        replies = list(
            callers.map(lambda _: ask(gateway, "urn:uuid:twins", [gateway.number(0)]), range(8))
        )
    assert len({body_of(reply) for reply in replies}) == 1
    records = [on_record(gateway, reply) for reply in replies]
    (first,) = [record for record in records if record["event"] == "SORGU"]
    assert first["units"] == 1
    others = [record for record in records if record is not first]
    assert {(one["event"], one["units"], one.get("repeats", "")) for one in others} == {
        ("TEKRAR", 0, first["record"])
    }


def test_a_repetition_with_a_wrong_password_is_refused(gateway: Served) -> None:
    first = ask(gateway, "urn:uuid:guess", [gateway.number(0)])
    guess = ask(gateway, "urn:uuid:guess", [gateway.number(0)], password="wrong")
    assert first.status == 200
    assert guess.status == 500
    assert gateway.persona(0)["surname"].encode() not in guess.body


def test_without_a_message_id_every_question_is_charged(gateway: Served) -> None:
    replies = [
        gateway.ask(PERSON, person_query([gateway.number(0)]), institution=COMPANY)
        for _ in range(2)
    ]
    assert [on_record(gateway, reply)["units"] for reply in replies] == [1, 1]
