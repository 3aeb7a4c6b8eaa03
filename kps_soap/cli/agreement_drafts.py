"""``kps agreements new`` and ``check``: from a template to a file that is right, step by step."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final, NoReturn

import click

from kps_soap import places
from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.problems import AgreementErrors, Problem
from kps_soap.agreements.sources import FileRefused, printable_name, read_bytes, read_directory
from kps_soap.agreements.template import FILE_NAME, Given, TemplateRefused, filled
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    settings_of,
    show_json,
    stop,
)
from kps_soap.configured import agreement_compiler, load_agreements, utc_now
from kps_soap.contracts.catalogue import compile_all
from kps_soap.settings import Settings
from kps_soap.terms import istanbul_date
from kps_soap.turkish import ascii_lower

_KINDS: Final = click.Choice(list(words.CLASS_OF_KIND))


@click.command()
@home_option
@click.option("--name", required=True, help="The institution's name.")
@click.option("--kind", type=_KINDS, required=True, help="What it is by law.")
@click.option("--number", required=True, help="The agreement's number, such as 2026/117.")
@click.option("--network", "networks", multiple=True, help="An address it declared. Repeatable.")
@click.option(
    "--template",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Another template than the home's {FILE_NAME}, or else the shipped one.",
)
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; else CODE.toml in this directory. It must not exist.",
)
@click.argument("code")
def new(
    home: Path,
    name: str,
    kind: str,
    number: str,
    networks: tuple[str, ...],
    template: Path | None,
    to: Path | None,
    code: str,
) -> None:
    """Write a draft for institution CODE from a template; it answers nobody yet."""
    target = to or Path(f"{ascii_lower(code)}.toml")
    given = Given(code, name, kind, number, networks)
    own = home / FILE_NAME
    source = template or (own if own.is_file() else places.conf() / FILE_NAME)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        stop("The template cannot be read; it must be a file in UTF-8.", NO)
    try:
        made = filled(text, given, istanbul_date(utc_now()))
    except TemplateRefused as refused:
        stop(str(refused), WRONG)
    _write_new(target, made)
    click.echo(f"A draft is written: {target}")
    click.echo(f"Fill it in, and see what is left with: kps agreements check {target}")


def _write_new(target: Path, text: str) -> None:
    """Never over a file that is there: somebody filled it in."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        stop("That file is there already; choose another with --to.", NO)
    except OSError:
        stop("The file cannot be written; choose another with --to.", NO)


@click.command()
@home_option
@json_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check(home: Path, as_json: bool, files: tuple[Path, ...]) -> None:
    """Read every agreement file; list every error with file, line and key.  Exit code 1 if any.

    FILES that lie elsewhere are judged as if they lay in the directory already, in place of those
    of their names.
    """
    settings = settings_of(home)
    try:
        loaded = _with(settings, files) if files else load_agreements(settings, compile_all())
    except AgreementErrors as errors:
        _stop_with(errors.problems, as_json=as_json)
    if as_json:
        show_json({"problems": [], "digest": loaded.digest, "files": dict(loaded.files)})
        return
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    count = len(loaded.files)
    if files:
        click.echo(f"{count} files are right; nothing of FILES is in the directory yet.")
    else:
        click.echo(f"{count} files are right; the set is {loaded.digest}.")


def _stop_with(problems: tuple[Problem, ...], *, as_json: bool) -> NoReturn:
    if as_json:
        show_json({"problems": [asdict(one) for one in problems]})
        raise SystemExit(NO)
    stop("\n".join(map(str, problems)), NO)


def _with(settings: Settings, files: tuple[Path, ...]) -> AgreementSet:
    """The set that the directory would hold; what is said of FILES names them as they were given.

    Raises ``AgreementErrors``.
    """
    directory = settings.agreements_directory
    contents, problems = _held(directory)
    given = {}
    for file in files:
        shown = printable_name(str(file))
        given[printable_name((directory / file.name).as_posix())] = shown
        if file.suffix != ".toml":
            problems.append(Problem(shown, 1, "", "the file's name must end in .toml"))
            continue
        try:
            contents[file.name] = read_bytes(file)
        except FileRefused as refused:
            problems.append(Problem(shown, 1, "", str(refused)))
    compiler, today = agreement_compiler(settings, compile_all()), istanbul_date(utc_now())
    try:
        loaded = compiler.compile(contents, today=today, shown_in=directory, unread=problems)
    except AgreementErrors as errors:
        raise AgreementErrors(_named(errors.problems, given)) from None
    return replace(loaded, warnings=_named(loaded.warnings, given))


def _held(directory: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """What the directory holds; nothing at all before the first agreement."""
    if directory.is_dir() and not list(directory.glob("*.toml")):
        return {}, []
    return read_directory(directory)


def _named(problems: tuple[Problem, ...], given: dict[str, str]) -> tuple[Problem, ...]:
    return tuple([replace(one, file=given.get(one.file, one.file)) for one in problems])
