"""``kps population``: make a synthetic register, and check one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    progress_bar,
    settings_of,
    show_json,
    stop,
)
from kps_soap.configured import utc_now
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.terms import istanbul_date


@click.group()
def population() -> None:
    """Synthetic people; never mixed with real ones."""


@population.command()
@click.argument("url")
@click.option("--persons", default=10_000, show_default=True, help="How many, personas included.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same people.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Date of the register.")
@click.option(
    "--numbers",
    type=click.Choice(["gecerli", "ayrik"]),
    default="gecerli",
    show_default=True,
    help="Valid numbers, or numbers that can never be a real person's.",
)
def make(url: str, persons: int, seed: int, day: datetime | None, numbers: str) -> None:
    """Make a register at URL (sqlite:///FILE or postgresql+psycopg://...), which must be empty."""
    from kps_soap.registry.population import make as make_population

    date = istanbul_date(utc_now()) if day is None else day.date()
    _check_url(url)
    try:
        with progress_bar("Making synthetic people") as step:
            make_population(
                url, persons=persons, seed=seed, date=date, progress=step, numbers=numbers
            )
    except (*OPERATOR_ERRORS, ValueError) as error:
        stop(sentence_of(error), NO)
    click.echo(f"{persons} synthetic persons of {date} are ready.")


def _check_url(url: str) -> None:
    """Stop at what is no address of a database; its own words would quote a password."""
    try:
        make_url(url)
    except (ValueError, ArgumentError):
        stop("Give sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE.", WRONG)


@population.command()
@home_option
@json_option
@click.option("--url", help="The register to check; else the one of the home.")
def check(home: Path, as_json: bool, url: str | None) -> None:
    """Hold a synthetic register to its invariants.  Exit code 1 on any violation."""
    from kps_soap.registry.checker import check as check_population

    register_url = url or settings_of(home).register_url
    _check_url(register_url)
    try:
        with progress_bar("Checking") as step:
            violations = check_population(register_url, progress=step)
    except (*OPERATOR_ERRORS, ValueError) as error:
        stop(sentence_of(error), NO)
    if as_json:
        show_json([str(one) for one in violations])
    for violation in () if as_json else violations:
        click.echo(str(violation), err=True)
    if violations:
        raise SystemExit(NO)
    if not as_json:
        click.echo("Every invariant holds.")
