"""Parsing by parts says what parsing the whole says, for every text."""

import tomllib
from typing import Any

import pytest
from agreement_samples import PLAIN, PUBLIC
from hypothesis import given
from hypothesis import strategies as st

from kps_soap.agreements import chunks
from kps_soap.agreements.chunks import Chunks

SERVICE = PLAIN[PLAIN.index("[[services]]") :]
PIECES = (
    "[[services]]\n",
    "[[services]] # a comment\n",
    "[[services.special]]\n",
    "[services]\n",
    "[limits]\n",
    'name = "a"\n',
    'name = "b" # [[services]]\n',
    "fields = [\n",
    ']\nx = """\n',
    '"""\n',
    "a.b = 1\n",
    "services = [{ name = 1 }]\n",
    "special = [{ field = 1 }]\n",
    "\r\n",
    "\n",
    "]\n",
)


def said(loads: Any, text: str) -> Any:
    """What a parser says, or that it says nothing."""
    try:
        return loads(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_parts_say_what_the_whole_says(text: str) -> None:
    parts = Chunks()
    expected = said(tomllib.loads, text)
    assert said(parts.loads, text) == expected
    assert said(parts.loads, text) == expected


@pytest.mark.parametrize("text", [PLAIN, PLAIN + SERVICE, PUBLIC, "", SERVICE, SERVICE + "[x]\n"])
def test_an_agreement_is_parsed_as_ever(text: str) -> None:
    assert Chunks().loads(text) == tomllib.loads(text)


@pytest.mark.parametrize("wrong", ['stage = "ACIK', 'stage = "ACIK"\nstage = 1', "[services.x"])
def test_a_mistake_in_a_part_is_told_with_its_place_in_the_whole(wrong: str) -> None:
    text = PLAIN.replace('stage = "ACIK"', wrong)
    expected = said(tomllib.loads, text)
    assert isinstance(expected, str)
    assert said(Chunks().loads, text) == expected


def test_a_shared_service_is_parsed_once() -> None:
    parts = Chunks()
    first, second = parts.loads(PLAIN), parts.loads(PLAIN.replace("2026/117", "2026/118"))
    assert first["agreement"]["number"] != second["agreement"]["number"]
    assert first["services"][0] is second["services"][0]


def test_no_more_parts_are_kept_than_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "PARTS_MAX", 2)
    parts = Chunks()
    for number in range(5):
        text = f'[[services]]\nname = "{number}"\n'
        assert parts.loads(text) == {"services": [{"name": str(number)}]}
    assert len(parts._parts) <= 2
