"""The whole corpus in this process: every answer, and what went on record of it."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.every import by_class, every_case, wrong_of
from corpus.houses import Inside, fast_home, inside
from corpus.world import Case

README = Path(__file__).resolve().parents[1] / "hostile" / "README.md"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with fast_home(tmp_path_factory.mktemp("corpus")) as home, inside(home) as opened:
        yield opened


@pytest.mark.parametrize(("group", "door"), by_class())
def test_messages_meet_their_cases_and_after_each_the_next_one_is_answered(
    house: Inside, group: str, door: str
) -> None:
    def answered(_case: Case) -> bool:
        return house.send(house.world.good(door)).status == 200

    assert wrong_of(house, group, door, answered) == []


def test_the_page_says_how_many_cases_there_are() -> None:
    counted = Counter(case.group for case in every_case())
    said = re.findall(r"^\| `(\w+)/` \| (\d+) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: int(count) for name, count in said} == dict(counted)
    assert sum(counted.values()) > 600
