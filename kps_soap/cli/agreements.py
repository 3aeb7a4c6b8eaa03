"""``kps agreements``: is it right, and who has what."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from kps_soap.agreements import listing
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.cli.terminal import NO, home_option, json_option, settings_of, show_json, stop
from kps_soap.configured import load_agreements, utc_now
from kps_soap.contracts.catalogue import compile_all
from kps_soap.terms import istanbul_date


def _loaded(home: Path, *, as_json: bool) -> AgreementSet:
    try:
        return load_agreements(settings_of(home), compile_all())
    except AgreementErrors as errors:
        if as_json:
            show_json({"problems": [asdict(one) for one in errors.problems]})
            raise SystemExit(NO) from None
        stop(str(errors), NO)


@click.group()
def agreements() -> None:
    """The agreement files of a home."""


@agreements.command()
@home_option
@json_option
def check(home: Path, as_json: bool) -> None:
    """Read every agreement file; list every error with file, line and key.  Exit code 1 if any."""
    loaded = _loaded(home, as_json=as_json)
    if as_json:
        show_json({"problems": [], "digest": loaded.digest, "files": dict(loaded.files)})
        return
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{len(loaded.files)} files are right; the set is {loaded.digest}.")


@agreements.command("list")
@home_option
@json_option
def list_agreements(home: Path, as_json: bool) -> None:
    """Every agreement: institution, state, days left."""
    loaded, today = _loaded(home, as_json=as_json), istanbul_date(utc_now())
    if as_json:
        show_json(listing.rows(loaded, today))
    else:
        click.echo(listing.list_text(loaded, today))


@agreements.command()
@home_option
@json_option
@click.argument("number")
def show(home: Path, as_json: bool, number: str) -> None:
    """The agreement NUMBER (or of institution NUMBER) in words: what is granted and withheld."""
    loaded, today = _loaded(home, as_json=as_json), istanbul_date(utc_now())
    found = [one for one in loaded.agreements if number in (one.number, one.institution.code)]
    if not found:
        stop("There is no such agreement or institution; see: kps agreements list", NO)
    if as_json:
        show_json([listing.details(one, today) for one in found])
    else:
        click.echo("\n\n".join(listing.show_text(one, today) for one in found))
