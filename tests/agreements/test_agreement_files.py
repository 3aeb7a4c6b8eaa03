"""Whatever lies in the directory, the loader answers with a sentence and loads all or nothing."""

import os
from pathlib import Path
from typing import Any

import pytest
from agreement_samples import (
    CATALOGUE,
    OTHER,
    PLAIN,
    PUBLIC,
    RIGHTS,
    TODAY,
    edited,
    refused,
    served,
)

from kps_soap.agreements import AgreementErrors, load
from kps_soap.agreements.sources import FILE_BYTES_MAX


def lines_of(folder: Path) -> list[str]:
    with pytest.raises(AgreementErrors) as raised:
        load(folder, CATALOGUE, today=TODAY, address_rights=RIGHTS)
    return [line.removeprefix(folder.as_posix()) for line in str(raised.value).splitlines()]


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "none") == [":1: the directory does not exist"]


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert lines_of(tmp_path / "file") == [":1: this is not a directory"]


def test_a_directory_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert lines_of(Path("agreements"))[0].endswith("cannot be read (Permission denied)")


def test_an_empty_directory_would_close_every_door_and_is_refused(tmp_path: Path) -> None:
    assert lines_of(tmp_path) == [":1: the directory holds no .toml file"]


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kps_soap.agreements.sources.FILES_MAX", 1)
    assert refused(tmp_path, {"a.toml": PLAIN, "b.toml": PLAIN}) == [
        f"{tmp_path}:1: the directory holds 2 files; at most 1 are read"
    ]


def test_other_files_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x = ")
    (tmp_path / ".hidden.toml").write_text("x = ")
    (tmp_path / ".#lock.toml").symlink_to("nobody@nowhere")
    (tmp_path / "folder").mkdir()
    assert list(served(tmp_path, {"a.toml": PLAIN}).files) == ["a.toml"]


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(PLAIN)
    (tmp_path / "a.toml").symlink_to(tmp_path / "elsewhere")
    assert list(served(tmp_path, {}).files) == ["a.toml"]


def test_everything_that_is_no_ordinary_file_is_told_and_the_rest_is_still_judged(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "link.toml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    (tmp_path / "new\nline.toml").write_text(PLAIN)
    (tmp_path / os.fsdecode(b"\xff.toml")).write_text(PLAIN)
    lines = refused(tmp_path, {"a.toml": "x = 1"})
    told = "\n".join(lines)
    assert "folder.toml:1: is not an ordinary file" in told
    assert "pipe.toml:1: is not an ordinary file" in told
    assert "link.toml:1: the file does not exist, or is a link to nothing" in told
    assert "large.toml:1: the file is larger than 1048576 bytes" in told
    assert told.count("the file's name must be printable UTF-8") == 2
    assert "a.toml:1: x: unknown key" in told


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(path: Path, *arguments: Any) -> Any:
        if path.name == "a.toml" and arguments == ("rb",):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    (tmp_path / "a.toml").write_text(PLAIN)
    monkeypatch.setattr(Path, "open", refuse)
    assert lines_of(tmp_path) == ["/a.toml:1: the file cannot be read (Permission denied)"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a.toml:1: access: is missing"),
        (b"a = 1\nb = \n", "a.toml:2: is not valid TOML: Invalid value"),
        (b"a = 1\n\nb = 'x\n", 'a.toml:3: is not valid TOML: Expected "\'"'),
        (b"[a]\nb = 1\nb = 2\n", "a.toml:3: b is given twice"),
        (b"a = { b = 1, b = 2 }\n", "a.toml:1: a is given twice"),
        (b"[a]\n[b]\n[a]\n", "a.toml:3: this table is given twice"),
        (b'a = 1\nb = "\xff"\n', "a.toml:2: the file is not UTF-8"),
        (PLAIN.encode("utf-16"), "a.toml:1: the file is not UTF-8"),
        (b"\xef\xbb\xbfa = 1\n", "a.toml:1: the file begins with a byte order mark"),
        ('a = 1\nb = "I\u0307"\n'.encode(), "a.toml:2: the text is not in Unicode form NFC"),
        (b"a = " + b"[" * 100_000, "a.toml:1: the file is nested too deeply"),
        (b"a = " + b"9" * 5000, "a.toml:1: a number in the file has too many digits"),
        (b"a = 2026-02-30", "a.toml:1: is not valid TOML: Invalid date"),
        (b"a = 1\x00", "a.toml:1: is not valid TOML"),
        (b'"a\\u0000b" = 1', 'a.toml:1: "a\\u0000b": unknown key'),
        (b"institution = 1", "a.toml:1: institution: must be a table, not an integer"),
        (b"services = 1", "a.toml:1: services: must be an array, not an integer"),
        (b"services = [1]", "a.toml:1: services[0]: must be a table, not an integer"),
        (b"services = []", "a.toml:1: services: must not be empty"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    lines = refused(tmp_path, {"a.toml": content})
    assert any(line.startswith(expected) for line in lines), lines


def test_all_errors_of_all_files_are_told_at_once_in_order(tmp_path: Path) -> None:
    lines = refused(
        tmp_path,
        {
            "c.toml": "broken =",
            "a.toml": edited({'kind = "BELEDIYE"': 'kind = "X"', '"U-002"': '"U-001"'}),
            "b.toml": edited(OTHER | {"province = 34": "province = 99"}),
            "d.toml": edited({"B-35-0001": "B-36-0001"}, edited(OTHER)),
        },
    )
    assert [":".join(line.split(":")[:3]) for line in lines] == [
        "a.toml:5: institution.kind",
        "a.toml:23: access.technician",
        "b.toml:6: institution.province",
        "c.toml:1: is not valid TOML",
        "d.toml:9: agreement.number",
        "d.toml:21: access.accounts[0]",
        "d.toml:21: access.accounts[0]",
        "d.toml:24: access.networks[0]",
    ]


def test_one_bad_file_refuses_the_whole_set(tmp_path: Path) -> None:
    assert len(refused(tmp_path, {"a.toml": PLAIN, "b.toml": PUBLIC + "x = 1\n"})) == 1
    assert len(served(tmp_path, {"b.toml": PUBLIC}).agreements) == 1


def test_a_long_value_does_not_make_a_long_line(tmp_path: Path) -> None:
    lines = refused(tmp_path, {"a.toml": edited({'"BELEDIYE"': f'"{"X" * 5000}"'})})
    assert len(lines) == 1
    assert len(lines[0]) < 800


def test_the_errors_are_there_as_values_too(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(edited({'class = "KAMU"': 'class = "KAMUU"'}))
    with pytest.raises(AgreementErrors) as raised:
        load(tmp_path, CATALOGUE, today=TODAY, address_rights=RIGHTS)
    (problem,) = raised.value.problems
    assert (problem.line, problem.key, problem.suggestion) == (4, "institution.class", "KAMU")
    assert problem.file == (tmp_path / "a.toml").as_posix()
