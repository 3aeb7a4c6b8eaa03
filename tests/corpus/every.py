"""Every case of the corpus, in one list; ``judge`` holds an answer to what its case says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Final

from lxml import etree

from corpus.documents import CANARY_FILE, documents
from corpus.houses import Inside, Outside, Told
from corpus.rules import rules
from corpus.shapes import shapes
from corpus.wires import wires
from corpus.world import Case, World

#: Words that no answer may hold: traces, libraries, places of this machine, canaries.
_NEVER: Final = re.compile(
    rb"Traceback|File \"|\.py\b|lxml|libxml|sqlalchemy|uvicorn|starlette|root:|"
    rb"site-packages|Exception:|password",
    re.IGNORECASE,
)
#: What stands in the file that documents try to bring in.
#: Random letters, in which any short word may stand.
_CIPHER: Final = re.compile(rb"[A-Za-z0-9+/=]{40,}")
_CANARY: Final = CANARY_FILE.read_bytes().strip()


@cache
def every_case() -> tuple[Case, ...]:
    """All cases; their names are unique at a door."""
    cases = [*documents(), *shapes(), *wires(), *rules()]
    twice = [name for name, count in Counter(map(str, cases)).items() if count > 1]
    assert not twice, twice
    return tuple(cases)


def by_class() -> list[tuple[str, str]]:
    """Class and door of all cases: a test of its own for each."""
    return sorted({(case.group, case.door) for case in every_case()})


def wrong_of(
    house: Inside | Outside, group: str, door: str, answered: Callable[[Case], bool]
) -> list[str]:
    """What is wrong with the cases of a class, and with the good message after each of them."""
    wrong = []
    for case in every_case():
        if (case.group, case.door) != (group, door):
            continue
        if isinstance(house, Outside) and not case.anywhere:
            continue
        try:
            judge(case, house.send(case.make(house.world)), house.world)
        except (AssertionError, OSError) as trouble:
            wrong.append(f"{case}: {trouble}"[:600])
        if not answered(case):
            wrong.append(f"the good message after {case}")
    return wrong


def judge(case: Case, told: Told, world: World) -> None:
    """Raise ``AssertionError`` where an answer is not what the case states."""
    expect = case.expect
    shown = (told.status, told.code, told.refusal, told.body[:400])
    assert (told.status, told.code) == (expect.status, expect.code), shown
    if told.entry is not None or told.counted:
        assert told.refusal == expect.refusal, shown
    result = expect.result.format(number=world.number)
    assert result.encode() in told.body, shown
    if expect.refusal:
        assert f"<TCKimlikNo>{world.number}<".encode() not in told.body, shown
    kind = told.headers.get("content-type", "")
    if "xml" in kind:
        etree.fromstring(told.body)
    assert not _NEVER.search(_CIPHER.sub(b"", told.body)), shown
    assert _CANARY not in told.body, shown
    assert world.account["password"].encode() not in told.body
    assert told.headers.get("content-length") == str(len(told.body))
    if told.entry is not None:
        for name, value in expect.received:
            assert getattr(told.entry, name) == value, (name, getattr(told.entry, name))
