"""The table of properties is whole, and every test that it names is there."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PROPERTIES = tomllib.loads(Path(__file__).with_name("properties.toml").read_text(encoding="utf-8"))


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, kinds))


def test_there_are_thirty_properties_and_each_is_said_in_a_sentence() -> None:
    assert list(PROPERTIES) == [str(number) for number in range(1, 31)]
    assert all(one["says"].endswith(".") and one["tests"] for one in PROPERTIES.values())


@pytest.mark.parametrize("number", PROPERTIES)
def test_every_property_is_held_by_tests_that_exist(number: str) -> None:
    for test in PROPERTIES[number]["tests"]:
        file, _, name = test.partition("::")
        assert name in names_in(file), test
