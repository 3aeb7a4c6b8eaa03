"""``kps agreements load``, ``suspend`` and ``resume``: they change what is in force."""

from __future__ import annotations

from pathlib import Path

import click

from kps_soap.agreements import leases
from kps_soap.agreements.keeping import Mover
from kps_soap.agreements.store import Version
from kps_soap.agreements.watching import load_directory
from kps_soap.cli.agreement_office import CLOCKS, Office, opened
from kps_soap.cli.recorded import actor_option, why_option
from kps_soap.cli.terminal import NO, WRONG, home_option, settings_of, stop

document_option = click.option(
    "--document", default="", help="The number of the paper behind it; found again by it."
)
needed_reason_option = click.option(
    "--reason", required=True, help="Why; it is kept in the evidence."
)
wait_option = click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds to wait at most until every living worker runs it.",
)


@click.command()
@home_option
@why_option
@actor_option
@document_option
@wait_option
def load(home: Path, reason: str, by: str, document: str, wait: int) -> None:
    """Put the files of the directory in force in every worker of every gateway; all or nothing."""
    mover = _mover(by, reason, document)
    with opened(settings_of(home)) as office:
        before = office.keeper.newest()
        version = load_directory(office.keeper, office.watch, mover)
        same = before is not None and before.number == version.number
        _tell(f"Set {version.digest} {'was' if same else 'is'} in force")
        _wait(office, version, wait)


@click.command()
@home_option
@needed_reason_option
@actor_option
@document_option
@wait_option
@click.argument("agreement")
def suspend(home: Path, reason: str, by: str, document: str, wait: int, agreement: str) -> None:
    """Suspend AGREEMENT without editing its file; in effect on the next call."""
    with opened(settings_of(home)) as office:
        version = office.keeper.suspend(agreement, _mover(by, reason, document))
        _tell(f"{agreement} is suspended")
        _wait(office, version, wait)


@click.command()
@home_option
@needed_reason_option
@actor_option
@document_option
@wait_option
@click.argument("agreement")
def resume(home: Path, reason: str, by: str, document: str, wait: int, agreement: str) -> None:
    """Lift the suspension of AGREEMENT; its file alone decides again."""
    with opened(settings_of(home)) as office:
        version = office.keeper.resume(agreement, _mover(by, reason, document))
        _tell(f"{agreement} is no longer suspended")
        _wait(office, version, wait)


COMMANDS = (load, suspend, resume)


def _mover(by: str, reason: str, document: str) -> Mover:
    if not by.strip():
        stop("Say who does it: --by NAME.", WRONG)
    return Mover(by.strip(), reason.strip(), document.strip())


def _tell(sentence: str) -> None:
    click.echo(f"{sentence}.")


def _wait(office: Office, version: Version, seconds: int) -> None:
    """Return when every living worker runs the version, or leave with those that do not."""
    taken = leases.wait_until_taken(office.engine, version.number, CLOCKS, seconds_max=seconds)
    for lease in taken.over:
        click.echo(f"worker {lease.name} does not answer any more; its lease ran out.", err=True)
    if taken.behind:
        for lease in taken.behind:
            why = lease.trouble or f"runs version {lease.number}"
            click.echo(f"worker {lease.name} does not run it: {why}", err=True)
        stop(f"Version {version.number} is stored, but not in force everywhere.", NO)
    workers = f"{len(taken.by)} worker{'' if len(taken.by) == 1 else 's'}"
    who = f"{workers} run it" if taken.by else "no worker lives now; the next start takes it"
    _tell(f"Version {version.number}: {who}")
