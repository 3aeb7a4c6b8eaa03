"""What every command shares: the home option, sentences on the way out, progress, JSON."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kps_soap import identity_number
from kps_soap.settings import FILE_NAME, Settings, SettingsRefused, read

NO: Final = 1
WRONG: Final = 2

Step = Callable[[int, int], None]

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="KPS_HOME",
    default=Path(),
    help="The gateway's home, which holds kps.toml; else KPS_HOME, else the current directory.",
)
#: A whole number that every database can hold.
COUNT: Final = click.IntRange(0, 2**63 - 1)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")


class TextCommands(click.Group):
    """Commands whose whole line is text: bytes that are not UTF-8 are refused before anything.

    Python hands them on as lone surrogates, which no database, file or terminal takes.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As ``click.Group`` does it, for arguments that can be encoded."""
        for number, word in enumerate(args, start=1):
            try:
                word.encode()
            except UnicodeEncodeError:
                stop(f"Argument {number} is not text in UTF-8; write it anew.", WRONG)
        return super().parse_args(ctx, args)


def stop(sentence: str, code: int) -> NoReturn:
    """Say why on standard error and leave."""
    click.echo(sentence, err=True)
    raise SystemExit(code)


def _is_home(home: Path) -> bool:
    try:
        return (home / FILE_NAME).is_file()
    except OSError:
        return False


def settings_of(home: Path, **command_line: object) -> Settings:
    """The home's settings; every error at once on standard error, exit code 2."""
    if not _is_home(home):
        stop(
            f"There is no {FILE_NAME} in this home. Name the home with --home, "
            "or make a demo with: kps demo init HOME",
            WRONG,
        )
    given = {name: value for name, value in command_line.items() if value is not None}
    try:
        return read(home, os.environ, command_line=given)
    except SettingsRefused as refused:
        stop(str(refused), WRONG)


def typed_number(text: str) -> int | None:
    """An identity number as somebody typed it; None where its check digits say otherwise.

    The numbers of synthetic people that can be nobody's are good too (K4.1).
    """
    number = identity_number.parse(text)
    if number is None:
        return None
    good = identity_number.is_valid(number) or identity_number.is_disjoint(number)
    return number if good else None


def show_json(value: Any) -> None:
    """One JSON document on standard output, Turkish letters as they are."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def printable(value: object) -> str:
    """One line that no terminal obeys: control characters are shown, not sent."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in str(value)
    )


def show_table(rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    """Rows under their column names, as wide as their longest value."""
    if not rows:
        click.echo("(none)")
        return
    texts = [[printable(row.get(name, "")) for name in columns] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in texts)) for i, name in enumerate(columns)]
    for line in [list(columns), *texts]:
        click.echo("  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)).rstrip())


def show_rows(
    rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...], *, as_json: bool
) -> None:
    """A listing: every member for a program, these columns for people."""
    if as_json:
        show_json(rows)
    else:
        show_table(rows, columns)


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Step]:
    """A bar on a terminal, nothing in a script.  The step gets what is done and the whole."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task(label, total=None)

        def step(done: int, whole: int) -> None:
            progress.update(task, completed=done, total=whole)

        yield step
