"""``kps wsdl`` and ``kps db``: what the product ships, and its own tables."""

from __future__ import annotations

from pathlib import Path

import click

from kps_soap import database as gateway_database
from kps_soap import places
from kps_soap.audit import partitions
from kps_soap.cli.recorded import actor_option, do_on_record, why_option
from kps_soap.cli.terminal import NO, home_option, settings_of, stop
from kps_soap.configured import utc_now
from kps_soap.entry import Event
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of


@click.group()
def wsdl() -> None:
    """The WSDL files, written from the contracts."""


@wsdl.command()
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path))
def write(target: Path | None) -> None:
    """Write every WSDL file."""
    from kps_soap.contracts.wsdl import write_all

    try:
        written = write_all(target or places.wsdl())
    except OSError:
        stop("The files cannot be written there; choose another directory with --to.", NO)
    click.echo(f"{len(written)} files written.")


@wsdl.command("check")
def check_files() -> None:
    """Are the WSDL files exactly what the contracts say?  Exit code 1 if not."""
    from kps_soap.contracts.wsdl import check_all

    differing = check_all(places.wsdl())
    for name in differing:
        click.echo(f"{name} differs from its contract; run: kps wsdl write", err=True)
    if differing:
        raise SystemExit(NO)
    click.echo("Every WSDL agrees with its contract.")


@click.group("db")
def database() -> None:
    """The gateway's own database."""


@database.command()
@home_option
@why_option
@actor_option
def upgrade(home: Path, reason: str, by: str) -> None:
    """Bring the tables to the form that this release knows."""
    settings = settings_of(home)
    try:
        before = gateway_database.revisions(settings.gateway_url)
        gateway_database.upgrade(settings.gateway_url)
        after = gateway_database.revisions(settings.gateway_url)
        partitions.make_ahead(settings.gateway_url, utc_now())
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    # A database that was empty holds no evidence yet, and must stay empty for an import.
    if before and before != after:
        do_on_record(
            settings,
            Event.TABLES_UPGRADED,
            lambda _connection: None,
            by=by,
            reason=reason,
            about=f"{' '.join(sorted(before))} > {' '.join(sorted(after))}",
        )
    click.echo("The database is up to date.")


@database.command("check")
@home_option
def check_database(home: Path) -> None:
    """Are the tables those of this release?  Exit code 1 if not."""
    settings = settings_of(home)
    try:
        ready = gateway_database.is_at_head(settings.gateway_url)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    if not ready:
        stop("The database is not up to date; run: kps db upgrade", NO)
    click.echo("The database is up to date.")
