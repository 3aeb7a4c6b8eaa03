"""The threat model speaks of modules and tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[A-Z]\d+")

ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| [A-Z]\d+ \|", line)
]
MODULES = sorted({name for row in ROWS for name in re.findall(r"`([a-z0-9_.]+)`", row[3])})
TESTS = sorted({name for row in ROWS for name in re.findall(r"`([^`]+)`", row[5])})


@cache
def functions_of(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def test_every_threat_has_a_number_of_its_own_and_six_cells() -> None:
    assert len(ROWS) >= 40
    assert [row for row in ROWS if len(row) != 6 or not all(row)] == []
    numbers = [row[0] for row in ROWS]
    assert len(set(numbers)) == len(numbers)
    for letter in {number[0] for number in numbers}:
        group = [int(number[1:]) for number in numbers if number[0] == letter]
        assert group == list(range(1, len(group) + 1)), letter


def test_every_threat_has_a_test() -> None:
    assert [row[0] for row in ROWS if "::test_" not in row[5]] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_the_table_is_there(name: str) -> None:
    path = ROOT / "kps_soap" / Path(*name.split("."))
    assert path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize("name", TESTS)
def test_a_test_of_the_table_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    assert (ROOT / "tests" / file).exists(), file
    assert function in functions_of(ROOT / "tests" / file), function


def test_settings_of_the_page_are_settings() -> None:
    from kps_soap.setting_table import SETTINGS

    known = {setting.name for setting in SETTINGS}
    for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)`(?= \d)", PAGE):
        assert name in known, name
