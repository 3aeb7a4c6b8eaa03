"""Every key and element of a TOML text has its line, however the file is laid out."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from kps_soap.agreements.lines import KeyPath, LineIndex

LAID_OUT = '''\
# a comment with [brackets] and "quotes"
top = 1
"quoted key" = { "in # line" = [1, 2], dotted.key = 'x' }   # after
a.b.c = true
d = 1979-05-27 07:32:00
text = """
[not a table]
key = 1 \\""" still
""" # done
raw = \'\'\'
[[nor this]]\'\'\'\'
empty = []
nested = [
    1, # one
    # nothing here
    [2,
     3],
    { x = "]", y = "}" },
]

[table] # a table
key = "a\\"b"

[ table . below ]
key = 'c:\\'

[[services]]
name = "first"
fields = ["x",
          "y"]

[services.inner]
k = 1

[[services.list]]
k = 2

[[services.list]]
k = 3

[[services]]
name = "second"
'''


def key_paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from key_paths(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from key_paths(inner, (*path, number))


@pytest.mark.parametrize("text", [LAID_OUT, LAID_OUT.replace("\n", "\r\n")], ids=["LF", "CRLF"])
def test_the_index_knows_exactly_the_keys_that_tomllib_reads(text: str) -> None:
    index = LineIndex.of(text)
    # A table that was only written as part of a longer name has no line of its own.
    implied = {("table",), ("services",), ("services", 0, "list")}
    assert set(index.lines) >= set(key_paths(tomllib.loads(text))) - implied
    assert set(index.lines) <= set(key_paths(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("path", "start"),
    [
        (("top",), "top = 1"),
        (("quoted key", "in # line", 1), '"quoted key"'),
        (("quoted key", "dotted", "key"), '"quoted key"'),
        (("a", "b", "c"), "a.b.c"),
        (("raw",), "raw = "),
        (("nested", 0), "    1, # one"),
        (("nested", 1, 1), "     3],"),
        (("nested", 2, "y"), "    { x"),
        (("table",), "[table]"),
        (("table", "key"), 'key = "a'),
        (("table", "below", "key"), "key = 'c"),
        (("services",), "[[services]]"),
        (("services", 0, "fields", 1), '          "y"]'),
        (("services", 0, "inner", "k"), "k = 1"),
        (("services", 0, "list", 1, "k"), "k = 3"),
        (("services", 1, "name"), 'name = "second"'),
    ],
)
def test_a_path_stands_where_its_key_is_written(path: KeyPath, start: str) -> None:
    line = LineIndex.of(LAID_OUT).line(path)
    assert LAID_OUT.splitlines()[line - 1].startswith(start)


def test_a_missing_key_has_the_line_of_what_it_is_missing_from() -> None:
    index = LineIndex.of("[access]\n\n[[services]]\nname = 'x'\n")
    assert index.line(("access", "accounts")) == 1
    assert index.line(("services", 0, "stage")) == 3
    assert index.line(("limits",)) == 1


@pytest.mark.parametrize(
    "text", ["= 1", "a = [1, 2", "[a", "a 1", "a = {b = 1", 'a = "x', "x = " + "[" * 9999]
)
def test_a_text_that_is_not_toml_has_line_one_only(text: str) -> None:
    assert LineIndex.of(text).line(("a", "b")) == 1
