"""The pages of ``docs/``: every command is run, in order, and what it prints is compared.

A page is Markdown.  ``sh`` blocks are run in one shell each, in a directory in which ``demo`` is
made by the first page; a ``text`` block behind one is what it prints (``…`` stands for anything in
a line, a line of its own for any lines).  ``diff`` blocks are edits of the file that they name.  A
comment ``<!-- test: … -->`` says: ``exit 1`` of the next block; ``serve`` and ``stop``, the gateway
is started (the next block is not run) or stopped.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import click
import pytest
from end_to_end.running import serving
from free_ports import free_ports
from kps_forks import kps_program

from kps_soap.cli import main
from kps_soap.configured import utc_now
from kps_soap.terms import istanbul_date

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (
    "first-day",
    "adding-an-institution",
    "people",
    "renewing",
    "blocking",
    "data-subject-request",
    "breach-report",
    "rosters",
    "backup-and-restore",
    "upgrade",
    "key-rotation",
)
#: Pages whose commands need a machine of their own, or that have none.
READ = ("installing", "threat-model", "performance", "reliability", "several-gateways")
_PIECE = re.compile(
    r"^(?:<!-- test: (?P<order>[a-z0-9 ]+) -->|```(?P<kind>[a-z]*)\n(?P<text>.*?)^```)$",
    re.MULTILINE | re.DOTALL,
)
#: The day on which the pages were written, and the last day of the year after it.
WRITTEN = date(2026, 11, 22)


@dataclass
class Step:
    """One thing to do: ``run``, ``edit``, ``serve`` or ``stop``."""

    what: str
    text: str = ""
    exit_code: int = 0
    prints: str | None = None


def steps(page: str) -> list[Step]:
    found: list[Step] = []
    order = ""
    for piece in _PIECE.finditer((DOCS / f"{page}.md").read_text(encoding="utf-8")):
        if piece["order"]:
            order = piece["order"]
            if order in ("serve", "stop"):
                found.append(Step(order))
        elif piece["kind"] == "sh" and order == "serve":
            order = ""
        elif piece["kind"] == "sh":
            code = int(order.removeprefix("exit ")) if order.startswith("exit ") else 0
            found.append(Step("run", piece["text"], code))
            order = ""
        elif piece["kind"] == "text":
            assert found[-1].what == "run", f"nothing prints:\n{piece['text']}"
            found[-1].prints = piece["text"]
        else:
            assert piece["kind"] == "diff", piece["kind"]
            found.append(Step("edit", piece["text"]))
    return found


@dataclass
class Desk:
    """Where an operator sits: a directory, a shell, and a gateway that runs or does not."""

    directory: Path
    programs: Path
    ports: list[int]
    running: ExitStack = field(default_factory=ExitStack)
    done: list[str] = field(default_factory=list)

    def today(self, text: str) -> str:
        """The page's words on this day and this machine."""
        now = istanbul_date(utc_now())
        text = text.replace("2026-11-23", date.fromordinal(now.toordinal() + 1).isoformat())
        text = text.replace(WRITTEN.isoformat(), now.isoformat())
        for year in (WRITTEN.year + 1, WRITTEN.year):
            moved = year - WRITTEN.year + now.year
            text = text.replace(f"{year}-12-31", f"{moved}-12-31")
        return text.replace("127.0.0.1:8443", f"127.0.0.1:{self.ports[0]}")

    def do(self, step: Step) -> None:
        if step.what == "serve":
            self.running.enter_context(serving(self.directory / "demo"))
        elif step.what == "stop":
            self.running.close()
        elif step.what == "edit":
            self._edit(self.today(step.text))
        else:
            self._run(step)

    def _run(self, step: Step) -> None:
        https, http, metrics = self.ports
        made = f"kps demo init demo --persons 500 --port {https} --http-port {http}"
        command = self.today(step.text).replace(
            "kps demo init demo", f"{made} --metrics-port {metrics}"
        )
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KPS_")}
        finished = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.directory,
            env=clean
            | {
                "PATH": f"{self.programs}:{clean['PATH']}",
                "KPS_HOME": str(self.directory / "demo"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        said = finished.stdout if finished.stdout.endswith("\n") else f"{finished.stdout}\n"
        assert finished.returncode == step.exit_code, f"{command}\n{said}"
        assert "Traceback" not in said, said
        if step.prints is not None:
            wanted = self.today(step.prints)
            assert is_like(said, wanted), f"{command}\n--- wanted\n{wanted}--- printed\n{said}"

    def _edit(self, text: str) -> None:
        head, _, body = text.partition("\n")
        file = self.directory / head.removeprefix("--- ")
        content = file.read_text(encoding="utf-8")
        for hunk in re.findall(r"(?:^-.*\n)+(?:^\+.*\n)+", body, re.MULTILINE):
            lines = hunk.splitlines()
            old = "".join(f"{one[1:]}\n" for one in lines if one[0] == "-")
            new = "".join(f"{one[1:]}\n" for one in lines if one[0] == "+")
            assert old in content, f"{file.name} has no\n{old}"
            content = content.replace(old, new, 1)
        file.write_text(content, encoding="utf-8")


def is_like(said: str, wanted: str) -> bool:
    """Does a text have the form that a page shows?  Blanks at the end of a line do not matter."""
    pattern = ""
    for line in wanted.splitlines():
        if line == "…":
            pattern += r"(?:.*\n)*"
            continue
        words = [r"\s+".join(map(re.escape, re.split(r" +", part))) for part in line.split("…")]
        pattern += r".*".join(words) + r"[ \t]*\n"
    return re.fullmatch(pattern, said) is not None


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    programs = tmp_path_factory.mktemp("programs")
    with kps_program(programs):
        sitting = Desk(tmp_path_factory.mktemp("desk"), programs, free_ports(3))
        with sitting.running:
            yield sitting


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl", "sqlite3", "tar"))),
    reason="a program that the pages use is missing",
)
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_does_what_the_page_says(page: str, desk: Desk) -> None:
    if desk.done != list(PAGES[: PAGES.index(page)]):
        pytest.skip("each page needs what the pages before it made")
    for step in steps(page):
        desk.do(step)
    desk.done.append(page)


def test_the_index_names_every_page_in_the_order_in_which_they_are_read() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"\| \[.*?\]\(([a-z-]+)\.md\)", index)) == (*PAGES, *READ)
    assert {file.stem for file in DOCS.glob("*.md")} == {*PAGES, *READ, "index"}


@pytest.mark.parametrize("page", ("index", *PAGES, *READ))
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert (DOCS / target).exists(), target


@pytest.mark.parametrize("page", ("index", *PAGES, *READ))
def test_every_command_that_a_page_speaks_of_exists(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for typed in re.findall(r"(?:^|`|\()kps((?: [a-z][a-z-]*)+)", text, re.MULTILINE):
        command: click.Command = main
        for word in typed.split():
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, typed
            command = command.commands[word]


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [("a b\n", True), ("a …\n", True), ("…\n", True), ("…\na  b\n", True), ("a\n", False)],
)
def test_a_shown_text_is_compared_as_the_pages_say(wanted: str, holds: bool) -> None:
    assert is_like("a b  \n", wanted) is holds
