"""``kps agreements``: is it right, who has what, and the schema for editors."""

from __future__ import annotations

from pathlib import Path

import click

from kps_soap.agreements import listing
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.schema import schema_text
from kps_soap.cli import agreement_acts, agreement_drafts, agreement_questions
from kps_soap.cli.agreement_office import in_force, opened
from kps_soap.cli.terminal import NO, home_option, json_option, settings_of, show_json, stop
from kps_soap.configured import catalogue_of, load_agreements, utc_now
from kps_soap.contracts.catalogue import compile_all
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.terms import istanbul_date


def _loaded(home: Path) -> AgreementSet:
    try:
        return load_agreements(settings_of(home), compile_all())
    except AgreementErrors as errors:
        stop(str(errors), NO)


def _in_force(home: Path, *, files: bool) -> AgreementSet:
    """The set in force; the files where they are asked for, or nothing is in force yet."""
    settings = settings_of(home)
    if files:
        return _loaded(home)
    with opened(settings) as office:
        found = in_force(office)
        if found is not None:
            return found
    click.echo("No set is in force yet; this is what the files say.", err=True)
    return _loaded(home)


files_option = click.option(
    "--files", is_flag=True, help="What the files of the directory say, not what is in force."
)


@click.group()
def agreements() -> None:
    """The agreements: check and load files, see and explain what is in force."""


for command in (
    *(agreement_drafts.new, agreement_drafts.check),
    *(*agreement_acts.COMMANDS, *agreement_questions.COMMANDS),
):
    agreements.add_command(command)


@agreements.command("list")
@home_option
@json_option
@files_option
def list_agreements(home: Path, as_json: bool, files: bool) -> None:
    """Every agreement in force: institution, state, days left, suspensions."""
    loaded, today = _in_force(home, files=files), istanbul_date(utc_now())
    if as_json:
        show_json(listing.rows(loaded, today))
    else:
        click.echo(listing.list_text(loaded, today))


@agreements.command()
@home_option
@json_option
@files_option
@click.argument("number")
def show(home: Path, as_json: bool, files: bool, number: str) -> None:
    """The agreement NUMBER (or of institution NUMBER) in words: what is granted and withheld."""
    loaded, today = _in_force(home, files=files), istanbul_date(utc_now())
    found = [one for one in loaded.agreements if number in (one.number, one.institution.code)]
    if not found:
        stop("There is no such agreement or institution; see: kps agreements list", NO)
    if as_json:
        show_json([listing.details(one, today) for one in found])
    else:
        click.echo("\n\n".join(listing.show_text(one, today) for one in found))


@agreements.command()
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
def schema(to: Path | None) -> None:
    """The JSON Schema of agreement files, for TOML editors (taplo, Even Better TOML)."""
    text = schema_text(catalogue_of(compile_all()))
    if to is None:
        click.echo(text, nl=False)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
