"""The file of the rules' numbers is read strictly, and the shipped one is right."""

import re
from pathlib import Path

import pytest
from misuse_samples import SHIPPED

from kps_soap.agreements.problems import AgreementErrors
from kps_soap.misuse import thresholds
from kps_soap.misuse.rules import Rule

TEXT = (Path(__file__).parents[2] / "conf" / "misuse.toml").read_text(encoding="utf-8")

WRONG = (
    ("share_percent = 50", "share_percent = 101", "must lie between 1 and 100"),
    ("inquirers_max = 5", "inquirer_max = 5", "unknown key"),
    ("inquirers_max = 5", "inquirer_max = 5", "is missing"),
    ('act = "YOK"', 'act = "SIL"', "is not one of"),
    ("[KORUNAN]", "[KORUNANLAR]", "is missing"),
    ("weekends = true", "weekends = 1", "must be a boolean"),
    ("exempt = []", "exempt = [7]", "must be a string"),
    ("source = ", "sauce = ", "is missing"),
)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "misuse.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_file_looks_for_everything_and_does_nothing_by_itself() -> None:
    assert SHIPPED.keys() == set(Rule)
    assert all(one.enabled and one.act == thresholds.NOTHING for one in SHIPPED.values())
    assert SHIPPED[Rule.SHARED_SUBJECT].numbers == {"inquirers_max": 5}
    assert SHIPPED[Rule.NOT_FOUND].numbers["share_percent"] == 40
    assert SHIPPED[Rule.OFF_HOURS].weekends


def test_every_rule_of_the_file_says_where_its_numbers_come_from() -> None:
    assert len(re.findall(r"^source = \"", TEXT, re.MULTILINE)) == len(Rule)


@pytest.mark.parametrize(("was", "now", "reason"), WRONG)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, was: str, now: str, reason: str
) -> None:
    changed = TEXT.replace(was, now, 1)
    with pytest.raises(AgreementErrors) as raised:
        thresholds.load(written(tmp_path, changed))
    assert reason in str(raised.value)


def test_institutions_and_accounts_can_be_left_alone(tmp_path: Path) -> None:
    text = TEXT.replace("exempt = []", 'exempt = ["B-34-0417", "KRM-35-0001"]', 1)
    limit = thresholds.load(written(tmp_path, text))[Rule.SEQUENTIAL]
    assert limit.leaves_alone("B-34-0417", "")
    assert limit.leaves_alone("", "KRM-35-0001")
    assert not limit.leaves_alone("B-35-0001", "KRM-34-0417")
