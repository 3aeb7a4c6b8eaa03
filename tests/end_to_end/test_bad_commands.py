"""Whatever is typed: a command answers with a sentence and an exit code, and never with a trace."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from end_to_end.commands import Command, in_home
from kps_soap.cli import main

HUGE = "99999999999999999999"
WHY = ("--reason", "deneme")

#: What somebody may type, and the exit code: 1 for no, 2 for a command that is wrong.
BAD: tuple[tuple[tuple[str, ...], int], ...] = (
    (("nosuch",), 2),
    (("accounts",), 2),
    (("accounts", "password", ""), 1),
    (("accounts", "password", "a" * 5000), 1),
    (("accounts", "password", "yeni adı"), 1),
    (("accounts", "block", "KRM-99"), 1),
    (("accounts", "approve", HUGE, *WHY), 2),
    (("accounts", "approve", "0", *WHY), 1),
    (("accounts", "refuse", HUGE, *WHY), 2),
    (("accounts", "mandate", "end", HUGE, *WHY), 2),
    (("accounts", "mandate", "end", "77", *WHY), 1),
    (("accounts", "system", "change", HUGE, *WHY), 2),
    (("accounts", "seats", "B-34-0417", "--unit", "Emlak", "--most", HUGE, *WHY), 2),
    (("accounts", "person", "change", "yok", "--row-version", HUGE, *WHY), 2),
    (("accounts", "person", "leave", "yok", "--on", "2026-02-30", *WHY), 2),
    (("accounts", "person", "leave", "yok", "--on", "0001-01-01", *WHY), 2),
    (("accounts", "person", "import", "/nowhere.csv", *WHY), 2),
    (("accounts", "person", "import", "/proc/self/mem", *WHY), 1),
    (("rosters", "replace", "SRK-0112", "/nowhere.txt"), 2),
    (("misuse", "usage", "--until", "9999-12-31"), 2),
    (("misuse", "usage", "--until", "0001-01-01"), 2),
    (("misuse", "usage", "--since", "2026-03-02", "--until", "2026-03-01"), 2),
    (("misuse", "show", "' OR 1=1 --"), 1),
    (("misuse", "protect", "12345678901", *WHY), 1),
    (("agreements", "show", "../../etc/passwd"), 1),
    (("agreements", "check", "/dev/null"), 1),
    (("agreements", "diff", "/nowhere"), 1),
    (("agreements", "suspend", "yok/1", *WHY), 1),
    (("audit", "search"), 2),
    (("audit", "search", "--person", "12345678901", *WHY), 2),
    (("audit", "search", "--since", "dün", *WHY), 2),
    (("audit", "search", "--to", "", *WHY), 2),
    (("audit", "show", "00000000-X-00000000-00", *WHY), 1),
    (("audit", "show", "a:b:c:d", *WHY), 1),
    (("audit", "person", "10000000146", "--to", "", *WHY), 2),
    (("audit", "person", "10000000146", "--to", "/proc/none", *WHY), 1),
    (("audit", "export", "--from", HUGE, "--to", HUGE, "--to-file", "x.zip"), 1),
    (("audit", "export", "--from", "1", "--to", "2", "--to-file", ""), 1),
    (("audit", "import", "/dev/null"), 1),
    (("audit", "verify", "--export", "/dev/null", "--certificate", "/dev/null"), 1),
    (("audit", "rotate-key", "--to", ""), 1),
    (("billing", "statement", "--month", "2026-13"), 2),
    (("billing", "statement", "--month", "9999-99"), 2),
    (("billing", "close", "--month", "0000-00"), 2),
    (("receipt", "verify", "/dev/null", "--certificate", "/dev/null"), 2),
    (("receipt", "show", "yok", "--to", "x", *WHY), 1),
    (("population", "make", "mysql://u:gizli@h/d"), 1),
    (("population", "check", "--url", "sqlite:////nowhere/x.db"), 1),
    (("query", HUGE), 1),
    (("query", "1", "--url", "ftp://h"), 1),
    (("serve", "--port", HUGE), 2),
    (("serve", "--host", "0.0.0.0"), 2),
    (("demo", "sign-in", "yok"), 1),
    (("db", "check", "--home", "/nowhere"), 2),
)


def shown(value: object) -> str | None:
    """A command as it is typed, not too much of it."""
    return " ".join(value)[:60] if isinstance(value, tuple) else None


@pytest.fixture(scope="module")
def spoilt(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A copy of a home, for commands that do nothing to it."""
    copy = tmp_path_factory.mktemp("spoilt") / "home"
    shutil.copytree(demo_home, copy, ignore=shutil.ignore_patterns("gateway.db-*", "serve.log"))
    return in_home(copy)


@pytest.mark.parametrize(("words", "code"), BAD, ids=shown)
def test_a_wrong_command_is_told_in_a_sentence(
    spoilt: Command, words: tuple[str, ...], code: int
) -> None:
    # What a command did not foresee would be raised here.
    done = spoilt(*words)
    assert done.exit_code == code, done.output
    assert len(done.stderr.strip()) > 10
    assert "Traceback" not in done.output
    assert "gizli" not in done.output


def test_what_is_no_file_is_not_replaced_by_one(spoilt: Command, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    search = ("audit", "search", "--format", "json")
    for words in (search, ("audit", "person", "10000000146")):
        done = spoilt(*words, *WHY, "--to", str(pipe))
        assert (done.exit_code, done.stderr) == (2, "Name a file with --to.\n")
    assert pipe.is_fifo()


def commands_of(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands_of(below, (*path, name))
    else:
        yield " ".join(path), path


@pytest.mark.parametrize("path", dict(commands_of(main)).values(), ids=" ".join)
def test_every_command_says_what_it_needs_and_where_there_is_no_home(
    path: tuple[str, ...], tmp_path: Path
) -> None:
    said = CliRunner().invoke(main, [*path, "--help"], prog_name="kps")
    assert said.exit_code == 0
    assert said.output.startswith("Usage: kps ")
    nowhere = CliRunner().invoke(
        main, [*path, "--nosuch"], env={"KPS_HOME": str(tmp_path / "nowhere")}, prog_name="kps"
    )
    assert nowhere.exit_code == 2
    assert "No such option" in nowhere.stderr
