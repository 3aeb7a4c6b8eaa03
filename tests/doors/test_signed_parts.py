"""Which parts of a signed request are believed: each at its place, covered, with one id."""

import hashlib
from dataclasses import replace

import pytest
from routed import person_query
from signed_house import NUMBER, SignedMessage, Strong, text64
from signed_samples import GOOD, TEXT, WRAPPINGS, assert_refused

from kps_soap.authentication import WSU

# 3, 4, 6, 7: one header, at its place, unique ids, used is signed


@pytest.mark.parametrize("name", WRAPPINGS)
def test_a_part_that_was_moved_or_doubled_is_never_believed(guarded: Strong, name: str) -> None:
    assert WRAPPINGS[name] != TEXT
    assert_refused(guarded, WRAPPINGS[name])


SPELLINGS_OF_AN_ID = {
    "wsu:Id": f'xmlns:v="{WSU}" v:Id="{{}}"',
    "Id": 'Id="{}"',
    "ID": 'ID="{}"',
    "id": 'id="{}"',
    "iD": 'iD="{}"',
    "xml:id": 'xml:id="{}"',
    "AssertionID": 'AssertionID="{}"',
    "an Id of another namespace": 'xmlns:v="urn:v" v:Id="{}"',
}


@pytest.mark.parametrize("spelling", SPELLINGS_OF_AN_ID)
@pytest.mark.parametrize("part", ["Zaman", "Govde", "Eylem", "Mesaj", "Soran"])
@pytest.mark.parametrize("place", ["header", "body"])
def test_an_id_that_stands_twice_under_any_name_is_refused_before_digesting(
    guarded: Strong, spelling: str, part: str, place: str
) -> None:
    twin = f'<x:w xmlns:x="urn:x" {SPELLINGS_OF_AN_ID[spelling].format(part)}/>'
    end = "</s:Header>" if place == "header" else "</ListeleCoklu>"
    payload = person_query(NUMBER)
    if place == "header":
        message = replace(GOOD, extra_header=twin)
    else:
        message = replace(GOOD, payload=payload.replace(end, f"{twin}{end}"))
    assert_refused(guarded, message.text, "id used twice")
    assert guarded.canonicalised == []


# 5: coverage


@pytest.mark.parametrize("left_out", GOOD.covered)
def test_every_part_that_is_used_is_covered(guarded: Strong, left_out: str) -> None:
    cover = tuple(name for name in GOOD.covered if name != left_out)
    assert_refused(guarded, replace(GOOD, cover=cover).text, "coverage")


@pytest.mark.parametrize("more", ["Sertifika", "Kalan"])
def test_a_signature_over_anything_else_is_refused(guarded: Strong, more: str) -> None:
    message = replace(
        GOOD,
        cover=(*GOOD.covered, more),
        extra_header='<x:kalan xmlns:x="urn:x" u:Id="Kalan">1</x:kalan>',
    )
    assert_refused(guarded, message.text, "coverage")


def test_a_reference_to_nothing_is_refused(guarded: Strong) -> None:
    value = text64(hashlib.sha256(b"").digest())
    more = GOOD.references({"Zaman": value})
    one = more[: more.index("</ds:Reference>") + 15].replace("#Zaman", "#Yok")
    message = replace(GOOD, edits=(("</ds:SignedInfo>", f"{one}</ds:SignedInfo>"),))
    assert_refused(guarded, message.text, "coverage")


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (('<a:Action u:Id="Eylem">', "<a:Action>"), "part without an id of its own"),
        ((' u:Id="Govde"', ""), "part without an id of its own"),
        ((' u:Id="Govde"', ' Id="Govde"'), "part without an id of its own"),
        ((' u:Id="Zaman"', ' u:Id=""'), "part without an id of its own"),
    ],
)
def test_a_part_is_known_by_its_wsu_id_alone(
    guarded: Strong, change: tuple[str, str], detail: str
) -> None:
    assert_refused(guarded, GOOD.edited(change), detail)


def test_a_message_without_message_id_is_refused(guarded: Strong) -> None:
    assert_refused(guarded, SignedMessage(message_id=None).text, "no Action or no MessageID")


@pytest.mark.parametrize("message_id", ["", " ", "a b", "x" * 65, "çift", "a\tb"])
def test_a_message_id_that_is_none_is_refused_although_it_is_signed(
    guarded: Strong, message_id: str
) -> None:
    message = SignedMessage(message_id=message_id)
    assert_refused(guarded, message.text, "message id")
